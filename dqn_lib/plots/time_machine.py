"""A whole run to leaf through: what each check thought of every state, and how far the run had come."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.plots.maps import (
    EXTENT,
    POLICY,
    POLICY_NORM,
    PREFERENCES,
    beyond,
    draw_phase_plane,
    policy_legend,
    preferred,
)
from dqn_lib.plots.moving import DOTS_PER_INCH, Moving
from dqn_lib.plots.ruler import MOUNTAIN_CAR, draw_ruler
from dqn_lib.plots.style import INK, LEARNED, TRAIL, VALUES, Picture, house_style, number

MAPS, CURVE = (12, 3.75), (6.7, 4.2)  # inches
SHADES = 32  # of the values: like contour lines, and a file a third smaller than with all of them
SHALLOWEST = -1.0  # the colours never span less, or the noise of an untaught network would fill them


@dataclass(frozen=True)
class Drive:
    """How the greedy car drove at one moment of the run."""

    states: NDArray[np.float64]  # (length + 1, 2), the start included
    actions: NDArray[np.int64]  # (length,)
    reached: bool

    @property
    def outcome(self) -> str:
        """How it ended, in words."""
        return f"{'the flag' if self.reached else 'the time limit'} after {len(self.actions)} steps"


class RunMaps(Moving):
    """Value map, with the greedy car's way on it, and policy map of one check after the other.

    `q` `(checks, rows, columns, actions)` holds the Q-values of all of them over the phase plane; the
    colours have the same meaning for all.
    """

    def __init__(self, q: NDArray, *, smooth: bool = True) -> None:
        self.q, values = q, q.max(axis=-1)
        # No drive costs more than the time limit, so a run that blew up shall not spoil the colours.
        lowest = float(values[np.isfinite(values)].min(initial=SHALLOWEST))
        self.limits = max(lowest, car.LUCK), 0.0
        with house_style(DOTS_PER_INCH):
            picture = Picture(figsize=MAPS, layout="constrained")
            left, right = picture.subplots(1, 2, width_ratios=(1.12, 1))
            options: dict[str, Any] = {"origin": "lower", "extent": EXTENT, "aspect": "auto"}
            self.values = left.imshow(
                values[0], cmap=colormaps[VALUES].resampled(SHADES), vmin=self.limits[0], vmax=0.0,
                interpolation="bilinear" if smooth else "nearest", **options,
            )  # fmt: skip
            label = f"value ({number(self.limits[0], 1)} to 0 in the whole run)"
            ends = beyond(values, *self.limits)
            picture.colorbar(self.values, ax=left, label=label, extend=ends)
            self.actions = right.imshow(
                preferred(q[0]), cmap=POLICY, norm=POLICY_NORM, interpolation="nearest", **options
            )
            policy_legend(right, range(4))
            for ax, title in (
                (left, "The value of each state, and the greedy car's way"),
                (right, "What the greedy car would do"),
            ):
                draw_phase_plane(ax)
                ax.set_title(title)
            right.set_ylabel("")
            still_on_top = [*left.lines, *left.texts, *right.lines, *right.texts]
            outline = [withStroke(linewidth=3.6, foreground=INK)]
            (self.way,) = left.plot([], [], color="white", linewidth=1.8, path_effects=outline)
            marks: dict[str, Any] = {"color": TRAIL, "markeredgecolor": "white"}
            (self.start,) = left.plot([], [], "o", markersize=8, **marks)
            (self.end,) = left.plot([], [], "*", markersize=15, clip_on=False, **marks)
            box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 3}
            self.words = left.text(0.02, 0.96, "", transform=left.transAxes, va="top", bbox=box)
        super().__init__(
            picture,
            [self.values, self.actions, *still_on_top, self.way, self.start, self.end, self.words],
        )

    def update(self, place: int, step: int, drive: Drive) -> None:
        """Show the check at this place of the run, and how the car drove by it."""
        values, actions = self.q[place].max(axis=-1), preferred(self.q[place])
        self.values.set_data(values)
        self.actions.set_data(actions)
        self.way.set_data(*drive.states.T)
        self.start.set_data(*drive.states[:1].T)
        self.end.set_data(*drive.states[-1:].T)
        self.words.set_text(f"step {step:,}: {drive.outcome}")
        shares = [
            f"{name} in {np.mean(actions == a):.0%}"
            for a, name in enumerate(PREFERENCES)
            if (actions == a).any()
        ]
        self.figure.alt = (
            f"After {step:,} steps of training, maps over position and velocity. Values from "
            f"{values.min():.1f} to {values.max():.1f}; the greedy action is {', '.join(shares)} of the "
            f"plane. The greedy car ends at {drive.outcome}."
        )


class RunCurve(Moving):
    """The whole learning curve in grey, in colour as far as the run had come."""

    def __init__(self, steps: Sequence[int], means: Sequence[float]) -> None:
        self.steps, self.means = np.array(steps), np.array(means)
        with house_style(DOTS_PER_INCH):
            picture = Picture(figsize=CURVE, layout="constrained")
            ax = picture.subplots()
            draw_ruler(ax, MOUNTAIN_CAR)
            ax.plot(steps, means, color=INK, alpha=0.25, linewidth=1.4)
            (self.line,) = ax.plot([], [], color=LEARNED, linewidth=2.2)
            (self.dot,) = ax.plot(
                [], [], "o", color=LEARNED, markeredgecolor="white", markersize=11, clip_on=False
            )
            ax.set(
                xlim=(0, max(*self.steps, 1)),
                xlabel="environment steps",
                ylabel="mean return of the greedy policy",
            )
            ax.xaxis.set_major_formatter("{x:,.0f}")
            ax.xaxis.set_major_locator(MaxNLocator(4))
            self.words = ax.text(0, 1.03, "", transform=ax.transAxes, fontsize=11, fontweight="bold")
            ax.set_title(" ")  # keeps the room for the words
        super().__init__(picture, [self.line, self.dot, self.words])

    def update(self, place: int) -> None:
        """Show how far the run had come with the check at this place."""
        step, mean = int(self.steps[place]), float(self.means[place])
        self.line.set_data(self.steps[: place + 1], self.means[: place + 1])
        self.dot.set_data([step], [mean])
        self.words.set_text(f"At step {step:,} the car returns {number(mean, 1)} on average")
        self.figure.alt = (
            f"Learning curve over {self.steps[-1]:,} environment steps, a dot at step {step:,}: mean return "
            f"{mean:.1f}. Luck is {car.LUCK:g}, solved {car.THRESHOLD:g}, the optimum {car.OPTIMUM:g}."
        )
