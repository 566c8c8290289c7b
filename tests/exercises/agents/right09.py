"""Hard target copies every 100 gradient steps with set_weights; the memory is a list of episodes."""
# ruff: noqa (as students write)

import numpy as np
from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.reference_agent import Agent, q_values


class Memory:
    def __init__(self, capacity, n, gamma):
        self.capacity, self.n, self.gamma = capacity, n, gamma
        self.episodes = [[]]  # the last one is still growing
        self.count = 0

    def add(self, state, action, reward, next_state, terminated, truncated):
        self.episodes[-1].append((state, action, reward, next_state, float(terminated)))
        self.count += 1
        if terminated or truncated:
            self.episodes.append([])
        if self.count > self.capacity:
            del self.episodes[0][0]
            self.count -= 1
            if not self.episodes[0]:
                del self.episodes[0]

    def sample(self, size, rng):
        ends = np.cumsum([len(episode) for episode in self.episodes])
        batch = []
        for i in rng.integers(self.count, size=size):
            which = int(np.searchsorted(ends, i, side="right"))
            episode = self.episodes[which]
            start = i - (ends[which] - len(episode))
            window = episode[start : start + self.n]  # a slice stops by itself at the end of the episode
            rewards = [reward for _, _, reward, _, _ in window]
            powers = self.gamma ** np.arange(len(window))
            last = window[-1]
            batch.append((*window[0][:2], np.dot(powers, rewards), *last[3:], self.gamma ** len(window)))
        return tuple(np.array(column) for column in zip(*batch))


class Exploration:
    def __init__(self, actions, hold, rng):
        self.actions, self.hold, self.rng = actions, hold, rng
        self.countdown = 0

    def action(self, q, epsilon):
        if self.countdown == 0:
            probability = epsilon / (self.hold - epsilon * (self.hold - 1))
            if not self.rng.binomial(1, probability):
                return int(np.argmax(q))
            self.held = int(self.rng.integers(self.actions))
            self.countdown = self.hold
        self.countdown -= 1
        return self.held


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    targets = np.array(rewards, dtype=np.float64)
    for i, choice in enumerate(np.argmax(next_q_online, axis=1)):
        if not terminated[i]:
            targets[i] += gamma[i] * next_q_target[i, choice]
    return targets


@tf.function(reduce_retracing=True)
def gradient_step(network, optimizer, states, actions, targets):
    with tf.GradientTape() as tape:
        q = tf.gather(network(states), actions, axis=1, batch_dims=1)
        loss = tf.reduce_mean(tf.math.squared_difference(q, tf.cast(targets, tf.float32)))
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply_gradients(zip(gradients, network.trainable_variables))
    return loss


def update_target(target, online, step):
    if step % 100 == 0:
        target.set_weights(online.get_weights())


class MyAgent(Agent):
    Memory, Exploration = Memory, Exploration
    double_target, gradient_step = staticmethod(double_target), staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def train(self, steps):
        state, _ = self.env.reset(seed=self.seed)
        episode_return = 0.0
        for _ in range(steps):
            action = self.exploration.action(self.q(state.reshape(1, -1))[0], self.epsilon())
            next_state, reward, terminated, truncated, _ = self.env.step(action)
            self.memory.add(state, action, reward, next_state, terminated, truncated)
            episode_return += reward
            self.steps += 1
            if self.steps > self.learning_starts and self.steps % self.learn_every == 0:
                states, actions, sums, nexts, ended, discounts = self.memory.sample(self.batch_size, self.rng)
                target_q = q_values(self.target, nexts).numpy()
                targets = self.double_target(sums, ended, self.q(nexts), target_q, discounts)
                self.gradient_step(self.online, self.optimizer, states, actions, targets)
                self.updates += 1
                self.update_target(self.target, self.online, self.updates)
            if terminated or truncated:
                yield episode_return
                state, _ = self.env.reset()
                episode_return = 0.0
            else:
                state = next_state
