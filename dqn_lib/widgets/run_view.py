"""What there is to see of a live run at one moment: all that a page needs to paint it."""

import itertools
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.environments import check_mountain_car, time_limit
from dqn_lib.plots.curves import CHECK_REFERENCES
from dqn_lib.plots.maps import PREFERENCES, centres, grid, preferred, visits
from dqn_lib.plots.style import number
from dqn_lib.training import Change, TrainingLog
from dqn_lib.widgets.assets import NOTHING, to_message, to_shades
from dqn_lib.widgets.knobs import format_setting
from dqn_lib.widgets.live import LiveRun

LOOKS = ("dqn-best", "dqn-solved", "dqn-luck")
REFERENCES = [
    {"value": value, "name": name, "look": look}
    for (value, _, name), look in zip(CHECK_REFERENCES.marks, LOOKS, strict=True)
]


SIGHTS = ("car", "curve", "values", "policy", "memory")
FOLLOWED = 30.0  # steps a second up to which an eye can follow the car that learns
START = (-0.5, 0.0)  # where the greedy car sets off
FRAMES = 30  # steps that it drives in a second
REST = 0.5  # seconds that it rests at the end of its drive
LONGEST = 4.0  # seconds that a drive is given at most before a newer one begins: a good one is over by then
AHEAD = 12  # looks that may be on their way to a page, which answers a few times a second
GONE = 1.0  # seconds without an answer after which nobody seems to look: then a look a second will do
DEPTHS = (-100, -200, -500, -1_000, -10_000)  # lower ends of the colours: with gamma 0.99 the first will do
CELLS = 40  # along each axis of the map of the memory
MOST = 1_000  # visits to a cell that the colours still tell apart
FAR = 1_000_000  # no value that makes sense lies further from 0
DOTS = 500  # training episodes that are drawn at most: of more, every second, third, ...
CHECKS = 250  # the same of checks
NEAR = 300  # steps: turns of the same knob this close together get one mark


class RunView:
    """Takes looks at a run; `ready` says whether another one would be seen before long."""

    def __init__(self, run: LiveRun, show: Sequence[str]) -> None:
        if unknown := [name for name in show if name not in SIGHTS]:
            raise ValueError(f"show must be of {', '.join(SIGHTS)}, got {unknown[0]!r}")
        if "memory" in show and not hasattr(run.agent, "memory"):
            raise ValueError(f"show must do without 'memory': a {type(run.agent).__name__} has none")
        check_mountain_car(run.env, "a panel")
        self.run, self.show = run, show
        self.smooth = not isinstance(run.agent, QTableAgent)
        self._states = grid(48, 38) if self.smooth else centres(run.agent.config.cells)
        self._numbers = itertools.count(1)
        self._latest = self._seen = 0
        self._taken_at = self._free_at = 0.0
        self._memory: Any = None  # the one whose states were counted ...
        self._counted = 0  # ... so many, the forgotten ones included
        self._drive: dict[str, Any] = {}
        self._driven: tuple[int, int] | None = None  # the moment that it shows

    @property
    def ready(self) -> bool:
        """Whether another look would be seen before long."""
        return self._latest - self._seen < AHEAD or time.monotonic() - self._taken_at > GONE

    def seen(self, number: int) -> None:
        """A page has painted the look of this number."""
        if number <= self._latest:
            self._seen = max(self._seen, number)

    def take(self) -> dict[str, Any]:
        """Everything there is to see now, as plain numbers, words and packed arrays."""
        agent, log = self.run.agent, self.run.log
        self._latest, self._taken_at = next(self._numbers), time.monotonic()
        look: dict[str, Any] = {
            "number": self._latest,
            "step": agent.steps,
            "episodes": agent.episodes,
            "epsilon": agent.epsilon,
            "best": max(check.mean for check in log.checks),
        }
        if "curve" in self.show:
            look |= curve_of(log, agent.steps)
        if "values" in self.show or "policy" in self.show:
            look |= maps_of(np.asarray(agent.q(self._states)))
        if "memory" in self.show:
            held = len(agent.memory)
            look["memory"] = to_message(shades_of(self._visits()))
            look |= {"held": held, "flags": int(agent.memory.terminated[:held].sum())}
        if "car" in self.show:
            look |= self._car()
        return look

    def _visits(self) -> NDArray[np.int64]:
        """How many remembered states lie in each cell; only what is new since the last look is counted."""
        memory = self.run.agent.memory
        before, self._counted = self._counted, memory.added
        if self._memory is not memory or not 0 <= memory.added - before <= memory.capacity:
            self._memory, self._held = memory, memory.states.copy()
            self._visited = visits(memory.states[: len(memory)], CELLS)
            return self._visited
        new = np.arange(before, memory.added) % memory.capacity
        forgotten = self._held[new[np.arange(before, memory.added) >= memory.capacity]]
        self._visited += visits(memory.states[new], CELLS) - visits(forgotten, CELLS)
        self._held[new] = memory.states[new]
        return self._visited

    def _car(self) -> dict[str, Any]:
        """The car that learns, in slow motion; else the greedy car's drive, a new one now and then."""
        run, now = self.run, time.monotonic()
        if run.running and run.latest and run.speed is not None and run.speed <= FOLLOWED:
            action, state = run.latest
            self._free_at = 0.0
            return {"here": [float(state[0]), int(action)]}
        moment = id(run.log), run.agent.steps
        if moment != self._driven and (now > self._free_at or not run.running):
            self._driven = moment
            drive = car.simulate(run.agent.q.greedy, [START], time_limit(run.env) or car.MAX_STEPS)
            length = int(drive.lengths[0])
            ending = "the flag" if drive.reached[0] else "the time limit"
            self._drive = {
                "number": self._latest,
                "words": f"Greedy at step {run.agent.steps:,}: {ending} after {length}",
                "positions": to_message(drive.trajectory(0)[:, 0].astype(np.float32)),
                "actions": to_message(drive.actions[:length, 0].astype(np.uint8)),
            }
            self._free_at = now + min(length / FRAMES + REST, LONGEST)
        return {"drive": self._drive}


def maps_of(q: NDArray) -> dict[str, Any]:
    """Value map and policy map of Q-values `(rows, columns, actions)`; the colours go as deep as needed."""
    q = np.ascontiguousarray(np.moveaxis(q, -1, 0))  # NumPy is quick along long axes
    sound = np.isfinite(q).all(axis=0)
    values = np.where(sound, q.max(axis=0), np.nan)
    actions = preferred(np.moveaxis(np.where(sound, q, 0.0), 0, -1)).astype(np.uint8)
    actions[~sound] = NOTHING
    known = values[sound]
    lowest, highest = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    look: dict[str, Any] = {}
    if known.size < values.size:
        look["diverged"] = "diverged: where it is blank, no number any more"
    elif max(-lowest, highest) > FAR:
        look["diverged"] = f"diverged: values beyond ±{FAR:,}"
    depth = next((depth for depth in DEPTHS if depth <= lowest), DEPTHS[-1])
    shares = np.bincount(actions.ravel(), minlength=NOTHING + 1) / actions.size
    names = {**dict(enumerate(PREFERENCES)), NOTHING: "diverged"}
    return look | {
        "values": to_message(to_shades(values, depth, 0.0)),
        "limits": [depth, 0],
        "span": [lowest, highest],
        "policy": to_message(actions),
        "shares": ", ".join(f"{name} in {shares[a]:.0%}" for a, name in names.items() if shares[a]),
    }


def counted(states: NDArray) -> NDArray[np.uint8]:
    """The shade of each cell of the plane by how many of `states` `(n, 2)` lie in it; none for none."""
    return shades_of(visits(states, CELLS))


def shades_of(counts: NDArray) -> NDArray[np.uint8]:
    """The shade of each cell by its count, `[position, velocity]`; none for none."""
    with np.errstate(divide="ignore"):
        return to_shades(np.log10(np.minimum(counts.T, MOST)), 0.0, np.log10(MOST))


def curve_of(log: TrainingLog, step: int) -> dict[str, Any]:
    """The learning curve so far: points `(n, 2)` of step and return, and the turns of knobs."""
    episodes = log.episodes[:: 1 + len(log.episodes) // DOTS]
    checks = log.checks[:: 1 + len(log.checks) // CHECKS]
    checks = checks if checks[-1] is log.checks[-1] else [*checks, log.checks[-1]]
    solved = log.solved_at(car.SOLVED_RETURN)
    return {
        "returns": to_message(points((one.step, one.total_reward) for one in episodes)),
        "checks": to_message(points((one.step, one.mean) for one in checks)),
        "turns": named(log.changes),
        "alt": (
            f"Learning curve after {step:,} steps and {len(log.episodes):,} episodes. The greedy policy's "
            f"mean return is {number(log.checks[-1].mean, 1)}; luck is {number(car.RANDOM_RETURN)}, solved "
            f"{number(car.SOLVED_RETURN)}, optimum {number(car.OPTIMAL_CHECK_RETURN)}. "
            f"{'Not solved yet.' if solved is None else f'Solved at step {solved:,}.'} "
            f"{len(log.changes)} turns of a knob."
        ),
    }


def points(pairs: Any) -> NDArray[np.float32]:
    """Pairs as an array `(n, 2)`, also of none."""
    return np.array([*pairs], np.float32).reshape(-1, 2)


def named(changes: Sequence[Change]) -> list[list[Any]]:
    """Step and words of each turn; of a knob that was dragged, only where it came to rest."""
    turns = [(change.step, *setting) for change in changes for setting in change.settings.items()]
    rests: list[list[Any]] = []
    following: dict[str, int] = {}  # from the last to the first; of each knob the turn after
    for step, knob, value in reversed(turns):
        if following.get(knob, np.inf) - step > NEAR:
            by = "by " if value is None else ""
            rests.append([step, f"{knob.replace('_', ' ')} {by}{format_setting(value)}"])
        following[knob] = step
    return rests[::-1]
