"""Run a student's function: with a time limit, with little output, and with its errors explained in words."""

import ast
import contextlib
import ctypes
import inspect
import linecache
import re
import sys
import textwrap
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TextIO

import numpy as np

WAITING = 12  # times the time limit, for a function that waits instead of computing
TICK = 0.05  # seconds between two looks at the clocks
LINES, CHARACTERS = 10, 2_000  # that a function may print; as many displays as lines
IN_USER_CODE = "in user code:"
LONGEST_MESSAGE = 200  # characters of an error's own message

# Patterns of error messages, and what a student should know about them; the first that matches counts.
EXPLANATIONS = {
    r"ufunc 'invert' not supported|bad operand type for unary ~|name=(Invert|LogicalNot)": (
        "`~` inverts True and False, not numbers. For flags that are 0.0 and 1.0 write `1 - flag`."
    ),
    r"broadcast|[Ii]ncompatible shapes|core dimension|not aligned|Matrix size-incompatible": (
        "The shapes of two arrays do not fit together: print the `.shape` of each."
    ),
    r"too many indices|invalid index to scalar": (
        "There are more indices than the array has axes: print its `.shape`."
    ),
    r"axis -?\d+ is out of bounds|Invalid reduction dimension|but array is": (
        "The array does not have this axis: print its `.shape`. Axis 0 is the first."
    ),
    r"out of bounds|index out of range": (
        "There is no entry with this index: the first has index 0, the last `len(...) - 1`."
    ),
    r"truth value of an array": (
        "`if`, `and`, `or` and `not` ask one question of the whole array. For an answer for each "
        "entry use `&`, `|`, `~` (with brackets around each comparison) or `np.where`."
    ),
    r"NoneType": (
        "Something here is None: perhaps the result of a function without `return`, or of a method "
        "such as `append` or `sort`, which changes its list and returns nothing."
    ),
    r"KeyError": "The dictionary has no such key.",
    r"cannot access local variable|cannot access free variable": (
        "No line has given this name a value yet: which branch is taken with these arguments?"
    ),
    r"NameError": "This name has no value: is it misspelt, or is its `import` missing?",
    r"'(list|tuple)' object has no attribute": (
        "Lists do not have the methods of arrays: make an array first, `np.asarray(...)`."
    ),
    r"'numpy.ndarray' object has no attribute": "Arrays do not have the methods of lists or of tensors.",
    r"can only concatenate": (
        "`+` joins lists end to end. To add numbers make arrays first, `np.asarray(...)`."
    ),
    r"unsupported operand.*'(list|tuple)'|multiply sequence|unary -: '(list|tuple)'": (
        "Lists cannot be calculated with: make arrays first, `np.asarray(...)`."
    ),
    r"not supported between instances of.*'(list|tuple)'": (
        "Lists cannot be compared with numbers: make arrays first, `np.asarray(...)`."
    ),
    r"indices must be integers or slices, not (list|tuple|numpy.ndarray|EagerTensor)": (
        "The index of a list is one integer: make an array first, `np.asarray(...)`, or use a loop."
    ),
    r"indices must be integers|only integers, slices|cannot be interpreted as an integer": (
        "An integer is needed here: `int(...)` makes one, and `//` divides integers."
    ),
    r"not subscriptable|invalid index": (
        "A single number or a function has no entries: square brackets cannot follow it."
    ),
    r"object is not callable": "Round brackets follow something that is not a function. Is a `*` missing?",
    r"not iterable|cannot unpack|iteration over a 0-d": (
        "A single number can neither be looped over nor unpacked."
    ),
    r"values to unpack": "There must be as many names on the left as values on the right.",
    r"does not support item assignment": "Tuples and tensors cannot be changed in place: make a new one.",
    r"only (length-1|size-1|0-dimensional|integer scalar) arrays": (
        "`int()`, `float()` and the functions of `math` take one number. For arrays use NumPy's functions."
    ),
    r"setting an array element with a sequence|inhomogeneous shape": (
        "The parts of an array must be of equal length."
    ),
    r"not match type|expected to be an? \w+ tensor|Tensor conversion requested|to EagerTensor of dtype": (
        "TensorFlow does not mix types of numbers: `tf.cast(x, tf.float32)` converts."
    ),
    r"incompatible with the layer": "The network was made for inputs of another shape: print the `.shape`.",
    r"RecursionError": "The function calls itself without end.",
    r"ZeroDivisionError": "With these arguments the divisor is 0.",
    r"positional argument|unexpected keyword": "A function is called with other arguments than it takes.",
}


class TimeLimitExceeded(Exception):
    """A function has not come back in time; the message says how long that was, and what it did meanwhile."""


class Stopped(BaseException):
    """Thrown into a thread that has run out of time; `except Exception` does not catch it."""


def is_blank(function: Callable) -> bool:
    """Whether a function, or each method of a class, is only a docstring and `...`, `pass` or `return`."""
    if inspect.isclass(function):
        methods = [one for one in vars(function).values() if inspect.isfunction(one)]
        return bool(methods) and all(map(is_blank, methods))
    function = inspect.unwrap(function)  # what `tf.function` has compiled
    try:
        definition = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError):  # without source, such as a built-in; part of a statement
        return False
    return isinstance(definition, ast.FunctionDef) and all(map(_does_nothing, definition.body))


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Return):
        value = statement.value
        return value is None or (isinstance(value, ast.Constant) and value.value in (None, ...))
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def error_in_words(error: BaseException, function: Callable, advice: Mapping[str, str]) -> str:
    """What a function raised, in which of its lines, and what that means.

    Args:
        error: what it raised.
        function: the student's function; lines of other people's code are not shown.
        advice: what to say about an error whose text contains one of the keys.
    """
    name, message = type(error).__name__, _message(error)
    own = [(re.escape(words), more) for words, more in advice.items()]  # goes before the general ones
    explanations = [*own, *EXPLANATIONS.items()]
    more = next((more for words, more in explanations if re.search(words, f"{name}: {message}")), "")
    raised = f"it raised {name}: {_first_paragraph(message)}".removesuffix(": ")
    return "\n".join(filter(None, [raised, _line(error, function), more]))


def _message(error: BaseException) -> str:
    """The message of an error, without colours and without the names of TensorFlow's operations."""
    try:
        text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    except Exception:
        return ""
    return re.sub(r"\{\{.*?\}\}\s*|\s*\[Op:\w+\].*", "", text).replace("`", "'").strip()


def _first_paragraph(message: str) -> str:
    """The first paragraph in which Keras says what is wrong, in at most a few lines."""
    paragraphs = re.split(r"\n\s*\n", message)
    frame = "Exception encountered", "Arguments received"
    if IN_USER_CODE in message:  # of a `tf.function`: places and lines first, and what is wrong last
        paragraphs = [paragraphs[-1].strip().partition(": ")[2]]
    text = next((each for each in paragraphs if not each.startswith(frame)), message)
    return textwrap.shorten(text, LONGEST_MESSAGE, placeholder=" ...")


def _line(error: BaseException, function: Callable) -> str:
    """The last of the student's own lines that was running."""
    if places := re.findall(r'File "[^"]*", line (\d+), in \w+\s*\*?\s*\n\s*(.+)', _message(error)):
        number, source = places[-1]
        return f"This is line {number}: `{source.strip()}`."
    names = getattr(function, "__globals__", None)
    own = [
        (frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_globals is names
    ]
    if not own:
        return ""
    frame, number = own[-1]
    source = linecache.getline(frame.f_code.co_filename, number).strip().replace("`", "'")
    return f"This is line {number}: `{source}`." if source else f"This is line {number}."


def run_within(seconds: float, function: Callable[[], Any]) -> Any:
    """What `function` returns; of what it prints only the beginning is shown.

    It runs in a thread, which works on every system and also stops a loop that does nothing. What counts is
    the processor time of that thread, so that a busy machine makes no difference.

    Raises:
        TimeLimitExceeded: it computes for longer than `seconds`, or waits for twelve times as long.
        BaseException: whatever `function` raises.
    """
    result: list[Any] = []
    error: list[BaseException] = []
    clock: list[Callable[[], float]] = []

    def work() -> None:
        clock.append(_processor_time())
        try:
            with np.errstate(all="ignore"), _few_displays():
                result.append(function())
        except BaseException as problem:
            error.append(problem)

    worker = threading.Thread(target=work, daemon=True)
    with warnings.catch_warnings(), _first_lines_of(worker):
        warnings.simplefilter("ignore")
        worker.start()
        start = time.monotonic()
        try:
            while worker.is_alive() and not (late := _too_late(seconds, clock, start)):
                worker.join(TICK)
        finally:  # also when the student interrupts
            stopped = worker.is_alive()
            if stopped:
                stop_thread(worker)
    if stopped:
        raise TimeLimitExceeded(late)
    if error:
        raise error[0]
    return result[0]


def _processor_time() -> Callable[[], float]:
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


def stop_thread(worker: threading.Thread) -> None:
    """Throw an exception into the thread, again and again: a bare `except` in a loop catches some."""
    end = time.monotonic() + 1.0
    while worker.is_alive() and time.monotonic() < end:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(Stopped))
        worker.join(0.001)


class _FirstLines:
    """A stream in place of another: keeps the first lines of one thread, passes on what others print."""

    def __init__(self, stream: TextIO, thread: threading.Thread) -> None:
        self.stream, self.thread = stream, thread
        self.text, self.lines, self.characters = "", 0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Keep the text if it is among the first lines."""
        if threading.current_thread() is not self.thread:
            return self.stream.write(text)
        self.text += text[: max(0, CHARACTERS - self.characters)]
        self.lines += text.count("\n")
        self.characters += len(text)
        return len(text)

    def flush(self) -> None:
        """Nothing to do for the thread whose lines are kept until `show`."""
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
    """Show only the first lines that a thread prints, once they are complete."""
    out, err = _FirstLines(sys.stdout, thread), _FirstLines(sys.stderr, thread)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield
    finally:
        out.show()
        err.show()


@contextlib.contextmanager
def _few_displays() -> Iterator[None]:
    """In a kernel: let this thread display no more pictures and tables than lines."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    publisher = getattr(shell, "display_pub", None)
    if not hasattr(publisher, "register_hook"):  # not in a kernel
        yield
        return
    left = iter(range(LINES))

    def limited(message: dict) -> dict | None:
        return message if next(left, None) is not None else None

    publisher.register_hook(limited)  # ipykernel calls it for what this thread displays, and for nothing else
    try:
        yield
    finally:
        publisher.unregister_hook(limited)
