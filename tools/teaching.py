"""Make the parts of `docs/teaching.md` that come from runs and from the checks: `make timings`."""

import importlib
import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "teaching.md"
SHOWN = 3  # mistakes of each exercise


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


def mistakes() -> str:
    """The first mistakes that the check of each exercise knows."""
    lines = []
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        number = path.name[:2]
        module = importlib.import_module(f"dqn_lib.exercises.lesson{number}")
        for name, exercise in vars(module).items():
            if known := getattr(exercise, "mistakes", ())[:SHOWN]:
                lines += ["", f"**Lesson {int(number)}, `{name}`**", ""]
                lines += [f"- {mistake.message}" for mistake in known]
    return "\n".join(lines[1:])


def made(text: str) -> str:
    """The guide with its two generated parts."""
    for name, part in (("timings", timings()), ("mistakes", mistakes())):
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        text = re.sub(f"{begin}.*?{end}", lambda _, new=f"{begin}\n{part}\n{end}": new, text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    GUIDE.write_text(made(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
