"""Dataclass transitions that know their successor; soft target."""
# ruff: noqa (as students write)

import numpy as np
from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises.reference_agent import Agent, q_values
from collections import deque
from dataclasses import dataclass


@dataclass(eq=False, repr=False)
class Transition:
    state: np.ndarray
    action: int
    reward: float
    next_state: np.ndarray
    terminated: bool
    over: bool
    successor: object = None  # the next one of the same episode, if there is one


class Memory:
    def __init__(self, capacity, n, gamma):
        self.n, self.gamma = n, gamma
        self.transitions = deque(maxlen=capacity)

    def add(self, state, action, reward, next_state, terminated, truncated):
        transition = Transition(state, action, reward, next_state, terminated, terminated or truncated)
        if self.transitions and not self.transitions[-1].over:
            self.transitions[-1].successor = transition
        self.transitions.append(transition)

    def follow(self, transition):
        window = []
        while transition is not None and len(window) < self.n:
            window.append(transition)
            transition = transition.successor
        return window

    def sample(self, size, rng):
        windows = [self.follow(self.transitions[i]) for i in rng.integers(0, len(self.transitions), size)]
        powers = self.gamma ** np.arange(self.n + 1)
        starts, ends = [w[0] for w in windows], [w[-1] for w in windows]
        sums = [sum(p * t.reward for p, t in zip(powers, w)) for w in windows]
        columns = [[t.state for t in starts], [t.action for t in starts], sums, [t.next_state for t in ends]]
        columns += [[float(t.terminated) for t in ends], [powers[len(w)] for w in windows]]
        return tuple(map(np.array, columns))


@dataclass
class Exploration:
    actions: int
    hold: int
    rng: np.random.Generator
    held: int = 0
    remaining: int = 0

    def action(self, q, epsilon):
        if self.remaining:
            self.remaining -= 1
            return self.held
        if self.rng.random() < epsilon / (self.hold - epsilon * (self.hold - 1)):
            self.held = int(self.rng.integers(self.actions))
            self.remaining = self.hold - 1  # this step is the first
            return self.held
        return int(np.argmax(q))


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    chosen = np.eye(np.shape(next_q_online)[1])[np.argmax(next_q_online, axis=1)]  # one-hot rows
    return rewards + gamma * (1 - terminated) * (chosen * next_q_target).sum(axis=1)


@tf.function(reduce_retracing=True)
def gradient_step(network, optimizer, states, actions, targets):
    with tf.GradientTape() as tape:
        q_taken = tf.gather(network(states), actions, axis=1, batch_dims=1)
        loss = keras.losses.mean_squared_error(tf.cast(targets, tf.float32), q_taken)
    variables = network.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss


def update_target(target, online, step):
    for t, o in zip(target.trainable_variables, online.trainable_variables):
        t.assign(t * 0.94 + o * 0.06)


class MyAgent(Agent):
    Memory, Exploration = Memory, Exploration
    double_target, gradient_step = staticmethod(double_target), staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def train(self, steps):
        state, episode_return = self.env.reset(seed=self.seed)[0], 0.0
        for _ in range(steps):
            action = self.exploration.action(self.q([state])[0], self.epsilon())
            next_state, reward, terminated, truncated, _ = self.env.step(action)
            self.memory.add(state, action, reward, next_state, terminated, truncated)
            state = next_state
            episode_return += reward
            self.steps += 1
            if self.steps >= self.learning_starts and self.steps % self.learn_every == 0:
                states, actions, sums, nexts, ends, discounts = self.memory.sample(self.batch_size, self.rng)
                next_q_target = q_values(self.target, nexts).numpy()
                targets = self.double_target(sums, ends, self.q(nexts), next_q_target, discounts)
                self.gradient_step(self.online, self.optimizer, states, actions, targets)
                self.updates += 1
                self.update_target(self.target, self.online, self.updates)
            if terminated or truncated:
                yield episode_return
                state, episode_return = self.env.reset()[0], 0.0
