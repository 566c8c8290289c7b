"""A run as a film: the map of values while it is being learnt, and how well the car drives by it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dqn_lib.mountain_car import CHECKED_OPTIMUM
from dqn_lib.plots.maps import EXTENT, action_values, centres, draw_phase_plane, grid
from dqn_lib.plots.ruler import CHECKS, check_environments, draw_ruler
from dqn_lib.plots.style import LEARNED, VALUES, house_style
from dqn_lib.plots.video import DOTS_PER_INCH, Video, film
from dqn_lib.training import Check

FRAMES = 84  # whatever the number of checks: some seven seconds with the rest
REST = 10  # frames the last picture stays


def watch_learning(
    checks: Sequence[Check], *, limits: tuple[float, float] | None = None, cells: int | None = None
) -> Video:
    """Film the checks of a run, in order; between two of them the picture fades from one to the next.

    `limits` fixes the colours' ends, otherwise they are the last check's. With `cells`, the map is
    drawn in as many cells along each axis, as a table sees it.
    """
    if not checks:
        raise ValueError("checks must hold at least one check, got none")
    check_environments(checks)
    steps, means = np.array([check.step for check in checks]), np.array([check.mean for check in checks])
    states = grid(90, 71) if cells is None else centres(cells)
    values = np.array([action_values(check.q, states).max(axis=-1) for check in checks])
    low, high = limits or (float(values[-1].min()), 0.0)
    with house_style(DOTS_PER_INCH):
        figure = Figure(figsize=(11, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        image = left.imshow(
            values[0], origin="lower", extent=EXTENT, aspect="auto", cmap=VALUES, vmin=low, vmax=high,
            interpolation="bilinear" if cells is None else "nearest",
        )  # fmt: skip
        draw_phase_plane(left)
        left.set_title("What each state is thought to be worth")
        figure.colorbar(image, ax=left, label="value", extend="both")
        counter = left.text(
            0.03, 0.96, "", transform=left.transAxes, va="top", fontsize=11, fontweight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 3},
        )  # fmt: skip
        draw_ruler(right, CHECKS)
        right.set(xlabel="environment steps", ylabel="mean return of the greedy policy")
        right.set_xlim(0, max(steps[-1], 1))
        right.xaxis.set_major_formatter("{x:,.0f}")
        right.xaxis.set_major_locator(MaxNLocator(4))
        right.set_title("How well the car drives by it")
        (line,) = right.plot([], [], color=LEARNED, linewidth=2)
        (dot,) = right.plot([], [], "o", color=LEARNED, markeredgecolor="white", markersize=8, clip_on=False)

        def update(moment: float) -> None:
            before = int(moment)
            after = min(before + 1, len(checks) - 1)
            share = moment - before
            image.set_data((1 - share) * values[before] + share * values[after])
            step, mean = ((1 - share) * one[before] + share * one[after] for one in (steps, means))
            line.set_data([*steps[: before + 1], step], [*means[: before + 1], mean])
            dot.set_data([step], [mean])
            counter.set_text(f"step {step:,.0f}")

        moments = [*np.linspace(0, len(checks) - 1, FRAMES), *[len(checks) - 1] * REST]
        alt = (
            f"The map of values during {steps[-1]:,} steps of learning. The greedy policy's return goes from "
            f"{means[0]:.0f} to {means[-1]:.0f}, at best {means.max():.0f}; the optimum is "
            f"{CHECKED_OPTIMUM:g}."
        )
        moving = [image, *left.lines, *left.texts, line, dot]
        return film(figure, moving, moments, update, alt=alt, frames_per_second=12)
