"""The benchmarks leave no unsolved run out, their files agree, and what loses an hour is told at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import compare_sb3  # noqa: E402
import time_to_solve  # noqa: E402
from common import median_or_never  # noqa: E402


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


def test_the_figures_in_the_files_are_those_of_their_runs():
    compared, solved = (
        json.loads((BENCHMARKS / "results" / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("compare_sb3", "time_to_solve")
    )
    derived = compare_sb3.derived(compared["runs"])
    assert {name: compared[name] for name in derived} == derived
    assert solved["summary"] == time_to_solve.summary(solved["runs"])


@pytest.mark.parametrize("summary", [compare_sb3.summary, time_to_solve.summary])
@pytest.mark.parametrize(
    ("steps", "median"),
    [
        ((1_000, 2_000, 6_000), 2_000),
        ((1_000, 2_000, 6_000, None, None), 6_000),  # without the two that failed it would be 2,000
        ((1_000, 2_000, None, None), None),
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
    with pytest.raises(ValueError, match="at least one number"):
        median_or_never([])


SCRIPTS = [
    path.name for path in sorted(BENCHMARKS.glob("*.py")) if '"--json"' in path.read_text(encoding="utf-8")
]


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(script, tmp_path):
    assert "time_to_solve.py" in SCRIPTS
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, BENCHMARKS / script, "--json", tmp_path / "file" / "results.json"],
        capture_output=True, text=True, check=False, timeout=60, cwd=BENCHMARKS.parent,
    )  # fmt: skip
    assert done.returncode == 2
    assert "argument --json: cannot be written: " in done.stderr
