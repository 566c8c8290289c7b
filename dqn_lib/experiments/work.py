"""One job: train one seed of one variant, measure it, and put what came out in a row of the table."""

import os
import pkgutil
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib.evaluation import Diverged, greedy_returns
from dqn_lib.experiments.experiment import Job, Variant
from dqn_lib.experiments.provenance import machine, versions
from dqn_lib.training import TrainingLog, train

Row = dict[str, Any]


def measure(variant: Variant, seed: int, *, watch: Callable[[Iterable], Iterable] = iter) -> Row:
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


def work(job: Job) -> Row:
    """The row of one job. Whatever goes wrong in it is written down in the row and stops no other job."""
    start = time.perf_counter()
    try:
        outcome = {"error": None, **measure(job.variant, job.seed)}
    except (Exception, SystemExit) as error:
        outcome = {"error": "".join(traceback.format_exception_only(error)).strip()}
    return row(job, {**outcome, "seconds": round(time.perf_counter() - start, 2)})


def row(job: Job, outcome: Row) -> Row:
    """A job, what came out, and where it was made."""
    what = {"variant": job.name, "seed": int(job.seed), "changes": job.changes}
    return {**what, **outcome, "versions": versions(), "machine": machine()}


def leave_with_parent() -> None:
    """Let this process end when the one that started it is gone, instead of working on for nobody."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
