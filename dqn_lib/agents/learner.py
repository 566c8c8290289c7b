"""The gradient step as a pure function from parameters and batches to new parameters and losses.

It has no state, so agents share it: a process compiles it once for each network shape and objective.
"""

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.agents.backend import compiled, tf
from dqn_lib.agents.q_network import Layers, join, split
from dqn_lib.replay import Batch
from dqn_lib.targets import double_td_target, polyak_update, td_target

tnp = tf.experimental.numpy

# The rows of an agent's parameters `(4, weights)`: two networks, and Adam's two moving averages.
ONLINE, TARGET, MEAN, SQUARE = range(4)

Network = Callable[[Any], Any]
"""Q-values `(batch, actions)` for states `(batch, state_size)`, as tensors."""

Steps = Callable[..., tuple[NDArray[np.float32], NDArray[np.float32]]]
"""`gradient_steps` for arrays: new parameters `(4, weights)` and losses `(updates,)`."""

_compiling = threading.Lock()


@dataclass(frozen=True)
class Objective:
    """What a gradient step minimises; a variant overrides a method.

    `online` and `target` are the two networks as functions. Equal objectives share one compiled step, so
    everything that a method uses besides its arguments has to be a field.
    """

    double: bool = True
    loss: str = "huber"

    def targets(self, batch: Batch, online: Network, target: Network) -> Any:
        """TD targets `(batch,)`, computed outside the gradient tape: they have no gradient."""
        next_q = target(batch.next_states)
        if not self.double:
            return td_target(batch.reward_sums, batch.terminated, next_q, batch.discounts, xp=tnp)
        next_q_online = online(batch.next_states)
        return double_td_target(
            batch.reward_sums, batch.terminated, next_q, next_q_online, batch.discounts, xp=tnp
        )

    def batch_loss(self, batch: Batch, targets: Any, online: Network, target: Network) -> Any:
        """The mean loss of a batch, for the actions that were taken."""
        q = online(batch.states)  # [B, A]
        taken = tf.one_hot(batch.actions, q.shape[-1])
        error = targets - tf.reduce_sum(q * taken, axis=-1)  # [B]
        return tf.reduce_mean(self.error_loss(error))

    def error_loss(self, error: Any) -> Any:
        """Half the squared error, or Huber loss: linear beyond 1, which limits the gradient of outliers."""
        if self.loss == "squared":
            return 0.5 * error**2
        size = tf.abs(error)
        return tf.where(size < 1.0, 0.5 * error**2, size - 0.5)


def initial_parameters(layers: Layers) -> NDArray[np.float32]:
    """Parameters `(4, weights)` of a new agent: two equal networks, and moving averages of 0."""
    weights = join(layers)
    return np.stack([weights, weights, np.zeros_like(weights), np.zeros_like(weights)])


def q_values(layers: Layers, states: Any) -> Any:
    """Q-values `(batch, actions)` of rescaled states `(batch, state_size)`, as tensors."""
    values = states
    for weights, biases in layers[:-1]:
        values = tf.nn.relu(values @ weights + biases)
    weights, biases = layers[-1]
    return values @ weights + biases


def adam(weights: Any, gradient: Any, mean: Any, square: Any, learning_rate: Any, step: Any) -> tuple:
    """New weights and moving averages after Adam's step number `step` (Kingma and Ba, ICLR 2015).

    The same formula and defaults as in Keras: beta 0.9 and 0.999, epsilon 1e-7.
    """
    mean = mean + (gradient - mean) * (1 - 0.9)
    square = square + (gradient**2 - square) * (1 - 0.999)
    rate = learning_rate * tf.sqrt(1 - tf.pow(0.999, step)) / (1 - tf.pow(0.9, step))
    return weights - rate * mean / (tf.sqrt(square) + 1e-7), mean, square


def gradient_step(
    objective: Objective,
    sizes: tuple[int, ...],
    parameters: tuple,
    batch: Batch,
    tau: Any,
    learning_rate: Any,
    step: Any,
) -> tuple[tuple, Any]:
    """One gradient step on one batch, then a target update with `tau`: new parameters and the loss."""
    weights, target_weights, mean, square = parameters
    layers = split(weights, sizes, xp=tnp)
    online, target = partial(q_values, layers), partial(q_values, split(target_weights, sizes, xp=tnp))
    targets = objective.targets(batch, online, target)
    with tf.GradientTape() as tape:
        tape.watch(layers)
        loss = objective.batch_loss(batch, targets, online, target)
    gradient = join(tape.gradient(loss, layers), xp=tnp)
    weights, mean, square = adam(weights, gradient, mean, square, learning_rate, step)
    return (weights, polyak_update(target_weights, weights, tau), mean, square), loss


def gradient_steps(
    objective: Objective,
    sizes: tuple[int, ...],
    parameters: Any,
    batches: Batch,
    taus: Any,
    learning_rate: Any,
    steps_before: Any,
    scaling: Any,
) -> tuple[Any, Any]:
    """A gradient step for each batch of `batches` `(updates, batch, ...)`, in order.

    Returns new parameters `(4, weights)` and the losses `(updates,)`. `taus` `(updates,)` are for the target
    updates, `steps_before` is the number of earlier gradient steps, and `scaling` `(2, state_size)` holds the
    factor and the offset that rescale states.
    """
    updates = taus.shape[0]
    scale, offset = tf.unstack(scaling)
    batches = batches._replace(
        states=batches.states * scale + offset, next_states=batches.next_states * scale + offset
    )

    def one(number: Any, parameters: tuple, losses: Any) -> tuple:
        batch = Batch(*(array[number] for array in batches))
        step = steps_before + tf.cast(number + 1, tf.float32)
        parameters, loss = gradient_step(
            objective, sizes, parameters, batch, taus[number], learning_rate, step
        )
        return number + 1, parameters, losses.write(number, loss)

    start = (0, tuple(tf.unstack(parameters)), tf.TensorArray(tf.float32, updates))
    _, parameters, losses = tf.while_loop(lambda number, *_: number < updates, one, start)
    return tf.stack(parameters), losses.stack()


def compiled_steps(
    objective: Objective, sizes: tuple[int, ...], updates: int, batch_size: int, xla: bool | None = None
) -> Steps:
    """`gradient_steps` for these shapes as a function of arrays, compiled at the first call."""
    with _compiling:
        return _compiled_steps(objective, sizes, updates, batch_size, xla)


@functools.cache
def _compiled_steps(
    objective: Objective, sizes: tuple[int, ...], updates: int, batch_size: int, xla: bool | None
) -> Steps:
    def steps(parameters: Any, *others: Any) -> tuple[Any, Any]:
        *batches, taus, learning_rate, steps_before, scaling = others
        return gradient_steps(
            objective, sizes, parameters, Batch(*batches), taus, learning_rate, steps_before, scaling
        )

    weights = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes))
    number = np.zeros((updates, batch_size), np.float32)
    states = np.zeros((updates, batch_size, sizes[0]), np.float32)
    batches = Batch(states, number.astype(np.int32), number, states, number, number)
    parameters, one, scaling = np.zeros((4, weights)), np.zeros(()), np.zeros((2, sizes[0]))
    example = [parameters, *batches, np.zeros(updates), one, one, scaling]
    example = [array if array.dtype == np.int32 else array.astype(np.float32) for array in example]
    return compiled(steps, example, f"{objective!r} {sizes} {updates} {batch_size}", xla)
