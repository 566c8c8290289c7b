"""Which sections of a lesson have been run to their end, for the view of the room (see `room`)."""

import json
import os
from pathlib import Path
from typing import Any

from IPython import get_ipython

from dqn_lib.exercises import room

SAID = "The view of the room shows which sections you have finished and what the checks say (DQN_LIB_ROOM)."


def sections_of(cells: list[dict[str, Any]]) -> dict[str, str]:
    """By the identifier of each code cell with something in it, the section that it stands in."""
    section, found = "", {}
    for cell in cells:
        lines = "".join(cell["source"]).splitlines()
        if cell["cell_type"] == "markdown":
            headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
            section = headings[-1] if headings else section
        elif cell["cell_type"] == "code" and any(map(str.strip, lines)):
            found[cell.get("id", "")] = section
    return found


class Follower:
    """Leaves a line when the last cell of a section has been run; a cell that raised has not."""

    def __init__(self, lesson: str, sections: dict[str, str]) -> None:
        self.lesson, self.sections = lesson, sections
        self._run: set[str] = set()
        self._noted: set[str] = set()

    def note_cell(self, cell: str | None, *, succeeded: bool) -> None:
        """Note that a cell has been run."""
        section = self.sections.get(cell or "")
        if not section or not succeeded or section in self._noted:
            return
        self._run.add(cell)
        if {one for one, of in self.sections.items() if of == section} <= self._run:
            self._noted.add(section)
            room.note(f"{self.lesson}: {section}", room.FINISHED, "")


def follow() -> None:
    """In a lesson's kernel, if there is a room: follow the cells that are run, and say so."""
    shell = get_ipython()
    name = Path(os.environ.get("JPY_SESSION_NAME", "")).name  # Jupyter's server sets it
    if shell is None or room.folder() is None or not name[:2].isdigit():
        return
    try:
        cells = json.loads(Path(name).read_bytes())["cells"]  # a kernel starts in its notebook's folder
        follower = Follower(f"lesson{name[:2]}", sections_of(cells))
    except (OSError, ValueError, KeyError, TypeError):  # moved or damaged: then only checks are noted
        return
    print(SAID)
    shell.events.register(
        "post_run_cell",
        lambda result: follower.note_cell(getattr(result.info, "cell_id", None), succeeded=result.success),
    )
