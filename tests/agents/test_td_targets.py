"""Targets and estimates in NumPy are those of the agent's own learning step."""

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.diagnostics import td_targets
from dqn_lib.training import train

env = mountain_car.make()


def trained(**settings):
    config = DQNConfig(learning_starts=64, learn_every=64, tau=0.1, hidden=(16,), **settings)
    agent = DQNAgent(env, config, seed=3, xla=False)
    for _ in train(env, agent, episodes=2):
        pass
    return agent


@pytest.fixture(scope="module")
def agent():
    return trained()


def as_learnt(agent, batch):
    """Targets and estimates by the objective of the agent's own gradient step."""
    q = agent.q(batch.states)
    targets = agent._objective().targets(batch, agent.q, agent.target_q)
    return np.array(targets), q[np.arange(len(q)), batch.actions]


@pytest.mark.parametrize("double", [True, False])
def test_targets_and_estimates_are_those_of_the_learning_step(agent, double, monkeypatch):
    monkeypatch.setattr(agent, "config", agent.config.replace(double=double))
    first = np.arange(len(agent.memory))
    found = td_targets(agent, first)
    targets, estimates = as_learnt(
        agent, agent.memory.windows(first, agent.config.n_step, agent.config.gamma)
    )
    np.testing.assert_allclose(found.targets, targets, atol=1e-4)
    np.testing.assert_allclose(found.estimates, estimates, atol=1e-4)


def test_double_and_plain_targets_differ_somewhere(agent, monkeypatch):
    first = np.arange(len(agent.memory))
    double = td_targets(agent, first)
    monkeypatch.setattr(agent, "config", agent.config.replace(double=False))
    plain = td_targets(agent, first)
    assert (plain.targets >= double.targets - 1e-5).all()
    assert (plain.targets > double.targets + 1e-3).any()
    assert (plain.chosen != double.chosen).any()


def test_the_parts_add_up_to_the_target(agent):
    found = td_targets(agent, np.arange(len(agent.memory)))
    guess = (1 - found.batch.terminated) * found.batch.discounts * found.bootstrap
    np.testing.assert_allclose(found.targets, found.batch.reward_sums + guess, atol=1e-4)


def test_one_window_is_as_good_as_many(agent):
    many, one = td_targets(agent, np.arange(20)), td_targets(agent, np.array(7))
    assert one.targets.shape == ()
    np.testing.assert_allclose(one.targets, many.targets[7], rtol=1e-5)


def test_the_target_network_is_always_the_current_one(agent):
    before = agent.target_q.to_flat()
    first = np.arange(20)
    agent.learn()
    assert (agent.target_q.to_flat() != before).any()
    batch = agent.memory.windows(first, agent.config.n_step, agent.config.gamma)
    np.testing.assert_allclose(td_targets(agent, first).targets, as_learnt(agent, batch)[0], atol=1e-4)


def test_computing_targets_changes_nothing(agent):
    before = agent.get_state()
    td_targets(agent, np.arange(len(agent.memory)))
    after = agent.get_state()
    assert before["memory"]["rng"] == after["memory"]["rng"]
    np.testing.assert_array_equal(before["parameters"], after["parameters"])
