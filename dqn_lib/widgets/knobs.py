"""A knob for a setting of an agent: which values are worth turning to, and how they are written."""

from dataclasses import fields
from typing import Any

import numpy as np

from dqn_lib.config import Config, DQNConfig


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
    "target_update": ["every_step", "hard", "soft"],
    "hold": [1, 2, 4, 8, 12, 16, 24, 32, 48, 64],
}  # fmt: skip
ACTIVE = {"tau": "soft", "target_period": "hard"}  # knobs that act under one rule for the target only
WORDS: dict[Any, str] = {None: "schedule", "every_step": "every step"}


def setting_choices(config: Config, name: str) -> list[Any]:
    """The values that a knob for the live setting `name` offers, where `config` has it among them.

    Raises:
        ValueError: if there is no such knob for these settings.
    """
    live = {spec.name: spec for spec in fields(config) if spec.metadata["live"]}
    if name not in live or name not in VALUES:
        allowed = ", ".join(sorted(live.keys() & VALUES.keys()))
        raise ValueError(f"a knob must be one of {allowed}, got {name!r}")
    values, now, default = list(VALUES[name]), getattr(config, name), live[name].default
    if name == "learning_rate" and not isinstance(config, DQNConfig):
        values = SHARES  # of the way to the target, in a table
    if now is not None and not isinstance(now, str):
        values = sorted({*values, now} | ({default} - {None}))
    return [None, *values] if name == "epsilon" and isinstance(config, DQNConfig) else values


def format_setting(value: Any) -> str:
    """The value of a setting as it is shown: never as 1e-05, and without a computer's last digits."""
    if value is None or isinstance(value, str):
        return WORDS.get(value, value)
    if isinstance(value, float | np.floating):
        return np.format_float_positional(value, precision=6, fractional=False, trim="-")
    return f"{value:,}"
