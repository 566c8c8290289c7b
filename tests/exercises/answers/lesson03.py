"""Answers to the exercises of lesson 3; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT build_network
def build_network():
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(64, "relu")(inputs)
    hidden = keras.layers.Dense(64, "relu")(hidden)
    return keras.Model(inputs, keras.layers.Dense(3)(hidden))


# RIGHT build_network
def build_network():
    layers = [keras.Input((2,))]
    for _ in range(2):
        layers += [keras.layers.Dense(64), keras.layers.ReLU()]
    return keras.Sequential([*layers, keras.layers.Dense(3)])


# RIGHT build_network
# Subclass, built by a first call.
class QNetwork(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden1 = keras.layers.Dense(64, activation="relu")
        self.hidden2 = keras.layers.Dense(64, activation="relu")
        self.out = keras.layers.Dense(3)

    def call(self, states):
        return self.out(self.hidden2(self.hidden1(states)))


def build_network():
    network = QNetwork()
    network(np.zeros((1, 2), np.float32))
    return network


# RIGHT build_network
# Sequential with add, keyword arguments.
def build_network():
    model = keras.Sequential(name="q_network")
    model.add(keras.Input(shape=(2,)))
    model.add(keras.layers.Dense(units=64, activation="relu", name="hidden_1"))
    model.add(keras.layers.Dense(units=64, activation="relu", name="hidden_2"))
    model.add(keras.layers.Dense(units=3, activation="linear", name="q_values"))
    return model


# WRONG build_network: There is an activation
def build_network():
    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(3, "softmax"),
        ]
    )


# WRONG build_network: Wrong output size
def build_network():
    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(1),
        ]
    )


# WRONG build_network: The hidden layers have
def build_network():
    return keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(64), keras.layers.Dense(64), keras.layers.Dense(3)]
    )


# WRONG build_network
def build_network():
    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(32, "relu"),
            keras.layers.Dense(32, "relu"),
            keras.layers.Dense(3),
        ]
    )


# WRONG build_network: The inputs are rescaled
# With Rescaling.
def build_network():
    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Rescaling([16 / 1.8, 16 / 0.14], [-8 + 1.2 * 16 / 1.8, 0.0]),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(3),
        ]
    )


# RIGHT td_loss
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    best_next = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * best_next * (1.0 - terminated))
    q = tf.reduce_sum(tf.one_hot(actions, 3) * network(states), axis=1)
    return tf.reduce_mean(tf.square(q - target))


# RIGHT td_loss
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    q_next = tf.stop_gradient(network(next_states))
    target = rewards + gamma * (1 - terminated) * tf.reduce_max(q_next, 1)
    q = tf.gather(network(states), actions, axis=1, batch_dims=1)
    return keras.losses.mean_squared_error(target, q)


# RIGHT td_loss
# Loop over the batch.
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    values = network(states)
    next_values = tf.stop_gradient(network(next_states))
    errors = []
    for b in range(len(actions)):
        target = tf.cast(rewards[b], tf.float32)
        if not terminated[b]:
            target = target + gamma * tf.reduce_max(next_values[b])
        errors.append((target - values[b, int(actions[b])]) ** 2)
    return tf.add_n(errors) / len(errors)


# RIGHT td_loss
# The target in NumPy, so no gradient can flow.
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    best = network(next_states).numpy().max(axis=1)
    target = np.asarray(rewards, np.float32) + gamma * (1 - np.asarray(terminated, np.float32)) * best
    chosen = tf.one_hot(actions, 3)
    estimate = tf.einsum("ba,ba->b", network(states), chosen)
    return tf.reduce_mean(tf.math.squared_difference(estimate, target.astype(np.float32)))


# RIGHT td_loss
# Targets by the argmax action, gather for both.
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    after = network(next_states)
    best_action = tf.argmax(after, axis=1)
    best = tf.gather(after, best_action, batch_dims=1)
    target = rewards + (1.0 - terminated) * gamma * best
    estimate = tf.gather(network(states), actions, batch_dims=1)
    difference = tf.stop_gradient(target) - estimate
    return tf.tensordot(difference, difference, axes=1) / len(actions)


# WRONG td_loss: The gradient flows into
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    best_next = tf.reduce_max(network(next_states), axis=1)
    target = rewards + gamma * best_next * (1.0 - terminated)
    q = tf.reduce_sum(tf.one_hot(actions, 3) * network(states), axis=1)
    return tf.reduce_mean(tf.square(q - target))


# WRONG td_loss: The mask is inverted
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    best_next = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * best_next * terminated)
    q = tf.reduce_sum(tf.one_hot(actions, 3) * network(states), axis=1)
    return tf.reduce_mean(tf.square(q - target))


# WRONG td_loss: A shape `
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    best_next = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * best_next * (1.0 - terminated))
    q = tf.reduce_sum(tf.one_hot(actions, 3) * network(states), axis=1, keepdims=True)
    return tf.reduce_mean(tf.square(q - target))


# WRONG td_loss: This is the sum
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    best_next = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * best_next * (1.0 - terminated))
    q = tf.reduce_sum(tf.one_hot(actions, 3) * network(states), axis=1)
    return tf.reduce_sum(tf.square(q - target))


# WRONG td_loss
# Everything in NumPy, no gradient left.
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    q, q_next = network(states).numpy(), network(next_states).numpy()
    target = np.asarray(rewards) + gamma * (1 - np.asarray(terminated)) * q_next.max(axis=1)
    estimate = q[np.arange(len(q)), np.asarray(actions)]
    return tf.convert_to_tensor(np.mean((target - estimate) ** 2))


# WRONG td_loss: This is Huber's loss
# Huber loss.
def td_loss(network, states, actions, rewards, next_states, terminated, gamma):
    future = tf.reduce_max(network(next_states), axis=1)
    target = tf.stop_gradient(rewards + gamma * (1 - terminated) * future)
    estimate = tf.reduce_sum(network(states) * tf.one_hot(actions, 3), axis=1)
    return keras.losses.huber(target, estimate)
