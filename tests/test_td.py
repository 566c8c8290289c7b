"""The TD target, by hand, in every shape, in NumPy and in TensorFlow's NumPy."""

import numpy as np
import pytest

from dqn_lib.targets import double_td_target, td_target


def test_a_target_is_the_reward_plus_the_discounted_best_next_value():
    # -1 + 0.9 * max(-5, -3, -4) = -1 - 2.7
    assert td_target(-1.0, 0, np.array([-5.0, -3.0, -4.0]), 0.9) == pytest.approx(-3.7)


@pytest.mark.parametrize("terminated", [1, 1.0, True, np.True_, np.float32(1)])
def test_a_terminal_state_has_no_bootstrap(terminated):
    assert td_target(-1.0, terminated, np.array([-5.0, -3.0, -4.0]), 0.9) == -1
    assert double_td_target(-1.0, terminated, np.array([-5.0, 7.0]), np.array([0.0, 1.0]), 0.9) == -1


@pytest.mark.parametrize("terminated", [0, 0.0, False, np.False_, np.float32(0)])
def test_a_truncated_episode_bootstraps(terminated):
    # -1 + 0.5 * 4 = 1
    assert td_target(-1.0, terminated, np.array([4.0, 2.0]), 0.5) == 1


def test_positive_values_count_too():
    # 2 + 0.5 * max(1, 6) = 5; the Double variant takes the online network's action 0: 2 + 0.5 * 1
    assert td_target(2.0, 0, np.array([1.0, 6.0]), 0.5) == 5
    assert double_td_target(2.0, 0, np.array([1.0, 6.0]), np.array([9.0, 0.0]), 0.5) == 2.5


def test_each_target_has_its_own_discount():
    # three steps of -1 at 0.5: -1 - 0.5 - 0.25 = -1.75, then 0.5^3 * -8 = -1: -2.75
    # one step: -1 + 0.5 * -8 = -5; two steps that end at the flag: -1.5 and nothing more
    targets = td_target(
        np.array([-1.75, -1.0, -1.5]),
        np.array([0, 0, 1]),
        np.array([[-8.0, -9.0], [-8.0, -9.0], [-8.0, -9.0]]),
        np.array([0.125, 0.5, 0.25]),
    )
    np.testing.assert_allclose(targets, [-2.75, -5.0, -1.5])


def test_double_chooses_with_the_online_and_evaluates_with_the_target_network():
    # online prefers action 2, which the target network values at 3: -1 + 0.9 * 3 = 1.7;
    # the plain target would take the target network's own best: -1 + 0.9 * 10 = 8
    target_q, online_q = np.array([10.0, 5.0, 3.0]), np.array([0.0, 1.0, 2.0])
    assert double_td_target(-1.0, 0, target_q, online_q, 0.9) == pytest.approx(1.7)
    assert td_target(-1.0, 0, target_q, 0.9) == pytest.approx(8.0)


def test_a_tie_of_the_online_values_counts_one_action_only():
    # the first of the equal ones: 0 + 1 * 10, not 10 + 5
    assert double_td_target(0.0, 0, np.array([10.0, 5.0]), np.array([1.0, 1.0]), 1.0) == 10


def test_double_with_one_network_is_the_plain_target():
    rng = np.random.default_rng(0)
    q = rng.normal(size=(7, 3))
    np.testing.assert_allclose(double_td_target(-1.0, 0, q, q, 0.9), td_target(-1.0, 0, q, 0.9))


def random_batch(shape, seed=0):
    """returns, terminated, next_q, next_q_online, discounts in float32"""
    rng = np.random.default_rng(seed)
    returns, discounts = rng.normal(size=shape), rng.uniform(size=shape)
    terminated, q = rng.integers(2, size=shape), rng.normal(size=(2, *shape, 3))
    return [np.float32(part) for part in (returns, terminated, q[0], q[1], discounts)]


def one_by_one(returns, terminated, next_q, next_q_online, discounts):
    """Both targets of one transition, in plain Python."""
    plain, double = float(max(next_q)), float(next_q[list(next_q_online).index(max(next_q_online))])
    return [float(returns) + (0 if terminated else float(discounts) * value) for value in (plain, double)]


@pytest.mark.parametrize("shape", [(), (5,), (4, 5), (2, 3, 4)])
def test_every_batch_shape_is_worked_out_entry_by_entry(shape):
    batch = random_batch(shape)
    expected = np.array([one_by_one(*(part[i] for part in batch)) for i in np.ndindex(shape)])
    returns, terminated, next_q, next_q_online, discounts = batch
    plain = td_target(returns, terminated, next_q, discounts)
    double = double_td_target(returns, terminated, next_q, next_q_online, discounts)
    assert plain.shape == double.shape == shape
    np.testing.assert_allclose(np.ravel(plain), expected[:, 0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.ravel(double), expected[:, 1], rtol=1e-5, atol=1e-6)


def test_float32_stays_float32():
    returns, terminated, next_q, next_q_online, discounts = random_batch((4, 5))
    assert td_target(returns, terminated, next_q, discounts).dtype == np.float32
    assert double_td_target(returns, terminated, next_q, next_q_online, discounts).dtype == np.float32


@pytest.mark.parametrize("shape", [(64,), (4, 5)])
def test_tensors_give_the_numbers_of_arrays(shape):
    from dqn_lib.agents.backend import tf

    batch = random_batch(shape)
    tensors = [tf.constant(part) for part in batch]
    for target, parts in ((td_target, (0, 1, 2, 4)), (double_td_target, (0, 1, 2, 3, 4))):
        ours = target(*(tensors[part] for part in parts), xp=tf.experimental.numpy)
        assert ours.dtype == tf.float32
        np.testing.assert_allclose(
            ours.numpy(), target(*(batch[part] for part in parts)), rtol=1e-6, atol=1e-6
        )
