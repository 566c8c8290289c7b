"""Lessons with their solutions, for instructors: as they are, or as nbgrader takes them."""

import importlib
import shutil
from pathlib import Path
from typing import Any

import nbformat

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NOTE = "\n\n*With solutions, for instructors. The lesson without them is `notebooks/{name}`.*"
NBGRADER = {"schema_version": 3, "task": False}
CONFIG = """c = get_config()
# What stands in a student's cell in place of a solution; the blank answer is above it.
c.ClearSolutions.code_stub = {"python": "# Write your answer above."}
"""
BESIDE = ("glossary.md", "results", "ruff.toml")  # what lessons read, or link to


def lessons_in(folder: Path = NOTEBOOKS) -> list[Path]:
    """The lessons in a folder, in their order.

    Raises:
        ValueError: if there are none.
    """
    found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise ValueError(f"folder must hold the lessons, there are none in {folder}")
    return found


def exercises_in(lesson: nbformat.NotebookNode) -> list[tuple[int, str]]:
    """The cells of a lesson that hold an exercise, each with the exercise's name, such as "lesson02.cell"."""
    named = [
        (place, cell.metadata.get("dqn_lib", {}).get("exercise")) for place, cell in enumerate(lesson.cells)
    ]
    return [(place, name) for place, name in named if name]


def solution_of(exercise: str) -> str:
    """The source of the library's answer to an exercise."""
    lesson, _, name = exercise.partition(".")
    return getattr(importlib.import_module(f"dqn_lib.exercises.{lesson}"), name).source


def solved(path: Path) -> nbformat.NotebookNode:
    """A lesson with the solution in the cell of each exercise."""
    lesson = nbformat.read(path, as_version=4)
    for place, exercise in exercises_in(lesson):
        lesson.cells[place].source = solution_of(exercise)
    lesson.cells[0].source += NOTE.format(name=path.name)
    return lesson


def for_nbgrader(path: Path) -> nbformat.NotebookNode:
    """A lesson as nbgrader's source: solutions between its marks, a hidden test behind each check.

    A student gets the cell without what stands between the marks; nbgrader runs the hidden test to grade.
    """
    lesson = nbformat.read(path, as_version=4)
    for place, exercise in exercises_in(lesson):
        answer, check = lesson.cells[place], lesson.cells[place + 1]
        answer.source += f"\n\n\n### BEGIN SOLUTION\n{solution_of(exercise)}\n### END SOLUTION"
        answer.metadata["nbgrader"] = _cell(f"{exercise}.answer", solution=True)
        check.source += (
            f"\n### BEGIN HIDDEN TESTS\nassert {check.source.strip()}.correct\n### END HIDDEN TESTS"
        )
        check.metadata["nbgrader"] = _cell(f"{exercise}.check", grade=True, points=1, locked=True)
    return lesson


def _cell(name: str, **what: Any) -> dict[str, Any]:
    """The metadata of a cell for nbgrader."""
    return (
        NBGRADER
        | {"grade_id": name.replace(".", "-"), "grade": False, "solution": False, "locked": False}
        | what
    )


def write_solved(folder: Path) -> None:
    """Write the lessons with their solutions, and what they need, into a folder.

    Raises:
        OSError: if it cannot be written.
    """
    _copy_what_lessons_need(folder)
    for path in lessons_in():
        nbformat.write(solved(path), folder / path.name)


def write_for_nbgrader(course: Path) -> str:
    """Write each lesson as an assignment into `source/` of the folder of a course, and nbgrader's settings.

    Settings that are there already stay as they are; returns a line that they lack, if they do.

    Raises:
        OSError: if it cannot be written.
    """
    course.mkdir(parents=True, exist_ok=True)
    config = course / "nbgrader_config.py"
    if not config.exists():
        config.write_text(CONFIG, encoding="utf-8")
    lacking = "" if "code_stub" in config.read_text(encoding="utf-8") else CONFIG.splitlines()[-1]
    for path in lessons_in():
        folder = course / "source" / f"lesson{path.name[:2]}"
        _copy_what_lessons_need(folder)
        nbformat.write(for_nbgrader(path), folder / path.name)
    return lacking


def _copy_what_lessons_need(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in BESIDE:
        source = NOTEBOOKS / name
        if source.is_dir():
            shutil.copytree(source, folder / name, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, folder)
