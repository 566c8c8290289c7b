"""A run comes back from its file as it was, and no mishap while saving costs the previous file."""

import copy
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from dqn_lib import checkpoint, mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.checkpoint import CheckpointError, load, save
from dqn_lib.config import DQNConfig
from dqn_lib.training import Change, Check, TrainingLog, train

CONFIG = DQNConfig(
    hidden=(5, 4), memory_size=128, learning_starts=32, batch_size=8, learn_every=4, updates=2, epsilon=0.5
)


@pytest.fixture(scope="module")
def env():
    return mountain_car.make(max_episode_steps=40)


@pytest.fixture(scope="module")
def lived(env):
    agent, log = DQNAgent(env, CONFIG, seed=7, xla=False), TrainingLog()
    list(log.record(train(env, agent, episodes=4), agent, env, every=50))
    changes = (0, {"epsilon": None, "hold": 3}), (57, {"gamma": 0.9}), (57, {"target_update": "hard"})
    log.changes += [Change(*change) for change in changes]
    return agent, log, copy.deepcopy(agent.get_state())


@pytest.fixture
def run(lived):
    agent, log, state = lived
    agent.set_state(state)
    return agent, TrainingLog(log.episodes[:], log.checks[:], log.changes[:])


def contents(agent, log):
    checks = [(check.step, check.returns, check.q.to_flat(), check.environment) for check in log.checks]
    return agent.get_state(), agent.config, agent.seed, log.episodes, checks, log.changes


@pytest.mark.parametrize("name", ["run.npz", "a run without an ending", "Grüße.npz"])
def test_a_run_comes_back_as_it_was(run, env, tmp_path, name):
    save(tmp_path / name, *run)
    back = load(tmp_path / name, env)
    np.testing.assert_equal(contents(*back), contents(*run))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_loaded_agent_acts_like_the_saved_one(run, env, tmp_path):
    save(tmp_path / "run.npz", *run)
    (old, _), (new, _) = run, load(tmp_path / "run.npz", env)
    states = mountain_car.start_states(50, seed=1).astype(np.float32)
    np.testing.assert_array_equal(new.q(states), old.q(states))
    assert [new.act(state) for state in states] == [old.act(state) for state in states]


def test_saving_changes_nothing_in_the_agent(run, tmp_path, lived):
    save(tmp_path / "run.npz", *run)
    np.testing.assert_equal(run[0].get_state(), lived[2])


def test_an_agent_that_never_learnt_can_be_saved_without_a_log_under_a_plain_name(env, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    agent = DQNAgent(env, CONFIG, xla=False)
    save("early.npz", agent)
    back, log = load("early.npz", env)
    np.testing.assert_equal(back.get_state(), agent.get_state())
    assert back.loss is None
    assert log == TrainingLog()


def test_a_setting_changed_during_the_run_is_saved_with_it(run, env, tmp_path, monkeypatch):
    agent, log = run
    monkeypatch.setattr(agent, "config", agent.config.change_live(gamma=0.5, epsilon=None))
    save(tmp_path / "run.npz", agent, log)
    assert load(tmp_path / "run.npz", env)[0].config == CONFIG.replace(gamma=0.5, epsilon=None)


def test_settings_that_came_as_numbers_of_numpy_are_saved_too(run, env, tmp_path, monkeypatch):
    agent, log = run
    settings = {"hold": np.int64(5), "gamma": np.float32(0.5), "tau": np.float64(0.25)}
    monkeypatch.setattr(agent, "config", agent.config.change_live(**settings))
    log.changes.append(Change(60, settings))
    save(tmp_path / "run.npz", agent, log)
    back, found = load(tmp_path / "run.npz", env)
    assert found.changes == log.changes
    assert back.config == agent.config


def test_a_file_that_is_not_there_is_said_to_be_not_there(env, tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere.npz", env)


def test_a_folder_that_is_not_there_is_said_to_be_not_there(run, tmp_path):
    with pytest.raises(FileNotFoundError):
        save(tmp_path / "nowhere" / "run.npz", *run)
    assert list(tmp_path.iterdir()) == []


def disk_full(file, **arrays):
    file.write(b"a piece of it")
    raise OSError(28, "No space left on device")


def interrupted(*arguments):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("owner", "name", "mishap", "error"),
    [
        (np, "savez", disk_full, OSError),
        (np, "savez", lambda file, **arrays: interrupted(), KeyboardInterrupt),
        (os, "fsync", interrupted, KeyboardInterrupt),
        (os, "replace", interrupted, KeyboardInterrupt),
    ],
    ids=["disk full", "while writing", "while flushing", "while moving"],
)
def test_a_mishap_while_writing_keeps_the_old_file_and_leaves_no_other(
    run, tmp_path, monkeypatch, owner, name, mishap, error
):
    save(tmp_path / "run.npz", *run)
    before = (tmp_path / "run.npz").read_bytes()
    run[0].steps += 1
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, mishap)
        with pytest.raises(error):
            save(tmp_path / "run.npz", *run)
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
    assert (tmp_path / "run.npz").read_bytes() == before


def test_the_file_is_flushed_to_the_disk_before_it_takes_its_place(run, tmp_path, monkeypatch):
    calls = []

    def noting(name, real):
        return lambda *args: calls.append(name) or real(*args)

    for name in ("fsync", "replace"):
        monkeypatch.setattr(os, name, noting(name, getattr(os, name)))
    save(tmp_path / "run.npz", *run)
    assert calls[:2] == ["fsync", "replace"]


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("network", ["online", "target"])
def test_a_diverged_agent_is_not_saved_and_the_previous_file_stays(run, env, tmp_path, network, number):
    agent, log = run
    save(tmp_path / "run.npz", agent, log)
    weights = getattr(agent, network).get_weights()
    weights[2][1, 3] = number
    getattr(agent, network).set_weights(weights)
    with pytest.raises(CheckpointError, match=rf"agent/{network}/2 must be finite.*diverged"):
        save(tmp_path / "run.npz", agent, log)
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
    assert np.isfinite(load(tmp_path / "run.npz", env)[0].get_state()[network][2]).all()


@pytest.mark.parametrize("returns", [np.array([np.nan]), np.array([-1], np.float32)], ids=str)
def test_what_could_not_be_loaded_again_is_not_saved(env, tmp_path, returns):
    agent, log = DQNAgent(env, CONFIG, xla=False), TrainingLog()
    list(train(env, agent, episodes=1))
    log.checks.append(Check(0, returns, agent.q))
    try:
        save(tmp_path / "run.npz", agent, log)
    except CheckpointError:
        return
    try:
        load(tmp_path / "run.npz", env)
    except CheckpointError as error:
        pytest.fail(f"saved without a word, then: {error}")


KILLED = """
import json, os, random, signal, sys, time, types
import numpy as np
from dqn_lib import checkpoint, mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig

path, env = sys.argv[1], mountain_car.make()
runs = []
for seed in (1, 2):
    agent = DQNAgent(env, DQNConfig(hidden=(5,), memory_size=2_000), seed=seed, xla=False)
    agent.memory.rewards[:] = agent.steps = seed
    state = agent.get_state()
    frozen = types.SimpleNamespace(spaces=agent.spaces, config=agent.config, seed=seed)
    frozen.get_state = lambda state=state: state
    runs.append(frozen)
checkpoint.save(path, runs[0])

def killed_while_saving(delay):
    child = os.fork()
    if child == 0:
        try:
            while True:
                for run in runs:
                    checkpoint.save(path, run)
        finally:
            os._exit(1)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])

chance = random.Random(0)
for _ in range(8):
    assert killed_while_saving(chance.uniform(0.01, 0.06)), "the saver had stopped by itself"
    agent, log = checkpoint.load(path, env)
    assert agent.steps == agent.seed and (agent.memory.rewards == agent.seed).all(), "half of each"
    checkpoint.save(path, runs[agent.seed % 2])
print("whole every time")
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a fork")
def test_a_process_killed_while_it_saves_leaves_a_whole_file(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "run.npz")],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.stdout == "whole every time\n", done.stderr


def test_nothing_in_the_file_needs_more_than_numpy_and_json_to_be_read(run, tmp_path):
    save(tmp_path / "run.npz", *run)
    with np.load(tmp_path / "run.npz", allow_pickle=False) as archive:
        text = json.loads(archive["run"].tobytes())
        assert text["format"] == checkpoint.FORMAT
        np.testing.assert_array_equal(archive["agent/online/0"], run[0].online.get_weights()[0])
