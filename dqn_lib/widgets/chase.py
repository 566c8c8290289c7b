"""The shooting range, live: an agent that only learns, and the rule that moves its target in your hands."""

import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from ipywidgets import HBox, Widget
from numpy.typing import ArrayLike

from dqn_lib.checks import check_finite, check_integer, check_number
from dqn_lib.loop import Loop
from dqn_lib.plots.chase import Chase
from dqn_lib.plots.live_chase import LiveChase
from dqn_lib.widgets.button import button
from dqn_lib.widgets.canvas import Canvas
from dqn_lib.widgets.message import Message
from dqn_lib.widgets.stage import Stage
from dqn_lib.widgets.target_rule import TargetRule

WRAPPED = {"flex_flow": "row wrap", "align_items": "center"}
LIVE = ("target_update", "target_period", "tau")  # the agent's settings that change here

_in_use: "weakref.WeakKeyDictionary[Any, weakref.ref[ChaseRange]]" = weakref.WeakKeyDictionary()


class ChaseRange(Stage):
    """What online and target network of a learning agent say about `state`, while you choose the rule.

    The agent, whose memory is filled, learns from where `begin` (its `get_state()`) has it, or from
    where it is now. While a chase is running the agent belongs to it; `end` puts it back. The first
    picture shows `rounds` visits to the optimiser; a chase runs for `limit` gradient steps, `speed` of
    them a second.

    Raises:
        ValueError: if the agent has no memories, or if `state` is not one of its states.
    """

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
        self.picture = LiveChase(exact)
        self.canvas, self.message = Canvas(self.picture), Message()
        self.rule = TargetRule(rule, period, tau, turned=self._turned)
        self._busy = threading.RLock()  # one button or knob at a time
        self.loop = Loop(self._step, self._look, seconds=agent.config.updates / speed)
        self._take()
        self._settings = {name: getattr(agent.config, name) for name in LIVE}
        self.begin = agent.get_state() if begin is None else begin
        self._begin()
        for _ in range(rounds):
            self._step()
        self._over = True
        self._look()
        self.message.say("Run shows how it came to this.")
        super().__init__(
            self._lay_out(),
            explanation="Buttons run and pause this chase, and the rule can be changed meanwhile.",
        )

    def _lay_out(self) -> list[Widget]:
        buttons = [
            button("Run", "Go on from here", partial(self._safely, self.run)),
            button("Pause", "Stop after this step", partial(self._safely, self.pause)),
            button(
                "From the beginning", "Learn again from the first step", partial(self._safely, self.restart)
            ),
        ]
        return [self.rule, HBox([*buttons, self.message], layout=WRAPPED), self.canvas]

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
        return self.canvas.still()

    def _turned(self) -> None:
        """The rule acts from the next step on; if there is none to come, on a chase that begins anew."""
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

    def _holder(self) -> "ChaseRange | None":
        return _in_use.get(self.agent, lambda: None)()

    def _begin(self) -> None:
        self.agent.set_state(self.begin)
        self.rules: list[tuple[int, str]] = []  # from which gradient step on which rule was in force
        self.said: list[tuple[int, float, float]] = []  # gradient steps, online and target network
        self._over = False
        self._listen()
        self._obey()

    def _start(self) -> None:
        self.message.say("Running.")
        self.loop.start()

    def _step(self) -> bool:
        """One visit to the optimiser under the rule chosen now; whether there are more to come."""
        self._obey()
        self.agent.learn()
        self._listen()
        self._over = self.said[-1][0] >= self.limit
        return not self._over

    def _obey(self) -> None:
        settings, words = self.rule.chosen
        if not self.rules or words != self.rules[-1][1]:
            self.agent.change(**settings)
            self.rules.append((self.said[-1][0], words))

    def _listen(self) -> None:
        online, target = self.agent.q(self.state), self.agent.target_q(self.state)
        steps = self.agent.updates - self.begin["updates"]
        self.said.append((steps, float(np.max(online)), float(np.max(target))))

    def _look(self) -> None:
        """Show how far it is; called by whoever takes the steps."""
        running, problem = self.loop.running, self.loop.problem
        if self.canvas.ready or not running:
            self.picture.update(Chase(*map(np.array, zip(*self.said, strict=True))), self.rules)
            self.canvas.draw()
        if problem is not None:
            self._complain(problem)
        elif not running:
            steps = f"{self.said[-1][0]:,} gradient steps"
            self.message.say(f"The end, after {steps}." if self._over else f"Paused after {steps}.")

    def _complain(self, problem: BaseException) -> None:
        self._over = True  # who knows what the agent went through
        self.message.complain(problem, "Run begins again.")
