"""The committed measurements are complete, and what the lessons say of them holds, on file and live."""

import importlib.util
import json
import statistics
import sys
from pathlib import Path

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import TableConfig
from dqn_lib.mountain_car import LUCK, OPTIMUM, THRESHOLD
from dqn_lib.training import train

ROOT = Path(__file__).resolve().parents[1]
SEEDS = list(range(10))


def load_parts():
    """benchmarks/parts.py, which is no package and imports its neighbour."""
    spec = importlib.util.spec_from_file_location("parts", ROOT / "benchmarks" / "parts.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        spec.loader.exec_module(module)
    sys.modules.pop("common")
    return module


parts = load_parts()
VARIANTS = {"networks": parts.NETWORKS, "tables": parts.TABLES}
RESULTS = {
    name: json.loads((ROOT / "notebooks" / "results" / f"{name}.json").read_text(encoding="utf-8"))
    for name in VARIANTS
}
NETWORKS, TABLES = RESULTS["networks"]["variants"], RESULTS["tables"]["variants"]
EVERY_VARIANT = [(what, name) for what, variants in VARIANTS.items() for name in variants]


def runs_of(what, variant):
    return [run for run in RESULTS[what]["runs"] if run["variant"] == variant]


@pytest.mark.parametrize("what", VARIANTS)
def test_the_file_has_every_variant_in_order_and_no_other(what):
    assert list(RESULTS[what]["variants"]) == list(VARIANTS[what])
    assert {run["variant"] for run in RESULTS[what]["runs"]} == set(VARIANTS[what])
    assert len(RESULTS[what]["runs"]) == len(SEEDS) * len(VARIANTS[what])
    assert {"numpy", "tensorflow", "gymnasium"} <= RESULTS[what]["versions"].keys()
    assert RESULTS[what]["machine"]["cores"] >= 1


@pytest.mark.parametrize(("what", "variant"), EVERY_VARIANT)
def test_a_variant_has_its_changes_ten_seeds_and_the_summary_of_its_runs(what, variant):
    written, runs = RESULTS[what]["variants"][variant], runs_of(what, variant)
    assert [run["seed"] for run in runs] == SEEDS
    assert written["changes"] == VARIANTS[what][variant]
    assert written == {"changes": written["changes"], **parts.summary(runs)}


@pytest.mark.parametrize(("what", "variant"), EVERY_VARIANT)
def test_a_run_is_possible(what, variant):
    for run in runs_of(what, variant):
        assert LUCK <= run["final_return"] < OPTIMUM + 1
        assert LUCK <= run["best_check"] < OPTIMUM + 5  # over 100 starts only
        assert (run["solved_at_step"] is not None) == (run["best_check"] >= THRESHOLD)
        if run["best_check"] >= THRESHOLD:
            assert run["arrivals"] > 0


def test_a_summary_by_hand():
    finals, steps = [-100.0, -130.25, -200.0], [4_000, None, 7_001]
    runs = [{"solved_at_step": s, "final_return": f} for s, f in zip(steps, finals, strict=True)]
    assert parts.summary(runs) == {
        "solved": 2,
        "seeds": 3,
        "median_steps": 5_500.5,
        "mean_final_return": -143.4,
        "worst_final_return": -200.0,
    }
    assert parts.summary(runs[1:2])["median_steps"] is None


@pytest.mark.parametrize(
    ("variant", "fewest", "most"),
    [
        ("base", 10, 10),
        ("online", 0, 0),
        ("no target, memory 64", 0, 0),
        ("no target, memory 500", 8, 10),
        ("no target, memory 2,000", 8, 10),
        ("no target, memory 20,000", 8, 10),
        ("no target, one step", 0, 3),
        ("hard, every 200", 10, 10),
        ("soft, tau 0.1", 10, 10),
        ("not held", 0, 5),
        ("gamma 0.85", 0, 0),
    ],
)
def test_so_many_seeds_solve_it(variant, fewest, most):
    assert fewest <= NETWORKS[variant]["solved"] <= most


def final(variants, name):
    return variants[name]["mean_final_return"]


def test_the_defaults_end_close_to_the_optimum():
    assert -100 <= final(NETWORKS, "base") <= OPTIMUM + 1
    assert NETWORKS["base"]["worst_final_return"] >= THRESHOLD


def test_a_target_may_hold_still_for_too_long():
    assert final(NETWORKS, "hard, every 2,000") < final(NETWORKS, "copied every step") - 3
    for name in ("hard, every 20", "hard, every 200", "soft, tau 0.1", "soft, tau 0.001", "base"):
        assert final(NETWORKS, name) > final(NETWORKS, "copied every step") + 3


def test_without_a_target_network_double_changes_nothing():
    assert [{**run, "variant": ""} for run in runs_of("networks", "copied every step")] == [
        {**run, "variant": ""} for run in runs_of("networks", "no target, memory 20,000")
    ]


def test_more_memory_and_more_steps_of_truth_end_better():
    finals = [final(NETWORKS, name) for name in ("memory 64", "memory 500", "memory 2,000", "base")]
    assert finals == sorted(finals)
    assert final(NETWORKS, "one step") < final(NETWORKS, "not double") - 10


def test_a_table_neither_too_fine_nor_too_coarse_and_better_without_exploring():
    middle = final(TABLES, "20 x 20 cells")
    assert middle > final(TABLES, "10 x 10 cells") + 5
    assert middle > final(TABLES, "40 x 40 cells") + 5
    assert final(TABLES, "greedy") > middle + 5
    assert all(table["solved"] == 0 for table in TABLES.values())


@pytest.mark.parametrize("variant", ["pessimistic", "pessimistic, held 32"])
def test_pessimists_learn_nothing(variant):
    assert {run["final_return"] for run in runs_of("tables", variant)} == {LUCK}


def test_pessimists_never_arrive():
    assert {run["arrivals"] for run in runs_of("tables", "pessimistic")} == {0}


def random_pushes(hold, seed, episodes=4_000):
    """As in the first lesson: every random action is held for so many steps."""
    rng = np.random.default_rng(seed)
    actions = np.repeat(rng.integers(3, size=(200 // hold + 1, episodes)), hold, axis=0)[:200]
    return mountain_car.simulate(actions, mountain_car.start_states(episodes, seed))


@pytest.mark.parametrize(("hold", "low", "high"), [(1, 0, 0), (8, 0.001, 0.03), (32, 0.15, 0.22)])
def test_pushes_that_last_get_somewhere_whatever_the_seed(hold, low, high):
    for seed in range(3):
        assert low <= random_pushes(hold, seed).reached.mean() <= high


class Noting(QTableAgent):
    """A table that also notes which cells it was ever in."""

    been = frozenset()

    def observe(self, state, *args, **options):
        self.been |= {int(self.table.cell(state))}
        super().observe(state, *args, **options)


def life(seed, **changes):
    """A hundred episodes: arrivals, how many cells the car was in, and the agent."""
    env = mountain_car.make()
    agent = Noting(env, TableConfig(**changes), seed=seed)
    arrivals = sum(episode.terminated for episode in train(env, agent, episodes=100))
    return arrivals, len(agent.been), agent


@pytest.mark.parametrize("seed", range(3))
def test_hope_explores_and_pessimism_stays_in_the_valley(seed):
    arrivals, few, pessimist = life(seed, initial_value=-100.0)
    _, many, _ = life(seed)
    assert arrivals == 0
    assert many > 2 * few
    # -100 = -1 / (1 - 0.99): one step and then -100 again is worth exactly what was believed
    assert (pessimist.table.values == -100).all()


def test_one_real_run_of_the_defaults(monkeypatch):
    monkeypatch.setattr(parts, "STEPS", 12_000)
    run = parts.run("networks", "base", seed=0)
    assert (run["variant"], run["seed"]) == ("base", 0)
    assert run["solved_at_step"] <= 12_000
    assert run["best_check"] >= THRESHOLD
    assert run["arrivals"] > 10
    assert run.keys() == RESULTS["networks"]["runs"][0].keys()


def test_one_real_run_of_a_table(monkeypatch):
    monkeypatch.setattr(parts, "EPISODES", 60)
    run = parts.run("tables", "20 x 20 cells", 0)
    assert run == parts.run("tables", "20 x 20 cells", 0)
    assert (run["variant"], run["seed"], run["solved_at_step"]) == ("20 x 20 cells", 0, None)
    assert LUCK <= run["final_return"] <= THRESHOLD
    assert run.keys() == RESULTS["tables"]["runs"][0].keys()


def test_a_variant_is_run_with_its_changes(monkeypatch):
    monkeypatch.setattr(parts, "EPISODES", 5)
    seen = []
    monkeypatch.setattr(parts, "greedy_returns", lambda q, **_: seen.append(q) or np.zeros(3))
    parts.run("tables", "40 x 40 cells", 0)
    parts.run("tables", "pessimistic", 0)
    assert seen[0].cells == 40
    assert statistics.mode(seen[1].rows.ravel().tolist()) == -100
