"""The one place that imports TensorFlow: without its start-up chatter, on one thread.

The networks of this course are so small that threads only get in each other's way, and one thread gives
the same numbers every time.
"""

import builtins
import contextlib
import importlib
import itertools
import os
import subprocess
import sys
import textwrap
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

from dqn_lib.agents import compile_cache

HARMLESS_LINES = (
    # When TensorFlow is imported.
    "All log messages before absl::InitializeLog() is called",
    "oneDNN custom operations are on",
    "Could not find cuda drivers on your machine",
    "failed call to cuInit",
    # When a compiled program is read from the disk: it is tried as text first, and two names that XLA
    # gives to its own habits are not among the processor's features.
    "Error parsing text-format tensorflow.XlaSerializedCacheEntry",
    "Target machine feature +prefer-no-scatter is not",
    "Target machine feature +prefer-no-gather is not",
)

# Runs in a process of its own, so that what TensorFlow says with its last breath still gets through.
_FILTER = f"""
import sys
for line in sys.stdin.buffer:
    if not any(known in line for known in {tuple(text.encode() for text in HARMLESS_LINES)!r}):
        sys.stderr.buffer.write(line); sys.stderr.buffer.flush()
"""


@contextlib.contextmanager
def filtered_stderr(expected: bool = True) -> Iterator[None]:
    """Keep the known lines off file descriptor 2, if any is expected; everything else passes.

    TensorFlow writes them in C++, where none of its own log settings applies.
    """
    if not expected:
        yield
        return
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
def startup_message() -> Iterator[None]:
    """To somebody who waits in front of a notebook, say for what; scripts hear nothing."""
    if not hasattr(builtins, "__IPYTHON__"):
        yield
        return
    waiting = "Starting TensorFlow, a few seconds ..."
    print(waiting, end="\r", flush=True)
    start = time.perf_counter()
    yield
    print(f"TensorFlow started in {time.perf_counter() - start:.1f} s.".ljust(len(waiting)))


def foreign_xla_flags() -> list[str]:
    """The environment variables with flags for XLA that another library, or the reader, has left."""
    return [name for name in ("XLA_FLAGS", "TF_XLA_FLAGS") if os.environ.get(name)]


def ignore_flags(flags: Iterable[str]) -> None:
    """Take these variables out of the environment, for good: XLA reads some when it first compiles.

    TensorFlow ends the process, without a word in a notebook, over a flag that its XLA does not know; and the
    numbers here shall not depend on those it does know.
    """
    for name in flags:
        del os.environ[name]
        if hasattr(builtins, "__IPYTHON__"):
            print(f"The environment variable {name} is ignored in this course.")


def load() -> Any:
    """TensorFlow, set up: one thread, no GPU (a network this small would only wait for it)."""
    foreign = foreign_xla_flags()
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # information and warnings off, errors on
    with compile_cache.enabled_during_import(), startup_message(), filtered_stderr():
        ignore_flags(foreign)
        tensorflow = importlib.import_module("tensorflow")
        with contextlib.suppress(RuntimeError):  # already in use in this process: then all this is settled
            tensorflow.config.threading.set_intra_op_parallelism_threads(1)
            tensorflow.config.threading.set_inter_op_parallelism_threads(1)
            tensorflow.config.set_visible_devices([], "GPU")
    return tensorflow


tf = load()
keras = importlib.import_module("keras")
keras.config.set_floatx("float32")  # whatever the reader's keras.json says


def compiled(
    function: Callable, example: Sequence[NDArray], name: str, xla: bool | None
) -> Callable[..., list[NDArray]]:
    """`function` of tensors as a function of arrays, shaped like those of `example`; compiled here and now.

    `name` tells it from all others in the cache on disk. With XLA if `xla` is true, without if it is
    false; if it is None, with XLA where it works, and without it, slower, where it does not.
    """
    if xla is not False:
        graph = _graph(function, example, xla=True)  # an error in `function` itself ends here
        for _ in range(2):  # what had been kept on disk may have been at fault, and is gone the second time
            try:
                with compile_cache.cached_program(name, tf.__version__) as found, filtered_stderr(found):
                    return _program(graph, example)
            except (tf.errors.OpError, RuntimeError) as error:
                problem = error
        if xla:
            raise problem
        reason = str(problem).removeprefix("Graph execution error:")
        reason = textwrap.shorten(reason, 160, placeholder=" ...")
        warnings.warn(
            f"XLA cannot compile this here ({reason}). Learning uses plain TensorFlow graphs instead: the "
            "same results, about three times slower.",
            stacklevel=2,
        )
    return _program(_graph(function, example, xla=False), example)


def _graph(function: Callable, example: Sequence[NDArray], xla: bool) -> tuple[Any, list[str], list[str]]:
    """What `function` computes as a graph of its own, and the names of its inputs and outputs."""
    specs = [tf.TensorSpec(array.shape, array.dtype) for array in example]
    inner = tf.function(function, jit_compile=xla, autograph=False)
    outer = tf.function(inner, autograph=False).get_concrete_function(*specs)
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(with_stable_names(outer.graph.as_graph_def()), name="")
    return graph, [tensor.name for tensor in outer.inputs], [tensor.name for tensor in outer.outputs]


def _program(graph: tuple[Any, list[str], list[str]], example: Sequence[NDArray]) -> Callable:
    """The graph as a function of arrays, run once, and so compiled, in a session of its own."""
    from tensorflow.core.protobuf import config_pb2  # no TensorFlow before `load` has made it ready

    graph, inputs, outputs = graph
    options = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=1, inter_op_parallelism_threads=-1, device_count={"GPU": 0}
    )
    session = tf.compat.v1.Session(graph=graph, config=options)
    # The public `make_callable` examines each array at each call; that takes as long as five gradient steps.
    run = session._make_callable_from_options(config_pb2.CallableOptions(feed=inputs, fetch=outputs))
    run(*example)
    return run


def with_stable_names(graph: Any) -> Any:
    """A graph whose functions are called the same in every process.

    TensorFlow ends their names in a count of all that the process has traced before, and the cache on
    disk goes by names. So each gets its rank within this graph instead.
    """
    names = sorted((function.signature.name for function in graph.library.function), key=_parts)
    renamed = {name: f"{_parts(name)[0]}{rank}" for rank, name in enumerate(names)}
    for function in graph.library.function:
        function.signature.name = renamed[function.signature.name]
    inside = [function.node_def for function in graph.library.function]
    for node in itertools.chain(graph.node, *inside):
        for attribute in node.attr.values():
            for called in [attribute.func, *attribute.list.func]:
                if called.name in renamed:
                    called.name = renamed[called.name]
    return graph


def _parts(name: str) -> tuple[str, int]:
    """What stands before the number at the end of a name, and the number."""
    text = name.rstrip("0123456789")
    return text, int(name[len(text) :] or -1)
