"""The DQN agent: a network, a memory, a way to explore and a target to aim at, put together.

Mnih et al., "Human-level control through deep reinforcement learning", Nature 518 (2015), with Double
targets, n-step returns and a soft target update, each of which the configuration can switch off.
"""

from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib import target_update
from dqn_lib.agents import q_network
from dqn_lib.agents.backend import keras, tf, xla_works
from dqn_lib.agents.spaces import check_spaces
from dqn_lib.checks import check_integer, check_number
from dqn_lib.config import DQNConfig
from dqn_lib.exploration import EpsilonGreedy, EpsilonSchedule
from dqn_lib.replay import Batch, ReplayMemory
from dqn_lib.td import double_td_target, td_target

tnp = tf.experimental.numpy


class DQNAgent:
    """Acts on one state at a time, learns in chunks.

    `seed` decides everything random in a run: starting weights, exploration, replay and the episodes'
    start states. `xla=None` compiles with XLA where it works.
    """

    def __init__(
        self, env: gym.Env, config: DQNConfig | None = None, *, seed: int = 0, xla: bool | None = None
    ) -> None:
        check_spaces(env)
        self.config = config = config or DQNConfig()
        self.spaces = {"states": str(env.observation_space), "actions": str(env.action_space)}
        self.sizes = (env.observation_space.shape[0], *config.hidden, int(env.action_space.n))
        self.schedule = EpsilonSchedule(
            config.epsilon_start, config.epsilon_end, config.epsilon_wait, config.epsilon_decay
        )
        self._scaling = q_network.input_scaling(env.observation_space, config.input_range)
        self._build = partial(q_network.build, env, config)

        generators = self._generators(seed)
        self.online = self._build(generators[0])
        self.target = keras.models.clone_model(self.online)
        self.optimizer = keras.optimizers.Adam(config.learning_rate)
        self.optimizer.build(self.online.trainable_variables)
        self._begin(self.online.get_weights(), *generators[1:])
        self._learn = tf.function(
            self._gradient_steps, jit_compile=xla_works() if xla is None else xla, autograph=False
        )
        self._learn.get_concrete_function(*self._nothing())  # traced once, here; never again

    def restart(self, seed: int | None = None) -> None:
        """Begin again with nothing learnt, as a new agent with this seed, but compiled already.

        Without `seed`, with the same one again. Live settings stay as they were changed.
        """
        generators = self._generators(self.seed if seed is None else seed)
        for variable in self.optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        self.optimizer.learning_rate.assign(self.config.learning_rate)
        self._begin(self._build(generators[0]).get_weights(), *generators[1:])

    def _generators(self, seed: int) -> list[np.random.Generator]:
        """One generator each for the starting weights, the exploration and the memory."""
        check_integer("seed", seed, low=0)
        self.seed = int(seed)
        return np.random.default_rng(self.seed).spawn(3)

    def _begin(
        self,
        weights: list[NDArray[np.float32]],
        for_exploration: np.random.Generator,
        for_memory: np.random.Generator,
    ) -> None:
        self.online.set_weights(weights)
        self.target.set_weights(weights)
        self.memory = ReplayMemory(self.config.memory_size, self.sizes[0], for_memory)
        self.exploration = EpsilonGreedy(self.sizes[-1], for_exploration)
        self.steps = 0  # environment steps
        self.episodes = 0
        self.updates = 0  # gradient steps
        self.loss: float | None = None  # mean over the last visit to the optimiser
        self.refresh()

    # --- acting -------------------------------------------------------------------------------------

    @property
    def epsilon(self) -> float:
        """The fraction of steps that explore, now."""
        return self.schedule(self.steps) if self.config.epsilon is None else self.config.epsilon

    def act(self, state: NDArray) -> int:
        """The action for one state `(state_size,)`: exploring or greedy."""
        action = self.exploration.explore(self.epsilon, self.config.hold)
        return int(self.q.greedy(state)) if action is None else action

    def observe(
        self,
        state: NDArray,
        action: int,
        reward: float,
        next_state: NDArray,
        *,
        terminated: bool,
        truncated: bool,
    ) -> None:
        """Take in what happened; every `learn_every` steps, learn."""
        self.memory.add(state, action, reward, next_state, terminated=terminated, truncated=truncated)
        self.steps += 1
        if self.steps >= self.config.learning_starts and self.steps % self.config.learn_every == 0:
            self.learn()

    def end_episode(self) -> None:
        """The episode is over, or was broken off."""
        self.memory.end_episode()

    def change(self, **settings: Any) -> None:
        """Change live settings of the running agent, such as `gamma`; they act from the next step on."""
        self.config = self.config.change_live(**settings)

    # --- learning -----------------------------------------------------------------------------------

    def learn(self) -> None:
        """Take `updates` gradient steps, each on its own batch from the memory."""
        config = self.config
        losses, weights = self._learn(
            self._batches(),
            target_update.shares(config, self.updates, config.updates),
            np.float32(config.learning_rate),
        )
        self.updates += config.updates
        self.loss = float(losses.numpy().mean())
        self._act_with(weights.numpy())

    def _batches(self) -> Batch:
        """What this visit learns from: `(updates, batch_size)` windows of the memory."""
        config = self.config
        return self.memory.sample((config.updates, config.batch_size), config.n_step, config.gamma)

    def _gradient_steps(self, batches: Batch, shares: Any, learning_rate: Any) -> tuple[Any, Any]:
        """Compiled: one gradient step per entry of the batches' first axis. Losses and new weights."""
        self.optimizer.learning_rate.assign(learning_rate)
        losses = tf.map_fn(
            lambda args: self._gradient_step(*args),
            (Batch(*map(tf.convert_to_tensor, batches)), shares),
            fn_output_signature=tf.float32,
            parallel_iterations=1,  # strictly in order: each step starts from the one before
        )
        return losses, tf.concat([tf.reshape(v, [-1]) for v in self.online.trainable_variables], axis=0)

    def _gradient_step(self, batch: Batch, share: Any) -> Any:
        """One gradient step on one batch, then the target network moves; returns the mean loss."""
        targets = self._targets(batch)  # [B]; computed outside the tape: no gradient flows into them
        with tf.GradientTape() as tape:
            loss = self._batch_loss(batch, targets)
        variables = self.online.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        for target, online in zip(self.target.trainable_variables, variables, strict=True):
            target.assign(target_update.move(target, online, share))
        return loss

    def _batch_loss(self, batch: Batch, targets: Any) -> Any:
        q = self.online(batch.states)  # [B, A]
        taken = tf.one_hot(batch.actions, q.shape[-1])
        error = targets - tf.reduce_sum(q * taken, axis=-1)  # [B], only the action that was taken
        return tf.reduce_mean(self._loss(error))

    def _targets(self, batch: Batch) -> Any:
        next_q = self.target(batch.next_states)
        if not self.config.double:
            return td_target(batch.returns, batch.terminated, next_q, batch.discounts, xp=tnp)
        chooser = self.online(batch.next_states)
        return double_td_target(batch.returns, batch.terminated, next_q, chooser, batch.discounts, xp=tnp)

    def _loss(self, error: Any) -> Any:
        """Squared error, or Huber's: squared up to 1, linear beyond, so that no outlier pulls too hard."""
        if self.config.loss == "squared":
            return 0.5 * error**2
        size = tf.abs(error)
        return tf.where(size < 1.0, 0.5 * error**2, size - 0.5)

    def compile(self) -> None:
        """Compile the learning step now, about a second, instead of at the first update."""
        before = self.get_state()
        self._learn(*self._nothing())
        self.set_state(before)

    def _nothing(self) -> tuple[Batch, NDArray[np.float32], np.float32]:
        """Arguments for `_learn` of the right shapes, with nothing in them."""
        shape = (self.config.updates, self.config.batch_size)
        memory = ReplayMemory(1, self.sizes[0], np.random.default_rng(0))
        memory.added = 1
        return memory.sample(shape, 1, 1.0), np.zeros(shape[0], np.float32), np.float32(0.0)

    def refresh(self) -> None:
        """Act with what the online network knows now. `learn` does it; call it after `set_weights`."""
        self._act_with(np.concatenate([np.ravel(v) for v in self.online.get_weights()]))

    def _act_with(self, weights: NDArray[np.float32]) -> None:
        self.q = q_network.QFunction.from_flat(weights, self.sizes).with_scaling(*self._scaling)

    # --- state --------------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """Everything that changes during a run: copies of arrays, and plain numbers."""
        return {
            "steps": self.steps,
            "episodes": self.episodes,
            "updates": self.updates,
            "loss": self.loss,
            "online": {i: np.array(v.numpy()) for i, v in enumerate(self.online.trainable_variables)},
            "target": {i: np.array(v.numpy()) for i, v in enumerate(self.target.trainable_variables)},
            "optimizer": {i: np.array(v.numpy()) for i, v in enumerate(self.optimizer.variables)},
            "memory": self.memory.get_state(),
            "exploration": self.exploration.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from where `get_state` was called."""
        for name in ("steps", "episodes", "updates"):
            check_integer(name, state[name], low=0, high=2**53)
            setattr(self, name, state[name])
        if state["loss"] is not None:
            check_number("loss", state["loss"])
        self.loss = state["loss"]
        self.online.set_weights(list(state["online"].values()))
        self.target.set_weights(list(state["target"].values()))
        for variable, value in zip(self.optimizer.variables, state["optimizer"].values(), strict=True):
            variable.assign(value)
        self.memory.set_state(state["memory"])
        self.exploration.set_state(state["exploration"])
        self.refresh()
