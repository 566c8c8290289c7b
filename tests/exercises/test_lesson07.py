"""Lesson 7: right answers are accepted, usual mistakes are named, its numbers are those of the results."""

import math
import statistics
from fractions import Fraction

import numpy as np
import pytest
from judging import assert_correct, assert_counterexample, assert_told, from_source

from dqn_lib.exercises import lesson07
from dqn_lib.experiments import load_results
from dqn_lib.statistics import bootstrap_interval, wilson_interval

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
        (
            lambda steps: math.inf if steps.count(None) * 2 > len(steps) else median_of_the_lucky(steps),
            "are left out",
        ),
        (lambda steps: np.median([-np.inf if s is None else s for s in steps]), "counts as minus infinity"),
        (
            lambda steps: np.median(
                [max(filter(None, steps), default=np.inf) if s is None else s for s in steps]
            ),
            "counts as the longest",
        ),
        (
            lambda steps: np.mean(
                [np.inf if steps[i] is None else steps[i] for i in (len(steps) // 2, (len(steps) - 1) // 2)]
            ),
            "*sorted* list",
        ),
        (lambda steps: math.inf if None in steps else statistics.median(steps), "infinite already"),
        (
            lambda steps: None if math.isinf(median_by_sorting(steps)) else median_by_sorting(steps),
            "returns `None`",
        ),
        (
            lambda steps: (
                math.inf if math.isinf(median_by_sorting(steps)) else math.floor(median_by_sorting(steps))
            ),
            "A fraction is cut off",
        ),
    ],
)
def test_a_usual_mistake_with_the_median_is_named(answer, words):
    assert_told(lesson07.median_steps, answer, words)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_quantile_beside_infinity_is_explained():
    def interpolated(steps):
        return np.percentile([np.inf if s is None else s for s in steps], 50)

    assert_told(lesson07.median_steps, interpolated, "interpolate between two runs")


def test_none_among_numbers_is_explained():
    verdict = lesson07.median_steps.check(lambda steps: sorted(steps)[len(steps) // 2])
    assert "it raised TypeError" in verdict.message and "put `np.inf` in its place" in verdict.message


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
        lambda values, draws: np.array([*np.quantile(np.mean(values[draws], 1), [0.025, 0.975])]),
    ],
)
def test_an_interval_may_be_written_in_many_ways(answer):
    assert_correct(lesson07.interval_of_mean, answer)


def quantiles(samples, low, high):
    return float(np.quantile(samples, low)), float(np.quantile(samples, high))


def own_interval(values, resamples, axis):
    """As the lesson does it, with samples of its own in columns, or in rows."""
    size = (resamples, len(values)) if axis else (len(values), resamples)
    drawn = values[np.random.default_rng(0).integers(len(values), size=size)]
    return np.quantile(drawn.mean(axis=axis), [0.025, 0.975])


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
        (lambda v, d: v[d].mean() + np.array([-2, 2]) * np.std(np.mean(v[d], 1)), "two standard errors"),
        (lambda v, d: np.percentile(v[d].ravel(), [2.5, 97.5]), "all the values that were drawn"),
        (lambda v, d: own_interval(v, len(d), axis=1), "samples are drawn once more"),
        (lambda v, d: own_interval(v, 10_000, axis=0), "samples are drawn once more"),
        (lambda v, d: quantiles([v[list({*row})].mean() for row in d], 0.025, 0.975), "*with* replacement"),
        (lambda v, d: interval_by_loop(np.array(sorted(v)), d), "sorted before they are drawn"),
        (lambda v, d: interval_by_loop(v, d)[::-1], "in the wrong order"),
        (lambda v, d: np.diff(interval_by_loop(v, d)).item(), "how wide the interval is"),
    ],
)
def test_a_usual_mistake_with_the_interval_is_named(answer, words):
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
        (lambda values, draws: np.add(interval_by_loop(values, draws), 1), ["should be `"]),
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


def chance_without_ties(ours, theirs):
    decided = [one > other for one, other in pairs(ours, theirs) if one != other]
    return float(np.mean(decided or [0.5]))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda ours, theirs: np.mean([a > b for a, b in pairs(ours, theirs)]), "A tie counts nothing"),
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
        (lambda ours, theirs: chance_by_loops(ours, theirs) * len(theirs), "divided by a wrong number"),
        (
            lambda ours, theirs: chance_by_loops(ours, theirs) * len(theirs) / len(ours),
            "divided by a wrong number",
        ),
        (
            lambda ours, theirs: np.mean([np.heaviside(a - b, 0.5) for a, b in zip(ours, theirs)]),  # noqa: B905
            "compares the first run with",
        ),
        (
            lambda ours, theirs: chance_by_loops(
                *(runs[: min(len(ours), len(theirs))] for runs in (ours, theirs))
            ),
            "cut to the length",
        ),
        (lambda ours, theirs: chance_by_loops([np.mean(ours)], [np.mean(theirs)]), "which mean is larger"),
        (lambda ours, theirs: chance_by_loops(ours, [statistics.median(theirs)]), "one number of theirs"),
        (chance_without_ties, "Tied pairs are left out"),
        (lambda ours, theirs: 2 * chance_by_loops(ours, theirs) - 1, "wins minus losses"),
        (lambda ours, theirs: 100 * chance_by_loops(ours, theirs), "in percent"),
        (lambda ours, theirs: math.floor(chance_by_loops(ours, theirs)), "cuts the fraction off"),
        (lambda ours, theirs: chance_by_loops(ours[:1], theirs), "Only our first run"),
        (lambda ours, theirs: chance_by_loops({*ours}, {*theirs}), "counted once only"),
        (lambda ours, theirs: chance_by_loops(np.round(ours), np.round(theirs)), "are rounded first"),
    ],
)
def test_a_usual_mistake_with_the_chance_is_named(answer, words):
    assert_told(lesson07.chance_of_improvement, answer, words)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda ours, theirs: 0.5, ["`ours = [-98]`", "should be `1`", "but is `0.5`"]),
        (lambda ours, theirs: 1 - chance_by_loops(ours, theirs) / 2, ["but is `0.5`"]),
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
    assert 0.435 < wilson_interval(3, 3)[0] < 0.445 and 11.5 < 0.44**-3 < 12.5
    assert round(0.8**3, 2) == 0.51
    assert round((2 / 3) ** 3, 1) == 0.3


RUNS = load_results("networks")
FEW = ("base", "not double", "copied every step", "inputs in [-1, 1]", "not held")


def of(variant, column):
    return [run[column] for run in RUNS if run["variant"] == variant]


def selected(seeds, selection):
    """The runs that the lesson's sliders show, by variant."""
    rng = np.random.default_rng(selection)
    return {
        name: list(rng.permutation([run for run in RUNS if run["variant"] == name])[:seeds]) for name in FEW
    }


def test_what_the_lesson_answers_about_selections_is_so():
    finals = {
        (seeds, selection): {
            name: [run["final_return"] for run in runs] for name, runs in selected(seeds, selection).items()
        }
        for seeds in (1, 3)
        for selection in range(1, 31)
    }
    three = {selection: means for (seeds, selection), means in finals.items() if seeds == 3}
    assert [n for n, f in three.items() if np.mean(f["not double"]) > np.mean(f["base"])] == [16, 26]
    solved = {n: sum(run["solved_at_step"] is not None for run in selected(3, n)["not held"]) for n in three}
    assert [n for n, count in solved.items() if count == 3] == [20, 22]
    assert [n for n, count in solved.items() if count == 0] == [8, 11]
    assert (
        bootstrap_interval(three[8]["not held"]) == bootstrap_interval(three[11]["not held"]) == (-200, -200)
    )
    ones = {selection: means for (seeds, selection), means in finals.items() if seeds == 1}
    lost = {n: means["base"][0] - means["copied every step"][0] for n, means in ones.items()}
    assert [n for n, steps in lost.items() if steps < 1] == [5, 16] and sorted(lost.values())[2] > 5


def settled(seeds, selection):
    """The pairs of variants whose intervals lie apart."""
    ends = {
        name: bootstrap_interval([run["final_return"] for run in runs], resamples=2_000)
        for name, runs in selected(seeds, selection).items()
    }
    return {
        (one, other)
        for place, one in enumerate(FEW)
        for other in FEW[place + 1 :]
        if ends[one][1] < ends[other][0] or ends[other][1] < ends[one][0]
    }


def test_what_the_lesson_answers_about_settled_comparisons_is_so():
    upper = {(one, other) for one in FEW[:2] for other in FEW[2:]}
    assert sum(upper <= settled(5, selection) for selection in range(1, 31)) >= 28
    every = {(one, other) for place, one in enumerate(FEW) for other in FEW[place + 1 :]}
    assert every - settled(10, 1) == {("base", "not double"), ("copied every step", "not held")}


def test_what_the_lesson_says_of_medians_and_chances_is_so():
    steps = of("not held", "solved_at_step")
    assert (median_by_sorting(steps), statistics.median(filter(None, steps))) == (36_060.5, 19_560.5)
    assert (
        max(RUNS, key=lambda run: (run["variant"] == "not held") * (1_000 + run["final_return"]))["seed"] == 2
    )
    ours, rng = of("base", "final_return"), np.random.default_rng(0)
    for name, chance, low, high in (
        ("not double", 0.68, 0.42, 0.91),
        ("layers of 24, 48, 24", 0.78, 0.55, 0.97),
    ):
        theirs = of(name, "final_return")
        assert chance_by_loops(ours, theirs) == pytest.approx(chance, abs=0.006)
        draws = [chance_by_signs(rng.choice(ours, 10), rng.choice(theirs, 10)) for _ in range(1_000)]
        assert np.percentile(draws, [2.5, 97.5]) == pytest.approx([low, high], abs=0.03)
    assert np.mean(ours) - np.mean(theirs) == pytest.approx(1 / 3, abs=0.05)


def test_what_the_lesson_says_of_the_table_is_so():
    means = {name: np.mean(of(name, "final_return")) for name in TABLE}
    lost = {name: means["base"] - mean for name, mean in means.items()}
    alike = [name for name in TABLE[1:] if lost[name] < 0.5]
    late = [name for name in TABLE if lost[name] > 5 and sum(map(bool, of(name, "solved_at_step"))) >= 6]
    never = [name for name in TABLE if not any(of(name, "solved_at_step"))]
    assert (len(alike), len(late), never) == (5, 7, ["memory 64", "gamma 0.85"])
    assert (round(min(map(lost.get, late))), round(max(map(lost.get, late)))) == (7, 59)
    lowest = bootstrap_interval(of("base", "final_return"))[0]
    assert all(bootstrap_interval(of(name, "final_return"))[1] > lowest for name in alike)


TABLE = (
    "base", "not held", "one step", "memory 500", "memory 64", "copied every step", "not double",
    "gamma 0.95", "gamma 0.85", "inputs in [-1, 1]", "raw inputs", "layers of 24, 48, 24", "zero biases",
    "values from 0", "time limit as terminal",
)  # fmt: skip


def test_fifty_to_sixty_runs_tell_60_from_90_percent():
    rng = np.random.default_rng(0)

    def apart(runs):
        few, many = rng.binomial(runs, [[0.6], [0.9]], size=(2, 1_000))
        ends = {count: wilson_interval(count, runs) for count in {*few.tolist(), *many.tolist()}}
        return np.mean([ends[a][1] < ends[b][0] for a, b in zip(few.tolist(), many.tolist(), strict=True)])

    assert apart(45) < 0.8 < apart(62) and apart(10) == pytest.approx(1 / 15, abs=0.03)
