"""Random pushes that last: what a thousand episodes return, and how many of them reach the flag."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from dqn_lib import mountain_car as car
from dqn_lib.plots.moving import DOTS_PER_INCH, Moving
from dqn_lib.plots.style import INK, LEARNED, LUCKY, Picture, house_style, number
from dqn_lib.statistics import wilson_interval

BIN = 5  # steps
EDGES = np.arange(car.LUCK, -79, BIN)  # nobody gets to the flag in 80 steps
FEWEST = 0.7  # episodes, at the bottom of the logarithmic axis
EARLIER = 1_000  # dots of earlier batches that stay


class LuckPicture(Moving):
    """The latest batch of episodes: its returns, and its share among those of the batches before."""

    def __init__(self, longest: int, episodes: int) -> None:
        self.longest, self.episodes = longest, episodes
        self.earlier: list[tuple[int, float]] = []  # (hold, share in percent) of the batches before
        with house_style(DOTS_PER_INCH):
            picture = Picture(figsize=(11, 4), layout="constrained")
            left, right = picture.subplots(1, 2, width_ratios=(1, 1.25))
            moving = [*self._draw_returns(left), *self._draw_shares(right)]
        super().__init__(picture, moving)

    def _draw_returns(self, ax: Axes) -> list:
        ax.set(
            xlim=(EDGES[0] - 2 * BIN, EDGES[-1]), ylim=(FEWEST, 2.5 * self.episodes), yscale="log",
            xlabel="return of an episode (minus the steps taken)",
            ylabel=f"episodes, of {self.episodes:,} (logarithmic)", xticks=range(-200, -79, 20),
        )  # fmt: skip
        ax.xaxis.set_major_formatter(lambda value, _: number(value))
        ax.yaxis.set_major_formatter("{x:,.0f}")
        self.bars = ax.bar(EDGES[:-1], np.ones(len(EDGES) - 1), BIN, align="edge", color=LEARNED, alpha=0.9)
        (self.luckless,) = ax.bar(EDGES[0] - BIN, 1, BIN, align="edge", color=LUCKY)
        self.never = ax.annotate(
            "", (EDGES[0] - BIN / 2, 1), (12, 4), textcoords="offset points", fontsize=9, va="bottom"
        )
        self.best = ax.set_title("Returns")
        return [*self.bars, self.luckless, self.never, self.best]

    def _draw_shares(self, ax: Axes) -> list:
        ax.set(
            xlim=(0, self.longest + 1), xlabel="steps that each random action is held",
            ylabel="episodes that reach the flag (%)", ylim=(-1, 25),
        )  # fmt: skip
        ax.set_xticks([1, *range(8, self.longest + 1, 8)])
        (self.dots,) = ax.plot([], [], "o", color=LEARNED, alpha=0.3, markersize=6, markeredgewidth=0)
        (self.bar,) = ax.plot([], [], "_-", color=INK, linewidth=1.8, markersize=11, markeredgewidth=1.8)
        (self.dot,) = ax.plot([], [], "o", color=LEARNED, markeredgecolor="white", markersize=11)
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
        self.words = ax.text(0.02, 0.97, "", transform=ax.transAxes, va="top", bbox=box)
        self.share = ax.set_title("Share")
        self.shares = ax
        return [self.dots, self.bar, self.dot, self.words, self.share]

    def update(self, hold: int, returns: ArrayLike, reached: ArrayLike) -> None:
        """Show one batch more: `returns` and whether the flag was `reached`, both `(episodes,)`."""
        returns, reached = np.asarray(returns), np.asarray(reached, dtype=bool)
        if returns.shape != (self.episodes,) or reached.shape != returns.shape:
            raise ValueError(f"returns and reached must have the shape {(self.episodes,)}, got "
                             f"{returns.shape} and {reached.shape}")  # fmt: skip
        arrived = int(reached.sum())
        for bar, count in zip(self.bars, np.histogram(returns[reached], EDGES)[0], strict=True):
            bar.set_height(count)
        self.luckless.set_height(self.episodes - arrived)
        self.never.xy = (self.never.xy[0], max(self.episodes - arrived, FEWEST))
        self.never.set_text(f"{self.episodes - arrived:,} never get there")
        best = f"Lucky ones: {arrived:,}, the best returns {number(returns.max())}"
        self.best.set_text(best if arrived else f"Not one is lucky, all return {number(car.LUCK)}")
        self._add(hold, arrived)

    def _add(self, hold: int, arrived: int) -> None:
        share = 100 * arrived / self.episodes
        low, high = (100 * end for end in wilson_interval(arrived, self.episodes))
        self.dots.set_data(np.reshape(self.earlier, (-1, 2)).T)
        self.earlier = [*self.earlier, (hold, share)][-EARLIER:]
        self.bar.set_data([hold, hold], [low, high])
        self.dot.set_data([hold], [share])
        if high > self.shares.get_ylim()[1]:
            self.shares.set_ylim(-0.04 * high, 1.1 * high)
            self.settle()
        self.share.set_text(f"Held for {hold} step{'s' * (hold > 1)}: {share:.1f} % reach the flag")
        interval = f"{low:.1f} to {high:.1f} %"
        self.words.set_text(f"95 % interval: {interval}")
        self.figure.alt = (
            f"Actions held for {hold} steps: {arrived:,} of {self.episodes:,} episodes reach the flag, "
            f"{share:.1f} %, 95 % interval {interval}. Left, their returns; right, the share among those of "
            f"{len(self.earlier) - 1} batches before, over the steps that an action is held."
        )
