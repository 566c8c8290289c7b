"""The live training panel: an agent that learns while you watch, and knobs that act at once."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import gymnasium as gym
from ipywidgets import HBox, Layout, VBox, Widget

from dqn_lib.live import LiveAgent, LiveRun
from dqn_lib.widgets.button import button
from dqn_lib.widgets.knob import Knob
from dqn_lib.widgets.message import Message
from dqn_lib.widgets.screen import SIGHTS, Screen
from dqn_lib.widgets.settings import setting_knob
from dqn_lib.widgets.stage import Stage
from dqn_lib.worlds import check_drives_mountain_car, check_mountain_car

SPEEDS = (5.0, 30.0, 200.0, 2_000.0, None)
SEEDS = range(1, 31)


class TrainingPanel(Stage):
    """Train, pause, one episode, reset, and a knob for each of `knobs`, around a new `agent`.

    It lives in an environment of its own, made like `env`: other cells may drive that one meanwhile.
    `show` says what there is to see: "curve", "values", "policy", "memory" and "car". Behind it is
    `run`, whose log notes every knob turned; greedy checks are made every `every` steps, and after
    `limit` steps the run is over.

    Raises:
        ValueError: if `env` is another world than MountainCar-v0, whose maps and whose car are shown, or if
            the agent was made for another one.
    """

    def __init__(
        self,
        env: gym.Env,
        agent: LiveAgent,
        *,
        show: Sequence[str] = SIGHTS,
        knobs: Sequence[str] = ("epsilon", "gamma", "learning_rate", "tau", "hold"),
        every: int = 500,
        limit: int = 100_000,
    ) -> None:
        check_mountain_car(env, "a training panel")
        check_drives_mountain_car(agent, "a training panel")
        self.knobs = {name: setting_knob(agent.config, name, partial(self._turn, name)) for name in knobs}
        own = gym.make(env.spec) if env.spec else env
        self.run = LiveRun(own, agent, every=every, limit=limit)
        if hasattr(agent, "compile"):
            agent.compile()  # now, so that no button has to wait for it
        self.screen = Screen(self.run, show)
        self.run.watch = self._look
        self.speed = Knob("speed", SPEEDS, None, says="Environment steps a second", show=_say_speed)
        self.speed.observe(lambda _: self.run.set_speed(self.speed.value), "place")
        seeds = sorted({*SEEDS, agent.seed})
        self.seed = Knob(
            "seed", seeds, agent.seed, says="Other random numbers, from the next Reset on", show=str
        )
        self.message = Message()
        self.buttons = {
            text: button(text, says, partial(self._safely, act))
            for text, act, says in (
                ("Train", self.train, "Go on learning"),
                ("Pause", self.pause, "Stop after this step"),
                ("One episode", self.one_episode, "Go on to the end of one episode"),
                ("Reset", self.reset, "Forget everything; the knobs stay where they are"),
            )
        }
        self._busy = threading.RLock()  # one button or knob at a time, whatever thread it comes from
        self.message.say("Ready.")
        turned = ", ".join(knob.description for knob in self.knobs.values())
        sliders = f", and sliders for {turned}, which act while the agent learns" if turned else ""
        super().__init__(
            self._lay_out(),
            explanation="A live training panel: buttons to train, pause, drive one episode and "
            f"reset{sliders}.",
        )

    def train(self) -> None:
        """Go on until paused; a second press changes nothing."""
        self._start()

    def one_episode(self) -> None:
        """Go on to the end of the episode under way, or of the next."""
        self._start(one_episode=True)

    def _start(self, **how: bool) -> None:
        if self.run.at_limit:
            self.message.say(self._enough())
        else:
            self.message.say("Training ...")
            self.run.train(**how)

    def pause(self) -> None:
        """Stop after the step under way."""
        self.run.pause()

    def reset(self) -> None:
        """Begin again with nothing learnt, under the seed of its knob."""
        self.run.reset(self.seed.value)
        self.screen.draw_all()
        self.message.say(f"Back at the beginning, seed {self.seed.value}.")

    def end(self) -> None:
        """Pause for good: the cell has been run again."""
        self.run.pause()
        self.message.say("Ended: the cell was run again.")

    def still(self) -> str:
        """HTML of the pictures as they are now."""
        return self.screen.still()

    def _turn(self, name: str, _: Any) -> None:
        self._safely(partial(self._pass_on, name))

    def _pass_on(self, name: str) -> None:
        self.run.change(**{name: self.knobs[name].value})  # several hands on one knob: where it stands now
        if not self.run.running:
            self.screen.note_turn()

    def _safely(self, act: Callable[[], None]) -> None:
        """One button or knob at a time, and whatever goes wrong is said."""
        with self._busy:
            try:
                act()
            except Exception as problem:
                self._complain(problem)

    def _look(self) -> None:
        """In the run's thread, between two steps, and once more when it has paused."""
        if self.run.running:
            self.screen.look()
            return
        try:
            self.screen.draw_all()
        except Exception as problem:
            self._complain(self.run.problem or problem)
            raise
        if self.run.problem is not None:
            self._complain(self.run.problem)
        elif not self.run.running:  # nobody has pressed Train while it was drawn
            self.message.say(self._enough() if self.run.at_limit else "Paused.")

    def _lay_out(self) -> list[Widget]:
        row = Layout(flex_flow="row wrap", align_items="center", grid_gap="4px 6px")
        seen = self.screen.canvases
        knobs = [*self.knobs.values(), self.seed, *([self.screen.car] if self.screen.car else [])]
        beside = [VBox(knobs, layout=Layout(width="290px")), *([seen["curve"]] if "curve" in seen else [])]
        return [
            HBox([*self.buttons.values(), self.speed], layout=row),
            HBox([self.screen.counter, self.message], layout=row),
            HBox(beside, layout=Layout(flex_flow="row wrap", align_items="flex-start")),
            HBox([seen[name] for name in ("values", "policy", "memory") if name in seen], layout=row),
        ]

    def _enough(self) -> str:
        return f"{self.run.agent.steps:,} steps are enough for one run. Reset begins another."

    def _complain(self, problem: BaseException) -> None:
        self.message.complain(problem, "Train goes on, Reset begins again.")


def _say_speed(speed: float | None) -> str:
    return "full" if speed is None else f"{speed:,g} steps/s"
