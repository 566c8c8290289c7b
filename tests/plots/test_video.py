"""Videos: real H.264 with every frame in it, small, and showing what moved, also from several threads."""

import sys
import threading

import matplotlib as mpl
import numpy as np
import pytest
from looking import decode
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dqn_lib import mountain_car
from dqn_lib.plots.films import DOTS_PER_INCH, REST, film, film_greedy, frames_of
from dqn_lib.plots.style import Picture, house_style, new_axes, styled

pytestmark = pytest.mark.slow

RIGHT = np.array([0.0, 0.0, 1.0])


def always_right(states):
    return np.broadcast_to(RIGHT, (*np.shape(states)[:-1], 3))


def with_the_motion(states):
    velocity = np.asarray(states)[..., 1]
    return np.stack([velocity < 0, np.zeros(velocity.shape), velocity >= 0], axis=-1).astype(float)


def test_the_drive_has_a_frame_for_every_step_and_is_small(tmp_path):
    video = film_greedy(with_the_motion)
    steps = mountain_car.simulate(lambda s: with_the_motion(s).argmax(-1), [[-0.5, 0.0]]).lengths[0]
    facts, frames = decode(video, tmp_path)
    assert facts["codec"] == "h264"
    assert len(frames) == steps + 1 + REST
    assert len(video.mp4) < 200_000
    assert f"The flag after {steps} steps" in video.alt


def test_the_car_moves_across_the_left_half(tmp_path):
    _, frames = decode(film_greedy(with_the_motion), tmp_path)
    half = frames[0].shape[1] // 2
    changed = [
        int((np.abs(frame[:, :half].astype(int) - frames[0][:, :half]) > 60).sum()) for frame in frames
    ]
    assert changed[0] == 0
    assert min(changed[20:]) > 500  # car and counter are elsewhere from then on


def test_a_car_that_never_arrives_is_filmed_until_the_time_limit():
    assert "The time limit after 200 steps" in film_greedy(always_right).alt


def test_a_video_shows_itself_with_a_text():
    html = film_greedy(with_the_motion)._repr_html_()
    assert html.startswith("<video controls")
    assert 'aria-label="The car on its hill' in html


def test_an_odd_size_is_refused_in_words():
    figure = Figure(figsize=(1.01, 1), dpi=100)
    with pytest.raises(ValueError, match=r"figure must be an even number of pixels .* got \(101, 100\)"):
        film(figure, [], [], lambda frame: None, alt="")


# --- frames: what is drawn quickly is what would have been drawn slowly ---------------------------------

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


def assert_drawn_in_full(frame, picture):
    """The frame is the picture as Matplotlib draws it, but for ties in the antialiasing."""
    canvas = FigureCanvasAgg(picture)
    canvas.draw()
    difference = np.abs(frame.astype(int) - np.asarray(canvas.buffer_rgba()))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


def test_every_frame_is_the_figure_drawn_in_full():
    picture, artists = scene()
    (_, draw), frames = frames_of(picture, artists), []
    for phase in (0.0, 1.0, 2.5, 0.0):
        place(phase, *artists)
        frames.append(draw().copy())
        assert_drawn_in_full(frames[-1], scene(phase)[0])
    assert (frames[0] != frames[1]).any()
    np.testing.assert_array_equal(frames[0], frames[3])


def test_an_artist_that_leaves_its_place_leaves_no_trace():
    picture, artists = scene()
    empty, empty_artists = scene()
    _, draw = frames_of(picture, artists)
    draw()
    for line, words in (artists, empty_artists):
        line.set_data([], [])
        words.set_text("")
    assert_drawn_in_full(draw(), empty)


def test_the_still_parts_are_drawn_once(monkeypatch):
    picture, artists = scene()
    (_, draw), (ax,) = frames_of(picture, artists), picture.axes
    before = draw().copy()
    monkeypatch.setattr(ax, "draw", lambda *_: pytest.fail("drawn again"))
    place(1.0, *artists)
    assert (draw() != before).any()


def test_nothing_shifts_about_any_more():
    picture, artists = scene()
    _, draw = frames_of(picture, artists)
    bounds = picture.axes[0].get_position().bounds
    before = draw().copy()
    picture.axes[0].set_ylabel("a label\nof two lines")
    np.testing.assert_array_equal(draw(), before)
    picture._repr_html_()
    assert picture.axes[0].get_position().bounds == bounds


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


def test_many_threads_draw_while_pictures_are_made_and_shown(hectic):
    """Each gets what it would have got alone, and Matplotlib's settings are afterwards as before."""
    before, rounds = dict(mpl.rcParams), 8

    def frames(number):
        picture, artists = scene(number, layout=None)
        _, draw = frames_of(picture, artists)
        for step in range(rounds):
            place(number + step / 3, *artists)
            yield draw().tobytes()

    alone = [list(frames(number)) for number in range(4)]
    html = [a_picture(number)._repr_html_() for number in range(rounds)]
    together, raised = [[] for _ in range(4)], []

    def work(number):
        try:
            together[number] = list(frames(number))
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
