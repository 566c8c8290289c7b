"""One picture from each lesson, for the README: run the lesson, keep the picture of one cell.

python docs/lesson_pictures.py
"""

import base64
import io
import re
import tempfile
from pathlib import Path
from shutil import copytree

import nbformat
from nbclient import NotebookClient
from PIL import Image

ROOT = Path(__file__).parents[1]
WIDTH = 1000  # pixels

# The lesson, and how the code begins whose picture is taken.
PICTURES = {
    "01_random_baseline": "holds = [",
    "02_q_table": "plots.compare_values(",
    "03_q_network": "plots.compare_values(as_function(rescaled)",
    "04_replay_memory": "plots.compare_runs(",
    "05_target_network": "rules = {",
    "06_full_training": "solved = log.solved_at(",
    "07_is_it_luck": "parts = {",
    "08_bug_museum": 'exhibit("G")',
    "09_the_2017_tutorial": 'title = "With five-step',
    "10_your_turn": "acrobots = {",
    "11_your_own_agent": "plots.in_the_band(",
}


def picture(lesson: str, begins: str, folder: Path) -> Image.Image:
    """Execute a lesson and return what the cell shows."""
    notebook = nbformat.read(folder / f"{lesson}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    cell = next(cell for cell in notebook.cells if cell.source.startswith(begins))
    html = "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)
    data = re.search(r"data:image/png;base64,([^\"]+)", html)[1]
    return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


def main() -> None:
    """Write `docs/lessons/NN.png` for every lesson."""
    target = ROOT / "docs" / "lessons"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as copy:
        folder = copytree(ROOT / "notebooks", Path(copy) / "notebooks")
        for lesson, begins in PICTURES.items():
            image = picture(lesson, begins, folder)
            size = WIDTH, round(image.height * WIDTH / image.width)
            small = image.resize(size, Image.Resampling.LANCZOS)  # all its colours: maps need them
            small.save(target / f"{lesson[:2]}.png", optimize=True)
            print(lesson, (target / f"{lesson[:2]}.png").stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main()
