"""Gamma glasses: a slider for the discount over the exact solution of MountainCar-v0."""

from collections.abc import Sequence

import numpy as np
import traitlets as t

from dqn_lib import mountain_car as car
from dqn_lib import value_iteration
from dqn_lib.plots.maps import greedy_actions, grid, value_and_policy
from dqn_lib.widgets.assets import esm, to_message, to_shades
from dqn_lib.widgets.base import LessonWidget, check_index

GAMMAS = (0.5, 0.7, 0.8, 0.85, 0.88, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999, 1.0)
STATES = grid(90, 71)
MAX_STEPS_AHEAD = 200  # that are drawn
TOLERANCE = 1e-3  # value iteration stops when no value changes by more


class GammaGlasses(LessonWidget):
    """A slider for gamma over value map, policy map and the weight of later rewards, solved in advance.

    It stands at `gammas[index]`.

    Raises:
        ValueError: if `gamma` is not among `gammas`.
    """

    _esm = esm("gamma_glasses.js")
    explanation = "A slider changes gamma, and the three pictures follow at once."

    index = t.Int(0).tag(sync=True)
    solved = t.Dict().tag(sync=True)
    values = t.Dict().tag(sync=True)
    policy = t.Dict().tag(sync=True)

    def __init__(self, gammas: Sequence[float] = GAMMAS, gamma: float = 0.85) -> None:
        self.gammas = list(gammas)
        if gamma not in self.gammas:
            raise ValueError(f"gamma must be one of {', '.join(map(str, self.gammas))}, got {gamma!r}")
        self.solutions = [
            value_iteration.solve(points=101, gamma=one, tolerance=TOLERANCE) for one in self.gammas
        ]
        q = np.array([solution.q(STATES) for solution in self.solutions])
        lowest = q.max(axis=-1).min(axis=(1, 2))
        starts = car.start_states(100, seed=0)
        steps = [car.simulate(one.greedy, starts).lengths.mean() for one in self.solutions]
        policy = greedy_actions(q).astype(np.uint8)
        super().__init__(
            index=self.gammas.index(gamma),
            solved={
                "gammas": self.gammas,
                "lowest": lowest.tolist(),
                "steps": [float(mean) for mean in steps],
                "tied": np.mean(policy == len(car.ACTION_NAMES), axis=(1, 2)).tolist(),
                "tolerance": TOLERANCE,
                "stepsAhead": MAX_STEPS_AHEAD,
                "optimalSteps": -car.OPTIMAL_RETURN,
            },
            values=to_message(
                np.array([to_shades(one.max(axis=-1), low, 0.0) for one, low in zip(q, lowest, strict=True)])
            ),
            policy=to_message(policy),
        )

    @t.validate("index")
    def _inside(self, proposal: t.Bunch) -> int:
        check_index("index", proposal["value"], 0, len(self.gammas) - 1)
        return proposal["value"]

    def still(self) -> str:
        """The maps as they are now."""
        solution = self.solutions[self.index]
        return value_and_policy(solution.q, title=f"With gamma {self.gammas[self.index]:g}")._repr_html_()
