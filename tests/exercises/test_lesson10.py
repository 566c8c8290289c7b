"""Lesson 10: every right answer is right, every usual mistake is told by its name."""

import gymnasium as gym
import numpy as np
import pytest
from judging import assert_correct, assert_counterexample, assert_told, from_source

from dqn_lib.agents.q_network import input_scaling
from dqn_lib.exercises import lesson10


@pytest.mark.parametrize("name", ["park_step", "luck", "stretch"])
def test_the_solution_as_it_is_shown_is_correct(name):
    exercise = getattr(lesson10, name)
    assert_correct(exercise, from_source(exercise.source, np=np))


def parking(push=lambda a: 0.01 * (a - 1), old=False, slow=True, clip=True):
    def step(position, velocity, action):
        before = velocity
        velocity += push(action)
        if clip:
            velocity = min(max(velocity, -0.2), 0.2)
        position += before if old else velocity
        if clip:
            position = min(max(position, -1.0), 1.0)
        parked = -0.05 < position < 0.05 and (not slow or -0.02 < velocity < 0.02)
        return position, velocity, -1.0, parked

    return step


def test_a_step_may_be_written_in_another_way():
    assert_correct(lesson10.park_step, parking())
    assert_correct(lesson10.park_step, lambda p, v, a: list(parking()(p, v, a)))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (parking(old=True), "*old* velocity"),
        (parking(push=lambda a: 0.01 * a), "action 1 should be none"),
        (parking(slow=False), "must be slow as well"),
        (parking(clip=False), "Nothing is clipped"),
    ],
)
def test_a_usual_mistake_with_a_step_is_told(answer, words):
    assert_told(lesson10.park_step, answer, words)


def test_an_unknown_step_is_shown_where_it_fails():
    def answer(position, velocity, action):
        return position, velocity, 0.0, False

    assert_counterexample(lesson10.park_step, answer, "`position = 0.5`", "(0.61, 0.11, -1, False)")


def mean_by_running_total(env, policy, episodes):
    mean = 0.0
    for number in range(1, episodes + 1):
        env.reset(seed=number)
        total = 0.0
        while True:
            _, reward, terminated, truncated, _ = env.step(policy())
            total += reward
            if terminated or truncated:
                break
        mean += (total - mean) / number
    return mean


def test_luck_may_be_measured_in_another_way():
    assert_correct(lesson10.luck, mean_by_running_total)


def all_returns(env, policy, episodes):
    return [mean_by_running_total(env, policy, 1) for _ in range(episodes)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda env, policy, episodes: sum(all_returns(env, policy, episodes)), "sum of all returns"),
        (all_returns, "One number is asked for"),
    ],
)
def test_a_usual_mistake_with_luck_is_told(answer, words):
    assert_told(lesson10.luck, answer, words)


def only(which):
    def luck(env, policy, episodes):
        env.reset()
        total = 0.0
        while True:
            step = env.step(policy())
            total += step[1]
            if step[which]:
                return total

    return luck


@pytest.mark.parametrize("which", [2, 3], ids=["terminated", "truncated"])
def test_an_ending_that_is_not_looked_for_is_run_into(which):
    verdict = lesson10.luck.check(only(which))
    assert verdict.status == "not yet"
    assert "the episode is over: `reset` comes first" in verdict.message


def test_an_unknown_luck_is_shown_where_it_fails():
    def answer(env, policy, episodes):
        return 0.0

    verdict = lesson10.luck.check(answer)
    assert verdict.status == "not yet" and "the mean return should be `4`, but is `0`" in verdict.message


def stretch_by_loop(state, low, high, r):
    out = []
    for s, lo, hi in zip(state, low, high, strict=True):
        out.append(s if np.isinf(lo) else -r + 2 * r * (s - lo) / (hi - lo))
    return out


def test_a_stretch_may_be_written_in_another_way():
    assert_correct(lesson10.stretch, stretch_by_loop)


@pytest.mark.parametrize("name", ["MountainCar-v0", "CartPole-v1", "Acrobot-v1"])
def test_the_exercise_is_what_the_library_does(name):
    space = gym.make(name).observation_space
    scale, offset = input_scaling(space, 8.0)
    low, high = np.float64(space.low), np.float64(space.high)
    low[np.abs(low) > 1e6], high[np.abs(high) > 1e6] = -np.inf, np.inf
    state = np.linspace(-0.3, 0.4, len(low))
    np.testing.assert_allclose(
        lesson10.stretch.reference(state, low, high, 8.0), scale * state + offset, rtol=1e-6, atol=1e-6
    )


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda s, lo, hi, r: -r + 2 * r * (s - lo) / (hi - lo), "nan or 0"),
        (lambda s, lo, hi, r: np.where(np.isinf(lo), s, (s - lo) / (hi - lo) * r), "between 0 and r"),
        (lambda s, lo, hi, r: np.where(np.isinf(lo), s, s / hi * r), "mirror image"),
    ],
)
def test_a_usual_mistake_with_a_stretch_is_told(answer, words):
    assert_told(lesson10.stretch, answer, words)


def test_an_unknown_stretch_is_shown_where_it_fails():
    def answer(state, low, high, r):
        return state

    assert_counterexample(lesson10.stretch, answer, "`r = 8`")
