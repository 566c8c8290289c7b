"""Snapshots of a live run: everything that the page of a training panel paints at one moment."""

import itertools
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.environments import check_mountain_car, time_limit
from dqn_lib.plots.curves import CHECK_REFERENCES
from dqn_lib.plots.maps import PREFERENCES, cell_centres, count_visits, greedy_actions, grid
from dqn_lib.plots.style import format_number
from dqn_lib.training import Change, TrainingLog
from dqn_lib.widgets.assets import BLANK, to_message, to_shades
from dqn_lib.widgets.knobs import format_setting
from dqn_lib.widgets.live import LiveRun

REFERENCES = [
    {"value": value, "name": name.replace("random policy", "random\npolicy"), "css": css}
    for (value, _, name), css in zip(
        CHECK_REFERENCES.marks, ("dqn-best", "dqn-solved", "dqn-random"), strict=True
    )
]
VIEWS = ("car", "curve", "values", "policy", "memory")
START = (-0.5, 0.0)  # of the greedy policy's episode
SLOW_MOTION = 30.0  # steps a second up to which the page shows the training car itself
FRAMES_PER_SECOND = 30  # steps a second of the greedy policy's car
END_PAUSE = 0.5  # seconds that it stands at the end of its episode
MAX_FAILURE = 1.0  # seconds after which a newer episode is shown than one that does not arrive
MAX_DRIVE = 4.0  # seconds after which a newer episode is shown; a good one has ended by then
COLOUR_LIMITS = (-100, -200, -500, -1_000, -10_000)  # lower ends of the colours; the first suits gamma 0.99
DIVERGED = 1_000_000  # no sensible value is further from 0
CELLS = 40  # along each axis of the map of the memory
MAX_VISITS = 1_000  # to a cell; the colours do not distinguish more
MAX_EPISODES = 500  # points of training episodes in a snapshot: of more, every second, third, ...
MAX_CHECKS = 250  # the same for checks
MIN_STEPS_BETWEEN = 300  # changes of one setting that are closer share a mark


class RunView:
    """Takes snapshots of a run, with what `show` names.

    Raises:
        ValueError: if `show` names something unknown or a memory that the agent does not have, or if the
            run's environment is not MountainCar-v0.
    """

    def __init__(self, run: LiveRun, show: Sequence[str]) -> None:
        if unknown := [name for name in show if name not in VIEWS]:
            raise ValueError(f"show must be of {', '.join(VIEWS)}, got {unknown[0]!r}")
        if "memory" in show and not hasattr(run.agent, "memory"):
            raise ValueError(f"show must do without 'memory': a {type(run.agent).__name__} has none")
        check_mountain_car(run.env, "a panel")
        self.run, self.show = run, show
        self.smooth = not isinstance(run.agent, QTableAgent)
        self._states = grid(48, 38) if self.smooth else cell_centres(run.agent.config.cells)
        self._memory: Any = None  # the memory whose states were counted
        self._counted = 0  # how many of them, forgotten ones included
        self._drives = itertools.count(1)
        self._drive: dict[str, Any] = {}
        self._driven: tuple[int, int] | None = None  # the moment of the run that it shows
        self._next_drive = 0.0

    def snapshot(self) -> dict[str, Any]:
        """Everything that the page shows now, as numbers, words and packed arrays."""
        agent, log = self.run.agent, self.run.log
        snapshot: dict[str, Any] = {
            "step": agent.steps,
            "episodes": agent.episodes,
            "epsilon": agent.epsilon,
            "best": max(check.mean for check in log.checks),
        }
        if "curve" in self.show:
            snapshot |= curve_snapshot(log, agent.steps)
        if "values" in self.show or "policy" in self.show:
            snapshot |= map_snapshot(np.asarray(agent.q(self._states)))
        if "memory" in self.show:
            stored = len(agent.memory)
            snapshot["memory"] = to_message(count_shades(self._count_visits()))
            snapshot |= {"stored": stored, "flags": int(agent.memory.terminated[:stored].sum())}
        if "car" in self.show:
            snapshot |= self._car_snapshot()
        return snapshot

    def _count_visits(self) -> NDArray[np.int64]:
        """How many remembered states lie in each cell; counts only what is new since the last snapshot."""
        memory = self.run.agent.memory
        before, self._counted = self._counted, memory.added
        if self._memory is not memory or not 0 <= memory.added - before <= memory.capacity:
            self._memory, self._kept = memory, memory.states.copy()
            self._visits = count_visits(memory.states[: len(memory)], CELLS)
            return self._visits
        new = np.arange(before, memory.added) % memory.capacity
        forgotten = self._kept[new[np.arange(before, memory.added) >= memory.capacity]]
        self._visits += count_visits(memory.states[new], CELLS) - count_visits(forgotten, CELLS)
        self._kept[new] = memory.states[new]
        return self._visits

    def _car_snapshot(self) -> dict[str, Any]:
        """In slow motion the training car; else an episode of the greedy policy, a new one now and then."""
        run, now = self.run, time.monotonic()
        if run.running and run.latest and run.speed is not None and run.speed <= SLOW_MOTION:
            action, state = run.latest
            self._next_drive = 0.0
            return {"training_car": [float(state[0]), int(action)]}
        moment = id(run.log), run.agent.steps
        if moment != self._driven and (now > self._next_drive or not run.running):
            self._driven = moment
            drive = car.simulate(run.agent.q.greedy, [START], time_limit(run.env) or car.MAX_STEPS)
            length = int(drive.lengths[0])
            ending = "the flag" if drive.reached[0] else "the time limit"
            self._drive = {
                "number": next(self._drives),
                "words": f"Greedy policy at step {run.agent.steps:,}: {ending} after {length}",
                "positions": to_message(drive.trajectory(0)[:, 0].astype(np.float32)),
                "actions": to_message(drive.actions[:length, 0].astype(np.uint8)),
            }
            shown = min(length / FRAMES_PER_SECOND + END_PAUSE, MAX_DRIVE)
            self._next_drive = now + (shown if drive.reached[0] else MAX_FAILURE)
        return {"drive": self._drive}


def map_snapshot(q: NDArray) -> dict[str, Any]:
    """Value map and policy map of Q-values `(rows, columns, actions)`; the colours go as low as needed."""
    q = np.ascontiguousarray(np.moveaxis(q, -1, 0))  # NumPy reduces long axes faster
    finite = np.isfinite(q).all(axis=0)
    values = np.where(finite, q.max(axis=0), np.nan)
    actions = greedy_actions(np.moveaxis(np.where(finite, q, 0.0), 0, -1)).astype(np.uint8)
    actions[~finite] = BLANK
    known = values[finite]
    lowest, highest = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    snapshot: dict[str, Any] = {}
    if known.size < values.size:
        snapshot["diverged"] = "diverged: blank where a value is no longer a number"
    elif max(-lowest, highest) > DIVERGED:
        snapshot["diverged"] = f"diverged: values beyond ±{DIVERGED:,}"
    limit = next((limit for limit in COLOUR_LIMITS if limit <= lowest), COLOUR_LIMITS[-1])
    fractions = np.bincount(actions.ravel(), minlength=BLANK + 1) / actions.size
    names = {**dict(enumerate(PREFERENCES)), BLANK: "diverged"}
    return snapshot | {
        "values": to_message(to_shades(values, limit, 0.0)),
        "limits": [limit, 0],
        "span": [lowest, highest],
        "policy": to_message(actions),
        "shares": ", ".join(f"{name} in {fractions[a]:.0%}" for a, name in names.items() if fractions[a]),
    }


def count_shades(counts: NDArray) -> NDArray[np.uint8]:
    """The shade of each cell for its count, given as `[position, velocity]`; blank for none."""
    with np.errstate(divide="ignore"):
        return to_shades(np.log10(np.minimum(counts.T, MAX_VISITS)), 0.0, np.log10(MAX_VISITS))


def visit_shades(states: NDArray) -> NDArray[np.uint8]:
    """The shade of each cell of the phase plane for the number of `states` `(n, 2)` in it."""
    return count_shades(count_visits(states, CELLS))


def curve_snapshot(log: TrainingLog, step: int) -> dict[str, Any]:
    """The learning curve so far: points `(n, 2)` of step and return, and marks for changed settings."""
    episodes = log.episodes[:: 1 + len(log.episodes) // MAX_EPISODES]
    checks = log.checks[:: 1 + len(log.checks) // MAX_CHECKS]
    checks = checks if checks[-1] is log.checks[-1] else [*checks, log.checks[-1]]
    solved = log.solved_at(car.SOLVED_RETURN)
    return {
        "returns": to_message(_points((one.step, one.total_reward) for one in episodes)),
        "checks": to_message(_points((one.step, one.mean) for one in checks)),
        "changes": change_marks(log.changes),
        "alt": (
            f"Learning curve after {step:,} steps and {len(log.episodes):,} episodes. The greedy policy's "
            f"mean return is {format_number(log.checks[-1].mean, 1)}. {CHECK_REFERENCES.alt} "
            f"{'Not solved yet.' if solved is None else f'Solved at step {solved:,}.'} "
            f"{len(log.changes)} changes of settings."
        ),
    }


def _points(pairs: Iterable[tuple[float, float]]) -> NDArray[np.float32]:
    return np.array([*pairs], np.float32).reshape(-1, 2)


def change_marks(changes: Sequence[Change]) -> list[list[Any]]:
    """Step and words for each change; of a slider that was dragged, only for its last position."""
    settings = [(change.step, *setting) for change in changes for setting in change.settings.items()]
    marks: list[list[Any]] = []
    following: dict[str, int] = {}  # by name, the step of the next change of that setting
    for step, name, value in reversed(settings):
        if following.get(name, np.inf) - step > MIN_STEPS_BETWEEN:
            by = "by " if value is None else ""
            marks.append([step, f"{name.replace('_', ' ')} {by}{format_setting(value)}"])
        following[name] = step
    return marks[::-1]
