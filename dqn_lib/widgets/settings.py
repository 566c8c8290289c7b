"""A knob for a setting of an agent: which values are worth turning to, and how they are written."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from dqn_lib.config import Config, DQNConfig
from dqn_lib.plots.live_curve import worded
from dqn_lib.widgets.knob import Knob


def _powers(low: int, high: int) -> list[float]:
    """1, 2 and 5 times each power of ten from 10**low to 10**high."""
    return [float(f"{n}e{e}") for e in range(low, high) for n in (1, 2, 5)] + [10.0**high]


SHARES = [0.0, 0.01, 0.02, 0.05, *(n / 10 for n in range(1, 11))]
VALUES: dict[str, list[Any]] = {
    "epsilon": SHARES,
    "gamma": [
        0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999, 1.0
    ],
    "learning_rate": _powers(-5, -1),
    "tau": _powers(-4, 0),
    "target_period": [int(n) for n in _powers(0, 4)],
    "target_update": ["none", "hard", "soft"],
    "hold": [1, 2, 4, 8, 12, 16, 24, 32, 48, 64],
}  # fmt: skip


def setting_knob(config: Config, name: str, turned: Callable[[Any], None]) -> Knob:
    """A knob for the live setting `name`, standing where `config` has it."""
    live = {spec.name: spec for spec in fields(config) if spec.metadata["live"]}
    if name not in live or name not in VALUES:
        allowed = ", ".join(sorted(live.keys() & VALUES.keys()))
        raise ValueError(f"a knob must be one of {allowed}, got {name!r}")
    values, now, default = list(VALUES[name]), getattr(config, name), live[name].default
    if name == "learning_rate" and not isinstance(config, DQNConfig):
        values = SHARES  # of the way to the target, in a table
    if now is not None and not isinstance(now, str):
        values = sorted({*values, now} | ({default} - {None}))
    if name == "epsilon" and isinstance(config, DQNConfig):
        values = [None, *values]
    return Knob(
        name.replace("_", " "), values, now, says=live[name].metadata["says"], show=worded, turned=turned
    )
