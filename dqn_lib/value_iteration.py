"""The exact solution of MountainCar-v0: value iteration on a fine grid.

The state space has only two dimensions. So take one step from every point of a grid, read the next
state's value by bilinear interpolation, and repeat until the values stop changing (Sutton and Barto, 2nd
edition, section 4.4). The time limit is not part of the problem that is solved: an optimal episode is
shorter.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dqn_lib import mountain_car as car
from dqn_lib.config import check_integer, check_number


@dataclass(frozen=True)
class ExactSolution:
    """V* on a grid, and the Q* and policy that follow from it.

    `values` has shape `(positions, velocities)`. The last position of the grid is the flag's.
    """

    gamma: float
    positions: NDArray[np.float64]
    velocities: NDArray[np.float64]
    values: NDArray[np.float64]
    sweeps: int

    def v(self, states: ArrayLike) -> NDArray[np.float64]:
        """V* `(...)` of states `(..., 2)`: the maximum over actions of Q*."""
        return self.q(states).max(axis=-1)

    def q(self, states: ArrayLike) -> NDArray[np.float64]:
        """Q* `(..., 3)` of states `(..., 2)`: one step, then V* of the next state; 0 in terminal states."""
        states = np.asarray(states, dtype=float)
        next_states, terminated = car.step(states[..., None, :], np.arange(3))  # (..., 3, 2), (..., 3)
        corners, weights = _interpolation(next_states, self.positions, self.velocities)
        next_values = np.where(terminated, 0.0, (self.values.ravel()[corners] * weights).sum(axis=-1))
        return np.where(car.at_goal(states)[..., None], 0.0, -1.0 + self.gamma * next_values)

    def greedy(self, states: ArrayLike) -> NDArray[np.int64]:
        """The optimal action `(...)` in states `(..., 2)`."""
        return self.q(states).argmax(axis=-1)

    @cached_property
    def returns(self) -> NDArray[np.float64]:
        """Undiscounted returns `(2000,)` of simulated episodes of the greedy policy."""
        return car.simulate(self.greedy, car.start_states(2_000, seed=0)).returns


def solve(
    points: int = 201, gamma: float = 1.0, tolerance: float = 1e-3, max_sweeps: int = 5_000
) -> ExactSolution:
    """Value iteration on `points` x `points` states until no value changes by more than `tolerance`.

    Raises:
        TypeError: if an argument is not a number of its kind.
        ValueError: if an argument is out of range.
        RuntimeError: if values still change by more than `tolerance` after `max_sweeps` sweeps.
    """
    check_integer("points", points, low=3, high=2001)
    check_number("gamma", gamma, 0.0, 1.0)
    check_number("tolerance", tolerance, 1e-12, 1.0)
    check_integer("max_sweeps", max_sweeps, low=1)
    positions = np.linspace(car.MIN_POSITION, car.GOAL_POSITION, points)
    velocities = np.linspace(-car.MAX_SPEED, car.MAX_SPEED, points)
    states = np.stack(np.meshgrid(positions, velocities, indexing="ij"), axis=-1)
    next_states, terminated = car.step(states[..., None, :], np.arange(3))  # (points, points, 3, 2)
    corners, weights = _interpolation(next_states, positions, velocities)
    weights = gamma * weights * ~terminated[..., None]
    terminal = car.at_goal(states)

    values = np.zeros(points * points)
    for sweep in range(1, max_sweeps + 1):
        q = -1.0 + np.einsum("...k,...k->...", values.take(corners), weights)
        new_values = np.where(terminal, 0.0, q.max(axis=-1)).ravel()
        change = np.abs(new_values - values).max()
        values = new_values
        if change <= tolerance:
            return ExactSolution(gamma, positions, velocities, values.reshape(points, points), sweep)
    raise RuntimeError(
        f"values still change by {change:.2g} after {max_sweeps} sweeps, tolerance is {tolerance:g}"
    )


def _interpolation(
    states: NDArray[np.float64], positions: NDArray[np.float64], velocities: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Flat indices and weights, each `(..., 4)`, of the four grid points around states `(..., 2)`."""
    axes = []
    for values, grid in ((states[..., 0], positions), (states[..., 1], velocities)):
        place = np.clip((values - grid[0]) / (grid[1] - grid[0]), 0, len(grid) - 1)
        below = np.minimum(place.astype(np.int64), len(grid) - 2)
        axes.append((below, place - below))
    (i, x), (j, y) = axes
    columns = len(velocities)
    corner = i * columns + j
    corners = np.stack([corner, corner + 1, corner + columns, corner + columns + 1], axis=-1)
    return corners, np.stack([(1 - x) * (1 - y), (1 - x) * y, x * (1 - y), x * y], axis=-1)
