"""The car on its hill, in the browser: it plays a trajectory, or follows one that is being driven."""

import math
from typing import Any

import anywidget
import numpy as np
import traitlets as t
from numpy.typing import ArrayLike

from dqn_lib import mountain_car as car
from dqn_lib.checks import check_integer, check_number
from dqn_lib.widgets.source import module, text_of

ROUNDING = 1e-7  # an observation is float32, and float32's -1.2 lies a little beyond the wall
LIVE = "The car on its hill, while it is being driven."


class HillCar(anywidget.AnyWidget):
    """The car on its hill: `show` plays a trajectory again and again, `follow` puts the car somewhere.

    Attributes:
        positions: the positions of the trajectory, start included; a single one is a car that stands.
        actions: the action taken at each position, -1 for none.
        caption: a few words above the picture.
        alt: the picture in words, for who cannot see it.
    """

    _esm = module("hill.js", "clock.js", "car.js")
    _css = text_of("car.css")

    positions = t.List(t.Float(), [-math.pi / 6]).tag(sync=True)  # at rest in the valley
    actions = t.List(t.Int(), [-1]).tag(sync=True)
    caption = t.Unicode().tag(sync=True)
    alt = t.Unicode("The car on its hill, at rest in the valley.").tag(sync=True)

    def show(self, states: ArrayLike, actions: ArrayLike, caption: str = "") -> None:
        """Play a trajectory from its first step: states `(length + 1, 2)`, actions `(length,)`."""
        states, actions = np.asarray(states, dtype=float), np.asarray(actions)
        if states.ndim != 2 or states.shape[1] != 2 or len(states) < 2:
            raise ValueError(f"states must have the shape (length + 1, 2), got {states.shape}")
        if actions.shape != (len(states) - 1,):
            raise ValueError(f"actions must have the shape {(len(states) - 1,)}, got {actions.shape}")
        for position in states[:, 0].tolist():
            check_number("positions", position, car.MIN_POSITION - ROUNDING, car.MAX_POSITION + ROUNDING)
        if not (known := np.isin(actions, range(len(car.ACTION_NAMES)))).all():
            raise ValueError(f"actions must be 0, 1 or 2, got {actions[~known][0]}")
        reaches = "reaches" if states[-1, 0] >= car.GOAL_POSITION else "does not reach"
        self._set(
            positions=states[:, 0].tolist(),
            actions=actions.astype(int).tolist(),
            caption=caption,
            alt=f"The car on its hill: it drives for {len(actions)} steps and {reaches} the flag. {caption}",
        )

    def follow(self, position: float, action: int = -1, caption: str = "") -> None:
        """Put the car at `position`, pushed by `action` (-1: none); cheap enough for every step."""
        check_number("position", position, car.MIN_POSITION - ROUNDING, car.MAX_POSITION + ROUNDING)
        check_integer("action", action, -1, len(car.ACTION_NAMES) - 1)
        self._set(positions=[float(position)], actions=[int(action)], caption=caption, alt=LIVE)

    def _set(self, **traits: Any) -> None:
        """Send all of it in one message, so that the browser never sees half of a trajectory."""
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)
