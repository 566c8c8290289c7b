"""Every exercise of every lesson: `check` answers anything in words and never raises."""

import inspect
import io
import sys
import threading
import time

import numpy as np
import pytest
from judging import EXERCISES, LESSONS, assert_correct, assert_counterexample, from_source

from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises import exercise as module
from dqn_lib.exercises import lesson01, lesson02, lesson05
from dqn_lib.exercises.comparison import Rejected, kind_of
from dqn_lib.exercises.exercise import exercise, mistake

every_exercise = pytest.mark.parametrize("task", EXERCISES.values(), ids=EXERCISES)


def test_the_exercises_of_the_lessons_are_found():
    assert len(LESSONS) == 10
    assert {
        "lesson01.share_reached",
        "lesson02.cell",
        "lesson03.td_loss",
        "lesson04.sample",
        "lesson05.hard_update",
    } <= EXERCISES.keys()
    assert len(EXERCISES) >= 15


@every_exercise
def test_the_solution_is_correct_and_compiles_from_what_is_shown(task):
    assert_correct(task, from_source(task.source, np=np, tf=tf, keras=keras))
    assert repr(task.solution()) == task.source


@every_exercise
def test_an_exercise_has_one_to_three_hints_a_takeaway_and_a_source_with_its_name(task):
    assert 1 <= len(task.hints) <= 3
    assert all(isinstance(hint, str) and hint.strip() for hint in task.hints)
    assert task.takeaway.strip().endswith((".", ".)"))
    assert task.source.startswith(f"def {task.name}(")
    assert "@" not in task.source
    assert "->" not in task.source
    assert task.name in repr(task)


@every_exercise
def test_hints_advance_one_at_a_time_and_the_last_one_stays(task, monkeypatch):
    monkeypatch.setattr(task.hints, "given", 0)
    total = len(task.hints)
    given = [task.hint() for _ in range(total + 2)]
    assert [hint.number for hint in given] == [*range(1, total + 1), total, total]
    assert all(hint.total == total for hint in given)
    for hint, message in zip(given, task.hints, strict=False):
        assert hint.message.startswith(message)
    assert ["solution()" in hint.message for hint in given] == [False] * (total - 1) + [True] * 3
    assert given[-1] == given[-2] == given[total - 1]


@every_exercise
def test_no_two_mistakes_share_a_message_and_each_has_a_function(task):
    messages = [known.message for known in task.mistakes]
    assert len(set(messages)) == len(messages) >= 1
    assert all(known.functions for known in task.mistakes)


@pytest.mark.slow  # some five hundred of them
@pytest.mark.parametrize(
    "task, known, function",
    [
        pytest.param(task, known, function, id=f"{name}-{i}-{j}")
        for name, task in EXERCISES.items()
        for i, known in enumerate(task.mistakes)
        for j, function in enumerate(known.functions)
    ],
)
def test_a_known_mistake_gets_its_own_message(task, known, function):
    verdict = task.check(function)
    assert (verdict.status, verdict.message) == ("not yet", known.message)


def blank(*arguments):
    """Nothing yet."""
    ...


def passing(*arguments):
    pass


def not_implemented(*arguments):
    raise NotImplementedError("to do")


@every_exercise
def test_nothing_done_yet_is_no_mistake(task):
    for answer in (..., None, blank, passing, not_implemented):
        verdict = task.check(answer)
        assert verdict.status == "not attempted yet", (answer, verdict)
        assert task.name in verdict.message
    assert task.check().status == "not attempted yet"


@every_exercise
def test_what_is_no_function_is_told_so(task):
    for answer in (3, 0.5, "def f(): ...", [], {}, np.zeros(3), np, object()):
        verdict = task.check(answer)
        assert verdict.status == "not yet", (answer, verdict)
        assert f"`check` needs the function itself: `{task.name}`, without brackets" in verdict.message
        assert kind_of(answer) in verdict.message


class Whatever:
    """A class without parameters."""


@every_exercise
def test_a_function_with_other_parameters_is_told_how_it_is_called(task):
    for answer in (Whatever, lambda *, key: key, lambda a, b, c, d, e, f, g, h, i: a):
        verdict = task.check(answer)
        assert verdict.status == "not yet", (answer, verdict)
        if answer is not Whatever or task.cases[0]:
            assert f"cannot be called as `{task.call}`: " in verdict.message


@every_exercise
def test_a_class_or_a_builtin_is_not_yet_right(task):
    for answer in (int, dict, type, print, abs, divmod, max, np.add, str.upper):
        verdict = task.check(answer)
        assert verdict.status == "not yet", (answer, verdict)
        assert len(verdict.message) > 20


def with_a_division(*arguments):
    return 1 / 0


def with_an_exit(*arguments):
    sys.exit(3)


def with_the_other_exit(*arguments):
    exit()  # noqa: PLR1722


def with_an_interrupt(*arguments):
    raise KeyboardInterrupt


def with_a_generator_exit(*arguments):
    raise GeneratorExit


def with_an_unknown_name(*arguments):
    return undefined_name  # noqa: F821


def without_a_bottom(*arguments):
    return without_a_bottom(*arguments)


@pytest.mark.parametrize(
    "answer, error",
    [
        (with_a_division, "ZeroDivisionError: division by zero"),
        (with_an_exit, "SystemExit"),
        (with_the_other_exit, "SystemExit"),
        (with_an_interrupt, "KeyboardInterrupt"),
        (with_a_generator_exit, "GeneratorExit"),
        (with_an_unknown_name, "NameError: name 'undefined_name' is not defined"),
        (without_a_bottom, "RecursionError"),
    ],
)
def test_what_an_answer_raises_is_reported_with_the_arguments_and_the_line(answer, error, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # `exit()` closes it
    for task in EXERCISES.values():
        verdict = task.check(answer)
        assert verdict.status == "not yet", (task, verdict)
        assert verdict.message.startswith("With ")
        assert f"it raised {error}" in verdict.message
        lines, first = inspect.getsourcelines(answer)
        assert f"This is line {first + 1}: `{lines[1].strip()}`." in verdict.message


class HasNoNumbers:
    def __array__(self, *_, **__):
        raise RuntimeError("no array")


RESULTS = {
    "nothing": None,
    "dots": ...,
    "a text": "<script>alert(1)</script>",
    "a shape": np.zeros((7, 5, 1)),
    "a ragged list": [[1.0], [1.0, 2.0]],
    "not a number": float("nan"),
    "not numbers": np.full((2, 2), np.nan),
    "infinity": float("inf"),
    "a dictionary": {"a": 1},
    "a set": {1, 2},
    "a complex number": 1j,
    "a function": len,
    "bytes": b"12",
    "an error": ValueError("not raised"),
    "an object": HasNoNumbers(),
    "objects": [HasNoNumbers(), HasNoNumbers()],
    "an array of objects": np.array([None, "x", []], dtype=object),
}


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_a_result_of_any_kind_is_told_in_words_and_without_markup(result):
    def answer(*arguments):
        given = result
        return given

    for task in EXERCISES.values():
        verdict = task.check(answer)
        assert verdict.status == "not yet", (task, verdict)
        assert len(verdict.message) > 20
        assert "<script" not in verdict._repr_html_()


@every_exercise
def test_an_answer_that_returns_nothing_is_asked_for_its_return(task):
    def answer(*arguments):
        result = task.reference(*arguments)  # noqa: F841

    verdict = task.check(answer)
    assert verdict.status == "not yet"
    assert "return" in verdict.message
    assert "TypeError" not in verdict.message


def test_a_script_in_a_result_is_shown_and_not_run():
    html = lesson01.push_with_the_motion.check(lambda state: "<script>alert(1)</script>")._repr_html_()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


class RaisesEverywhere:
    """An object that answers every question with an error that `except Exception` does not catch."""

    def __array__(self, *_, **__):
        raise SystemExit

    __iter__ = __array__


class Unshowable:
    def __repr__(self):
        raise RuntimeError("no")


def generator_that_raises(target, online, tau):
    yield target[0]
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "task, answer",
    [
        (lesson01.push_with_the_motion, lambda state: RaisesEverywhere()),
        (lesson05.soft_update, lambda target, online, tau: RaisesEverywhere()),
        (lesson05.soft_update, generator_that_raises),
        (lesson01.push_with_the_motion, lambda state: 10**5000),
        (lesson01.push_with_the_motion, lambda state: np.array([Unshowable()])),
        (lesson01.push_with_the_motion, lambda state: Unshowable()),
    ],
    ids=["array", "iterator", "generator", "huge", "unshowable array", "unshowable"],
)
def test_a_result_that_raises_when_looked_at_is_told_in_words(task, answer):
    try:
        verdict = task.check(answer)
    except BaseException as problem:
        pytest.fail(f"check raised {type(problem).__name__}")
    assert verdict.status == "not yet"


def test_a_generator_without_end_is_not_waited_for():
    stop = threading.Event()

    def answer(target, online, tau):
        while not stop.is_set():
            time.sleep(0.01)
            yield target[0]

    def check():
        lesson05.soft_update.check(answer)

    checking = threading.Thread(target=check, daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TIME_LIMIT", 0.3)
        checking.start()
        checking.join(10)
        came_back = not checking.is_alive()
        stop.set()
        checking.join(10)
    assert came_back


def left_over(before):
    """Threads that have come since and do not end."""
    for _ in range(100):
        if not set(threading.enumerate()) - before:
            break
        time.sleep(0.02)
    return set(threading.enumerate()) - before


def endless(*arguments):
    while True:
        pass


@every_exercise
def test_a_loop_without_end_is_told_and_its_thread_ends(task, monkeypatch):
    monkeypatch.setattr(module, "TIME_LIMIT", 0.1)
    before, start = set(threading.enumerate()), time.monotonic()
    verdict = task.check(endless)
    assert time.monotonic() - start < 3
    assert verdict.status == "not yet"
    assert "it has not come back after 0.1 seconds. Is there a loop that never ends?" in verdict.message
    assert not left_over(before)


def endless_around_a_bare_except(state):
    n = 0
    while True:
        try:  # noqa: SIM105
            n += 1
        except:  # noqa: E722
            pass


def endless_around_an_except(state):
    while True:
        try:
            np.sin(state[0])
        except Exception:
            continue


def endless_in_the_second_case(state):
    while state[1] < 0:
        state = state.copy()
    return 2


@pytest.mark.parametrize(
    "answer, arguments",
    [
        (endless_around_a_bare_except, "`state = array([-0.5, 0.01])`"),
        (endless_around_an_except, "`state = array([-0.5, 0.01])`"),
        (endless_in_the_second_case, "`state = array([-0.5, -0.01])`"),
    ],
)
def test_the_case_that_never_ends_is_named(answer, arguments, monkeypatch):
    monkeypatch.setattr(module, "TIME_LIMIT", 0.3)
    before = set(threading.enumerate())
    verdict = lesson01.push_with_the_motion.check(answer)
    assert verdict.message.startswith(f"With {arguments} it has not come back")
    assert not left_over(before)


def test_an_answer_may_warn_and_print_without_spoiling_the_verdict(recwarn, capsys):
    def answer(state):
        print("looking at", state)
        np.log(np.zeros(1))
        return 2 if state[1] > 0 else 0

    assert_correct(lesson01.push_with_the_motion, answer)
    assert not [warning for warning in recwarn if "divide" in str(warning.message)]
    assert "looking at" in capsys.readouterr().out


def test_a_print_left_in_an_answer_shows_its_first_lines(capsys):
    def answer(q, epsilon, rng):
        print("looking at", q)
        return int(rng.integers(3)) if rng.random() < epsilon else int(q.argmax())

    assert_correct(lesson02.epsilon_greedy, answer)
    *lines, note = capsys.readouterr().out.splitlines()
    assert lines == ["looking at [-3. -1. -2.]"] * 10
    assert note == "... (not shown: 12,190 more lines)"  # of 12,000 draws, and of 200 to see them repeated


def test_a_busy_machine_does_not_accuse_a_right_answer(monkeypatch):
    """The answer waits for four times its limit, as it does for its turn on a busy machine."""
    monkeypatch.setattr(module, "TIME_LIMIT", 0.1)

    def answer(state):
        time.sleep(0.4 / len(lesson01.push_with_the_motion.cases))
        return 2 if state[1] > 0 else 0

    assert_correct(lesson01.push_with_the_motion, answer)


def test_a_method_and_a_callable_object_are_functions_too():
    class Driver:
        def push(self, state):
            return 2 if state[1] > 0 else 0

        __call__ = push

    assert_correct(lesson01.push_with_the_motion, Driver().push)
    assert_correct(lesson01.push_with_the_motion, Driver())


def test_an_answer_may_have_more_parameters_if_they_have_defaults():
    def answer(state, right=2, *more, left=0, **options):
        return right if state[1] > 0 else left

    assert_correct(lesson01.push_with_the_motion, answer)


@pytest.fixture
def double():
    """A small exercise: twice the first element of a list."""

    @exercise(
        cases=[([1.0], 1), ([3.0, 5.0], 2)],
        mistakes=[
            mistake("This is the last one.", lambda numbers, n: 2 * numbers[-1]),
            mistake("Half of it.", lambda numbers, n: numbers[0] / 2, lambda numbers, n: numbers[0]),
        ],
        hints=["One.", "Two."],
        takeaway="Well done.",
        result="double",
        remark=lambda answer: "It is short." if answer.__name__ == "short" else "",
    )
    def twice(numbers: list[float], n: int) -> float:
        """Twice the first number."""
        return 2 * numbers[0]

    return twice


def test_a_solution_is_shown_without_decorator_and_annotations(double):
    assert double.name == "twice"
    assert double.call == "twice(numbers, n)"
    assert double.source == (
        'def twice(numbers, n):\n    """Twice the first number."""\n    return 2 * numbers[0]'
    )
    assert repr(double) == "Exercise twice: .check(your function), .hint(), .solution()"


def test_a_right_answer_gets_the_takeaway_and_the_remark(double):
    def short(numbers, n):
        return numbers[0] * 2

    assert repr(double.check(lambda numbers, n: numbers[0] + numbers[0])) == "✓ Correct. Well done."
    assert double.check(short).message == "Well done. It is short."


def test_a_mistake_counts_only_if_it_is_made_in_every_case(double):
    def half_at_first(numbers, n):
        return numbers[0] / 2 if n == 1 else 0.0

    assert double.check(lambda numbers, n: numbers[0]).message == "Half of it."
    assert double.check(lambda numbers, n: numbers[0] * 0.5).message == "Half of it."
    assert double.check(half_at_first).message == (
        "With `numbers = [1]`, `n = 1` the double should be `2`, but is `0.5`."
    )


def test_the_first_case_that_fails_is_the_one_that_is_shown(double):
    assert_counterexample(
        double, lambda numbers, n: 2.0 if n == 1 else "six", "`numbers = [3, 5]`, `n = 2`", "not a str."
    )


def test_a_wrong_result_is_told_before_a_changed_argument(double):
    def answer(numbers, n):
        return numbers.pop()

    def right_but_greedy(numbers, n):
        return 2 * numbers.pop(0)

    assert "should be `2`" in double.check(answer).message
    assert double.check(right_but_greedy).message == (
        "The results are right, but it modifies its arguments; work on a copy."
    )


def test_one_answer_leaves_no_trace_for_the_next(double):
    double.check(lambda numbers, n: numbers.clear())
    assert double.cases == [([1.0], 1), ([3.0, 5.0], 2)]
    assert double.check(double.reference).status == "correct"


def test_what_an_evaluation_rejects_is_reported():
    def fussy(function, number):
        raise Rejected("Not like this.")

    @exercise(cases=[(1,)], mistakes=[], hints=["One."], takeaway="Good.", evaluate=fussy)
    def same(number):
        return number

    assert repr(same.check(lambda number: number)) == "✗ Not yet. Not like this."


def test_an_error_in_one_case_does_not_hide_the_mistake_made_in_the_others(double):
    assert double.check(lambda numbers, n: 2 * numbers[-1] / (n - 1)).message == "This is the last one."
    assert double.check(lambda numbers, n: None if n == 1 else 10.0).message == "This is the last one."
    verdict = double.check(lambda numbers, n: 2 * numbers[0] / (2 - n))
    assert verdict.message.startswith("With `numbers = [3, 5]`, `n = 2` it raised ZeroDivisionError")


def test_a_mistake_that_fits_in_every_case_comes_before_one_that_fits_in_most():
    @exercise(
        cases=[(1,), (2,), (3,)],
        mistakes=[
            mistake("Always seven.", lambda n: 7),
            mistake("Seven or nothing.", lambda n: None if n == 3 else 7),
        ],
        hints=["One."],
        takeaway="Good.",
    )
    def same(n):
        return n

    assert same.check(lambda n: None if n == 3 else 7).message == "Seven or nothing."
    assert same.check(lambda n: None if n == 2 else 7).message == "Always seven."
    assert same.check(lambda n: 7 if n == 3 else 1 / 0).message.startswith("With `n = 1` it raised")


def test_of_several_results_the_wrong_one_is_named():
    def ends(function, numbers):
        return {"first number": numbers[0], "last one": function(numbers)}

    @exercise(cases=[([1, 2],)], mistakes=[], hints=["One."], takeaway="Good.", evaluate=ends)
    def last(numbers):
        return numbers[-1]

    assert (
        last.check(lambda numbers: 3).message
        == "With `numbers = [1, 2]` the last one should be `2`, but is `3`."
    )
    assert (
        "the last one should be `2`, but is `2.0`. It must be an int"
        in last.check(lambda numbers: 2.0).message
    )


def test_an_error_in_what_is_checked_last_is_reported_too():
    def ask(answer):
        return "it is not." if answer(9) < 0 else ""

    @exercise(cases=[(1,)], mistakes=[], hints=["One."], takeaway="Good.", extra_check=ask)
    def same(n):
        return n

    assert same.check(lambda n: n).correct
    assert (
        same.check(lambda n: 0 if n < 9 else 1 / 0).message
        == "With `n = 1` the result should be `1`, but is `0`."
    )
    assert same.check(lambda n: n if n < 9 else -1).message == "The results are right, but it is not."
    assert same.check(lambda n: [1][n - 1]).message.startswith(
        "The results are right, but it raised IndexError"
    )


def test_an_interrupt_is_reported_with_the_case_that_ran(double, monkeypatch):
    def interrupted(seconds, function):
        raise KeyboardInterrupt

    double.check(lambda numbers, n: 0.0)  # the solution and the mistakes have run
    monkeypatch.setattr(module, "run_within", interrupted)
    message = double.check(lambda numbers, n: 2 * numbers[0]).message
    assert message.startswith("With `numbers = [1]`, `n = 1` it raised KeyboardInterrupt")
