"""Sliders above a picture, without a browser: turn a knob, read what is shown."""

import struct

import numpy as np
import pytest

from dqn_lib.plots.style import Picture, styled
from dqn_lib.widgets.explore import explore


@styled
def draw(hold, epsilon=0.0):
    picture = Picture(figsize=(hold, 1))
    picture.alt = f"held for {hold}, epsilon {epsilon}"
    return picture


def size(png):
    assert png.startswith(b"\x89PNG")
    return struct.unpack(">II", png[16:24])


def test_the_picture_is_there_at_once_with_its_words():
    shown = explore(draw, hold=range(3, 9))
    assert shown.canvas.alt == "held for 3, epsilon 0.0"
    assert shown.words.value == ""
    assert shown.children == (*shown.knobs.values(), shown.words, shown.canvas)


def test_every_move_draws_again_with_the_values_of_all_controls():
    shown = explore(draw, hold=range(1, 10), epsilon=np.linspace(0, 1, 21).round(2), start={"epsilon": 0.3})
    assert shown.canvas.alt == "held for 1, epsilon 0.3"
    shown.knobs["hold"].value = 9
    assert shown.canvas.alt == "held for 9, epsilon 0.3"
    shown.knobs["epsilon"].place = 20
    assert shown.canvas.alt == "held for 9, epsilon 1.0"
    assert shown.canvas.number == 3


def test_a_picture_is_sent_in_its_own_size_and_quickly_drawn_dots():
    shown = explore(draw, hold=range(1, 10))
    assert (shown.canvas.width, size(shown.canvas.png)) == (72, (96, 96))
    shown.knobs["hold"].value = 4
    assert (shown.canvas.width, size(shown.canvas.png)) == (288, (384, 96))


def test_a_control_is_labelled_with_its_name_and_its_values():
    knob = explore(lambda memory_size: draw(1), memory_size=[64, 20_000]).knobs["memory_size"]
    assert (knob.description, knob.labels) == ("memory size", ["64", "20,000"])
    words = explore(lambda rule: draw(1), rule=["hard", "soft"], start={"rule": "soft"}).knobs["rule"]
    assert (words.labels, words.value) == (["hard", "soft"], "soft")


def test_none_is_a_value_like_any_other():
    shown = explore(lambda most: draw(1 if most is None else 2), most=[10, None], start={"most": None})
    assert shown.canvas.alt.startswith("held for 1")


def test_what_goes_wrong_is_said_in_words_and_the_controls_go_on():
    def picky(hold):
        if hold == 2:
            raise ValueError("hold must be < 2 or > 2")
        return draw(hold)

    shown = explore(picky, hold=[1, 2, 3])
    shown.knobs["hold"].value = 2
    said = '<p role="alert"><b>ValueError:</b> hold must be &lt; 2 or &gt; 2</p>'
    assert shown.words.value == said
    assert shown.canvas.layout.display == "none"
    assert shown.still() == said
    shown.knobs["hold"].value = 3
    assert shown.words.value == ""
    assert shown.canvas.layout.display is None
    assert shown.canvas.alt.startswith("held for 3")


def test_it_can_go_wrong_at_once_too():
    shown = explore(lambda hold: 1 / hold and draw(1), hold=[0, 1])
    assert "ZeroDivisionError" in shown._repr_mimebundle_()["text/html"]
    shown.knobs["hold"].value = 1
    assert shown.canvas.alt.startswith("held for 1")


def test_a_forgotten_return_is_named():
    shown = explore(lambda hold: None, hold=[1])
    assert "draw must return a picture of dqn_lib.plots, got None" in shown.words.value


def test_where_no_browser_asks_the_picture_stands_there():
    shown = explore(draw, hold=range(2, 5))._repr_mimebundle_()["text/html"]
    assert shown.startswith('<img src="data:image/png;base64,')
    assert 'alt="held for 2, epsilon 0.0"' in shown
    assert "Each move of a slider (hold) draws the picture again." in shown


def test_bad_controls_are_refused():
    with pytest.raises(ValueError, match="explore needs at least one control, got none"):
        explore(draw)
    with pytest.raises(ValueError, match="start must name some of hold, got gamma"):
        explore(draw, hold=[1, 2], start={"gamma": 1})
    with pytest.raises(ValueError, match="value must be one of 1, 2, got 3"):
        explore(draw, hold=[1, 2], start={"hold": 3})
    with pytest.raises(ValueError, match="'hold' must hold at least one value, got none"):
        explore(draw, hold=[])
    with pytest.raises(TypeError, match=r"hold must be a sequence of values such as range\(1, 33\), got 24"):
        explore(draw, hold=24)
