"""Checks of arguments: one clear error that names the parameter, the rule and the value."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def check_number(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> int | float:
    """`value` as a plain Python number, for JSON knows none of NumPy's.

    Raises:
        TypeError: `value` is no real number.
        ValueError: it is not in [low, high]; NaN is in no interval.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if low == -math.inf and high == math.inf and not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got {value!r}")
    return int(value) if isinstance(value, int | np.integer) else float(value)


def check_integer(name: str, value: Any, low: int, high: float = math.inf) -> int:
    """`value` as a plain Python integer.

    Raises:
        TypeError: `value` is no integer.
        ValueError: it is not in [low, high].
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < low and high == math.inf:
        raise ValueError(f"{name} must be at least {low}, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must lie in [{low}, {high}], got {value!r}")
    return int(value)


def unpacked(value: Any) -> Any:
    """The number inside a NumPy array without axes; anything else as it is."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def check_finite(name: str, values: ArrayLike) -> None:
    """Raise if one of `values` is NaN or infinite; what is no number is left to others."""
    array = np.asarray(values)
    if array.dtype.kind != "f" or math.isfinite(sum(array.ravel().tolist())):  # the usual case, quickly
        return
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {values!r}")
