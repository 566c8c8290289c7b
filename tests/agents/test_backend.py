"""TensorFlow starts without a word, as we configure it whatever the environment; errors get through."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from dqn_lib.agents import backend
from dqn_lib.agents.backend import compiled, filtered_stderr, tf


def run(code, **environment):
    """What a fresh process does with `code`."""
    clean = {name: value for name, value in os.environ.items() if name[:3] != "TF_"}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=clean | environment,
        timeout=200,
        check=False,
    )


LEARN = """
import os
import numpy as np
from dqn_lib import mountain_car
from dqn_lib.agents.backend import keras, tf
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
agent = DQNAgent(mountain_car.make(), DQNConfig(learning_starts=64, hidden=(16, 16)))
for _ in range(64):
    agent.observe(np.zeros(2), agent.act(np.zeros(2)), -1.0, np.zeros(2), terminated=False, truncated=False)
assert agent.updates == 16
assert "TF_XLA_FLAGS" not in os.environ  # child processes have a folder of their own
threading = tf.config.threading
assert threading.get_intra_op_parallelism_threads() == threading.get_inter_op_parallelism_threads() == 1
assert tf.config.get_visible_devices("GPU") == []
assert keras.backend.backend() == "tensorflow"
layer = keras.layers.Dense(2)
layer.build((None, 2))
assert layer.kernel.dtype == "float32"
"""
OF_OTHERS = {
    "XLA_FLAGS": "--xla_gpu_flag_of_a_newer_version=true",
    "TF_XLA_FLAGS": "--tf_xla_flag_of_an_older_version=1",
    "KERAS_BACKEND": "jax",
    "TF_USE_LEGACY_KERAS": "1",
    "OMP_NUM_THREADS": "many",
    "TF_NUM_INTRAOP_THREADS": "8",
    "TF_NUM_INTEROP_THREADS": "8",
    "CUDA_VISIBLE_DEVICES": "all",
    "TF_FORCE_GPU_ALLOW_GROWTH": "yes",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment", [{}, OF_OTHERS, {"XLA_FLAGS": "no flag at all"}], ids=["plain", "of others", "no flag"]
)
def test_learning_prints_nothing_and_uses_one_thread_whatever_the_settings(environment, tmp_path):
    settings = '{"floatx": "float16", "epsilon": 0.1, "backend": "jax"}'
    (tmp_path / "keras.json").write_text(settings, encoding="utf-8")
    if environment:
        environment = {**environment, "KERAS_HOME": str(tmp_path)}
    done = run(LEARN, **environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_in_this_process_too_tensorflow_uses_one_thread():
    assert tf.config.threading.get_intra_op_parallelism_threads() == 1
    assert tf.config.threading.get_inter_op_parallelism_threads() == 1


def test_a_notebook_is_told_that_flags_are_ignored(capsys, monkeypatch):
    monkeypatch.setattr("builtins.__IPYTHON__", True, raising=False)
    monkeypatch.setenv("XLA_FLAGS", "--xla_gpu_cuda_data_dir=/opt")
    for _ in range(2):
        backend.remove_xla_flags()
    assert capsys.readouterr().out == "The environment variable XLA_FLAGS is ignored in this course.\n"
    assert "XLA_FLAGS" not in os.environ


@pytest.fixture
def with_fake(tmp_path):
    """Import the backend in a fresh process with these lines in place of TensorFlow; Keras is empty."""

    def importing(lines, code="import dqn_lib.agents.backend"):
        (tmp_path / "tensorflow.py").write_text(f"import os, sys\n{lines}\n", encoding="utf-8")
        (tmp_path / "keras.py").touch()
        return run(code, PYTHONPATH=os.pathsep.join([str(tmp_path), os.getcwd()]))

    return importing


def test_only_known_lines_are_removed_and_a_broken_tensorflow_is_an_import_error(with_fake):
    known = "".join(rf"I0000 {line} and more\n" for line in backend.HARMLESS_LINES)
    done = with_fake(
        rf"os.write(2, b'before\n{known}real error\n'); print('to python', file=sys.stderr, flush=True)"
        "\nos.write(2, b'no end of line\\n'); raise ImportError('DLL load failed')"
    )
    assert done.stderr.startswith("before\nreal error\nto python\nno end of line\n")
    assert not any(line in done.stderr for line in backend.HARMLESS_LINES)
    assert done.stderr.endswith("ImportError: DLL load failed\n")


def test_messages_before_an_abort_get_through(with_fake):
    done = with_fake(rf"os.write(2, b'{backend.HARMLESS_LINES[0]}\nreal error\n'); os.abort()")
    assert done.returncode != 0
    assert done.stderr == "real error\n"


def test_file_descriptor_2_is_restored(with_fake):
    done = with_fake(
        "raise ImportError('no')",
        "import os\ntry: import dqn_lib.agents.backend\nexcept ImportError: pass\n"
        f"os.write(2, b'{backend.HARMLESS_LINES[1]}')\nassert os.dup(0) == 3, 'a descriptor was left open'",
    )
    assert (done.returncode, done.stderr) == (0, backend.HARMLESS_LINES[1])


def test_lines_pass_while_no_cached_program_is_read(capfd):
    lines = "E0000 Error parsing text-format tensorflow.XlaSerializedCacheEntry: 1:1: x\nreal error\n"
    for expected in (True, False):
        with filtered_stderr(expected):
            os.write(2, lines.encode())
    assert capfd.readouterr().err == "real error\n" + lines


@pytest.mark.parametrize("xla", [None, True, False])
def test_a_compiled_function_takes_and_returns_arrays(xla, capfd):
    example = [np.zeros((2, 3), np.float32), np.zeros((), np.float32)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        function = compiled(lambda x, y: (x * y, tf.reduce_sum(x)), example, "a test of ours", xla)
    product, total = function(np.full((2, 3), 2, np.float32), np.float32(3))
    np.testing.assert_array_equal(product, np.full((2, 3), 6))
    assert (type(product), product.dtype, total) == (np.ndarray, np.float32, 12)
    assert capfd.readouterr() == ("", "")


def test_a_message_about_the_start_appears_in_notebooks_only(capsys, monkeypatch):
    monkeypatch.delattr("builtins.__IPYTHON__", raising=False)
    with backend.startup_message():
        pass
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("builtins.__IPYTHON__", True, raising=False)
    with backend.startup_message():
        assert capsys.readouterr().out == "Starting TensorFlow, a few seconds ...\r"
    assert capsys.readouterr().out.startswith("TensorFlow started in 0.0 s.")
