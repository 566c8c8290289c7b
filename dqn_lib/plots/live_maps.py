"""Maps over the phase plane that follow an agent while it learns: values, policy, memory."""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import StrMethodFormatter
from numpy.typing import ArrayLike, NDArray

from dqn_lib.plots.maps import (
    EXTENT,
    POLICY,
    POLICY_NORM,
    PREFERENCES,
    draw_phase_plane,
    policy_legend,
    preferred,
    visits,
)
from dqn_lib.plots.moving import DOTS_PER_INCH, Moving
from dqn_lib.plots.style import ACTIONS, DENSITY, VALUES, Picture, house_style

SIZE = (3.9, 3.3)  # inches: three of them side by side are as wide as a lesson
DEPTHS = (-10, -20, -50, -100, -200, -500, -1_000, -10_000)  # lower ends of the colours for values
USUAL = -100  # no value of an agent that learns lies deeper, with a gamma up to 0.99
CELLS = 40  # along each axis of the map of the memory
MOST = 1_000  # visits to a cell that the colours still tell apart
FAR = 1_000_000  # no value that makes sense lies further from 0
DIVERGED = "diverged: where white,\nno number any more"


class LiveMap(Moving):
    """What the maps share: axes of the phase plane, an image on it, a note in its corner."""

    def __init__(self, title: str, shape: tuple[int, int], **options: Any) -> None:
        with house_style(DOTS_PER_INCH):
            picture = Picture(figsize=SIZE, layout="constrained")
            self.ax: Axes = picture.subplots()
            self.image: AxesImage = self.ax.imshow(
                np.zeros(shape), origin="lower", extent=EXTENT, aspect="auto", **options
            )
            draw_phase_plane(self.ax)
            self.ax.set_title(title)
            box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2.5}
            self.note = self.ax.text(
                0.03, 0.965, "", transform=self.ax.transAxes, va="top", fontsize=9, bbox=box
            )
            self._legend()
        moving: list[Artist] = [self.image, *self.ax.lines, *self.ax.texts]
        super().__init__(picture, moving)

    def _legend(self) -> None:
        """What the colours mean."""


class LiveValues(LiveMap):
    """The value of each state of a grid; the colours reach deeper when the values do."""

    def __init__(self, shape: tuple[int, int], *, smooth: bool = True) -> None:
        super().__init__(
            "What each state is thought worth", shape, cmap=VALUES, vmin=USUAL, vmax=0,
            interpolation="bilinear" if smooth else "nearest",
        )  # fmt: skip
        self.frame()  # lays it out with room for the usual numbers

    def _legend(self) -> None:
        bar = self.ax.figure.colorbar(self.image, ax=self.ax, label="value", extend="both")
        bar.formatter = StrMethodFormatter("{x:,.0f}")

    def update(self, q: NDArray) -> None:
        """Show these Q-values `(rows, columns, actions)` of the grid."""
        values = q.max(axis=-1)
        known = values[np.isfinite(values)]
        lowest = known.min(initial=0)
        depth = next((depth for depth in DEPTHS if depth <= lowest), DEPTHS[-1])
        if depth != self.image.get_clim()[0]:
            with house_style(DOTS_PER_INCH):  # the colour bar makes its ends again
                self.image.set_clim(depth, 0)
            self.settle(lay_out=depth < USUAL)
        self.image.set_data(np.where(np.isfinite(values), values.clip(-FAR, FAR), np.nan))
        words = _span(values) if known.size == values.size else DIVERGED
        self.note.set_text(words)
        self.figure.alt = f"Map of state values over position and velocity, now {_in_line(words)}."


class LivePolicy(LiveMap):
    """The greedy action of each state of a grid."""

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__(
            "What the greedy car would do", shape, cmap=POLICY, norm=POLICY_NORM, interpolation="nearest"
        )

    def _legend(self) -> None:
        policy_legend(self.ax, range(3), short=True)

    def update(self, q: NDArray) -> None:
        """Show the policy of these Q-values `(rows, columns, actions)` of the grid."""
        sound = np.isfinite(q).all(axis=-1)
        actions = preferred(np.where(sound[..., np.newaxis], q, 0.0))
        self.image.set_data(actions)
        same = "white: all the same" if (actions == len(ACTIONS)).any() else ""
        self.note.set_text(same if sound.all() else DIVERGED)
        shares = [
            f"{name} in {np.mean(sound & (actions == a)):.0%}"
            for a, name in enumerate(PREFERENCES)
            if (sound & (actions == a)).any()
        ]
        if not sound.all():
            shares.append(f"diverged in {np.mean(~sound):.0%}")
        self.figure.alt = (
            f"Map of the greedy action over position and velocity: {', '.join(shares)} of the plane."
        )


class LiveMemory(LiveMap):
    """Where the remembered states lie, counted cell by cell; white: nowhere."""

    def __init__(self) -> None:
        super().__init__(
            "What it remembers", (CELLS, CELLS), cmap=DENSITY, vmin=0, vmax=np.log10(MOST),
            interpolation="nearest",
        )  # fmt: skip

    def _legend(self) -> None:
        bar = self.ax.figure.colorbar(self.image, ax=self.ax, label="states in the cell", extend="max")
        exponents = range(round(np.log10(MOST)) + 1)
        bar.set_ticks(list(exponents), labels=[f"{10**e:,}" for e in exponents])

    def update(self, states: ArrayLike, flags: int) -> None:
        """Show remembered states `(n, 2)`; `flags` of them led to the flag."""
        states = np.asarray(states)
        counts: NDArray = visits(states, CELLS).T
        self.image.set_data(np.log10(np.where(counts > 0, counts, np.nan)))
        words = f"{_count(len(states), 'transition')}\n{_count(flags, 'flag')}"
        self.note.set_text(words)
        self.figure.alt = (
            f"The memory over position and velocity: {_in_line(words, ', ')}, "
            f"in {np.mean(counts > 0):.0%} of the cells."
        )


def _in_line(words: str, between: str = " ") -> str:
    """A note of several lines in one."""
    return words.replace("\n", between)


def _span(values: NDArray) -> str:
    """From the lowest to the highest of finite values."""
    if np.abs(values).max() > FAR:
        return f"diverged: values\nbeyond ±{FAR:,}"
    return f"{round(float(values.min())):,} to {round(float(values.max())):,}".replace("-", "\N{MINUS SIGN}")


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
