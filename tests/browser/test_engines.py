"""The pages without a kernel in Firefox and in WebKit; test_pages has them in Chromium."""

import json
import os
import time

import pytest
from engines import ENGINES, address_of
from making import MAKERS

pytestmark = pytest.mark.browser

PAINTED = """
[...document.querySelectorAll("canvas, path, .dqn img")].map((e) =>
  e.getAttribute("d") ?? e.getAttribute("src") ?? e.toDataURL()).join()
"""
READOUT = "document.querySelector('output').textContent"
SLIDER = "input[type=range]:not(:disabled)"
ALIVE = ["time machine", "microscope", "gamma glasses", "luck", "sliders"]  # what learns plays a recorded run
BLANK = """
[...document.querySelectorAll("canvas")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.every((byte) => byte === 0);
})
"""


@pytest.fixture(scope="module", params=["Firefox", pytest.param("WebKit", marks=pytest.mark.weekly)])
def engine(request):
    kind = ENGINES[request.param]
    if kind.command is None:
        if "CI" in os.environ and os.name == "posix" and os.uname().sysname == "Linux":
            pytest.fail(f"CI has to look through {request.param} too: see .ci/run")
        pytest.skip(f"no {request.param} on this machine to look through")
    engine = kind()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def widgets():
    """One of each kind."""
    made = {name: make() for name, make in MAKERS.items()}
    made["panel"].one_episode()
    while made["panel"].run.running or len(made["panel"].recorded) < 2:  # there is a run to be played
        time.sleep(0.01)
    made["explorer"].record(rounds=12)
    yield made
    for widget in made.values():
        widget.close()


@pytest.fixture
def show(engine, widgets, tmp_path):
    """A function that opens the page of a widget; in the end it must not have complained."""

    def show(name):
        engine.open(address_of(tmp_path, "page", widgets[name].page(name)))
        engine.wait_for("document.querySelectorAll('#widget .dqn button, #widget .dqn input').length")
        if name.startswith(("panel", "explorer")):
            engine.wait_for("document.querySelectorAll('[data-snapshot]').length")

    yield show
    assert engine.evaluate("complaints") == []


@pytest.mark.parametrize("name", MAKERS)
def test_every_widget_is_painted(engine, show, name):
    show(name)
    assert engine.evaluate("document.querySelectorAll('canvas, svg, #widget img').length") > 0
    assert False in engine.evaluate(BLANK) or not engine.evaluate(BLANK)
    assert engine.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("name", ALIVE)
def test_a_key_and_the_mouse_move_a_slider_and_what_it_shows_changes(engine, show, name):
    show(name)
    engine.evaluate(f"document.querySelector('{SLIDER}').focus()")
    engine.press("End")
    last, painted = engine.evaluate(READOUT), engine.evaluate(PAINTED)
    engine.press("ArrowLeft")
    engine.wait_for(f"{READOUT} !== {json.dumps(last)}")
    assert engine.evaluate(PAINTED) != painted
    width = engine.evaluate(f"document.querySelector('{SLIDER}').getBoundingClientRect().width")
    x, y = engine.middle(SLIDER)
    engine.drag((x, y), (round(x + width / 4), y), (round(x + 0.6 * width), y))
    engine.wait_for(f"{READOUT} === {json.dumps(last)}")
    engine.drag((x, y), (max(round(x - 0.6 * width), 1), y))
    engine.wait_for(f"document.querySelector('{SLIDER}').value === '0'")


@pytest.mark.parametrize(
    ("name", "button", "readout"),
    [
        ("time machine", "Play", "output"),
        ("panel", "Play", ".dqn-counter"),
        ("explorer", "Run", ".dqn-title"),
    ],
)
def test_what_was_recorded_plays_to_its_end(engine, show, name, button, readout):
    show(name)
    words = f"document.querySelector('{readout}').textContent"
    before, painted = engine.evaluate(words), engine.evaluate(PAINTED)
    buttons = engine.evaluate("[...document.querySelectorAll('button')].map((e) => e.textContent)")
    engine.click(f"button:nth-of-type({1 + buttons.index(button)})")
    engine.wait_for(f"{words} !== {json.dumps(before)}")
    assert engine.evaluate(PAINTED) != painted


def test_one_can_drive(engine, show):
    show("drive yourself")
    engine.click(".dqn-start")
    engine.press("ArrowRight", seconds=1.0)
    step = engine.evaluate("document.querySelector('.dqn-step').textContent")
    assert int(step.split()[0]) > 10
    engine.wait_for("document.querySelector('.dqn-outcome').textContent.includes('The time limit')")
