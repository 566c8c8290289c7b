"""The contest: names and scores in one file, to which many kernels write at once."""

import json
import subprocess
import sys

import pytest
from filelock import FileLock

from dqn_lib.widgets import contest as module
from dqn_lib.widgets.contest import Contest

WRITER = """
import sys
from dqn_lib.widgets.contest import Contest
contest = Contest("drive", "Fewest steps", sys.argv[1])
for number in range(40):
    contest.offer_score(100 + number, "")
    contest.enter(f"writer {sys.argv[2]}, drive {number}")
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "contest.jsonl"


def entered(path, game, **scores):
    contest = Contest(game, "Fewest steps", path)
    for name, steps in scores.items():
        contest.offer_score(steps, f"{steps} steps. Whose?")
        contest.enter(name)
    return contest


def test_the_fewest_steps_come_first_and_each_name_has_its_best(path):
    contest = entered(path, "drive", Ann=150, Bob=120)
    contest.offer_score(130, "130 steps. Whose?")
    assert contest.offer == "130 steps. Whose?"
    contest.enter("  Ann ")
    assert contest.rows == [["Bob", 120], ["Ann", 130]]
    assert (contest.offer, contest.score) == ("", None)


def test_games_and_classes_are_apart_and_all_are_kept(path):
    entered(path, "drive", Ann=150)
    assert entered(path, "train", Bob=4_000).rows == [["Bob", 4_000]]
    module.begin_class(path)
    assert Contest("drive", "Fewest steps", path).rows == Contest("train", "Fewest steps", path).rows == []
    assert entered(path, "drive", Alan=160).rows == [["Alan", 160]]
    assert len(path.read_text(encoding="utf-8").split()) > 2


@pytest.mark.parametrize("name", ["", "   ", "x" * 25, None, 7])
def test_a_name_that_is_none_is_refused_and_the_score_stays(path, name):
    contest = Contest("drive", "Fewest steps", path)
    contest.offer_score(99, "99 steps. Whose?")
    with pytest.raises(ValueError, match="name must have 1 to 24 letters"):
        contest.enter(name)
    contest._receive({"name": name})
    assert contest.message.startswith("Not entered: name must have")
    assert (contest.score, contest.offer) == (99, "99 steps. Whose?")
    contest._receive({"name": "Ann"})
    assert (contest.message, contest.rows) == ("", [["Ann", 99]])


def test_without_a_score_there_is_nothing_to_enter(path):
    with pytest.raises(ValueError, match="a score is needed first"):
        Contest("drive", "Fewest steps", path).enter("Ann")
    for content in (None, "name", {"press": "x"}):
        Contest("drive", "Fewest steps", path)._receive(content)
    assert not path.exists()


def test_damaged_lines_are_left_out_and_left_in_the_file(path):
    entered(path, "drive", Ann=150)
    infinite = '{"name": "x", "steps": Infinity, "game": "drive", "time": 1}'
    no_number = '{"name": 1, "steps": "many", "game": "drive", "time": 1}'
    broken = "\n".join(
        ["", infinite, '{"game": "drive"}', "[]", "null", no_number, "\xff"]
    )  # and no line's end
    with path.open("ab") as file:
        file.write(broken.encode("latin-1"))
    assert entered(path, "drive", Bob=100).rows == [["Bob", 100], ["Ann", 150]]
    assert broken.encode("latin-1") in path.read_bytes()


def test_ten_kernels_may_write_at_once_and_no_line_is_lost(path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(number)]) for number in range(10)
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 10
    names = {json.loads(line)["name"] for line in path.read_bytes().split(b"\n") if line}
    assert len(names) == 400


def test_a_file_that_another_kernel_holds_is_said_and_the_score_stays(path, monkeypatch):
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.1)
    contest = Contest("drive", "Fewest steps", path)
    contest.offer_score(99, "Whose?")
    with FileLock(f"{path}.lock"):
        contest._receive({"name": "Ann"})
    assert "is being written by another kernel" in contest.message
    contest._receive({"name": "Ann"})
    assert contest.rows == [["Ann", 99]]


def test_a_file_that_cannot_be_written_is_said_and_the_score_stays(path):
    contest = Contest("drive", "Fewest steps", path)
    contest.offer_score(99, "Whose?")
    path.mkdir()
    contest._receive({"name": "Ann"})
    assert contest.message.startswith("Not entered: ")
    assert contest.score == 99
    with pytest.raises(ValueError, match="path must be a file, got the folder"):
        Contest("drive", "Fewest steps", path)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="path must lie in a folder that exists"):
        Contest("drive", "Fewest steps", tmp_path / "nowhere" / "contest.jsonl")


def test_a_score_that_comes_while_another_is_entered_is_not_lost(path, monkeypatch):
    contest = Contest("drive", "Fewest steps", path)
    contest.offer_score(120, "120 steps. Whose?")

    def meanwhile(*_):
        contest.offer_score(99, "99 steps. Whose?")

    monkeypatch.setattr(module, "append", meanwhile)
    contest.enter("Ann")
    assert (contest.score, contest.offer) == (99, "99 steps. Whose?")
