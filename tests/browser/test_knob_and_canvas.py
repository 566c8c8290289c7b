"""A knob and a picture in a real JupyterLab: what a hand on the keyboard does, and what the eye gets."""

import pytest
from mounting import IN_CHROMIUM
from playwright.sync_api import expect

KERNELS = [
    pytest.param({}, id="comms on subshells"),
    pytest.param({"subshells": "disabled"}, id="comms on the main thread", marks=pytest.mark.weekly),
]
pytestmark = [
    *IN_CHROMIUM,
    pytest.mark.parametrize("lab", KERNELS, indirect=True, scope="module"),
]
CELL = """
from ipywidgets import VBox
from dqn_lib.plots.moving import Moving
from dqn_lib.plots.style import Picture
from dqn_lib.widgets.canvas import Canvas
from dqn_lib.widgets.knob import Knob

heard, picture = [], Picture(figsize=(5, 3), dpi=108)
(line,) = picture.subplots().plot([0, 1], [0, 1])
canvas = Canvas(Moving(picture, [line]))

def turned(gamma):
    heard.append(gamma)
    line.set_ydata([0, gamma])
    picture.alt = f"A line that rises to {gamma}."
    canvas.draw()

values = [0.5, 0.8, 0.9, 0.99] + [1 + n / 1000 for n in range(100)]
knob = Knob("gamma", values, 0.8, says="What a reward is worth", turned=turned)
knob.extend(values[:4])
turned(0.8)
VBox([knob, canvas])
"""
PICTURE = ".jp-OutputArea-output img.dqn-picture"


@pytest.fixture(scope="module")
def opened(lab, window):
    return lab.open(window, [CELL])


@pytest.fixture
def notebook(opened):
    """The cell has just been run, and in the end nothing has complained."""
    opened.run(0)
    expect(picture(opened)).to_have_attribute("alt", "A line that rises to 0.8.")
    yield opened
    assert opened.red_boxes() == []


def slider(notebook):
    return notebook.page.get_by_role("slider", name="gamma")


def picture(notebook):
    return notebook.page.locator(PICTURE)


def number_shown(notebook):
    return int(picture(notebook).get_attribute("data-number"))


def test_an_arrow_key_moves_the_knob_by_one_value_and_the_kernel_hears_of_it(notebook):
    knob = slider(notebook)
    expect(knob).to_have_count(1)
    expect(knob).to_have_attribute("aria-valuetext", "0.8")
    knob.focus()
    for key, value in (("ArrowRight", 0.9), ("ArrowUp", 0.99), ("ArrowRight", 0.99), ("ArrowLeft", 0.9)):
        knob.press(key)
        notebook.wait_for(f"knob.value == {value}")
        expect(knob).to_have_attribute("aria-valuetext", str(value))
        expect(notebook.page.locator(".dqn-knob output")).to_have_text(str(value))
    assert notebook.ask("heard") == "[0.8, 0.9, 0.99, 0.9]"
    knob.press("Home")
    notebook.wait_for("heard[-1] == 0.5")
    knob.press("End")
    notebook.wait_for("heard[-1] == 0.99")


def test_every_move_brings_another_whole_picture_with_its_words(notebook):
    before = number_shown(notebook)
    slider(notebook).press("ArrowRight")
    expect(picture(notebook)).to_have_attribute("alt", "A line that rises to 0.9.")
    assert number_shown(notebook) == before + 1
    natural, width = picture(notebook).evaluate("image => [image.naturalWidth, image.width]")
    assert (natural, width) == (5 * 108, 5 * 72)
    assert picture(notebook).evaluate("image => image.complete")


def test_the_kernel_learns_which_picture_has_been_shown(notebook):
    notebook.wait_for("canvas.shown == canvas.number == 1")
    slider(notebook).press("ArrowLeft")
    notebook.wait_for("canvas.shown == canvas.number == 2")
    notebook.do("for _ in range(30): canvas.draw()")
    notebook.wait_for("canvas.shown == canvas.number == 32")
    expect(picture(notebook)).to_have_attribute("data-number", "32")
    assert notebook.ask("canvas.ready") == "True"


def test_a_value_set_in_the_kernel_moves_the_slider(notebook):
    knob = slider(notebook)
    notebook.do("knob.value = 0.99")
    expect(knob).to_have_value("3")
    expect(knob).to_have_attribute("aria-valuetext", "0.99")
    expect(picture(notebook)).to_have_attribute("alt", "A line that rises to 0.99.")
    knob.press("ArrowLeft")
    notebook.wait_for("knob.value == 0.9")


def test_a_knob_can_get_more_values_and_be_switched_off(notebook):
    knob = slider(notebook)
    notebook.do("knob.extend(values)")
    expect(knob).to_have_attribute("max", "103")
    knob.press("End")
    notebook.wait_for("knob.value == values[-1]")
    notebook.do("knob.extend(values[:3])")
    expect(knob).to_have_attribute("max", "2")
    expect(knob).to_have_value("2")
    expect(knob).to_have_attribute("aria-valuetext", "0.9")
    notebook.do("knob.disabled = True")
    expect(knob).to_be_disabled()


def test_a_key_that_is_held_down_ends_where_the_slider_ends(notebook):
    knob = slider(notebook)
    notebook.do("knob.extend(values)")
    expect(knob).to_have_attribute("max", "103")
    knob.focus()
    for _ in range(40):
        notebook.page.keyboard.press("ArrowRight")
    expect(knob).to_have_value("41")
    notebook.wait_for("knob.place == 41")
    notebook.wait_for("canvas.shown == canvas.number")
    notebook.page.wait_for_timeout(300)  # no late echo moves it back
    expect(knob).to_have_value("41")
    assert notebook.ask("(knob.place, heard == sorted(heard))") == "(41, True)"


def test_the_focus_is_to_be_seen_and_the_keys_are_the_knobs_own(notebook):
    knob, page = slider(notebook), notebook.page
    outline = "knob => [getComputedStyle(knob).outlineStyle, parseFloat(getComputedStyle(knob).outlineWidth)]"
    assert knob.evaluate(outline)[0] == "none"
    knob.focus()
    page.keyboard.press("ArrowRight")
    assert knob.evaluate("knob => knob.matches(':focus-visible')")
    style, width = knob.evaluate(outline)
    assert style == "solid"
    assert width > 0
    for key in "abdd":  # in a notebook: a cell above, a cell below, delete this one
        page.keyboard.press(key)
    assert page.locator(".jp-Notebook .jp-Cell").count() == 1
    expect(knob).to_be_focused()
    knob.press("Control+Enter")  # but this still runs the cell
    notebook.wait_for("heard == [0.8]")
    expect(picture(notebook)).to_have_attribute("alt", "A line that rises to 0.8.")


def test_a_page_that_is_loaded_again_shows_the_picture_and_the_knob_as_they_are(lab, notebook):
    page = notebook.page
    notebook.do("knob.value = 0.99")
    expect(slider(notebook)).to_have_value("3")
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    again = lab.open_again(page)
    expect(slider(again)).to_have_value("3")
    expect(picture(again)).to_have_attribute("alt", "A line that rises to 0.99.")
    again.wait_for("canvas.shown == canvas.number")
    slider(again).press("ArrowLeft")
    expect(picture(again)).to_have_attribute("alt", "A line that rises to 0.9.")
