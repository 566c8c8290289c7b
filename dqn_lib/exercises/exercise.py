"""An exercise: it compares an answer with a solution, case by case, and knows the usual mistakes.

A mistake is recognised by what it does, not by how it is written: each is a small wrong function, and an
answer that has the results of that function has made the mistake.
"""

import ast
import copy
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dqn_lib.exercises import kept, room, sections
from dqn_lib.exercises.comparison import (
    Rejected,
    difference,
    distinct_reprs,
    identifier,
    kind_of,
    short_repr,
    to_plain,
)
from dqn_lib.exercises.feedback import CORRECT, NOT_ATTEMPTED, NOT_YET, Hint, Hints, Solution, Verdict
from dqn_lib.exercises.sandbox import Stopped, TimeLimitExceeded, error_in_words, is_blank, run_within

sections.follow()  # opt-in; a lesson's set-up cell imports this
TIME_LIMIT = 10.0  # seconds of computing for all cases together; a print in every call takes half of it


@dataclass(frozen=True)
class Mistake:
    """A usual mistake: what to say, and one or more functions that make it."""

    message: str
    functions: tuple[Callable, ...]


def mistake(message: str, *functions: Callable) -> Mistake:
    """`Mistake` with its functions written one after the other."""
    return Mistake(message, functions)


@dataclass(frozen=True)
class Failure:
    """What stands in place of a result: why there is none."""

    message: str
    raised: bool  # by the answer, and not noticed by the exercise
    mistake: str = ""


def call(function: Callable, *arguments: Any) -> Any:
    """The usual evaluation of an answer: what it returns."""
    return function(*arguments)


@dataclass
class Exercise:
    """One exercise of a lesson: `check(answer)`, `hint()`, `solution()`.

    Attributes:
        reference: the solution.
        cases: arguments to try, the smallest first.
        mistakes: the usual ones, the likeliest first: the first that fits is named.
        hints: up to three, the last one nearly the solution.
        takeaway: one sentence for a correct answer.
        evaluate: what is compared, a function of the answer and a case's arguments. It may raise `Rejected`.
            A dictionary is compared key by key, and a message names the key.
        result: what `evaluate` returns, in words.
        tolerance: relative and absolute, of numbers.
        pure: whether the answer must leave its arguments unchanged.
        impure: what to say if it does not.
        advice: what to say about an error whose text contains the key.
        extra_check: what is wrong although all results are right; empty if nothing is.
        remark: what to add to a correct answer.
        named: whether a case holds the arguments of the answer, so that a message can name them.
        number: of its lesson, if its solution stands in another file.
    """

    reference: Callable
    cases: Sequence[tuple]
    mistakes: Sequence[Mistake]
    hints: Sequence[str]
    takeaway: str
    evaluate: Callable = call
    result: str = "result"
    tolerance: float = 1e-5
    pure: bool = True
    impure: str = "it modifies its arguments; work on a copy"
    advice: Mapping[str, str] = field(default_factory=dict)
    extra_check: Callable[[Callable], str] = lambda answer: ""
    remark: Callable[[Callable], str] = lambda answer: ""
    named: bool = True
    number: int | None = None
    _solution_shown: bool = field(default=False, init=False, repr=False)
    _known: dict[Callable, list[Any]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.hints = Hints(self.hints)

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
        return self.hints.next()

    def solution(self) -> Solution:
        """A correct answer."""
        self._solution_shown = True
        return Solution(self.source)

    @property
    def lesson(self) -> int | None:
        """The number of its lesson; None outside of them."""
        found = re.fullmatch(r"dqn_lib\.exercises\.lesson(\d+)", self.reference.__module__)
        return self.number or (int(found[1]) if found else None)

    def check(self, answer: Any = ...) -> Verdict:
        """Whether `answer` is right; never raises. A right one is kept in the student's own file."""
        verdict = self.judge(answer)
        if verdict.correct and self.lesson is not None:
            verdict = self._kept(verdict, answer, replace=False)
        told = room.note(verdict.exercise, verdict.status, verdict.mistake)
        return dataclasses.replace(verdict, message=f"{verdict.message}\n{told}".strip())

    def keep(self, answer: Any = ...) -> Verdict:
        """Check an answer; a right one is kept even in place of one that was edited by hand."""
        verdict = self.judge(answer)
        return self._kept(verdict, answer, replace=True) if verdict.correct and self.lesson else verdict

    def _kept(self, verdict: Verdict, answer: Any, *, replace: bool) -> Verdict:
        note = kept.keep(
            self.lesson, self.name, answer, lambda again: self.judge(again).correct, replace=replace
        )
        return dataclasses.replace(verdict, message=f"{verdict.message}\n{note}".strip())

    def judge(self, answer: Any = ...) -> Verdict:
        """Whether `answer` is right; never raises, and keeps nothing."""
        number = f"lesson{self.lesson:02d}." if self.lesson else ""
        helped = {"hints": self.hints.given, "solution": self._solution_shown}
        return dataclasses.replace(self._verdict(answer), exercise=f"{number}{self.name}", **helped)

    def _verdict(self, answer: Any) -> Verdict:
        if answer is ... or answer is None or is_blank(answer):
            return Verdict(NOT_ATTEMPTED, f"Write `{self.name}` in the cell above, run it, then this one.")
        try:
            return Verdict(CORRECT, self._message_if_correct(answer))
        except Rejected as rejection:
            return Verdict(NOT_YET, str(rejection), mistake=rejection.mistake)
        except NotImplementedError:
            return Verdict(NOT_ATTEMPTED, f"`{self.name}` still raises NotImplementedError.")

    def _message_if_correct(self, answer: Any) -> str:
        """What to say about a correct answer; raises `Rejected` about any other."""
        self._require_function(answer)
        expected = self._results_of(self.reference)
        got: list[Any] = []

        def run() -> tuple[str, str]:
            modified = self._try_cases(answer, got)
            if any(self._complaint(*pair) is not None for pair in zip(expected, got, strict=True)):
                return "", ""
            return f"{self.impure}." if modified else self.extra_check(answer), self.remark(answer)

        try:
            fault, remark = run_within(TIME_LIMIT, run)
        except TimeLimitExceeded as problem:
            raise Rejected(f"{self._given(len(got))} {problem}", "takes-too-long") from None
        except (Rejected, NotImplementedError):
            raise
        except BaseException as problem:
            finished = len(got) == len(self.cases)  # otherwise the student has interrupted it
            start = "The results are right, but" if finished else self._given(len(got))
            words = error_in_words(problem, answer, self.advice)
            raise Rejected(f"{start} {words}", f"raises-{type(problem).__name__}") from None
        self._require_results(expected, got)
        if fault:
            raise Rejected(f"The results are right, but {fault}", identifier(fault))
        return f"{self.takeaway} {remark}".strip()

    def _require_function(self, answer: Any) -> None:
        if not callable(answer):
            raise Rejected(
                f"`check` needs the function itself: `{self.name}`, without brackets after it. "
                f"It got `{short_repr(answer)}`, {kind_of(answer)}.",
                "no-function",
            )
        try:
            inspect.signature(answer).bind(*inspect.signature(self.reference).parameters)
        except ValueError:  # some built-ins have no signature; running them will show
            pass
        except TypeError as problem:
            words = f"The function cannot be called as `{self.call}`: {problem}."
            raise Rejected(words, "other-arguments") from None

    def _try_cases(self, function: Callable, outcomes: list[Any]) -> bool:
        """Append the result of each case, or a `Failure`; whether an argument was modified."""
        modified = False
        for case in self.cases:
            given = copy.deepcopy(case)
            try:
                outcome = to_plain(self.evaluate(function, *given))
            except (Stopped, NotImplementedError):
                raise
            except Rejected as rejection:
                outcome = Failure(str(rejection), raised=False, mistake=rejection.mistake)
            except BaseException as problem:
                words = error_in_words(problem, function, self.advice)
                outcome = Failure(words, raised=True, mistake=f"raises-{type(problem).__name__}")
            outcomes.append(outcome)
            modified |= self.pure and any(
                difference(before, after, 0.0) is not None
                for before, after in zip(case, given, strict=True)
                if isinstance(before, list | dict | np.ndarray)
            )
        return modified

    def _require_results(self, expected: list[Any], got: list[Any]) -> None:
        """Raise `Rejected` if a result is wrong: with the known mistake, or with the first such case."""
        complaints = [self._complaint(*pair) for pair in zip(expected, got, strict=True)]
        wrong = next((case for case, complaint in enumerate(complaints) if complaint is not None), None)
        if wrong is None:
            return
        for missing in (0, len(got) // 2):
            for known in self.mistakes:
                if any(self._has_made(function, complaints, got, missing) for function in known.functions):
                    raise Rejected(known.message)
        found = got[wrong]
        if isinstance(found, Failure):
            prefix = f"{self._given(wrong)} " if found.raised else ""
            raise Rejected(prefix + found.message, found.mistake)
        name, wanted = self.result, expected[wrong]
        if isinstance(wanted, dict) and isinstance(found, dict) and wanted.keys() == found.keys():
            name = next(key for key in wanted if self._complaint(wanted[key], found[key]) is not None)
            wanted, found = wanted[name], found[name]
        wanted, found = distinct_reprs(wanted, found)
        raise Rejected(
            f"{self._given(wrong)} the {name} should be `{wanted}`, but is `{found}`. "
            f"{complaints[wrong]}".strip(),
            "wrong-result",
        )

    def _complaint(self, expected: Any, got: Any, *, strict: bool = True) -> str | None:
        """What is wrong with a result; None if nothing is."""
        if isinstance(got, Failure):
            return got.message
        try:
            return difference(expected, got, self.tolerance, strict=strict)
        except Exception as problem:  # nothing that a student returns may raise here
            return f"It cannot be compared: {problem}"

    def _results_of(self, function: Callable) -> list[Any]:
        """The outcomes of one of our own functions, which are always the same."""
        if function not in self._known:
            outcomes: list[Any] = []
            run_within(TIME_LIMIT, lambda: self._try_cases(function, outcomes))
            self._known[function] = outcomes
        return self._known[function]

    def _has_made(
        self, function: Callable, complaints: list[str | None], got: list[Any], missing: int
    ) -> bool:
        """Whether an answer has the results of a wrong function, at least one of which is wrong.

        In up to `missing` cases it may have none, so that an error in one case does not hide the mistake.
        """
        evidence = False
        for known, found, complaint in zip(self._results_of(function), got, complaints, strict=True):
            if isinstance(known, Failure) and isinstance(found, Failure):
                same = known.raised == found.raised and (known.raised or known.message == found.message)
                evidence |= not known.raised
            elif isinstance(known, Failure):
                same = False
            elif (isinstance(found, Failure) and found.raised) or (found is None and known is not None):
                missing -= 1
                same = missing >= 0
            else:
                same = self._complaint(known, found, strict=False) is None
                evidence |= complaint is not None
            if not same:
                return False
        return evidence

    def _given(self, case: int) -> str:
        """The arguments of a case, as the beginning of a sentence."""
        if not self.named:
            return "In this check"
        names = inspect.signature(self.reference).parameters
        pairs = zip(names, self.cases[min(case, len(self.cases) - 1)], strict=True)
        return "With " + (
            ", ".join(f"`{name} = {short_repr(value)}`" for name, value in pairs) or "no arguments"
        )


def exercise(**parts: Any) -> Callable[[Callable], Exercise]:
    """Turn the function below, which is the solution, into an `Exercise`."""
    return lambda reference: Exercise(reference, **parts)
