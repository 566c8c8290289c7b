"""An experiment's results file while it runs: each finished run is written down at once.

A run that is in the file is never made again, and none is ever in it twice. What fails to be written is kept
and tried again; what was written before stays as it was.
"""

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from dqn_lib.experiments.experiment import Experiment
from dqn_lib.experiments.results import FORMAT, ResultsError, encode, read_file, write_through
from dqn_lib.experiments.work import Row


class Store:
    """The results file of an experiment while it runs; nobody else writes to it meanwhile."""

    def __init__(self, path: Path, experiment: Experiment) -> None:
        self.path, self.experiment = path, experiment
        self.rows: list[Row] = []
        self._unsaved: list[Row] = []

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path, experiment: Experiment) -> Iterator[Self]:
        """The store of `experiment` in `path`, with what is there already; a link is followed to its file."""
        path = path.resolve()  # one file has one lock, whatever name it is called by
        if path.exists() and not path.is_file():
            raise ResultsError(f"path must be a file or a new name, got {path}, which is something else")
        store, lock = cls(path, experiment), FileLock(f"{path}.lock", timeout=0)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
            try:
                store.load()
                path.open("ab").close()  # what cannot be written is told before anything runs
            except BaseException:
                lock.release()
                raise
        except Timeout:
            raise ResultsError(f"{path} is being written to by another process") from None
        except OSError as error:
            raise ResultsError(f"{path} cannot be written: {error}") from error
        try:
            yield store
        finally:
            with contextlib.suppress(OSError):
                store.save()
            lock.release()

    def load(self) -> None:
        """Take over what the file has, if it is of this experiment; refuse what is of another."""
        header = {"format": FORMAT, **self.experiment.describe()}
        if self.path.exists() and self.path.stat().st_size:
            before, self.rows, rest = read_file(self.path)
            self._compare(before, header)
            if before == header and not rest:
                return
        self.rewrite()

    def _compare(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        for what, old, new in differences(before["base"], now["base"]):
            raise ResultsError(
                f"{self.path} was made with {what} = {old!r}, the experiment has {new!r}; move it away"
            )
        for row in self.rows:
            name = row["variant"]
            if name not in now["variants"]:
                raise ResultsError(f"{self.path} has runs of {name!r}, which the experiment does not know")
            if row["changes"] != now["variants"][name]:
                raise ResultsError(
                    f"{self.path} was made with {name!r} = {row['changes']}, "
                    f"the experiment has {now['variants'][name]}; move it away"
                )

    def rewrite(self) -> None:
        """Write the whole file anew, in the order of the experiment: either all of it or nothing."""
        order = {job.key: number for number, job in enumerate(self.experiment.jobs())}
        last = len(order)
        self.rows.sort(key=lambda row: order.get((row["variant"], row["seed"]), last))
        header = {"format": FORMAT, **self.experiment.describe()}
        new = self.path.with_name(f"{self.path.name}.new")
        try:
            write_through(new, b"".join(map(encode, [header, *self.rows])), "wb")
            os.replace(new, self.path)
        finally:
            new.unlink(missing_ok=True)

    def finished(self) -> set[tuple[str, int]]:
        """Variant and seed of every run that need not be made again."""
        return {(row["variant"], row["seed"]) for row in self.rows if row["error"] is None}

    def add(self, row: Row) -> None:
        """Write a row down at once. What cannot be written now is kept, and tried again with the next row."""
        self._unsaved.append(row)
        try:
            self.save()
        except OSError as error:
            warnings.warn(
                f"{len(self._unsaved)} finished runs wait to be written to {self.path}: {error}", stacklevel=2
            )

    def save(self) -> None:
        """Write what waits to be written; on failure the file is as it was before."""
        if self._unsaved:
            write_through(self.path, b"".join(map(encode, self._unsaved)), "ab")
            again = {(row["variant"], row["seed"]) for row in self._unsaved}
            self.rows = [row for row in self.rows if (row["variant"], row["seed"]) not in again]
            self.rows += self._unsaved
            self._unsaved = []

    def close(self) -> None:
        """Tell if some rows could not be written until now; then bring all of them into order."""
        try:
            self.save()
        except OSError as error:
            raise ResultsError(
                f"{self.path} could not be written, {len(self._unsaved)} finished runs are lost: {error}"
            ) from error
        with contextlib.suppress(OSError):  # the order is a courtesy, the rows are safe already
            self.rewrite()


def differences(before: dict[str, Any], now: dict[str, Any], prefix: str = "") -> Iterator[tuple]:
    """Every entry in which two nested dictionaries differ: its name and both values."""
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from differences(old, new, f"{prefix}{name}.")
        elif old != new:
            yield f"{prefix}{name}", old, new
