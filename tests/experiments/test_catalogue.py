"""The committed measurements are complete, and what the lessons say of them holds, on file and live."""

from pathlib import Path

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import TableConfig
from dqn_lib.experiments.catalogue import EXPERIMENTS
from dqn_lib.experiments.experiment import to_json_value, train_and_evaluate
from dqn_lib.experiments.results import FORMAT, machine, read_file, read_runs, summarise, versions
from dqn_lib.mountain_car import OPTIMAL_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.training import train

FOLDER = Path(__file__).resolve().parents[2] / "notebooks" / "results"
PATHS = {name: FOLDER / f"{name}.jsonl" for name in EXPERIMENTS}
RUNS = {name: read_runs(path) for name, path in PATHS.items()}
EVERY_VARIANT = [(what, name) for what, experiment in EXPERIMENTS.items() for name in experiment.variants]


def runs_of(what, variant):
    return [run for run in RUNS[what] if run["variant"] == variant]


NETWORKS, TABLES = (
    {name: summarise(runs_of(what, name)) for name in EXPERIMENTS[what].variants}
    for what in ("networks", "tables")
)


def test_there_is_a_file_for_every_experiment_and_no_other():
    assert {path.name for path in FOLDER.iterdir() if "lock" not in path.name} == {
        path.name for path in PATHS.values()
    }


@pytest.mark.parametrize("what", EXPERIMENTS)
def test_a_file_is_that_of_the_experiment_as_it_is_now(what):
    header, rows, rest = read_file(PATHS[what])
    assert header == {"format": FORMAT, **EXPERIMENTS[what].describe()}
    assert [(row["variant"], row["seed"]) for row in rows] == [job.key for job in EXPERIMENTS[what].jobs()]
    assert all(row["changes"] == to_json_value(EXPERIMENTS[what].variants[row["variant"]]) for row in rows)
    assert {"numpy", "tensorflow", "gymnasium"} <= rows[0]["versions"].keys()
    assert len({str(row["versions"]) for row in rows}) == 1
    assert rest == b""
    assert PATHS[what].stat().st_size < 500_000


def test_every_run_is_possible():
    odd = [
        (what, run["variant"], run["seed"])
        for what, experiment in EXPERIMENTS.items()
        for run in RUNS[what]
        if (run["solved_at_step"] is not None)
        != (run["best_check"] >= experiment.variant(run["variant"]).known_threshold())
        or run["best_check"] != max(run["curve"])
        or (run["arrivals"] > 0) != (run["first_arrival"] is not None)
        or run["arrivals"] > run["episodes"]
        or (
            run["environment"] == "MountainCar-v0"
            and not (
                RANDOM_RETURN <= run["final_return"] < OPTIMAL_RETURN + 1
                and RANDOM_RETURN <= run["best_check"] < OPTIMAL_RETURN + 5  # a check has 100 starts only
            )
        )
    ]
    assert odd == []


# --- here and now, with the library as it is ----------------------------------------------------------

MOVES = 4
MOST_CHECKS, MOST_CHECKS_OF_A_SLOW_ONE, SLOW = 6, 4, 20.0  # seconds for the whole run


def made_as_here(run):
    """Whether a run was made with the versions and the processor of this machine: then no bit may differ."""
    here = machine()
    same = all(run["machine"].get(name) == here[name] for name in ("system", "processor", "instructions"))
    return same and run["versions"] == versions()


def first_part(what, name):
    """The run that learns soonest, and after how many checks its curve has shown `MOVES` different means."""

    def seen(run):
        """How many different means the curve has shown after each check."""
        most = MOST_CHECKS if run["seconds"] < SLOW else MOST_CHECKS_OF_A_SLOW_ONE
        return [len(set(run["curve"][: n + 1])) for n in range(most + 1)]

    def checks(run):
        return next((n for n, means in enumerate(seen(run)) if means == MOVES), len(seen(run)) - 1)

    run = min(runs_of(what, name), key=lambda run: (checks(run), -seen(run)[-1]))
    return run, checks(run)


def possible_returns(environment):
    """The worst and the best mean return that any check of any run in this environment has seen."""
    curves = [run["curve"] for what, name in EVERY_VARIANT if EXPERIMENTS[what].variant(name).environment
              == environment for run in runs_of(what, name)]  # fmt: skip
    return min(map(min, curves)), max(map(max, curves))


SOME = [
    pytest.param(*variant, marks=() if number % 4 == 0 else pytest.mark.weekly)
    for number, variant in enumerate(EVERY_VARIANT)
]


@pytest.mark.slow
@pytest.mark.parametrize(("what", "name"), SOME)
def test_a_run_begins_here_as_it_did_on_file(what, name):
    """To the bit where versions and processor agree, elsewhere so that its curve lies about as high."""
    run, checks = first_part(what, name)
    whole = EXPERIMENTS[what].variant(name)
    part = {"steps": checks * whole.check_every, "episodes": None, "final_episodes": 1}
    here = train_and_evaluate(whole.changed(part), run["seed"])
    expected = run["curve"][: checks + 1]
    assert len(here["curve"]) == len(expected)
    if made_as_here(run):
        arrived = run["first_arrival"] is not None and run["first_arrival"] <= here["episodes"]
        assert here["curve"] == expected
        assert here["first_arrival"] == (run["first_arrival"] if arrived else None)
    else:
        worst, best = possible_returns(whole.environment)
        low, high = np.mean(expected) + 0.25 * (best - worst) * np.array([-1, 1])
        assert worst < low or high < best  # it can fail
        assert low <= np.mean(here["curve"]) <= high


def spread(what, name):
    """The returns that an eleventh run may end with, judged by the ten."""
    finals = [run["final_return"] for run in runs_of(what, name)]
    room = max(np.ptp(finals) / 2, 3.0)
    return min(finals) - room, max(finals) + room


@pytest.mark.weekly
@pytest.mark.parametrize(("what", "name"), EVERY_VARIANT)
def test_a_whole_run_ends_here_as_it_did_on_file(what, name):
    """To the bit, or among the ten; where the ten say nothing of an eleventh, elsewhere nothing is run."""
    experiment, ten = EXPERIMENTS[what], runs_of(what, name)
    run = ten[list(experiment.variants).index(name) % len(ten)]
    low, high = spread(what, name)
    worst, best = possible_returns(experiment.variant(name).environment)
    if not made_as_here(run) and low <= worst and best <= high:
        pytest.skip("the ten runs end everywhere between the worst and the best")
    here = train_and_evaluate(experiment.variant(name), run["seed"])
    if made_as_here(run):
        assert here == {column: run[column] for column in here}
    else:
        solved = {one["solved_at_step"] is not None for one in ten}
        assert low <= here["final_return"] <= high
        assert len(solved) == 2 or solved == {here["solved_at_step"] is not None}


# --- what the lessons say -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "fewest", "most", "variants"),
    [
        ("networks", 0, 0, ["online", "no target, memory 64", "memory 64", "gamma 0.85"]),
        ("networks", 0, 3, ["no target, one step"]),
        ("networks", 6, 6, ["not held"]),  # lesson 7 says so, and shows which
        ("networks", 8, 10, [f"no target, memory {size}" for size in ("500", "2,000", "20,000")]),
        ("networks", 10, 10, ["base", "hard, every 200", "soft, tau 0.1", "epsilon gone early"]),
        ("tutorial", 0, 0, ["as printed", "gamma 0.99"]),
        ("tutorial", 4, 4, ["learning rate 0.001"]),
        ("tutorial", 10, 10, ["five-step returns", "batches, and a slow target"]),
        ("other_environments", 5, 5, ["pole, not held, explores for 1,000"]),
        ("other_environments", 6, 6, ["pole, unchanged"]),
        ("other_environments", 7, 7, ["acrobot, not held"]),
        ("other_environments", 9, 9, ["pole, not held", "pole, not held, values from 50"]),
        ("other_environments", 10, 10, ["acrobot, unchanged"]),
    ],
)
def test_so_many_seeds_solve_it(what, fewest, most, variants):
    for variant in variants:
        assert fewest <= summarise(runs_of(what, variant)).solved <= most, variant


@pytest.mark.parametrize(
    "variant",
    ["time limit as terminal", "not double", "zero biases", "values from 0", "layers of 24, 48, 24"],
)
def test_what_lesson_7_says_costs_half_a_step_costs_no_more(variant):
    whole, without = NETWORKS["base"], NETWORKS[variant]
    assert without.solved == 10
    assert without.mean_final > whole.mean_final - 0.6
    low, high = whole.median_steps_interval
    assert without.median_steps_interval[0] < high and low < without.median_steps_interval[1]


def test_the_printed_agent_never_arrives_and_two_repairs_buy_speed_only():
    assert {run["arrivals"] for run in runs_of("tutorial", "as printed")} == {0}
    rungs = ("states rescaled", "endings as they are", "only the action taken", "batches, and a slow target")
    before, middle, after, last = (summarise(runs_of("tutorial", name)) for name in rungs)
    assert after.median_steps < before.median_steps / 2
    for name, rung, worst in zip(rungs[1:3], (middle, after), (-194, -164), strict=True):
        assert rung.solved == 10
        assert sum(run["final_return"] > SOLVED_RETURN for run in runs_of("tutorial", name)) == 5
        assert round(rung.worst_final) == worst
    assert last.worst_final > SOLVED_RETURN


def test_what_lesson_9_counts_on_the_rungs():
    assert sum(run["arrivals"] > 0 for run in runs_of("tutorial", "gamma 0.99")) == 4
    assert max(run["arrivals"] for run in runs_of("tutorial", "gamma 0.99")) == 2
    assert sum(run["final_return"] > SOLVED_RETURN for run in runs_of("tutorial", "five-step returns")) == 8


def test_the_live_acrobot_of_lesson_10_is_the_luckiest_and_most_poles_are_late():
    steps = {
        run["seed"]: run["solved_at_step"] for run in runs_of("other_environments", "acrobot, unchanged")
    }
    assert min(step for step in steps.values() if step) == steps[2]
    poles = [
        run["solved_at_step"]
        for run in runs_of("other_environments", "pole, unchanged")
        if run["solved_at_step"]
    ]
    assert sum(step > 12_000 for step in poles) > len(poles) / 2


def test_a_pole_that_was_balanced_is_lost_before_the_memory_is_full():
    rows = ("pole, not held", "pole, not held, explores for 1,000")
    early = [
        run["curve"][:20] for row in rows for run in runs_of("other_environments", row)
    ]  # a check every 1,000 steps
    lost = [curve for curve in early if max(curve) >= 475 and min(curve[np.argmax(curve) :]) < 300]
    assert len(lost) >= 2


def test_the_defaults_end_close_to_the_optimum():
    assert -100 <= NETWORKS["base"].mean_final <= OPTIMAL_RETURN + 1
    assert NETWORKS["base"].worst_final >= SOLVED_RETURN


@pytest.mark.parametrize(
    "variant",
    [
        "inputs in [-1, 1]",
        "memory 500",
        "raw inputs",
        "copied every step",
        "one step",
        "not held",
        "gamma 0.95",
    ],
)
def test_what_lesson_7_says_costs_time_or_steadiness_costs_it(variant):
    whole, without = NETWORKS["base"], NETWORKS[variant]
    assert without.solved >= 6
    assert without.mean_final_interval[1] < whole.mean_final_interval[0]


def test_a_target_may_hold_still_for_too_long():
    for name in ("hard, every 2,000", "soft, tau 0.001"):
        assert NETWORKS[name].median_steps > NETWORKS["copied every step"].median_steps + 3_000
    for name in ("hard, every 20", "hard, every 200", "soft, tau 0.1", "soft, tau 0.01", "base"):
        share = NETWORKS[name].median_steps / NETWORKS["copied every step"].median_steps
        assert 0.25 < share < 0.67  # lesson 5: between a quarter and two thirds
    assert sum(run["final_return"] < SOLVED_RETURN for run in runs_of("networks", "copied every step")) == 6
    for name in ("hard, every 20", "hard, every 200", "soft, tau 0.1", "soft, tau 0.001", "base"):
        assert NETWORKS[name].mean_final > NETWORKS["copied every step"].mean_final + 3


def test_without_a_target_network_double_changes_nothing():
    curves = [run["curve"] for run in runs_of("networks", "copied every step")]
    assert curves == [run["curve"] for run in runs_of("networks", "no target, memory 20,000")]


def test_more_memory_and_more_steps_of_truth_end_better():
    finals = [NETWORKS[name].mean_final for name in ("memory 64", "memory 500", "memory 2,000", "base")]
    assert finals == sorted(finals)
    assert NETWORKS["one step"].mean_final < NETWORKS["not double"].mean_final - 10


def test_a_table_neither_too_fine_nor_too_coarse_and_better_without_exploring():
    coarse, middle, fine, greedy = (
        TABLES[name].mean_final for name in ("10 x 10 cells", "20 x 20 cells", "40 x 40 cells", "greedy")
    )
    assert middle > coarse + 5 and middle > fine + 5
    assert greedy > middle + 5
    assert all(table.solved == 0 for table in TABLES.values())


def test_pessimists_learn_nothing_and_never_arrive():
    for variant in ("pessimistic", "pessimistic, held 32"):
        assert {run["final_return"] for run in runs_of("tables", variant)} == {RANDOM_RETURN}
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


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.weekly) for seed in (1, 2))])
def test_hope_explores_and_pessimism_stays_in_the_valley(seed):
    arrivals, few, pessimist = life(seed, initial_value=-100.0)
    _, many, _ = life(seed)
    assert arrivals == 0
    assert many > 2 * few
    # -100 = -1 / (1 - 0.99): one step and then -100 again is worth exactly what was believed
    assert (pessimist.table.values == -100).all()
