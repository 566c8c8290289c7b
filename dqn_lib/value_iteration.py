"""The answer key: value iteration on a fine grid, the exact solution of MountainCar-v0 to its own error.

The state space has two dimensions, so it can simply be solved: lay a grid over it, look one step ahead
from every grid point, read the next state's value by bilinear interpolation, repeat until nothing
changes (Sutton and Barto, 2nd edition, section 4.4). The time limit is not part of the problem solved
here: the optimal car never needs it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dqn_lib import mountain_car as car
from dqn_lib.config import check_integer, check_number


@dataclass(frozen=True)
class ExactSolution:
    """V* on a grid, and everything that follows from it.

    `values` has shape `(positions, velocities)`; the grid's last position is the flag's.
    """

    gamma: float
    positions: NDArray[np.float64]
    velocities: NDArray[np.float64]
    values: NDArray[np.float64]
    sweeps: int

    def v(self, states: ArrayLike) -> NDArray[np.float64]:
        """V* `(...)` of states `(..., 2)`: the largest of their Q-values."""
        return self.q(states).max(axis=-1)

    def q(self, states: ArrayLike) -> NDArray[np.float64]:
        """Q* `(..., 3)` of states `(..., 2)`, by one step of lookahead; 0 at the flag."""
        states = np.asarray(states, dtype=float)
        after, arrived = car.step(states[..., None, :], np.arange(3))  # (..., 3, 2)
        corners, weights = _interpolation(after, self.positions, self.velocities)
        beyond = (self.values.ravel()[corners] * weights).sum(axis=-1)
        at_flag = (states[..., 0] >= car.GOAL_POSITION) & (states[..., 1] >= car.GOAL_VELOCITY)
        return np.where(at_flag[..., None], 0.0, -1.0 + self.gamma * np.where(arrived, 0.0, beyond))

    def greedy(self, states: ArrayLike) -> NDArray[np.int64]:
        """The optimal action `(...)` in states `(..., 2)`."""
        return self.q(states).argmax(axis=-1)

    @cached_property
    def returns(self) -> NDArray[np.float64]:
        """Undiscounted returns of the greedy policy from 2,000 start states, driven for real."""
        return car.simulate(self.greedy, car.start_states(2_000, seed=0)).returns


def solve(
    points: int = 201, gamma: float = 1.0, tolerance: float = 1e-3, max_sweeps: int = 5_000
) -> ExactSolution:
    """Value iteration on `points` x `points` states until no value moves by more than `tolerance`."""
    check_integer("points", points, low=3, high=2001)
    check_number("gamma", gamma, 0.0, 1.0)
    check_number("tolerance", tolerance, 1e-12, 1.0)
    check_integer("max_sweeps", max_sweeps, low=1)
    positions = np.linspace(car.MIN_POSITION, car.GOAL_POSITION, points)
    velocities = np.linspace(-car.MAX_SPEED, car.MAX_SPEED, points)
    states = np.stack(np.meshgrid(positions, velocities, indexing="ij"), axis=-1)
    after, arrived = car.step(states[..., None, :], np.arange(3))  # (points, points, 3, 2)
    corners, weights = _interpolation(after, positions, velocities)
    weights = gamma * weights * ~arrived[..., None]
    at_flag = (states[..., 0] >= car.GOAL_POSITION) & (states[..., 1] >= car.GOAL_VELOCITY)

    values = np.zeros(points * points)
    for sweep in range(1, max_sweeps + 1):
        q = -1.0 + np.einsum("...k,...k->...", values.take(corners), weights)
        better = np.where(at_flag, 0.0, q.max(axis=-1)).ravel()
        change = np.abs(better - values).max()
        values = better
        if change <= tolerance:
            return ExactSolution(gamma, positions, velocities, values.reshape(points, points), sweep)
    raise RuntimeError(
        f"values still move by {change:.2g} after {max_sweeps} sweeps, tolerance is {tolerance:g}"
    )


def _interpolation(
    states: NDArray[np.float64], positions: NDArray[np.float64], velocities: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Flat indices and weights `(..., 4)` of the grid points around states `(..., 2)`."""
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


@dataclass(frozen=True)
class MeasuredReturn:
    """A mean return and how far it can be trusted."""

    mean_return: float
    error: float


def optimal_return(points: int = 401) -> MeasuredReturn:
    """The optimal mean return, and its error: the difference to a grid half as fine."""
    check_integer("points", points, low=5, high=2001)
    fine, coarse = solve(points), solve(points // 2 + 1)
    mean = float(fine.returns.mean())
    return MeasuredReturn(mean, abs(mean - float(coarse.returns.mean())))
