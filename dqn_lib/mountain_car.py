"""The environment MountainCar-v0: an underpowered car in a valley, and a flag on the hill to its right.

The rules are those of Gymnasium's MountainCar-v0 (A. Moore, PhD thesis, Cambridge 1990). `make` returns
the real environment. `step` and `simulate` are the same arithmetic on arrays, so that a thousand episodes
run at once; the tests compare them with Gymnasium transition by transition.

A state is `(position, velocity)`. Positions have no unit; velocities are positions per step. Arrays of
states have shape `(..., 2)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from dqn_lib.config import check_finite, check_integer

ENV_ID = "MountainCar-v0"
STATE_NAMES = ("position", "velocity")
ACTION_NAMES = ("push left", "coast", "push right")

MIN_POSITION, MAX_POSITION = -1.2, 0.6
MAX_SPEED = 0.07
GOAL_POSITION, GOAL_VELOCITY = 0.5, 0.0
START_POSITIONS = (-0.6, -0.4)
FORCE, GRAVITY = 0.001, 0.0025
MAX_STEPS = 200

STATE_LOW = np.array([MIN_POSITION, -MAX_SPEED])
STATE_HIGH = np.array([MAX_POSITION, MAX_SPEED])

RANDOM_RETURN = -200.0  # the return of an episode that never reaches the flag
SOLVED_RETURN = -110.0  # Gymnasium's `reward_threshold`: a mean return of this or more solves the task
OPTIMAL_RETURN = -97.6  # of the best policy, mean over the start distribution; see `dqn_lib.value_iteration`
OPTIMAL_CHECK_RETURN = -96.5  # of the best policy, mean over the 100 starts of a check

Policy = Callable[[NDArray[np.float32]], NDArray[np.integer]]
"""Actions `(n,)` for states `(n, 2)`."""


def make(**options: Any) -> gym.Env:
    """Gymnasium's own MountainCar-v0; `options` go to `gymnasium.make`."""
    return gym.make(ENV_ID, **options)


def height(position: ArrayLike) -> NDArray[np.float64]:
    """Height of the track as Gymnasium draws it: `0.45 sin(3x) + 0.55`."""
    return np.sin(3 * np.asarray(position)) * 0.45 + 0.55


def energy(states: ArrayLike) -> NDArray[np.float64]:
    """Mechanical energy per unit of mass of states `(..., 2)`, zero at rest in the valley.

    Gravity pulls with `-0.0025 cos(3x)`, so the potential is `0.0025 sin(3x) / 3`.
    """
    position, velocity = np.moveaxis(np.asarray(states, dtype=float), -1, 0)
    return 0.5 * velocity**2 + GRAVITY * (np.sin(3 * position) + 1) / 3


def at_goal(states: ArrayLike) -> NDArray[np.bool_]:
    """Whether each of the states `(..., 2)` ends an episode: at or beyond the flag, and not rolling back."""
    position, velocity = np.moveaxis(np.asarray(states), -1, 0)
    return (position >= GOAL_POSITION) & (velocity >= GOAL_VELOCITY)


def step(states: ArrayLike, actions: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """One step of the dynamics for states `(..., 2)` and actions `(...)`.

    Returns the next states `(..., 2)` and whether each of them is terminal `(...)`. The reward is always
    -1, so it is not returned. The time limit is not part of the dynamics.
    """
    position, velocity = np.moveaxis(np.asarray(states, dtype=float), -1, 0)
    velocity = velocity + (np.asarray(actions) - 1) * FORCE + np.cos(3 * position) * -GRAVITY
    velocity = np.clip(velocity, -MAX_SPEED, MAX_SPEED)
    position = np.clip(position + velocity, MIN_POSITION, MAX_POSITION)
    velocity = np.where((position == MIN_POSITION) & (velocity < 0), 0.0, velocity)
    next_states = np.stack([position, velocity], axis=-1)
    return next_states, at_goal(next_states)


def start_states(count: int, seed: int) -> NDArray[np.float64]:
    """`count` start states `(count, 2)` from the environment's start distribution.

    Raises:
        TypeError: if `count` is not an integer.
        ValueError: if `count` is less than 1.
    """
    check_integer("count", count, low=1)
    positions = np.random.default_rng(seed).uniform(*START_POSITIONS, size=count)
    return np.stack([positions, np.zeros(count)], axis=-1)


@dataclass(frozen=True)
class Rollout:
    """Many episodes, simulated at the same time.

    `states` has shape `(steps + 1, n, 2)` and `actions` `(steps, n)`. After the end of an episode its last
    state is repeated and its action is -1. `lengths` `(n,)` is the number of steps of each episode,
    `reached` `(n,)` whether it ended at the flag.
    """

    states: NDArray[np.float64]
    actions: NDArray[np.int64]
    lengths: NDArray[np.int64]
    reached: NDArray[np.bool_]

    @property
    def returns(self) -> NDArray[np.float64]:
        """Undiscounted return of each episode `(n,)`: -1 for every step."""
        return -self.lengths.astype(float)

    @property
    def visited(self) -> NDArray[np.float64]:
        """The state before every step of every episode, `(sum of lengths, 2)`."""
        return self.states[:-1][self.actions >= 0]

    def trajectory(self, car: int) -> NDArray[np.float64]:
        """The states of one episode, `(length + 1, 2)`; the first is its start state."""
        return self.states[: self.lengths[car] + 1, car]


def simulate(policy: Policy | ArrayLike, starts: ArrayLike, max_steps: int = MAX_STEPS) -> Rollout:
    """Run one episode from each of `starts` `(n, 2)` under `policy`, to the flag or for `max_steps` steps.

    The policy is called with float32 states, as Gymnasium's observations are. Instead of a policy,
    `policy` may be an array of actions `(max_steps, n)`.

    Raises:
        TypeError: if `max_steps` is not an integer.
        ValueError: if `starts` or the actions have another shape, if a start is not finite, or if an
            action is not 0, 1 or 2.
    """
    check_integer("max_steps", max_steps, low=1)
    now = np.array(starts, dtype=float)
    if now.ndim != 2 or now.shape[1] != len(STATE_NAMES):
        raise ValueError(f"starts must have the shape (n, {len(STATE_NAMES)}), got {now.shape}")
    check_finite("starts", now)
    plan = None if callable(policy) else np.asarray(policy)
    if plan is not None and plan.shape != (max_steps, len(now)):
        raise ValueError(f"actions must have the shape {(max_steps, len(now))}, got {plan.shape}")
    if plan is not None and not np.isin(plan, range(len(ACTION_NAMES))).all():
        raise ValueError(f"actions must be 0, 1 or 2, got {np.setdiff1d(plan, range(len(ACTION_NAMES)))[0]}")
    driving = np.ones(len(now), dtype=bool)
    lengths = np.zeros(len(now), dtype=np.int64)
    states, actions = [now.copy()], []
    for t in range(max_steps):
        chosen = np.full(len(now), -1)
        if plan is None:
            chosen[driving] = _actions(policy(now[driving].astype(np.float32)))
        else:
            chosen[driving] = plan[t, driving]
        now[driving], arrived = step(now[driving], chosen[driving])
        lengths[driving] += 1
        driving[driving] = ~arrived
        states.append(now.copy())
        actions.append(chosen)
        if not driving.any():
            break
    return Rollout(np.array(states), np.array(actions), lengths, reached=~driving)


def _actions(chosen: ArrayLike) -> NDArray:
    """The actions that a policy has chosen, as an array of 0, 1 and 2."""
    actions = np.asarray(chosen)
    known = (actions == 0) | (actions == 1) | (actions == 2)
    if not known.all():
        raise ValueError(f"the policy's actions must be 0, 1 or 2, got {actions[~known][0]}")
    return actions
