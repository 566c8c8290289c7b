"""A button, with its words, what it does, and what happens."""

from collections.abc import Callable

from ipywidgets import Button, Layout


def button(text: str, says: str, act: Callable[[], None]) -> Button:
    """A button as wide as its `text`, explained by `says`; a press calls `act()`."""
    made = Button(description=text, tooltip=says, layout=Layout(width="auto"))
    made.on_click(lambda _: act())
    return made
