"""One run: an agent meets an environment, episode by episode.

`train` is a generator. Nothing happens until you pull the next episode from it, so pausing a run is to
stop pulling, and looking at the agent between two episodes is ordinary Python.
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
    """What `train` asks of an agent."""

    seed: int
    steps: int
    episodes: int
    loss: float | None
    q: Greedy

    @property
    def epsilon(self) -> float:
        """The fraction of steps that explore, now."""

    def act(self, state: NDArray) -> int:
        """The action for one state."""

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
        """Take in what happened, and learn from it when it is time."""

    def end_episode(self) -> None:
        """The episode is over, or was broken off."""


@dataclass(frozen=True)
class Episode:
    """What is known of one episode when it is over."""

    number: int
    step: int  # environment steps of the agent's whole life so far
    length: int
    total_reward: float
    terminated: bool  # the flag, not the time limit
    epsilon: float
    loss: float | None  # of the latest update; None before the first


def train(
    env: gym.Env, agent: Agent, *, steps: int | None = None, episodes: int | None = None
) -> Iterator[Episode]:
    """Let the agent live in `env` for `steps` more environment steps or `episodes` more episodes.

    Episodes are never cut: the last one is finished even if it passes `steps`. The start state of each
    follows from the agent's seed and the episode's number.
    """
    if (steps is None) == (episodes is None):
        raise TypeError("train needs either steps or episodes")
    check_integer("steps" if episodes is None else "episodes", episodes if steps is None else steps, low=1)
    return _episodes(env, agent, agent.steps + (steps or np.inf), agent.episodes + (episodes or np.inf))


def _episodes(env: gym.Env, agent: Agent, last_step: float, last_episode: float) -> Iterator[Episode]:
    while agent.steps < last_step and agent.episodes < last_episode:
        yield run_episode(env, agent)


def run_episode(env: gym.Env, agent: Agent) -> Episode:
    """One episode, acting and learning, until it terminates or is truncated."""
    with contextlib.closing(episode_steps(env, agent)) as driving:  # an interrupt closes it too
        return next(episode for _, _, episode in driving if episode is not None)


def episode_steps(env: gym.Env, agent: Agent) -> Generator[tuple[int, NDArray, Episode | None], None, None]:
    """One episode, step by step: yields each action, the state that it led to, and at the end the episode.

    Between two steps the agent may be looked at and its live settings changed. With the last step all of
    the episode is over. Whoever stops half-way closes the generator, and with it the agent's episode.

    Raises:
        ValueError: if the episode goes on and on, in an environment without a time limit.
    """
    seed = np.random.SeedSequence([agent.seed, agent.episodes]).generate_state(1)
    state, _ = env.reset(seed=int(seed[0]))
    check_finite("observation", state)  # those that follow are the agent's to refuse
    born, total, ended = agent.steps, 0.0, False
    try:
        while not ended:
            check_has_end(env, agent.steps - born)
            action = agent.act(state)
            next_state, reward, terminated, truncated, _ = env.step(action)
            agent.observe(
                state, action, float(reward), next_state, terminated=terminated, truncated=truncated
            )
            state, total, ended = next_state, total + float(reward), terminated or truncated
            if not ended:
                yield action, state, None
    finally:
        agent.end_episode()  # also when interrupted: the agent stays usable
    agent.episodes += 1
    episode = Episode(
        number=agent.episodes,
        step=agent.steps,
        length=agent.steps - born,
        total_reward=total,
        terminated=bool(terminated),
        epsilon=agent.epsilon,
        loss=agent.loss,
    )
    yield action, state, episode


@dataclass(frozen=True)
class Check:
    """The greedy policy's returns at one moment of the run, the Q-values behind them, and where it drove."""

    step: int
    returns: NDArray[np.float64]
    q: Any
    environment: str = ""  # as `worlds.name_of` has it; empty if it is not known

    @cached_property  # asked for thirty times a second, of every check, by who watches
    def mean(self) -> float:
        """Mean return of the check."""
        return float(self.returns.mean())


@dataclass(frozen=True)
class Change:
    """Live settings that were changed during a run, in force from environment step `step` on."""

    step: int
    settings: dict[str, Any]


@dataclass
class TrainingLog:
    """What happened in a run: episodes, checks of the greedy policy now and then, settings changed."""

    episodes: list[Episode] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def record(
        self, run: Iterable[Episode], agent: Agent, env: gym.Env, every: int = 1_000, episodes: int = 100
    ) -> Iterator[Episode]:
        """Pass the episodes of `run` on, noting each; check first of all and then every `every` steps.

        A check drives the greedy policy for `episodes` episodes in `env`; it falls on the first end of an
        episode at or after each multiple of `every`. The environment of the run itself will do, since every
        episode begins with a reset; hand over one of its own if it counts or records what happens in it.

        Raises:
            TypeError: if `every` or `episodes` is no integer.
            ValueError: if one of them is less than 1; while it runs, whatever `greedy_returns` refuses.
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
        """Note a check of the agent in `env` if one is due: none yet, or a multiple of `every` has passed.

        It resets `env`, so call it between two episodes.
        """
        due = not self.checks or agent.steps // every > self.checks[-1].step // every
        if due:
            q = agent.q
            returns = greedy_returns(q, env, episodes=episodes)
            self.checks.append(Check(agent.steps, returns, q, environment_name(env)))
        return due

    def solved_at(self, threshold: float) -> int | None:
        """Environment steps before the first check whose mean return is `threshold` or better."""
        check_number("threshold", threshold)
        return next((check.step for check in self.checks if check.mean >= threshold), None)
