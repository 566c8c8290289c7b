"""Sliders above a picture, which is drawn again whenever one of them moves.

As `ipywidgets.interact`, but the picture lives in an HTML widget and not in an `Output`: its text for who
cannot see it survives, it does not flicker, and executing a lesson without a browser never waits for one.
"""

import html
from collections.abc import Callable
from typing import Any

from ipywidgets import HTML, Button, Layout, ValueWidget, VBox

from dqn_lib.plots.style import Picture


def explore(draw: Callable[..., Picture], *, button: str | None = None, **controls: ValueWidget) -> VBox:
    """Show `draw(**values)` for the values of the named controls.

    It is drawn once at the beginning and then at every move. With `button`, a press on it draws, and
    nothing else does: for what takes seconds. What `draw` raises is shown in words, and the controls go
    on working.
    """
    if not controls:
        raise ValueError("explore needs at least one control, got none")
    picture = HTML()

    def redraw(_: Any = None) -> None:
        try:
            shown = draw(**{name: control.value for name, control in controls.items()})
            picture.value = shown._repr_html_()
        except Exception as problem:
            picture.value = f"<p><b>{type(problem).__name__}:</b> {html.escape(str(problem))}</p>"

    for name, control in controls.items():
        control.description = control.description or name
    if button is None:
        for control in controls.values():
            control.observe(redraw, "value")
        redraw()
        return VBox([*controls.values(), picture])
    return VBox([*controls.values(), _press(button, redraw), picture])


def _press(text: str, act: Callable[[], None]) -> Button:
    """A button that says so while it works, and takes no second press meanwhile."""
    button = Button(description=text, layout=Layout(width="auto", align_self="flex-start"))

    def pressed(_: Button) -> None:
        button.disabled, button.description = True, "working ..."
        try:
            act()
        finally:
            button.disabled, button.description = False, text

    button.on_click(pressed)
    return button
