"""Every exercise of every lesson: `check` answers anything in words and never raises."""

import inspect
import re
import threading
import time

import numpy as np
import pytest
from judging import EXERCISES, LESSONS, assert_correct, from_source

from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises import exercise as module
from dqn_lib.exercises import lesson01, lesson05
from dqn_lib.exercises.comparison import Rejected, kind_of
from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.feedback import Hint, Solution, Verdict, panel

every_exercise = pytest.mark.parametrize("task", EXERCISES.values(), ids=EXERCISES)


def test_the_exercises_of_the_lessons_are_found():
    assert len(LESSONS) == 11
    assert {"lesson01.share_reached", "lesson03.td_loss", "lesson05.hard_update"} <= EXERCISES.keys()


@every_exercise
def test_an_exercise_is_complete_and_its_solution_is_correct_and_compiles_from_what_is_shown(task):
    assert 1 <= len(task.hints) <= 3
    assert all(isinstance(hint, str) and hint.strip() for hint in task.hints)
    assert task.takeaway.strip().endswith((".", ".)"))
    messages = [known.message for known in task.mistakes]
    assert len(set(messages)) == len(messages) >= 1
    assert all(known.functions for known in task.mistakes)
    assert task.source.startswith(f"def {task.name}(")
    assert "@" not in task.source and "->" not in task.source
    assert repr(task.solution()) == task.source
    assert_correct(task, from_source(task.source, np=np, tf=tf, keras=keras))


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


# --- what no exercise takes for an answer ---------------------------------------------------------------


def blank(*arguments):
    """Nothing yet."""
    ...


def raising(error):
    def answer(*arguments):
        raise error

    return answer


@every_exercise
def test_nothing_done_yet_is_no_mistake(task):
    for answer in (..., None, blank, raising(NotImplementedError("to do"))):
        verdict = task.check(answer)
        assert verdict.status == "not attempted yet", (answer, verdict)
        assert task.name in verdict.message
    assert task.check().status == "not attempted yet"


def test_what_is_no_function_is_told_so():
    for answer in (3, "def f(): ...", [], {}, np.zeros(3), np, object()):
        verdict = lesson01.push_with_the_motion.check(answer)
        assert verdict.status == "not yet", (answer, verdict)
        assert "the function itself: `push_with_the_motion`, without brackets" in verdict.message
        assert kind_of(answer) in verdict.message


@every_exercise
def test_a_class_a_builtin_or_a_function_with_other_parameters_is_not_yet_right(task):
    for answer in (int, dict, type, print, divmod, max, np.add, str.upper):
        verdict = task.check(answer)
        assert verdict.status == "not yet", (answer, verdict)
        assert len(verdict.message) > 20
    for answer in (lambda *, key: key, lambda a, b, c, d, e, f, g, h, i: a):
        assert f"cannot be called as `{task.call}`: " in task.check(answer).message


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("of 0"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr
)
def test_what_an_answer_raises_is_reported_with_the_arguments_and_the_line(error):
    line = inspect.getsourcelines(raising)[1] + 2
    for task in EXERCISES.values():
        verdict = task.check(raising(error))
        assert verdict.status == "not yet", (task, verdict)
        assert verdict.message.startswith("With ")
        assert f"it raised {type(error).__name__}" in verdict.message
        assert f"This is line {line}: `raise error`." in verdict.message


class RaisesEverywhere:
    """An object that answers every question with an error that `except Exception` does not catch."""

    def __array__(self, *_, **__):
        raise SystemExit

    __iter__ = __repr__ = __array__


class Unshowable:
    def __array__(self, *_, **__):
        raise RuntimeError("no array")

    def __repr__(self):
        raise RuntimeError("no")


RESULTS = {
    "nothing": lambda *_: None,
    "dots": lambda *_: ...,
    "a text": lambda *_: "<script>alert(1)</script>",
    "a shape": lambda *_: np.zeros((7, 5, 1)),
    "a ragged list": lambda *_: [[1.0], [1.0, 2.0]],
    "not a number": lambda *_: float("nan"),
    "not numbers": lambda *_: np.full((2, 2), np.nan),
    "a dictionary": lambda *_: {"a": 1},
    "a complex number": lambda *_: 1j,
    "a function": lambda *_: len,
    "an object": lambda *_: Unshowable(),
    "objects": lambda *_: [Unshowable(), Unshowable()],
    "an array of objects": lambda *_: np.array([Unshowable(), "x", []], dtype=object),
    "what raises when looked at": lambda *_: RaisesEverywhere(),
    "a generator that raises": lambda *_: (1 / n for n in (1.0, 0)),
    "a huge number": lambda *_: 10**5000,
}


@pytest.mark.parametrize("answer", RESULTS.values(), ids=RESULTS)
def test_a_result_of_any_kind_is_told_in_words_and_without_markup(answer):
    for task in EXERCISES.values():
        try:
            verdict = task.check(answer)
        except BaseException as problem:
            pytest.fail(f"check of {task.name} raised {type(problem).__name__}")
        assert verdict.status == "not yet", (task, verdict)
        assert len(verdict.message) > 20
        assert "<script" not in verdict._repr_html_()


@every_exercise
def test_an_answer_that_returns_nothing_is_asked_for_its_return(task):
    def answer(*arguments):
        result = task.reference(*arguments)  # noqa: F841

    verdict = task.check(answer)
    assert verdict.status == "not yet"
    assert "return" in verdict.message and "TypeError" not in verdict.message


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
    for thread in set(threading.enumerate()) - before:
        thread.join(2)
    assert set(threading.enumerate()) <= before


def test_the_case_that_never_ends_is_named(monkeypatch):
    def endless_in_the_second_case(state):
        while state[1] < 0:
            state = state.copy()
        return 2

    monkeypatch.setattr(module, "TIME_LIMIT", 0.3)
    message = lesson01.push_with_the_motion.check(endless_in_the_second_case).message
    assert message.startswith("With `state = array([-0.5, -0.01])` it has not come back")


def test_a_generator_without_end_is_not_waited_for(monkeypatch):
    stop = threading.Event()

    def answer(target, online, tau):
        while not stop.is_set():
            time.sleep(0.01)
            yield target[0]

    monkeypatch.setattr(module, "TIME_LIMIT", 0.3)
    checking = threading.Thread(target=lesson05.soft_update.check, args=(answer,), daemon=True)
    checking.start()
    checking.join(10)
    came_back = not checking.is_alive()
    stop.set()
    assert came_back


def test_a_method_a_callable_object_and_more_parameters_with_defaults_are_allowed():
    class Driver:
        def push(self, state, right=2, *more, left=0, **options):
            return right if state[1] > 0 else left

        __call__ = push

    assert_correct(lesson01.push_with_the_motion, Driver().push)
    assert_correct(lesson01.push_with_the_motion, Driver())


# --- what is said, and in which order -------------------------------------------------------------------


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


def test_an_exercise_shows_its_solution_without_decorator_and_annotations_and_its_hints_one_at_a_time(double):
    assert double.call == "twice(numbers, n)"
    assert double.source == (
        'def twice(numbers, n):\n    """Twice the first number."""\n    return 2 * numbers[0]'
    )
    assert repr(double) == "Exercise twice: .check(your function), .hint(), .solution()"
    first, *last = [repr(double.hint()) for _ in range(4)]
    assert first == "Hint 1 of 2. One."
    assert last == ["Hint 2 of 2. Two. (This was the last one. `solution()` shows an answer.)"] * 3


def test_a_right_answer_gets_the_takeaway_and_the_remark(double):
    def short(numbers, n):
        return numbers[0] * 2

    assert repr(double.check(lambda numbers, n: numbers[0] + numbers[0])) == "✓ Correct. Well done."
    assert double.check(short).message == "Well done. It is short."


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda numbers, n: numbers[0], "Half of it."),
        (lambda numbers, n: 2 * numbers[-1] / (n - 1), "This is the last one."),
        (lambda numbers, n: None if n == 1 else 10.0, "This is the last one."),
        (
            lambda numbers, n: 0.5 if n == 1 else 0.0,
            "With `numbers = [1]`, `n = 1` the double should be `2`, but is `0.5`.",
        ),
        (
            lambda numbers, n: 2.0 if n == 1 else "six",
            "With `numbers = [3, 5]`, `n = 2` the double should be `6`, but is `'six'`. "
            "It must be a number, not a str.",
        ),
        (
            lambda numbers, n: numbers.pop(),
            "With `numbers = [1]`, `n = 1` the double should be `2`, but is `1`.",
        ),
        (
            lambda numbers, n: 2 * numbers.pop(0),
            "The results are right, but it modifies its arguments; work on a copy.",
        ),
    ],
)
def test_a_mistake_must_be_made_in_every_case_that_has_a_result_else_the_first_wrong_one_is_shown(
    double, answer, message
):
    assert double.check(answer).message == message
    assert double.cases == [([1.0], 1), ([3.0, 5.0], 2)]  # one answer leaves no trace for the next
    assert double.check(double.reference).correct


def test_an_error_is_shown_with_the_arguments_of_its_case(double):
    verdict = double.check(lambda numbers, n: 2 * numbers[0] / (2 - n))
    assert verdict.message.startswith("With `numbers = [3, 5]`, `n = 2` it raised ZeroDivisionError")


def same(n):
    return n


def small(**parts):
    """An exercise about returning the argument."""
    return exercise(**{"cases": [(1,)], "mistakes": [], "hints": ["One."], "takeaway": "Good."} | parts)(same)


def test_a_mistake_that_fits_in_every_case_comes_before_one_that_fits_in_most():
    mistakes = [
        mistake("Always seven.", lambda n: 7),
        mistake("Seven or nothing.", lambda n: None if n == 3 else 7),
    ]
    task = small(cases=[(1,), (2,), (3,)], mistakes=mistakes)
    assert task.check(lambda n: None if n == 3 else 7).message == "Seven or nothing."
    assert task.check(lambda n: None if n == 2 else 7).message == "Always seven."
    assert task.check(lambda n: 7 if n == 3 else 1 / 0).message.startswith("With `n = 1` it raised")


def test_what_an_evaluation_rejects_is_reported_and_of_several_results_the_wrong_one_is_named():
    def fussy(function, number):
        if function(number) == 0:
            raise Rejected("Not like this.")
        return {"number": number, "last one": function(number)}

    task = small(evaluate=fussy)
    assert repr(task.check(lambda n: 0)) == "✗ Not yet. Not like this."
    assert task.check(lambda n: 3).message == "With `n = 1` the last one should be `1`, but is `3`."
    assert "the last one should be `1`, but is `1.0`. It must be an int" in task.check(lambda n: 1.0).message


def test_what_is_checked_last_is_reported_and_an_error_in_it_too():
    task = small(extra_check=lambda answer: "it is not." if answer(9) < 0 else "")
    assert task.check(lambda n: n).correct
    assert task.check(lambda n: 0 if n < 9 else 1 / 0).message == (
        "With `n = 1` the result should be `1`, but is `0`."
    )
    assert task.check(lambda n: n if n < 9 else -1).message == "The results are right, but it is not."
    message = task.check(lambda n: [1][n - 1]).message
    assert message.startswith("The results are right, but it raised IndexError")


def test_an_interrupt_is_reported_with_the_case_that_ran(double, monkeypatch):
    def interrupted(seconds, function):
        raise KeyboardInterrupt

    double.check(lambda numbers, n: 0.0)  # the solution and the mistakes have run
    monkeypatch.setattr(module, "run_within", interrupted)
    message = double.check(lambda numbers, n: 2 * numbers[0]).message
    assert message.startswith("With `numbers = [1]`, `n = 1` it raised KeyboardInterrupt")


# --- how it looks ---------------------------------------------------------------------------------------

STATES = {"correct": "✓ Correct.", "not yet": "✗ Not yet.", "not attempted yet": "○ Not attempted yet."}


def text_of(html):
    return re.sub(r"<[^>]*>", "", html)


def test_a_status_is_a_mark_words_and_a_colour_of_its_own_and_a_screen_reader_is_told():
    verdicts = [Verdict(status, "A message.") for status in STATES]
    pages = [verdict._repr_html_() for verdict in verdicts]
    expected = [f"{words} A message." for words in STATES.values()]
    assert [repr(verdict) for verdict in verdicts] == [text_of(page) for page in pages] == expected
    assert [verdict.correct for verdict in verdicts] == [True, False, False]
    assert len({re.search("#[0-9A-F]{6}", page).group() for page in pages}) == len(STATES)
    assert all('role="status"' in page for page in pages)


@pytest.mark.parametrize("kind", [lambda text: Verdict("not yet", text), lambda text: Hint(1, 2, text)])
def test_a_message_is_text_and_never_markup(kind):
    html = kind("""<script>alert("x")</script> <b onclick='y'> & `<img src=x>`""")._repr_html_()
    assert set(re.findall(r"</?([a-z]+)", html)) == {"div", "b", "code"}
    assert "onclick=&#x27;y&#x27;" in html
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;" in html
    assert "<code>&lt;img src=x&gt;</code>" in html
    assert " &amp; " in html


def test_backticks_are_code_stars_emphasis_but_not_in_code_nor_in_a_product_and_lines_stay_lines():
    html = panel(
        "Heading.", "Use *this*: `a*b*c`, 2 * 3 * 4 or gamma**k.\n*Every run* counts, ` alone.", "#0"
    )
    assert (
        "Use <em>this</em>: <code>a*b*c</code>, 2 * 3 * 4 or gamma**k.<br><em>Every run</em> counts, ` alone."
    ) in html


def test_hints_and_solutions_are_text_and_markdown():
    assert text_of(Hint(2, 3, "Look at `x`.")._repr_html_()) == "Hint 2 of 3. Look at x."
    solution = Solution("def f(x):\n    return x")
    assert solution._repr_markdown_() == "One way to do it:\n\n```python\ndef f(x):\n    return x\n```"
