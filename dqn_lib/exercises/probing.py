"""Train an agent on the probes, and say what it has not learnt and which parts to look at."""

import html
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.exercises.feedback import COLOURS, CORRECT, MARKS, NOT_YET, as_html
from dqn_lib.exercises.own_agent import Problem, check_class, completed, drive, made_or_problem
from dqn_lib.probes import GAMMA, PROBES, Probe
from dqn_lib.training import train

STEPS = 800  # at most; a right agent needs 100 to 300, or 700 if it copies its target network seldom
SLOW = 20.0  # seconds, after which a run is stopped
SETTINGS = {
    "gamma": GAMMA,
    "batch_size": 64,
    "memory_size": 1_000,
    "learning_rate": 3e-3,
    "learning_starts": 64,
    "learn_every": 1,
    "initial_value": 0.0,
    "hold": 1,
    "n_step": 1,
    "epsilon_wait": 10**9,
}


@dataclass(frozen=True)
class ProbeResult:
    """How an agent did on one probe: the steps until it passed, or how far off its worst value is."""

    probe: Probe
    steps: int | None
    error: float
    problem: Problem | None = None

    @property
    def passed(self) -> bool:
        """Whether the agent has learnt the values."""
        return self.steps is not None

    @property
    def words(self) -> str:
        """What to tell the student."""
        if self.passed:
            return f"learnt in {self.steps} steps"
        if self.problem:
            return str(self.problem)
        off = "not a number" if not np.isfinite(self.error) else f"still {self.error:.2f} off"
        suspects = ", ".join(f"`{name}`" for name in self.probe.suspects)
        where = f". Look at {suspects}" if suspects else ""
        return f"the worst value is {off} after {STEPS} steps{where}"


def run_probe(
    agent: type, probe: Probe, seed: int = 0, watch: Callable[[int], None] = lambda steps: None
) -> ProbeResult:
    """Train a new agent of the class on a probe until its values are those on paper; never raises.

    `watch` is called ten times a second with the number of steps so far.
    """
    cls = type(agent.__name__, (agent,), {**SETTINGS, **probe.settings})
    errors, due = [np.inf], 100
    solved: list[int] = []
    returns: deque[float] = deque([-np.inf], maxlen=100)

    def at_episode(total: float) -> bool:
        nonlocal due
        returns.append(total)
        if made.steps >= due:
            due += 100
            errors.append(probe.error(made.q))
            if errors[-1] < probe.tolerance and (
                probe.mean_return is None or np.mean(returns) >= probe.mean_return
            ):
                solved.append(int(made.steps))
        return not solved

    made = made_or_problem(cls, probe.environment(), seed)
    if isinstance(made, Problem):
        return ProbeResult(probe, None, np.inf, made)
    problem = drive(made, STEPS, at_episode, lambda: watch(int(made.steps)), SLOW)
    return ProbeResult(probe, solved[0] if solved else None, errors[-1], None if solved else problem)


@dataclass(frozen=True)
class ProbeTable:
    """The probes an agent passes and fails."""

    results: tuple[ProbeResult, ...]
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether it passes all."""
        return all(result.passed for result in self.results)

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """State, name, question and result of each probe; what stopped several is said once."""
        said: set[str] = set()
        for one in self.results:
            words = "the same" if one.problem and one.words in said else one.words
            said.add(one.words)
            yield CORRECT if one.passed else NOT_YET, one.probe.name, one.probe.question, words

    def __repr__(self) -> str:
        lines = [
            f"{MARKS[state]} {name:<15} {question} {words}" for state, name, question, words in self.rows()
        ]
        return "\n".join(filter(None, [self.note, *lines]))

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="color: {COLOURS[state]}">{MARKS[state]}</td>'
            f'<td style="text-align: left"><code>{name}</code><br>{question}</td>'
            f'<td style="text-align: left">{as_html(words[:1].upper() + words[1:])}</td></tr>'
            for state, name, question, words in self.rows()
        )
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return f'{note}<table role="status">{rows}</table>'


def probe(agent: type) -> ProbeTable:
    """Try an agent's class on the five probes, some ten seconds; blank parts are the library's.

    Raises:
        TypeError: if `agent` is not a class.
    """
    check_class(agent)
    cls, note = completed(agent)
    with tqdm(PROBES, unit=" probes") as bar:
        watch = lambda steps: bar.set_postfix_str(f"{steps} steps")  # noqa: E731
        return ProbeTable(tuple(run_probe(cls, one, watch=watch) for one in bar), note)


def probe_library(agent: type[DQNAgent] = DQNAgent, **settings: Any) -> ProbeTable:
    """Try the library's agent, or a subclass, on the five probes, with some settings changed.

    Raises:
        TypeError: if there is no such setting.
        ValueError: if one is out of its range.
    """
    DQNConfig(**settings)  # what is wrong with them is said before the first run
    cls = _adapted(agent, settings)
    return ProbeTable(tuple(run_probe(cls, replace(one, suspects=())) for one in PROBES))


def _adapted(agent: type[DQNAgent], settings: dict[str, Any]) -> type:
    """The library's agent with the interface of lesson 11."""

    class Adapted:
        def __init__(self, env: gym.Env, seed: int) -> None:
            asked = {name: getattr(self, name) for name in SETTINGS}
            chunks = {"learn_every": 4, "updates": 4, "epsilon_wait": 10**6}
            self.env, self.inner = env, agent(env, DQNConfig(**(asked | chunks | settings)), seed=seed)

        def q(self, states: NDArray) -> NDArray:
            return self.inner.q(states)

        @property
        def steps(self) -> int:
            return self.inner.steps

        def train(self, steps: int) -> Iterator[float]:
            for episode in train(self.env, self.inner, steps=steps):
                yield episode.total_reward

    return Adapted
