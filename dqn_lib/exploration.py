"""Epsilon-greedy exploration with repeated random actions.

Epsilon is the fraction of steps that explore. A random action may be repeated for several steps (Dabney,
Ostrovski and Barreto, "Temporally-Extended epsilon-Greedy Exploration", ICLR 2021): random pushes of a
single step cancel out, but a push that is repeated moves the car. If the episode ends first, the repetition
continues in the next episode, so that epsilon is the fraction of all steps however short the episodes are.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dqn_lib.config import check_integer


@dataclass(frozen=True)
class EpsilonSchedule:
    """Epsilon is `start` for `wait` steps, then decreases linearly to `end` within `decay` steps."""

    start: float
    end: float
    wait: int
    decay: int

    def __call__(self, step: int) -> float:
        """Epsilon at an environment step."""
        progress = min(max((step - self.wait) / self.decay, 0.0), 1.0)
        return self.start + progress * (self.end - self.start)


def hold_probability(epsilon: float, hold: int) -> float:
    """Probability `p` of starting to explore, so that a fraction `epsilon` of all steps explores.

    A cycle has `hold` exploring steps and, on average, `(1 - p) / p` greedy ones: solve
    `epsilon = hold / (hold + (1 - p) / p)` for `p`. With `hold = 1` it is epsilon itself.
    """
    return epsilon / (hold - epsilon * (hold - 1))


class EpsilonGreedy:
    """Decides at each step whether to explore, and with which action.

    A random action is repeated for `hold` steps. Both settings are arguments of every step, so a change has
    an effect at once: a repetition ends after the new `hold` steps, or when epsilon is 0.
    """

    def __init__(self, actions: int, rng: np.random.Generator) -> None:
        self.actions = actions
        self.rng = rng
        self.repeated_action = 0
        self.steps_repeated = 0  # so far; 0 if no action is being repeated

    def explore(self, epsilon: float, hold: int = 1) -> int | None:
        """A random action, or None for the greedy one."""
        if epsilon == 0 or self.steps_repeated >= hold:
            self.steps_repeated = 0
        if self.steps_repeated == 0:
            if self.rng.random() >= hold_probability(epsilon, hold):
                return None
            self.repeated_action = int(self.rng.integers(self.actions))
        self.steps_repeated = self.steps_repeated + 1 if self.steps_repeated + 1 < hold else 0
        return self.repeated_action

    def get_state(self) -> dict[str, Any]:
        """The repeated action and the state of the generator."""
        return {
            "repeated_action": self.repeated_action,
            "steps_repeated": self.steps_repeated,
            "rng": self.rng.bit_generator.state,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore what `get_state` returned.

        Raises:
            TypeError: if a number is not an integer.
            ValueError: if it is out of range, or the generator's state is of another generator.
        """
        check_integer("repeated_action", state["repeated_action"], low=0, high=self.actions - 1)
        check_integer("steps_repeated", state["steps_repeated"], low=0)
        self.repeated_action, self.steps_repeated = state["repeated_action"], state["steps_repeated"]
        self.rng.bit_generator.state = state["rng"]
