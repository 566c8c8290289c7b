"""Pictures that move: their still parts are drawn once, only the moving artists every time."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dqn_lib.plots.png import png
from dqn_lib.plots.style import DRAWING

DOTS_PER_INCH = 96  # a third more than on the page: sharp, and quick to draw and to send


class Moving:
    """A figure with some artists that move; whoever changes them asks for the next frame."""

    def __init__(self, figure: Figure, moving: Sequence[Artist]) -> None:
        self.figure, self.moving = figure, moving
        self.canvas = FigureCanvasAgg(figure)
        self._still = None
        self._layout = figure.get_layout_engine()
        for artist in moving:
            artist.set_animated(True)
            artist.set_in_layout(False)  # an empty line has no size that a layout could reckon with

    def settle(self, *, lay_out: bool = True) -> None:
        """Something still has changed, such as the limits of an axis: draw everything next time.

        Laying out takes longer than drawing; without it everything stays in its place.
        """
        self._still = None
        if lay_out:
            self.figure.set_layout_engine(self._layout)

    def frame(self) -> NDArray[np.uint8]:
        """The picture as it is now, `(height, width, 4)`; only good until the next frame."""
        with DRAWING:
            if self._still is None:
                self.canvas.draw()
                self._still = self.canvas.copy_from_bbox(self.figure.bbox)
                self.figure.set_layout_engine("none")  # from here on nothing shifts about
            else:
                self.canvas.restore_region(self._still)
            for artist in self.moving:
                self.figure.draw_artist(artist)
            return np.asarray(self.canvas.buffer_rgba())

    def png(self) -> bytes:
        """The picture as it is now, in a file."""
        with DRAWING:
            return png(self.frame())
