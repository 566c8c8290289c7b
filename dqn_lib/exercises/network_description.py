"""What a network computes, found by trying it: however it is written, it is described by what it does."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.comparison import Rejected, kind_of

NAMES = (
    "relu", "linear", "tanh", "sigmoid", "softmax", "softplus", "softsign", "elu", "selu", "gelu", "silu",
    "exponential", "relu6", "hard_sigmoid", "leaky_relu",
)  # fmt: skip
ACTIVATIONS = {name: keras.activations.get(name) for name in NAMES}
ACTIVATIONS |= {
    f"leaky_relu {slope:g}": lambda x, slope=slope: tf.nn.leaky_relu(x, slope) for slope in (0.01, 0.1, 0.3)
}

Layers = list[tuple[NDArray, NDArray]]  # kernel and bias of each


@dataclass(frozen=True)
class Description:
    """What a network computes; `layers` is empty if it is no row of plain layers."""

    layers: tuple[tuple[int, str], ...] = ()  # units and activation of each
    biases: bool = True  # whether every layer has some
    others: str = ""  # what there is instead of plain layers
    random: bool = False  # whether it computes something else in training


ASKED_FOR = Description(((64, "relu"), (64, "relu"), (3, "linear")))


def describe(network: Any) -> Description:
    """The layers of a network with two inputs, by what it computes.

    Raises:
        Rejected: it is no network, has no weights yet, or takes or returns arrays of other shapes.
    """
    if not isinstance(network, keras.Model):
        raise Rejected(f"It must return a Keras model, not {kind_of(network)}.")
    if not network.built:
        raise Rejected(
            "The network does not know its inputs yet, so it has no weights. Begin with `keras.Input((2,))`, or call a "
            "model of your own class once, with an array of states, before you return it."
        )
    rng = np.random.default_rng(0)
    states = (8 * rng.normal(size=(40, 2))).astype(np.float32)
    for count in (1, len(states)):
        values = _called(network, states[:count])
        if len(np.shape(values)) != 2 or len(values) != count:
            raise Rejected(
                f"For states of shape `({count}, 2)` it must give values of shape `({count}, 3)`, not "
                f"`{tuple(np.shape(values))}`."
            )
    before = network.get_weights()  # it may be a network that is used for something else as well
    try:
        weights = [rng.normal(size=w.shape) / np.sqrt(w.shape[0] if w.ndim == 2 else 1) for w in before]
        network.set_weights(weights)
        outputs = np.asarray(network(states))
        in_training = np.asarray(network(states, training=True))
    finally:
        network.set_weights(before)
    random = not _same(outputs, in_training)
    for layers in _arrangements(weights):
        fits = layers[-1][0].shape[1] == outputs.shape[1]
        if fits and (found := _activations(layers, states, outputs)):
            return Description(found, all(len(bias) for _, bias in layers), random=random)
    return Description(others=_others(network), random=random)


def _called(network: Any, states: NDArray) -> Any:
    """What the network gives for these states.

    Raises:
        Rejected: it takes something else than states of two numbers.
    """
    try:
        return network(states)
    except Exception as problem:
        shape = getattr(network, "input_shape", None)
        if shape is None or shape == (None, 2):
            raise
        shapes = shape if isinstance(shape, list) else [shape]
        if len(shapes) > 1:
            raise Rejected(
                f"The network has {len(shapes)} inputs. It needs one, for the states; all three actions are answered at once."
            ) from problem
        batch = " The size of the batch is no part of it." if len(shapes[0]) > 2 else ""
        raise Rejected(
            f"The network takes inputs of shape `{tuple(shapes[0][1:])}`, but a state has two numbers: "
            f"`keras.Input((2,))`.{batch}"
        ) from problem


def _same(one: NDArray, other: NDArray) -> NDArray:
    """Whether two batches of outputs are equal; the first may be many such batches."""
    return np.isclose(one, other, rtol=1e-3, atol=1e-3).all(axis=(-2, -1))


def _arrangements(weights: list[NDArray]) -> Iterator[Layers]:
    """Every way in which the weights can be layers, one after the other, from two inputs on.

    The last layer may consist of several beside each other, such as one for each action.
    """
    kernels = [w for w in weights if w.ndim == 2]
    biases = [w for w in weights if w.ndim == 1]
    if len(kernels) + len(biases) < len(weights) or not 1 <= len(kernels) <= 5 or len(biases) > len(kernels):
        return
    for order in permutations(kernels):
        for hidden in reversed(range(len(order))):
            ends = [2, *(kernel.shape[1] for kernel in order[:hidden])]  # units after so many layers
            inputs = [ends[min(place, hidden)] for place in range(len(order))]
            if inputs == [kernel.shape[0] for kernel in order]:
                yield from _with_biases(order, biases, hidden)


def _with_biases(order: tuple[NDArray, ...], biases: list[NDArray], hidden: int) -> Iterator[Layers]:
    """The kernels with their biases in every order; those after the first `hidden` are one layer."""
    nothing = [np.zeros(0)] * (len(order) - len(biases))
    for chosen in permutations([*biases, *nothing]):
        if all(len(bias) in (0, kernel.shape[1]) for kernel, bias in zip(order, chosen, strict=True)):
            last = np.concatenate(order[hidden:], axis=1), np.concatenate(chosen[hidden:])
            if len(last[1]) in (0, last[0].shape[1]):
                yield [*zip(order[:hidden], chosen[:hidden], strict=True), last]


def _activations(layers: Layers, states: NDArray, outputs: NDArray) -> tuple[tuple[int, str], ...]:
    """Units and activations that lead from the states to the outputs; nothing if none do."""
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
            return tuple((kernel.shape[1], name) for (kernel, _), name in zip(layers, names, strict=True))
    return ()


def _linear(layer: tuple[NDArray, NDArray], inputs: NDArray) -> NDArray:
    kernel, bias = layer
    return inputs @ kernel + (bias if len(bias) else 0.0)


def _others(network: Any) -> str:
    """The layers that are not plain ones, by name."""
    plain = (keras.layers.InputLayer, keras.layers.Dense, keras.layers.ReLU, keras.layers.Activation)
    others = {type(layer).__name__ for layer in _layers(network) if not isinstance(layer, plain)}
    return ", ".join(f"`{name}`" for name in sorted(others))


def _layers(network: Any) -> Iterator[Any]:
    """The layers of a network, and of the networks inside it."""
    for layer in network.layers:
        yield from _layers(layer) if isinstance(layer, keras.Model) else [layer]


def complaints(found: Description) -> Iterator[str]:
    """What is not as it was asked for, in sentences."""
    if not found.layers:
        first = f"It contains {found.others}" if found.others else "Its layers are combined in another way"
        yield (
            f"{first}. Asked for are only: two inputs, two `Dense` layers of 64 units, each with its ReLU, and a "
            "`Dense` layer of 3 units."
        )
        return
    *hidden, (outputs, last) = found.layers
    if outputs != 3:
        yield f"The last layer has {outputs} units. It needs three, one for the value of each action."
    if last != "linear":
        yield f"There is an activation on the last layer (`{last}`). Q-values may be any number: it must be linear."
    if len(hidden) != 2:
        count = ("no hidden layer", "one hidden layer", "", "three hidden layers", "four hidden layers")[
            len(hidden)
        ]
        yield f"The network has {count}. Two are asked for, before the last layer of three units."
    for place, (units, activation) in zip(("first", "second"), hidden, strict=False):
        if units != 64:
            yield f"The {place} hidden layer has {units} units. 64 are asked for."
        if activation == "linear":
            yield f"The {place} hidden layer has no activation. A ReLU is asked for after each."
        elif activation != "relu":
            yield f"The activation of the {place} hidden layer is `{activation}`. Asked for is the plain ReLU."
    if not found.biases:
        yield "Not every layer has biases. Without them creases run through one point: leave out `use_bias=False`."
    if found.random:
        yield "In training it computes something else than otherwise. Only `Dense` layers and their ReLUs are asked for."
