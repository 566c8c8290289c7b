"""Lesson 10: an environment of one's own, its ruler, and inputs of any size."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

pole = predict(
    "The agent of lesson 6, not one setting changed, is put before CartPole-v1. Ten runs, 30,000 steps each: how does it do?",
    Choice(
        "it fails in every run", "Something of it carries over. Look at the first row of the ladder below."
    ),
    Choice(
        "it solves it in some runs, late",
        "Six of ten, most of them only after some 12,000 steps: its habits suit a car.",
        right=True,
    ),
    Choice(
        "it is as good as on the hill",
        "Its habits suit a car, not a pole. Look at the first row of the ladder below.",
    ),
)


def _parked(position: float, velocity: float) -> bool:
    return abs(position) < 0.05 and abs(velocity) < 0.02


def _windy(
    speed: Callable[[float, int, float], float],
    move: Callable[[float, float, float, float], float] = lambda position, old, new, wind: position + new,
    clip: bool = True,
    parked: Callable[[float, float], bool] = _parked,
    reward: float = -1.0,
) -> Callable:
    def step(position: float, velocity: float, action: int, wind: float) -> tuple:
        new = speed(velocity, action, wind)
        new = float(np.clip(new, -0.2, 0.2)) if clip else new
        there = move(position, velocity, new, wind)
        there = float(np.clip(there, -1, 1)) if clip else there
        return there, new, reward, bool(parked(there, new))

    return step


def _push(velocity: float, action: int, wind: float) -> float:
    return velocity + 0.01 * (action - 1) - wind


@exercise(
    cases=[
        (0.5, 0.1, 2, 0.0),
        (0.5, 0.1, 0, 0.004),
        (-0.9, -0.195, 0, 0.004),
        (0.06, -0.02, 2, 0.002),
        (0.1, -0.1, 1, 0.0),
        (0.0, 0.0, 1, 0.004),
        (0.3, 0.2, 2, 0.001),
        (-0.9, 0.0, 1, 0.0),
        (0.95, 0.19, 2, 0.001),
        (-0.03, 0.005, 1, 0.002),
        (-0.2, 0.2, 1, 0.0),
        (0.0, 0.012, 2, 0.0),
    ],
    mistakes=[
        mistake(
            "The wind blows to the right here. From the right to the left means that it is subtracted.",
            _windy(lambda velocity, action, wind: velocity + 0.01 * (action - 1) + wind),
        ),
        mistake(
            "The wind moves the cart, as if it carried it along. It is a push: it changes the *velocity*.",
            _windy(
                lambda velocity, action, wind: velocity + 0.01 * (action - 1),
                move=lambda position, old, new, wind: position + new - wind,
            ),
        ),
        mistake(
            "The wind is not felt at all: `wind` is never used.",
            _windy(lambda velocity, action, wind: velocity + 0.01 * (action - 1)),
        ),
        mistake(
            "The position moves with the *old* velocity. First the pushes change the velocity, then the new velocity "
            "moves the cart.",
            _windy(_push, move=lambda position, old, new, wind: position + old),
        ),
        mistake(
            "It counts as parked when it rushes through at full speed. It must be slow as well.",
            _windy(_push, parked=lambda position, velocity: abs(position) < 0.05),
        ),
        mistake(
            "Nothing is clipped: the cart leaves its rails, and is faster than it can be.",
            _windy(_push, clip=False),
        ),
        mistake(
            "It is parked here as soon as it is left of the middle: near means `abs(position) < 0.05`.",
            _windy(_push, parked=lambda position, velocity: position < 0.05 and abs(velocity) < 0.02),
        ),
        mistake(
            "It counts as slow whenever it moves to the left: slow means `abs(velocity) < 0.02`.",
            _windy(_push, parked=lambda position, velocity: abs(position) < 0.05 and velocity < 0.02),
        ),
        mistake(
            "Near the middle *or* slow is not enough: it must be both.",
            _windy(_push, parked=lambda position, velocity: abs(position) < 0.05 or abs(velocity) < 0.02),
        ),
        mistake(
            "The engine pushes to the right whatever the action: 0 is to the left, 1 nothing, 2 to the right, `action - 1`.",
            _windy(lambda velocity, action, wind: velocity + 0.01 * action - wind),
        ),
    ],
    hints=[
        "In this order: both pushes, clip the velocity to 0.2, move, clip the position to 1.",
        "The wind is one more push, to the left: `- wind`.",
        "Return four things: position, velocity, -1.0, parked.",
    ],
    insight="Now put it into `Parking.step`, and see whether the agent learns to lean into the wind.",
    result="step",
)
def windy_step(
    position: float, velocity: float, action: int, wind: float
) -> tuple[float, float, float, bool]:
    """The new position and velocity, the reward, and whether the cart is parked."""
    velocity = float(np.clip(velocity + 0.01 * (action - 1) - wind, -0.2, 0.2))
    position = float(np.clip(position + velocity, -1, 1))
    return position, velocity, -1.0, abs(position) < 0.05 and abs(velocity) < 0.02


class Endings:
    """A small environment whose episodes have a given length, and end in a given way, one after the other."""

    def __init__(self, *episodes: tuple[int, str]) -> None:
        self.episodes = episodes
        self.left, self.resets = 0, 0

    def reset(self, *, seed: int | None = None) -> tuple[NDArray, dict]:
        """The next episode."""
        self.left, self.ending = self.episodes[self.resets % len(self.episodes)]
        self.resets += 1
        return np.zeros(1), {}

    def step(self, action: int) -> tuple[NDArray, float, bool, bool, dict]:
        """One step of it."""
        if self.left <= 0:
            raise RuntimeError("the episode is over: `reset` comes first")
        self.left -= 1
        over = self.left == 0
        return np.zeros(1), -1.0, over and self.ending != "cut off", over and self.ending != "arrived", {}


def _share(count: Callable[[bool, bool], bool]) -> Callable:
    def share(env: Any, policy: Callable[[], int], episodes: int) -> float:
        counted = 0
        for _ in range(episodes):
            env.reset()
            terminated = truncated = False
            while not (terminated or truncated):
                _, _, terminated, truncated, _ = env.step(policy())
            counted += count(terminated, truncated)
        return counted / episodes

    return share


@exercise(
    cases=[
        (Endings((3, "arrived"), (5, "cut off")), lambda: 0, 2),
        (Endings((2, "arrived"), (1, "arrived"), (4, "cut off")), lambda: 0, 6),
        (Endings((4, "cut off")), lambda: 0, 3),
        (Endings((3, "both"), (2, "cut off")), lambda: 0, 2),
        (Endings((1, "cut off"), (2, "arrived")), lambda: 0, 1),
    ],
    pure=False,
    mistakes=[
        mistake(
            "These are the ones that *arrived*. Cut off means that the time limit came first.",
            _share(lambda terminated, truncated: terminated),
        ),
        mistake(
            "Every episode ends in one way or the other, so this is always 1. Count only the cut off ones.",
            _share(lambda terminated, truncated: terminated or truncated),
        ),
        mistake(
            "An episode that arrives in its very last step has both flags. It has arrived: nothing was cut off.",
            _share(lambda terminated, truncated: truncated),
        ),
        mistake(
            "This is how many, not which share of the episodes.",
            lambda env, policy, episodes: episodes * _share(lambda a, b: b and not a)(env, policy, episodes),
        ),
    ],
    hints=[
        "For each episode: `env.reset()`, then steps with `policy()` until `terminated or truncated`.",
        "After the last step: cut off is `truncated and not terminated`.",
        "Count those, and divide by `episodes`.",
    ],
    insight="If nearly all are cut off, an agent will see little else: think about exploration first, as on the hill.",
    result="share",
)
def share_cut_off(env: Any, policy: Callable[[], int], episodes: int) -> float:
    """The share of episodes that the time limit cut off before they arrived; each action is `policy()`."""
    cut_off = 0
    for _ in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        cut_off += truncated and not terminated
    return cut_off / episodes


INF = np.inf


@exercise(
    cases=[
        (np.array([0.0, 0.07]), np.array([-1.2, -0.07]), np.array([0.6, 0.07]), 8.0),
        (np.array([2.4, 3.0]), np.array([-4.8, -INF]), np.array([4.8, INF]), 8.0),
        (np.array([1.0, -2.0]), np.array([0.0, -2.0]), np.array([1.0, 2.0]), 1.0),
        (np.array([3.0]), np.array([-INF]), np.array([INF]), 2.0),
        (*np.array([[0.6, 0.5, -7], [-1.2, 0, -INF], [0.6, 1, INF]], np.float32), 8.0),
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
