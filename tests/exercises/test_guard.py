"""Running a student's function: what it raises comes out, what never ends is stopped."""

import contextlib
import functools
import inspect
import io
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from dqn_lib.exercises import sandbox
from dqn_lib.exercises.sandbox import EXPLANATIONS, TimeLimitExceeded, error_in_words, is_blank, run_within

pytestmark = pytest.mark.slow


def with_a_docstring(state):
    """Only a docstring."""


def with_dots(state):
    """A docstring."""
    ...


def with_pass(state):
    pass


def with_an_empty_return(state):
    """A docstring."""
    return


def with_none(state):
    return None


def with_returned_dots(state):
    """A docstring."""
    return ...


@pytest.mark.parametrize(
    "function",
    [with_a_docstring, with_dots, with_pass, with_an_empty_return, with_none, with_returned_dots],
)
def test_a_function_with_nothing_in_it_is_blank(function):
    assert is_blank(function)


def with_an_assignment(state):
    x = 1  # noqa: F841


def with_an_error(state):
    raise NotImplementedError


def with_a_yield(state):
    yield


@pytest.mark.parametrize(
    "function",
    [
        with_an_assignment,
        with_an_error,
        with_a_yield,
        lambda state: 0,
        lambda state: "",
        lambda state: False,
        lambda state: (),
        lambda state: state,
        functools.partial(with_pass, 1),
        len,
        int,
        print,
    ],
)
def test_a_function_with_anything_in_it_is_not_blank(function):
    assert not is_blank(function)


def test_what_the_function_returns_is_returned():
    assert run_within(5, lambda: 42) == 42


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), KeyboardInterrupt(), SystemExit(1), NotImplementedError(), TimeoutError("its own")],
)
def test_what_the_function_raises_is_raised_here(error):
    def function():
        raise error

    with pytest.raises(type(error)) as caught:
        run_within(5, function)
    assert caught.value is error


def ended(before):
    """Wait a moment until no thread is left but those from before."""
    for _ in range(100):
        if set(threading.enumerate()) <= before:
            return True
        time.sleep(0.02)
    return False


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


def for_ever_in_a_function():
    def down(depth):
        if depth:
            down(depth - 1)
        else:
            for_ever()

    down(50)


@pytest.mark.parametrize(
    "function", [for_ever, for_ever_around_a_bare_except, for_ever_around_an_except, for_ever_in_a_function]
)
def test_a_loop_that_never_ends_is_ended_and_its_thread_with_it(function):
    before = set(threading.enumerate())
    start = time.monotonic()
    with pytest.raises(TimeLimitExceeded):
        run_within(0.3, function)
    assert time.monotonic() - start < 3
    assert ended(before)


def test_what_cannot_be_interrupted_is_left_behind():
    release = threading.Event()

    def wait():
        while not release.is_set():
            try:  # noqa: SIM105
                release.wait(0.05)
            except:  # noqa: E722
                pass

    before = set(threading.enumerate())
    start = time.monotonic()
    with pytest.raises(TimeLimitExceeded):
        run_within(0.1, wait)
    assert time.monotonic() - start < 3
    release.set()
    assert ended(before)


def test_a_recursion_without_end_is_an_error_like_any_other():
    def deeper(n):
        return deeper(n + 1)

    with pytest.raises(RecursionError):
        run_within(5, lambda: deeper(0))


def test_warnings_inside_are_not_shown_and_those_outside_are_as_before():
    def noisy():
        warnings.warn("loud", UserWarning, stacklevel=1)
        return np.log(np.zeros(1)) / np.zeros(1)

    filters, settings = list(warnings.filters), np.geterr()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        run_within(5, noisy)
    assert seen == []
    assert (list(warnings.filters), np.geterr()) == (filters, settings)


@contextlib.contextmanager
def stuck(before=lambda: None):
    """A function that cannot be ended until the block is left; its thread has ended then."""
    release, threads = threading.Event(), set(threading.enumerate())

    def wait():
        before()
        while not release.is_set():
            try:  # noqa: SIM105
                release.wait(0.05)
            except:  # noqa: E722
                pass

    with pytest.raises(TimeLimitExceeded):
        run_within(0.05, wait)
    try:
        yield
    finally:
        release.set()
        assert ended(threads)


def assert_warned():
    with warnings.catch_warnings(record=True) as seen:
        warnings.warn("be careful", UserWarning, stacklevel=1)
    assert [str(warning.message) for warning in seen] == ["be careful"]


def test_an_answer_that_never_ends_leaves_the_filters_of_warnings_as_they_were():
    filters = list(warnings.filters)
    with stuck():
        assert list(warnings.filters) == filters
        assert_warned()
    assert list(warnings.filters) == filters  # and also when it has woken up
    assert_warned()


def settings():
    """What must not stay as an answer has left it."""
    return {
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "errors": np.geterr(),
        "filters": list(warnings.filters),
    }


def meddle():
    np.seterr(all="raise")
    warnings.simplefilter("error")
    sys.stdout = io.StringIO()


@pytest.mark.parametrize("run", ["once", "for ever"])
def test_what_an_answer_changes_for_everybody_is_changed_back(run):
    before = settings()
    if run == "once":
        run_within(5, meddle)
        assert settings() == before
    else:
        with stuck(meddle):
            assert settings() == before
        assert settings() == before


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


@pytest.mark.parametrize("text", ["", "one\n", "no end", "\n\n", "1\n" * 10, "a\nb"])
def test_a_few_lines_are_printed_as_they_are(text, capsys):
    run_within(5, lambda: print(text, end=""))
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("text", ["x" * 1_000_000, "x" * 1_000_000 + "\n", ("x" * 500 + "\n") * 100])
def test_long_lines_are_cut(text, capsys):
    run_within(5, lambda: print(text, end=""))
    out = capsys.readouterr().out
    assert len(out) < 2_100
    assert text.startswith(out.partition("\n...")[0])
    assert "... (not shown: " in out


def test_what_was_printed_before_an_error_or_for_ever_is_printed_too(capsys):
    def fail():
        print("so far")
        raise ValueError

    with pytest.raises(ValueError):
        run_within(5, fail)
    assert capsys.readouterr().out == "so far\n"

    def for_ever_aloud():
        while True:
            print("again")

    with pytest.raises(TimeLimitExceeded):
        run_within(0.2, for_ever_aloud)
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


def compute(seconds):
    """Use as much of the processor's time."""
    start = time.thread_time()
    while time.thread_time() - start < seconds:
        pass
    return 42


def test_waiting_is_not_computing():
    assert run_within(0.2, lambda: time.sleep(0.5) or 42) == 42


def test_what_others_compute_meanwhile_does_not_count(monkeypatch):
    monkeypatch.setattr(sandbox, "WAITING", 100)
    stop = threading.Event()

    def hog():
        while not stop.is_set():
            pass

    hogs = [threading.Thread(target=hog, daemon=True) for _ in range(6)]
    for each in hogs:
        each.start()
    try:
        assert run_within(0.4, lambda: compute(0.2)) == 42
    finally:
        stop.set()
        for each in hogs:
            each.join()


def test_where_threads_have_no_clocks_a_loop_without_end_is_ended_too(monkeypatch):
    monkeypatch.delattr(time, "pthread_getcpuclockid", raising=False)  # macOS, Windows
    assert run_within(5, lambda: compute(0.01)) == 42
    with pytest.raises(TimeLimitExceeded, match="Is there a loop that never ends"):
        run_within(0.2, for_ever)


def test_one_that_only_waits_is_not_waited_for_for_ever():
    with pytest.raises(
        TimeLimitExceeded, match=r"not come back after 1.2 seconds. Does it wait for something\?"
    ):
        run_within(0.1, lambda: time.sleep(3))
    with pytest.raises(
        TimeLimitExceeded, match=r"not come back after 0.1 seconds. Is there a loop that never"
    ):
        run_within(0.1, lambda: compute(3))


def test_the_standard_streams_stay_where_they_are():
    streams = sys.stdin, sys.stdout, sys.stderr
    run_within(5, lambda: print("seen"))
    assert (sys.stdin, sys.stdout, sys.stderr) == streams


def test_a_flush_in_a_function_costs_nothing(monkeypatch):
    class Stream(io.StringIO):
        flushes = 0

        def flush(self):
            self.flushes += 1

    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    run_within(5, lambda: print("said", flush=True))
    assert (stream.flushes, stream.getvalue()) == (0, "said\n")


NUMBERS = [0.0, 1.0]


def invert_numbers():
    return ~np.array([0.0, 1.0])


def add_unlike_shapes():
    return np.ones(2) + np.ones(3)


def index_beyond_the_end():
    return NUMBERS[2]


def use_the_result_of_append():
    return [].append(1)[0]


def ask_an_array():
    return 1 if np.ones(2) > 0 else 2


def look_up_a_missing_key():
    return {"a": 1}["b"]


def use_a_method_of_arrays():
    return NUMBERS.mean()


def multiply_a_list():
    return NUMBERS * 0.5


def call_a_number():
    return NUMBERS[0](3)


def index_with_a_float():
    return NUMBERS[NUMBERS[0]]


def use_a_name_without_a_value():
    if not EXPLANATIONS:
        value = 1
    return value


@pytest.mark.parametrize(
    ("function", "explanation"),
    [
        (invert_numbers, "`~` inverts True and False, not numbers."),
        (add_unlike_shapes, "The shapes of two arrays do not fit together"),
        (index_beyond_the_end, "There is no entry with this index"),
        (use_the_result_of_append, "Something here is None"),
        (ask_an_array, "ask one question of the whole array"),
        (look_up_a_missing_key, "The dictionary has no such key."),
        (use_a_method_of_arrays, "Lists do not have the methods of arrays"),
        (multiply_a_list, "Lists cannot be calculated with"),
        (call_a_number, "Round brackets follow something that is not a function."),
        (index_with_a_float, "An integer is needed here"),
        (use_a_name_without_a_value, "No line has given this name a value yet"),
    ],
)
def test_a_common_error_is_reported_with_its_line_and_explained(function, explanation):
    lines, first = inspect.getsourcelines(function)
    with pytest.raises(Exception) as caught:
        run_within(5, function)
    raised, line, more = error_in_words(caught.value, function, {}).splitlines()
    assert raised == f"it raised {caught.typename}: {caught.value}".strip()
    assert line == f"This is line {first + len(lines) - 1}: `{lines[-1].strip()}`."
    assert explanation in more


def test_the_advice_of_an_exercise_comes_before_the_general_one():
    with pytest.raises(TypeError) as caught:
        invert_numbers()
    advice = {"nothing like it": "No.", "'invert'": "Use `1 - terminated`."}
    assert error_in_words(caught.value, invert_numbers, advice).endswith("\nUse `1 - terminated`.")


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


@pytest.mark.parametrize(
    ("error", "words"),
    [(ValueError(), "it raised ValueError"), (Mute(), "it raised Mute"), (ValueError("x" * 9), "xxxxxxxxx")],
)
def test_an_error_with_little_to_say_is_reported_all_the_same(error, words):
    assert words in error_in_words(error, len, {})


def test_a_long_message_is_cut():
    assert len(error_in_words(ValueError("word " * 1_000), len, {})) < 300
