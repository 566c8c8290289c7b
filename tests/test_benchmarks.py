"""The benchmarks run for an hour: what would lose their results is told at once."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = [
    path.name for path in sorted(BENCHMARKS.glob("*.py")) if '"--json"' in path.read_text(encoding="utf-8")
]


def test_there_are_benchmarks_that_write_results():
    assert {"time_to_solve.py", "footprint.py", "lessons.py"} <= set(SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(script, tmp_path):
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, BENCHMARKS / script, "--json", tmp_path / "file" / "results.json"],
        capture_output=True, text=True, check=False, timeout=60, cwd=BENCHMARKS.parent,
    )  # fmt: skip
    assert done.returncode == 2
    assert "argument --json: cannot be written: " in done.stderr
