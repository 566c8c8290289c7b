"""Six diagnostics of a run side by side, for when training fails."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dqn_lib.diagnostics import Diagnosis
from dqn_lib.mountain_car import OPTIMAL_CHECK_RETURN, RANDOM_RETURN
from dqn_lib.plots.curves import REFERENCE_LINE
from dqn_lib.plots.maps import draw_map
from dqn_lib.plots.style import (
    INK,
    LEARNED,
    OPTIMAL,
    RANDOM,
    SERIES,
    VALUES,
    Picture,
    format_number,
    house_style,
)

BASELINE = "#B9B9B9"
POSSIBLE = "#E3F1EA"
MIN_LOSS = 1e-4  # the lowest end of the logarithmic axes
MAX_DOTS = 500  # remembered states that are drawn
SHADES = 16  # of the map: bands of one colour halve the size of the picture


@house_style()
def symptoms(
    diagnosis: Diagnosis, baseline: Diagnosis | None = None, *, title: str, gamma: float = 0.99
) -> Picture:
    """Mean return, loss, TD error, range of values, epsilon, and the map of values with the replay memory.

    `baseline` is a healthy run to compare with, in grey. Where every step costs 1, only values between
    minus 1 / (1 - `gamma`) and 0 are possible; that range is shaded.
    """
    picture = Picture(figsize=(11, 5.7), layout="constrained")
    axes = picture.subplots(2, 3)
    for name, ax in zip(("mean_return", "loss", "td_error"), axes.ravel(), strict=False):
        _line(ax, diagnosis, baseline, name)
    (evaluation, loss, error), (values, exploration, plane) = axes
    evaluation.set(
        title="Evaluation", ylabel="mean greedy return", ylim=(RANDOM_RETURN - 6, OPTIMAL_CHECK_RETURN + 8)
    )
    for mark, colour in ((RANDOM_RETURN, RANDOM), (OPTIMAL_CHECK_RETURN, OPTIMAL)):
        evaluation.axhline(mark, color=colour, zorder=0, **REFERENCE_LINE)
    loss.set(title="Loss of the updates", yscale="log")
    error.set(title="TD error on the memory", yscale="log")
    for ax in (loss, error):
        low, high = ax.get_ylim()
        ax.set_ylim(max(low, MIN_LOSS), max(high, 10))
    _values(values, diagnosis, baseline, gamma)
    _exploration(exploration, diagnosis)
    _plane(plane, diagnosis)
    for ax in axes.ravel()[:5]:
        ax.set(xlabel="thousands of steps", xlim=(0, diagnosis.history[-1].step / 1_000))
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    picture.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=13)
    last = diagnosis.history[-1]
    picture.alt = (
        f"{title}. After {last.step:,} steps: mean return of the greedy policy {last.mean_return:.1f}, "
        f"loss {last.loss:.3g}, TD error {last.td_error:.3g}, "
        f"values of the remembered states from {last.lowest:.1f} to {last.highest:.1f}, "
        f"epsilon {last.epsilon:.2f}, {last.arrivals} arrivals, {len(diagnosis.remembered):,} states "
        "remembered."
    )
    return picture


def _thousands(diagnosis: Diagnosis) -> np.ndarray:
    return diagnosis.series("step") / 1_000


def _line(ax: Axes, diagnosis: Diagnosis, baseline: Diagnosis | None, name: str) -> None:
    if baseline is not None:
        ax.plot(_thousands(baseline), baseline.series(name), color=BASELINE, linewidth=2.5)
    ax.plot(_thousands(diagnosis), diagnosis.series(name), color=LEARNED, linewidth=1.8)


def _values(ax: Axes, diagnosis: Diagnosis, baseline: Diagnosis | None, gamma: float) -> None:
    floor = -1 / (1 - gamma)
    ax.axhspan(floor, 0, color=POSSIBLE, linewidth=0, zorder=0)
    if baseline is not None:
        for name in ("lowest", "highest"):
            ax.plot(_thousands(baseline), baseline.series(name), color=BASELINE, linewidth=2.5)
    low, high = diagnosis.series("lowest"), diagnosis.series("highest")
    ax.fill_between(_thousands(diagnosis), low, high, color=LEARNED, alpha=0.25, linewidth=0)
    for line in (low, high):
        ax.plot(_thousands(diagnosis), line, color=LEARNED, linewidth=1.8)
    ax.set(title="Values: lowest and highest", ylabel=f"green: possible, {format_number(floor)} to 0")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylim(min(floor * 1.15, low.min() * 1.05), max(25.0, high.max() * 1.05))


def _exploration(ax: Axes, diagnosis: Diagnosis) -> None:
    ax.plot(_thousands(diagnosis), diagnosis.series("epsilon"), color=INK, linewidth=1.8)
    arrived = [episode.step / 1_000 for episode in diagnosis.log.episodes if episode.terminated]
    ax.plot(arrived, np.full(len(arrived), -0.09), "|", color=SERIES[1], markersize=9, markeredgewidth=1.3)
    ax.set(title="Epsilon, and arrivals at the flag", ylim=(-0.18, 1.06), yticks=[0, 0.5, 1])
    words = f"{len(arrived)} arrivals" if len(arrived) != 1 else "1 arrival"
    ax.text(
        0.97, 0.9, words, ha="right", va="center", color=SERIES[1], fontweight="bold", transform=ax.transAxes
    )


def _plane(ax: Axes, diagnosis: Diagnosis) -> None:
    values = diagnosis.values
    image = draw_map(
        ax, values, cmap=colormaps[VALUES].resampled(SHADES), interpolation_stage="data",
        vmin=values.min(), vmax=max(values.max(), values.min() + 1),
    )  # fmt: skip
    ax.figure.colorbar(image, ax=ax)
    states = diagnosis.remembered
    some = states[np.linspace(0, len(states) - 1, min(MAX_DOTS, len(states))).astype(int)]
    ax.plot(*some.T, "o", color="white", markersize=1.6, markeredgewidth=0, alpha=0.55)
    ax.set_title(f"Map of values; dots: {len(states):,} in memory", fontsize=10)
