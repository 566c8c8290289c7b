"""Lessons with the answers in their exercises' cells, for instructors: `make solutions`.

They are built from the library's own solutions into `solutions/`, which git leaves out.
"""

import importlib
import shutil
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
NOTE = "\n\n*With solutions, for instructors. The lesson without them is `notebooks/{name}`.*"


def solved(path: Path) -> nbformat.NotebookNode:
    """A lesson with the solution in the cell of each exercise."""
    lesson = nbformat.read(path, as_version=4)
    solutions = importlib.import_module(f"dqn_lib.exercises.lesson{path.name[:2]}")
    for cell in lesson.cells:
        if exercise := cell.metadata.get("dqn_lib", {}).get("exercise"):
            cell.source = getattr(solutions, exercise.partition(".")[2]).source
    lesson.cells[0].source += NOTE.format(name=path.name)
    return lesson


def main(folder: Path = ROOT / "solutions") -> None:
    """Write them all, and the glossary and the results that they need."""
    folder.mkdir(exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        nbformat.write(solved(path), folder / path.name)
    shutil.copy(ROOT / "notebooks" / "glossary.md", folder)
    shutil.copytree(ROOT / "notebooks" / "results", folder / "results", dirs_exist_ok=True)
    print(f"written to {folder}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
