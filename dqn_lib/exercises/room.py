"""Who is stuck: with DQN_LIB_ROOM in the environment, checks and finished sections leave lines in a folder.

Off unless the variable names a folder, and the student is told. Nothing goes over the network, and there are
no names but those that a JupyterHub gives. Each kernel appends to a file of its own, so no line is lost.
"""

import itertools
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dqn_lib.files import append

SEAT = os.environ.get("JUPYTERHUB_USER") or f"seat {secrets.token_hex(2)}"
TOLD = "The view of the room shows this verdict (DQN_LIB_ROOM)."
FINISHED = "finished"  # the status of a section
STUCK = 3  # wrong answers to one exercise, after which a student may need help
FILE = re.sub(r"[^\w.-]", "_", f"{SEAT}-{os.getpid()}") + ".jsonl"
_told = itertools.count()


def folder() -> Path | None:
    """The folder of the room; None if there is none."""
    name = os.environ.get("DQN_LIB_ROOM", "")
    return Path(name) if name else None


def note(exercise: str, status: str, mistake: str) -> str:
    """Leave a line about a check; returns what to tell the student about it, never raises."""
    place = folder()
    if place is None:
        return ""
    line = {"time": time.time(), "who": SEAT, "exercise": exercise, "status": status, "mistake": mistake}
    try:
        append(place / FILE, json.dumps(line).encode() + b"\n")
    except OSError as problem:
        return f"The view of the room could not be told: {problem.strerror}."
    return TOLD if next(_told) == 0 else ""


def lines_in(place: Path) -> Iterator[dict[str, Any]]:
    """What has been noted in a room, in the order of time; damaged lines are left out.

    Raises:
        ValueError: if it is not a folder.
    """
    if not place.is_dir():
        raise ValueError(f"folder must be the folder of a room, got {place}")
    found = []
    for path in place.glob("*.jsonl"):
        try:
            texts = path.read_bytes().splitlines()
        except OSError:  # a folder of that name, or a file that only its student may read
            continue
        for text in texts:
            try:
                line = json.loads(text)
                words = {name: _plain(line[name]) for name in ("who", "exercise", "status", "mistake")}
                found.append({"time": float(line["time"]), **words})
            except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
                continue
    yield from sorted(found, key=lambda line: line["time"])


def _plain(value: Any) -> str:
    """A value as text that a terminal only prints: no line breaks, no control characters."""
    return re.sub(r"[^ -~\u00a0-\uffff]", " ", str(value))[:80]


@dataclass
class Seat:
    """Where one student is: the exercise of the latest check, how it went, and since when."""

    who: str
    section: str  # the latest finished one
    exercise: str
    status: str
    mistake: str
    wrong: int  # answers in a row to this exercise
    solved: int  # exercises so far
    time: float


def seats(lines: Iterator[dict[str, Any]]) -> list[Seat]:
    """Where each student is, those who need help first."""
    found: dict[str, Seat] = {}
    right_ones: dict[str, set[str]] = {}
    for line in lines:
        who, exercise = line["who"], line["exercise"]
        old = found.setdefault(who, Seat(who, "", "", "", "", 0, 0, line["time"]))
        if line["status"] == FINISHED:
            old.section, old.time = exercise, line["time"]
            continue
        right = line["status"] == "correct"
        before = old.wrong if old.exercise == exercise else 0
        wrong = 0 if right else before + (line["status"] == "not yet")  # a blank is no wrong answer
        right_ones.setdefault(who, set()).update({exercise} if right else ())
        found[who] = Seat(
            who,
            old.section,
            exercise,
            line["status"],
            line["mistake"],
            wrong,
            len(right_ones[who]),
            line["time"],
        )
    return sorted(found.values(), key=lambda seat: (-seat.wrong, seat.who))


def table(place: Path) -> str:
    """The room as a table: who, where, how many wrong answers there, the mistake, and minutes since then."""
    rows = [("", "who", "section finished", "exercise", "status", "wrong", "solved", "minutes", "mistake")]
    for seat in seats(lines_in(place)):
        minutes = f"{(time.time() - seat.time) / 60:.0f}"
        mark = "!" if seat.wrong >= STUCK else ""
        counts = str(seat.wrong), str(seat.solved), minutes
        rows.append((mark, seat.who, seat.section, seat.exercise, seat.status, *counts, seat.mistake))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
