"""Tiny environments whose Q-values one can work out on paper; each shows one class of faults.

A right agent learns each of them within a few hundred steps. One that does not has a fault in a part that
this environment needs, and the simplest environment that fails is the place to look. Five are for every DQN
(`PROBES`); four further ones ask more of its memory and its exploration (`FURTHER_PROBES`). The idea is Andy
Jones's ("Debugging reinforcement learning systems without the agonizing pain", 2021). All of them have two
actions, and states `(2,)` as the car has: a number `x` from -1 to 1, and a 0 that means nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

GAMMA = 0.5


class ProbeEnv(gym.Env):
    """What they have in common: an episode begins at x = -1 or 1, at random."""

    observation_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple:
        """Begin an episode."""
        super().reset(seed=seed)
        self.taken = 0  # steps of this episode
        self.x = self.first()
        return self.state(), {}

    def first(self) -> float:
        """The x with which an episode begins."""
        return float(self.np_random.choice([-1.0, 1.0]))

    def state(self) -> NDArray[np.float32]:
        """The state as an array."""
        return np.array([self.x, 0.0], np.float32)

    def right_action(self, action: int) -> bool:
        """Whether the action is the one that the state asks for: 1 at x = 1, 0 at x = -1."""
        return (action == 1) == (self.x > 0)


class ConstantReward(ProbeEnv):
    """One step, always the same state, reward 1."""

    def first(self) -> float:
        """Always 0."""
        return 0.0

    def step(self, action: int) -> tuple:
        """The only step."""
        return self.state(), 1.0, True, False, {}


class ObservedReward(ProbeEnv):
    """One step; the reward is x, -1 or 1."""

    def step(self, action: int) -> tuple:
        """The only step."""
        return self.state(), self.x, True, False, {}


class DelayedReward(ProbeEnv):
    """Four places in a row, whatever the action; the last step has reward 1, the others 0."""

    PLACES = (-1.0, -1 / 3, 1 / 3, 1.0)

    def first(self) -> float:
        """Always the first place."""
        return self.PLACES[0]

    def step(self, action: int) -> tuple:
        """One place on; beyond the last the episode ends."""
        self.taken += 1
        ended = self.taken == len(self.PLACES)
        self.x = self.PLACES[min(self.taken, len(self.PLACES) - 1)]
        return self.state(), float(ended), ended, False, {}


class ChosenReward(ProbeEnv):
    """One step; reward 1 for the action that the state asks for, -1 for the other."""

    def step(self, action: int) -> tuple:
        """The only step."""
        return self.state(), 1.0 if self.right_action(action) else -1.0, True, False, {}


class TwoEndings(ProbeEnv):
    """Reward 1 for the action that the state asks for, otherwise 0.

    At x = -1 the episode ends with the first step. From x = 1 the next state is 0, from 0 it is 1, and
    nothing ends that but a time limit of three steps.
    """

    LIMIT = 3

    def reward(self, action: int) -> float:
        """The reward for an action in the present state."""
        return float(self.right_action(action))

    def step(self, action: int) -> tuple:
        """One step."""
        self.taken += 1
        reward, ended = self.reward(action), self.x < 0
        self.x = self.x if ended else 1.0 - self.x
        return self.state(), reward, ended, not ended and self.taken == self.LIMIT, {}


class EndingsInWindows(TwoEndings):
    """`TwoEndings` with reward 1 for any action, for windows of several steps."""

    def reward(self, action: int) -> float:
        """Always 1."""
        return 1.0


class ChangedReward(ProbeEnv):
    """One step, always the same state; the reward is -1 for the first 200 steps, and from then on 1."""

    def __init__(self) -> None:
        self.all_taken = 0

    def first(self) -> float:
        """Always 0."""
        return 0.0

    def step(self, action: int) -> tuple:
        """The only step."""
        self.all_taken += 1
        return self.state(), 1.0 if self.all_taken > 200 else -1.0, True, False, {}


class LongPush(ProbeEnv):
    """Ten places in a row: action 1 goes one on, action 0 back to the first; reward 1 beyond the last."""

    PLACES = 10

    def first(self) -> float:
        """The first place."""
        return -1.0

    def step(self, action: int) -> tuple:
        """One place on, or back to the first."""
        self.taken = self.taken + 1 if action == 1 else 0
        ended = self.taken == self.PLACES
        self.x = min(2 * self.taken / (self.PLACES - 1) - 1, 1.0)
        return self.state(), float(ended), ended, False, {}


@dataclass(frozen=True)
class Probe:
    """An environment and its answer on paper.

    Attributes:
        environment: its class.
        question: what an agent that passes can do.
        states: states `(n, 2)`.
        q: their Q-values `(n, 2)`, for `GAMMA`; NaN where the value does not matter.
        suspects: the parts of an agent to look at if it fails, the likeliest first.
        settings: what the agent's settings are to be, where they differ from those of the other probes.
        tolerance: how far off a value may be.
        mean_return: what the last hundred episodes must have on average while it trains, if that counts too.
    """

    environment: type[ProbeEnv]
    question: str
    states: NDArray[np.float32]
    q: NDArray[np.float64]
    suspects: tuple[str, ...]
    settings: Mapping[str, float] = field(default_factory=dict)
    tolerance: float = 0.1
    mean_return: float | None = None

    @property
    def name(self) -> str:
        """The name of the environment."""
        return self.environment.__name__

    def error(self, q: Any) -> float:
        """The largest distance of the values `q(states)` `(n, 2)` from those on paper; infinite for NaN.

        Raises:
            ValueError: if they have another shape.
        """
        found = np.asarray(q(self.states), dtype=float)
        if found.shape != self.q.shape:
            raise ValueError(f"q must return the shape {self.q.shape}, got {found.shape}")
        worst = np.nanmax(np.abs(found - self.q)) if np.isfinite(found).all() else np.inf
        return float(worst)


def _states(*numbers: float) -> NDArray[np.float32]:
    return np.array([[x, 0.0] for x in numbers], np.float32)


PROBES = (
    Probe(
        ConstantReward,
        "Does the value learn at all?",
        _states(0.0),
        np.array([[1.0, 1.0]]),
        ("gradient_step", "double_target", "train"),
    ),
    Probe(
        ObservedReward,
        "Does the state get through?",
        _states(-1.0, 1.0),
        np.array([[-1.0, -1.0], [1.0, 1.0]]),
        ("Memory", "gradient_step", "train"),
    ),
    Probe(
        DelayedReward,
        "Is the future discounted and bootstrapped?",
        _states(*DelayedReward.PLACES),
        np.array([[GAMMA**3] * 2, [GAMMA**2] * 2, [GAMMA] * 2, [1.0] * 2]),
        ("double_target", "Memory", "update_target", "train"),
        {"n_step": 2},
    ),
    Probe(
        ChosenReward,
        "Is it the action taken that learns?",
        _states(-1.0, 1.0),
        np.array([[1.0, -1.0], [-1.0, 1.0]]),
        ("gradient_step", "Exploration", "Memory"),
    ),
    Probe(
        TwoEndings,
        "Are the two endings told apart?",
        _states(-1.0, 0.0, 1.0),
        np.array(
            [[1.0, 0.0], [1 / (1 - GAMMA), GAMMA / (1 - GAMMA)], [GAMMA / (1 - GAMMA), 1 / (1 - GAMMA)]]
        ),
        ("Memory", "double_target", "train"),
    ),
)

FURTHER_PROBES = (
    Probe(
        EndingsInWindows,
        "Do windows stop at both endings?",
        _states(-1.0, 0.0, 1.0),
        np.array([[1.0] * 2, [1 / (1 - GAMMA)] * 2, [1 / (1 - GAMMA)] * 2]),
        ("Memory",),
        {"n_step": 3},
    ),
    Probe(
        ChangedReward,
        "Does the memory forget the oldest?",
        _states(0.0),
        np.array([[1.0, 1.0]]),
        ("Memory",),
        {"memory_size": 100},
    ),
    Probe(
        LongPush,
        "Are random actions held?",
        _states(-1.0, 1.0),
        np.array([[np.nan, 0.9 ** (LongPush.PLACES - 1)], [np.nan, 1.0]]),
        ("Exploration", "train"),
        {"hold": 10, "n_step": 5, "gamma": 0.9},
        tolerance=0.2,
    ),
    Probe(
        ChosenReward,
        "Does it use what it knows?",
        _states(-1.0, 1.0),
        np.array([[1.0, -1.0], [-1.0, 1.0]]),
        ("Exploration", "train"),
        {"hold": 32, "epsilon_wait": 300, "epsilon_decay": 100},
        mean_return=0.85,
    ),
)
