"""Why the engine alone is not enough: the pull of the hill against the push of the engine."""

import numpy as np

from dqn_lib import mountain_car as car
from dqn_lib.plots.style import ACTIONS, INK, LUCKY, Picture, styled

STEEP = "#F3D9C9"  # where gravity beats the engine


@styled
def forces() -> Picture:
    """Above the hill, below what moves the car there at every step: gravity, and the engine at full power."""
    picture = Picture(figsize=(8, 5), layout="constrained")
    above, below = picture.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    x = np.linspace(car.MIN_POSITION, car.MAX_POSITION, 400)
    gravity = -car.GRAVITY * np.cos(3 * x)
    top = float(car.height(car.GOAL_POSITION))
    too_steep = np.abs(gravity) > car.FORCE

    above.fill_between(x, car.height(x), color="#D9D4C7", linewidth=0)
    above.plot(x, car.height(x), color=INK, linewidth=1.5)
    above.plot(car.GOAL_POSITION, top, ">", color=ACTIONS[2], markersize=11)
    above.annotate(
        "flag",
        (car.GOAL_POSITION, car.height(car.GOAL_POSITION)),
        (0, 9),
        textcoords="offset points",
        ha="center",
    )
    above.axvspan(*car.START_POSITIONS, ymax=0.05, color=INK)
    above.annotate(
        "starts here", (np.mean(car.START_POSITIONS), 0.1), (0, 8), textcoords="offset points", ha="center"
    )
    above.set(ylabel="height", ylim=(0, 1.2), yticks=[])
    for ax in (above, below):
        ax.fill_between(
            x, 0, 1, where=too_steep, transform=ax.get_xaxis_transform(), color=STEEP, linewidth=0, zorder=0
        )
        ax.set_xlim(car.MIN_POSITION, car.MAX_POSITION)
    below.plot(x, 1000 * gravity, color=INK, linewidth=2, label="gravity")
    for sign, colour, name in (
        (1, ACTIONS[2], "engine to the right"),
        (-1, ACTIONS[0], "engine to the left"),
    ):
        below.axhline(1000 * sign * car.FORCE, color=colour, linewidth=2, label=name)
    below.axhline(0, color=LUCKY, linewidth=0.8)
    below.set(xlabel="position", ylabel="change of velocity\n(thousandths a step)")
    below.legend(loc="upper left", bbox_to_anchor=(1, 1))
    above.set_title("On the shaded slopes gravity is stronger than the engine")
    picture.alt = (
        "The hill, and below it gravity and the engine's push along the track. Between valley and flag "
        f"gravity pulls back with up to {1000 * car.GRAVITY:g} thousandths a step, the engine pushes with "
        f"{1000 * car.FORCE:g}."
    )
    return picture
