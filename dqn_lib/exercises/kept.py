"""Keep correct answers as source, in a module of the student's own that reads as one written by hand.

It is `my_agent.py` beside the lessons, or the file that the environment variable DQN_LIB_ANSWERS names; `off`
keeps nothing. A comment above each answer says which lesson it is from, and ends with a digest of what stands
below it: an answer that was edited by hand has another digest, and is not replaced without being asked.
"""

import ast
import hashlib
import linecache
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from IPython.utils.capture import capture_output

from dqn_lib.exercises.answer_source import Piece, gather, undecorated
from dqn_lib.exercises.comparison import Rejected
from dqn_lib.exercises.sandbox import error_in_words, run_within
from dqn_lib.files import replacing

HEADER = '''"""My answers: each was found correct by its check, in the order of the lessons.

This file is yours: read it, import from it, edit it. An answer that you have edited stays as it is. Delete
the file to begin again; with the environment variable DQN_LIB_ANSWERS=off none is written.
"""
'''
MARK = re.compile(r"^# Lesson (\d+): (\w+) \((\w{6})\)$", re.MULTILINE)
SECONDS = 10  # that the file may take to run by itself
LOCK_SECONDS = 10  # another kernel holds the file for milliseconds


@dataclass(frozen=True)
class Section:
    """An answer in the file, with what was written below it."""

    lesson: int
    name: str
    digest: str
    source: str

    @property
    def edited(self) -> bool:
        """Whether it was changed since it was kept."""
        return digest(self.source) != self.digest

    @property
    def text(self) -> str:
        """How it stands in the file."""
        return f"# Lesson {self.lesson}: {self.name} ({self.digest})\n{self.source.strip()}\n"

    @property
    def order(self) -> tuple[int, int]:
        """Its place among the answers: by lesson, then as the lesson asks for them."""
        names = exercises_of(self.lesson)
        return self.lesson, names.index(self.name) if self.name in names else -1


def digest(source: str) -> str:
    """Six digits that change with the text."""
    return hashlib.sha256(source.strip().encode()).hexdigest()[:6]


def path() -> Path | None:
    """The file of kept answers; None if they are not to be kept."""
    name = os.environ.get("DQN_LIB_ANSWERS", "my_agent.py")
    return None if name in ("", "off") else Path(name).resolve()


def split(text: str) -> tuple[str, list[Section]]:
    """What stands above the first answer, and the answers."""
    pieces = MARK.split(text)
    groups = zip(*[iter(pieces[1:])] * 4, strict=True)
    return pieces[0], [Section(int(lesson), name, mark, source) for lesson, name, mark, source in groups]


# --- the file ---------------------------------------------------------------------------------------


def keep(
    lesson: int, name: str, answer: Any, recheck: Callable[[Any], bool], *, replace: bool = False
) -> str:
    """Put a correct answer into the file of kept answers; returns what to tell the student, never raises.

    Args:
        lesson: the number of its lesson.
        name: the name of the exercise.
        answer: the function or class.
        recheck: whether the answer is right, asked of what the new file holds under this name.
        replace: whether it replaces one that was edited by hand, of which a copy stays beside the file.
    """
    file = path()
    if file is None or getattr(undecorated(answer), "__module__", "") != "__main__":  # not from a notebook
        return ""
    try:
        if not file.parent.is_dir():
            raise FileNotFoundError(0, "its folder does not exist")
        with FileLock(file.with_name(f".{file.name}.lock"), timeout=LOCK_SECONDS):
            return _keep(file, lesson, name, answer, recheck, replace)
    except Rejected as problem:
        return f"It is not kept in `{file.name}`: {problem}."
    except Timeout:
        return f"It is not kept: another kernel has been writing to `{file.name}` for {LOCK_SECONDS} seconds."
    except Exception as problem:  # whatever is wrong with the file, the verdict stands
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else problem
        return f"It is not kept: `{file.name}` cannot be written ({reason})."


def _keep(
    file: Path, lesson: int, name: str, answer: Any, recheck: Callable[[Any], bool], replace: bool
) -> str:
    text = read(file)
    preamble, sections = split(text or HEADER)
    old = next((one for one in sections if one.name == name), None)
    if old and old.lesson > lesson:
        return f"`{file.name}` keeps your answer to `{name}` of lesson {old.lesson}."
    if old is None and name in defined(text):
        raise Rejected(f"you have written a `{name}` there yourself, which stays as it is")
    piece = gather(name, answer, {*exercises_of(lesson)} - {name})
    source = "\n\n\n".join(piece.definitions.values())
    if old and old.source.strip() == source:
        return f"It is kept in `{file.name}`."
    if old and old.edited and not replace:
        raise Rejected(
            f"the `{name}` there was edited by hand and stays as it is. `lesson.{name}.keep({name})` "
            "replaces it"
        )
    others = [one for one in sections if one is not old]
    _require_no_conflict(piece, preamble, others)
    new = Section(lesson, name, digest(source), source)
    ordered = sorted([*others, new], key=lambda one: one.order)
    whole = "\n\n".join(
        [with_imports(preamble, piece.imports).strip() + "\n", *(one.text for one in ordered)]
    )
    _require_right(whole, file, name, recheck)
    copy = backup(file) if old and old.edited else None
    with replacing(file) as output:
        output.write(whole.encode())
    if text is None:
        return f"It is kept in `{file.name}`, a new file beside the lesson, for your own agent in lesson 11."
    return f"It is kept in `{file.name}`" + (f"; the former file is now `{copy.name}`." if copy else ".")


def read(file: Path) -> str | None:
    """The text of the file; None if there is none.

    Raises:
        Rejected: if it is not Python, or may not be written.
    """
    try:
        text = file.read_text(encoding="utf-8")
        ast.parse(text)
    except FileNotFoundError:
        return None
    except SyntaxError as problem:
        raise Rejected(
            f"line {problem.lineno} of that file is not Python ({problem.msg}), so it was left as it is. "
            "Mend or rename it, and check again"
        ) from None
    except ValueError:  # no UTF-8, or with zeros in it
        raise Rejected("that file is damaged, so it was left as it is. Rename it, and check again") from None
    if not os.access(file, os.W_OK):
        raise PermissionError(0, "the file is read-only")
    return text


def defined(text: str | None) -> set[str]:
    """The names of the functions, classes and constants of a module."""
    body = ast.parse(text or "").body
    made = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assigned = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    return made | {target.id for target in assigned if isinstance(target, ast.Name)}


def exercises_of(lesson: int) -> list[str]:
    """The names of a lesson's exercises, in its order, if the lesson is in use."""
    module = sys.modules.get(f"dqn_lib.exercises.lesson{lesson:02d}")
    return [name for name, thing in vars(module).items() if hasattr(thing, "solution")] if module else []


def _require_no_conflict(piece: Piece, preamble: str, others: list[Section]) -> None:
    """Raise `Rejected` if something that an answer needs has another meaning in the file, or is missing."""
    for name, source in piece.answers.items():
        section = next((one for one in others if one.name == name), None)
        if section is None or (source not in section.source and not section.edited):
            state = "an older one" if section else "not there yet"
            raise Rejected(f"it uses `{name}`, which is {state}. Check `{name}` first")
    for name, source in piece.definitions.items():
        for section in others:
            if name in defined(section.source) and source not in section.source:
                raise Rejected(f"`{name}` is something else in your answer to `{section.name}`: rename one")
        if name in defined(preamble):
            raise Rejected(f"`{name}` is something else at the top of that file: rename one")


def with_imports(preamble: str, imports: list[str]) -> str:
    """The top of the file with the imports that it lacks."""
    lines, tree = preamble.rstrip().splitlines(), ast.parse(preamble)
    present = {ast.unparse(node) for node in tree.body}
    missing = [one for one in dict.fromkeys(imports) if one not in present]
    if not missing:
        return preamble
    after = [node.end_lineno for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    docstring = tree.body[0].end_lineno if ast.get_docstring(tree) is not None else 0
    place = after[-1] if after else docstring
    gap = [""] if not after and place else []
    return "\n".join([*lines[:place], *gap, *sorted(missing, key=_style), *lines[place:]])


def _style(statement: str) -> tuple[bool, str]:
    return statement.startswith("from"), statement


def _require_right(whole: str, file: Path, name: str, recheck: Callable[[Any], bool]) -> None:
    """Raise `Rejected` unless the new file, run by itself, has a right answer under this name."""
    virtual = f"{file.name} (new)"
    linecache.cache[virtual] = (len(whole), None, whole.splitlines(keepends=True), virtual)
    names: dict[str, Any] = {"__name__": file.stem}
    try:
        with capture_output():  # what it prints, the check has shown already
            run_within(SECONDS, lambda: exec(compile(whole, virtual, "exec"), names))
            right = recheck(names[name])
    except Exception as problem:
        raise Rejected(f"run by itself, {error_in_words(problem, lambda: None, {})}") from None
    if not right:
        raise Rejected(
            f"by itself, without the rest of the notebook, `{name}` is not right. Does it use something "
            "that the notebook has changed?"
        )


def backup(file: Path) -> Path:
    """Copy the file to the first free name `my_agent.1.py`, `my_agent.2.py` ..."""
    for number in range(1, 1_000):
        copy = file.with_name(f"{file.stem}.{number}{file.suffix}")
        if not copy.exists():
            return Path(shutil.copy2(file, copy))
    raise OSError(0, f"there are {number} copies already")


# --- what there is ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """The answers in the file; JupyterLab shows them with their source."""

    sections: tuple[Section, ...]
    note: str

    def __iter__(self) -> Iterator[Section]:
        return iter(self.sections)

    def __repr__(self) -> str:
        return "\n\n".join([self.note, *(one.text for one in self.sections)])

    def _repr_markdown_(self) -> str:
        blocks = (
            f"<details><summary>Lesson {one.lesson}: <code>{one.name}</code>"
            f"{' (edited)' * one.edited}</summary>\n\n```python\n{one.source.strip()}\n```\n\n</details>"
            for one in self.sections
        )
        return "\n\n".join([self.note, *blocks])


def kept(*names: str) -> Kept:
    """The answers that are kept, all of them or those of these names; never raises."""
    file = path()
    if file is None:
        return Kept((), "Answers are not kept: the environment variable DQN_LIB_ANSWERS is `off`.")
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, ValueError) as problem:
        return Kept((), f"`{file.name}` cannot be read ({problem}). It was left as it is.")
    found = tuple(one for one in split(text)[1] if not names or one.name in names)
    if not found:
        which = "none of these answers" if text else "no answer"
        return Kept((), f"So far {which} is kept: `{file.name}` begins with the first correct one.")
    count = "1 answer" if len(found) == 1 else f"{len(found)} answers"
    return Kept(found, f"{count} of yours in `{file.name}`:")
