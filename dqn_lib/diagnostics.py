"""What to plot when training fails: loss, TD error, Q-values and returns of an agent during a run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib.environments import check_mountain_car
from dqn_lib.mountain_car import RANDOM_RETURN, SOLVED_RETURN, STATE_HIGH, STATE_LOW
from dqn_lib.replay import Batch
from dqn_lib.targets import double_td_target, td_target
from dqn_lib.training import Episode, TrainingLog, train

if TYPE_CHECKING:  # at run time it would load TensorFlow
    from dqn_lib.agents.dqn import DQNAgent


SAMPLE = 500  # windows of the replay memory, sampled at each check
POINTS = 61  # of the value map, along each axis


@dataclass(frozen=True)
class Diagnostics:
    """Measurements at one check."""

    step: int
    epsilon: float
    loss: float  # of the latest gradient steps; NaN before the first
    td_error: float  # mean absolute TD error over the sample, with the online network's values only
    lowest: float  # state value in the sample
    highest: float
    mean_return: float  # of the greedy policy
    arrivals: int  # episodes so far that ended in a terminal state


@dataclass
class Diagnosis:
    """Diagnostics of a whole run on MountainCar-v0, and at its end the memory and the value map.

    `remembered` are the states in the memory `(n, 2)`. `values` is the map `(POINTS, POINTS)`, a row for
    each velocity and a column for each position.
    """

    history: list[Diagnostics] = field(default_factory=list)
    log: TrainingLog = field(default_factory=TrainingLog)
    remembered: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    values: NDArray[np.float32] = field(default_factory=lambda: np.zeros((POINTS, POINTS), np.float32))

    def series(self, name: str) -> NDArray[np.float64]:
        """One field of `Diagnostics` at every check, `(checks,)`."""
        return np.array([getattr(measured, name) for measured in self.history], dtype=float)

    def record(self, env: gym.Env, agent: Any, *, steps: int, every: int = 500) -> Iterator[Episode]:
        """Train for `steps` steps and yield the episodes; measure about every `every` steps.

        Raises:
            TypeError: if `steps` or `every` is not an integer.
            ValueError: if one of them is less than 1, or `env` is not MountainCar-v0.
        """
        check_mountain_car(env, "a diagnosis")
        return self._record(agent, self.log.record(train(env, agent, steps=steps), agent, env, every))

    def _record(self, agent: Any, run: Iterator[Episode]) -> Iterator[Episode]:
        rng = np.random.default_rng(0)
        for episode in run:
            if not self.history or self.history[-1].step < self.log.checks[-1].step:
                self.history.append(self.measure(agent, rng))
            yield episode
        self.remembered = agent.memory.states[: len(agent.memory)].copy()
        self.values = self.map(agent.q)

    def measure(self, agent: Any, rng: np.random.Generator) -> Diagnostics:
        """The current diagnostics of an agent, over a sample of its replay memory."""
        memory, config, q = agent.memory, agent.config, agent.q
        batch = memory.windows(rng.integers(len(memory), size=SAMPLE), config.n_step, config.gamma)
        targets = td_target(batch.reward_sums, batch.terminated, q(batch.next_states), batch.discounts)
        q_values = q(batch.states)
        errors = targets - np.take_along_axis(q_values, batch.actions[:, None], axis=-1)[:, 0]
        values = q_values.max(axis=-1)
        return Diagnostics(
            step=agent.steps,
            epsilon=agent.epsilon,
            loss=np.nan if agent.loss is None else agent.loss,
            td_error=float(np.abs(errors).mean()),
            lowest=float(values.min()),
            highest=float(values.max()),
            mean_return=self.log.checks[-1].mean,
            arrivals=sum(episode.terminated for episode in self.log.episodes),
        )

    def map(self, q: Any) -> NDArray[np.float32]:
        """The state values on a grid, `(velocities, positions)`."""
        axes = np.linspace(STATE_LOW, STATE_HIGH, POINTS).T
        return q(np.stack(np.meshgrid(*axes), axis=-1)).max(axis=-1)


class TDTargets(NamedTuple):
    """TD targets and current estimates for some windows `(...)`."""

    batch: Batch
    chosen: NDArray[np.int64]  # (...), the greedy action in the window's last state
    bootstrap: NDArray[np.float32]  # (...), the target network's value of that action
    targets: NDArray[np.float32]  # (...)
    estimates: NDArray[np.float32]  # (...), the online network's value of the action that was taken


def td_targets(agent: "DQNAgent", first: NDArray[np.integer]) -> TDTargets:
    """TD targets and estimates for the windows that start at the indices `first` `(...)` of the memory.

    They are those of the agent's next gradient step, with its current networks.
    """
    config = agent.config
    batch = agent.memory.windows(first, config.n_step, config.gamma)
    next_q, online = agent.target_q(batch.next_states), agent.q(batch.next_states)
    if config.double:
        targets = double_td_target(batch.reward_sums, batch.terminated, next_q, online, batch.discounts)
    else:
        targets = td_target(batch.reward_sums, batch.terminated, next_q, batch.discounts)
    chosen = (online if config.double else next_q).argmax(axis=-1)
    bootstrap = np.take_along_axis(next_q, chosen[..., None], axis=-1)[..., 0]
    estimates = np.take_along_axis(agent.q(batch.states), batch.actions[..., None], axis=-1)[..., 0]
    return TDTargets(batch, chosen, bootstrap, targets, estimates)


LAST = 5  # checks at the end of a run, whose mean says how it ends
SHORTEST = 5_000  # environment steps, before which most runs have not learnt anything


@dataclass(frozen=True)
class CurveVerdict:
    """How a learning curve compares with those of other seeds: one of `KINDS`, and a sentence or two."""

    kind: str
    message: str

    KINDS = (
        "too short",
        "within the band",
        "late but right",
        "solved and lost again",
        "not yet",
        "never arrived",
    )

    def __repr__(self) -> str:
        return f"{self.kind.capitalize()}. {self.message}"


def judge_curve(log: TrainingLog, runs: Sequence[Mapping[str, Any]]) -> CurveVerdict:
    """Compare the checks of a run on MountainCar-v0 with those of other runs, one every 1,000 steps.

    Each of `runs` has `solved_at_step` and a `curve`, the mean returns of its checks.

    Raises:
        ValueError: if the log has no checks, or there are no runs.
    """
    if not log.checks or not runs:
        raise ValueError(f"a verdict needs checks and runs, got {len(log.checks)} and {len(runs)}")
    means, last_step = [check.mean for check in log.checks], log.checks[-1].step
    solved = log.solved_at(SOLVED_RETURN)
    others = sorted(np.inf if run["solved_at_step"] is None else run["solved_at_step"] for run in runs)
    span = f"{others[0]:,.0f} to {others[-1]:,.0f} steps"
    if solved is None and last_step < min(SHORTEST, others[-1]):
        return CurveVerdict(
            "too short",
            f"At its last check, after {last_step:,} steps, there is nothing to compare: {len(runs)} runs "
            f"took {span}.",
        )
    if max(means) <= RANDOM_RETURN:
        return CurveVerdict(
            "never arrived",
            "In no check has the greedy car reached the flag. Has it ever arrived while it explored? If not, "
            "look at the exploration; if so, at the memory, the target and the gradient step.",
        )
    if solved is None:
        sooner = sum(step <= last_step for step in others)
        return CurveVerdict(
            "not yet",
            f"The best check is {max(means):.1f}; {SOLVED_RETURN:.0f} counts as solved. By step "
            f"{last_step:,}, {sooner} of {len(runs)} runs had solved it.",
        )
    last = min(round(last_step / 1_000), min(len(run["curve"]) for run in runs) - 1)
    ends = [np.mean(run["curve"][max(last - LAST + 1, 0) : last + 1]) for run in runs]
    end = np.mean([check.mean for check in log.checks if check.step >= solved][-LAST:])
    sooner = sum(step < solved for step in others)
    how = f"It was solved after {solved:,} steps; {sooner} of {len(runs)} runs were sooner"
    if end < min(ends) and end < SOLVED_RETURN:
        return CurveVerdict(
            "solved and lost again",
            f"{how}. But its last {LAST} checks average {end:.1f}, and those of the worst run "
            f"{min(ends):.1f}: look at the target network, the learning rate and the memory.",
        )
    if solved > others[-1]:
        return CurveVerdict(
            "late but right",
            f"It was solved after {solved:,} steps; the slowest of {len(runs)} runs took {others[-1]:,.0f}.",
        )
    return CurveVerdict(
        "within the band", f"{how}, and all took {span}. Its last {LAST} checks average {end:.1f}."
    )
