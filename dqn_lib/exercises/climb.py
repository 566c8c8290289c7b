"""Train an agent that a student has written on the hill, and compare its curve with thirty others."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from dqn_lib import mountain_car
from dqn_lib.agents.q_network import QFunction
from dqn_lib.diagnostics import CurveVerdict, judge_curve
from dqn_lib.evaluation import greedy_returns
from dqn_lib.exercises import reference_agent
from dqn_lib.exercises.feedback import COLOURS, CORRECT, MARKS, NOT_YET, panel
from dqn_lib.exercises.own_agent import (
    PARTS,
    Problem,
    blanks,
    check_class,
    completed,
    drive,
    made_or_problem,
    slowness,
)
from dqn_lib.exercises.report import Run, Runs
from dqn_lib.experiments.results import load_results
from dqn_lib.training import Check, Episode, TrainingLog

CHECK_EVERY = 1_000
SLOW = 120.0  # seconds for a whole run, beyond which it is shortened


@dataclass
class Climb:
    """A run on MountainCar-v0: the agent, its log, and how its curve compares with thirty others."""

    agent: Any
    name: str = "your agent"
    log: TrainingLog = field(default_factory=TrainingLog)
    problem: Problem | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> CurveVerdict:
        """How its curve compares."""
        return judge_curve(self.log, load_results("own_agent"))

    @property
    def words(self) -> tuple[str, str]:
        """A heading and a message: the verdict, or why the run stopped."""
        if self.problem:
            return "Stopped", "\n".join([str(self.problem), *self.notes])
        return self.verdict.kind.capitalize(), "\n".join([self.verdict.message, *self.notes])

    def __repr__(self) -> str:
        return "{}. {}".format(*self.words)

    def _repr_html_(self) -> str:
        good = self.verdict.kind in ("within the band", "late but right") and not self.problem
        state = CORRECT if good else NOT_YET
        heading, message = self.words
        return panel(f"{MARKS[state]} {heading}.", message, COLOURS[state])


class Snapshot:
    """The Q-function of an agent with a network of its own kind, which goes on learning."""

    def __init__(self, agent: Any) -> None:
        self.agent = agent

    def __call__(self, states: NDArray) -> NDArray:
        """Q-values `(..., actions)` of states `(..., state size)`."""
        states = np.asarray(states, np.float32)
        values = np.asarray(self.agent.q(states.reshape(-1, states.shape[-1])))
        return values.reshape(*states.shape[:-1], -1)

    def greedy(self, states: NDArray) -> NDArray[np.int64]:
        """The greedy actions `(...)`."""
        return self(states).argmax(axis=-1)


def frozen(agent: Any) -> Any:
    """The agent's Q-function as it is now, if its network is one of `make_network`."""
    try:
        rescaling, *layers = agent.online.layers
        pairs = [tuple(np.array(array) for array in layer.get_weights()) for layer in layers]
        return QFunction(pairs).with_scaling(np.array(rescaling.scale), np.array(rescaling.offset))
    except (AttributeError, ValueError, TypeError):
        return Snapshot(agent)


def climb(agent: type, steps: int = 20_000, seed: int = 1, *, until_solved: bool = False) -> Climb:
    """Train an agent's class on MountainCar-v0, with a check every 1,000 steps.

    Blank parts are the library's. A run that would take longer than two minutes is shortened, and the reason is said.
    With `until_solved` it stops at the first check that reaches -110.

    Raises:
        TypeError: if `agent` is not a class.
    """
    check_class(agent)
    cls, note = completed(agent)
    env, evaluation = mountain_car.make(), mountain_car.make()
    made, name = made_or_problem(cls, env, seed), "your agent"
    failed = made if isinstance(made, Problem) else None
    if failed:  # the lesson goes on, with pictures of another agent
        made, steps = reference_agent.MyAgent(env, seed), min(steps, 2_000)
    if failed or len(blanks(agent)) == len(PARTS):
        name = "the library's agent"
    run = Climb(made, name, notes=[note] if note else [])
    start, before = time.monotonic(), 0

    def check() -> None:
        q = frozen(made)
        returns = greedy_returns(q, evaluation)
        run.log.checks.append(Check(int(made.steps), returns, q, mountain_car.ENV_ID))
        bar.set_postfix_str(f"last check {returns.mean():.1f}")

    def at_episode(total: float) -> bool:
        nonlocal before
        number, now = len(run.log.episodes) + 1, int(made.steps)
        reached = now - before < mountain_car.MAX_STEPS
        run.log.episodes.append(
            Episode(number, now, now - before, float(total), reached, made.epsilon(), None)
        )
        before = now
        if now // CHECK_EVERY > run.log.checks[-1].step // CHECK_EVERY:
            check()
        if until_solved and run.log.solved_at(mountain_car.SOLVED_RETURN) is not None:
            return False
        spent = time.monotonic() - start
        expected = spent * steps / max(now, 1)
        if spent > SLOW and expected > 1.5 * SLOW:
            run.notes.append(_slowness(cls, now, steps, expected))
            return False
        return True

    with tqdm(total=steps, unit=" steps", unit_scale=False) as bar:
        check()
        run.problem = drive(made, steps, at_episode, lambda: bar.update(min(made.steps, steps) - bar.n))
    if failed:
        run.problem = failed
        run.notes.append("The pictures below show the library's agent.")
    elif run.problem:
        run.notes.append(f"That was after {made.steps:,} steps.")
    return run


SEEDS = (1, 2, 3)


def three_seeds(agent: type, steps: int = 20_000, seeds: Sequence[int] = SEEDS) -> Runs:
    """`climb` with three seeds, some two minutes; nothing is run as long as all parts are blank.

    Raises:
        TypeError: if `agent` is not a class.
    """
    check_class(agent)
    missing = blanks(agent)
    if len(missing) == len(PARTS):
        return Runs((), "All six parts are still blank.")
    found = [(seed, climb(agent, steps, seed)) for seed in seeds]
    note = f"With the library's {', '.join(missing)}." if missing else ""
    return Runs(
        tuple(
            Run(
                seed,
                None if run.problem else run.log.solved_at(mountain_car.SOLVED_RETURN),
                max(check.mean for check in run.log.checks),
                run.verdict.kind,
                str(run.problem or ""),
            )
            for seed, run in found
        ),
        note,
    )


def _slowness(agent: type, now: int, steps: int, expected: float) -> str:
    """What a slow run costs, and the likeliest reason."""
    minutes = f"{expected / 60:.0f} minutes"
    return f"At this speed {steps:,} steps take {minutes}, so the run stops after {now:,}. {slowness(agent)}"
