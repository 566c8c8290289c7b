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
from dqn_lib.agents.spaces import check_spaces
from dqn_lib.config import DQNConfig

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


def initial_weights(
    sizes: tuple[int, ...], bias_range: float, rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """Starting weights: a matrix and a bias vector for each layer; `sizes` are the layers' widths.

    Weights are uniform as Glorot and Bengio have them (AISTATS 2010). Hidden biases are uniform in
    [-bias_range, bias_range], so that the kinks of the ReLUs lie all over the valley; from zero they would
    all start in its middle. The last biases are zero.
    """
    weights = []
    for fan_in, fan_out in pairwise(sizes):
        limit = np.sqrt(6 / (fan_in + fan_out))
        weights.append(rng.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32))
        weights.append(rng.uniform(-bias_range, bias_range, fan_out).astype(np.float32))
    weights[-1][:] = 0.0
    return weights


def layer_sizes(env: gym.Env, config: DQNConfig) -> tuple[int, ...]:
    """The layers' widths, from the state to the actions."""
    check_spaces(env)
    return (env.observation_space.shape[0], *config.hidden, int(env.action_space.n))


def build(env: gym.Env, config: DQNConfig, rng: np.random.Generator) -> keras.Sequential:
    """The Keras network `(batch, state_size) -> (batch, actions)`, with its starting weights from `rng`."""
    states, *hidden, actions = layer_sizes(env, config)
    layers = [
        keras.Input((states,)),
        keras.layers.Rescaling(*input_scaling(env.observation_space, config.input_range)),
    ]
    layers += [keras.layers.Dense(units, "relu") for units in hidden]
    network = keras.Sequential([*layers, keras.layers.Dense(actions)])
    network.set_weights(initial_weights((states, *hidden, actions), config.bias_range, rng))
    return network


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
            values = np.maximum(values @ weights + biases, 0.0)
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
