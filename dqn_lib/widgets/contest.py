"""A contest for a class: names and scores in a file, beside the widget in which they are won."""

import html
import json
import os
import time
from pathlib import Path
from typing import Any

import traitlets as t
from filelock import FileLock, Timeout

from dqn_lib.files import append
from dqn_lib.widgets.assets import esm
from dqn_lib.widgets.base import LessonWidget

SHOWN = 8  # entries
LONGEST_NAME = 24  # letters
LOCK_SECONDS = 10  # another kernel holds the file for milliseconds


class Contest(LessonWidget):
    """The best of a class, fewest steps first, and a field for the name of whoever has just scored.

    The entries of all games are lines of one file, to which many kernels may write at once. The table shows
    those of this `game` since the latest `begin_class`.

    Args:
        game: what is played, such as "drive".
        path: the file; by default `contest.jsonl` beside the notebook, or the file that the environment
            variable DQN_LIB_CONTEST names.

    Raises:
        ValueError: if `path` lies in a folder that does not exist, or is a folder itself.
        OSError: if the file cannot be read.
    """

    _esm = esm("contest.js")
    explanation = "The best of the class, and a field for the name of whoever has scored."

    title = t.Unicode().tag(sync=True)
    rows = t.List().tag(sync=True)
    offer = t.Unicode().tag(sync=True)
    message = t.Unicode().tag(sync=True)

    def __init__(self, game: str, title: str, path: str | Path | None = None) -> None:
        self.path = contest_file(path)
        if not self.path.parent.is_dir():
            raise ValueError(f"path must lie in a folder that exists, got {self.path}")
        if self.path.is_dir():
            raise ValueError(f"path must be a file, got the folder {self.path}")
        self.game = game
        self.score: int | None = None  # steps, until a name is given
        super().__init__(title=title)
        self.on_msg(lambda _, content, __: self._receive(content))
        self.refresh()

    def offer_score(self, steps: int, words: str) -> None:
        """Ask for a name for a score of so many steps, described in `words`."""
        self.score, self.offer, self.message = steps, words, ""

    def withdraw(self) -> None:
        """Take back an offered score for which no name was given."""
        self.score, self.offer, self.message = None, "", ""

    def enter(self, name: str) -> None:
        """Write the offered score into the file under a name.

        Raises:
            ValueError: if no score is offered, or `name` is empty or too long.
            OSError: if the file cannot be written; the score can be entered again.
        """
        name = " ".join(name.split()) if isinstance(name, str) else name
        if self.score is None:
            raise ValueError("a score is needed first, there is none")
        if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
            raise ValueError(f"name must have 1 to {LONGEST_NAME} letters, got {name!r}")
        offered = self.score
        _write(self.path, {"game": self.game, "name": name, "steps": offered})
        if self.score == offered:  # else there is a new one meanwhile
            self.score, self.offer = None, ""
        self.refresh()

    def refresh(self) -> None:
        """Show what is in the file now.

        Raises:
            OSError: if it cannot be read.
        """
        best: dict[str, int] = {}
        for entry in self._entries():
            best[entry["name"]] = min(entry["steps"], best.get(entry["name"], entry["steps"]))
        ranked = sorted(best.items(), key=lambda pair: pair[1])
        self.rows = [[name, steps] for name, steps in ranked[:SHOWN]]

    def still(self) -> str:
        """The names and scores."""
        items = "".join(f"<li>{html.escape(name)}: {steps:,}</li>" for name, steps in self.rows)
        return f"<p>{html.escape(self.title)}</p><ol>{items}</ol>"

    def _entries(self) -> list[dict[str, Any]]:
        """The entries of this game and class; damaged lines are left out."""
        found: list[dict[str, Any]] = []
        for line in self.path.read_bytes().splitlines() if self.path.exists() else ():
            try:
                entry = json.loads(line)
                if "begin" in entry:
                    found = []
                elif entry["game"] == self.game:
                    found.append({"name": str(entry["name"]), "steps": int(entry["steps"])})
            except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
                continue
        return found

    def _receive(self, content: Any) -> None:
        """A name from the page; what is wrong with it is said there."""
        if not isinstance(content, dict) or "name" not in content:
            return
        try:
            self.enter(content["name"])
            self.message = ""
        except (ValueError, OSError) as problem:
            self.message = f"Not entered: {problem}."


def begin_class(path: str | Path | None = None) -> None:
    """From now on the tables show new entries only; all are kept in the file.

    Raises:
        OSError: if the file cannot be written.
    """
    _write(contest_file(path), {"begin": True})


def contest_file(path: str | Path | None = None) -> Path:
    """The file of a contest: `path`, or what the environment says, or `contest.jsonl` beside the notebook."""
    return Path(path or os.environ.get("DQN_LIB_CONTEST", "contest.jsonl")).resolve()


def _write(path: Path, entry: dict[str, Any]) -> None:
    """Append a line to the file of a contest; raises an `OSError` if it cannot be written."""
    line = json.dumps(entry | {"time": time.time()}).encode()
    try:
        with FileLock(f"{path}.lock", timeout=LOCK_SECONDS):
            append(path, b"\n" + line + b"\n")  # the file may end in the middle of a line
    except Timeout:
        raise OSError(f"{path} is being written by another kernel") from None
