"""The luck explorer: how far do random pushes get that last? A thousand fresh episodes at every move."""

import numpy as np
from ipywidgets import Button, HBox, Layout

from dqn_lib import mountain_car as car
from dqn_lib.checks import check_integer
from dqn_lib.plots.luck import LuckPicture
from dqn_lib.widgets.canvas import Canvas
from dqn_lib.widgets.knob import Knob
from dqn_lib.widgets.stage import Stage

LONGEST = 64  # steps that an action may be held


def random_pushes(hold: int, episodes: int, rng: np.random.Generator) -> car.Rollout:
    """Fresh episodes in which each random action is held for `hold` steps."""
    choices = rng.integers(3, size=(car.MAX_STEPS // hold + 1, episodes))
    actions = np.repeat(choices, hold, axis=0)[: car.MAX_STEPS]
    return car.simulate(actions, car.start_states(episodes, int(rng.integers(2**32))))


class LuckExplorer(Stage):
    """A slider for how long random actions are held; every move drives a fresh batch of episodes.

    The batches before stay as faint dots, so that moving the slider draws a curve, and staying with
    `again` shows its spread.
    """

    def __init__(self, hold: int = 1, *, episodes: int = 1_000, seed: int = 0) -> None:
        check_integer("episodes", episodes, low=1)
        check_integer("seed", seed, low=0)
        self.episodes, self.rng = episodes, np.random.default_rng(seed)
        self.picture = LuckPicture(LONGEST, episodes)
        self.canvas = Canvas(self.picture)
        self.hold = Knob(
            "hold",
            range(1, LONGEST + 1),
            hold,
            says="Steps that each random action is held",
            show=lambda steps: f"{steps} step{'s' * (steps > 1)}",
            turned=lambda _: self.drive(),
        )
        self.again = Button(description=f"Another {episodes:,}", layout=Layout(width="auto"))
        self.again.on_click(lambda _: self.drive())
        self.drive()
        super().__init__(
            [HBox([self.hold, self.again]), self.canvas],
            explanation=f"At each move of a slider {episodes:,} fresh episodes are driven and drawn.",
        )

    def drive(self) -> None:
        """Drive another batch with the actions held as long as the slider says, and show it."""
        drives = random_pushes(self.hold.value, self.episodes, self.rng)
        self.picture.update(self.hold.value, drives.returns, drives.reached)
        self.canvas.draw()

    def still(self) -> str:
        """The picture as it is now."""
        return self.canvas.still()
