"""Pure TensorFlow for all learning: tensors as targets, tf.one_hot, a compiled soft update with assign."""
# ruff: noqa (as students write)

import numpy as np
from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.reference_agent import Agent, q_values


class Memory:
    def __init__(self, capacity, n, gamma):
        self.capacity, self.n, self.gamma = capacity, n, gamma
        self.columns = None  # allocated when the first transition shows the shapes
        self.size = self.head = 0

    def add(self, state, action, reward, next_state, terminated, truncated):
        state, next_state = np.array([state, next_state], np.float32)
        reward, ended = np.array([reward, terminated], np.float32)
        values = [state, np.int32(action), reward, next_state, ended, np.bool_(terminated or truncated)]
        if self.columns is None:
            self.columns = [np.zeros((self.capacity, *value.shape), value.dtype) for value in values]
        for column, value in zip(self.columns, values):
            column[self.head] = value
        self.head = (self.head + 1) % self.capacity
        self.size = min(self.size + 1, self.capacity)

    def sample(self, size, rng):
        states, actions, rewards, next_states, terminated, over = self.columns
        oldest = self.head - self.size
        starts = (rng.random(size) * self.size).astype(int)  # counted from the oldest
        ends = starts.copy()
        sums, discounts = np.zeros(size, np.float32), np.ones(size, np.float32)
        open_ = np.ones(size, bool)
        for k in range(self.n):
            open_ &= starts + k < self.size
            rows = (oldest + starts + k) % self.capacity
            sums[open_] += discounts[open_] * rewards[rows[open_]]
            discounts[open_] *= self.gamma
            ends[open_] = starts[open_] + k
            open_ &= ~over[rows]
        first, last = (oldest + starts) % self.capacity, (oldest + ends) % self.capacity
        return states[first], actions[first], sums, next_states[last], terminated[last], discounts


class Exploration:
    def __init__(self, actions, hold, rng):
        self.actions, self.hold, self.rng = actions, hold, rng
        self.held, self.left = 0, 0

    def action(self, q, epsilon):
        if self.left > 0:
            self.left -= 1
            return self.held
        if self.rng.random() < epsilon / (self.hold - epsilon * (self.hold - 1)):
            self.held, self.left = int(self.rng.integers(self.actions)), self.hold - 1
            return self.held
        return int(tf.argmax(q))


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    rewards, terminated, gamma, next_q_target = (
        tf.cast(x, tf.float32) for x in (rewards, terminated, gamma, next_q_target)
    )
    mask = tf.one_hot(tf.argmax(next_q_online, axis=1), next_q_target.shape[1])
    return rewards + gamma * (1.0 - terminated) * tf.reduce_sum(mask * next_q_target, axis=1)


@tf.function(reduce_retracing=True)
def gradient_step(network, optimizer, states, actions, targets):
    targets = tf.stop_gradient(tf.cast(targets, tf.float32))
    with tf.GradientTape() as tape:
        q = network(states)
        mask = tf.one_hot(actions, tf.shape(q)[1])
        loss = tf.reduce_mean(tf.square(tf.reduce_sum(mask * q, axis=1) - targets))
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply_gradients(zip(gradients, network.trainable_variables))
    return loss


@tf.function(reduce_retracing=True)
def soft_update(target, online, tau):
    for t, o in zip(target.trainable_variables, online.trainable_variables):
        t.assign(t + tau * (o - t))


def update_target(target, online, step):
    soft_update(target, online, tf.constant(0.06))


class MyAgent(Agent):
    Memory, Exploration = Memory, Exploration
    double_target, gradient_step = staticmethod(double_target), staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def train(self, steps):
        state, _ = self.env.reset(seed=self.seed)
        total = 0.0
        for _ in range(steps):
            action = self.exploration.action(self.q([state])[0], self.epsilon())
            next_state, reward, terminated, truncated, _ = self.env.step(action)
            self.memory.add(state, action, reward, next_state, terminated, truncated)
            state, total = next_state, total + reward
            self.steps += 1
            if self.steps >= self.learning_starts and self.steps % self.learn_every == 0:
                s, a, r, s2, end, gamma = map(tf.constant, self.memory.sample(self.batch_size, self.rng))
                y = self.double_target(r, end, q_values(self.online, s2), q_values(self.target, s2), gamma)
                self.gradient_step(self.online, self.optimizer, s, a, y)
                self.updates += 1
                self.update_target(self.target, self.online, self.updates)
            if terminated or truncated:
                yield total
                state, total = self.env.reset()[0], 0.0
