"""The TD target and how far the target network moves, by hand, in every shape, in NumPy and TensorFlow."""

import numpy as np
import pytest

from dqn_lib.config import DQNConfig
from dqn_lib.targets import RULES, double_td_target, polyak_update, target_taus, td_target


def test_a_target_is_the_reward_plus_the_discounted_best_next_value():
    # -1 + 0.9 * max(-5, -3, -4) = -1 - 2.7; 2 + 0.5 * max(1, 6) = 5
    assert td_target(-1.0, 0, np.array([-5.0, -3.0, -4.0]), 0.9) == pytest.approx(-3.7)
    assert td_target(2.0, 0, np.array([1.0, 6.0]), 0.5) == 5


@pytest.mark.parametrize("kind", [int, float, bool, np.bool_, np.float32])
def test_a_terminal_state_has_no_bootstrap(kind):
    q, online = np.array([-5.0, 7.0]), np.array([0.0, 1.0])
    assert td_target(-1.0, kind(1), q, 0.5) == double_td_target(-1.0, kind(1), q, online, 0.5) == -1
    assert td_target(-1.0, kind(0), q, 0.5) == double_td_target(-1.0, kind(0), q, online, 0.5) == 2.5


def test_double_chooses_with_the_online_and_evaluates_with_the_target_network():
    # online prefers action 2, which the target network values at 3: -1 + 0.9 * 3 = 1.7
    q = np.array([10.0, 5.0, 3.0])
    assert double_td_target(-1.0, 0, q, np.array([0.0, 1.0, 2.0]), 0.9) == pytest.approx(1.7)
    # of equal ones the first: 0 + 1 * 10, not 10 + 5
    assert double_td_target(0.0, 0, q[:2], np.array([1.0, 1.0]), 1.0) == 10


def one_by_one(returns, terminated, next_q, next_q_online, discounts):
    """Both targets of one transition, in plain Python."""
    plain, double = float(max(next_q)), float(next_q[list(next_q_online).index(max(next_q_online))])
    return [float(returns) + (0 if terminated else float(discounts) * value) for value in (plain, double)]


@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4)])
def test_every_shape_of_arrays_and_tensors_is_worked_out_entry_by_entry_in_float32(shape):
    from dqn_lib.agents.backend import tf

    rng = np.random.default_rng(0)
    returns, discounts = rng.normal(size=shape), rng.uniform(size=shape)
    terminated, q = rng.integers(2, size=shape), rng.normal(size=(2, *shape, 3))
    batch = [np.float32(part) for part in (returns, terminated, q[0], q[1], discounts)]
    expected = np.array([one_by_one(*(part[i] for part in batch)) for i in np.ndindex(shape)])
    for parts, xp in ((batch, np), ([tf.constant(part) for part in batch], tf.experimental.numpy)):
        returns, terminated, next_q, next_q_online, discounts = parts
        plain = td_target(returns, terminated, next_q, discounts, xp=xp)
        double = double_td_target(returns, terminated, next_q, next_q_online, discounts, xp=xp)
        for found, column in ((np.asarray(plain), 0), (np.asarray(double), 1)):
            assert (found.dtype, found.shape) == (np.float32, shape)
            np.testing.assert_allclose(found.ravel(), expected[:, column], rtol=1e-5, atol=1e-6)


# --- the target network -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "taus"),
    [
        ("every_step", [1] * 7),
        ("soft", [0.25] * 7),
        ("hard", [0, 0, 1, 0, 0, 1, 0]),  # steps 1 to 7 with a period of 3
    ],
)
def test_the_taus_of_every_rule(rule, taus):
    config = DQNConfig(target_update=rule, tau=0.25, target_period=3)
    found = target_taus(config, 0, 7)
    assert (found.tolist(), found.dtype) == (taus, np.float32)
    assert target_taus(config, 999_999, 7).tolist() == taus  # late in a run as early
    assert set(RULES) == set(DQNConfig.__dataclass_fields__["target_update"].metadata["choices"])


def test_hard_copies_at_the_same_steps_however_the_run_is_cut_into_chunks():
    config = DQNConfig(target_update="hard", target_period=200)
    for chunks in ([600], [16] * 37 + [8], [1] * 600, [7, 193, 400]):
        starts = np.cumsum([0, *chunks[:-1]])
        taus = [target_taus(config, start, updates) for start, updates in zip(starts, chunks, strict=True)]
        assert np.flatnonzero(np.concatenate(taus)).tolist() == [199, 399, 599]


def test_a_polyak_update_by_hand():
    # a quarter of the way from 0 to 8, and from 4 to -4
    assert polyak_update(np.array([0.0, 4.0]), np.array([8.0, -4.0]), 0.25).tolist() == [2.0, 2.0]


def test_a_polyak_update_is_exact_for_tau_zero_and_one():
    target, online = np.random.default_rng(0).normal(size=(2, 1_000)).astype(np.float32) * 1e3
    target[:3], online[:3] = 1e-7, 1e7
    np.testing.assert_array_equal(polyak_update(target, online, np.float32(0)), target)
    np.testing.assert_array_equal(polyak_update(target, online, np.float32(1)), online)
