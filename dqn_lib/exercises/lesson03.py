"""Lesson 3: the network and the loss that trains it."""

from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.comparison import Rejected, kind_of, returned
from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

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
        raise Rejected(f"It must return a Keras model, not {kind_of(network)}.")
    rng = np.random.default_rng(0)
    states = (8 * rng.normal(size=(40, 2))).astype(np.float32)
    for count in (1, len(states)):
        shape = np.shape(network(states[:count]))
        if len(shape) != 2 or shape[0] != count:
            raise Rejected(f"For states `({count}, 2)` it must give values `({count}, 3)`, not `{shape}`.")
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


raw_or_rescaled = predict(
    "Two equal networks see the exact answer. One gets position and velocity as they are (the velocity never "
    "exceeds 0.07), the other gets both stretched to the range from -8 to 8. Which one fits better?",
    Choice(
        "no difference: a network can learn its own scale", "It can, in principle. Watch how long it takes."
    ),
    Choice(
        "the rescaled one",
        "Times a weight of ordinary size, a velocity of 0.07 changes next to nothing.",
        right=True,
    ),
    Choice("the raw one: rescaling loses information", "Stretching loses nothing: it can be undone."),
)

online = predict(
    "Now nobody shows it the answer. It learns from each step as it happens, from its own guess of what follows. "
    "The network is able to represent the solution, as you have just seen. Will it find it?",
    Choice("yes, as quickly as before", "Before, the targets stood still and came from everywhere at once."),
    Choice("yes, but it takes longer", "Longer is what everybody hopes for. Run the cells below."),
    Choice("no", "Being able to hold an answer is not the same as being able to find it.", right=True),
)


def _network(outputs: int = 3, activation: str | None = None, hidden: str | None = "relu") -> Any:
    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(64, hidden),
            keras.layers.Dense(64, hidden),
            keras.layers.Dense(outputs, activation),
        ]
    )


def _described(function: Any) -> str:
    return describe(returned(function()))


def _with(layer: Any, place: int) -> Any:
    """The right network with one layer more."""
    layers = [keras.layers.Dense(64, "relu"), keras.layers.Dense(64, "relu"), keras.layers.Dense(3)]
    return keras.Sequential([keras.Input((2,)), *layers[:place], layer, *layers[place:]])


def _inputs_unknown(answer: Any) -> str:
    """What to add about a network that cannot be asked for its weights yet."""
    network = answer()
    if not isinstance(network, keras.Sequential) or network.built:
        return ""
    return "One remark: before its first call it has no weights. With `keras.Input((2,))` in front it has them at once."


@exercise(
    cases=[()],
    probe=_described,
    remark=_inputs_unknown,
    mistakes=[
        mistake(
            "Wrong output size: it must answer three questions at once, one value for each action.",
            lambda: _network(outputs=1),
            lambda: _network(outputs=2),
        ),
        mistake(
            "There is an activation on the output. Q-values reach down to -100 and know no bounds: "
            "the last layer must be linear, without an activation.",
            *(
                lambda name=name: _network(activation=name)
                for name in ("relu", "softmax", "sigmoid", "tanh", "softplus", "elu")
            ),
        ),
        mistake(
            "The hidden layers have no activation. Three linear layers in a row are one linear layer: "
            "a plane cannot follow a spiral.",
            lambda: _network(hidden=None),
        ),
        mistake(
            "The inputs are rescaled once more. Here they come stretched already.",
            lambda: _with(keras.layers.Rescaling(1 / 8), 0),
            lambda: _with(keras.layers.Normalization(), 0),
        ),
        mistake(
            "In training it computes something else: a layer such as `Dropout` rolls dice. Nobody asked for it, and a target "
            "that is random itself is harder to hit.",
            *(lambda place=place: _with(keras.layers.Dropout(0.5), place) for place in (1, 2)),
        ),
    ],
    hints=[
        "`keras.Sequential([...])` takes a list of layers; the first is `keras.Input((2,))`.",
        "A hidden layer is `keras.layers.Dense(64, 'relu')`.",
        "The output layer is `keras.layers.Dense(3)`: no activation at all.",
    ],
    insight="4,547 numbers that answer for every position and velocity there is; the 20 x 20 table had 1,200.",
    result="network",
)
def build_network() -> Any:
    """Two inputs, two hidden layers of 64 ReLUs, three linear outputs."""
    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(3),
        ]
    )


class SmallNetwork:
    """The smallest network there is, one layer, so that its loss can be followed by hand."""

    def __init__(self, weights: Any) -> None:
        self.weights = tf.Variable(weights)

    def __call__(self, states: Any) -> Any:
        """Q-values `(B, 3)` of states `(B, 2)`."""
        return tf.convert_to_tensor(states, tf.float32) @ self.weights

    def __deepcopy__(self, memo: dict) -> "SmallNetwork":
        return SmallNetwork(self.weights)

    def __repr__(self) -> str:
        return "a small network"


def _case(seed: int, batch: int) -> tuple:
    rng = np.random.default_rng(seed)
    states, next_states = rng.normal(size=(2, batch, 2)).astype(np.float32)
    terminated = (np.arange(batch) % 3 == 1).astype(np.float32)
    return SmallNetwork(np.random.default_rng(seed).normal(size=(2, 3)).astype(np.float32)), states, rng.integers(3, size=batch), -np.ones(batch, np.float32), next_states, \
        terminated, 0.9  # fmt: skip


def _loss_and_gradient(function: Any, network: SmallNetwork, *batch: Any) -> dict[str, Any]:
    before = network.weights.numpy()
    with tf.GradientTape() as tape:
        loss = returned(function(network, *batch))
    if not (network.weights.numpy() == before).all():
        raise Rejected("It changes the network's weights. A loss only looks; the optimiser acts, later.")
    if not tf.is_tensor(loss):
        raise Rejected(
            f"The loss must be a TensorFlow tensor, not {kind_of(loss)}: NumPy leaves no trail "
            "for the gradient to follow back. Use `tf.reduce_mean` and friends."
        )
    gradient = tape.gradient(loss, network.weights)
    if gradient is None:
        raise Rejected(
            "No gradient reaches the network: somewhere the estimate has lost its trail, "
            "perhaps in `.numpy()` or a stop_gradient around the estimate instead of the target."
        )
    return {"loss": loss, "gradient": gradient}


def _loss(
    taken_only: bool = True,
    column: bool = False,
    row: bool = False,
    stop: str = "target",
    mask: Any = lambda end: 1 - end,
    pick: Any = lambda q, actions, keep: tf.reduce_sum(q * tf.one_hot(actions, 3), axis=1, keepdims=keep),
    mean: Any = tf.reduce_mean,
    reward_kept: bool = True,
    discounted: bool = True,
) -> Any:
    def loss(
        network: Any, states: Any, actions: Any, rewards: Any, next_states: Any, terminated: Any, gamma: float
    ) -> Any:
        future = tf.reduce_max(network(next_states), axis=1, keepdims=row) * (gamma if discounted else 1.0)
        target = rewards + mask(terminated) * future if reward_kept else (rewards + future) * mask(terminated)
        if stop == "target":
            target = tf.stop_gradient(target)
        q = network(states)
        if not taken_only:
            return tf.reduce_mean((target[:, None] - q) ** 2)
        taken = pick(q, actions, column)
        if stop == "estimate":
            taken = tf.stop_gradient(taken)
        return mean((target - taken) ** 2)

    return loss


@exercise(
    cases=[_case(1, 1), _case(2, 2), _case(3, 5)],
    probe=_loss_and_gradient,
    tolerance=1e-4,
    mistakes=[
        mistake(
            "All three actions are trained. Only the action that was taken has shown what it is worth; "
            "the other two must be left in peace.",
            _loss(taken_only=False),
        ),
        mistake(
            "A shape `(B, 1)` met a shape `(B,)`: the difference is a table of B x B, every estimate against every "
            "target. Nothing complains, and nothing is learnt. Print the shapes.",
            _loss(column=True),
            _loss(row=True),
        ),
        mistake(
            "The gradient flows into the target as well. Then the network also learns to bend the future towards "
            "its present guess. Wrap the target in `tf.stop_gradient`.",
            _loss(stop="nothing"),
        ),
        mistake(
            "The mask is inverted: it keeps the future where the episode is over and drops it everywhere else. "
            "You want `1 - terminated`.",
            _loss(mask=lambda end: end),
        ),
        mistake(
            "The future counts after the flag too: multiply it by `1 - terminated`.",
            _loss(mask=lambda end: 1.0),
        ),
        mistake(
            "The gradient is stopped on the wrong side: the estimate is held fast, and the target moves towards it. "
            "`tf.stop_gradient` belongs around the target.",
            _loss(stop="estimate"),
        ),
        mistake(
            "This is the sum over the batch. Asked for is the mean, or the step grows with the batch: `tf.reduce_mean`.",
            _loss(mean=tf.reduce_sum),
        ),
        mistake(
            "The loss is a third of what it should be: the mean is over B x 3 numbers, two thirds of which are 0. Sum over "
            "the actions first, `axis=1`, then take the mean over the B transitions.",
            _loss(mean=lambda errors: tf.reduce_mean(errors) / 3),
        ),
        mistake(
            "The loss is half of what it should be. Some books do write a half in front; here it is the plain mean.",
            _loss(mean=lambda errors: tf.reduce_mean(errors) / 2),
        ),
        mistake(
            "The estimate is the largest of the three values, whatever was done. Take that of the action in `actions`.",
            _loss(pick=lambda q, actions, keep: tf.reduce_max(q, axis=1, keepdims=keep)),
        ),
        mistake(
            "At the flag the reward is lost as well. The mask belongs to the future only.",
            _loss(reward_kept=False),
        ),
        mistake(
            "The future is not discounted: gamma plays no part.",
            _loss(discounted=False),
        ),
    ],
    advice={
        "predict": "Call the network itself, `network(states)`: the numbers of `predict` leave no trail for the gradient.",
        "invert": "`terminated` holds 0.0 and 1.0, which `~` cannot turn round: `1 - terminated` can.",
    },
    hints=[
        "Two numbers for each transition are compared: an estimate and a target. Which of them may the gradient move? "
        "The other one goes inside `tf.stop_gradient(...)`.",
        "The estimate of the taken action, shape `(B,)`: multiply `network(states)` by `tf.one_hot(actions, 3)` "
        "and sum over `axis=1`.",
        "The loss is `tf.reduce_mean((target - estimate) ** 2)`.",
    ],
    insight="The stop_gradient is the quiet half of it: the target is treated as if somebody else had said it.",
    result="loss and gradient",
)
def td_loss(
    network: Any,
    states: NDArray,
    actions: NDArray,
    rewards: NDArray,
    next_states: NDArray,
    terminated: NDArray,
    gamma: float,
) -> Any:
    """The mean squared TD error of the actions that were taken."""
    future = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * (1 - terminated) * future)
    estimate = tf.reduce_sum(network(states) * tf.one_hot(actions, 3), axis=1)
    return tf.reduce_mean((target - estimate) ** 2)
