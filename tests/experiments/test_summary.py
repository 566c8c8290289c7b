"""A summary says what the runs say, failures included."""

import numpy as np
import pytest

from dqn_lib.config import TableConfig
from dqn_lib.experiments.__main__ import summary_table
from dqn_lib.experiments.experiment import Experiment, Variant
from dqn_lib.experiments.results import summarise
from dqn_lib.statistics import bootstrap_interval


def rows(steps, finals):
    return [
        {"variant": "a", "solved_at_step": step, "final_return": final}
        for step, final in zip(steps, finals, strict=True)
    ]


def test_by_hand():
    one = summarise(rows([4_000, 6_000, None], [-100.0, -110.0, -200.0]))
    assert (one.runs, one.solved, one.median_steps, one.worst_final) == (3, 2, 6_000, -200)
    assert one.mean_final == pytest.approx(-410 / 3)
    assert one.solved_interval == pytest.approx((0.2077, 0.9385), abs=1e-4)
    assert one.mean_final_interval == (-200, -100)
    assert one.median_steps_interval == (4_000, np.inf)


def test_the_interval_of_a_median_is_not_that_of_the_mean():
    steps = [1_000, 1_100, 1_200, 1_300, 90_000]
    one = summarise(rows(steps, [-100.0] * 5))
    assert one.median_steps_interval == bootstrap_interval(steps, np.median)
    assert one.median_steps_interval != bootstrap_interval(steps)


def test_an_unsolved_run_counts_as_the_slowest():
    assert summarise(rows([1_000, None, None], [-100.0] * 3)).median_steps == np.inf
    assert summarise(rows([1_000, 3_000, None], [-100.0] * 3)).median_steps == 3_000


def test_no_runs_no_summary():
    with pytest.raises(ValueError, match="rows must hold at least one run, got none"):
        summarise([])


def test_a_report_has_a_line_for_every_variant_with_runs():
    base = Variant(config=TableConfig(), agent="dqn_lib.agents.q_table:QTableAgent")
    variants = {"a": {}, "none yet": {"cells": 3}, "failed": {"cells": 4}}
    experiment = Experiment("three", base, variants, seeds=range(2))
    some = rows([1_000, 3_000], [-100.0, -101.0])
    failed = [{**row, "variant": "failed"} for row in rows([None, None], [-200.0, -200.0])]
    assert summary_table(experiment, [*failed, *some]).splitlines()[1:] == [
        "a          2/2 ( 34% to 100%)   2,000  -100.5 (-101.0 to -100.0), worst -101.0",
        "failed     0/2 (  0% to  66%)       -  -200.0 (-200.0 to -200.0), worst -200.0",
    ]
