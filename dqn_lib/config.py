"""Every setting of the agents, declared once: default, bounds and one sentence of help.

Validation, the sliders' ranges and the table in a notebook read the same declaration. A configuration is
frozen; `config.replace(gamma=0.9)` returns a validated copy. A setting marked `live` may be changed while
the agent trains; nothing is compiled again.
"""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Self, get_args

import numpy as np
from numpy.typing import ArrayLike


def check_number(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> int | float:
    """`value` as a Python number, since NumPy's numbers cannot be written as JSON.

    Raises:
        TypeError: if `value` is not a real number.
        ValueError: if it is NaN, or not in [low, high].
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if low == -math.inf and high == math.inf and not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got {value!r}")
    return int(value) if isinstance(value, int | np.integer) else float(value)


def check_integer(name: str, value: Any, low: int, high: float = math.inf) -> int:
    """`value` as a Python integer.

    Raises:
        TypeError: if `value` is not an integer.
        ValueError: if it is not in [low, high].
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < low and high == math.inf:
        raise ValueError(f"{name} must be at least {low}, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must lie in [{low}, {high}], got {value!r}")
    return int(value)


def to_scalar(value: Any) -> Any:
    """The number in a NumPy array without axes; any other value unchanged."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def check_finite(name: str, values: ArrayLike) -> None:
    """Check floating-point numbers; values of any other type pass.

    Raises:
        ValueError: if one of `values` is NaN or infinite.
    """
    array = np.asarray(values)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {values!r}")


MAX_TUPLE_LENGTH = 8


def setting(
    default: Any, *, low: Any = None, high: Any = None, help: str, live: bool = False, **more: Any
) -> Any:
    """A dataclass field with its bounds and its sentence of help; `more` may hold `choices`."""
    return field(default=default, metadata={"low": low, "high": high, "help": help, "live": live, **more})


@dataclass(frozen=True, kw_only=True, repr=False)
class Config:
    """Base class of the configurations: it validates, copies and prints them.

    Raises:
        TypeError: if the value of a setting has another type.
        ValueError: if it is out of bounds, or not one of the setting's choices.
    """

    def __post_init__(self) -> None:
        for spec in dataclasses.fields(self):
            # A frozen dataclass allows no assignment.
            object.__setattr__(self, spec.name, self._checked(spec, getattr(self, spec.name)))

    @staticmethod
    def _checked(spec: dataclasses.Field, value: Any) -> Any:
        """The validated value as a Python object, so that equal settings print and hash alike."""
        name, low, high, kind = spec.name, spec.metadata["low"], spec.metadata["high"], spec.type
        value = to_scalar(value)
        if value is None and type(None) in get_args(kind):
            return None
        if choices := spec.metadata.get("choices"):
            if not isinstance(value, str) or value not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
            return str(value)
        if kind is bool:
            if not isinstance(value, bool | np.bool_):
                raise TypeError(f"{name} must be True or False, got {value!r}")
            return bool(value)
        if kind == tuple[int, ...]:
            if not isinstance(value, tuple | list | np.ndarray) or not 1 <= len(value) <= MAX_TUPLE_LENGTH:
                raise TypeError(f"{name} must be a tuple of 1 to {MAX_TUPLE_LENGTH} integers, got {value!r}")
            return tuple(check_integer(f"every entry of {name}", to_scalar(x), low, high) for x in value)
        return (check_integer if kind is int else check_number)(name, value, low, high)

    def changed(self) -> dict[str, Any]:
        """The settings that differ from their defaults."""
        values = {spec.name: (getattr(self, spec.name), spec.default) for spec in dataclasses.fields(self)}
        return {name: value for name, (value, default) in values.items() if value != default}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.changed().items())})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td><code>{spec.name}</code></td><td>{getattr(self, spec.name)}</td>"
            f'<td style="text-align:left">{spec.metadata["help"]}</td></tr>'
            for spec in dataclasses.fields(self)
        )
        table = f"<table><tr><th>setting</th><th>value</th><th>what it does</th></tr>{rows}</table>"
        return f"<details><summary><code>{self!r}</code> (click for all settings)</summary>{table}</details>"

    def replace(self, **changes: Any) -> Self:
        """A validated copy with some settings changed.

        Raises:
            TypeError: if a name is not a setting, or a value has another type.
            ValueError: if a value is out of bounds.
        """
        known = {spec.name for spec in dataclasses.fields(self)}
        for name in changes.keys() - known:
            raise TypeError(
                f"{name} is not a setting of {type(self).__name__}; it has {', '.join(sorted(known))}"
            )
        return dataclasses.replace(self, **changes)

    def change_live(self, **changes: Any) -> Self:
        """As `replace`, but only for settings that may change during a run.

        Raises:
            TypeError: if a value has another type.
            ValueError: if a setting is not live, or a value is out of bounds.
        """
        live = {spec.name for spec in dataclasses.fields(self) if spec.metadata["live"]}
        for name in changes.keys() - live:
            raise ValueError(
                f"{name} cannot change during a run; these settings can: {', '.join(sorted(live))}"
            )
        return self.replace(**changes)


@dataclass(frozen=True, kw_only=True, repr=False)
class TableConfig(Config):
    """Settings of `dqn_lib.agents.q_table.QTableAgent`."""

    cells: int = setting(20, low=2, high=400, help="Cells along each axis of the state.")
    gamma: float = setting(
        0.99, low=0.0, high=1.0, live=True, help="Discount: what a reward one step later is worth."
    )
    learning_rate: float = setting(
        0.2,
        low=0.0,
        high=1.0,
        live=True,
        help="Step size: the fraction of the TD error that is added to a Q-value.",
    )
    initial_value: float = setting(0.0, low=-1000.0, high=1000.0, help="Initial value of every Q-value.")
    epsilon: float = setting(0.05, low=0.0, high=1.0, live=True, help="Fraction of the steps that explore.")
    hold: int = setting(1, low=1, high=200, live=True, help="Steps that a random action is repeated for.")


@dataclass(frozen=True, kw_only=True, repr=False)
class DQNConfig(Config):
    """Settings of `dqn_lib.agents.dqn.DQNAgent`. The defaults solve MountainCar-v0."""

    gamma: float = setting(
        0.99, low=0.0, high=1.0, live=True, help="Discount: what a reward one step later is worth."
    )
    learning_rate: float = setting(
        1e-3, low=0.0, high=1.0, live=True, help="Step size of the Adam optimiser."
    )
    batch_size: int = setting(64, low=1, high=4096, help="Sampled windows in one gradient step.")
    n_step: int = setting(5, low=1, high=100, help="Rewards summed before the target bootstraps.")
    double: bool = setting(
        True, help="Choose the next action with the online network, value it with the target network."
    )
    loss: str = setting("huber", choices=("huber", "squared"), help="Loss on the TD error.")

    memory_size: int = setting(20_000, low=1, high=1_000_000, help="Transitions the replay memory holds.")
    learning_starts: int = setting(
        1_000, low=0, high=1_000_000, help="Environment steps before the first gradient step."
    )
    learn_every: int = setting(
        16, low=1, high=1024, help="Environment steps between two chunks of gradient steps."
    )
    updates: int = setting(16, low=1, high=1024, help="Gradient steps in each chunk.")

    target_update: str = setting(
        "soft",
        choices=("every_step", "hard", "soft"),
        live=True,
        help="How the target network follows the online one.",
    )
    tau: float = setting(
        0.03,
        low=0.0,
        high=1.0,
        live=True,
        help="Soft update: the weight of the online network in the average, per gradient step.",
    )
    target_period: int = setting(
        200, low=1, high=1_000_000, live=True, help="Hard update: gradient steps between two copies."
    )

    epsilon_start: float = setting(
        1.0, low=0.0, high=1.0, help="Fraction of the steps that explore, at the start."
    )
    epsilon_end: float = setting(
        0.05, low=0.0, high=1.0, help="Fraction of the steps that explore, after the decay."
    )
    epsilon_wait: int = setting(
        3_000, low=0, high=10_000_000, help="Environment steps before epsilon starts to decrease."
    )
    epsilon_decay: int = setting(
        1_000, low=1, high=10_000_000, help="Environment steps during which epsilon decreases."
    )
    epsilon: float | None = setting(
        None,
        low=0.0,
        high=1.0,
        live=True,
        help="A fixed epsilon in place of the schedule; None: follow the schedule.",
    )
    hold: int = setting(32, low=1, high=200, live=True, help="Steps that a random action is repeated for.")

    hidden: tuple[int, ...] = setting((64, 64), low=1, high=1024, help="Units of each hidden layer.")
    input_range: float | None = setting(
        8.0,
        low=0.1,
        high=100.0,
        help="States are rescaled to [-r, r] before the first layer; None: not rescaled.",
    )
    bias_range: float = setting(1.0, low=0.0, high=10.0, help="Initial hidden biases are uniform in [-b, b].")
    initial_value: float = setting(
        -50.0,
        low=-1000.0,
        high=1000.0,
        help="Initial biases of the last layer, and so roughly the initial Q-values.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.memory_size < self.batch_size:
            raise ValueError(
                f"memory_size must be at least batch_size ({self.batch_size}), got {self.memory_size}"
            )
