"""Lesson 6's challenge: the fewest environment steps to -110, added up over three seeds."""

import html
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from dqn_lib import mountain_car
from dqn_lib.config import DQNConfig
from dqn_lib.evaluation import Diverged
from dqn_lib.mountain_car import SOLVED_RETURN
from dqn_lib.training import TrainingLog, train


def steps_to_solve(env: gym.Env, config: DQNConfig, *, seed: int, patience: int) -> int | None:
    """Environment steps until a check of the greedy policy in `env` reaches -110; None if it never does."""
    from dqn_lib.agents.dqn import DQNAgent

    agent, log = DQNAgent(env, config, seed=seed), TrainingLog()
    try:
        for _ in log.record(train(env, agent, steps=patience), agent, env):
            if (step := log.solved_at(SOLVED_RETURN)) is not None:
                return step
    except Diverged:  # it will never get there
        pass
    return None


SEEDS = (1, 2, 3)
PATIENCE = 40_000
LOCK_SECONDS = 10  # another kernel holds the file for milliseconds


@dataclass(frozen=True)
class Entry:
    """One configuration and its environment steps with each seed; None where it never got there."""

    name: str
    changed: dict[str, Any]
    steps: list[int | None]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not isinstance(self.changed, dict):
            raise TypeError("an entry needs a name and what was changed")
        if (
            not isinstance(self.steps, list)
            or len(self.steps) != len(SEEDS)
            or not all(step is None or (type(step) is int and step >= 0) for step in self.steps)
        ):
            raise TypeError(f"an entry's steps must be {len(SEEDS)} integers, or null for never")
        for name, value in self.changed.items():
            if isinstance(value, list):  # JSON knows no tuples
                self.changed[name] = tuple(value)

    @property
    def total(self) -> int:
        """What counts: a failed seed costs all of its patience, twice."""
        return sum(2 * PATIENCE if step is None else step for step in self.steps)


class Leaderboard:
    """Your own entries, best first, kept in a file.

    By default that is `leaderboard.json` beside the lesson, or the file that the environment variable
    DQN_LIB_LEADERBOARD names. Several kernels may share the file: each reads it again before it writes. If
    it cannot be written, the entries stay in `entries`, and the table says that they are not saved.

    Raises:
        ValueError: `path` lies in a folder that does not exist, or is something other than a leaderboard.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        if path is None:
            path = os.environ.get("DQN_LIB_LEADERBOARD", "leaderboard.json")
        self.path = Path(path).resolve()  # the same file if the kernel goes to another folder
        self.entries: list[Entry] = []
        self._unsaved: list[Entry] = []
        self._remarks: list[str] = []  # on the latest entry
        if not self.path.parent.is_dir():
            raise ValueError(f"path must lie in a folder that exists, got {path}")
        self.entries = self._read()

    def enter(self, name: str, entrant: DQNConfig | type) -> "Leaderboard":
        """Train with three seeds, add the result to the file and show the table.

        Of two entries with one name the better one stays.

        Args:
            name: what the table calls it.
            entrant: settings for the library's agent, or the class of an agent of one's own (lesson 11).

        Raises:
            TypeError: `entrant` is neither.
            ValueError: `name` is empty, a part of the agent is blank, or the file has become something other
                than a leaderboard.
        """
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"name must be a text with something in it, got {name!r}")
        own = isinstance(entrant, type)
        if own:
            _require_complete(entrant)
        elif type(entrant) is not DQNConfig:
            raise TypeError(f"entrant must be a DQNConfig or the class of an agent, got {entrant!r}")
        self._read()  # what is no leaderboard is refused before the training, not after it
        if problem := self._save([]):
            print(f"{problem} You will see your result, but it will not be kept.")
        self._remarks = []
        if own:
            steps = [self._climbed(entrant, seed) for seed in SEEDS]
        else:
            env, seeds = mountain_car.make(), tqdm(SEEDS, unit=" seeds")
            steps = [steps_to_solve(env, entrant, seed=seed, patience=PATIENCE) for seed in seeds]
        self._add(Entry(name, {"agent": entrant.__name__} if own else entrant.changed(), steps))
        return self

    def _climbed(self, agent: type, seed: int) -> int | None:
        """Environment steps of an agent of one's own; what went wrong becomes a remark."""
        from dqn_lib.exercises.climb import climb  # it loads TensorFlow

        run = climb(agent, PATIENCE, seed, until_solved=True)
        problems = [str(run.problem)] if run.problem else []
        self._remarks += [f"Seed {seed}: {words}" for words in [*problems, *run.notes]]
        return run.log.solved_at(SOLVED_RETURN)

    def _add(self, new: Entry) -> None:
        self._unsaved.append(new)
        if problem := self._save(self._unsaved):
            self.entries = merged(self.entries, [new])
            names = ", ".join(repr(entry.name) for entry in self._unsaved)
            self._remarks.append(f"{problem} Only this kernel knows of {names}.")
        else:
            self._unsaved = []
        kept = next(entry for entry in self.entries if entry.name == new.name)
        if kept != new:
            self._remarks.append(
                f"{new.name!r} keeps its better entry of {kept.total:,} steps in all; "
                f"this time ({changes(new)}) it took {new.total:,}."
            )

    def _read(self) -> list[Entry]:
        """The entries in the file, none if there is no file."""
        try:
            return merged([], [Entry(**entry) for entry in json.loads(self.path.read_bytes())])
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as problem:
            raise ValueError(
                f"path must be a leaderboard written by this class, got {self.path}: {problem}. "
                "Rename it to keep it, and a new one will be begun."
            ) from None

    def _save(self, new: list[Entry]) -> str:
        """Merge entries into the file; returns what prevents it, in words, or nothing.

        The file is written to the side and then moved into place, so that an interruption loses nothing.
        Without new entries this is a rehearsal: everything but the move.
        """
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        try:
            with FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=LOCK_SECONDS):
                if self.path.exists() and not os.access(self.path, os.W_OK):
                    raise PermissionError("the file is read-only")
                entries = merged(self._read(), new)
                try:
                    part.write_text(
                        json.dumps([asdict(entry) for entry in entries], indent=1) + "\n", encoding="utf-8"
                    )
                    if new:
                        os.replace(part, self.path)
                        self.entries = entries
                finally:
                    part.unlink(missing_ok=True)
        except Timeout:
            return f"Not saved: another kernel has been writing to {self.path} for {LOCK_SECONDS} seconds."
        except (OSError, NotImplementedError, ValueError) as problem:
            return f"Not saved: {self.path} cannot be written ({problem})."
        return ""

    def _rows(self) -> list[list[str]]:
        return [
            [
                str(rank),
                entry.name,
                changes(entry),
                *("never" if step is None else f"{step:,}" for step in entry.steps),
                f"{entry.total:,}",
            ]
            for rank, entry in enumerate(self.entries, start=1)
        ]

    def _repr_html_(self) -> str:
        head = ["", "name", "changed", *(f"seed {seed}" for seed in SEEDS), "steps in all"]
        cells = "".join(f"<th>{name}</th>" if name else "<td></td>" for name in head)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>"
            for row in self._rows()
        )
        below = "".join(f'<p role="status">{html.escape(remark)}</p>' for remark in self._remarks)
        return f"<table><tr>{cells}</tr>{rows}</table>{below}"

    def __repr__(self) -> str:
        lines = [" | ".join(row) for row in self._rows()] or ["no entries yet"]
        return "\n".join(lines + self._remarks)


def _require_complete(agent: type) -> None:
    """Raise an error unless a class is an agent with all of its parts: blank ones would be the library's."""
    from dqn_lib.exercises.own_agent import blanks  # it loads TensorFlow
    from dqn_lib.exercises.reference_agent import Agent

    if not issubclass(agent, Agent):
        raise TypeError(f"entrant must be a DQNConfig or the class of an agent, got {agent!r}")
    if missing := blanks(agent):
        raise ValueError(f"entrant must have all six parts, {agent.__name__} lacks {', '.join(missing)}")


def merged(entries: list[Entry], new: list[Entry]) -> list[Entry]:
    """All entries, the fewest steps first; of those with one name the best, or the first of equals."""
    best: dict[str, Entry] = {}
    for entry in [*entries, *new]:
        if entry.name not in best or entry.total < best[entry.name].total:
            best[entry.name] = entry
    return sorted(best.values(), key=lambda entry: entry.total)


def changes(entry: Entry) -> str:
    """The settings of an entry, as one would write them."""
    return ", ".join(f"{name}={value!r}" for name, value in entry.changed.items()) or "nothing changed"
