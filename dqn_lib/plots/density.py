"""Where the car has been: states counted, cell by cell."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from numpy.typing import ArrayLike

from dqn_lib import mountain_car as car
from dqn_lib.plots.maps import check_states, draw_phase_plane, visits
from dqn_lib.plots.style import DENSITY, Picture, finish, new_axes, styled


@styled
def density(
    states: ArrayLike,
    ax: Axes | None = None,
    *,
    cells: int = 40,
    title: str | None = None,
    most: float | None = None,
) -> Picture:
    """How often each of `cells` x `cells` cells was visited by states `(n, 2)`; white: never.

    `most` fixes the upper end of the colours, so that several pictures can be compared.
    """
    ax = new_axes(ax, 6.4, 4.2)
    states = np.asarray(states)
    check_states("states", states)
    edges = [
        np.linspace(low, high, cells + 1) for low, high in zip(car.STATE_LOW, car.STATE_HIGH, strict=True)
    ]
    counts = visits(states, cells)
    image = ax.pcolormesh(
        *edges, np.ma.masked_equal(counts, 0).T, norm=LogNorm(1, most or max(counts.max(), 2)), cmap=DENSITY
    )
    draw_phase_plane(ax)
    ax.figure.colorbar(image, ax=ax, label="visits to the cell", format="{x:,.0f}")
    visited = float(np.mean(counts > 0))
    title = title or f"{visited:.0%} of the cells were ever visited"
    alt = (
        f"Visits by position and velocity: {len(states):,} states, {visited:.0%} of {cells} x {cells} cells."
    )
    return finish(ax, f"{alt} {title}.", title)
