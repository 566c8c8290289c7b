"""Q-learning with a table: one value for every cell of the state space and every action.

Watkins (PhD thesis, Cambridge 1989); Sutton and Barto, 2nd edition, section 6.5.
"""

from math import isfinite
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from dqn_lib.config import TableConfig, check_finite, check_integer, check_number
from dqn_lib.environments import check_spaces
from dqn_lib.exploration import EpsilonGreedy
from dqn_lib.targets import td_target

LARGEST_TABLE = 10_000_000  # entries: 80 MB


class TableQ:
    """A Q-function: a table over the box from `low` to `high`, with `cells` cells along each axis.

    `values` has shape `(cells, ..., cells, actions)`. `rows` is a view of it with one row for each cell,
    `(cells ** state_size, actions)`.
    """

    def __init__(
        self, values: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
    ) -> None:
        self.values, self.low, self.high = values, low, high
        self.rows = values.reshape(-1, values.shape[-1])
        self.cells = values.shape[0]
        self._per_unit = self.cells / (high - low)
        self._axes = list(zip(low.tolist(), self._per_unit.tolist(), strict=True))
        self._strides = self.cells ** np.arange(len(low))[::-1]

    def cell(self, states: ArrayLike) -> NDArray[np.int64]:
        """The index of the cell `(...)` of each of the states `(..., state_size)`.

        States outside the box, and on its upper edge, belong to the nearest cell.
        """
        scaled = (states - self.low) * self._per_unit
        return np.minimum(np.maximum(scaled, 0), self.cells - 1).astype(np.int64) @ self._strides

    def row(self, state: NDArray) -> NDArray[np.float64]:
        """The Q-values `(actions,)` of one state `(state_size,)`, as a view into the table.

        For one state, Python's numbers are faster than arrays, and every step needs three rows.
        """
        index, last = 0, self.cells - 1
        for x, (low, per_unit) in zip(state.tolist(), self._axes, strict=True):
            index = index * self.cells + int(min(max((x - low) * per_unit, 0.0), last))
        return self.rows[index]

    def __call__(self, states: ArrayLike) -> NDArray[np.float64]:
        """Q-values `(..., actions)` of states `(..., state_size)`."""
        return self.rows[self.cell(states)]

    def greedy(self, states: ArrayLike) -> NDArray[np.int64]:
        """The action `(...)` with the largest value, the first of equal ones."""
        return self(states).argmax(axis=-1)

    def copy(self) -> "TableQ":
        """A copy with its own array."""
        return TableQ(self.values.copy(), self.low, self.high)


class QTableAgent:
    """An epsilon-greedy agent that updates its table at every step.

    Raises:
        TypeError: if `seed` is not an integer, or the environment has other kinds of states or actions.
        ValueError: if `seed` is negative, the states have no finite bounds, or the table is too large.
    """

    loss = None  # there is no gradient step

    def __init__(self, env: gym.Env, config: TableConfig | None = None, *, seed: int = 0) -> None:
        check_spaces(env)
        self.config = config = config or TableConfig()
        space = env.observation_space
        if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
            raise ValueError(f"a table needs finite bounds on every component of the state, got {space}")
        shape = (*[config.cells] * space.shape[0], int(env.action_space.n))
        if np.prod(shape, dtype=float) > LARGEST_TABLE:
            raise ValueError(f"cells gives a table of {shape} entries; at most {LARGEST_TABLE:,} are allowed")
        self.table = TableQ(
            np.full(shape, config.initial_value), space.low.astype(float), space.high.astype(float)
        )
        self.seed = seed
        self.restart()

    def restart(self, seed: int | None = None) -> None:
        """Reinitialise with this seed, by default the same one; keep live settings.

        Raises:
            TypeError: if `seed` is not an integer.
            ValueError: if it is negative.
        """
        seed = self.seed if seed is None else seed
        check_integer("seed", seed, low=0)
        self.seed = int(seed)
        self.table.values[:] = self.config.initial_value
        self.exploration = EpsilonGreedy(self.table.values.shape[-1], np.random.default_rng(self.seed))
        self.steps = 0
        self.episodes = 0

    @property
    def q(self) -> TableQ:
        """A copy of the table."""
        return self.table.copy()

    @property
    def epsilon(self) -> float:
        """The current fraction of steps that explore."""
        return self.config.epsilon

    def act(self, state: NDArray) -> int:
        """The action for one state `(state_size,)`: random or greedy."""
        action = self.exploration.explore(self.config.epsilon, self.config.hold)
        return int(self.table.row(state).argmax()) if action is None else action

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
        """Move the Q-value of the action towards its TD target.

        Raises:
            TypeError: if the action is not an integer.
            ValueError: if a state or the reward is not finite, or there is no such action. The table is then
                unchanged.
        """
        actions = self.table.rows.shape[1]
        # Validate before writing. Sums of Python's numbers are faster here than NumPy's functions.
        if not isfinite(sum(np.asarray(state).tolist()) + sum(np.asarray(next_state).tolist()) + reward):
            check_finite("state", state)
            check_finite("next_state", next_state)
            check_number("reward", reward)
        if type(action) is not int or not 0 <= action < actions:
            check_integer("action", action, low=0, high=actions - 1)
        row = self.table.row(state)
        target = td_target(reward, terminated, self.table.row(next_state), self.config.gamma)
        row[action] += self.config.learning_rate * (target - row[action])
        self.steps += 1

    def end_episode(self) -> None:
        """Does nothing: there is no replay memory."""

    def change(self, **settings: Any) -> None:
        """Change live settings from the next step on.

        Raises:
            TypeError: if a value has another type.
            ValueError: if a setting is not live, or a value is out of bounds.
        """
        self.config = self.config.change_live(**settings)

    def get_state(self) -> dict[str, Any]:
        """Everything that changes during a run except the configuration."""
        return {
            "steps": self.steps,
            "episodes": self.episodes,
            "values": self.table.values.copy(),
            "exploration": self.exploration.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore what `get_state` returned."""
        self.steps, self.episodes = state["steps"], state["episodes"]
        self.table.values[:] = state["values"]
        self.exploration.set_state(state["exploration"])
