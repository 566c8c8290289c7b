"""Make the parts of `docs/teaching.md` that come from runs and from the checks: `make timings`."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from dqn_lib.exercises.prediction import Prediction

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "teaching.md"
SHOWN = 3  # mistakes of each exercise
CLASS, MINUTES = 30, 45  # students, and minutes that they spend on lesson 6
SLIDERS = (
    "The slider is one that Python acts on; those that need no learning are answered in the page, whatever "
    "the hub does."
)


def timings() -> str:
    """A table of the lessons with their seconds and their slowest cells."""
    lessons = json.loads((ROOT / "benchmarks" / "results" / "lessons.json").read_text(encoding="utf-8"))
    rows = ["| lesson | all cells | cells of more than two seconds |", "|---|---|---|"]
    for lesson in lessons["lessons"]:
        slow = "; ".join(f"`{source}` {seconds:.0f} s" for source, seconds in lesson["slow_cells"])
        rows.append(f"| {lesson['lesson']} | {lesson['seconds']:.0f} s | {slow.replace('|', '') or 'none'} |")
    machine = lessons["machine"]
    note = f"Without a browser, on {machine['cores']} cores ({machine['processor']}), one lesson at a time."
    return "\n".join([*rows, "", note])


def lesson_modules() -> Iterator[tuple[str, ModuleType]]:
    """The number of each lesson, and the module of its exercises."""
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        yield path.name[:2], importlib.import_module(f"dqn_lib.exercises.lesson{path.name[:2]}")


def mistakes() -> str:
    """The first mistakes that the check of each exercise knows."""
    lines = []
    for number, module in lesson_modules():
        for name, exercise in vars(module).items():
            if known := getattr(exercise, "mistakes", ())[:SHOWN]:
                lines += ["", f"**Lesson {int(number)}, `{name}`**", ""]
                lines += [f"- {mistake.message}" for mistake in known]
    return "\n".join(lines[1:])


def questions() -> str:
    """The questions of each lesson: what is right, and what tempts."""
    lines = []
    for number, module in lesson_modules():
        for asked in vars(module).values():
            if isinstance(asked, Prediction):
                right = " or ".join(choice.text for choice in asked.choices if choice.right)
                tempting = "; ".join(choice.text for choice in asked.choices if not choice.right)
                lines.append(f"- Lesson {int(number)}: {asked.question} **{right}**. Tempting: {tempting}.")
    return "\n".join(lines)


def hub() -> str:
    """What a hub needs: measured for one student and for small classes, reckoned for thirty."""
    found = json.loads((ROOT / "benchmarks" / "results" / "hub.json").read_text(encoding="utf-8"))
    rows = ["| one student has | private MB | resident MB |", "|---|---|---|"]
    rows += [
        f"| {name} | {one['private']} | {one['resident']} |" for name, one in found["one_student_mb"].items()
    ]
    rows += ["", "Each row holds all above it, and the server's part is in every row.", ""]
    heads = (
        "students", "private MB each", "all together MB", "lesson down to the panel, s", "of it computing, s",
        "-110 after, s", "slider to picture, ms (95 %)",
    )  # fmt: skip
    rows += [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for one in found["classes"]:
        private = one["private_mb"] if one["students"] > 1 else "(alone, all is private)"
        answer = f"{one['answer_ms']['median']} ({one['answer_ms']['p95']})"
        cells = (
            one["students"], private, one["all_mb"], one["lesson_seconds"], one["lesson_processor_seconds"],
            one["solved_seconds"], answer,
        )  # fmt: skip
        rows.append(f"| {' | '.join(map(str, cells))} |")
    machine = found["machine"]
    rows += ["", f"On {machine['cores']} cores ({machine['processor']}), over plain HTTP. {SLIDERS}", ""]
    return "\n".join(rows + for_thirty(found))


def for_thirty(found: dict[str, Any]) -> list[str]:
    """The table for a class of thirty; each number with what it assumes."""
    largest, disk = found["classes"][-1], found["disk"]
    private, resident, hub_mb = largest["private_mb"], largest["resident_mb"], largest["hub_mb"]
    shared = (CLASS * private + resident - private + hub_mb) / 1000
    apart = (CLASS * resident + hub_mb) / 1000
    each = largest["lesson_processor_seconds"]
    copy = disk["lessons_mb"] + largest["cache_mb"]
    rows = [
        (f"for {CLASS} students", "", "it assumes"),
        ("---", "---", "---"),
        (
            "memory, one host, one installation",
            f"{shared:.0f} GB",
            f"{CLASS} times {private} MB private, the libraries once, the hub",
        ),
        ("memory, nothing shared", f"{apart:.0f} GB", f"{CLASS} times {resident} MB resident"),
        (
            "cores, on average",
            f"{CLASS * each / (60 * MINUTES):.1f}",
            f"lesson 6 once in {MINUTES} minutes, {each:.0f} s of computing each",
        ),
        (
            "all run it from the top at once, 4 cores",
            f"{CLASS * each / 240:.1f} minutes",
            "the same computing",
        ),
        ("the same, 16 cores", f"{CLASS * each / 960:.1f} minutes", "the same computing"),
        (
            "disk, once",
            f"{disk['installation_mb'] / 1000:.1f} GB",
            "this environment, with what the tests and the hub need",
        ),
        ("disk, each student", f"{copy:.0f} MB", "a copy of the lessons, and the compile cache"),
    ]
    return [f"| {' | '.join(row)} |" for row in rows]


def made(text: str) -> str:
    """The guide with its generated parts."""
    parts = {"timings": timings(), "questions": questions(), "mistakes": mistakes(), "hub": hub()}
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        text = re.sub(f"{begin}.*?{end}", lambda _, new=f"{begin}\n{part}\n{end}": new, text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    GUIDE.write_text(made(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
