"""The replay memory against hand-worked windows and against a slow memory that is obviously right."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqn_lib.replay import ReplayMemory

OPEN, TERMINATED, TRUNCATED, BROKEN_OFF = range(4)


def transition(number):
    """Transition `number`: its state is `number`, its next state number + 0.5, its reward -number."""
    return np.full(2, number), number % 3, -float(number), np.full(2, number + 0.5)


def remember(capacity, *episodes, seed=0):
    """A memory of episodes `(length, ending)`; transitions are numbered from 1."""
    memory, number = ReplayMemory(capacity, 2, np.random.default_rng(seed)), 0
    for length, ending in episodes:
        for left in reversed(range(length)):
            number += 1
            now = OPEN if left else ending
            memory.add(*transition(number), terminated=now == TERMINATED, truncated=now == TRUNCATED)
        if ending == BROKEN_OFF:
            memory.end_episode()
    return memory


def window(memory, first, n_step, gamma):
    """The window that starts at ring position `first`, as plain numbers; states by their number."""
    batch = memory.windows(np.array(first), n_step, gamma)
    return (
        float(batch.states[0]),
        int(batch.actions),
        pytest.approx(float(batch.reward_sums), rel=1e-5),
        float(batch.next_states[0]),
        int(batch.terminated),
        pytest.approx(float(batch.discounts), rel=1e-5),
    )


def test_a_window_by_hand_for_any_gamma_and_n():
    memory = remember(10, (5, OPEN))
    # transitions 1, 2, 3: -1 - 0.5 * 2 - 0.25 * 3 = -2.75; what follows is worth 0.5^3
    assert window(memory, 0, 3, 0.5) == (1, 1, -2.75, 3.5, 0, 0.125)
    assert window(memory, 2, 1, 0.9) == (3, 0, -3, 3.5, 0, 0.9)
    assert window(memory, 0, 3, 0.0) == (1, 1, -1, 3.5, 0, 0)


def test_a_full_memory_keeps_the_newest_and_windows_wrap_around_it():
    # 7 transitions in 5 places: 6 and 7 took the places of 1 and 2
    memory = remember(5, (7, OPEN))
    assert len(memory) == 5
    assert memory.states[:, 0].tolist() == [6, 7, 3, 4, 5]
    # 5, 6, 7 and no further: -5 - 0.5 * 6 - 0.25 * 7 = -9.75
    assert window(memory, 4, 9, 0.5) == (5, 2, -9.75, 7.5, 0, 0.125)


def slow_windows(capacity, episodes, n_step, gamma):
    """What every ring position should give, in plain Python over a list that never forgets."""
    ends = [ending if left == 0 else OPEN for length, ending in episodes for left in reversed(range(length))]
    expected = {}
    for first in range(max(0, len(ends) - capacity), len(ends)):
        total, last = 0.0, first
        for power in range(n_step):
            last = first + power
            total += gamma**power * -(last + 1)
            if ends[last] != OPEN or last == len(ends) - 1:
                break
        state, next_state, discount = first + 1, last + 1.5, gamma ** (last - first + 1)
        expected[first % capacity] = state, state % 3, total, next_state, ends[last] == TERMINATED, discount
    return np.array([expected[place] for place in range(len(expected))])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    capacity=st.integers(1, 12),
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    endings=st.lists(st.sampled_from([TERMINATED, TRUNCATED, BROKEN_OFF]), min_size=6, max_size=6),
    left_open=st.integers(0, 6),
    n_step=st.integers(1, 15),
    gamma=st.sampled_from([0.0, 0.5, 0.99, 1.0]),
)
def test_every_window_is_the_slow_memorys(capacity, lengths, endings, left_open, n_step, gamma):
    episodes = [*zip(lengths, endings, strict=False), (left_open, OPEN)]
    memory = remember(capacity, *episodes)
    batch = memory.windows(np.arange(len(memory)), n_step, gamma)
    ours = np.stack([column if column.ndim == 1 else column[:, 0] for column in batch], axis=-1)
    np.testing.assert_allclose(ours, slow_windows(capacity, episodes, n_step, gamma), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("added", [13, 4])
def test_every_transition_is_sampled_equally_often_the_first_and_the_last_too(added):
    memory = remember(10, (added, OPEN))
    states = memory.sample(100_000, 3, 0.9).states[:, 0].astype(int)
    kept = range(max(added - 10, 0) + 1, added + 1)
    counts = np.bincount(states, minlength=added + 1)[list(kept)]
    assert counts.sum() == 100_000
    expected = 100_000 / len(kept)
    assert ((counts - expected) ** 2 / expected).sum() < 40  # chi-square, 9 degrees of freedom: p < 1e-5


def test_a_sample_is_windows_at_places_drawn_with_the_memorys_own_generator():
    memory, twin = remember(10, (4, TERMINATED), (5, OPEN), seed=3), np.random.default_rng(3)
    batch = memory.sample((6, 7), 3, 0.5)
    for ours, theirs in zip(batch, memory.windows(twin.integers(9, size=(6, 7)), 3, 0.5), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("shape", [1, 5, (4,), (4, 5)])
def test_a_batch_has_the_requested_shape_and_float32(shape):
    batch = remember(10, (5, OPEN)).sample(shape, 3, 0.9)
    leading = shape if isinstance(shape, tuple) else (shape,)
    assert [part.shape for part in batch] == [(*leading, *each) for each in ((2,), (), (), (2,), (), ())]
    assert [part.dtype for part in batch] == [np.float32, np.int32] + [np.float32] * 4


def test_sampling_an_empty_memory_raises():
    memory = remember(10)
    memory.end_episode()  # nothing to close: no error
    with pytest.raises(ValueError, match="at least one transition in the memory, got 0"):
        memory.sample(5, 1, 0.9)


@pytest.mark.parametrize("capacity", [0, -1, 10.0, None, True])
def test_a_bad_capacity_is_named(capacity):
    with pytest.raises((TypeError, ValueError), match=f"capacity must be .*{capacity!r}"):
        ReplayMemory(capacity, 2, np.random.default_rng(0))


@pytest.mark.parametrize("added", [3, 8])
def test_a_restored_memory_continues_identically(added):
    one, twin, other = (remember(5, (added, OPEN), seed=seed) for seed in (1, 1, 2))
    state, batches = one.get_state(), []
    for number in (50, 51, 52):  # the state must not follow what happens now
        one.add(*transition(number), terminated=True, truncated=False)
    one.set_state(state)
    other.set_state(state | {"rng": json.loads(json.dumps(state["rng"]))})
    for memory in (twin, one, other):
        memory.add(*transition(99), terminated=False, truncated=True)
        batches.append(memory.sample((4, 50), 3, 0.9))
    for expected, *others in zip(*batches, strict=True):
        np.testing.assert_array_equal([expected, expected], others)


GOOD = {"state": [0.1, 0.2], "action": 1, "reward": -1.0, "next_state": [0.1, 0.3]}
NO_STATES = ([np.nan, 0.0], [0.0, np.inf], [-1e300, 0.0], [0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, kind(state)) for name in ("state", "next_state") for state in NO_STATES
          for kind in (list, np.float64)),
        *(("reward", value) for value in (np.nan, -np.inf, 1e35, "none")),
        *(("action", value) for value in (np.nan, 1.5, -1, None)),
    ],
    ids=repr,
)  # fmt: skip
def test_a_memory_refuses_what_is_no_transition_without_a_warning_and_is_unchanged(name, value):
    memory = remember(4, (6, OPEN))
    before = memory.get_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((ValueError, TypeError), match=rf"^{name} must .*got |could not convert"):
            memory.add(*(GOOD | {name: value}).values(), terminated=True, truncated=False)
    np.testing.assert_equal(memory.get_state(), before)


def test_the_largest_numbers_that_are_allowed_stay_finite_in_a_batch():
    memory = ReplayMemory(9, 2, np.random.default_rng(0))
    for _ in range(9):
        memory.add([3.4e38, -3.4e38], 0, 1e30, [3.4e38, 3.4e38], terminated=False, truncated=False)
    batch = memory.sample(50, n_step=9, gamma=1.0)
    assert all(np.isfinite(array).all() for array in batch)


@pytest.mark.parametrize(
    ("n_step", "gamma", "message"),
    [
        (0, 0.9, "n_step must be at least 1, got 0"),
        (1, np.nan, "gamma must .*got nan"),
        (1, 1.5, "gamma must .*got 1.5"),
    ],
)
def test_a_sample_needs_a_valid_n_and_gamma(n_step, gamma, message):
    with pytest.raises(ValueError, match=message):
        remember(3, (3, OPEN)).sample(3, n_step, gamma)


@pytest.mark.parametrize("name", ["states", "rewards", "next_states"])
def test_a_state_that_is_not_finite_or_of_another_size_is_refused_and_changes_nothing(name):
    memory = remember(4, (1, OPEN))
    before, broken = memory.get_state(), memory.get_state()
    broken[name][0] = np.nan
    with pytest.raises(ValueError, match=f"^{name} must be finite"):
        memory.set_state(broken)
    with pytest.raises(ValueError, match=r"states must have the shape \(4, 2\), got \(1, 2\)"):
        memory.set_state(remember(1, (1, OPEN)).get_state())
    np.testing.assert_equal(memory.get_state(), before)
