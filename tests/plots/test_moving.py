"""Pictures that move: what is drawn quickly is what would have been drawn slowly, in any thread."""

import io
import sys
import threading

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from dqn_lib.plots.moving import DOTS_PER_INCH, Moving
from dqn_lib.plots.style import Picture, house_style, new_axes, styled

AHEAD = np.linspace(0.1, 0.9, 50)


def scene(phase=0.0, layout="constrained"):
    """A figure with a line and a text, inside its axes, and both of them."""
    with house_style(DOTS_PER_INCH):
        picture = Picture(figsize=(4, 3), layout=layout)
        ax = picture.subplots()
        ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="steps", ylabel="return", title="A wave")
        (line,) = ax.plot([], [], linewidth=3)
        words = ax.text(0.4, 0.1, "")
    place(phase, line, words)
    return picture, [line, words]


def place(phase, line, words):
    line.set_data(AHEAD, 0.5 + 0.3 * np.sin(9 * AHEAD + phase))
    words.set_text(f"phase {phase:.2f}")


def drawn_in_full(picture):
    canvas = FigureCanvasAgg(picture)
    canvas.draw()
    return np.array(canvas.buffer_rgba())


def assert_same_pixels(one, other):
    """Equal but for ties in the antialiasing."""
    assert one.shape == other.shape
    difference = np.abs(one.astype(int) - other)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


def test_every_frame_is_the_figure_drawn_in_full():
    picture, artists = scene()
    moving, frames = Moving(picture, artists), []
    for phase in (0.0, 1.0, 2.5, 0.0):
        place(phase, *artists)
        frames.append(moving.frame().copy())
        assert_same_pixels(frames[-1], drawn_in_full(scene(phase)[0]))
    assert (frames[0] != frames[1]).any()
    np.testing.assert_array_equal(frames[0], frames[3])


def test_the_png_is_the_frame_in_the_size_of_the_figure():
    picture, artists = scene(1.0)
    moving = Moving(picture, artists)
    for phase in (1.0, 2.0):
        place(phase, *artists)
        image = Image.open(io.BytesIO(moving.png()))
        assert image.format == "PNG"
        assert image.size == (4 * DOTS_PER_INCH, 3 * DOTS_PER_INCH)
        np.testing.assert_array_equal(np.asarray(image), moving.frame()[..., :3])


def test_the_still_parts_are_drawn_once(monkeypatch):
    picture, artists = scene()
    moving, (ax,) = Moving(picture, artists), picture.axes
    before, drawn = moving.frame().copy(), []
    monkeypatch.setattr(ax, "draw", lambda *_: drawn.append("axes"))
    place(1.0, *artists)
    assert (moving.frame() != before).any()
    assert drawn == []


@pytest.mark.parametrize("layout", ["constrained", None])
def test_changed_limits_and_labels_are_picked_up_by_a_picture_that_settles(layout):
    picture, artists = scene(layout=layout)
    moving, (ax,) = Moving(picture, artists), picture.axes
    before = moving.frame().copy()
    ax.set(ylim=(-1000, 2000), ylabel="return\nof an episode")
    np.testing.assert_array_equal(moving.frame()[:, :40], before[:, :40])  # the label and the numbers
    for _ in range(2):
        moving.settle()
        moving.frame()
    place(1.0, *artists)
    changed, _ = scene(1.0, layout=layout)
    changed.axes[0].set(ylim=(-1000, 2000), ylabel="return\nof an episode")
    assert_same_pixels(moving.frame(), drawn_in_full(changed))


def test_nothing_shifts_about_until_it_settles():
    picture, artists = scene()
    moving, (ax,) = Moving(picture, artists), picture.axes
    moving.frame()
    bounds = ax.get_position().bounds
    ax.set_ylabel("a label\nof two lines")
    moving.frame()
    picture._repr_html_()
    assert ax.get_position().bounds == bounds
    moving.settle()
    moving.frame()
    assert ax.get_position().bounds[0] > bounds[0]


def test_an_artist_that_leaves_its_place_leaves_no_trace():
    picture, artists = scene()
    moving = Moving(picture, artists)
    moving.frame()
    artists[0].set_data([], [])
    artists[1].set_text("")
    empty, empty_artists = scene()
    empty_artists[0].set_data([], [])
    empty_artists[1].set_text("")
    assert_same_pixels(moving.frame(), drawn_in_full(empty))


@styled
def a_picture(number):
    ax = new_axes(None, 3, 2)
    ax.plot([0, 1], [0, number])
    ax.set_title(f"Picture {number}")
    ax.legend(["a line"])
    return ax.figure


@pytest.fixture
def hectic():
    """Threads take turns much more often than they would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.slow
def test_many_threads_draw_while_pictures_are_made_and_shown(hectic):
    """Each gets what it would have got alone, and Matplotlib's settings are afterwards as before."""
    before, rounds = dict(mpl.rcParams), 12
    alone = []
    for number in range(4):
        picture, artists = scene(number, layout=None)
        moving = Moving(picture, artists)
        alone.append([])
        for step in range(rounds):
            place(number + step / 3, *artists)
            alone[-1].append(moving.png())
    html = [a_picture(number)._repr_html_() for number in range(rounds)]

    together, raised = [[] for _ in range(4)], []

    def work(number):
        try:
            for start in (number, number):  # the second one again from nothing
                picture, artists = scene(start, layout=None)
                moving, pictures = Moving(picture, artists), []
                for step in range(rounds):
                    place(number + step / 3, *artists)
                    pictures.append(moving.png())
                together[number] = pictures
        except BaseException as problem:
            raised.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    meanwhile = [a_picture(number)._repr_html_() for number in range(rounds)]
    for thread in threads:
        thread.join(30)
    assert raised == []
    assert together == alone
    assert meanwhile == html
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("dots", [72, DOTS_PER_INCH])
def test_the_house_style_is_taken_off_again(dots):
    before = dict(mpl.rcParams)
    with house_style(dots):
        assert mpl.rcParams["figure.dpi"] == dots
        assert mpl.rcParams["axes.titleweight"] == "bold"
    assert dict(mpl.rcParams) == before
