"""Create the results that the lessons show: `python -m dqn_lib.experiments [name ...]`, all by default."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dqn_lib.experiments.catalogue import EXPERIMENTS
from dqn_lib.experiments.experiment import Experiment
from dqn_lib.experiments.results import ResultsError, Row, summarise
from dqn_lib.experiments.runner import ExperimentError, RunsFailed, run


def main(arguments: list[str] | None = None) -> int:
    """Run experiments from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m dqn_lib.experiments", description=__doc__.partition(":")[0]
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(EXPERIMENTS)}")
    parser.add_argument(
        "--folder", type=Path, default=Path("notebooks/results"), help="folder of the results files"
    )
    parser.add_argument("--seeds", type=int, help="number of seeds, from 0 (those of the committed results)")
    parser.add_argument("--processes", type=int, help="number of processes (one per core)")
    parser.add_argument("--scheduler", help="address of a Dask scheduler, to run on its workers")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in EXPERIMENTS]:
        parser.error(f"name must be one of {', '.join(EXPERIMENTS)}, got {unknown[0]!r}")
    if any(number is not None and number < 1 for number in (options.seeds, options.processes)):
        parser.error("--seeds and --processes must be at least 1")
    try:
        complete = [
            rerun(EXPERIMENTS[name].only(seeds=range(options.seeds) if options.seeds else None), options)
            for name in options.names or EXPERIMENTS
        ]
    except (ExperimentError, ResultsError, ConnectionError, TimeoutError, ModuleNotFoundError) as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted; the same command continues")
    return 0 if all(complete) else 1


def rerun(experiment: Experiment, options: argparse.Namespace) -> bool:
    """Create the results file of an experiment; the old one is replaced when every run is finished."""
    path = options.folder / f"{experiment.name}.jsonl"
    unfinished = path.with_name(f"{path.name}.unfinished")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RunsFailed)  # printed below
        rows = run(experiment, unfinished, processes=options.processes, scheduler=options.scheduler)
    print(summary_table(experiment, rows))
    missing = len(experiment.jobs()) - len(rows)
    if missing:
        print(f"{missing} runs failed, see {unfinished}; the same command repeats them", file=sys.stderr)
        return False
    os.replace(unfinished, path)
    print(f"written to {path}")
    return True


def summary_table(experiment: Experiment, rows: Sequence[Row]) -> str:
    """A table for the terminal, with one line for each variant that has runs."""
    lines = [f"{experiment.name}: solved (95 % interval), median steps until then, final mean return"]
    width = max(map(len, experiment.variants))
    for name in experiment.variants:
        if chosen := [row for row in rows if row["variant"] == name]:
            one = summarise(chosen)
            (few, many), (low, high) = one.solved_interval, one.mean_final_interval
            steps = f"{one.median_steps:,.0f}" if np.isfinite(one.median_steps) else "-"
            lines.append(
                f"{name:<{width}}  {one.solved:>2}/{one.runs} ({few:>4.0%} to {many:>4.0%})  {steps:>6}  "
                f"{one.mean_final:>6.1f} ({low:.1f} to {high:.1f}), worst {one.worst_final:.1f}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
