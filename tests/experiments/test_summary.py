"""A summary says what the runs say, failures included."""

import numpy as np
import pytest

from dqn_lib.config import TableConfig
from dqn_lib.experiments.experiment import Experiment, Variant
from dqn_lib.experiments.summary import report, summarise


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


def test_a_run_that_never_arrives_counts_as_the_slowest():
    assert summarise(rows([1_000, None, None], [-100.0] * 3)).median_steps == np.inf
    assert summarise(rows([1_000, 3_000, None], [-100.0] * 3)).median_steps == 3_000


def test_no_runs_no_summary():
    with pytest.raises(ValueError, match="rows must hold at least one run, got none"):
        summarise([])


def test_a_report_has_a_line_for_every_variant_with_runs():
    base = Variant(config=TableConfig(), agent="dqn_lib.agents.q_table:QTableAgent")
    experiment = Experiment("three", base, {"a": {}, "none yet": {"cells": 3}}, seeds=range(2))
    lines = report(experiment, rows([1_000, 3_000], [-100.0, -101.0])).splitlines()
    assert lines[1:] == ["a          2/2 ( 34% to 100%)   2,000  -100.5 (-101.0 to -100.0), worst -101.0"]
