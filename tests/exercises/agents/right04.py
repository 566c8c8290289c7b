"""Dictionaries: the memory is a dictionary of dictionaries by time; a list of queued random actions."""
# ruff: noqa (as students write)

import numpy as np
from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.reference_agent import Agent, q_values


class Memory:
    def __init__(self, capacity, n, gamma):
        self.capacity, self.n, self.gamma = capacity, n, gamma
        self.by_time = {}
        self.time = 0  # of the next transition

    def add(self, state, action, reward, next_state, terminated, truncated):
        self.by_time[self.time] = {
            "state": state,
            "action": action,
            "reward": reward,
            "next_state": next_state,
            "terminated": terminated,
            "over": terminated or truncated,
        }
        self.by_time.pop(self.time - self.capacity, None)  # the one that has become too old
        self.time += 1

    def window(self, start):
        window = {"state": self.by_time[start]["state"], "action": self.by_time[start]["action"]}
        window.update(reward_sum=0.0, discount=1.0)
        for time in range(start, start + self.n):
            transition = self.by_time.get(time)
            if transition is None:  # not happened yet
                break
            window["reward_sum"] += window["discount"] * transition["reward"]
            window["discount"] *= self.gamma
            window["next_state"] = transition["next_state"]
            window["terminated"] = float(transition["terminated"])
            if transition["over"]:
                break
        return window

    def sample(self, size, rng):
        oldest = self.time - len(self.by_time)
        windows = [self.window(int(rng.integers(oldest, self.time))) for _ in range(size)]
        names = ["state", "action", "reward_sum", "next_state", "terminated", "discount"]
        return tuple(np.array([window[name] for window in windows]) for name in names)


class Exploration:
    def __init__(self, actions, hold, rng):
        self.actions, self.hold, self.rng = actions, hold, rng
        self.queue = []

    def action(self, q, epsilon):
        if not self.queue:
            if self.rng.random() < epsilon / (self.hold - epsilon * (self.hold - 1)):
                self.queue = [int(self.rng.integers(self.actions))] * self.hold
            else:
                self.queue = [int(np.argmax(q))]
        return self.queue.pop()


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    choices = np.argmax(next_q_online, axis=1)
    values = np.array([row[choice] for row, choice in zip(np.asarray(next_q_target), choices)])
    return rewards + gamma * values * (1 - terminated)


@tf.function(reduce_retracing=True)
def gradient_step(network, optimizer, states, actions, targets):
    with tf.GradientTape() as tape:
        q = network(states)
        chosen = tf.reduce_sum(q * tf.one_hot(actions, q.shape[1]), axis=1)
        loss = tf.reduce_mean(keras.losses.huber(tf.cast(targets, tf.float32), chosen))
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply(gradients, network.trainable_variables)
    return loss


def update_target(target, online, step):
    if step % 100 == 0:
        for old, new in zip(target.variables, online.variables):
            old.assign(new)


class MyAgent(Agent):
    Memory, Exploration = Memory, Exploration
    double_target, gradient_step = staticmethod(double_target), staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def train(self, steps):
        last = self.steps + steps
        episode = {"state": self.env.reset(seed=self.seed)[0], "return": 0.0}
        while self.steps < last:
            state = episode["state"]
            action = self.exploration.action(self.q(np.array([state]))[0], self.epsilon())
            next_state, reward, terminated, truncated, _ = self.env.step(action)
            self.memory.add(state, action, reward, next_state, terminated, truncated)
            episode["state"] = next_state
            episode["return"] += reward
            self.steps += 1
            if self.steps >= self.learning_starts and self.steps % self.learn_every == 0:
                states, actions, sums, nexts, ends, discounts = self.memory.sample(self.batch_size, self.rng)
                next_q = {"online": self.q(nexts), "target": q_values(self.target, nexts).numpy()}
                targets = self.double_target(sums, ends, next_q["online"], next_q["target"], discounts)
                self.gradient_step(self.online, self.optimizer, states, actions, targets)
                self.updates += 1
                self.update_target(self.target, self.online, self.updates)
            if terminated or truncated:
                yield episode["return"]
                episode = {"state": self.env.reset()[0], "return": 0.0}
