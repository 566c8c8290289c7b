"""Lesson 7: every right answer is right, every usual mistake is told by its name."""

import math
import statistics
from fractions import Fraction

import numpy as np
import pytest
from judging import assert_correct, assert_counterexample, assert_told, from_source

from dqn_lib.exercises import lesson07

EXERCISES = ["median_steps", "interval_of_mean", "chance_of_improvement"]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_as_it_is_shown_is_correct(name):
    exercise = getattr(lesson07, name)
    assert_correct(exercise, from_source(exercise.source, np=np))


def median_by_sorting(steps):
    inf = float("inf")
    ordered = sorted(inf if step is None else step for step in steps)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def median_by_the_standard_library(steps):
    return statistics.median(float("inf") if step is None else step for step in steps)


@pytest.mark.parametrize(
    "answer",
    [
        median_by_sorting,
        median_by_the_standard_library,
        lambda steps: np.median([s if s is not None else math.inf for s in steps]),
        lambda steps: (
            np.median(np.array(steps, dtype=float), axis=0) if None not in steps else median_by_sorting(steps)
        ),
        lambda steps: np.nan_to_num(np.array(steps, float), nan=np.inf).tolist() and median_by_sorting(steps),
        lambda steps: (
            np.percentile([np.inf if s is None else s for s in steps], 50, method="median_unbiased")
            if None not in steps
            else float(median_by_sorting(steps))
        ),
        lambda steps: float("inf") if steps.count(None) * 2 >= len(steps) else median_by_sorting(steps),
        lambda steps: np.median([*filter(None, steps), *[np.inf] * steps.count(None)]),
    ],
)
def test_a_median_may_be_written_in_many_ways(answer):
    assert_correct(lesson07.median_steps, answer)


def median_of_the_lucky(steps):
    lucky = [step for step in steps if step]
    return statistics.median(lucky) if lucky else float("inf")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (median_of_the_lucky, "are left out"),
        (lambda steps: statistics.median(step or 0 for step in steps), "counts as 0 steps"),
        (lambda steps: np.median([40_000 if s is None else s for s in steps]), "length of the run"),
        (lambda steps: sum(np.inf if s is None else s for s in steps) / len(steps), "This is the mean"),
        (lambda steps: [np.inf if s is None else float(s) for s in steps][len(steps) // 2], "*sorted* list"),
        (
            lambda steps: sorted(np.inf if s is None else s for s in steps)[len(steps) // 2],
            "two in the middle",
        ),
    ],
)
def test_a_usual_mistake_with_the_median_is_told(answer, words):
    assert_told(lesson07.median_steps, answer, words)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda steps: 0.0, ["`steps = [4000, 6000, None]`", "should be `6000`", "but is `0`"]),
        (lambda steps: max(median_by_sorting(steps), 4_000), ["`steps = [3000]`"]),
        (lambda steps: [6_000], ["should be `6000`"]),
    ],
)
def test_an_unknown_median_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson07.median_steps, answer, *words)


def interval_by_loop(values, draws):
    means = [sum(values[i] for i in row) / len(row) for row in draws]
    return np.quantile(means, 0.025), np.quantile(means, 0.975)


def interval_as_an_array(values, draws):
    return np.percentile(np.mean(np.take(values, draws), axis=-1), (2.5, 97.5))


@pytest.mark.parametrize(
    "answer",
    [
        interval_by_loop,
        interval_as_an_array,
        lambda values, draws: [np.percentile(values[draws].mean(1), p) for p in (2.5, 97.5)],
        lambda values, draws: tuple(np.quantile(values[draws].sum(1) / draws.shape[1], [0.025, 0.975])),
        lambda values, draws: (np.percentile(np.mean(values[draws], 1), q) for q in [2.5, 97.5]),
    ],
)
def test_an_interval_may_be_written_in_many_ways(answer):
    assert_correct(lesson07.interval_of_mean, answer)


def quantiles(samples, low, high):
    return float(np.quantile(samples, low)), float(np.quantile(samples, high))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda v, d: quantiles([v[row].mean() for row in d], 0.05, 0.95), "leaves 90 %"),
        (lambda v, d: (min(v[row].mean() for row in d), max(v[row].mean() for row in d)), "nothing is cut"),
        (lambda v, d: quantiles(v[d].mean(0), 0.025, 0.975), "over the wrong axis"),
        (lambda v, d: np.quantile(v[d].mean(1), [0.025, 0.975], method="nearest"), "Leave `method` out"),
        (lambda v, d: quantiles(np.median(v[d], 1), 0.025, 0.975), "interval of the median"),
        (lambda v, d: quantiles(v, 0.025, 0.975), "the values themselves are cut"),
        (lambda v, d: np.percentile(v[d].mean(1), [0.025, 0.975]), "counts in percent"),
        (lambda v, d: np.percentile(d.mean(1), [2.5, 97.5]), "The draws themselves are averaged"),
        (lambda v, d: v.mean() + np.array([-1.96, 1.96]) * v[d].mean(1).std(), "two standard errors"),
    ],
)
def test_a_usual_mistake_with_the_interval_is_told(answer, words):
    def interval(values, draws):
        return answer(values, draws)

    assert_told(lesson07.interval_of_mean, interval, words)


@pytest.mark.parametrize("width", [1.96, 2])
def test_two_standard_errors_are_recognised(width):
    def interval(values, draws):
        half = width * np.std(values, ddof=1) / len(values) ** 0.5
        return values.mean() - half, values.mean() + half

    assert_told(lesson07.interval_of_mean, interval, "two standard errors")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda values, draws: interval_by_loop(values, draws)[::-1], ["should be `"]),
        (lambda values, draws: interval_by_loop(values, draws)[0], ["It must have 2 parts, not be"]),
        (lambda values, draws: (*interval_by_loop(values, draws), 0.95), ["2 parts, not 3"]),
    ],
)
def test_an_unknown_interval_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson07.interval_of_mean, answer, *words)


def chance_by_loops(ours, theirs):
    points = 0
    for one in ours:
        for other in theirs:
            points += 1 if one > other else 0.5 if one == other else 0
    return points / len(ours) / len(theirs)


def chance_by_signs(ours, theirs):
    return np.mean(np.sign(np.subtract.outer(ours, theirs)) + 1) / 2


@pytest.mark.parametrize(
    "answer",
    [
        chance_by_loops,
        chance_by_signs,
        lambda ours, theirs: np.mean(
            [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs(ours, theirs)]
        ),
        lambda ours, theirs: (
            sum((a > b) + (a >= b) for a, b in pairs(ours, theirs)) / 2 / len(ours) / len(theirs)
        ),
        lambda ours, theirs: Fraction(
            sum((a > b) + (a >= b) for a, b in pairs(ours, theirs)), 2 * len(pairs(ours, theirs))
        ),
        lambda ours, theirs: np.heaviside(np.subtract.outer(ours, theirs), 0.5).mean(),
        lambda ours, theirs: statistics.fmean(np.heaviside(a - b, 0.5) for a in ours for b in theirs),
    ],
)
def test_a_chance_may_be_written_in_many_ways(answer):
    assert_correct(lesson07.chance_of_improvement, answer)


def pairs(ours, theirs):
    return [(one, other) for one in ours for other in theirs]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda ours, theirs: np.mean([a > b for a, b in pairs(ours, theirs)]), "Ties are not counted"),
        (lambda ours, theirs: np.mean([a >= b for a, b in pairs(ours, theirs)]), "A tie counts as a win"),
        (lambda ours, theirs: chance_by_loops(theirs, ours), "Turned round"),
        (lambda ours, theirs: np.mean([a > b for a, b in zip(ours, theirs)]), "compares the first run with"),  # noqa: B905
        (
            lambda ours, theirs: float(np.mean(ours) > np.mean(theirs)),
            "which mean is larger",
        ),
        (
            lambda ours, theirs: chance_by_loops(ours, theirs) * len(pairs(ours, theirs)),
            "how many pairs ours wins",
        ),
        (lambda ours, theirs: chance_by_loops(ours, theirs) * len(theirs), "divided by the runs of one"),
    ],
)
def test_a_usual_mistake_with_the_chance_is_told(answer, words):
    assert_told(lesson07.chance_of_improvement, answer, words)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda ours, theirs: 0.5, ["`ours = [-98]`", "should be `1`", "but is `0.5`"]),
        (lambda ours, theirs: 100 * chance_by_loops(ours, theirs), ["but is `100`"]),
    ],
)
def test_an_unknown_chance_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson07.chance_of_improvement, answer, *words)


@pytest.mark.parametrize(
    "answer",
    [
        lambda ours, theirs: (ours[:, None] > theirs[None, :]).mean(),  # as the last hint says
        lambda ours, theirs: np.mean(ours - theirs),
    ],
)
def test_arithmetic_with_lists_is_explained(answer):
    verdict = lesson07.chance_of_improvement.check(answer)
    assert "it raised TypeError" in verdict.message
    assert "make arrays of them first, `np.asarray(ours)`." in verdict.message


def test_what_the_questions_say_of_chances_is_so():
    from dqn_lib.statistics import wilson_interval

    assert 0.4 < wilson_interval(3, 3)[0] < 0.5
    assert round(0.8**3, 2) == 0.51
    assert round((2 / 3) ** 3, 1) == 0.3
