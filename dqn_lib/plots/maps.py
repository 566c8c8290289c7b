"""What a Q-function knows, over the whole phase plane: values, policy, trajectories."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from dqn_lib import mountain_car as car
from dqn_lib.plots.style import (
    ACTIONS,
    DENSITY,
    ERRORS,
    INK,
    TRAIL,
    VALUES,
    Picture,
    finish,
    new_axes,
    styled,
)

QFunction = Callable[[NDArray], NDArray]  # states (..., 2) -> Q-values (..., 3)
TIE = 1e-6  # values closer than this are the same
PREFERENCES = (*car.ACTION_NAMES, "all the same")
POLICY, POLICY_NORM = ListedColormap((*ACTIONS, "white")), BoundaryNorm(np.arange(5) - 0.5, 4)
EXTENT = (car.MIN_POSITION, car.MAX_POSITION, -car.MAX_SPEED, car.MAX_SPEED)


def grid(columns: int = 180, rows: int = 141) -> NDArray[np.float64]:
    """States `(rows, columns, 2)` over the phase plane: a column is a position, a row a velocity."""
    positions = np.linspace(car.MIN_POSITION, car.MAX_POSITION, columns)
    velocities = np.linspace(-car.MAX_SPEED, car.MAX_SPEED, rows)
    return np.stack(np.meshgrid(positions, velocities), axis=-1)


def centres(cells: int) -> NDArray[np.float64]:
    """The states `(cells, cells, 2)` in the middle of each cell of a table; a column is a position."""
    low, high = np.array(EXTENT[::2]), np.array(EXTENT[1::2])
    middle = (np.arange(cells) + 0.5)[:, None] / cells * (high - low) + low
    return np.stack(np.meshgrid(middle[:, 0], middle[:, 1]), axis=-1)


def action_values(q: QFunction, states: NDArray) -> NDArray:
    """Q-values `(..., 3)` of states `(..., 2)` of MountainCar-v0.

    Raises:
        ValueError: if `q` is of another world: of states or actions of another number, or of another table.
    """
    low, high = getattr(q, "low", car.STATE_LOW), getattr(q, "high", car.STATE_HIGH)
    try:
        same = np.allclose(low, car.STATE_LOW) and np.allclose(high, car.STATE_HIGH)
        values = np.asarray(q(states)) if same else None
    except (ValueError, TypeError, IndexError) as problem:
        raise ValueError(f"q must take states of {car.ENV_ID}, two numbers each: {problem}") from problem
    if values is None:
        raise ValueError(f"q must be of {car.ENV_ID}, got a table of states from {low} to {high}")
    if values.shape != (*states.shape[:-1], len(ACTIONS)):
        raise ValueError(
            f"q must have a value for each of the {len(ACTIONS)} actions of {car.ENV_ID}, got the shape "
            f"{values.shape} for states of {states.shape}"
        )
    return values


def check_states(name: str, states: NDArray) -> None:
    """Raise unless the shape of `states` is `(n, 2)`, as it is in MountainCar-v0."""
    if states.ndim != 2 or states.shape[1] != 2:
        raise ValueError(
            f"{name} must hold states of {car.ENV_ID}, two numbers each, got the shape {states.shape}"
        )


def visits(states: NDArray, cells: int) -> NDArray[np.int64]:
    """How many of the states `(n, 2)` lie in each of `cells` x `cells` cells; `[position, velocity]`.

    Gymnasium gives states as float32, where the wall at -1.2 lies a little left of -1.2: as the edges do.
    """
    low, high = np.array(EXTENT[::2], np.float32), np.array(EXTENT[1::2], np.float32)
    low, high = low[:, np.newaxis].astype(float), high[:, np.newaxis].astype(float)
    shares = (np.asarray(states, dtype=float).T - low) / (high - low)
    inside = (shares >= 0) & (shares <= 1)
    row, column = np.minimum((np.where(inside, shares, 0.0) * cells).astype(np.int32), cells - 1)
    found = (row * cells + column)[inside[0] & inside[1]]
    return np.bincount(found, minlength=cells**2).reshape(cells, cells)


def draw_phase_plane(ax: Axes) -> None:
    """Axes of the phase plane, and the flag."""
    ax.set(xlim=EXTENT[:2], ylim=EXTENT[2:], xlabel="position", ylabel="velocity (per step)")
    ax.axvline(car.GOAL_POSITION, color=INK, linewidth=1.2, linestyle=":")
    ax.annotate(
        "flag", (car.GOAL_POSITION, -car.MAX_SPEED), (-3, 4), textcoords="offset points",
        ha="right", va="bottom", fontsize=9, rotation=90,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1},  # some maps are dark there
    )  # fmt: skip


def preferred(q: NDArray) -> NDArray[np.int64]:
    """The best action `(...)` by Q-values `(..., 3)`; 3 where all are equally good."""
    q = np.ascontiguousarray(np.moveaxis(q, -1, 0))  # NumPy is quick along long axes
    return np.where(np.ptp(q, axis=0) < TIE, len(ACTIONS), q.argmax(axis=0))


def policy_legend(ax: Axes, shown: Iterable[int], columns: int = 4, *, short: bool = False) -> None:
    """Under a policy map, what the colours of the preferences `shown` mean; in one word each if `short`."""
    patches = [
        Patch(
            facecolor=POLICY.colors[a], edgecolor=INK, linewidth=0.4,
            label=PREFERENCES[a].removeprefix("push ") if short else PREFERENCES[a],
        )
        for a in shown
    ]  # fmt: skip
    ax.legend(
        handles=patches, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=columns, handlelength=1.2
    )


def beyond(values: NDArray, low: float, high: float) -> str:
    """Which ends of a colour bar need an arrow: values that the colours do not tell apart."""
    return {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[
        values.min() < low, values.max() > high
    ]


@styled
def value_map(
    q: QFunction,
    ax: Axes | None = None,
    *,
    title: str = "The closer to the flag in time, the higher the value",
    limits: tuple[float, float] | None = None,
) -> Picture:
    """The value of each state, `max_a Q`, as a map over the phase plane.

    No true value lies above 0, so the colours stop there; `limits` fixes both ends.
    """
    ax = new_axes(ax, 6.4, 4.2)
    values = action_values(q, grid()).max(axis=-1)
    low, high = limits or (float(values.min()), min(float(values.max()), 0.0))
    image = ax.imshow(
        values, origin="lower", extent=EXTENT, aspect="auto", cmap=VALUES, vmin=low, vmax=high,
        interpolation="bilinear",
    )  # fmt: skip
    draw_phase_plane(ax)
    ax.figure.colorbar(
        image, ax=ax, label="value (discounted return to come)", extend=beyond(values, low, high)
    )
    span = f"from {values.min():.0f} to {values.max():.0f}"
    return finish(ax, f"Map of state values over position and velocity, {span}. {title}.", title)


@styled
def policy_map(
    q: QFunction, ax: Axes | None = None, *, title: str = "Push the way you are moving"
) -> Picture:
    """The greedy action of each state, as a map over the phase plane; white where all are equally good."""
    ax = new_axes(ax, 6.4, 4.2)
    actions = preferred(action_values(q, grid()))
    ax.imshow(
        actions, origin="lower", extent=EXTENT, aspect="auto", cmap=POLICY, norm=POLICY_NORM,
        interpolation="nearest",
    )  # fmt: skip
    draw_phase_plane(ax)
    shown = [a for a in range(4) if a < 3 or (actions == a).any()]
    policy_legend(ax, shown)
    shares = ", ".join(f"{PREFERENCES[a]} in {np.mean(actions == a):.0%}" for a in shown)
    return finish(ax, f"Map of the greedy action over position and velocity: {shares} of the plane.", title)


@styled
def compare_policies(learned: QFunction, exact: QFunction, *, name: str = "learned") -> Picture:
    """Two policy maps side by side."""
    picture = Picture(figsize=(11, 4.2), layout="constrained")
    left, right = picture.subplots(1, 2, sharey=True)
    policy_map(learned, left, title=name.capitalize())
    policy_map(exact, right, title="Exact")
    right.set_ylabel("")
    return picture


@styled
def value_and_policy(q: QFunction, *, title: str, limits: tuple[float, float] | None = None) -> Picture:
    """The value of each state, and beside it the greedy action."""
    picture = Picture(figsize=(12, 4.2), layout="constrained")
    left, right = picture.subplots(1, 2, sharey=True)
    value_map(q, left, title=title, limits=limits)
    policy_map(q, right, title="The greedy action")
    right.set_ylabel("")
    return picture


@styled
def phase_plane(
    trajectories: list[ArrayLike], ax: Axes | None = None, *, title: str = "The way up is back and forth"
) -> Picture:
    """Trajectories, each of states `(length, 2)`, as lines through the phase plane."""
    ax = new_axes(ax, 6.4, 4.2)
    draw_phase_plane(ax)
    for number, states in enumerate(map(np.asarray, trajectories)):
        check_states("trajectories", states)
        ax.plot(*states.T, color=TRAIL, linewidth=1.6, marker=".", markersize=3)
        ax.plot(*states[0], "o", color=INK, markersize=6, label="start" if number == 0 else None)
        ax.plot(*states[-1], "*", color=INK, markersize=11, label="end" if number == 0 else None)
    if trajectories:
        ax.legend(loc="lower left", ncols=2)
    alt = f"{len(trajectories)} trajectories over position and velocity, winding out of the valley."
    return finish(ax, alt, title)


@styled
def compare_values(learned: QFunction, exact: QFunction, *, name: str = "learned") -> Picture:
    """Three maps side by side: the learned values, the exact ones on the same scale, their difference."""
    picture = Picture(figsize=(13, 4), layout="constrained")
    left, middle, right = picture.subplots(1, 3, sharey=True)
    states = grid()
    values = [action_values(q, states).max(axis=-1) for q in (learned, exact)]
    limits = float(values[1].min()), float(values[1].max())
    options: dict[str, Any] = {
        "origin": "lower",
        "extent": EXTENT,
        "aspect": "auto",
        "interpolation": "bilinear",
    }
    for ax, panel, title in ((left, values[0], name.capitalize()), (middle, values[1], "Exact")):
        image = ax.imshow(panel, cmap=VALUES, vmin=limits[0], vmax=limits[1], **options)
        ax.set_title(title)
    picture.colorbar(image, ax=[left, middle], label="value", extend="both", pad=0.01)
    error = values[0] - values[1]
    most = float(np.quantile(np.abs(error), 0.98))
    image = right.imshow(error, cmap=ERRORS, vmin=-most, vmax=most, **options)
    right.set_title(f"{name.capitalize()} minus exact")
    picture.colorbar(image, ax=right, label="error of the value", extend="both", pad=0.02)
    for ax in (left, middle, right):
        draw_phase_plane(ax)
    middle.set_ylabel("")
    right.set_ylabel("")
    picture.alt = (
        f"Value maps of the {name} and the exact solution, and their difference: on average off by "
        f"{np.abs(error).mean():.1f}, half of the plane by less than {np.median(np.abs(error)):.1f}."
    )
    return picture


@styled
def visit_density(
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
