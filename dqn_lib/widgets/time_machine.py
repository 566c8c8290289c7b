"""The time machine: one slider scrubs through a run, and all that was learnt moves with it."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from ipywidgets import HBox, Layout
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.loop import Loop
from dqn_lib.plots.maps import action_values, centres, grid
from dqn_lib.plots.ruler import check_environments
from dqn_lib.plots.time_machine import Drive, RunCurve, RunMaps
from dqn_lib.training import Check
from dqn_lib.widgets.button import button
from dqn_lib.widgets.canvas import Canvas
from dqn_lib.widgets.car import HillCar
from dqn_lib.widgets.knob import Knob
from dqn_lib.widgets.message import Message
from dqn_lib.widgets.stage import Stage

SECONDS = 8.0  # that it takes to play a whole run
TICK = 0.04  # seconds between two looks at the clock while it plays
CAR = 2.0  # seconds that the car is given while it plays, before it sets off anew
START = (-0.5, 0.0)  # where the greedy car sets off


class TimeMachine(Stage):
    """A slider over the checks of a run, in the order given, and buttons to play it like a film.

    Value map, policy map, the greedy car's way from `START`, the learning curve and the car on its hill
    show the same moment of the run.

    Raises:
        ValueError: if there are no checks, or their Q-values are not those of MountainCar-v0.
    """

    def __init__(self, checks: Sequence[Check]) -> None:
        self.checks = list(checks)
        if not self.checks:
            raise ValueError("checks must hold at least one check, got none")
        check_environments(self.checks)
        self.drives: dict[int, Drive] = {}  # by place; driven when they are first looked at
        self.maps = RunMaps(q_values(self.checks), smooth=not hasattr(self.checks[0].q, "cells"))
        self.curve = RunCurve([check.step for check in self.checks], [check.mean for check in self.checks])
        self.canvases = Canvas(self.maps), Canvas(self.curve)
        self.car = HillCar(layout=Layout(width="370px"))
        self.knob = Knob(
            "training step",
            [check.step for check in self.checks],
            says="How far the training had come",
            show="{:,}".format,
            turned=lambda _: self._safely(self._turned),
        )
        self.buttons = {
            "Play": button("Play", "Run through the whole training", self.play),
            "Pause": button("Pause", "Stay at this moment", partial(self._safely, self.pause)),
        }
        self.message = Message()
        self._lock = threading.RLock()
        self._loop = Loop(self._play_on, self._look, seconds=TICK, name="dqn_lib time machine")
        self._travel(0)
        super().__init__(
            [
                HBox(
                    [self.knob, *self.buttons.values(), self.message],
                    layout=Layout(align_items="center", grid_gap="8px"),
                ),
                self.canvases[0],
                HBox(
                    [self.car, self.canvases[1]],
                    layout=Layout(align_items="center", grid_gap="8px"),
                ),
            ],
            explanation="A slider goes through the training: maps, curve and car follow.",
        )

    # --- what a student does --------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether it runs through the training by itself."""
        return self._loop.running

    def play(self) -> None:
        """Run through the rest of the training, or all of it again; does nothing if it plays already."""
        self._loop.start(self._set_clock)

    def pause(self) -> None:
        """Stay at this moment; comes back when nothing moves any more.

        Raises:
            TimeoutError: if the picture under way is not drawn within ten seconds.
        """
        if self.playing:
            self._loop.pause()
            if not self._loop.here:
                self._set_off(self.knob.place)

    def end(self) -> None:
        """Pause for good: the cell has been run again."""
        self.pause()

    def still(self) -> str:
        """The pictures as they are now."""
        return "".join(canvas.still() for canvas in self.canvases)

    def _safely(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as problem:
            self.message.complain(problem, "Play begins again.")

    # --- what moves -----------------------------------------------------------------------------------

    def _turned(self) -> None:
        if self._loop.here:
            return  # it shows what it turns to by itself
        place = self.knob.place
        self.pause()
        if self.knob.place != place:  # the player was quicker: whoever turns the knob is right
            self.knob.place = place
            self.knob.send_state("place")
        else:
            self._travel(place)

    def _travel(self, place: int, *, drive: bool = True) -> None:
        """Show everything as it was at the check at `place`; the car only if `drive`."""
        with self._lock:
            self.maps.update(place, self.checks[place].step, self._drive(place))
            self.curve.update(place)
            for canvas in self.canvases:
                canvas.draw()
            if drive:
                self._set_off(place)

    def _set_off(self, place: int) -> None:
        """Let the car drive as it did at the check at `place`."""
        drive = self._drive(place)
        self.car.show(drive.states, drive.actions, f"Step {self.checks[place].step:,}: {drive.outcome}")

    def _drive(self, place: int) -> Drive:
        if place not in self.drives:
            rollout = car.simulate(self.checks[place].q.greedy, [START])
            length = int(rollout.lengths[0])
            self.drives[place] = Drive(
                rollout.trajectory(0), rollout.actions[:length, 0], bool(rollout.reached[0])
            )
        return self.drives[place]

    def _look(self) -> None:
        """By whoever plays: say what has stopped it, if something did."""
        if self._loop.problem is not None:
            self.message.complain(self._loop.problem, "Play begins again.")

    def _set_clock(self) -> None:
        self.message.clear()
        last = len(self.checks) - 1
        self._first = 0 if self.knob.place == last else self.knob.place
        self._began, self._car_free_at, self._shown = time.monotonic(), 0.0, None

    def _play_on(self) -> bool:
        """Turn the knob as time goes by, and show what a browser is ready for; whether there is more."""
        now, last = time.monotonic(), len(self.checks) - 1
        place = min(self._first + int((now - self._began) / SECONDS * last), last)
        if place != self._shown and (place == last or all(canvas.ready for canvas in self.canvases)):
            self.knob.place = self._shown = place
            free = now >= self._car_free_at or place == last
            self._travel(place, drive=free)
            self._car_free_at = now + CAR if free else self._car_free_at
        return self._shown != last


def q_values(checks: Sequence[Check]) -> NDArray[np.float32]:
    """Q-values `(checks, rows, columns, 3)` over the phase plane; of tables, one for each cell."""
    cells = getattr(checks[0].q, "cells", None)
    states = grid(90, 71) if cells is None else centres(cells)
    try:
        return np.array([action_values(check.q, states) for check in checks], dtype=np.float32)
    except ValueError as problem:
        raise ValueError(f"checks must be of one run on {car.ENV_ID}: {problem}") from problem
