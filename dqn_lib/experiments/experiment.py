"""What is to be run: an experiment is a base, a list of small differences from it, and a number of seeds."""

import os
import pkgutil
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib.config import Config, DQNConfig, check_integer, check_number
from dqn_lib.evaluation import Diverged, greedy_returns
from dqn_lib.experiments.results import Row, machine, versions
from dqn_lib.mountain_car import ENV_ID
from dqn_lib.training import TrainingLog, train

DQN = "dqn_lib.agents.dqn:DQNAgent"
Q_TABLE = "dqn_lib.agents.q_table:QTableAgent"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to train: which agent, with which settings, where, for how long, and how it is judged.

    `agent` and `environment` are names, "module:class" and a Gymnasium id, so that nothing heavy is loaded
    before a job needs it; a class, or a function that makes an environment, is taken as well. Every
    `check_every` steps the greedy policy drives `check_episodes` held-out episodes there; the run counts as
    solved at the first check whose mean return is `threshold` or better. Without one it is Gymnasium's own
    `reward_threshold` of that environment; if that has none either, no run counts as solved. The final return
    is the mean over `final_episodes` other starts.

    Raises:
        TypeError: if a number is of another type, or if not exactly one of `steps` and `episodes` is given.
        ValueError: if a number is out of range.
    """

    agent: str | Callable[..., Any] = DQN
    config: Config = field(default_factory=DQNConfig)
    environment: str | Callable[[], gym.Env] = ENV_ID
    steps: int | None = 40_000
    episodes: int | None = None
    check_every: int = 1_000
    check_episodes: int = 100
    final_episodes: int = 1_000
    threshold: float | None = None

    def __post_init__(self) -> None:
        for name in ("check_every", "check_episodes", "final_episodes"):
            check_integer(name, getattr(self, name), low=1)
        if (self.steps is None) == (self.episodes is None):
            raise TypeError(f"either steps or episodes must be given, got {self.steps} and {self.episodes}")
        budget = "steps" if self.episodes is None else "episodes"
        check_integer(budget, getattr(self, budget), low=1)
        if self.threshold is not None:
            check_number("threshold", self.threshold)

    def changed(self, changes: Mapping[str, Any]) -> "Variant":
        """A copy with some fields changed, of the variant itself or of its configuration."""
        own = {spec.name for spec in fields(self)}
        here = {name: value for name, value in changes.items() if name in own}
        there = {name: value for name, value in changes.items() if name not in own}
        changed = replace(self, **here)
        return replace(changed, config=changed.config.replace(**there)) if there else changed

    def known_threshold(self) -> float | None:
        """The threshold, as far as it is known before the environment is made."""
        if self.threshold is None and isinstance(self.environment, str):
            registered = gym.registry.get(self.environment)
            return None if registered is None else registered.reward_threshold
        return self.threshold

    def describe(self) -> dict[str, Any]:
        """All of it as plain values that JSON can hold."""
        values = {spec.name: to_json_value(getattr(self, spec.name)) for spec in fields(self)}
        return {
            **values,
            "config": to_json_value(asdict(self.config)),
            "threshold": to_json_value(self.known_threshold()),
        }


class Job(NamedTuple):
    """One run that is to be made: its variant by name and in full, and its seed."""

    name: str
    changes: dict[str, Any]
    variant: Variant
    seed: int

    @property
    def key(self) -> tuple[str, int]:
        """What tells one run of an experiment from all others."""
        return self.name, self.seed


@dataclass(frozen=True)
class Experiment:
    """A name, a base, and for each variant what it changes: `{"not held": {"hold": 1}}`."""

    name: str
    base: Variant
    variants: Mapping[str, Mapping[str, Any]]
    seeds: Sequence[int] = range(10)

    def __post_init__(self) -> None:
        for seed in self.seeds:
            check_integer("every seed", seed, low=0)
        if twice := sorted({seed for seed in self.seeds if list(self.seeds).count(seed) > 1}):
            raise ValueError(f"seeds must be different from each other, got {twice[0]} twice")
        if not self.variants or not len(self.seeds):
            raise ValueError(f"experiment {self.name!r} needs at least one variant and one seed")
        for name in self.variants:
            self.variant(name)  # a misspelt setting is told now, not in a process far away

    def variant(self, name: str) -> Variant:
        """The variant of this name, in full."""
        return self.base.changed(self.variants[self.checked(name)])

    def checked(self, name: str) -> str:
        """The name itself, if there is such a variant."""
        if name not in self.variants:
            known = ", ".join(map(repr, self.variants))
            raise ValueError(f"variant must be one of {known} in experiment {self.name!r}, got {name!r}")
        return name

    def only(self, *names: str, seeds: Sequence[int] | None = None) -> "Experiment":
        """The same experiment with some of its variants, or with other seeds."""
        chosen = {self.checked(name): self.variants[name] for name in names or self.variants}
        return replace(self, variants=chosen, seeds=self.seeds if seeds is None else seeds)

    def jobs(self) -> list[Job]:
        """Every run, variant by variant: a process that goes on with the same variant compiles nothing."""
        return [
            Job(name, to_json_value(changes), self.variant(name), seed)
            for name, changes in self.variants.items()
            for seed in self.seeds
        ]

    def describe(self) -> dict[str, Any]:
        """All of it as plain values that JSON can hold."""
        return {
            "experiment": self.name,
            "base": self.base.describe(),
            "variants": {name: to_json_value(changes) for name, changes in self.variants.items()},
            "seeds": [int(seed) for seed in self.seeds],
        }


def to_json_value(value: Any) -> Any:
    """As JSON gives it back: tuples and arrays as lists, NumPy's numbers as plain ones, classes by name."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): to_json_value(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [to_json_value(entry) for entry in value]
    return f"{value.__module__}:{value.__qualname__}" if hasattr(value, "__qualname__") else value


def train_and_evaluate(variant: Variant, seed: int, *, watch: Callable[[Iterable], Iterable] = iter) -> Row:
    """Train one seed and measure it: the columns that a finished run adds to its row.

    `watch` passes the episodes on as they come; with `tqdm` there is something to look at meanwhile.
    `solved_at_step` and `first_arrival` (the number of the first episode that ended in a terminal state) are
    None if that never happened. `curve` holds the mean return of every check, the first before any step. A
    run whose network diverges ends there, at `diverged_at_step`, and is no run less: it is judged by what it
    would do from then on.
    """
    env, arena = make_environment(variant), make_environment(variant)  # one to train in, one to be judged in
    agent = new_agent(variant, env, seed)
    log = TrainingLog()
    run = train(env, agent, steps=variant.steps, episodes=variant.episodes)
    diverged = None
    try:
        for _ in watch(log.record(run, agent, arena, variant.check_every, variant.check_episodes)):
            pass
        returns = greedy_returns(agent.q, arena, episodes=variant.final_episodes, seed=0)
    except Diverged:
        diverged = agent.steps
        returns = greedy_returns(FirstAction(), arena, episodes=variant.final_episodes, seed=0)
    threshold = variant.threshold
    if threshold is None and env.spec is not None:
        threshold = env.spec.reward_threshold
    arrivals = [episode.number for episode in log.episodes if episode.terminated]
    final = round(float(returns.mean()), 2)
    curve = [round(check.mean, 2) for check in log.checks]
    if diverged is not None and variant.steps is not None:  # what is left of it goes on as it ended
        curve += [final] * (variant.steps // variant.check_every + 1 - len(curve))
    return {
        "solved_at_step": None if threshold is None else log.solved_at(threshold),
        "best_check": max(curve, default=final),
        "final_return": final,
        "diverged_at_step": diverged,
        "first_arrival": min(arrivals, default=None),
        "arrivals": len(arrivals),
        "episodes": len(log.episodes),
        "steps": agent.steps,
        "curve": curve,
    }


class FirstAction:
    """What is left of a network that has diverged: of values that are no numbers the first counts as best."""

    def greedy(self, states: NDArray) -> NDArray[np.int64]:
        """The action 0 for each of the states `(..., state_size)`."""
        return np.zeros(states.shape[:-1], dtype=np.int64)


def make_environment(variant: Variant) -> gym.Env:
    """The environment of a variant, newly made.

    Raises:
        ValueError: if it is a name that is not registered in this process.
    """
    if callable(variant.environment):
        return variant.environment()
    try:
        return gym.make(variant.environment)
    except gym.error.UnregisteredEnv as problem:
        raise ValueError(
            f"environment must be registered in the process that runs the job, got {variant.environment!r}, "
            "which is not: pass a function that makes it, or 'module:Name-v0' with the module that registers "
            f"it ({problem})"
        ) from problem


def new_agent(variant: Variant, env: gym.Env, seed: int) -> Any:
    """An agent that knows nothing."""
    make = pkgutil.resolve_name(variant.agent) if isinstance(variant.agent, str) else variant.agent
    return make(env, variant.config, seed=seed)


def run_job(job: Job) -> Row:
    """The row of one job. Whatever goes wrong in it is written down in the row and stops no other job."""
    start = time.perf_counter()
    try:
        outcome = {"error": None, **train_and_evaluate(job.variant, job.seed)}
    except (Exception, SystemExit) as error:
        outcome = {"error": "".join(traceback.format_exception_only(error)).strip()}
    return result_row(job, {**outcome, "seconds": round(time.perf_counter() - start, 2)})


def result_row(job: Job, outcome: Row) -> Row:
    """A job, what came out, and where it was made."""
    what = {"variant": job.name, "seed": int(job.seed), "changes": job.changes}
    return {**what, **outcome, "versions": versions(), "machine": machine()}


def exit_with_parent() -> None:
    """Let this process end when the one that started it is gone, instead of working on for nobody."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
