"""What the benchmarks share: one core, results in a file."""

import argparse
import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dqn_lib.experiments.results import machine, versions
from dqn_lib.statistics import median


def use_one_core() -> None:
    """Stay on one core, where the system lets a process choose."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def median_or_never(values: Iterable[float | None]) -> float | None:
    """The median of what all runs needed; None (JSON has no infinity) if the middle one never got there."""
    middle = median(values)
    return middle if math.isfinite(middle) else None


def results_file(text: str) -> Path:
    """The path of `--json`; refused before anything is measured if it cannot be written."""
    path = Path(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a", encoding="utf-8").close()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot be written: {error}") from None
    return path


def write_results(path: Path | None, results: dict[str, Any]) -> None:
    """Write results, versions and machine as JSON; without a path, nowhere."""
    if path is not None:
        where = {"versions": versions("stable-baselines3", "torch"), "machine": machine()}
        path.write_text(json.dumps({**results, **where}, indent=1) + "\n", encoding="utf-8")
        print(f"written to {path}")
