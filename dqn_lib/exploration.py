"""How the agent tries things: epsilon-greedy, with random actions that last.

Epsilon is always the fraction of steps that explore. A random action may be held for several steps in a
row (Dabney, Ostrovski and Barreto, "Temporally-Extended epsilon-Greedy Exploration", ICLR 2021): one
step's push in a random direction is undone by the next, a push that lasts gets the car somewhere.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class EpsilonSchedule:
    """Epsilon stays at `start` for `wait` steps, then falls linearly to `end` within `decay` steps."""

    start: float
    end: float
    wait: int
    decay: int

    def __call__(self, step: int) -> float:
        """Epsilon at an environment step."""
        fallen = min(max((step - self.wait) / self.decay, 0.0), 1.0)
        return self.start + fallen * (self.end - self.start)


def hold_probability(epsilon: float, hold: float) -> float:
    """Probability that a hold starts on a free step, so that a fraction `epsilon` of all steps explores.

    A cycle has `hold` exploring steps and `(1 - p) / p` free ones on average; solve for p. With
    `hold = 1` it is epsilon itself.
    """
    return epsilon / (hold - epsilon * (hold - 1))


class EpsilonGreedy:
    """Decides, step by step, whether to explore, and with which action.

    A held action is let go with probability `1 / hold` after each step, which makes the holds geometric
    with mean `hold` and lets a changed `epsilon` or `hold` act from the next step.
    """

    def __init__(self, actions: int, rng: np.random.Generator) -> None:
        self.actions = actions
        self.rng = rng
        self.held: int | None = None

    def explore(self, epsilon: float, hold: float = 1.0) -> int | None:
        """The random action to take now, or None: act greedily."""
        if self.held is None:
            if self.rng.random() >= hold_probability(epsilon, hold):
                return None
            self.held = int(self.rng.integers(self.actions))
        action = self.held
        if self.rng.random() * hold < 1.0:
            self.held = None
        return action

    def get_state(self) -> dict[str, Any]:
        """The held action and the state of the generator."""
        return {"held": self.held, "rng": self.rng.bit_generator.state}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from where `get_state` was called."""
        self.held = state["held"]
        self.rng.bit_generator.state = state["rng"]
