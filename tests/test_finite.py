"""What is no number, or no number that a network could take, is refused where it enters."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import TimeLimit, TransformReward

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.replay import ReplayMemory
from dqn_lib.training import train

GOOD = {"state": [0.1, 0.2], "action": 1, "reward": -1.0, "next_state": [0.1, 0.3]}
ODD = {
    "state": [[np.nan, 0.0], [0.0, np.inf], [-np.inf, 0.0], [1e39, 0.0]],
    "next_state": [[np.nan, 0.0], [0.0, np.inf], [0.0, -np.inf], [0.0, -1e300]],
    "reward": [np.nan, np.inf, -np.inf, 1e39, 1e35],
    "action": [np.nan, 1.5, -1, None],
}
CASES = [(name, value) for name, values in ODD.items() for value in values]


def told(call, name):
    """What is said of a bad value, by an error alone: no warning besides."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((ValueError, TypeError), match=rf"^{name} must .*got ") as caught:
            call()
    return str(caught.value)


def step(values):
    return values["state"], values["action"], values["reward"], values["next_state"]


@pytest.mark.parametrize("kind", [np.float32, np.float64, list], ids=["float32", "float64", "list"])
@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_memory_refuses_invalid_numbers_and_is_unchanged(name, value, kind):
    memory = ReplayMemory(4, 2, np.random.default_rng(0))
    for _ in range(6):
        memory.add(*step(GOOD), terminated=False, truncated=False)
    before = memory.get_state()
    if "state" in name and kind is not list:
        with np.errstate(over="ignore"):
            value = np.array(value, kind)
    said = told(lambda: memory.add(*step(GOOD | {name: value}), terminated=True, truncated=False), name)
    assert repr(value) in said or "[-1e+30, 1e+30]" in said
    np.testing.assert_equal(memory.get_state(), before)


HUGE = [("state", [1e39, 0.0]), ("next_state", [0.0, -1e300]), ("reward", 1e39), ("reward", 1e35)]
NO_SUCH = [("action", 3), ("action", np.int64(7))]


@pytest.mark.parametrize(("name", "value"), [case for case in CASES if case not in HUGE] + NO_SUCH)
def test_a_table_refuses_invalid_numbers_and_is_unchanged(name, value):
    agent = QTableAgent(mountain_car.make(), TableConfig(cells=4, initial_value=-3.0))
    value = np.array(value) if "state" in name else value
    told(lambda: agent.observe(*step(GOOD | {name: value}), terminated=False, truncated=False), name)
    assert (agent.table.values == -3).all()
    assert agent.steps == 0


def test_the_largest_numbers_that_are_allowed_stay_finite_in_a_batch():
    memory = ReplayMemory(9, 2, np.random.default_rng(0))
    for _ in range(9):
        memory.add([3.4e38, -3.4e38], 0, 1e30, [3.4e38, 3.4e38], terminated=False, truncated=False)
    batch = memory.sample(50, n_step=9, gamma=1.0)
    assert all(np.isfinite(array).all() for array in batch)


@pytest.mark.parametrize("gamma", [np.nan, np.inf, 1.5])
def test_a_sample_needs_a_valid_gamma(gamma):
    memory = ReplayMemory(4, 2, np.random.default_rng(0))
    memory.add(*step(GOOD), terminated=False, truncated=False)
    told(lambda: memory.sample(2, 1, gamma), "gamma")


@pytest.mark.parametrize("name", ["states", "rewards", "next_states"])
def test_a_memory_refuses_a_state_that_is_not_finite(name):
    memory = ReplayMemory(4, 2, np.random.default_rng(0))
    memory.add(*step(GOOD), terminated=False, truncated=False)
    before, broken = memory.get_state(), memory.get_state()
    broken[name][0] = np.nan
    told(lambda: memory.set_state(broken), name)
    np.testing.assert_equal(memory.get_state(), before)


class Faulty(gym.Env):
    """Says NaN, or pays it, at its third step; or begins with it."""

    observation_space = gym.spaces.Box(-1, 1, (2,))
    action_space = gym.spaces.Discrete(2)

    def __init__(self, what):
        self.what = what

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = 0
        return np.float32([np.nan if self.what == "start" else 0.0, 0.0]), {}

    def step(self, action):
        self.at += 1
        wrong = self.at == 3
        state = np.float32([0.0, np.nan if wrong and self.what == "next_state" else 0.0])
        return state, np.nan if wrong and self.what == "reward" else -1.0, False, False, {}


SMALL = DQNConfig(hidden=(4,), memory_size=64, batch_size=4, learning_starts=1_000)


@pytest.mark.parametrize(
    "make", [lambda env: DQNAgent(env, SMALL, xla=False), QTableAgent], ids=["dqn", "table"]
)
@pytest.mark.parametrize(("what", "steps"), [("start", 0), ("next_state", 2), ("reward", 2)])
def test_a_run_stops_at_the_first_invalid_number(make, what, steps):
    env = TimeLimit(Faulty(what), max_episode_steps=10)
    agent = make(env)
    told(lambda: next(train(env, agent, episodes=1)), {"start": "observation"}.get(what, what))
    assert agent.steps == steps


def test_a_reward_function_that_divides_by_zero_raises():
    """As students write it: the reward is shaped by a quotient that is 0 / 0 at rest."""
    env = TransformReward(mountain_car.make(), lambda reward: reward * np.float64(0) / np.float64(0))
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=r"^reward must .* got .*nan"):
        next(train(env, QTableAgent(env), episodes=1))


@pytest.mark.parametrize(
    ("starts", "message"),
    [
        ([[np.nan, 0.0]], "starts must be finite"),
        ([[-0.5, np.inf]], "starts must be finite"),
        ([-0.5, 0.0], r"starts must have the shape \(n, 2\), got \(2,\)"),
        ([[0.0] * 4], r"starts must have the shape \(n, 2\), got \(1, 4\)"),
    ],
)
def test_a_simulation_starts_from_states(starts, message):
    with pytest.raises(ValueError, match=message):
        mountain_car.simulate(lambda states: np.ones(len(states), int), starts)


@pytest.mark.parametrize("action", [np.nan, 3, -1, 1.5])
def test_a_simulated_policy_answers_with_actions(action):
    with pytest.raises(ValueError, match=f"policy's actions must be 0, 1 or 2, got {action}"):
        mountain_car.simulate(lambda states: np.full(len(states), action), [[-0.5, 0.0]])
