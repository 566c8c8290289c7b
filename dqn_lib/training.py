"""Train an agent in an environment, and log its episodes and evaluations.

`train` is a generator of episodes. Each `next` trains for one episode, so a loop over it can stop at any
time, and can use the agent between two episodes.
"""

import contextlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib.config import check_finite, check_integer, check_number
from dqn_lib.environments import check_has_end, environment_name
from dqn_lib.evaluation import Greedy, greedy_returns


class Agent(Protocol):
    """What `train` needs of an agent."""

    seed: int
    steps: int
    episodes: int
    loss: float | None
    q: Greedy

    @property
    def epsilon(self) -> float:
        """The current fraction of steps that explore."""

    def act(self, state: NDArray) -> int:
        """The action for one state `(state_size,)`."""

    def observe(
        self,
        state: NDArray,
        action: int,
        reward: float,
        next_state: NDArray,
        *,
        terminated: bool,
        truncated: bool,
    ) -> None:
        """Store a transition; learn, if it is time to."""

    def end_episode(self) -> None:
        """Called after the last step of an episode, or when it is interrupted."""


@dataclass(frozen=True)
class Episode:
    """Summary of a finished episode."""

    number: int
    step: int  # environment steps of the agent so far, those of earlier episodes included
    length: int
    total_reward: float
    terminated: bool  # rather than truncated by the time limit
    epsilon: float
    loss: float | None  # of the latest gradient steps; None before the first


def train(
    env: gym.Env, agent: Agent, *, steps: int | None = None, episodes: int | None = None
) -> Iterator[Episode]:
    """Train the agent in `env` for `steps` more environment steps or `episodes` more episodes.

    The last episode is finished even if that takes more than `steps`. The start state of an episode depends
    on the agent's seed and the episode's number only.

    Raises:
        TypeError: if not exactly one of `steps` and `episodes` is given, or it is not an integer.
        ValueError: if it is less than 1; while it runs, if an observation or a reward is not finite, or if
            an episode does not end.
    """
    if (steps is None) == (episodes is None):
        raise TypeError(f"train needs either steps or episodes, got {steps} and {episodes}")
    check_integer("steps" if episodes is None else "episodes", episodes if steps is None else steps, low=1)
    return _episodes(env, agent, agent.steps + (steps or np.inf), agent.episodes + (episodes or np.inf))


def _episodes(env: gym.Env, agent: Agent, last_step: float, last_episode: float) -> Iterator[Episode]:
    while agent.steps < last_step and agent.episodes < last_episode:
        yield run_episode(env, agent)


def run_episode(env: gym.Env, agent: Agent) -> Episode:
    """Train for one episode, until it terminates or is truncated."""
    with contextlib.closing(episode_steps(env, agent)) as steps:  # also after an interrupt
        return next(episode for _, _, episode in steps if episode is not None)


def episode_steps(env: gym.Env, agent: Agent) -> Generator[tuple[int, NDArray, Episode | None], None, None]:
    """Train for one episode, step by step: yields the action, the next state and None.

    The final yield carries the `Episode` instead of None. Between two steps the agent's live settings may be
    changed. Close the generator to interrupt the episode.

    Raises:
        ValueError: if an observation or a reward is not finite, or the episode does not end.
    """
    seed = np.random.SeedSequence([agent.seed, agent.episodes]).generate_state(1)
    state, _ = env.reset(seed=int(seed[0]))
    check_finite("observation", state)  # the agent checks those that follow
    first_step, total, ended = agent.steps, 0.0, False
    try:
        while not ended:
            check_has_end(env, agent.steps - first_step)
            action = agent.act(state)
            next_state, reward, terminated, truncated, _ = env.step(action)
            agent.observe(
                state, action, float(reward), next_state, terminated=terminated, truncated=truncated
            )
            state, total, ended = next_state, total + float(reward), terminated or truncated
            if not ended:
                yield action, state, None
    finally:
        agent.end_episode()  # also after an interrupt, so that the agent can still be used
    agent.episodes += 1
    episode = Episode(
        number=agent.episodes,
        step=agent.steps,
        length=agent.steps - first_step,
        total_reward=total,
        terminated=bool(terminated),
        epsilon=agent.epsilon,
        loss=agent.loss,
    )
    yield action, state, episode


@dataclass(frozen=True)
class Check:
    """An evaluation during a run: the Q-function at that step, and the returns of its greedy policy."""

    step: int
    returns: NDArray[np.float64]
    q: Any
    environment: str = ""  # its `environment_name`; empty if it is not known

    @cached_property  # the widgets read the mean of every check many times a second
    def mean(self) -> float:
        """Mean of the returns."""
        return float(self.returns.mean())


@dataclass(frozen=True)
class Change:
    """Live settings that were changed during a run; they apply from environment step `step` on."""

    step: int
    settings: dict[str, Any]


@dataclass
class TrainingLog:
    """The log of a run: its episodes, the checks of its greedy policy, and changes of settings."""

    episodes: list[Episode] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def record(
        self, run: Iterable[Episode], agent: Agent, env: gym.Env, every: int = 1_000, episodes: int = 100
    ) -> Iterator[Episode]:
        """Yield the episodes of `run` and log them, with a check at the start and every `every` steps.

        A check evaluates the greedy policy for `episodes` episodes in `env`, at the first end of an episode
        at or after a multiple of `every`. `env` may be the environment of the run, since every episode
        starts with a reset; pass another one if it counts or records its steps.

        Raises:
            TypeError: if `every` or `episodes` is not an integer.
            ValueError: if one of them is less than 1; while it runs, as `greedy_returns`.
        """
        check_integer("every", every, low=1)
        check_integer("episodes", episodes, low=1)
        return self._record(run, agent, env, every, episodes)

    def _record(
        self, run: Iterable[Episode], agent: Agent, env: gym.Env, every: int, episodes: int
    ) -> Iterator[Episode]:
        self.check(agent, env, every, episodes)
        for episode in run:
            self.episodes.append(episode)
            self.check(agent, env, every, episodes)
            yield episode

    def check(self, agent: Agent, env: gym.Env, every: int, episodes: int = 100) -> bool:
        """Log a check of the agent in `env` if one is due; return whether it was.

        The first check is due at once, the others when a multiple of `every` steps has passed. `env` is
        reset, so call this between two episodes.

        Raises:
            ValueError: as `greedy_returns`.
        """
        due = not self.checks or agent.steps // every > self.checks[-1].step // every
        if due:
            q = agent.q
            returns = greedy_returns(q, env, episodes=episodes)
            self.checks.append(Check(agent.steps, returns, q, environment_name(env)))
        return due

    def solved_at(self, threshold: float) -> int | None:
        """Environment steps before the first check with a mean return of at least `threshold`, or None.

        Raises:
            TypeError: if `threshold` is not a number.
            ValueError: if it is not finite.
        """
        check_number("threshold", threshold)
        return next((check.step for check in self.checks if check.mean >= threshold), None)
