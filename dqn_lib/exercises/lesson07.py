"""Lesson 7: what can be claimed after a few runs."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

one_seed = predict(
    "One run without held actions has just solved the hill. With nine more seeds there are ten runs. "
    "How many of the ten will solve it?",
    Choice("all ten", "One run shows only that it is possible. Run the next cell."),
    Choice("six", "And we might as well have shown you one of the other four.", right=True),
    Choice("one or two", "More than that. Run the next cell."),
)

three_of_three = predict(
    "An agent was trained with three seeds, and all three runs solved the task. From where does the 95 % "
    "interval of its success rate reach up to 100 %?",
    Choice(
        "from 100 %: there is nothing else",
        "An agent that succeeds four times in five solves three of three every second time: 0.8 cubed is 0.51.",
    ),
    Choice(
        "from about 80 %",
        "Lower: an agent that succeeds twice in three solves three of three 30 times in 100.",
    ),
    Choice(
        "from about 45 %",
        "Wilson's interval begins at 44 %: such an agent still solves three of three once in twelve. Three runs say "
        "little, even if they all say the same.",
        right=True,
    ),
)

time_limit = predict(
    "Lesson 1 warned of it: an agent that treats the time limit as terminal learns that after step 200 nothing "
    "more is to be paid. What will that do to it?",
    Choice("it will never solve the hill", "It does, nearly as fast as the whole agent. Look at its row."),
    Choice("it will end clearly worse", "That is what one would expect. Look at its row."),
    Choice(
        "nothing that ten seeds can show",
        "It is a well-known mistake, and here ten seeds cannot tell it from the whole agent.",
        right=True,
    ),
)


def _replaced(steps: Sequence[int | None], never: float = np.inf) -> list[float]:
    return [never if step is None else step for step in steps]


def _solved(steps: Sequence[int | None]) -> list[int]:
    return [step for step in steps if step is not None]


def _unsorted(steps: Sequence[int | None]) -> float:
    row = _replaced(steps)
    return (row[(len(row) - 1) // 2] + row[len(row) // 2]) / 2


def _interpolated(steps: Sequence[int | None]) -> float:
    with np.errstate(invalid="ignore"):
        return float(np.quantile(_replaced(steps), 0.5))


@exercise(
    cases=[
        ([4_000, 6_000, None],),
        ([None, None, 1_000],),
        ([3_000],),
        ([None, 2_000, 5_000, 9_000],),
        ([None, None],),
        ([1_000, None],),
        ([None, 2_000, None, 1_000],),
        ([2_000, 1_001],),
        ([9_000, 1_000, 2_000],),
        ([9_000, 1_000, 4_000, 3_000],),
    ],
    mistakes=[
        mistake(
            "The runs that were never solved are left out, as if they had not been made. Then an agent that fails "
            "nine times in ten, and is quick the tenth time, looks like the best of all. Count `None` as infinitely "
            "many steps.",
            lambda steps: float(np.median(_solved(steps) or [np.inf])),
            lambda steps: float(np.median(_solved(steps) or [np.nan])),
            lambda steps: (
                np.inf if len(_solved(steps)) < len(steps) / 2 else float(np.median(_solved(steps)))
            ),
            lambda steps: (
                np.inf if len(_solved(steps)) <= len(steps) / 2 else float(np.median(_solved(steps)))
            ),
        ),
        mistake(
            "`None` counts as 0 steps here, so failing makes an agent look fast.",
            lambda steps: float(np.median(_replaced(steps, 0))),
        ),
        mistake(
            "`None` counts as minus infinity here, so failing makes an agent look fast. A run that never gets there "
            "takes longer than any other: `np.inf`.",
            lambda steps: float(np.median(_replaced(steps, -np.inf))),
        ),
        mistake(
            "`None` counts as the length of the run, 40,000 steps. That would be true of a run which "
            "succeeded in the very last step; these did not. Use `np.inf`.",
            lambda steps: float(np.median(_replaced(steps, 40_000))),
        ),
        mistake(
            "`None` counts as the longest of the other runs here. It took longer than that: use `np.inf`.",
            lambda steps: float(np.median(_replaced(steps, max(_solved(steps), default=np.inf)))),
        ),
        mistake(
            "This takes the middle of the list as it is. Sort the runs first: the median is in the middle of the "
            "*sorted* list.",
            lambda steps: float(_replaced(steps)[len(steps) // 2]),
            lambda steps: float(_replaced(steps)[(len(steps) - 1) // 2]),
            _unsorted,
        ),
        mistake(
            "With an even number of runs there are two in the middle: the median is the mean of both.",
            lambda steps: float(sorted(_replaced(steps))[len(steps) // 2]),
            lambda steps: float(sorted(_replaced(steps))[(len(steps) - 1) // 2]),
        ),
        mistake(
            "This is the mean. A single run that fails makes it infinite; the median asks for the middle run.",
            lambda steps: float(np.mean(_replaced(steps))),
        ),
        mistake(
            "One run that fails makes this infinite already. The median is infinite only if a run in the middle of "
            "the sorted list is.",
            lambda steps: np.inf if None in steps else float(np.median(steps)),
        ),
        mistake(
            "`np.quantile` and `np.percentile` interpolate between two runs, and beside infinity that gives nan. "
            "`np.median` takes the middle as it is.",
            _interpolated,
        ),
        mistake(
            "Where the median is infinite this returns `None`. Return `np.inf`: it is a float, and larger than any "
            "other.",
            lambda steps: (
                None if np.isinf(np.median(_replaced(steps))) else float(np.median(_replaced(steps)))
            ),
        ),
        mistake(
            "A fraction is cut off: the mean of 1001 and 2000 is 1500.5. Return a float.",
            lambda steps: (
                np.inf if np.isinf(np.median(_replaced(steps))) else int(np.median(_replaced(steps)))
            ),
        ),
    ],
    hints=[
        "A run that was never solved took longer than any other: `np.inf`.",
        "Replace the `None`s first: `[np.inf if step is None else step for step in steps]`.",
        "Then `np.median` does the rest: it can deal with infinity.",
    ],
    advice={
        "'NoneType'": "`None` is no number and has no place in the order: put `np.inf` in its place first.",
        "cannot convert float infinity": "Infinity is a float and no integer: return it as it is.",
    },
    takeaway="An infinite median is an honest one: half of the runs, or more, never got there.",
    result="median",
)
def median_steps(steps: Sequence[int | None]) -> float:
    """The median number of steps until solved, a float; `None`, a run that was never solved, is infinite."""
    return float(np.median([np.inf if step is None else step for step in steps]))


VALUES = np.array([-98.0, -99.0, -101.0, -110.0, -150.0])
DRAWS = np.random.default_rng(7).integers(5, size=(200, 5))


def _ends(low: float, high: float, of: Callable = np.mean, axis: int = 1, method: str = "linear") -> Callable:
    return lambda values, draws: tuple(
        np.percentile(of(values[draws], axis=axis), [low, high], method=method)
    )


def _own_draws(columns: bool, method: str) -> Callable:
    def interval(values: NDArray, draws: NDArray) -> tuple[float, float]:
        size = (len(values), 10_000) if columns else draws.shape
        means = values[np.random.default_rng(0).integers(len(values), size=size)].mean(axis=1 - columns)
        return tuple(np.percentile(means, [2.5, 97.5], method=method))

    return interval


def _normal(width: float, ddof: int) -> Callable:
    """The mean plus and minus some standard errors, from the values themselves."""
    return lambda values, draws: tuple(
        values.mean() + np.array([-width, width]) * values.std(ddof=ddof) / np.sqrt(len(values))
    )


def _normal_of_means(width: float, centre: Callable) -> Callable:
    """The same with the standard deviation of the sample means."""
    return lambda values, draws: tuple(
        centre(values, draws) + np.array([-width, width]) * values[draws].mean(axis=1).std()
    )


def _centres() -> tuple[Callable, Callable]:
    return (lambda values, draws: values.mean()), (lambda values, draws: values[draws].mean())


@exercise(
    cases=[(VALUES[:2], DRAWS[:9, :2] % 2), (VALUES, DRAWS), (VALUES[::-1].copy(), DRAWS[:50])],
    mistakes=[
        mistake(
            "This cuts 5 % off at either side, which leaves 90 %. Of the 5 % in all, half goes at each side.",
            _ends(5, 95),
        ),
        mistake(
            "The idea is right. But these ends are rounded to means that really occurred, as the lesson's "
            "`bootstrap_interval` does. Leave `method` out.",
            *(_ends(2.5, 97.5, method=method) for method in ("nearest", "lower", "higher")),
        ),
        mistake("These are the smallest and the largest of the means: nothing is cut off.", _ends(0, 100)),
        mistake(
            "The mean is taken over the wrong axis: one sample is one *row* of `draws`.",
            _ends(2.5, 97.5, axis=0),
        ),
        mistake(
            "This is the interval of the median. The question was the mean.", _ends(2.5, 97.5, np.median)
        ),
        mistake(
            "This is the mean plus and minus two standard errors. Its ends may lie where no mean of these runs "
            "can ever be; the percentiles of the resampled means cannot.",
            *(_normal(width, ddof) for width in (1.96, 2) for ddof in (0, 1)),
            *(_normal_of_means(width, centre) for width in (1.96, 2) for centre in _centres()),
        ),
        mistake(
            "`np.percentile` counts in percent: 2.5 and 97.5. (0.025 and 0.975 are for `np.quantile`.)",
            _ends(0.025, 0.975),
        ),
        mistake(
            "The draws themselves are averaged. They are *positions*: `values[draws]` are the values.",
            lambda values, draws: tuple(np.percentile(draws.mean(axis=1), [2.5, 97.5])),
        ),
        mistake(
            "Here the values themselves are cut, not the means of samples. One run may lie anywhere; "
            "the question is where the mean lies.",
            lambda values, draws: tuple(np.percentile(values, [2.5, 97.5])),
        ),
        mistake(
            "These are percentiles of all the values that were drawn. Take the mean of each sample first, one for each "
            "row.",
            lambda values, draws: tuple(np.percentile(values[draws], [2.5, 97.5])),
        ),
        mistake(
            "Here samples are drawn once more. The samples are given: each row of `draws` is one.",
            *(_own_draws(columns, method) for columns in (True, False) for method in ("linear", "nearest")),
        ),
        mistake(
            "A sample is drawn *with* replacement: a value that comes twice counts twice. Here it counts once.",
            lambda values, draws: tuple(
                np.percentile([values[np.unique(row)].mean() for row in draws], [2.5, 97.5])
            ),
        ),
        mistake(
            "The values are sorted before they are drawn. Then a position in `draws` no longer belongs to its value.",
            lambda values, draws: tuple(np.percentile(np.sort(values)[draws].mean(axis=1), [2.5, 97.5])),
        ),
        mistake(
            "The two ends are in the wrong order: first the low one, then the high one.",
            lambda values, draws: tuple(np.percentile(values[draws].mean(axis=1), [97.5, 2.5])),
        ),
        mistake(
            "This is how wide the interval is. Return its two ends, `(low, high)`.",
            lambda values, draws: np.ptp(np.percentile(values[draws].mean(axis=1), [2.5, 97.5])),
        ),
    ],
    hints=[
        "`values[draws]` has the shape `(resamples, n)`: a sample in each row.",
        "Take the mean of each row: `.mean(axis=1)`.",
        "`np.percentile(means, [2.5, 97.5])` gives both ends.",
    ],
    advice={
        "range [0, 1]": "`np.quantile` takes fractions, 0.025 and 0.975; the percents are for `np.percentile`.",
    },
    takeaway="It holds all the uncertainty that the runs show, and none of what no run has shown.",
    result="pair of ends",
    tolerance=1e-4,
)
def interval_of_mean(values: NDArray, draws: NDArray) -> tuple[float, float]:
    """The ends `(low, high)` of the 95 % interval of the mean; each row of `draws` is one sample."""
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return low, high


def _share(better: Callable[[NDArray, NDArray], NDArray]) -> Callable:
    return lambda ours, theirs: float(np.mean(better(np.asarray(ours)[:, None], np.asarray(theirs)[None, :])))


def _points(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return sum((a > b) + 0.5 * (a == b) for a in ours for b in theirs)


def _first_with_first(tie: float, divide_by: Callable = min) -> Callable:
    def fraction(ours: Sequence[float], theirs: Sequence[float]) -> float:
        pairs = list(zip(ours, theirs, strict=False))
        return sum((a > b) + tie * (a == b) for a, b in pairs) / divide_by(len(ours), len(theirs))

    return fraction


def _cut(ours: Sequence[float], theirs: Sequence[float]) -> float:
    n = min(len(ours), len(theirs))
    return _points(ours[:n], theirs[:n]) / n**2


def _without_ties(ours: Sequence[float], theirs: Sequence[float]) -> float:
    higher, lower = (
        sum(a > b for a in one for b in other) for one, other in ((ours, theirs), (theirs, ours))
    )
    return higher / (higher + lower) if higher + lower else 0.5


@exercise(
    cases=[
        ([-98.0], [-100.0]),
        ([-98.0, -120.0], [-100.0, -110.0, -130.0]),
        ([-100.0, -100.0], [-100.0, -99.0]),
        ([-200.0, -98.0, -200.0], [-200.0, -150.0]),
        ([-98.2, -98.4], [-98.4]),
    ],
    mistakes=[
        mistake(
            "A tie counts nothing here. Two agents that never arrive would then each be better in 0 of all pairs. "
            "Let a tie count one half.",
            _share(lambda ours, theirs: ours > theirs),
        ),
        mistake(
            "A tie counts as a win here. Count it one half, or an agent beats its own twin every time.",
            _share(lambda ours, theirs: ours >= theirs),
        ),
        mistake(
            "Turned round: this is how often *theirs* is higher. Returns are negative, and the one closer "
            "to zero is the better one.",
            _share(lambda ours, theirs: (ours < theirs) + 0.5 * (ours == theirs)),
        ),
        mistake(
            "This compares the first run with the first, the second with the second. Seeds of two agents have "
            "nothing to do with each other: compare *every* run of ours with *every* run of theirs.",
            *(_first_with_first(tie, by) for tie in (0, 0.5) for by in (min, max)),
        ),
        mistake(
            "Both lists are cut to the length of the shorter one. All runs count, also if there are more of one kind.",
            _cut,
        ),
        mistake(
            "This only says which mean is larger. How often would a run of ours beat one of theirs?",
            lambda ours, theirs: float(np.mean(ours) > np.mean(theirs)),
            lambda ours, theirs: float(np.median(ours) > np.median(theirs)),
            lambda ours, theirs: _points([np.mean(ours)], [np.mean(theirs)]),
            lambda ours, theirs: _points([np.median(ours)], [np.median(theirs)]),
        ),
        mistake(
            "This compares our runs with one number of theirs, their median or mean. Compare them with *every* run of "
            "theirs.",
            lambda ours, theirs: _points(ours, [np.median(theirs)]) / len(ours),
            lambda ours, theirs: _points(ours, [np.mean(theirs)]) / len(ours),
        ),
        mistake(
            "This is how many pairs ours wins. The fraction is that number divided by the number of all pairs.",
            _points,
        ),
        mistake(
            "The wins are divided by a wrong number. There are `len(ours) * len(theirs)` pairs.",
            lambda ours, theirs: _points(ours, theirs) / len(ours),
            lambda ours, theirs: _points(ours, theirs) / len(theirs),
            lambda ours, theirs: _points(ours, theirs) / len(ours) ** 2,
            lambda ours, theirs: _points(ours, theirs) / len(theirs) ** 2,
        ),
        mistake(
            "Tied pairs are left out of the count. They are pairs too: each counts one half, and all pairs are divided by.",
            _without_ties,
        ),
        mistake(
            "This is wins minus losses, a number from -1 to 1. Count a win 1, a tie 0.5 and a loss 0.",
            _share(lambda ours, theirs: np.sign(ours - theirs)),
        ),
        mistake(
            "This is in percent. Return a fraction from 0 to 1.",
            lambda ours, theirs: 100 * _points(ours, theirs) / len(ours) / len(theirs),
        ),
        mistake(
            "`//` cuts the fraction off. Divide with `/`.",
            lambda ours, theirs: _points(ours, theirs) // (len(ours) * len(theirs)),
        ),
        mistake(
            "Only our first run is compared. Is the `return` inside the loop?",
            lambda ours, theirs: _points(ours[:1], theirs) / len(theirs),
        ),
        mistake(
            "Equal returns are counted once only, as in a set. Two runs that end alike are still two runs.",
            lambda ours, theirs: _points(set(ours), set(theirs)) / len(set(ours)) / len(set(theirs)),
        ),
        mistake(
            "The returns are rounded first, which makes ties of -98.2 and -98.4. Compare them as they are.",
            _share(
                lambda ours, theirs: (ours.round() > theirs.round()) + 0.5 * (ours.round() == theirs.round())
            ),
        ),
    ],
    hints=[
        "Two loops, one in the other: every run of ours against every run of theirs.",
        "A win counts 1, a tie 0.5, a loss 0. Then take the mean of all pairs.",
        "Without loops: make arrays, then `ours[:, None] > theirs[None, :]` is a table of all pairs.",
    ],
    advice={
        "list indices": "Lists know no `[:, None]`: make arrays of them first, `np.asarray(ours)`.",
        "'list' and 'list'": "Lists know no arithmetic: make arrays of them first, `np.asarray(ours)`.",
        "broadcast": "The lists have different lengths. Every run of ours meets every run of theirs: `ours[:, None]`.",
    },
    takeaway="One half means that neither is better. It assumes no normal distribution, and one outlier changes little.",
    result="fraction",
)
def chance_of_improvement(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The fraction of all pairs in which the run of ours ends higher; a tie counts one half."""
    ours, theirs = np.asarray(ours)[:, None], np.asarray(theirs)[None, :]
    return float(np.mean((ours > theirs) + 0.5 * (ours == theirs)))
