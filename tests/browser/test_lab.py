"""`make lab` as a student meets it: JupyterLab in a real browser, the first lesson from top to bottom."""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
FLAGS += ["--disable-component-update", "--disable-sync"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine to look through"),
    pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine"),
    pytest.mark.skipif(os.name == "nt", reason="stops JupyterLab with a signal to its process group"),
]


@pytest.fixture
def address(tmp_path):
    """Start `make lab` for somebody who never used Jupyter; the link that it prints, token included."""
    new_user = {
        name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
    }
    lab = subprocess.Popen(
        ["make", "lab"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, **new_user, "BROWSER": "true"}, start_new_session=True,
    )  # fmt: skip
    printed = []
    link = None
    try:
        for line in lab.stdout:
            printed.append(line)
            if match := re.search(r"http://127\.0\.0\.1:\d+/\S*token=\S+", line):
                link = match.group()
                break
        assert link, "".join(printed)
        threading.Thread(target=lab.stdout.read, daemon=True).start()  # or the pipe fills up and it stops
        yield link
    finally:
        os.killpg(lab.pid, signal.SIGTERM)
        lab.wait(timeout=30)


@pytest.fixture
def page(address):
    """The link in a browser, with every complaint of the page noted."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        page.complaints = []
        page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("response", lambda answer: answer.status >= 400 and page.complaints.append(answer.url))
        # The lesson's file stays as it is, whatever JupyterLab would like to save.
        page.route("**/api/contents/**", lambda r: r.abort() if r.request.method == "PUT" else r.continue_())
        page.goto(address)
        yield page
        browser.close()


def wait_until(condition, seconds, what):
    """Poll until it holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.5)
    pytest.fail(f"after {seconds} s: {what}")


def scroll_through(page):
    """Bring every cell into view once, so that JupyterLab draws it."""
    cells = page.locator(".jp-Notebook .jp-Cell")
    for number in range(cells.count()):
        cells.nth(number).scroll_into_view_if_needed()
        page.wait_for_timeout(50)


def test_a_new_student_runs_the_lesson_to_the_end_without_a_red_box(page):
    page.wait_for_selector(".jp-Notebook .jp-MarkdownOutput h1", timeout=60_000)
    page.wait_for_timeout(3_000)
    assert page.locator(".jp-toast, .Toastify__toast, dialog[open]").count() == 0, "a pop-up is in the way"

    page.locator('.lm-MenuBar-itemLabel:text-is("Run")').click()
    page.locator('.lm-Menu-itemLabel:text-is("Run All Cells")').click()
    last = page.locator(".jp-CodeCell").last
    wait_until(lambda: re.search(r"\[\d+\]", last.inner_text()), 300, "the last cell has not run")
    scroll_through(page)

    for kind in ("stderr", "error"):
        boxes = page.locator(f'[data-mime-type="application/vnd.jupyter.{kind}"]')
        assert boxes.all_inner_texts() == [], f"red {kind} box"
    assert page.get_by_text("Error displaying widget").count() == 0
    assert page.complaints == []

    pictures = page.locator('.jp-OutputArea-output img[src^="data:image/png"]')
    assert pictures.count() >= 4
    for picture in pictures.all():
        assert picture.evaluate("e => e.naturalWidth") > 500
        assert len(picture.get_attribute("alt")) > 30
        box = picture.bounding_box()
        assert box["x"] + box["width"] <= 1300, "cut off at the right"
    video = page.locator(".jp-OutputArea-output video")
    wait_until(lambda: video.evaluate("e => e.readyState >= 2 && e.videoWidth > 500"), 20, "no video")
    assert video.evaluate("e => e.duration") > 2
