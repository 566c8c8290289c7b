"""A results file is read as it was written, or refused with the reason; a summary says what the runs say."""

import json
import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from dqn_lib.config import TableConfig
from dqn_lib.experiments import results
from dqn_lib.experiments.experiment import Q_TABLE, Experiment, Variant
from dqn_lib.experiments.results import ResultsError, encode, load_results, read_runs, summarise
from dqn_lib.experiments.runner import run
from dqn_lib.statistics import bootstrap_interval

BASE = Variant(
    agent=Q_TABLE, config=TableConfig(), steps=None, episodes=2, check_episodes=2, final_episodes=5
)
EXPERIMENT = Experiment("few", BASE, {"base": {}, "coarse": {"cells": 3}}, seeds=range(2))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("results") / "few.jsonl"
    run(EXPERIMENT, path, processes=1, progress=False)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path, written):
    (tmp_path / "few.jsonl").write_bytes(written)
    return tmp_path / "few.jsonl"


def lines(path):
    return path.read_bytes().splitlines(keepends=True)


def test_rows_are_tidy(path):
    rows = read_runs(path)
    assert [(row["variant"], row["seed"]) for row in rows] == [
        ("base", 0), ("base", 1), ("coarse", 0), ("coarse", 1),
    ]  # fmt: skip
    assert all(row.keys() == rows[0].keys() for row in rows)
    assert rows[2]["changes"] == {"cells": 3}
    assert rows[0]["versions"]["numpy"] and rows[0]["machine"]["cores"] >= 1
    assert rows[0]["error"] is None and rows[0]["final_return"] == -200
    assert rows[0]["episodes"] == 2 and rows[0]["steps"] == 400


@pytest.mark.parametrize("entry", ["variant", "seed", "error"])
def test_a_row_without_an_entry_is_refused_by_its_line(path, entry):
    header, first, *rows = lines(path)
    path.write_bytes(b"".join([header, first.replace(f'"{entry}"'.encode(), b'"other"', 1), *rows]))
    with pytest.raises(ResultsError, match=rf"few\.jsonl, line 2 must have the entry '{entry}'"):
        read_runs(path)


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_file_cut_off_in_a_line_is_refused_and_readable_in_part(path, cut):
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ResultsError, match="ends in the middle of a line"):
        read_runs(path)
    assert len(read_runs(path, partial=True)) == 3


def test_a_file_cut_off_between_lines_is_refused(path):
    path.write_bytes(b"".join(lines(path)[:3]))
    with pytest.raises(ResultsError, match=r"has 2 of 4 runs, not 'coarse' with seed 0"):
        read_runs(path)
    assert [row["seed"] for row in read_runs(path, partial=True)] == [0, 1]


def test_a_run_that_appears_twice_is_refused(path):
    path.write_bytes(path.read_bytes() + lines(path)[1])
    with pytest.raises(ResultsError, match=r"line 6: 'base' with seed 0 appears twice"):
        read_runs(path)


def test_another_format_is_refused(path):
    header = json.loads(lines(path)[0])
    path.write_bytes(encode({**header, "format": 99}) + b"".join(lines(path)[1:]))
    with pytest.raises(ResultsError, match="must be of format 2, got 99: it was written by another version"):
        read_runs(path)


@pytest.mark.parametrize("content", [b"", b"hello\n", b"{}\n", b"[1]\n", b"\xff\xfe\n"])
def test_another_kind_of_file_is_refused(tmp_path, content):
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(ResultsError):
        read_runs(tmp_path / "other")


def test_a_failed_run_is_refused_unless_partial_is_set(path):
    first = json.loads(lines(path)[1])
    broken = encode({**first, "error": "ValueError: no"})
    path.write_bytes(b"".join([lines(path)[0], broken, *lines(path)[2:]]))
    with pytest.raises(ResultsError, match="'base' with seed 0 failed: ValueError: no"):
        read_runs(path)
    assert len(read_runs(path, partial=True)) == 3
    path.write_bytes(path.read_bytes() + encode(first))  # tried again, and it went well
    assert len(read_runs(path)) == 4


COURSE = Path(__file__).parents[2] / "notebooks"


@pytest.mark.parametrize("there", [COURSE, COURSE.parent, None], ids=["notebooks", "checkout", "elsewhere"])
def test_the_results_of_the_lessons_are_found_from_everywhere(there, tmp_path, monkeypatch):
    expected = read_runs(COURSE / "results" / "tables.jsonl")
    monkeypatch.chdir(there or tmp_path)
    assert load_results("tables") == expected


@pytest.mark.parametrize("folder", ["results", "notebooks/results"])
def test_results_in_the_working_folder_come_first(folder, tmp_path, written, monkeypatch):
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "tables.jsonl").write_bytes(written)
    monkeypatch.chdir(tmp_path)
    assert len(load_results("tables")) == 4
    (tmp_path / folder / "tables.jsonl").write_bytes(written[:-1])
    with pytest.raises(ResultsError, match="ends in the middle of a line"):
        load_results("tables")


def test_missing_results_raise_with_advice(tmp_path):
    """The package alone, as somebody has it who did not clone the course."""
    shutil.copytree(COURSE.parent / "dqn_lib", tmp_path / "site" / "dqn_lib")
    (tmp_path / "lesson").mkdir()
    code = "from dqn_lib.experiments.results import load_results; load_results('tables')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "lesson", capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )  # fmt: skip
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("FileNotFoundError: ")]
    for words in (
        "the results tables.jsonl are in none of",
        str(tmp_path / "lesson" / "results"),
        "copy the folder notebooks/results of the course",
        "`make results`",
    ):
        assert words in said


# --- a summary, and what it was made with -------------------------------------------------------------


def rows(steps, finals):
    return [{"solved_at_step": step, "final_return": end} for step, end in zip(steps, finals, strict=True)]


def test_a_summary_by_hand():
    one = summarise(rows([4_000, 6_000, None], [-100.0, -110.0, -200.0]))
    assert (one.runs, one.solved, one.median_steps, one.worst_final) == (3, 2, 6_000, -200)
    assert one.mean_final == pytest.approx(-410 / 3)
    assert one.solved_interval == pytest.approx((0.2077, 0.9385), abs=1e-4)
    assert one.mean_final_interval == (-200, -100)
    assert one.median_steps_interval == (4_000, np.inf)
    assert summarise(rows([1_000, None, None], [-100.0] * 3)).median_steps == np.inf
    with pytest.raises(ValueError, match="rows must hold at least one run, got none"):
        summarise([])


def test_the_interval_of_a_median_is_not_that_of_the_mean():
    steps = [1_000, 1_100, 1_200, 1_300, 90_000]
    one = summarise(rows(steps, [-100.0] * 5))
    assert one.median_steps_interval == bootstrap_interval(steps, np.median) != bootstrap_interval(steps)


def test_the_versions_are_those_that_are_installed():
    found = results.versions("matplotlib", "a-package-that-nobody-has-written")
    assert found == {name: version(name) for name in (*results.PACKAGES, "matplotlib")}


def test_the_machine_is_this_one():
    here = results.machine()
    assert (here["python"], here["cores"]) == (platform.python_version(), os.cpu_count())
    assert here["processor"] and platform.system() in here["system"]
    if sys.platform.startswith("linux"):
        listed = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
        assert here["instructions"].split() == [name for name in results.INSTRUCTIONS if name in listed]
