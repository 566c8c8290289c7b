"""The live training panel: an agent that learns while you watch, and knobs that act at once."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import gymnasium as gym
import traitlets as t

from dqn_lib.environments import check_drives_mountain_car, check_mountain_car
from dqn_lib.plots.curves import learning_curve
from dqn_lib.plots.maps import value_and_policy
from dqn_lib.widgets.assets import esm
from dqn_lib.widgets.base import LessonWidget, check_index
from dqn_lib.widgets.knobs import ACTIVE, format_setting, setting_choices
from dqn_lib.widgets.live import LiveAgent, LiveRun
from dqn_lib.widgets.run_view import REFERENCES, SIGHTS, RunView

SPEEDS = (5.0, 30.0, 200.0, 2_000.0, None)
SEEDS = range(1, 31)


class TrainingPanel(LessonWidget):
    """Train, pause, one episode, reset, and a knob for each of `knobs`, around a new `agent`.

    It lives in an environment of its own, made like `env`: other cells may drive that one meanwhile.
    `show` says what there is to see: "curve", "values", "policy", "memory" and "car". Behind it is
    `run`, whose log notes every knob turned; greedy checks are made every `every` steps, and after
    `limit` steps the run is over.

    Attributes:
        indices: where each knob stands among its `choices`; set it, or call `turn`.
        look: what the page shows now; see `Looks`.
        status: how things stand, in words, and whether the run goes on.

    Raises:
        ValueError: if `env` is another world than MountainCar-v0, whose maps and whose car are shown, or if
            the agent was made for another one.
    """

    _esm = esm("panel.js")

    show = t.List(t.Unicode()).tag(sync=True)
    settings = t.List().tag(sync=True)
    indices = t.Dict().tag(sync=True)
    active = t.List(t.Unicode()).tag(sync=True)
    speeds = t.List(t.Unicode()).tag(sync=True)
    speed = t.Int(len(SPEEDS) - 1, min=0, max=len(SPEEDS) - 1).tag(sync=True)
    seeds = t.List(t.Int()).tag(sync=True)
    seed = t.Int(1).tag(sync=True)
    smooth = t.Bool(True).tag(sync=True)
    ruler = t.List(REFERENCES).tag(sync=True)
    look = t.Dict().tag(sync=True)
    status = t.Dict({"words": "Ready.", "alarm": False, "running": False}).tag(sync=True)
    recording = t.List().tag(sync=True)

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
        self.choices = {name: setting_choices(agent.config, name) for name in knobs}
        self._first = {name: self.choices[name].index(getattr(agent.config, name)) for name in knobs}
        own = gym.make(env.spec) if env.spec else env
        self.run = LiveRun(own, agent, every=every, limit=limit)
        self.looks = RunView(self.run, show)
        if hasattr(agent, "compile"):
            agent.compile()  # now, so that no button has to wait for it
        self._busy = threading.RLock()  # one button or knob at a time, whatever thread it comes from
        self._telling = threading.RLock()  # what is said last is what holds
        says = {spec.name: spec.metadata["help"] for spec in fields(agent.config)}
        super().__init__(
            show=list(show),
            settings=[
                {
                    "name": name, "label": name.replace("_", " "), "help": says[name],
                    "labels": [format_setting(value) for value in values],
                    "kind": "menu" if isinstance(values[0], str) else "slider",
                }
                for name, values in self.choices.items()
            ],
            indices=dict(self._first),
            speeds=["full" if speed is None else f"{speed:,g} steps/s" for speed in SPEEDS],
            seeds=sorted({*SEEDS, agent.seed}),
            seed=agent.seed,
            smooth=self.looks.smooth,
        )  # fmt: skip
        turned = ", ".join(name.replace("_", " ") for name in knobs)
        sliders = f", and sliders for {turned}, which act while the agent learns" if turned else ""
        self.explanation = (
            f"A live training panel: buttons to train, pause, drive one episode and reset{sliders}."
        )
        self._recorded: list[dict[str, Any]] = []
        self._note_active()
        self.show_now()
        self.run.watch = self._watch
        self.observe(lambda change: self._safely(lambda: self._turned(change)), "indices")
        self.observe(lambda _: self._safely(lambda: self.run.set_speed(SPEEDS[self.speed])), "speed")
        self.on_msg(lambda _, content, __: self._hear(content))

    # --- what a student does --------------------------------------------------------------------------

    def train(self) -> None:
        """Go on until paused; a second press changes nothing."""
        self._start()

    def one_episode(self) -> None:
        """Go on to the end of the episode under way, or of the next."""
        self._start(one_episode=True)

    def _start(self, **how: bool) -> None:
        if self.run.at_limit:
            self._say(self._enough())
        else:
            with self._telling:
                self._say("Training ...", running=True)
                self.run.train(**how)

    def pause(self) -> None:
        """Stop after the step under way."""
        self.run.pause()

    def reset(self) -> None:
        """Begin again with nothing learnt, under the seed of its knob."""
        self.run.reset(self.seed)
        self._recorded.clear()
        self.show_now()
        self._say(f"Back at the beginning, seed {self.seed}.")

    def turn(self, name: str, value: Any) -> None:
        """Turn the knob `name` to one of its `choices`; it acts from the next step on."""
        if name not in self.choices:
            raise ValueError(f"knob must be one of {', '.join(self.choices)}, got {name!r}")
        if value not in self.choices[name]:
            allowed = ", ".join(map(str, self.choices[name]))
            raise ValueError(f"{name} must be one of {allowed}, got {value!r}")
        self.indices = self.indices | {name: self.choices[name].index(value)}

    def knobs_back(self) -> None:
        """Put every knob back to where it was at first."""
        self.indices = dict(self._first)

    def end(self) -> None:
        """Pause for good: the cell has been run again."""
        self.run.pause()
        self._say("Ended: the cell was run again.")

    def _hear(self, content: Any) -> None:
        acts: dict[str, Callable[[], None]] = {
            "train": self.train, "pause": self.pause, "one_episode": self.one_episode, "reset": self.reset,
            "knobs_back": self.knobs_back,
        }  # fmt: skip
        if isinstance(content, dict) and content.get("press") in acts:
            self._safely(acts[content["press"]])
        elif isinstance(content, dict) and isinstance(content.get("seen"), int):
            self.looks.seen(content["seen"])

    @t.validate("indices")
    def _inside(self, proposal: t.Bunch) -> dict[str, int]:
        if proposal["value"].keys() != self.choices.keys():
            raise t.TraitError(
                f"indices must be of {', '.join(self.choices)}, got {', '.join(proposal['value'])}"
            )
        for name, index in proposal["value"].items():
            check_index(f"the index of {name}", index, 0, len(self.choices[name]) - 1)
        return proposal["value"]

    def _turned(self, change: t.Bunch) -> None:
        now = {name: self.choices[name][index] for name, index in self.indices.items()}
        moved = {name: now[name] for name, index in change["new"].items() if change["old"].get(name) != index}
        self.run.change(**moved)
        self._note_active()
        if not self.run.running:
            self.show_now()

    def _note_active(self) -> None:
        """Which knobs act now: period or tau, as the rule that moves the target says."""
        rule = getattr(self.run.agent.config, "target_update", None)
        if "target_update" in self.choices:
            rule = self.choices["target_update"][self.indices["target_update"]]
        self.active = [name for name in self.choices if ACTIVE.get(name, rule) == rule]

    # --- what there is to see ---------------------------------------------------------------------------

    def show_now(self) -> None:
        """Bring the page up to date: the run has paused, or begun again."""
        self.look = self.looks.take()
        if not self._recorded or self._recorded[-1]["step"] < self.look["step"]:
            self._recorded.append(self.look)

    def _watch(self) -> None:
        """In the run's thread, between two steps, and once more when it has paused."""
        if self.run.running:
            if self.looks.ready:
                self.look = self.looks.take()
                if self.look["step"] >= self._recorded[-1]["step"] + self.run.every:
                    self._recorded.append(self.look)
            return
        try:
            self.show_now()
        except Exception as problem:
            self._complain(self.run.problem or problem)
            raise
        with self._telling:
            if self.run.problem is not None:
                self._complain(self.run.problem)
            elif not self.run.running:  # nobody has pressed Train meanwhile
                self._say(self._enough() if self.run.at_limit else "Paused.")

    def still(self) -> str:
        """The curve and the maps as they are now."""
        pictures = [learning_curve(self.run.log)] if "curve" in self.show else []
        if {"values", "policy"} & {*self.show}:
            title = f"After {self.run.agent.steps:,} steps"
            pictures.append(value_and_policy(self.run.agent.q, title=title))
        return "".join(picture._repr_html_() for picture in pictures)

    def page(self, title: str) -> str:
        """A page that plays the run so far, as it was recorded at its checks."""
        self.recording = self._recorded
        try:
            return super().page(title)
        finally:
            self.recording = []

    def _safely(self, act: Callable[[], None]) -> None:
        """One button or knob at a time, and whatever goes wrong is said."""
        with self._busy:
            try:
                act()
            except Exception as problem:
                self._complain(problem)

    def _say(self, words: str, *, alarm: bool = False, running: bool = False) -> None:
        self.status = {"words": words, "alarm": alarm, "running": running}

    def _enough(self) -> str:
        return f"{self.run.agent.steps:,} steps are enough for one run. Reset begins another."

    def _complain(self, problem: BaseException) -> None:
        words = f"{type(problem).__name__}: {str(problem).rstrip('.')}. Train goes on, Reset begins again."
        self._say(words, alarm=True, running=self.run.running)
