"""Preallocated NumPy arrays with fancy indexing and fully vectorised windows; soft target."""
# ruff: noqa (as students write)

import numpy as np
from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.reference_agent import Agent, q_values


class Memory:
    def __init__(self, capacity, n, gamma):
        self.capacity, self.n, self.gamma = capacity, n, gamma
        self.states, self.next_states = np.zeros((2, capacity, 2), np.float32)
        self.actions = np.zeros(capacity, np.int32)
        self.rewards, self.terminated = np.zeros((2, capacity), np.float32)
        self.over = np.zeros(capacity, bool)
        self.added = 0  # transitions ever added

    def add(self, state, action, reward, next_state, terminated, truncated):
        row = self.added % self.capacity
        self.states[row], self.next_states[row] = state, next_state
        self.actions[row] = action
        self.rewards[row] = reward
        self.terminated[row] = terminated
        self.over[row] = terminated or truncated
        self.added += 1

    def sample(self, size, rng):
        oldest = max(0, self.added - self.capacity)
        times = rng.integers(oldest, self.added, size=size)[:, None] + np.arange(self.n)  # (size, n)
        rows = times % self.capacity
        over = self.over[rows]
        over_before = np.cumsum(over, axis=1) - over > 0
        inside = (times < self.added) & ~over_before
        lengths = inside.sum(axis=1)
        first, last = rows[:, 0], rows[np.arange(size), lengths - 1]
        weights = inside * self.gamma ** np.arange(self.n)
        return (
            self.states[first],
            self.actions[first],
            np.sum(weights * self.rewards[rows], axis=1).astype(np.float32),
            self.next_states[last],
            self.terminated[last],
            (self.gamma**lengths).astype(np.float32),
        )


class Exploration:
    def __init__(self, actions, hold, rng):
        self.actions, self.hold, self.rng = actions, hold, rng
        self.clock = self.until = 0  # the held action lasts until the clock shows `until`

    def action(self, q, epsilon):
        if self.clock >= self.until:
            if self.rng.random() >= epsilon / (self.hold - epsilon * (self.hold - 1)):
                return int(np.argmax(q))
            self.held = int(self.rng.integers(0, self.actions))
            self.until = self.clock + self.hold
        self.clock += 1
        return self.held


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    rows = np.arange(len(rewards))
    future = np.asarray(next_q_target)[rows, np.asarray(next_q_online).argmax(axis=1)]
    return (rewards + gamma * (1.0 - terminated) * future).astype(np.float32)


@tf.function(reduce_retracing=True)
def gradient_step(network, optimizer, states, actions, targets):
    targets = tf.cast(targets, tf.float32)
    rows = tf.range(tf.shape(targets)[0])
    with tf.GradientTape() as tape:
        q = tf.gather_nd(network(states, training=True), tf.stack([rows, tf.cast(actions, tf.int32)], axis=1))
        loss = tf.reduce_mean((q - targets) ** 2)
    gradients = tape.gradient(loss, network.trainable_weights)
    optimizer.apply_gradients(zip(gradients, network.trainable_weights))
    return loss


def update_target(target, online, step):
    for t, o in zip(target.weights, online.weights):
        t.assign_add(0.06 * (o - t))


class MyAgent(Agent):
    Memory, Exploration = Memory, Exploration
    double_target, gradient_step = staticmethod(double_target), staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def learn(self):
        states, actions, sums, next_states, ends, discounts = self.memory.sample(self.batch_size, self.rng)
        online, target = self.q(next_states), q_values(self.target, next_states).numpy()
        targets = self.double_target(sums, ends, online, target, discounts)
        self.gradient_step(self.online, self.optimizer, states, actions, targets)
        self.updates += 1
        self.update_target(self.target, self.online, self.updates)

    def train(self, steps):
        state, _ = self.env.reset(seed=self.seed + self.steps)
        score = 0
        for _ in range(steps):
            action = self.exploration.action(self.q(state[np.newaxis])[0], self.epsilon())
            next_state, reward, terminated, truncated, _ = self.env.step(action)
            self.memory.add(state, action, reward, next_state, terminated, truncated)
            state, score = next_state, score + reward
            self.steps += 1
            if self.steps >= self.learning_starts and self.steps % self.learn_every == 0:
                self.learn()
            if terminated or truncated:
                yield score
                (state, _), score = self.env.reset(), 0
