"""What is to be run: an experiment is a base, a list of small differences from it, and a number of seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from dqn_lib.checks import check_integer, check_number
from dqn_lib.config import Config, DQNConfig
from dqn_lib.mountain_car import ENV_ID

DQN = "dqn_lib.agents.dqn:DQNAgent"
Q_TABLE = "dqn_lib.agents.q_table:QTableAgent"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to train: which agent, with which settings, where, for how long, and how it is judged.

    `agent` and `environment` are names, "module:class" and a Gymnasium id, so that nothing heavy is loaded
    before a job needs it; a class, or a function that makes an environment, is taken as well. Every
    `check_every` steps the greedy policy drives `check_episodes` held-out episodes there; the run counts as
    solved at the first check whose mean return is `threshold` or better. Without one it is Gymnasium's own
    `reward_threshold` of that environment; if that has none either, no run counts as solved. The final return
    is the mean over `final_episodes` other starts.

    Raises:
        TypeError: if a number is of another type, or if not exactly one of `steps` and `episodes` is given.
        ValueError: if a number is out of range.
    """

    agent: str | Callable[..., Any] = DQN
    config: Config = field(default_factory=DQNConfig)
    environment: str | Callable[[], gym.Env] = ENV_ID
    steps: int | None = 40_000
    episodes: int | None = None
    check_every: int = 1_000
    check_episodes: int = 100
    final_episodes: int = 1_000
    threshold: float | None = None

    def __post_init__(self) -> None:
        for name in ("check_every", "check_episodes", "final_episodes"):
            check_integer(name, getattr(self, name), low=1)
        if (self.steps is None) == (self.episodes is None):
            raise TypeError(f"either steps or episodes must be given, got {self.steps} and {self.episodes}")
        budget = "steps" if self.episodes is None else "episodes"
        check_integer(budget, getattr(self, budget), low=1)
        if self.threshold is not None:
            check_number("threshold", self.threshold)

    def changed(self, changes: Mapping[str, Any]) -> "Variant":
        """A copy with some fields changed, of the variant itself or of its configuration."""
        own = {spec.name for spec in fields(self)}
        here = {name: value for name, value in changes.items() if name in own}
        there = {name: value for name, value in changes.items() if name not in own}
        changed = replace(self, **here)
        return replace(changed, config=changed.config.replace(**there)) if there else changed

    def known_threshold(self) -> float | None:
        """The threshold, as far as it is known before the environment is made."""
        if self.threshold is None and isinstance(self.environment, str):
            registered = gym.registry.get(self.environment)
            return None if registered is None else registered.reward_threshold
        return self.threshold

    def describe(self) -> dict[str, Any]:
        """All of it as plain values that JSON can hold."""
        values = {spec.name: plain(getattr(self, spec.name)) for spec in fields(self)}
        return {**values, "config": plain(asdict(self.config)), "threshold": plain(self.known_threshold())}


class Job(NamedTuple):
    """One run that is to be made: its variant by name and in full, and its seed."""

    name: str
    changes: dict[str, Any]
    variant: Variant
    seed: int

    @property
    def key(self) -> tuple[str, int]:
        """What tells one run of an experiment from all others."""
        return self.name, self.seed


@dataclass(frozen=True)
class Experiment:
    """A name, a base, and for each variant what it changes: `{"not held": {"hold": 1}}`."""

    name: str
    base: Variant
    variants: Mapping[str, Mapping[str, Any]]
    seeds: Sequence[int] = range(10)

    def __post_init__(self) -> None:
        for seed in self.seeds:
            check_integer("every seed", seed, low=0)
        if twice := sorted({seed for seed in self.seeds if list(self.seeds).count(seed) > 1}):
            raise ValueError(f"seeds must be different from each other, got {twice[0]} twice")
        if not self.variants or not len(self.seeds):
            raise ValueError(f"experiment {self.name!r} needs at least one variant and one seed")
        for name in self.variants:
            self.variant(name)  # a misspelt setting is told now, not in a process far away

    def variant(self, name: str) -> Variant:
        """The variant of this name, in full."""
        return self.base.changed(self.variants[self.checked(name)])

    def checked(self, name: str) -> str:
        """The name itself, if there is such a variant."""
        if name not in self.variants:
            known = ", ".join(map(repr, self.variants))
            raise ValueError(f"variant must be one of {known} in experiment {self.name!r}, got {name!r}")
        return name

    def only(self, *names: str, seeds: Sequence[int] | None = None) -> "Experiment":
        """The same experiment with some of its variants, or with other seeds."""
        chosen = {self.checked(name): self.variants[name] for name in names or self.variants}
        return replace(self, variants=chosen, seeds=self.seeds if seeds is None else seeds)

    def jobs(self) -> list[Job]:
        """Every run, variant by variant: a process that goes on with the same variant compiles nothing."""
        return [
            Job(name, plain(changes), self.variant(name), seed)
            for name, changes in self.variants.items()
            for seed in self.seeds
        ]

    def describe(self) -> dict[str, Any]:
        """All of it as plain values that JSON can hold."""
        return {
            "experiment": self.name,
            "base": self.base.describe(),
            "variants": {name: plain(changes) for name, changes in self.variants.items()},
            "seeds": [int(seed) for seed in self.seeds],
        }


def plain(value: Any) -> Any:
    """As JSON gives it back: tuples and arrays as lists, NumPy's numbers as plain ones, classes by name."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [plain(entry) for entry in value]
    return f"{value.__module__}:{value.__qualname__}" if hasattr(value, "__qualname__") else value
