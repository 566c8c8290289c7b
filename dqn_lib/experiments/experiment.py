"""Define an experiment: a base, variants that each change a few settings of it, and seeds."""

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
    """How to train and evaluate: agent, settings, environment, length of the training, checks.

    `agent` and `environment` are names, "module:class" and a Gymnasium id, so that nothing heavy is imported
    before a job needs it; a class and a function that makes an environment are possible too. Every
    `check_every` steps the greedy policy is evaluated for `check_episodes` episodes. The run is solved at
    the first check with a mean return of at least `threshold`, by default the `reward_threshold` that is
    registered for the environment; with neither, no run is solved. The final return is the mean over
    `final_episodes` other start states.

    Raises:
        TypeError: if a number is of another type, or not exactly one of `steps` and `episodes` is given.
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
        """A copy with some fields changed, of the variant itself or of its configuration.

        Raises:
            TypeError: if a name is neither a field nor a setting, or a value has another type.
            ValueError: if a value is out of range.
        """
        own = {spec.name for spec in fields(self)} & changes.keys()
        changed = replace(self, **{name: changes[name] for name in own})
        settings = {name: changes[name] for name in changes.keys() - own}
        return replace(changed, config=changed.config.replace(**settings))

    def known_threshold(self) -> float | None:
        """The threshold, if it is known before the environment is made."""
        if self.threshold is None and isinstance(self.environment, str):
            registered = gym.registry.get(self.environment)
            return None if registered is None else registered.reward_threshold
        return self.threshold

    def describe(self) -> dict[str, Any]:
        """All fields, as values that can be written as JSON."""
        values = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        return to_json_value({**values, "config": asdict(self.config), "threshold": self.known_threshold()})


class Job(NamedTuple):
    """One run: its variant, by name and in full, and its seed."""

    name: str
    changes: dict[str, Any]
    variant: Variant
    seed: int

    @property
    def key(self) -> tuple[str, int]:
        """Variant and seed, which identify the run within its experiment."""
        return self.name, self.seed


@dataclass(frozen=True)
class Experiment:
    """A base and the changes of each variant, such as `{"not held": {"hold": 1}}`, for each of the seeds.

    Raises:
        TypeError: if a seed is not an integer, or a variant changes something that does not exist.
        ValueError: if a seed is negative or appears twice, there is no variant or no seed, or a value is out
            of range.
    """

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
            self.variant(name)  # a misspelt setting raises here, not later in another process

    def variant(self, name: str) -> Variant:
        """The variant of this name, in full.

        Raises:
            ValueError: if there is none.
        """
        if name not in self.variants:
            known = ", ".join(map(repr, self.variants))
            raise ValueError(f"variant must be one of {known} in experiment {self.name!r}, got {name!r}")
        return self.base.changed(self.variants[name])

    def only(self, *names: str, seeds: Sequence[int] | None = None) -> "Experiment":
        """The same experiment with some of its variants, or with other seeds.

        Raises:
            ValueError: if there is no variant of one of the names.
        """
        for name in names:
            self.variant(name)  # raises if there is none
        variants = {name: self.variants[name] for name in names or self.variants}
        return replace(self, variants=variants, seeds=self.seeds if seeds is None else seeds)

    def jobs(self) -> list[Job]:
        """All runs, variant by variant, since a process compiles once for each variant."""
        return [
            Job(name, to_json_value(changes), self.variant(name), seed)
            for name, changes in self.variants.items()
            for seed in self.seeds
        ]

    def describe(self) -> dict[str, Any]:
        """All fields, as values that can be written as JSON: the header of a results file."""
        return {
            "experiment": self.name,
            "base": self.base.describe(),
            "variants": to_json_value(self.variants),
            "seeds": [int(seed) for seed in self.seeds],
        }


def to_json_value(value: Any) -> Any:
    """As JSON returns it: tuples and arrays as lists, NumPy's numbers as Python's, classes by name."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): to_json_value(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [to_json_value(entry) for entry in value]
    return f"{value.__module__}:{value.__qualname__}" if hasattr(value, "__qualname__") else value


def train_and_evaluate(
    variant: Variant, seed: int, *, progress: Callable[[Iterable], Iterable] = iter
) -> Row:
    """Train with one seed and evaluate: the columns that a finished run adds to its row.

    `progress` wraps the iterator of episodes, as `tqdm` does. `solved_at_step` and `first_arrival` (the
    number of the first episode that ended in a terminal state) are None if that never happened. `curve` has
    the mean return of every check, the first of them before any step. If the network diverges, the run ends
    at `diverged_at_step` and its remaining checks have the return of the action 0, which is the greedy
    action for values that are NaN.

    Raises:
        ValueError: if the environment is not registered in this process, or an episode does not end.
    """
    env, evaluation_env = make_environment(variant), make_environment(variant)
    make = pkgutil.resolve_name(variant.agent) if isinstance(variant.agent, str) else variant.agent
    agent = make(env, variant.config, seed=seed)
    log = TrainingLog()
    run = train(env, agent, steps=variant.steps, episodes=variant.episodes)
    diverged = None
    try:
        for _ in progress(
            log.record(run, agent, evaluation_env, variant.check_every, variant.check_episodes)
        ):
            pass
        returns = greedy_returns(agent.q, evaluation_env, episodes=variant.final_episodes, seed=0)
    except Diverged:
        diverged = agent.steps
        returns = greedy_returns(FirstAction(), evaluation_env, episodes=variant.final_episodes, seed=0)
    threshold = variant.threshold
    if threshold is None and env.spec is not None:
        threshold = env.spec.reward_threshold
    arrivals = [episode.number for episode in log.episodes if episode.terminated]
    final = round(float(returns.mean()), 2)
    curve = [round(check.mean, 2) for check in log.checks]
    if diverged is not None and variant.steps is not None:
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
    """The greedy policy of a network that has diverged: `argmax` of values that are NaN is 0."""

    def greedy(self, states: NDArray) -> NDArray[np.int64]:
        """The action 0 for each of the states `(..., state_size)`."""
        return np.zeros(states.shape[:-1], dtype=np.int64)


def make_environment(variant: Variant) -> gym.Env:
    """A new environment of a variant.

    Raises:
        ValueError: if its name is not registered in this process.
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


def run_job(job: Job) -> Row:
    """Run one job and return its row; an error is recorded in the row, so that the other jobs continue."""
    start = time.perf_counter()
    try:
        outcome = {"error": None, **train_and_evaluate(job.variant, job.seed)}
    except (Exception, SystemExit) as error:
        outcome = {"error": "".join(traceback.format_exception_only(error)).strip()}
    return result_row(job, {**outcome, "seconds": round(time.perf_counter() - start, 2)})


def result_row(job: Job, outcome: Row) -> Row:
    """The row of a job: what was run, its outcome, and on which machine and versions."""
    run = {"variant": job.name, "seed": int(job.seed), "changes": job.changes}
    return {**run, **outcome, "versions": versions(), "machine": machine()}


def exit_with_parent() -> None:
    """End this worker process when its parent process has ended."""
    parent = os.getppid()

    def wait_for_parent() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)  # `sys.exit` would end this thread only

    threading.Thread(target=wait_for_parent, daemon=True).start()
