"""Run a notebook in a real kernel, without a browser."""

from nbclient import NotebookClient

PATIENCE = 600  # seconds for one cell


def run(lesson, folder):
    """Run all cells from top to bottom, in `folder`, and keep their outputs; raises what a cell raises."""
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(lesson, timeout=PATIENCE, kernel_name="python3", resources=resources).execute()
