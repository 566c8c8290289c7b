"""What the widgets with something that runs have in common: buttons, settings, status and snapshots."""

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets as t

from dqn_lib.widgets.base import LessonWidget, check_index
from dqn_lib.widgets.knobs import ACTIVE_UNDER

MAX_UNPAINTED = 12  # snapshots on their way to a page, which acknowledges them a few times a second
PAGE_TIMEOUT = 1.0  # seconds without an acknowledgement after which only one snapshot a second is sent


class LiveWidget(LessonWidget):
    """Base widget around something that runs in a thread.

    A page presses the buttons named in `BUTTONS`, which are methods, moves the settings, paints the latest
    snapshot, and acknowledges by its number that it has painted one. Subclasses report the `status`.

    Attributes:
        choices: by name, the values that each setting can have.
        indices: the position of each setting among its choices; assign to it, or call `set`.
        active: names of the settings that have an effect now.
        snapshot: what the page shows.
        recorded: the snapshots that a page without a kernel plays.
        status: the state in words, whether it is an alarm, and whether something runs.
    """

    BUTTONS: tuple[str, ...] = ()
    ADVICE = ""  # what to do after a problem

    settings = t.List().tag(sync=True)
    indices = t.Dict().tag(sync=True)
    active = t.List(t.Unicode()).tag(sync=True)
    snapshot = t.Dict().tag(sync=True)
    status = t.Dict({"words": "Ready.", "alarm": False, "running": False}).tag(sync=True)

    def __init__(self, choices: Mapping[str, Sequence[Any]], first: Mapping[str, Any], **traits: Any) -> None:
        self.choices = choices
        self._busy = threading.RLock()  # one button or setting at a time, whatever thread it comes from
        self._numbers = itertools.count(1)
        self._sent = self._painted = 0  # the numbers of the latest snapshots
        self._sent_at = 0.0
        self.recorded: list[dict[str, Any]] = []
        super().__init__(indices={name: choices[name].index(first[name]) for name in choices}, **traits)
        self._update_active()
        self.observe(lambda change: self._safely(lambda: self._change_settings(change)), "indices")
        self.on_msg(lambda _, content, __: self._handle_message(content))

    @property
    def running(self) -> bool:
        """Whether something runs."""
        raise NotImplementedError

    @property
    def rule(self) -> str | None:
        """The update rule of the target network, if there is one; it decides which settings are active."""
        raise NotImplementedError

    def set(self, name: str, value: Any) -> None:
        """Set the setting `name` to one of its `choices`; it acts from the next step on.

        Raises:
            ValueError: if there is no such setting, or if the value is not among its choices.
        """
        if name not in self.choices:
            raise ValueError(f"name must be one of {', '.join(self.choices)}, got {name!r}")
        if value not in self.choices[name]:
            allowed = ", ".join(map(str, self.choices[name]))
            raise ValueError(f"{name} must be one of {allowed}, got {value!r}")
        self.indices = self.indices | {name: self.choices[name].index(value)}

    @property
    def values(self) -> dict[str, Any]:
        """The value of each setting."""
        return {name: self.choices[name][index] for name, index in self.indices.items()}

    def _change_settings(self, change: t.Bunch) -> None:
        """Act on new `indices`."""
        raise NotImplementedError

    @t.validate("indices")
    def _check_indices(self, proposal: t.Bunch) -> dict[str, int]:
        if proposal["value"].keys() != self.choices.keys():
            raise t.TraitError(
                f"indices must be of {', '.join(self.choices)}, got {', '.join(proposal['value'])}"
            )
        for name, index in proposal["value"].items():
            check_index(f"the index of {name}", index, 0, len(self.choices[name]) - 1)
        return proposal["value"]

    def _update_active(self) -> None:
        self.active = [name for name in self.choices if ACTIVE_UNDER.get(name, self.rule) == self.rule]

    def _handle_message(self, content: Any) -> None:
        if not isinstance(content, dict):
            return
        if content.get("press") in self.BUTTONS:
            self._safely(getattr(self, content["press"]))
        elif isinstance(content.get("painted"), int):
            self.acknowledge(content["painted"])

    def _safely(self, act: Callable[[], None]) -> None:
        """Do what the page asks for, and report what goes wrong."""
        with self._busy:
            try:
                act()
            except Exception as problem:
                self.report_problem(problem)

    def report(self, words: str, *, alarm: bool = False, running: bool = False) -> None:
        """Set the status."""
        self.status = {"words": words, "alarm": alarm, "running": running}

    def report_problem(self, problem: BaseException) -> None:
        """Set the status to an alarm with what went wrong, and what to do about it."""
        words = f"{type(problem).__name__}: {str(problem).rstrip('.')}. {self.ADVICE}"
        self.report(words, alarm=True, running=self.running)

    @property
    def page_keeps_up(self) -> bool:
        """Whether the page would paint another snapshot soon; if none answers, once a second."""
        return self._sent - self._painted < MAX_UNPAINTED or time.monotonic() - self._sent_at > PAGE_TIMEOUT

    def acknowledge(self, number: int) -> None:
        """Note that a page has painted the snapshot of this number."""
        if number <= self._sent:  # else it is from a page opened before the kernel started
            self._painted = max(self._painted, number)

    def page_state(self) -> dict[str, Any]:
        """As in `LessonWidget`; with the recorded run, and no setting that would act on it."""
        return super().page_state() | {"recording": self.recorded, "active": []}

    def send_snapshot(self, snapshot: dict[str, Any]) -> None:
        """Number the snapshot and send it to the page."""
        self._sent, self._sent_at = next(self._numbers), time.monotonic()
        self.snapshot = {"number": self._sent} | snapshot
