"""Which recipe finds the flag sooner and ends steadier? Candidates side by side, on seeds of their own.

    python benchmarks/recipes.py --seeds 24 --json benchmarks/results/recipes.json

The seeds begin at 1,000, so that those which every other figure reports, from 0 on, have chosen nothing.
A run is judged as in `time_to_solve.py`; here many go at once, on all cores, and no time is taken.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from common import results_file, write_results
from time_to_solve import outcome

from dqn_lib.experiments.__main__ import summary_table
from dqn_lib.experiments.experiment import Experiment, Variant
from dqn_lib.experiments.runner import run

FIRST_SEED = 1_000

CANDIDATES: dict[str, dict[str, Any]] = {
    "recipe": {},
    "before": {"initial_value": 0.0, "tau": 0.01, "epsilon_wait": 4_000},
    "values from 0": {"initial_value": 0.0},
    "tau 0.05": {"tau": 0.05},
    "memory of 5,000": {"memory_size": 5_000},
    "three layers, four steps, tau 0.05": {"hidden": (64, 64, 64), "n_step": 4, "tau": 0.05},
}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=24, help=f"how many seeds, from {FIRST_SEED:,}")
    parser.add_argument("--only", nargs="*", choices=CANDIDATES, help="these candidates and no others")
    parser.add_argument("--json", type=results_file, default=None, help="file for the results")
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error(f"--seeds must be at least 1, got {options.seeds}")
    variants = {name: CANDIDATES[name] for name in options.only or CANDIDATES}
    seeds = range(FIRST_SEED, FIRST_SEED + options.seeds)
    experiment = Experiment("recipes", Variant(), variants, seeds=seeds)
    with tempfile.TemporaryDirectory() as folder:
        rows = run(experiment, Path(folder) / "recipes.jsonl")
    print(summary_table(experiment, rows))
    results = {
        name: {"changes": changes, **outcome([row for row in rows if row["variant"] == name])}
        for name, changes in variants.items()
    }
    write_results(options.json, {"first_seed": FIRST_SEED, "seeds": options.seeds, "candidates": results})


if __name__ == "__main__":
    main()
