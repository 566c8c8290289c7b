"""The teaching guide names what there is in the lessons, and its made parts are those of today."""

import re
from pathlib import Path

import nbformat
import pytest
import teaching

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
LESSONS = {int(path.name[:2]): path for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))}
PARTS = dict(re.findall(r"^### (\d+) · [^\n]+\n(.*?)(?=^##)", GUIDE, re.MULTILINE | re.DOTALL))


def sections(path):
    """The titles of a lesson's sections."""
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return set(re.findall(r"^## (.+)$", text, re.MULTILINE))


def test_every_lesson_is_in_the_guide_under_its_title():
    assert set(map(int, PARTS)) == set(LESSONS)
    for number, path in LESSONS.items():
        title = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
        assert f"#{'#'} {title.removeprefix('# ')}" in GUIDE, title
        assert PARTS[str(number)].startswith("\nFor: ")


@pytest.mark.parametrize("number", sorted(LESSONS))
def test_each_path_names_sections_that_the_lesson_has(number):
    part = PARTS[str(number)]
    assert re.findall(r"^- (\d+) minutes: ", part, re.MULTILINE) == ["10", "25", "50"]
    named = set(re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", part))
    assert named and named <= sections(LESSONS[number]), named - sections(LESSONS[number])
    assert "Ask before" in part


def test_the_parts_that_are_made_are_those_of_the_last_run():
    assert teaching.made(GUIDE) == GUIDE
    assert GUIDE.count("**Lesson 2, `") == 4 and "| 11_your_own_agent |" in GUIDE


def test_the_commands_in_the_guide_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make (\w+)`", GUIDE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_readme_says_the_memory_that_the_guide_says():
    (memory,) = re.findall(r"^\| memory, one host, one installation \| (\d+ GB) \|", GUIDE, re.MULTILINE)
    assert f"({memory} on one host with one installation" in (ROOT / "README.md").read_text(encoding="utf-8")
