"""A run comes back from its file as it was, and no mishap while saving costs the previous file."""

import copy
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass

import numpy as np
import pytest

from dqn_lib import checkpoint, mountain_car
from dqn_lib.agents import bugs as defects
from dqn_lib.agents import learner
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.agents.tutorial import TutorialAgent, TutorialConfig
from dqn_lib.checkpoint import CheckpointError, load, save
from dqn_lib.config import DQNConfig, setting
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
def test_a_loaded_run_equals_the_saved_one(run, env, tmp_path, name):
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


def test_loading_a_missing_file_raises_file_not_found(env, tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere.npz", env)


def test_saving_to_a_missing_folder_raises_file_not_found(run, tmp_path):
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
def test_an_error_while_writing_keeps_the_old_file_and_leaves_no_other(
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
@pytest.mark.parametrize("row", range(4))
def test_a_diverged_agent_is_not_saved_and_the_previous_file_stays(run, env, tmp_path, row, number):
    agent, log = run
    save(tmp_path / "run.npz", agent, log)
    parameters = agent.parameters.copy()
    parameters[row, 3] = number
    agent.parameters = parameters
    with pytest.raises(CheckpointError, match=r"agent/parameters must be finite.*diverged"):
        save(tmp_path / "run.npz", agent, log)
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
    assert np.isfinite(load(tmp_path / "run.npz", env)[0].parameters).all()


@pytest.mark.parametrize("returns", [np.array([np.nan]), np.array([-1], np.float32)], ids=str)
def test_what_can_be_saved_can_be_loaded(env, tmp_path, returns):
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
import json, os, random, signal, sys, time
import numpy as np
from dqn_lib import checkpoint, mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig

path, env = sys.argv[1], mountain_car.make()
runs = []
for seed in (1, 2):
    agent = DQNAgent(env, DQNConfig(hidden=(5,), memory_size=2_000), seed=seed, xla=False)
    agent.memory.rewards[:] = agent.steps = seed
    runs.append(agent)
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
def test_a_process_killed_while_it_saves_leaves_a_complete_file(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "run.npz")],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.stdout == "whole every time\n", done.stderr


def test_numpy_and_json_can_read_the_file(run, tmp_path):
    save(tmp_path / "run.npz", *run)
    with np.load(tmp_path / "run.npz", allow_pickle=False) as archive:
        text = json.loads(archive["run"].tobytes())
        assert text["format"] == checkpoint.FORMAT
        assert text["class"] == "dqn_lib.agents.dqn:DQNAgent"
        np.testing.assert_array_equal(archive["agent/parameters"], run[0].parameters)


# --- variants ---------------------------------------------------------------------------------------


class Thrifty(DQNAgent):
    """A student's own: another reward, another target, another setting."""

    @dataclass(frozen=True)
    class Config(DQNConfig):
        fuel: float = setting(0.1, help="What a push costs.", low=0, high=1)

    @dataclass(frozen=True)
    class Objective(learner.Objective):
        def targets(self, batch, online, target):
            return 0.9 * super().targets(batch, online, target)

    def observe(self, state, action, reward, next_state, **endings):
        super().observe(state, action, reward - self.config.fuel * (action != 1), next_state, **endings)


SMALL = asdict(CONFIG)
PRINTED = {"hidden": (5,), "memory_size": 128, "learning_starts": 32, "updates": 2, "target_period": 2}
VARIANTS = [
    *(
        (kind, DQNConfig(**SMALL))
        for kind in vars(defects).values()
        if isinstance(kind, type) and issubclass(kind, DQNAgent) and kind is not DQNAgent
    ),
    (Thrifty, Thrifty.Config(**SMALL, fuel=0.4)),
    (TutorialAgent, TutorialConfig(**PRINTED)),
    (
        TutorialAgent,
        TutorialConfig(**PRINTED, all_outputs=False, time_limit_is_terminal=False, ending_reward=None),
    ),
]


def test_every_bug_is_among_the_variants():
    assert {kind.__name__ for kind, _ in VARIANTS} == {
        "TimeLimitIsTerminal",
        "FlagIsNoEnd",
        "FlagPunished",
        "NoStopGradient",
        "RowMinusColumn",
        "Thrifty",
        "TutorialAgent",
    }


@pytest.mark.parametrize(("kind", "config"), VARIANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_loaded_variant_has_its_class_and_continues_identically(env, tmp_path, kind, config):
    old = kind(env, config, seed=7, xla=False)
    list(train(env, old, episodes=2))
    save(tmp_path / "run.npz", old)
    new, _ = load(tmp_path / "run.npz", env, xla=False)
    assert type(new) is kind
    assert type(new.config) is type(config) and new.config == config
    for agent in (old, new):
        list(train(env, agent, episodes=2))
    assert old.updates > 0
    np.testing.assert_equal(new.get_state(), old.get_state())


def test_a_variant_differs_from_the_plain_agent_with_the_same_state(env, tmp_path):
    """What the wrong class would do with the same file: the test above can fail."""
    old = defects.TimeLimitIsTerminal(env, CONFIG, seed=7, xla=False)
    list(train(env, old, episodes=2))
    plain = DQNAgent(env, CONFIG, seed=7, xla=False)
    plain.set_state(old.get_state())
    for agent in (old, plain):
        list(train(env, agent, episodes=2))
    assert (old.parameters != plain.parameters).any()


def define(base, reward):
    """A cell that defines `Mine`; run again, it defines another class of the same name."""

    class Mine(base):
        def observe(self, state, action, _, *rest, **endings):
            super().observe(state, action, reward, *rest, **endings)

    return Mine


def test_a_class_that_was_defined_twice_is_loaded_as_the_latest(env, tmp_path):
    first, _ = define(DQNAgent, -1.0), define(DQNAgent, -2.0)
    save(tmp_path / "run.npz", first(env, CONFIG, seed=7, xla=False))
    latest = define(DQNAgent, -3.0)
    agent, _ = load(tmp_path / "run.npz", env, xla=False)
    assert type(agent) is latest


def test_an_unknown_class_is_refused_by_name_with_advice(env, tmp_path):
    kind = define(DQNAgent, -1.0)
    kind.__qualname__ = "Gone"
    save(tmp_path / "run.npz", kind(env, CONFIG, xla=False))
    kind.__qualname__ = "Renamed"
    expected = (
        "run.npz: its agent is of the class 'test_checkpoint:Gone', which does not exist here: run the cell"
    )
    with pytest.raises(
        CheckpointError, match=f"(?s)^{expected}.* that defines it, or import it, and load again$"
    ):
        load(tmp_path / "run.npz", env)


@pytest.mark.parametrize(
    "other", [QTableAgent(mountain_car.make(), seed=0), None, DQNAgent], ids=["table", "None", "class"]
)
def test_only_a_dqn_agent_can_be_saved(tmp_path, other):
    with pytest.raises(
        CheckpointError, match=r"^not saved: agent must be a DQNAgent, got a (QTableAgent|NoneType|type)$"
    ):
        save(tmp_path / "run.npz", other)
    assert not list(tmp_path.iterdir())
