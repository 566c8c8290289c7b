"""Lesson 8: agents that train and do not learn, and what one looks at."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.comparison import Rejected
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
            "Only the values below the floor are found. Above 0 none can be right either: nothing here ever earns a "
            "reward.",
            lambda values, gamma: np.asarray(values) < -1 / (1 - gamma),
        ),
        mistake(
            "Only the values above 0 are found. There is a floor too: -1 for every step without end adds up to "
            "-1 / (1 - gamma).",
            lambda values, gamma: np.asarray(values) > 0,
        ),
        mistake(
            "The floor has the wrong sign: 1 / (1 - gamma) is positive, and the rewards are not.",
            _bounds(lambda gamma: 1 / (1 - gamma)),
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
            "No value can be both, below the floor *and* above 0: join the two comparisons with `|`, not with `&`.",
            lambda values, gamma: np.zeros(len(values), bool),
        ),
        mistake(
            "Turned round: this marks the possible ones.",
            lambda values, gamma: (np.asarray(values) >= -1 / (1 - gamma)) & (np.asarray(values) <= 0),
        ),
    ],
    hints=[
        "The best that can happen: nothing is to be paid any more. The worst: -1 at every step, for ever.",
        "The worst adds up to -1 - gamma - gamma**2 - ... = -1 / (1 - gamma).",
        "Two comparisons, joined with `|`.",
    ],
    advice={
        "truth value of an array": "`or` and `and` ask one question of the whole array; `|` and `&` ask one of each entry."
    },
    insight="One line, and it would have caught exhibit G within a minute.",
    result="array",
)
def impossible(values: NDArray, gamma: float) -> NDArray:
    """True `(n,)` where a value is one that no policy can have, if every step costs 1."""
    return (values < -1 / (1 - gamma)) | (values > 0)


ROW, COLUMN = np.array([1.0, 4.0, 9.0]), np.array([[1.0], [2.0], [3.0]])


@exercise(
    cases=[
        (ROW, ROW - 2),
        (ROW, COLUMN),
        (COLUMN, ROW),
        (COLUMN, COLUMN * 3),
        (ROW[:1], COLUMN[:1]),  # a batch of one
        (COLUMN[:1].astype(np.float32), COLUMN[1:2].astype(np.float32)),
    ],
    mistakes=[
        mistake(
            "This is exhibit D: a row minus a column is a table of all differences. Bring both to the shape `(n,)` first.",
            lambda targets, estimates: np.asarray(targets) - np.asarray(estimates),
        ),
        mistake(
            "The sign is turned round: a TD error is target minus estimate.",
            lambda t, e: np.ravel(e) - np.ravel(t),
        ),
        mistake(
            "The results are columns of shape `(n, 1)`. Asked for is `(n,)`.",
            lambda targets, estimates: np.reshape(targets, (-1, 1)) - np.reshape(estimates, (-1, 1)),
        ),
        mistake(
            "With a batch of one, `squeeze` takes the only axis away too, and a single number is left. Say which shape you "
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
    ],
    hints=[
        "`np.ravel(x)` or `x.reshape(-1)` makes `(n,)` of both shapes.",
        "Target minus estimate.",
        "One line.",
    ],
    insight="Better still is to refuse: `assert targets.shape == estimates.shape` in the training step costs nothing.",
    result="array",
)
def td_errors(targets: NDArray, estimates: NDArray) -> NDArray:
    """The errors `(n,)`; each argument may have the shape `(n,)` or `(n, 1)`."""
    return np.ravel(targets) - np.ravel(estimates)


def _word(function: Callable, *arguments: object) -> object:
    """The answer, in small letters if it is a word."""
    said = call(function, *arguments)
    if not isinstance(said, str):
        raise Rejected(f"It must return one of the four words, not `{said!r}`.")
    return said.strip().lower()


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
    ],
    probe=_word,
    mistakes=[
        mistake(
            "The flat map comes first here. Of an agent that has never met the flag it says nothing: it *must* be flat. "
            "Ask for arrivals first.",
            _order("flat", "exploration", "bootstrap"),
            _order("flat", "bootstrap", "exploration"),
            _order("bootstrap", "flat", "exploration"),
        ),
        mistake(
            "Impossible values come before arrivals here. Of an agent that has met nothing, first ask why.",
            _order("bootstrap", "exploration", "flat"),
        ),
        mistake(
            "Flat comes before impossible here: values that are all near 60 are flat *and* impossible, and the "
            "second is the graver.",
            _order("exploration", "flat", "bootstrap"),
        ),
        mistake(
            "*Above* 50, so 50 itself is not impossible: `>`, not `>=`.",
            _order("exploration", "bootstrap", "flat", bootstrap=lambda arrivals, low, high: high >= 50),
        ),
        mistake(
            "*Less* than 3 apart, so 3 apart is not flat: `<`, not `<=`.",
            _order("exploration", "bootstrap", "flat", flat=lambda arrivals, low, high: high - low <= 3),
        ),
        mistake(
            "The lowest value is subtracted the wrong way round: `highest - lowest` is how far apart they are.",
            _order("exploration", "bootstrap", "flat", flat=lambda arrivals, low, high: low - high < 3),
        ),
    ],
    hints=[
        "Three `if`s, in the order of the text, and a last `return`.",
        "Flat: `highest - lowest < 3`. Impossible: `highest > 50`.",
        "An agent without arrivals is never asked anything else.",
    ],
    insight="A checklist of three lines. Yours will grow with every bug you meet.",
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
