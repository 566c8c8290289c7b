"""What the benchmarks derive from their runs: unsolved ones are never left out, and the files agree."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import compare_sb3  # noqa: E402
import time_to_solve  # noqa: E402
from common import median_or_never  # noqa: E402


def stored(name):
    return json.loads((ROOT / "benchmarks" / "results" / name).read_text(encoding="utf-8"))


def runs(*steps):
    return [
        {
            "solved_at_step": step,
            "solved_seconds": step and step / 1_000,
            "compile_seconds": 1.0,
            "final_return": -100.0,
        }
        for step in steps
    ]


def test_the_figures_in_the_comparison_are_those_of_its_runs():
    whole = stored("compare_sb3.json")
    derived = compare_sb3.derived(whole["runs"])
    assert {name: whole[name] for name in derived} == derived


def test_the_figures_of_time_to_solve_are_those_of_its_runs():
    whole = stored("time_to_solve.json")
    assert whole["summary"] == time_to_solve.summary(whole["runs"])


@pytest.mark.parametrize("summary", [compare_sb3.summary, time_to_solve.summary])
@pytest.mark.parametrize(
    ("steps", "median"),
    [
        ((1_000, 2_000, 6_000), 2_000),
        ((1_000, 2_000, 6_000, None, None), 6_000),  # without the two that failed it would be 2,000
        ((1_000, 2_000, None, None), None),
        ((1_000, None, None), None),
        ((None,), None),
    ],
)
def test_a_run_that_was_not_solved_makes_no_median_better(summary, steps, median):
    found = summary(runs(*steps))
    assert found["median_steps"] == median
    assert found["median_seconds"] == (None if median is None else median / 1_000)
    assert found["solved"] == f"{len(steps) - steps.count(None)}/{len(steps)}"
    if "slowest_steps" in found:
        assert found["slowest_steps"] == (None if None in steps else max(steps))


def test_a_ratio_with_what_never_came_is_none():
    found = compare_sb3.derived({"ours": runs(1_000, 3_000), "sb3": runs(50_000, None, None)})
    assert (found["ratio"], found["ratio_with_compiling"]) == (None, None)
    found = compare_sb3.derived({"ours": runs(1_000, 3_000), "sb3": runs(50_000, 60_000, None)})
    assert (found["ratio"], found["ratio_with_compiling"]) == (30.0, 20.0)


def test_a_median_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one number"):
        median_or_never([])
