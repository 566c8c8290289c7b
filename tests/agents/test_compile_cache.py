"""The compiled programs on disk: the same bits with and without, and whatever is wrong there does no harm."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from dqn_lib.agents import backend, compile_cache
from dqn_lib.agents.backend import compiled

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("compile cache")]  # its fixture is made once

AGENTS = """
import hashlib, os, sys
import numpy as np
FIRST
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.training import train

def learnt(width):
    config = DQNConfig(hidden=(width,), batch_size=4, updates=4, learning_starts=8, memory_size=99)
    config = config.replace(learn_every=4)
    agent = DQNAgent(mountain_car.make(), config, seed=1)
    for _ in train(mountain_car.make(), agent, steps=400):
        pass
    assert agent.updates == 396
    return hashlib.sha256(agent.parameters.tobytes()).hexdigest()

if __name__ == "__main__":
    print(*[learnt(int(width)) for width in sys.argv[1:]])
"""
WIDTHS = ("4", "5")
TRACED_BEFORE = """
from dqn_lib.agents.backend import tf
for number in range(1, 4):  # more often, and TensorFlow would warn of it
    tf.function(lambda x: tf.while_loop(lambda y: y < 3, lambda y: (y + number,), (x,)), autograph=False)(1.0)
"""


class Machine:
    """A home of its own, with a cache and a temporary folder, and processes that learn in it."""

    def __init__(self, folder):
        self.cache, self.tmp = folder / "cache", folder / "tmp ü 'n' so"
        self.tmp.mkdir()
        (folder / "home").mkdir()
        ours = (compile_cache.SWITCH, "TMP", "TEMP", "XLA_FLAGS")
        clean = {k: v for k, v in os.environ.items() if k[:3] != "TF_" and k not in ours}
        places = {"XDG_CACHE_HOME": self.cache, "HOME": folder / "home", "TMPDIR": self.tmp}
        self.environment = clean | {name: str(path) for name, path in places.items()}

    def start(self, *widths, first="", **environment):
        return subprocess.Popen(
            [sys.executable, "-c", AGENTS.replace("FIRST", first), *widths],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment | environment,
        )

    def end(self, process):
        """What it has learnt, one digest for each width; it has said nothing else and left nothing behind."""
        out, err = process.communicate(timeout=400)
        assert (process.returncode, err) == (0, "")
        assert not list(self.tmp.iterdir())
        return out.split()

    def learnt(self, *widths, **options):
        return self.end(self.start(*widths, **options))

    def programs(self):
        """Every file in the cache: its path, its name for TensorFlow, and which file it is."""
        files = [path for path in self.cache.glob("dqn_lib/**/*") if path.is_file()]
        return {path: (path.name.partition("-")[2], path.stat().st_ino) for path in files}


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """A machine on which every program has been compiled once, and what was learnt then."""
    machine = Machine(tmp_path_factory.mktemp("warm"))
    return machine, machine.learnt(*WIDTHS)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def assert_whole(programs, count):
    assert len(programs) == count
    for path in programs:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name.partition("-")[0]


def test_each_program_is_cached_once_and_the_next_process_reads_it_whatever_it_has_traced(warm):
    machine, digests = warm
    before = machine.programs()
    assert_whole(before, len(WIDTHS))
    assert len(set(digests)) == len(WIDTHS)
    assert machine.learnt(*WIDTHS, first=TRACED_BEFORE) == digests
    assert machine.programs() == before


def test_a_disabled_cache_has_no_files_and_the_results_are_identical(warm, machine):
    assert machine.learnt("4", **{compile_cache.SWITCH: "off"}) == warm[1][:1]
    assert not machine.programs()


@pytest.mark.weekly
def test_two_processes_that_write_at_once_do_not_disturb_each_other(warm, machine):
    both = [machine.start("4"), machine.start("4")]
    outputs = [process.communicate(timeout=400) for process in both]
    assert outputs == [(f"{warm[1][0]}\n", "")] * 2
    assert not list(machine.tmp.iterdir())
    programs = machine.programs()
    assert {name for name, _ in programs.values()} <= {name for name, _ in warm[0].programs().values()}
    assert_whole(programs, len(programs))
    assert 1 <= len(programs) <= 2  # both may have been the first
    assert machine.learnt("4") == warm[1][:1]
    assert machine.programs() == programs


# --- within this process ------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache for this process."""
    if compile_cache._own is None:
        pytest.skip("this process has no cache: it is disabled")
    monkeypatch.setattr(compile_cache, "folder", lambda version: tmp_path / "cache" / f"tensorflow-{version}")
    return tmp_path / "cache"


def doubled(name="doubled", factor=2.0):
    """A program that doubles is compiled, and does."""
    function = compiled(lambda x: x * factor + 1, [np.zeros(3, np.float32)], name, True)
    np.testing.assert_array_equal(function(np.ones(3, np.float32))[0], np.full(3, factor + 1))


def files(folder):
    return [path for path in folder.glob("**/*") if path.is_file()]


def name_of(path):
    """How TensorFlow calls a file; what stands before it is the digest, which differs each time."""
    return path.name.partition("-")[2]


def damaged(contents, kind):
    flipped = bytearray(contents)
    flipped[len(contents) // 2] ^= 1
    kinds = {"truncated": contents[:-1000], "flipped": flipped, "empty": b"", "nonsense": b"nonsense" * 100}
    return bytes(kinds[kind])


@pytest.mark.parametrize("kind", ["truncated", "flipped", "empty", "nonsense", "another program"])
def test_a_damaged_program_is_compiled_again_and_replaced_without_a_word(cache, capfd, kind):
    doubled("two", 2.0)
    (path,) = files(cache)
    if kind == "another program":
        doubled("three", 3.0)
        (other,) = set(files(cache)) - {path}
        contents = other.read_bytes()
    else:
        contents = damaged(path.read_bytes(), kind)
    bad = path
    if kind in ("nonsense", "another program"):  # with the right digest
        bad = path.with_name(f"{hashlib.sha256(contents).hexdigest()}-{name_of(path)}")
        path.unlink()
    bad.write_bytes(contents)
    doubled("two", 2.0)
    (after,) = files(path.parent)
    assert name_of(after) == name_of(path)
    assert after.read_bytes() != contents
    assert_whole([after], 1)
    assert capfd.readouterr() == ("", "")


def test_a_deleted_folder_is_created_again(cache):
    doubled()
    shutil.rmtree(cache)
    shutil.rmtree(compile_cache._own.name)
    doubled()
    assert len(files(cache)) == 1


def test_two_programs_of_one_name_are_told_apart(cache):
    for factor in (2.0, 3.0, 2.0, 3.0):
        doubled("one name", factor)
    assert len(files(cache)) == 2


@pytest.mark.parametrize(("owner", "name"), [(os, "replace"), (Path, "mkdir"), (os, "fsync")], ids=str)
def test_a_full_disk_leaves_no_partial_files_and_no_message(cache, monkeypatch, capfd, owner, name):
    real = getattr(owner, name)

    def full(*arguments, **options):
        if name == "fsync" or any(str(argument).startswith(str(cache)) for argument in arguments):
            raise OSError(28, "No space left on device")
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, full)
        doubled()
    assert not files(cache)
    assert capfd.readouterr() == ("", "")
    doubled()
    assert len(files(cache)) == 1


def test_a_partial_file_of_a_killed_process_is_deleted(cache):
    doubled()
    (kept,) = files(cache)
    kept.with_name(f".{kept.name}.1.part").write_bytes(b"half of it")
    doubled()
    assert files(cache) == [kept]


def test_the_oldest_programs_are_deleted_first(cache, monkeypatch):
    monkeypatch.setattr(compile_cache, "MAX_PROGRAMS", 2)
    for number in range(4):
        doubled(f"number {number}")
        for folder in (cache / f"tensorflow-{backend.tf.__version__}").iterdir():
            os.utime(folder, ns=(time := folder.stat().st_mtime_ns - 10**9, time))
    names = {hashlib.sha256(f"number {number}".encode()).hexdigest()[:16] for number in (2, 3)}
    assert {path.parent.name for path in files(cache)} == names


def test_an_error_while_compiling_deletes_the_cached_program(cache):
    doubled()
    version = backend.tf.__version__
    with contextlib.suppress(KeyError), compile_cache.cached_program("doubled", version) as found:
        assert found
        raise KeyError
    assert not files(cache)


def test_no_temporary_folder_no_cache(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    monkeypatch.delenv(compile_cache.FLAGS, raising=False)
    assert compile_cache.temporary_folder() is None
    with compile_cache.enabled_during_import():
        assert compile_cache.FLAGS not in os.environ


def test_another_version_processor_or_setting_of_xla_has_a_folder_of_its_own(monkeypatch):
    folders = {compile_cache.folder("1.0"), compile_cache.folder("1.1")}
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    folders.add(compile_cache.folder("1.0"))
    monkeypatch.setattr(compile_cache, "processor_features", lambda: "flags: none")
    folders.add(compile_cache.folder("1.0"))
    assert len(folders) == 4
