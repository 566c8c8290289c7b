"""Run somebody else's function: it may raise, loop for ever or do nothing at all, and we go on."""

import ctypes
import dis
import threading
import time
import warnings
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

TRIVIAL = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}


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
    """Call `function`; raise what it raises, or TimeoutError if it takes longer than `seconds`.

    It runs in a thread, which works on every system and also stops a loop that does nothing.
    """
    result: list[Any] = []
    error: list[BaseException] = []

    def work() -> None:
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                result.append(function())
        except BaseException as problem:
            error.append(problem)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        worker.join(seconds)
    finally:  # also when the student interrupts
        late = worker.is_alive()
        if late:
            _stop(worker)
    if late:
        raise TimeoutError
    if error:
        raise error[0]
    return result[0]


def _stop(worker: threading.Thread) -> None:
    """Throw an exception into the thread, at uneven moments: a bare `except` in a loop catches some."""
    end = time.monotonic() + 1.0
    for attempt in count():
        if not worker.is_alive() or time.monotonic() > end:
            break
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(_StopError))
        worker.join(0.002 * (0.618 * attempt % 1))
