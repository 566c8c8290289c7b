"""Sliders above a picture, which is drawn again whenever one of them moves.

As `ipywidgets.interact`, but the sliders have names for everybody, the picture keeps its text for who
cannot see it, and executing a lesson without a browser leaves the first picture.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import traitlets as t

from dqn_lib.plots.style import Picture
from dqn_lib.widgets.assets import esm
from dqn_lib.widgets.base import LessonWidget, check_index
from dqn_lib.widgets.knobs import format_setting


def explore(
    draw: Callable[..., Picture], /, *, start: Mapping[str, Any] | None = None, **controls: Sequence[Any]
) -> "Exploration":
    """Show `draw(**values)`, each value chosen by a slider from the sequence given under its name.

    It is drawn once at the beginning, where every control stands at its value in `start` or else at its
    first one, and then at every move. What `draw` raises is shown in words, and the controls go on working.

        explore(show, epsilon=np.linspace(0, 1, 21).round(2), hold=range(1, 33), start={"epsilon": 0.3})
    """
    return Exploration(draw, controls, start or {})


class Exploration(LessonWidget):
    """What `explore` shows. `indices` says where each control stands in its values."""

    _esm = esm("explore.js")

    controls = t.List().tag(sync=True)
    indices = t.List(t.Int()).tag(sync=True)
    shown = t.Unicode().tag(sync=True)

    def __init__(
        self, draw: Callable[..., Picture], controls: Mapping[str, Sequence[Any]], start: Mapping[str, Any]
    ) -> None:
        if not controls:
            raise ValueError("explore needs at least one control, got none")
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
            {"name": name.replace("_", " "), "labels": [words_of(value) for value in values]}
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
        """The value that each control stands at."""
        return {
            name: values[index]
            for (name, values), index in zip(self.choices.items(), self.indices, strict=True)
        }

    def redraw(self, _: Any = None) -> None:
        """Draw the picture for where the controls stand now."""
        try:
            picture = self.draw(**self.values)
            if not isinstance(picture, Picture):
                raise TypeError(f"draw must return a picture of dqn_lib.plots, got {picture!r}")
            self.shown = picture._repr_html_()
        except Exception as problem:  # whatever a student's function may raise
            said = f"<b>{type(problem).__name__}:</b> {html.escape(str(problem))}"
            self.shown = f'<p role="alert">{said}</p>'

    def still(self) -> str:
        """The picture as it is now, or what went wrong."""
        return self.shown


def words_of(value: Any) -> str:
    """A value in words: numbers without needless digits."""
    return format_setting(value) if isinstance(value, Real) else str(value)
