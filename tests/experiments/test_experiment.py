"""An experiment says what it is: variants by name, each a small change, and seeds that differ."""

import json

import deadly
import numpy as np
import pytest

from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.experiments.catalogue import EXPERIMENTS, NETWORKS
from dqn_lib.experiments.experiment import Q_TABLE, Experiment, Variant
from dqn_lib.experiments.runner import run


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


def test_arrays_in_a_change_are_lists_in_the_file():
    units = Experiment("wide", Variant(), {"wide": {"hidden": np.array([8, 8])}})
    assert json.loads(json.dumps(units.describe()))["variants"] == {"wide": {"hidden": [8, 8]}}
    assert units.variant("wide").config.hidden == (8, 8)
