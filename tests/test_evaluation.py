"""The greedy return: the same starts every time, in Gymnasium or simulated."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.classic_control.mountain_car import MountainCarEnv
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import (
    FlattenObservation,
    RecordEpisodeStatistics,
    TimeLimit,
    TransformAction,
    TransformObservation,
    TransformReward,
)

from dqn_lib import environments as worlds
from dqn_lib import evaluation
from dqn_lib import mountain_car as car
from dqn_lib.agents.q_network import QFunction
from dqn_lib.environments import environment_name, is_original
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
    np.testing.assert_array_equal(one.seen[0], two.seen[0])
    np.testing.assert_array_equal(
        one.seen[0], car.start_states(100, evaluation.EVALUATION_SEED).astype(np.float32)
    )
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
    returns = greedy_returns(Pump(), driven, episodes=30, seed=11)
    np.testing.assert_array_equal(returns, greedy_returns(Pump(), env, episodes=30, seed=11))
    assert len(set(returns)) > 5


def test_an_environment_and_the_simulation_agree_in_the_mean(env, driven):
    slowly, simulated = (greedy_returns(Pump(), one, episodes=200) for one in (driven, env))
    spread = np.hypot(slowly.std(), simulated.std()) / np.sqrt(200)
    assert slowly.mean() == pytest.approx(simulated.mean(), abs=5 * spread)


@pytest.mark.parametrize("make", [car.make, lambda: Unknown(car.make())], ids=["simulated", "driven"])
def test_an_episode_without_the_flag_has_the_return_minus_200(make):
    assert greedy_returns(Idle(), make(), episodes=3).tolist() == [car.RANDOM_RETURN] * 3


def test_the_environments_own_rewards_and_endings_are_counted():
    env = gym.make("CartPole-v1")
    # pushed to the right only, the pole falls within a dozen steps, each of which is worth +1
    push = type("Push", (), {"greedy": lambda self, state: np.array(1)})()
    returns = greedy_returns(push, env, episodes=10)
    assert returns.shape == (10,)
    assert ((returns >= 5) & (returns <= 15)).all()


def test_a_time_limit_of_the_environment_ends_an_episode():
    assert greedy_returns(Idle(), car.make(max_episode_steps=7), episodes=2).tolist() == [-7, -7]


@pytest.mark.parametrize("make", [car.make, lambda: Unknown(car.make())], ids=["simulated", "driven"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("episodes", 0), ("episodes", -1), ("episodes", 1.0), ("episodes", True), ("seed", -1), ("seed", 0.5)],
)
def test_a_bad_argument_is_named(make, name, value):
    with pytest.raises((TypeError, ValueError), match=f"^{name} must .*got {value!r}$"):
        greedy_returns(Pump(), make(), **{name: value})


def test_a_seed_of_numpy_is_a_seed_in_an_environment_as_in_the_simulation(env, driven):
    assert len(greedy_returns(Pump(), env, episodes=2, seed=np.int64(3))) == 2
    assert len(greedy_returns(Pump(), driven, episodes=2, seed=np.int64(3))) == 2


# --- which world is it? ------------------------------------------------------------------------------


class Steeper(MountainCarEnv):
    """Looks like the mountain car, and is none."""

    gravity = 0.004


def with_more_gravity():
    env = car.make()
    env.unwrapped.gravity = 0.004
    return env


def with_a_goal_velocity():
    return car.make(goal_velocity=0.05)


def subclass():
    return TimeLimit(Steeper(), max_episode_steps=200)


def with_other_steps():
    env = car.make()
    step = env.step
    env.step = lambda action: step(2 - action)
    return env


CHANGED = {
    "a wrapper around the rewards": lambda: TransformReward(car.make(), lambda reward: reward / 2),
    "a wrapper around the states": lambda: TransformObservation(
        car.make(), lambda state: 2 * state, car.make().observation_space
    ),
    "a wrapper around the actions": lambda: TransformAction(
        car.make(), lambda action: 2 - action, car.make().action_space
    ),
    "a wrapper that nobody knows": lambda: Unknown(car.make()),
    "another time limit": lambda: car.make(max_episode_steps=150),
    "a longer time limit": lambda: car.make(max_episode_steps=500),
    "a second time limit": lambda: TimeLimit(car.make(max_episode_steps=150), max_episode_steps=200),
    "no time limit": lambda: car.make(max_episode_steps=-1),
    "more gravity": with_more_gravity,
    "a goal velocity": with_a_goal_velocity,
    "a subclass": subclass,
    "other steps": with_other_steps,
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_mountain_car_is_another_environment(name):
    env = CHANGED[name]()
    assert not is_original(env)
    assert environment_name(env) != car.ENV_ID


@pytest.mark.parametrize(
    "make",
    [
        car.make,
        lambda: gym.make("MountainCar-v0", render_mode="rgb_array"),
        lambda: gym.make("MountainCar-v0", disable_env_checker=True),
        lambda: RecordEpisodeStatistics(car.make()),
        lambda: gym.make(EnvSpec("ByAnotherName-v0", entry_point=MountainCarEnv, max_episode_steps=200)),
    ],
    ids=["plain", "rendered", "unchecked", "counted", "by another name"],
)
def test_what_behaves_like_the_mountain_car_counts_as_one(make):
    assert is_original(make())
    assert environment_name(make()) == car.ENV_ID


@pytest.mark.parametrize("name", [name for name in CHANGED if name != "no time limit"])
def test_a_changed_environment_is_used_for_evaluation(name):
    env, expected = CHANGED[name](), []
    for seed in range(5, 9):
        state, _ = env.reset(seed=seed)
        total, ended = 0.0, False
        while not ended:
            state, reward, terminated, truncated, _ = env.step(2 if state[1] >= 0 else 0)
            total, ended = total + reward, terminated or truncated
        expected.append(total)
    assert greedy_returns(Pump(), env, episodes=4, seed=5).tolist() == expected


def test_evaluation_needs_an_environment():
    with pytest.raises(TypeError, match="env"):
        greedy_returns(Pump())


# --- what has no end, and what is no number ----------------------------------------------------------


class Endless(gym.Env):
    """Says 0 and pays -1 for ever."""

    observation_space = gym.spaces.Box(-1, 1, (2,))
    action_space = gym.spaces.Discrete(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        return np.zeros(2, np.float32), -1.0, False, False, {}


class Unlimited(gym.Wrapper):
    """Overlooks the time limit."""

    def step(self, action):
        *rest, _, info = self.env.step(action)
        return *rest, False, info


@pytest.mark.parametrize(
    "make",
    [
        Endless,
        lambda: FlattenObservation(gym.make("CliffWalking-v1")),
        lambda: car.make(max_episode_steps=-1),
        lambda: Unlimited(car.make()),
    ],
    ids=["bare", "cliff walking", "switched off", "overlooked"],
)
def test_an_episode_without_end_raises_with_advice(make, monkeypatch):
    monkeypatch.setattr(worlds, "LONGEST_EPISODE", 1_000)
    idle = type(
        "Idle", (), {"greedy": lambda self, state: np.array(1)}
    )()  # on the cliff: up against the wall
    with pytest.raises(ValueError, match=r"env must end every episode.*max_episode_steps"):
        greedy_returns(idle, make())


def test_a_long_episode_with_a_time_limit_runs_to_its_end(monkeypatch):
    monkeypatch.setattr(worlds, "LONGEST_EPISODE", 100)
    for env in (
        TimeLimit(Endless(), max_episode_steps=350),
        gym.make(EnvSpec("Long-v0", entry_point=Endless, max_episode_steps=350)),
    ):
        assert greedy_returns(Idle(), env, episodes=2).tolist() == [-350, -350]


def network(weights):
    layer = np.full((2, 3), weights, np.float32), np.zeros(3, np.float32)
    return QFunction((layer,))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "make",
    [car.make, lambda: car.make(max_episode_steps=20), lambda: TimeLimit(Endless(), 20)],
    ids=["simulated", "driven", "another world"],
)
def test_a_network_that_has_diverged_is_refused(make, number):
    q = network(1.0)
    q.layers[0][1][1] = number
    assert len(greedy_returns(network(1.0), make(), episodes=2)) == 2
    with pytest.raises(ValueError, match=f"^q must have finite values, got {number}: .*diverged"):
        greedy_returns(q, make(), episodes=2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gym.make("CartPole-v1"), r"q must accept states of CartPole-v1, Box.*\(4,\)"),
        (lambda: TimeLimit(Endless2(), 20), "q must have a value for each of the 2 actions of Endless2, got"),
    ],
)
def test_a_network_for_another_environment_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        greedy_returns(network(1.0), make(), episodes=2)


class Endless2(Endless):
    action_space = gym.spaces.Discrete(2)


class Broken(Endless):
    def __init__(self, state=0.0, reward=-1.0):
        self.answer = np.float32([0.0, state]), reward

    def step(self, action):
        state, reward = self.answer
        return state, reward, False, False, {}


@pytest.mark.parametrize(
    "answer", [{"state": np.nan}, {"state": np.inf}, {"reward": np.nan}, {"reward": np.inf}]
)
def test_what_an_environment_returns_must_be_finite(answer):
    env = TimeLimit(Broken(**answer), max_episode_steps=5)
    with pytest.raises(ValueError, match="must be finite, got"):
        greedy_returns(Idle(), env, episodes=1)
