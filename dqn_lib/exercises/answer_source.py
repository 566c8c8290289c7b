"""The source of an answer, with the imports, helpers and constants of the notebook that it uses."""

import ast
import builtins
import contextlib
import inspect
import linecache
import symtable
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from dqn_lib.exercises.comparison import Rejected, kind_of

BACKEND = "dqn_lib.agents.backend"  # where the lessons take `tf` and `keras` from


@dataclass
class Piece:
    """An answer's source, with the imports and the definitions that it needs."""

    imports: list[str] = field(default_factory=list)
    definitions: dict[str, str] = field(default_factory=dict)  # as they are needed, the answer last
    answers: dict[str, str] = field(default_factory=dict)  # of the same lesson, which are kept by themselves


def gather(name: str, answer: Any, apart: set[str]) -> Piece:
    """The source of an answer and of everything of the notebook's that it uses.

    Args:
        name: the name of the exercise.
        answer: the function or class.
        apart: names that have answers of their own, which are not repeated.

    Raises:
        Rejected: if something cannot be kept; the message says why.
    """
    piece = Piece()
    _add(piece, name, answer, apart, {})
    if (own := name_of(answer)) != name:
        piece.definitions[name] += f"\n\n\n{name} = {own}"
    return piece


def _add(piece: Piece, name: str, thing: Any, apart: set[str], around: dict[str, Any]) -> None:
    source, names = source_of(name, thing, around)
    piece.definitions[name] = ""  # a function may use itself, or two each other
    for used in sorted(used_names(source) - {name, name_of(thing)}):
        if used in piece.definitions or used not in names:
            continue
        value = names[used]
        if used in apart:
            piece.answers[used] = source_of(used, value, names)[0]
        elif statement := import_of(used, value):
            piece.imports.append(statement)
        elif inspect.isroutine(undecorated(value)) or inspect.isclass(value):
            _add(piece, used, value, apart, names)
        elif (written := _written(value)) is not None:
            piece.definitions[used] = f"{used} = {written}"
            if written.startswith("np."):
                piece.imports.append("import numpy as np")
        else:
            raise Rejected(f"it uses `{used}`, {kind_of(value)}, which cannot be written into a file")
    del piece.definitions[name]
    piece.definitions[name] = source


def source_of(name: str, thing: Any, around: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The source of a function or class, and the global names that it can see.

    `around` are the names that whatever uses it can see.

    Raises:
        Rejected: if there is no source that could stand by itself.
    """
    pieces = _cells() if inspect.isclass(thing) else []  # of a notebook's classes, `inspect` finds none
    function = undecorated(thing)
    if inspect.isfunction(function):
        with contextlib.suppress(OSError):
            pieces = ["".join(inspect.findsource(function)[0])]
    for piece in pieces:
        with contextlib.suppress(SyntaxError):
            for node in reversed(ast.parse(piece).body):
                is_it = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name_of(thing)
                if is_it and (inspect.isclass(thing) or _holds(node, function)):
                    lines = piece.splitlines()[_start(node) - 1 : node.end_lineno]
                    return "\n".join(lines).strip(), _namespace(function, around)
    raise Rejected(f"`{name}` has no source that can stand by itself: write it with `def` or `class`")


def _namespace(thing: Any, around: dict[str, Any]) -> dict[str, Any]:
    """The global names that a function, or a class by its methods, can see."""
    functions = [thing, *vars(thing).values()] if inspect.isclass(thing) else [thing]
    written = (one for one in functions if inspect.isfunction(one) and one.__code__.co_filename != "<string>")
    return next((one.__globals__ for one in written), around)


def _cells() -> Iterator[str]:
    """The cells that were run, the latest first; they are not those of a file, so they have no time."""
    for entry in reversed([*linecache.cache.values()]):
        if len(entry) == 4 and entry[1] is None:
            yield "".join(entry[2])


def _holds(node: ast.FunctionDef, function: Any) -> bool:
    return _start(node) <= function.__code__.co_firstlineno <= node.end_lineno


def _start(node: ast.FunctionDef | ast.ClassDef) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def name_of(thing: Any) -> str:
    """The name with which a function or class was defined; empty for anything else."""
    return getattr(undecorated(thing), "__name__", "")


def undecorated(thing: Any) -> Any:
    """The function that `tf.function` or another decorator has wrapped."""
    return inspect.unwrap(thing) if callable(thing) and not inspect.isclass(thing) else thing


def used_names(source: str) -> set[str]:
    """The global names that a piece of code reads; what a function calls its own is not among them."""
    found: set[str] = set()
    scopes = [symtable.symtable(source, "<answer>", "exec")]
    while scopes:
        scope = scopes.pop()
        scopes += scope.get_children()
        inside = scope.get_type() == "function"  # elsewhere a name may be read before it is assigned
        symbols = (one for one in scope.get_symbols() if one.is_referenced())
        found |= {one.get_name() for one in symbols if one.is_global() or not inside}
    return {name for name in found if not hasattr(builtins, name)}


def import_of(name: str, value: Any) -> str:
    """The statement that imports a thing under this name; empty if the notebook has made it."""
    if getattr(sys.modules.get(BACKEND), name, None) is value:
        return f"from {BACKEND} import {name}"
    if isinstance(value, ModuleType):
        whole = value.__name__
        package, _, last = whole.rpartition(".")
        if name == last and package:
            return f"from {package} import {name}"
        return f"import {whole}" if name == whole else f"import {whole} as {name}"
    module, original = (getattr(undecorated(value), each, "") for each in ("__module__", "__name__"))
    if module == "__main__" or getattr(sys.modules.get(module), original, None) is not value:
        return ""
    return f"from {module} import {original}" + ("" if name == original else f" as {name}")


def _written(value: Any) -> str | None:
    """A constant as one would write it; None if it is none, or a long one."""
    if isinstance(value, np.ndarray) and value.size <= 50 and value.dtype.kind in "biuf":
        inner = _written(value.tolist())
        usual = value.dtype in (float, int, bool)
        return inner and f"np.array({inner}{'' if usual else f', dtype=np.{value.dtype}'})"
    text = repr(value)
    try:
        return text if len(text) < 500 and ast.literal_eval(text) == value else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
