"""The live training panel: an agent that learns while you watch, and whose settings you can change."""

import threading
import time
from collections.abc import Sequence
from dataclasses import fields

import gymnasium as gym
import traitlets as t

from dqn_lib.environments import check_drives_mountain_car, check_mountain_car
from dqn_lib.plots.curves import learning_curve
from dqn_lib.plots.maps import value_and_policy
from dqn_lib.widgets.assets import esm
from dqn_lib.widgets.knobs import format_setting, setting_choices
from dqn_lib.widgets.live import LiveAgent, LiveRun
from dqn_lib.widgets.live_widget import LiveWidget
from dqn_lib.widgets.run_view import REFERENCES, VIEWS, RunView

SPEEDS = (5.0, 30.0, 200.0, 2_000.0, None)
SEEDS = range(1, 31)


class TrainingPanel(LiveWidget):
    """Buttons to train, pause, drive one episode and reset a new `agent`, and a slider for each of `knobs`.

    The agent trains in an environment of its own, made like `env`, which other cells may use meanwhile.
    `show` names what the page shows: "curve", "values", "policy", "memory" and "car". `run` is the run
    behind the panel; its log notes each change of a setting. A greedy check is made every `every` steps, and
    after `limit` steps the run is over.

    Raises:
        TypeError, ValueError: if `env` or the agent's environment is not MountainCar-v0, if the agent has
            been trained before, or if `show` or `knobs` name something unknown.
    """

    _esm = esm("live.js", "panel.js")
    BUTTONS = ("train", "pause", "one_episode", "reset", "reset_settings")
    ADVICE = "Train continues, Reset starts again."

    show = t.List(t.Unicode()).tag(sync=True)
    speeds = t.List(t.Unicode()).tag(sync=True)
    speed = t.Int(len(SPEEDS) - 1, min=0, max=len(SPEEDS) - 1).tag(sync=True)
    seeds = t.List(t.Int()).tag(sync=True)
    seed = t.Int(1).tag(sync=True)
    smooth = t.Bool(True).tag(sync=True)
    references = t.List(REFERENCES).tag(sync=True)

    def __init__(
        self,
        env: gym.Env,
        agent: LiveAgent,
        *,
        show: Sequence[str] = VIEWS,
        knobs: Sequence[str] = ("epsilon", "gamma", "learning_rate", "tau", "hold"),
        every: int = 500,
        limit: int = 100_000,
    ) -> None:
        check_mountain_car(env, "a training panel")
        check_drives_mountain_car(agent, "a training panel")
        choices = {name: setting_choices(agent.config, name) for name in knobs}
        own = gym.make(env.spec) if env.spec else env
        self.run = LiveRun(own, agent, every=every, limit=limit)
        self.view = RunView(self.run, show)
        if hasattr(agent, "compile"):
            agent.compile()  # so that no button has to wait for it
        self._reporting = threading.RLock()  # the status that is reported last is the one that holds
        helps = {spec.name: spec.metadata["help"] for spec in fields(agent.config)}
        super().__init__(
            choices,
            {name: getattr(agent.config, name) for name in knobs},
            show=list(show),
            settings=[
                {
                    "name": name, "label": name.replace("_", " "), "help": helps[name],
                    "labels": [format_setting(value) for value in values],
                    "kind": "menu" if isinstance(values[0], str) else "slider",
                }
                for name, values in choices.items()
            ],
            speeds=["full" if speed is None else f"{speed:,g} steps/s" for speed in SPEEDS],
            seeds=sorted({*SEEDS, agent.seed}),
            seed=agent.seed,
            smooth=self.view.smooth,
        )  # fmt: skip
        self._first = dict(self.indices)
        listed = ", ".join(name.replace("_", " ") for name in knobs)
        sliders = f", and sliders for {listed}, which act while the agent learns" if listed else ""
        self.explanation = (
            f"A live training panel: buttons to train, pause, drive one episode and reset{sliders}."
        )
        self.refresh()
        self.run.callback = self._callback
        self.observe(lambda _: self._safely(lambda: self.run.set_speed(SPEEDS[self.speed])), "speed")

    # --- buttons and settings ---------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the agent is training."""
        return self.run.running

    @property
    def rule(self) -> str | None:
        """The update rule of the target network; a table has none."""
        return self.values.get("target_update", getattr(self.run.agent.config, "target_update", None))

    def train(self) -> None:
        """Train until paused; no effect if it is training already."""
        self._start()

    def one_episode(self) -> None:
        """Train until the current episode ends, or for one more."""
        self._start(one_episode=True)

    def record(self, checks: int = 60) -> None:
        """Train for so many checks, or to the limit: a page without a kernel plays what was recorded.

        Raises:
            TimeoutError: if the last step does not end within ten seconds.
        """
        end = self.run.agent.steps + checks * self.run.every
        self.train()
        while self.running and self.run.agent.steps < end:
            time.sleep(0.01)
        self.pause()

    def _start(self, **how: bool) -> None:
        if self.run.at_limit:
            self._report_limit()
        else:
            with self._reporting:
                self.report("Training ...", running=True)
                self.run.train(**how)

    def pause(self) -> None:
        """Stop after the current step.

        Raises:
            TimeoutError: if that step does not end within ten seconds.
        """
        self.run.pause()

    def reset(self) -> None:
        """Forget everything learnt, and start again at step 0 with the seed of the slider.

        Raises:
            TimeoutError: if the current step does not end within ten seconds; then nothing is reset.
        """
        self.run.reset(self.seed)
        self.recorded.clear()
        self.refresh()
        self.report(f"Back at the beginning, seed {self.seed}.")

    def reset_settings(self) -> None:
        """Set every setting to its first value."""
        self.indices = dict(self._first)

    def stop(self) -> None:
        """Pause for good: the cell has been run again."""
        self.run.pause()
        self.report("Stopped: the cell was run again.")

    def _change_settings(self, change: t.Bunch) -> None:
        moved = {name for name, index in change["new"].items() if change["old"].get(name) != index}
        self.run.change(**{name: value for name, value in self.values.items() if name in moved})
        self._update_active()
        if not self.run.running:
            self.refresh()

    # --- what the page shows ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Send the page a snapshot of the run as it is now."""
        snapshot = self.view.snapshot()
        self.send_snapshot(snapshot)
        if not self.recorded or self.recorded[-1]["step"] < snapshot["step"]:
            self.recorded.append(snapshot)

    def _callback(self) -> None:
        """Called in the run's thread, between two steps and once more after the last."""
        if self.run.running:
            due = self.run.agent.steps >= self.recorded[-1]["step"] + self.run.every
            if due or self.page_keeps_up:
                snapshot = self.view.snapshot()
                if due:
                    self.recorded.append(snapshot)
                if self.page_keeps_up:
                    self.send_snapshot(snapshot)
            return
        try:
            self.refresh()
        except Exception as problem:
            self.report_problem(self.run.problem or problem)
            raise
        with self._reporting:
            if self.run.problem is not None:
                self.report_problem(self.run.problem)
            elif not self.run.running:  # else Train has been pressed meanwhile
                self._report_limit() if self.run.at_limit else self.report("Paused.")

    def _report_limit(self) -> None:
        self.report(f"The limit of {self.run.limit:,} steps is reached. Reset starts another run.")

    def still(self) -> str:
        """The learning curve and the maps as they are now."""
        pictures = [learning_curve(self.run.log)] if "curve" in self.show else []
        if {"values", "policy"} & {*self.show}:
            title = f"After {self.run.agent.steps:,} steps"
            pictures.append(value_and_policy(self.run.agent.q, title=title))
        return "".join(picture._repr_html_() for picture in pictures)
