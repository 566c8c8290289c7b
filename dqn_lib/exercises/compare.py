"""Is it the same, and if not, what kind of different?"""

import reprlib
from typing import Any

import numpy as np

KINDS = {"b": "True or False", "i": "an integer", "u": "an integer", "f": "a number", "U": "a text"}


def difference(expected: Any, got: Any, tolerance: float) -> str | None:
    """None if `got` is what was expected; otherwise a sentence on its type or shape, or an empty one.

    Numbers may be Python's, NumPy's or tensors; a list may stand for a tuple or an array.
    """
    if (got is None and expected is not None) or got is ...:
        return (
            "It returned nothing: is the `return` missing?"
            if got is None
            else "A `...` is still to be filled in."
        )
    if isinstance(expected, list | tuple):
        return _parts(expected, got, tolerance)
    if isinstance(expected, dict):
        if not isinstance(got, dict) or expected.keys() != got.keys():
            return f"It must have the keys {', '.join(map(str, expected))}."
        return _parts(list(expected.values()), [got[key] for key in expected], tolerance)
    try:
        wanted, found = np.asarray(expected), np.asarray(got)
    except Exception:
        return f"A {type(got).__name__} is no number."
    return _arrays(wanted, found, got, tolerance)


def _parts(expected: list | tuple, got: Any, tolerance: float) -> str | None:
    try:
        parts = list(got)
    except TypeError:
        return f"It must have {len(expected)} parts, not be a single {type(got).__name__}."
    if len(parts) != len(expected):
        return f"It must have {len(expected)} parts, not {len(parts)}."
    found = [difference(e, g, tolerance) for e, g in zip(expected, parts, strict=True)]
    return next((one for one in found if one is not None), None)


def _arrays(wanted: np.ndarray, found: np.ndarray, got: Any, tolerance: float) -> str | None:
    kind, expected_kind = found.dtype.kind, wanted.dtype.kind
    if expected_kind in "OU":
        return None if found.shape == wanted.shape and (found == wanted).all() else ""
    if (
        kind not in KINDS
        or (kind in "bU") != (expected_kind in "b")
        or (kind == "f" and expected_kind in "iu")
    ):
        return f"It must be {KINDS[expected_kind]}, not a {type(got).__name__}."
    if found.shape != wanted.shape:
        return f"Its shape must be {wanted.shape}, not {found.shape}."
    return None if np.allclose(found, wanted, rtol=tolerance, atol=tolerance, equal_nan=True) else ""


class _Short(reprlib.Repr):
    """Values as a student would write them: short, NumPy's scalars as plain numbers."""

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, np.ndarray):
            return np.array2string(x, precision=4, threshold=20, separator=", ").replace("\n", "")
        if isinstance(x, np.generic):
            x = x.item()
        if isinstance(x, float):
            return f"{x:.6g}"
        return super().repr1(x, level)


_short = _Short()
_short.maxother = _short.maxstring = 80
_short.maxlist = _short.maxtuple = 12


def shown(value: Any) -> str:
    """A value in at most a line."""
    return _short.repr(value)
