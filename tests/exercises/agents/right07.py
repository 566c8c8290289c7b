"""Keras train_on_batch, compiled with the optimizer once; one structured array as memory; soft target."""
# ruff: noqa (as students write)

import numpy as np
from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.reference_agent import Agent, q_values

FIELDS = [
    ("state", np.float32, 2),
    ("action", np.int64),
    ("reward", np.float32),
    ("next_state", np.float32, 2),
    ("terminated", np.float32),
    ("over", bool),
]


class Memory:
    def __init__(self, capacity, n, gamma):
        self.capacity, self.n, self.gamma = capacity, n, gamma
        self.table = np.zeros(capacity, FIELDS)
        self.count = self.position = 0

    def add(self, state, action, reward, next_state, terminated, truncated):
        over = terminated or truncated
        self.table[self.position] = (state, action, reward, next_state, terminated, over)
        self.position = (self.position + 1) % self.capacity
        self.count = min(self.count + 1, self.capacity)

    def sample(self, size, rng):
        ages = rng.integers(1, self.count + 1, size=size)  # 1 is the newest
        first = last = (self.position - ages) % self.capacity
        sums, lengths = self.table["reward"][first], np.ones(size, int)
        for k in range(1, self.n):
            goes_on = ~self.table["over"][last] & (ages > k)
            last = np.where(goes_on, (last + 1) % self.capacity, last)
            sums = sums + goes_on * self.gamma**k * self.table["reward"][last]
            lengths = lengths + goes_on
        start, end, discounts = self.table[first], self.table[last], self.gamma**lengths
        return start["state"], start["action"], sums, end["next_state"], end["terminated"], discounts


class Exploration:
    def __init__(self, actions, hold, rng):
        self.actions, self.hold, self.rng = actions, hold, rng
        self.held, self.left = None, 0

    def action(self, q, epsilon):
        starting = self.rng.random() < epsilon / (self.hold - epsilon * (self.hold - 1))
        if self.left == 0 and starting:
            self.held, self.left = int(self.rng.integers(self.actions)), self.hold
        if self.left == 0:
            return int(np.argmax(q))
        self.left -= 1
        return self.held


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = np.argmax(next_q_online, axis=1)
    return rewards + gamma * (1 - terminated) * np.asarray(next_q_target)[np.arange(len(best)), best]


def squared_error(y_true, y_pred):
    """Summed over the actions, as only the action taken has an error; Keras takes the mean of the batch."""
    return tf.reduce_sum(tf.square(y_true - y_pred), axis=-1)


def gradient_step(network, optimizer, states, actions, targets):
    if not network.compiled or network.optimizer is not optimizer:
        network.compile(optimizer=optimizer, loss=squared_error, jit_compile=False)
    states = np.asarray(states, np.float32)
    wanted = q_values(network, states).numpy()  # the other actions keep their values
    wanted[np.arange(len(actions)), actions] = targets
    network.reset_metrics()  # or Keras returns the mean loss of all batches so far
    return network.train_on_batch(states, wanted)


def update_target(target, online, step):
    pairs = zip(target.get_weights(), online.get_weights())
    target.set_weights([old + 0.06 * (new - old) for old, new in pairs])


class MyAgent(Agent):
    Memory, Exploration = Memory, Exploration
    double_target = staticmethod(double_target)
    gradient_step = staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def train(self, steps):
        state, _ = self.env.reset(seed=self.seed)
        score = 0.0
        for _ in range(steps):
            action = self.exploration.action(self.q([state])[0], self.epsilon())
            next_state, reward, terminated, truncated, _ = self.env.step(action)
            self.memory.add(state, action, reward, next_state, terminated, truncated)
            self.steps += 1
            score += reward
            state = next_state
            if self.steps >= self.learning_starts and self.steps % self.learn_every == 0:
                s, a, r, s_next, end, discounts = self.memory.sample(self.batch_size, self.rng)
                q_online, q_target = self.q(s_next), q_values(self.target, s_next).numpy()
                y = self.double_target(r, end, q_online, q_target, discounts)
                self.gradient_step(self.online, self.optimizer, s, a, y)
                self.updates += 1
                self.update_target(self.target, self.online, self.updates)
            if terminated or truncated:
                yield score
                state, _ = self.env.reset()
                score = 0.0
