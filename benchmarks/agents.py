"""What an agent costs to make, to train and to leave behind, beside the same of an earlier commit.

    python benchmarks/agents.py --before 0849f1f --json benchmarks/results/agents.json

Every figure comes from new processes, in turn of this checkout and of a worktree of the earlier commit, so
that both meet the same noise; medians over the rounds, and of the ratios within a round. A first agent is
measured with an empty cache of compiled programs (cold) and with one that the process before filled (warm).
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from common import results_file, use_one_core, write_results
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).resolve().parents[1]

FIRST = """
import json, resource, sys, time
start = time.perf_counter()
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
env = mountain_car.make()
imported = time.perf_counter()
agent = DQNAgent(env)
agent.compile()
print(json.dumps({"import_seconds": imported - start, "ready_seconds": time.perf_counter() - imported}))
"""

# Steps are taken as a student would; what is timed is the best of many rounds.
STEPS = """
import gc, json, time
import psutil
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig

def best(call, times, rounds=7):
    costs = []
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(times): call()
        costs.append((time.process_time() - start) / times)
    return min(costs) * 1e6

def driver(env, act, observe):
    state, _ = env.reset(seed=0)
    def step():
        nonlocal state
        action = act(state)
        next_state, reward, terminated, truncated, _ = env.step(action)
        observe(state, action, reward, next_state, terminated=terminated, truncated=truncated)
        state = env.reset()[0] if terminated or truncated else next_state
    return step

env = mountain_car.make()
agent = DQNAgent(env, DQNConfig(epsilon=0.05, learning_starts=1_000_000))
agent.compile()
bare = best(driver(env, lambda state: 1, lambda *step, **ends: None), 5_000)
acting = best(driver(env, agent.act, agent.observe), 5_000) - bare
learning = best(agent.learn, 50) / agent.config.updates

def resident():
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6

def another(seed):
    start = time.perf_counter()
    new = DQNAgent(env, agent.config, seed=seed)
    new.compile()
    seconds = time.perf_counter() - start
    new.memory.set_state(agent.memory.get_state())
    new.learn()
    return seconds

second = another(1)
held = [resident()]
for seed in range(2, 2 + AGENTS):
    another(seed)
    held.append(resident())
print(json.dumps({
    "environment_microseconds": bare, "acting_microseconds": acting, "gradient_step_microseconds": learning,
    "second_agent_seconds": second, "left_by_an_agent_mb": (held[-1] - held[0]) / AGENTS, "agents": AGENTS,
}))
"""

SOLVE = """
import json, time
import psutil
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.training import train
env = mountain_car.make()
agent = DQNAgent(env, seed=SEED)
starts = mountain_car.start_states(100, 1_000_003)
checked = 0
for episode in train(env, agent, steps=40_000):
    if episode.step // 1_000 > checked:
        checked = episode.step // 1_000
        if mountain_car.simulate(agent.q.greedy, starts).returns.mean() >= -110:
            break
print(json.dumps({"seconds": time.time() - psutil.Process().create_time(), "steps": episode.step}))
"""

PEAK = """
import json, psutil, resource, sys
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.training import train
env = mountain_car.make()
agent = DQNAgent(env)
held = []
for steps in (20_000, 180_000):
    for _ in train(env, agent, steps=steps): pass
    held.append(psutil.Process().memory_info().rss / 1e6)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
now = psutil.Process().memory_info()  # less what lies in files, which another process may have mapped too
private = (now.rss - getattr(now, "shared", now.rss)) / 1e6
names = "peak_mb", "private_mb", "after_20000_steps_mb", "after_200000_steps_mb"
print(json.dumps(dict(zip(names, (peak, private, *held), strict=True))))
"""

SET_UP = """
import gc
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.widgets.panel import TrainingPanel
env = mountain_car.make()
"""

PANEL = """
panel = TrainingPanel(env, DQNAgent(env, seed=2))
gc.collect()
panel
"""


def environment(tree: Path, cache: Path) -> dict[str, str]:
    """The variables of a process that runs the library in `tree` and keeps compiled programs in `cache`."""
    variables = os.environ | {"PYTHONPATH": str(tree), "XDG_CACHE_HOME": str(cache)}
    variables.pop("TF_XLA_FLAGS", None)
    return variables


def panels(tree: Path, times: int = 10) -> dict[str, float]:
    """Megabytes that the cell with the training panel adds to a kernel when it is run again `times` times."""
    with tempfile.TemporaryDirectory() as folder:
        manager, client = start_new_kernel(env=environment(tree, Path(folder)), cwd=tree)

        def run(code: str, cell: str) -> None:
            """Run a cell as JupyterLab does, which says which cell it is."""
            content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
            message = client.session.msg("execute_request", content, metadata={"cellId": cell})
            client.shell_channel.send(message)
            sent, answered = message["header"]["msg_id"], None
            while answered != sent:
                reply = client.get_shell_msg(timeout=120)
                answered = reply["parent_header"]["msg_id"]
            if reply["content"]["status"] != "ok":
                raise RuntimeError(reply["content"])

        try:
            run(SET_UP, "set-up")
            run(PANEL, "panel")
            kernel = psutil.Process(manager.provisioner.pid)
            first = kernel.memory_info().rss
            for _ in range(times):
                run(PANEL, "panel")
            return {"times": times, "added_mb": round((kernel.memory_info().rss - first) / 1e6, 1)}
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def measured(code: str, tree: Path, cache: Path) -> dict[str, float]:
    """The figures that a new process prints, running the library in `tree`."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=environment(tree, cache),
        cwd=tree,
    )
    return json.loads(done.stdout.splitlines()[-1])


@contextlib.contextmanager
def worktree(commit: str) -> Iterator[Path]:
    """The project as it was at `commit`, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "before"
        subprocess.run(["git", "worktree", "add", "--detach", str(tree), commit], check=True, cwd=ROOT)
        try:
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], check=True, cwd=ROOT)


def one_round(tree: Path, number: int, agents: int) -> dict[str, float]:
    """All figures once."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        cold = measured(FIRST, tree, cache)
        warm = measured(FIRST, tree, cache)
        steps = measured(STEPS.replace("AGENTS", str(agents)), tree, cache)
        solve = SOLVE.replace("SEED", str(number))
        warm_solve = measured(solve, tree, cache)
    with tempfile.TemporaryDirectory() as folder:
        cold_solve = measured(solve, tree, Path(folder))
    return {
        "first_agent_cold_seconds": cold["ready_seconds"],
        "first_agent_warm_seconds": warm["ready_seconds"],
        "import_seconds": warm["import_seconds"],
        **steps,
        "start_to_solved_cold_seconds": cold_solve["seconds"],
        "start_to_solved_warm_seconds": warm_solve["seconds"],
    }


def memory(tree: Path) -> dict[str, dict[str, float]]:
    """Megabytes of a training process, with a cold and then a warm cache."""
    with tempfile.TemporaryDirectory() as folder:
        return {name: measured(PEAK, tree, Path(folder)) for name in ("cold", "warm")}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", default=None, help="an earlier commit to measure beside this checkout")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--agents", type=int, default=None, help="agents made one after the other (200; 5 before)"
    )
    parser.add_argument("--json", type=results_file, default=None, help="file for the results")
    options = parser.parse_args()
    use_one_core()
    with contextlib.ExitStack() as stack:
        trees = {"now": ROOT}
        if options.before:
            trees["before"] = stack.enter_context(worktree(options.before))
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
        for number in range(options.rounds):
            for name, tree in trees.items():
                agents = options.agents or (200 if name == "now" else 5)
                rounds[name].append(one_round(tree, number, agents))
                print(number, name, rounds[name][-1], flush=True)
        peaks = {name: memory(tree) for name, tree in trees.items()}
        cells = {name: panels(tree) for name, tree in trees.items()}
    results: dict[str, Any] = {
        name: {key: round(statistics.median(r[key] for r in found), 4) for key in found[0]}
        for name, found in rounds.items()
    }
    if "before" in rounds:
        results["ratios"] = {
            key: round(
                statistics.median(
                    n[key] / b[key] for n, b in zip(rounds["now"], rounds["before"], strict=True)
                ),
                3,
            )
            for key in ("gradient_step_microseconds", "acting_microseconds", "import_seconds")
        }
    results["memory_mb"] = {
        n: {c: {k: round(v, 1) for k, v in f.items()} for c, f in p.items()} for n, p in peaks.items()
    }
    results["panel_cell"] = cells
    print(json.dumps(results, indent=1))
    write_results(options.json, {**results, "before": options.before, "rounds": options.rounds})


if __name__ == "__main__":
    main()
