"""Maps over the phase plane: values, policies, trajectories and visits."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm
from matplotlib.image import AxesImage
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
    add_texts,
    house_style,
    new_axes,
)

QFunction = Callable[[NDArray], NDArray]  # states (..., 2) -> Q-values (..., 3)
TIE = 1e-6  # Q-values that differ by less count as equal
PREFERENCES = (*car.ACTION_NAMES, "all the same")
POLICY, POLICY_NORM = ListedColormap((*ACTIONS, "white")), BoundaryNorm(np.arange(5) - 0.5, 4)
EXTENT = (car.MIN_POSITION, car.MAX_POSITION, -car.MAX_SPEED, car.MAX_SPEED)


def grid(columns: int = 180, rows: int = 141) -> NDArray[np.float64]:
    """States `(rows, columns, 2)` over the phase plane: a column is a position, a row a velocity."""
    positions = np.linspace(car.MIN_POSITION, car.MAX_POSITION, columns)
    velocities = np.linspace(-car.MAX_SPEED, car.MAX_SPEED, rows)
    return np.stack(np.meshgrid(positions, velocities), axis=-1)


def cell_centres(cells: int) -> NDArray[np.float64]:
    """The states `(cells, cells, 2)` in the middle of each cell of a table; a column is a position."""
    low, high = np.array(EXTENT[::2]), np.array(EXTENT[1::2])
    middle = (np.arange(cells) + 0.5)[:, None] / cells * (high - low) + low
    return np.stack(np.meshgrid(middle[:, 0], middle[:, 1]), axis=-1)


def action_values(q: QFunction, states: NDArray) -> NDArray:
    """Q-values `(..., 3)` of states `(..., 2)` of MountainCar-v0.

    Raises:
        ValueError: if `q` belongs to another environment: another number of state variables or actions, or
            a table with other bounds.
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
    """Check that `states` has the shape `(n, 2)`, as in MountainCar-v0.

    Raises:
        ValueError: if it has another shape.
    """
    if states.ndim != 2 or states.shape[1] != 2:
        raise ValueError(
            f"{name} must hold states of {car.ENV_ID}, two numbers each, got the shape {states.shape}"
        )


def count_visits(states: NDArray, cells: int) -> NDArray[np.int64]:
    """How many of the states `(n, 2)` lie in each of `cells` x `cells` cells; `[position, velocity]`.

    Gymnasium returns states as float32, which puts the wall slightly below -1.2; the edges are rounded alike.
    """
    low, high = np.array(EXTENT[::2], np.float32), np.array(EXTENT[1::2], np.float32)
    low, high = low[:, np.newaxis].astype(float), high[:, np.newaxis].astype(float)
    fractions = (np.asarray(states, dtype=float).T - low) / (high - low)
    inside = (fractions >= 0) & (fractions <= 1)
    row, column = np.minimum((np.where(inside, fractions, 0.0) * cells).astype(np.int32), cells - 1)
    visited = (row * cells + column)[inside[0] & inside[1]]
    return np.bincount(visited, minlength=cells**2).reshape(cells, cells)


def greedy_actions(q: NDArray) -> NDArray[np.int64]:
    """The best action `(...)` for Q-values `(..., 3)`; 3 where all are equally good."""
    q = np.ascontiguousarray(np.moveaxis(q, -1, 0))  # NumPy reduces long axes faster
    return np.where(np.ptp(q, axis=0) < TIE, len(ACTIONS), q.argmax(axis=0))


def draw_phase_plane(ax: Axes) -> None:
    """Set up axes of the phase plane, with the flag."""
    ax.set(xlim=EXTENT[:2], ylim=EXTENT[2:], xlabel="position", ylabel="velocity (per step)")
    ax.axvline(car.GOAL_POSITION, color=INK, linewidth=1.2, linestyle=":")
    ax.annotate(
        "flag", (car.GOAL_POSITION, -car.MAX_SPEED), (-3, 4), textcoords="offset points",
        ha="right", va="bottom", fontsize=9, rotation=90,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1},  # some maps are dark there
    )  # fmt: skip


def draw_map(ax: Axes, values: NDArray, *, smooth: bool = True, **options: Any) -> AxesImage:
    """Draw `values` `(rows, columns)` over the phase plane; `options` are those of `imshow`."""
    interpolation = "bilinear" if smooth else "nearest"
    image = ax.imshow(
        values, origin="lower", extent=EXTENT, aspect="auto", interpolation=interpolation, **options
    )
    draw_phase_plane(ax)
    return image


VALUE = "value (discounted return to come)"


def draw_values(
    ax: Axes, q: QFunction, limits: tuple[float, float] | None = None, label: str = VALUE
) -> NDArray:
    """Draw the value of each state, `max_a Q`, with a colour bar; return the values `(rows, columns)`."""
    values = action_values(q, grid()).max(axis=-1)
    low, high = limits or (float(values.min()), min(float(values.max()), 0.0))
    image = draw_map(ax, values, cmap=VALUES, vmin=low, vmax=high)
    outside = ("neither", "min", "max", "both")[(values.min() < low) + 2 * (values.max() > high)]
    ax.figure.colorbar(image, ax=ax, label=label, extend=outside)
    return values


def draw_policy_legend(ax: Axes, shown: Iterable[int]) -> None:
    """Explain the colours of the preferences `shown`, below a policy map."""
    patches = [
        Patch(facecolor=POLICY.colors[a], edgecolor=INK, linewidth=0.4, label=PREFERENCES[a]) for a in shown
    ]
    ax.legend(handles=patches, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=4, handlelength=1.2)


@house_style()
def value_map(
    q: QFunction,
    ax: Axes | None = None,
    *,
    title: str = "The closer to the flag in time, the higher the value",
    limits: tuple[float, float] | None = None,
    label: str = VALUE,
) -> Picture:
    """The value of each state, `max_a Q`, as a map over the phase plane.

    True values are at most 0, so the colours end there; `limits` sets both ends. `label` says what is shown
    if it is something else than values.

    Raises:
        ValueError: if `q` belongs to another environment than MountainCar-v0.
    """
    ax = new_axes(ax, 6.4, 4.2)
    values = draw_values(ax, q, limits, label)
    what, span = "state values" if label == VALUE else label, f"from {values.min():.0f} to {values.max():.0f}"
    return add_texts(ax, f"Map of {what} over position and velocity, {span}. {title}.", title)


@house_style()
def policy_map(
    q: QFunction, ax: Axes | None = None, *, title: str = "Push the way you are moving"
) -> Picture:
    """The greedy action of each state, as a map over the phase plane; white where all are equally good.

    Raises:
        ValueError: if `q` belongs to another environment than MountainCar-v0.
    """
    ax = new_axes(ax, 6.4, 4.2)
    actions = greedy_actions(action_values(q, grid()))
    draw_map(ax, actions, smooth=False, cmap=POLICY, norm=POLICY_NORM)
    shown = [a for a in range(4) if a < 3 or (actions == a).any()]
    draw_policy_legend(ax, shown)
    fractions = ", ".join(f"{PREFERENCES[a]} in {np.mean(actions == a):.0%}" for a in shown)
    alt = f"Map of the greedy action over position and velocity: {fractions} of the plane."
    return add_texts(ax, alt, title)


@house_style()
def compare_policies(learned: QFunction, exact: QFunction, *, name: str = "learned") -> Picture:
    """Two policy maps side by side.

    Raises:
        ValueError: if one of them belongs to another environment than MountainCar-v0.
    """
    picture = Picture(figsize=(11, 4.2), layout="constrained")
    left, right = picture.subplots(1, 2, sharey=True)
    policy_map(learned, left, title=name.capitalize())
    policy_map(exact, right, title="Exact")
    right.set_ylabel("")
    return picture


@house_style()
def value_and_policy(q: QFunction, *, title: str, limits: tuple[float, float] | None = None) -> Picture:
    """The value of each state, and beside it the greedy action.

    Raises:
        ValueError: if `q` belongs to another environment than MountainCar-v0.
    """
    picture = Picture(figsize=(12, 4.2), layout="constrained")
    left, right = picture.subplots(1, 2, sharey=True)
    value_map(q, left, title=title, limits=limits)
    policy_map(q, right, title="Greedy policy")
    return picture


@house_style()
def phase_plane(
    trajectories: list[ArrayLike], ax: Axes | None = None, *, title: str = "The way up is back and forth"
) -> Picture:
    """Trajectories, each of states `(length, 2)`, as lines through the phase plane.

    Raises:
        ValueError: if a trajectory is not of states of MountainCar-v0.
    """
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
    return add_texts(ax, alt, title)


@house_style()
def compare_values(
    learned: QFunction, exact: QFunction, *, name: str = "learned", largest_error: float | None = None
) -> Picture:
    """Three maps side by side: the learned values, the exact ones on the same scale, their difference.

    `largest_error` sets the ends of the error's colours, to make several pictures comparable.

    Raises:
        ValueError: if one of them belongs to another environment than MountainCar-v0.
    """
    picture = Picture(figsize=(13, 4), layout="constrained")
    left, middle, right = picture.subplots(1, 3, sharey=True)
    values = [action_values(q, grid()).max(axis=-1) for q in (learned, exact)]
    low, high = float(values[1].min()), float(values[1].max())
    for ax, shown, title in ((left, values[0], name.capitalize()), (middle, values[1], "Exact")):
        image = draw_map(ax, shown, cmap=VALUES, vmin=low, vmax=high)
        ax.set_title(title)
    picture.colorbar(image, ax=[left, middle], label="value", extend="both", pad=0.01)
    error = values[0] - values[1]
    mean = np.abs(error).mean()
    largest = largest_error or float(np.quantile(np.abs(error), 0.98))
    image = draw_map(right, error, cmap=ERRORS, vmin=-largest, vmax=largest)
    right.set_title(f"{name.capitalize()} minus exact")
    picture.colorbar(
        image, ax=right, label=f"error of the value ({mean:.1f} on average)", extend="both", pad=0.02
    )
    middle.set_ylabel("")
    right.set_ylabel("")
    picture.alt = (
        f"Value maps of the {name} and the exact solution, and their difference: on average off by "
        f"{mean:.1f}, half of the plane by less than {np.median(np.abs(error)):.1f}."
    )
    return picture


@house_style()
def visit_density(
    states: ArrayLike,
    ax: Axes | None = None,
    *,
    cells: int = 40,
    title: str | None = None,
    vmax: float | None = None,
) -> Picture:
    """How often states `(n, 2)` visit each of `cells` x `cells` cells; white where never.

    `vmax` fixes the upper end of the colours, to make several pictures comparable.

    Raises:
        ValueError: if `states` are not states of MountainCar-v0.
    """
    ax = new_axes(ax, 6.4, 4.2)
    states = np.asarray(states)
    check_states("states", states)
    counts = count_visits(states, cells)
    visited = np.ma.masked_equal(counts, 0).T
    norm = LogNorm(1, vmax or max(counts.max(), 2))
    image = draw_map(ax, visited, smooth=False, norm=norm, cmap=DENSITY)
    ax.figure.colorbar(image, ax=ax, label="visits to the cell", format="{x:,.0f}")
    share = float(np.mean(counts > 0))
    title = title or f"{share:.0%} of the cells were ever visited"
    alt = f"Visits by position and velocity: {len(states):,} states, {share:.0%} of {cells} x {cells} cells."
    return add_texts(ax, f"{alt} {title}.", title)
