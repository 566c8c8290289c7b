"""The gradient step as a pure function: parameters and batches in, parameters and losses out.

Nothing that belongs to one agent is inside it. So it is compiled once in a process for each network shape
and objective, and every agent shares it: making another agent costs nothing.
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
from dqn_lib.replay import Batch
from dqn_lib.targets import double_td_target, polyak_update, td_target

tnp = tf.experimental.numpy

# The rows of an agent's parameters `(4, weights)`: two networks, and Adam's two moving averages.
ONLINE, TARGET, MEAN, SQUARE = range(4)

Network = Callable[[Any], Any]
"""States `(batch, state_size)` to Q-values `(batch, actions)`, as tensors."""

Steps = Callable[..., tuple[NDArray[np.float32], NDArray[np.float32]]]
"""`gradient_steps` of arrays: new parameters `(4, weights)` and losses `(updates,)`."""

_compiling = threading.Lock()


@dataclass(frozen=True)
class Objective:
    """What a gradient step minimises. Equal objectives share one compiled step.

    A variant overrides a method; `online` and `target` are the two networks as functions. What the
    methods read besides their arguments has to be a field, so that equality tells it.
    """

    double: bool = True
    loss: str = "huber"

    def targets(self, batch: Batch, online: Network, target: Network) -> Any:
        """TD targets `(batch,)`; computed outside the tape, so that no gradient flows into them."""
        next_q = target(batch.next_states)
        if not self.double:
            return td_target(batch.reward_sums, batch.terminated, next_q, batch.discounts, xp=tnp)
        chooser = online(batch.next_states)
        return double_td_target(batch.reward_sums, batch.terminated, next_q, chooser, batch.discounts, xp=tnp)

    def batch_loss(self, batch: Batch, targets: Any, online: Network, target: Network) -> Any:
        """The mean loss of a batch: of the actions that were taken, and of no others."""
        q = online(batch.states)  # [B, A]
        taken = tf.one_hot(batch.actions, q.shape[-1])
        error = targets - tf.reduce_sum(q * taken, axis=-1)  # [B]
        return tf.reduce_mean(self.error_loss(error))

    def error_loss(self, error: Any) -> Any:
        """Squared error, or Huber's: squared up to 1, linear beyond, so that no outlier pulls too hard."""
        if self.loss == "squared":
            return 0.5 * error**2
        size = tf.abs(error)
        return tf.where(size < 1.0, 0.5 * error**2, size - 0.5)


def initial_parameters(weights: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Parameters `(4, weights)` of a new agent: two equal networks, and an Adam that has seen nothing."""
    flat = np.concatenate([np.ravel(array) for array in weights])
    return np.stack([flat, flat, np.zeros_like(flat), np.zeros_like(flat)])


def split(flat: Any, sizes: tuple[int, ...]) -> list[tuple[Any, Any]]:
    """A weight matrix and a bias vector for each layer, from one vector; as `QFunction.from_flat`."""
    layers, start = [], 0
    for fan_in, fan_out in pairwise(sizes):
        end = start + fan_in * fan_out
        layers.append((tf.reshape(flat[start:end], (fan_in, fan_out)), flat[end : end + fan_out]))
        start = end + fan_out
    return layers


def join(layers: list[tuple[Any, Any]]) -> Any:
    """The inverse of `split`."""
    return tf.concat([tf.reshape(array, [-1]) for layer in layers for array in layer], axis=0)


def q_values(layers: list[tuple[Any, Any]], states: Any) -> Any:
    """Q-values `(batch, actions)` of rescaled states `(batch, state_size)`; as `QFunction`."""
    values = states
    for weights, biases in layers[:-1]:
        values = tf.nn.relu(values @ weights + biases)
    weights, biases = layers[-1]
    return values @ weights + biases


def adam(weights: Any, gradient: Any, mean: Any, square: Any, learning_rate: Any, step: Any) -> tuple:
    """New weights and moving averages after Adam's step number `step` (Kingma and Ba, ICLR 2015).

    As Keras computes it, with its defaults: beta 0.9 and 0.999, epsilon 1e-7.
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
    """One step on one batch, then the target network moves by `tau`: new parameters and the loss."""
    weights, target_weights, mean, square = parameters
    layers = split(weights, sizes)
    online, target = partial(q_values, layers), partial(q_values, split(target_weights, sizes))
    targets = objective.targets(batch, online, target)
    with tf.GradientTape() as tape:
        tape.watch(layers)
        loss = objective.batch_loss(batch, targets, online, target)
    gradient = join(tape.gradient(loss, layers))
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
    """One gradient step for each entry of the batches' first axis, in order.

    `parameters` `(4, weights)` come back changed, with the losses `(updates,)`; `taus` `(updates,)` are
    the target network's, and `steps_before` is how many gradient steps there were before these.
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
    """`gradient_steps` for these shapes, as a function of arrays; compiled the first time it is asked for."""
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
