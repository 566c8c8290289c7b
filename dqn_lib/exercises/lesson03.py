"""Lesson 3: the network and the loss that trains it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
    "Now the exact values are hidden. It learns from each step as it happens, from its own guess of what follows. "
    "The network is able to represent the solution, as you have just seen. Will it find it?",
    Choice("yes, as quickly as before", "Before, the targets stood still and came from everywhere at once."),
    Choice("yes, but it takes longer", "That is what one hopes for. Run the cells below."),
    Choice("no", "Being able to hold an answer is not the same as being able to find it.", right=True),
)


def _network(
    outputs: int = 3,
    activation: str | None = None,
    hidden: str | None = "relu",
    units: int = 64,
    layers: int = 2,
    biases: bool = True,
) -> Any:
    parts = [keras.layers.Dense(units, hidden, use_bias=biases) for _ in range(layers)]
    last = keras.layers.Dense(outputs, activation, use_bias=biases)
    return keras.Sequential([keras.Input((2,)), *parts, last])


def _described(function: Callable) -> Description:
    """The right description; raises `Rejected` with words about any other."""
    found = describe(returned(function()))
    for complaint in complaints(found):
        raise Rejected(complaint)
    return found


def _with(layer: Any, place: int) -> Any:
    """The right network with one layer more."""
    layers = [keras.layers.Dense(64, "relu"), keras.layers.Dense(64, "relu"), keras.layers.Dense(3)]
    return keras.Sequential([keras.Input((2,)), *layers[:place], layer, *layers[place:]])


@exercise(
    cases=[()],
    evaluate=_described,
    mistakes=[
        mistake(
            "Wrong output size: it must answer three questions at once, one value for each action.",
            lambda: _network(outputs=1),
            lambda: _network(outputs=2),
        ),
        mistake(
            "There is an activation on the output. Q-values reach down to -100 and may be any number: "
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
            "A hidden layer has `tanh`, which bends everywhere and is flat at both ends. Asked for is the ReLU: "
            "two straight pieces and one crease.",
            lambda: _network(hidden="tanh"),
        ),
        mistake(
            "The network has one hidden layer. Two are asked for: the second one combines what the first has found.",
            lambda: _network(layers=1),
        ),
        mistake(
            "The inputs are rescaled once more. Here they come stretched already.",
            lambda: _with(keras.layers.Rescaling(1 / 8), 0),
            lambda: _with(keras.layers.Normalization(), 0),
        ),
        mistake(
            "Batch normalisation is not asked for. It computes one thing in training and another when driving.",
            lambda: _with(keras.layers.BatchNormalization(), 1),
            lambda: _with(keras.layers.BatchNormalization(), 2),
        ),
        mistake(
            "In training it computes something else: a layer such as `Dropout` is random. It is not asked for, and a "
            "target that is itself random is harder to hit.",
            *(lambda place=place: _with(keras.layers.Dropout(0.5), place) for place in (1, 2)),
        ),
    ],
    advice={
        "incompatible with the layer": "A layer made for inputs of one size was called with inputs of another. Each layer "
        "can stand in one place only: make a new one for each.",
    },
    hints=[
        "`keras.Sequential([...])` takes a list of layers; the first is `keras.Input((2,))`.",
        "A hidden layer is `keras.layers.Dense(64, 'relu')`.",
        "The output layer is `keras.layers.Dense(3)`: no activation at all.",
    ],
    takeaway="4,547 numbers that answer for every position and velocity there is; the 20 x 20 table had 1,200.",
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
    network = SmallNetwork(np.random.default_rng(seed).normal(size=(2, 3)).astype(np.float32))
    actions = rng.integers(3, size=batch)
    rewards = -np.arange(1, batch + 1, dtype=np.float32) / 2
    terminated = (np.arange(batch) % 3 == 1).astype(np.float32)
    return network, states, actions, rewards, next_states, terminated, 0.9


def _loss_and_gradient(function: Callable, network: SmallNetwork, *batch: Any) -> dict[str, Any]:
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
    if loss.shape.rank:
        raise Rejected(
            f"The loss must be a single number, not one of shape `{tuple(loss.shape)}`: take the mean over the batch, "
            "`tf.reduce_mean`."
        )
    gradient = tape.gradient(loss, network.weights)
    if gradient is None:
        raise Rejected(
            "No gradient reaches the network: somewhere the estimate has lost its trail, "
            "perhaps in `.numpy()` or a stop_gradient around the estimate instead of the target."
        )
    return {"loss": loss, "gradient of the loss": gradient}


def _best(q: Any, actions: Any, keep: bool) -> Any:
    return tf.reduce_max(q, axis=1, keepdims=keep)


def _taken(q: Any, actions: Any, keep: bool) -> Any:
    return tf.reduce_sum(q * tf.one_hot(actions, 3), axis=1, keepdims=keep)


def _root(errors: Any) -> Any:
    return tf.sqrt(tf.reduce_mean(errors**2))


def _huber(errors: Any) -> Any:
    size = tf.abs(errors)
    return tf.reduce_mean(tf.where(size < 1, size**2 / 2, size - 0.5))


def _loss(
    *,
    all_actions: bool = False,
    column: bool = False,
    row: bool = False,
    stop: str = "target",
    mask: Callable = lambda end: 1 - end,
    estimate: Callable = _taken,
    future: Callable = _best,
    reduce: Callable = lambda errors: tf.reduce_mean(errors**2),
    reward: Callable = lambda rewards: rewards,
    reward_kept: bool = True,
    gamma_of: Callable = lambda gamma: gamma,
    looks_at: str = "next",
    swapped: bool = False,
) -> Callable:
    """The TD loss, with the ways to get it wrong as parameters."""

    def loss(
        network: Any, states: Any, actions: Any, rewards: Any, next_states: Any, terminated: Any, gamma: float
    ) -> Any:
        if swapped:
            states, next_states = next_states, states
        after = network(next_states if looks_at == "next" else states)
        value = future(after, actions, row) * gamma_of(gamma)
        rewards = reward(rewards)
        target = rewards + mask(terminated) * value if reward_kept else (rewards + value) * mask(terminated)
        if stop == "target":
            target = tf.stop_gradient(target)
        q = network(states)
        if all_actions:
            return tf.reduce_mean((target[:, None] - q) ** 2)
        taken = estimate(q, actions, column)
        if stop == "estimate":
            taken = tf.stop_gradient(taken)
        return reduce(target - taken)

    return loss


@exercise(
    cases=[_case(1, 1), _case(2, 2), _case(3, 5), _case(4, 8)],
    evaluate=_loss_and_gradient,
    tolerance=1e-4,
    mistakes=[
        mistake(
            "All three actions are trained. Only the action that was taken has shown what it is worth; "
            "the other two must be left alone.",
            _loss(all_actions=True),
        ),
        mistake(
            "A shape `(B, 1)` met a shape `(B,)`: the difference is a table of B x B, every estimate against every "
            "target. Nothing complains, and nothing is learnt. Print the shapes.",
            _loss(column=True),
            _loss(row=True),
        ),
        mistake(
            "The gradient flows into the target as well. Then the network also learns to bend the future towards "
            "its present guess. Wrap the target in `tf.stop_gradient`, and use what it returns.",
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
            "One transition that ends at the flag drops the future of the whole batch. Each has its own mask: "
            "`1 - terminated`, of shape `(B,)`.",
            _loss(mask=lambda end: 1 - np.max(end)),
        ),
        mistake(
            "The gradient is stopped on the wrong side: the estimate is held fast, and the target moves towards it. "
            "`tf.stop_gradient` belongs around the target.",
            _loss(stop="estimate"),
        ),
        mistake(
            "This is the sum over the batch. Asked for is the mean, or the step grows with the batch: `tf.reduce_mean`.",
            _loss(reduce=lambda errors: tf.reduce_sum(errors**2)),
        ),
        mistake(
            "The loss is a third of what it should be: the mean is over B x 3 numbers, two thirds of which are 0. Sum over "
            "the actions first, `axis=1`, then take the mean over the B transitions.",
            _loss(reduce=lambda errors: tf.reduce_mean(errors**2) / 3),
        ),
        mistake(
            "The loss is half of what it should be. Some books do write a half in front; here it is the plain mean.",
            _loss(reduce=lambda errors: tf.reduce_mean(errors**2) / 2),
        ),
        mistake(
            "The errors are not squared: their absolute values are averaged. Asked for is the mean of their squares.",
            _loss(reduce=lambda errors: tf.reduce_mean(tf.abs(errors))),
        ),
        mistake(
            "The errors are not squared, so those above and below zero cancel. Asked for is the mean of their squares.",
            _loss(reduce=tf.reduce_mean),
            _loss(reduce=lambda errors: -tf.reduce_mean(errors)),
        ),
        mistake(
            "This squares the mean error, so errors above and below zero cancel. Square each one first, then take the mean.",
            _loss(reduce=lambda errors: tf.reduce_mean(errors) ** 2),
        ),
        mistake(
            "This is the root of the mean squared error. Asked for is the mean itself, without the root.",
            _loss(reduce=_root),
        ),
        mistake(
            "This is Huber's loss, which lesson 6 explains. Asked for here is the mean squared error.",
            _loss(reduce=_huber),
        ),
        mistake(
            "The estimate is the largest of the three values, whatever was done. Take that of the action in `actions`.",
            _loss(estimate=_best),
        ),
        mistake(
            "The estimate is a third of the value: `reduce_mean` over the actions divides by 3. Use `reduce_sum`.",
            _loss(estimate=lambda q, actions, keep: _taken(q, actions, keep) / 3),
        ),
        mistake(
            "The estimate is always that of action 0. `actions` says which one was taken.",
            _loss(estimate=lambda q, actions, keep: q[:, 0]),
        ),
        mistake(
            "The values are multiplied by the number of the action. To pick one, multiply by `tf.one_hot(actions, 3)`.",
            _loss(
                estimate=lambda q, actions, keep: tf.reduce_sum(
                    q * actions[:, None].astype("float32"), axis=1
                )
            ),
        ),
        mistake(
            "`argmax` gives the number of the best action, not its value. Use `tf.reduce_max`.",
            _loss(future=lambda q, actions, keep: tf.cast(tf.argmax(q, axis=1), tf.float32)),
        ),
        mistake(
            "The future is the mean of the three values. A greedy driver takes the best: `tf.reduce_max`.",
            _loss(future=lambda q, actions, keep: tf.reduce_mean(q, axis=1)),
        ),
        mistake(
            "The maximum is over the whole batch. Each next state has its own: `axis=1`.",
            _loss(future=lambda q, actions, keep: tf.reduce_max(q)),
        ),
        mistake(
            "The maximum is over the batch, `axis=0`. Each next state has its own, over its three actions: `axis=1`.",
            _loss(future=lambda q, actions, keep: tf.reduce_max(q, axis=0)),
        ),
        mistake(
            "`tf.gather` picks whole rows here. To pick one action in each row it needs `axis=1, batch_dims=1`.",
            _loss(estimate=lambda q, actions, keep: tf.gather(q, actions)),
            _loss(estimate=lambda q, actions, keep: tf.reduce_sum(tf.gather(q, actions), axis=1)),
        ),
        mistake(
            "The future is the value of the old action in the next state. There the best of the three counts: "
            "`tf.reduce_max`.",
            _loss(future=_taken),
        ),
        mistake(
            "The future is taken from `states`, before the step. It is that of `next_states`.",
            _loss(looks_at="present"),
        ),
        mistake(
            "`states` and `next_states` have changed places.",
            _loss(swapped=True),
        ),
        mistake(
            "At the flag the reward is lost as well. The mask belongs to the future only.",
            _loss(reward_kept=False),
        ),
        mistake(
            "The reward is missing from the target.",
            _loss(reward=lambda rewards: 0.0 * rewards),
        ),
        mistake(
            "The reward is always -1 here. That is true on this hill, but not in general: use `rewards`.",
            _loss(reward=lambda rewards: -1.0),
        ),
        mistake(
            "The future is not discounted: gamma plays no part.",
            _loss(gamma_of=lambda gamma: 1.0),
        ),
        mistake(
            "Gamma is always 0.99 here. Use the argument `gamma`.",
            _loss(gamma_of=lambda gamma: 0.99),
        ),
        mistake(
            "The future is subtracted. The target is the reward plus what follows.",
            _loss(gamma_of=lambda gamma: -gamma),
        ),
    ],
    advice={
        "predict": "Call the network itself, `network(states)`: the numbers of `predict` leave no trail for the gradient.",
        "invert": "`terminated` holds 0.0 and 1.0, which `~` cannot turn round: `1 - terminated` can.",
        "ncompatible shapes": "Two shapes do not fit. The maximum over the actions is over `axis=1`; print the shapes.",
    },
    hints=[
        "Two numbers for each transition are compared: an estimate and a target. Which of them may the gradient move? "
        "The other one goes inside `tf.stop_gradient(...)`.",
        "The estimate of the taken action, shape `(B,)`: multiply `network(states)` by `tf.one_hot(actions, 3)` "
        "and sum over `axis=1`.",
        "The loss is `tf.reduce_mean((target - estimate) ** 2)`.",
    ],
    takeaway="The stop_gradient is the quiet half of it: the target counts as a fixed number.",
    result="loss",
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
