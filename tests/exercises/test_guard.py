"""Running somebody else's function: what it raises comes out, what never ends is ended."""

import functools
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from dqn_lib.exercises.guard import is_blank, within


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


@pytest.mark.parametrize(
    "function",
    [with_a_docstring, with_dots, with_pass, with_an_empty_return, with_none, lambda s: ..., lambda: None],
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
    assert within(5, lambda: 42) == 42


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), KeyboardInterrupt(), SystemExit(1), NotImplementedError(), TimeoutError("its own")],
)
def test_what_the_function_raises_is_raised_here(error):
    def function():
        raise error

    with pytest.raises(type(error)) as caught:
        within(5, function)
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
    with pytest.raises(TimeoutError):
        within(0.3, function)
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
    with pytest.raises(TimeoutError):
        within(0.1, wait)
    assert time.monotonic() - start < 3
    release.set()
    assert ended(before)


def test_a_recursion_without_end_is_an_error_like_any_other():
    def deeper(n):
        return deeper(n + 1)

    with pytest.raises(RecursionError):
        within(5, lambda: deeper(0))


def test_warnings_inside_are_not_shown_and_those_outside_are_as_before():
    def noisy():
        warnings.warn("loud", UserWarning, stacklevel=1)
        return np.log(np.zeros(1)) / np.zeros(1)

    filters, settings = list(warnings.filters), np.geterr()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        within(5, noisy)
    assert seen == []
    assert (list(warnings.filters), np.geterr()) == (filters, settings)


def test_the_standard_streams_stay_where_they_are():
    streams = sys.stdin, sys.stdout, sys.stderr
    within(5, lambda: print("seen"))
    assert (sys.stdin, sys.stdout, sys.stderr) == streams
