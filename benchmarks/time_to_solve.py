"""How fast and how reliably does the agent solve MountainCar-v0? Many seeds, one core.

    python benchmarks/time_to_solve.py --seeds 100 --steps 40000 --json benchmarks/results/time_to_solve.json

A run counts as solved at the first check, every 1,000 environment steps (at the end of the episode), whose
mean greedy return over 100 held-out starts is -110 or better. Checking and compiling are not counted in
`solved_seconds` and `total_seconds`. The final return is the mean over 1,000 fixed starts.
"""

import argparse
import statistics
import time
from typing import Any

from common import median_or_never, results_file, use_one_core, write_results

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.evaluation import greedy_returns
from dqn_lib.training import train

CHECK_EVERY = 1_000


def run(seed: int, steps: int) -> dict[str, Any]:
    """One seed, trained for `steps` environment steps."""
    env = mountain_car.make()
    start = time.perf_counter()
    agent = DQNAgent(env, seed=seed)  # traces the learning step
    agent.compile()
    compiled = time.perf_counter() - start

    seconds, solved, checked = 0.0, None, 0
    episodes = train(env, agent, steps=steps)
    while True:
        start = time.perf_counter()
        episode = next(episodes, None)
        seconds += time.perf_counter() - start
        if episode is None:
            break
        if solved is None and episode.step // CHECK_EVERY > checked:
            checked = episode.step // CHECK_EVERY
            if greedy_returns(agent.q, env, episodes=100).mean() >= mountain_car.SOLVED_RETURN:
                solved = episode.step, seconds
    return {
        "seed": seed,
        "solved_at_step": solved and solved[0],
        "solved_seconds": solved and round(solved[1], 3),
        "compile_seconds": round(compiled, 3),
        "total_seconds": round(seconds, 3),
        "final_return": round(float(greedy_returns(agent.q, env, episodes=1_000, seed=0).mean()), 3),
    }


def outcome(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Steps and returns over all seeds, of which one that was not solved took infinitely long."""
    steps = [entry["solved_at_step"] for entry in runs]
    finals = [entry["final_return"] for entry in runs]
    return {
        "solved": f"{sum(step is not None for step in steps)}/{len(runs)}",
        "median_steps": median_or_never(steps),
        "slowest_steps": None if None in steps else max(steps),
        "slower_than_9000": sum(step is None or step > 9_000 for step in steps),
        "mean_final_return": round(statistics.mean(finals), 2),
        "worst_final_return": min(finals),
    }


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What came out, and the seconds that it took."""
    return outcome(runs) | {
        "median_seconds": median_or_never(entry["solved_seconds"] for entry in runs),
        "median_compile_seconds": statistics.median(entry["compile_seconds"] for entry in runs),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds, from 0")
    parser.add_argument("--steps", type=int, default=40_000, help="environment steps a run")
    parser.add_argument("--json", type=results_file, default=None, help="file for the results")
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error(f"--seeds must be at least 1, got {options.seeds}")

    use_one_core()
    runs = []
    for seed in range(options.seeds):
        runs.append(run(seed, options.steps))
        print(runs[-1], flush=True)
    results = {"summary": summary(runs), "steps": options.steps, "runs": runs}
    for name, value in results["summary"].items():
        print(f"{name:>24}: {value}")
    write_results(options.json, results)


if __name__ == "__main__":
    main()
