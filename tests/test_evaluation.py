"""The greedy return: the same starts every time, in Gymnasium or simulated."""

import gymnasium as gym
import numpy as np
import pytest

from dqn_lib import evaluation
from dqn_lib import mountain_car as car
from dqn_lib.evaluation import greedy_returns


class Pump:
    """Pushes the way the car rolls; remembers the states it was asked about."""

    def __init__(self):
        self.seen = []

    def greedy(self, states):
        self.seen.append(np.array(states))
        return np.where(states[..., 1] >= 0, 2, 0)


class Idle:
    """Never reaches the flag."""

    def greedy(self, states):
        return np.ones(states.shape[:-1], int)


@pytest.fixture
def env():
    return car.make()


def test_the_simulated_starts_are_the_same_at_every_call_and_follow_from_the_seed():
    one, two, other = Pump(), Pump(), Pump()
    np.testing.assert_array_equal(greedy_returns(one), greedy_returns(two))
    greedy_returns(other, seed=5)
    np.testing.assert_array_equal(one.seen[0], two.seen[0])
    np.testing.assert_array_equal(one.seen[0], car.start_states(100, evaluation.HELD_OUT).astype(np.float32))
    assert (one.seen[0] != other.seen[0]).any()


def test_the_starts_in_an_environment_are_the_same_at_every_call_and_differ_between_episodes(env):
    one, two = Pump(), Pump()
    returns = greedy_returns(one, env, episodes=5)
    np.testing.assert_array_equal(returns, greedy_returns(two, env, episodes=5))
    np.testing.assert_array_equal(one.seen, two.seen)
    assert len({float(state[0]) for state in one.seen if state[1] == 0}) >= 5


def test_an_environment_and_the_simulation_agree_from_the_same_starts(env, monkeypatch):
    starts = []
    for number in range(30):
        env.reset(seed=11 + number)
        starts.append(env.unwrapped.state)
    monkeypatch.setattr(car, "start_states", lambda count, seed: np.array(starts))
    driven = greedy_returns(Pump(), env, episodes=30, seed=11)
    np.testing.assert_array_equal(driven, greedy_returns(Pump(), episodes=30, seed=11))
    assert len(set(driven)) > 5


def test_an_environment_and_the_simulation_agree_in_the_mean(env):
    driven, simulated = greedy_returns(Pump(), env, episodes=200), greedy_returns(Pump(), episodes=200)
    spread = np.hypot(driven.std(), simulated.std()) / np.sqrt(200)
    assert driven.mean() == pytest.approx(simulated.mean(), abs=5 * spread)


@pytest.mark.parametrize("driven", [True, False])
def test_an_episode_that_never_arrives_is_worth_minus_200(driven, env):
    assert greedy_returns(Idle(), env if driven else None, episodes=3).tolist() == [car.LUCK] * 3


def test_the_environments_own_rewards_and_endings_are_counted():
    env = gym.make("CartPole-v1")
    # pushed to the right only, the pole falls within a dozen steps, each of which is worth +1
    push = type("Push", (), {"greedy": lambda self, state: np.array(1)})()
    returns = greedy_returns(push, env, episodes=10)
    assert returns.shape == (10,)
    assert ((returns >= 5) & (returns <= 15)).all()


def test_a_time_limit_of_the_environment_ends_an_episode():
    assert greedy_returns(Idle(), car.make(max_episode_steps=7), episodes=2).tolist() == [-7, -7]


@pytest.mark.parametrize("driven", [True, False])
@pytest.mark.parametrize(
    ("name", "value"),
    [("episodes", 0), ("episodes", -1), ("episodes", 1.0), ("episodes", True), ("seed", -1), ("seed", 0.5)],
)
def test_a_bad_argument_is_named(driven, name, value, env):
    with pytest.raises((TypeError, ValueError), match=f"^{name} must .*got {value!r}$"):
        greedy_returns(Pump(), env if driven else None, **{name: value})


def test_a_seed_of_numpy_is_a_seed_in_an_environment_as_in_the_simulation(env):
    assert len(greedy_returns(Pump(), episodes=2, seed=np.int64(3))) == 2
    assert len(greedy_returns(Pump(), env, episodes=2, seed=np.int64(3))) == 2
