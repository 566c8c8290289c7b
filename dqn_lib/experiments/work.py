"""One job: train one seed of one variant, measure it, and put what came out in a row of the table."""

import os
import pkgutil
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import gymnasium as gym

from dqn_lib import mountain_car
from dqn_lib.evaluation import greedy_returns
from dqn_lib.experiments.experiment import Job, Variant
from dqn_lib.experiments.provenance import machine, versions
from dqn_lib.training import TrainingLog, train

Row = dict[str, Any]


def measure(variant: Variant, seed: int, *, watch: Callable[[Iterable], Iterable] = iter) -> Row:
    """Train one seed and measure it: the columns that a finished run adds to its row.

    `watch` passes the episodes on as they come; with `tqdm` there is something to look at meanwhile.
    `solved_at_step` and `first_arrival` (the number of the first episode that ended in a terminal state) are
    None if that never happened. `curve` holds the mean return of every check, the first before any step.
    """
    env, score, final_returns = make_environment(variant)
    agent = new_agent(variant, env, seed)
    log = TrainingLog()
    run = train(env, agent, steps=variant.steps, episodes=variant.episodes)
    arrivals = [
        episode.number
        for episode in watch(log.record(run, agent, every=variant.check_every, score=score))
        if episode.terminated
    ]
    curve = [round(check.mean, 2) for check in log.checks]
    return {
        "solved_at_step": log.solved_at(variant.threshold),
        "best_check": max(curve),
        "final_return": round(float(final_returns(agent.q).mean()), 2),
        "first_arrival": min(arrivals, default=None),
        "arrivals": len(arrivals),
        "episodes": len(log.episodes),
        "steps": agent.steps,
        "curve": curve,
    }


def make_environment(variant: Variant) -> tuple[gym.Env, Callable, Callable]:
    """The environment to train in, and two functions from Q-values to returns: for checks and at the end."""
    if variant.environment == mountain_car.ENV_ID:  # all cars drive at once, in NumPy
        env, arena = mountain_car.make(), None
    else:
        make = (
            variant.environment if callable(variant.environment) else partial(gym.make, variant.environment)
        )
        env, arena = make(), make()  # one to train in and one to be judged in
    return (
        env,
        partial(greedy_returns, env=arena, episodes=variant.check_episodes),
        partial(greedy_returns, env=arena, episodes=variant.final_episodes, seed=0),
    )


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
