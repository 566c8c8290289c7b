"""Is it the same, and if not, what kind of different?"""

import reprlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

KINDS = {"b": "True or False", "i": "an integer", "u": "an integer", "f": "a number", "U": "a text"}
LONGEST = 100_000  # items taken from an iterator that may never end


def settled(value: Any) -> Any:
    """The value as plain data: tensors become arrays, iterators lists. May raise what the value raises."""
    if isinstance(value, Iterator):
        return [settled(part) for part in islice(value, LONGEST)]
    if isinstance(value, list | tuple):
        return type(value)(map(settled, value)) if type(value) in (list, tuple) else list(map(settled, value))
    if isinstance(value, dict):
        return {key: settled(part) for key, part in value.items()}
    if hasattr(value, "__array__") and not isinstance(value, np.generic):
        return np.asarray(value)
    return value


def difference(expected: Any, got: Any, tolerance: float, *, strict: bool = True) -> str | None:
    """None if `got` is what was expected; otherwise a sentence on its type or shape, or an empty one.

    Both are settled data; a list may stand for a tuple or an array. Unless `strict`, a whole number may
    be written as a float.
    """
    if (got is None and expected is not None) or got is ...:
        return (
            f"It returned {'nothing: is the `return` missing?' if got is None else 'the dots of the blank.'}"
        )
    if isinstance(expected, list | tuple):
        return _parts(expected, got, tolerance, strict)
    if isinstance(expected, dict):
        if not isinstance(got, dict) or got.keys() != expected.keys():
            return f"It must have the keys {', '.join(map(str, expected))}."
        return _parts(list(expected.values()), [got[key] for key in expected], tolerance, strict)
    try:
        wanted, found = np.asarray(expected), np.asarray(got)
    except Exception:
        return f"It must be a number or an array of numbers, not {kind_of(got)}."
    return _arrays(wanted, found, got, tolerance, strict)


def _parts(expected: list | tuple, got: Any, tolerance: float, strict: bool) -> str | None:
    if not isinstance(got, list | tuple) and not (isinstance(got, np.ndarray) and got.ndim):
        return f"It must have {len(expected)} parts, not be {kind_of(got)}."
    if len(got) != len(expected):
        return f"It must have {len(expected)} parts, not {len(got)}."
    pairs = zip(expected, got, strict=True)
    found = [difference(e, g, tolerance, strict=strict) for e, g in pairs]
    return next((one for one in found if one is not None), None)


def _arrays(wanted: np.ndarray, found: np.ndarray, got: Any, tolerance: float, strict: bool) -> str | None:
    kind, expected_kind = found.dtype.kind, wanted.dtype.kind
    if expected_kind in "OU":
        return None if found.shape == wanted.shape and (found == wanted).all() else ""
    fraction = kind == "f" and expected_kind in "iu" and strict
    if kind not in KINDS or (kind in "bU") != (expected_kind == "b") or fraction:
        return f"It must be {KINDS[expected_kind]}, not {kind_of(got)}."
    if found.shape != wanted.shape:
        return f"Its shape must be {wanted.shape}, not {found.shape}."
    return None if np.allclose(found, wanted, rtol=tolerance, atol=tolerance, equal_nan=True) else ""


def kind_of(value: Any) -> str:
    """The type of a value, with its article."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


class _Short(reprlib.Repr):
    """Values as a student would write them: short, NumPy's scalars as plain numbers."""

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, np.ndarray):
            return np.array2string(x, precision=4, threshold=20, separator=", ").replace("\n", "")
        if isinstance(x, np.random.Generator):
            return "a NumPy generator"
        if isinstance(x, np.generic):
            x = x.item()
        if isinstance(x, float):
            return f"{x:.6g}"
        return super().repr1(x, level)


_short = _Short()
_short.maxother = _short.maxstring = 80
_short.maxlist = _short.maxtuple = _short.maxdict = 12


def shown(value: Any) -> str:
    """A value in at most a line."""
    try:
        return _short.repr(value)
    except Exception:  # an object whose repr raises, an integer with too many digits
        return f"{kind_of(value)} that cannot be shown"
