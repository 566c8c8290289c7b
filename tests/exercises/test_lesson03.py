"""Lesson 3: every right network and loss is accepted, every usual mistake is named."""

import numpy as np
import pytest
from judging import assert_correct, assert_counterexample, assert_told, from_source

from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises import lesson03

layers = keras.layers


@pytest.mark.parametrize("name", ["build_network", "td_loss"])
def test_the_solution_as_it_is_shown_is_correct(name):
    exercise = getattr(lesson03, name)
    assert_correct(exercise, from_source(exercise.source, np=np, tf=tf, keras=keras))


def network_by_adding():
    network = keras.Sequential()
    network.add(layers.Input(shape=(2,)))
    for _ in range(2):
        network.add(layers.Dense(64, activation=keras.activations.relu))
    network.add(layers.Dense(3, activation="linear"))
    return network


def network_of_functions():
    inputs = keras.Input((2,))
    hidden = layers.Dense(64, activation=tf.nn.relu)(inputs)
    hidden = layers.Dense(64, activation=tf.nn.relu)(hidden)
    return keras.Model(inputs, layers.Dense(3)(hidden))


def network_without_an_input_layer():
    return tf.keras.Sequential(
        [tf.keras.layers.Dense(64, "relu"), tf.keras.layers.Dense(64, "relu"), tf.keras.layers.Dense(3)]
    )


def network_without_an_input_layer_but_built():
    network = network_without_an_input_layer()
    network.build((None, 2))
    return network


def network_with_the_shape_of_its_inputs_in_the_first_layer():
    return keras.Sequential(
        [layers.Dense(64, "relu", input_shape=(2,)), layers.Dense(64, "relu"), layers.Dense(3)]
    )


def network_with_a_head_for_each_action():
    inputs = keras.Input((2,))
    hidden = layers.Dense(64, "relu")(layers.Dense(64, "relu")(inputs))
    return keras.Model(inputs, layers.Concatenate()([layers.Dense(1)(hidden) for _ in range(3)]))


def network_with_heads_in_another_order():
    inputs = keras.Input((2,))
    hidden = layers.Dense(64, "relu")(layers.Dense(64, "relu")(inputs))
    one, two = layers.Dense(1)(hidden), layers.Dense(2)(hidden)
    return keras.Model(inputs, keras.ops.concatenate([two, one], axis=1))


def network_of_a_class():
    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = layers.Dense(64, "relu"), layers.Dense(64, "relu")
            self.last = layers.Dense(3)

        def call(self, states):
            return self.last(self.second(self.first(states)))

    network = Network()
    network(np.zeros((1, 2)))
    return network


def network_with_activations_in_layers_of_their_own():
    return keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(64),
            layers.ReLU(),
            layers.Dense(64),
            layers.Activation("relu"),
            layers.Dense(3),
        ]
    )


def network_with_relu_as_an_operation():
    inputs = keras.Input((2,))
    hidden = keras.ops.relu(layers.Dense(64)(inputs))
    hidden = keras.ops.maximum(layers.Dense(64)(hidden), 0.0)
    return keras.Model(inputs, layers.Dense(3)(hidden))


def network_of_a_class_with_activations_in_its_call():
    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.last = layers.Dense(3)  # in another order than they are called in
            self.second, self.first = layers.Dense(64), layers.Dense(64)

        def call(self, states):
            hidden = tf.nn.relu(self.first(states))
            return self.last(tf.maximum(self.second(hidden), 0))

    network = Network()
    network.build((None, 2))
    return network


def network_of_weights():
    class Layer(layers.Layer):
        def __init__(self, units, activation):
            super().__init__()
            self.units, self.activate = units, activation

        def build(self, shape):
            self.b = self.add_weight(shape=(self.units,), initializer="zeros")
            self.w = self.add_weight(shape=(shape[-1], self.units), initializer="glorot_uniform")

        def call(self, inputs):
            return self.activate(inputs @ self.w + self.b)

    return keras.Sequential(
        [keras.Input((2,)), Layer(64, keras.ops.relu), Layer(64, keras.ops.relu), Layer(3, lambda x: x)]
    )


def network_with_lambda_layers():
    return keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(64),
            layers.Lambda(lambda x: (x + keras.ops.absolute(x)) / 2),
            layers.Dense(64),
            layers.LeakyReLU(negative_slope=0.0),
            layers.Dense(3),
            layers.Activation("linear"),
        ]
    )


def network_with_a_network_inside():
    body = keras.Sequential([keras.Input((2,)), layers.Dense(64, "relu"), layers.Dense(64, "relu")])
    return keras.Sequential([keras.Input((2,)), body, layers.Dense(3)])


def network_with_other_initial_weights():
    start = {"kernel_initializer": "he_uniform", "bias_initializer": "random_normal"}
    return keras.Sequential(
        [
            keras.Input((2,), dtype="float32"),
            layers.Dense(64, "relu", **start),
            layers.Dense(64, "relu", kernel_regularizer="l2", **start),
            layers.Dense(3, name="q_values", **start),
        ]
    )


def network_that_stretches_by_one():
    return keras.Sequential(
        [
            keras.Input((2,)),
            layers.Rescaling(1.0),
            layers.Dense(64, "relu"),
            layers.Dropout(0.0),
            layers.Dense(64, "relu"),
            layers.Dense(3),
        ]
    )


def network_that_is_compiled():
    network = network_by_adding()
    network.compile("adam", "mse")
    return network


ALREADY_BUILT = network_by_adding()


@pytest.mark.parametrize(
    "answer",
    [
        network_by_adding,
        network_of_functions,
        network_without_an_input_layer_but_built,
        network_with_the_shape_of_its_inputs_in_the_first_layer,
        network_of_a_class,
        network_with_a_head_for_each_action,
        network_with_heads_in_another_order,
        network_with_activations_in_layers_of_their_own,
        network_with_relu_as_an_operation,
        network_of_a_class_with_activations_in_its_call,
        network_of_weights,
        network_with_lambda_layers,
        network_with_a_network_inside,
        network_with_other_initial_weights,
        network_that_stretches_by_one,
        lambda: with_a(layers.LeakyReLU(negative_slope=0.3), 2),  # which changes nothing behind a ReLU
        network_that_is_compiled,
        lambda: ALREADY_BUILT,
        lambda: keras.models.clone_model(ALREADY_BUILT),
    ],
)
def test_a_network_may_be_written_in_many_ways(answer):
    assert_correct(lesson03.build_network, answer)


def test_a_network_that_is_used_for_something_else_keeps_its_weights():
    before = ALREADY_BUILT.get_weights()
    assert_correct(lesson03.build_network, lambda: ALREADY_BUILT)
    for old, new in zip(before, ALREADY_BUILT.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def network_of_a_class_that_was_never_called():
    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.last = layers.Dense(3)

        def call(self, states):
            return self.last(states)

    return Network()


@pytest.mark.parametrize(
    "answer",
    [network_without_an_input_layer, network_of_a_class_that_was_never_called, lambda: keras.Sequential([])],
)
def test_a_network_that_does_not_know_its_inputs_yet_is_refused_in_words(answer):
    verdict = lesson03.build_network.check(answer)
    assert verdict.status == "not yet"
    assert verdict.message.startswith("The network does not know its inputs yet, so it has no weights.")


def stack(*sizes_and_activations):
    network = keras.Sequential([keras.Input((2,))])
    for units, activation in sizes_and_activations:
        network.add(layers.Dense(units, activation))
    return network


def network_with_one_value():
    return stack((64, "relu"), (64, "relu"), (1, None))


def network_for_two_actions():
    inputs = keras.Input((2,))
    hidden = layers.Dense(64, "relu")(layers.Dense(64, "relu")(inputs))
    return keras.Model(inputs, layers.Dense(2)(hidden))


def network_with_relu_at_the_end():
    return stack((64, "relu"), (64, "relu"), (3, "relu"))


def network_with_probabilities():
    inputs = keras.Input((2,))
    hidden = layers.Dense(64, "relu")(layers.Dense(64, "relu")(inputs))
    return keras.Model(inputs, layers.Dense(3, activation=keras.activations.softmax)(hidden))


def network_with_a_softmax_layer():
    network = stack((64, "relu"), (64, "relu"), (3, None))
    network.add(layers.Softmax())
    return network


def network_of_planes():
    return stack((64, None), (64, None), (3, None))


def network_of_planes_in_a_class():
    class Network(network_of_a_class().__class__):
        def __init__(self):
            keras.Model.__init__(self)
            self.first, self.second, self.last = layers.Dense(64), layers.Dense(64), layers.Dense(3)

    network = Network()
    network(np.zeros((1, 2)))
    return network


def network_with_relu_as_an_operation_at_the_end():
    inputs = keras.Input((2,))
    hidden = layers.Dense(64, "relu")(layers.Dense(64, "relu")(inputs))
    return keras.Model(inputs, keras.ops.relu(layers.Dense(3)(hidden)))


def with_a(layer, place):
    parts = [layers.Dense(64, "relu"), layers.Dense(64, "relu"), layers.Dense(3)]
    return keras.Sequential([keras.Input((2,)), *parts[:place], layer, *parts[place:]])


@pytest.mark.parametrize(
    "answer, words",
    [
        (network_with_one_value, "Wrong output size"),
        (network_for_two_actions, "Wrong output size"),
        (network_with_relu_at_the_end, "activation on the output"),
        (network_with_probabilities, "activation on the output"),
        (network_with_a_softmax_layer, "activation on the output"),
        (network_of_planes, "hidden layers have no activation"),
        (network_of_planes_in_a_class, "hidden layers have no activation"),
        (network_with_relu_as_an_operation_at_the_end, "activation on the output"),
        (lambda: with_a(layers.Rescaling(1 / 8), 0), "rescaled once more"),
        (lambda: with_a(layers.Rescaling(8.0, offset=1.0), 0), "rescaled once more"),
        (lambda: with_a(layers.Normalization(), 0), "rescaled once more"),
        (lambda: with_a(layers.Dropout(0.2), 1), "In training it computes something else"),
        (lambda: with_a(layers.GaussianNoise(1.0), 0), "In training it computes something else"),
        (lambda: with_a(layers.BatchNormalization(), 1), "Batch normalisation"),
        (lambda: stack((64, "tanh"), (64, "tanh"), (3, None)), "`tanh`, which bends everywhere"),
        (lambda: stack((64, "relu"), (3, None)), "has one hidden layer"),
    ],
)
def test_a_usual_mistake_of_the_network_is_told(answer, words):
    assert_told(lesson03.build_network, answer, words)


def without_biases(*use_bias):
    hidden = [layers.Dense(64, "relu", use_bias=used) for used in use_bias]
    return keras.Sequential([keras.Input((2,)), *hidden, layers.Dense(3)])


def network_with_another_crease():
    leaky = layers.LeakyReLU(negative_slope=0.01)
    return keras.Sequential(
        [keras.Input((2,)), layers.Dense(64), leaky, layers.Dense(64, "relu"), layers.Dense(3)]
    )


def network_with_a_shortcut():
    inputs = keras.Input((2,))
    hidden = layers.Dense(64, "relu")(inputs)
    added = layers.Add()([hidden, layers.Dense(64, "relu")(hidden)])
    return keras.Model(inputs, layers.Dense(3)(added))


def network_with_two_inputs():
    state, action = keras.Input((2,)), keras.Input((1,))
    hidden = layers.Dense(64, "relu")(layers.Concatenate()([state, action]))
    return keras.Model([state, action], layers.Dense(3)(layers.Dense(64, "relu")(hidden)))


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda: stack((64, "relu"), (64, None), (3, None)), "The second hidden layer has no activation."),
        (lambda: stack((64, "gelu"), (64, "relu6"), (3, None)), "of the first hidden layer is `gelu`."),
        (lambda: stack((64, "relu"), (64, "relu6"), (3, None)), "of the second hidden layer is `relu6`."),
        (lambda: stack((32, "relu"), (64, "relu"), (3, None)), "The first hidden layer has 32 units. 64"),
        (lambda: stack((64, "relu"), (32, "relu"), (3, None)), "The second hidden layer has 32 units. 64"),
        (lambda: stack(*[(64, "relu")] * 3, (3, None)), "The network has three hidden layers. Two are"),
        (lambda: stack((64, "relu"), (64, "relu"), (4, None)), "The last layer has 4 units. It needs three"),
        (lambda: stack((64, "relu"), (64, "relu"), (3, "selu")), "activation on the last layer (`selu`)"),
        (lambda: stack((3, None)), "The network has no hidden layer. Two are"),
        (lambda: without_biases(False, False), "Not every layer has biases."),
        (lambda: without_biases(True, False), "Not every layer has biases."),
        (network_with_another_crease, "The activation of the first hidden layer is `leaky_relu 0.01`."),
        (network_with_a_shortcut, "It contains `Add`. Asked for are only"),
        (network_with_two_inputs, "The network has 2 inputs. It needs one"),
        (lambda: with_a(layers.Dense(2), 0), "combined in another way"),
    ],
)
def test_any_other_network_is_described_in_words(answer, words):
    verdict = lesson03.build_network.check(answer)
    assert verdict.status == "not yet"
    assert words in verdict.message
    assert "should be" not in verdict.message


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda: [layers.Dense(64), layers.Dense(3)], "must return a Keras model, not a list"),
        (lambda: layers.Dense(3), "must return a Keras model, not a Dense"),
        (
            lambda: keras.Sequential([keras.Input((4,)), layers.Dense(3)]),
            "The network takes inputs of shape `(4,)`, but a state has two numbers: `keras.Input((2,))`.",
        ),
        (
            lambda: keras.Sequential([keras.Input((3, 2)), layers.Flatten(), layers.Dense(3)]),
            "inputs of shape `(3, 2)`, but a state has two numbers: `keras.Input((2,))`. The size",
        ),
        (
            lambda: with_a(layers.Lambda(keras.ops.squeeze), 3),
            "it must give values of shape `(1, 3)`, not `(3,)`",
        ),
        (
            lambda: with_a(layers.Lambda(lambda q: q[0]), 3),
            "it must give values of shape `(1, 3)`, not `(3,)`",
        ),
    ],
)
def test_what_is_no_network_is_told(answer, words):
    verdict = lesson03.build_network.check(answer)
    assert verdict.status == "not yet"
    assert words in verdict.message
    assert "\x1b" not in verdict.message


def loss_by_gather(network, states, actions, rewards, next_states, terminated, gamma):
    best = tf.reduce_max(network(next_states), axis=-1)
    target = tf.stop_gradient(tf.where(terminated > 0, rewards, rewards + gamma * best))
    taken = tf.gather(network(states), actions, axis=1, batch_dims=1)
    return tf.reduce_mean(tf.square(taken - target))


def loss_by_loop(network, states, actions, rewards, next_states, terminated, gamma):
    future, q, total = network(next_states).numpy(), network(states), 0.0
    for i in range(len(states)):
        target = rewards[i] if terminated[i] else rewards[i] + gamma * future[i].max()
        total += (target - q[i, int(actions[i])]) ** 2
    return total / len(states)


def loss_by_keras(network, states, actions, rewards, next_states, terminated, gamma):
    target = rewards + gamma * (1 - terminated) * network(next_states).numpy().max(axis=1)
    places = tf.stack([tf.range(len(actions)), tf.cast(actions, tf.int32)], axis=1)
    return keras.losses.MeanSquaredError()(target, tf.gather_nd(network(states), places))


def loss_with_columns(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1, keepdims=True)
    target = tf.stop_gradient(rewards[:, None] + gamma * (1 - terminated[:, None]) * future)
    taken = tf.reduce_sum(network(states) * tf.one_hot(actions, 3), axis=1, keepdims=True)
    return tf.reduce_mean((target - taken) ** 2)


def loss_in_float64(*arguments):
    return tf.cast(loss_by_gather(*arguments), tf.float64)


@pytest.mark.parametrize(
    "answer",
    [
        loss_by_gather,
        loss_by_loop,
        loss_by_keras,
        loss_with_columns,
        loss_in_float64,
        tf.function(loss_by_gather),
    ],
)
def test_a_loss_may_be_written_in_many_ways(answer):
    assert_correct(lesson03.td_loss, answer)


def loss_of_all_actions(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1, keepdims=True)
    target = tf.stop_gradient(rewards[:, None] + gamma * (1 - terminated[:, None]) * future)
    return tf.reduce_mean(tf.square(network(states) - target))


def loss_with_an_estimate_in_a_column(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * (1 - terminated) * future)
    taken = tf.gather(network(states), actions[:, None], axis=1, batch_dims=1)  # (B, 1)
    return tf.reduce_mean(tf.square(target - taken))


def loss_with_a_target_in_a_column(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1)
    target = tf.reshape(tf.stop_gradient(rewards + gamma * (1 - terminated) * future), (-1, 1))
    taken = tf.gather(network(states), actions, axis=1, batch_dims=1)
    return tf.reduce_mean(tf.square(target - taken))


def loss_that_bends_the_future(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1)
    target = rewards + gamma * (1 - terminated) * future
    taken = tf.gather(network(states), actions, axis=1, batch_dims=1)
    return tf.reduce_mean(tf.square(target - taken))


def loss_with_an_inverted_mask(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(tf.where(terminated == 0, rewards, rewards + gamma * future))
    taken = tf.gather(network(states), actions, axis=1, batch_dims=1)
    return tf.reduce_mean(tf.square(target - taken))


def loss_without_a_mask(network, states, actions, rewards, next_states, terminated, gamma):
    target = rewards + gamma * network(next_states).numpy().max(axis=1)
    taken = tf.gather(network(states), actions, axis=1, batch_dims=1)
    return tf.reduce_mean(tf.square(target - taken))


def errors(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * (1 - terminated) * future)
    return target - tf.gather(network(states), actions, axis=1, batch_dims=1)


def loss_of_the_best(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * (1 - terminated) * future)
    return tf.reduce_mean((target - tf.reduce_max(network(states), axis=1)) ** 2)


def loss_over_three_numbers(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * (1 - terminated) * future)
    taken = tf.one_hot(actions, 3)
    return tf.reduce_mean(tf.square((target[:, None] - network(states)) * taken))


def loss_that_moves_the_target(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1)
    taken = tf.stop_gradient(tf.gather(network(states), actions, axis=1, batch_dims=1))
    return tf.reduce_mean((rewards + gamma * (1 - terminated) * future - taken) ** 2)


def loss_that_loses_the_reward(network, states, actions, rewards, next_states, terminated, gamma):
    target = tf.stop_gradient(
        (rewards + gamma * tf.reduce_max(network(next_states), axis=1)) * (1 - terminated)
    )
    return tf.reduce_mean((target - tf.gather(network(states), actions, axis=1, batch_dims=1)) ** 2)


def loss_without_discount(network, states, actions, rewards, next_states, terminated, gamma):
    return loss_by_gather(network, states, actions, rewards, next_states, terminated, 1.0)


@pytest.mark.parametrize(
    "answer, words",
    [
        (loss_of_all_actions, "All three actions are trained"),
        (loss_with_an_estimate_in_a_column, "a table of B x B"),
        (loss_with_a_target_in_a_column, "a table of B x B"),
        (loss_that_bends_the_future, "gradient flows into the target"),
        (loss_with_an_inverted_mask, "mask is inverted"),
        (loss_without_a_mask, "counts after the flag too"),
        (lambda *batch: tf.reduce_sum(errors(*batch) ** 2), "This is the sum over the batch"),
        (lambda *batch: 0.5 * tf.reduce_mean(errors(*batch) ** 2), "half of what it should be"),
        (loss_over_three_numbers, "a third of what it should be"),
        (loss_of_the_best, "the largest of the three values"),
        (loss_that_moves_the_target, "stopped on the wrong side"),
        (loss_that_loses_the_reward, "the reward is lost as well"),
        (loss_without_discount, "gamma plays no part"),
    ],
)
def test_a_usual_mistake_of_the_loss_is_told(answer, words):
    assert_told(lesson03.td_loss, answer, words)


def of_errors(reduce):
    return lambda *batch: reduce(errors(*batch))


def loss_with(
    *, future=None, estimate=None, reward=None, gamma_is=None, mask=None, swap=False, present=False
):
    """The right loss with one thing wrong."""

    def loss(network, states, actions, rewards, next_states, terminated, gamma):
        if swap:
            states, next_states = next_states, states
        after = network(states if present else next_states)
        best = future(after, actions) if future else tf.reduce_max(after, axis=1)
        going_on = mask(terminated) if mask else 1 - terminated
        reward_used = rewards if reward is None else reward
        target = tf.stop_gradient(reward_used + (gamma_is or gamma) * going_on * best)
        q = network(states)
        taken = estimate(q, actions) if estimate else tf.gather(q, actions, axis=1, batch_dims=1)
        return tf.reduce_mean((target - taken) ** 2)

    return loss


@pytest.mark.parametrize(
    "answer, words",
    [
        (of_errors(lambda e: tf.reduce_mean(tf.abs(e))), "their absolute values are averaged"),
        (of_errors(tf.reduce_mean), "not squared, so those above and below zero cancel"),
        (of_errors(lambda e: tf.reduce_mean(-e)), "not squared, so those above and below zero cancel"),
        (of_errors(lambda e: tf.reduce_mean(e) ** 2), "squares the mean error"),
        (of_errors(lambda e: tf.reduce_mean(e**2) ** 0.5), "the root of the mean squared error"),
        (of_errors(lambda e: keras.losses.Huber()(e[:, None], 0.0 * e[:, None])), "Huber's loss"),
        (loss_with(reward=-1.0), "The reward is always -1"),
        (loss_with(reward=0.0), "The reward is missing"),
        (loss_with(gamma_is=0.99), "Gamma is always 0.99"),
        (loss_with(present=True), "The future is taken from `states`"),
        (loss_with(swap=True), "have changed places"),
        (loss_with(mask=lambda end: 1 - float(end.any())), "drops the future of the whole batch"),
        (loss_with(future=lambda q, a: tf.cast(tf.argmax(q, 1), tf.float32)), "`argmax` gives the number"),
        (loss_with(future=lambda q, a: tf.reduce_mean(q, 1)), "The future is the mean"),
        (loss_with(future=lambda q, a: tf.reduce_max(q)), "The maximum is over the whole batch"),
        (loss_with(future=lambda q, a: tf.reduce_max(q, 0)), "The maximum is over the batch, `axis=0`"),
        (loss_with(future=lambda q, a: tf.gather(q, a, axis=1, batch_dims=1)), "value of the old action"),
        (loss_with(estimate=lambda q, a: q[:, 0]), "always that of action 0"),
        (loss_with(estimate=lambda q, a: tf.reduce_mean(q * tf.one_hot(a, 3), 1)), "divides by 3"),
        (loss_with(estimate=tf.gather), "picks whole rows"),
        (
            loss_with(estimate=lambda q, a: tf.reduce_sum(q * tf.cast(a, tf.float32)[:, None], 1)),
            "multiplied by the number of the action",
        ),
    ],
)
def test_another_usual_mistake_of_the_loss_is_named(answer, words):
    assert_told(lesson03.td_loss, answer, words)


def test_a_loss_for_each_transition_is_refused_in_words():
    message = lesson03.td_loss.check(of_errors(lambda e: e**2)).message
    assert message.startswith("The loss must be a single number, not one of shape `(1,)`")


def summed(*batch):
    return tf.reduce_sum(errors(*batch) ** 2)


@pytest.mark.parametrize(
    "answer, words",
    [
        (of_errors(lambda e: tf.reduce_mean(e**4)), ["`actions = array([0])`", "the loss should be"]),
        (
            lambda n, s, a, r, s2, end, gamma: loss_by_gather(n, s, a, r, s2, end, gamma**2),
            ["`gamma = 0.9`"],
        ),
        (
            lambda *batch: tf.stop_gradient(loss_by_gather(*batch)) + 0 * loss_by_gather(*batch),
            ["the gradient of the loss should be"],
        ),
    ],
)
def test_an_unknown_loss_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson03.td_loss, answer, *words)
    assert "{" not in lesson03.td_loss.check(answer).message


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda *batch: float(summed(*batch)), "must be a TensorFlow tensor, not a float"),
        (lambda *batch: summed(*batch).numpy(), "NumPy leaves no trail"),
        (lambda *batch: tf.constant(1.0), "No gradient reaches the network"),
        (lambda *batch: tf.stop_gradient(summed(*batch)), "No gradient reaches the network"),
        (lambda *batch: tf.constant(3), "No gradient reaches the network"),
    ],
)
def test_a_loss_without_a_trail_is_told(answer, words):
    verdict = lesson03.td_loss.check(answer)
    assert verdict.status == "not yet"
    assert words in verdict.message


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (
            lambda network, states, *more: network.predict(states),
            "Call the network itself, `network(states)`",
        ),
        (lambda network, s, a, r, next_states, terminated, gamma: r + ~terminated, "`1 - terminated` can"),
    ],
)
def test_an_error_of_python_is_followed_by_advice(answer, advice):
    def loss(network, states, actions, rewards, next_states, terminated, gamma):
        return answer(network, states, actions, rewards, next_states, terminated, gamma)

    verdict = lesson03.td_loss.check(loss)
    assert "it raised " in verdict.message and advice in verdict.message


def test_a_loss_that_returns_nothing_is_told_that_and_nothing_about_trails():
    def answer(*batch):
        loss = summed(*batch)  # noqa: F841

    assert "returned nothing" in lesson03.td_loss.check(answer).message


def test_a_loss_that_trains_the_network_leaves_the_exercise_as_it_was():
    networks = [case[0] for case in lesson03.td_loss.cases]
    before = [network.weights.numpy() for network in networks]

    def answer(network, *batch):
        loss = loss_by_gather(network, *batch)
        network.weights.assign_sub(0.1 * tf.ones((2, 3)))
        return loss

    try:
        assert lesson03.td_loss.check(answer).status == "not yet"
        for network, weights in zip(networks, before, strict=True):
            np.testing.assert_array_equal(network.weights.numpy(), weights)
    finally:
        for network, weights in zip(networks, before, strict=True):
            network.weights.assign(weights)


def test_a_small_network_is_a_table_of_weights_that_tells_nothing_more():
    network = lesson03.SmallNetwork(np.arange(6, dtype=np.float32).reshape(2, 3))
    assert network(np.eye(2)).shape == (2, 3)
    np.testing.assert_allclose(network(np.eye(2)).numpy(), network.weights.numpy())
    assert repr(network) == "a small network"
