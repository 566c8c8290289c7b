"""The demo as an instructor gives it: started for real, every scene, every key, read from the last row."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest
from clicking import button, knob, until_changed
from mounting import IN_CHROMIUM, listen
from playwright.sync_api import expect
from reading import LABELS, OVERLAPS, SMALL_AND_BELOW, TOO_WIDE, counter

pytestmark = [
    *IN_CHROMIUM,
    pytest.mark.weekly,
    pytest.mark.skipif(
        find_spec("voila") is None, reason="Voila comes with the demo: `make demo`, `make verify`"
    ),
]

ROOT = Path(__file__).parents[2]
SCENES = ["drive", "luck", "table", "chase", "train", "time machine"]
LEAST = 0.02  # of the window's height: what the last row can read


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The demo, served; its contest is kept beside it."""
    contest = tmp_path_factory.mktemp("demo") / "contest.jsonl"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "tools" / "demo.py"), "--no-browser", f"--port={port}"]
    server = subprocess.Popen(command, env={**os.environ, "DQN_LIB_CONTEST": str(contest)})
    end = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/voila/static/").close()
            break
        except urllib.error.HTTPError:
            break
        except OSError:
            assert time.monotonic() < end and server.poll() is None
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}/", contest
    server.terminate()
    server.wait(timeout=30)


@pytest.fixture
def page(browser, address):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    complaints, asked = listen(page), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address[0], timeout=120_000)
    expect(page.locator(".dqn-scenes")).to_be_visible(timeout=60_000)
    yield page
    assert complaints == []
    assert [url for url in asked if not url.startswith((address[0], "data:", "blob:"))] == []
    context.close()


def scene(page, number):
    """Press the key of a scene, and wait for it."""
    page.keyboard.press(str(number))
    name = SCENES[number - 1]
    chosen = page.get_by_role("button", name=f"{number} {name}")
    expect(chosen).to_have_attribute("aria-current", "true")
    expect(page.locator(".dqn-scenes .dqn-message")).to_have_text("", timeout=60_000)


def test_every_scene_is_read_from_the_last_row_on_both_projectors(page):
    for width, height in ((1280, 720), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        for number, name in enumerate(SCENES, start=1):
            scene(page, number)
            page.wait_for_timeout(500)
            small, below = page.locator("body").evaluate(SMALL_AND_BELOW, LEAST * height)
            assert (name, width, small, below) == (name, width, [], [])
            assert (name, width, page.evaluate(OVERLAPS, LABELS)) == (name, width, [])
            assert (name, width, page.locator(".dqn-stage").evaluate(TOO_WIDE)) == (name, width, [])


def test_each_scene_acts_and_its_keys_work_while_another_has_the_focus(page, address):
    page.keyboard.press("Enter")  # the car has the keys
    page.keyboard.down("ArrowRight")
    expect(page.locator(".dqn-step")).to_have_text(re.compile(r"^[1-9]\d "))
    page.keyboard.up("ArrowRight")

    scene(page, 2)
    wait = until_changed(page.locator(".dqn-plot").first)
    for _ in range(23):
        knob(page, "hold").press("ArrowRight")
    wait()
    expect(page.locator(".dqn-slider output")).to_have_text("24 steps")

    scene(page, 3)
    button(page, "Train").click()
    page.wait_for_function(
        "Number(document.querySelector('.dqn-counter b').textContent.replace(',', '')) > 2000"
    )
    scene(page, 4)
    wait = until_changed(page.locator(".dqn-explorer .dqn-plot"))
    button(page, "Run").click()
    wait()

    scene(page, 3)
    expect(page.locator(".dqn-counter b").first).to_have_text(re.compile(r"\d"))
    at = counter(page)
    page.wait_for_timeout(500)
    assert counter(page) == at > 2_000, "a scene that is left goes on"

    scene(page, 5)
    button(page, "Train").click()
    name = page.locator(".dqn-contest input")
    expect(name).to_be_visible(timeout=60_000)
    expect(page.locator(".dqn-contest label")).to_have_text(re.compile(r"^Solved at [\d,]+\. Whose\?$"))
    expect(name).to_be_focused()
    page.keyboard.type("Ada 2")  # a digit that is no key here
    page.keyboard.press("Enter")
    expect(page.locator(".dqn-contest li")).to_have_text(re.compile(r"^Ada 2[\d,]+$"))
    (line,) = filter(None, address[1].read_text(encoding="utf-8").split("\n"))
    assert {key: value for key, value in json.loads(line).items() if key in ("game", "name")} == {
        "game": "train",
        "name": "Ada 2",
    }

    scene(page, 6)
    wait = until_changed(page.locator(".dqn-plot").first)
    button(page, "Play").click()
    wait()

    page.keyboard.press("0")
    expect(page.locator(".dqn-scenes .dqn-message")).to_contain_text("Once more to put everything back")
    page.keyboard.press("0")
    expect(page.locator(".dqn-scenes .dqn-message")).to_have_text("Everything is as at the beginning.")
    expect(page.locator(".dqn-step")).to_have_text("0 of 200")
    for words in ("Once more", "Everything is as at the beginning."):  # a second time
        page.keyboard.press("0")
        expect(page.locator(".dqn-scenes .dqn-message")).to_contain_text(words)
    scene(page, 2)
    expect(page.locator(".dqn-slider output")).to_have_text("1 step")
    scene(page, 5)
    expect(page.locator(".dqn-counter b").first).to_have_text("0")
    expect(page.locator(".dqn-contest")).to_contain_text("Nobody yet.")
