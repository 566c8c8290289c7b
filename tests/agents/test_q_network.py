"""The network in Keras and its twin in NumPy say the same, and both start from the seed's weights."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box

from dqn_lib import mountain_car
from dqn_lib.agents import q_network
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_network import QFunction, input_scaling
from dqn_lib.config import DQNConfig

BOUNDS = {"MountainCar-v0": ([-1.2, -0.07], [0.6, 0.07]), "CartPole-v1": ([-5, -5, -0.4, -5], [5, 5, 0.4, 5])}


def network(env_id="MountainCar-v0", seed=0, **settings):
    env, config = gym.make(env_id), DQNConfig(**settings)
    model = q_network.build(env, config, np.random.default_rng(seed))
    sizes = (env.observation_space.shape[0], *config.hidden, int(env.action_space.n))
    return model, sizes, input_scaling(env.observation_space, config.input_range)


@pytest.mark.parametrize("env_id", BOUNDS)
@pytest.mark.parametrize(
    "settings", [{"input_range": None}, {"hidden": (5,)}, {"hidden": (7, 6, 5), "input_range": 1.0}], ids=str
)
def test_the_q_function_equals_the_keras_network(env_id, settings):
    model, sizes, scaling = network(env_id, **settings)
    flat = np.random.default_rng(1).normal(0, 0.3, model.count_params()).astype(np.float32)
    twin = QFunction.from_flat(flat, sizes)
    np.testing.assert_array_equal(twin.to_flat(), flat)
    model.set_weights([array for layer in twin.layers for array in layer])
    states = np.random.default_rng(1).uniform(*BOUNDS[env_id], (500, sizes[0])).astype(np.float32)
    expected = model(states).numpy()
    found = twin.with_scaling(*scaling)(states)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_states_may_come_alone_or_in_a_grid():
    q = DQNAgent(mountain_car.make()).q
    grid = np.random.default_rng(0).uniform(-1, 1, (4, 3, 2))
    assert q(grid).shape == (4, 3, 3)
    assert q.greedy(grid).shape == (4, 3)
    np.testing.assert_allclose(q(list(grid[2, 1])), q(grid)[2, 1], rtol=1e-5)
    assert q.greedy(grid[2, 1]) == np.argmax(q(grid)[2, 1])


def test_states_are_scaled_to_the_range_if_they_have_bounds():
    space = mountain_car.make().observation_space
    scale, offset = input_scaling(space, 8.0)
    np.testing.assert_allclose([space.low * scale + offset, space.high * scale + offset], [[-8] * 2, [8] * 2])
    scale, offset = input_scaling(gym.make("CartPole-v1").observation_space, 2.0)
    np.testing.assert_allclose(scale, [2 / 4.8, 1.0, 2 / 0.41887903, 1.0], rtol=1e-6)
    np.testing.assert_allclose(offset, [0, 0, 0, 0], atol=1e-12)


@pytest.mark.parametrize(("low", "high"), [(-np.inf, 1.0), (0.0, np.inf), (-3.4e38, 3.4e38), (2.0, 2.0)])
def test_a_component_with_huge_or_equal_bounds_is_not_rescaled(low, high):
    space = Box(np.array([low, 1.0], np.float32), np.array([high, 3.0], np.float32))
    np.testing.assert_allclose(input_scaling(space, 8.0), [[1.0, 8.0], [0.0, -16.0]])
    np.testing.assert_allclose(input_scaling(space, None), [[1, 1], [0, 0]])


@pytest.mark.parametrize("env_id", BOUNDS)
def test_an_agent_starts_from_the_weights_that_a_network_of_its_seed_is_built_with(env_id):
    env, config = gym.make(env_id), DQNConfig(hidden=(7, 5))
    agent = DQNAgent(env, config, seed=4)
    built = q_network.build(env, config, np.random.default_rng(4).spawn(3)[0])
    flat = np.concatenate([np.ravel(array) for array in built.get_weights()])
    np.testing.assert_array_equal(agent.parameters[:2], [flat, flat])


def test_weights_start_from_different_numbers_and_biases_within_their_range():
    model, *_ = network(hidden=(64, 64, 64), bias_range=0.5, initial_value=-30.0)
    _, bias, kernel, second_bias, second_kernel, *_, last = model.get_weights()
    assert (bias != second_bias).all()
    assert (kernel != second_kernel).all()
    assert -0.5 <= bias.min() < -0.3 < 0.3 < bias.max() <= 0.5
    assert (last == -30).all()
