"""The shooting range, live: an agent that only learns, and the rule that moves its target in your hands."""

import itertools
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike

from dqn_lib.config import check_finite, check_integer, check_number
from dqn_lib.plots.curves import TargetTrace, target_traces
from dqn_lib.widgets.assets import esm, to_message
from dqn_lib.widgets.base import LessonWidget, check_index
from dqn_lib.widgets.knobs import ACTIVE
from dqn_lib.widgets.live import Loop
from dqn_lib.widgets.run_view import AHEAD, GONE

LIVE = ("target_update", "target_period", "tau")  # the agent's settings that change here
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
POINTS = 1_000  # of a line that are sent at most: of more, every second, third, ...

_in_use: "weakref.WeakKeyDictionary[Any, weakref.ref[TargetNetworkExplorer]]" = weakref.WeakKeyDictionary()


class TargetNetworkExplorer(LessonWidget):
    """What online and target network of a learning agent say about `state`, while you choose the rule.

    The agent, whose memory is filled, learns from where `begin` (its `get_state()`) has it, or from
    where it is now. While a chase is running the agent belongs to it; `end` puts it back. The first
    picture shows `rounds` visits to the optimiser; a chase runs for `limit` gradient steps, `speed` of
    them a second.

    Raises:
        ValueError: if the agent has no memories, or if `state` is not one of its states.
    """

    _esm = esm("chase.js")
    explanation = "Buttons run and pause this chase, and the rule can be changed meanwhile."

    exact = t.Float().tag(sync=True)
    settings = t.List().tag(sync=True)
    indices = t.Dict().tag(sync=True)
    active = t.List(t.Unicode()).tag(sync=True)
    look = t.Dict().tag(sync=True)
    status = t.Dict().tag(sync=True)

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
            raise ValueError("agent must have memories to learn from, got one with none")
        check_number("exact", exact)
        first = {"target_update": rule, "target_period": period, "tau": tau}
        for name, value in first.items():
            if value not in CHOICES[name]:
                raise ValueError(f"{name} must be one of {', '.join(map(str, CHOICES[name]))}, got {value!r}")
        self._numbers = itertools.count(1)
        self._latest = self._seen = 0
        self._sent_at = 0.0
        self._busy = threading.RLock()  # one button or knob at a time
        super().__init__(
            exact=float(exact),
            settings=[
                {"name": "target_update", "kind": "menu", "labels": list(RULES.values())},
                {
                    "name": "target_period", "kind": "slider", "help": "Gradient steps between two copies",
                    "labels": [f"{one:,}" for one in CHOICES["target_period"]],
                },
                {
                    "name": "tau", "kind": "slider",
                    "help": "Share of the way that the target moves at every gradient step",
                    "labels": [f"{one:g}" for one in CHOICES["tau"]],
                },
            ],
            indices={name: CHOICES[name].index(value) for name, value in first.items()},
        )  # fmt: skip
        self._note_active()
        self.loop = Loop(self._step, self._look, seconds=agent.config.updates / speed)
        self._take()
        self._settings = {name: getattr(agent.config, name) for name in LIVE}
        self.begin = agent.get_state() if begin is None else begin
        self._begin()
        for _ in range(rounds):
            self._step()
        self._over = True
        self._look()
        self._say("Run shows how it came to this.")
        self.observe(lambda _: self._turned(), "indices")
        self.on_msg(lambda _, content, __: self._hear(content))

    # --- what a student does --------------------------------------------------------------------------

    def run(self) -> None:
        """Go on until paused, or begin anew if it is over; a second press changes nothing."""
        with self._busy:
            if not self.loop.running:
                self.loop.pause()  # its last look may go on
                self._take()
                if self._over:
                    self._begin()
                self._start()

    def pause(self) -> None:
        """Stop after the step under way."""
        self.loop.pause()

    def restart(self) -> None:
        """Begin anew, and run."""
        with self._busy:
            self.loop.pause()
            self._take()
            self._begin()
            self._start()

    def end(self) -> None:
        """Stop, and put the agent back to where it began, unless another range has it by now.

        Raises:
            TimeoutError: if the step under way does not end; then the agent is left as it is.
        """
        with self._busy:
            self.loop.pause()
            self._over = True  # the next Run begins anew
            if self._holder() is self:
                self.agent.set_state(self.begin)
                self.agent.change(**self._settings)
                del _in_use[self.agent]

    def still(self) -> str:
        """The picture as it is now."""
        return target_traces({self.rules[-1][1]: self.chase}, self.exact)._repr_html_()

    @property
    def chase(self) -> TargetTrace:
        """What the two networks have said so far."""
        return TargetTrace(*map(np.array, zip(*self.said, strict=True)))

    def turn(self, name: str, value: Any) -> None:
        """Choose another rule, period or tau, as a hand on the page does."""
        if name not in CHOICES:
            raise ValueError(f"knob must be one of {', '.join(CHOICES)}, got {name!r}")
        if value not in CHOICES[name]:
            raise ValueError(f"{name} must be one of {', '.join(map(str, CHOICES[name]))}, got {value!r}")
        self.indices = self.indices | {name: CHOICES[name].index(value)}

    @t.validate("indices")
    def _inside(self, proposal: t.Bunch) -> dict[str, int]:
        if proposal["value"].keys() != CHOICES.keys():
            raise t.TraitError(f"indices must be of {', '.join(CHOICES)}, got {', '.join(proposal['value'])}")
        for name, choices in CHOICES.items():
            check_index(f"the index of {name}", proposal["value"][name], 0, len(choices) - 1)
        return proposal["value"]

    @property
    def chosen(self) -> tuple[dict[str, Any], str]:
        """The agent's settings for this rule, and the rule in words."""
        now = {name: CHOICES[name][index] for name, index in self.indices.items()}
        if now["target_update"] == "hard":
            period = now["target_period"]
            return {"target_update": "hard", "target_period": period}, f"period {period:,}"
        if now["target_update"] == "soft":
            return {"target_update": "soft", "tau": now["tau"]}, f"tau {now['tau']:g}"
        return {"target_update": "every_step"}, "every step"

    def _note_active(self) -> None:
        rule = CHOICES["target_update"][self.indices["target_update"]]
        self.active = [name for name in CHOICES if ACTIVE.get(name, rule) == rule]

    def _hear(self, content: Any) -> None:
        acts = {"run": self.run, "pause": self.pause, "restart": self.restart}
        if isinstance(content, dict) and content.get("press") in acts:
            self._safely(acts[content["press"]])
        elif isinstance(content, dict) and isinstance(content.get("seen"), int):
            self._seen = max(self._seen, min(content["seen"], self._latest))

    def _turned(self) -> None:
        """The rule acts from the next step on; if there is none to come, on a chase that begins anew."""
        self._note_active()
        if not self.loop.running:
            self._safely(self.restart)

    def _safely(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as problem:
            self._complain(problem)

    # --- the chase ------------------------------------------------------------------------------------

    def _take(self) -> None:
        """Have the agent to itself: another range that uses it ends."""
        if (other := self._holder()) not in (None, self):
            other.end()
        _in_use[self.agent] = weakref.ref(self)

    def _holder(self) -> "TargetNetworkExplorer | None":
        return _in_use.get(self.agent, lambda: None)()

    def _begin(self) -> None:
        self.agent.set_state(self.begin)
        self.rules: list[tuple[int, str]] = []  # from which gradient step on which rule was in force
        self.said: list[tuple[int, float, float]] = []  # gradient steps, online and target network
        self._over = False
        self._listen()
        self._obey()

    def _start(self) -> None:
        self._say("Running.", running=True)
        self.loop.start()

    def _step(self) -> bool:
        """One visit to the optimiser under the rule chosen now; whether there are more to come."""
        self._obey()
        self.agent.learn()
        self._listen()
        self._over = self.said[-1][0] >= self.limit
        return not self._over

    def _obey(self) -> None:
        settings, words = self.chosen
        if not self.rules or words != self.rules[-1][1]:
            self.agent.change(**settings)
            self.rules.append((self.said[-1][0], words))

    def _listen(self) -> None:
        values = [float(np.max(q(self.state))) for q in (self.agent.q, self.agent.target_q)]
        if not np.isfinite(values).all():
            raise ValueError("agent must answer with finite numbers, got some that are not: it has diverged")
        self.said.append((self.agent.updates - self.begin["updates"], *values))

    def _look(self) -> None:
        """Show how far it is; called by whoever takes the steps."""
        running, problem = self.loop.running, self.loop.problem
        late = time.monotonic() - self._sent_at > GONE
        if not running or late or self._latest - self._seen < AHEAD:
            self._latest, self._sent_at = next(self._numbers), time.monotonic()
            some = self.said[:: 1 + len(self.said) // POINTS]
            lines = some if some[-1] is self.said[-1] else [*some, self.said[-1]]
            self.look = {
                "number": self._latest,
                "lines": to_message(np.array(lines, np.float32)),
                "rules": [list(rule) for rule in self.rules],
            }
        if problem is not None:
            self._complain(problem)
        elif not running:
            steps = f"{self.said[-1][0]:,} gradient steps"
            self._say(f"The end, after {steps}." if self._over else f"Paused after {steps}.")

    def _say(self, words: str, *, alarm: bool = False, running: bool = False) -> None:
        self.status = {"words": words, "alarm": alarm, "running": running}

    def _complain(self, problem: BaseException) -> None:
        self._over = True  # who knows what the agent went through
        words = str(problem).rstrip(".")
        self._say(f"{type(problem).__name__}: {words}. Run begins again.", alarm=True)
