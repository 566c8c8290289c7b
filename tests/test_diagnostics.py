"""Diagnostics: the measurements are right, those of the learning step, and measuring changes nothing."""

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.diagnostics import POINTS, SAMPLE, CurveVerdict, Diagnosis, judge_curve, td_targets
from dqn_lib.experiments import load_results
from dqn_lib.training import Check, TrainingLog, train

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
    measured = diagnosis.measure(agent, np.random.default_rng(0))
    q = agent.q(states)
    errors = np.abs([-1.9 + 0.81 * q[2].max() - q[0, 2], -1.9 - q[1, 2], -1.0 - q[2, 2]])
    picked = np.random.default_rng(0).integers(3, size=SAMPLE)
    assert measured.td_error == pytest.approx(errors[picked].mean(), rel=1e-5)
    assert (measured.lowest, measured.highest) == pytest.approx((q.max(axis=-1).min(), q.max(axis=-1).max()))


def test_the_memory_and_the_map_at_the_end(run):
    diagnosis, agent, _ = run
    np.testing.assert_array_equal(diagnosis.remembered, agent.memory.states)
    assert diagnosis.values.shape == (POINTS, POINTS)
    flag, bottom = np.array([0.6, -0.07]), np.array([-1.2, -0.07])
    assert diagnosis.values[0, -1] == pytest.approx(agent.q(flag).max(), rel=1e-5)
    assert diagnosis.values[0, 0] == pytest.approx(agent.q(bottom).max(), rel=1e-5)


def test_the_remembered_states_of_a_memory_that_is_not_full_are_a_copy():
    env, diagnosis = mountain_car.make(), Diagnosis()
    agent = DQNAgent(env, CONFIG, seed=2)
    with pytest.raises(ValueError, match="every must be at least 1, got 0"):
        diagnosis.record(env, agent, steps=10, every=0)
    list(diagnosis.record(env, agent, steps=300))
    assert len(diagnosis.remembered) == len(agent.memory) < 500
    agent.memory.states[:] = 0
    assert diagnosis.remembered[:, 0].all()


# --- targets and estimates ----------------------------------------------------------------------------


@pytest.mark.parametrize("double", [True, False])
def test_targets_and_estimates_are_those_of_the_learning_step_and_change_nothing(double):
    env = mountain_car.make()
    config = DQNConfig(learning_starts=64, learn_every=64, tau=0.1, hidden=(16,), double=double)
    agent = DQNAgent(env, config, seed=3, xla=False)
    list(train(env, agent, episodes=2))
    for _ in range(2):  # the target network is always the current one
        agent.learn()
        first, before = np.arange(len(agent.memory)), agent.get_state()
        found = td_targets(agent, first)
        np.testing.assert_equal(agent.get_state(), before)
        batch, q = agent.memory.windows(first, config.n_step, config.gamma), agent.q
        targets = agent._objective().targets(batch, q, agent.target_q)
        np.testing.assert_allclose(found.targets, targets, atol=1e-4)
        estimates = q(batch.states)[first, batch.actions]
        np.testing.assert_allclose(found.estimates, estimates, atol=1e-4)
        chooser = q if double else agent.target_q
        np.testing.assert_array_equal(found.chosen, chooser(batch.next_states).argmax(axis=-1))
        guess = (1 - batch.terminated) * batch.discounts * found.bootstrap
        np.testing.assert_allclose(found.targets, batch.reward_sums + guess, atol=1e-4)
    one = td_targets(agent, np.array(7))
    assert one.targets.shape == ()
    np.testing.assert_allclose(one.targets, found.targets[7], rtol=1e-5)


RUNS = load_results("own_agent")


def log_of(returns, every=1_000):
    """A log with one check of each mean return."""
    checks = [Check(every * number, np.full(2, float(mean)), None) for number, mean in enumerate(returns)]
    return TrainingLog(checks=checks)


@pytest.mark.parametrize(
    ("returns", "kind", "words"),
    [
        ([-200.0] * 3, "too short", "after 2,000 steps, there is nothing to compare"),
        ([-200.0] * 21, "never arrived", "In no check has the greedy car reached the flag"),
        ([-200.0] * 10 + [-140.0] * 11, "not yet", "The best check is -140.0; -110 counts as solved"),
        (
            [-200.0] * 19 + [-100.0] * 2,
            "late but right",
            "after 19,000 steps; the slowest of 30 runs took 18,019",
        ),
        ([-200.0] * 6 + [-100.0] * 5 + [-180.0] * 10, "solved and lost again", "average -180.0"),
        ([-200.0] * 6 + [-100.0] * 15, "within the band", "It was solved after 6,000 steps; "),
        ([-200.0] * 4 + [-105.0, -100.0], "within the band", "after 4,000 steps"),
    ],
)
def test_a_curve_is_judged_by_thirty_others(returns, kind, words):
    verdict = judge_curve(log_of(returns), RUNS)
    assert verdict.kind == kind and kind in CurveVerdict.KINDS
    assert words in verdict.message and repr(verdict).startswith(kind.capitalize())


def test_every_one_of_the_thirty_lies_in_its_own_band():
    kinds = [judge_curve(log_of(run["curve"]), RUNS).kind for run in RUNS]
    assert len(RUNS) == 30 and {*kinds} == {"within the band"}


def test_without_checks_or_runs_there_is_no_verdict():
    for log, runs in ((TrainingLog(), RUNS), (log_of([-200.0]), [])):
        with pytest.raises(ValueError, match="a verdict needs checks and runs, got"):
            judge_curve(log, runs)
