"""The process that runs one handed-in notebook for `marking`, and reports line by line what it finds.

It runs the cells of the exercises as they are, and of all others only imports, definitions, constants, and
what an answer refers to by its name: nothing is trained. Then the exercises are imported again, so that a
`check` that the notebook has replaced is gone, and each answer is judged.
"""

import ast
import builtins
import contextlib
import importlib
import json
import linecache
import os
import re
import symtable
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dqn_lib.exercises.confinement import confine, watch

FOR_A_CELL = 10.0  # seconds
EXERCISE_NAME = re.compile(r"lesson(\d\d)\.(\w+)")
LONGEST = 600  # characters of a message


@dataclass(frozen=True)
class Cell:
    """A code cell: its number among all cells, its source, and the exercise that its metadata names."""

    number: int
    source: str
    exercise: str

    @property
    def name(self) -> str:
        """What to call it in a report."""
        return f"cell {self.number}"

    @property
    def tree(self) -> list[ast.stmt]:
        """Its statements; if need be without IPython's lines; empty if the rest is not Python either."""
        lines = ["" if re.match(r"\s*[%!?]|.*\?\s*$", line) else line for line in self.source.splitlines()]
        for text in (self.source, "\n".join(lines)):
            with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                return ast.parse(text).body
        return []

    @property
    def defined(self) -> list[str]:
        """The names that it defines."""
        made = [node.name for node in self.tree if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        targets = [target for node in self.tree if isinstance(node, ast.Assign) for target in node.targets]
        return made + [target.id for target in targets if isinstance(target, ast.Name)]


def cells_of(notebook: Any) -> list[Cell]:
    """The code cells of a notebook.

    Raises:
        ValueError: if it is not a notebook.
    """
    try:
        found = []
        for number, cell in enumerate(notebook["cells"]):
            if cell.get("cell_type") == "code":
                source = cell.get("source", "")
                named = cell.get("metadata", {}).get("dqn_lib", {}).get("exercise", "")
                text = source if isinstance(source, str) else "".join(source)
                found.append(Cell(number, text, named if EXERCISE_NAME.fullmatch(str(named)) else ""))
        return found
    except (TypeError, KeyError, AttributeError) as problem:
        raise ValueError(f"it is not a notebook: {type(problem).__name__}: {problem}") from None


def lesson_of(cells: list[Cell], notebook: Any) -> str:
    """The number of the lesson, as two digits: by the exercises' names, the set-up cell, or the title."""
    for cell in cells:
        if cell.exercise:
            return EXERCISE_NAME.fullmatch(cell.exercise)[1]
    for cell in cells:
        if found := re.search(r"import lesson(\d\d)", cell.source):
            return found[1]
    for cell in notebook["cells"]:
        if found := re.match(r"# (\d+) ·", "".join(cell.get("source", ""))):
            return f"{int(found[1]):02}"
    raise ValueError("it is none of the lessons: no exercise, no set-up cell and no title of theirs is in it")


def names_in(assignment: ast.Assign | ast.AnnAssign) -> set[str]:
    """The names that an assignment makes."""
    targets = assignment.targets if isinstance(assignment, ast.Assign) else [assignment.target]
    nodes = [node for target in targets for node in ast.walk(target)]
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def definitions(cell: Cell) -> Iterator[ast.stmt]:
    """The imports, definitions and constants of a cell."""
    for node in cell.tree:
        constant = False
        if isinstance(node, ast.Assign | ast.AnnAssign):
            with contextlib.suppress(ValueError, TypeError, MemoryError, RecursionError):
                constant = ast.literal_eval(node.value) is not ...
        if constant or isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
            yield node


def globals_of(statements: list[ast.stmt]) -> set[str]:
    """The names that some statements, and the functions in them, take from the notebook."""
    text = ast.unparse(ast.Module(statements, type_ignores=[]))
    tables, found = [symtable.symtable(text, "cell", "exec")], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        used = [one for one in table.get_symbols() if one.is_referenced()]
        found |= {one.get_name() for one in used if table.get_type() == "module" or one.is_global()}
    return found


class Notebook:
    """Runs the cells of a notebook, and keeps what they define."""

    def __init__(self, cells: list[Cell], report: Any, left_out: list[str]) -> None:
        self.cells, self.report, self.left_out = cells, report, left_out
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.answers: dict[str, Any] = {}
        self.problems: dict[str, tuple[str, str]] = {}  # of an exercise's cell: identifier and message

    def asked_in(self, cell: Cell, exercises: list[str]) -> list[str]:
        """The exercises that a cell answers: by its metadata, or near the end by what it defines."""
        if cell.exercise:
            named = cell.exercise.partition(".")[2]
            return [name for name in exercises if name == named or name in cell.defined]
        named_anywhere = any(one.exercise for one in self.cells)
        at_the_end = cell.number > min(one.number for one in self.cells if one.exercise or not named_anywhere)
        return [name for name in exercises if at_the_end and name in cell.defined]

    def run(self, exercises: list[str]) -> None:
        """Run every cell, and note the answers; of several the last that is not blank counts."""
        for cell in self.cells:
            asked = self.asked_in(cell, exercises)
            if not asked:
                for node in definitions(cell):
                    self._execute(cell, [node])
                continue
            self._provide(cell, cell.tree, set())
            if cell.name in self.left_out:
                problem = "ends-the-process", f"{cell.name} ended the process"
            else:
                self.report(begin=cell.name)
                problem = self._execute(cell, cell.tree)
            if problem[0] and cell.name not in self.left_out:
                self.report(problem=problem[1])
            for name in asked:
                self._note(name, cell, problem)

    def _provide(self, own: Cell, statements: list[ast.stmt], tried: set[str]) -> None:
        """Run what other cells assign to names that statements of a cell refer to and that are missing."""
        for name in sorted(globals_of(statements) - self.names.keys() - set(dir(builtins)) - tried):
            tried.add(name)
            for cell in self.cells:
                for node in cell.tree if cell is not own else ():
                    if isinstance(node, ast.Assign | ast.AnnAssign) and name in names_in(node):
                        self._provide(cell, [node], tried)
                        self._execute(cell, [node])

    def _note(self, name: str, cell: Cell, problem: tuple[str, str]) -> None:
        """Keep what a cell has made for an exercise, unless it is blank."""
        from dqn_lib.exercises.sandbox import is_blank

        made = self.names.get(name, self.names.get(cell.defined[-1]) if cell.defined else None)
        if problem[0]:
            self.problems[name] = problem
        if made is not None and made is not ... and not (callable(made) and is_blank(made)):
            self.answers[name] = made

    def _execute(self, cell: Cell, statements: list[ast.stmt]) -> tuple[str, str]:
        """Execute some statements of a cell; returns an identifier and words for what is wrong, if it is."""
        from dqn_lib.exercises.sandbox import TimeLimitExceeded, run_within

        if not statements and cell.source.strip():
            return "no-python", f"{cell.name} is not Python"
        file = f"<{cell.name}>"
        linecache.cache[file] = (len(cell.source), None, cell.source.splitlines(keepends=True), file)
        module = ast.Module(statements, type_ignores=[])
        try:
            run_within(FOR_A_CELL, lambda: exec(compile(module, file, "exec"), self.names))
        except TimeLimitExceeded as problem:
            return "takes-too-long", f"{cell.name}: {problem}"
        except BaseException as problem:
            kind = type(problem).__name__
            return f"raises-{kind}", f"{cell.name} raises {kind}: {str(problem)[:LONGEST]}"
        return "", ""


def help_taken(notebook: Any, exercise: str) -> dict[str, Any]:
    """What the verdicts in the notebook's outputs say of hints and solutions."""
    from dqn_lib.exercises.feedback import MIME

    hints, solution = 0, False
    for cell in notebook["cells"]:
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            data = output.get("data") if isinstance(output, dict) else None
            found = data.get(MIME) if isinstance(data, dict) else None
            if isinstance(found, dict) and found.get("exercise") == exercise:
                given = found.get("hints")
                hints = max(hints, given if isinstance(given, int) else 0)
                solution |= found.get("solution") is True
    return {"hints": hints, "solution": solution}


def judge(lesson: str, run: Notebook, notebook: Any, report: Any, left_out: list[str]) -> None:
    """Judge the answers with freshly imported exercises."""
    for name in [name for name in sys.modules if name.startswith("dqn_lib.exercises")]:
        del sys.modules[name]
    module = importlib.import_module(f"dqn_lib.exercises.lesson{lesson}")
    kinds = importlib.import_module("dqn_lib.exercises.exercise")
    for name, exercise in vars(module).items():
        if not (isinstance(exercise, kinds.Exercise) or name == "my_three"):
            continue
        full = f"lesson{lesson}.{name}"
        about = {"exercise": full, **help_taken(notebook, full)}
        if full in left_out:
            report(mark=about | {"status": kinds.NOT_YET, "mistake": "ends-the-process"})
            continue
        if name not in run.answers and name in run.problems:
            mistake, message = run.problems[name]
            report(mark=about | {"status": kinds.NOT_YET, "mistake": mistake, "message": message})
            continue
        report(begin=full)
        if getattr(run.answers.get(name), "__module__", "") == module.__name__:
            words = "it is the library's own answer, not one written in the notebook"
            report(mark=about | {"status": kinds.NOT_YET, "mistake": "not-written", "message": words})
            continue
        check = getattr(exercise, "judge", exercise.check)
        verdict = check(run.answers[name]) if name in run.answers else check()
        result = {"status": verdict.status, "mistake": verdict.mistake, "message": verdict.message[:LONGEST]}
        report(mark=about | result)


def main() -> None:
    """Read the notebook in this folder, and report to what was the standard output."""
    token, left_out = json.loads(sys.stdin.readline())
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # where whatever the notebook prints goes

    def report(**line: Any) -> None:
        pipe.write(json.dumps([token, line]).encode() + b"\n")

    place = Path.cwd()
    confine(os.path.realpath(place))  # before TensorFlow starts threads of its own
    try:
        notebook = json.loads((place / "notebook.ipynb").read_bytes())
        cells = cells_of(notebook)
        lesson = lesson_of(cells, notebook)
        module = importlib.import_module(f"dqn_lib.exercises.lesson{lesson}")
    except (ValueError, ImportError, RecursionError, TypeError, AttributeError) as problem:
        damaged = isinstance(problem, json.JSONDecodeError | UnicodeDecodeError)
        words = f"the file is damaged, ask for it again ({problem})" if damaged else str(problem)
        report(problem=words[:LONGEST])
        report(done=True)
        return
    asked = [name for name, thing in vars(module).items() if hasattr(thing, "solution") or name == "my_three"]
    if lesson > "02":
        importlib.import_module("dqn_lib.agents.dqn")  # TensorFlow starts programs while it is imported
    watch(os.path.realpath(place))
    run = Notebook(cells, report, left_out)
    run.run(asked)
    judge(lesson, run, notebook, report, left_out)
    report(done=True)
    os._exit(0)  # whatever threads the notebook has left behind


if __name__ == "__main__":
    main()
