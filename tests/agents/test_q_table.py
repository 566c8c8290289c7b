"""Q-learning on a grid: which cell a state falls into, one update by hand, and whether it learns at all."""

import warnings

import gymnasium as gym
import numpy as np
import pytest

from dqn_lib import mountain_car as car
from dqn_lib.agents.q_table import QTableAgent, TableQ
from dqn_lib.config import TableConfig
from dqn_lib.evaluation import greedy_returns
from dqn_lib.training import train


@pytest.fixture
def env():
    return car.make()


@pytest.fixture
def table():
    """A table over [0, 4] x [10, 18] with three actions; every entry is its own number."""
    values = np.arange(4 * 4 * 3, dtype=float).reshape(4, 4, 3)
    return TableQ(values, np.array([0.0, 10.0]), np.array([4.0, 18.0]))


@pytest.mark.parametrize(
    ("state", "cell"),
    [
        ([0.99, 11.99], (0, 0)),
        ([1.0, 10.0], (1, 0)),  # an edge belongs to the cell it opens
        ([0.5, 17.5], (0, 3)),
        ([4.0, 18.0], (3, 3)),  # the upper edge belongs to the last cell
        ([-50.0, 14.5], (0, 2)),
        ([1e30, np.inf], (3, 3)),
        ([-np.inf, -1e30], (0, 0)),
    ],
)
def test_a_state_falls_into_its_cell_and_beyond_the_edge_into_the_last(table, state, cell):
    assert table(state).tolist() == table.values[cell].tolist()
    assert table.cell(state) == 4 * cell[0] + cell[1]


def test_one_state_or_many_have_the_same_values(table):
    states = np.random.default_rng(0).uniform([-1, 9], [5, 19], size=(6, 7, 2))
    for place in np.ndindex(6, 7):
        assert table(states)[place].tolist() == table(states[place]).tolist()
        np.testing.assert_array_equal(table.row(states[place]), table(states[place]))
        assert table.greedy(states)[place] == 2
    table.row(states[0, 0])[1] = 99.0
    assert table(states[0, 0])[1] == 99.0
    assert TableQ(np.zeros((2, 2, 3)), np.zeros(2), np.ones(2)).greedy([0.5, 0.5]) == 0  # of equal ones


@pytest.mark.parametrize("truncated", [False, True])  # a truncated episode could have gone on
@pytest.mark.parametrize(
    ("terminated", "learned"),
    [
        (False, -2.85),  # target -1 + 0.9 * -3 = -3.7; -2 + 0.5 * (-3.7 + 2)
        (True, -1.5),  # target -1; -2 + 0.5 * (-1 + 2)
    ],
)
def test_one_update_by_hand_and_the_next_with_changed_settings(env, terminated, truncated, learned):
    agent = QTableAgent(env, TableConfig(cells=2, gamma=0.9, learning_rate=0.5))
    agent.table.values[0, 0, 1] = -2.0
    agent.table.values[1, 1] = [-5.0, -3.0, -4.0]
    step = np.float32([-1.0, -0.05]), 1, -1.0, np.float32([0.5, 0.05])
    agent.observe(*step, terminated=terminated, truncated=truncated)
    expected, found = np.zeros((2, 2, 3)), agent.q
    expected[0, 0, 1], expected[1, 1] = learned, [-5, -3, -4]
    np.testing.assert_allclose(found.values, expected)
    assert agent.steps == 1
    agent.change(gamma=0.0, learning_rate=1.0)
    agent.observe(*step, terminated=False, truncated=False)
    assert agent.q.values[0, 0, 1] == -1  # target -1 + 0 * -3, all the way
    np.testing.assert_allclose(found.values, expected)  # a copy, which learning does not reach
    with pytest.raises(ValueError, match="cells cannot change"):
        agent.change(cells=10)


GOOD = {"state": [0.1, 0.02], "action": 1, "reward": -1.0, "next_state": [0.1, 0.03]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("state", value) for value in ([np.nan, 0.0], [0.0, np.inf])),
        ("next_state", [0.0, -np.inf]),
        *(("reward", value) for value in (np.nan, -np.inf)),
        *(("action", value) for value in (np.nan, 1.5, -1, None, 3, np.int64(7))),
    ],
)
def test_what_is_no_number_or_no_action_is_refused_and_changes_nothing(env, name, value):
    agent = QTableAgent(env, TableConfig(cells=4, initial_value=-3.0))
    values = {**GOOD, name: value}
    for place in ("state", "next_state"):
        values[place] = np.array(values[place])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((ValueError, TypeError), match=rf"^{name} must .*got "):
            agent.observe(*values.values(), terminated=False, truncated=False)
    assert (agent.table.values == -3).all()
    assert agent.steps == 0


def test_it_acts_greedily_without_epsilon_and_at_random_with_epsilon_one(env):
    agent, other = (QTableAgent(env, TableConfig(epsilon=0.0), seed=seed) for seed in (0, 1))
    agent.table.values[..., 2] = 1.0
    state = np.float32([-0.5, 0.0])
    assert {agent.act(state) for _ in range(200)} == {2}
    for one in (agent, other):
        one.change(epsilon=1.0)
    assert agent.epsilon == 1
    actions = [agent.act(state) for _ in range(200)]
    assert set(actions) == {0, 1, 2}
    assert actions != [other.act(state) for _ in range(200)]


@pytest.mark.slow
def test_it_learns_something_in_400_episodes(env):
    agent = QTableAgent(env, TableConfig(epsilon=0.0))
    assert greedy_returns(agent.q, env).mean() == -200
    list(train(env, agent, episodes=400))
    assert greedy_returns(agent.q, env).mean() > -200  # seed 0: -193.6
    visited = agent.q.values[agent.q.values != 0]
    assert len(visited) > 200
    # no reward is above -1 and none below -1 / (1 - 0.99)
    assert (visited < 0).all() and (visited > -100).all()


def test_a_restored_table_agent_continues_identically(env):
    one = QTableAgent(env, TableConfig(epsilon=0.3, hold=5), seed=1)
    list(train(env, one, episodes=10))
    state = one.get_state()
    first = list(train(env, one, episodes=10))
    other = QTableAgent(env, one.config, seed=1)
    other.set_state(state)  # taken before the ten episodes: it must not have followed them
    assert list(train(env, other, episodes=10)) == first
    np.testing.assert_equal(other.get_state(), one.get_state())


@pytest.mark.parametrize("seed", [None, 0, 9])
def test_a_restarted_table_is_a_new_one_with_its_seed_and_settings(env, seed):
    config, live = TableConfig(cells=5, initial_value=-3.0), {"epsilon": 0.5, "gamma": 0.8, "hold": 4}
    agent = QTableAgent(env, config, seed=4)
    agent.change(**live)
    list(train(env, agent, episodes=2))
    kept, before = agent.q, agent.q.values.copy()
    agent.restart(seed)
    new = QTableAgent(env, config.replace(**live), seed=4 if seed is None else seed)
    assert (agent.seed, agent.config) == (new.seed, new.config)
    for one in (agent, new):
        list(train(env, one, episodes=2))
    np.testing.assert_equal(agent.get_state(), new.get_state())
    np.testing.assert_array_equal(kept.values, before)


@pytest.mark.parametrize("seed", [-1, 0.5, True])
def test_a_bad_seed_is_named_and_changes_nothing(env, seed):
    agent = QTableAgent(env, seed=4)
    list(train(env, agent, episodes=1))
    before = agent.get_state()
    for call in (lambda: QTableAgent(env, seed=seed), lambda: agent.restart(seed)):
        with pytest.raises((TypeError, ValueError), match=f"seed must be .*{seed!r}"):
            call()
    assert agent.seed == 4
    np.testing.assert_equal(agent.get_state(), before)


@pytest.mark.parametrize(
    ("name", "cells", "message"),
    [
        ("CartPole-v1", 2, r"finite bounds.*inf"),
        ("Acrobot-v1", 20, r"^cells .*\(20, 20, 20, 20, 20, 20, 3\).*10,000,000"),
        ("MountainCarContinuous-v0", 2, "action_space must be Discrete, got Box"),
    ],
)
def test_an_environment_that_has_no_table_is_refused(name, cells, message):
    with pytest.raises((ValueError, TypeError), match=message):
        QTableAgent(gym.make(name), TableConfig(cells=cells))
