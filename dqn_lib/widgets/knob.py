"""A slider over a list of values, with its name and its value beside it."""

from collections.abc import Callable, Sequence
from typing import Any

import anywidget
import traitlets as t

from dqn_lib.checks import check_integer
from dqn_lib.widgets.source import text_of

FIRST = object()  # None may be a value of its own


class Knob(anywidget.AnyWidget):
    """Chooses one of `values`, which need not be evenly spaced; `value` is the one chosen.

    `show` turns a value into the words beside the slider. `turned(value)` is called, in the kernel,
    whenever somebody moves it there or sets `value` here.
    """

    _esm = text_of("knob.js")
    _css = text_of("look.css")
    place = t.Int(0).tag(sync=True)
    labels = t.List(t.Unicode()).tag(sync=True)
    description = t.Unicode().tag(sync=True)
    says = t.Unicode().tag(sync=True)
    disabled = t.Bool(False).tag(sync=True)

    def __init__(
        self,
        description: str,
        values: Sequence[Any],
        value: Any = FIRST,
        *,
        says: str = "",
        show: Callable[[Any], str] = "{:,g}".format,
        turned: Callable[[Any], None] | None = None,
    ) -> None:
        if not len(values):
            raise ValueError(f"values of the knob {description!r} must hold at least one value, got none")
        self.values, self.words = list(values), show
        start = self._place_of(self.values[0] if value is FIRST else value)
        super().__init__(
            description=description, says=says, labels=[show(one) for one in self.values], place=start
        )
        if turned is not None:
            self.observe(lambda _: turned(self.value), "place")

    @t.validate("place")
    def _inside(self, proposal: Any) -> int:
        check_integer("place", proposal["value"], 0, len(self.values) - 1)
        return proposal["value"]

    def _place_of(self, value: Any) -> int:
        if value not in self.values:
            raise ValueError(f"value must be one of {', '.join(map(str, self.values))}, got {value!r}")
        return self.values.index(value)

    @property
    def value(self) -> Any:
        """The value that it stands at."""
        return self.values[self.place]

    @value.setter
    def value(self, value: Any) -> None:
        self.place = self._place_of(value)

    def extend(self, values: Sequence[Any]) -> None:
        """Other values to choose from; it stays at its place, as far as there is one."""
        if not len(values):
            raise ValueError("values must hold at least one value, got none")
        self.values = list(values)
        with self.hold_sync():  # the browser never sees a place without its label
            self.labels = [self.words(one) for one in self.values]
            self.place = min(self.place, len(self.values) - 1)
