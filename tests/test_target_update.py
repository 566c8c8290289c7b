"""How far the target network moves at each gradient step, under each rule."""

import numpy as np
import pytest

from dqn_lib.config import DQNConfig
from dqn_lib.targets import RULES, polyak_update, target_taus


def in_chunks(config, chunks):
    """The shares of all steps, asked for in chunks as the agent does."""
    done, parts = 0, []
    for updates in chunks:
        parts.append(target_taus(config, done, updates))
        done += updates
    return np.concatenate(parts)


def test_every_step_is_a_full_copy_at_every_step():
    assert target_taus(DQNConfig(target_update="every_step"), 3, 4).tolist() == [1, 1, 1, 1]


def test_soft_moves_by_tau_at_every_step():
    assert target_taus(DQNConfig(target_update="soft", tau=0.25), 3, 4).tolist() == [0.25] * 4


def test_hard_copies_once_at_the_end_of_each_period():
    # steps 1 to 7 with a period of 3: copies at 3 and 6
    config = DQNConfig(target_update="hard", target_period=3)
    assert target_taus(config, 0, 7).tolist() == [0, 0, 1, 0, 0, 1, 0]


def test_hard_counts_across_chunks():
    # after 190 steps the next 16 are 191 to 206; step 200 is the tenth of them
    config = DQNConfig(target_update="hard", target_period=200)
    assert np.flatnonzero(target_taus(config, 190, 16)).tolist() == [9]
    assert not target_taus(config, 200, 16).any()
    assert np.flatnonzero(target_taus(config, 184, 16)).tolist() == [15]


def test_a_rule_is_the_same_late_in_a_long_run_as_early():
    late = {rule: target_taus(DQNConfig(target_update=rule), 1_000_000, 400) for rule in RULES}
    assert np.flatnonzero(late["hard"]).tolist() == [199, 399]
    assert set(late["soft"].tolist()) == {np.float32(DQNConfig().tau)}
    assert set(late["every_step"].tolist()) == {1}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("chunks", [[600], [16] * 37 + [8], [1] * 600, [7, 193, 400]])
def test_chunks_do_not_change_what_happens_at_which_step(rule, chunks):
    config = DQNConfig(target_update=rule, target_period=200)
    together = in_chunks(config, chunks)
    copies = [199, 399, 599] if rule == "hard" else range(600)
    assert np.flatnonzero(together).tolist() == list(copies)


def test_a_period_of_one_is_no_target_network():
    hard = DQNConfig(target_update="hard", target_period=1)
    assert (
        target_taus(hard, 5, 20).tolist()
        == target_taus(DQNConfig(target_update="every_step"), 5, 20).tolist()
    )


@pytest.mark.parametrize("rule", RULES)
def test_taus_are_float32_and_one_for_each_update(rule):
    result = target_taus(DQNConfig(target_update=rule), 0, 16)
    assert (result.dtype, result.shape) == (np.float32, (16,))


def test_every_rule_that_can_be_configured_exists():
    choices = DQNConfig.__dataclass_fields__["target_update"].metadata["choices"]
    assert set(RULES) == set(choices)


def test_a_live_change_applies_to_the_next_chunk():
    config = DQNConfig(target_update="soft", tau=0.5)
    assert target_taus(config, 0, 2).tolist() == [0.5, 0.5]
    config = config.change_live(tau=0.25)
    assert target_taus(config, 2, 2).tolist() == [0.25, 0.25]
    config = config.change_live(target_update="hard", target_period=5)
    assert target_taus(config, 4, 2).tolist() == [1, 0]  # steps 5 and 6
    config = config.change_live(target_period=6)
    assert target_taus(config, 4, 2).tolist() == [0, 1]
    config = config.change_live(target_update="every_step")
    assert target_taus(config, 6, 2).tolist() == [1, 1]


def test_a_polyak_update_by_hand():
    # a quarter of the way from 0 to 8, and from 4 to -4
    assert polyak_update(np.array([0.0, 4.0]), np.array([8.0, -4.0]), 0.25).tolist() == [2.0, 2.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_polyak_update_is_exact_for_tau_zero_and_one(dtype):
    target, online = np.random.default_rng(0).normal(size=(2, 1_000)).astype(dtype) * 1e3
    target[:3], online[:3] = 1e-7, 1e7
    np.testing.assert_array_equal(polyak_update(target, online, dtype(0)), target)
    np.testing.assert_array_equal(polyak_update(target, online, dtype(1)), online)


def test_soft_updates_close_the_gap_geometrically():
    # the gap shrinks to 0.75, 0.75^2, 0.75^3 of itself
    target = 1.0
    for share in target_taus(DQNConfig(target_update="soft", tau=0.25), 0, 3):
        target = polyak_update(target, 0.0, share)
    assert target == 0.75**3
