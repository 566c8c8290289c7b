"""The leaderboard: sorted, kept in a file, and never half written."""

import json
import re

import pytest

from dqn_lib.config import DQNConfig
from dqn_lib.exercises import leaderboard
from dqn_lib.exercises.leaderboard import PATIENCE, SEEDS, Entry, Leaderboard

SLOW, FAST = DQNConfig(learning_rate=5e-4), DQNConfig(learning_rate=2e-3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "board.json"


@pytest.fixture
def trials(monkeypatch):
    """Every trial that was made; the steps it took follow from the learning rate and the seed."""

    class Trials(list):
        def __call__(self, env, config, *, seed, patience):
            self.append((config, seed, patience))
            return round(10 / config.learning_rate) + seed

    trials = Trials()
    monkeypatch.setattr(leaderboard, "steps_to_solve", trials)
    return trials


def names(board):
    return [entry.name for entry in board.entries]


def test_an_entry_is_trained_with_each_seed_and_adds_up(path, trials):
    board = Leaderboard(path).enter("base", DQNConfig())
    assert trials == [(DQNConfig(), seed, PATIENCE) for seed in SEEDS]
    assert board.entries == [Entry("base", {}, [10_001, 10_002, 10_003])]
    assert board.entries[0].total == 30_006


def test_a_seed_that_never_gets_there_costs_twice_the_patience():
    assert Entry("lost", {}, [9_000, None, 10_000]).total == 19_000 + 2 * PATIENCE


def test_the_fewest_steps_come_first(path, trials):
    board = Leaderboard(path)
    for name, config in (("middle", DQNConfig()), ("slow", SLOW), ("fast", FAST)):
        assert board.enter(name, config) is board
    assert names(board) == ["fast", "middle", "slow"]


def test_the_same_name_replaces_its_entry(path, trials):
    board = Leaderboard(path).enter("mine", SLOW).enter("other", DQNConfig()).enter("mine", FAST)
    assert names(board) == ["mine", "other"]
    assert board.entries[0].changed == {"learning_rate": 2e-3}


def test_the_file_is_read_again(path, trials):
    board = Leaderboard(path).enter("a", SLOW).enter("b", FAST)
    again = Leaderboard(str(path))
    assert again.entries == board.entries
    assert repr(again) == repr(board)
    assert names(again.enter("c", DQNConfig())) == ["b", "c", "a"]
    assert names(Leaderboard(path)) == ["b", "c", "a"]


def test_nothing_is_left_beside_the_file(path, trials):
    Leaderboard(path).enter("a", SLOW).enter("b", FAST)
    assert [file.name for file in path.parent.iterdir()] == ["board.json"]


def test_a_new_board_writes_nothing(path):
    board = Leaderboard(path)
    assert board.entries == []
    assert repr(board) == "no entries yet"
    assert "<th>name</th>" in board._repr_html_()
    assert not path.exists()


def test_a_setting_looks_the_same_when_it_is_read_again(path, trials):
    board = Leaderboard(path).enter("wide", DQNConfig(hidden=(128, 128)))
    assert "hidden=(128, 128)" in repr(board)
    assert repr(Leaderboard(path)) == repr(board)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "not json",
        "3",
        "null",
        '{"a": 1}',
        "[1]",
        "[null]",
        '["text"]',
        '[{"name": "a"}]',
        '[{"name": "a", "changed": {}, "steps": [1, 2, 3], "more": 0}]',
    ]
    + [
        json.dumps([{"name": "a", "changed": {}, "steps": [1, 2, 3]} | {key: value}])
        for key, value in (("steps", 3), ("steps", ["x"]), ("changed", []), ("name", 7))
    ],
)
def test_a_broken_file_is_refused_with_one_clear_error_and_kept(content, path):
    path.write_text(content)
    with pytest.raises(
        ValueError, match=re.escape(f"path must be a leaderboard written by this class, got {path}")
    ):
        Leaderboard(path)
    assert path.read_text() == content


def test_a_file_that_is_no_text_is_refused_with_the_same_error(path):
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ValueError, match="Rename it to keep it, and a new one will be begun"):
        Leaderboard(path)
    assert path.read_bytes() == b"\xff\xfe\x00\x81"


@pytest.mark.parametrize("name", ["first", "second"])
def test_an_interruption_while_training_leaves_file_and_entries_as_they_were(name, path, trials, monkeypatch):
    board = Leaderboard(path).enter("first", SLOW)
    entries, content = list(board.entries), path.read_bytes()

    def interrupted(env, config, *, seed, patience):
        if seed == SEEDS[-1]:
            raise KeyboardInterrupt
        return 1

    monkeypatch.setattr(leaderboard, "steps_to_solve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        board.enter(name, FAST)
    assert board.entries == entries
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == ["board.json"]


@pytest.mark.parametrize("failing", ["write_text", "replace"])
def test_a_failure_while_writing_leaves_the_old_file(failing, path, trials, monkeypatch):
    board = Leaderboard(path).enter("first", SLOW)
    content = path.read_bytes()

    def full(*arguments, **options):
        raise OSError("disk full")

    monkeypatch.setattr(
        *((leaderboard.os, "replace") if failing == "replace" else (type(path), "write_text")), full
    )
    with pytest.raises(OSError, match="disk full"):
        board.enter("second", FAST)
    assert path.read_bytes() == content
    assert names(Leaderboard(path)) == ["first"]


def test_a_name_is_text_in_the_table_and_never_markup(path, trials):
    board = Leaderboard(path).enter("<script>alert(1)</script>", DQNConfig(loss="squared"))
    html = board._repr_html_()
    assert "<script" not in html
    assert "<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>" in html
    assert "<td>loss=&#x27;squared&#x27;</td>" in html


def test_the_table_shows_rank_changes_steps_and_sum(path):
    board = Leaderboard(path)
    board.entries = [Entry("a", {}, [9_047, 10_000, 11_018]), Entry("b", {"hold": 1}, [None, None, 12_000])]
    assert repr(board) == (
        "1 | a | nothing changed | 9,047 | 10,000 | 11,018 | 30,065\n"
        "2 | b | hold=1 | never | never | 12,000 | 172,000"
    )
    assert "<td>never</td>" in board._repr_html_()
    assert all(f"<th>seed {seed}</th>" in board._repr_html_() for seed in SEEDS)


@pytest.mark.parametrize("name", ["", "   ", None, 3, DQNConfig()])
def test_a_name_must_be_a_text_with_something_in_it(name, path, trials):
    with pytest.raises(ValueError, match="name must be a text with something in it, got"):
        Leaderboard(path).enter(name, DQNConfig())
    assert trials == []
    assert not path.exists()


@pytest.mark.parametrize("config", [None, ..., {}, DQNConfig, "DQNConfig()", 0.9])
def test_a_config_must_be_a_config(config, path, trials):
    with pytest.raises(TypeError, match="config must be a DQNConfig, got"):
        Leaderboard(path).enter("mine", config)
    assert trials == []
    assert not path.exists()
