"""A file is written completely or not at all."""

import os

import pytest

from dqn_lib import files


def test_a_new_file_has_the_contents_and_an_old_one_is_replaced(tmp_path):
    for contents in (b"one", b"two"):
        with files.replacing(tmp_path / "file") as file:
            file.write(contents)
        assert (tmp_path / "file").read_bytes() == contents
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def full(*arguments):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("name", [None, "fsync", "replace"])
def test_after_an_error_the_old_file_is_unchanged_and_alone(tmp_path, monkeypatch, name):
    (tmp_path / "file").write_bytes(b"old")
    if name:
        monkeypatch.setattr(os, name, full)
    with pytest.raises(OSError, match="No space left"), files.replacing(tmp_path / "file") as file:
        file.write(b"new")
        if not name:
            full()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"old"}


def test_the_file_is_flushed_to_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(os, "fsync", lambda _: calls.append("flushed"))
    monkeypatch.setattr(os, "replace", lambda *_: calls.append("replaced"))
    with files.replacing(tmp_path / "file") as file:
        file.write(b"new")
    assert calls == ["flushed", "replaced"]


def test_append_adds_to_the_end_or_leaves_the_file_as_long_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "file"
    files.append(path, b"one")
    files.append(path, b"two")
    assert path.read_bytes() == b"onetwo"
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.append(path, b"three")
    assert path.read_bytes() == b"onetwo"
