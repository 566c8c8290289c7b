"""Estimate and target of one state, gradient step by gradient step: who runs after whom?"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from dqn_lib.plots.style import ESTIMATE, OPTIMAL, TARGET, Picture, house_style, number, styled
from dqn_lib.plots.video import DOTS_PER_INCH, Video, film


class Chase(NamedTuple):
    """What two networks said about the same state, at the gradient steps `updates`; each `(n,)`."""

    updates: NDArray[np.int64]
    estimate: NDArray[np.float64]  # by the online network
    target: NDArray[np.float64]  # by the target network


def _span(chases: Mapping[str, Chase], exact: float) -> tuple[float, float]:
    """The lowest and the highest value of all lines, 0 included."""
    if not chases:
        raise ValueError("chases must hold at least one chase, got none")
    values = np.concatenate([[0.0, exact], *(array for one in chases.values() for array in one[1:])])
    return float(values.min()), float(values.max())


def _frame(ax: Axes, name: str, chases: Mapping[str, Chase], exact: float) -> None:
    low, high = _span(chases, exact)
    ax.axhline(exact, color=OPTIMAL, linestyle=(0, (4, 3)), linewidth=1.2, label=f"exact: {number(exact, 1)}")
    ax.set(
        xlabel="gradient steps",
        xlim=(0, chases[name].updates[-1]),
        ylim=(low - 0.08 * (high - low), high + 0.02 * (high - low)),
    )
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.set_title(name)


@styled
def chase(chases: Mapping[str, Chase], exact: float) -> Picture:
    """One panel for each way to move the target: the online and the target network's value of one state."""
    _span(chases, exact)
    picture = Picture(figsize=(12, 3.9), layout="constrained")
    panels = picture.subplots(1, len(chases), sharey=True, squeeze=False)[0]
    for ax, (name, one) in zip(panels, chases.items(), strict=True):
        _frame(ax, name, chases, exact)
        ax.plot(one.updates, one.target, color=TARGET, linewidth=2.6, label="target network")
        ax.plot(one.updates, one.estimate, color=ESTIMATE, linewidth=1.1, label="online network")
    panels[0].set_ylabel("value of the valley's floor")
    picture.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    gaps = ", ".join(
        f"{name}: {np.abs(one.estimate - one.target).mean():.1f}" for name, one in chases.items()
    )
    picture.alt = (
        f"What online and target network say about the valley's floor while learning; exact is {exact:.1f}. "
        f"Mean distance between the two: {gaps}."
    )
    return picture


def watch_chase(chases: Mapping[str, Chase], exact: float) -> Video:
    """The same as a film: two dots run along their lines."""
    with house_style(DOTS_PER_INCH):
        figure = Figure(figsize=(11, 3.8), layout="constrained")
        panels = figure.subplots(1, len(chases), sharey=True, squeeze=False)[0]
        moving, runners = [], []
        for ax, (name, one) in zip(panels, chases.items(), strict=True):
            _frame(ax, name, chases, exact)
            for values, colour, width, label in (
                (one.target, TARGET, 2.6, "target network"),
                (one.estimate, ESTIMATE, 1.3, "online network"),
            ):
                (line,) = ax.plot([], [], color=colour, linewidth=width, label=label)
                (dot,) = ax.plot(
                    [], [], "o", color=colour, markeredgecolor="white", markersize=9, clip_on=False
                )
                moving += [line, dot]
                runners.append((one.updates, values, line, dot))
        panels[0].set_ylabel("value of the valley's floor")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)

        def update(share: float) -> None:
            for updates, values, line, dot in runners:
                here = max(1, round(share * len(updates)))
                line.set_data(updates[:here], values[:here])
                dot.set_data(updates[here - 1 : here], values[here - 1 : here])

        shares = [*np.linspace(0, 1, 180), *[1.0] * 20]
        alt = f"Online and target network chasing each other towards {exact:.1f}, for {', '.join(chases)}."
        return film(figure, moving, shares, update, alt=alt)
