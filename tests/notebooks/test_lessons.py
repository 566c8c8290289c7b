"""Each lesson as it is committed, from top to bottom, and then by a student who gets every exercise right."""

import importlib
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from dqn_lib.exercises import kept

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("[!_]*.ipynb"))
LARGEST = 4_000_000  # bytes with all outputs
PATIENCE = 600  # seconds for one cell
WITHOUT_TENSORFLOW = ("01", "02")
WORDS_FOR = {"img": "alt", "video": "aria-label"}
CHECK = r"lesson\.(\w+)\.check\(.*\)"
WIDGETS = "application/vnd.jupyter.widget-state+json"


class Wordless(HTMLParser):
    """The pictures and videos of a page that tell nothing to somebody who cannot see them."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in WORDS_FOR and not (dict(attrs).get(WORDS_FOR[tag]) or "").strip():
            self.found.append(f"<{tag}> without {WORDS_FOR[tag]}")


def solved(lesson, number):
    """The cells of the exercises again, with the solutions in them, and those that check them."""
    solutions = importlib.import_module(f"dqn_lib.exercises.lesson{number}")
    for position, cell in enumerate(lesson.cells):
        if "exercise" in cell.metadata.get("tags", []):
            check = lesson.cells[position + 1].source
            name = re.match(r"lesson\.(\w+)\.check\(", check)[1]
            yield from map(nbformat.v4.new_code_cell, (getattr(solutions, name).source, check))


def pages(lesson):
    """Where and what, for all HTML: under the cells, and in the widgets, where sliders draw."""
    for position, cell in enumerate(lesson.cells):
        for output in cell.get("outputs", []):
            yield f"cell {position}", output.get("data", {}).get("text/html", "")
    widgets = lesson.metadata.get("widgets", {}).get(WIDGETS, {"state": {}})
    for widget in widgets["state"].values():
        if widget["model_name"] == "HTMLModel":
            yield "a widget", widget["state"]["value"]


def is_correct(cell):
    return any("Correct" in output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def faults(lesson):
    """Everything that a student would rather not have seen."""
    for position, cell in enumerate(lesson.cells):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr" or output["output_type"] == "error":
                yield f"cell {position}: {output.get('text') or output.get('traceback')}"
            kinds = [kind for kind in output.get("data", {}) if kind.startswith("image/")]
            yield from (f"cell {position}: {kind}, which can have no alt" for kind in kinds)
    for where, page in pages(lesson):
        yield from (f"{where}: {fault}" for fault in Wordless(page).found)


@pytest.mark.slow
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_to_its_end_and_every_solution_is_correct(path, tmp_path, monkeypatch):
    """One kernel for both, so that nothing is trained twice: the exercises are the end of a lesson."""
    monkeypatch.delenv("DQN_LIB_ANSWERS")  # beside the lesson, as for a student
    ignored = shutil.ignore_patterns(".*", "leaderboard.json*", "my_agent*.py")
    folder = shutil.copytree(NOTEBOOKS, tmp_path / "notebooks", ignore=ignored)
    lesson = nbformat.read(folder / path.name, as_version=4)
    number = path.stem[:2]
    lesson.cells += solved(lesson, number)
    lesson.cells.append(nbformat.v4.new_code_cell("import sys\nprint('tensorflow' in sys.modules)"))

    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(lesson, timeout=PATIENCE, kernel_name="python3", resources=resources).execute()

    assert list(faults(lesson)) == []
    loaded = lesson.cells.pop().outputs[0].text.strip()
    assert loaded == str(number not in WITHOUT_TENSORFLOW), f"TensorFlow loaded: {loaded}"
    checks = [(cell.source, is_correct(cell)) for cell in lesson.cells if re.fullmatch(CHECK, cell.source)]
    blank, filled = checks[: len(checks) // 2], checks[len(checks) // 2 :]
    assert [(source, True) for source, _ in blank] == filled != []
    assert not any(correct for _, correct in blank)
    assert len(nbformat.writes(lesson).encode()) < LARGEST
    asked = {re.fullmatch(CHECK, source)[1] for source, _ in filled} - {"my_three"}  # settings, no source
    if asked:
        text = (folder / "my_agent.py").read_text(encoding="utf-8")
        compile(text, "my_agent.py", "exec")
        assert {one.name for one in kept.split(text)[1]} == asked
