"""Running a student's function: what it raises comes out, and what never ends is stopped."""

import contextlib
import functools
import io
import linecache
import operator
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from dqn_lib.exercises import sandbox
from dqn_lib.exercises.sandbox import TimeLimitExceeded, error_in_words, is_blank, run_within

pytestmark = pytest.mark.slow


def with_a_docstring(state):
    """Only a docstring."""


def with_dots(state):
    """A docstring."""
    ...


def with_an_empty_return(state):
    return


def with_none(state):
    return None


def with_returned_dots(state):
    return ...


@pytest.mark.parametrize(
    "function", [with_a_docstring, with_dots, with_an_empty_return, with_none, with_returned_dots]
)
def test_a_function_with_nothing_in_it_is_blank(function):
    assert is_blank(function)


def with_an_assignment(state):
    x = 1  # noqa: F841


def with_a_false_return(state):
    return False


def with_an_error(state):
    raise NotImplementedError


@pytest.mark.parametrize(
    "function",
    [
        with_an_assignment,
        with_a_false_return,
        with_an_error,
        lambda s: 0,
        functools.partial(with_none, 1),
        len,
    ],
)
def test_a_function_with_anything_in_it_is_not_blank(function):
    assert not is_blank(function)


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyboardInterrupt(), SystemExit(1), TimeoutError("its own")]
)
def test_what_the_function_raises_is_raised_here(error):
    def function():
        raise error

    with pytest.raises(type(error)) as caught:
        run_within(5, function)
    assert caught.value is error


@contextlib.contextmanager
def ended_threads():
    """At the end of the block no thread is left but those from before; some take a moment."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(2)
    assert set(threading.enumerate()) <= before


def for_ever():
    while True:
        pass


def for_ever_around_a_bare_except():
    n = 0
    while True:
        try:  # noqa: SIM105
            n += 1
        except:  # noqa: E722
            pass


def for_ever_around_an_except():
    while True:
        try:
            np.sin(1.0)
        except Exception:
            continue


@pytest.mark.parametrize("function", [for_ever, for_ever_around_a_bare_except, for_ever_around_an_except])
def test_a_loop_that_never_ends_is_ended_and_its_thread_with_it(function):
    start = time.monotonic()
    with ended_threads(), pytest.raises(TimeLimitExceeded):
        run_within(0.2, function)
    assert time.monotonic() - start < 3


@contextlib.contextmanager
def stuck(before):
    """A function that cannot be ended until the block is left."""
    release = threading.Event()

    def wait():
        before()
        while not release.is_set():
            try:  # noqa: SIM105
                release.wait(0.05)
            except:  # noqa: E722
                pass

    with ended_threads():
        start = time.monotonic()
        with pytest.raises(TimeLimitExceeded):
            run_within(0.05, wait)
        assert time.monotonic() - start < 3
        yield
        release.set()


def meddle():
    warnings.warn("loud", UserWarning, stacklevel=1)
    np.log(np.zeros(1))
    np.seterr(all="raise")
    warnings.simplefilter("error")
    sys.stdout = io.StringIO()


def settings():
    """What must not stay as an answer has left it; and whether warnings are still seen."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.warn("be careful", UserWarning, stacklevel=1)
    shown = [str(warning.message) for warning in seen]
    return (sys.stdin, sys.stdout, sys.stderr), np.geterr(), list(warnings.filters), shown


@pytest.mark.parametrize("run", ["once", "for ever"])
def test_an_answer_warns_unseen_and_what_it_changes_for_everybody_is_changed_back(run):
    before = settings()
    assert before[-1] == ["be careful"]
    with warnings.catch_warnings(record=True) as seen, contextlib.ExitStack() as while_it_waits:
        if run == "once":
            run_within(5, meddle)
        else:
            while_it_waits.enter_context(stuck(meddle))
        assert seen == []
    assert settings() == before  # and also when it has woken up


def test_while_a_stuck_answer_waits_everything_is_as_before():
    before = settings()
    with stuck(meddle):
        assert settings() == before


# --- what it prints -------------------------------------------------------------------------------------


def test_the_first_lines_are_printed_and_the_rest_is_counted(capsys):
    def talk():
        for number in range(12_000):
            print("line", number)
            print("problem", number, file=sys.stderr)
        return 42

    assert run_within(5, talk) == 42
    out, err = capsys.readouterr()
    assert out.splitlines() == [f"line {n}" for n in range(10)] + ["... (not shown: 11,990 more lines)"]
    assert err.splitlines() == [f"problem {n}" for n in range(10)] + ["... (not shown: 11,990 more lines)"]


@pytest.mark.parametrize("text", ["", "one\n", "no end", "\n\n", "1\n" * 10])
def test_a_few_lines_are_printed_as_they_are(text, capsys):
    run_within(5, lambda: print(text, end=""))
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("text", ["x" * 1_000_000, ("x" * 500 + "\n") * 100])
def test_long_lines_are_cut(text, capsys):
    run_within(5, lambda: print(text, end=""))
    out = capsys.readouterr().out
    assert len(out) < 2_100
    assert text.startswith(out.partition("\n...")[0])
    assert "... (not shown: " in out


def test_what_was_printed_before_an_error_or_for_ever_is_printed_too(capsys):
    def aloud(end):
        while True:
            print("again")
            if end:
                raise ValueError

    with pytest.raises(ValueError):
        run_within(5, lambda: aloud(end=True))
    assert capsys.readouterr().out == "again\n"
    with pytest.raises(TimeLimitExceeded):
        run_within(0.2, lambda: aloud(end=False))
    out = capsys.readouterr().out
    assert out.startswith("again\n" * 10 + "... (not shown: ")
    assert len(out.splitlines()) == 11


def test_what_others_print_meanwhile_is_printed_at_once(capsys):
    def others():
        other = threading.Thread(target=print, args=("from elsewhere",))
        other.start()
        other.join()
        print("mine")
        return capsys.readouterr().out

    assert run_within(5, others) == "from elsewhere\n"
    assert capsys.readouterr().out == "mine\n"


def test_a_flush_in_a_function_costs_nothing(monkeypatch):
    class Stream(io.StringIO):
        def flush(self):
            pytest.fail("flushed")

    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    run_within(5, lambda: print("said", flush=True))
    assert stream.getvalue() == "said\n"


# --- how long it takes ----------------------------------------------------------------------------------


def compute(seconds):
    """Use as much of the processor's time."""
    start = time.thread_time()
    while time.thread_time() - start < seconds:
        pass
    return 42


def test_waiting_is_not_computing_and_neither_is_what_others_compute_meanwhile():
    stop = threading.Event()

    def hog():
        while not stop.is_set():
            pass

    assert run_within(0.1, lambda: time.sleep(0.3) or 42) == 42
    hogs = [threading.Thread(target=hog, daemon=True) for _ in range(4)]
    for each in hogs:
        each.start()
    try:
        assert run_within(0.2, lambda: compute(0.1)) == 42
    finally:
        stop.set()
        for each in hogs:
            each.join()


def test_where_threads_have_no_clocks_a_loop_without_end_is_ended_too(monkeypatch):
    monkeypatch.delattr(time, "pthread_getcpuclockid", raising=False)  # macOS, Windows
    assert run_within(5, lambda: compute(0.01)) == 42
    with pytest.raises(TimeLimitExceeded, match="Is there a loop that never ends"):
        run_within(0.2, for_ever)


def test_one_that_only_waits_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(sandbox, "WAITING", 3)
    with pytest.raises(
        TimeLimitExceeded, match=r"not come back after 0.3 seconds. Does it wait for something\?"
    ):
        run_within(0.1, lambda: [time.sleep(0.01) for _ in range(100)])
    with pytest.raises(
        TimeLimitExceeded, match=r"not come back after 0.1 seconds. Is there a loop that never"
    ):
        run_within(0.1, for_ever)


# --- what its errors mean -------------------------------------------------------------------------------


def use_a_name_without_a_value():
    if not ERRORS:
        value = 1
    return value


def without_end():
    return without_end()


ERRORS = [
    (lambda: ~np.zeros(2), "`~` inverts True and False, not numbers."),
    (lambda: np.ones(2) + np.ones(3), "The shapes of two arrays do not fit together"),
    (lambda: np.ones(2)[0, 0], "There are more indices than the array has axes"),
    (lambda: np.ones(2).sum(axis=1), "The array does not have this axis"),
    (lambda: [0.0, 1.0][2], "There is no entry with this index"),  # noqa: PLE0643
    (lambda: np.ones(2)[2], "There is no entry with this index"),
    (lambda: 1 if np.ones(2) > 0 else 2, "ask one question of the whole array"),
    (lambda: [].append(1)[0], "Something here is None"),
    (lambda: {"a": 1}["b"], "The dictionary has no such key."),
    (without_end, "The function calls itself without end."),
    (use_a_name_without_a_value, "No line has given this name a value yet"),
    (lambda: misspelt, "This name has no value"),  # noqa: F821
    (lambda: [0.0].mean(), "Lists do not have the methods of arrays"),  # noqa: PLW0108
    (lambda: np.ones(2).append(1), "Arrays do not have the methods of lists"),
    (lambda: [1] + 1, "`+` joins lists end to end"),
    (lambda: [0.0] * 0.5, "Lists cannot be calculated with"),
    (lambda: [0.0] > 1, "Lists cannot be compared with numbers"),
    (lambda: operator.getitem([0.0], [0]), "The index of a list is one integer"),
    (lambda: [0.0][np.pi], "An integer is needed here"),
    (lambda: len[0], "A single number or a function has no entries"),
    (lambda: np.pi(3), "Round brackets follow something that is not a function."),
    (lambda: sum(3), "A single number can neither be looped over"),
    (lambda: [a for a, b in [(1, 2, 3)]], "There must be as many names on the left"),
    (lambda: operator.setitem((1, 2), 0, 3), "Tuples and tensors cannot be changed in place"),
    (lambda: int(np.ones(2)), "take one number. For arrays use NumPy's functions."),
    (lambda: np.array([[1.0], [1.0, 2.0]]), "The parts of an array must be of equal length."),
    (lambda: 1 / 0, "With these arguments the divisor is 0."),
    (lambda: for_ever(1), "A function is called with other arguments than it takes."),
]


@pytest.mark.parametrize(("function", "explanation"), ERRORS, ids=[words for _, words in ERRORS])
def test_a_common_error_is_reported_with_its_line_and_explained(function, explanation):
    with pytest.raises(Exception) as caught:
        run_within(5, function)
    raised, line, more = error_in_words(caught.value, function, {}).splitlines()
    assert raised == f"it raised {caught.typename}: {caught.value}".strip()
    number = function.__code__.co_firstlineno + {without_end: 1, use_a_name_without_a_value: 3}.get(
        function, 0
    )
    source = linecache.getline(__file__, number).strip().replace("`", "'")
    assert line == f"This is line {number}: `{source}`."
    assert explanation in more


def test_the_last_own_line_and_the_advice_of_the_exercise_are_told():
    def outer():
        return inner()

    def inner():
        return ~np.zeros(2)

    with pytest.raises(TypeError) as caught:
        outer()
    message = error_in_words(caught.value, outer, {"nothing like it": "No.", "'invert'": "Use `1 - flag`."})
    assert message.endswith(": `return ~np.zeros(2)`.\nUse `1 - flag`.")


def test_of_an_error_of_keras_or_tensorflow_the_sentence_that_matters_is_left():
    tensor = ValueError(
        "{{function_node __wrapped__Mul_device_CPU:0}} Incompatible shapes: [2] vs. [3] [Op:Mul] name: "
    )
    assert error_in_words(tensor, len, {}).startswith(
        "it raised ValueError: Incompatible shapes: [2] vs. [3]\n"
    )
    layer = ValueError(
        'Exception encountered when calling Sequential.call().\n\n\x1b[1mInput 0 of layer "d" is '
        "incompatible with the layer.\x1b[0m\n\nArguments received by Sequential.call():\n  • inputs"
    )
    raised, more = error_in_words(layer, len, {}).splitlines()
    assert raised == 'it raised ValueError: Input 0 of layer "d" is incompatible with the layer.'
    assert more.startswith("The network was made for inputs of another shape")


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no")


def test_an_error_with_little_or_much_to_say_is_reported_all_the_same():
    assert error_in_words(ValueError(), len, {}) == "it raised ValueError"
    assert error_in_words(Mute(), len, {}) == "it raised Mute"
    assert len(error_in_words(ValueError("word " * 1_000), len, {})) < 300
