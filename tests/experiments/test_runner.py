"""Experiments in real processes: interrupted, resumed, with failures, dying workers and full disks."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import deadly
import pytest
from filelock import FileLock

from dqn_lib.config import TableConfig
from dqn_lib.experiments.experiment import Q_TABLE, Experiment, Variant
from dqn_lib.experiments.results import ResultsError, read_runs
from dqn_lib.experiments.runner import LOST, ExperimentError, RunsFailed, next_round, run

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
TABLE = Variant(config=TableConfig(), steps=None, episodes=2, check_episodes=2, final_episodes=5)
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])])}


def experiment(agent=Q_TABLE, seeds=range(4), **base):
    base = TABLE.changed({"agent": agent, **base})
    return Experiment("short", base, {"base": {}, "coarse": {"cells": 3}}, seeds=seeds)


def alone(experiment, path):
    """Run in this process."""
    return run(experiment, path, processes=1, progress=False)


def in_a_process(script, *arguments):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)


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
    calm = experiment(environment=deadly.short_car)
    rows = run(calm, path, processes=2, progress=False)
    assert keys(rows) == [job.key for job in calm.jobs()]
    assert outcomes(rows) == outcomes(alone(calm, tmp_path / "alone.jsonl"))
    assert read_runs(path) == rows
    assert run(calm, path, progress=False) == rows  # nothing was made again: the same seconds
    assert {(row["steps"], row["final_return"]) for row in rows} == {(20, -10)}


def test_another_seed_or_variant_is_added_to_what_is_there(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = alone(experiment().only("coarse", seeds=[1]), path)
        rows = alone(experiment(), path)
    assert keys(rows) == [job.key for job in experiment().jobs()]
    assert rows[5] == first[0]
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    assert keys(map(json.loads, lines)) == keys(rows)  # the file is sorted too


def test_a_failure_stops_no_other_and_is_told_and_repeated_until_it_is_none(path, monkeypatch):
    sentence = "ValueError: seed 1 is not to my liking"
    told = f"2 of 8 runs of 'short' failed; the first, 'base' with seed 1, with {sentence}"
    with pytest.warns(RunsFailed, match=told):
        rows = run(experiment(deadly.Failing), path, processes=2, progress=False)
    assert keys(rows) == [(name, seed) for name in ("base", "coarse") for seed in (0, 2, 3)]
    assert errors(path) == {("base", 1): sentence, ("coarse", 1): sentence}
    with pytest.warns(RunsFailed, match="2 of 2 runs"):
        assert alone(experiment(deadly.Failing), path) == rows
    monkeypatch.setattr(deadly.Failing, "end_episode", lambda agent: None)
    rows = alone(experiment(deadly.Failing), path)
    assert len(rows) == len(set(keys(rows))) == 8
    assert len(path.read_text(encoding="utf-8").splitlines()) == 9


def test_all_failed_is_an_error_with_the_number_and_the_first_reason(path):
    told = "2 of 2 runs of 'short' failed; the first, 'base' with seed 1, with ValueError: seed 1 is not to"
    with pytest.raises(ExperimentError, match=told):
        alone(experiment(deadly.Failing, seeds=[1]), path)


def test_a_run_that_raises_system_exit_stops_no_other(path):
    assert len(alone(experiment(deadly.Leaving), path)) == 6
    assert errors(path) == {("base", 1): "SystemExit: I leave", ("coarse", 1): "SystemExit: I leave"}


def test_a_job_that_kills_its_process_is_found_and_the_others_finish(path):
    rows = run(experiment(deadly.Deadly), path, processes=2, progress=False)
    assert keys(rows) == [(name, seed) for name in ("base", "coarse") for seed in (0, 1, 3)]
    assert errors(path) == {("base", 2): LOST, ("coarse", 2): LOST}


def test_processes_that_are_killed_once_lose_no_run_and_the_rest_is_parallel_again(
    path, tmp_path, monkeypatch
):
    marks, register = tmp_path / "marks", tmp_path / "register"
    for variable, folder in ((deadly.MARKS, marks), (deadly.REGISTER, register)):
        folder.mkdir()
        monkeypatch.setenv(variable, str(folder))
    rows = run(experiment(deadly.TwiceDeadly, seeds=range(10)), path, processes=2, progress=False)
    assert {mark.name for mark in marks.iterdir()} == {"0", "3"}
    assert len(rows) == len(set(keys(rows))) == 20
    assert errors(path) == {}
    # Two rounds that end with a death, two runs alone, and the rest on two processes again.
    assert len(list(register.iterdir())) <= 8


def test_a_link_is_followed_to_its_file(path, tmp_path):
    alone(experiment().only("base"), path)
    link = tmp_path / "link.jsonl"
    try:
        link.symlink_to(path)
    except OSError as error:  # Windows lets only administrators and developers do so
        pytest.skip(f"no symbolic link can be made here: {error}")
    rows = alone(experiment(), link)
    assert link.is_symlink()
    assert read_runs(path) == rows and len(rows) == 8
    with (
        FileLock(f"{path.resolve()}.lock"),
        pytest.raises(ResultsError, match=r"short\.jsonl is in use by another process"),
    ):
        run(experiment(), link, progress=False)


def test_what_is_not_a_file_is_refused_and_unchanged(tmp_path):
    path = tmp_path / "something"
    getattr(os, "mkfifo", os.mkdir)(path)
    before = path.stat()
    with pytest.raises(ResultsError, match=r"path must be a file or a new name, got .*something"):
        alone(experiment(), path)
    assert (path.stat().st_ino, path.stat().st_mode) == (before.st_ino, before.st_mode)
    assert list(tmp_path.iterdir()) == [path]


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


def started(path):
    path.parent.mkdir()
    command = [sys.executable, "-c", SCRIPT, str(path)]
    return subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, start_new_session=True)


def written(path):
    return path.read_bytes().count(b"\n") - 1 if path.exists() else 0


def wait_until(true, seconds, complaint):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.02)


@needs_groups
def test_an_experiment_refuses_a_second_writer_and_continues_after_an_interrupt(path):
    with started(path) as process:
        try:
            wait_until(lambda: written(path) >= 2, 60, "no run was ever written down")
            with pytest.raises(ResultsError, match=r"short\.jsonl is in use by another process"):
                run(experiment(deadly.Slow), path, progress=False)
        finally:
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
    with started(path) as process:
        wait_until(lambda: len(list(register.iterdir())) >= 2, 60, "no two processes ever worked")
        process.kill()
    workers = [int(entry.name) for entry in register.iterdir()]
    assert process.pid not in workers
    wait_until(lambda: not any(map(is_alive, workers)), 10, "they are still there")


FULL_DISK = """
import resource, sys, warnings
from test_runner import alone, experiment
from dqn_lib.experiments.results import ResultsError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
warnings.simplefilter("always")
try:
    alone(experiment(), sys.argv[1])
except ResultsError as error:
    print(error)
"""


@pytest.mark.skipif(
    importlib.util.find_spec("resource") is None,
    reason="Windows cannot limit the size of a file that a process writes",
)
def test_a_full_disk_raises_and_keeps_what_was_written(path):
    path.parent.mkdir()
    full = in_a_process(FULL_DISK, path, 3500)
    assert "finished runs could not yet be written to" in full.stderr
    assert "could not be written" in full.stdout and "File too large" in full.stdout
    saved = read_runs(path, partial=True)
    assert 0 < len(saved) < 8
    assert path.read_bytes().endswith(b"\n")
    assert [entry.name for entry in path.parent.glob("*.part")] == []
    rows = alone(experiment(), path)
    assert len(rows) == 8 and rows[: len(saved)] == saved


UNWRITABLE = """
import os, sys
from test_runner import alone, experiment
from dqn_lib.experiments.results import ResultsError
if os.geteuid() == 0:
    os.setuid(65534)  # somebody whom permissions stop
try:
    alone(experiment(), sys.argv[1])
except ResultsError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are something else there")
def test_a_file_that_cannot_be_written_raises_before_anything_runs():
    with tempfile.TemporaryDirectory() as top:
        path = Path(top) / "short.jsonl"
        alone(experiment(), path)
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(before := b"".join(lines[:-1]))  # one run is still to be made
        Path(f"{path}.lock").unlink(missing_ok=True)
        Path(top).chmod(0o777)
        path.chmod(0o444)
        done = in_a_process(UNWRITABLE, path)
        assert done.returncode == 0, done.stderr
        assert f"{path} cannot be written:" in done.stdout
        assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (experiment(cells=7), r"was made with config\.cells = 20, the experiment has 7"),
        (experiment(episodes=3), r"was made with episodes = 2, the experiment has 3"),
        (experiment().only("base"), "has runs of 'coarse', which the experiment does not have"),
        (
            Experiment("short", experiment().base, {"base": {}, "coarse": {"cells": 4}}),
            r"'coarse' = \{'cells': 3\}, the experiment has \{'cells': 4\}",
        ),
    ],
)
def test_a_file_of_another_experiment_is_refused_and_unchanged(path, other, message):
    alone(experiment(seeds=range(1)), path)
    before = path.read_bytes()
    with pytest.raises(ResultsError, match=message):
        alone(other, path)
    assert path.read_bytes() == before


def test_an_incomplete_line_is_repeated(path):
    rows = alone(experiment(seeds=range(2)), path)
    path.write_bytes(path.read_bytes()[:-40])
    again = alone(experiment(seeds=range(2)), path)
    assert outcomes(again) == outcomes(rows)
    assert again[:3] == rows[:3] and again[3] == read_runs(path)[3]


def test_a_round_has_few_variants_but_jobs_for_every_process():
    jobs = Experiment("many", TABLE, {str(n): {"cells": n + 2} for n in range(9)}, seeds=range(3)).jobs()
    assert [job.name for job in next_round(jobs, 2)] == [str(n) for n in range(4) for _ in range(3)]
    assert len(next_round(jobs, 5)) == 20
    assert next_round(jobs[:2], 2) == jobs[:2]
    with pytest.raises(ValueError, match="processes must be at least 1, got 0"):
        run(experiment(), "nowhere", processes=0)


NOTEBOOK = """
import sys
import gymnasium as gym
from gymnasium.envs.classic_control.mountain_car import MountainCarEnv
from gymnasium.wrappers import TimeLimit
from dqn_lib.config import TableConfig
from dqn_lib.experiments.experiment import Q_TABLE, Experiment, Variant
from dqn_lib.experiments.runner import run


class Mine(MountainCarEnv):
    def step(self, action):
        state, _, terminated, truncated, info = super().step(action)
        return state, -float(sys.argv[3]), terminated, truncated, info


def mine():
    return TimeLimit(Mine(), max_episode_steps=10)


gym.register("Mine-v0", entry_point=Mine, max_episode_steps=10)
made = {"function": mine, "name": "Mine-v0"}[sys.argv[1]]
base = Variant(
    agent=Q_TABLE, config=TableConfig(), environment=made, steps=None, episodes=2, final_episodes=2
)
experiment = Experiment("mine", base, {"base": {}}, seeds=range(2))
for row in run(experiment, sys.argv[2], progress=False, processes=2):
    print(row["final_return"])
"""


def test_an_environment_registered_in_the_notebook_only_raises_with_advice(path):
    made = in_a_process(NOTEBOOK, "name", path, 2)
    assert made.returncode != 0
    last = made.stderr.strip().splitlines()[-1]
    assert re.search(r"ExperimentError: 2 of 2 runs .* environment must be registered .* got 'Mine-v0'", last)
    assert "pass a function that makes it" in last and "'module:Name-v0'" in last


def test_a_function_that_makes_an_environment_works_and_warns_of_changes(path):
    made = in_a_process(NOTEBOOK, "function", path, 2)
    assert (made.returncode, made.stdout.split()) == (0, ["-20.0", "-20.0"]), made.stderr
    again = in_a_process(NOTEBOOK, "function", path, 3)
    assert "has 2 finished runs, which are not repeated" in again.stderr
    assert "mine by name only: if you have changed that since, pass another path" in again.stderr
