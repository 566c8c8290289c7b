"""What gamma lets a solver see: values, policy, and what a step far ahead still weighs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.plots.maps import EXTENT, POLICY, POLICY_NORM, draw_phase_plane, grid, policy_legend, preferred
from dqn_lib.plots.moving import DOTS_PER_INCH, Moving
from dqn_lib.plots.style import ACTIONS, INK, LEARNED, VALUES, Picture, house_style, number

STATES = grid(90, 71)
FURTHEST = 200  # steps ahead that are drawn
BLUR = 1e-3  # value iteration stops when no value moves by more
LEAST = 1e-6  # weight at the bottom of the picture


@dataclass(frozen=True)
class Sight:
    """What a solver that overlooks differences below `BLUR` finds out with one gamma."""

    gamma: float
    q: NDArray[np.float64]  # over STATES, (71, 90, 3)
    steps: float  # to the flag, on average, for the policy it found

    @property
    def distance(self) -> float:
        """How many steps ahead a reward still weighs as much as `BLUR`."""
        return np.inf if self.gamma == 1.0 else np.log(BLUR) / np.log(self.gamma)


class GammaPicture(Moving):
    """Value map, policy map and weights of one gamma, quickly exchanged for those of another."""

    def __init__(self) -> None:
        with house_style(DOTS_PER_INCH):
            picture = Picture(figsize=(12, 4.1), layout="constrained")
            left, middle, right = picture.subplots(1, 3, width_ratios=(1.1, 1, 1))
            options: dict[str, Any] = {"origin": "lower", "extent": EXTENT, "aspect": "auto"}
            blank = np.zeros(STATES.shape[:2])
            self.values = left.imshow(blank, cmap=VALUES, vmin=0, vmax=1, interpolation="bilinear", **options)
            bar = picture.colorbar(self.values, ax=left, ticks=(0, 1))
            bar.ax.set_yticklabels(["lowest", "flag"], rotation=90, va="center")
            self.actions = middle.imshow(
                blank, cmap=POLICY, norm=POLICY_NORM, interpolation="nearest", **options
            )
            policy_legend(middle, range(4), columns=2)
            for ax, title in ((left, "What each state is worth"), (middle, "The action it prefers")):
                draw_phase_plane(ax)
                ax.set_title(title)
            middle.set_ylabel("")
            moving = [self.values, *left.lines, *left.texts, self.actions, *middle.lines, *middle.texts]
            box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 3}
            self.range = left.text(0.03, 0.96, "", transform=left.transAxes, va="top", bbox=box)
            self.drive = middle.text(0.03, 0.96, "", transform=middle.transAxes, va="top", bbox=box)
            moving += [self.range, self.drive, *self._draw_weights(right)]
        super().__init__(picture, moving)

    def _draw_weights(self, ax: Any) -> list[Any]:
        ax.set(
            xlim=(0, FURTHEST), ylim=(LEAST, 2), yscale="log", xlabel="steps ahead",
            ylabel="weight of a reward that far ahead",
            yticks=[1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6],
        )  # fmt: skip
        ax.yaxis.set_major_formatter(lambda weight, _: np.format_float_positional(weight, trim="-"))
        ax.minorticks_off()
        best = -car.OPTIMUM
        ax.axvline(best, color=INK, linewidth=1.2, linestyle=":")
        ax.annotate(
            "the flag, from the start", (best, LEAST), (4, 6), textcoords="offset points", fontsize=9,
            rotation=90, va="bottom",
        )  # fmt: skip
        ax.axhspan(LEAST, BLUR, color="#EEEEEE", zorder=0)
        small = ax.annotate(
            "too small to see", (FURTHEST, LEAST), (-4, 5), textcoords="offset points", fontsize=9,
            ha="right", bbox={"facecolor": "#EEEEEE", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
        (self.line,) = ax.plot([], [], color=LEARNED, linewidth=2.2)
        (self.dot,) = ax.plot([], [], "o", color=LEARNED, markeredgecolor="white", markersize=10)
        self.words = ax.text(0, 1.03, "", transform=ax.transAxes, fontsize=10.5, fontweight="bold")
        return [self.line, small, self.dot, self.words]

    def update(self, sight: Sight) -> None:
        """Show what was seen with one gamma."""
        values = sight.q.max(axis=-1)
        lowest = float(values.min())
        self.values.set_data(1 - values / lowest if lowest else np.ones_like(values))
        self.actions.set_data(preferred(sight.q))
        self.range.set_text(f"from {number(lowest, 1)} to 0")
        reached = "the time limit" if sight.steps >= car.MAX_STEPS else f"{sight.steps:.0f} steps on average"
        self.drive.set_text(f"drives: {reached}")
        ahead = np.arange(FURTHEST + 1)
        self.line.set_data(ahead, np.maximum(sight.gamma ** ahead.astype(float), LEAST / 10))
        far = sight.distance
        seen = "sees to the end" if far > FURTHEST else f"sees {far:.0f} steps ahead"
        self.dot.set_data(*(([], []) if far > FURTHEST else ([far], [BLUR])))
        self.words.set_text(f"Gamma {sight.gamma:g} {seen}")
        blind = float(np.mean(preferred(sight.q) == len(ACTIONS)))
        self.figure.alt = (
            f"With gamma {sight.gamma:g} the solver {seen}. Values from {lowest:.1f} to 0 over position and "
            f"velocity; in {blind:.0%} of the plane all actions look the same; it drives: {reached}."
        )
