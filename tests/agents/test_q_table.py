"""Q-learning on a grid: which cell a state falls into, one update by hand, and whether it learns at all."""

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


def table(cells=4):
    """A table over [0, 4] x [10, 18] with three actions; every entry is its own number."""
    values = np.arange(cells * cells * 3, dtype=float).reshape(cells, cells, 3)
    return TableQ(values, np.array([0.0, 10.0]), np.array([4.0, 18.0]))


@pytest.mark.parametrize(
    ("state", "cell"),
    [
        ([0.0, 10.0], (0, 0)),
        ([0.99, 11.99], (0, 0)),
        ([1.0, 10.0], (1, 0)),  # an edge belongs to the cell it opens
        ([0.0, 12.0], (0, 1)),
        ([3.5, 10.5], (3, 0)),
        ([0.5, 17.5], (0, 3)),
        ([4.0, 18.0], (3, 3)),  # the upper edge belongs to the last cell
        ([-0.1, 9.9], (0, 0)),
        ([-50.0, 14.5], (0, 2)),
        ([50.0, 1e9], (3, 3)),
    ],
)
def test_a_state_falls_into_its_cell_and_beyond_the_edge_into_the_last(state, cell):
    q = table()
    assert q(state).tolist() == q.values[cell].tolist()
    assert q.cell(state) == 4 * cell[0] + cell[1]
    assert q.rows[q.cell(state)].tolist() == q.values[cell].tolist()


def test_the_corners_of_the_environment_are_the_corners_of_the_table(env):
    q = QTableAgent(env, TableConfig(cells=7)).q
    low, high = env.observation_space.low, env.observation_space.high
    assert q.cell([low, high, [low[0], high[1]], [high[0], low[1]]]).tolist() == [0, 48, 6, 42]


def test_many_states_at_once_give_the_same_values():
    q, rng = table(), np.random.default_rng(0)
    states = rng.uniform([-1, 9], [5, 19], size=(6, 7, 2))
    for place in np.ndindex(6, 7):
        assert q(states)[place].tolist() == q(states[place]).tolist()
        assert q.greedy(states)[place] == 2


def test_of_equal_actions_the_first_is_greedy():
    assert TableQ(np.zeros((2, 2, 3)), np.zeros(2), np.ones(2)).greedy([0.5, 0.5]) == 0


def learn_once(env, terminated, truncated):
    """Q(s, 1) = -2, best Q(s') = -3, reward -1, gamma 0.9, learning rate 0.5."""
    agent = QTableAgent(env, TableConfig(cells=2, gamma=0.9, learning_rate=0.5))
    agent.table.values[0, 0, 1] = -2.0
    agent.table.values[1, 1] = [-5.0, -3.0, -4.0]
    low, high = np.float32([-1.0, -0.05]), np.float32([0.5, 0.05])
    agent.observe(low, 1, -1.0, high, terminated=terminated, truncated=truncated)
    return agent


@pytest.mark.parametrize(
    ("terminated", "truncated", "learned"),
    [
        # target -1 + 0.9 * -3 = -3.7; -2 + 0.5 * (-3.7 + 2) = -2.85
        (False, False, -2.85),
        (False, True, -2.85),  # a truncated episode could have gone on
        # target -1; -2 + 0.5 * (-1 + 2) = -1.5
        (True, False, -1.5),
        (True, True, -1.5),
    ],
)
def test_one_update_by_hand(env, terminated, truncated, learned):
    agent = learn_once(env, terminated, truncated)
    expected = np.zeros((2, 2, 3))
    expected[0, 0, 1], expected[1, 1] = learned, [-5, -3, -4]
    np.testing.assert_allclose(agent.table.values, expected)
    assert agent.steps == 1


def test_q_is_a_copy_that_learning_does_not_reach(env):
    agent = learn_once(env, terminated=False, truncated=False)
    before = agent.q
    agent.observe(np.float32([-1, -0.05]), 1, -1.0, np.float32([0.5, 0.05]), terminated=True, truncated=False)
    assert before.values[0, 0, 1] == pytest.approx(-2.85)
    assert agent.q.values[0, 0, 1] != before.values[0, 0, 1]


def test_the_table_starts_from_its_initial_value_in_the_shape_of_the_environment(env):
    agent = QTableAgent(env, TableConfig(cells=5, initial_value=-7.0))
    assert agent.q.values.shape == (5, 5, 3)
    assert (agent.q.values == -7).all()
    assert QTableAgent(gym.make("Acrobot-v1"), TableConfig(cells=3)).q.values.shape == (3,) * 6 + (3,)


def test_it_acts_greedily_without_epsilon_and_at_random_with_epsilon_one(env):
    agent = QTableAgent(env, TableConfig(epsilon=0.0))
    agent.table.values[..., 2] = 1.0
    state = np.float32([-0.5, 0.0])
    assert {agent.act(state) for _ in range(200)} == {2}
    agent.change(epsilon=1.0)
    assert agent.epsilon == 1
    assert {agent.act(state) for _ in range(200)} == {0, 1, 2}


def test_live_settings_act_from_the_next_step_and_the_others_cannot_change(env):
    agent = learn_once(env, terminated=False, truncated=False)
    agent.change(gamma=0.0, learning_rate=1.0)
    agent.observe(
        np.float32([-1, -0.05]), 1, -1.0, np.float32([0.5, 0.05]), terminated=False, truncated=False
    )
    assert agent.table.values[0, 0, 1] == -1  # target -1 + 0 * -3, all the way
    with pytest.raises(ValueError, match="cells cannot change"):
        agent.change(cells=10)


def trained(env, seed, episodes=40, **settings):
    agent = QTableAgent(env, TableConfig(**settings), seed=seed)
    return agent, list(train(env, agent, episodes=episodes))


@pytest.mark.slow
def test_it_learns_something_in_400_episodes(env):
    agent, _ = trained(env, seed=0, episodes=400, epsilon=0.0)
    assert greedy_returns(agent.q, env).mean() > -200  # seed 0: -193.6; an untrained table never arrives
    assert greedy_returns(QTableAgent(env).q, env).mean() == -200
    visited = agent.q.values[agent.q.values != 0]
    assert len(visited) > 200
    # no reward is above -1 and none below -1 / (1 - 0.99)
    assert (visited < 0).all() and (visited > -100).all()


def test_the_same_seed_gives_the_same_run_and_another_one_another(env):
    settings = {"epsilon": 0.3, "hold": 5}
    (one, its), (two, its_twins), (other, _) = (trained(env, seed, **settings) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.q.values, two.q.values)
    assert its == its_twins
    assert (one.q.values != other.q.values).any()
    one, other = (QTableAgent(env, TableConfig(epsilon=1.0), seed=seed) for seed in (1, 2))
    state = np.float32([-0.5, 0.0])
    assert [one.act(state) for _ in range(50)] != [other.act(state) for _ in range(50)]


def test_a_restored_table_agent_continues_identically(env):
    one, _ = trained(env, seed=1, epsilon=0.3, hold=5)
    state = one.get_state()
    first = list(train(env, one, episodes=10))
    other = QTableAgent(env, one.config, seed=1)
    other.set_state(state)  # taken before the ten episodes: it must not have followed them
    assert list(train(env, other, episodes=10)) == first
    assert (other.steps, other.episodes) == (one.steps, one.episodes)
    np.testing.assert_array_equal(other.q.values, one.q.values)


def test_an_environment_without_bounds_is_refused():
    with pytest.raises(ValueError, match=r"finite bounds.*inf"):
        QTableAgent(gym.make("CartPole-v1"))


def test_a_table_too_large_is_refused_before_it_is_made():
    with pytest.raises(ValueError, match=r"^cells .*\(20, 20, 20, 20, 20, 20, 3\).*10,000,000"):
        QTableAgent(gym.make("Acrobot-v1"), TableConfig(cells=20))


@pytest.mark.parametrize("name", ["MountainCarContinuous-v0", "Pendulum-v1"])
def test_an_environment_without_discrete_actions_is_refused(name):
    with pytest.raises(TypeError, match="action_space must be Discrete, got Box"):
        QTableAgent(gym.make(name))


@pytest.mark.parametrize("seed", [-1, 0.5, None, True])
def test_a_bad_seed_is_named(env, seed):
    with pytest.raises((TypeError, ValueError), match=f"seed must be .*{seed!r}"):
        QTableAgent(env, seed=seed)


def test_one_state_s_row_is_that_of_its_cell():
    rng = np.random.default_rng(0)
    low, high = car.STATE_LOW.astype(float), car.STATE_HIGH.astype(float)
    q = TableQ(rng.normal(size=(7, 7, 3)), low, high)
    states = rng.uniform(low - 0.1, high + 0.1, (1_000, 2)).astype(np.float32)
    states = [*states, car.STATE_LOW, car.STATE_HIGH, np.array([np.inf, -np.inf], np.float32)]
    for state in states:
        np.testing.assert_array_equal(q.row(state), q.rows[q.cell(state)])
    q.row(states[0])[1] = 99.0
    assert q(states[0])[1] == 99.0


def test_a_state_far_beyond_the_edge_lies_in_the_last_cell():
    table = TableQ(np.zeros((4, 2)), np.array([0.0]), np.array([1.0]))
    assert [int(table.cell(np.array([x]))) for x in (1e30, np.inf, -1e30)] == [3, 3, 0]


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
    np.testing.assert_equal(agent.get_state(), new.get_state())
    np.testing.assert_array_equal(kept.values, before)
    for one in (agent, new):
        list(train(env, one, episodes=2))
    np.testing.assert_equal(agent.get_state(), new.get_state())


def test_a_restart_with_a_bad_seed_is_refused_and_changes_nothing(env):
    agent = QTableAgent(env, seed=4)
    list(train(env, agent, episodes=1))
    before = agent.get_state()
    with pytest.raises(TypeError, match=r"seed must be an integer, got 0\.5"):
        agent.restart(0.5)
    assert agent.seed == 4
    np.testing.assert_equal(agent.get_state(), before)
