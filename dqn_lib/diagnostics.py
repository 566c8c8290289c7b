"""What to look at when training fails: the signs of life of an agent, noted while it runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib.environments import check_mountain_car
from dqn_lib.mountain_car import STATE_HIGH, STATE_LOW
from dqn_lib.replay import Batch
from dqn_lib.targets import double_td_target, td_target
from dqn_lib.training import Episode, TrainingLog, train

if TYPE_CHECKING:  # they load TensorFlow, which whoever has an agent has loaded already
    from dqn_lib.agents.dqn import DQNAgent


SAMPLE = 500  # remembered windows that are looked at, at each check
POINTS = 61  # of the map of values, along each axis


@dataclass(frozen=True)
class Diagnostics:
    """The signs at one check."""

    step: int
    epsilon: float
    loss: float  # of the latest update; not a number before the first
    td_error: float  # mean absolute TD error over the sample, by the network's own values
    lowest: float  # value, that is best Q-value, in the sample
    highest: float
    mean_return: float  # of the greedy policy
    arrivals: int  # episodes so far that ended in a terminal state


@dataclass
class Diagnosis:
    """The signs of a whole run on MountainCar-v0; at its end also the memory and the map of values.

    `remembered` are states `(n, 2)`; `values` is the map `(POINTS, POINTS)`, a row for each velocity and a
    column for each position.
    """

    signs: list[Diagnostics] = field(default_factory=list)
    log: TrainingLog = field(default_factory=TrainingLog)
    remembered: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    values: NDArray[np.float32] = field(default_factory=lambda: np.zeros((POINTS, POINTS), np.float32))

    def series(self, name: str) -> NDArray[np.float64]:
        """One of the signs over the checks, `(checks,)`."""
        return np.array([getattr(signs, name) for signs in self.signs], dtype=float)

    def record(self, env: gym.Env, agent: Any, *, steps: int, every: int = 500) -> Iterator[Episode]:
        """Train for `steps` steps and pass the episodes on; note the signs about every `every` steps.

        Raises:
            ValueError: if `env` is another world than MountainCar-v0, whose map is drawn.
        """
        check_mountain_car(env, "a diagnosis")
        return self._record(agent, self.log.record(train(env, agent, steps=steps), agent, env, every))

    def _record(self, agent: Any, run: Iterator[Episode]) -> Iterator[Episode]:
        rng = np.random.default_rng(0)
        for episode in run:
            if not self.signs or self.signs[-1].step < self.log.checks[-1].step:
                self.signs.append(self.look(agent, rng))
            yield episode
        self.remembered = agent.memory.states[: len(agent.memory)].copy()
        self.values = self.map(agent.q)

    def look(self, agent: Any, rng: np.random.Generator) -> Diagnostics:
        """The signs of an agent now. Its memory is read as the agent has filled it: from that it learns."""
        memory, config, q = agent.memory, agent.config, agent.q
        batch = memory.windows(rng.integers(len(memory), size=SAMPLE), config.n_step, config.gamma)
        targets = batch.reward_sums + batch.discounts * (1 - batch.terminated) * q(batch.next_states).max(
            axis=-1
        )
        values = q(batch.states)
        errors = targets - np.take_along_axis(values, batch.actions[:, None], axis=-1)[:, 0]
        best = values.max(axis=-1)
        return Diagnostics(
            step=agent.steps,
            epsilon=agent.epsilon,
            loss=np.nan if agent.loss is None else agent.loss,
            td_error=float(np.abs(errors).mean()),
            lowest=float(best.min()),
            highest=float(best.max()),
            mean_return=self.log.checks[-1].mean,
            arrivals=sum(episode.terminated for episode in self.log.episodes),
        )

    def map(self, q: Any) -> NDArray[np.float32]:
        """The value of every state on a grid, `(velocities, positions)`."""
        axes = np.linspace(STATE_LOW, STATE_HIGH, POINTS).T
        return q(np.stack(np.meshgrid(*axes), axis=-1)).max(axis=-1)


class TDTargets(NamedTuple):
    """What the agent aims at for some windows `(...)`, and what it thinks now."""

    batch: Batch
    chosen: NDArray[np.int64]  # (...), the action thought best where the window stops
    bootstrap: NDArray[np.float32]  # (...), what the target network thinks of that one
    targets: NDArray[np.float32]  # (...)
    estimates: NDArray[np.float32]  # (...), by the online network, for the action that was taken


def td_targets(agent: "DQNAgent", first: NDArray[np.integer]) -> TDTargets:
    """Target and estimate of the windows that start at the ring positions `first` `(...)`.

    They are those of the agent's own learning step, by its networks as they are now.
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
