"""Lesson 10: an environment of one's own, its ruler, and inputs of any size."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

pole = predict(
    "The agent of lesson 6, not one setting changed, is put before CartPole-v1. How does it do?",
    Choice("it fails in every run", "Something of it carries over. Look at the first row."),
    Choice(
        "it solves it in some runs, late",
        "Nearly right away it is better than luck, and then in its own way.",
        right=True,
    ),
    Choice("it is as good as on the hill", "Its habits suit a car, not a pole. Look at the first row."),
)


def _park(
    speed_up: Callable[[float, int], float],
    move: Callable[[float, float, float], float] = lambda position, old, new: position + new,
    parked: Callable[[float, float], bool] = lambda position, velocity: (
        abs(position) < 0.05 and abs(velocity) < 0.02
    ),
    clip: bool = True,
) -> Callable:
    def step(position: float, velocity: float, action: int) -> tuple:
        new = speed_up(velocity, action)
        new = float(np.clip(new, -0.2, 0.2)) if clip else new
        there = move(position, velocity, new)
        there = float(np.clip(there, -1, 1)) if clip else there
        return there, new, -1.0, bool(parked(there, new))

    return step


def _push(velocity: float, action: int) -> float:
    return velocity + 0.01 * (action - 1)


@exercise(
    cases=[
        (0.5, 0.1, 2),
        (0.5, 0.1, 0),
        (-0.9, -0.195, 0),
        (0.06, -0.02, 2),
        (0.1, -0.1, 1),
        (0.0, 0.0, 1),
        (0.3, 0.2, 2),
    ],
    mistakes=[
        mistake(
            "The position moves with the *old* velocity. First the push changes the velocity, then the new velocity "
            "moves the cart.",
            _park(_push, move=lambda position, old, new: position + old),
        ),
        mistake(
            "A push of action 1 should be none. The push is 0.01 times `action - 1`.",
            _park(lambda velocity, action: velocity + 0.01 * action),
        ),
        mistake(
            "It counts as parked when it rushes through at full speed. It must be slow as well.",
            _park(_push, parked=lambda position, velocity: abs(position) < 0.05),
        ),
        mistake(
            "Nothing is clipped: the cart leaves its rails, and is faster than it can be.",
            _park(_push, clip=False),
        ),
    ],
    hints=[
        "In this order: push, clip the velocity to 0.2, move, clip the position to 1.",
        "Parked is `abs(position) < 0.05 and abs(velocity) < 0.02`, with the new values.",
        "Return four things: position, velocity, -1.0, parked.",
    ],
    insight="Those are all the physics there are. The agent has solved harder ones.",
    result="step",
)
def park_step(position: float, velocity: float, action: int) -> tuple[float, float, float, bool]:
    """The new position and velocity, the reward, and whether the cart is parked."""
    velocity = float(np.clip(velocity + 0.01 * (action - 1), -0.2, 0.2))
    position = float(np.clip(position + velocity, -1, 1))
    return position, velocity, -1.0, abs(position) < 0.05 and abs(velocity) < 0.02


class Lights:
    """A small environment: each step brings 1, and an episode ends after `length` of them in one of two ways."""

    def __init__(self, lengths: tuple[int, ...], truncates: bool) -> None:
        self.lengths, self.truncates = list(lengths), truncates
        self.left = 0
        self.resets = 0

    def reset(self, *, seed: int | None = None) -> tuple[NDArray, dict]:
        """The next episode."""
        self.left = self.lengths[self.resets % len(self.lengths)]
        self.resets += 1
        return np.zeros(1), {}

    def step(self, action: int) -> tuple[NDArray, float, bool, bool, dict]:
        """One step of it."""
        if self.left <= 0:
            raise RuntimeError("the episode is over: `reset` comes first")
        self.left -= 1
        ended = self.left == 0
        return np.zeros(1), 1.0, ended and not self.truncates, ended and self.truncates, {}


def _returns(
    env: Any, episodes: int, ended: Callable[[bool, bool], bool], limit: int = 10_000
) -> list[float]:
    totals = []
    for _ in range(episodes):
        env.reset()
        total, over = 0.0, False
        while not over:
            _, reward, terminated, truncated, _ = env.step(0)
            total, over = total + reward, ended(terminated, truncated)
        totals.append(total)
    return totals


@exercise(
    cases=[
        (Lights((3, 5), truncates=False), lambda: 0, 2),
        (Lights((4,), truncates=True), lambda: 0, 3),
        (Lights((1, 2, 6), truncates=False), lambda: 0, 3),
    ],
    pure=False,
    mistakes=[
        mistake(
            "This is the sum of all returns. The ruler's end is the *mean* of an episode.",
            lambda env, policy, episodes: float(np.sum(_returns(env, episodes, lambda a, b: a or b))),
        ),
        mistake(
            "These are all the returns. One number is asked for: their mean.",
            lambda env, policy, episodes: _returns(env, episodes, lambda a, b: a or b),
        ),
    ],
    hints=[
        "For each episode: `env.reset()`, then steps with `policy()` until `terminated or truncated`.",
        "`_, reward, terminated, truncated, _ = env.step(policy())`",
        "Add up the rewards of an episode; return the mean over the episodes.",
    ],
    insight="The lower end of every ruler costs five lines. Measure it before you train anything.",
    result="mean return",
)
def luck(env: Any, policy: Callable[[], int], episodes: int) -> float:
    """The mean return of `episodes` episodes in which each action is `policy()`."""
    returns = []
    for _ in range(episodes):
        env.reset()
        total, ended = 0.0, False
        while not ended:
            _, reward, terminated, truncated, _ = env.step(policy())
            total += reward
            ended = terminated or truncated
        returns.append(total)
    return float(np.mean(returns))


INF = np.inf


@exercise(
    cases=[
        (np.array([0.0, 0.07]), np.array([-1.2, -0.07]), np.array([0.6, 0.07]), 8.0),
        (np.array([2.4, 3.0]), np.array([-4.8, -INF]), np.array([4.8, INF]), 8.0),
        (np.array([1.0, -2.0]), np.array([0.0, -2.0]), np.array([1.0, 2.0]), 1.0),
    ],
    mistakes=[
        mistake(
            "A component without bounds comes out as nan or 0. It cannot be stretched: leave it as it is.",
            lambda s, low, high, r: (2 * (s - low) / (high - low) - 1) * r,
        ),
        mistake(
            "The result lies between 0 and r. Asked for is -r to r: twice as wide, and shifted.",
            lambda s, low, high, r: np.where(
                np.isfinite(low), (s - low) / np.where(np.isfinite(low), high - low, 1) * r, s
            ),
        ),
        mistake(
            "Dividing by the upper bound is right only if the lower one is its mirror image; the car's position is not.",
            lambda s, low, high, r: np.where(
                np.isfinite(low), s / np.where(np.isfinite(high), high, 1) * r, s
            ),
        ),
    ],
    hints=[
        "First to a share of the way from low to high: `(state - low) / (high - low)`.",
        "Then from 0..1 to -r..r: `(2 * share - 1) * r`.",
        "Where `low` is infinite, keep the state: `np.where(np.isfinite(low), ..., state)`.",
    ],
    insight="`input_range` does this for any environment whose bounds are honest.",
    result="stretched state",
)
def stretch(state: NDArray, low: NDArray, high: NDArray, r: float) -> NDArray:
    """The state with each component between its bounds brought to [-r, r]; unbounded ones as they are."""
    bounded = np.isfinite(low) & np.isfinite(high)
    width = np.where(bounded, high - low, 1.0)
    share = np.where(bounded, state - np.where(bounded, low, 0.0), 0.0) / width
    return np.where(bounded, (2 * share - 1) * r, state)
