"""Make the results that the lessons show: `python -m dqn_lib.experiments [name ...]`, all by default."""

import argparse
import os
import sys
import warnings
from pathlib import Path

from dqn_lib.experiments.catalogue import EXPERIMENTS
from dqn_lib.experiments.experiment import Experiment
from dqn_lib.experiments.results import ResultsError
from dqn_lib.experiments.runner import ExperimentError, RunsFailed, run
from dqn_lib.experiments.summary import report


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m dqn_lib.experiments", description=__doc__.partition(":")[0]
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(EXPERIMENTS)}")
    parser.add_argument("--folder", type=Path, default=Path("notebooks/results"), help="where the files go")
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds, from 0 (10)")
    parser.add_argument("--processes", type=int, help="runs at a time (one for each core)")
    parser.add_argument("--scheduler", help="address of a Dask scheduler, whose workers do the runs")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in EXPERIMENTS]:
        parser.error(f"name must be one of {', '.join(EXPERIMENTS)}, got {unknown[0]!r}")
    if options.seeds < 1 or (options.processes or 1) < 1:
        parser.error("--seeds and --processes must be at least 1")
    try:
        complete = [
            renew(EXPERIMENTS[name].only(seeds=range(options.seeds)), options)
            for name in options.names or EXPERIMENTS
        ]
    except (ExperimentError, ResultsError, ConnectionError, TimeoutError, ModuleNotFoundError) as error:
        sys.exit(f"{parser.prog}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{parser.prog}: interrupted; the same command goes on from here")
    return 0 if all(complete) else 1


def renew(experiment: Experiment, options: argparse.Namespace) -> bool:
    """Make an experiment's file anew; the old one is replaced when every run of the new one is finished."""
    path = options.folder / f"{experiment.name}.jsonl"
    unfinished = path.with_name(f"{path.name}.unfinished")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RunsFailed)  # it is said below
        rows = run(experiment, unfinished, processes=options.processes, scheduler=options.scheduler)
    print(report(experiment, rows))
    missing = len(experiment.jobs()) - len(rows)
    if missing:
        print(f"{missing} runs failed, see {unfinished}; the same command tries them again", file=sys.stderr)
        return False
    os.replace(unfinished, path)
    print(f"written to {path}")
    return True


if __name__ == "__main__":
    sys.exit(main())
