"""The form every lesson keeps, so that a student always knows where she is."""

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
LONGEST_CELL = 20
PARTS = ("What you saw", "Exercises", "Still open", "Sources")


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def lesson(request):
    return nbformat.read(request.param, as_version=4)


def markdown(lesson):
    return [cell.source for cell in lesson.cells if cell.cell_type == "markdown"]


def test_there_is_a_lesson():
    assert LESSONS


def test_a_lesson_is_a_valid_notebook(lesson):
    nbformat.validate(lesson)


def test_nothing_is_committed_but_the_sources(lesson):
    for number, cell in enumerate(lesson.cells):
        if cell.cell_type == "code":
            assert not cell.outputs, f"cell {number} has outputs"
            assert cell.execution_count is None, f"cell {number} has an execution count"
    assert "widgets" not in lesson.metadata


def test_no_code_cell_is_longer_than_a_screen_can_explain(lesson):
    for number, cell in enumerate(lesson.cells):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert cell.cell_type != "code" or len(lines) <= LONGEST_CELL, f"cell {number} has {len(lines)} lines"


def test_a_lesson_opens_with_its_title_its_question_and_its_minutes(lesson):
    first = lesson.cells[0].source
    assert re.match(r"# \d+ · \w", first)
    assert re.search(r"^\*\*.*\?\*\*$", first, re.MULTILINE), "no question in bold"
    assert re.search(r"About \d+ minutes", first)


def test_set_up_is_the_second_cell_and_nothing_else_comes_before_it(lesson):
    assert lesson.cells[1].cell_type == "code"
    assert all(
        line.startswith(("import ", "from ")) for line in lesson.cells[1].source.splitlines() if line.strip()
    )


def test_a_lesson_closes_with_what_was_seen_exercises_open_questions_and_sources(lesson):
    headings = [line[3:] for text in markdown(lesson) for line in text.splitlines() if line.startswith("## ")]
    assert [heading for heading in headings if heading in PARTS] == list(PARTS)
    assert headings[-1] == "Sources"


def test_every_code_cell_is_announced_or_follows_at_most_one_other(lesson):
    kinds = "".join("c" if cell.cell_type == "code" else "m" for cell in lesson.cells)
    assert "ccc" not in kinds, f"three code cells in a row at cell {kinds.find('ccc')}"


def test_a_lesson_has_as_many_words_as_a_patient_teacher_uses(lesson):
    words = sum(len(text.split()) for text in markdown(lesson))
    assert 800 <= words <= 2500


def test_links_and_files_named_in_a_lesson_exist(lesson):
    for text in markdown(lesson):
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert target.startswith("http") or (NOTEBOOKS / target).exists(), target
        for name in re.findall(r"`((?:benchmarks|dqn_lib|tests)/[\w./]+\.\w+)`", text):
            assert (NOTEBOOKS.parent / name).exists(), name
