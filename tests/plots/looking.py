"""How the tests inspect pictures and films: which texts are drawn, where, and whether all is visible."""

import base64
import io
import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import imageio_ffmpeg
import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.text import Text

from dqn_lib.plots.films import Video
from dqn_lib.plots.films import film as real_film
from dqn_lib.plots.style import Picture

NARROWEST = 300  # pixels; a layout that has collapsed leaves its axes less


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


def look_at(picture):
    """The pixels that a page shows, and the texts in them."""
    with drawn_texts() as texts:
        html = picture._repr_html_()
    png = base64.b64decode(html.partition("base64,")[2].partition('"')[0])
    assert len(png) < 300_000
    with io.BytesIO(png) as data:
        pixels = mpl.image.imread(data, format="png")[..., :3]
    return pixels, texts


def assert_whole(picture):
    """The picture shows itself with a text; nothing is cut off and no text lies on another."""
    assert isinstance(picture, Picture)
    assert len(picture.alt) > 30
    assert "nan" not in picture.alt
    pixels, texts = look_at(picture)
    height, width, _ = pixels.shape
    assert_legible(texts, width, height)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (edge == 1).all(), "something is drawn on the edge of the picture"
    everything = picture.get_tightbbox(FigureCanvasAgg(picture).get_renderer())
    assert (everything.min >= 0).all()
    assert (everything.max <= picture.get_size_inches()).all()


def assert_beside_the_data(picture):
    """Every legend lies outside of all axes."""
    look_at(picture)
    legends = [ax.get_legend() for ax in picture.axes if ax.get_legend()] + picture.legends
    assert legends
    for legend, ax in itertools.product(legends, picture.axes):
        box, data = legend.get_window_extent(), ax.get_window_extent()
        apart = box.x0 >= data.x1 or box.x1 <= data.x0 or box.y0 >= data.y1 or box.y1 <= data.y0
        assert apart, f"the legend lies on the axes {ax.get_title(loc='left')!r}"


def title(ax):
    return ax.get_title(loc="left")


def labels(ax):
    return ax.get_xlabel(), ax.get_ylabel()


def in_colour(lines, colour):
    """The data `(n, 2)` of each line of this colour."""
    return [np.transpose(line.get_data()) for line in lines if same_color(line.get_color(), colour)]


@dataclass
class Filming:
    """What a film was made from: `update` may be called again to look at any of its frames."""

    figure: Figure
    frames: list
    update: Any
    texts: list
    video: Video | None


def spy_on_film(monkeypatch, module, *, encode=True):
    """From now on the films of `module` note what they are made from; without `encode` nothing else."""
    made = []

    def film(figure, moving, frames, update, **options):
        frames = list(frames)
        with drawn_texts() as texts:  # of the first frame; the others would be on top of it
            video = real_film(figure, moving, frames[:1], update, **options)
        if encode:
            video = real_film(figure, moving, frames, update, **options)
        made.append(Filming(figure, frames, update, texts, video))
        return video

    monkeypatch.setattr(module, "film", film)
    return made


def assert_laid_out(filming):
    """Wide axes inside the figure, and legible texts."""
    width, height = filming.figure.bbox.size
    for ax in filming.figure.axes:
        if ax.get_label() != "<colorbar>":
            assert ax.get_window_extent().width >= NARROWEST
    assert_legible(filming.texts, width, height)


def decode(video, tmp_path):
    path = tmp_path / "video.mp4"
    path.write_bytes(video.mp4)
    reader = imageio_ffmpeg.read_frames(str(path))
    facts = next(reader)
    width, height = facts["size"]
    return facts, [np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in reader]


def assert_good_film(video, frames, tmp_path):
    """H.264 with that many frames, small, and its last picture is not the first."""
    facts, pictures = decode(video, tmp_path)
    assert facts["codec"] == "h264"
    assert len(pictures) == frames
    assert len(video.mp4) <= 200_000 * max(1, frames / 200)
    changed = np.abs(pictures[-1].astype(int) - pictures[0]) > 60
    assert changed.any(axis=-1).sum() > 500
