"""Answers to the exercises of lesson 3; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT build_network
def build_network():
    first = keras.layers.Dense(64, "relu")
    second = keras.layers.Dense(64, "relu")
    last = keras.layers.Dense(3)
    return keras.Sequential([keras.Input((2,)), first, second, last])


# RIGHT build_network
# Functions, and ReLUs as operations.
def build_network():
    inputs = keras.Input((2,))
    hidden = keras.ops.relu(keras.layers.Dense(64)(inputs))
    hidden = keras.ops.maximum(keras.layers.Dense(64)(hidden), 0.0)
    return keras.Model(inputs, keras.layers.Dense(3)(hidden))


# RIGHT build_network
# Heads for the actions, in another order than they are put together.
def build_network():
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(64, "relu")(keras.layers.Dense(64, "relu")(inputs))
    one, two = keras.layers.Dense(1)(hidden), keras.layers.Dense(2)(hidden)
    return keras.Model(inputs, keras.layers.Concatenate()([two, one]))


# RIGHT build_network
# A class with its layers in another order than they are called in, and called once.
class QNetwork(keras.Model):
    def __init__(self):
        super().__init__()
        self.last = keras.layers.Dense(3)
        self.second, self.first = keras.layers.Dense(64), keras.layers.Dense(64)

    def call(self, states):
        hidden = tf.nn.relu(self.first(states))
        return self.last(tf.maximum(self.second(hidden), 0))


def build_network():
    network = QNetwork()
    network(np.zeros((1, 2)))
    return network


# RIGHT build_network
# Layers of one's own, the bias before the kernel.
class Layer(keras.layers.Layer):
    def __init__(self, units, activation):
        super().__init__()
        self.units, self.activate = units, activation

    def build(self, shape):
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")
        self.w = self.add_weight(shape=(shape[-1], self.units), initializer="glorot_uniform")

    def call(self, inputs):
        return self.activate(inputs @ self.w + self.b)


def build_network():
    relu = keras.ops.relu
    return keras.Sequential([keras.Input((2,)), Layer(64, relu), Layer(64, relu), Layer(3, lambda x: x)])


# RIGHT build_network
# A network inside another, layers that change nothing, and other initial weights.
def build_network():
    body = keras.Sequential([keras.Input((2,))])
    for _ in range(2):
        body.add(keras.layers.Dense(64, kernel_initializer="he_uniform", bias_initializer="random_normal"))
        body.add(keras.layers.ReLU())
    layers = [keras.layers.Rescaling(1.0), body, keras.layers.Dropout(0.0), keras.layers.Dense(3)]
    network = keras.Sequential([keras.Input((2,)), *layers])
    network.compile("adam", "mse")
    return network


# WRONG build_network: Wrong output size
# Dense(3) -> Dense(1)

# WRONG build_network: Wrong output size
# Dense(3) -> Dense(2)

# WRONG build_network: activation on the output
# Dense(3) -> Dense(3, "relu")

# WRONG build_network: activation on the output
# last] -> last, keras.layers.Softmax()]

# WRONG build_network: hidden layers have no activation
# , "relu" ->

# WRONG build_network: `tanh`, which bends everywhere
# "relu" -> "tanh"

# WRONG build_network: has one hidden layer
# first, second -> first

# WRONG build_network: rescaled once more
# first, second -> keras.layers.Rescaling([8.0, 0.1], offset=1.0), first, second

# WRONG build_network: rescaled once more
# first, second -> keras.layers.Normalization(), first, second

# WRONG build_network: Batch normalisation
# first, second -> first, keras.layers.BatchNormalization(), second

# WRONG build_network: In training it computes something else
# first, second -> first, keras.layers.Dropout(0.2), second

# WRONG build_network: In training it computes something else
# first, second -> keras.layers.GaussianNoise(1.0), first, second

# WRONG build_network: The second hidden layer has no activation.
# second = keras.layers.Dense(64, "relu") -> second = keras.layers.Dense(64)

# WRONG build_network: of the first hidden layer is `gelu`.
# first = keras.layers.Dense(64, "relu") -> first = keras.layers.Dense(64, "gelu")
# second = keras.layers.Dense(64, "relu") -> second = keras.layers.Dense(64, "relu6")

# WRONG build_network: of the first hidden layer is `leaky_relu 0.01`.
# first = keras.layers.Dense(64, "relu") -> first = keras.layers.Dense(64)
# first, second -> first, keras.layers.LeakyReLU(negative_slope=0.01), second

# WRONG build_network: The first hidden layer has 32 units. 64
# first = keras.layers.Dense(64 -> first = keras.layers.Dense(32

# WRONG build_network: The network has three hidden layers. Two are
# first, second -> keras.layers.Dense(64, "relu"), first, second

# WRONG build_network: The network has no hidden layer. Two are
# first, second, ->

# WRONG build_network: The last layer has 4 units. It needs three
# Dense(3) -> Dense(4)

# WRONG build_network: activation on the last layer (`selu`)
# Dense(3) -> Dense(3, "selu")

# WRONG build_network: Not every layer has biases.
# second = keras.layers.Dense(64, -> second = keras.layers.Dense(64, use_bias=False, activation=

# WRONG build_network: combined in another way
# first, second -> keras.layers.Dense(2), first, second


# WRONG build_network: It contains `Add`. Asked for are only
def build_network():
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(64, "relu")(inputs)
    added = keras.layers.Add()([hidden, keras.layers.Dense(64, "relu")(hidden)])
    return keras.Model(inputs, keras.layers.Dense(3)(added))


# WRONG build_network: The network has 2 inputs. It needs one
def build_network():
    state, action = keras.Input((2,)), keras.Input((1,))
    hidden = keras.layers.Dense(64, "relu")(keras.layers.Concatenate()([state, action]))
    return keras.Model([state, action], keras.layers.Dense(3)(keras.layers.Dense(64, "relu")(hidden)))


# WRONG build_network: The network does not know its inputs yet, so it has no weights.
# keras.Input((2,)), ->

# WRONG build_network: must return a Keras model, not a list
# keras.Sequential ->

# WRONG build_network: inputs of shape `(4,)`, but a state has two numbers: `keras.Input((2,))`.
# Input((2,)) -> Input((4,))

# WRONG build_network: inputs of shape `(3, 2)`, but a state has two numbers: `keras.Input((2,))`. The size
# Input((2,)) -> Input((3, 2)), keras.layers.Flatten()

# WRONG build_network: it must give values of shape `(1, 3)`, not `(3,)`
# last] -> last, keras.layers.Lambda(keras.ops.squeeze)]


# RIGHT td_loss
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * (1 - terminated) * future)
    q = network(states)
    estimate = tf.gather(q, actions, axis=1, batch_dims=1)
    return tf.reduce_mean((target - estimate) ** 2)


# RIGHT td_loss
# In float64.
# tf.reduce_mean((target - estimate) ** 2) -> tf.reduce_mean(tf.cast(target - estimate, tf.float64) ** 2)


# RIGHT td_loss
# The target in NumPy, so no gradient can flow.
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    target = rewards + gamma * (1 - terminated) * network(next_states).numpy().max(axis=1)
    places = tf.stack([tf.range(len(actions)), tf.cast(actions, tf.int32)], axis=1)
    return keras.losses.MeanSquaredError()(target, tf.gather_nd(network(states), places))


# RIGHT td_loss
# Columns, compiled.
@tf.function
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1, keepdims=True)
    target = tf.stop_gradient(rewards[:, None] + gamma * (1 - terminated[:, None]) * future)
    estimate = tf.reduce_sum(network(states) * tf.one_hot(actions, 3), axis=1, keepdims=True)
    return tf.reduce_mean(tf.square(target - estimate))


# RIGHT td_loss
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    future, q, total = tf.stop_gradient(network(next_states)), network(states), 0.0
    for i in range(len(states)):
        target = rewards[i] if terminated[i] else rewards[i] + gamma * tf.reduce_max(future[i])
        total += (target - q[i, int(actions[i])]) ** 2
    return total / len(states)


# WRONG td_loss: All three actions are trained
# tf.gather(q, actions, axis=1, batch_dims=1) -> q
# (target - estimate) -> (target[:, None] - estimate)

# WRONG td_loss: a table of B x B
# gather(q, actions -> gather(q, actions[:, None]

# WRONG td_loss: a table of B x B
# network(next_states), axis=1 -> network(next_states), axis=1, keepdims=True

# WRONG td_loss: gradient flows into the target
# tf.stop_gradient ->

# WRONG td_loss: mask is inverted
# (1 - terminated) -> terminated

# WRONG td_loss: counts after the flag too
# (1 - terminated) * ->

# WRONG td_loss: drops the future of the whole batch
# (1 - terminated) -> (1 - terminated.max())

# WRONG td_loss: stopped on the wrong side
# tf.stop_gradient ->
# - estimate -> - tf.stop_gradient(estimate)

# WRONG td_loss: This is the sum over the batch
# reduce_mean -> reduce_sum

# WRONG td_loss: a third of what it should be
# tf.gather(q, actions, axis=1, batch_dims=1) -> q
# (target - estimate) -> (tf.one_hot(actions, 3) * (target[:, None] - estimate))

# WRONG td_loss: half of what it should be
# tf.reduce_mean -> 0.5 * tf.reduce_mean

# WRONG td_loss: their absolute values are averaged
# (target - estimate) ** 2 -> tf.abs(target - estimate)

# WRONG td_loss: not squared, so those above and below zero cancel
# ** 2 ->

# WRONG td_loss: squares the mean error
# ** 2) -> ) ** 2

# WRONG td_loss: the root of the mean squared error
# ** 2) -> ** 2) ** 0.5

# WRONG td_loss: Huber's loss
# tf.reduce_mean((target - estimate) ** 2) -> keras.losses.huber(target, estimate)

# WRONG td_loss: the largest of the three values
# tf.gather(q, actions, axis=1, batch_dims=1) -> tf.reduce_max(q, axis=1)

# WRONG td_loss: divides by 3
# tf.gather(q, actions, axis=1, batch_dims=1) -> tf.reduce_mean(q * tf.one_hot(actions, 3), axis=1)

# WRONG td_loss: always that of action 0
# tf.gather(q, actions, axis=1, batch_dims=1) -> q[:, 0]

# WRONG td_loss: multiplied by the number of the action
# tf.gather(q, actions, axis=1, batch_dims=1) -> tf.reduce_sum(q * actions[:, None].astype("float32"), axis=1)

# WRONG td_loss: `argmax` gives the number
# reduce_max -> argmax
# * future -> * tf.cast(future, tf.float32)

# WRONG td_loss: The future is the mean
# reduce_max -> reduce_mean

# WRONG td_loss: The maximum is over the whole batch
# network(next_states), axis=1 -> network(next_states)

# WRONG td_loss: The maximum is over the batch, `axis=0`
# network(next_states), axis=1 -> network(next_states), axis=0

# WRONG td_loss: picks whole rows
# , axis=1, batch_dims=1 ->

# WRONG td_loss: value of the old action
# tf.reduce_max(network(next_states) -> tf.gather(network(next_states), actions, batch_dims=1

# WRONG td_loss: The future is taken from `states`
# next_states), -> states),

# WRONG td_loss: `states` and `next_states` have changed places.
# network(next_states) -> network(first)
# network(states) -> network(next_states)
# network(first) -> network(states)

# WRONG td_loss: the reward is lost as well
# rewards + gamma * (1 - terminated) * future -> (rewards + gamma * future) * (1 - terminated)

# WRONG td_loss: The reward is missing
# rewards + ->

# WRONG td_loss: The reward is always -1
# rewards + -> -1 +

# WRONG td_loss: gamma plays no part
# gamma * ->

# WRONG td_loss: Gamma is always 0.99
# gamma * -> 0.99 *

# WRONG td_loss: The future is subtracted
# rewards + -> rewards -

# WRONG td_loss: the loss should be
# ** 2 -> ** 4

# WRONG td_loss: the gradient of the loss should be
# (target - estimate) ** 2 -> (target - tf.stop_gradient(estimate)) ** 2 + 0 * estimate

# WRONG td_loss: The loss must be a single number, not one of shape `(1,)`
# tf.reduce_mean ->

# WRONG td_loss: NumPy leaves no trail
# ** 2) -> ** 2).numpy()

# WRONG td_loss: No gradient reaches the network
# network(states) -> network(states).numpy()

# WRONG td_loss: No gradient reaches the network
# tf.reduce_mean((target - estimate) ** 2) -> tf.constant(3)

# WRONG td_loss: It returned nothing: is the `return` missing?
# return -> loss =

# WRONG td_loss: It changes the network's weights.
# return -> network.weights.assign_sub(0.1 * tf.ones((2, 3))); return

# WRONG td_loss: Call the network itself, `network(states)`
# network(states) -> network.predict(states)

# WRONG td_loss: `1 - terminated` can
# (1 - terminated) -> ~terminated
