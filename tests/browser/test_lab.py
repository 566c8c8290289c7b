"""`make lab` as a student meets it: JupyterLab in a real browser, and lessons from top to bottom."""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from functools import partial
from pathlib import Path

import nbformat
import pytest
from clicking import nameless, seen
from jupyter_browser import CHROMIUM, FLAGS
from mounting import IN_CHROMIUM
from playwright.sync_api import expect, sync_playwright
from reading import TOO_WIDE

from dqn_lib.exercises import lesson01

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("[!_]*.ipynb"))
LEADERBOARD = ROOT / "notebooks" / "leaderboard.json"
WIDTH = 1300
OUTPUT = ".jp-OutputArea-output"

pytestmark = [
    *IN_CHROMIUM,
    pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine"),
    pytest.mark.skipif(os.name == "nt", reason="stops JupyterLab with a signal to its process group"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Start `make lab` for a new user of Jupyter; return the link that it prints, token included."""
    folder = tmp_path_factory.mktemp("new_user")
    new_user = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
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
def leaderboard():
    """What a lesson enters into the table beside it is taken back."""
    before = LEADERBOARD.read_bytes() if LEADERBOARD.exists() else None
    yield
    if before is not None:
        LEADERBOARD.write_bytes(before)
    else:
        LEADERBOARD.unlink(missing_ok=True)


@pytest.fixture
def page(leaderboard, address):
    """A browser, with every complaint of the page noted."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 1000})
        page.complaints = []
        page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("response", lambda answer: answer.status >= 400 and page.complaints.append(answer.url))
        page.route("**/api/contents/**", lambda route: pretend_to_save(page, route))
        yield page
        end_kernels(page, address)
        browser.close()


def pretend_to_save(page, route):
    """The lesson's file stays as it is, and JupyterLab hears what it would have heard."""
    if route.request.method == "PUT":
        address = route.request.url.partition("?")[0]
        route.fulfill(response=page.request.get(address, params={"content": "0"}))
    else:
        route.continue_()


def end_kernels(page, address):
    """Of the lesson that was open, so that those of all lessons do not pile up."""
    server, _, token = address.partition("lab/tree/")[0], *address.partition("token=")[1:]
    for kernel in page.request.get(f"{server}api/kernels?token={token}").json():
        page.request.delete(f"{server}api/kernels/{kernel['id']}?token={token}")


def wait_until(condition, seconds, what):
    """Poll until it holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.5)
    pytest.fail(f"after {seconds} s: {what}")


def open_lesson(page, address):
    page.goto(f"{address}&reset")  # without what the lesson before has left open
    page.wait_for_selector(".jp-Notebook .jp-MarkdownOutput h1", timeout=60_000)
    page.wait_for_timeout(3_000)
    assert page.locator(".jp-toast, .Toastify__toast, dialog[open]").count() == 0, "a pop-up is in the way"


def run_all_cells(page):
    page.locator('.lm-MenuBar-itemLabel:text-is("Run")').click()
    page.locator('.lm-Menu-itemLabel:text-is("Run All Cells")').click()
    last = page.locator(".jp-CodeCell").last
    wait_until(lambda: re.search(r"\[\d+\]", last.inner_text()), 300, "the last cell has not run")
    scroll_through(page)


def scroll_through(page):
    """Bring every cell into view once, so that JupyterLab draws it."""
    cells = page.locator(".jp-Notebook .jp-Cell")
    for number in range(cells.count()):
        cells.nth(number).scroll_into_view_if_needed()
        page.wait_for_timeout(50)


def assert_no_red_box(page):
    for kind in ("stderr", "error"):
        boxes = page.locator(f'[data-mime-type="application/vnd.jupyter.{kind}"]')
        assert boxes.all_inner_texts() == [], f"red {kind} box"
    for words in ("Error displaying widget", "Javascript Error", "Error loading widget"):
        assert page.get_by_text(words).count() == 0, words
    assert page.complaints == []


def assert_everything_is_to_be_seen(page):
    pictures = page.locator(f"{OUTPUT} img").all()
    assert pictures
    for picture in pictures:
        alt = picture.get_attribute("alt")
        assert len(alt) > 30
        assert picture.evaluate("e => e.naturalWidth") > 350, alt
        assert right_edge(picture) <= WIDTH, f"cut off at the right: {alt}"
    for widget in page.locator(f"{OUTPUT} .dqn").all():
        assert nameless(widget) == []
        assert right_edge(widget) <= WIDTH
        assert widget.evaluate(TOO_WIDE) == []
    for video in page.locator(f"{OUTPUT} video").all():
        label = video.get_attribute("aria-label")
        assert len(label) > 30
        video.scroll_into_view_if_needed()
        shown = "e => e.readyState >= 2 && e.videoWidth > 500 && e.duration > 2"
        wait_until(partial(video.evaluate, shown), 20, f"no video: {label}")
        assert right_edge(video) <= WIDTH, f"cut off at the right: {label}"


def said(pictures):
    """The alt texts of pictures."""
    return pictures.evaluate_all("(all) => all.map((e) => e.ariaLabel)")


def right_edge(element):
    box = element.bounding_box()
    return box["x"] + box["width"]


def code_cells(lesson):
    return [cell for cell in nbformat.read(lesson, as_version=4).cells if cell.cell_type == "code"]


def predictions(lesson):
    return [cell.source for cell in code_cells(lesson) if re.fullmatch(r"lesson\.\w+", cell.source)]


@pytest.mark.weekly
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_to_the_end_without_a_red_box(page, address, lesson):
    open_lesson(page, address.replace(LESSONS[0].name, lesson.name))
    run_all_cells(page)

    assert_no_red_box(page)
    assert_everything_is_to_be_seen(page)
    assert page.locator(".jp-CodeCell").count() == len(code_cells(lesson))
    quizzes = page.locator(f"{OUTPUT} .dqn-quiz")
    assert quizzes.count() == len(predictions(lesson)) > 0
    for quiz in quizzes.all():
        assert quiz.get_by_role("radio").count() >= 3


def test_a_new_student_runs_the_first_lesson_answers_a_question_and_moves_the_slider(page, address):
    open_lesson(page, address)
    assert "Random baseline" in page.locator(".jp-Notebook h1").inner_text()
    run_all_cells(page)
    assert_everything_is_to_be_seen(page)

    quiz = page.locator(f"{OUTPUT} .dqn-quiz").first
    expect(quiz).to_contain_text(lesson01.arrivals.question)
    for right, answer in ((True, "Yes."), (False, "No.")):
        choice = next(choice for choice in lesson01.arrivals.choices if choice.right is right)
        quiz.get_by_role("radio", name=choice.text, exact=True).check()
        expect(quiz.locator(".says:visible")).to_have_text(f"{answer} {choice.says}")

    hold = page.get_by_role("slider", name="hold", exact=True)
    pictures = page.locator(".jp-CodeCell", has=hold).locator(".dqn-plot")
    before, words = [seen(picture) for picture in pictures.all()], said(pictures)
    hold.press("ArrowRight")
    wait_until(lambda: said(pictures) != words, 30, "the slider changes nothing")
    assert [seen(picture) == one for picture, one in zip(pictures.all(), before, strict=True)] == [
        False,
        False,
    ]
    assert_no_red_box(page)
