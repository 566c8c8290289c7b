"""Experiments in real processes: interrupted, resumed, with failures, with workers that die."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import deadly
import pytest
from filelock import FileLock

from dqn_lib.config import TableConfig
from dqn_lib.experiments.experiment import Experiment, Variant
from dqn_lib.experiments.results import ResultsError, read_runs
from dqn_lib.experiments.runner import LOST, next_round, run

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
TABLE = Variant(config=TableConfig(), steps=None, episodes=2, check_episodes=2, final_episodes=5)
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])])}


def experiment(agent, seeds=4, **base):
    base = TABLE.changed({"agent": agent, **base})
    return Experiment("short", base, {"base": {}, "coarse": {"cells": 3}}, seeds=range(seeds))


def keys(rows):
    return [(row["variant"], row["seed"]) for row in rows]


def outcomes(rows):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def errors(path):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return {(row["variant"], row["seed"]): row["error"] for row in rows if row["error"]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results" / "short.jsonl"


def test_the_rows_do_not_depend_on_the_number_of_processes(path, tmp_path):
    calm = experiment("dqn_lib.agents.q_table:QTableAgent")
    rows = run(calm, path, processes=2, progress=False)
    assert keys(rows) == [job.key for job in calm.jobs()]
    alone = run(calm, tmp_path / "alone.jsonl", processes=1, progress=False)
    assert outcomes(rows) == outcomes(alone)
    assert read_runs(path) == rows
    assert run(calm, path, progress=False) == rows  # nothing was made again: the same seconds


def test_another_seed_or_variant_is_added_to_what_is_there(path):
    whole = experiment("dqn_lib.agents.q_table:QTableAgent")
    first = run(whole.only("coarse", seeds=[1]), path, processes=1, progress=False)
    rows = run(whole, path, processes=1, progress=False)
    assert keys(rows) == [job.key for job in whole.jobs()]
    assert rows[5] == first[0]


def test_a_failure_is_recorded_and_stops_no_other(path):
    rows = run(experiment(deadly.Failing), path, processes=2, progress=False)
    assert keys(rows) == [(name, seed) for name in ("base", "coarse") for seed in (0, 2, 3)]
    sentence = "ValueError: seed 1 is not to my liking"
    assert errors(path) == {("base", 1): sentence, ("coarse", 1): sentence}


def test_a_failed_run_is_repeated_and_counted_once(path, monkeypatch):
    run(experiment(deadly.Failing), path, processes=1, progress=False)
    monkeypatch.setattr(deadly.Failing, "end_episode", lambda agent: None)
    rows = run(experiment(deadly.Failing), path, processes=1, progress=False)
    assert len(rows) == len(set(keys(rows))) == 8
    assert len(path.read_text(encoding="utf-8").splitlines()) == 9


def test_a_job_that_kills_its_process_is_found_and_the_others_finish(path):
    rows = run(experiment(deadly.Deadly), path, processes=2, progress=False)
    assert keys(rows) == [(name, seed) for name in ("base", "coarse") for seed in (0, 1, 3)]
    assert errors(path) == {("base", 2): LOST, ("coarse", 2): LOST}


def test_a_process_that_is_killed_once_loses_no_run(path, tmp_path, monkeypatch):
    marks = tmp_path / "marks"
    marks.mkdir()
    monkeypatch.setenv(deadly.MARKS, str(marks))
    rows = run(experiment(deadly.Deadly), path, processes=2, progress=False)
    assert [mark.name for mark in marks.iterdir()] == ["2"]
    assert len(rows) == len(set(keys(rows))) == 8
    assert errors(path) == {}


def test_after_two_kills_the_other_runs_are_parallel_again(path, tmp_path, monkeypatch):
    marks, register = tmp_path / "marks", tmp_path / "register"
    for variable, folder in ((deadly.MARKS, marks), (deadly.REGISTER, register)):
        folder.mkdir()
        monkeypatch.setenv(variable, str(folder))
    rows = run(experiment(deadly.TwiceDeadly, seeds=10), path, processes=2, progress=False)
    assert {mark.name for mark in marks.iterdir()} == {"0", "3"}
    assert len(rows) == len(set(keys(rows))) == 20
    assert errors(path) == {}
    # Two rounds that end with a death, two runs alone, and the rest on two processes again.
    assert len(list(register.iterdir())) <= 8


def test_a_run_that_raises_system_exit_stops_no_other(path):
    rows = run(experiment(deadly.Leaving), path, processes=1, progress=False)
    assert len(rows) == 6
    assert errors(path) == {("base", 1): "SystemExit: I leave", ("coarse", 1): "SystemExit: I leave"}


def test_a_link_is_followed_to_its_file(path, tmp_path):
    whole = experiment("dqn_lib.agents.q_table:QTableAgent")
    run(whole.only("base"), path, processes=1, progress=False)
    link = tmp_path / "link.jsonl"
    try:
        link.symlink_to(path)
    except OSError as error:  # Windows lets only administrators and developers do so
        pytest.skip(f"no symbolic link can be made here: {error}")
    rows = run(whole, link, processes=1, progress=False)
    assert link.is_symlink()
    assert read_runs(path) == rows and len(rows) == 8
    with (
        FileLock(f"{path.resolve()}.lock"),
        pytest.raises(ResultsError, match=r"short\.jsonl is in use by another process"),
    ):
        run(whole, link, progress=False)


@pytest.mark.parametrize("make", ["mkdir", "mkfifo"])
def test_what_is_not_a_file_is_refused_and_unchanged(tmp_path, make):
    if not hasattr(os, make):
        pytest.skip("there are no named pipes in a folder on Windows")
    path = tmp_path / "something"
    getattr(os, make)(path)
    before = path.stat()
    with pytest.raises(ResultsError, match=r"path must be a file or a new name, got .*something"):
        run(experiment("dqn_lib.agents.q_table:QTableAgent"), path, processes=1, progress=False)
    assert (path.stat().st_ino, path.stat().st_mode) == (before.st_ino, before.st_mode)
    assert list(tmp_path.iterdir()) == [path]


def test_an_own_environment_is_used_for_training_and_evaluation(path):
    own = experiment("dqn_lib.agents.q_table:QTableAgent", environment=deadly.short_car)
    rows = run(own, path, processes=2, progress=False)
    assert {row["steps"] for row in rows} == {20}
    assert {row["final_return"] for row in rows} == {-10}


SCRIPT = """
import sys
import tempfile
import deadly
from test_runner import experiment
from dqn_lib.experiments.runner import run
run(experiment(deadly.Slow), sys.argv[1], processes=2)
"""


needs_groups = pytest.mark.skipif(
    not hasattr(os, "killpg"), reason="Windows cannot kill a program and all its processes at one stroke"
)


def started(script, path):
    path.parent.mkdir()
    command = [sys.executable, "-c", script, str(path)]
    return subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, start_new_session=True)


@needs_groups
def test_an_interrupted_experiment_continues(path):
    with started(SCRIPT, path) as process:
        deadline = time.monotonic() + 60
        while not (path.exists() and path.read_bytes().count(b"\n") >= 3):
            assert time.monotonic() < deadline, "no run was ever written down"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    before = read_runs(path, partial=True)
    assert 2 <= len(before) < 8
    rows = run(experiment(deadly.Slow), path, processes=2, progress=False)
    assert len(rows) == 8
    assert [row for row in rows if row in before] == before


def is_alive(process_number):
    try:
        os.kill(process_number, 0)
    except ProcessLookupError:
        return False
    return True


@needs_groups
def test_workers_end_when_their_parent_is_killed(path, tmp_path, monkeypatch):
    register = tmp_path / "register"
    register.mkdir()
    monkeypatch.setitem(ENVIRONMENT, deadly.REGISTER, str(register))
    with started(SCRIPT, path) as process:
        deadline = time.monotonic() + 60
        while len(workers := [int(entry.name) for entry in register.iterdir()]) < 2:
            assert time.monotonic() < deadline, "no two processes ever worked"
            time.sleep(0.05)
        process.kill()
    assert process.pid not in workers
    deadline = time.monotonic() + 10
    while any(map(is_alive, workers)):
        assert time.monotonic() < deadline, "they are still there"
        time.sleep(0.1)


@needs_groups
def test_two_processes_cannot_write_to_one_file(path):
    with started(SCRIPT, path) as process:
        while not path.exists():
            time.sleep(0.02)
        try:
            with pytest.raises(ResultsError, match=r"short\.jsonl is in use by another process"):
                run(experiment(deadly.Slow), path, progress=False)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


FULL_DISK = """
import resource, sys, warnings
from test_runner import experiment
from dqn_lib.experiments.runner import run
from dqn_lib.experiments.results import ResultsError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
warnings.simplefilter("always")
try:
    run(experiment("dqn_lib.agents.q_table:QTableAgent"), sys.argv[1], processes=1, progress=False)
except ResultsError as error:
    print(error)
"""


@pytest.mark.skipif(
    importlib.util.find_spec("resource") is None,
    reason="Windows cannot limit the size of a file that a process writes",
)
def test_a_full_disk_raises_and_keeps_what_was_written(path):
    path.parent.mkdir()
    command = [sys.executable, "-c", FULL_DISK, str(path), "3500"]
    full = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=120)
    assert "finished runs could not yet be written to" in full.stderr
    assert "could not be written" in full.stdout and "File too large" in full.stdout
    saved = read_runs(path, partial=True)
    assert 0 < len(saved) < 8
    assert path.read_bytes().endswith(b"\n")
    assert [entry.name for entry in path.parent.glob("*.part")] == []
    rows = run(experiment("dqn_lib.agents.q_table:QTableAgent"), path, processes=1, progress=False)
    assert len(rows) == 8 and rows[: len(saved)] == saved


UNWRITABLE = """
import os, sys
from test_runner import experiment
from dqn_lib.experiments.runner import run
from dqn_lib.experiments.results import ResultsError
if os.geteuid() == 0:
    os.setuid(65534)  # somebody whom permissions stop
try:
    run(experiment("dqn_lib.agents.q_table:QTableAgent"), sys.argv[1], processes=1, progress=False)
except ResultsError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of folders are something else there")
@pytest.mark.parametrize("what", ["folder", "parent", "file"])
def test_a_file_that_cannot_be_written_raises_before_anything_runs(what):
    with tempfile.TemporaryDirectory() as top:
        path = Path(top) / "results" / "short.jsonl"
        if what != "parent":
            path.parent.mkdir()
        if what == "file":
            run(experiment("dqn_lib.agents.q_table:QTableAgent"), path, processes=1, progress=False)
            lines = path.read_bytes().splitlines(keepends=True)
            path.write_bytes(b"".join(lines[:-1]))  # one run is still to be made
            path.chmod(0o444)
            Path(f"{path}.lock").unlink(missing_ok=True)
        before = path.read_bytes() if path.exists() else None
        for folder in (Path(top), path.parent):
            if folder.exists():
                folder.chmod(0o777 if what == "file" else 0o555)
        command = [sys.executable, "-c", UNWRITABLE, str(path)]
        done = subprocess.run(
            command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
        )
        for folder in (Path(top), path.parent):
            if folder.exists():
                folder.chmod(0o755)
        assert done.returncode == 0, done.stderr
        assert f"{path} cannot be written:" in done.stdout
        assert (path.read_bytes() if path.exists() else None) == before


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"cells": 7}, r"was made with base\.?.* = 20, the experiment has 7"),
        ({"episodes": 3}, r"was made with episodes = 2, the experiment has 3"),
    ],
)
def test_a_file_of_another_base_is_refused(path, other, message):
    run(experiment("dqn_lib.agents.q_table:QTableAgent"), path, processes=1, progress=False)
    before = path.read_bytes()
    with pytest.raises(ResultsError, match=message.replace("base", "config")):
        run(experiment("dqn_lib.agents.q_table:QTableAgent", **other), path, processes=1, progress=False)
    assert path.read_bytes() == before


def test_a_file_of_other_variants_is_refused(path):
    whole = experiment("dqn_lib.agents.q_table:QTableAgent", seeds=1)
    run(whole, path, processes=1, progress=False)
    with pytest.raises(ResultsError, match="has runs of 'coarse', which the experiment does not have"):
        run(whole.only("base"), path, processes=1, progress=False)
    changed = Experiment("short", whole.base, {"base": {}, "coarse": {"cells": 4}}, seeds=range(1))
    with pytest.raises(ResultsError, match=r"'coarse' = \{'cells': 3\}, the experiment has \{'cells': 4\}"):
        run(changed, path, processes=1, progress=False)


def test_an_incomplete_line_is_repeated(path):
    whole = experiment("dqn_lib.agents.q_table:QTableAgent", seeds=2)
    rows = run(whole, path, processes=1, progress=False)
    path.write_bytes(path.read_bytes()[:-40])
    again = run(whole, path, processes=1, progress=False)
    assert outcomes(again) == outcomes(rows)
    assert again[:3] == rows[:3]


def test_a_round_has_few_variants_but_jobs_for_every_process():
    jobs = Experiment("many", TABLE, {str(n): {"cells": n + 2} for n in range(9)}, seeds=range(3)).jobs()
    assert [job.name for job in next_round(jobs, 2)] == [str(n) for n in range(4) for _ in range(3)]
    assert len(next_round(jobs, 5)) == 20
    assert next_round(jobs[:2], 2) == jobs[:2]


def test_processes_must_be_at_least_one(path):
    with pytest.raises(ValueError, match="processes must be at least 1, got 0"):
        run(experiment(deadly.Slow), path, processes=0)
