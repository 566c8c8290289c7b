"""The world in NumPy is Gymnasium's MountainCar-v0, transition by transition and episode by episode."""

import re

import numpy as np
import pytest

from dqn_lib import mountain_car as car


def drive_in_gymnasium(starts, actions):
    """Every transition of Gymnasium's own dynamics: states and next states in float64, flags."""
    env = car.make().unwrapped
    rows = []
    for start, sequence in zip(starts, actions, strict=True):
        env.state = tuple(start)
        for action in sequence:
            before = tuple(env.state)
            _, reward, terminated, *_ = env.step(int(action))
            rows.append((*before, action, *env.state, terminated, reward))
    return np.array(rows)


def test_a_step_is_gymnasiums_step_at_walls_speed_limits_and_flag():
    rng = np.random.default_rng(0)
    anywhere = rng.uniform(car.STATE_LOW, car.STATE_HIGH, size=(30_000, 2))
    held = np.repeat(rng.integers(3, size=(40, 50)), 10, axis=1)
    anywhere = drive_in_gymnasium(anywhere, rng.integers(3, size=(30_000, 1)))
    transitions = np.concatenate([anywhere, drive_in_gymnasium(car.start_states(40, seed=0), held)])
    before, expected, flag = transitions[:, :2], transitions[:, 3:5], transitions[:, 5] == 1
    after, terminated = car.step(before, transitions[:, 2].astype(int))
    np.testing.assert_allclose(after, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(terminated, flag)
    assert (transitions[:, 6] == -1).all()
    at_left_wall = (expected[:, 0] == car.MIN_POSITION) & (before[:, 1] < 0)
    beyond = (expected[:, 0] >= car.GOAL_POSITION) & ~flag  # rolling back
    fast, slow = expected[:, 1] == car.MAX_SPEED, expected[:, 1] == -car.MAX_SPEED
    for some in (at_left_wall, expected[:, 0] == car.MAX_POSITION, fast, slow, flag, beyond):
        assert some.sum() > 50


def test_a_step_and_the_flag_by_hand_in_any_shape():
    # cos(3 * 0) = 1, so v' = 0.01 + (2 - 1) 0.001 - 0.0025 = 0.0085 and p' = 0 + 0.0085
    after, terminated = car.step(np.full((4, 1, 2), [0.0, 0.01]), np.arange(3))
    assert (after.shape, terminated.shape) == ((4, 3, 2), (4, 3))
    np.testing.assert_allclose(after[0, 2], [0.0085, 0.0085], atol=1e-15)
    assert car.at_goal([[0.49, 0.05], [0.5, 0.0], [0.5, -0.001]]).tolist() == [False, True, False]


def pump(states):
    return np.where(states[:, 1] >= 0, 2, 0)


def push_right(states):
    return np.full(len(states), 2)


def rock(states):
    """Depends on the position too, and reaches the flag from some starts only."""
    return np.where(states[:, 0] > -0.45, 2, np.where(states[:, 1] < 0, 0, 1))


def gymnasium_episode(policy, seed):
    """States `(length + 1, 2)` in float64 and whether the flag was reached, under the time limit."""
    env = car.make()
    state, _ = env.reset(seed=seed)
    states, ended = [np.array(env.unwrapped.state)], False
    while not ended:
        state, _, terminated, truncated, _ = env.step(int(policy(state[None])[0]))
        states.append(np.array(env.unwrapped.state))
        ended = terminated or truncated
    return np.array(states), terminated


def held_pushes(count, seed):
    """Actions `(200, count)`, each held for 32 steps: some cars arrive, most do not."""
    return np.repeat(np.random.default_rng(seed).integers(3, size=(7, count)), 32, axis=0)[:200]


def assert_episodes(rollout, episodes):
    assert rollout.lengths.tolist() == [len(states) - 1 for states, _ in episodes]
    assert rollout.reached.tolist() == [reached for _, reached in episodes]
    for number, (states, _) in enumerate(episodes):
        np.testing.assert_allclose(rollout.trajectory(number), states, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("policy", "reaches"), [(pump, range(20, 21)), (push_right, range(1)), (rock, range(1, 20))]
)
def test_simulated_episodes_are_gymnasiums_episodes_and_may_be_repeated_as_a_plan(policy, reaches):
    episodes = [gymnasium_episode(policy, seed) for seed in range(20)]
    starts = [states[0] for states, _ in episodes]
    rollout = car.simulate(policy, starts)
    assert_episodes(rollout, episodes)
    assert rollout.reached.sum() in reaches
    plan = np.zeros((200, 20), dtype=int)  # what is planned for after an arrival does not count
    plan[: len(rollout.actions)] = np.maximum(rollout.actions, 0)
    for field in ("states", "actions", "lengths", "reached"):
        np.testing.assert_array_equal(
            getattr(car.simulate(plan.tolist(), starts), field), getattr(rollout, field)
        )


@pytest.mark.parametrize(("wait", "arrives_at"), [(84, 200), (86, 201)])
def test_the_flag_counts_on_step_200_and_no_later(wait, arrives_at):
    def coast_then_pump():
        steps = iter(range(1_000))
        return lambda states: pump(states) if next(steps) >= wait else np.ones(len(states), int)

    states, reached = gymnasium_episode(coast_then_pump(), seed=2)
    freely = car.simulate(coast_then_pump(), states[:1], max_steps=300)
    limited = car.simulate(coast_then_pump(), states[:1])
    assert freely.lengths == [arrives_at]
    assert limited.lengths == [len(states) - 1] == [200]
    assert limited.reached == [reached] == [arrives_at == 200]


def test_a_finished_episode_repeats_its_last_state_and_asks_the_policy_no_more():
    seen = []
    rollout = car.simulate(lambda states: seen.append(states) or pump(states), [[-0.5, 0.0], [0.45, 0.05]])
    # from 0.45 with 0.05 a push reaches about 0.50, on the first step: 0.45 + 0.051 - 0.0025 cos(1.35)
    assert rollout.lengths[1] == 1
    assert rollout.lengths[0] > 50
    assert (rollout.states[1:, 1] == rollout.states[1, 1]).all()
    assert rollout.actions[:, 1].tolist() == [2] + [-1] * (len(rollout.actions) - 1)
    assert rollout.returns.tolist() == [-rollout.lengths[0], -1]
    assert {states.dtype for states in seen} == {np.dtype(np.float32)}
    assert [len(states) for states in seen[:2]] == [2, 1]


def test_visited_are_the_states_before_each_step():
    rollout = car.simulate(held_pushes(200, seed=1), car.start_states(200, seed=1))
    assert 0 < rollout.reached.sum() < 200
    visited = rollout.visited
    driven = np.concatenate([rollout.trajectory(number)[:-1] for number in range(200)])
    np.testing.assert_array_equal(visited[np.lexsort(visited.T)], driven[np.lexsort(driven.T)])


def test_the_constants_are_the_environments():
    env = car.make()
    bare, space = env.unwrapped, env.observation_space
    assert (bare.min_position, bare.max_position) == (car.MIN_POSITION, car.MAX_POSITION)
    assert bare.max_speed == car.MAX_SPEED
    assert (bare.goal_position, bare.goal_velocity) == (car.GOAL_POSITION, car.GOAL_VELOCITY)
    assert (bare.force, bare.gravity) == (car.FORCE, car.GRAVITY)
    assert env.spec.id == car.ENV_ID
    assert env.spec.max_episode_steps == car.MAX_STEPS == -car.RANDOM_RETURN
    assert env.spec.reward_threshold == car.SOLVED_RETURN
    assert env.action_space.n == len(car.ACTION_NAMES)
    np.testing.assert_array_equal(car.STATE_LOW.astype(np.float32), space.low)
    np.testing.assert_array_equal(car.STATE_HIGH.astype(np.float32), space.high)
    positions = np.linspace(car.MIN_POSITION, car.MAX_POSITION, 50)
    np.testing.assert_allclose(car.height(positions), bare._height(positions))


def test_energy_by_hand():
    # at rest in the valley, 3x = -pi/2: 0; at rest at x = 0: 0.0025 (0 + 1) / 3
    # a velocity of 0.04 adds 0.04^2 / 2 = 0.0008
    states = [[-np.pi / 6, 0.0], [0.0, 0.0], [0.0, 0.04]]
    np.testing.assert_allclose(car.energy(states), [0, 0.0025 / 3, 0.0025 / 3 + 0.0008], atol=1e-15)


def test_start_states_are_drawn_as_gymnasium_draws_them():
    env = car.make()
    theirs = np.array([env.reset(seed=seed)[0] for seed in range(2_000)])
    ours = car.start_states(2_000, seed=1)
    assert (ours[:, 1] == 0).all() and (theirs[:, 1] == 0).all()
    deciles = np.linspace(0, 1, 11)
    np.testing.assert_allclose(
        np.quantile(ours[:, 0], deciles), np.quantile(theirs[:, 0], deciles), atol=0.01
    )
    np.testing.assert_array_equal(ours, car.start_states(2_000, seed=1))
    assert (ours != car.start_states(2_000, seed=2)).any()


@pytest.mark.parametrize("value", [0, 1.0, True])
def test_a_bad_count_of_starts_or_steps_is_named(value):
    with pytest.raises((TypeError, ValueError), match=f"count must be .*{value!r}"):
        car.start_states(value, seed=0)
    with pytest.raises((TypeError, ValueError), match=f"max_steps must be .*{value!r}"):
        car.simulate(pump, [[-0.5, 0.0]], max_steps=value)


@pytest.mark.parametrize(
    ("starts", "message"),
    [
        ([[np.nan, 0.0]], "starts must be finite"),
        ([-0.5, 0.0], r"starts must have the shape \(n, 2\), got \(2,\)"),
        ([[0.0] * 4], r"starts must have the shape \(n, 2\), got \(1, 4\)"),
    ],
)
def test_a_simulation_starts_from_states(starts, message):
    with pytest.raises(ValueError, match=message):
        car.simulate(pump, starts)


def test_given_actions_may_be_few_but_must_have_the_shape_of_the_starts():
    starts = car.start_states(5, seed=0)
    assert (car.simulate(np.ones((50, 5), int), starts, max_steps=50).lengths == 50).all()
    for shape in ((200,), (199, 5), (5, 200), ()):
        with pytest.raises(ValueError, match=re.escape(f"must have the shape (200, 5), got {shape}")):
            car.simulate(np.ones(shape, dtype=int), starts)


@pytest.mark.parametrize("action", [3, -1, 1.5, np.nan])
def test_actions_that_do_not_exist_are_refused(action):
    plan, starts = np.full((200, 2), 1.0), car.start_states(2, seed=0)
    plan[7, 1] = action
    with pytest.raises(ValueError, match=f"actions must be 0, 1 or 2, got {action}"):
        car.simulate(plan, starts)
    with pytest.raises(ValueError, match=f"policy's actions must be 0, 1 or 2, got {action}"):
        car.simulate(lambda states: np.full(len(states), action), starts)
