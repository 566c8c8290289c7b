"""A results file: one line of JSON for the experiment, then one for each finished run.

Each line carries a digest of itself, so that a line that was edited, or written to half, is noticed. Rows
are tidy: `pandas.DataFrame(read_runs(path))` is a table with one run in each line.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from dqn_lib.experiments.work import Row

FORMAT = 1


class ResultsError(ValueError):
    """A results file that cannot be used as it is, and why."""


def encode(entry: dict[str, Any]) -> bytes:
    """One line, digest included."""
    return (json.dumps({**entry, "digest": digest(entry)}) + "\n").encode()


def digest(entry: dict[str, Any]) -> str:
    """Twelve hexadecimal digits that any change of the entry changes."""
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:12]


def decode(line: bytes, where: str) -> dict[str, Any]:
    """The entry of one line; a line that is not as it was written is refused."""
    try:
        entry = json.loads(line)
        written = entry.pop("digest")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ResultsError(f"{where} is not a line of results: {line[:40]!r}") from None
    if written != digest(entry):
        raise ResultsError(f"{where} was edited after it was written; take it out, and its run is made again")
    return entry


def read_file(path: Path) -> tuple[dict[str, Any], list[Row], bytes]:
    """The header, the rows, and what stands after the last whole line: the beginning of a broken-off one."""
    *lines, rest = path.read_bytes().split(b"\n")
    if not lines:
        raise ResultsError(f"{path} is no results file: it has no complete line")
    header = decode(lines[0], f"{path}, line 1")
    if header.get("format") != FORMAT:
        raise ResultsError(
            f"{path} must be of format {FORMAT}, got {header.get('format')!r}: it was written by another "
            "version of dqn_lib; move it away to begin anew"
        )
    rows, seen = [], {}
    for number, line in enumerate(lines[1:], start=2):
        row = decode(line, f"{path}, line {number}")
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

    Raises `ResultsError` if the file was edited, cut off or written by another version, and, unless
    `partial` is set, if a run of its experiment failed or is missing.
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
