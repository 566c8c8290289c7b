"""A file that is not a whole run is refused in words; nothing in it is executed, nothing altered passes."""

import io
import json
import pickle
import random
import zipfile
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.checkpoint import CheckpointError, load, save
from dqn_lib.config import DQNConfig
from dqn_lib.training import Change, TrainingLog, train

pytestmark = pytest.mark.slow

CONFIG = DQNConfig(hidden=(5, 4), memory_size=600, learning_starts=32, batch_size=8, learn_every=4, updates=2)
KERNEL, STATES, RUN = "agent/parameters.npy", "agent/memory/states.npy", "run.npy"


@pytest.fixture(scope="module")
def env():
    return mountain_car.make(max_episode_steps=40)


@pytest.fixture(scope="module")
def whole(env, tmp_path_factory):
    """The bytes of a good checkpoint."""
    agent, log = DQNAgent(env, CONFIG, seed=7, xla=False), TrainingLog()
    list(log.record(train(env, agent, episodes=3), agent, env, every=50))
    log.changes += [Change(40, {"gamma": 0.5}), Change(80, {"epsilon": None})]
    save(path := tmp_path_factory.mktemp("whole") / "run.npz", agent, log)
    return path.read_bytes()


@pytest.fixture
def refused(env, tmp_path):
    """Assert that these bytes are refused, in words that match."""

    def check(data, words):
        (tmp_path / "bad.npz").write_bytes(data)
        with pytest.raises(CheckpointError, match=rf"(?s)^bad\.npz: .*{words}"):
            load(tmp_path / "bad.npz", env)

    return check


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def entries(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def packed(items, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in items:
            archive.writestr(name, data)
    return file.getvalue()


def with_entry(data, name, content, method=zipfile.ZIP_STORED):
    return packed([(n, content if n == name else old) for n, old in entries(data)], method)


def with_text(data, text):
    return with_entry(data, RUN, npy(np.frombuffer(text.encode(), np.uint8)))


def with_run(data, *keys, value):
    """The checkpoint with one value in its JSON replaced."""
    run = json.loads(np.load(io.BytesIO(dict(entries(data))[RUN])).tobytes())
    place = run
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return with_text(data, json.dumps(run))


def test_the_helpers_of_these_tests_keep_a_valid_file_valid(whole, env, tmp_path):
    (tmp_path / "good.npz").write_bytes(with_run(whole, "agent", "steps", value=121))
    assert load(tmp_path / "good.npz", env)[0].steps == 121


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"a letter, not a run\n" * 100, npy(np.zeros(9))], ids=["empty", "PK", "text", "npy"]
)
def test_a_file_that_is_not_an_archive_is_refused(refused, data):
    refused(data, "not a complete checkpoint")


def test_a_truncated_file_is_refused_wherever_it_was_cut(refused, whole):
    for length in [*range(0, len(whole), 1997), *range(len(whole) - 30, len(whole))]:
        refused(whole[:length], "")


class Bomb:
    """What a malicious pickle does: unpickling it makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.mkdir, (self.path,)


@pytest.mark.parametrize("name", [RUN, KERNEL, STATES])
def test_a_pickle_in_the_file_is_refused_and_never_executed(refused, whole, tmp_path, name):
    bomb = Bomb(tmp_path / "executed")
    in_array = npy(np.array([bomb], dtype=object), allow_pickle=True)
    refused(with_entry(whole, name, in_array), f"{name[:-4]} must .*")
    refused(with_entry(whole, name, pickle.dumps(bomb)), "")
    assert not (tmp_path / "executed").exists()
    np.load(io.BytesIO(in_array), allow_pickle=True)
    assert (tmp_path / "executed").exists()  # the bomb was live


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((4, 53), np.float32), r"must have the shape \(4, 54\), got \(4, 53\)"),
        (np.zeros(216, np.float32), r"must have the shape \(4, 54\), got \(216,\)"),
        (np.zeros((4, 54), np.float32, order="F"), r"must have the shape \(4, 54\)"),
        (np.zeros((4, 54), np.float64), "must have the type float32, got float64"),
        (np.zeros((4, 54), ">f4"), "must have the type float32, got >f4"),
        (np.full((4, 54), np.nan, np.float32), "must be finite, got NaN or infinity"),
        (np.zeros((3000, 5), np.float32), "must be at most 864 bytes, got 60128"),
    ],
    ids=["small", "flat", "fortran", "double", "big-endian", "nan", "large"],
)
def test_an_array_that_does_not_fit_is_refused_by_name(refused, whole, array, words):
    refused(with_entry(whole, KERNEL, npy(array)), f"agent/parameters {words}")


def test_the_arrays_of_a_check_are_validated_too(refused, whole):
    refused(with_entry(whole, "checks/1/returns.npy", npy(np.array([np.nan]))), "returns must be finite")
    refused(with_entry(whole, "checks/1/q.npy", npy(np.zeros(3, np.float32))), "q must have the shape")


def test_entries_that_are_missing_extra_or_double_are_refused(refused, whole):
    good = entries(whole)
    refused(packed([item for item in good if item[0] != KERNEL]), "the entry agent/parameters is missing")
    refused(packed([item for item in good if item[0] != RUN]), "the entry run is missing")
    refused(packed([*good, ("more.npy", npy(np.zeros(1)))]), "unknown entries: more.npy")
    with pytest.warns(UserWarning, match="Duplicate name"):
        double = packed([*good, (KERNEL, npy(np.ones((4, 54), np.float32)))])
    refused(double, "an entry appears twice")


def test_a_zip_bomb_is_refused_before_it_is_read(refused, whole):
    bomb = npy(np.zeros(100 * 2**20, np.uint8))
    words = {KERNEL: "must not be compressed", RUN: "run must be at most [0-9]+ bytes, got 104857728"}
    for name, expected in words.items():
        data = with_entry(whole, name, bomb, zipfile.ZIP_DEFLATED)
        assert len(data) < 500_000
        refused(data, expected)


def test_a_size_that_is_only_claimed_is_refused(refused, whole):
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        size = archive.getinfo(KERNEL).file_size.to_bytes(4, "little")
    at = whole.rindex(KERNEL.encode()) - 46 + 24  # in the directory: the size when unpacked
    assert whole[at : at + 4] == size
    refused(whole[:at] + b"\xff\xff\xff\x7f" + whole[at + 4 :], "must be at most 864 bytes, got 2147483647")


ADVICE = r"got 'dqn_lib run 1'; load it with the version of dqn_lib that saved it$"


@pytest.mark.parametrize(
    ("keys", "value", "words"),
    [
        (("format",), "another", "format must be 'dqn_lib run 3', got 'another'$"),
        (("format",), "dqn_lib run 1", f"format must be 'dqn_lib run 3', {ADVICE}"),
        (("class",), "os:system", "its agent is of the class 'os:system', which does not exist here"),
        (("class",), ["dqn_lib.agents.dqn:DQNAgent"], "not those of a run"),
        (("config", "gamma"), float("nan"), r"gamma must lie in \[0, 1\], got nan"),
        (("config", "gamma"), 10**400, r"gamma must lie in \[0, 1\]"),
        (("config", "memory_size"), 10**30, "memory_size must lie in"),
        (("config", "hidden"), [5, 4, 3], r"agent/parameters must have the shape \(4, 66\), got \(4, 54\)"),
        (("config", "colour"), "red", "colour is not a setting"),
        (("config",), {"hidden": [4]}, "config must have the settings .*n_step"),
        (("seed",), -1, "seed must be at least 0, got -1"),
        (("spaces",), {}, "saved in an environment with"),
        (("agent",), 3, "agent must have the entries"),
        (("agent", "steps"), -1, r"steps must lie in \[0, \d+\], got -1"),
        (("agent", "updates"), None, "updates must be an integer, got None"),
        (("agent", "loss"), {"a": 1}, "loss must be a number"),
        (("agent", "parameters"), [], r"agent/parameters must be None, with an array in another entry"),
        (("agent", "memory", "added"), 10**30, "added must lie in"),
        (("agent", "memory", "rng", "state", "state"), 2**128, "not those of a run"),
        (("agent", "memory", "rng", "bit_generator"), "MT19937", "must be for a PCG64"),
        (("agent", "exploration"), {}, "agent/exploration must have the entries"),
        (("agent", "exploration", "repeated_action"), 99, "repeated_action must lie in"),
        (("episodes",), 5, "not those of a run"),
        (("episodes", 0, "step"), "one", "an episode's step must be an integer"),
        (("checks",), [], "unknown entries: checks/0"),
        (("checks",), [{"step": 0, "environment": ""}] * 9, "the entry checks/3/returns is missing"),
        (("checks", 0, "environment"), 5, "a check's environment must be a string, got 5"),
        (("checks", 0, "step"), "one", "a check's step must be an integer"),
        (("changes",), None, "not those of a run"),
        (("changes", 1), {"step": 1, "settings": {}, "by": "hand"}, "not those of a run"),
        (("changes", 1, "step"), -1, r"a change's step must lie in \[0, \d+\], got -1"),
        (("changes", 1, "settings"), [["gamma", 0.5]], "not those of a run"),
        (("changes", 1, "settings"), {"gamma": 1.5}, r"gamma must lie in \[0, 1\], got 1.5"),
        (("changes", 1, "settings"), {"batch_size": 8}, "batch_size cannot change during a run"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_invalid_value_is_refused_with_a_reason(refused, whole, keys, value, words):
    refused(with_run(whole, *keys, value=value), words)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "[" * 10**5, "9" * 5_000], ids=["nothing", "list", "null", "deep", "digits"]
)
def test_invalid_json_is_refused(refused, whole, text):
    refused(with_text(whole, text), "")
    refused(with_entry(whole, RUN, npy(np.frombuffer(b"\xff\xfe\x00", np.uint8))), "not those of a run")


def test_a_run_from_another_environment_is_refused(refused, tmp_path):
    save(tmp_path / "run.npz", DQNAgent(gym.make("CartPole-v1"), CONFIG, xla=False))
    refused((tmp_path / "run.npz").read_bytes(), r"environment with .* this one has .*-1\.2")


# --- flipped bytes ----------------------------------------------------------------------------------


def written_out(tree):
    """Every number of a nested state, in a form that is equal only if everything is."""
    if isinstance(tree, dict):
        return [(key, written_out(value)) for key, value in tree.items()]
    if isinstance(tree, np.ndarray):
        return tree.dtype, tree.shape, tree.tobytes()
    return repr(tree)


@pytest.fixture
def load_contents(env, tmp_path):
    """Everything in a checkpoint, loaded from its bytes."""

    def contents(data):
        (tmp_path / "flipped.npz").write_bytes(data)
        found, log = load(tmp_path / "flipped.npz", env)
        checks = [(c.step, written_out(c.returns), written_out(c.q.to_flat())) for c in log.checks]
        state = written_out(found.get_state())
        return type(found), repr(found.config), found.seed, state, log.episodes, checks, log.changes

    return contents


def places(data, where):
    """Positions in the file: its directory, the headers in front of the entries, or the numbers."""
    directory = data.index(b"PK\x01\x02")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        starts = [entry.header_offset for entry in archive.infolist()]
        first = [archive.getinfo(name).header_offset for name in (KERNEL, STATES, RUN)]
    if where == "directory":
        end = len(data) - 22
        return [*range(directory, directory + 66), *range(directory, end, 17), *range(end, len(data))]
    if where == "headers":
        return [start + offset for start in first for offset in range(0, 200, 5)]
    return sorted(random.Random(0).sample(range(starts[0], directory), 150))


@pytest.mark.parametrize(("where", "flips"), [("directory", 4), ("headers", 4), ("numbers", 1)])
def test_a_flipped_byte_is_refused_or_changes_nothing(load_contents, whole, where, flips):
    expected, refusals = load_contents(whole), 0
    for place in places(whole, where):
        for flip in (0xFF, 0x01, 0x0C, 0x0E)[:flips]:
            flipped = bytearray(whole)
            flipped[place] ^= flip
            try:
                found = load_contents(bytes(flipped))
            except CheckpointError:
                refusals += 1
            else:
                assert found == expected, (place, flip)
    assert refusals > 100
