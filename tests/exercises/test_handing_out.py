"""The lessons with solutions, as they are and for nbgrader, which was tried itself with version 0.9.6."""

import re

import nbformat
import pytest

from dqn_lib.exercises.__main__ import main
from dqn_lib.exercises.handing_out import (
    exercises_in,
    for_nbgrader,
    lessons_in,
    solution_of,
    solved,
    write_solved,
)

LESSONS = lessons_in()
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)\n### END SOLUTION", re.DOTALL)
HIDDEN = re.compile(r"\n### BEGIN HIDDEN TESTS\n(.*?)\n### END HIDDEN TESTS", re.DOTALL)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_solved_lesson_differs_from_the_lesson_in_its_exercises_and_its_note_only(path):
    before, after = nbformat.read(path, as_version=4), solved(path)
    places = dict(exercises_in(before))
    for place, (old, new) in enumerate(zip(before.cells, after.cells, strict=True)):
        if place in places:
            assert new.source == solution_of(places[place]) != old.source
        else:
            assert new.source == old.source or (
                place == 0 and "With solutions, for instructors" in new.source
            )
    assert len(places) >= 1


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_what_nbgrader_hands_out_is_the_lesson_and_what_it_grades_is_the_check(path):
    before, after = nbformat.read(path, as_version=4), for_nbgrader(path)
    nbformat.validate(after)
    grades = []
    for old, new in zip(before.cells, after.cells, strict=True):
        about = new.metadata.get("nbgrader")
        if about is None:
            assert new.source == old.source
            continue
        grades.append(about["grade_id"])
        assert {"schema_version", "grade", "solution", "locked", "task", "grade_id"} <= set(about)
        if about["solution"]:
            assert SOLUTION.sub("", new.source).strip() == old.source.strip()
            compile(SOLUTION.search(new.source)[1], "solution", "exec")
        else:
            assert (about["points"], HIDDEN.sub("", new.source)) == (1, old.source)
            assert HIDDEN.search(new.source)[1] == f"assert {old.source.strip()}.correct"
    assert len(set(grades)) == len(grades) == 2 * len(exercises_in(before))


def test_the_command_writes_a_course_and_leaves_its_settings_alone(tmp_path, capsys):
    assert main(["mark", str(tmp_path / "course"), "--nbgrader"]) == 0
    source = tmp_path / "course" / "source"
    assert sorted(path.name for path in source.iterdir()) == [f"lesson{path.name[:2]}" for path in LESSONS]
    assert (source / "lesson02" / "02_q_table.ipynb").exists()
    assert (source / "lesson07" / "results").is_dir()
    settings = tmp_path / "course" / "nbgrader_config.py"
    assert "code_stub" in settings.read_text(encoding="utf-8")
    settings.write_text("# ours", encoding="utf-8")
    assert main(["mark", str(tmp_path / "course"), "--nbgrader"]) == 0
    assert settings.read_text(encoding="utf-8") == "# ours"
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["mark", str(tmp_path / "file"), "--nbgrader"]) == 2


def test_the_solutions_are_written_beside_what_they_link_to(tmp_path):
    write_solved(tmp_path / "solutions")
    names = [path.name for path in sorted((tmp_path / "solutions").glob("*.ipynb"))]
    assert names == [path.name for path in LESSONS]
    assert (tmp_path / "solutions" / "glossary.md").exists() and (tmp_path / "solutions" / "results").is_dir()


def test_a_folder_without_lessons_is_said(tmp_path):
    with pytest.raises(ValueError, match="folder must hold the lessons, there are none in"):
        lessons_in(tmp_path)
