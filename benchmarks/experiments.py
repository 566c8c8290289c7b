"""What an experiment costs: the ladder of lesson 7 on all cores, one process against two, memory and threads.

    python benchmarks/experiments.py --json benchmarks/results/experiments.json

The ladder is run whole, in fresh processes, while the memory and the threads of every process are watched.
One process is compared with two on a part of it, by turns, several times.
"""

import argparse
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from common import results_file, write_results

from dqn_lib.experiments.catalogue import NETWORKS
from dqn_lib.experiments.experiment import Experiment
from dqn_lib.experiments.runner import run

LADDER = (
    "base", "not double", "hard, every 200", "copied every step", "one step", "memory 500", "memory 64",
    "raw inputs", "zero biases", "gamma 0.95", "not held", "gamma 0.85",
)  # fmt: skip
PART = ("base", "not double")
SETTLED = 20.0  # seconds of a worker's life after which its average says something


class Watch:
    """Looks at the workers every quarter of a second while something runs.

    Afterwards `peak_mb` is the most memory that one of them held, and `cores` how many cores one of them kept
    busy, on average over its life.
    """

    def __init__(self) -> None:
        self.peak_mb, self.cores = 0.0, 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        lives: dict[int, float] = {}
        while not self._stop.wait(0.25):
            for worker in psutil.Process().children(recursive=True):
                try:
                    self.peak_mb = max(self.peak_mb, worker.memory_info().rss / 1e6)
                    used, age = sum(worker.cpu_times()[:2]), time.time() - worker.create_time()
                except psutil.NoSuchProcess:
                    continue
                if age > SETTLED:
                    lives[worker.pid] = used / age
        self.cores = max(lives.values())


def timed(experiment: Experiment, processes: int | None) -> tuple[float, list[dict[str, Any]]]:
    """Seconds for all runs of an experiment, and the runs."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        rows = run(experiment, Path(folder) / "runs.jsonl", processes=processes)
        return time.perf_counter() - start, rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3, help="comparisons of one process with two")
    parser.add_argument("--json", type=results_file, default=None, help="file for the results")
    options = parser.parse_args()

    with Watch() as watch:
        seconds, rows = timed(NETWORKS.only(*LADDER), None)
    print(
        f"ladder: {len(rows)} runs in {seconds:.0f} s, a worker peaks at {watch.peak_mb:.0f} MB "
        f"and keeps {watch.cores:.2f} cores busy"
    )
    part = NETWORKS.only(*PART, seeds=range(8))
    ratios = [timed(part, 1)[0] / timed(part, 2)[0] for _ in range(options.pairs)]
    print(f"two processes are {statistics.median(ratios):.2f} times as fast as one: {ratios}")
    write_results(
        options.json,
        {
            "ladder": {"variants": list(LADDER), "runs": len(rows), "seconds": round(seconds, 1)},
            "worker_peak_mb": round(watch.peak_mb),
            "cores_of_a_worker": round(watch.cores, 2),
            "two_against_one": [round(ratio, 2) for ratio in ratios],
        },
    )


if __name__ == "__main__":
    main()
