"""A results file: one line of JSON for the experiment, then one for each finished run.

Rows are tidy: `pandas.DataFrame(read_runs(path))` is a table with one run per line. A last line that was cut
off is noticed, since every whole line ends in a newline.
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
INSTRUCTIONS = ("fma", "avx2", "avx512f", "avx512_bf16", "avx512_fp16", "avx_vnni")  # as Linux names them


@functools.cache
def processor() -> str:
    """The processor's name, as far as the system tells."""
    if (info := Path("/proc/cpuinfo")).exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


@functools.cache
def instructions() -> str:
    """Which of `INSTRUCTIONS` the processor has, as far as the system tells, such as "avx2 fma".

    Processors of one name, say "AMD EPYC", may differ in them, and then a program may round differently.
    """
    if (info := Path("/proc/cpuinfo")).exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("flags"):
                return " ".join(name for name in INSTRUCTIONS if name in line.split())
    return ""


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "instructions": instructions(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


@functools.cache
def installed(package: str) -> str | None:
    """The installed version of a package, None if there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def versions(*more: str) -> dict[str, str]:
    """The installed versions of what is measured, and of more packages."""
    found = {package: installed(package) for package in (*PACKAGES, *more)}
    return {package: number for package, number in found.items() if number is not None}


FORMAT = 2
Row = dict[str, Any]


class ResultsError(ValueError):
    """A results file that cannot be used as it is, and why."""


def encode(entry: dict[str, Any]) -> bytes:
    """The entry as one line of a results file."""
    return (json.dumps(entry) + "\n").encode()


def decode(line: bytes, where: str, needed: Iterable[str] = ()) -> dict[str, Any]:
    """The entry of one line, which has at least the keys `needed`.

    Raises:
        ResultsError: if the line is not a JSON object with these keys.
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
    """The header, the rows, and what stands after the last whole line: the beginning of a broken-off one."""
    *lines, rest = path.read_bytes().split(b"\n")
    if not lines:
        raise ResultsError(f"{path} is no results file: it has no complete line")
    header = decode(lines[0], f"{path}, line 1", ["format"])
    if header.get("format") != FORMAT:
        raise ResultsError(
            f"{path} must be of format {FORMAT}, got {header.get('format')!r}: it was written by another "
            "version of dqn_lib; move it away to begin anew"
        )
    decode(lines[0], f"{path}, line 1", ["base", "variants", "seeds"])
    rows, seen = [], {}
    for number, line in enumerate(lines[1:], start=2):
        row = decode(line, f"{path}, line {number}", ["variant", "seed", "changes", "error"])
        key = row["variant"], row["seed"]
        if key in seen and rows[seen[key]]["error"] is None:
            raise ResultsError(f"{path}, line {number}: {key[0]!r} with seed {key[1]} is there twice")
        if key in seen:  # it had failed, and was tried again
            rows[seen[key]] = row
        else:
            seen[key] = len(rows)
            rows.append(row)
    return header, rows, rest


def read_runs(path: str | Path, *, partial: bool = False) -> list[Row]:
    """The finished runs of a results file, variant by variant and seed by seed, each with its `environment`.

    Raises:
        ResultsError: if the file is no results file of this version, and, unless `partial` is
            set, if it was cut off, or a run of its experiment failed or is missing.
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
    home = header["base"]["environment"]
    rows = [finished[key] for key in wanted if key in finished]
    return [{**row, "environment": row["changes"].get("environment", home)} for row in rows]


def load_results(name: str) -> list[Row]:
    """The finished runs of the experiment `name` that the lessons show, wherever the lesson is run.

    They are looked for in `results` and `notebooks/results` of the current folder, then in the checkout that
    this package is installed from.

    Raises:
        FileNotFoundError: they are in none of these places.
        ResultsError: the file found is not whole; see `read_runs`.
    """
    here, checkout = Path.cwd(), Path(__file__).resolve().parents[2]
    folders = [here / "results", here / "notebooks" / "results", checkout / "notebooks" / "results"]
    for folder in folders:
        if (path := folder / f"{name}.jsonl").is_file():
            return read_runs(path)
    raise FileNotFoundError(
        f"the results {name}.jsonl are in none of {', '.join(map(str, dict.fromkeys(folders)))}; copy the "
        "folder notebooks/results of the course to the folder of this lesson, or make them again with "
        "`make results` in the folder of the course, which takes up to an hour"
    )


def write_through(path: Path, data: bytes, mode: str) -> None:
    """Write to the disk itself, not only to the system's memory; what went half-way is cut off again."""
    with open(path, mode, buffering=0) as file:
        before = file.tell()
        try:
            while data:  # a disk that runs full takes a part of it first, and says so at the next attempt
                data = data[file.write(data) :]
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(before)
            raise


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
