"""Driving by hand, with real keys, a mouse and a finger, in a page that holds nothing but the widget."""

import re

import numpy as np
import pytest
from mounting import IN_CHROMIUM, empty_page, mount
from playwright.sync_api import expect

from dqn_lib.mountain_car import height
from dqn_lib.widgets.drive_yourself import DriveYourself

pytestmark = IN_CHROMIUM

STEP = 1000 / 30  # milliseconds
RATE = """
async ([seconds, busy]) => {
  const steps = () => parseInt(document.querySelector(".dqn-step").textContent);
  const block = () => { const start = performance.now(); while (performance.now() - start < busy); };
  const blocking = setInterval(block, 150);
  await new Promise(requestAnimationFrame);
  const [start, before] = [performance.now(), steps()];
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  await new Promise(requestAnimationFrame);
  const rate = (1000 * (steps() - before)) / (performance.now() - start);
  clearInterval(blocking);
  return rate;
}
"""


@pytest.fixture
def page(browser):
    with empty_page(browser, has_touch=True) as page:
        yield page


@pytest.fixture
def stopped(page):
    """The widget, in a page whose time stands still until `page.clock` runs."""
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    mount(page, DriveYourself())
    return page


def run(page, steps):
    page.clock.run_for(round(steps * STEP) + 17)  # and a frame to draw it


def read(page, name):
    return page.locator(f".dqn-{name}").inner_text()


def sent(page):
    return page.evaluate("model.sent")


def test_the_keys_push_only_while_they_are_held(stopped):
    stopped.locator(".dqn-start").click()
    run(stopped, 2)
    assert read(stopped, "engine") == "coast"
    for key, words in (("ArrowRight", "push right →"), ("a", "← push left"), ("D", "push right →")):
        stopped.keyboard.down(key)
        run(stopped, 5)
        assert read(stopped, "engine") == words
        stopped.keyboard.up(key)
        run(stopped, 2)
        assert read(stopped, "engine") == "coast"
    run(stopped, 200)
    (drive,) = sent(stopped)
    assert drive["actions"][:2] == [1, 1]
    assert sum(action == 2 for action in drive["actions"]) >= 8
    widget = DriveYourself()
    widget.set_state(drive)
    assert widget.problem == ""


def test_opposite_pushes_cancel_out(stopped):
    stopped.locator(".dqn-start").click()
    stopped.keyboard.down("ArrowLeft")
    stopped.keyboard.down("ArrowRight")
    run(stopped, 3)
    assert read(stopped, "engine") == "coast"
    stopped.keyboard.up("ArrowLeft")
    run(stopped, 3)
    assert read(stopped, "engine") == "push right →"


def test_without_the_focus_no_key_is_held(stopped):
    stopped.locator(".dqn-start").click()
    stopped.keyboard.down("ArrowRight")
    run(stopped, 3)
    stopped.locator("#before").focus()
    run(stopped, 3)
    assert read(stopped, "engine") == "coast"
    stopped.keyboard.press("ArrowLeft")
    run(stopped, 3)
    assert read(stopped, "engine") == "coast"


def test_no_key_scrolls_the_page_or_reaches_the_notebook(stopped):
    stopped.evaluate("() => { window.heard = []; document.onkeydown = (event) => heard.push(event.key); }")
    stopped.keyboard.press("Tab")
    stopped.keyboard.press("Tab")
    expect(stopped.locator(".dqn-drive")).to_be_focused()
    for key in (" ", "ArrowRight", "ArrowLeft", "a", "d", "Enter"):
        stopped.keyboard.press(key)
    assert stopped.evaluate("[heard.slice(2), window.scrollY]") == [[], 0]
    assert read(stopped, "start") == "Driving"
    assert stopped.locator(".dqn-drive").get_attribute("data-lm-suppress-shortcuts") == "true"


def test_a_mouse_holds_a_button_even_when_it_slides_off(stopped):
    stopped.locator(".dqn-start").click()
    stopped.get_by_role("button", name="push right").hover()
    stopped.mouse.down()
    run(stopped, 3)
    assert read(stopped, "engine") == "push right →"
    stopped.mouse.move(700, 10)
    run(stopped, 3)
    assert read(stopped, "engine") == "push right →"
    stopped.mouse.up()
    run(stopped, 3)
    assert read(stopped, "engine") == "coast"


def test_a_finger_holds_a_button(stopped):
    stopped.locator(".dqn-start").tap()
    box = stopped.get_by_role("button", name="push left").bounding_box()
    touch = stopped.context.new_cdp_session(stopped)
    finger = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [finger]})
    run(stopped, 3)
    assert read(stopped, "engine") == "← push left"
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    run(stopped, 3)
    assert read(stopped, "engine") == "coast"


def test_the_time_limit_is_shown_and_sent_once_and_one_can_drive_again(stopped):
    stopped.locator(".dqn-start").click()
    run(stopped, 250)
    assert read(stopped, "step") == "200 of 200"
    assert read(stopped, "return") == "\N{MINUS SIGN}200"
    assert read(stopped, "outcome").startswith("The time limit: return \N{MINUS SIGN}200. The random policy")
    assert stopped.locator(".dqn-outcome").get_attribute("aria-live") == "polite"
    assert [(len(drive["positions"]), drive["drives"]) for drive in sent(stopped)] == [(201, 1)]
    stopped.get_by_role("button", name="Drive again").click()
    run(stopped, 250)
    assert [drive["drives"] for drive in sent(stopped)] == [1, 2]
    first, second = (drive["positions"][0] for drive in sent(stopped))
    assert first != second
    assert -0.6 <= min(first, second) <= max(first, second) <= -0.4


def test_the_flag_ends_a_drive(stopped):
    stopped.locator(".dqn-start").click()
    stopped.keyboard.down("ArrowLeft")
    run(stopped, 33)
    stopped.keyboard.up("ArrowLeft")
    stopped.keyboard.down("ArrowRight")
    run(stopped, 38)
    stopped.keyboard.up("ArrowRight")
    stopped.keyboard.down("ArrowLeft")
    run(stopped, 36)
    stopped.keyboard.up("ArrowLeft")
    stopped.keyboard.down("ArrowRight")
    run(stopped, 100)
    (drive,) = sent(stopped)
    widget = DriveYourself()
    widget.set_state(drive)
    assert (widget.problem, widget.reached_flag) == ("", True)
    steps = len(drive["actions"])
    assert widget.total_reward == -steps
    assert read(stopped, "outcome").startswith(f"The flag after {steps} steps: return \N{MINUS SIGN}{steps}.")
    assert read(stopped, "best") == f"{widget.best_position:.2f}"


def test_the_car_stands_where_it_is_and_blows_away_from_the_push(stopped):
    stopped.locator(".dqn-start").click()
    for key, side in (("ArrowRight", -1), ("ArrowLeft", 1)):
        stopped.keyboard.down(key)
        run(stopped, 5)
        stopped.keyboard.up(key)
        exhaust = stopped.locator(".dqn-exhaust").get_attribute("d")
        assert (
            np.sign([float(number) for number in re.findall(r"[MH](-?[\d.]+)", exhaust)]).tolist()
            == [side] * 2
        )
    run(stopped, 200)
    place = stopped.locator(".dqn-car").get_attribute("transform")
    x, y = (float(number) for number in re.match(r"translate\(([-\d.]+) ([-\d.]+)\)", place).groups())
    (drive,) = sent(stopped)
    assert x == pytest.approx(drive["positions"][-1])
    assert y == pytest.approx(-height(x))  # downwards, in an SVG
    assert stopped.locator(".dqn-exhaust").get_attribute("d") == ""


def test_a_view_that_comes_later_shows_the_last_drive(stopped):
    stopped.locator(".dqn-start").click()
    run(stopped, 250)
    stopped.evaluate("unmount(); module.default.render({ model, el: document.querySelector('#widget') })")
    assert read(stopped, "step") == "200 of 200"
    assert read(stopped, "outcome").startswith("The time limit")


def test_a_hidden_tab_stands_still(stopped):
    stopped.locator(".dqn-start").click()
    run(stopped, 10)
    before = int(read(stopped, "step").split()[0])
    stopped.evaluate("window.requestAnimationFrame = (frame) => { window.waiting = frame; return 1; }")
    stopped.clock.run_for(400)  # the one frame that was still due, and then none
    stopped.evaluate("document.dispatchEvent(new Event('visibilitychange')); waiting(performance.now())")
    assert int(read(stopped, "step").split()[0]) - before <= 1


@pytest.mark.parametrize("busy", [0, 100])
def test_thirty_steps_a_second_however_busy_the_page(page, busy):
    mount(page, DriveYourself())
    page.locator(".dqn-start").click()
    page.keyboard.down("ArrowRight")
    assert page.evaluate(RATE, [2, busy]) == pytest.approx(30, rel=0.1)


def test_nothing_is_cut_off_on_a_small_screen(stopped):
    stopped.locator(".dqn-start").click()
    stopped.keyboard.down("ArrowRight")
    for width in (800, 320):
        stopped.set_viewport_size({"width": width, "height": 900})
        run(stopped, 2)
        assert read(stopped, "engine") == "push right →"
        cut_off = stopped.evaluate(
            "[...document.querySelectorAll('.dqn-drive, .dqn-drive :not(svg *)')]"
            ".filter((e) => e.scrollWidth > e.clientWidth || e.getBoundingClientRect().right > innerWidth)"
            ".map((e) => e.outerHTML)"
        )
        assert cut_off == []
