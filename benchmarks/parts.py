"""What is each part worth? One change at a time, many seeds, in as many processes as there are cores.

    python benchmarks/parts.py networks --seeds 10 --json notebooks/results/networks.json
    python benchmarks/parts.py tables --seeds 10 --json notebooks/results/tables.json

The lessons show both files. A run counts as solved at the first check whose mean greedy return
over 100 held-out starts is -110 or better; checks come every 1,000 environment steps with a network, every
10,000 with a table. Final returns are means over 1,000 fixed starts, after 40,000 steps or 4,000 episodes.
"""

import argparse
import multiprocessing
import os
import statistics
from pathlib import Path
from typing import Any

from common import write_results

from dqn_lib import mountain_car
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.evaluation import greedy_returns
from dqn_lib.training import TrainingLog, train

STEPS = 40_000
EPISODES = 4_000

# Neither a target network nor Double targets: what lessons 3 and 4 have built so far.
NO_TARGET = {"target_update": "none", "double": False}
LAST_TRANSITION = {"memory_size": 1, "batch_size": 1, "learn_every": 1, "updates": 1, "learning_starts": 1}

NETWORKS: dict[str, dict[str, Any]] = {
    "base": {},
    "online": {**NO_TARGET, **LAST_TRANSITION, "n_step": 1},
    "no target, memory 64": {**NO_TARGET, "memory_size": 64},
    "no target, memory 500": {**NO_TARGET, "memory_size": 500},
    "no target, memory 2,000": {**NO_TARGET, "memory_size": 2_000},
    "no target, memory 20,000": NO_TARGET,
    "no target, one step": {**NO_TARGET, "n_step": 1},
    "memory 64": {"memory_size": 64},
    "memory 500": {"memory_size": 500},
    "memory 2,000": {"memory_size": 2_000},
    "one step": {"n_step": 1},
    "copied every step": {"target_update": "none"},
    "hard, every 20": {"target_update": "hard", "target_period": 20},
    "hard, every 200": {"target_update": "hard"},
    "hard, every 2,000": {"target_update": "hard", "target_period": 2_000},
    "soft, tau 0.1": {"tau": 0.1},
    "soft, tau 0.001": {"tau": 0.001},
    "not double": {"double": False},
    "not held": {"hold": 1},
    "raw inputs": {"input_range": None},
    "inputs in [-1, 1]": {"input_range": 1.0},
    "gamma 0.85": {"gamma": 0.85},
    "gamma 0.95": {"gamma": 0.95},
    "gamma 0.999": {"gamma": 0.999},
}
TABLES: dict[str, dict[str, Any]] = {
    "20 x 20 cells": {},
    "40 x 40 cells": {"cells": 40},
    "10 x 10 cells": {"cells": 10},
    "greedy": {"epsilon": 0.0},
    "pessimistic": {"initial_value": -100.0},
    "pessimistic, held 32": {"initial_value": -100.0, "hold": 32},
}


def run(what: str, variant: str, seed: int) -> dict[str, Any]:
    """One seed of one variant."""
    env, log = mountain_car.make(), TrainingLog()
    if what == "networks":
        from dqn_lib.agents.dqn import DQNAgent

        agent = DQNAgent(env, DQNConfig(**NETWORKS[variant]), seed=seed)
        episodes = log.record(train(env, agent, steps=STEPS), agent)
    else:
        from dqn_lib.agents.q_table import QTableAgent

        agent = QTableAgent(env, TableConfig(**TABLES[variant]), seed=seed)
        episodes = log.record(train(env, agent, episodes=EPISODES), agent, every=10_000)
    arrivals = sum(episode.terminated for episode in episodes)
    return {
        "variant": variant,
        "seed": seed,
        "solved_at_step": log.solved_at(),
        "best_check": round(max(check.mean for check in log.checks), 2),
        "final_return": round(float(greedy_returns(agent.q, episodes=1_000, seed=0).mean()), 2),
        "arrivals": arrivals,
    }


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """For one variant: how many seeds solve it and when, and the final returns."""
    steps = [run["solved_at_step"] for run in runs if run["solved_at_step"] is not None]
    finals = [run["final_return"] for run in runs]
    return {
        "solved": len(steps),
        "seeds": len(runs),
        "median_steps": statistics.median(steps) if steps else None,
        "mean_final_return": round(statistics.mean(finals), 1),
        "worst_final_return": round(min(finals), 1),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("networks", "tables"))
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds, from 0")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="runs at a time")
    parser.add_argument("--json", type=Path, default=None, help="file for the results")
    options = parser.parse_args()
    if options.seeds < 1 or options.processes < 1:
        parser.error("--seeds and --processes must be at least 1")

    variants = NETWORKS if options.what == "networks" else TABLES
    jobs = [(options.what, variant, seed) for variant in variants for seed in range(options.seeds)]
    # A fresh process every 20 runs: each compiled agent leaves about 10 MB behind.
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.processes, maxtasksperchild=20) as pool:
        runs = pool.starmap(run, jobs, chunksize=1)
    grouped = {name: [entry for entry in runs if entry["variant"] == name] for name in variants}
    results = {
        "variants": {name: {"changes": variants[name], **summary(grouped[name])} for name in variants},
        "runs": runs,
    }
    for name, line in results["variants"].items():
        print(name, line)
    write_results(options.json, results)


if __name__ == "__main__":
    main()
