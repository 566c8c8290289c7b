"""Small videos for a notebook: artists updated in place, encoded with the ffmpeg of imageio-ffmpeg."""

import base64
import html
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dqn_lib.plots.style import DRAWING

DOTS_PER_INCH = 96  # a third more than on the page: sharp, and quick to draw


@dataclass(frozen=True)
class Video:
    """An MP4 that plays itself in a notebook, with a text for who cannot see it."""

    mp4: bytes
    width: int
    alt: str

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.mp4).decode()
        label = html.escape(self.alt, quote=True)
        return (
            f'<video controls loop autoplay muted playsinline width="{self.width}" aria-label="{label}" '
            f'src="data:video/mp4;base64,{data}">{label}</video>'
        )


def film(
    figure: Figure,
    moving: Sequence[Artist],
    frames: Iterable[object],
    update: Callable[[object], None],
    *,
    alt: str,
    frames_per_second: float = 30,
) -> Video:
    """Call `update(frame)` for every frame and film what the `moving` artists do.

    Everything else in the figure is drawn once. `update` changes the artists in place.
    """
    canvas, draw = frames_of(figure, moving)
    size = canvas.get_width_height(physical=True)
    if size[0] % 2 or size[1] % 2:
        raise ValueError(f"figure must be an even number of pixels wide and high for H.264, got {size}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        writer = imageio_ffmpeg.write_frames(
            path, size, pix_fmt_in="rgba", fps=frames_per_second, macro_block_size=2, quality=None,
            output_params=["-crf", "29", "-preset", "veryfast", "-movflags", "+faststart"],
        )  # fmt: skip
        writer.send(None)
        try:
            for frame in frames:
                update(frame)
                writer.send(draw().tobytes())
        finally:
            writer.close()
        return Video(path.read_bytes(), round(size[0] * 72 / figure.dpi), alt)


def frames_of(
    figure: Figure, moving: Sequence[Artist]
) -> tuple[FigureCanvasAgg, Callable[[], NDArray[np.uint8]]]:
    """A canvas for the figure, and a function that draws the artists on all else `(height, width, 4)`."""
    for artist in moving:
        artist.set_animated(True)
        artist.set_in_layout(False)  # an empty line has no size that a layout could reckon with
    canvas = FigureCanvasAgg(figure)
    with DRAWING:
        canvas.draw()
        still = canvas.copy_from_bbox(figure.bbox)
    figure.set_layout_engine("none")  # from here on nothing shifts about

    def draw() -> NDArray[np.uint8]:
        with DRAWING:
            canvas.restore_region(still)
            for artist in moving:
                figure.draw_artist(artist)
            return np.asarray(canvas.buffer_rgba())

    return canvas, draw
