"""Run an experiment: jobs to processes of this machine or to a cluster, rows to a file as they come in."""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import joblib
from filelock import FileLock, Timeout
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import BrokenProcessPool
from joblib.parallel import LokyBackend, get_active_backend
from tqdm.auto import tqdm

from dqn_lib.config import check_integer
from dqn_lib.experiments.experiment import Experiment, Job, Row, exit_with_parent, result_row, run_job
from dqn_lib.experiments.results import (
    FORMAT,
    ResultsError,
    encode,
    read_file,
    read_runs,
    write_through,
)

VARIANTS = 4  # that a process may see before it is replaced: each compiled agent leaves some 10 MB behind
LOST = "the process that ran it was killed, or ran out of memory"


class RunsFailed(UserWarning):
    """Some runs of an experiment failed; the message says how many, and how."""


class ExperimentError(RuntimeError):
    """Every run of an experiment failed; the message says how."""


def run(
    experiment: Experiment,
    path: str | Path,
    *,
    processes: int | None = None,
    scheduler: str | None = None,
    progress: bool = True,
) -> list[Row]:
    """Make all runs of `experiment` that the file `path` does not hold yet; return the finished ones.

    Runs are spread over `processes` processes of one thread each, by default as many as there are cores; a
    single one is this very process. With `scheduler`, the address of a running Dask scheduler such as
    "tcp://10.0.0.1:8786", they go to its workers instead; so they do inside
    `joblib.parallel_config(backend="dask")`. Each finished run is written down at once: after an interrupt,
    the same call goes on where it was. A run that fails is written down with its error, stops no other, and
    is tried again by the next call.

    A warning says how many failed, and how the first of them did.

    Raises:
        ExperimentError: if there is no finished run at all, although all were tried.
        ResultsError: if the file belongs to another experiment or cannot be written.
        ConnectionError: if the scheduler does not answer.
    """
    if processes is not None:
        check_integer("processes", processes, low=1)
    failed: list[Row] = []
    with backend(scheduler), Store.open(Path(path), experiment) as store:
        finished = store.finished()
        if finished and (names := made_here(experiment)):
            warnings.warn(
                f"{path} has {len(finished)} finished runs, which are not made again. It knows "
                f"{' and '.join(names)} by name only: if you have changed that since, give another path",
                stacklevel=2,
            )
        pending = [job for job in experiment.jobs() if job.key not in finished]
        shown = progress and len(pending) > 0
        with tqdm(total=len(pending), desc=experiment.name, unit="run", disable=not shown) as bar:
            for each in rows_of(pending, processes or -1):
                store.add(each)
                if each["error"] is not None:
                    failed.append(each)
                bar.update()
        store.close()
    rows = read_runs(path, partial=True)
    if failed:
        told = (
            f"{len(failed)} of {len(pending)} runs of {experiment.name!r} failed; the first, "
            f"{failed[0]['variant']!r} with seed {failed[0]['seed']}, with {failed[0]['error']}"
        )
        if not rows:
            raise ExperimentError(told)
        warnings.warn(f"{told}. The next call with {path} tries them again", RunsFailed, stacklevel=2)
    return rows


def made_here(experiment: Experiment) -> list[str]:
    """The names of agents and environments that were defined in a notebook or a script, which may change."""
    used = {
        getattr(experiment.variant(name), what)
        for name in experiment.variants
        for what in ("agent", "environment")
    }
    return sorted(one.__qualname__ for one in used if getattr(one, "__module__", None) == "__main__")


@contextlib.contextmanager
def backend(scheduler: str | None) -> Iterator[None]:
    """Where jobs go: to the scheduler's workers, or to wherever joblib is set to send them."""
    if scheduler is None:
        yield
        return
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ImportError:
        raise ModuleNotFoundError(
            "scheduler needs the package distributed: install dqn_lib[cluster]"
        ) from None
    try:
        get_address_host_port(scheduler, strict=True)  # what is no address leaves a client half made
        client = Client(scheduler, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"scheduler must be the address of a running Dask scheduler, got {scheduler!r}: {error}"
        ) from None
    with client, joblib.parallel_config(backend="dask", client=client):
        yield


def rows_of(jobs: list[Job], processes: int) -> Iterator[Row]:
    """The row of every job, as they come in.

    When a process dies under its job, nobody can say which of the unfinished ones it was. They are tried
    again: once together, and if that happens again one by one. The culprit is among the first that wait, as
    many as there are processes, since jobs are begun in their order; the rest goes on together.
    """
    waiting = {job.key: job for job in jobs}
    deaths = suspects = 0
    while waiting:
        together = [*waiting.values()][:1] if suspects else next_round(list(waiting.values()), processes)
        try:
            for finished in parallel(together, processes):
                del waiting[finished["variant"], finished["seed"]]
                yield finished
        except lost_worker():
            deaths += 1
            if len(together) == 1:
                yield result_row(waiting.pop(together[0].key), {"error": LOST})
                deaths = suspects = 0
            elif deaths == 2:
                suspects = joblib.effective_n_jobs(processes)
        else:
            suspects = max(0, suspects - 1)
            if not suspects:
                deaths = 0


def next_round(jobs: list[Job], processes: int) -> list[Job]:
    """As many of the jobs as a process may see before it is replaced; a cluster looks after its own."""
    if not on_this_machine():
        return jobs
    names = list(dict.fromkeys(job.name for job in jobs))[:VARIANTS]
    few_variants = sum(job.name in names for job in jobs)
    return jobs[: max(few_variants, VARIANTS * joblib.effective_n_jobs(processes))]


def on_this_machine() -> bool:
    """Whether joblib sends jobs to processes of this machine, which is what it does unless told otherwise."""
    return isinstance(get_active_backend()[0], LokyBackend)


def parallel(jobs: list[Job], processes: int) -> Iterator[Row]:
    """The rows of these jobs, as they come in."""
    tasks = [joblib.delayed(run_job)(job) for job in jobs]
    options = {"n_jobs": processes, "batch_size": 1, "return_as": "generator_unordered"}
    if not on_this_machine():
        yield from joblib.Parallel(**options)(tasks)
        return
    # No more processes than jobs, but two for a single job: joblib would run that one in this process.
    options["n_jobs"] = min(joblib.effective_n_jobs(processes), max(2, len(jobs)))
    here = {"inner_max_num_threads": 1, "initializer": exit_with_parent}
    with joblib.parallel_config(backend="loky", **here):
        pool = joblib.Parallel(**options)
    try:
        yield from pool(tasks)
    finally:
        get_reusable_executor().shutdown(wait=True)


def lost_worker() -> tuple[type[Exception], ...]:
    """What is raised here when a process dies there."""
    distributed = sys.modules.get("distributed")
    return (BrokenProcessPool, distributed.KilledWorker) if distributed else (BrokenProcessPool,)


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
        for one in self.rows:
            name = one["variant"]
            if name not in now["variants"]:
                raise ResultsError(f"{self.path} has runs of {name!r}, which the experiment does not know")
            if one["changes"] != now["variants"][name]:
                raise ResultsError(
                    f"{self.path} was made with {name!r} = {result_row['changes']}, "
                    f"the experiment has {now['variants'][name]}; move it away"
                )

    def rewrite(self) -> None:
        """Write the whole file anew, in the order of the experiment: either all of it or nothing."""
        order = {job.key: number for number, job in enumerate(self.experiment.jobs())}
        last = len(order)
        self.rows.sort(key=lambda one: order.get((one["variant"], one["seed"]), last))
        header = {"format": FORMAT, **self.experiment.describe()}
        new = self.path.with_name(f"{self.path.name}.new")
        try:
            write_through(new, b"".join(map(encode, [header, *self.rows])), "wb")
            os.replace(new, self.path)
        finally:
            new.unlink(missing_ok=True)

    def finished(self) -> set[tuple[str, int]]:
        """Variant and seed of every run that need not be made again."""
        return {(one["variant"], one["seed"]) for one in self.rows if one["error"] is None}

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
            self.rows = [one for one in self.rows if (one["variant"], one["seed"]) not in again]
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
