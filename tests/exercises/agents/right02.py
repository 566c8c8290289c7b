"""A list as a ring with an index, sampled by rng.choice; Huber error, soft target."""
# ruff: noqa (as students write)

import numpy as np
from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.reference_agent import Agent, q_values


class Memory:
    def __init__(self, capacity, n, gamma):
        self.capacity, self.n, self.gamma = capacity, n, gamma
        self.ring = []
        self.index = 0  # where the next transition goes

    def add(self, state, action, reward, next_state, terminated, truncated):
        transition = [state, int(action), float(reward), next_state, terminated, truncated]
        if len(self.ring) < self.capacity:
            self.ring.append(transition)
        else:
            self.ring[self.index] = transition
        self.index = (self.index + 1) % self.capacity

    def sample(self, size, rng):
        newest = (self.index - 1) % self.capacity
        states, actions, sums, next_states, ends, discounts = [], [], [], [], [], []
        for start in rng.choice(len(self.ring), size=size):
            i, length, total = start, 0, 0.0
            while True:
                total += self.gamma**length * self.ring[i][2]
                length += 1
                if self.ring[i][4] or self.ring[i][5] or i == newest or length == self.n:
                    break
                i = (i + 1) % self.capacity
            states.append(self.ring[start][0])
            actions.append(self.ring[start][1])
            sums.append(total)
            next_states.append(self.ring[i][3])
            ends.append(1.0 if self.ring[i][4] else 0.0)
            discounts.append(self.gamma**length)
        lists = states, actions, sums, next_states, ends, discounts
        return tuple(np.array(values) for values in lists)


class Exploration:
    def __init__(self, actions, hold, rng):
        self.actions, self.hold, self.rng = actions, hold, rng
        self.random_action, self.age = None, 0

    def action(self, q, epsilon):
        if self.random_action is not None and self.age < self.hold:
            self.age += 1
            return self.random_action
        self.random_action = None
        # Only a decision to begin is random, so its probability is smaller than epsilon.
        begin = epsilon / (self.hold - epsilon * (self.hold - 1))
        if self.rng.uniform() < begin:
            self.random_action, self.age = int(self.rng.choice(self.actions)), 1
            return self.random_action
        return int(q.argmax())


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = next_q_online.argmax(axis=1)[:, None]
    future = np.take_along_axis(next_q_target, best, axis=1)[:, 0]
    return rewards + np.where(terminated, 0.0, gamma * future)


huber = keras.losses.Huber()


@tf.function(reduce_retracing=True)
def gradient_step(network, optimizer, states, actions, targets):
    weights = network.trainable_variables
    with tf.GradientTape() as tape:
        taken = tf.gather(network(states), actions, batch_dims=1)
        loss = huber(tf.cast(targets, taken.dtype), taken)
    optimizer.apply(tape.gradient(loss, weights), weights)
    return loss


def update_target(target, online, step, tau=0.06):
    mixed = [tau * new + (1 - tau) * old for new, old in zip(online.get_weights(), target.get_weights())]
    target.set_weights(mixed)


class MyAgent(Agent):
    Memory, Exploration = Memory, Exploration
    double_target, gradient_step = staticmethod(double_target), staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def train(self, steps):
        state, _ = self.env.reset(seed=self.seed)
        rewards = []
        for _ in range(steps):
            self.steps += 1
            action = self.exploration.action(self.q(state[None])[0], self.epsilon())
            next_state, reward, terminated, truncated, _ = self.env.step(action)
            rewards.append(reward)
            self.memory.add(state, action, reward, next_state, terminated, truncated)
            if self.steps > self.learning_starts and self.steps % self.learn_every == 0:
                states, actions, sums, nexts, ends, discounts = self.memory.sample(self.batch_size, self.rng)
                q_target = q_values(self.target, nexts).numpy()
                targets = self.double_target(sums, ends, self.q(nexts), q_target, discounts)
                self.gradient_step(self.online, self.optimizer, states, actions, targets)
                self.updates += 1
                self.update_target(self.target, self.online, self.updates)
            if terminated or truncated:
                yield sum(rewards)
                rewards = []
                next_state, _ = self.env.reset()
            state = next_state
