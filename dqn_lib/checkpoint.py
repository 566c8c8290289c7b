"""Save a run and go on later as if it had never stopped.

A checkpoint is one `.npz` file: plain arrays, and everything else as JSON in the entry `run`. It is
written beside its final name and moved there in one step, so the previous one stays whole until the new
one is. Loading builds the agent in code and fills in numbers; nothing in the file is ever executed or
imported, and every array's type and size is checked before it is read. The file names the agent's class,
which is looked for among those that exist already.
"""

import contextlib
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from dqn_lib.agents import bugs as defects  # noqa: F401 (so that their agents can be loaded)
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_network import QFunction
from dqn_lib.config import DQNConfig, check_integer, check_number
from dqn_lib.training import Change, Check, Episode, TrainingLog

FORMAT = "dqn_lib run 3"
LARGEST_TEXT = 64 * 2**20  # bytes of JSON that are read at most
HEADER = 4096  # bytes an .npy header may take


class CheckpointError(ValueError):
    """The file is not a checkpoint that can be used here; the message says why."""


def save(path: str | os.PathLike, agent: DQNAgent, log: TrainingLog | None = None) -> None:
    """Write agent and log to `path`, between two episodes: its class, its `config`, its `get_state()`.

    Raises:
        CheckpointError: if the agent has diverged, or is no `DQNAgent`; the file at `path` stays as it was.
    """
    if not isinstance(agent, DQNAgent):
        raise CheckpointError(f"not saved: agent must be a DQNAgent, got a {type(agent).__name__}")
    path, log = Path(path), log or TrainingLog()
    arrays: dict[str, NDArray] = {}
    run = {
        "format": FORMAT,
        "class": class_name(type(agent)),
        "spaces": agent.spaces,
        "config": asdict(agent.config),
        "seed": agent.seed,
        "agent": _take_arrays(agent.get_state(), "agent", arrays),
        "episodes": [asdict(episode) for episode in log.episodes],
        "checks": [{"step": check.step, "environment": check.environment} for check in log.checks],
        "changes": [asdict(change) for change in log.changes],
    }
    for number, check in enumerate(log.checks):
        numbers = {"returns": check.returns.astype(np.float64), "q": check.q.to_flat()}
        _take_arrays(numbers, f"checks/{number}", arrays)
    text = json.dumps(run, default=np.generic.item)  # a setting may be one of NumPy's numbers
    arrays["run"] = np.frombuffer(text.encode(), np.uint8)
    with _replacing(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def load(path: str | os.PathLike, env: gym.Env, *, xla: bool | None = None) -> tuple[DQNAgent, TrainingLog]:
    """Agent and log from `path`, ready for `train(env, agent)`; `xla` as in `DQNAgent`.

    An agent of a class of one's own comes back as one: define the class first, then load.

    Raises:
        CheckpointError: if the file is anything but a whole, unaltered checkpoint of a run in an
            environment like `env`, or its agent's class does not exist here.
        OSError: if it cannot be opened.
    """
    path = Path(path)
    with open(path, "rb") as raw:
        try:
            with zipfile.ZipFile(raw) as archive:
                return _read(_Arrays(archive), env, xla)
        except CheckpointError as error:
            raise CheckpointError(f"{path.name}: {error}") from error
        except zipfile.BadZipFile as error:
            raise CheckpointError(f"{path.name}: not a whole checkpoint file: {error}") from error
        except Exception as error:  # whatever a damaged or malicious file may lead to
            raise CheckpointError(f"{path.name}: its contents are not those of a run: {error}") from error


def _read(arrays: "_Arrays", env: gym.Env, xla: bool | None) -> tuple[DQNAgent, TrainingLog]:
    run = arrays.text("run")
    found = run.get("format") if isinstance(run, dict) else run
    if found != FORMAT:
        other = str(found).startswith(FORMAT[:-1])
        what_to_do = "; load it with the version of dqn_lib that saved it" if other else ""
        raise CheckpointError(f"format must be {FORMAT!r}, got {found!r}{what_to_do}")
    kind = agent_class(run["class"])
    settings = run["config"] | {"hidden": tuple(run["config"]["hidden"])}
    if missing := {spec.name for spec in fields(kind.Config)} - settings.keys():
        raise CheckpointError(f"config must have the settings {', '.join(sorted(missing))}")
    agent = kind(env, kind.Config().replace(**settings), seed=run["seed"], xla=xla)
    if run["spaces"] != agent.spaces:
        raise CheckpointError(f"saved in an environment with {run['spaces']}, this one has {agent.spaces}")
    agent.set_state(_put_arrays(run["agent"], agent.get_state(), "agent", arrays))
    episodes = [_episode(entry) for entry in run["episodes"]]
    checks = []
    for number, entry in enumerate(run["checks"]):
        step, place = entry["step"], entry["environment"]
        check_integer("a check's step", step, low=0, high=2**53)
        if not isinstance(place, str):
            raise TypeError(f"a check's environment must be a text, got {place!r}")
        returns = arrays.read(f"checks/{number}/returns", None, np.dtype(np.float64))
        flat = arrays.read(f"checks/{number}/q", agent.q.to_flat().shape, np.dtype(np.float32))
        checks.append(Check(step, returns, QFunction.from_flat(flat, agent.sizes), place))
    arrays.all_read()
    changes = [_change(entry, agent.config) for entry in run["changes"]]
    return agent, TrainingLog(episodes, checks, changes)


def class_name(kind: type) -> str:
    """Module and name of a class, as `pickle` tells classes apart."""
    return f"{kind.__module__}:{kind.__qualname__}"


def agent_class(name: str) -> type[DQNAgent]:
    """`DQNAgent` or the variant of it called `name`, of those that exist in this process.

    Raises:
        CheckpointError: if there is none.
    """
    known: dict[str, type[DQNAgent]] = {}
    waiting = [DQNAgent]
    while waiting:
        kind = waiting.pop(0)
        known[class_name(kind)] = kind  # of a cell that was run again the latest
        waiting += kind.__subclasses__()
    if name not in known:
        raise CheckpointError(
            f"its agent is of the class {name!r}, which does not exist here: run the cell that defines it, "
            f"or import it, and load again"
        )
    return known[name]


def _episode(entry: dict[str, Any]) -> Episode:
    """An episode whose every value has the type it should have."""
    for spec in fields(Episode):
        value = entry[spec.name]
        if spec.type is int:
            check_integer(f"an episode's {spec.name}", value, low=0, high=2**53)
        elif spec.type is bool and not isinstance(value, bool):
            raise TypeError(f"an episode's {spec.name} must be true or false, got {value!r}")
        elif spec.type is not bool and not (value is None and spec.name == "loss"):
            check_number(f"an episode's {spec.name}", value)
    return Episode(**entry)


def _change(entry: dict[str, Any], config: DQNConfig) -> Change:
    """A change of settings that the agent would take."""
    change = Change(**entry)
    check_integer("a change's step", change.step, low=0, high=2**53)
    config.change_live(**change.settings)
    return change


def _take_arrays(tree: Any, name: str, arrays: dict[str, NDArray]) -> Any:
    """A copy of a tree of dictionaries with its arrays moved to `arrays`, leaving JSON."""
    if isinstance(tree, dict):
        return {str(key): _take_arrays(value, f"{name}/{key}", arrays) for key, value in tree.items()}
    if isinstance(tree, np.ndarray):
        if tree.dtype.kind == "f" and not np.isfinite(tree).all():
            raise CheckpointError(
                f"not saved: {name} must be finite, got NaN or infinity; the agent has diverged"
            )
        arrays[name] = tree
        return None
    return tree


def _put_arrays(tree: Any, like: Any, name: str, arrays: "_Arrays") -> Any:
    """The inverse, checked against a tree of the same shape from a fresh agent."""
    if isinstance(like, dict):
        if not isinstance(tree, dict) or tree.keys() != {str(key) for key in like}:
            raise CheckpointError(f"{name} must have the entries {list(like)}")
        return {
            key: _put_arrays(tree[str(key)], value, f"{name}/{key}", arrays) for key, value in like.items()
        }
    if isinstance(like, np.ndarray):
        if tree is not None:
            raise CheckpointError(f"{name} must be an array of its own, got {tree!r}")
        return arrays.read(name, like.shape, like.dtype)
    return tree  # `set_state` checks these


class _Arrays:
    """The entries of an open archive; each one's header is checked before its data are read."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.unread = set(archive.namelist())
        if len(self.unread) != len(archive.namelist()):
            raise CheckpointError("an entry appears twice")

    def text(self, name: str) -> Any:
        data = self.read(name, None, np.dtype(np.uint8), LARGEST_TEXT)
        return json.loads(data.tobytes().decode())

    def read(self, name: str, shape: tuple[int, ...] | None, dtype: np.dtype, most: int = 2**20) -> NDArray:
        """The array `name`, of exactly this shape (`None`: one axis, at most `most` bytes), all finite."""
        entry = f"{name}.npy"
        if entry not in self.unread:
            raise CheckpointError(f"the entry {name} is missing")
        self.unread.remove(entry)
        allowed = most if shape is None else int(np.prod(shape)) * dtype.itemsize
        info = self.archive.getinfo(entry)
        if info.file_size > allowed + HEADER:
            raise CheckpointError(f"{name} must be at most {allowed} bytes, got {info.file_size}")
        if info.compress_type != zipfile.ZIP_STORED:
            raise CheckpointError(f"{name} must be stored as it is, got a compressed entry")
        with self.archive.open(entry) as file:
            version = npy.read_magic(file)
            if version != (1, 0):
                raise CheckpointError(f"{name} must be an array of npy version 1.0, got {version}")
            found, fortran, kind = npy.read_array_header_1_0(file)
            if kind != dtype:  # objects, which would have to be unpickled, end here
                raise CheckpointError(f"{name} must have the type {dtype}, got {kind}")
            if fortran or (found != shape if shape is not None else len(found) != 1):
                raise CheckpointError(f"{name} must have the shape {shape}, got {found}")
            data = file.read()
        if len(data) != int(np.prod(found)) * dtype.itemsize:
            raise CheckpointError(f"{name} is cut short: {len(data)} bytes for the shape {found}")
        array = np.frombuffer(data, dtype).reshape(found)
        if dtype.kind == "f" and not np.isfinite(array).all():
            raise CheckpointError(f"{name} must be finite, got NaN or infinity")
        return array

    def all_read(self) -> None:
        if self.unread:
            raise CheckpointError(f"unknown entries: {', '.join(sorted(self.unread))}")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Any]:
    """A file that takes the place of `path` when it is complete, and leaves no trace if it never is."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
