"""The car on its hill, and beside it where it is in the agent's map of values."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from dqn_lib import mountain_car as car
from dqn_lib.plots.maps import EXTENT, QFunction, action_values, beyond, check_states, draw_phase_plane, grid
from dqn_lib.plots.style import ACTIONS, INK, TRAIL, VALUES, house_style
from dqn_lib.plots.video import DOTS_PER_INCH, Video, film

BODY = np.array([[-0.075, 0.02], [0.075, 0.02], [0.055, 0.075], [-0.055, 0.075], [-0.075, 0.02]])
WHEELS = np.array([[-0.045, 0.018], [0.045, 0.018]])
REST = 20  # frames the last picture stays


class Car:
    """The artists that make a car on `ax`: body, wheels and the push of its engine."""

    def __init__(self, ax: Axes) -> None:
        hill = np.linspace(car.MIN_POSITION, car.MAX_POSITION, 200)
        ax.fill_between(hill, car.height(hill), -0.1, color="#D9D4C7", linewidth=0)
        ax.plot(hill, car.height(hill), color=INK, linewidth=1.5)
        top = float(car.height(car.GOAL_POSITION))
        ax.plot([car.GOAL_POSITION] * 2, [top, top + 0.22], color=INK, linewidth=1.5)
        ax.fill([0.5, 0.5, 0.585], [top + 0.22, top + 0.12, top + 0.17], color=ACTIONS[2])
        ax.set(
            xlim=(car.MIN_POSITION, car.MAX_POSITION),
            ylim=(-0.1, 1.35),
            aspect="equal",
            yticks=[],
            xlabel="position",
        )
        ax.spines["left"].set_visible(False)
        self.body = ax.fill(*BODY.T, color=INK, zorder=3)[0]
        (self.wheels,) = ax.plot(
            [], [], "o", color="white", markeredgecolor=INK, markeredgewidth=2, markersize=6, zorder=4
        )
        (self.push,) = ax.plot([], [], linewidth=4, solid_capstyle="butt", zorder=2)
        self.counter = ax.text(0.02, 0.97, "", transform=ax.transAxes, va="top", fontsize=11)
        self.artists = [self.push, self.body, self.wheels, self.counter]

    def place(self, position: float, action: int, text: str) -> None:
        """Put the car at `position`, leaning with the hill, pushed by `action` (-1: none any more)."""
        slope = np.arctan(0.45 * 3 * np.cos(3 * position))
        turn = np.array([[np.cos(slope), np.sin(slope)], [-np.sin(slope), np.cos(slope)]])
        here = np.array([position, float(car.height(position))])
        self.body.set_xy(BODY @ turn + here)
        self.wheels.set_data(*(WHEELS @ turn + here).T)
        direction = {0: -1.0, 2: 1.0}.get(action, 0.0)
        flame = np.array([[-0.08 * direction, 0.045], [-0.16 * direction, 0.045]]) @ turn + here
        self.push.set_data(*(flame.T if direction else np.empty((2, 0))))
        self.push.set_color(ACTIONS[max(action, 0)])
        self.counter.set_text(text)


def drive(q: QFunction, start: ArrayLike = (-0.5, 0.0), *, frames_per_second: float = 30) -> Video:
    """Film the greedy policy of `q` from `start` until its episode ends, over the map of its values."""
    action_values(q, np.array([start]))  # refuses what is not of this world
    rollout = car.simulate(lambda states: np.asarray(q(states)).argmax(axis=-1), np.array([start]))
    return watch(rollout.trajectory(0), rollout.actions[:, 0], q=q, frames_per_second=frames_per_second)


def watch(
    states: ArrayLike,
    actions: ArrayLike,
    *,
    q: QFunction | None = None,
    title: str = "Uphill in value, back and forth in space",
    frames_per_second: float = 30,
) -> Video:
    """Film one episode: states `(length + 1, 2)`, actions `(length,)`; with `q` over its map of values."""
    states, actions = np.asarray(states), [*np.asarray(actions), -1]
    check_states("states", states)
    reached = bool(states[-1, 0] >= car.GOAL_POSITION)
    outcome = f"{'The flag' if reached else 'The time limit'} after {len(states) - 1} steps"
    with house_style(DOTS_PER_INCH):
        figure = Figure(figsize=(11, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        vehicle = Car(left)
        left.set_title(outcome)
        draw_phase_plane(right)
        right.set_title(title)
        if q is not None:
            _draw_values(q, right)
        trail = right.add_line(Line2D([], [], color=INK if q is None else "white", linewidth=1.8))
        (dot,) = right.plot([], [], "o", color=TRAIL, markeredgecolor="white", markersize=9)

        def update(frame: int) -> None:
            vehicle.place(states[frame, 0], actions[frame], f"step {frame}")
            trail.set_data(*states[: frame + 1].T)
            dot.set_data(*states[frame : frame + 1].T)

        frames = [*range(len(states)), *[len(states) - 1] * REST]
        moving = [*vehicle.artists, trail, dot]
        alt = f"The car on its hill, and its path over position and velocity. {outcome}."
        return film(figure, moving, frames, update, alt=alt, frames_per_second=frames_per_second)


def _draw_values(q: QFunction, ax: Axes) -> None:
    values = action_values(q, grid()).max(axis=-1)
    low, high = float(values.min()), min(float(values.max()), 0.0)
    image = ax.imshow(
        values, origin="lower", extent=EXTENT, aspect="auto", cmap=VALUES, vmin=low, vmax=high,
        interpolation="bilinear",
    )  # fmt: skip
    ends = beyond(values, low, high)
    ax.figure.colorbar(image, ax=ax, label="value (discounted return to come)", extend=ends)
