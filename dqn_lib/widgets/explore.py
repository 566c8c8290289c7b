"""Sliders above a picture, which is drawn again whenever one of them moves.

As `ipywidgets.interact`, but the sliders have names for everybody, the picture is quick and keeps its text
for who cannot see it, and executing a lesson without a browser leaves the first picture.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from ipywidgets import HTML

from dqn_lib.plots.moving import DOTS_PER_INCH, Moving
from dqn_lib.plots.style import Picture
from dqn_lib.widgets.canvas import Canvas
from dqn_lib.widgets.knob import FIRST, Knob
from dqn_lib.widgets.stage import Stage


def explore(
    draw: Callable[..., Picture], /, *, start: Mapping[str, Any] | None = None, **controls: Sequence[Any]
) -> "Exploration":
    """Show `draw(**values)`, each value chosen by a slider from the sequence given under its name.

    It is drawn once at the beginning, where every control stands at its value in `start` or else at its
    first one, and then at every move. What `draw` raises is shown in words, and the controls go on working.

        explore(show, epsilon=np.linspace(0, 1, 21).round(2), hold=range(1, 33), start={"epsilon": 0.3})
    """
    return Exploration(draw, controls, start or {})


class Exploration(Stage):
    """What `explore` shows: `knobs` by name, the picture on `canvas`, and `words` if something is wrong."""

    def __init__(
        self, draw: Callable[..., Picture], controls: Mapping[str, Sequence[Any]], start: Mapping[str, Any]
    ) -> None:
        if not controls:
            raise ValueError("explore needs at least one control, got none")
        if unknown := start.keys() - controls.keys():
            raise ValueError(
                f"start must name some of {', '.join(controls)}, got {', '.join(sorted(unknown))}"
            )
        for name, values in controls.items():
            if not isinstance(values, Sequence | np.ndarray):
                raise TypeError(f"{name} must be a sequence of values such as range(1, 33), got {values!r}")
        self.draw_picture = draw
        self.knobs = {
            name: Knob(
                name.replace("_", " "),
                values,
                start.get(name, FIRST),
                show=words_of,
                turned=lambda _: self.redraw(),
            )
            for name, values in controls.items()
        }
        self.canvas, self.words = Canvas(), HTML()
        self.redraw()
        super().__init__(
            [*self.knobs.values(), self.words, self.canvas],
            explanation=f"Each move of a slider ({', '.join(self.knobs)}) draws the picture again.",
        )

    def redraw(self) -> None:
        """Draw the picture for where the controls stand now."""
        try:
            picture = self.draw_picture(**{name: knob.value for name, knob in self.knobs.items()})
            if not isinstance(picture, Picture):
                raise TypeError(f"draw must return a picture of dqn_lib.plots, got {picture!r}")
            picture.set_dpi(DOTS_PER_INCH)
            self.canvas.show(Moving(picture, ()))
            self.words.value = ""
        except Exception as problem:  # whatever a student's function may raise
            said = f"<b>{type(problem).__name__}:</b> {html.escape(str(problem))}"
            self.words.value = f'<p role="alert">{said}</p>'
        self.canvas.layout.display = "none" if self.words.value else None

    def still(self) -> str:
        """The picture as it is now, or what went wrong."""
        return self.words.value or self.canvas.still()


def words_of(value: Any) -> str:
    """A value in words: numbers without needless digits."""
    return f"{value:,g}" if isinstance(value, Real) else str(value)
