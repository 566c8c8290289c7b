"""An exercise: it compares an answer with a solution, case by case, and knows the usual mistakes.

A mistake is recognised by what it does, not by how it is written: each is a small wrong function, and an
answer that gives its results in every case has made it.
"""

import ast
import copy
import html
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dqn_lib.exercises.comparison import Rejected, difference, distinct_reprs, kind_of, short_repr, to_plain
from dqn_lib.exercises.sandbox import OutOfTimeError, is_blank, within

CORRECT, NOT_YET, NOT_ATTEMPTED = "correct", "not yet", "not attempted yet"
MARKS = {CORRECT: "✓", NOT_YET: "✗", NOT_ATTEMPTED: "○"}
COLOURS = {CORRECT: "#009E73", NOT_YET: "#D55E00", NOT_ATTEMPTED: "#767676"}


@dataclass(frozen=True)
class Verdict:
    """The answer of a check: one of three states, and a message in words."""

    status: str
    message: str

    @property
    def correct(self) -> bool:
        """Whether the answer was right."""
        return self.status == CORRECT

    def __repr__(self) -> str:
        return f"{MARKS[self.status]} {self.status.capitalize()}. {self.message}"

    def _repr_html_(self) -> str:
        return panel(f"{MARKS[self.status]} {self.status.capitalize()}.", self.message, COLOURS[self.status])


@dataclass(frozen=True)
class Hint:
    """One of an exercise's hints."""

    number: int
    total: int
    message: str

    def __repr__(self) -> str:
        return f"Hint {self.number} of {self.total}. {self.message}"

    def _repr_html_(self) -> str:
        return panel(f"Hint {self.number} of {self.total}.", self.message, "#0072B2")


def hint_number(number: int, hints: Sequence[str]) -> Hint:
    """Hint `number`, from 1; the last one says where the solution is."""
    last = " (This was the last one. `solution()` shows an answer.)" if number == len(hints) else ""
    return Hint(number, len(hints), hints[number - 1] + last)


@dataclass(frozen=True)
class Solution:
    """The source of a correct answer; JupyterLab highlights it."""

    source: str

    def __repr__(self) -> str:
        return self.source

    def _repr_markdown_(self) -> str:
        return f"One way to do it:\n\n```python\n{self.source}\n```"


def panel(heading: str, message: str, colour: str) -> str:
    """A message beside a coloured bar; `this` becomes code, *this* emphasis, a newline a new line."""
    emphasis = re.compile(r"(?<![\w*])\*(\w[^*]*)\*(?![\w*])")
    parts = re.split(r"`([^`]+)`", html.escape(message))  # every second one is code
    parts[::2] = [emphasis.sub(r"<em>\1</em>", part) for part in parts[::2]]
    parts[1::2] = [f"<code>{part}</code>" for part in parts[1::2]]
    text = "".join(parts).replace("\n", "<br>")
    return (
        f'<div role="status" style="border-left: 5px solid {colour}; padding: 0.4em 0.9em; margin: 0.3em 0; '
        f'max-width: 55em; line-height: 1.5"><b>{heading}</b> {text}</div>'
    )


TIME_LIMIT = 10.0  # seconds of computing for all cases together; a print in every call takes half of it


@dataclass(frozen=True)
class Mistake:
    """A usual mistake: what to say, and one or more functions that make it."""

    message: str
    functions: tuple[Callable, ...]


def mistake(message: str, *functions: Callable) -> Mistake:
    """`Mistake` with its functions written one after the other."""
    return Mistake(message, functions)


def call(function: Callable, *arguments: Any) -> Any:
    """The usual probe: what the function returns."""
    return function(*arguments)


@dataclass
class Exercise:
    """One exercise of a lesson: `check(answer)`, `hint()`, `solution()`."""

    reference: Callable
    cases: Sequence[tuple]  # arguments, smallest first
    mistakes: Sequence[Mistake]
    hints: Sequence[str]
    insight: str  # one sentence for a correct answer
    probe: Callable = call  # what is compared: a function of the answer and a case's arguments
    result: str = "result"  # what the probe returns, in words
    tolerance: float = 1e-5
    impure: str = "it changes its arguments: work on a copy, somebody else still needs them"
    pure: bool = True  # False where changing an argument is the task
    advice: Mapping[str, str] = field(default_factory=dict)  # by what stands in the text of an error
    demand: Callable[[Callable], str] = lambda answer: ""  # what is wrong although all results are right
    remark: Callable[[Callable], str] = lambda answer: ""  # what to add to a correct answer
    _hinted: int = field(default=0, repr=False)
    _known: dict[Callable, list[Any]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The name of the function to write."""
        return self.reference.__name__

    @property
    def source(self) -> str:
        """The source of the solution as a student would write it: no decorator, no annotations."""
        source = textwrap.dedent(inspect.getsource(self.reference))
        body = ast.parse(source).body[0].body
        return "\n".join([f"def {self.call}:", *source.splitlines()[body[0].lineno - 1 :]])

    @property
    def call(self) -> str:
        """How the function is called."""
        return f"{self.name}({', '.join(inspect.signature(self.reference).parameters)})"

    def __repr__(self) -> str:
        return f"Exercise {self.name}: .check(your function), .hint(), .solution()"

    def hint(self) -> Hint:
        """The next hint; after the last one, the last again."""
        self._hinted = min(self._hinted + 1, len(self.hints))
        return hint_number(self._hinted, self.hints)

    def solution(self) -> Solution:
        """A correct answer."""
        return Solution(self.source)

    def check(self, answer: Any = ...) -> Verdict:
        """Whether `answer` is right; never raises."""
        try:
            return self._check(answer)
        except Rejected as complaint:
            return Verdict(NOT_YET, str(complaint))

    def _check(self, answer: Any) -> Verdict:
        if answer is ... or answer is None or is_blank(answer):
            return Verdict(NOT_ATTEMPTED, f"Write `{self.name}` in the cell above, run it, then this one.")
        self._check_callable(answer)
        try:
            got, fault, remark = self._run(answer, final=self._finally)
        except NotImplementedError:
            return Verdict(NOT_ATTEMPTED, f"`{self.name}` still raises NotImplementedError.")
        expected = self._results_of(self.reference)
        differences = self._differences(expected, got)
        wrong = next((i for i, found in enumerate(differences) if found is not None), None)
        if wrong is None:
            if fault:
                raise Rejected(f"The results are right, but {fault}")
            return Verdict(CORRECT, f"{self.insight} {remark}".strip())
        for known in self.mistakes:
            if any(self._agrees(function, got) for function in known.functions):
                raise Rejected(known.message)
        wanted, found = distinct_reprs(expected[wrong], got[wrong])
        raise Rejected(
            f"With {self._arguments(wrong)} the {self.result} should be `{wanted}`, "
            f"but is `{found}`. {differences[wrong]}".strip()
        )

    def _check_callable(self, answer: Any) -> None:
        if not callable(answer):
            raise Rejected(
                f"`check` needs the function itself: `{self.name}`, without brackets after it. "
                f"It got `{short_repr(answer)}`, {kind_of(answer)}."
            )
        try:
            inspect.signature(answer).bind(*self.cases[0])
        except ValueError:  # some built-ins have no signature; running them will tell
            pass
        except TypeError as problem:
            raise Rejected(f"The function cannot be called as `{self.call}`: {problem}.") from None

    def _finally(self, answer: Callable, changed: bool) -> tuple[str, str]:
        """What is wrong with an answer whose results are all right, and what to add if nothing is."""
        return f"{self.impure}." if changed else self.demand(answer), self.remark(answer)

    def _run(
        self, function: Callable, *, final: Callable[[Callable, bool], tuple[str, str]] = lambda *_: ("", "")
    ) -> tuple[list[Any], str, str]:
        """What the probe finds in each case, then what `final` says, told if an argument was changed."""
        results: list[Any] = []

        def all_cases() -> tuple[str, str]:
            changed = False
            for case in self.cases:
                given = copy.deepcopy(case)
                results.append(to_plain(self.probe(function, *given)))
                changed |= self.pure and any(
                    difference(before, after, 0.0) is not None
                    for before, after in zip(case, given, strict=True)
                    if isinstance(before, list | dict | np.ndarray)
                )
            return final(function, changed)

        try:
            return results, *within(TIME_LIMIT, all_cases)
        except (Rejected, NotImplementedError):
            raise
        except OutOfTimeError as problem:
            raise Rejected(f"With {self._arguments(len(results))} {problem}") from None
        except BaseException as problem:
            told = re.sub(r"\x1b\[[0-9;]*m", "", f"{type(problem).__name__}: {problem}")  # no colours
            advice = next((more for words, more in self.advice.items() if words in told), "")
            raise Rejected(
                f"With {self._arguments(len(results))} it raised {told}\n{advice}".strip()
            ) from None

    def _results_of(self, function: Callable) -> list[Any]:
        """What the probe finds with one of our own functions, whose results are always the same."""
        if function not in self._known:
            self._known[function] = self._run(function)[0]
        return self._known[function]

    def _agrees(self, function: Callable, got: list[Any]) -> bool:
        """Whether a wrong function gives the same results as the answer in every case."""
        try:
            results = self._results_of(function)
        except Rejected:
            return False
        return all(found is None for found in self._differences(results, got, strict=False))

    def _differences(self, expected: list[Any], got: list[Any], *, strict: bool = True) -> list[str | None]:
        try:
            pairs = zip(expected, got, strict=True)
            return [difference(e, g, self.tolerance, strict=strict) for e, g in pairs]
        except Exception as problem:  # nothing that a student returns may raise here
            raise Rejected(f"What it returned cannot be compared: {problem}") from None

    def _arguments(self, case: int) -> str:
        names = inspect.signature(self.reference).parameters
        pairs = zip(names, self.cases[min(case, len(self.cases) - 1)], strict=True)
        return ", ".join(f"`{name} = {short_repr(value)}`" for name, value in pairs) or "no arguments"


def exercise(**parts: Any) -> Callable[[Callable], Exercise]:
    """Turn the function below, which is the solution, into an `Exercise`."""
    return lambda reference: Exercise(reference, **parts)
