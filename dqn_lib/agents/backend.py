"""Imports TensorFlow for the whole library, and compiles functions with it.

TensorFlow runs on one thread: the networks of this course are too small to gain from more, and the results
are then reproducible.
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
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

from dqn_lib.agents import compile_cache

HARMLESS_LINES = (
    # While TensorFlow is imported.
    "All log messages before absl::InitializeLog() is called",
    "oneDNN custom operations are on",
    "Could not find cuda drivers on your machine",
    "failed call to cuInit",
    # While a compiled program is read from disk: TensorFlow first tries to parse it as text, and XLA lists
    # two settings of its own among the processor's features.
    "Error parsing text-format tensorflow.XlaSerializedCacheEntry",
    "Target machine feature +prefer-no-scatter is not",
    "Target machine feature +prefer-no-gather is not",
)

# Runs in another process, so that messages still get through if TensorFlow aborts.
_FILTER = f"""
import sys
for line in sys.stdin.buffer:
    if not any(known in line for known in {tuple(text.encode() for text in HARMLESS_LINES)!r}):
        sys.stderr.buffer.write(line); sys.stderr.buffer.flush()
"""


@contextlib.contextmanager
def filtered_stderr(expected: bool = True) -> Iterator[None]:
    """Remove `HARMLESS_LINES` from file descriptor 2, if any is expected; everything else passes.

    TensorFlow writes them from C++, where its log settings have no effect.
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
    """In a notebook, print a message while TensorFlow starts."""
    if not hasattr(builtins, "__IPYTHON__"):
        yield
        return
    waiting = "Starting TensorFlow, a few seconds ..."
    print(waiting, end="\r", flush=True)
    start = time.perf_counter()
    yield
    print(f"TensorFlow started in {time.perf_counter() - start:.1f} s.".ljust(len(waiting)))


def remove_xla_flags() -> None:
    """Delete the environment variables that set XLA's flags, for the rest of the process.

    TensorFlow aborts the process if its XLA does not know a flag, without a message in a notebook. And the
    results should not depend on flags that it knows, some of which it reads when it first compiles.
    """
    for name in ("XLA_FLAGS", "TF_XLA_FLAGS"):
        if os.environ.pop(name, None) and hasattr(builtins, "__IPYTHON__"):
            print(f"The environment variable {name} is ignored in this course.")


def load() -> Any:
    """Import and configure TensorFlow: one thread, and no GPU, which is slower for small networks."""
    remove_xla_flags()
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only
    with compile_cache.enabled_during_import(), startup_message(), filtered_stderr():
        tensorflow = importlib.import_module("tensorflow")
        with contextlib.suppress(RuntimeError):  # TensorFlow is already in use, and cannot be configured
            tensorflow.config.threading.set_intra_op_parallelism_threads(1)
            tensorflow.config.threading.set_inter_op_parallelism_threads(1)
            tensorflow.config.set_visible_devices([], "GPU")
    # Lessons make many small networks, and the same function is traced again for each: that is no mistake.
    tensorflow.get_logger().addFilter(lambda record: "retracing" not in record.getMessage())
    return tensorflow


tf = load()
keras = importlib.import_module("keras")
keras.config.set_floatx("float32")  # keras.json may have another setting


def compiled(
    function: Callable, example: Sequence[NDArray], name: str, xla: bool | None
) -> Callable[..., list[NDArray]]:
    """Compile `function`, of tensors, to a function of arrays with the shapes and types of `example`.

    `name` identifies it in the cache on disk. `xla` decides whether XLA compiles it; with None, XLA does
    where it works, and elsewhere the function is slower.

    Raises:
        tf.errors.OpError, RuntimeError: if `xla` is true and XLA cannot compile the function.
    """
    if xla is not False:
        graph = _graph(function, example, xla=True)
        for _ in range(2):  # the first attempt may fail for a damaged program in the cache, which it deletes
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
            f"XLA cannot compile the gradient step here ({reason}). TensorFlow runs it without XLA: the same "
            "results, about three times slower.",
            stacklevel=2,
        )
    return _program(_graph(function, example, xla=False), example)


def _graph(function: Callable, example: Sequence[NDArray], xla: bool) -> tuple[Any, list[str], list[str]]:
    """A graph that computes `function`, and the names of its inputs and outputs."""
    specs = [tf.TensorSpec(array.shape, array.dtype) for array in example]
    inner = tf.function(function, jit_compile=xla, autograph=False)
    outer = tf.function(inner, autograph=False).get_concrete_function(*specs)
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(with_stable_names(outer.graph.as_graph_def()), name="")
    return graph, [tensor.name for tensor in outer.inputs], [tensor.name for tensor in outer.outputs]


def _program(graph: tuple[Any, list[str], list[str]], example: Sequence[NDArray]) -> Callable:
    """A function of arrays that runs the graph; it is called once, which compiles the graph."""
    from tensorflow.core.protobuf import config_pb2  # not before `load` has configured TensorFlow

    graph, inputs, outputs = graph
    options = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=1, inter_op_parallelism_threads=-1, device_count={"GPU": 0}
    )
    session = tf.compat.v1.Session(graph=graph, config=options)
    # A private interface, since the public ones validate their arguments at every call. A chunk of 16 steps
    # takes 1.4 ms this way. `Session.make_callable` adds 0.5 ms, or 0.2 ms with all arrays packed into one;
    # a concrete function of packed tensors adds 0.25 ms. Then training is at least 12 % slower.
    run = session._make_callable_from_options(config_pb2.CallableOptions(feed=inputs, fetch=outputs))
    run(*example)
    return run


def with_stable_names(graph: Any) -> Any:
    """The graph with names of its functions that are the same in every process.

    TensorFlow appends to each name how many functions the process has traced, and the cache on disk depends
    on the names. So the number is replaced by the function's rank within the graph.
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
    """A name without the number at its end, and the number."""
    text = name.rstrip("0123456789")
    return text, int(name[len(text) :] or -1)
