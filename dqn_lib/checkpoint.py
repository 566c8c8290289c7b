"""Save a run and load it, to continue exactly where it was.

A checkpoint is a `.npz` file of arrays, with everything else as JSON in the entry `run`. It replaces the
previous one only when it is complete. Loading creates the agent and then sets its numbers: nothing in the
file is executed or imported, and the type and size of each array are checked before it is read. The file has
the name of the agent's class, which must already exist.
"""

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

from dqn_lib import files
from dqn_lib.agents import bugs  # noqa: F401 (so that its agents can be loaded)
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_network import QFunction
from dqn_lib.config import DQNConfig, check_integer, check_number
from dqn_lib.training import Change, Check, Episode, TrainingLog

FORMAT = "dqn_lib run 3"
MAX_TEXT = 64 * 2**20  # bytes of JSON
MAX_HEADER = 4096  # bytes of an .npy header


class CheckpointError(ValueError):
    """A run cannot be saved or loaded; the message says why."""


def save(path: str | os.PathLike, agent: DQNAgent, log: TrainingLog | None = None) -> None:
    """Write an agent and its log to `path`; call this between two episodes.

    Raises:
        CheckpointError: if the agent has diverged, or is not a `DQNAgent`. The file at `path` is unchanged.
        OSError: if the file cannot be written.
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
    text = json.dumps(run, default=np.generic.item)  # a changed setting may be one of NumPy's numbers
    arrays["run"] = np.frombuffer(text.encode(), np.uint8)
    with files.replacing(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def load(path: str | os.PathLike, env: gym.Env, *, xla: bool | None = None) -> tuple[DQNAgent, TrainingLog]:
    """The agent and its log from `path`, ready for `train(env, agent)`; `xla` as in `DQNAgent`.

    If you have written the agent's class, define it before you load.

    Raises:
        CheckpointError: if the file is not a complete checkpoint, the spaces of `env` are not those of the
            run, or the agent's class does not exist.
        OSError: if the file cannot be opened.
    """
    path = Path(path)
    with open(path, "rb") as raw:
        try:
            with zipfile.ZipFile(raw) as archive:
                return _read(_Arrays(archive), env, xla)
        except CheckpointError as error:
            raise CheckpointError(f"{path.name}: {error}") from error
        except zipfile.BadZipFile as error:
            raise CheckpointError(f"{path.name}: not a complete checkpoint: {error}") from error
        except Exception as error:  # a damaged file can raise almost anything
            raise CheckpointError(f"{path.name}: its contents are not those of a run: {error}") from error


def _read(arrays: "_Arrays", env: gym.Env, xla: bool | None) -> tuple[DQNAgent, TrainingLog]:
    run = arrays.text("run")
    found = run.get("format") if isinstance(run, dict) else run
    if found != FORMAT:
        other_version = str(found).startswith(FORMAT[:-1])
        advice = "; load it with the version of dqn_lib that saved it" if other_version else ""
        raise CheckpointError(f"format must be {FORMAT!r}, got {found!r}{advice}")
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
        step, environment = entry["step"], entry["environment"]
        check_integer("a check's step", step, low=0, high=2**53)
        if not isinstance(environment, str):
            raise TypeError(f"a check's environment must be a string, got {environment!r}")
        returns = arrays.read(f"checks/{number}/returns", None, np.dtype(np.float64))
        flat = arrays.read(f"checks/{number}/q", agent.q.to_flat().shape, np.dtype(np.float32))
        checks.append(Check(step, returns, QFunction.from_flat(flat, agent.sizes), environment))
    arrays.check_all_read()
    changes = [_change(entry, agent.config) for entry in run["changes"]]
    return agent, TrainingLog(episodes, checks, changes)


def class_name(kind: type) -> str:
    """Module and qualified name of a class."""
    return f"{kind.__module__}:{kind.__qualname__}"


def agent_class(name: str) -> type[DQNAgent]:
    """`DQNAgent` or its subclass with this name; if a cell has defined it twice, the latest.

    Raises:
        CheckpointError: if there is none.
    """
    known = {class_name(kind): kind for kind in (DQNAgent, *_subclasses(DQNAgent))}
    if name not in known:
        raise CheckpointError(
            f"its agent is of the class {name!r}, which does not exist here: run the cell that defines it, "
            f"or import it, and load again"
        )
    return known[name]


def _subclasses(kind: type) -> Iterator[type]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


def _episode(entry: dict[str, Any]) -> Episode:
    """An episode, after a check of its values' types."""
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
    """A change of settings, after a check that `config` accepts it."""
    change = Change(**entry)
    check_integer("a change's step", change.step, low=0, high=2**53)
    config.change_live(**change.settings)
    return change


def _take_arrays(tree: Any, name: str, arrays: dict[str, NDArray]) -> Any:
    """A copy of nested dictionaries, with None for each array, which is put into `arrays` instead."""
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
    """The inverse; `like`, the state of a new agent, has the keys, shapes and types to expect."""
    if isinstance(like, dict):
        if not isinstance(tree, dict) or tree.keys() != {str(key) for key in like}:
            raise CheckpointError(f"{name} must have the entries {list(like)}")
        return {
            key: _put_arrays(tree[str(key)], value, f"{name}/{key}", arrays) for key, value in like.items()
        }
    if isinstance(like, np.ndarray):
        if tree is not None:
            raise CheckpointError(f"{name} must be None, with an array in another entry, got {tree!r}")
        return arrays.read(name, like.shape, like.dtype)
    return tree  # `set_state` checks these


class _Arrays:
    """The arrays in an open archive; the header of each is checked before its data are read."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.unread = set(archive.namelist())
        if len(self.unread) != len(archive.namelist()):
            raise CheckpointError("an entry appears twice")

    def text(self, name: str) -> Any:
        data = self.read(name, None, np.dtype(np.uint8), MAX_TEXT)
        return json.loads(data.tobytes().decode())

    def read(
        self, name: str, shape: tuple[int, ...] | None, dtype: np.dtype, max_bytes: int = 2**20
    ) -> NDArray:
        """The finite array `name` of this shape (None: one axis, at most `max_bytes`)."""
        entry = f"{name}.npy"
        if entry not in self.unread:
            raise CheckpointError(f"the entry {name} is missing")
        self.unread.remove(entry)
        allowed = max_bytes if shape is None else int(np.prod(shape)) * dtype.itemsize
        info = self.archive.getinfo(entry)
        if info.file_size > allowed + MAX_HEADER:
            raise CheckpointError(f"{name} must be at most {allowed} bytes, got {info.file_size}")
        if info.compress_type != zipfile.ZIP_STORED:
            raise CheckpointError(f"{name} must not be compressed")
        with self.archive.open(entry) as file:
            version = npy.read_magic(file)
            if version != (1, 0):
                raise CheckpointError(f"{name} must be an array of npy version 1.0, got {version}")
            found, fortran, kind = npy.read_array_header_1_0(file)
            if kind != dtype:  # this also refuses Python objects, which would have to be unpickled
                raise CheckpointError(f"{name} must have the type {dtype}, got {kind}")
            if fortran or (found != shape if shape is not None else len(found) != 1):
                raise CheckpointError(f"{name} must have the shape {shape}, got {found}")
            data = file.read()
        if len(data) != int(np.prod(found)) * dtype.itemsize:
            raise CheckpointError(f"{name} is truncated: {len(data)} bytes for the shape {found}")
        array = np.frombuffer(data, dtype).reshape(found)
        if dtype.kind == "f" and not np.isfinite(array).all():
            raise CheckpointError(f"{name} must be finite, got NaN or infinity")
        return array

    def check_all_read(self) -> None:
        if self.unread:
            raise CheckpointError(f"unknown entries: {', '.join(sorted(self.unread))}")
