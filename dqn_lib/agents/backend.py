"""The one place that imports TensorFlow: without its start-up chatter, on one thread.

The networks of this course are so small that threads only get in each other's way, and one thread gives
the same numbers every time.
"""

import builtins
import contextlib
import functools
import importlib
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any

CHATTER = (
    "All log messages before absl::InitializeLog() is called",
    "oneDNN custom operations are on",
    "Could not find cuda drivers on your machine",
    "failed call to cuInit",
)

# Runs in a process of its own, so that what TensorFlow says with its last breath still gets through.
_FILTER = f"""
import sys
for line in sys.stdin.buffer:
    if not any(known in line for known in {tuple(text.encode() for text in CHATTER)!r}):
        sys.stderr.buffer.write(line); sys.stderr.buffer.flush()
"""


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Keep the known start-up lines off file descriptor 2; everything else passes.

    TensorFlow writes them in C++, before any of its own log settings applies.
    """
    sys.stderr.flush()
    original = os.dup(2)
    with subprocess.Popen([sys.executable, "-ISc", _FILTER], stdin=subprocess.PIPE, stderr=original) as sieve:
        os.dup2(sieve.stdin.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)


@contextlib.contextmanager
def announced() -> Iterator[None]:
    """To somebody who waits in front of a notebook, say for what; scripts hear nothing."""
    if not hasattr(builtins, "__IPYTHON__"):
        yield
        return
    waiting = "Starting TensorFlow, a few seconds ..."
    print(waiting, end="\r", flush=True)
    start = time.perf_counter()
    yield
    print(f"TensorFlow started in {time.perf_counter() - start:.1f} s.".ljust(len(waiting)))


def set_aside_foreign_flags() -> None:
    """Take XLA's flags out of the environment, where another library may have left them.

    TensorFlow ends the process, without a word in a notebook, over a flag that its XLA does not know; and the
    numbers here shall not depend on those it does know.
    """
    for name in ("XLA_FLAGS", "TF_XLA_FLAGS"):
        if os.environ.pop(name, "") and hasattr(builtins, "__IPYTHON__"):
            print(f"The environment variable {name} is ignored in this course.")


def load() -> Any:
    """TensorFlow, set up: one thread, no GPU (a network this small would only wait for it)."""
    set_aside_foreign_flags()
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # information and warnings off, errors on
    with announced(), without_chatter():
        tensorflow = importlib.import_module("tensorflow")
        with contextlib.suppress(RuntimeError):  # already in use in this process: then all this is settled
            tensorflow.config.threading.set_intra_op_parallelism_threads(1)
            tensorflow.config.threading.set_inter_op_parallelism_threads(1)
            tensorflow.config.set_visible_devices([], "GPU")
    return tensorflow


tf = load()
keras = importlib.import_module("keras")
keras.config.set_floatx("float32")  # whatever the reader's keras.json says


@functools.cache
def xla_works() -> bool:
    """Whether XLA can compile here; if not, says so once. Everything works without it, slower."""
    try:
        with without_chatter():
            tf.function(lambda x: x + 1, jit_compile=True, autograph=False)(tf.constant(1.0))
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0][:120]
        warnings.warn(
            f"XLA cannot compile on this machine ({reason}). Learning uses plain TensorFlow graphs instead: "
            "the same results, about three times slower.",
            stacklevel=2,
        )
        return False
    return True
