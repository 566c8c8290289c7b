"""Is it the same, and if not, what kind of different?"""

import copy
import reprlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Rejected(Exception):
    """Raised by a probe that finds something to say about an answer."""


def returned(value: Any) -> Any:
    """The value, for a probe that has to work with it; complains if there is none."""
    if value is None or value is ...:
        raise Rejected("It returned nothing: is the `return` missing?")
    return value


KINDS = {"b": "True or False", "i": "an integer", "u": "an integer", "f": "a number", "U": "a text"}
LONGEST = 100_000  # items taken from an iterator that may never end


def to_plain(value: Any) -> Any:
    """The value as plain data: tensors become arrays, iterators lists. May raise what the value raises."""
    if isinstance(value, Iterator):
        return [to_plain(part) for part in islice(value, LONGEST)]
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
    """Values as a student would write them: short, NumPy's scalars as plain numbers.

    With `exact`, every number has all its digits, and 2.0 is not 2.
    """

    def __init__(self, *, exact: bool = False) -> None:
        super().__init__()
        self.maxother = self.maxstring = 80
        self.maxlist = self.maxtuple = self.maxdict = 12
        self.exact = exact

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, np.ndarray):
            digits = {"floatmode": "unique"} if self.exact else {"precision": 4}
            text = np.array2string(x, threshold=20, separator=", ", **digits).replace("\n", "")
            return f"{text} ({kind_of(x)})" if self.exact else text
        if isinstance(x, np.random.Generator):
            return "a NumPy generator"
        if isinstance(x, np.generic):
            x = x.item()
        if isinstance(x, float) and not self.exact:
            return f"{x:.6g}"
        return super().repr1(x, level)


def short_repr(value: Any, *, exact: bool = False) -> str:
    """A value in at most a line."""
    try:
        return _Short(exact=exact).repr(value)
    except Exception:  # an object whose repr raises, an integer with too many digits
        return f"{kind_of(value)} that cannot be shown"


def distinct_reprs(expected: Any, got: Any) -> tuple[str, str]:
    """Two different values, exactly if they would look the same otherwise: 2 and 2.0."""
    short = short_repr(expected), short_repr(got)
    return short if short[0] != short[1] else (short_repr(expected, exact=True), short_repr(got, exact=True))


DRAWS = 3_000


def shares_of_actions(function: Callable, q: NDArray, epsilon: float, rng: np.random.Generator) -> NDArray:
    """How often each action is chosen, of 3,000 times."""
    chosen = [action(function(q, epsilon, rng)) for _ in range(DRAWS)]
    return np.bincount(chosen, minlength=3) / DRAWS


def action(value: Any) -> int:
    """The action that an answer has chosen; complains about anything else."""
    found = np.asarray(returned(value))
    if found.dtype.kind not in "iu" or found.size != 1 or not 0 <= int(found.item()) <= 2:
        raise Rejected(
            f"It returned `{short_repr(value, exact=True)}`; an action is one of the integers 0, 1 and 2."
        )
    return int(found.item())


def frequencies_of_items(
    function: Callable, ring: list, count: int, batch: int, rng: np.random.Generator
) -> dict:
    """How often each item of the ring is drawn, and how the second item of a draw hangs on the first."""
    draws = [[_item(ring, one) for one in returned(function(ring, count, batch, rng))] for _ in range(DRAWS)]
    if any(len(draw) != batch for draw in draws):
        wrong = next(len(draw) for draw in draws if len(draw) != batch)
        raise Rejected(f"It must return `batch = {batch}` items, and returned {wrong}.")
    places = np.array([[ring.index(item) for item in draw] for draw in draws])
    apart = (places[:, 1] - places[:, 0]) % min(count, len(ring))
    return {
        **{f"share of {item}": round(float(np.mean(places == place)), 3) for place, item in enumerate(ring)},
        "same item twice in a row": round(float(np.mean(apart == 0)), 3),
        "its neighbour next": round(float(np.mean(apart == 1)), 3),
    }


def _item(ring: list, one: Any) -> Any:
    if one not in ring:
        raise Rejected(
            f"It returned `{short_repr(one)}`, which the ring `{short_repr(ring)}` does not hold. "
            "Places instead of items?"
        )
    return one


def repeatable(*case: Any) -> Callable[[Callable], str]:
    """The demand that the same seed gives the same draws; `case` holds the arguments before the generator."""

    def plain(draw: Any) -> Any:
        return np.asarray(to_plain(draw)).tolist()

    def demand(answer: Callable) -> str:
        draws = []
        for _ in range(2):
            rng = np.random.default_rng(5)
            draws.append([plain(answer(*copy.deepcopy(case), rng)) for _ in range(100)])
        if draws[0] == draws[1]:
            return ""
        return "the dice are not those of `rng`. Draw from `rng` only: the same seed then gives the same run."

    return demand
