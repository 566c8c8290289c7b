"""The n-step windows are computed when added, with a small deque of pending transitions; Huber, soft."""
# ruff: noqa (as students write)

import numpy as np
from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.reference_agent import Agent, q_values
from collections import deque


class Memory:
    def __init__(self, capacity, n, gamma):
        self.capacity, self.n, self.gamma = capacity, n, gamma
        self.windows = deque()  # complete, oldest first
        self.pending = deque()  # transitions whose windows are not complete yet

    def add(self, state, action, reward, next_state, terminated, truncated):
        self.pending.append((np.copy(state), action, reward))
        if terminated or truncated:
            while self.pending:  # the episode is over: nothing more can come
                self.finish_oldest(next_state, terminated)
        elif len(self.pending) == self.n:
            self.finish_oldest(next_state, terminated)
        # The pending transitions belong to the last `capacity` ones, too.
        while self.windows and len(self.windows) + len(self.pending) > self.capacity:
            self.windows.popleft()

    def finish_oldest(self, next_state, terminated):
        reward_sum = 0.0
        for _, _, reward in reversed(self.pending):
            reward_sum = reward + self.gamma * reward_sum
        discount = self.gamma ** len(self.pending)
        state, action, _ = self.pending.popleft()
        self.windows.append((state, action, reward_sum, np.copy(next_state), float(terminated), discount))

    def sample(self, size, rng):
        chosen = [self.windows[i] for i in rng.integers(len(self.windows), size=size)]
        return tuple(np.array(column) for column in zip(*chosen))


class Exploration:
    def __init__(self, actions, hold, rng):
        self.actions, self.hold, self.rng = actions, hold, rng
        self.queue = deque()

    def action(self, q, epsilon):
        if self.queue:
            return self.queue.popleft()
        if self.rng.random() < epsilon / (self.hold - epsilon * (self.hold - 1)):
            choice = int(self.rng.integers(self.actions))
            self.queue.extend([choice] * (self.hold - 1))
            return choice
        return int(np.argmax(q))


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    greedy = np.expand_dims(np.argmax(next_q_online, axis=-1), -1)
    bootstrap = np.take_along_axis(np.asarray(next_q_target), greedy, axis=-1).squeeze(-1)
    return rewards + gamma * bootstrap * (1 - terminated)


@tf.function(reduce_retracing=True)
def gradient_step(network, optimizer, states, actions, targets):
    with tf.GradientTape() as tape:
        q = tf.gather(network(states), actions, batch_dims=1)
        error = tf.abs(tf.cast(targets, q.dtype) - q)
        # Huber: quadratic near zero, linear farther away
        loss = tf.reduce_mean(tf.where(error < 1, 0.5 * error**2, error - 0.5))
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply_gradients(zip(gradients, network.trainable_variables))
    return loss


def update_target(target, online, step):
    for slow, fast in zip(target.variables, online.variables):
        slow.assign(slow + 0.05 * (fast - slow))


class MyAgent(Agent):
    Memory, Exploration = Memory, Exploration
    double_target = staticmethod(double_target)
    gradient_step = staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def train(self, steps):
        state, _ = self.env.reset(seed=self.seed)
        episode_return = 0.0
        for _ in range(steps):
            q = self.q(np.expand_dims(state, 0)).squeeze(0)
            action = self.exploration.action(q, self.epsilon())
            next_state, reward, terminated, truncated, _ = self.env.step(action)
            self.steps += 1
            episode_return += float(reward)
            self.memory.add(state, action, reward, next_state, terminated, truncated)
            state = next_state
            if self.steps >= self.learning_starts and self.steps % self.learn_every == 0:
                batch = self.memory.sample(self.batch_size, self.rng)
                states, actions, reward_sums, next_states, ended, discounts = batch
                by_online = self.q(next_states)
                by_target = q_values(self.target, next_states.astype(np.float32)).numpy()
                targets = self.double_target(reward_sums, ended, by_online, by_target, discounts)
                self.gradient_step(self.online, self.optimizer, states, actions, targets)
                self.updates += 1
                self.update_target(self.target, self.online, self.updates)
            if terminated or truncated:
                yield episode_return
                state, _ = self.env.reset()
                episode_return = 0.0
