"""Lesson 7: what it says in numbers is what the results say."""

import statistics

import numpy as np
import pytest

from dqn_lib.exercises import lesson07
from dqn_lib.experiments import load_results
from dqn_lib.statistics import bootstrap_interval, wilson_interval


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
    assert (lesson07.median_steps.reference(steps), statistics.median(filter(None, steps))) == (
        36_060.5,
        19_560.5,
    )
    assert (
        max(RUNS, key=lambda run: (run["variant"] == "not held") * (1_000 + run["final_return"]))["seed"] == 2
    )
    chance = lesson07.chance_of_improvement.reference
    ours, rng = of("base", "final_return"), np.random.default_rng(0)
    for name, expected, low, high in (
        ("not double", 0.68, 0.42, 0.91),
        ("layers of 24, 48, 24", 0.78, 0.55, 0.97),
    ):
        theirs = of(name, "final_return")
        assert chance(ours, theirs) == pytest.approx(expected, abs=0.006)
        draws = [chance(rng.choice(ours, 10), rng.choice(theirs, 10)) for _ in range(1_000)]
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
