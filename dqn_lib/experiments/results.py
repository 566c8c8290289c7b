"""Results files: one line of JSON for the experiment, then one for each finished run.

`pandas.DataFrame(read_runs(path))` is a table with one run per row. Every complete line ends in a newline, so
a last line that was cut off is detected.
"""

import contextlib
import functools
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from dqn_lib.statistics import bootstrap_interval, median, wilson_interval

PACKAGES = ("dqn_lib", "tensorflow", "keras", "numpy", "gymnasium")
# Processors of one name, such as "AMD EPYC", may differ in these; then results may be rounded differently.
INSTRUCTIONS = ("fma", "avx2", "avx512f", "avx512_bf16", "avx512_fp16", "avx_vnni")  # Linux' names


@functools.cache
def cpuinfo(key: str) -> str:
    """The first entry `key` of Linux' /proc/cpuinfo, such as "model name"; empty on other systems."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(key):
                return line.partition(":")[2].strip()
    return ""


def machine() -> dict[str, Any]:
    """The system, processor and Python of a measurement."""
    features = cpuinfo("flags").split()
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": cpuinfo("model name") or platform.processor() or "unknown",
        "instructions": " ".join(name for name in INSTRUCTIONS if name in features),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def versions(*more: str) -> dict[str, str]:
    """The versions of `PACKAGES` and of more packages, as far as they are installed."""
    found = {}
    for package in (*PACKAGES, *more):
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


FORMAT = 2
Row = dict[str, Any]


class ResultsError(ValueError):
    """A results file cannot be used; the message says why."""


def encode(entry: dict[str, Any]) -> bytes:
    """One line of a results file."""
    return (json.dumps(entry) + "\n").encode()


def decode(line: bytes, where: str, needed: Iterable[str] = ()) -> dict[str, Any]:
    """The entry in one line of a results file; `where` names the line in an error.

    Raises:
        ResultsError: if the line is not a JSON object with the keys `needed`.
    """
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        raise ResultsError(f"{where} must be a JSON object, got {line[:40]!r}")
    if missing := [key for key in needed if key not in entry]:
        raise ResultsError(f"{where} must have the entry {missing[0]!r}, got {line[:40]!r}")
    return entry


def read_file(path: Path) -> tuple[dict[str, Any], list[Row], bytes]:
    """The header, the rows, and the beginning of a last line that was cut off.

    Raises:
        ResultsError: if the file is not a results file of this format.
        OSError: if it cannot be read.
    """
    *lines, rest = path.read_bytes().split(b"\n")
    if not lines:
        raise ResultsError(f"{path} is not a results file: it has no complete line")
    header = decode(lines[0], f"{path}, line 1", ["format"])
    if header.get("format") != FORMAT:
        raise ResultsError(
            f"{path} must be of format {FORMAT}, got {header.get('format')!r}: it was written by another "
            "version of dqn_lib; rename it to start a new file"
        )
    decode(lines[0], f"{path}, line 1", ["base", "variants", "seeds"])
    rows, seen = [], {}
    for number, line in enumerate(lines[1:], start=2):
        row = decode(line, f"{path}, line {number}", ["variant", "seed", "changes", "error"])
        key = row["variant"], row["seed"]
        if key in seen and rows[seen[key]]["error"] is None:
            raise ResultsError(f"{path}, line {number}: {key[0]!r} with seed {key[1]} appears twice")
        if key in seen:  # a run that failed, and was repeated
            rows[seen[key]] = row
        else:
            seen[key] = len(rows)
            rows.append(row)
    return header, rows, rest


def read_runs(path: str | Path, *, partial: bool = False) -> list[Row]:
    """The finished runs of a results file, variant by variant and seed by seed, each with its `environment`.

    Raises:
        ResultsError: if the file is not a results file of this format, or, unless `partial` is set, if it was
            cut off, or a run of its experiment failed or is missing.
        OSError: if it cannot be read.
    """
    path = Path(path)
    header, rows, rest = read_file(path)
    if rest and not partial:
        raise ResultsError(f"{path} ends in the middle of a line; run its experiment again to complete it")
    failed = [row for row in rows if row["error"] is not None]
    if failed and not partial:
        raise ResultsError(
            f"{path}: {failed[0]['variant']!r} with seed {failed[0]['seed']} failed: {failed[0]['error']}"
        )
    finished = {(row["variant"], row["seed"]): row for row in rows if row["error"] is None}
    wanted = [(name, seed) for name in header["variants"] for seed in header["seeds"]]
    missing = [key for key in wanted if key not in finished]
    if missing and not partial:
        raise ResultsError(
            f"{path} has {len(wanted) - len(missing)} of {len(wanted)} runs, not {missing[0][0]!r} with seed "
            f"{missing[0][1]}; run its experiment again to complete it"
        )
    default = header["base"]["environment"]
    rows = [finished[key] for key in wanted if key in finished]
    return [{**row, "environment": row["changes"].get("environment", default)} for row in rows]


def load_results(name: str) -> list[Row]:
    """The finished runs of the experiment `name`, from any working folder.

    The file is searched for in `results` and `notebooks/results` of the working folder, then in the checkout
    that this package is installed from.

    Raises:
        FileNotFoundError: if it is in none of these folders.
        ResultsError: if it is incomplete; see `read_runs`.
    """
    cwd, checkout = Path.cwd(), Path(__file__).resolve().parents[2]
    folders = [cwd / "results", cwd / "notebooks" / "results", checkout / "notebooks" / "results"]
    for folder in folders:
        if (path := folder / f"{name}.jsonl").is_file():
            return read_runs(path)
    raise FileNotFoundError(
        f"the results {name}.jsonl are in none of {', '.join(map(str, dict.fromkeys(folders)))}; copy the "
        "folder notebooks/results of the course to the folder of this lesson, or create them with "
        "`make results` in the folder of the course, which takes up to an hour"
    )


@dataclass(frozen=True)
class Summary:
    """Statistics of the runs of one variant; the intervals are 95 % intervals.

    A run that was not solved counts as infinitely many steps, so that failures do not improve the median.
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
    """The statistics of the runs of one variant.

    Raises:
        ValueError: if there are no runs.
    """
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
