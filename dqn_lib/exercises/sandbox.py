"""Run somebody else's function: whether it raises, prints, warns or never ends, we go on as before."""

import contextlib
import ctypes
import dis
import os
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, TextIO

import numpy as np

TRIVIAL = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}
WAITING = 12  # times its seconds, for a function that does not compute: it may only stand in a queue
TICK = 0.05  # seconds between two looks at the clocks
LINES, CHARACTERS = 10, 2_000  # that a function may print; as many displays


class OutOfTimeError(TimeoutError):
    """A function has not come back; the message says how long that was, and what it did meanwhile."""


class _StopError(BaseException):
    """Thrown into a thread that has run out of time; `except Exception` does not catch it."""


def is_blank(function: Callable) -> bool:
    """Whether a function has nothing in it but its docstring and `...`."""
    if not hasattr(function, "__code__"):
        return False
    steps = list(dis.get_instructions(function))
    returned = [step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return {step.opname for step in steps} <= TRIVIAL and returned[-1] in (None, ...)


def within(seconds: float, function: Callable[[], Any]) -> Any:
    """What `function` returns; of what it prints only the beginning is shown.

    It runs in a thread, which works on every system and also stops a loop that does nothing. What counts is
    the processor time of that thread, so that a busy machine accuses nobody. Settings of the whole process,
    such as the filters of warnings, are afterwards as they were, even if the function never ends.

    Raises:
        OutOfTimeError: it computes for longer than `seconds`, or waits for twelve times as long.
        BaseException: whatever `function` raises.
    """
    result: list[Any] = []
    error: list[BaseException] = []
    clock: list[Callable[[], float]] = []

    def work() -> None:
        clock.append(_stopwatch())
        try:
            with np.errstate(all="ignore"), _few_displays():
                result.append(function())
        except BaseException as problem:
            error.append(problem)

    worker = threading.Thread(target=work, daemon=True)
    with _settings_of_the_process_kept(), _first_lines_of(worker):
        worker.start()
        start = time.monotonic()
        try:
            while worker.is_alive() and not (late := _too_late(seconds, clock, start)):
                worker.join(TICK)
        finally:  # also when the student interrupts
            stopped = worker.is_alive()
            if stopped:
                _stop(worker)
    if stopped:
        raise OutOfTimeError(late)
    if error:
        raise error[0]
    return result[0]


def _stopwatch() -> Callable[[], float]:
    """The processor time since now of this thread, or of the process where threads have no clocks."""
    read = time.process_time
    if hasattr(time, "pthread_getcpuclockid"):
        identity = time.pthread_getcpuclockid(threading.get_ident())
        read = lambda: time.clock_gettime(identity)  # noqa: E731
    start = read()
    return lambda: read() - start


def _too_late(seconds: float, clock: list[Callable[[], float]], start: float) -> str:
    """What to say if a function has had its time, otherwise nothing."""
    with contextlib.suppress(OSError):  # the thread has just ended, and its clock with it
        if clock and clock[0]() > seconds:
            return f"it has not come back after {seconds:g} seconds. Is there a loop that never ends?"
    if time.monotonic() - start > WAITING * seconds:
        return f"it has not come back after {WAITING * seconds:g} seconds. Does it wait for something?"
    return ""


def _stop(worker: threading.Thread) -> None:
    """Throw an exception into the thread, at uneven moments: a bare `except` in a loop catches some."""
    end = time.monotonic() + 1.0
    for attempt in count():
        if not worker.is_alive() or time.monotonic() > end:
            break
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(_StopError))
        worker.join(0.002 * (0.618 * attempt % 1))


@contextlib.contextmanager
def _settings_of_the_process_kept() -> Iterator[None]:
    """Show no warnings meanwhile; put back what a function may have changed for everybody.

    That is done here, in the thread that waits, since the other one may never come to it.
    """
    with contextlib.ExitStack() as kept:
        if "matplotlib" in sys.modules:
            kept.enter_context(sys.modules["matplotlib"].rc_context())
        with contextlib.suppress(OSError):  # the current folder may be gone
            kept.callback(os.chdir, os.getcwd())
        kept.callback(random.setstate, random.getstate())
        kept.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002  only to put it back
        kept.callback(sys.setrecursionlimit, sys.getrecursionlimit())
        before = list(warnings.filters)
        kept.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        ours = warnings.filters
        try:
            yield
        finally:
            # Whoever has entered `catch_warnings` meanwhile and leaves it later puts this list back.
            ours[:] = before


class _FirstLines:
    """Takes the place of a stream: keeps the first lines of one thread, passes on what others print."""

    def __init__(self, stream: TextIO, thread: threading.Thread) -> None:
        self.stream, self.thread = stream, thread
        self.text, self.lines, self.characters = "", 0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Keep the text if it is among the first lines."""
        if threading.current_thread() is not self.thread:
            return self.stream.write(text)
        if self.lines < LINES:
            self.text += text[: max(0, CHARACTERS - self.characters)]
        self.lines += text.count("\n")
        self.characters += len(text)
        return len(text)

    def flush(self) -> None:
        """What is kept waits for `show`; a kernel flushes at every display, and sends a message to do so."""
        if threading.current_thread() is not self.thread:
            self.stream.flush()

    def show(self) -> None:
        """Print what was kept, and how much was not."""
        first = "".join(self.text.splitlines(keepends=True)[:LINES])
        if len(first) < self.characters:
            more = self.lines - first.count("\n")
            first = f"{first.rstrip()}\n... (not shown: {f'{more:,} more lines' if more else 'the rest'})\n"
        if first:
            self.stream.write(first)


@contextlib.contextmanager
def _first_lines_of(thread: threading.Thread) -> Iterator[None]:
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = kept = [_FirstLines(stream, thread) for stream in streams]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
        for each in kept:
            each.show()


@contextlib.contextmanager
def _few_displays() -> Iterator[None]:
    """In a kernel: let this thread show no more pictures and tables than lines."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    publisher = getattr(shell, "display_pub", None)
    if not hasattr(publisher, "register_hook"):  # not in a kernel
        yield
        return
    left = iter(range(LINES))

    def limited(message: dict) -> dict | None:
        return message if next(left, None) is not None else None

    publisher.register_hook(limited)  # of this thread only
    try:
        yield
    finally:
        publisher.unregister_hook(limited)
