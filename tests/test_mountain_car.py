"""The world in NumPy is Gymnasium's MountainCar-v0, transition by transition and episode by episode."""

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


@pytest.fixture(scope="module")
def transitions():
    """60,000 single steps from all over the box, 40,000 in long episodes with held actions."""
    rng = np.random.default_rng(0)
    anywhere = rng.uniform(car.STATE_LOW, car.STATE_HIGH, size=(60_000, 2))
    held = np.repeat(rng.integers(3, size=(80, 50)), 10, axis=1)
    return np.concatenate(
        [
            drive_in_gymnasium(anywhere, rng.integers(3, size=(60_000, 1))),
            drive_in_gymnasium(car.start_states(80, seed=0), held),
        ]
    )


def test_a_step_is_gymnasiums_step_on_100_000_transitions(transitions):
    after, terminated = car.step(transitions[:, :2], transitions[:, 2].astype(int))
    assert len(transitions) == 100_000
    np.testing.assert_allclose(after, transitions[:, 3:5], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(terminated, transitions[:, 5] == 1)


def test_the_transitions_hit_both_walls_both_speed_limits_and_the_flag(transitions):
    before, after, terminated = transitions[:, :2], transitions[:, 3:5], transitions[:, 5] == 1
    at_left_wall = (after[:, 0] == car.MIN_POSITION) & (before[:, 1] < 0)
    assert at_left_wall.sum() > 500
    assert (after[at_left_wall, 1] == 0).all()
    assert (after[:, 0] == car.MAX_POSITION).sum() > 500
    assert (after[:, 1] == car.MAX_SPEED).sum() > 100
    assert (after[:, 1] == -car.MAX_SPEED).sum() > 100
    assert terminated.sum() > 500
    assert ((after[:, 0] >= car.GOAL_POSITION) & ~terminated).sum() > 500  # beyond the flag, rolling back
    assert (transitions[:, 6] == -1).all()


def test_a_step_by_hand():
    # cos(3 * 0) = 1, so v' = 0.01 + (2 - 1) 0.001 - 0.0025 = 0.0085 and p' = 0 + 0.0085
    after, terminated = car.step([0.0, 0.01], 2)
    np.testing.assert_allclose(after, [0.0085, 0.0085], atol=1e-15)
    assert not terminated


def test_at_goal_by_hand():
    states = [[0.49, 0.05], [0.5, 0.0], [0.6, 0.07], [0.5, -0.001]]
    assert car.at_goal(states).tolist() == [False, True, True, False]
    assert car.at_goal([0.5, 0.0]).shape == ()


def test_a_step_keeps_the_shape_of_the_batch():
    after, terminated = car.step(np.zeros((4, 1, 2)), np.arange(3))
    assert after.shape == (4, 3, 2)
    assert terminated.shape == (4, 3)


def pump(states):
    return np.where(states[:, 1] >= 0, 2, 0)


def push_right(states):
    return np.full(len(states), 2)


def rock(states):
    """Depends on the position too, and reaches the flag from some starts only."""
    return np.where(states[:, 0] > -0.45, 2, np.where(states[:, 1] < 0, 0, 1))


def coast_then_pump(wait):
    """Rolls for `wait` steps first. It counts its steps, so it drives one car once."""
    steps = iter(range(1_000))
    return lambda states: pump(states) if next(steps) >= wait else np.ones(len(states), int)


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


@pytest.mark.parametrize("policy", [pump, push_right, rock])
def test_simulated_episodes_are_gymnasiums_episodes(policy):
    episodes = [gymnasium_episode(policy, seed) for seed in range(20)]
    rollout = car.simulate(policy, [states[0] for states, _ in episodes])
    assert rollout.lengths.tolist() == [len(states) - 1 for states, _ in episodes]
    assert rollout.reached.tolist() == [reached for _, reached in episodes]
    for number, (states, _) in enumerate(episodes):
        np.testing.assert_allclose(rollout.trajectory(number), states, rtol=0, atol=1e-9)


def test_the_policies_above_reach_the_flag_always_never_and_sometimes():
    starts = car.start_states(20, seed=0)
    reached = [car.simulate(policy, starts).reached.sum() for policy in (pump, push_right, rock)]
    assert reached[0] == 20
    assert reached[1] == 0
    assert 0 < reached[2] < 20


@pytest.mark.parametrize(("wait", "arrives_at"), [(84, 200), (86, 201)])
def test_the_flag_counts_on_step_200_and_no_later(wait, arrives_at):
    states, reached = gymnasium_episode(coast_then_pump(wait), seed=2)
    freely = car.simulate(coast_then_pump(wait), states[:1], max_steps=300)
    limited = car.simulate(coast_then_pump(wait), states[:1])
    assert freely.lengths == [arrives_at]
    assert limited.lengths == [len(states) - 1] == [200]
    assert limited.reached == [reached] == [arrives_at == 200]


def test_a_finished_episode_repeats_its_last_state():
    rollout = car.simulate(pump, [[-0.5, 0.0], [0.45, 0.05]])
    # from 0.45 with 0.05 a push reaches about 0.50, on the first step: 0.45 + 0.051 - 0.0025 cos(1.35)
    assert rollout.lengths[1] == 1
    assert rollout.lengths[0] > 50
    assert (rollout.states[1:, 1] == rollout.states[1, 1]).all()
    assert rollout.actions[:, 1].tolist() == [2] + [-1] * (len(rollout.actions) - 1)
    assert rollout.returns.tolist() == [-rollout.lengths[0], -1]


def test_a_policy_gets_float32_states_of_unfinished_episodes():
    seen = []
    car.simulate(lambda states: seen.append(states) or pump(states), [[-0.5, 0.0], [0.45, 0.05]])
    assert {states.dtype for states in seen} == {np.dtype(np.float32)}
    assert [len(states) for states in seen[:2]] == [2, 1]


def held_pushes(count, seed):
    """Actions `(200, count)`, each held for 32 steps: some cars arrive, most do not."""
    return np.repeat(np.random.default_rng(seed).integers(3, size=(7, count)), 32, axis=0)[:200]


def test_given_actions_make_gymnasiums_episodes():
    plan = held_pushes(40, seed=0)
    episodes = []
    for number in range(40):
        clock = iter(plan[:, number])
        episodes.append(gymnasium_episode(lambda _, clock=clock: [next(clock)], seed=number))
    rollout = car.simulate(plan, [states[0] for states, _ in episodes])
    assert rollout.lengths.tolist() == [len(states) - 1 for states, _ in episodes]
    assert rollout.reached.tolist() == [reached for _, reached in episodes]
    assert 0 < rollout.reached.sum() < 40
    for number, (states, _) in enumerate(episodes):
        np.testing.assert_allclose(rollout.trajectory(number), states, rtol=0, atol=1e-9)
        length = len(states) - 1
        np.testing.assert_array_equal(rollout.actions[:length, number], plan[:length, number])


@pytest.mark.parametrize("policy", [pump, push_right, rock])
def test_given_actions_repeat_what_the_policy_did(policy):
    starts = car.start_states(20, seed=0)
    free = car.simulate(policy, starts)
    plan = np.zeros((200, 20), dtype=int)  # what is planned for after an arrival does not count
    plan[: len(free.actions)] = np.maximum(free.actions, 0)
    for settled in (car.simulate(plan, starts), car.simulate(plan.tolist(), starts)):
        for field in ("states", "actions", "lengths", "reached"):
            np.testing.assert_array_equal(getattr(settled, field), getattr(free, field))


def test_given_actions_may_be_fewer_than_200():
    rollout = car.simulate(held_pushes(3, seed=0)[:50], car.start_states(3, seed=0), max_steps=50)
    assert rollout.lengths.tolist() == [50] * 3
    assert rollout.actions.shape == (50, 3)


@pytest.mark.parametrize("shape", [(200,), (199, 5), (201, 5), (200, 4), (5, 200), (200, 5, 1), ()])
def test_given_actions_of_a_wrong_shape_are_refused(shape):
    with pytest.raises(ValueError) as error:
        car.simulate(np.ones(shape, dtype=int), car.start_states(5, seed=0))
    assert str(error.value) == f"actions must have the shape (200, 5), got {shape}"


def test_visited_are_the_states_before_each_step():
    rollout = car.simulate(held_pushes(200, seed=1), car.start_states(200, seed=1))
    assert 0 < rollout.reached.sum() < 200
    visited = rollout.visited
    assert visited.shape == (rollout.lengths.sum(), 2)
    assert (visited[:, 0] < car.GOAL_POSITION).all()
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


def test_the_hill_is_drawn_as_gymnasium_draws_it():
    positions = np.linspace(car.MIN_POSITION, car.MAX_POSITION, 50)
    np.testing.assert_allclose(car.height(positions), car.make().unwrapped._height(positions))


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


@pytest.mark.parametrize("count", [0, -1, 1.0, True, "5"])
def test_a_bad_count_of_starts_is_named(count):
    with pytest.raises((TypeError, ValueError), match=f"count must be .*{count!r}"):
        car.start_states(count, seed=0)


@pytest.mark.parametrize("limit", [0, 200.0, None])
def test_a_bad_time_limit_is_named(limit):
    with pytest.raises((TypeError, ValueError), match=f"max_steps must be .*{limit!r}"):
        car.simulate(pump, [[-0.5, 0.0]], max_steps=limit)


@pytest.mark.parametrize("action", [5, -1, 1.5])
def test_planned_actions_that_do_not_exist_are_refused(action):
    plan = np.full((200, 2), 1.0)
    plan[7, 1] = action
    with pytest.raises(ValueError, match=f"actions must be 0, 1 or 2, got {action}"):
        car.simulate(plan, car.start_states(2, seed=0))
