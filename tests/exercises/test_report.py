"""The report of lesson 11 says what was measured, stays in the notebook, and is printed from there."""

import json
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from dqn_lib.exercises import climb, report
from dqn_lib.exercises.__main__ import main
from dqn_lib.exercises.reference_agent import Agent, MyAgent
from dqn_lib.exercises.report import MIME, Report, Run, Runs, reports_in

MEASURED = Runs(
    (
        Run(1, 6_012, -99.2, "within the band"),
        Run(2, None, -131.5, "not yet"),
        Run(3, 9_400, -101.0, "within the band", "In the loop (`train`): it raised <ValueError>"),
    )
)
FULL = {
    "prediction": "After 8,000 steps, with all seeds.",
    "runs": MEASURED,
    "claim": "Two of three are solved.",
    "interval": (5_000, 9_000),
    "surprise": "Seed 2 & its <plateau>.",
}


def test_a_full_report_shows_every_answer_and_what_was_measured():
    page = report.report(**FULL)
    assert page.missing == []
    for shown in (repr(page), page._repr_html_()):
        for words in (
            "8,000 steps, with all",
            "6,012",
            "never",
            "-131.5",
            "9,400",
            "Two of three",
            "within the band",
        ):
            assert words in shown
        assert "2 of 3 solved, after 6,012 to 9,400 steps; median 9,400 steps." in shown
        assert "Interval: 5,000 to 9,000 steps; 1 of 3 runs lie in it." in shown
    assert "&amp; its &lt;plateau&gt;" in page._repr_html_() and "&lt;ValueError&gt;" in page._repr_html_()
    assert "Complete." in page._repr_html_() and "Still" not in repr(page)


def test_an_empty_one_says_what_is_still_to_fill_in():
    empty = report.report(
        "", runs=Runs((), "All six parts are still blank."), claim=" ", interval=None, surprise=""
    )
    assert empty.missing == ["prediction", "claim", "surprise", "interval", "runs"]
    for shown in (repr(empty), empty._repr_html_()):
        assert "Still to fill in: prediction, claim, surprise, interval, runs." in shown
        assert "Nothing was measured yet." in shown and "All six parts are still blank." in shown


def test_a_median_counts_what_was_never_solved():
    never = Run(1, None, -200.0, "never arrived")
    assert Runs((never, never)).summary == "None of 2 runs was solved."
    assert "1 of 3 solved, after 5 to 5 steps; median: not solved." in repr(
        Runs((never, Run(2, 5, -100.0, ""), never))
    )


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"prediction": 8_000}, TypeError, "prediction must be a text, got 8000"),
        ({"runs": [1]}, TypeError, "runs must be what three_seeds returns, got"),
        ({"interval": (9_000, 5_000)}, ValueError, "interval must be two numbers of steps"),
        ({"interval": 3}, ValueError, "interval must be two numbers of steps, the smaller one first, got 3"),
        ({"interval": (1, float("nan"))}, ValueError, "interval must be"),
    ],
)
def test_bad_input_is_named(changed, error, words):
    with pytest.raises(error, match=words):
        report.report(**(FULL | changed))


def notebook(folder, *bundles, name="my_agent.ipynb"):
    cells = [
        {"cell_type": "code", "source": "", "outputs": [{"output_type": "execute_result", "data": bundle}]}
        for bundle in bundles
    ]
    (folder / name).write_text(
        json.dumps({"cells": [{"cell_type": "markdown", "source": ""}, *cells]}), encoding="utf-8"
    )
    return folder / name


def test_a_report_goes_through_a_notebook_unchanged_and_the_last_one_is_printed(tmp_path, capsys):
    first, page = report.report(**(FULL | {"claim": "an older one"})), report.report(**FULL)
    path = notebook(tmp_path, first._repr_mimebundle_(), {"text/plain": "3"}, page._repr_mimebundle_())
    assert reports_in(path) == [first, page]
    assert main(["report", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed == f"== {path}\n{page!r}\n"


def test_what_holds_no_report_gets_one_line_and_the_others_are_printed(tmp_path, capsys):
    (tmp_path / "text.ipynb").write_text("no notebook", encoding="utf-8")
    (tmp_path / "list.ipynb").write_text("[1, 2]", encoding="utf-8")
    damaged = notebook(tmp_path, {MIME: {"claim": 3}}, name="damaged.ipynb")
    blank = notebook(tmp_path, {}, name="blank.ipynb")
    good = notebook(tmp_path, report.report(**FULL)._repr_mimebundle_())
    paths = [tmp_path / "none.ipynb", tmp_path / "text.ipynb", tmp_path / "list.ipynb", damaged, blank, good]
    assert main(["report", *map(str, paths)]) == 1
    printed = capsys.readouterr().out
    assert printed.count("Cannot be read: ") == 4 and printed.count("There is no report in it") == 1
    assert "path must be a notebook, got" in printed and "data must be that of a report" in printed
    assert "Two of three are solved." in printed


def test_a_terminal_is_not_sent_commands():
    page = report.report(**(FULL | {"claim": "a\x1b[2Jb\x07\x9bc" + "x" * 10_000}))
    assert "\x1b" not in repr(page) and "\x07" not in repr(page) and "\x9b" not in repr(page)
    assert len(repr(page)) < 7_000
    data = page.data | {"runs": {"runs": [], "note": "\x1b[2J"}}
    assert "\x1b" not in repr(Report.from_data(data))


@pytest.mark.slow
def test_the_command_prints_what_a_kernel_has_left(tmp_path):
    source = (
        "from dqn_lib.exercises.report import Run, Runs, report\n"
        "runs = Runs((Run(1, 5, -99.0, 'within the band'),))\n"
        "report('soon', runs=runs, claim='it drives', interval=(1, 9), surprise='-')"
    )
    lesson = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(lesson, kernel_name="python3").execute()
    nbformat.write(lesson, tmp_path / "a b.ipynb")
    command = [sys.executable, "-m", "dqn_lib.exercises", "report", str(tmp_path / "a b.ipynb")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "it drives" in done.stdout and "1 of 1 runs lie in it" in done.stdout
    assert "tensorflow" not in done.stderr.lower()


@pytest.mark.slow
def test_three_seeds_are_measured_unless_all_is_blank():
    runs = climb.three_seeds(MyAgent, steps=600, seeds=(1, 2))
    assert [run.seed for run in runs] == [1, 2] and runs.note == ""
    assert all(run.verdict == "too short" and run.best >= -200 for run in runs)
    assert climb.three_seeds(Agent).runs == () and "still blank" in climb.three_seeds(Agent).note

    class Half(MyAgent):
        @staticmethod
        def update_target(target, online, step): ...

    assert climb.three_seeds(Half, steps=300, seeds=(1,)).note == "With the library's update_target."
    with pytest.raises(TypeError, match="agent must be the class itself"):
        climb.three_seeds(3)
