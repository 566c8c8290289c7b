"""The target network explorer: an agent that only learns, while you choose how its target network follows."""

import weakref
from typing import Any

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike

from dqn_lib.config import check_finite, check_integer, check_number
from dqn_lib.plots.curves import TargetTrace, target_traces
from dqn_lib.widgets.assets import esm, to_message
from dqn_lib.widgets.live import Loop
from dqn_lib.widgets.live_widget import LiveWidget

RULES = {
    "every_step": "copied every step",
    "hard": "hard: a copy now and then",
    "soft": "soft: a little every step",
}
CHOICES = {
    "target_update": list(RULES),
    "target_period": [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
    "tau": [0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.5, 1.0],
}
HELPS = {
    "target_update": "How the target network follows the online network",
    "target_period": "Gradient steps between two copies",
    "tau": "Fraction of the way that the target network moves at every gradient step",
}
MAX_POINTS = 1_000  # of a line in a snapshot: of more, every second, third, ...

_in_use: "weakref.WeakKeyDictionary[Any, weakref.ref[TargetNetworkExplorer]]" = weakref.WeakKeyDictionary()


class TargetNetworkExplorer(LiveWidget):
    """The value of `state` by the online and by the target network of an agent, while you change the rule.

    The agent, whose memory is filled, learns from `begin` (its `get_state()`), by default its current
    state, and `stop` puts it back there. The first picture shows `rounds` calls of `agent.learn()`. A run
    has `limit` gradient steps, `speed` of them a second. Explorers of the same agent take turns: the one
    that starts stops the other.

    Attributes:
        history: gradient steps, and the values by the online and the target network, so far.
        rules: the gradient step from which on each rule held, and the rule in words.

    Raises:
        TypeError, ValueError: if a number is out of bounds, if the agent's memory is empty, if `state` is
            not one of its states, or if a setting is not among its `CHOICES`.
    """

    _esm = esm("live.js", "target_explorer.js")
    explanation = "Buttons run and pause the learning, and the update rule can be changed meanwhile."
    BUTTONS = ("run", "pause", "restart")
    ADVICE = "Run starts again."

    exact = t.Float().tag(sync=True)

    def __init__(
        self,
        agent: Any,
        state: ArrayLike,
        exact: float,
        *,
        begin: dict[str, Any] | None = None,
        rule: str = "hard",
        period: int = 200,
        tau: float = 0.03,
        rounds: int = 300,
        limit: int = 20_000,
        speed: float = 1_000,
    ) -> None:
        check_integer("rounds", rounds, low=1)
        check_integer("limit", limit, low=1)
        check_number("speed", speed, 1, 1e6)
        self.agent, self.state, self.limit = agent, np.asarray(state, dtype=np.float32), limit
        if self.state.ndim != 1:
            raise ValueError(f"state must be a single one, got an array of the shape {self.state.shape}")
        if self.state.size != agent.sizes[0]:
            raise ValueError(
                f"state must have the {agent.sizes[0]} numbers of the agent's states, got {self.state.size}"
            )
        check_finite("state", self.state)
        if not len(agent.memory):
            raise ValueError("agent must have a filled replay memory, got an empty one")
        check_number("exact", exact)
        first = {"target_update": rule, "target_period": period, "tau": tau}
        for name, value in first.items():
            if value not in CHOICES[name]:
                raise ValueError(f"{name} must be one of {', '.join(map(str, CHOICES[name]))}, got {value!r}")
        labels = {
            "target_update": list(RULES.values()),
            "target_period": [f"{one:,}" for one in CHOICES["target_period"]],
            "tau": [f"{one:g}" for one in CHOICES["tau"]],
        }
        super().__init__(
            CHOICES,
            first,
            exact=float(exact),
            settings=[
                {
                    "name": name, "label": name.replace("_", " "), "help": HELPS[name],
                    "labels": labels[name], "kind": "menu" if name == "target_update" else "slider",
                }
                for name in CHOICES
            ],
        )  # fmt: skip
        self._recording = False
        self.loop = Loop(self._step, self._callback, seconds=agent.config.updates / speed)
        self._claim_agent()
        self._config = {name: getattr(agent.config, name) for name in CHOICES}
        self.begin = agent.get_state() if begin is None else begin
        self._begin()
        for _ in range(rounds):
            self._step()
        self._over = True
        self.recorded = [self._view()]
        self._callback()
        self.report("Run shows how it came to this.")

    # --- buttons and settings ---------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the agent is learning."""
        return self.loop.running

    @property
    def rule(self) -> str:
        """The update rule of the target network."""
        return self.values["target_update"]

    def run(self) -> None:
        """Learn until paused, or start again if the run is over; no effect while it runs.

        Raises:
            TimeoutError: if the step before does not end within ten seconds.
        """
        with self._busy:
            if not self.loop.running:
                self.loop.pause()  # its last callback may still be under way
                self._claim_agent()
                if self._over:
                    self._begin()
                self._start()

    def pause(self) -> None:
        """Stop after the current step.

        Raises:
            TimeoutError: if that step does not end within ten seconds.
        """
        self.loop.pause()

    def restart(self) -> None:
        """Start again from the first gradient step.

        Raises:
            TimeoutError: if the current step does not end within ten seconds.
        """
        with self._busy:
            self.loop.pause()
            self._claim_agent()
            self._begin()
            self._start()

    def record(self, rounds: int = 150, every: int = 6) -> None:
        """Learn `rounds` times under each rule in turn: a page without a kernel plays what was recorded.

        Raises:
            TimeoutError: if the step before does not end within ten seconds.
            ValueError: if the agent diverges.
        """
        with self._busy:
            self.loop.pause()
            self._claim_agent()
            self._recording = True  # a new rule starts no run of its own
            try:
                self.set("target_update", next(iter(RULES)))
                self._begin()
                self.recorded = [self._view()]
                for rule in RULES:
                    self.set("target_update", rule)
                    for number in range(1, rounds + 1):
                        self._step()
                        if number % every == 0:
                            self.recorded.append(self._view())
            finally:
                self._recording = False

    def stop(self) -> None:
        """Stop, and put the agent back to where it began, unless another explorer uses it now.

        Raises:
            TimeoutError: if the current step does not end; then the agent is left as it is.
        """
        with self._busy:
            self.loop.pause()
            self._over = True  # Run starts again
            if self._user() is self:
                self.agent.set_state(self.begin)
                self.agent.change(**self._config)
                del _in_use[self.agent]

    def _change_settings(self, _: Any) -> None:
        """A new rule acts from the next step on; if nothing runs, in a new run."""
        self._update_active()
        if not self.loop.running and not self._recording:
            self.restart()

    def still(self) -> str:
        """The picture as it is now."""
        return target_traces({self.rules[-1][1]: self.trace}, self.exact)._repr_html_()

    @property
    def trace(self) -> TargetTrace:
        """The values by both networks so far."""
        return TargetTrace(*map(np.array, zip(*self.history, strict=True)))

    @property
    def chosen(self) -> tuple[dict[str, Any], str]:
        """The agent's settings for the rule chosen now, and the rule in words."""
        now = self.values
        if self.rule == "hard":
            return {"target_update": "hard", "target_period": now["target_period"]}, (
                f"period {now['target_period']:,}"
            )
        if self.rule == "soft":
            return {"target_update": "soft", "tau": now["tau"]}, f"tau {now['tau']:g}"
        return {"target_update": "every_step"}, "every step"

    # --- learning ---------------------------------------------------------------------------------------

    def _claim_agent(self) -> None:
        """Stop another explorer that uses the agent."""
        if (other := self._user()) not in (None, self):
            other.stop()
        _in_use[self.agent] = weakref.ref(self)

    def _user(self) -> "TargetNetworkExplorer | None":
        return _in_use.get(self.agent, lambda: None)()

    def _begin(self) -> None:
        self.agent.set_state(self.begin)
        self.rules: list[tuple[int, str]] = []
        self.history: list[tuple[int, float, float]] = []
        self._over = False
        self._record_values()
        self._apply_rule()

    def _start(self) -> None:
        self.report("Running.", running=True)
        self.loop.start()

    def _step(self) -> bool:
        """Learn once under the rule chosen now; return whether more steps are to follow."""
        self._apply_rule()
        self.agent.learn()
        self._record_values()
        self._over = self.history[-1][0] >= self.limit
        return not self._over

    def _apply_rule(self) -> None:
        settings, words = self.chosen
        if not self.rules or words != self.rules[-1][1]:
            self.agent.change(**settings)
            self.rules.append((self.history[-1][0], words))

    def _record_values(self) -> None:
        values = [float(np.max(q(self.state))) for q in (self.agent.q, self.agent.target_q)]
        if not np.isfinite(values).all():
            raise ValueError("agent must answer with finite numbers, got some that are not: it has diverged")
        self.history.append((self.agent.updates - self.begin["updates"], *values))

    def _callback(self) -> None:
        """Called by the thread that learns."""
        running, problem = self.loop.running, self.loop.problem
        if not running or self.page_keeps_up:
            self.send_snapshot(self._view())
        if problem is not None:
            self.report_problem(problem)
        elif not running:
            steps = f"{self.history[-1][0]:,} gradient steps"
            self.report(f"The end, after {steps}." if self._over else f"Paused after {steps}.")

    def _view(self) -> dict[str, Any]:
        """What the page shows now."""
        some = self.history[:: 1 + len(self.history) // MAX_POINTS]
        lines = some if some[-1] is self.history[-1] else [*some, self.history[-1]]
        return {
            "lines": to_message(np.array(lines, np.float32)),
            "rules": [list(rule) for rule in self.rules],
        }

    def report_problem(self, problem: BaseException) -> None:
        """As in `LiveWidget`; and Run starts again, since the agent's state is uncertain now."""
        self._over = True
        super().report_problem(problem)
