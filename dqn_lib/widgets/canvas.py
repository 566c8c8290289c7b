"""A picture in the browser that is drawn again and again, with words for who cannot see it."""

import base64
import html
import time
from typing import Any

import anywidget
import traitlets as t

from dqn_lib.plots.moving import Moving
from dqn_lib.plots.style import DRAWING, PIXELS_PER_INCH
from dqn_lib.widgets.source import text_of

AHEAD = 2  # pictures that may be on their way to a browser
GONE = 1.0  # seconds without an answer after which nobody seems to look: then a picture a second will do


class Canvas(anywidget.AnyWidget):
    """Shows a moving picture as PNG bytes.

    The browser tells how many it has shown. Whoever draws often asks `ready` first, so that a slow
    browser gets fewer pictures and not old ones.
    """

    _esm = text_of("canvas.js")
    _css = text_of("look.css")
    png = t.Bytes().tag(sync=True)
    alt = t.Unicode().tag(sync=True)
    width = t.Int(600).tag(sync=True)
    number = t.Int(0).tag(sync=True)

    def __init__(self, moving: Moving | None = None) -> None:
        super().__init__()
        self.moving = moving
        self.shown = 0  # the number of the latest picture that a browser has shown
        self._sent_at = 0.0
        self.on_msg(lambda _, content, __: self._hear(content))

    def _hear(self, content: Any) -> None:
        shown = content.get("shown") if isinstance(content, dict) else None
        if isinstance(shown, int) and shown <= self.number:
            self.shown = max(self.shown, shown)

    @property
    def ready(self) -> bool:
        """Whether another picture would be seen before long."""
        return self.number - self.shown < AHEAD or time.monotonic() - self._sent_at > GONE

    def show(self, moving: Moving) -> None:
        """From now on show another picture, which may be of another size."""
        self.moving = moving
        self.draw()

    def draw(self) -> None:
        """Draw the picture as it is now, and send it; from any thread."""
        with DRAWING:
            png = self.moving.png()
            self._sent_at = time.monotonic()
            with self.hold_sync():
                self.width = round(self.moving.figure.get_figwidth() * PIXELS_PER_INCH)
                self.alt = getattr(self.moving.figure, "alt", "")
                self.png, self.number = png, self.number + 1

    def still(self) -> str:
        """The picture as it is now, as HTML for where no browser asks for it."""
        data, alt = base64.b64encode(self.png).decode(), html.escape(self.alt, quote=True)
        return f'<img src="data:image/png;base64,{data}" width="{self.width}" alt="{alt}">'
