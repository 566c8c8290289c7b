"""The exploration is a generator, the memory one matrix, and train is one long function; soft target."""
# ruff: noqa (as students write)

import numpy as np
from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.reference_agent import Agent, q_values


class Memory:
    def __init__(self, capacity, n, gamma):
        self.capacity, self.n, self.gamma = capacity, n, gamma
        # Columns: state (2), action, reward, next state (2), terminated, truncated
        self.rows = np.zeros((capacity, 8), np.float32)
        self.added = 0

    def add(self, state, action, reward, next_state, terminated, truncated):
        self.rows[self.added % self.capacity] = [*state, action, reward, *next_state, terminated, truncated]
        self.added += 1

    def sample(self, size, rng):
        stored = min(self.added, self.capacity)
        in_order = np.roll(self.rows, -self.added, axis=0) if self.added > self.capacity else self.rows
        in_order = in_order[:stored]  # the oldest first
        firsts = rng.integers(0, stored, size)
        lasts = np.empty(size, int)
        reward_sums = np.empty(size, np.float32)
        for k, first in enumerate(firsts):
            window = in_order[first : first + self.n]
            ends = np.flatnonzero(window[:, 6:].any(axis=1))
            length = ends[0] + 1 if len(ends) else len(window)
            lasts[k] = first + length - 1
            reward_sums[k] = window[:length, 3] @ self.gamma ** np.arange(length)
        first, last = in_order[firsts], in_order[lasts]
        discounts = (self.gamma ** (lasts - firsts + 1)).astype(np.float32)
        return first[:, :2], first[:, 2].astype(int), reward_sums, last[:, 4:6], last[:, 6], discounts


class Exploration:
    def __init__(self, actions, hold, rng):
        self.actions, self.hold, self.rng = actions, hold, rng
        self.behaviour = self.behave()
        next(self.behaviour)  # up to the first yield

    def behave(self):
        q, epsilon = yield
        while True:
            if self.rng.random() < epsilon / (self.hold - epsilon * (self.hold - 1)):
                held = int(self.rng.integers(self.actions))
                for _ in range(self.hold):
                    q, epsilon = yield held
            else:
                q, epsilon = yield int(np.argmax(q))

    def action(self, q, epsilon):
        return self.behaviour.send((q, epsilon))


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = np.argmax(next_q_online, axis=1)
    return rewards + gamma * (1 - terminated) * np.choose(best, np.transpose(next_q_target))


@tf.function(reduce_retracing=True)
def gradient_step(network, optimizer, states, actions, targets):
    with tf.GradientTape() as tape:
        q = network(states)
        errors = tf.cast(targets, tf.float32)[:, None] - q  # of all actions, of which one is of interest
        loss = tf.reduce_mean(tf.reduce_sum(tf.one_hot(actions, q.shape[1]) * errors**2, axis=1))
    optimizer.apply(tape.gradient(loss, network.trainable_variables), network.trainable_variables)
    return loss


def update_target(target, online, step):
    for t, o in zip(target.trainable_variables, online.trainable_variables):
        t.assign_sub(0.06 * (t - o))


class MyAgent(Agent):
    Memory, Exploration = Memory, Exploration
    double_target, gradient_step = staticmethod(double_target), staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def train(self, steps):
        done_steps = 0
        seed = self.seed
        while done_steps < steps:
            # A new episode
            state, _ = self.env.reset(seed=seed)
            seed = None
            episode_return, over = 0.0, False
            while not over and done_steps < steps:
                # Act
                q = self.q(state[None, :])[0]
                action = self.exploration.action(q, self.epsilon())
                next_state, reward, terminated, truncated, _ = self.env.step(action)
                self.memory.add(state, action, reward, next_state, terminated, truncated)
                state, over = next_state, terminated or truncated
                episode_return += reward
                done_steps += 1
                self.steps += 1
                # Learn
                if self.steps < self.learning_starts or self.steps % self.learn_every:
                    continue
                states, actions, sums, nexts, ends, discounts = self.memory.sample(self.batch_size, self.rng)
                target_q = q_values(self.target, nexts).numpy()
                targets = self.double_target(sums, ends, self.q(nexts), target_q, discounts)
                self.gradient_step(self.online, self.optimizer, states, actions, targets)
                self.updates += 1
                self.update_target(self.target, self.online, self.updates)
            if over:
                yield episode_return
