"""The DQN agent: a network, a memory, a way to explore and a target to aim at, put together.

Mnih et al., "Human-level control through deep reinforcement learning", Nature 518 (2015), with Double
targets, n-step returns and a soft target update, each of which the configuration can switch off.
"""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib import targets as target_update
from dqn_lib.agents import learner, q_network
from dqn_lib.agents.q_network import QFunction
from dqn_lib.config import DQNConfig, check_integer, check_number
from dqn_lib.exploration import EpsilonGreedy, EpsilonSchedule
from dqn_lib.replay import Batch, ReplayMemory


class DQNAgent:
    """Acts on one state at a time, learns in chunks.

    `seed` decides everything random in a run: starting weights, exploration, replay and the episodes'
    start states. `xla=None` compiles with XLA where it works. A variant overrides a method, or one of
    its `Objective`'s.
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
        """Begin again with nothing learnt, as a new agent with this seed; without one, with the same.

        Live settings stay as they were changed.
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
        self.loss: float | None = None  # mean over the latest updates
        weights = q_network.initial_weights(self.sizes, self.config, for_weights)
        self.parameters = learner.initial_parameters(weights)  # (4, weights)

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
        self.parameters, losses = self._compiled()(
            self.parameters,
            *self._batches(),
            target_update.target_taus(config, self.updates, config.updates),
            np.float32(config.learning_rate),
            np.float32(self.updates),
            self.scaling,
        )
        self.updates += config.updates
        self.loss = float(losses.mean())

    def _batches(self) -> Batch:
        """What to learn from: `(updates, batch_size)` windows of the memory."""
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
        """Compile the gradient step now instead of at the first update, if no agent like this one has."""
        self._compiled()

    @property
    def parameters(self) -> NDArray[np.float32]:
        """Both networks and the optimiser's moving averages `(4, weights)`; see `learner`."""
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: NDArray[np.float32]) -> None:
        self._parameters = np.asarray(parameters, np.float32)  # what the compiled step takes
        self.q = self._q_function(learner.ONLINE)

    @property
    def target_q(self) -> QFunction:
        """The target network as it is now; as `q` is the online network."""
        return self._q_function(learner.TARGET)

    def _q_function(self, row: int) -> QFunction:
        weights = self._parameters[row].copy()  # a view would keep all four rows in memory
        return QFunction.from_flat(weights, self.sizes).with_scaling(*self.scaling)

    # --- state --------------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """Everything that changes during a run: copies of arrays, and plain numbers."""
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
        """Go on from where `get_state` was called."""
        for name in ("steps", "episodes", "updates"):
            check_integer(name, state[name], low=0, high=2**53)
            setattr(self, name, state[name])
        if state["loss"] is not None:
            check_number("loss", state["loss"])
        self.loss = state["loss"]
        self.memory.set_state(state["memory"])
        self.exploration.set_state(state["exploration"])
        self.parameters = state["parameters"].copy()
