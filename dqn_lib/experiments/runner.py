"""Run the jobs of an experiment in parallel, on this machine or a cluster, and write a row for each."""

import contextlib
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

from dqn_lib import files
from dqn_lib.config import check_integer
from dqn_lib.experiments.experiment import Experiment, Job, Row, exit_with_parent, result_row, run_job
from dqn_lib.experiments.results import FORMAT, ResultsError, encode, read_file, read_runs

VARIANTS = 4  # per process, before it is replaced: each compiled agent takes some 10 MB that are never freed
LOST = "the process that ran it was killed, or ran out of memory"


class RunsFailed(UserWarning):
    """Some runs of an experiment failed; the message has their number and the first error."""


class ExperimentError(RuntimeError):
    """All runs of an experiment failed; the message has the first error."""


def run(
    experiment: Experiment,
    path: str | Path,
    *,
    processes: int | None = None,
    scheduler: str | None = None,
    progress: bool = True,
) -> list[Row]:
    """Run the jobs of `experiment` that are not finished in the file `path`; return all finished runs.

    The runs use `processes` processes of one thread each, by default one per core; with 1, this process. With
    `scheduler`, the address of a Dask scheduler such as "tcp://10.0.0.1:8786", they use its workers, as they
    do inside `joblib.parallel_config(backend="dask")`. Each run is written when it has finished, so after an
    interrupt the same call continues. A run that fails is written with its error, and repeated by the next
    call; a warning `RunsFailed` has the number of such runs.

    Raises:
        TypeError: if `processes` is not an integer.
        ValueError: if it is less than 1.
        ExperimentError: if runs failed and none is finished.
        ResultsError: if the file belongs to another experiment, is in use, or cannot be written.
        ConnectionError: if the scheduler does not answer.
        ModuleNotFoundError: if `scheduler` is given and the package distributed is not installed.
    """
    if processes is not None:
        check_integer("processes", processes, low=1)
    failed: list[Row] = []
    with dask_backend(scheduler), Store.open(Path(path), experiment) as store:
        finished = store.finished()
        if finished and (names := notebook_definitions(experiment)):
            warnings.warn(
                f"{path} has {len(finished)} finished runs, which are not repeated. It identifies "
                f"{' and '.join(names)} by name only: if you have changed that since, pass another path",
                stacklevel=2,
            )
        pending = [job for job in experiment.jobs() if job.key not in finished]
        hidden = not (progress and pending)
        with tqdm(total=len(pending), desc=experiment.name, unit="run", disable=hidden) as bar:
            for row in run_jobs(pending, processes or -1):
                store.add(row)
                if row["error"] is not None:
                    failed.append(row)
                bar.update()
        store.close()
    rows = read_runs(path, partial=True)
    if failed:
        message = (
            f"{len(failed)} of {len(pending)} runs of {experiment.name!r} failed; the first, "
            f"{failed[0]['variant']!r} with seed {failed[0]['seed']}, with {failed[0]['error']}"
        )
        if not rows:
            raise ExperimentError(message)
        warnings.warn(f"{message}. The next call with {path} repeats them", RunsFailed, stacklevel=2)
    return rows


def notebook_definitions(experiment: Experiment) -> list[str]:
    """The names of agents and environments that are defined in the notebook or script, and so may change."""
    variants = [experiment.variant(name) for name in experiment.variants]
    used = {part for variant in variants for part in (variant.agent, variant.environment)}
    return sorted(part.__qualname__ for part in used if getattr(part, "__module__", None) == "__main__")


@contextlib.contextmanager
def dask_backend(scheduler: str | None) -> Iterator[None]:
    """Let joblib use the workers of a Dask scheduler; with None, joblib's current backend."""
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
        # `Client` does not close itself after an invalid address, so check it first.
        get_address_host_port(scheduler, strict=True)
        client = Client(scheduler, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"scheduler must be the address of a running Dask scheduler, got {scheduler!r}: {error}"
        ) from None
    with client, joblib.parallel_config(backend="dask", client=client):
        yield


def run_jobs(jobs: list[Job], processes: int) -> Iterator[Row]:
    """The rows of the jobs, in the order in which they finish.

    When a process is killed, the error does not say by which job. All unfinished jobs are repeated. After a
    second kill, the first of them run one at a time, as many as there are processes, since jobs start in
    order: the one that kills its process again gets an error, and the others continue in parallel.
    """
    waiting = {job.key: job for job in jobs}
    kills = suspects = 0
    while waiting:
        batch = [*waiting.values()][:1] if suspects else next_round(list(waiting.values()), processes)
        try:
            for row in run_parallel(batch, processes):
                del waiting[row["variant"], row["seed"]]
                yield row
        except killed_worker_errors():
            kills += 1
            if len(batch) == 1:
                yield result_row(waiting.pop(batch[0].key), {"error": LOST})
                kills = suspects = 0
            elif kills == 2:
                suspects = joblib.effective_n_jobs(processes)
        else:
            suspects = max(0, suspects - 1)
            if not suspects:
                kills = 0


def next_round(jobs: list[Job], processes: int) -> list[Job]:
    """The jobs to run before the processes are replaced, to limit their memory; on a cluster, all jobs."""
    if not uses_local_processes():
        return jobs
    names = list(dict.fromkeys(job.name for job in jobs))[:VARIANTS]
    few_variants = sum(job.name in names for job in jobs)
    return jobs[: max(few_variants, VARIANTS * joblib.effective_n_jobs(processes))]


def uses_local_processes() -> bool:
    """Whether joblib uses its default backend."""
    return isinstance(get_active_backend()[0], LokyBackend)


def run_parallel(jobs: list[Job], processes: int) -> Iterator[Row]:
    """The rows of the jobs, in the order in which they finish."""
    tasks = [joblib.delayed(run_job)(job) for job in jobs]
    options = {"n_jobs": processes, "batch_size": 1, "return_as": "generator_unordered"}
    if not uses_local_processes():
        yield from joblib.Parallel(**options)(tasks)
        return
    # No more processes than jobs, but two for a single job, which joblib would otherwise run in this process.
    options["n_jobs"] = min(joblib.effective_n_jobs(processes), max(2, len(jobs)))
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1, initializer=exit_with_parent):
        pool = joblib.Parallel(**options)
    try:
        yield from pool(tasks)
    finally:
        get_reusable_executor().shutdown(wait=True)


def killed_worker_errors() -> tuple[type[Exception], ...]:
    """The exceptions that joblib and Dask raise when a worker process was killed."""
    distributed = sys.modules.get("distributed")  # imported if a cluster is used
    return (BrokenProcessPool, distributed.KilledWorker) if distributed else (BrokenProcessPool,)


class Store:
    """The results file of an experiment while it runs; a lock keeps other processes from writing to it."""

    def __init__(self, path: Path, experiment: Experiment) -> None:
        self.path, self.experiment = path, experiment
        self.header = {"format": FORMAT, **experiment.describe()}
        self.rows: list[Row] = []
        self._unsaved: list[Row] = []

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path, experiment: Experiment) -> Iterator[Self]:
        """The store of `experiment` in `path`, with the rows that the file has already.

        Raises:
            ResultsError: if the file belongs to another experiment, is in use, or cannot be written.
        """
        path = path.resolve()  # a file has one lock, even if links lead to it
        if path.exists() and not path.is_file():
            raise ResultsError(f"path must be a file or a new name, got {path}, which is neither")
        store = cls(path, experiment)
        with contextlib.ExitStack() as stack:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                stack.enter_context(FileLock(f"{path}.lock", timeout=0))
                store.load()
                path.open("ab").close()  # if it cannot be written, raise before anything runs
            except Timeout:
                raise ResultsError(f"{path} is in use by another process") from None
            except OSError as error:
                raise ResultsError(f"{path} cannot be written: {error}") from error
            try:
                yield store
            finally:
                with contextlib.suppress(OSError):
                    store.save()

    def load(self) -> None:
        """Read the file, or create it.

        Raises:
            ResultsError: if it belongs to another experiment.
            OSError: if it cannot be read or written.
        """
        if self.path.exists() and self.path.stat().st_size:
            header, self.rows, rest = read_file(self.path)
            self._check_same_experiment(header)
            if header == self.header and not rest:
                return
        self.rewrite()

    def _check_same_experiment(self, header: dict[str, Any]) -> None:
        for name, old, new in differences(header["base"], self.header["base"]):
            raise ResultsError(
                f"{self.path} was made with {name} = {old!r}, the experiment has {new!r}; pass another path"
            )
        variants = self.header["variants"]
        for row in self.rows:
            name, changes = row["variant"], row["changes"]
            if name not in variants:
                raise ResultsError(f"{self.path} has runs of {name!r}, which the experiment does not have")
            if changes != variants[name]:
                raise ResultsError(
                    f"{self.path} was made with {name!r} = {changes}, the experiment has {variants[name]}; "
                    "pass another path"
                )

    def rewrite(self) -> None:
        """Replace the file by the header and all rows, in the order of the experiment."""
        order = {job.key: number for number, job in enumerate(self.experiment.jobs())}
        self.rows.sort(key=lambda row: order.get((row["variant"], row["seed"]), len(order)))
        with files.replacing(self.path) as file:
            file.writelines(map(encode, [self.header, *self.rows]))

    def finished(self) -> set[tuple[str, int]]:
        """Variant and seed of every finished run."""
        return {(row["variant"], row["seed"]) for row in self.rows if row["error"] is None}

    def add(self, row: Row) -> None:
        """Write a row; if that is not possible now, warn, and try again with the next row."""
        self._unsaved.append(row)
        try:
            self.save()
        except OSError as error:
            warnings.warn(
                f"{len(self._unsaved)} finished runs could not yet be written to {self.path}: {error}",
                stacklevel=2,
            )

    def save(self) -> None:
        """Append the unsaved rows to the file.

        Raises:
            OSError: if it cannot be written; it is then unchanged.
        """
        if self._unsaved:
            files.append(self.path, b"".join(map(encode, self._unsaved)))
            repeated = {(row["variant"], row["seed"]) for row in self._unsaved}
            self.rows = [row for row in self.rows if (row["variant"], row["seed"]) not in repeated]
            self.rows += self._unsaved
            self._unsaved = []

    def close(self) -> None:
        """Write what is unsaved, and sort the file.

        Raises:
            ResultsError: if rows could not be written.
        """
        try:
            self.save()
        except OSError as error:
            raise ResultsError(
                f"{self.path} could not be written, {len(self._unsaved)} finished runs are lost: {error}"
            ) from error
        with contextlib.suppress(OSError):  # the rows are complete, if not sorted
            self.rewrite()


def differences(before: dict[str, Any], now: dict[str, Any], prefix: str = "") -> Iterator[tuple]:
    """Name and both values of every entry in which two nested dictionaries differ."""
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from differences(old, new, f"{prefix}{name}.")
        elif old != new:
            yield f"{prefix}{name}", old, new
