"""What there is to see of a live run: pictures, the car, a counter, drawn without getting in its way."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ipywidgets import HTML
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.live import LiveRun
from dqn_lib.plots.live_curve import LOW, TALL, LiveCurve
from dqn_lib.plots.live_maps import LiveMemory, LivePolicy, LiveValues
from dqn_lib.plots.maps import centres, grid
from dqn_lib.plots.moving import Moving
from dqn_lib.plots.style import DRAWING
from dqn_lib.widgets.canvas import Canvas
from dqn_lib.widgets.car import HillCar
from dqn_lib.worlds import check_mountain_car, time_limit

SIGHTS = ("curve", "values", "policy", "memory", "car")
FOLLOWED = 30.0  # steps a second up to which an eye can follow the car that learns
START = (-0.5, 0.0)  # where the greedy car sets off
FRAMES = 30  # steps that it drives in a second
REST = 0.5  # seconds that it rests at the end of its drive
LONGEST = 4.0  # seconds that a drive is given at most before a newer one begins: a good one is over by then
BETWEEN = 0.25  # seconds between two updates of the counter
PICTURES = 12  # a second at most, all together: enough to see them move, and the run goes on


class Screen:
    """Pictures of a run, one canvas for each of `show` but the car, and words.

    `look` is what the run's thread calls between two steps: it draws one picture, the next in turn.
    """

    def __init__(self, run: LiveRun, show: Sequence[str]) -> None:
        if unknown := [name for name in show if name not in SIGHTS]:
            raise ValueError(f"show must be of {', '.join(SIGHTS)}, got {unknown[0]!r}")
        if "memory" in show and not hasattr(run.agent, "memory"):
            raise ValueError(f"show must do without 'memory': a {type(run.agent).__name__} has none")
        check_mountain_car(run.env, "a screen")
        self.run = run
        table = isinstance(run.agent, QTableAgent)
        self._states = centres(run.agent.config.cells) if table else grid(72, 57)
        self._asked: tuple[Any, NDArray] | None = None  # when, and the Q-values then
        ways: dict[str, tuple[Callable[[], Moving], Callable[[Any], None]]] = {
            "curve": (lambda: LiveCurve(TALL if "car" in show else LOW), self._fill_curve),
            "values": (lambda: LiveValues(self._states.shape[:2], smooth=not table), self._fill_map),
            "policy": (lambda: LivePolicy(self._states.shape[:2]), self._fill_map),
            "memory": (LiveMemory, self._fill_memory),
        }
        self._ways = {name: way for name, (_, way) in ways.items() if name in show}
        self.canvases = {name: Canvas(ways[name][0]()) for name in self._ways}
        self.car = HillCar() if "car" in show else None
        self.counter = HTML()
        self._drawn: dict[str, Any] = {}  # the moment that each picture shows
        self._next = 0
        self._counted_at = self._car_free_at = self._picture_at = 0.0
        self.draw_all()

    # --- when -----------------------------------------------------------------------------------------

    def look(self) -> None:
        """A glance at a run that goes on."""
        now = time.monotonic()
        # A film elsewhere may hold the pen for a second: learn on meanwhile.
        if now > self._picture_at and DRAWING.acquire(blocking=False):
            try:
                self._draw_next()
            finally:
                DRAWING.release()
            self._picture_at = max(self._picture_at, now - 1 / PICTURES) + 1 / PICTURES
        if self._slow or now > self._car_free_at:
            self.show_car()
        if now > self._counted_at + BETWEEN:
            self.count()

    def draw_all(self) -> None:
        """Bring everything up to date: the run has paused, or begun again."""
        for name in self.canvases:
            self.draw(name)
        self.show_car()
        self.count()

    def note_turn(self) -> None:
        """A knob has been turned in a pause: a mark more, perhaps another epsilon."""
        if "curve" in self.canvases:
            self.draw("curve")
        self.count()

    def draw(self, name: str) -> bool:
        """Draw one picture, unless it shows this very moment already."""
        log = self.run.log
        now = (id(log), self.run.agent.steps, len(log.changes) if name == "curve" else 0)
        if self._drawn.get(name) == now:
            return False
        canvas = self.canvases[name]
        with DRAWING:
            self._ways[name](canvas.moving)
            canvas.draw()
        self._drawn[name] = now
        return True

    def _draw_next(self) -> None:
        """The next picture, in turn, that a browser is ready for."""
        names = list(self.canvases)
        for _ in names:
            self._next = (self._next + 1) % len(names)
            name = names[self._next]
            if self.canvases[name].ready and self.draw(name):
                return

    # --- what -----------------------------------------------------------------------------------------

    def _fill_curve(self, picture: LiveCurve) -> None:
        picture.update(self.run.log, self.run.agent.steps)

    def _fill_map(self, picture: LiveValues | LivePolicy) -> None:
        """Two maps need the same Q-values, and a network takes its time: ask once."""
        now = (id(self.run.log), self.run.agent.steps)
        if self._asked is None or self._asked[0] != now:
            self._asked = now, np.asarray(self.run.agent.q(self._states))
        picture.update(self._asked[1])

    def _fill_memory(self, picture: LiveMemory) -> None:
        memory = self.run.agent.memory
        held = len(memory)
        picture.update(memory.states[:held], int(memory.terminated[:held].sum()))

    @property
    def _slow(self) -> bool:
        return self.run.running and self.run.speed is not None and self.run.speed <= FOLLOWED

    def show_car(self) -> None:
        """The greedy car's drive; or, in slow motion, the car that learns."""
        if self.car is None:
            return
        if self._slow and self.run.latest is not None:
            action, state = self.run.latest
            self.car.follow(float(state[0]), action, "The car that learns, in slow motion")
            return
        drive = car.simulate(self.run.agent.q.greedy, [START], time_limit(self.run.env) or car.MAX_STEPS)
        length = int(drive.lengths[0])
        ending = "the flag" if drive.reached[0] else "the time limit"
        caption = f"Greedy at step {self.run.agent.steps:,}: {ending} after {length}"
        self.car.show(drive.trajectory(0), drive.actions[:length, 0], caption)
        self._car_free_at = time.monotonic() + min(length / FRAMES + REST, LONGEST)

    def count(self) -> None:
        """Step, episode, epsilon, and the best check so far."""
        agent, best = self.run.agent, max(check.mean for check in self.run.log.checks)
        self.counter.value = (
            f"step <b>{agent.steps:,}</b> · episode <b>{agent.episodes:,}</b> · "
            f"epsilon <b>{agent.epsilon:.2f}</b> · best check <b>{best:.1f}</b>"
        ).replace("-", "\N{MINUS SIGN}")
        self._counted_at = time.monotonic()

    def still(self) -> str:
        """HTML of the pictures as they are now."""
        return "".join(canvas.still() for canvas in self.canvases.values())
