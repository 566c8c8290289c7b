"""How the agent tries things: epsilon-greedy, with random actions that last.

Epsilon is always the fraction of steps that explore. A random action may be held for several steps in a
row (Dabney, Ostrovski and Barreto, "Temporally-Extended epsilon-Greedy Exploration", ICLR 2021): one
step's push in a random direction is undone by the next, a push that lasts gets the car somewhere. It goes
on into the next episode if its own ends first, so that epsilon is the fraction of all steps, however short
the episodes are.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dqn_lib.config import check_integer


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


def hold_probability(epsilon: float, hold: int) -> float:
    """Probability that a hold starts on a free step, so that a fraction `epsilon` of all steps explores.

    A cycle has `hold` exploring steps and, on average, `(1 - p) / p` free ones; solve for p. With
    `hold = 1` it is epsilon itself.
    """
    return epsilon / (hold - epsilon * (hold - 1))


class EpsilonGreedy:
    """Decides, step by step, whether to explore, and with which action.

    An exploring action is held for `hold` steps. Both settings are given at every step, so that a change
    acts at once: a running hold ends when it has lasted for the new `hold`, or when epsilon is 0.
    """

    def __init__(self, actions: int, rng: np.random.Generator) -> None:
        self.actions = actions
        self.rng = rng
        self.repeated_action = 0  # the action of the running hold
        self.steps_repeated = 0  # its steps so far; 0 when none is running

    def explore(self, epsilon: float, hold: int = 1) -> int | None:
        """The random action to take now, or None: act greedily."""
        if epsilon == 0 or self.steps_repeated >= hold:
            self.steps_repeated = 0
        if self.steps_repeated == 0:
            if self.rng.random() >= hold_probability(epsilon, hold):
                return None
            self.repeated_action = int(self.rng.integers(self.actions))
        self.steps_repeated = self.steps_repeated + 1 if self.steps_repeated + 1 < hold else 0
        return self.repeated_action

    def get_state(self) -> dict[str, Any]:
        """The running hold and the state of the generator."""
        return {
            "repeated_action": self.repeated_action,
            "steps_repeated": self.steps_repeated,
            "rng": self.rng.bit_generator.state,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from where `get_state` was called."""
        check_integer("repeated_action", state["repeated_action"], low=0, high=self.actions - 1)
        check_integer("steps_repeated", state["steps_repeated"], low=0)
        self.repeated_action, self.steps_repeated = state["repeated_action"], state["steps_repeated"]
        self.rng.bit_generator.state = state["rng"]
