"""The same call on a Dask cluster: a scheduler and two workers of its own, one of them killed half-way."""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import pytest
from distributed import Client

from dqn_lib.experiments.experiment import Experiment, Variant
from dqn_lib.experiments.runner import run

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])])}
NETWORKS = Experiment("cluster", Variant(steps=1_200), {"base": {}, "one step": {"n_step": 1}}, range(3))


def start(what, *options, folder):
    """A scheduler or a worker; what it says goes to a file, where its address can be read."""
    said = folder / f"{what}-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options, "--no-dashboard"]
    with said.open("w", encoding="utf-8") as file:
        return subprocess.Popen(command, env=ENVIRONMENT, stderr=file, cwd=folder), said


@pytest.fixture
def cluster(tmp_path):
    scheduler, said = start("scheduler", "--host", "127.0.0.1", "--port", "0", folder=tmp_path)
    processes = [scheduler]
    try:
        deadline = time.monotonic() + 60
        while not (found := re.search(r"Scheduler at:\s+(tcp://\S+)", said.read_text(encoding="utf-8"))):
            assert time.monotonic() < deadline, said.read_text(encoding="utf-8")
            time.sleep(0.1)
        address = found[1]
        for _ in range(2):
            here = ["--host", "127.0.0.1", "--nthreads", "1", "--no-nanny"]
            processes.append(start("worker", address, *here, folder=tmp_path)[0])
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def has_worked():
    return "dqn_lib.experiments.experiment" in sys.modules


def figures(rows):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.mark.weekly
def test_a_cluster_that_loses_a_worker_gives_the_same_rows(cluster, tmp_path):
    address, workers = cluster
    path = tmp_path / "far.jsonl"

    def kill_one():
        while not (path.exists() and path.read_bytes().count(b"\n") >= 3):  # two runs are finished
            time.sleep(0.01)
        workers[0].kill()

    threading.Thread(target=kill_one, daemon=True).start()
    rows = run(NETWORKS, path, scheduler=address, progress=False)
    assert workers[0].wait(timeout=10) != 0 and workers[1].poll() is None
    with Client(address, set_as_default=False) as client:
        assert list(client.run(has_worked).values()) == [True]
    assert [(row["variant"], row["seed"]) for row in rows] == [job.key for job in NETWORKS.jobs()]
    assert figures(rows) == figures(run(NETWORKS, tmp_path / "near.jsonl", processes=2, progress=False))


def test_joblibs_current_dask_backend_is_used(cluster, tmp_path):
    address, _ = cluster
    small = NETWORKS.only("base", seeds=[5])
    with Client(address) as client, joblib.parallel_config(backend="dask", client=client):
        rows = run(small, tmp_path / "far.jsonl", progress=False)
        assert any(client.run(has_worked).values())
    assert rows[0]["error"] is None


@pytest.mark.parametrize(
    "address",
    ["nowhere", pytest.param("tcp://127.0.0.1:1", marks=pytest.mark.weekly), "gopher://127.0.0.1:1"],
)
def test_an_unreachable_scheduler_is_a_connection_error(address, tmp_path):
    with pytest.raises(ConnectionError, match=f"address of a running Dask scheduler, got '{address}': "):
        run(NETWORKS, tmp_path / "far.jsonl", scheduler=address, progress=False)
    assert not (tmp_path / "far.jsonl").exists()
