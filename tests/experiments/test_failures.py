"""An experiment whose runs fail says so at once, and says what to do."""

import re
import subprocess
import sys
import warnings

import pytest

from dqn_lib.config import TableConfig
from dqn_lib.experiments.experiment import Experiment, Variant
from dqn_lib.experiments.results import read_runs
from dqn_lib.experiments.runner import ExperimentError, RunsFailed, run

pytestmark = pytest.mark.slow

TABLE = Variant(
    agent="deadly:Failing", config=TableConfig(), steps=None, episodes=2, check_episodes=2, final_episodes=5
)


def experiment(seeds, **base):
    return Experiment("short", TABLE.changed(base), {"base": {}, "coarse": {"cells": 3}}, seeds=seeds)


def test_all_failed_is_an_error_with_the_number_and_the_first_reason(tmp_path):
    message = (
        "2 of 2 runs of 'short' failed; the first, 'base' with seed 1, with ValueError: seed 1 is not to"
    )
    with pytest.raises(ExperimentError, match=message):
        run(experiment([1]), tmp_path / "short.jsonl", processes=1, progress=False)


def test_some_failed_is_a_warning_with_the_numbers_and_the_rest_comes_back(tmp_path):
    message = (
        "2 of 6 runs of 'short' failed; the first, 'base' with seed 1, with ValueError: seed 1 is not to"
    )
    with pytest.warns(RunsFailed, match=message):
        rows = run(experiment(range(3)), tmp_path / "short.jsonl", processes=1, progress=False)
    assert [row["seed"] for row in rows] == [0, 2, 0, 2]


def test_finished_runs_are_returned_although_others_fail(tmp_path):
    before = run(experiment([0]), tmp_path / "short.jsonl", processes=1, progress=False)
    with pytest.warns(RunsFailed, match="2 of 2 runs"):
        rows = run(experiment([0, 1]), tmp_path / "short.jsonl", processes=1, progress=False)
    assert rows == before


def test_without_a_failure_there_is_no_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(run(experiment([0]), tmp_path / "short.jsonl", processes=1, progress=False)) == 2


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
        return state, -REWARD, terminated, truncated, info


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


def notebook(how, path, reward=2.0):
    script = NOTEBOOK.replace("REWARD", str(reward))
    command = [sys.executable, "-c", script, how, str(path)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_an_environment_registered_in_the_notebook_only_raises_with_advice(tmp_path):
    made = notebook("name", tmp_path / "mine.jsonl")
    assert made.returncode != 0
    last = made.stderr.strip().splitlines()[-1]
    assert re.search(r"ExperimentError: 2 of 2 runs .* environment must be registered .* got 'Mine-v0'", last)
    assert "pass a function that makes it" in last and "'module:Name-v0'" in last


def test_a_function_that_makes_an_environment_works_and_warns_of_changes(tmp_path):
    made = notebook("function", tmp_path / "mine.jsonl")
    assert (made.returncode, made.stdout.split()) == (0, ["-20.0", "-20.0"]), made.stderr
    again = notebook("function", tmp_path / "mine.jsonl", reward=3.0)
    assert "has 2 finished runs, which are not repeated" in again.stderr
    assert "mine by name only: if you have changed that since, pass another path" in again.stderr


def test_a_name_with_its_module_is_known_in_every_process(tmp_path):
    named = experiment([0], environment="deadly:Brief-v0")
    (row, _) = run(named, tmp_path / "short.jsonl", processes=2, progress=False)
    assert (row["final_return"], row["environment"]) == (-7, "deadly:Brief-v0")


def test_the_threshold_is_that_of_the_environment_by_default(tmp_path):
    def solved_at(**base):
        rows = run(experiment([0], **base), tmp_path / str(base), processes=1, progress=False)
        return rows[0]["solved_at_step"]

    assert solved_at(environment="deadly:Brief-v0") == 0  # -7, as it returns
    assert solved_at(environment="deadly:Brief-v0", threshold=-6.0) is None
    assert solved_at(environment="deadly:Briefer-v0") is None  # nobody has said what solved means there
    assert solved_at(environment="deadly:Briefer-v0", threshold=-7.0) == 0


def test_a_run_that_diverges_is_a_finished_run(tmp_path):
    """Left out, it would make the others' mean better; failed, it would be tried again for ever."""
    short = TABLE.changed({"agent": "deadly:Diverging", "steps": 1_000, "episodes": None, "check_every": 200})
    made = run(Experiment("x", short, {"base": {}}, seeds=[0]), tmp_path / "x", processes=1, progress=False)
    (row,) = made
    assert (row["diverged_at_step"], row["final_return"], row["solved_at_step"]) == (600, -200, None)
    assert row["curve"] == [-200] * 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": float("nan")}, "threshold must be finite, got nan"),
        ({"check_every": 0}, "check_every must be at least 1, got 0"),
        ({"check_episodes": 0}, "check_episodes must be at least 1, got 0"),
        ({"final_episodes": 1.5}, "final_episodes must be an integer, got 1.5"),
        ({"steps": 5}, "either steps or episodes must be given"),
        ({"episodes": None}, "either steps or episodes must be given"),
        ({"episodes": 0}, "episodes must be at least 1, got 0"),
    ],
)
def test_an_invalid_variant_is_refused_when_it_is_made(changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        TABLE.changed(changes)


def test_every_run_has_its_environment(tmp_path):
    variants = {"here": {}, "there": {"environment": "deadly:Brief-v0"}}
    made = run(
        Experiment("two", TABLE, variants, seeds=[0]), tmp_path / "two.jsonl", processes=1, progress=False
    )
    assert [row["environment"] for row in made] == ["MountainCar-v0", "deadly:Brief-v0"]
    assert read_runs(tmp_path / "two.jsonl") == made
