"""The exact solution: its mean return, its Bellman equation, its policy, and its errors."""

import itertools

import numpy as np
import pytest

from dqn_lib import mountain_car as car
from dqn_lib.evaluation import greedy_returns
from dqn_lib.value_iteration import solve


@pytest.fixture(scope="module")
def undiscounted():
    return solve(101)


@pytest.fixture(scope="module")
def discounted():
    return solve(101, gamma=0.95, tolerance=1e-9)


@pytest.mark.slow
def test_the_optimum_is_minus_97_7_and_its_error_is_the_difference_to_half_the_grid():
    mean = solve(401).returns.mean()
    assert mean == pytest.approx(-97.7, abs=0.1)
    assert mean == pytest.approx(car.OPTIMAL_RETURN, abs=0.15)
    assert mean - solve(201).returns.mean() == pytest.approx(0.35, abs=0.1)  # 201 points give -98.04


@pytest.mark.slow
def test_over_the_starts_of_a_check_the_optimum_is_optimal_check_return():
    # 201 points give -96.86, 401 give -96.62, 801 give -96.52
    assert greedy_returns(solve(201), car.make()).mean() == pytest.approx(
        car.OPTIMAL_CHECK_RETURN - 0.36, abs=0.1
    )


def bilinear(optimum, state):
    """V at one state, read off the grid: along the velocities first, then along the positions."""
    at_velocity = [np.interp(state[1], optimum.velocities, row) for row in optimum.values]
    return np.interp(state[0], optimum.positions, at_velocity)


@pytest.mark.parametrize(
    ("points", "gamma", "first"),
    [(21, 1.0, 0), (20, 0.9, 0), (100, 0.9, 99)],  # with and without a row at rest; the last: at the flag's
)
def test_the_values_satisfy_the_bellman_equation_at_every_grid_point(points, gamma, first):
    optimum = solve(points, gamma=gamma, tolerance=1e-10)
    for (i, position), (j, velocity) in itertools.product(
        list(enumerate(optimum.positions))[first:], enumerate(optimum.velocities)
    ):
        after, arrived = car.step([[position, velocity]] * 3, [0, 1, 2])
        worth = [
            -1 + (0 if there else gamma * bilinear(optimum, s))
            for s, there in zip(after, arrived, strict=True)
        ]
        at_flag = position >= car.GOAL_POSITION and velocity >= 0
        assert optimum.values[i, j] == pytest.approx(0 if at_flag else max(worth), abs=1e-8)


def test_v_is_the_largest_q_and_agrees_with_the_grid_it_came_from(discounted):
    grid = np.stack(np.meshgrid(discounted.positions, discounted.velocities, indexing="ij"), axis=-1)
    np.testing.assert_allclose(discounted.v(grid), discounted.values, atol=1e-8)
    np.testing.assert_array_equal(discounted.v(grid), discounted.q(grid).max(axis=-1))
    np.testing.assert_array_equal(discounted.greedy(grid), discounted.q(grid).argmax(axis=-1))


def test_the_greedy_policy_reaches_the_flag_from_all_of_1_000_starts(undiscounted):
    rollout = car.simulate(undiscounted.greedy, car.start_states(1_000, seed=7))
    assert rollout.reached.all()
    assert rollout.lengths.min() >= 80
    assert rollout.lengths.max() <= 110  # measured: 83 to 104
    assert undiscounted.returns.shape == (2_000,)
    assert undiscounted.returns.mean() == pytest.approx(-98.9, abs=0.3)


def test_a_discounted_value_counts_the_steps_of_its_own_rollout(discounted):
    starts = [[-0.5, 0.0], [-1.0, 0.0], [0.3, 0.02], [0.4, 0.03], [-1.2, 0.05]]
    rollout = car.simulate(discounted.greedy, starts)
    assert rollout.reached.all()
    assert rollout.lengths.tolist() == [102, 43, 11, 4, 27]
    # k rewards of -1: v = -(1 + 0.95 + ... + 0.95^(k-1)) = -(1 - 0.95^k) / 0.05, solved for k
    counted = np.log(1 + 0.05 * discounted.v(starts)) / np.log(0.95)
    np.testing.assert_allclose(counted, rollout.lengths, atol=0.7)  # the grid blurs the flag's edge


def test_one_step_from_the_flag_the_push_decides():
    # v' = 0.0195 + 0.001 (a - 1) - 0.0025 cos(3 * 0.48) = 0.0192 + 0.001 (a - 1)
    # the flag is 0.02 away: 0.0202 arrives, 0.0192 and 0.0182 do not
    optimum = solve(51)
    q = optimum.q([0.48, 0.0195])
    assert q[2] == -1
    assert q[0] < q[1] < -1
    assert optimum.greedy([0.48, 0.0195]) == 2


def test_values_that_have_not_converged_are_not_returned():
    with pytest.raises(RuntimeError, match=r"still change by 1 after 5 sweeps, tolerance is 0\.001$"):
        solve(21, max_sweeps=5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("points", value) for value in (2, 2002, 101.0)),
        *(("gamma", value) for value in (-0.1, 1.1, float("nan"))),
        *(("tolerance", value) for value in (0.0, 2.0)),
        *(("max_sweeps", value) for value in (0, 1.0)),
    ],
)
def test_a_bad_argument_is_named(name, value):
    with pytest.raises((TypeError, ValueError), match=f"^{name} must .*got {value!r}$"):
        solve(**{"points": 11, name: value})
