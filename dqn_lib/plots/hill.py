"""The hill, the car on it, and the forces that move it."""

import numpy as np
from matplotlib.axes import Axes

from dqn_lib import mountain_car as car
from dqn_lib.plots.style import ACTIONS, GROUND, INK, RANDOM, Picture, house_style

STEEP = "#F3D9C9"  # where gravity is stronger than the engine

# Shapes as points above the track; the pictures in the browser are drawn from the same numbers.
BODY = ((-0.075, 0.02), (0.075, 0.02), (0.055, 0.075), (-0.055, 0.075))
WHEELS = ((-0.045, 0.018), (0.045, 0.018))
EXHAUST = ((0.08, 0.045), (0.16, 0.045))  # on the side away from the push
POLE, FLAG = 0.22, ((0.0, 0.22), (0.0, 0.12), (0.085, 0.17))


def draw_hill(ax: Axes, bottom: float = 0.0) -> None:
    """Fill the ground from `bottom` up to the track."""
    x = np.linspace(car.MIN_POSITION, car.MAX_POSITION, 400)
    ax.fill_between(x, car.height(x), bottom, color=GROUND, linewidth=0)
    ax.plot(x, car.height(x), color=INK, linewidth=1.5)
    ax.set_xlim(car.MIN_POSITION, car.MAX_POSITION)


class CarArtists:
    """The hill on `ax`, and the artists that make a car on it: body, wheels and exhaust."""

    def __init__(self, ax: Axes) -> None:
        draw_hill(ax, bottom=-0.1)
        foot = np.array([car.GOAL_POSITION, float(car.height(car.GOAL_POSITION))])
        ax.plot([foot[0]] * 2, [foot[1], foot[1] + POLE], color=INK, linewidth=1.5)
        ax.fill(*(FLAG + foot).T, color=ACTIONS[2])
        ax.set(ylim=(-0.1, 1.35), aspect="equal", yticks=[], xlabel="position")
        ax.spines["left"].set_visible(False)
        self.body = ax.fill(*np.transpose(BODY), color=INK, zorder=3)[0]
        (self.wheels,) = ax.plot(
            [], [], "o", color="white", markeredgecolor=INK, markeredgewidth=2, markersize=6, zorder=4
        )
        (self.exhaust,) = ax.plot([], [], linewidth=4, solid_capstyle="butt", zorder=2)
        self.counter = ax.text(0.02, 0.97, "", transform=ax.transAxes, va="top", fontsize=11)
        self.artists = [self.exhaust, self.body, self.wheels, self.counter]

    def place(self, position: float, action: int, text: str) -> None:
        """Put the car at `position`, tilted like the hill, pushed by `action` (-1: not any more)."""
        slope = np.arctan(0.45 * 3 * np.cos(3 * position))
        rotation = np.array([[np.cos(slope), np.sin(slope)], [-np.sin(slope), np.cos(slope)]])
        origin = np.array([position, float(car.height(position))])
        self.body.set_xy(BODY @ rotation + origin)
        self.wheels.set_data(*(WHEELS @ rotation + origin).T)
        side = {0: 1, 2: -1}.get(action, 0)
        exhaust = (EXHAUST * np.array([side, 1])) @ rotation + origin
        self.exhaust.set_data(*(exhaust.T if side else np.empty((2, 0))))
        self.exhaust.set_color(ACTIONS[max(action, 0)])
        self.counter.set_text(text)


@house_style()
def forces() -> Picture:
    """The hill, and below it what moves the car at every step: gravity, and the engine at full power."""
    picture = Picture(figsize=(8, 5), layout="constrained")
    above, below = picture.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    x = np.linspace(car.MIN_POSITION, car.MAX_POSITION, 400)
    gravity = -car.GRAVITY * np.cos(3 * x)
    flag = car.GOAL_POSITION, float(car.height(car.GOAL_POSITION))
    draw_hill(above)
    above.plot(*flag, ">", color=ACTIONS[2], markersize=11)
    above.annotate("flag", flag, (0, 9), textcoords="offset points", ha="center")
    above.axvspan(*car.START_POSITIONS, ymax=0.05, color=INK)
    start = np.mean(car.START_POSITIONS), 0.1
    above.annotate("starts here", start, (0, 8), textcoords="offset points", ha="center")
    above.set(ylabel="height", ylim=(0, 1.2), yticks=[])
    too_steep = np.abs(gravity) > car.FORCE
    for ax in (above, below):
        everywhere = {"transform": ax.get_xaxis_transform(), "color": STEEP, "linewidth": 0, "zorder": 0}
        ax.fill_between(x, 0, 1, where=too_steep, **everywhere)
    below.plot(x, 1000 * gravity, color=INK, linewidth=2, label="gravity")
    for sign, colour, name in (
        (1, ACTIONS[2], "engine to the right"),
        (-1, ACTIONS[0], "engine to the left"),
    ):
        below.axhline(1000 * sign * car.FORCE, color=colour, linewidth=2, label=name)
    below.axhline(0, color=RANDOM, linewidth=0.8)
    below.set(xlabel="position", ylabel="change of velocity\n(thousandths a step)")
    below.legend(loc="upper left", bbox_to_anchor=(1, 1))
    above.set_title("On the shaded slopes gravity is stronger than the engine")
    picture.alt = (
        "The hill, and below it gravity and the engine's push along the track. Between valley and flag "
        f"gravity pulls back with up to {1000 * car.GRAVITY:g} thousandths a step, the engine pushes with "
        f"{1000 * car.FORCE:g}."
    )
    return picture
