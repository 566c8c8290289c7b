"""The probes are environments of Gymnasium, and their answers on paper are right."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from dqn_lib.probes import FURTHER_PROBES, GAMMA, PROBES, ChangedReward, LongPush, TwoEndings

on_paper = pytest.mark.parametrize("probe", [*PROBES, FURTHER_PROBES[0]], ids=lambda probe: probe.name)
each = pytest.mark.parametrize(
    "probe", [*PROBES, *FURTHER_PROBES], ids=lambda probe: f"{probe.name}, {probe.question}"
)


@each
@pytest.mark.filterwarnings("ignore:.*")
def test_a_probe_is_an_environment_of_gymnasium(probe):
    check_env(probe.environment(), skip_render_check=True)


@on_paper
def test_the_values_on_paper_are_those_that_a_table_learns(probe):
    """Q-learning with exact masks, by hand, on random actions."""
    env, rng = probe.environment(), np.random.default_rng(7)
    place = {round(float(state[0]), 3): number for number, state in enumerate(probe.states)}
    table = np.zeros(probe.q.shape)
    state, _ = env.reset(seed=0)
    for _ in range(4_000):
        here, action = place[round(float(state[0]), 3)], int(rng.integers(2))
        state, reward, terminated, truncated, _ = env.step(action)
        future = 0.0 if terminated else GAMMA * table[place[round(float(state[0]), 3)]].max()
        table[here, action] += 0.1 * (reward + future - table[here, action])
        if terminated or truncated:
            state, _ = env.reset()
    assert probe.error(lambda states: table) < 0.01
    assert probe.error(lambda states: table + 0.5) > 0.4
    assert probe.error(lambda states: table * np.nan) == np.inf
    with pytest.raises(ValueError, match="q must return the shape"):
        probe.error(lambda states: table[0])


def test_who_takes_the_time_limit_for_an_ending_learns_another_value():
    (probe,) = (probe for probe in PROBES if probe.environment is TwoEndings)
    limited = sum(GAMMA**step for step in range(TwoEndings.LIMIT))
    assert probe.q[1].max() - limited > 2 * probe.tolerance


def test_a_changed_reward_changes_once_for_good():
    env, rewards = ChangedReward(), []
    for _ in range(300):
        env.reset()
        state, reward, terminated, truncated, _ = env.step(0)
        rewards.append(reward)
        assert terminated and not truncated and state.tolist() == [0.0, 0.0]
    assert rewards == [-1.0] * 200 + [1.0] * 100


def test_a_long_push_needs_ten_in_a_row():
    env = LongPush()
    assert env.reset()[0][0] == -1.0
    for action in [1] * 9 + [0] + [1] * 9:
        state, reward, terminated, _, _ = env.step(action)
        assert (reward, terminated) == (0.0, False)
    assert state[0] == 1.0
    assert env.step(1)[1:3] == (1.0, True)
