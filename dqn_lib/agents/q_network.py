"""A network that answers, for a state, what each action is worth: built in Keras, run in NumPy.

Keras trains it. To act, one state at a time, the same few matrix products in NumPy are fifty times
quicker than a call into TensorFlow: `QFunction` holds a frozen copy of the weights for that.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from dqn_lib.agents.backend import keras
from dqn_lib.config import DQNConfig
from dqn_lib.environments import check_spaces

Initializer = keras.initializers.Initializer

HUGE = 1e6  # bounds beyond this say nothing; some environments write the largest float for infinity


def input_scaling(space: gym.spaces.Box, input_range: float | None) -> tuple[NDArray, NDArray]:
    """`(scale, offset)`, each `(state_size,)`, that bring the space's bounds to [-input_range, input_range].

    Without a range, and for components without finite bounds, the state is left as it is.
    """
    low, high = space.low.astype(np.float64), space.high.astype(np.float64)
    scale, offset = np.ones_like(low), np.zeros_like(low)
    if input_range is None:
        return scale, offset
    bounded = (low > -HUGE) & (high < HUGE) & (low < high)
    scale[bounded] = 2 * input_range / (high[bounded] - low[bounded])
    offset[bounded] = -scale[bounded] * (high[bounded] + low[bounded]) / 2
    return scale, offset


def layer_sizes(env: gym.Env, config: DQNConfig) -> tuple[int, ...]:
    """The layers' widths, from the state to the actions."""
    check_spaces(env)
    return (env.observation_space.shape[0], *config.hidden, int(env.action_space.n))


def initializers(config: DQNConfig, rng: np.random.Generator) -> list[tuple[Initializer, Initializer]]:
    """What each layer's weights and its biases start from, all that is random decided by `rng`."""

    def seed() -> int:
        return int(rng.integers(2**31))

    random = keras.initializers
    # Biases spread the kinks of the ReLUs over the whole valley; from zero all would start in its middle.
    hidden = [
        (random.GlorotUniform(seed()), random.RandomUniform(-config.bias_range, config.bias_range, seed()))
        for _ in config.hidden
    ]
    # From the middle of what values can be, none has far to go; from 0 all have to come down step by step.
    return [*hidden, (random.GlorotUniform(seed()), random.Constant(config.initial_value))]


def build(env: gym.Env, config: DQNConfig, rng: np.random.Generator) -> keras.Sequential:
    """The Keras network `(batch, state_size) -> (batch, actions)`, with its starting weights from `rng`."""
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


def initial_weights(
    sizes: tuple[int, ...], config: DQNConfig, rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """The starting weights of `build`, a matrix and a bias vector for each layer, without the network."""
    arrays = []
    for (fan_in, fan_out), (weights, biases) in zip(pairwise(sizes), initializers(config, rng), strict=True):
        arrays += [np.asarray(weights((fan_in, fan_out))), np.asarray(biases((fan_out,)))]
    return arrays


@dataclass(frozen=True)
class QFunction:
    """Q-values from a frozen copy of a network's weights: states `(..., state_size)` to `(..., actions)`.

    `layers` holds a weight matrix and a bias vector per layer; the input scaling is folded into the
    first.
    """

    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]

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
        return np.concatenate([array.ravel() for layer in self.layers for array in layer])

    @classmethod
    def from_flat(cls, flat: NDArray[np.float32], sizes: tuple[int, ...]) -> Self:
        """The inverse of `to_flat`; `sizes` are the layers' widths, from the state to the actions."""
        layers, start = [], 0
        for fan_in, fan_out in pairwise(sizes):
            end = start + fan_in * fan_out
            layers.append((flat[start:end].reshape(fan_in, fan_out), flat[end : end + fan_out]))
            start = end + fan_out
        return cls(tuple(layers))

    def with_scaling(self, scale: NDArray, offset: NDArray) -> Self:
        """The same network behind a rescaling of its input, folded into the first layer."""
        (weights, biases), *rest = self.layers
        first = (weights * scale[:, None]).astype(np.float32), (biases + offset @ weights).astype(np.float32)
        return type(self)((first, *rest))
