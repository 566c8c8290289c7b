"""How the tests inspect pictures and films: which texts are drawn, where, and whether all is visible."""

import base64
import io
import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.text import Text

from dqn_lib.plots import films
from dqn_lib.plots.films import Video
from dqn_lib.plots.style import Picture


@contextmanager
def drawn_texts():
    """Every text that is really drawn, with its box in pixels; ticks beyond the axes' ends are not."""
    seen, draw, draw_all = [], Text.draw, Figure.draw

    def starting_again(figure, renderer):  # Matplotlib draws a figure blindly before it draws it
        seen.clear()
        draw_all(figure, renderer)

    def noting(text, renderer):
        if text.get_visible() and text.get_text().strip():
            seen.append((text.get_text(), text.get_window_extent(renderer)))
        draw(text, renderer)

    with mock.patch.object(Text, "draw", noting), mock.patch.object(Figure, "draw", starting_again):
        yield seen


def assert_legible(texts, width, height):
    """No text leaves the figure, none lies on another."""
    assert texts
    for text, box in texts:
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
        assert inside, f"{text!r} at {box.extents.round()} leaves the figure of {width} x {height}"
    for (one, a), (other, b) in itertools.combinations(texts, 2):
        across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 1 or down <= 1, f"{one!r} and {other!r} lie on each other"


def assert_whole(picture, *, legend_on_the_axes=False):
    """It shows itself with a text; nothing is cut off, no text lies on another; legends lie beside axes."""
    assert isinstance(picture, Picture)
    assert len(picture.alt) > 30 and "nan" not in picture.alt
    with drawn_texts() as texts:
        html = picture._repr_html_()
    png = base64.b64decode(html.partition("base64,")[2].partition('"')[0])
    assert len(png) < 300_000
    pixels = mpl.image.imread(io.BytesIO(png), format="png")[..., :3]
    height, width, _ = pixels.shape
    assert_legible(texts, width, height)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (edge == 1).all(), "something is drawn on the edge of the picture"
    everything = picture.get_tightbbox(FigureCanvasAgg(picture).get_renderer())
    assert (everything.min >= 0).all() and (everything.max <= picture.get_size_inches()).all()
    legends = [ax.get_legend() for ax in picture.axes if ax.get_legend()] + picture.legends
    for legend, ax in itertools.product([] if legend_on_the_axes else legends, picture.axes):
        box, data = legend.get_window_extent(), ax.get_window_extent()
        beside = box.x0 >= data.x1 or box.x1 <= data.x0 or box.y0 >= data.y1 or box.y1 <= data.y0
        assert beside, f"the legend lies on the axes {title(ax)!r}"


def title(ax):
    return ax.get_title(loc="left")


def labels(ax):
    return ax.get_xlabel(), ax.get_ylabel()


def words(artists):
    return [text.get_text() for text in artists]


def in_colour(lines, colour):
    """The data `(n, 2)` of each line of this colour."""
    return [np.transpose(line.get_data()) for line in lines if same_color(line.get_color(), colour)]


@dataclass
class Filming:
    """A film and what it was made from: `update` may be called again to look at any of its frames."""

    figure: Figure
    frames: list
    update: Any
    texts: list
    video: Video


def filming(make, *arguments, encode=True, **options):
    """Make a film and note how; without `encode` it has its first frame only."""
    made, film = [], films.film

    def noting(figure, moving, frames, update, **options):
        frames = list(frames)
        with drawn_texts() as seen:  # of the first frame; the others would be on top of it
            video = film(figure, moving, frames[:1], update, **options)
        if encode:
            video = film(figure, moving, frames, update, **options)
        made.append(Filming(figure, frames, update, seen, video))
        return video

    with mock.patch.object(films, "film", noting):
        make(*arguments, **options)
    return made[0]
