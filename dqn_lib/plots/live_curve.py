"""The learning curve while it grows, with a mark for every knob that was turned."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.mountain_car import LUCK, OPTIMUM, THRESHOLD
from dqn_lib.plots.moving import DOTS_PER_INCH, Moving
from dqn_lib.plots.ruler import MOUNTAIN_CAR, draw_ruler
from dqn_lib.plots.style import INK, LEARNED, Picture, house_style
from dqn_lib.training import Change, TrainingLog

WIDTH, LOW, TALL = 7.65, 3.9, 6.5  # inches
LENGTHS = (6_000, 12_000, 25_000, 50_000, 100_000)  # steps that the axis may show; then 200,000, ...
CROWDED = 60  # checks of which each is told apart; more become a thin line, also for the size of the file
DOTS = 500  # training episodes that are drawn at most: of more, every second, third, ...
MARKS = 8  # turns of a knob that are named: the latest
NEAR = 0.02  # of the axis: turns of the same knob this close together get one name
WIDE = 0.027  # of the axis: what a name takes
WORDS: dict[Any, str] = {None: "schedule", "none": "every step"}


def worded(value: Any) -> str:
    """The value of a setting as it is shown: never as 1e-05, and without a computer's last digits."""
    if value is None or isinstance(value, str):
        return WORDS.get(value, value)
    if isinstance(value, float | np.floating):
        return np.format_float_positional(value, precision=6, fractional=False, trim="-")
    return f"{value:,}"


def named(changes: list[Change], near: float) -> list[tuple[int, str]]:
    """Step and words of each turn; of a knob that was dragged, only where it came to rest."""
    turns = [(change.step, *setting) for change in changes for setting in change.settings.items()]
    rests, following = [], {}  # from the last to the first; of each knob the turn after
    for step, knob, value in reversed(turns):
        if following.get(knob, np.inf) - step > near:
            by = "by " if value is None else ""
            rests.append((step, f"{knob.replace('_', ' ')} {by}{worded(value)}"))
        following[knob] = step
    return rests[::-1]


class LiveCurve(Moving):
    """Returns against environment steps, on the ruler between luck and the optimum."""

    def __init__(self, height: float = LOW) -> None:
        with house_style(DOTS_PER_INCH):
            picture = Picture(figsize=(WIDTH, height), layout="constrained")
            self.ax = ax = picture.subplots()
            draw_ruler(ax, MOUNTAIN_CAR)
            (self.dots,) = ax.plot(
                [], [], "o", color=INK, alpha=0.25, markersize=3.4, markeredgewidth=0,
                label="a training episode",
            )  # fmt: skip
            (self.line,) = ax.plot(
                [], [], "o-", color=LEARNED, markersize=4, label="greedy policy, 100 starts"
            )
            (self.last,) = ax.plot([], [], "o", color=LEARNED, markeredgecolor="white", markersize=9)
            (self.turns,) = ax.plot([], [], color=INK, linewidth=0.9, linestyle=(0, (2, 2)))
            self.names = [
                ax.text(0, LUCK + 3, "", rotation=90, va="bottom", ha="right", fontsize=8.5)
                for _ in range(MARKS)
            ]
            for name in self.names:
                name.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1})
            ax.set(xlim=(0, LENGTHS[-1]), xlabel="environment steps", ylabel="return (minus the steps taken)")
            ax.set_title("How well it drives")
            ax.xaxis.set_major_formatter("{x:,.0f}")
            ax.legend(
                handles=[self.dots, self.line],
                loc="upper center",
                bbox_to_anchor=(0.5, -0.5 / height),
                ncols=2,
            )
        super().__init__(picture, [self.turns, self.dots, *self.names, self.line, self.last])
        self.frame()  # lays it out while the numbers are at their widest: from here on there is room

    def update(self, log: TrainingLog, step: int) -> None:
        """Show the run so far, which has come to environment step `step`."""
        beyond = -(-step // LENGTHS[-1]) * LENGTHS[-1]
        length = next((length for length in LENGTHS if length >= step), beyond)
        if length != self.ax.get_xlim()[1]:
            self.ax.set_xlim(0, length)
            self.settle(lay_out=False)
        episodes = log.episodes[:: 1 + len(log.episodes) // DOTS]
        self.dots.set_data([e.step for e in episodes], [e.total_reward for e in episodes])
        steps, means = [check.step for check in log.checks], [check.mean for check in log.checks]
        self.line.set_data(steps, means)
        crowded = len(steps) > CROWDED
        self.line.set(linewidth=1 if crowded else 1.5, markersize=3 if crowded else 4)
        for line in (self.line, self.turns):  # where lines lie side by side, soft edges are half of the file
            line.set_antialiased(not crowded)
        self.last.set_data(steps[-1:], means[-1:])
        self._mark(named(log.changes, NEAR * length), length)
        solved = log.solved_at(THRESHOLD)
        self.figure.alt = (
            f"Learning curve after {step:,} steps and {len(log.episodes):,} episodes. The greedy policy's "
            f"mean return is {means[-1]:.1f}; luck is {LUCK:g}, solved {THRESHOLD:g}, optimum {OPTIMUM:g}. "
            f"{'Not solved yet.' if solved is None else f'Solved at step {solved:,}.'} "
            f"{len(log.changes)} turns of a knob."
        )

    def _mark(self, turns: list[tuple[int, str]], length: int) -> None:
        places = np.repeat([float(step) for step, _ in turns], 3)
        places[2::3] = np.nan  # a gap, so that one line draws all of them
        self.turns.set_data(places, np.tile([*self.ax.get_ylim(), 0.0], len(turns)))
        latest = turns[-MARKS:]
        for text, (_, words) in zip(self.names, latest + [(0, "")] * (MARKS - len(latest)), strict=True):
            text.set_text(words)
        for text, place in zip(self.names, _apart([step / length for step, _ in latest]), strict=False):
            text.set_x(place * length)


def _apart(places: list[float]) -> NDArray[np.float64]:
    """Where names end, as shares of the axis: at ascending `places`, or as near as leaves room for each."""
    room = WIDE * np.arange(1, len(places) + 1)
    first = np.maximum.accumulate(np.maximum(places - room, 0.0))
    return np.minimum(first, 1 - WIDE * len(places)) + room
