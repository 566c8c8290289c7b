"""The leaderboard: sorted, kept in a file, and never half written."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from dqn_lib.agents.tutorial import TutorialConfig
from dqn_lib.config import DQNConfig
from dqn_lib.exercises import leaderboard
from dqn_lib.exercises.leaderboard import PATIENCE, SEEDS, Entry, Leaderboard

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SLOW, FAST = DQNConfig(learning_rate=5e-4), DQNConfig(learning_rate=2e-3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "board.json"


@pytest.fixture(autouse=True)
def trials(monkeypatch):
    """Every trial that was made; the steps it took follow from the learning rate and the seed."""

    class Trials(list):
        on_first = staticmethod(lambda: None)  # called when a training begins

        def __call__(self, env, config, *, seed, patience):
            if seed == SEEDS[0]:
                self.on_first()
            self.append((config, seed, patience))
            return round(10 / config.learning_rate) + seed

    trials = Trials()
    monkeypatch.setattr(leaderboard, "steps_to_solve", trials)
    return trials


def names(board):
    return [entry.name for entry in board.entries]


def visible(folder):
    """The names of the files that a student sees in this folder."""
    return sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))


def test_a_new_board_is_empty_and_writes_nothing(path):
    board = Leaderboard(path)
    assert (board.entries, repr(board)) == ([], "no entries yet")
    assert "<th>name</th>" in board._repr_html_()
    assert not path.exists()


def test_an_entry_is_trained_with_each_seed_and_the_fewest_steps_come_first(path, trials):
    board = Leaderboard(path)
    assert board.enter("base", DQNConfig()) is board
    assert trials == [(DQNConfig(), seed, PATIENCE) for seed in SEEDS]
    assert board.entries == [Entry("base", {}, [10_001, 10_002, 10_003])]
    assert board.entries[0].total == 30_006
    assert names(board.enter("slow", SLOW).enter("fast", FAST)) == ["fast", "base", "slow"]


def test_the_file_is_read_again_and_everything_in_it_looks_the_same(path):
    config = DQNConfig(
        hold=np.int64(24), gamma=np.float64(0.5), double=np.bool_(0), hidden=(np.int64(8), np.int32(8))
    )
    board = Leaderboard(path).enter("numpy", config).enter("fast", FAST)
    again = Leaderboard(str(path))
    assert again.entries == board.entries
    assert repr(again) == repr(board)
    assert "hold=24" in repr(again) and "hidden=(8, 8)" in repr(again) and "np." not in repr(again)
    assert names(again.enter("slow", SLOW)) == names(Leaderboard(path)) == ["fast", "numpy", "slow"]
    assert visible(path.parent) == ["board.json"]
    assert not list(path.parent.glob(".*.part"))


def test_of_two_entries_with_one_name_the_better_stays_and_that_is_said(path):
    board = Leaderboard(path).enter("other", DQNConfig()).enter("mine", SLOW).enter("mine", FAST)
    assert names(board) == ["mine", "other"]
    board.enter("mine", SLOW)
    best = Entry("mine", {"learning_rate": 2e-3}, [5_001, 5_002, 5_003])
    assert board.entries[0] == Leaderboard(path).entries[0] == best
    for shown in (repr(board), board._repr_html_()):
        assert "keeps its better entry of 15,006 steps in all; " in shown
        assert "this time (learning_rate=0.0005) it took 60,006." in shown
    assert "keeps" not in repr(board.enter("mine", FAST))  # the same once more


def an_entry(**changed):
    return json.dumps([{"name": "a", "changed": {}, "steps": [1, 2, 3]} | changed]).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00\x81",
        b"3",
        b'{"a": 1}',
        b"[null]",
        b'[{"name": "a"}]',
        b"[" * 100_000,
        an_entry(more=0),
        an_entry(steps=3),
        an_entry(steps=["x"] * 3),
        an_entry(steps=[1, 2]),
        an_entry(steps=[1, 2, True]),
        an_entry(changed=[]),
        an_entry(name=7),
    ],
    ids=range(15),
)
def test_a_broken_file_is_refused_with_one_clear_error_and_kept(content, path):
    path.write_bytes(content)
    told = f"path must be a leaderboard written by this class, got {path}"
    with pytest.raises(
        ValueError, match=re.escape(told) + "(.|\n)*Rename it to keep it, and a new one will be begun"
    ):
        Leaderboard(path)
    assert path.read_bytes() == content


def test_a_folder_in_place_of_the_file_and_a_file_in_no_folder_are_refused(path):
    path.mkdir()
    with pytest.raises(ValueError, match="path must be a leaderboard written by this class, got"):
        Leaderboard(path)
    with pytest.raises(ValueError, match="path must lie in a folder that exists, got"):
        Leaderboard(path.parent / "nowhere" / "board.json")


@pytest.mark.parametrize("name", ["first", "second"])
def test_an_interruption_while_training_leaves_file_and_entries_as_they_were(name, path, trials):
    board = Leaderboard(path).enter("first", SLOW)
    entries, content = list(board.entries), path.read_bytes()

    def interrupt():
        raise KeyboardInterrupt

    trials.on_first = interrupt
    with pytest.raises(KeyboardInterrupt):
        board.enter(name, FAST)
    assert board.entries == entries
    assert path.read_bytes() == content
    assert visible(path.parent) == ["board.json"]


@pytest.fixture
def locked():
    """Make the board's folder read-only, for a user whom that stops."""
    folder = Path(tempfile.mkdtemp())
    user = os.geteuid() if hasattr(os, "geteuid") else None
    if user is None:
        pytest.skip("a read-only folder does not stop anybody on Windows")

    def lock(*, file_only=False):
        for file in folder.iterdir():
            file.chmod(0o444)
        folder.chmod(0o777 if file_only else 0o555)
        if user == 0:  # whom no permission stops
            os.seteuid(65534)

    def unlock():
        if user == 0:
            os.seteuid(0)
        folder.chmod(0o755)

    yield folder / "board.json", lock, unlock
    unlock()
    shutil.rmtree(folder)


@pytest.mark.parametrize("file_only", [True, False])
def test_what_cannot_be_written_is_told_before_the_training_and_kept_in_memory(
    file_only, locked, trials, capsys
):
    path, lock, _ = locked
    Leaderboard(path).enter("before", SLOW)
    content = path.read_bytes()
    lock(file_only=file_only)
    capsys.readouterr()
    told = []
    trials.on_first = lambda: told.append(capsys.readouterr().out)
    board = Leaderboard(path).enter("mine", FAST)
    assert "Not saved:" in told[0] and str(path) in told[0]
    assert names(board) == ["mine", "before"]
    for shown in (repr(board), board._repr_html_()):
        assert "Not saved:" in shown and str(path) in shown and "Only this kernel knows of " in shown
    assert path.read_bytes() == content
    assert names(board.enter("another", DQNConfig())) == ["mine", "another", "before"]
    assert "Only this kernel knows of 'mine', 'another'." in repr(board)


def test_what_could_not_be_written_is_written_with_the_next_entry_and_never_again(locked):
    path, lock, unlock = locked
    lock()
    board = Leaderboard(path).enter("mine", FAST)
    assert not path.exists()
    unlock()
    assert "Not saved" not in repr(board.enter("other", SLOW))
    assert names(Leaderboard(path)) == ["mine", "other"]
    path.unlink()
    assert names(board.enter("new", SLOW)) == ["new"]


@pytest.mark.parametrize("failing", ["write_text", "replace"])
def test_a_failure_while_writing_leaves_the_old_file_and_loses_no_entry(failing, path, monkeypatch):
    board = Leaderboard(path).enter("first", SLOW)
    content = path.read_bytes()

    def full(*arguments, **options):
        raise OSError("disk full")

    monkeypatch.setattr(*((os, "replace") if failing == "replace" else (type(path), "write_text")), full)
    assert names(board.enter("second", FAST)) == ["second", "first"]
    assert f"Not saved: {path} cannot be written (disk full)." in repr(board)
    assert path.read_bytes() == content
    assert not list(path.parent.glob(".*.part"))


def test_a_file_that_becomes_something_else_meanwhile_is_left_alone(path, trials):
    board = Leaderboard(path).enter("first", SLOW)
    trials.on_first = lambda: path.write_text("my notes", encoding="utf-8")
    assert names(board.enter("second", FAST)) == ["second", "first"]
    assert "Not saved" in repr(board)
    assert path.read_text(encoding="utf-8") == "my notes"
    trials.clear()
    with pytest.raises(ValueError, match="path must be a leaderboard"):
        board.enter("third", FAST)
    assert trials == []


def test_what_another_kernel_has_entered_or_taken_out_meanwhile_counts(path):
    mine, other = Leaderboard(path), Leaderboard(path)
    mine.enter("mine", SLOW)
    assert names(other.enter("other", FAST)) == names(Leaderboard(path)) == ["other", "mine"]
    kept = [entry for entry in json.loads(path.read_bytes()) if entry["name"] == "other"]
    path.write_text(json.dumps(kept), encoding="utf-8")
    assert names(mine.enter("new", DQNConfig())) == ["other", "new"]


ENTER = """
import sys, time
from dqn_lib.config import DQNConfig
from dqn_lib.exercises import leaderboard

def trial(env, config, *, seed, patience):
    time.sleep(0.01)
    return 1_000 + seed

leaderboard.steps_to_solve = trial
board = leaderboard.Leaderboard(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    board.enter(f"{sys.argv[2]} {number}", DQNConfig())
assert "Not saved" not in repr(board), board
"""


def test_three_kernels_at_once_lose_nothing(path):
    kernels = [
        subprocess.Popen(
            [sys.executable, "-c", ENTER, path, name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name in "abc"
    ]  # fmt: skip
    for kernel in kernels:
        assert kernel.stdout.readline() == "ready\n", kernel.stderr.read()
    for kernel in kernels:
        kernel.stdin.write("go\n")
        kernel.stdin.flush()
    for kernel in kernels:
        _, problems = kernel.communicate(timeout=120)
        assert kernel.returncode == 0, problems
    assert sorted(names(Leaderboard(path))) == [f"{name} {n}" for name in "abc" for n in range(10)]
    assert visible(path.parent) == ["board.json"]


def test_a_kernel_that_does_not_let_go_of_the_file_is_not_waited_for_for_ever(path, monkeypatch):
    monkeypatch.setattr(leaderboard, "LOCK_SECONDS", 0.1)
    with FileLock(path.with_name(f".{path.name}.lock")):
        board = Leaderboard(path).enter("mine", FAST)
    assert names(board) == ["mine"]
    assert "another kernel" in repr(board) and not path.exists()
    board.enter("other", SLOW)
    assert names(Leaderboard(path)) == ["mine", "other"]


def test_the_file_lies_beside_the_lesson_even_when_the_kernel_goes_elsewhere_or_where_one_says(
    tmp_path, monkeypatch
):
    for folder in ("lessons", "elsewhere"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "lessons")
    monkeypatch.delenv("DQN_LIB_LEADERBOARD")  # set in conftest.py
    board = Leaderboard()
    monkeypatch.chdir(tmp_path / "elsewhere")
    board.enter("mine", FAST)
    assert (visible(tmp_path / "lessons"), visible(tmp_path / "elsewhere")) == (["leaderboard.json"], [])
    monkeypatch.setenv("DQN_LIB_LEADERBOARD", str(tmp_path / "mine.json"))
    Leaderboard().enter("mine", FAST)
    assert visible(tmp_path) == ["elsewhere", "lessons", "mine.json"]


def test_lessons_run_by_pytest_leave_the_leaderboard_of_this_checkout_alone():
    """What a kernel started here inherits; without it, lesson 6 would write beside itself."""
    assert NOTEBOOKS not in Path(os.environ["DQN_LIB_LEADERBOARD"]).parents


def test_the_table_shows_rank_changes_steps_and_sum_and_a_seed_that_never_gets_there_costs_twice(path):
    board = Leaderboard(path)
    board.entries = [
        Entry("a", {}, [9_047, 10_000, 11_018]),
        Entry("<script>alert(1)</script>", {"loss": "squared"}, [None, None, 12_000]),
    ]
    assert repr(board) == (
        "1 | a | nothing changed | 9,047 | 10,000 | 11,018 | 30,065\n"
        "2 | <script>alert(1)</script> | loss='squared' | never | never | 12,000 | 172,000"
    )
    html = board._repr_html_()
    assert "<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>" in html and "<script" not in html
    assert "<td>loss=&#x27;squared&#x27;</td>" in html and "<td>never</td>" in html
    assert all(f"<th>seed {seed}</th>" in html for seed in SEEDS)


@pytest.mark.parametrize("name", ["", "   ", None, 3])
def test_a_name_must_be_a_text_with_something_in_it(name, path, trials):
    with pytest.raises(ValueError, match="name must be a text with something in it, got"):
        Leaderboard(path).enter(name, DQNConfig())
    assert trials == []


@pytest.mark.parametrize("config", [None, {}, DQNConfig, 0.9, TutorialConfig()])
def test_a_config_must_be_a_config(config, path, trials):
    with pytest.raises(TypeError, match="entrant must be a DQNConfig or the class of an agent, got"):
        Leaderboard(path).enter("mine", config)
    assert trials == []
    assert not path.exists()


def test_an_agent_of_one_s_own_climbs_with_the_same_seeds(path, monkeypatch):
    from dqn_lib.exercises import climb
    from dqn_lib.exercises.reference_agent import Agent, MyAgent
    from dqn_lib.training import Check, TrainingLog

    asked = []

    class Fake(climb.Climb):
        def __init__(self, agent, steps, seed, *, until_solved):
            asked.append((agent, steps, seed, until_solved))
            solved = Check(5_000 + seed, np.full(3, -100.0), None, "MountainCar-v0")
            super().__init__(None, log=TrainingLog(checks=[solved] if seed < 3 else []))
            self.notes = ["It was slow."] if seed == 3 else []

    with monkeypatch.context() as patched:
        patched.setattr(climb, "climb", Fake)
        board = Leaderboard(path).enter("my own", MyAgent)
    assert asked == [(MyAgent, PATIENCE, seed, True) for seed in SEEDS]
    assert board.entries == [Entry("my own", {"agent": "MyAgent"}, [5_001, 5_002, None])]
    assert "Seed 3: It was slow." in repr(board) and "agent='MyAgent'" in repr(board)
    assert Leaderboard(path).entries == board.entries
    with pytest.raises(ValueError, match="entrant must have all six parts, Agent lacks Memory, "):
        board.enter("blank", Agent)


@pytest.mark.slow
def test_a_real_climb_is_entered(path, monkeypatch):
    from dqn_lib.exercises.reference_agent import MyAgent

    class Raising(MyAgent):
        def epsilon(self):
            if self.steps > 300:
                raise ValueError("no more")
            return 1.0

    monkeypatch.setattr(leaderboard, "PATIENCE", 600)
    board = Leaderboard(path).enter("mine", MyAgent).enter("raising", Raising)
    assert [entry.steps for entry in board.entries] == [[None] * 3] * 2
    assert repr(board).count("it raised ValueError: no more") == 3
