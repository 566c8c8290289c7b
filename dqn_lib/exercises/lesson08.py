"""Lesson 8: agents that train and do not learn, and where to look for the reason."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.comparison import Rejected, short_repr
from dqn_lib.exercises.exercise import call, exercise, mistake
from dqn_lib.exercises.museum import (
    EXHIBITS,
    examine,
    exhibit_a,
    exhibit_b,
    exhibit_c,
    exhibit_d,
    exhibit_e,
    exhibit_f,
    exhibit_g,
    exhibit_h,
    exhibit_i,
    exhibit_j,
    labels,
    probe_exhibits,
)

__all__ = [
    "EXHIBITS",
    "examine",
    "exhibit_a",
    "exhibit_b",
    "exhibit_c",
    "exhibit_d",
    "exhibit_e",
    "exhibit_f",
    "exhibit_g",
    "exhibit_h",
    "exhibit_i",
    "exhibit_j",
    "labels",
    "probe_exhibits",
]


EXACT = np.array([-2.0, -1.0, 0.0, -2.001, 0.001])  # with gamma 0.5 the floor is -2, to the last digit


def _bounds(low: Callable[[float], float], high: float = 0.0) -> Callable:
    return lambda values, gamma: (np.asarray(values) < low(gamma)) | (np.asarray(values) > high)


VALUES = np.array([-120.0, -101.0, -99.0, -50.0, -7.0, -6.0, -1.0, 0.0, 0.5, 12.0])


@exercise(
    cases=[
        (np.array([-3.0, -1.0, 1.0]), 0.5),
        (VALUES, 0.99),
        (VALUES, 0.85),
        (np.array([-250.0, -199.0]), 0.995),
        (EXACT, 0.5),
        (np.array([-4.0]), 0.75),
        (np.array([-1.0, -1.5]), 0.0),
    ],
    mistakes=[
        mistake(
            "Only the values below the floor are marked. Above 0 none can be right either: nothing here ever earns a "
            "reward.",
            lambda values, gamma: np.asarray(values) < -1 / (1 - gamma),
        ),
        mistake(
            "Only the values above 0 are marked. There is a floor too: -1 for every step without end adds up to "
            "-1 / (1 - gamma).",
            lambda values, gamma: np.asarray(values) > 0,
        ),
        mistake(
            "Only the distance from 0 is compared. A positive value is impossible however small it is.",
            lambda values, gamma: np.abs(values) > 1 / (1 - gamma),
        ),
        mistake(
            "The floor has the wrong sign: 1 / (1 - gamma) is positive, and the rewards are not.",
            _bounds(lambda gamma: 1 / (1 - gamma)),
            lambda values, gamma: (np.asarray(values) < 0) | (np.asarray(values) > 1 / (1 - gamma)),
        ),
        mistake(
            "-200 is the worst *return*, without discount. A value is discounted: its floor depends on gamma.",
            _bounds(lambda gamma: -200.0),
        ),
        mistake(
            "The floor itself is possible: it is the value of never arriving. Mark what is *below* it.",
            lambda v, gamma: (np.asarray(v) <= -1 / (1 - gamma)) | (np.asarray(v) > 0),
        ),
        mistake(
            "0 is possible: it is the value at the flag. Mark what is *above* it.",
            lambda v, gamma: (np.asarray(v) < -1 / (1 - gamma)) | (np.asarray(v) >= 0),
            lambda v, gamma: (np.asarray(v) <= -1 / (1 - gamma)) | (np.asarray(v) >= 0),
        ),
        mistake(
            "-100 is the floor for gamma 0.99 only: it is -1 / (1 - gamma).",
            _bounds(lambda gamma: -100.0),
        ),
        mistake(
            "The first step is missing from the sum: it costs 1 without any discount. The floor is "
            "-1 / (1 - gamma).",
            _bounds(lambda gamma: -gamma / (1 - gamma)),
        ),
        mistake(
            "This is the floor after 200 steps. A value knows no time limit: the sum goes on for ever.",
            _bounds(lambda gamma: -sum(gamma**k for k in range(200))),
            _bounds(lambda gamma: -sum(gamma**k for k in range(201))),
            _bounds(lambda gamma: -(1 - gamma**200) / (1 - gamma)),
        ),
        mistake(
            "The floor is -1 / (1 - gamma), not -1 / gamma.",
            lambda values, gamma: (np.asarray(values) < -1 / gamma) | (np.asarray(values) > 0),
        ),
        mistake(
            "No value can be both, below the floor *and* above 0: join the two comparisons with `|`, not with `&`.",
            lambda values, gamma: np.zeros(len(values), bool),
        ),
        mistake(
            "Turned round: this marks the possible ones.",
            lambda values, gamma: (np.asarray(values) >= -1 / (1 - gamma)) & (np.asarray(values) <= 0),
        ),
        mistake(
            "These are the positions of the impossible values. Return True or False for each value.",
            lambda values, gamma: np.flatnonzero((values < -1 / (1 - gamma)) | (values > 0)),
        ),
        mistake(
            "These are the impossible values themselves. Return True or False for each value.",
            lambda values, gamma: values[(values < -1 / (1 - gamma)) | (values > 0)],
        ),
        mistake(
            "This is one answer for all values together. Return True or False for each value.",
            lambda values, gamma: bool(((values < -1 / (1 - gamma)) | (values > 0)).any()),
        ),
    ],
    hints=[
        "The best that can happen: the episode is over, and no step costs any more. The worst: -1 at every step, "
        "for ever.",
        "The worst adds up to -1 - gamma - gamma**2 - ... = -1 / (1 - gamma).",
        "Two comparisons, joined with `|`.",
    ],
    advice={
        "truth value of an array": "`or` and `and` ask one question of the whole array; `|` and `&` ask one of each entry.",
        "division by zero": "gamma may be 0, and never 1: the floor is -1 / (1 - gamma).",
    },
    takeaway="One line of code, and it finds exhibit G as soon as its values rise above 0.",
    result="array",
)
def impossible(values: NDArray, gamma: float) -> NDArray:
    """Boolean array `(n,)`: True where a value is outside the interval from -1 / (1 - gamma) to 0."""
    return (values < -1 / (1 - gamma)) | (values > 0)


ROW, COLUMN = np.array([1.0, 4.0, 9.0]), np.array([[1.0], [2.0], [3.0]])


def _averaged(axis: int) -> Callable:
    def errors(targets: NDArray, estimates: NDArray) -> NDArray:
        table = np.asarray(targets) - np.asarray(estimates)
        return table.mean(axis=axis) if table.ndim == 2 else table

    return errors


def _column_if_different(targets: NDArray, estimates: NDArray) -> NDArray:
    if targets.shape != estimates.shape:
        targets, estimates = targets.reshape(-1, 1), estimates.reshape(-1, 1)
    return targets - estimates


@exercise(
    cases=[
        (ROW, ROW - 2),
        (ROW, COLUMN),
        (COLUMN, ROW),
        (COLUMN, COLUMN * 3),
        (ROW[:1], COLUMN[:1]),  # a batch of one
        (COLUMN[:1].astype(np.float32), COLUMN[1:2].astype(np.float32)),
        (ROW + 0.25, COLUMN),
    ],
    mistakes=[
        mistake(
            "This is exhibit D: a row minus a column is a table of all differences. Bring both to the shape `(n,)` "
            "first, and keep the result.",
            lambda targets, estimates: np.asarray(targets) - np.asarray(estimates),
        ),
        mistake(
            "Only one of the two is brought to the shape `(n,)`. The other one may be a column as well.",
            lambda targets, estimates: np.ravel(targets) - np.asarray(estimates),
            lambda targets, estimates: np.asarray(targets) - np.ravel(estimates),
            lambda t, e: (t[:, 0] if t.ndim == 2 else t) - (e[:, 0] if e.ndim == 2 and t.ndim == 1 else e),
            lambda t, e: (t[:, 0] if t.ndim == 2 and e.ndim == 1 else t) - (e[:, 0] if e.ndim == 2 else e),
        ),
        mistake(
            "It subtracts first and repairs the shape afterwards. By then a row minus a column is a table of all "
            "differences. Bring both to the shape `(n,)` *before* you subtract.",
            lambda targets, estimates: np.ravel(np.asarray(targets) - np.asarray(estimates)),
            lambda targets, estimates: np.ravel(np.asarray(targets) - np.asarray(estimates))[: len(targets)],
            *(_averaged(axis) for axis in (0, 1)),
        ),
        mistake(
            "The sign is turned round: a TD error is target minus estimate.",
            lambda t, e: np.ravel(e) - np.ravel(t),
        ),
        mistake(
            "The results are columns of shape `(n, 1)`, at least in some cases. Return `(n,)` always.",
            lambda targets, estimates: np.reshape(targets, (-1, 1)) - np.reshape(estimates, (-1, 1)),
            _column_if_different,
        ),
        mistake(
            "With a batch of one, `squeeze` removes the only axis too, and a single number is left. Say which shape you "
            "want: `reshape(-1)`, or `np.ravel`.",
            lambda targets, estimates: np.squeeze(targets) - np.squeeze(estimates),
        ),
        mistake(
            "All differences are positive here. The sign says which way to move: target minus estimate.",
            lambda t, e: np.abs(np.ravel(t) - np.ravel(e)),
            lambda t, e: (np.ravel(t) - np.ravel(e)) ** 2,
        ),
        mistake(
            "The mean hides where the errors are: return one for each.",
            lambda t, e: np.mean(np.ravel(t) - np.ravel(e)),
        ),
        mistake(
            "The errors are cut to whole numbers. Leave them as they are.",
            lambda t, e: (np.ravel(t) - np.ravel(e)).astype(int),
            lambda t, e: np.round(np.ravel(t) - np.ravel(e)),
        ),
    ],
    hints=[
        "`np.ravel(x)` or `x.reshape(-1)` makes `(n,)` of both shapes.",
        "Do this with both, and only then subtract.",
        "Target minus estimate, in this order.",
    ],
    advice={
        "too many indices": "A row `(n,)` has one axis only, so `[:, 0]` fails. `np.ravel` works with both shapes.",
        "AssertionError": "To refuse is right in a training step. Here bring both to the shape `(n,)`.",
    },
    takeaway="Better still is to refuse: `assert targets.shape == estimates.shape` in the training step costs nothing.",
    result="array",
)
def td_errors(targets: NDArray, estimates: NDArray) -> NDArray:
    """Targets minus estimates, `(n,)`; each argument may have the shape `(n,)` or `(n, 1)`."""
    return np.ravel(targets) - np.ravel(estimates)


WORDS = ("exploration", "bootstrap", "flat", "look closer")


def _word(function: Callable, *arguments: object) -> object:
    """What the answer returns, in small letters.

    Raises:
        Rejected: it is none of the four words.
    """
    word = call(function, *arguments)
    if word is None:
        raise Rejected("It returned nothing in some cases: is a `return` missing? `print` only shows a word.")
    if isinstance(word, list | tuple):
        raise Rejected("Return a single word: the first that applies.")
    if not isinstance(word, str):
        raise Rejected(f"It must return one of the four words, not `{short_repr(word)}`.")
    if word.strip().lower() not in WORDS:
        raise Rejected(f"It returned {word!r}. The four words are {', '.join(map(repr, WORDS))}.")
    return word.strip().lower()


def _order(*checks: str, **others: Callable) -> Callable:
    tests = {
        "exploration": lambda arrivals, low, high: arrivals == 0,
        "bootstrap": lambda arrivals, low, high: high > 50,
        "flat": lambda arrivals, low, high: high - low < 3,
    } | others
    return lambda arrivals, lowest, highest: next(
        (name for name in checks if tests[name](arrivals, lowest, highest)), "look closer"
    )


@exercise(
    cases=[
        (0, -100.0, -99.5),
        (69, 1_016.0, 15_617.0),
        (11, -99.5, -99.2),
        (67, -70.0, 5.6),
        (3, 60.0, 61.0),
        (0, 55.0, 56.0),
        (5, -90.0, 50.0),
        (1, -10.0, -7.0),
        (1, -10.0, -7.5),
        (1, 10.0, 50.5),
        (0, -70.0, -5.0),
        (2, 20.0, 80.0),
        (5, -10.0, -7.4),
    ],
    evaluate=_word,
    mistakes=[
        mistake(
            "The values that are less than 3 apart come first here, or overwrite what was found before. For an agent "
            "that has never reached the flag this means nothing: its values *must* be alike. Ask for arrivals first, and "
            "return at once.",
            _order("flat", "exploration", "bootstrap"),
            _order("flat", "bootstrap", "exploration"),
            _order("bootstrap", "flat", "exploration"),
        ),
        mistake(
            "Values above 50 come before arrivals here. If an agent has never reached the flag, that comes first.",
            _order("bootstrap", "exploration", "flat"),
        ),
        mistake(
            'Arrivals are not asked about. Without any the word is "exploration", whatever the values are.',
            _order("bootstrap", "flat"),
            _order("flat", "bootstrap"),
        ),
        mistake(
            "Flat comes before bootstrap here. Values that are all near 60 are both; bootstrap is asked first.",
            _order("exploration", "flat", "bootstrap"),
        ),
        mistake(
            "*Above* 50, so 50 itself does not count: `>`, not `>=`.",
            _order("exploration", "bootstrap", "flat", bootstrap=lambda arrivals, low, high: high >= 50),
        ),
        mistake(
            "*Less* than 3 apart, so 3 apart is not flat: `<`, not `<=`.",
            _order("exploration", "bootstrap", "flat", flat=lambda arrivals, low, high: high - low <= 3),
        ),
        mistake(
            "Every value above 0 counts as bootstrap here. The limit is 50, since the healthy agent overshoots too.",
            _order("exploration", "bootstrap", "flat", bootstrap=lambda arrivals, low, high: high > 0),
            _order("exploration", "bootstrap", "flat", bootstrap=lambda arrivals, low, high: high >= 0),
        ),
        mistake(
            "The size of the highest value is compared, without its sign. -99 is not above 50.",
            _order("exploration", "bootstrap", "flat", bootstrap=lambda arrivals, low, high: abs(high) > 50),
        ),
        mistake(
            "The *lowest* value is compared with 50. It is the highest one that counts.",
            _order("exploration", "bootstrap", "flat", bootstrap=lambda arrivals, low, high: low > 50),
        ),
        mistake(
            'One arrival counts as none here. "No arrivals" means exactly 0.',
            _order("exploration", "bootstrap", "flat", exploration=lambda arrivals, low, high: arrivals <= 1),
        ),
        mistake(
            "The numbers are rounded first. Compare them as they are.",
            _order(
                "exploration", "bootstrap", "flat", flat=lambda arrivals, low, high: round(high - low) < 3
            ),
            _order("exploration", "bootstrap", "flat", bootstrap=lambda arrivals, low, high: int(high) > 50),
            _order(
                "exploration", "bootstrap", "flat", bootstrap=lambda arrivals, low, high: round(high) > 50
            ),
        ),
        mistake(
            "The lowest value is subtracted the wrong way round: `highest - lowest` is how far apart they are.",
            _order("exploration", "bootstrap", "flat", flat=lambda arrivals, low, high: low - high < 3),
            lambda arrivals, lowest, highest: _order("exploration", "bootstrap", "flat")(
                arrivals, highest, lowest
            ),
        ),
    ],
    hints=[
        "Three `if`s, in the order of the text, each with its own `return`, and a last `return`.",
        "Bootstrap: `highest > 50`. Flat: `highest - lowest < 3`.",
        'Without arrivals return "exploration" at once.',
    ],
    takeaway="A checklist of three lines. Yours will grow with every bug you meet.",
    result="word",
)
def where_to_look(arrivals: int, lowest: float, highest: float) -> str:
    """What to look at first: "exploration", "bootstrap", "flat" or "look closer"."""
    if arrivals == 0:
        return "exploration"
    if highest > 50:
        return "bootstrap"
    if highest - lowest < 3:
        return "flat"
    return "look closer"
