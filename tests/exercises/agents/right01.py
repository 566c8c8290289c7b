"""A deque of tuples, windows walked one by one; soft target."""
# ruff: noqa (as students write)

import numpy as np
from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.reference_agent import Agent, q_values
from collections import deque


class Memory:
    def __init__(self, capacity, n, gamma):
        self.n, self.gamma = n, gamma
        self.buffer = deque(maxlen=capacity)  # drops the oldest by itself

    def add(self, state, action, reward, next_state, terminated, truncated):
        self.buffer.append((state, action, reward, next_state, terminated, truncated))

    def window(self, start):
        first_state, first_action = self.buffer[start][:2]
        reward_sum, discount = 0.0, 1.0
        for i in range(start, min(start + self.n, len(self.buffer))):
            _, _, reward, next_state, terminated, truncated = self.buffer[i]
            reward_sum += discount * reward
            discount *= self.gamma
            if terminated or truncated:
                break
        return first_state, first_action, reward_sum, next_state, float(terminated), discount

    def sample(self, size, rng):
        starts = rng.integers(len(self.buffer), size=size)
        states, actions, rewards, next_states, terminated, discounts = zip(*[self.window(i) for i in starts])
        return (
            np.array(states, np.float32),
            np.array(actions, np.int64),
            np.array(rewards, np.float32),
            np.array(next_states, np.float32),
            np.array(terminated, np.float32),
            np.array(discounts, np.float32),
        )


class Exploration:
    def __init__(self, actions, hold, rng):
        self.actions, self.hold, self.rng = actions, hold, rng
        self.left = 0  # steps for which the random action is still held
        self.held = 0

    def action(self, q, epsilon):
        if self.left == 0 and self.rng.random() < epsilon / (self.hold - epsilon * (self.hold - 1)):
            self.held = int(self.rng.integers(self.actions))
            self.left = self.hold
        if self.left > 0:
            self.left -= 1
            return self.held
        return int(np.argmax(q))


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = np.argmax(next_q_online, axis=1)  # the online network chooses, the target network judges
    values = np.asarray(next_q_target)[np.arange(len(best)), best]
    return rewards + gamma * (1 - terminated) * values


@tf.function(reduce_retracing=True)
def gradient_step(network, optimizer, states, actions, targets):
    with tf.GradientTape() as tape:
        q = tf.gather(network(states), actions, axis=1, batch_dims=1)
        loss = tf.reduce_mean(tf.square(tf.cast(targets, tf.float32) - q))
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply_gradients(zip(gradients, network.trainable_variables))
    return loss


def update_target(target, online, step):
    for t, o in zip(target.trainable_variables, online.trainable_variables):
        t.assign(0.94 * t + 0.06 * o)


class MyAgent(Agent):
    Memory, Exploration = Memory, Exploration
    double_target = staticmethod(double_target)
    gradient_step = staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def train(self, steps):
        state, _ = self.env.reset(seed=self.seed)
        total = 0.0
        for _ in range(steps):
            action = self.exploration.action(self.q([state])[0], self.epsilon())
            next_state, reward, terminated, truncated, _ = self.env.step(action)
            self.memory.add(state, action, reward, next_state, terminated, truncated)
            self.steps += 1
            total += reward
            state = next_state

            if self.steps >= self.learning_starts and self.steps % self.learn_every == 0:
                s, a, r, s2, ended, discounts = self.memory.sample(self.batch_size, self.rng)
                q_target = q_values(self.target, s2).numpy()
                targets = self.double_target(r, ended, self.q(s2), q_target, discounts)
                self.gradient_step(self.online, self.optimizer, s, a, targets)
                self.updates += 1
                self.update_target(self.target, self.online, self.updates)

            if terminated or truncated:
                yield total
                state, _ = self.env.reset()
                total = 0.0
