"""Our agent beside Stable-Baselines3's DQN with the RL Zoo's tuned settings: same machine, same check.

    python benchmarks/compare_sb3.py --seeds 10 --json benchmarks/results/compare_sb3.json

The two take turns, seed by seed, each in a process of its own on one core. Both are checked every 1,000
environment steps by the same greedy simulation over 100 held-out starts, and the checks are not counted.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

from common import median_or_never, results_file, use_one_core, write_results

OURS_STEPS, SB3_STEPS = 40_000, 120_000
# RL Baselines3 Zoo, hyperparams/dqn.yml, MountainCar-v0, marked "Tuned".
ZOO = {
    "learning_rate": 4e-3,
    "batch_size": 128,
    "buffer_size": 10_000,
    "learning_starts": 1_000,
    "gamma": 0.98,
    "target_update_interval": 600,
    "train_freq": 16,
    "gradient_steps": 8,
    "exploration_fraction": 0.2,
    "exploration_final_eps": 0.07,
    "policy_kwargs": {"net_arch": [256, 256]},
}


def run_ours(seed: int) -> dict[str, Any]:
    """One seed of ours."""
    import time_to_solve

    return time_to_solve.run(seed, OURS_STEPS)


def run_sb3(seed: int) -> dict[str, Any]:
    """One seed of Stable-Baselines3."""
    import torch
    from stable_baselines3 import DQN
    from stable_baselines3.common.callbacks import BaseCallback

    from dqn_lib import mountain_car
    from dqn_lib.evaluation import greedy_returns

    torch.set_num_threads(1)
    env = mountain_car.make()
    model = DQN("MlpPolicy", env, seed=seed, device="cpu", **ZOO)

    class Policy:
        def greedy(self, states: Any) -> Any:
            with torch.no_grad():
                return model.q_net(torch.as_tensor(states)).argmax(dim=1).numpy()

    class Check(BaseCallback):
        checking, solved = 0.0, None

        def _on_step(self) -> bool:
            if self.solved is None and self.num_timesteps % 1_000 == 0:
                begin = time.perf_counter()
                if greedy_returns(Policy(), env, episodes=100).mean() >= mountain_car.SOLVED_RETURN:
                    self.solved = self.num_timesteps, begin - start - self.checking
                self.checking += time.perf_counter() - begin
            return True

    check = Check()
    start = time.perf_counter()
    model.learn(SB3_STEPS, callback=check)
    total = time.perf_counter() - start - check.checking
    return {
        "seed": seed,
        "solved_at_step": check.solved and check.solved[0],
        "solved_seconds": check.solved and round(check.solved[1], 3),
        "compile_seconds": 0.0,
        "total_seconds": round(total, 3),
        "final_return": round(float(greedy_returns(Policy(), env, episodes=1_000, seed=0).mean()), 3),
    }


def in_a_process(which: str, seed: int) -> dict[str, Any]:
    """Run one seed in a new process; its last line is the result."""
    command = [sys.executable, __file__, "--one", which, str(seed)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Success rate, and medians over all runs, of which one that was not solved took infinitely long."""
    return {
        "solved": f"{sum(entry['solved_at_step'] is not None for entry in runs)}/{len(runs)}",
        "median_seconds": median_or_never(entry["solved_seconds"] for entry in runs),
        "median_steps": median_or_never(entry["solved_at_step"] for entry in runs),
        "mean_final_return": round(statistics.mean(entry["final_return"] for entry in runs), 2),
    }


def derived(runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """All that follows from the runs of both."""
    ours, sb3 = summary(runs["ours"]), summary(runs["sb3"])
    compiled = median_or_never(
        entry["solved_seconds"] and entry["solved_seconds"] + entry["compile_seconds"]
        for entry in runs["ours"]
    )
    ratios = {
        "ratio": times(sb3["median_seconds"], ours["median_seconds"]),
        "ratio_with_compiling": times(sb3["median_seconds"], compiled),
    }
    return {**ratios, "ours": ours, "sb3": sb3}


def times(longer: float | None, shorter: float | None) -> float | None:
    """How many times as long; None if one of the two never got there."""
    return None if longer is None or shorter is None else round(longer / shorter, 1)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds, from 0")
    parser.add_argument("--json", type=results_file, default=None, help="file for the results")
    parser.add_argument("--one", nargs=2, metavar=("WHICH", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        use_one_core()
        which, seed = options.one
        print(json.dumps({"ours": run_ours, "sb3": run_sb3}[which](int(seed))))
        return

    runs: dict[str, list[dict[str, Any]]] = {"ours": [], "sb3": []}
    for seed in range(options.seeds):
        for which, entries in runs.items():
            entries.append(in_a_process(which, seed))
            print(which, entries[-1], flush=True)
    found = derived(runs)
    print(f"ours {found['ours']}\nSB3  {found['sb3']}")
    print(
        f"ratio of the medians to the first solved check: {found['ratio']}, with compiling counted: "
        f"{found['ratio_with_compiling']}"
    )
    write_results(options.json, {**found, "settings": ZOO, "runs": runs})


if __name__ == "__main__":
    main()
