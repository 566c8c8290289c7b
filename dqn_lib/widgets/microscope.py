"""The replay microscope: pick one memory, and see what the agent would learn from it now."""

import threading
from collections.abc import Callable
from functools import partial
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np
from ipywidgets import HTML, HBox, Layout

from dqn_lib import mountain_car as car
from dqn_lib.agents.aim import aim
from dqn_lib.plots.microscope import MicroscopePicture
from dqn_lib.widgets.button import button
from dqn_lib.widgets.canvas import Canvas
from dqn_lib.widgets.knob import Knob
from dqn_lib.widgets.specimen import specimen, table
from dqn_lib.widgets.stage import Stage
from dqn_lib.worlds import check_drives_mountain_car

if TYPE_CHECKING:  # it loads TensorFlow, which whoever has an agent has loaded already
    from dqn_lib.agents.dqn import DQNAgent

SAMPLED = 2_000  # windows that the histogram of TD errors is made of


class ReplayMicroscope(Stage):
    """A slider over the memory of `agent`, from the oldest transition to the newest, and three ways to jump.

    Every move asks the agent's present networks. `seed` is for "Draw one at random": the agent's own
    generators are left alone.

    Raises:
        TypeError: if the agent has no replay memory.
        ValueError: if that memory is empty, or the agent does not drive in MountainCar-v0.
    """

    def __init__(self, agent: "DQNAgent", *, seed: int = 0) -> None:
        if not hasattr(agent, "memory"):
            raise TypeError(f"agent must be a DQNAgent, which has a memory, got a {type(agent).__name__}")
        if (agent.sizes[0], agent.sizes[-1]) != (2, len(car.ACTION_NAMES)):
            raise ValueError(
                f"agent must drive in {car.ENV_ID}, with 2 numbers for a state and 3 actions, "
                f"got {agent.sizes[0]} and {agent.sizes[-1]}"
            )
        check_drives_mountain_car(agent, "a microscope")
        if not len(agent.memory):
            raise ValueError("memory of the agent must hold at least one transition, got 0: train it first")
        self.agent, self.rng = agent, np.random.default_rng(seed)
        self.picture, self.table = MicroscopePicture(), HTML()
        self.canvas = Canvas(self.picture)
        self.knob = Knob(
            "steps ago",
            self._ages(),
            says="The oldest memory is on the left; the arrow keys move by one step of the car",
            show="{:,}".format,
            turned=lambda _: self.look(),
        )
        self.buttons = {
            text: button(text, says, partial(self._jump, choose))
            for text, says, choose in (
                ("Draw one at random", "As the agent does: each has the same chance", self._any),
                ("Largest TD error", "Where target and estimate are furthest apart", self._worst),
                ("A flag", "A window that ends at the flag", self._flag),
            )
        }
        self._seen: tuple[Any, ...] = (None,)
        self._lock = threading.RLock()
        self.look()
        super().__init__(
            [
                HBox(
                    [self.knob, *self.buttons.values()], layout=Layout(align_items="center", grid_gap="8px")
                ),
                self.canvas,
                self.table,
            ],
            explanation="A slider goes through the agent's memory; picture and table show how the target of "
            "one window is made.",
        )

    def look(self) -> None:
        """Show the window at which the slider stands, as the agent sees it now."""
        with self._lock:
            if not len(self.agent.memory):
                self._say("The memory is empty now: let the agent drive first.")
            elif not self._keep_up():
                self._say("The networks answer with numbers that are not finite: this run has blown up.")
            else:
                self.shown = specimen(self.agent, self.knob.value)
                self.picture.update(self.shown)
                self.canvas.draw()
                self.table.value = table(self.shown, self.agent)

    def still(self) -> str:
        """Picture and table as they are now."""
        return self.canvas.still() + self.table.value

    # --- where the buttons go; each a position in the ring --------------------------------------------

    def _any(self) -> int:
        return int(self.rng.integers(len(self.agent.memory)))

    def _worst(self) -> int:
        found = aim(self.agent, np.arange(len(self.agent.memory)))
        return int(np.abs(found.targets - found.estimates).argmax())

    def _flag(self) -> int | None:
        memory = self.agent.memory
        windows = memory.windows(np.arange(len(memory)), self.agent.config.n_step, 1.0)
        flags = np.flatnonzero(windows.terminated)
        return int(self.rng.choice(flags)) if len(flags) else None

    def _jump(self, choose: Callable[[], int | None]) -> None:
        memory = self.agent.memory
        with self._lock:
            if not len(memory):
                self.look()
            elif (position := choose()) is None:
                self._say("There is no flag in this memory.")
            else:
                self._keep_up()
                place = len(memory) - 1 - (memory.added - 1 - position) % memory.capacity
                if place == self.knob.place:
                    self.look()
                else:
                    self.knob.place = place

    # --- what follows ---------------------------------------------------------------------------------

    def _ages(self) -> range:
        return range(len(self.agent.memory) - 1, -1, -1)

    def _keep_up(self) -> bool:
        """If the agent has gone on since the last look, follow it; whether it still can be followed."""
        agent, memory = self.agent, self.agent.memory
        now = (agent.q, memory, memory.added, agent.config)
        if all(map(is_, now, self._seen)):
            return True
        if len(self.knob.values) != len(memory):
            self.knob.extend(self._ages())
        some = aim(agent, np.linspace(0, len(memory) - 1, min(SAMPLED, len(memory))).astype(int))
        values = np.concatenate([some.targets, some.estimates])
        if not np.isfinite(values).all():
            return False
        self._seen = now
        self.picture.show_memory(memory.states[: len(memory)], values, some.targets - some.estimates)
        return True

    def _say(self, words: str) -> None:
        self.table.value = f'<p role="status">{words}</p>'
