"""Sliders above a picture, without a browser: move a slider as a page does, read what is shown."""

import base64
import re
import struct

import numpy as np
import pytest
import traitlets as t

from dqn_lib.plots.style import Picture, house_style
from dqn_lib.widgets.sliders import interact


@house_style()
def draw(hold, epsilon=0.0):
    picture = Picture(figsize=(hold, 1))
    picture.alt = f"held for {hold}, epsilon {epsilon}"
    return picture


def alt(shown):
    return re.search('alt="(.*?)"', shown.shown)[1]


def sizes(shown):
    """The width on the page, and width and height of the picture, in pixels."""
    data, width = re.search(r'base64,(.*?)" width="(\d+)"', shown.shown).groups()
    png = base64.b64decode(data)
    assert png.startswith(b"\x89PNG")
    return int(width), *struct.unpack(">II", png[16:24])


def test_the_picture_is_there_at_once_with_its_words():
    shown = interact(draw, hold=range(3, 9))
    assert (alt(shown), shown.indices, shown.values) == ("held for 3, epsilon 0.0", [0], {"hold": 3})
    html = shown._repr_mimebundle_()[0]["text/html"]
    assert html.startswith('<img src="data:image/png;base64,') and alt(shown) in html
    assert "Each move of a slider (hold) draws the picture again." in html


def test_every_move_draws_again_once_with_the_values_of_all_controls():
    drawn = []
    shown = interact(
        lambda **values: drawn.append(values) or draw(**values),
        hold=range(1, 10),
        epsilon=np.linspace(0, 1, 21).round(2),
        start={"epsilon": 0.3},
    )
    assert shown.indices == [0, 6]
    shown.set_state({"indices": [8, 6]})  # as a page does it
    assert alt(shown) == "held for 9, epsilon 0.3"
    shown.indices = [8, 20]
    assert alt(shown) == "held for 9, epsilon 1.0"
    assert drawn == [{"hold": 1, "epsilon": 0.3}, {"hold": 9, "epsilon": 0.3}, {"hold": 9, "epsilon": 1.0}]
    assert drawn[-1] == shown.values


def test_a_picture_is_shown_in_its_own_size_and_sharp():
    shown = interact(draw, hold=range(1, 10))
    assert sizes(shown) == (72, 144, 144)
    shown.indices = [3]
    assert sizes(shown) == (288, 576, 144)


def test_a_control_is_labelled_with_its_name_and_its_values():
    shown = interact(
        lambda **_: draw(1), memory_size=[64, 20_000, 0.5], rule=["hard", None], start={"rule": None}
    )
    assert shown.controls == [
        {"name": "memory size", "labels": ["64", "20,000", "0.5"]},
        {"name": "rule", "labels": ["hard", "None"]},
    ]
    assert shown.indices == [0, 1]


def test_what_goes_wrong_is_said_in_words_and_the_controls_go_on():
    def picky(hold):
        if hold == 2:
            raise ValueError("hold must be < 2 or > 2")
        return draw(hold)

    shown = interact(picky, hold=[2, 3])
    said = '<p role="alert"><b>ValueError:</b> hold must be &lt; 2 or &gt; 2</p>'
    assert shown.shown == shown.still() == said
    shown.indices = [1]
    assert alt(shown).startswith("held for 3")
    assert "alert" not in shown.shown


def test_a_forgotten_return_is_named():
    shown = interact(lambda hold: None, hold=[1])
    assert "draw must return a picture of dqn_lib.plots, got None" in shown.shown


def test_bad_controls_are_refused():
    with pytest.raises(ValueError, match="interact needs at least one control, got none"):
        interact(draw)
    with pytest.raises(ValueError, match="start must name some of hold, got gamma"):
        interact(draw, hold=[1, 2], start={"gamma": 1})
    with pytest.raises(ValueError, match="hold must start at one of its values, got 3"):
        interact(draw, hold=[1, 2], start={"hold": 3})
    for values in ([], 24):
        with pytest.raises(TypeError, match=r"hold must be a sequence of values such as range\(1, 33\), got"):
            interact(draw, hold=values)


@pytest.mark.parametrize(
    ("places", "complaint"),
    [
        ([9, 0], r"the index of hold must lie in \[0, 8\], got 9"),
        ([0, -1], r"the index of epsilon must lie in \[0, 1\], got -1"),
        ([0, 0, 0], "indices must be one for each of hold, epsilon, got 3"),
    ],
)
def test_bad_indices_are_refused_and_nothing_moves(places, complaint):
    shown = interact(draw, hold=range(1, 10), epsilon=[0.1, 0.2])
    with pytest.raises(t.TraitError, match=complaint):
        shown.indices = places
    with pytest.raises(t.TraitError, match=complaint):
        shown.set_state({"indices": places})  # as a page does it
    assert (shown.indices, alt(shown)) == ([0, 0], "held for 1, epsilon 0.1")


def test_a_page_has_the_pictures_of_two_sliders_in_the_order_in_which_it_looks_for_them():
    drawn = []

    def draw(**values):
        drawn.append(values)
        return Picture()

    widget = interact(draw, a=[1, 2], b=[3, 4, 5])
    drawn.clear()
    assert len(widget.page_state()["pictures"]) == 6
    assert drawn == [{"a": a, "b": b} for a in (1, 2) for b in (3, 4, 5)]  # the last slider's first
    many = interact(draw, a=range(7), b=range(7))
    assert many.fragment() == many.still_and_note()
