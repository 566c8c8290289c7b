"""Namedtuples, list comprehensions and np.where masks; Huber error, hard target."""
# ruff: noqa (as students write)

import numpy as np
from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.reference_agent import Agent, q_values
from collections import deque, namedtuple
from itertools import islice, repeat

Transition = namedtuple("Transition", "state action reward next_state terminated truncated")
Batch = namedtuple("Batch", "states actions reward_sums next_states terminated discounts")


class Memory:
    def __init__(self, capacity, n, gamma):
        self.n, self.gamma = n, gamma
        self.transitions = deque(maxlen=capacity)

    def add(self, *args, **kwargs):
        self.transitions.append(Transition(*args, **kwargs))

    def sample(self, size, rng):
        count = len(self.transitions)
        starts = rng.integers(count, size=size)
        after = starts[:, None] + np.arange(self.n)  # (size, n) indices, some of them too large
        indices = np.where(after < count, after, count - 1)
        grid = [[self.transitions[i] for i in row] for row in indices]
        rewards = np.array([[t.reward for t in row] for row in grid], float)
        over = np.array([[t.terminated or t.truncated for t in row] for row in grid])
        # The length of a window: up to its first end, but not beyond the newest transition.
        to_end = np.where(over.any(axis=1), over.argmax(axis=1) + 1, self.n)
        lengths = np.where(to_end < count - starts, to_end, count - starts)
        steps = np.arange(self.n)
        rewards = np.where(steps < lengths[:, None], rewards * self.gamma**steps, 0.0)
        last = [row[length - 1] for row, length in zip(grid, lengths)]
        return Batch(
            states=np.array([row[0].state for row in grid]),
            actions=np.array([row[0].action for row in grid]),
            reward_sums=rewards.sum(axis=1),
            next_states=np.array([t.next_state for t in last]),
            terminated=np.where([t.terminated for t in last], 1.0, 0.0),
            discounts=self.gamma**lengths,
        )


class Exploration:
    def __init__(self, actions, hold, rng):
        self.actions, self.hold, self.rng = actions, hold, rng
        self.held = iter(())

    def action(self, q, epsilon):
        if (held := next(self.held, None)) is not None:
            return held
        if self.rng.random() < epsilon / (self.hold - epsilon * (self.hold - 1)):
            self.held = islice(repeat(int(self.rng.integers(self.actions))), self.hold)
            return next(self.held)
        return int(np.argmax(q))


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    is_best = np.arange(next_q_online.shape[1]) == next_q_online.argmax(axis=1)[:, None]
    future = np.where(is_best, next_q_target, 0).sum(axis=1)
    return np.where(terminated > 0, rewards, rewards + gamma * future)


@tf.function(reduce_retracing=True)
def gradient_step(network, optimizer, states, actions, targets):
    with tf.GradientTape() as tape:
        q = network(states)
        mask = tf.one_hot(actions, q.shape[-1], on_value=True, off_value=False)
        loss = keras.losses.Huber()(tf.cast(targets, q.dtype), tf.boolean_mask(q, mask))
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply_gradients(zip(gradients, network.trainable_variables))
    return loss


def update_target(target, online, step):
    if step % 120 == 0:
        [t.assign(o) for t, o in zip(target.weights, online.weights)]


class MyAgent(Agent):
    Memory, Exploration = Memory, Exploration
    double_target = staticmethod(double_target)
    gradient_step = staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def train(self, steps):
        state, _ = self.env.reset(seed=self.seed)
        rewards = []
        for _ in range(steps):
            self.steps += 1
            action = self.exploration.action(self.q([state])[0], self.epsilon())
            next_state, reward, terminated, truncated, _ = self.env.step(action)
            t = Transition(state, action, reward, next_state, terminated, truncated)
            self.memory.add(*t)
            rewards.append(t.reward)
            if self.steps >= self.learning_starts and self.steps % self.learn_every == 0:
                b = self.memory.sample(self.batch_size, self.rng)
                next_q = self.q(b.next_states), q_values(self.target, b.next_states).numpy()
                targets = self.double_target(b.reward_sums, b.terminated, *next_q, b.discounts)
                self.gradient_step(self.online, self.optimizer, b.states, b.actions, targets)
                self.updates += 1
                self.update_target(self.target, self.online, self.updates)
            if terminated or truncated:
                yield sum(rewards)
                state, rewards = self.env.reset()[0], []
            else:
                state = t.next_state
