"""The DQN agent: its settings reach the gradient step at once, it comes back as it was, and it learns."""

import copy
from dataclasses import fields

import gymnasium as gym
import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents import learner
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.learner import ONLINE, SQUARE, TARGET, Objective
from dqn_lib.agents.q_network import QFunction
from dqn_lib.config import DQNConfig
from dqn_lib.evaluation import greedy_returns
from dqn_lib.training import TrainingLog, train

SMALL = DQNConfig(
    hidden=(16, 16), memory_size=256, learning_starts=32, batch_size=8, learn_every=4, updates=4, n_step=3
)
LOW, HIGH = mountain_car.STATE_LOW, mountain_car.STATE_HIGH
STATES = np.random.default_rng(0).uniform(LOW, HIGH, (50, 2))


@pytest.fixture
def agent():
    """With random memories, all kinds of episode ends among them, and two different networks."""
    agent = DQNAgent(mountain_car.make(), SMALL, seed=3)
    rng = np.random.default_rng(4)
    for number in range(100):
        terminated, truncated = number % 7 == 3, number % 11 == 5
        step = rng.uniform(LOW, HIGH), rng.integers(3), float(rng.normal(0, 3)), rng.uniform(LOW, HIGH)
        agent.memory.add(*step, terminated=terminated, truncated=truncated)
    parameters = agent.parameters.copy()
    parameters[TARGET] += rng.normal(0, 0.3, parameters[TARGET].shape)
    parameters[SQUARE] = 1e-4  # so that Adam does not blow rounding up to whole steps
    agent.parameters = parameters
    return agent


@pytest.fixture
def no_compiler(monkeypatch):
    """From the call on, whatever has to be compiled fails."""

    def begin():
        monkeypatch.setattr(learner, "compiled", lambda *_: pytest.fail("compiled again"))

    return begin


HARD = {"target_update": "hard", "target_period": 6}


@pytest.mark.parametrize(
    ("changes", "taus"),
    [
        ({}, [SMALL.tau] * 8),
        ({"gamma": 0.9, "learning_rate": 0.01, "tau": 0.5}, [0.5] * 8),
        (HARD, [0, 0, 0, 0, 0, 1, 0, 0]),
        ({"target_update": "every_step"}, [1] * 8),
    ],
    ids=str,
)
def test_two_chunks_are_gradient_steps_on_samples_with_the_current_settings(agent, changes, taus):
    agent.change(**changes)
    config, twin, now = agent.config, copy.deepcopy(agent.memory), agent.parameters
    factor = 16 / (HIGH - LOW)  # to [-8, 8]
    scaling = np.float32([factor, -8 - factor * LOW])
    steps = learner.compiled_steps(Objective(), (2, 16, 16, 3), 4, 8)
    for done in (0, 4):
        batches = twin.sample((4, 8), 3, config.gamma)
        more, rate = np.float32(taus[done : done + 4]), np.float32(config.learning_rate)
        now, losses = steps(now, *batches, more, rate, np.float32(done), scaling)
        agent.learn()
        assert agent.loss == pytest.approx(losses.mean())
    np.testing.assert_allclose(agent.parameters, now, rtol=0, atol=1e-5)


def test_a_live_setting_acts_without_compiling_and_the_others_cannot_change(agent, no_compiler):
    live = {"gamma": 0.9, "learning_rate": 0.0, "tau": 0.5, **HARD, "epsilon": 0.5, "hold": 3}
    assert live.keys() == {spec.name for spec in fields(DQNConfig) if spec.metadata["live"]}
    before = copy.deepcopy(agent.get_state())
    agent.compile()
    np.testing.assert_equal(agent.get_state(), before)
    no_compiler()
    for name, value in live.items():
        agent.change(**{name: value})
        before = agent.parameters
        agent.learn()
        frozen = agent.config.learning_rate == 0
        assert (agent.parameters[ONLINE] == before[ONLINE]).all() == frozen
    agent.change(target_update="soft", tau=0.0, learning_rate=0.1)
    before = agent.parameters
    agent.learn()
    np.testing.assert_equal(agent.parameters[TARGET], before[TARGET])
    with pytest.raises(ValueError, match="batch_size cannot change during a run"):
        agent.change(batch_size=16)


def test_a_changed_epsilon_and_hold_act_from_the_next_step(agent):
    agent.change(epsilon=0.0)
    assert agent.epsilon == 0.0
    np.testing.assert_equal([agent.act(state) for state in STATES], agent.q.greedy(STATES))

    def switches(hold):
        agent.change(epsilon=1.0, hold=hold)
        return np.count_nonzero(np.diff([agent.act(np.zeros(2, np.float32)) for _ in range(600)]))

    assert switches(1) > 300
    assert 0 < switches(50) < 60
    agent.change(epsilon=None)
    assert agent.epsilon == SMALL.epsilon_start


def test_learning_waits_for_its_start_and_then_comes_every_few_steps(agent):
    updates = []
    for _ in range(48):
        agent.observe(np.zeros(2), 0, -1.0, np.zeros(2), terminated=False, truncated=False)
        updates.append(agent.updates)
    assert updates[:31] == [0] * 31
    assert updates[31:] == [4] * 4 + [8] * 4 + [12] * 4 + [16] * 4 + [20]


@pytest.mark.parametrize("input_range", [8.0, None])
def test_both_networks_are_always_those_of_the_latest_parameters_and_old_ones_stay(input_range):
    agent = DQNAgent(mountain_car.make(), SMALL.replace(input_range=input_range), xla=False)
    scaled = STATES if input_range is None else 8 * (2 * (STATES - LOW) / (HIGH - LOW) - 1)
    kept, before = agent.q, agent.q(STATES)
    agent.parameters = np.random.default_rng(1).normal(0, 0.5, agent.parameters.shape)
    for q, row in ((agent.q, ONLINE), (agent.target_q, TARGET)):
        expected = QFunction.from_flat(agent.parameters[row], agent.sizes)(scaled)
        np.testing.assert_allclose(q(STATES), expected, rtol=1e-3, atol=1e-4)
        array = q.layers[-1][0]
        while array.base is not None:
            array = array.base
        assert array.nbytes == q.to_flat().nbytes  # in memory: not both networks and Adam's averages
    np.testing.assert_equal(kept(STATES), before)


def test_a_restored_agent_continues_identically(agent):
    env = mountain_car.make(max_episode_steps=40)
    list(train(env, agent, episodes=1))
    taken = agent.get_state()
    list(train(env, agent, episodes=2))
    other = DQNAgent(mountain_car.make(), SMALL, seed=3)
    other.set_state(taken)
    list(train(env, other, episodes=2))
    np.testing.assert_equal(other.get_state(), agent.get_state())


@pytest.mark.parametrize("seed", [None, 9])
def test_a_restarted_agent_is_a_new_one_with_its_seed_and_settings(agent, seed, no_compiler):
    live = {"learning_rate": 0.02, "gamma": 0.5, "tau": 0.3, "epsilon": 0.7, "hold": 2}
    list(train(mountain_car.make(max_episode_steps=40), agent, episodes=1))
    agent.change(**live)
    kept, before = agent.q, agent.q(STATES)
    no_compiler()
    agent.restart(seed)
    new = DQNAgent(mountain_car.make(), SMALL.replace(**live), seed=seed or 3)
    assert (agent.seed, agent.config) == (new.seed, new.config)
    np.testing.assert_equal(agent.get_state(), new.get_state())
    for one in (agent, new):
        list(train(mountain_car.make(max_episode_steps=60), one, episodes=1))
    assert agent.updates > 0
    np.testing.assert_equal(agent.get_state(), new.get_state())
    np.testing.assert_equal(kept(STATES), before)


@pytest.mark.parametrize("seed", [-1, 0.5, True])
def test_a_bad_seed_is_refused_by_name_and_changes_nothing(agent, seed):
    before = copy.deepcopy(agent.get_state())
    for call in (lambda: DQNAgent(mountain_car.make(), seed=seed), lambda: agent.restart(seed)):
        with pytest.raises((TypeError, ValueError), match=f"seed must be .*got {seed}"):
            call()
    assert agent.seed == 3
    np.testing.assert_equal(agent.get_state(), before)


@pytest.mark.slow
def test_on_cartpole_a_few_thousand_steps_beat_the_untrained_policy_by_far():
    env, ruler = gym.make("CartPole-v1"), gym.make("CartPole-v1")
    config = DQNConfig(
        n_step=3,
        tau=0.02,
        hold=1,
        input_range=1.0,
        bias_range=0.1,
        learning_starts=200,
        epsilon_wait=0,
        epsilon_decay=2_000,
    )
    agent = DQNAgent(env, config, seed=0)
    before = greedy_returns(agent.q, ruler, episodes=10).mean()
    list(train(env, agent, steps=3_000))
    assert before < 30
    assert greedy_returns(agent.q, ruler, episodes=10).mean() > 100


@pytest.mark.slow
def test_the_default_configuration_solves_mountaincar():
    env = mountain_car.make()
    agent, log = DQNAgent(env, seed=0), TrainingLog()
    for _ in log.record(train(env, agent, steps=20_000), agent, env):
        if log.solved_at(mountain_car.SOLVED_RETURN) is not None:
            break
    assert log.checks[0].mean < -150
    assert log.solved_at(mountain_car.SOLVED_RETURN) is not None, [check.mean for check in log.checks]
