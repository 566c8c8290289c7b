"""Memory, start-up and the exact solution: what the library costs beside training itself.

python benchmarks/footprint.py --json benchmarks/results/footprint.json
"""

import argparse
import statistics
import subprocess
import sys
import time
from typing import Any

from common import results_file, use_one_core, write_results

from dqn_lib import value_iteration as optimum

PEAK = """
import resource, sys
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak * (1 if sys.platform == "darwin" else 1024))
"""
TABLE = """
from dqn_lib import mountain_car
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.training import TrainingLog, train
env = mountain_car.make()
agent, log = QTableAgent(env), TrainingLog()
for _ in log.record(train(env, agent, episodes=500), agent, env): pass
"""
NETWORK = """
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.training import train
import psutil
env = mountain_car.make()
agent = DQNAgent(env)
for steps in (20_000, 180_000):
    for _ in train(env, agent, steps=steps): pass
    print(psutil.Process().memory_info().rss)
"""


def output(code: str) -> list[int]:
    """The numbers that a new process prints."""
    text = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return [int(line) for line in text.split()]


def seconds(code: str) -> float:
    """The median of nine new processes."""
    times = []
    for _ in range(9):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def solving(points: int) -> dict[str, Any]:
    """The exact solution on one grid: seconds, and the mean return of its policy."""
    start = time.perf_counter()
    solution = optimum.solve(points)
    elapsed = time.perf_counter() - start
    return {
        "points": points,
        "seconds": round(elapsed, 2),
        "sweeps": solution.sweeps,
        "mean_return": round(float(solution.returns.mean()), 3),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=results_file, default=None, help="file for the results")
    options = parser.parse_args()
    use_one_core()
    early, late, peak = output(NETWORK + PEAK)
    results = {
        "import_seconds": round(seconds("import dqn_lib") - seconds("pass"), 4),
        "table_peak_mb": output(TABLE + PEAK)[-1] // 10**6,
        "training_peak_mb": peak // 10**6,
        "training_mb_after_20000_steps": early // 10**6,
        "training_mb_after_200000_steps": late // 10**6,
        "optimum": [solving(points) for points in (101, 201, 401, 801)],
    }
    for name, value in results.items():
        print(f"{name}: {value}")
    write_results(options.json, results)


if __name__ == "__main__":
    main()
