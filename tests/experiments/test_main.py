"""`python -m dqn_lib.experiments`, as `make results` calls it."""

import pytest

from dqn_lib.config import TableConfig
from dqn_lib.experiments import __main__ as command
from dqn_lib.experiments import experiment as work
from dqn_lib.experiments.experiment import Q_TABLE, Experiment, Variant, train_and_evaluate
from dqn_lib.experiments.results import read_runs

pytestmark = pytest.mark.slow

BASE = Variant(
    agent="deadly:Failing", config=TableConfig(), steps=None, episodes=2, check_episodes=2, final_episodes=5
)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    experiments = {"short": Experiment("short", BASE, {"base": {}})}
    monkeypatch.setattr(command, "EXPERIMENTS", experiments)
    return experiments


def call(tmp_path, *arguments):
    return command.main([*arguments, "--folder", str(tmp_path), "--processes", "1"])


def test_a_complete_experiment_replaces_the_old_results(tmp_path, capsys, monkeypatch):
    made = []
    monkeypatch.setattr(
        work,
        "train_and_evaluate",
        lambda variant, seed: made.append(seed) or train_and_evaluate(variant, seed),
    )
    for _ in range(2):  # the second time it is made anew, not read from the file
        assert call(tmp_path, "short", "--seeds", "1") == 0
    assert made == [0, 0]
    assert len(read_runs(tmp_path / "short.jsonl")) == 1
    assert [entry.suffix for entry in tmp_path.iterdir() if entry.suffix != ".lock"] == [".jsonl"]
    assert "base   0/1 (  0% to  79%)       -  -200.0" in capsys.readouterr().out


def test_an_incomplete_experiment_keeps_the_old_results(tmp_path, capsys):
    call(tmp_path, "--seeds", "1")
    before = (tmp_path / "short.jsonl").read_bytes()
    assert call(tmp_path, "--seeds", "3") == 1
    assert "1 runs failed" in capsys.readouterr().err
    assert (tmp_path / "short.jsonl").read_bytes() == before
    assert len(read_runs(tmp_path / "short.jsonl.unfinished", partial=True)) == 2


def test_a_file_that_is_not_a_results_file_is_refused_and_unchanged(tmp_path):
    unfinished = tmp_path / "short.jsonl.unfinished"
    unfinished.write_text("shopping list\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"^python -m dqn_lib.experiments: .*short.jsonl.unfinished"):
        call(tmp_path, "--seeds", "1")
    assert unfinished.read_text(encoding="utf-8") == "shopping list\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["long"], "name must be one of short, got 'long'"),
        (["--seeds", "0"], "--seeds and --processes must be at least 1"),
        (["--scheduler", "nowhere"], "address of a running Dask scheduler, got 'nowhere'"),
    ],
)
def test_invalid_arguments_are_refused(tmp_path, arguments, message, capsys):
    with pytest.raises(SystemExit) as exit:
        call(tmp_path, *arguments)
    assert message in f"{exit.value.code} {capsys.readouterr().err}"


def test_a_report_has_a_line_for_every_variant_with_runs():
    variants = {"a": {}, "none yet": {"cells": 3}, "failed": {"cells": 4}}
    experiment = Experiment("three", Variant(config=TableConfig(), agent=Q_TABLE), variants)
    rows = [
        {"variant": "failed", "solved_at_step": None, "final_return": -200.0},
        {"variant": "failed", "solved_at_step": None, "final_return": -200.0},
        {"variant": "a", "solved_at_step": 1_000, "final_return": -100.0},
        {"variant": "a", "solved_at_step": 3_000, "final_return": -101.0},
    ]
    assert command.summary_table(experiment, rows).splitlines()[1:] == [
        "a          2/2 ( 34% to 100%)   2,000  -100.5 (-101.0 to -100.0), worst -101.0",
        "failed     0/2 (  0% to  66%)       -  -200.0 (-200.0 to -200.0), worst -200.0",
    ]
