"""The DQN agent: a Q-network, a replay memory, exploration and a target network.

Mnih et al., "Human-level control through deep reinforcement learning", Nature 518 (2015), with Double DQN,
n-step returns and soft target updates; the configuration can disable each of them.
"""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib.agents import learner, q_network
from dqn_lib.agents.q_network import QFunction
from dqn_lib.config import DQNConfig, check_integer, check_number
from dqn_lib.exploration import EpsilonGreedy, EpsilonSchedule
from dqn_lib.replay import Batch, ReplayMemory
from dqn_lib.targets import target_taus


class DQNAgent:
    """An agent that acts on one state at a time, and learns in chunks of gradient steps.

    `seed` determines all random numbers of a run: initial weights, exploration, replay and start states.
    With `xla=None`, XLA compiles the gradient steps where it works. A variant of the agent overrides a
    method, or a method of its `Objective`.

    Raises:
        TypeError: if `seed` is not an integer, or the environment has other kinds of states or actions.
        ValueError: if `seed` is negative, or the actions are not 0, 1, ..., n - 1.
    """

    Config = DQNConfig
    Objective = learner.Objective

    def __init__(
        self, env: gym.Env, config: DQNConfig | None = None, *, seed: int = 0, xla: bool | None = None
    ) -> None:
        self.config = config = config or self.Config()
        self.spaces = {"states": str(env.observation_space), "actions": str(env.action_space)}
        self.sizes = q_network.layer_sizes(env, config)
        self.scaling = np.array(
            q_network.input_scaling(env.observation_space, config.input_range), np.float32
        )  # (2, state_size)
        self.schedule = EpsilonSchedule(
            config.epsilon_start, config.epsilon_end, config.epsilon_wait, config.epsilon_decay
        )
        self.xla = xla
        self.seed = seed
        self.restart()

    def restart(self, seed: int | None = None) -> None:
        """Reinitialise with this seed, by default the same one; keep live settings and the compiled step.

        Raises:
            TypeError: if `seed` is not an integer.
            ValueError: if it is negative.
        """
        seed = self.seed if seed is None else seed
        check_integer("seed", seed, low=0)
        self.seed = int(seed)
        for_weights, for_exploration, for_memory = np.random.default_rng(self.seed).spawn(3)
        self.memory = ReplayMemory(self.config.memory_size, self.sizes[0], for_memory)
        self.exploration = EpsilonGreedy(self.sizes[-1], for_exploration)
        self.steps = 0  # environment steps
        self.episodes = 0
        self.updates = 0  # gradient steps
        self.loss: float | None = None  # mean over the latest gradient steps
        layers = q_network.initial_layers(self.sizes, self.config, for_weights)
        self.parameters = learner.initial_parameters(layers)

    @property
    def epsilon(self) -> float:
        """The current fraction of steps that explore."""
        return self.schedule(self.steps) if self.config.epsilon is None else self.config.epsilon

    def act(self, state: NDArray) -> int:
        """The action for one state `(state_size,)`: random or greedy."""
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
        """Store a transition; learn every `learn_every` steps.

        Raises:
            TypeError: if the action is not an integer.
            ValueError: if a state or the reward is not finite, or a state has another shape.
        """
        self.memory.add(state, action, reward, next_state, terminated=terminated, truncated=truncated)
        self.steps += 1
        if self.steps >= self.config.learning_starts and self.steps % self.config.learn_every == 0:
            self.learn()

    def end_episode(self) -> None:
        """Called after the last step of an episode, or when it is interrupted."""
        self.memory.end_episode()

    def change(self, **settings: Any) -> None:
        """Change live settings, such as `gamma`, from the next step on.

        Raises:
            TypeError: if a value has another type.
            ValueError: if a setting is not live, or a value is out of bounds.
        """
        self.config = self.config.change_live(**settings)

    def learn(self) -> None:
        """Take `updates` gradient steps, each on another batch of the replay memory.

        Raises:
            ValueError: if the memory is empty.
        """
        config = self.config
        self.parameters, losses = self._compiled()(
            self.parameters,
            *self._batches(),
            target_taus(config, self.updates, config.updates),
            np.float32(config.learning_rate),
            np.float32(self.updates),
            self.scaling,
        )
        self.updates += config.updates
        self.loss = float(losses.mean())

    def _batches(self) -> Batch:
        """`(updates, batch_size)` windows of the replay memory."""
        config = self.config
        return self.memory.sample((config.updates, config.batch_size), config.n_step, config.gamma)

    def _objective(self) -> learner.Objective:
        return self.Objective(self.config.double, self.config.loss)

    def _compiled(self) -> learner.Steps:
        config = self.config
        return learner.compiled_steps(
            self._objective(), self.sizes, config.updates, config.batch_size, self.xla
        )

    def compile(self) -> None:
        """Compile the gradient steps now, not at the first of them."""
        self._compiled()

    @property
    def parameters(self) -> NDArray[np.float32]:
        """Both networks and Adam's moving averages `(4, weights)`; `learner` names the rows."""
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: NDArray[np.float32]) -> None:
        self._parameters = np.asarray(parameters, np.float32)
        self.q = self._q_function(learner.ONLINE)

    @property
    def target_q(self) -> QFunction:
        """The current target network; `q` is the online network."""
        return self._q_function(learner.TARGET)

    def _q_function(self, row: int) -> QFunction:
        weights = self._parameters[row].copy()  # a view would keep all four rows in memory
        return QFunction.from_flat(weights, self.sizes).with_scaling(*self.scaling)

    def get_state(self) -> dict[str, Any]:
        """Everything that changes during a run except the configuration: copies of arrays, and numbers."""
        return {
            "steps": self.steps,
            "episodes": self.episodes,
            "updates": self.updates,
            "loss": self.loss,
            "parameters": self.parameters.copy(),
            "memory": self.memory.get_state(),
            "exploration": self.exploration.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore what `get_state` returned.

        Raises:
            TypeError: if a number has another type.
            ValueError: if a number is out of range, or an array has another shape or is not finite.
        """
        for name in ("steps", "episodes", "updates"):
            check_integer(name, state[name], low=0, high=2**53)
            setattr(self, name, state[name])
        if state["loss"] is not None:
            check_number("loss", state["loss"])
        self.loss = state["loss"]
        self.memory.set_state(state["memory"])
        self.exploration.set_state(state["exploration"])
        self.parameters = state["parameters"].copy()
