"""Environment variables of other libraries and of the user change no result and abort no kernel."""

import os
import subprocess
import sys

import pytest

from dqn_lib.agents import backend

LEARN = """
import numpy as np
from dqn_lib import mountain_car
from dqn_lib.agents.backend import keras, tf
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
agent = DQNAgent(mountain_car.make(), DQNConfig(learning_starts=64, hidden=(16, 16)), seed=1)
for _ in range(64):
    agent.observe(np.zeros(2), agent.act(np.zeros(2)), -1.0, np.zeros(2), terminated=False, truncated=False)
assert agent.updates == 16
threading = tf.config.threading
assert threading.get_intra_op_parallelism_threads() == threading.get_inter_op_parallelism_threads() == 1
assert keras.backend.backend() == "tensorflow"
layer = keras.layers.Dense(2)
layer.build((None, 2))
assert layer.kernel.dtype == "float32"
"""


def run(**environment):
    """What a fresh process does that learns a little."""
    clean = {name: value for name, value in os.environ.items() if name[:3] != "TF_"}
    return subprocess.run(
        [sys.executable, "-c", LEARN], capture_output=True, text=True, env=clean | environment,
        timeout=200, check=False,
    )  # fmt: skip


LEFT = {
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
@pytest.mark.parametrize("environment", [LEFT, {"XLA_FLAGS": "no flag at all"}], ids=["all", "no flag"])
def test_variables_of_other_libraries_have_no_effect(environment):
    done = run(**environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_the_users_settings_of_keras_have_no_effect(tmp_path):
    settings = (
        '{"floatx": "float16", "epsilon": 0.1, "backend": "jax", "image_data_format": "channels_first"}'
    )
    (tmp_path / "keras.json").write_text(settings, encoding="utf-8")
    done = run(KERAS_HOME=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_notebook_is_told_that_flags_are_ignored(capsys, monkeypatch):
    monkeypatch.setattr("builtins.__IPYTHON__", True, raising=False)
    monkeypatch.setenv("XLA_FLAGS", "--xla_gpu_cuda_data_dir=/opt")
    for _ in range(2):
        backend.remove_xla_flags()
    assert capsys.readouterr().out == "The environment variable XLA_FLAGS is ignored in this course.\n"
    assert "XLA_FLAGS" not in os.environ
