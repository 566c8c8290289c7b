"""Estimate and target of one state while the rule between them changes: the chase, as it happens."""

from collections.abc import Sequence
from math import ceil, floor

import numpy as np
from matplotlib.ticker import MaxNLocator

from dqn_lib.checks import check_number
from dqn_lib.plots.chase import Chase
from dqn_lib.plots.moving import DOTS_PER_INCH, Moving
from dqn_lib.plots.style import ESTIMATE, INK, OPTIMAL, TARGET, Picture, house_style, number

WIDE = 2_400  # gradient steps on the axis at first; twice as many whenever the lines come to its end
ROOM = 66  # points above the axes for what stands at the marks
APART = 0.02  # share of the axis between two marks that can both be read
MARKS = 16  # the latest ones that are shown


class LiveChase(Moving):
    """Two lines that grow, and a mark wherever the rule that moves the target was changed."""

    def __init__(self, exact: float) -> None:
        check_number("exact", exact)
        self.exact = exact
        with house_style(DOTS_PER_INCH):
            picture = Picture(figsize=(10, 4.5), layout="constrained")
            picture.get_layout_engine().set(w_pad=0.12)  # inches, for a dot or a mark at the axis' very end
            self.ax = ax = picture.subplots()
            label = f"exact: {number(exact, 1)}"
            ax.axhline(exact, color=OPTIMAL, linestyle=(0, (4, 3)), linewidth=1.2, label=label)
            ax.set(xlabel="gradient steps", ylabel="value of the state")
            ax.xaxis.set_major_formatter("{x:,.0f}")
            ax.yaxis.set_major_locator(MaxNLocator(6))
            self.lines, self.dots = [], []
            for name, colour, width in (
                ("target network", TARGET, 2.6),
                ("online network", ESTIMATE, 1.2),
            ):
                self.lines += ax.plot([], [], color=colour, linewidth=width, label=name)
                self.dots += ax.plot(
                    [], [], "o", color=colour, markeredgecolor="white", markersize=9, clip_on=False
                )
            above = ax.get_xaxis_transform()  # steps across, the height of the axes upwards
            (self.marks,) = ax.plot([], [], color=INK, linewidth=1, linestyle=":", transform=above)
            self.labels = [
                ax.text(0, 1.02, "", rotation=90, ha="center", va="bottom", fontsize=9, transform=above)
                for _ in range(MARKS)
            ]
            self.title = ax.set_title("The chase", pad=ROOM)
            picture.legend(loc="outside lower center", ncols=3)
        super().__init__(picture, [self.marks, *self.labels, *self.lines, *self.dots, self.title])

    def update(self, chase: Chase, rules: Sequence[tuple[int, str]]) -> None:
        """Show a chase of at least one record under `rules`: from which gradient step on, and in words."""
        if not rules or not len(chase.updates):
            raise ValueError(
                f"chase and rules must hold at least one entry, got {len(chase.updates)} and {len(rules)}"
            )
        for line, dot, values in zip(self.lines, self.dots, (chase.target, chase.estimate), strict=True):
            line.set_data(chase.updates, values)
            dot.set_data(chase.updates[-1:], values[-1:])
        self._make_room(chase)
        self._mark(rules)
        steps, (_, now) = int(chase.updates[-1]), rules[-1]
        self.title.set_text(f"Rule: {now}. The online network says {number(chase.estimate[-1], 1)}")
        said = ", ".join(f"from step {step:,} on {words}" for step, words in rules[-MARKS:])
        self.figure.alt = (
            f"What online and target network say about one state while learning; exact is {self.exact:.1f}. "
            f"Rule: {said}. After {steps:,} gradient steps the online network says {chase.estimate[-1]:.1f}, "
            f"the target network {chase.target[-1]:.1f}."
        )

    def _make_room(self, chase: Chase) -> None:
        """Wider and deeper axes, in a few large steps, since each of them draws everything anew."""
        width = WIDE
        while width < chase.updates[-1]:
            width *= 2
        values = np.concatenate([chase.estimate, chase.target, [self.exact, 0.0]])
        unit = max(abs(self.exact), 1.0) / 4
        low = unit * floor(values.min() / unit - 0.2)
        high = 0.2 * unit if values.max() <= 0.2 * unit else unit * ceil(values.max() / unit)
        if (0, width, low, high) != (*self.ax.get_xlim(), *self.ax.get_ylim()):
            self.ax.set(xlim=(0, width), ylim=(low, high))
            self.settle()

    def _mark(self, rules: Sequence[tuple[int, str]]) -> None:
        """Mark the changes, the latest first; one too close to a later one gives way to it."""
        apart = APART * self.ax.get_xlim()[1]
        shown: list[tuple[int, str]] = []
        for step, words in reversed(rules):
            if len(shown) < MARKS and (not shown or step <= shown[-1][0] - apart):
                shown.append((step, words))
        for label in self.labels:
            label.set_text("")
        for (step, words), label in zip(shown, self.labels, strict=False):
            label.set_text(words)
            label.set_x(step)
        places = np.repeat([float(step) for step, _ in shown], 3)
        self.marks.set_data(places, np.tile([0.0, 1.0, np.nan], len(shown)))
