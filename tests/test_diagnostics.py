"""Diagnostics: the measurements are right, and measuring changes nothing."""

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.diagnostics import POINTS, SAMPLE, Diagnosis
from dqn_lib.training import TrainingLog, train

CONFIG = DQNConfig(hidden=(16, 16), memory_size=2_000, n_step=3)


@pytest.fixture(scope="module")
def run():
    env, diagnosis = mountain_car.make(), Diagnosis()
    agent = DQNAgent(env, CONFIG, seed=2)
    episodes = list(diagnosis.record(env, agent, steps=2_500, every=500))
    return diagnosis, agent, episodes


@pytest.mark.slow
def test_a_measured_run_is_the_same_as_any_other(run):
    _, agent, episodes = run
    env, other = mountain_car.make(), DQNAgent(mountain_car.make(), CONFIG, seed=2)
    log = TrainingLog()
    assert list(log.record(train(env, other, steps=2_500), other, env, every=500)) == episodes
    np.testing.assert_equal(agent.get_state(), other.get_state())


def test_there_are_diagnostics_for_every_check_after_an_episode(run):
    diagnosis, _, episodes = run
    checked = [check.step for check in diagnosis.log.checks if check.step]
    assert set(diagnosis.series("step")) >= set(checked)
    assert diagnosis.history[-1].step == checked[-1]
    assert np.diff(diagnosis.series("step")).max() <= 500 + 200  # and an episode
    assert np.isnan(diagnosis.series("loss")[0]) and not np.isnan(diagnosis.series("loss")[-1])
    assert diagnosis.history[0].epsilon == 1.0
    assert diagnosis.history[-1].mean_return == diagnosis.log.checks[-1].mean
    arrived = [sum(e.terminated for e in episodes if e.step <= step) for step in diagnosis.series("step")]
    np.testing.assert_array_equal(diagnosis.series("arrivals"), arrived)


def test_the_error_and_the_values_by_hand():
    env = mountain_car.make()
    agent = DQNAgent(env, DQNConfig(n_step=2, gamma=0.9), seed=0)
    states = np.array([[-0.5, 0.0], [-0.4, 0.01], [0.49, 0.05]], np.float32)
    for state, following, ends in zip(states, [*states[1:], [0.54, 0.05]], (False, False, True), strict=True):
        agent.observe(state, 2, -1.0, following, terminated=ends, truncated=False)
    diagnosis = Diagnosis()
    diagnosis.log.check(agent, env, every=1)
    rng = np.random.default_rng(0)
    measured = diagnosis.measure(agent, rng)
    q = agent.q(states)
    errors = np.abs([-1.9 + 0.81 * q[2].max() - q[0, 2], -1.9 - q[1, 2], -1.0 - q[2, 2]])
    picked = np.random.default_rng(0).integers(3, size=SAMPLE)
    assert measured.td_error == pytest.approx(errors[picked].mean(), rel=1e-5)
    assert (measured.lowest, measured.highest) == pytest.approx((q.max(axis=-1).min(), q.max(axis=-1).max()))


def test_the_memory_and_the_map_at_the_end(run):
    diagnosis, agent, _ = run
    assert diagnosis.remembered.shape == (2_000, 2)
    np.testing.assert_array_equal(diagnosis.remembered, agent.memory.states)
    assert diagnosis.values.shape == (POINTS, POINTS)
    flag, bottom = np.array([0.6, -0.07]), np.array([-1.2, -0.07])
    assert diagnosis.values[0, -1] == pytest.approx(agent.q(flag).max(), rel=1e-5)
    assert diagnosis.values[0, 0] == pytest.approx(agent.q(bottom).max(), rel=1e-5)


def test_the_remembered_states_of_a_memory_that_is_not_full():
    env, diagnosis = mountain_car.make(), Diagnosis()
    agent = DQNAgent(env, CONFIG, seed=2)
    list(diagnosis.record(env, agent, steps=300))
    assert len(diagnosis.remembered) == len(agent.memory) < 500
    remembered = diagnosis.remembered.copy()
    agent.memory.states[:] = 0
    np.testing.assert_array_equal(diagnosis.remembered, remembered)


def test_every_must_be_a_number_of_steps():
    env = mountain_car.make()
    with pytest.raises(ValueError, match="every must be at least 1, got 0"):
        list(Diagnosis().record(env, DQNAgent(env, CONFIG), steps=10, every=0))
