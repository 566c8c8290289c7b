"""The network in Keras and its twin in NumPy say the same; odd environments are refused in words."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiDiscrete

from dqn_lib import mountain_car
from dqn_lib.agents import q_network
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_network import QFunction, input_scaling
from dqn_lib.config import DQNConfig
from dqn_lib.environments import check_spaces

BOUNDS = {"MountainCar-v0": ([-1.2, -0.07], [0.6, 0.07]), "CartPole-v1": ([-5, -5, -0.4, -5], [5, 5, 0.4, 5])}


def network(env_id="MountainCar-v0", seed=0, **settings):
    env, config = gym.make(env_id), DQNConfig(**settings)
    model = q_network.build(env, config, np.random.default_rng(seed))
    sizes = (env.observation_space.shape[0], *config.hidden, int(env.action_space.n))
    flat = np.concatenate([w.ravel() for w in model.get_weights()])
    scaling = input_scaling(env.observation_space, config.input_range)
    return model, flat, sizes, scaling


class World:
    """As much of an environment as `check_spaces` looks at."""

    def __init__(self, observation_space=None, action_space=None):
        self.observation_space = observation_space or Box(-1, 1, (2,))
        self.action_space = action_space or Discrete(3)


@pytest.mark.parametrize("env_id", BOUNDS)
@pytest.mark.parametrize(
    "settings",
    [{}, {"input_range": None}, {"hidden": (5,)}, {"hidden": (7, 6, 5), "input_range": 1.0}],
    ids=str,
)
def test_the_q_function_equals_the_keras_network(env_id, settings):
    model, flat, sizes, scaling = network(env_id, **settings)
    rng = np.random.default_rng(1)
    flat = flat + rng.normal(0, 0.1, flat.shape).astype(np.float32)  # output biases start at zero
    twin = QFunction.from_flat(flat, sizes)
    model.set_weights([array for layer in twin.layers for array in layer])
    states = rng.uniform(*BOUNDS[env_id], (500, sizes[0])).astype(np.float32)
    expected = model(states).numpy()
    found = twin.with_scaling(*scaling)(states)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_weights_are_the_same_after_to_flat_and_from_flat():
    _, flat, sizes, _ = network(hidden=(5, 4))
    back = QFunction.from_flat(flat, sizes)
    assert [tuple(array.shape for array in layer) for layer in back.layers] == [
        ((2, 5), (5,)),
        ((5, 4), (4,)),
        ((4, 3), (3,)),
    ]
    np.testing.assert_array_equal(back.to_flat(), flat)


def test_states_may_come_alone_or_in_a_grid():
    _, flat, sizes, _ = network(hidden=(5,))
    q = QFunction.from_flat(flat, sizes)
    grid = np.random.default_rng(0).uniform(-1, 1, (4, 3, 2))
    assert q(grid).shape == (4, 3, 3)
    assert q.greedy(grid).shape == (4, 3)
    np.testing.assert_allclose(q(grid[2, 1]), q(grid)[2, 1], rtol=1e-5)
    assert q.greedy(grid[2, 1]) == np.argmax(q(grid)[2, 1])
    np.testing.assert_allclose(q(list(grid[0, 0])), q(grid[0, 0]))


def test_a_scaling_folded_into_the_first_layer_acts_like_scaled_states():
    _, flat, sizes, _ = network(hidden=(5,))
    q, rng = QFunction.from_flat(flat, sizes), np.random.default_rng(2)
    scale, offset, states = rng.normal(0, 3, 2), rng.normal(0, 3, 2), rng.uniform(-1, 1, (50, 2))
    np.testing.assert_allclose(
        q.with_scaling(scale, offset)(states), q(states * scale + offset), rtol=1e-4, atol=1e-4
    )


def test_mountaincar_states_are_scaled_to_the_range():
    space = mountain_car.make().observation_space
    scale, offset = input_scaling(space, 8.0)
    np.testing.assert_allclose(space.low * scale + offset, [-8, -8], atol=1e-5)
    np.testing.assert_allclose(space.high * scale + offset, [8, 8], atol=1e-5)


def test_components_without_bounds_are_not_rescaled():
    scale, offset = input_scaling(gym.make("CartPole-v1").observation_space, 2.0)
    np.testing.assert_allclose(scale, [2 / 4.8, 1.0, 2 / 0.41887903, 1.0], rtol=1e-6)
    np.testing.assert_allclose(offset, [0, 0, 0, 0], atol=1e-12)


@pytest.mark.parametrize(("low", "high"), [(-np.inf, 1.0), (0.0, np.inf), (-3.4e38, 3.4e38), (2.0, 2.0)])
def test_a_component_with_huge_or_equal_bounds_is_not_rescaled(low, high):
    space = Box(np.array([low, 1.0], np.float32), np.array([high, 3.0], np.float32))
    scale, offset = input_scaling(space, 8.0)
    np.testing.assert_allclose(scale, [1.0, 8.0])
    np.testing.assert_allclose(offset, [0.0, -16.0])


def test_without_a_range_no_state_is_rescaled():
    scale, offset = input_scaling(mountain_car.make().observation_space, None)
    np.testing.assert_array_equal(scale, [1, 1])
    np.testing.assert_array_equal(offset, [0, 0])


def test_the_generator_decides_the_starting_weights():
    (first, *_), (same, *_), (other, *_) = (network(seed=seed) for seed in (1, 1, 2))
    np.testing.assert_equal(first.get_weights(), same.get_weights())
    assert (first.get_weights()[0] != other.get_weights()[0]).any()


@pytest.mark.parametrize("env_id", BOUNDS)
def test_an_agent_starts_from_the_weights_that_a_network_of_its_seed_is_built_with(env_id):
    env, config = gym.make(env_id), DQNConfig(hidden=(7, 5))
    agent = DQNAgent(env, config, seed=4)
    built = q_network.build(env, config, np.random.default_rng(4).spawn(3)[0])
    flat = np.concatenate([np.ravel(array) for array in built.get_weights()])
    np.testing.assert_array_equal(agent.parameters[:2], [flat, flat])


def test_no_two_layers_start_from_the_same_numbers():
    model, *_ = network(hidden=(8, 8, 8), bias_range=0.5)
    _, bias, kernel, second_bias, second_kernel, *_ = model.get_weights()
    assert (bias != second_bias).all()
    assert (kernel != second_kernel).all()


def test_hidden_biases_spread_over_their_range_and_the_last_ones_are_the_initial_value():
    model, *_ = network(bias_range=0.5, initial_value=-30.0)
    *_, hidden, _, last = model.get_weights()
    assert 0.3 < np.abs(hidden).max() <= 0.5
    assert hidden.min() < 0 < hidden.max()
    assert (last == -30).all()


@pytest.mark.parametrize(
    ("world", "error", "sentence"),
    [
        (gym.make("Pendulum-v1"), TypeError, r"action_space must be Discrete, got Box\(-2\.0, 2\.0, \(1,\)"),
        (World(action_space=MultiDiscrete([2, 2])), TypeError, r"action_space must be Discrete, got Multi"),
        (World(action_space=Discrete(3, start=1)), ValueError, r"action_space must start at 0, got .*=1"),
        (
            World(Box(0, 255, (96, 96, 3), np.uint8)),
            TypeError,
            r"observation_space must be a Box with one axis, got Box\(0, 255, \(96, 96, 3\)",
        ),
        (World(Box(-1, 1, ())), TypeError, r"observation_space must be a Box with one axis, got Box"),
        (World(Discrete(16)), TypeError, r"observation_space must be a Box .* got Discrete\(16\)"),
    ],
    ids=["continuous", "several", "from one", "image", "scalar", "cells"],
)
def test_an_environment_that_does_not_fit_is_refused_with_name_rule_and_value(world, error, sentence):
    with pytest.raises(error, match=sentence):
        check_spaces(world)
    with pytest.raises(error, match=sentence):
        q_network.build(world, DQNConfig(), np.random.default_rng(0))


@pytest.mark.parametrize("env_id", ["MountainCar-v0", "CartPole-v1", "Acrobot-v1"])
def test_the_classic_environments_fit(env_id):
    check_spaces(gym.make(env_id))
