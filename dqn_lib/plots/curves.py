"""Lines that tell runs apart, and the costs that decide which run one can afford."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import ArrayLike

from dqn_lib.plots.ruler import CHECKS, Ruler, draw_ruler, ruler_of
from dqn_lib.plots.style import LEARNED, SERIES, Picture, finish, new_axes, number, styled
from dqn_lib.training import TrainingLog


def _check_series(name: str, series: Mapping[str, Any]) -> None:
    if not 1 <= len(series) <= len(SERIES):
        raise ValueError(f"{name} must hold 1 to {len(SERIES)} lines, got {len(series)}")


@styled
def compare_runs(
    logs: Mapping[str, TrainingLog], ax: Axes | None = None, *, title: str, ruler: Ruler | None = None
) -> Picture:
    """The greedy policy's mean return against environment steps, one line for each run.

    `ruler` has the marks to read it against, as in `learning_curve`.
    """
    _check_series("logs", logs)
    ax = new_axes(ax)
    checks = [check for log in logs.values() for check in log.checks]
    if ruler := ruler or ruler_of((check.environment for check in checks), CHECKS):
        draw_ruler(ax, ruler)
    for (name, log), colour, dashes in zip(logs.items(), SERIES, DASHES, strict=False):
        steps, means = [check.step for check in log.checks], [check.mean for check in log.checks]
        ax.plot(steps, means, color=colour, linestyle=dashes, linewidth=1.8, label=name)
    ax.set(xlabel="environment steps", ylabel="mean return of the greedy policy")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=len(logs), columnspacing=1.4)
    ends = ", ".join(f"{name} ends at {log.checks[-1].mean:.1f}" for name, log in logs.items())
    where = " between luck and the optimum" if ruler else ""
    return finish(ax, f"Learning curves{where}: {ends}.", title)


DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1, 1.5)))


@styled
def lines(
    series: Mapping[str, ArrayLike], x: ArrayLike | None = None, ax: Axes | None = None, *,
    title: str, xlabel: str, ylabel: str, log: bool = False,
) -> Picture:  # fmt: skip
    """Each of `series` `(n,)` against `x`, with its name; told apart by colour and by dashes."""
    _check_series("series", series)
    ax = new_axes(ax, 8, 3.6)
    for (name, values), colour, dashes in zip(series.items(), SERIES, DASHES, strict=False):
        place = np.arange(len(np.asarray(values))) if x is None else x
        ax.plot(place, values, color=colour, linestyle=dashes, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_formatter("{x:,.6g}")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    ends = ", ".join(
        f"{name} from {np.asarray(v)[0]:.3g} to {np.asarray(v)[-1]:.3g}" for name, v in series.items()
    )
    return finish(ax, f"{title}. {ylabel} against {xlabel}: {ends}.", title)


@styled
def costs(seconds: Mapping[str, float], ax: Axes | None = None, *, title: str) -> Picture:
    """What each of several ways costs, in milliseconds, on a logarithmic axis."""
    ax = new_axes(ax, 8, 0.9 + 0.42 * len(seconds))
    milliseconds = {name: 1000 * value for name, value in seconds.items()}
    rows = range(len(seconds))
    low = min(milliseconds.values()) / 3
    ax.hlines(rows, low, list(milliseconds.values()), color=LEARNED, linewidth=1.5)
    ax.plot(list(milliseconds.values()), rows, "o", color=LEARNED, markersize=8)
    for row, value in zip(rows, milliseconds.values(), strict=True):
        text = f"{value:,.0f} ms" if value >= 10 else f"{value:.2g} ms"
        ax.annotate(text, (value, row), (9, 0), textcoords="offset points", va="center")
    ax.set_yticks(rows, list(seconds))
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: number(value))
    ax.set(
        xlabel="milliseconds (each mark is ten times the one before)",
        xlim=(low, 6 * max(milliseconds.values())), ylim=(len(seconds) - 0.5, -0.5),
    )  # fmt: skip
    listed = ", ".join(f"{name} {value:.2g} ms" for name, value in milliseconds.items())
    return finish(ax, f"{title}. {listed}.", title)
