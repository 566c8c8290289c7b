"""Lesson 7: what can be claimed after a few runs."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

one_seed = predict(
    "One run without held pushes has just solved the hill. You run nine more, with other seeds. "
    "How many of the ten will solve it?",
    Choice("all ten", "One run says that it is possible. Run the next cell."),
    Choice("six", "And you might as well have begun with one of the other four.", right=True),
    Choice("one or two", "More than that. Run the next cell."),
)

three_of_three = predict(
    "An agent was tried with three seeds, and all three solved the task. Which success rates can, at 95 % "
    "confidence, still be behind that?",
    Choice(
        "100 % only",
        "An agent that succeeds four times in five does this every second time: 0.8 cubed is 0.51.",
    ),
    Choice(
        "anything from about 80 %",
        "Lower: an agent that succeeds twice in three does this in 30 of 100 trials.",
    ),
    Choice(
        "anything from about 45 %",
        "Wilson draws the line at 44 %: such an agent still does this once in twelve trials. Three runs say "
        "little, even if they all say the same.",
        right=True,
    ),
)

time_limit = predict(
    "Lesson 1 warned of it: an agent that takes the time limit for an ending believes that after step 200 "
    "nothing more is to be paid. What will that do to it?",
    Choice("it will never solve the hill", "It does, as fast as the others. Look at its row."),
    Choice("it will end clearly worse", "So one would expect. Look at its row."),
    Choice(
        "nothing that ten seeds can show",
        "A well-known mistake, and here it costs nothing that shows.",
        right=True,
    ),
)


def _middle(never: Callable[[list], list]) -> Callable:
    return lambda steps: float(np.median(never(list(steps)) or [np.inf]))


@exercise(
    cases=[
        ([4_000, 6_000, None],),
        ([None, None, 1_000],),
        ([3_000],),
        ([None, 2_000, 5_000, 9_000],),
        ([None, None],),
        ([1_000, None],),
        ([None, 2_000, None, 1_000],),
        ([2_000, 1_000],),
    ],
    mistakes=[
        mistake(
            "The runs that were never solved are left out. Then an agent that fails nine times of ten, and is "
            "quick the tenth time, looks like the best of all. Count `None` as infinitely many steps.",
            _middle(lambda steps: [step for step in steps if step is not None]),
            lambda steps: float(np.median([step for step in steps if step is not None] or [np.nan])),
        ),
        mistake(
            "`None` counts as 0 steps here, so failing makes an agent look fast.",
            _middle(lambda steps: [step or 0 for step in steps]),
        ),
        mistake(
            "`None` counts as the length of the run, 40,000 steps. That would be true of a run which "
            "succeeded in the very last step; these did not. Use `np.inf`.",
            _middle(lambda steps: [40_000 if step is None else step for step in steps]),
        ),
        mistake(
            "This takes the middle of the list as it is. Sort the runs first: the middle one of the *sorted* list.",
            lambda steps: float([np.inf if step is None else step for step in steps][len(steps) // 2]),
        ),
        mistake(
            "With an even number of runs there are two in the middle: the median is the mean of both.",
            lambda steps: float(sorted(np.inf if s is None else s for s in steps)[len(steps) // 2]),
            lambda steps: float(sorted(np.inf if s is None else s for s in steps)[(len(steps) - 1) // 2]),
        ),
        mistake(
            "This is the mean. A single run that fails makes it infinite; the median asks for the middle run.",
            lambda steps: float(np.mean([np.inf if step is None else step for step in steps])),
        ),
    ],
    hints=[
        "A run that was never solved took longer than any other: `np.inf`.",
        "Replace the `None`s first: `[np.inf if step is None else step for step in steps]`.",
        "Then `np.median` does the rest; infinity is a number to it.",
    ],
    insight="An infinite median is an honest one: most of the runs never got there.",
    result="median",
)
def median_steps(steps: Sequence[int | None]) -> float:
    """The median number of steps until solved; `None` stands for a run that never was."""
    return float(np.median([np.inf if step is None else step for step in steps]))


VALUES = np.array([-98.0, -99.0, -101.0, -110.0, -150.0])
DRAWS = np.random.default_rng(0).integers(5, size=(200, 5))


def _ends(low: float, high: float, of: Callable = np.mean, axis: int = 1, method: str = "linear") -> Callable:
    return lambda values, draws: tuple(
        np.percentile(of(values[draws], axis=axis), [low, high], method=method)
    )


@exercise(
    cases=[(VALUES[:2], DRAWS[:9, :2] % 2), (VALUES, DRAWS), (VALUES[::-1].copy(), DRAWS[:50])],
    mistakes=[
        mistake(
            "This cuts 5 % off at either side, which leaves 90 %. Of the 5 % in all, half goes at each side.",
            _ends(5, 95),
        ),
        mistake(
            "The idea is right. But these ends are rounded to means that really occurred, as the lesson's `bootstrap` "
            "does. Leave `method` out.",
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
            lambda values, draws: tuple(
                values.mean() + np.array([-1.96, 1.96]) * values.std(ddof=1) / np.sqrt(len(values))
            ),
            lambda values, draws: tuple(
                values.mean() + np.array([-2, 2]) * values.std(ddof=1) / np.sqrt(len(values))
            ),
            lambda values, draws: tuple(
                values.mean() + np.array([-1.96, 1.96]) * values.std() / np.sqrt(len(values))
            ),
            lambda values, draws: tuple(
                values.mean() + np.array([-2, 2]) * values.std() / np.sqrt(len(values))
            ),
            lambda values, draws: tuple(
                values.mean() + np.array([-1.96, 1.96]) * values[draws].mean(axis=1).std()
            ),
            lambda values, draws: tuple(values.mean() + np.array([-2, 2]) * values[draws].mean(axis=1).std()),
        ),
        mistake(
            "`np.percentile` counts in percent: 2.5 and 97.5. (0.025 and 0.975 are for `np.quantile`.)",
            _ends(0.025, 0.975),
        ),
        mistake(
            "The draws themselves are averaged. They are *places*: `values[draws]` are the values.",
            lambda values, draws: tuple(np.percentile(draws.mean(axis=1), [2.5, 97.5])),
        ),
        mistake(
            "Here the values themselves are cut, not the means of samples. One dot may lie anywhere; "
            "the question is where their mean lies.",
            lambda values, draws: tuple(np.percentile(values, [2.5, 97.5])),
        ),
    ],
    hints=[
        "`values[draws]` has the shape `(resamples, n)`: a sample in each row.",
        "Take the mean of each row: `.mean(axis=1)`.",
        "`np.percentile(means, [2.5, 97.5])` gives both ends.",
    ],
    insight="All the uncertainty that the runs themselves can tell of, and none of what they never met.",
    result="pair of ends",
    tolerance=1e-4,
)
def interval_of_mean(values: NDArray, draws: NDArray) -> tuple[float, float]:
    """The ends of the 95 % interval of the mean; each row of `draws` says which values a sample has."""
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return low, high


def _share(better: Callable[[NDArray, NDArray], NDArray]) -> Callable:
    return lambda ours, theirs: float(np.mean(better(np.asarray(ours)[:, None], np.asarray(theirs)[None, :])))


def _same_seed(ours: Sequence[float], theirs: Sequence[float]) -> float:
    n = min(len(ours), len(theirs))
    return float(np.mean(np.asarray(ours)[:n] > np.asarray(theirs)[:n]))


@exercise(
    cases=[
        ([-98.0], [-100.0]),
        ([-98.0, -120.0], [-100.0, -110.0, -130.0]),
        ([-100.0, -100.0], [-100.0, -99.0]),
        ([-200.0, -98.0, -200.0], [-200.0, -150.0]),
    ],
    mistakes=[
        mistake(
            "Ties are not counted at all. Two agents that never arrive would then each have a chance of 0 to be "
            "the better one. Let a tie count one half.",
            _share(lambda ours, theirs: ours > theirs),
        ),
        mistake(
            "A tie counts as a win here. Count it one half, or an agent beats its own twin every time.",
            _share(lambda ours, theirs: ours >= theirs),
        ),
        mistake(
            "Turned round: this is the chance that *theirs* is better. Returns are negative, and the one closer "
            "to zero is the better one.",
            _share(lambda ours, theirs: (ours < theirs) + 0.5 * (ours == theirs)),
        ),
        mistake(
            "This compares the first run with the first, the second with the second. Seeds of two agents have "
            "nothing to do with each other: compare *every* run of ours with *every* run of theirs.",
            _same_seed,
        ),
        mistake(
            "This only says which mean is larger. How often would a run of ours beat one of theirs?",
            lambda ours, theirs: float(np.mean(ours) > np.mean(theirs)),
            lambda ours, theirs: float(np.median(ours) > np.median(theirs)),
        ),
        mistake(
            "This is how many pairs ours wins. The chance is that number divided by all pairs.",
            lambda ours, theirs: float(sum((a > b) + 0.5 * (a == b) for a in ours for b in theirs)),
        ),
        mistake(
            "The wins are divided by the runs of one of the two. There are `len(ours) * len(theirs)` pairs.",
            lambda ours, theirs: sum((a > b) + 0.5 * (a == b) for a in ours for b in theirs) / len(ours),
            lambda ours, theirs: sum((a > b) + 0.5 * (a == b) for a in ours for b in theirs) / len(theirs),
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
    },
    insight="One half means: a toss-up. It needs no normal distribution and minds no outlier.",
    result="chance",
)
def chance_of_improvement(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The chance that a run of ours ends better than a run of theirs; a tie counts one half."""
    ours, theirs = np.asarray(ours)[:, None], np.asarray(theirs)[None, :]
    return float(np.mean((ours > theirs) + 0.5 * (ours == theirs)))
