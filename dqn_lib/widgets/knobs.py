"""The choices that a slider or a menu offers for a setting of an agent, and how they are written."""

from dataclasses import fields
from typing import Any

import numpy as np

from dqn_lib.config import Config, DQNConfig


def _powers(low: int, high: int) -> list[float]:
    """1, 2 and 5 times each power of ten from 10**low to 10**high."""
    return [float(f"{n}e{e}") for e in range(low, high) for n in (1, 2, 5)] + [10.0**high]


FRACTIONS = [0.0, 0.01, 0.02, 0.05, *(n / 10 for n in range(1, 11))]
CHOICES: dict[str, list[Any]] = {
    "epsilon": FRACTIONS,
    "gamma": [
        0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999, 1.0
    ],
    "learning_rate": _powers(-5, -1),
    "tau": _powers(-4, 0),
    "target_period": [int(n) for n in _powers(0, 4)],
    "target_update": ["every_step", "hard", "soft"],
    "hold": [1, 2, 4, 8, 12, 16, 24, 32, 48, 64],
}  # fmt: skip
ACTIVE_UNDER = {"tau": "soft", "target_period": "hard"}  # settings that act under one update rule only
LABELS: dict[Any, str] = {None: "schedule", "every_step": "every step"}


def setting_choices(config: Config, name: str) -> list[Any]:
    """The values that a slider for the live setting `name` offers, with that of `config` among them.

    Raises:
        ValueError: if there is no slider for this setting of this agent.
    """
    live = {spec.name: spec for spec in fields(config) if spec.metadata["live"]}
    if name not in live or name not in CHOICES:
        allowed = ", ".join(sorted(live.keys() & CHOICES.keys()))
        raise ValueError(f"knobs must be among {allowed}, got {name!r}")
    values, now, default = list(CHOICES[name]), getattr(config, name), live[name].default
    if name == "learning_rate" and not isinstance(config, DQNConfig):
        values = FRACTIONS  # of the TD error, in a table
    if now is not None and not isinstance(now, str):
        values = sorted({*values, now} | ({default} - {None}))
    return [None, *values] if name == "epsilon" and isinstance(config, DQNConfig) else values


def format_setting(value: Any) -> str:
    """The value of a setting as text: never in exponential notation, and without rounding errors."""
    if value is None or isinstance(value, str):
        return LABELS.get(value, value)
    if isinstance(value, float | np.floating):
        return np.format_float_positional(value, precision=6, fractional=False, trim="-")
    return f"{value:,}"
