"""Lesson 3: the network and the loss that trains it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.comparison import Rejected, kind_of, returned
from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.network_description import Description, complaints, describe
from dqn_lib.exercises.prediction import Choice, predict

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
