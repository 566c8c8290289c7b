"""The Q-network: built with Keras, and evaluated with NumPy.

For one state at a time, a few matrix products in NumPy are fifty times faster than a call of TensorFlow. So
an agent acts with a `QFunction`, a copy of the network's weights.
"""

from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType
from typing import Any, Self

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from dqn_lib.agents.backend import keras
from dqn_lib.config import DQNConfig
from dqn_lib.environments import check_spaces

Initializer = keras.initializers.Initializer

LARGEST_BOUND = 1e6  # of a state; some environments have the largest float in place of infinity

Layers = list[tuple[Any, Any]]
"""A weight matrix and a bias vector for each layer: arrays or tensors."""


def input_scaling(space: gym.spaces.Box, input_range: float | None) -> tuple[NDArray, NDArray]:
    """`(scale, offset)`, each `(state_size,)`, that map the space's bounds to [-input_range, input_range].

    They are 1 and 0 without a range, and for components without finite bounds.
    """
    low, high = space.low.astype(np.float64), space.high.astype(np.float64)
    scale, offset = np.ones_like(low), np.zeros_like(low)
    if input_range is None:
        return scale, offset
    bounded = (low > -LARGEST_BOUND) & (high < LARGEST_BOUND) & (low < high)
    scale[bounded] = 2 * input_range / (high[bounded] - low[bounded])
    offset[bounded] = -scale[bounded] * (high[bounded] + low[bounded]) / 2
    return scale, offset


def layer_sizes(env: gym.Env, config: DQNConfig) -> tuple[int, ...]:
    """The widths of the layers, from the state to the actions.

    Raises:
        TypeError, ValueError: if the environment has other kinds of states or actions; see `check_spaces`.
    """
    check_spaces(env)
    return (env.observation_space.shape[0], *config.hidden, int(env.action_space.n))


def initializers(config: DQNConfig, rng: np.random.Generator) -> list[tuple[Initializer, Initializer]]:
    """The initializers of each layer's weights and biases, with seeds from `rng`."""

    def seed() -> int:
        return int(rng.integers(2**31))

    random = keras.initializers
    # Random biases spread the kinks of the ReLUs over the state space; without them all are at its centre.
    hidden = [
        (random.GlorotUniform(seed()), random.RandomUniform(-config.bias_range, config.bias_range, seed()))
        for _ in config.hidden
    ]
    # With biases in the middle of the possible values, training has less distance to cover than from 0.
    return [*hidden, (random.GlorotUniform(seed()), random.Constant(config.initial_value))]


def build(env: gym.Env, config: DQNConfig, rng: np.random.Generator) -> keras.Sequential:
    """The Keras network `(batch, state_size) -> (batch, actions)`, with initial weights from `rng`."""
    state_size, *units = layer_sizes(env, config)
    scaling = input_scaling(env.observation_space, config.input_range)
    activations = ["relu"] * len(config.hidden) + [None]
    layers = [
        keras.layers.Dense(width, activation, kernel_initializer=weights, bias_initializer=biases)
        for width, activation, (weights, biases) in zip(
            units, activations, initializers(config, rng), strict=True
        )
    ]
    return keras.Sequential([keras.Input((state_size,)), keras.layers.Rescaling(*scaling), *layers])


def initial_layers(sizes: tuple[int, ...], config: DQNConfig, rng: np.random.Generator) -> Layers:
    """The initial weights of the network of `build`."""
    pairs = zip(pairwise(sizes), initializers(config, rng), strict=True)
    return [(np.asarray(weights(shape)), np.asarray(biases(shape[1:]))) for shape, (weights, biases) in pairs]


@dataclass(frozen=True)
class QFunction:
    """A Q-function with a copy of a network's weights; its first layer includes the input scaling."""

    layers: Layers

    def __call__(self, states: ArrayLike) -> NDArray[np.float32]:
        """Q-values `(..., actions)` of states `(..., state_size)`."""
        values = np.asarray(states, dtype=np.float32)
        for weights, biases in self.layers[:-1]:
            values = values @ weights
            values += biases
            np.maximum(values, 0.0, out=values)
        weights, biases = self.layers[-1]
        return values @ weights + biases

    def greedy(self, states: ArrayLike) -> NDArray[np.int64]:
        """The action `(...)` with the largest value in each state."""
        return self(states).argmax(axis=-1)

    def to_flat(self) -> NDArray[np.float32]:
        """All weights in one vector."""
        return join(self.layers)

    @classmethod
    def from_flat(cls, flat: NDArray[np.float32], sizes: tuple[int, ...]) -> Self:
        """The inverse of `to_flat`; `sizes` are the widths of the layers, from the state to the actions."""
        return cls(split(flat, sizes))

    def with_scaling(self, scale: NDArray, offset: NDArray) -> Self:
        """The same network for states that are not rescaled; the first layer does it."""
        (weights, biases), *others = self.layers
        first = (weights * scale[:, None]).astype(np.float32), (biases + offset @ weights).astype(np.float32)
        return type(self)([first, *others])


def split(flat: Any, sizes: tuple[int, ...], xp: ModuleType = np) -> Layers:
    """The layers of a network from one vector of all weights; `xp` is the namespace of its arrays."""
    layers, start = [], 0
    for fan_in, fan_out in pairwise(sizes):
        end = start + fan_in * fan_out
        layers.append((xp.reshape(flat[start:end], (fan_in, fan_out)), flat[end : end + fan_out]))
        start = end + fan_out
    return layers


def join(layers: Layers, xp: ModuleType = np) -> Any:
    """One vector of all weights: the inverse of `split`."""
    return xp.concatenate([xp.reshape(array, (-1,)) for layer in layers for array in layer])
