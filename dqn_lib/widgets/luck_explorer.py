"""The luck explorer: how far do random pushes get that last? A thousand fresh episodes at every move."""

import numpy as np
import traitlets as t

from dqn_lib import mountain_car as car
from dqn_lib.config import check_integer
from dqn_lib.plots.comparisons import proportions
from dqn_lib.widgets.assets import esm
from dqn_lib.widgets.base import LessonWidget, check_index

LONGEST = 64  # steps that an action may be held


class LuckExplorer(LessonWidget):
    """A slider for how long random actions are held; every move drives a fresh batch of episodes.

    The page drives them. Batches before stay as faint dots, so that moving the slider draws a curve, and
    staying with "Another" shows its spread.

    Attributes:
        hold: steps that each random action is held.
        reached: how many episodes of the latest batch reached the flag; -1 before a page has driven any.
    """

    _esm = esm("dynamics.js", "luck_explorer.js")
    explanation = "At each move of a slider fresh episodes are driven and drawn."

    hold = t.Int(1).tag(sync=True)
    reached = t.Int(-1).tag(sync=True)
    episodes = t.Int(1_000).tag(sync=True)
    seed = t.Int(0).tag(sync=True)

    def __init__(self, hold: int = 1, *, episodes: int = 1_000, seed: int = 0) -> None:
        check_integer("hold", hold, 1, LONGEST)
        check_integer("episodes", episodes, low=1)
        check_integer("seed", seed, low=0, high=2**32 - 1)
        super().__init__(hold=int(hold), episodes=int(episodes), seed=int(seed))

    @t.validate("hold")
    def _inside(self, proposal: t.Bunch) -> int:
        check_index("hold", proposal["value"], 1, LONGEST)
        return proposal["value"]

    def still(self) -> str:
        """The share that arrives for a few holds, each of fresh episodes."""
        rng = np.random.default_rng(self.seed)
        holds = sorted({1, 8, 16, 24, 32, 64, self.hold})
        arrived = [int(random_pushes(hold, self.episodes, rng).reached.sum()) for hold in holds]
        return proportions(
            holds, arrived, self.episodes, title="Random pushes that last",
            xlabel="steps that each random action is held", ylabel="episodes that reach the flag (%)",
        )._repr_html_()  # fmt: skip


def random_pushes(hold: int, episodes: int, rng: np.random.Generator) -> car.Rollout:
    """Fresh episodes in which each random action is held for `hold` steps."""
    choices = rng.integers(3, size=(car.MAX_STEPS // hold + 1, episodes))
    actions = np.repeat(choices, hold, axis=0)[: car.MAX_STEPS]
    return car.simulate(actions, car.start_states(episodes, int(rng.integers(2**32))))
