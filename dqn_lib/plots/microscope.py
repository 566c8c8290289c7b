"""One remembered window under the microscope: where it lies, and how its target is made."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.markers import CARETLEFT, CARETRIGHT
from numpy.typing import ArrayLike, NDArray

from dqn_lib.plots.maps import EXTENT, draw_phase_plane, visits
from dqn_lib.plots.moving import DOTS_PER_INCH, Moving
from dqn_lib.plots.style import DENSITY, ESTIMATE, INK, TARGET, TRAIL, Picture, house_style, number

SIZE = (12, 4.6)  # inches
CELLS = 50  # along each axis of the map of the memory
BINS = 61  # of the histogram of TD errors; odd, so that one is around 0
USUAL = 0.98  # share of the TD errors that their axis has room for; larger ones end at its edge
GUESS = "#F7CF7F"  # a lighter TARGET: the part of the target that is not known
ROWS = ("rewards", "guess", "target", "estimate")  # from the top


def roomy(size: float) -> float:
    """The next of 1, 2, 3, 5, 7, 10, 20, ... that is not smaller than `size`."""
    power = 10.0 ** np.floor(np.log10(max(size, 1.0)))
    return next(float(n * power) for n in (1, 2, 3, 5, 7, 10) if n * power >= size)


@dataclass(frozen=True)
class Specimen:
    """One window of the memory, and what the agent makes of it."""

    age: int  # steps since its first transition was stored
    states: NDArray[np.float64]  # (length + 1, 2), from its state to the one where it stops
    action: int
    rewards: float  # discounted sum
    discount: float  # gamma to the power of its length
    stops: str  # at what, in words
    terminated: bool
    chosen: int  # the action that is thought best where it stops
    bootstrap: float  # what the target network thinks that one is worth
    target: float
    estimate: float  # by the online network, for `action`

    @property
    def length(self) -> int:
        """How many transitions it has."""
        return len(self.states) - 1

    @property
    def guess(self) -> float:
        """What the target holds beyond the rewards."""
        return 0.0 if self.terminated else self.discount * self.bootstrap

    @property
    def error(self) -> float:
        """The TD error: how far the target lies above the estimate."""
        return self.target - self.estimate


class MicroscopePicture(Moving):
    """Left the window on the map of the memory; right rewards, guess, target and estimate on one axis.

    Below them the TD error, enlarged, among those of the whole memory.
    """

    def __init__(self) -> None:
        with house_style(DOTS_PER_INCH):
            picture = Picture(figsize=SIZE, layout="constrained")
            picture.get_layout_engine().set(rect=(0, 0, 0.86, 1))  # room for the sums on the right
            grid = picture.add_gridspec(2, 2, width_ratios=(1.1, 1), height_ratios=(2.2, 1))
            moving = self._draw_map(picture.add_subplot(grid[:, 0]))
            self.ax = picture.add_subplot(grid[0, 1])
            moving += self._draw_sum(self.ax)
            self.errors_ax = picture.add_subplot(grid[1, 1])
            moving += self._draw_errors(self.errors_ax)
        super().__init__(picture, moving)

    def _draw_map(self, ax: Axes) -> list[Any]:
        self.memory = ax.imshow(
            np.full((CELLS, CELLS), np.nan), origin="lower", extent=EXTENT, aspect="auto", cmap=DENSITY,
            vmin=0, vmax=3, alpha=0.5, interpolation="nearest",
        )  # fmt: skip
        draw_phase_plane(ax)
        ax.set_title("The window on the map of the memory (light: often)")
        still_on_top = [*ax.lines, *ax.texts]
        (self.path,) = ax.plot([], [], "o-", color=INK, linewidth=1.8, markersize=4)
        marks: dict[str, Any] = {"markeredgecolor": "white", "markersize": 11, "clip_on": False}
        (self.start,) = ax.plot([], [], "o", color=ESTIMATE, label="first state", **marks)
        (self.stop,) = ax.plot([], [], "D", color=TARGET, label="last state: the guess", **marks)
        (self.flag,) = ax.plot([], [], "*", color=TRAIL, label="the flag: no guess", **marks)
        self.flag.set_markersize(17)
        ax.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, columnspacing=1, handletextpad=0.3
        )
        return [self.memory, *still_on_top, self.path, self.stop, self.start, self.flag]

    def _draw_sum(self, ax: Axes) -> list[Any]:
        ax.set(ylim=(3.6, -0.6), xlim=(-1, 0), xlabel="value")
        ax.set_yticks(range(4), ["rewards paid", "+ guess of the rest", "= target", "estimate"])
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_title("How its target is made")
        colours = (INK, GUESS, TARGET, ESTIMATE)
        self.bars = dict(zip(ROWS, ax.barh(range(4), [0.0] * 4, 0.55, color=colours), strict=True))
        self.sums = {
            row: ax.text(1.03, place, "", transform=ax.get_yaxis_transform(), va="center", fontweight=weight)
            for place, row, weight in (
                (0, "rewards", "normal"),
                (1, "guess", "normal"),
                (2, "target", "normal"),
                (2.5, "error", "bold"),
                (3, "estimate", "normal"),
            )
        }
        (self.gap,) = ax.plot([], [], color=TRAIL, linewidth=2.4, solid_capstyle="butt")
        return [*self.bars.values(), *self.sums.values(), self.gap]

    def _draw_errors(self, ax: Axes) -> list[Any]:
        ax.set(ylim=(0, 1.25), yticks=[], xlim=(-1, 1), xlabel="TD error = target − estimate")
        ax.spines["left"].set_visible(False)
        ax.set_ylabel("in all\nthe memory", rotation=0, ha="right", va="center")
        (self.others,) = ax.plot([], [], color="#B9B4A8", linewidth=1.2, drawstyle="steps-mid")
        zero = ax.axvline(0, color=INK, linewidth=1)
        (self.error,) = ax.plot([], [], color=TRAIL, linewidth=4, solid_capstyle="butt")
        (self.tip,) = ax.plot([], [], color=TRAIL, markersize=11, linestyle="none", clip_on=False)
        self.rank = ax.text(1.03, 0.5, "", transform=ax.get_yaxis_transform(), va="center")
        return [self.others, zero, self.error, self.tip, self.rank]

    def show_memory(self, states: ArrayLike, values: NDArray, errors: NDArray) -> None:
        """Show all remembered states `(n, 2)`, and TD errors `(m,)` of some; their values set the axis."""
        counts = visits(states, CELLS).T
        self.memory.set_data(np.log10(np.where(counts > 0, counts, np.nan)))
        self._make_room(self.ax, float(values.min()), float(values.max()))
        self._sizes = np.sort(np.abs(errors))
        usual = max(float(np.quantile(self._sizes, USUAL)), 1.0)
        self._make_room(self.errors_ax, -usual, usual)
        widest = self.errors_ax.get_xlim()[1]
        heights, edges = np.histogram(errors.clip(-widest, widest), bins=BINS, range=(-widest, widest))
        self.others.set_data((edges[1:] + edges[:-1]) / 2, heights / heights.max())

    def _make_room(self, ax: Axes, low: float, high: float) -> None:
        """Let the axis reach from `low` to `high`; if they fit well enough it stays, for a steady picture."""
        left, right = ax.get_xlim()
        if left <= low and high <= right and high - low > (right - left) / 3:
            return
        ax.set_xlim(-roomy(-low), roomy(high) if high > 0 else 0.0)
        self.settle()

    def update(self, one: Specimen) -> None:
        """Show one window."""
        left, right = self.ax.get_xlim()
        self._make_room(self.ax, min(left, one.target, one.estimate), max(right, one.target, one.estimate))
        self.path.set_data(*one.states.T)
        self.start.set_data(*one.states[:1].T)
        nowhere = np.empty((2, 0))
        self.stop.set_data(*(nowhere if one.terminated else one.states[-1:].T))
        self.flag.set_data(*(one.states[-1:].T if one.terminated else nowhere))
        ends = {"rewards": (0, one.rewards), "guess": (one.rewards, one.guess)}
        ends |= {"target": (0, one.target), "estimate": (0, one.estimate)}
        for row, (begin, width) in ends.items():
            self.bars[row].set_x(begin)
            self.bars[row].set_width(width)
        guess = f"{one.discount:.3f} × {number(one.bootstrap, 2)}\n= {number(one.guess, 2)}"
        words = {
            "rewards": f"{one.length} {'step' if one.length == 1 else 'steps'}: {number(one.rewards, 2)}",
            "guess": "none: the flag" if one.terminated else guess,
            "target": number(one.target, 2),
            "error": f"TD error {number(one.error, 2)}",
            "estimate": number(one.estimate, 2),
        }
        for row, text in words.items():
            self.sums[row].set_text(text)
        self.gap.set_data([one.target] * 2 + [one.estimate] * 2, [2.28, 2.5, 2.5, 2.72])
        widest = self.errors_ax.get_xlim()[1]
        tip = float(np.clip(one.error, -widest, widest))
        self.error.set_data([0, tip], [0.5, 0.5])
        self.tip.set_data(*(([tip], [0.5]) if abs(tip) > widest / 20 else nowhere))  # a short one has no head
        self.tip.set_marker(CARETRIGHT if tip > 0 else CARETLEFT)
        larger = np.searchsorted(self._sizes, abs(one.error)) / len(self._sizes)
        self.rank.set_text(f"larger than\n{'nearly all' if larger > 0.995 else f'{larger:.0%} of all'}")
        self.figure.alt = (
            f"A window of {one.length} steps over position and velocity, which stops at {one.stops}. Rewards "
            f"{one.rewards:.2f}, {'no guess' if one.terminated else f'guess {one.guess:.2f}'}, target "
            f"{one.target:.2f}, estimate {one.estimate:.2f}, TD error {one.error:.2f}."
        )
