"""Sliders above a picture that Python draws, again whenever one of them moves.

Like `ipywidgets.interact`, but a screen reader finds the names of the sliders and the alt text of the
picture, and an executed notebook shows the first picture without a browser.
"""

import html
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import traitlets as t

from dqn_lib.plots.style import Picture
from dqn_lib.widgets.assets import esm
from dqn_lib.widgets.base import LessonWidget, check_index
from dqn_lib.widgets.knobs import format_setting

MAX_PICTURES = 40  # that a page without a kernel holds


def interact(
    draw: Callable[..., Picture], /, *, start: Mapping[str, Any] | None = None, **controls: Sequence[Any]
) -> "SliderPlot":
    """Show the picture `draw(**values)`, with a slider for each of `controls` over its sequence of values.

    Each slider starts at its value in `start`, or else at the first one. An exception in `draw` is shown
    instead of the picture, and the sliders keep working.

        interact(show, epsilon=np.linspace(0, 1, 21).round(2), hold=range(1, 33), start={"epsilon": 0.3})

    Raises:
        TypeError: if the values of a slider are not a sequence with at least one value.
        ValueError: if there is no slider, or if `start` names none of them or none of its values.
    """
    return SliderPlot(draw, controls, start or {})


class SliderPlot(LessonWidget):
    """The widget of `interact`; `indices` has the position of each slider in its values."""

    _esm = esm("sliders.js")

    controls = t.List().tag(sync=True)
    indices = t.List(t.Int()).tag(sync=True)
    shown = t.Unicode().tag(sync=True)

    def __init__(
        self, draw: Callable[..., Picture], controls: Mapping[str, Sequence[Any]], start: Mapping[str, Any]
    ) -> None:
        if not controls:
            raise ValueError("interact needs at least one control, got none")
        if unknown := start.keys() - controls.keys():
            raise ValueError(
                f"start must name some of {', '.join(controls)}, got {', '.join(sorted(unknown))}"
            )
        self.draw, self.choices = draw, {}
        indices = []
        for name, values in controls.items():
            if not isinstance(values, Sequence | np.ndarray) or not len(values):
                raise TypeError(f"{name} must be a sequence of values such as range(1, 33), got {values!r}")
            self.choices[name] = list(values)
            if name in start and start[name] not in self.choices[name]:
                raise ValueError(f"{name} must start at one of its values, got {start[name]!r}")
            indices.append(self.choices[name].index(start[name]) if name in start else 0)
        named = [
            {"name": name.replace("_", " "), "labels": [format_value(value) for value in values]}
            for name, values in self.choices.items()
        ]
        super().__init__(controls=named, indices=indices)
        self.explanation = f"Each move of a slider ({', '.join(self.choices)}) draws the picture again."
        self.redraw()
        self.observe(self.redraw, "indices")

    @t.validate("indices")
    def _inside(self, proposal: t.Bunch) -> list[int]:
        if len(proposal["value"]) != len(self.choices):
            raise t.TraitError(
                f"indices must be one for each of {', '.join(self.choices)}, got {len(proposal['value'])}"
            )
        for (name, values), index in zip(self.choices.items(), proposal["value"], strict=True):
            check_index(f"the index of {name}", index, 0, len(values) - 1)
        return proposal["value"]

    @property
    def values(self) -> dict[str, Any]:
        """The value of each slider."""
        return {
            name: values[index]
            for (name, values), index in zip(self.choices.items(), self.indices, strict=True)
        }

    def redraw(self, _: Any = None) -> None:
        """Draw the picture for the current values."""
        self.shown = self._drawn(self.values)

    def _drawn(self, values: dict[str, Any]) -> str:
        """The picture for `values`, or the exception."""
        try:
            picture = self.draw(**values)
            if not isinstance(picture, Picture):
                raise TypeError(f"draw must return a picture of dqn_lib.plots, got {picture!r}")
            return picture._repr_html_()
        except Exception as problem:
            return f'<p role="alert"><b>{type(problem).__name__}:</b> {html.escape(str(problem))}</p>'

    def page_state(self) -> dict[str, Any]:
        """As in `LessonWidget`; with the pictures for all values."""
        pictures = [
            self._drawn(dict(zip(self.choices, one, strict=True)))
            for one in itertools.product(*self.choices.values())
        ]
        return super().page_state() | {"pictures": pictures}

    def fragment(self) -> str:
        """As in `LessonWidget`; of more than `MAX_PICTURES` pictures only the present one, with a note."""
        few = math.prod(map(len, self.choices.values())) <= MAX_PICTURES
        return super().fragment() if few else self.still_and_note()

    def still(self) -> str:
        """The picture as it is now, or the exception."""
        return self.shown


def format_value(value: Any) -> str:
    """A value as text: numbers without needless digits."""
    return format_setting(value) if isinstance(value, Real) else str(value)
