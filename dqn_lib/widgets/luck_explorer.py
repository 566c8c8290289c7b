"""The luck explorer: how often does a random policy that repeats its actions reach the flag?"""

import numpy as np
import traitlets as t

from dqn_lib import mountain_car as car
from dqn_lib.config import check_integer
from dqn_lib.plots.comparisons import proportions
from dqn_lib.widgets.assets import esm
from dqn_lib.widgets.base import LessonWidget, check_index

MAX_HOLD = 64  # steps


class LuckExplorer(LessonWidget):
    """A slider for how long random actions are held; every move simulates new episodes in the page.

    Earlier batches stay as faint dots: moving the slider draws a curve, repeating a batch shows its spread.

    Raises:
        TypeError, ValueError: if a number is out of bounds.

    Attributes:
        hold: steps that each random action is held.
        reached: how many episodes of the latest batch reached the flag; -1 before the first.
    """

    _esm = esm("dynamics.js", "luck_explorer.js")
    explanation = "Each move of a slider simulates new episodes."

    hold = t.Int(1).tag(sync=True)
    reached = t.Int(-1).tag(sync=True)
    episodes = t.Int(1_000).tag(sync=True)
    seed = t.Int(0).tag(sync=True)

    def __init__(self, hold: int = 1, *, episodes: int = 1_000, seed: int = 0) -> None:
        check_integer("hold", hold, 1, MAX_HOLD)
        check_integer("episodes", episodes, low=1)
        check_integer("seed", seed, low=0, high=2**32 - 1)
        super().__init__(hold=int(hold), episodes=int(episodes), seed=int(seed))

    @t.validate("hold")
    def _inside(self, proposal: t.Bunch) -> int:
        check_index("hold", proposal["value"], 1, MAX_HOLD)
        return proposal["value"]

    def still(self) -> str:
        """The proportion that arrives for a few holds, each from new episodes."""
        rng = np.random.default_rng(self.seed)
        holds = sorted({1, 8, 16, 24, 32, 64, self.hold})
        arrived = [int(random_pushes(hold, self.episodes, rng).reached.sum()) for hold in holds]
        return proportions(
            holds, arrived, self.episodes, title="Random actions, held for a while",
            xlabel="steps that each random action is held", ylabel="episodes that reach the flag (%)",
        )._repr_html_()  # fmt: skip


def random_pushes(hold: int, episodes: int, rng: np.random.Generator) -> car.Rollout:
    """New episodes in which each random action is held for `hold` steps."""
    choices = rng.integers(3, size=(car.MAX_STEPS // hold + 1, episodes))
    actions = np.repeat(choices, hold, axis=0)[: car.MAX_STEPS]
    return car.simulate(actions, car.start_states(episodes, int(rng.integers(2**32))))
