"""Gamma glasses: one slider over the exact solution. How far from the flag does the car still see it?"""

from collections.abc import Sequence

from dqn_lib import mountain_car as car
from dqn_lib import optimum
from dqn_lib.plots.gamma import BLUR, STATES, GammaPicture, Sight
from dqn_lib.widgets.canvas import Canvas
from dqn_lib.widgets.knob import Knob
from dqn_lib.widgets.stage import Stage

GAMMAS = (0.5, 0.7, 0.8, 0.85, 0.88, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999, 1.0)


def look(gamma: float) -> Sight:
    """Solve the mountain with this gamma, and drive by the solution."""
    solution = optimum.solve(points=101, gamma=gamma, tolerance=BLUR)
    drives = car.simulate(solution.greedy, car.start_states(100, seed=0))
    return Sight(gamma, solution.q(STATES), float(drives.lengths.mean()))


class GammaGlasses(Stage):
    """A slider for gamma over value map, policy map and weights; all of it solved beforehand."""

    def __init__(self, gammas: Sequence[float] = GAMMAS, gamma: float = 0.85) -> None:
        self.gamma = Knob("gamma", gammas, gamma, turned=self.wear)
        self.sights = {one: look(one) for one in gammas}
        self.picture = GammaPicture()
        self.canvas = Canvas(self.picture)
        self.wear(gamma)
        super().__init__(
            [self.gamma, self.canvas],
            explanation="A slider changes gamma, and the three pictures follow at once.",
        )

    def wear(self, gamma: float) -> None:
        """Look through this gamma."""
        self.picture.update(self.sights[gamma])
        self.canvas.draw()

    def still(self) -> str:
        """The pictures as they are now."""
        return self.canvas.still()
