"""What a lesson asks of a student's patience: seconds alone, seconds of its slowest silent cell, bytes.

    python benchmarks/lessons.py --json benchmarks/results/lessons.json

Every lesson is executed on its own, without a browser, as committed. A cell is silent if it shows no progress
bar. A film is a cell that leaves a video.
"""

import argparse
import re
import tempfile
import time
from datetime import datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import nbformat
from common import results_file, write_results
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
STARTS_TENSORFLOW = "TensorFlow started in"


def seconds_of(cell: Any) -> float:
    """How long a cell ran, by the kernel's own messages."""
    times = cell.metadata["execution"]
    begin, end = (
        datetime.fromisoformat(times[key].replace("Z", "+00:00"))
        for key in ("iopub.status.busy", "iopub.status.idle")
    )
    return (end - begin).total_seconds()


def page(cell: Any) -> str:
    """The HTML and the text under a cell."""
    parts = [output.get("data", {}).get("text/html", output.get("text", "")) for output in cell.outputs]
    return "".join(parts)


def shows_progress(cell: Any) -> bool:
    """Whether a progress bar of tqdm stands under a cell."""
    parts = [output.get("data", {}).get("text/plain", output.get("text", "")) for output in cell.outputs]
    return "tqdm(" in cell.source or any(re.search(r"\[\d\d:\d\d", part) for part in parts)


def measure(lesson: Path) -> dict[str, Any]:
    """Execute one lesson."""
    notebook = nbformat.read(lesson, as_version=4)
    start = time.perf_counter()
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(lesson.parent)}}).execute()
    seconds = time.perf_counter() - start
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    silent = {
        cell.source.splitlines()[0]: seconds_of(cell)
        for cell in cells
        if not shows_progress(cell) and STARTS_TENSORFLOW not in page(cell)
    }
    slowest = max(silent, key=silent.__getitem__)
    films = [cell for cell in cells if "<video" in page(cell)]
    return {
        "lesson": lesson.stem,
        "seconds": round(seconds, 1),
        "slowest_silent_cell": slowest,
        "slowest_silent_seconds": round(silent[slowest], 2),
        "slow_cells": [
            [cell.source.strip().splitlines()[0][:60], round(seconds_of(cell), 1)]
            for cell in cells
            if seconds_of(cell) > 2 and cell.source.strip()
        ],
        "films": len(films),
        "slowest_film_seconds": round(max(map(seconds_of, films), default=0.0), 2),
        "largest_film_kilobytes": round(max((len(page(film)) for film in films), default=0) / 1000),
        "kilobytes": round(len(nbformat.writes(notebook).encode()) / 1000),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=results_file, default=None, help="file for the results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as copy:
        folder = copytree(NOTEBOOKS, Path(copy) / "notebooks")
        lessons = [measure(lesson) for lesson in sorted(folder.glob("[0-9]*.ipynb"))]
    for lesson in lessons:
        print(lesson)
    write_results(options.json, {"lessons": lessons})


if __name__ == "__main__":
    main()
