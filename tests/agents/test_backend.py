"""TensorFlow starts without a word, on one thread; real errors get through; XLA is not needed."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from dqn_lib.agents import backend
from dqn_lib.agents.backend import compiled, filtered_stderr, tf


def run(code, folder=None, **environment):
    """What a fresh process does with `code`; modules in `folder` come first."""
    environment = {name: value for name, value in os.environ.items() if name[:3] != "TF_"} | environment
    if folder:
        environment["PYTHONPATH"] = os.pathsep.join([str(folder), os.getcwd()])
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        timeout=200,
        check=False,
    )


@pytest.fixture
def with_fake(tmp_path):
    """Import the backend in a fresh process with these lines in place of TensorFlow; Keras is empty."""

    def importing(lines, code="import dqn_lib.agents.backend"):
        (tmp_path / "tensorflow.py").write_text(f"import os\n{lines}\n", encoding="utf-8")
        (tmp_path / "keras.py").touch()
        return run(code, tmp_path)

    return importing


LEARN = """
import numpy as np
from dqn_lib import mountain_car
from dqn_lib.agents.backend import keras, tf
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
agent = DQNAgent(mountain_car.make(), DQNConfig(learning_starts=64, hidden=(16, 16)))
for _ in range(64):
    agent.observe(np.zeros(2), agent.act(np.zeros(2)), -1.0, np.zeros(2), terminated=False, truncated=False)
assert agent.updates == 16
from dqn_lib.agents.backend import keras, tf
threading = tf.config.threading
assert threading.get_intra_op_parallelism_threads() == threading.get_inter_op_parallelism_threads() == 1
assert tf.config.get_visible_devices("GPU") == []
assert keras.backend.backend() == "tensorflow"
assert agent.parameters.dtype == np.float32
"""


@pytest.mark.slow
def test_importing_building_and_learning_prints_nothing_and_uses_one_thread():
    done = run(LEARN)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_in_this_process_too_tensorflow_uses_one_thread():
    assert tf.config.threading.get_intra_op_parallelism_threads() == 1
    assert tf.config.threading.get_inter_op_parallelism_threads() == 1


@pytest.mark.parametrize("chatter", backend.HARMLESS_LINES)
def test_only_known_lines_are_removed(with_fake, chatter):
    done = with_fake(rf"os.write(2, b'before\nI0000 {chatter} and more\nreal error\nno end of line')")
    assert "AttributeError: module 'tensorflow' has no attribute 'config'" in done.stderr
    assert done.stderr.startswith("before\nreal error\nno end of line")
    assert chatter not in done.stderr


def test_messages_before_an_abort_get_through(with_fake):
    done = with_fake(rf"os.write(2, b'{backend.HARMLESS_LINES[0]}\nreal error\n'); os.abort()")
    assert done.returncode != 0
    assert done.stderr == "real error\n"


def test_what_python_writes_to_stderr_gets_through(with_fake):
    done = with_fake(
        "import sys; print('to python', file=sys.stderr); os.write(2, b'to two\\n'); os._exit(3)"
    )
    assert done.returncode == 3
    assert set(done.stderr.splitlines()) == {"to python", "to two"}


def test_a_broken_tensorflow_is_an_import_error_with_its_message(with_fake):
    done = with_fake(r"os.write(2, b'cannot load libfoo.so\n'); raise ImportError('DLL load failed')")
    assert done.returncode == 1
    assert "cannot load libfoo.so\n" in done.stderr
    assert done.stderr.endswith("ImportError: DLL load failed\n")


def test_file_descriptor_2_is_restored(with_fake):
    done = with_fake(
        "raise ImportError('no')",
        "import os\ntry: import dqn_lib.agents.backend\nexcept ImportError: pass\n"
        f"os.write(2, b'{backend.HARMLESS_LINES[1]}')\nassert os.dup(0) == 3, 'a descriptor was left open'",
    )
    assert (done.returncode, done.stderr) == (0, backend.HARMLESS_LINES[1])


def test_only_known_lines_are_removed_while_a_cached_program_is_read(capfd):
    lines = "E0000 Error parsing text-format tensorflow.XlaSerializedCacheEntry: 1:1: x\nreal error\n"
    with filtered_stderr():
        os.write(2, lines.encode())
    with filtered_stderr(expected=False):
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
    from dqn_lib.agents.backend import startup_message

    monkeypatch.delattr("builtins.__IPYTHON__", raising=False)
    with startup_message():
        pass
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("builtins.__IPYTHON__", True, raising=False)
    with startup_message():
        assert capsys.readouterr().out == "Starting TensorFlow, a few seconds ...\r"
    assert capsys.readouterr().out.startswith("TensorFlow started in 0.0 s.")
