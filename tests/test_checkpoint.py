"""A run comes back from its file and continues as if it had never stopped; no mishap costs the file."""

import copy
import os
import pickle
import subprocess
import sys
from dataclasses import asdict, dataclass

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents import bugs, learner
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
    agent.config = CONFIG
    agent.set_state(state)
    return agent, TrainingLog(log.episodes[:], log.checks[:], log.changes[:])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.npz"


def contents(agent, log):
    checks = [(check.step, check.returns, check.q.to_flat(), check.environment) for check in log.checks]
    return agent.get_state(), agent.config, agent.seed, log.episodes, checks, log.changes


@pytest.mark.parametrize("name", ["run.npz", "Grüße without an ending"])
def test_a_loaded_run_equals_the_saved_one_and_acts_like_it(run, lived, env, tmp_path, name):
    save(tmp_path / name, *run)
    back = load(tmp_path / name, env)
    np.testing.assert_equal(contents(*back), contents(*run))
    np.testing.assert_equal(run[0].get_state(), lived[2])  # saving has changed nothing
    assert [path.name for path in tmp_path.iterdir()] == [name]
    states = mountain_car.start_states(50, seed=1).astype(np.float32)
    np.testing.assert_array_equal(back[0].q(states), run[0].q(states))
    assert [back[0].act(state) for state in states] == [run[0].act(state) for state in states]


def test_an_agent_that_never_learnt_can_be_saved_without_a_log_under_a_plain_name(env, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    agent = DQNAgent(env, CONFIG, xla=False)
    save("early.npz", agent)
    back, log = load("early.npz", env)
    np.testing.assert_equal(back.get_state(), agent.get_state())
    assert back.loss is None
    assert log == TrainingLog()


def test_changed_settings_are_saved_even_if_they_came_as_numbers_of_numpy(run, env, path):
    agent, log = run
    settings = {"hold": np.int64(5), "gamma": np.float32(0.5), "tau": np.float64(0.25), "epsilon": None}
    agent.change(**settings)
    log.changes.append(Change(60, settings))
    save(path, agent, log)
    back, found = load(path, env)
    assert found.changes == log.changes
    assert back.config == agent.config == CONFIG.replace(hold=5, gamma=0.5, tau=0.25, epsilon=None)


def test_a_missing_file_or_folder_raises_file_not_found(run, env, tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere.npz", env)
    with pytest.raises(FileNotFoundError):
        save(tmp_path / "nowhere" / "run.npz", *run)
    assert list(tmp_path.iterdir()) == []


# --- mishaps ------------------------------------------------------------------------------------------


def disk_full(file, **arrays):
    file.write(b"a piece of it")
    raise OSError(28, "No space left on device")


def interrupted(*arguments):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("owner", "name", "mishap"),
    [(np, "savez", disk_full), (os, "replace", interrupted)],
    ids=["disk full", "interrupted"],
)
def test_an_error_while_writing_keeps_the_old_file_and_leaves_no_other(
    run, path, monkeypatch, owner, name, mishap
):
    save(path, *run)
    before = path.read_bytes()
    run[0].steps += 1
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, mishap)
        with pytest.raises((OSError, KeyboardInterrupt)):
            save(path, *run)
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == before


@pytest.mark.parametrize(("row", "number"), [(0, np.nan), (3, np.inf)])
def test_a_diverged_agent_is_not_saved_and_the_previous_file_stays(run, path, row, number):
    agent, log = run
    save(path, agent, log)
    before = path.read_bytes()
    agent.parameters[row, 3] = number
    with pytest.raises(CheckpointError, match=r"agent/parameters must be finite.*diverged"):
        save(path, agent, log)
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == before


def test_what_is_saved_of_a_check_can_be_loaded(run, env, path):
    agent, _ = run
    save(path, agent, TrainingLog(checks=[Check(0, np.array([-1], np.float32), agent.q)]))
    assert load(path, env)[1].checks[0].returns == [-1]
    with pytest.raises(CheckpointError, match="checks/0/returns must be finite"):
        save(path, agent, TrainingLog(checks=[Check(0, np.array([np.nan]), agent.q)]))


KILLED = """
import os, random, signal, sys, time
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
def test_a_process_killed_while_it_saves_leaves_a_complete_file(path):
    command = [sys.executable, "-c", KILLED, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.stdout == "whole every time\n", done.stderr


# --- a run that continues -----------------------------------------------------------------------------

EPISODES = 10
LONGER = CONFIG.replace(
    hidden=(16, 16),
    memory_size=150,  # the ring is full after the fourth episode
    learning_starts=64,
    updates=4,
    epsilon=None,
    epsilon_wait=50,
    epsilon_decay=200,
    target_update="hard",
    target_period=50,
)
POINTS = {1: "before learning starts", 4: "while epsilon falls", 7: "with a setting changed"}

# Takes each checkpoint to the last episode, in a process that has never seen the run before.
RESUME = """
import pickle, sys
from dqn_lib import mountain_car
from dqn_lib.checkpoint import load
from dqn_lib.training import train

env, ends = mountain_car.make(max_episode_steps=40), []
for path in sys.argv[2:]:
    agent, log = load(path, env)
    run = train(env, agent, episodes=int(sys.argv[1]) - agent.episodes)
    for episode in log.record(run, agent, env, every=90):
        if episode.number == 5:
            agent.change(learning_rate=0.01, gamma=0.9)
    checks = [(check.step, check.returns, check.q.to_flat()) for check in log.checks]
    ends.append((agent.get_state(), agent.config, log.episodes, checks))
sys.stdout.buffer.write(pickle.dumps(ends))
"""


@pytest.mark.slow
def test_a_run_resumed_in_a_new_process_ends_identically(env, tmp_path):
    agent, log, paths, moments = DQNAgent(env, LONGER, seed=11), TrainingLog(), [], []
    for episode in log.record(train(env, agent, episodes=EPISODES), agent, env, every=90):
        if episode.number == 5:
            agent.change(learning_rate=0.01, gamma=0.9)
        if episode.number in POINTS:
            save(path := tmp_path / f"{episode.number}.npz", agent, log)
            paths.append(str(path))
            moments.append((agent.epsilon, agent.updates))
    assert moments[0] == (1.0, 0)
    assert LONGER.epsilon_end < moments[1][0] < 1.0 and moments[1][1] > 0
    assert agent.memory.added > LONGER.memory_size and agent.updates > 2 * LONGER.target_period
    command = [sys.executable, "-c", RESUME, str(EPISODES), *paths]
    done = subprocess.run(command, capture_output=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr.decode()
    checks = [(check.step, check.returns, check.q.to_flat()) for check in log.checks]
    for moment, end in zip(POINTS.values(), pickle.loads(done.stdout), strict=True):
        np.testing.assert_equal(
            end, (agent.get_state(), agent.config, log.episodes, checks), err_msg=f"saved {moment}"
        )


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


PRINTED = {"hidden": (5,), "memory_size": 128, "learning_starts": 32, "updates": 2, "target_period": 2}


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        (bugs.TimeLimitIsTerminal, CONFIG),
        (bugs.NoStopGradient, CONFIG),
        (Thrifty, Thrifty.Config(**asdict(CONFIG), fuel=0.4)),
        (TutorialAgent, TutorialConfig(**PRINTED, ending_reward=None)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_loaded_variant_has_its_class_and_continues_identically(env, path, kind, config):
    old = kind(env, config, seed=7, xla=False)
    list(train(env, old, episodes=2))
    save(path, old)
    new, _ = load(path, env, xla=False)
    assert type(new) is kind
    assert type(new.config) is type(config) and new.config == config
    for agent in (old, new):
        list(train(env, agent, episodes=2))
    assert old.updates > 0
    np.testing.assert_equal(new.get_state(), old.get_state())


def define(reward):
    """A cell that defines `Mine`; run again, it defines another class of the same name."""

    class Mine(DQNAgent):
        def observe(self, state, action, _, *rest, **endings):
            super().observe(state, action, reward, *rest, **endings)

    return Mine


def test_a_class_that_was_defined_twice_is_loaded_as_the_latest(env, path):
    first, _ = define(-1.0), define(-2.0)
    save(path, first(env, CONFIG, seed=7, xla=False))
    latest = define(-3.0)
    assert type(load(path, env, xla=False)[0]) is latest


def test_an_unknown_class_is_refused_by_name_with_advice(env, path):
    kind = define(-1.0)
    kind.__qualname__ = "Gone"
    save(path, kind(env, CONFIG, xla=False))
    kind.__qualname__ = "Renamed"
    message = (
        r"^run\.npz: its agent is of the class 'test_checkpoint:Gone', which does not exist here: "
        r"run the cell that defines it, or import it, and load again$"
    )
    with pytest.raises(CheckpointError, match=message):
        load(path, env)


@pytest.mark.parametrize(
    "other", [QTableAgent(mountain_car.make(), seed=0), None, DQNAgent], ids=["table", "None", "class"]
)
def test_only_a_dqn_agent_can_be_saved(path, other):
    message = r"^not saved: agent must be a DQNAgent, got a (QTableAgent|NoneType|type)$"
    with pytest.raises(CheckpointError, match=message):
        save(path, other)
    assert not list(path.parent.iterdir())
