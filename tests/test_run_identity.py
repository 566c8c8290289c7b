"""A run saved after any episode and resumed in a new process ends as if it had never been interrupted."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.checkpoint import save
from dqn_lib.config import DQNConfig
from dqn_lib.training import TrainingLog, train

pytestmark = pytest.mark.slow

EPISODES = 10
CONFIG = DQNConfig(
    hidden=(16, 16),
    memory_size=150,  # the ring is full after the fourth episode
    learning_starts=64,
    batch_size=8,
    learn_every=4,
    updates=4,
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


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """One run from its first episode to its last, the files it left on the way, and what it was like then."""
    env, folder = mountain_car.make(max_episode_steps=40), tmp_path_factory.mktemp("runs")
    agent, log = DQNAgent(env, CONFIG, seed=11), TrainingLog()
    paths, moments = [], {}
    for episode in log.record(train(env, agent, episodes=EPISODES), agent, env, every=90):
        if episode.number == 5:
            agent.change(learning_rate=0.01, gamma=0.9)
        if episode.number in POINTS:
            save(path := folder / f"{episode.number}.npz", agent, log)
            paths.append(path)
            moments[episode.number] = agent.epsilon, agent.updates
    checks = [(check.step, check.returns, check.q.to_flat()) for check in log.checks]
    return (agent.get_state(), agent.config, log.episodes, checks), paths, moments


def test_the_run_is_saved_at_moments_that_differ(lived):
    (state, config, episodes, checks), _, moments = lived
    assert moments[1] == (1.0, 0)
    assert config.epsilon_end < moments[4][0] < 1.0
    assert moments[4][1] > 0
    assert config.gamma == 0.9
    assert len(episodes) == EPISODES
    assert state["memory"]["added"] > CONFIG.memory_size
    assert state["updates"] > 2 * CONFIG.target_period
    assert len(checks) >= 4
    online, target, *_ = state["parameters"]
    assert (online != target).any()


def test_a_run_resumed_in_a_new_process_ends_identically(lived):
    (state, config, episodes, checks), paths, _ = lived
    done = subprocess.run(
        [sys.executable, "-c", RESUME, str(EPISODES), *map(str, paths)],
        capture_output=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    for moment, end in zip(POINTS.values(), pickle.loads(done.stdout), strict=True):
        assert end[1] == config, moment
        assert end[2] == episodes, moment
        for part in state:
            np.testing.assert_equal(end[0][part], state[part], err_msg=f"{part}, saved {moment}")
        np.testing.assert_equal(end[3], checks, err_msg=moment)
