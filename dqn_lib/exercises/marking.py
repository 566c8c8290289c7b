"""Mark handed-in notebooks: who has solved what, the mistakes by name, and the commonest ones of a class.

Students' code is not trusted. Each notebook is run by `marking_process`, in a process of its own with limits
of time and memory, in a temporary folder and without the marker's environment variables (see `confinement`).
That stops accidents and simple tricks. Code that knows this library can still have itself marked correct, so
look at what was handed in if a mark matters; against an attacker put the whole command into a container.
"""

import contextlib
import csv
import html
import importlib
import itertools
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from dqn_lib.exercises.feedback import CORRECT, MARKS, NOT_YET, as_html
from dqn_lib.exercises.report import Report, reports_in

SECONDS = 240.0  # for one notebook
MEMORY = 3_000_000_000  # bytes
ATTEMPTS = 6  # processes for one notebook: a cell that ends one is left out of the next
LARGEST = 50_000_000  # bytes of a notebook
LONGEST_REPORT = 20_000_000  # bytes that the process of a notebook may report
KEPT = ("PATH", "SYSTEMROOT", "LANG", "PYTHONPATH")  # of the environment; nothing in them is secret
FIELDS = ("student", "notebook", "exercise", "status", "mistake", "hints", "solution", "message")


@dataclass(frozen=True)
class Mark:
    """One exercise of one notebook; `hints` and `solution` are what the notebook itself says of them."""

    exercise: str
    status: str
    mistake: str = ""
    message: str = ""
    hints: int = 0
    solution: bool = False


@dataclass
class Marked:
    """One notebook: its marks, and what prevented others."""

    notebook: str
    student: str
    marks: list[Mark] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def solved(self) -> int:
        """How many exercises are correct."""
        return sum(mark.status == CORRECT for mark in self.marks)


def notebooks_in(folder: Path) -> list[Path]:
    """The notebooks in a folder and below it, without hidden ones and checkpoints.

    Raises:
        ValueError: if it is not a folder, or there is no notebook in it.
    """
    if not folder.is_dir():
        raise ValueError(f"folder must be a folder of notebooks, got {folder}")
    handed_in = folder / "submitted"  # in the folder of nbgrader's course, beside what it hands out
    paths = sorted((handed_in if handed_in.is_dir() else folder).rglob("*.ipynb"))
    found = [path for path in paths if not any(part[0] == "." for part in path.relative_to(folder).parts)]
    if not found:
        raise ValueError(f"folder must hold notebooks, there is none in {folder}")
    return found


def student_of(path: Path, folder: Path) -> str:
    """Whose notebook it is: the first folder of its path (not nbgrader's `submitted`), or its own name."""
    parts = [part for part in path.relative_to(folder).parts if part != "submitted"]
    return parts[0] if len(parts) > 1 else path.stem


def mark_notebook(path: Path, folder: Path, *, seconds: float = SECONDS, memory: int = MEMORY) -> Marked:
    """The marks of one notebook; never raises because of what is in it."""
    marked = Marked(str(path.relative_to(folder)), student_of(path, folder))
    try:
        size = path.stat().st_size
        problem = f"it has {size / 1e6:.0f} MB, so it was not read" if size > LARGEST else ""
        path.open("rb").close()
    except OSError as error:
        problem = f"it cannot be read ({error.strerror})"
    if problem:
        marked.problems.append(problem)
        return marked
    end, left_out = time.monotonic() + seconds, []
    with tempfile.TemporaryDirectory(prefix="marking", ignore_cleanup_errors=True) as place:
        shutil.copy(path, Path(place) / "notebook.ipynb")
        for _ in range(ATTEMPTS):
            lines, ended = _run(Path(place), left_out, end, memory)
            marked.marks = [
                *{line["mark"]["exercise"]: Mark(**line["mark"]) for line in lines if "mark" in line}.values()
            ]
            problems = [line["problem"] for line in lines if "problem" in line]
            if any("done" in line for line in lines):
                marked.problems += problems
                break
            begun = next((line["begin"] for line in reversed(lines) if "begin" in line), "")
            marked.problems.append(f"{begun or 'it'} {ended}")
            if not begun or time.monotonic() > end:
                marked.problems += problems
                break
            left_out.append(begun)
    with contextlib.suppress(OSError, ValueError):  # a damaged notebook has its problem already
        marked.marks += [_of_report(page) for page in reports_in(path)[-1:]]
    return marked


def _of_report(page: Report) -> Mark:
    """The mark of lesson 11's report, which is complete or not; what it says is for a person to judge."""
    state, mistake = (NOT_YET, "unfinished") if page.missing else (CORRECT, "")
    return Mark("lesson11.report", state, mistake, repr(page))


def _run(place: Path, left_out: list[str], end: float, memory: int) -> tuple[list[dict], str]:
    """What the process reports of a notebook, line by line, and how it ended if that was too early."""
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {
        **dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), str(place)),
        "LOKY_MAX_CPU_COUNT": "1",  # joblib starts no processes
        "DQN_LIB_ANSWERS": "off",
        "DQN_LIB_COMPILE_CACHE": "off",
    }
    token = secrets.token_hex()  # a line that the notebook writes into the pipe is none of ours
    process = subprocess.Popen(
        # Without the folder on the path: a module that the notebook has written is not imported.
        [sys.executable, "-P", "-s", "-m", "dqn_lib.exercises.marking_process"], cwd=place, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    with contextlib.suppress(OSError):
        process.stdin.write(json.dumps([token, left_out]).encode() + b"\n")
        process.stdin.close()
    ended = ""
    with process.stdout as pipe, ThreadPoolExecutor(1) as reader:
        text = reader.submit(pipe.read, LONGEST_REPORT)
        while process.poll() is None:
            ended = ended or _beyond(process.pid, end, memory)
            if wait([text], 0)[0] and len(text.result()) == LONGEST_REPORT:
                ended = "writes too much"
            if ended:
                _end(process)
            time.sleep(0.05)
        _end(process)  # what it has started, too, or the pipe stays open
    lines = []
    for line in text.result().splitlines():
        with contextlib.suppress(ValueError, TypeError):
            whose, report = json.loads(line)
            lines += [report] if whose == token else []
    return lines, ended or f"ends the process (code {process.returncode})"


def _end(process: subprocess.Popen) -> None:
    """End a process and, where there are sessions, those that it has started."""
    with contextlib.suppress(OSError):  # it has ended already
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()


def _beyond(pid: int, end: float, memory: int) -> str:
    """Which limit a process has passed, if any."""
    if time.monotonic() > end:
        return "takes too long"
    try:
        used = psutil.Process(pid).memory_info().rss
    except psutil.Error:  # it has just ended
        return ""
    return f"takes more than {memory / 1e9:g} GB" if used > memory else ""


def mark_folder(
    folder: Path, *, jobs: int | None = None, progress: Callable[[Iterable], Iterable] = iter
) -> list[Marked]:
    """The marks of every notebook in a folder.

    Raises:
        ValueError: if it is not a folder, there is no notebook in it, or `jobs` is below 1.
    """
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs must be at least 1, got {jobs}")
    paths = notebooks_in(folder)
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        marked = list(progress(pool.map(lambda path: mark_notebook(path, folder), paths)))
    return [*marked, *(Marked("", name, [], ["no notebook was handed in"]) for name in empty_folders(folder))]


def empty_folders(folder: Path) -> list[str]:
    """The students whose folder is there and has no notebook in it."""
    place = folder / "submitted" if (folder / "submitted").is_dir() else folder
    own = [path for path in sorted(place.iterdir()) if path.is_dir() and path.name[0] not in "._"]
    return [path.name for path in own if not any(path.rglob("*.ipynb"))]


# --- what is written --------------------------------------------------------------------------------


def write_csv(marked: Sequence[Marked], path: Path) -> None:
    """A line for each exercise of each notebook, and one for each problem.

    Raises:
        OSError: if the file cannot be written.
    """
    with open(path, "w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        for one in marked:
            whose = {"student": _cell(one.student), "notebook": _cell(one.notebook)}
            for mark in one.marks:
                writer.writerow(whose | {name: _cell(value) for name, value in asdict(mark).items()})
            for problem in one.problems:
                writer.writerow(whose | {"status": "problem", "message": _cell(problem)})


def write_scores(marked: Sequence[Marked], path: Path) -> None:
    """A line for each student and lesson: how many exercises are solved, of how many, in nbgrader's words.

    Of several notebooks with one lesson the best one of each exercise counts. Who has handed in nothing of a
    lesson that others have, or nothing that could be read, has 0.

    Raises:
        OSError: if the file cannot be written.
    """
    best: dict[tuple[str, str], set[str]] = {}
    for one in marked:
        for mark in one.marks:
            lesson = mark.exercise.partition(".")[0]
            solved = best.setdefault((one.student, lesson), set())
            solved.update({mark.exercise} if mark.status == CORRECT else ())
    for student, (_, lesson) in itertools.product({one.student for one in marked}, list(best)):
        best.setdefault((student, lesson), set())
    with open(path, "w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow(("student_id", "assignment", "score", "max_score"))
        for (student, lesson), solved in sorted(best.items()):
            writer.writerow((_cell(student), lesson, len(solved), len(exercises_of(lesson))))


def exercises_of(lesson: str) -> list[str]:
    """The names of a lesson's exercises, such as "lesson02.cell", and of lesson 11's report."""
    module = importlib.import_module(f"dqn_lib.exercises.{lesson}")
    known = {name: one for name, one in vars(module).items() if not isinstance(one, type)}
    names = [name for name, one in known.items() if hasattr(one, "check") and hasattr(one, "hint")]
    return [f"{lesson}.{name}" for name in names] + [f"{lesson}.report"] * (lesson == "lesson11")


def _cell(value: Any) -> Any:
    """A value that a spreadsheet does not take for a formula."""
    return f"'{value}" if isinstance(value, str) and re.match(r"[=+\-@\t\r]", value) else value


def commonest_mistakes(marked: Sequence[Marked]) -> dict[str, list[tuple[list[str], str, str]]]:
    """For each exercise its mistakes as (students, identifier, an example), the commonest first."""
    found: dict[str, dict[str, tuple[list[str], str, str]]] = {}
    for one in marked:
        for mark in one.marks:
            if mark.status == NOT_YET:
                mistakes = found.setdefault(mark.exercise, {})
                entry = mistakes.setdefault(mark.mistake, ([], mark.mistake, mark.message))
                entry[0].append(one.student)
    return {
        exercise: sorted(mistakes.values(), key=lambda entry: -len(entry[0]))
        for exercise, mistakes in sorted(found.items())
    }


def _in_order(marked: Sequence[Marked]) -> list[str]:
    """The exercises that were marked, in the order of the lessons."""
    found = {mark.exercise for one in marked for mark in one.marks}
    lessons = sorted({name.partition(".")[0] for name in found})
    return [name for lesson in lessons for name in exercises_of(lesson) if name in found]


STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2em auto;max-width:90em;padding:0 1em}"
    "table{border-collapse:collapse;margin:1em 0}"
    "td,th{padding:.25em .7em;border-bottom:1px solid #ccc;text-align:left;vertical-align:top}"
    ".class{overflow-x:auto}.few{white-space:nowrap}"
)


def write_html(marked: Sequence[Marked], path: Path) -> None:
    """A page with the class as a table, and the commonest mistakes by exercise.

    Raises:
        OSError: if the file cannot be written.
    """
    exercises = _in_order(marked)
    rows = []
    for one in marked:
        by_name = {mark.exercise: mark for mark in one.marks}
        cells = [_mark_cell(by_name.get(exercise)) for exercise in exercises]
        about = (
            f"<td>{html.escape(one.student)}</td><td>{html.escape(one.notebook)}</td><td>{one.solved}</td>"
        )
        problems = html.escape("; ".join(one.problems))
        rows.append(f"<tr>{about}{''.join(cells)}<td>{problems}</td></tr>")
    names = "".join(f"<th scope='col'>{html.escape(name.replace('.', ' ', 1))}</th>" for name in exercises)
    mistakes = "".join(
        f"<h3>{html.escape(exercise)}</h3><table>"
        + "".join(
            f"<tr><td class='few'>{len(who)} ×</td><td>{as_html(message)}</td>"
            f"<td>{html.escape(', '.join(who))}</td></tr>"
            for who, _, message in found
        )
        + "</table>"
        for exercise, found in commonest_mistakes(marked).items()
    )
    legend = ", ".join(f"{mark} {status}" for status, mark in MARKS.items())
    head = "<th>student</th><th>notebook</th><th>solved</th>"
    page = (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Marks</title><style>{STYLE}</style>"
        f"<h1>Marks</h1><p>{legend}. Hints and solutions are as the notebooks say.</p>"
        f"<div class='class'><table><tr>{head}{names}<th>problems</th></tr>{''.join(rows)}</table></div>"
        f"<h2>The commonest mistakes</h2>{mistakes or '<p>None.</p>'}</html>"
    )
    path.write_text(page, encoding="utf-8", errors="backslashreplace")


def _mark_cell(mark: Mark | None) -> str:
    if mark is None:
        return "<td></td>"
    help_taken = " (solution seen)" if mark.solution else f" ({mark.hints} hints)" if mark.hints else ""
    return (
        f"<td title='{html.escape(mark.message, quote=True)}'>{MARKS.get(mark.status, '')}{help_taken}</td>"
    )
