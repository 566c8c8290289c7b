"""A picture that is drawn again and again, and how it knows whether anybody sees it."""

import base64
import io
import itertools
import threading
import time

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from dqn_lib.plots.moving import DOTS_PER_INCH, Moving
from dqn_lib.plots.style import Picture
from dqn_lib.widgets import canvas as module
from dqn_lib.widgets.canvas import AHEAD, GONE, Canvas


@pytest.fixture
def canvas():
    picture = Picture(figsize=(3, 2), dpi=DOTS_PER_INCH)
    picture.alt = "A line that falls."
    return Canvas(Moving(picture, picture.subplots().plot([0, 1], [1, 0])))


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when it is told to."""

    class Clock:
        now = 1_000.0

        def monotonic(self):
            return self.now

    monkeypatch.setattr(module, "time", clock := Clock())
    return clock


def tell(canvas, content):
    """A message from the browser, on its way through the comm."""
    canvas.comm.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def messages_of(widget, monkeypatch):
    """From now on, what of the widget's state goes to the browser, message by message."""
    sent = []

    def note(self, message, data=None, **_):
        if data and data.get("method") == "update":
            sent.append(set(data["state"]) | {path[0] for path in data["buffer_paths"]})

    monkeypatch.setattr(type(widget.comm), "publish_msg", note)
    return sent


def test_nothing_is_drawn_before_it_is_asked_for(canvas):
    assert (canvas.number, canvas.shown, canvas.png, canvas.alt) == (0, 0, b"", "")
    assert canvas.ready


def test_a_drawn_picture_has_the_next_number_the_pixels_of_the_figure_and_its_words(canvas):
    canvas.draw()
    first = canvas.png
    canvas.moving.moving[0].set_data([0, 1], [0, 1])
    canvas.moving.figure.alt = "A line that rises."
    canvas.draw()
    assert (canvas.number, canvas.alt, canvas.width) == (2, "A line that rises.", 3 * 72)
    assert canvas.png != first
    image = Image.open(io.BytesIO(canvas.png))
    assert (image.format, image.size) == ("PNG", (3 * DOTS_PER_INCH, 2 * DOTS_PER_INCH))
    np.testing.assert_array_equal(np.asarray(image), canvas.moving.frame()[..., :3])


def test_a_picture_goes_to_the_browser_in_one_message_with_its_number_and_words(canvas, monkeypatch):
    sent = messages_of(canvas, monkeypatch)
    canvas.draw()
    assert sent == [{"png", "alt", "number", "width"}]
    canvas.moving.moving[0].set_data([0, 1], [0, 1])
    canvas.draw()
    assert sent[1:] == [{"png", "number"}]


def test_a_browser_that_is_behind_gets_no_more_than_two_pictures_ahead(canvas, clock):
    for _ in range(AHEAD):
        assert canvas.ready
        canvas.draw()
    assert not canvas.ready
    tell(canvas, {"shown": 1})
    assert canvas.ready
    canvas.draw()
    assert not canvas.ready
    tell(canvas, {"shown": 3})
    assert (canvas.shown, canvas.ready) == (3, True)


def test_of_two_browsers_the_quicker_one_counts(canvas, clock):
    for _ in range(4):
        canvas.draw()
    for shown in (4, 1, 3):
        tell(canvas, {"shown": shown})
    assert canvas.shown == 4


def test_nobody_who_answers_gets_a_picture_a_second(canvas, clock):
    drawn_at = []
    for _ in range(400):
        if canvas.ready:
            canvas.draw()
            drawn_at.append(clock.now)
        clock.now += 0.01
    assert drawn_at[:AHEAD] == pytest.approx([1_000.0, 1_000.01])
    assert np.diff(drawn_at[AHEAD - 1 :]) == pytest.approx(GONE, abs=0.011)
    assert len(drawn_at) == AHEAD + 3


@pytest.mark.parametrize(
    "content",
    [
        None, 7, "shown", ["shown", 1], {}, {"shown": None}, {"shown": "2"}, {"shown": 1.5}, {"shown": -4},
        {"shown": 3}, {"shown": 10**9}, {"seen": 2}, {"shown": {"shown": 2}},
    ],
    ids=str,
)  # fmt: skip
def test_a_message_that_makes_no_sense_is_ignored(canvas, clock, monkeypatch, content):
    for _ in range(AHEAD):
        canvas.draw()
    monkeypatch.setattr(canvas.log, "warning", lambda *words: pytest.fail(str(words)))
    tell(canvas, content)
    assert (canvas.shown, canvas.ready) == (0, False)
    tell(canvas, {"shown": 2})
    assert (canvas.shown, canvas.ready) == (2, True)


def test_pictures_drawn_in_several_threads_each_get_a_number_of_their_own(canvas, monkeypatch):
    numbers, pictures = [], itertools.count()
    canvas.observe(lambda change: numbers.append(change.new), "number")
    canvas.observe(lambda _: time.sleep(0.001), "png")  # somebody else's turn, in the middle of it
    monkeypatch.setattr(canvas.moving, "png", lambda: b"picture %d" % next(pictures))
    threads = [threading.Thread(target=lambda: [canvas.draw() for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert numbers == list(range(1, 41))


def test_without_a_browser_there_is_a_picture_with_words_that_cannot_break_the_page(canvas):
    canvas.moving.figure.alt = 'A line "from" 1 < 2.'
    canvas.draw()
    html = canvas.still()
    assert html.endswith('width="216" alt="A line &quot;from&quot; 1 &lt; 2.">')
    assert base64.b64decode(html.partition("base64,")[2].partition('"')[0]) == canvas.png


def test_another_picture_of_another_size_can_take_its_place(canvas, monkeypatch):
    canvas.draw()
    other = Picture(figsize=(5, 1), dpi=DOTS_PER_INCH)
    other.alt = "Nothing at all."
    sent = messages_of(canvas, monkeypatch)
    canvas.show(Moving(other, []))
    assert (canvas.number, canvas.alt, canvas.width) == (2, "Nothing at all.", 5 * 72)
    assert Image.open(io.BytesIO(canvas.png)).size == (5 * DOTS_PER_INCH, DOTS_PER_INCH)
    assert len(sent) == 1


def test_a_figure_without_words_can_be_shown_too():
    canvas = Canvas(Moving(Figure(figsize=(1, 1)), []))
    canvas.draw()
    assert canvas.alt == ""
