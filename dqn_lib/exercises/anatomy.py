"""What a network computes, found out by trying it: however it is written, it is known by what it does.

Its weights are replaced by random ones for a moment, and its outputs are compared with those of plain layers
that have these weights and one of the usual activations each.
"""

from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.compare import kind_of
from dqn_lib.exercises.exercise import Complaint

NAMES = (
    "relu", "linear", "tanh", "sigmoid", "softmax", "softplus", "softsign", "elu", "selu", "gelu", "silu",
    "exponential", "relu6", "hard_sigmoid", "leaky_relu",
)  # fmt: skip
ACTIVATIONS = {name: keras.activations.get(name) for name in NAMES}
ACTIVATIONS |= {
    f"leaky_relu {slope:g}": lambda x, slope=slope: tf.nn.leaky_relu(x, slope) for slope in (0.01, 0.1, 0.3)
}

Layers = list[tuple[NDArray, NDArray]]  # kernel and bias of each


def describe(network: Any) -> str:
    """Units and activation of each layer, such as "64 relu, 64 relu, 3 linear"; the network has two inputs.

    Raises:
        Complaint: it is no network, or gives something else than a row for each state.
    """
    if not isinstance(network, keras.Model):
        raise Complaint(f"It must return a Keras model, not {kind_of(network)}.")
    rng = np.random.default_rng(0)
    states = (8 * rng.normal(size=(40, 2))).astype(np.float32)
    for count in (1, len(states)):
        shape = np.shape(network(states[:count]))
        if len(shape) != 2 or shape[0] != count:
            raise Complaint(f"For states `({count}, 2)` it must give values `({count}, 3)`, not `{shape}`.")
    before = network.get_weights()  # it may be a network that is used for something else as well
    try:
        weights = [rng.normal(size=w.shape) / np.sqrt(w.shape[0] if w.ndim == 2 else 1) for w in before]
        network.set_weights(weights)
        outputs = np.asarray(network(states))
        in_training = np.asarray(network(states, training=True))
    finally:
        network.set_weights(before)
    found = next(
        (text for layers in _arrangements(weights) if (text := _activations(layers, states, outputs))), None
    )
    if found is None:
        found = _parts(network, weights)
    elif not all(len(bias) for _, bias in next(_arrangements(weights))):
        found += ", not all with biases"
    return found if _same(outputs, in_training) else f"{found}; another one in training"


def _same(one: NDArray, other: NDArray) -> NDArray:
    """Whether two batches of outputs are equal; the first may be many such batches."""
    return np.isclose(one, other, rtol=1e-3, atol=1e-3).all(axis=(-2, -1))


def _arrangements(weights: list[NDArray]) -> Iterator[Layers]:
    """Every way in which the weights can be layers, one after the other, from two inputs on."""
    kernels = [w for w in weights if w.ndim == 2]
    biases = [w for w in weights if w.ndim == 1]
    if len(kernels) + len(biases) < len(weights) or not 1 <= len(kernels) <= 5 or len(biases) > len(kernels):
        return
    for order in permutations(kernels):
        ends = [2, *(kernel.shape[1] for kernel in order)]
        if ends[:-1] != [kernel.shape[0] for kernel in order]:
            continue
        nothing = [np.zeros(0)] * (len(order) - len(biases))
        for chosen in permutations([*biases, *nothing]):
            if all(len(bias) in (0, end) for bias, end in zip(chosen, ends[1:], strict=True)):
                yield list(zip(order, chosen, strict=True))


def _activations(layers: Layers, states: NDArray, outputs: NDArray) -> str:
    """The layers with the activations that lead from the states to the outputs; nothing if none do."""
    values = {(): states}
    for number, layer in enumerate(layers[:-1]):
        values = {
            (*names, name): np.asarray(ACTIVATIONS[name](tf.constant(_linear(layer, value))))
            for (names, value), name in product(values.items(), ACTIVATIONS)
            if number == 0 or len(layers) == 3 or name == names[-1]  # mixed ones for two hidden layers only
        }
    last = np.stack([_linear(layers[-1], value) for value in values.values()])
    for name, activation in ACTIVATIONS.items():
        fits = np.flatnonzero(_same(np.asarray(activation(tf.constant(last))), outputs))
        if len(fits):
            names = [*list(values)[fits[0]], name]
            units = [kernel.shape[1] for kernel, _ in layers]
            return ", ".join(f"{unit} {name}" for unit, name in zip(units, names, strict=True))
    return ""


def _linear(layer: tuple[NDArray, NDArray], inputs: NDArray) -> NDArray:
    kernel, bias = layer
    return inputs @ kernel + (bias if len(bias) else 0.0)


def _parts(network: Any, weights: list[NDArray]) -> str:
    """What there is in a network that is no row of plain layers."""
    layers = next(_arrangements(weights), [])
    units = [str(kernel.shape[1]) for kernel, _ in layers] or ["weights of other shapes"]
    plain = (keras.layers.InputLayer, keras.layers.Dense, keras.layers.ReLU, keras.layers.Activation)
    others = sorted({type(layer).__name__ for layer in _layers(network) if not isinstance(layer, plain)})
    return f"{', '.join(units)} and {', '.join(others) or 'something else'}"


def _layers(network: Any) -> Iterator[Any]:
    """The layers of a network, and of the networks inside it."""
    for layer in network.layers:
        yield from _layers(layer) if isinstance(layer, keras.Model) else [layer]
