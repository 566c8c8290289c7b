"""The agent of lesson 11, from NumPy, TensorFlow and Gymnasium alone, as its solutions write it.

`make_network`, `q_values` and `Agent` are given in the lesson; the rest is what the student writes: two
classes, three functions and the loop of `MyAgent`. It is the algorithm of `dqn_lib.agents.dqn`, step by step
instead of in compiled chunks, and so much slower.
"""

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from dqn_lib.agents.backend import keras, tf


def make_network(env: gym.Env, initial_value: float) -> Any:
    """Two hidden layers of 64 ReLUs; states with bounds are stretched to the range from -8 to 8."""
    low, high = env.observation_space.low, env.observation_space.high
    bounded = high - low < 1e6
    scale = np.where(bounded, 16 / (high - low), 1.0)
    offset = np.where(bounded, -8 - scale * low, 0.0)
    biases = keras.initializers.RandomUniform(-1, 1)
    return keras.Sequential(
        [
            keras.Input(low.shape),
            keras.layers.Rescaling(scale.tolist(), offset.tolist()),
            keras.layers.Dense(64, "relu", bias_initializer=biases),
            keras.layers.Dense(64, "relu", bias_initializer=biases),
            keras.layers.Dense(
                int(env.action_space.n), bias_initializer=keras.initializers.Constant(initial_value)
            ),
        ]
    )


@tf.function(reduce_retracing=True)
def q_values(network: Any, states: Any) -> Any:
    """Q-values `(B, actions)` of states `(B, state size)`, as a tensor."""
    return network(states)


class Agent:
    """What every DQN begins with; `train` is missing."""

    gamma, n_step, batch_size, memory_size = 0.99, 5, 64, 20_000
    learning_rate, learning_starts, learn_every, initial_value = 0.002, 1_000, 4, -50.0
    hold, epsilon_wait, epsilon_decay, epsilon_end = 32, 3_000, 1_000, 0.05

    def __init__(self, env: gym.Env, seed: int = 0) -> None:
        keras.utils.set_random_seed(seed)
        self.env, self.seed, self.rng = env, seed, np.random.default_rng(seed)
        self.online, self.target = (make_network(env, self.initial_value) for _ in range(2))
        self.target.set_weights(self.online.get_weights())
        self.optimizer = keras.optimizers.Adam(self.learning_rate)
        self.optimizer.build(self.online.trainable_variables)
        self.memory = self.Memory(self.memory_size, self.n_step, self.gamma)
        self.exploration = self.Exploration(int(env.action_space.n), self.hold, self.rng)
        self.steps = self.updates = 0  # of the environment; gradient steps

    def epsilon(self) -> float:
        """The fraction of the steps that explore, by the schedule of lesson 3."""
        progress = (self.steps - self.epsilon_wait) / self.epsilon_decay
        return float(1 - (1 - self.epsilon_end) * np.clip(progress, 0, 1))

    def q(self, states: ArrayLike) -> NDArray[np.float32]:
        """Q-values `(B, actions)` of states `(B, state size)`, as an array."""
        return q_values(self.online, np.asarray(states, np.float32)).numpy()

    def greedy(self, states: ArrayLike) -> NDArray[np.int64]:
        """The greedy actions `(B,)`."""
        return self.q(states).argmax(axis=1)


class Memory:
    """The last `capacity` transitions, drawn as windows of up to `n` steps."""

    def __init__(self, capacity: int, n: int, gamma: float) -> None:
        self.capacity, self.n, self.gamma = capacity, n, gamma
        self.items: list[tuple] = []
        self.added = 0

    def add(
        self,
        state: NDArray,
        action: int,
        reward: float,
        next_state: NDArray,
        terminated: bool,
        truncated: bool,
    ) -> None:
        """Keep a transition, in the place of the oldest if the memory is full."""
        item = state, action, reward, next_state, terminated, terminated or truncated
        if len(self.items) < self.capacity:
            self.items.append(item)
        else:
            self.items[self.added % self.capacity] = item
        self.added += 1

    def sample(self, size: int, rng: np.random.Generator) -> tuple[NDArray, ...]:
        """Six arrays for `size` windows: states, actions, reward_sums, next_states, terminated, discounts."""
        starts = rng.integers(len(self.items), size=size)
        columns = zip(*[self.window(int(start)) for start in starts], strict=True)
        kinds = np.float32, np.int32, np.float32, np.float32, np.float32, np.float32
        return tuple(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True))

    def window(self, start: int) -> tuple:
        """Up to `n` transitions from the place `start` on, within one episode."""
        state, action, *_ = self.items[start]
        newest = (self.added - 1) % self.capacity
        reward_sum, discount = 0.0, 1.0
        for step in range(self.n):
            place = (start + step) % len(self.items)
            _, _, reward, next_state, terminated, ended = self.items[place]
            reward_sum += discount * reward
            discount *= self.gamma
            if ended or place == newest:
                break
        return state, action, reward_sum, next_state, terminated, discount


class Exploration:
    """Epsilon-greedy, with random actions that are held for `hold` steps."""

    def __init__(self, actions: int, hold: int, rng: np.random.Generator) -> None:
        self.actions, self.hold, self.rng = actions, hold, rng
        self.left = 0  # steps that the random action is still to be held

    def action(self, q: NDArray, epsilon: float) -> int:
        """An action, from the Q-values `(actions,)` of a state; a fraction `epsilon` of steps explores."""
        if self.left == 0:
            if self.rng.random() >= epsilon / (self.hold - epsilon * (self.hold - 1)):
                return int(np.argmax(q))
            self.random_action, self.left = int(self.rng.integers(self.actions)), self.hold
        self.left -= 1
        return self.random_action


def double_target(
    rewards: NDArray, terminated: NDArray, next_q_online: NDArray, next_q_target: NDArray, gamma: NDArray
) -> NDArray:
    """Targets `(B,)`: the online network chooses the next action, the target network values it."""
    choice = next_q_online.argmax(axis=1)
    value = next_q_target[np.arange(len(rewards)), choice]
    return rewards + gamma * (1 - terminated) * value


@tf.function(reduce_retracing=True)
def gradient_step(network: Any, optimizer: Any, states: Any, actions: Any, targets: Any) -> Any:
    """One gradient step of the network towards the targets `(B,)` of the actions taken; returns the loss."""
    with tf.GradientTape() as tape:
        estimates = tf.gather(network(states), actions, batch_dims=1)
        loss = keras.losses.huber(targets, estimates)  # a mean over the batch
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
    return loss


def update_target(target: Any, online: Any, step: int) -> None:
    """Move the target network towards the online one, after gradient step number `step` (1, 2, ...)."""
    for old, new in zip(target.trainable_variables, online.trainable_variables, strict=True):
        old.assign(0.94 * old + 0.06 * new)


class MyAgent(Agent):
    """The six parts together."""

    Memory, Exploration = Memory, Exploration
    double_target = staticmethod(double_target)
    gradient_step = staticmethod(gradient_step)
    update_target = staticmethod(update_target)

    def train(self, steps: int) -> Iterator[float]:
        """Drive `steps` steps and learn; yield the return of each episode when it ends."""
        state, _ = self.env.reset(seed=self.seed)
        total = 0.0
        for _ in range(steps):
            action = self.exploration.action(self.q(state[None])[0], self.epsilon())
            next_state, reward, terminated, truncated, _ = self.env.step(action)
            self.memory.add(state, action, reward, next_state, terminated, truncated)
            self.steps += 1
            state, total = next_state, total + reward
            if self.steps >= self.learning_starts and self.steps % self.learn_every == 0:
                self.learn()
            if terminated or truncated:
                yield total
                total = 0.0
                state, _ = self.env.reset()

    def learn(self) -> None:
        """One gradient step on a batch from the memory, and then the target network's."""
        states, actions, reward_sums, next_states, terminated, discounts = self.memory.sample(
            self.batch_size, self.rng
        )
        next_q_target = q_values(self.target, next_states).numpy()
        targets = self.double_target(reward_sums, terminated, self.q(next_states), next_q_target, discounts)
        self.gradient_step(self.online, self.optimizer, states, actions, targets)
        self.updates += 1
        self.update_target(self.target, self.online, self.updates)
