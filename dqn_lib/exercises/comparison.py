"""Compare a result with the expected one, and say in words how it differs."""

import copy
import re
import reprlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np


class Rejected(Exception):
    """Raised by the evaluation of an answer that cannot be right; its text is shown to the student.

    `mistake` identifies what is wrong; by default the first words of the text do.
    """

    def __init__(self, message: str, mistake: str = "") -> None:
        super().__init__(message)
        self.mistake = mistake or identifier(message)


def identifier(message: str) -> str:
    """A short name for a mistake: the first words of its message, without code and numbers."""
    plain = re.sub(r"`[^`]*`|\([^)]*\)|[^a-z]+", " ", message.lower())
    return "-".join(plain.split()[:10])


def returned(value: Any) -> Any:
    """The value that an answer returned, if there is one.

    Raises:
        Rejected: it returned nothing.
    """
    if value is None or value is ...:
        raise Rejected("It returned nothing: is the `return` missing?")
    return value


KINDS = {"b": "True or False", "i": "an integer", "u": "an integer", "f": "a number", "U": "a text"}


def to_plain(value: Any) -> Any:
    """The value as plain data: tensors become arrays. May raise what the value raises."""
    if isinstance(value, list | tuple):
        return (
            type(value)(map(to_plain, value)) if type(value) in (list, tuple) else list(map(to_plain, value))
        )
    if isinstance(value, dict):
        return {key: to_plain(part) for key, part in value.items()}
    if isinstance(value, Fraction | Decimal):
        return float(value)
    if hasattr(value, "__array__") and not isinstance(value, np.generic):
        return np.asarray(value)
    return value


def difference(expected: Any, got: Any, tolerance: float, *, strict: bool = True) -> str | None:
    """None if `got` is what was expected; otherwise a sentence on its type or shape, or an empty one.

    Both are plain data; a list may stand for a tuple or an array. Unless `strict`, a float may stand for an
    integer.
    """
    if (got is None and expected is not None) or got is ...:
        return (
            "It returned nothing: is the `return` missing?"
            if got is None
            else "It returned the `...` of the blank."
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
        more = ": `list(...)` makes a list of it" if isinstance(got, Iterator) else ""
        return f"It must have {len(expected)} parts, not be {kind_of(got)}{more}."
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
    """Values as a student would write them: short, NumPy's scalars as plain numbers, arrays as `array(...)`.

    With `exact`, every number has all its digits, and 2.0 is not 2.
    """

    def __init__(self, *, exact: bool = False) -> None:
        super().__init__()
        self.maxother = self.maxstring = 80
        self.maxlist = self.maxtuple = self.maxdict = 12
        self.exact = exact

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, np.generic | np.ndarray) and x.ndim == 0:
            x = x.item()
        if isinstance(x, np.ndarray):
            numbers = {"float_kind": self._entry, "int": str, "bool": str}
            text = np.array2string(x, threshold=20, edgeitems=2, separator=", ", formatter=numbers)
            return f"array({' '.join(text.split())})"
        if isinstance(x, np.random.Generator):
            return "a NumPy generator"
        return self._number(x) if isinstance(x, float) else super().repr1(x, level)

    def _number(self, x: float) -> str:
        return repr(float(x)) if self.exact else f"{x:.6g}"

    def _entry(self, x: float) -> str:
        """A number in an array of floats: with a point, as NumPy shows it."""
        text = self._number(x).removesuffix(".0")
        return f"{text}." if text.lstrip("-").isdigit() else text


def short_repr(value: Any, *, exact: bool = False) -> str:
    """A value in at most a line."""
    try:
        return _Short(exact=exact).repr(value)
    except Exception:  # an object whose repr raises, an integer with too many digits
        return f"{kind_of(value)} that cannot be shown"


def distinct_reprs(expected: Any, got: Any) -> tuple[str, str]:
    """Two different values in a line each, which differ: exactly, by entry or with their types if need be."""
    for exact in (False, True):
        texts = short_repr(expected, exact=exact), short_repr(got, exact=exact)
        if texts[0] != texts[1]:
            return texts
    if isinstance(expected, np.ndarray) and isinstance(got, np.ndarray) and expected.shape == got.shape:
        for place in zip(*np.nonzero(expected != got), strict=True):
            where = f" at [{', '.join(map(str, place))}]"
            return tuple(short_repr(array[place], exact=True) + where for array in (expected, got))
    return f"{texts[0]} ({kind_of(expected)})", f"{texts[1]} ({kind_of(got)})"


DRAWS = 3_000


def action(value: Any) -> int:
    """The action that an answer has chosen.

    Raises:
        Rejected: what it returned is no action.
    """
    found = np.asarray(returned(value))
    if found.dtype.kind not in "iu" or found.size != 1 or not 0 <= int(found.item()) <= 2:
        raise Rejected(
            f"It returned `{short_repr(value, exact=True)}`; an action is one of the integers 0, 1 and 2."
        )
    return int(found.item())


def frequencies_of_items(
    function: Callable, ring: list, count: int, batch: int, rng: np.random.Generator
) -> dict:
    """How often each item of the ring is drawn, and how the second item of a draw depends on the first."""
    draws = [[_item(ring, one) for one in returned(function(ring, count, batch, rng))] for _ in range(DRAWS)]
    if any(len(draw) != batch for draw in draws):
        wrong = next(len(draw) for draw in draws if len(draw) != batch)
        raise Rejected(f"It must return `batch = {batch}` items, and returned {wrong}.")
    places = np.array([[ring.index(item) for item in draw] for draw in draws])
    apart = (places[:, 1] - places[:, 0]) % min(count, len(ring))
    return {
        **{f"share of {item}": round(float(np.mean(places == place)), 3) for place, item in enumerate(ring)},
        "share of draws whose second item is the first one again": round(float(np.mean(apart == 0)), 3),
        "share of draws whose second item stands next to the first": round(float(np.mean(apart == 1)), 3),
    }


def _item(ring: list, one: Any) -> Any:
    if one not in ring:
        raise Rejected(
            f"It returned `{short_repr(one)}`, which the ring `{short_repr(ring)}` does not hold. "
            "Places instead of items?"
        )
    return one


def repeatable(*case: Any) -> Callable[[Callable], str]:
    """An extra check: the same seed gives the same draws. `case` holds the arguments before the generator."""

    def plain(draw: Any) -> Any:
        return np.asarray(to_plain(draw)).tolist()

    def check(answer: Callable) -> str:
        draws = []
        for _ in range(2):
            rng = np.random.default_rng(5)
            draws.append([plain(answer(*copy.deepcopy(case), rng)) for _ in range(100)])
        if draws[0] == draws[1]:
            return ""
        return (
            "the random numbers are not those of `rng`. "
            "Draw from `rng` only: the same seed then gives the same run."
        )

    return check
