"""Lesson 3: every right network and loss is right, every usual mistake is told by its name."""

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


def network_of_a_class():
    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = layers.Dense(64, "relu"), layers.Dense(64, "relu")
            self.last = layers.Dense(3)

        def call(self, states):
            return self.last(self.second(self.first(states)))

    return Network()


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


@pytest.mark.parametrize(
    "answer",
    [
        network_by_adding,
        network_of_functions,
        network_without_an_input_layer,
        network_of_a_class,
        network_with_activations_in_layers_of_their_own,
    ],
)
def test_a_network_may_be_written_in_many_ways(answer):
    assert_correct(lesson03.build_network, answer)


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


@pytest.mark.parametrize(
    "answer, words",
    [
        (network_with_one_value, "Wrong output size"),
        (network_for_two_actions, "Wrong output size"),
        (network_with_relu_at_the_end, "activation on the output"),
        (network_with_probabilities, "activation on the output"),
        (network_with_a_softmax_layer, "activation on the output"),
        (network_of_planes, "hidden layers have no activation"),
    ],
)
def test_a_usual_mistake_of_the_network_is_told(answer, words):
    assert_told(lesson03.build_network, answer, words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda: stack((64, "tanh"), (64, "tanh"), (3, None)), ["['tanh', 'tanh']"]),
        (lambda: stack((32, "relu"), (64, "relu"), (3, None)), ["[64, 64]", "[32, 64]"]),
        (lambda: stack((64, "relu"), (3, None)), ["It must have 2 parts, not 1"]),
        (lambda: stack((64, "relu"), (64, "relu"), (4, None)), ["'outputs': 3", "'outputs': 4"]),
        (lambda: stack((64, "relu"), (64, "relu"), (3, "selu")), ["'linear'", "'selu'"]),
    ],
)
def test_an_unknown_network_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson03.build_network, answer, *words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda: [layers.Dense(64), layers.Dense(3)], "must return a Keras model, not a list"),
        (lambda: layers.Dense(3), "must return a Keras model, not a Dense"),
        (lambda: keras.Sequential([]), "it raised ValueError"),
        (
            lambda: keras.Sequential([keras.Input((4,)), layers.Dense(3)]),
            "expected axis -1 of input shape to have value 4",
        ),
    ],
)
def test_what_is_no_network_is_told(answer, words):
    verdict = lesson03.build_network.check(answer)
    assert verdict.status == "not yet"
    assert words in verdict.message


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


@pytest.mark.parametrize(
    "answer, words",
    [
        (loss_of_all_actions, "All three actions are trained"),
        (loss_with_an_estimate_in_a_column, "a table of B x B"),
        (loss_with_a_target_in_a_column, "a table of B x B"),
        (loss_that_bends_the_future, "gradient flows into the target"),
        (loss_with_an_inverted_mask, "mask is inverted"),
        (loss_without_a_mask, "counts after the flag too"),
    ],
)
def test_a_usual_mistake_of_the_loss_is_told(answer, words):
    assert_told(lesson03.td_loss, answer, words)


def errors(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * (1 - terminated) * future)
    return target - tf.gather(network(states), actions, axis=1, batch_dims=1)


def loss_of_the_best(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * (1 - terminated) * future)
    return tf.reduce_mean((target - tf.reduce_max(network(states), axis=1)) ** 2)


def summed(*batch):
    return tf.reduce_sum(errors(*batch) ** 2)


def absolute(*batch):
    return tf.reduce_mean(tf.abs(errors(*batch)))


def signed(*batch):
    return tf.reduce_mean(errors(*batch))


def unreduced(*batch):
    return errors(*batch) ** 2


@pytest.mark.parametrize(
    "answer, words",
    [
        (summed, ["`actions = [1, 0]`", "`gamma = 0.9`"]),  # one transition alone has the same sum and mean
        (absolute, ["`actions = [0]`", "'loss'"]),
        (signed, ["`actions = [0]`", "'loss'"]),
        (loss_of_the_best, ["'gradient'"]),
        (unreduced, ["Its shape must be (), not (1,)"]),
    ],
)
def test_an_unknown_loss_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson03.td_loss, answer, *words)


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
