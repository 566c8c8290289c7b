"""The time machine: a slider through the checks of a finished run."""

from collections.abc import Sequence

import numpy as np
import traitlets as t
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.plots.curves import check_environments
from dqn_lib.plots.maps import action_values, cell_centres, greedy_actions, grid, value_and_policy
from dqn_lib.training import Check
from dqn_lib.widgets.assets import BLANK, esm, to_message, to_shades
from dqn_lib.widgets.base import LessonWidget, check_index
from dqn_lib.widgets.run_view import REFERENCES, START

MIN_SPAN = -1.0  # the colours span at least this, or they would magnify the noise of a new network


class TimeMachine(LessonWidget):
    """A slider over the checks of a run, in the order given, and a button that plays them.

    Value map, policy map, the greedy policy's path from `START`, the learning curve and the car on its hill
    all show the check at `index`.

    Raises:
        ValueError: if there are no checks, or their Q-values are not those of MountainCar-v0.
    """

    _esm = esm("time_machine.js")
    explanation = "A slider goes through the training: maps, curve and car follow."

    index = t.Int(0).tag(sync=True)
    run = t.Dict().tag(sync=True)
    smooth = t.Bool(True).tag(sync=True)
    values = t.Dict().tag(sync=True)
    policy = t.Dict().tag(sync=True)
    path = t.Dict().tag(sync=True)
    pushes = t.Dict().tag(sync=True)

    def __init__(self, checks: Sequence[Check]) -> None:
        self.checks = list(checks)
        if not self.checks:
            raise ValueError("checks must hold at least one check, got none")
        check_environments(self.checks)
        q = q_values(self.checks)
        q[~np.isfinite(q).all(axis=-1)] = np.nan
        values, policy = q.max(axis=-1), greedy_actions(q).astype(np.uint8)
        policy[np.isnan(values)] = BLANK
        known = [one[~np.isnan(one)] for one in values]
        # No episode costs more than the time limit: a diverged check must not stretch the colours.
        low = max(float(np.concatenate(known).min(initial=MIN_SPAN)), car.RANDOM_RETURN)
        drives = [car.simulate(check.q.greedy, [START]) for check in self.checks]
        lengths = [int(drive.lengths[0]) for drive in drives]
        super().__init__(
            run={
                "steps": [check.step for check in self.checks],
                "means": [check.mean for check in self.checks],
                "spans": [[float(one.min()), float(one.max())] if one.size else [] for one in known],
                "limits": [low, 0.0],
                "lengths": lengths,
                "outcomes": [
                    f"{'the flag' if drive.reached[0] else 'the time limit'} after {length} steps"
                    for drive, length in zip(drives, lengths, strict=True)
                ],
                "references": REFERENCES,
            },
            smooth=not hasattr(self.checks[0].q, "cells"),
            values=to_message(to_shades(values, low, 0.0)),
            policy=to_message(policy),
            path=to_message(np.concatenate([drive.trajectory(0) for drive in drives]).astype(np.float32)),
            pushes=to_message(
                np.concatenate(
                    [drive.actions[:length, 0] for drive, length in zip(drives, lengths, strict=True)]
                ).astype(np.uint8)
            ),
        )

    @t.validate("index")
    def _inside(self, proposal: t.Bunch) -> int:
        check_index("index", proposal["value"], 0, len(self.checks) - 1)
        return proposal["value"]

    def still(self) -> str:
        """The maps as they are at `index`."""
        check = self.checks[self.index]
        return value_and_policy(check.q, title=f"After {check.step:,} steps")._repr_html_()


def q_values(checks: Sequence[Check]) -> NDArray[np.float32]:
    """Q-values `(checks, rows, columns, 3)` over the phase plane; for tables, one for each cell.

    Raises:
        ValueError: if a Q-function belongs to another environment than MountainCar-v0, or to another run.
    """
    cells = getattr(checks[0].q, "cells", None)
    states = grid(90, 71) if cells is None else cell_centres(cells)
    try:
        return np.array([action_values(check.q, states) for check in checks], dtype=np.float32)
    except ValueError as problem:
        raise ValueError(f"checks must be of one run on {car.ENV_ID}: {problem}") from problem
