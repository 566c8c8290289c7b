"""While loops and small helper functions, the loop split into methods; soft target."""
# ruff: noqa (as students write)

import numpy as np
from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.reference_agent import Agent, q_values


def window_length(transitions, start, n):
    length = 1
    while length < n and start + length < len(transitions) and not any(transitions[start + length - 1][4:]):
        length += 1
    return length


def discounted_sum(rewards, gamma):
    total = 0.0
    while rewards:
        total = rewards.pop() + gamma * total
    return total


class Memory:
    def __init__(self, capacity, n, gamma):
        self.capacity, self.n, self.gamma = capacity, n, gamma
        self.transitions = []

    def add(self, state, action, reward, next_state, terminated, truncated):
        self.transitions.append((state, action, reward, next_state, terminated, truncated))
        while len(self.transitions) > self.capacity:
            self.transitions.pop(0)

    def sample(self, size, rng):
        rows = []
        while len(rows) < size:
            start = int(rng.integers(len(self.transitions)))
            length = window_length(self.transitions, start, self.n)
            window = self.transitions[start : start + length]
            reward_sum = discounted_sum([transition[2] for transition in window], self.gamma)
            last = window[-1]
            rows.append((*window[0][:2], reward_sum, last[3], float(last[4]), self.gamma**length))
        return [np.array(column) for column in zip(*rows)]


class Exploration:
    def __init__(self, actions, hold, rng):
        self.actions, self.hold, self.rng = actions, hold, rng
        self.held, self.left = 0, 0

    def action(self, q, epsilon):
        if self.left <= 0 and self.rng.random() < epsilon / (self.hold - epsilon * (self.hold - 1)):
            self.held, self.left = int(self.rng.integers(self.actions)), self.hold
        self.left -= 1
        return self.held if self.left >= 0 else int(np.argmax(q))


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    rows, best = np.arange(len(next_q_online)), np.argmax(next_q_online, axis=1)
    return rewards + (1 - terminated) * gamma * next_q_target[rows, best]


@tf.function(reduce_retracing=True)
def gradient_step(network, optimizer, states, actions, targets):
    with tf.GradientTape() as tape:
        taken = tf.gather(network(states), actions, axis=1, batch_dims=1)
        loss = tf.reduce_mean(tf.square(tf.cast(targets, tf.float32) - taken))
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply(gradients, network.trainable_variables)
    return loss


def update_target(target, online, step):
    for t, o in zip(target.variables, online.variables):
        t.assign(0.06 * o + 0.94 * t)


class MyAgent(Agent):
    Memory, Exploration = Memory, Exploration
    double_target, gradient_step = staticmethod(double_target), staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def train(self, steps):
        stop = self.steps + steps
        self.begin_episode(seed=self.seed)
        while self.steps < stop:
            over = self.act(stop)
            if self.steps >= self.learning_starts and self.steps % self.learn_every == 0:
                self.learn()
            if over:
                yield self.episode_return
                self.begin_episode()

    def begin_episode(self, seed=None):
        self.state, _ = self.env.reset(seed=seed)
        self.episode_return = 0.0

    def act(self, stop):
        action = self.exploration.action(self.q([self.state])[0], self.epsilon())
        next_state, reward, terminated, truncated, _ = self.env.step(action)
        self.steps += 1
        self.episode_return += reward
        # The last episode is cut off, as the next call of `train` begins with a reset.
        self.memory.add(self.state, action, reward, next_state, terminated, truncated or self.steps == stop)
        self.state = next_state
        return terminated or truncated

    def learn(self):
        states, actions, sums, next_states, ends, discounts = self.memory.sample(self.batch_size, self.rng)
        next_q_target = q_values(self.target, next_states).numpy()
        targets = self.double_target(sums, ends, self.q(next_states), next_q_target, discounts)
        self.gradient_step(self.online, self.optimizer, states, actions, targets)
        self.updates += 1
        self.update_target(self.target, self.online, self.updates)
