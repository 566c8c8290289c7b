"""The greedy return: the same starts every time, in Gymnasium or simulated."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import TimeLimit

from dqn_lib import evaluation
from dqn_lib import mountain_car as car
from dqn_lib.agents.q_network import QFunction
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


class Unknown(gym.Wrapper):
    """Changes nothing, but the library cannot know that: so it drives episode by episode."""


@pytest.fixture
def driven():
    return Unknown(car.make())


def test_the_simulated_starts_are_the_same_at_every_call_and_follow_from_the_seed(env):
    one, two, other = Pump(), Pump(), Pump()
    np.testing.assert_array_equal(greedy_returns(one, env), greedy_returns(two, env))
    greedy_returns(other, env, seed=5)
    expected = car.start_states(100, evaluation.EVALUATION_SEED).astype(np.float32)
    np.testing.assert_array_equal([one.seen[0], two.seen[0]], [expected, expected])
    assert (one.seen[0] != other.seen[0]).any()


def test_the_starts_in_an_environment_are_the_same_at_every_call_and_differ_between_episodes(driven):
    one, two = Pump(), Pump()
    returns = greedy_returns(one, driven, episodes=5)
    np.testing.assert_array_equal(returns, greedy_returns(two, driven, episodes=5))
    np.testing.assert_array_equal(one.seen, two.seen)
    assert len({float(state[0]) for state in one.seen if state[1] == 0}) >= 5


def test_an_environment_and_the_simulation_agree_from_the_same_starts(env, driven, monkeypatch):
    starts = []
    for number in range(30):
        driven.reset(seed=11 + number)
        starts.append(driven.unwrapped.state)
    monkeypatch.setattr(car, "start_states", lambda count, seed: np.array(starts))
    returns = greedy_returns(Pump(), driven, episodes=30, seed=np.int64(11))
    np.testing.assert_array_equal(returns, greedy_returns(Pump(), env, episodes=30, seed=11))
    assert len(set(returns)) > 5


def test_an_episode_without_the_flag_has_the_return_minus_200(env, driven):
    for one in (env, driven):
        assert greedy_returns(Idle(), one, episodes=3).tolist() == [car.RANDOM_RETURN] * 3


def test_the_environments_own_rewards_endings_and_time_limits_count():
    # pushed to one side only, the pole falls within a dozen steps, each of which is worth +1
    returns = greedy_returns(Idle(), gym.make("CartPole-v1"), episodes=10)
    assert returns.shape == (10,)
    assert ((returns >= 5) & (returns <= 15)).all()
    assert greedy_returns(Idle(), car.make(max_episode_steps=7), episodes=2).tolist() == [-7, -7]


@pytest.mark.parametrize("make", [car.make, lambda: Unknown(car.make())], ids=["simulated", "driven"])
@pytest.mark.parametrize(("name", "value"), [("episodes", 0), ("episodes", True), ("seed", 0.5)])
def test_a_bad_argument_is_named(make, name, value):
    with pytest.raises((TypeError, ValueError), match=f"^{name} must .*got {value!r}$"):
        greedy_returns(Pump(), make(), **{name: value})


class Constant(gym.Env):
    """Says the same number and pays the same reward for ever."""

    observation_space = gym.spaces.Box(-1, 1, (2,))
    action_space = gym.spaces.Discrete(3)

    def __init__(self, state=0.0, reward=-1.0, actions=3):
        self.answer, self.action_space = (np.float32([0.0, state]), reward), gym.spaces.Discrete(actions)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        return *self.answer, False, False, {}


@pytest.mark.parametrize(
    "answer", [{"state": np.nan}, {"state": np.inf}, {"reward": np.nan}, {"reward": np.inf}]
)
def test_what_an_environment_returns_must_be_finite(answer):
    env = TimeLimit(Constant(**answer), max_episode_steps=5)
    with pytest.raises(ValueError, match="must be finite, got"):
        greedy_returns(Idle(), env, episodes=1)


def network(bias=0.0):
    return QFunction([(np.ones((2, 3), np.float32), np.float32([0.0, bias, 0.0]))])


@pytest.mark.parametrize("number", [np.nan, -np.inf])
@pytest.mark.parametrize(
    "make",
    [car.make, lambda: car.make(max_episode_steps=20), lambda: TimeLimit(Constant(), 20)],
    ids=["simulated", "driven", "another world"],
)
def test_a_network_that_has_diverged_is_refused(make, number):
    assert len(greedy_returns(network(), make(), episodes=2)) == 2
    with pytest.raises(ValueError, match=f"^q must have finite values, got {number}: .*diverged"):
        greedy_returns(network(number), make(), episodes=2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gym.make("CartPole-v1"), r"q must accept states of CartPole-v1, Box.*\(4,\)"),
        (lambda: TimeLimit(Constant(actions=2), 20), "a value for each of the 2 actions of Constant, got"),
    ],
)
def test_a_network_for_another_environment_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        greedy_returns(network(), make(), episodes=2)
