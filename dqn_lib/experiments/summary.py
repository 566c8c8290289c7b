"""From the rows of an experiment to one line for each variant, with its intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dqn_lib.experiments.experiment import Experiment
from dqn_lib.experiments.work import Row
from dqn_lib.statistics import bootstrap_interval, median, wilson_interval


@dataclass(frozen=True)
class Summary:
    """What the runs of one variant say; every interval is one of 95 %, as a pair.

    A run that was never solved counts as one that took infinitely many steps, so that the median over all
    seeds is not made better by leaving out the failures.
    """

    runs: int
    solved: int
    solved_interval: tuple[float, float]
    median_steps: float
    median_steps_interval: tuple[float, float]
    mean_final: float
    mean_final_interval: tuple[float, float]
    worst_final: float


def summarise(rows: Sequence[Mapping[str, Any]]) -> Summary:
    """The summary of the runs of one variant."""
    if not rows:
        raise ValueError("rows must hold at least one run, got none")
    steps = [np.inf if row["solved_at_step"] is None else row["solved_at_step"] for row in rows]
    finals = np.array([row["final_return"] for row in rows])
    solved = sum(np.isfinite(steps))
    return Summary(
        runs=len(rows),
        solved=int(solved),
        solved_interval=wilson_interval(int(solved), len(rows)),
        median_steps=median(steps),
        median_steps_interval=bootstrap_interval(steps, np.median),
        mean_final=float(finals.mean()),
        mean_final_interval=bootstrap_interval(finals),
        worst_final=float(finals.min()),
    )


def report(experiment: Experiment, rows: Sequence[Row]) -> str:
    """A table to read in a terminal: one line for each variant that has runs."""
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
