"""The car that plays a trajectory, in a page that holds nothing but the widget."""

import numpy as np
import pytest
from mounting import IN_CHROMIUM, empty_page, mount
from playwright.sync_api import expect

from dqn_lib.widgets.car import HillCar

pytestmark = IN_CHROMIUM

LENGTH = 40
FRAME = 17


@pytest.fixture
def hill_car():
    widget = HillCar()
    states = np.stack([np.linspace(-0.5, 0.5, LENGTH + 1), np.zeros(LENGTH + 1)], axis=-1)
    widget.show(states, [2] * LENGTH, "To the flag")
    return widget


@pytest.fixture
def page(request):
    with empty_page(**getattr(request, "param", {})) as page:
        page.clock.install()
        page.clock.pause_at(page.evaluate("Date.now()") + 1000)
        yield page


def shown_step(page):
    return int(page.locator(".dqn-step").inner_text().split()[1])


def begin(page, hill_car):
    """Mount it and wait until it knows that somebody looks at it."""
    mount(page, hill_car)
    expect(page.locator(".dqn-button")).to_have_text("Pause")
    page.wait_for_function("new Promise((seen) => new IntersectionObserver(seen).observe(document.body))")


def pixels(page):
    return page.evaluate("document.querySelector('canvas').toDataURL()")


def test_it_plays_thirty_steps_a_second_and_begins_again_after_a_rest(page, hill_car):
    begin(page, hill_car)
    page.clock.run_for(1000 + FRAME)
    assert 29 <= shown_step(page) <= 31
    page.clock.run_for(1000)
    assert shown_step(page) == LENGTH
    page.clock.run_for(500)
    assert shown_step(page) < LENGTH


def test_it_is_drawn_thirty_times_a_second_however_fast_the_screen_is(page, hill_car):
    begin(page, hill_car)
    page.evaluate("""() => {
      const pen = CanvasRenderingContext2D.prototype, clear = pen.clearRect;
      window.drawn = 0;
      pen.clearRect = function (...box) { window.drawn++; clear.apply(this, box); };
    }""")
    page.clock.run_for(1000)  # sixty frames
    assert 28 <= page.evaluate("drawn") <= 32


def test_the_button_pauses_with_the_keyboard_too(page, hill_car):
    begin(page, hill_car)
    page.clock.run_for(300)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Play the drive")
    expect(button).to_be_focused()
    before = shown_step(page)
    page.clock.run_for(500)
    assert shown_step(page) == before > 0
    button.press(" ")
    page.clock.run_for(300)
    assert shown_step(page) > before


def test_a_new_trajectory_starts_at_its_first_step(page, hill_car):
    begin(page, hill_car)
    page.clock.run_for(800)
    page.evaluate(
        "model.receive({ positions: [-0.5, -0.6, -0.7], actions: [0, 0], caption: 'Left', alt: 'x' })"
    )
    assert shown_step(page) == 0
    assert page.locator(".dqn-caption").inner_text() == "Left"
    page.clock.run_for(500)
    assert shown_step(page) == 2


def test_a_live_car_stands_where_it_is_put(page, hill_car):
    begin(page, hill_car)
    page.evaluate("model.receive({ positions: [0.1], actions: [0], caption: 'now', alt: 'live' })")
    expect(page.locator(".dqn-bar")).to_be_hidden()
    before = pixels(page)
    page.clock.run_for(500)
    assert pixels(page) == before
    page.evaluate("model.receive({ positions: [0.12] })")
    assert pixels(page) != before


def test_the_picture_has_words_and_takes_new_ones(page, hill_car):
    begin(page, hill_car)
    picture = page.get_by_role("img")
    assert picture.get_attribute("aria-label") == hill_car.alt
    page.evaluate("model.receive({ alt: 'Other words' })")
    assert picture.get_attribute("aria-label") == "Other words"


@pytest.mark.parametrize("page", [{"reduced_motion": "reduce"}], indirect=True)
def test_who_wants_less_motion_starts_it_by_hand(page, hill_car):
    mount(page, hill_car)
    page.clock.run_for(1000)
    assert shown_step(page) == 0
    page.get_by_role("button", name="Play the drive").click()
    page.clock.run_for(1000)
    assert shown_step(page) > 20


@pytest.mark.parametrize("page", [{"device_scale_factor": 2}], indirect=True)
def test_the_picture_is_sharp_and_fits(page, hill_car):
    begin(page, hill_car)
    for width in (800, 320):
        page.set_viewport_size({"width": width, "height": 900})
        size = "(e) => [e.width, e.clientWidth, e.getBoundingClientRect().right]"
        page.wait_for_function(f"{width} > 700 || document.querySelector('canvas').width < 640")
        drawn, shown, right = page.locator("canvas").evaluate(size)
        assert drawn == 2 * shown
        assert right <= width


def test_nothing_runs_after_the_view_is_gone(page, hill_car):
    begin(page, hill_car)
    page.clock.run_for(100)
    page.evaluate("unmount()")
    before = shown_step(page)
    page.clock.run_for(500)
    assert shown_step(page) == before
