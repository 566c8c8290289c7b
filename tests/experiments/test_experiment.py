"""An experiment says what it is: variants by name, each a small change, and seeds that differ."""

import json

import deadly
import pytest

from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.experiments.catalogue import EXPERIMENTS, NETWORKS
from dqn_lib.experiments.experiment import Q_TABLE, Experiment, Variant


def test_a_change_reaches_the_variant_or_its_configuration():
    changed = Variant().changed({"hold": 1, "steps": 500, "hidden": (8,)})
    assert changed == Variant(config=DQNConfig(hold=1, hidden=(8,)), steps=500)
    assert Variant().changed({}) == Variant()


def test_jobs_go_variant_by_variant_and_seed_by_seed():
    experiment = Experiment("two", Variant(), {"base": {}, "fast": {"tau": 0.1}}, seeds=(3, 1))
    assert [job.key for job in experiment.jobs()] == [("base", 3), ("base", 1), ("fast", 3), ("fast", 1)]
    assert [job.variant.config.tau for job in experiment.jobs()] == [0.01, 0.01, 0.1, 0.1]
    assert experiment.jobs()[2].changes == {"tau": 0.1}


def test_an_unknown_variant_is_named_with_all_that_there_are():
    experiment = Experiment("two", Variant(), {"base": {}, "fast": {"tau": 0.1}})
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
def test_seeds_that_make_no_sense_are_refused(seeds, error, message):
    with pytest.raises(error, match=message):
        Experiment("two", Variant(), {"base": {}}, seeds=seeds)


def test_a_misspelt_or_impossible_setting_is_told_before_anything_runs():
    with pytest.raises(TypeError, match="gama is not a setting of DQNConfig"):
        Experiment("two", Variant(), {"far-sighted": {"gama": 0.999}})
    with pytest.raises(ValueError, match=r"gamma must lie in \[0, 1\], got 2"):
        Experiment("two", Variant(), {"far-sighted": {"gamma": 2}})
    with pytest.raises(ValueError, match="at least one variant"):
        Experiment("none", Variant(), {})


def test_a_part_of_an_experiment_is_an_experiment():
    part = NETWORKS.only("not held", seeds=range(2))
    assert part.name == NETWORKS.name
    assert [job.key for job in part.jobs()] == [("not held", 0), ("not held", 1)]
    assert NETWORKS.only().jobs() == NETWORKS.jobs()


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
