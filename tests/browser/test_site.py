"""The site, opened from the disk without a network, in three browsers, as a reader uses it."""

import html
import importlib
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from engines import ENGINES, PATIENCE
from mounting import IN_CHROMIUM, listen

pytestmark = [
    *IN_CHROMIUM,
    pytest.mark.slow,
]

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
LARGEST_PAGE, LARGEST_SITE = 3_000_000, 30_000_000  # bytes
WIDTHS = (390, 1280, 1920)
COMPLAIN = """<script>
window.complaints = [];
addEventListener("error", (event) => complaints.push(event.message));
addEventListener("unhandledrejection", (event) => complaints.push(String(event.reason)));
console.error = (...words) => complaints.push(words.join(" "));
</script></head>"""
LOADED = """performance.getEntriesByType("resource").map((e) => e.name)
  .filter((name) => !/^(data|blob):/.test(name)).map((name) => name.slice(0, 200))"""
ROOTS = "[...document.querySelectorAll('[id^=dqn-] > .dqn, [id^=dqn-] > dialog')]"
READY = "[...document.querySelectorAll('div[id^=dqn-]')].every((e) => e.querySelector('.dqn'))"
# What a widget shows, without what says only where its slider is.
SHOWN = f"""
[...{ROOTS}[%d].querySelectorAll("canvas, path, img, .dqn-car")].map((e) =>
  e.getAttribute("d") ?? e.getAttribute("src") ?? e.getAttribute("transform") ?? e.toDataURL?.()).join()
"""
WIDGETS = f"""
{ROOTS}.map((root) => ({{
  sliders: [...root.querySelectorAll("input[type=range]:not(:disabled)")].map((e) => e.id),
  buttons: [...root.querySelectorAll("button:not(:disabled)")].map((e) => e.textContent),
}}))
"""
PRESS = f"""
(() => {{
  const root = {ROOTS}[%d];
  root.scrollIntoView({{ block: "center" }});
  [...root.querySelectorAll("button")].find((e) => e.textContent === "%s").click();
}})()
"""
QUIZZES = """
[...document.querySelectorAll(".dqn-quiz")].map((quiz) => {
  const answers = [...quiz.querySelectorAll("label")];
  return answers.map((label) => {
    label.click();
    const shown = [...quiz.querySelectorAll(".says")].map((e) => getComputedStyle(e).display !== "none");
    return shown.filter(Boolean).length === 1 && label.nextElementSibling.checkVisibility();
  });
})
"""
TOO_WIDE = "document.scrollingElement.scrollWidth > innerWidth"


class Addresses(HTMLParser):
    """The links of a page, and the names of its elements."""

    def __init__(self, page):
        super().__init__()
        self.links, self.names = [], set()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        self.names.add(found.get("id"))


def broken_links(folder):
    """All links of the site that lead nowhere."""
    pages = {path.name: Addresses(path.read_text(encoding="utf-8")) for path in folder.glob("*.html")}
    for name, page in pages.items():
        for link in page.links:
            if re.match(r"https?:", link):
                continue
            target, _, anchor = link.partition("#")
            other = pages.get(target or name)
            if other is None or (anchor and anchor not in other.names):
                yield name, link


@pytest.fixture(scope="module", params=["first lesson", pytest.param("all", marks=pytest.mark.weekly)])
def site(request, tmp_path_factory):
    """The folder of the site, with one lesson or, as `make site` makes it, with all."""
    folder = tmp_path_factory.mktemp("site") / "site"
    lessons = ["--lessons", "01"] if request.param == "first lesson" else []
    command = [sys.executable, str(ROOT / "tools" / "website.py"), "--to", str(folder), *lessons]
    subprocess.run(command, check=True, timeout=1_800)
    return folder


@pytest.fixture
def look(browser):
    """A function that opens a page without a network; it must not have complained or asked for anything."""
    opened = []

    def look(path, **options):
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}, **options)
        page = context.new_page()
        complaints, asked = listen(page), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_load_state("load")
        opened.append((context, complaints, asked))
        return page

    yield look
    for context, complaints, asked in opened:
        context.close()
        assert complaints == []
        assert [url[:200] for url in asked if not url.startswith(("data:", "blob:", "file:"))] == []
        assert len([url for url in asked if url.startswith("file:")]) == 1


class Chromium:
    """Chromium with the methods of the other engines."""

    def __init__(self, page):
        self.page = page

    def evaluate(self, expression):
        return self.page.evaluate(expression)

    def press(self, key, seconds=0.0):
        self.page.keyboard.press(key, delay=1_000 * seconds)

    def wait_for(self, expression):
        return self.page.wait_for_function(expression, timeout=1_000 * PATIENCE)


def use(engine):

    nothing = []
    engine.wait_for(READY)
    for number, widget in enumerate(engine.evaluate(WIDGETS)):
        before = engine.evaluate(SHOWN % number)
        for slider in widget["sliders"]:
            engine.evaluate(f"document.getElementById('{slider}').focus()")
            for key in ("End", "Home"):
                engine.press(key)
            if not changes(engine, number, before, ("ArrowRight", "End")):
                nothing.append((number, slider))
        for play in {"Play", "Run", "Start"} & {*widget["buttons"]}:
            before = engine.evaluate(SHOWN % number)
            engine.evaluate(PRESS % (number, play))
            if play == "Start":
                engine.press("ArrowRight", seconds=0.5)
            if not changes(engine, number, before, ()):
                nothing.append((number, play))
    quizzes = engine.evaluate(QUIZZES)
    nothing += [("quiz", quiz, answers) for quiz, answers in enumerate(quizzes) if not all(answers)]
    return nothing, quizzes


def changes(engine, number, before, keys):
    """Whether a widget looks different after one of the keys, or by itself, within a few seconds."""
    for key in keys or ("",):
        if key:
            engine.press(key)
        end = time.monotonic() + (1 if keys else 5)
        while time.monotonic() < end:
            if engine.evaluate(SHOWN % number) != before:
                return True
            time.sleep(0.05)
    return False


def barriers(page):
    """What axe-core finds, by scheme and width."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(100)  # what scrolls now is reached by keyboard
            for one in Axe().run(page).response["violations"]:
                yield scheme, width, one["id"], [node["html"][:150] for node in one["nodes"]]


def test_every_page_and_link_is_there_and_no_solution(site):
    pages = {path.stem: path.read_text(encoding="utf-8") for path in site.glob("*.html")}
    lessons = [path.stem for path in LESSONS if path.stem in pages]
    assert sorted(pages) == sorted(["index", "glossary", "teaching", *lessons])
    sizes = [len(page.encode()) for page in pages.values()]
    assert max(sizes) <= LARGEST_PAGE and sum(sizes) <= LARGEST_SITE
    left_out = {f"{path.stem}.html" for path in LESSONS} - {f"{name}.html" for name in lessons}
    assert [pair for pair in broken_links(site) if pair[1].partition("#")[0] not in left_out] == []
    assert any("<math" in page for page in pages.values())
    assert [name for name, page in pages.items() if re.search(r"\\(gamma|max|alpha)\b|\$\$", page)] == []
    for name in lessons:
        page, solutions = pages[name], importlib.import_module(f"dqn_lib.exercises.lesson{name[:2]}")
        for exercise in re.findall(r"def (\w+)\(", re.sub(r"<[^>]*>", "", page)):
            if hasattr(known := getattr(solutions, exercise, None), "source"):
                assert inner_lines(known.source) - inner_lines(html.unescape(re.sub(r"<[^>]*>", "", page)))
                assert f"Hint 1 of {len(known.hints)}" in page


def inner_lines(source):
    """The lines of a function that are not its first."""
    return {line.strip() for line in source.splitlines()[1:] if len(line.strip()) > 12}


def test_all_of_it_works_in_chromium_without_a_network_and_can_be_read(look, site):
    for path in sorted(site.glob("*.html")):
        page = look(path)
        nothing, quizzes = use(Chromium(page))
        assert (path.stem, nothing) == (path.stem, [])
        assert len(quizzes) == path.read_text(encoding="utf-8").count('<form class="dqn-quiz"')
        for hint in page.locator(".hints summary").all():
            hint.evaluate("(e) => e.scrollIntoView({ block: 'center' })")
            hint.click()
        assert page.locator(".hints summary").evaluate_all("(all) => all.every((e) => e.checkVisibility())")
        assert (path.stem, list(barriers(page))) == (path.stem, [])
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert (path.stem, width, page.evaluate(TOO_WIDE)) == (path.stem, width, False)


@pytest.mark.parametrize("kind", ENGINES)
def test_all_of_it_works_in_other_browsers(kind, site, tmp_path):
    if ENGINES[kind].command is None:
        pytest.skip(f"no {kind} on this machine to look through")
    engine = ENGINES[kind]()
    try:
        for path in sorted(site.glob("*.html")):
            page = path.read_text(encoding="utf-8").replace("</head>", COMPLAIN, 1)
            (tmp_path / path.name).write_text(page, encoding="utf-8")
            engine.open((tmp_path / path.name).as_uri())
            nothing, _ = use(engine)
            assert (path.stem, nothing) == (path.stem, [])
            assert (path.stem, engine.evaluate("complaints"), engine.evaluate(LOADED)) == (path.stem, [], [])
            assert engine.evaluate(TOO_WIDE) is False
    finally:
        engine.close()
