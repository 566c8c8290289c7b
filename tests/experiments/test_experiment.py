"""An experiment says what it is, variants by name and seeds, and one run is measured as it says."""

import json

import deadly
import gymnasium as gym
import numpy as np
import pytest

from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.evaluation import greedy_returns
from dqn_lib.experiments.catalogue import EXPERIMENTS
from dqn_lib.experiments.experiment import Q_TABLE, Experiment, Variant, train_and_evaluate
from dqn_lib.experiments.results import read_runs
from dqn_lib.experiments.runner import run
from dqn_lib.training import TrainingLog, train

TABLE = Variant(
    agent=Q_TABLE, config=TableConfig(), steps=None, episodes=2, check_episodes=2, final_episodes=5
)


def test_a_change_reaches_the_variant_or_its_configuration():
    changed = Variant().changed({"hold": 1, "steps": 500, "hidden": (8,)})
    assert changed == Variant(config=DQNConfig(hold=1, hidden=(8,)), steps=500)
    assert Variant().changed({}) == Variant()


def test_jobs_go_variant_by_variant_and_seed_by_seed():
    experiment = Experiment("two", Variant(), {"base": {}, "fast": {"tau": 0.1}}, seeds=(3, 1))
    assert [job.key for job in experiment.jobs()] == [("base", 3), ("base", 1), ("fast", 3), ("fast", 1)]
    assert [job.variant.config.tau for job in experiment.jobs()] == [0.03, 0.03, 0.1, 0.1]
    assert experiment.jobs()[2].changes == {"tau": 0.1}


def test_an_unknown_variant_is_named_with_all_that_there_are():
    experiment = Experiment("two", Variant(), {"base": {}, "fast": {"tau": 0.1}})
    assert experiment.only().jobs() == experiment.jobs()
    assert [job.key for job in experiment.only("fast", seeds=[7]).jobs()] == [("fast", 7)]
    message = r"variant must be one of 'base', 'fast' in experiment 'two', got 'slow'"
    with pytest.raises(ValueError, match=message):
        experiment.variant("slow")
    with pytest.raises(ValueError, match=message):
        experiment.only("base", "slow")


@pytest.mark.parametrize(
    ("seeds", "error", "message"),
    [
        ((0, 3, 3), ValueError, "seeds must be different from each other, got 3 twice"),
        ((0, -1), ValueError, "every seed must be at least 0, got -1"),
        ((0, 1.5), TypeError, "every seed must be an integer, got 1.5"),
        ((), ValueError, "experiment 'two' needs at least one variant and one seed"),
    ],
)
def test_invalid_seeds_are_refused(seeds, error, message):
    with pytest.raises(error, match=message):
        Experiment("two", Variant(), {"base": {}}, seeds=seeds)


def test_an_invalid_setting_is_refused_before_anything_runs():
    with pytest.raises(TypeError, match="gama is not a setting of DQNConfig"):
        Experiment("two", Variant(), {"far-sighted": {"gama": 0.999}})
    with pytest.raises(ValueError, match=r"gamma must lie in \[0, 1\], got 2"):
        Experiment("two", Variant(), {"far-sighted": {"gamma": 2}})
    with pytest.raises(ValueError, match="at least one variant"):
        Experiment("none", Variant(), {})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": float("nan")}, "threshold must be finite, got nan"),
        ({"check_every": 0}, "check_every must be at least 1, got 0"),
        ({"final_episodes": 1.5}, "final_episodes must be an integer, got 1.5"),
        ({"steps": 5}, "either steps or episodes must be given"),
        ({"episodes": None}, "either steps or episodes must be given"),
        ({"episodes": 0}, "episodes must be at least 1, got 0"),
    ],
)
def test_an_invalid_variant_is_refused_when_it_is_made(changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        TABLE.changed(changes)


@pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=lambda experiment: experiment.name)
def test_an_experiment_of_the_lessons_fits_into_json_and_back(experiment):
    described = experiment.describe()
    assert json.loads(json.dumps(described)) == described
    assert list(described["variants"]) == list(experiment.variants)


def test_classes_and_functions_are_described_by_name():
    variant = Variant(agent=deadly.Slow, environment=deadly.short_car, config=TableConfig())
    assert variant.describe()["agent"] == "deadly:Slow"
    assert variant.describe()["environment"] == "deadly:short_car"
    assert Variant(agent=Q_TABLE).describe()["agent"] == Q_TABLE


def test_numbers_of_numpy_equal_pythons_in_the_file(tmp_path):
    def experiment(integer, number, sequence):
        base = Variant(
            agent=Q_TABLE,
            config=TableConfig(gamma=number(0.5)),
            steps=None,
            episodes=integer(1),
            check_episodes=integer(2),
            final_episodes=integer(2),
            threshold=number(-110.0),
        )
        variants = {"base": {}, "held": {"hold": integer(8), "epsilon": number(0.25)}}
        return Experiment("numpy", base, variants, seeds=sequence([0, 1]))

    path = tmp_path / "numpy.jsonl"
    rows = run(experiment(np.int64, np.float32, np.array), path, processes=1, progress=False)
    assert [row["changes"] for row in rows] == [{}, {}, *[{"hold": 8, "epsilon": 0.25}] * 2]
    written = path.read_bytes()
    assert run(experiment(int, float, list), path, processes=1, progress=False) == rows
    assert path.read_bytes() == written  # nothing was run again


def test_a_run_is_checked_and_evaluated_as_often_as_the_variant_says():
    config = DQNConfig(hidden=(8,), learning_starts=1_000_000)
    how_often = {"check_every": 60, "check_episodes": 3}
    variant = Variant(environment="CartPole-v1", config=config, steps=240, final_episodes=5, **how_often)
    here = train_and_evaluate(variant, 4)

    env, arena, log = gym.make("CartPole-v1"), gym.make("CartPole-v1"), TrainingLog()
    agent = DQNAgent(env, config, seed=4)
    list(log.record(train(env, agent, steps=240), agent, arena, 60, 3))
    final, of_checks = (greedy_returns(agent.q, arena, episodes=n, seed=0).mean() for n in (5, 3))
    assert here["curve"] == [round(check.mean, 2) for check in log.checks]
    assert here["final_return"] == round(float(final), 2) != round(float(of_checks), 2)


@pytest.mark.parametrize(
    ("changes", "solved_at_step"),
    [
        ({"environment": "deadly:Brief-v0"}, 0),  # -7, as it returns
        ({"environment": "deadly:Brief-v0", "threshold": -6.0}, None),
        ({"environment": "deadly:Briefer-v0"}, None),  # nobody has said what solved means there
        ({"environment": "deadly:Briefer-v0", "threshold": -7.0}, 0),
    ],
)
def test_the_threshold_is_that_of_the_environment_by_default(changes, solved_at_step):
    assert train_and_evaluate(TABLE.changed(changes), 0)["solved_at_step"] == solved_at_step


def test_a_run_that_diverges_is_a_finished_run():
    """Left out, it would make the others' mean better; failed, it would be tried again for ever."""
    changes = {"agent": "deadly:Diverging", "steps": 1_000, "episodes": None, "check_every": 200}
    row = train_and_evaluate(TABLE.changed(changes), 0)
    assert (row["diverged_at_step"], row["final_return"], row["solved_at_step"]) == (600, -200, None)
    assert row["curve"] == [-200] * 6


@pytest.mark.slow
def test_every_run_has_its_environment_also_in_another_process(tmp_path):
    variants = {"here": {}, "there": {"environment": "deadly:Brief-v0"}}
    two = Experiment("two", TABLE, variants, seeds=[0])
    made = run(two, tmp_path / "two.jsonl", processes=2, progress=False)
    assert [row["environment"] for row in made] == ["MountainCar-v0", "deadly:Brief-v0"]
    assert made[1]["final_return"] == -7
    assert read_runs(tmp_path / "two.jsonl") == made
