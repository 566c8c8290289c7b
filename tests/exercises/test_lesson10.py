"""Lesson 10: every right answer is right, every usual mistake is told by its name."""

import gymnasium as gym
import numpy as np
import pytest
from judging import assert_correct, assert_counterexample, assert_told, from_source

from dqn_lib.agents.q_network import input_scaling
from dqn_lib.exercises import lesson10


@pytest.mark.parametrize("name", ["windy_step", "share_cut_off", "stretch"])
def test_the_solution_as_it_is_shown_is_correct(name):
    exercise = getattr(lesson10, name)
    assert_correct(exercise, from_source(exercise.source, np=np))


def windy(push=lambda a, wind: 0.01 * (a - 1) - wind, carry=0, old=False, slow=True, clip=True, there=None):
    def step(position, velocity, action, wind):
        before = velocity
        velocity += push(action, wind)
        if clip:
            velocity = min(max(velocity, -0.2), 0.2)
        position += (before if old else velocity) - carry * wind
        if clip:
            position = min(max(position, -1.0), 1.0)
        parked = -0.05 < position < 0.05 and (not slow or -0.02 < velocity < 0.02)
        if there:
            parked = there(position, velocity)
        return position, velocity, -1.0, parked

    return step


def step_in_numpy(position, velocity, action, wind):
    velocity = np.clip(velocity + (action - 1) * 0.01 - wind, -0.2, 0.2)
    position = np.clip(position + velocity, -1, 1)
    return position, velocity, -1, np.all(np.abs([position, velocity]) < [0.05, 0.02])


def test_a_step_may_be_written_in_another_way():
    assert_correct(lesson10.windy_step, windy())
    assert_correct(lesson10.windy_step, lambda p, v, a, wind: list(windy()(p, v, a, wind)))
    assert_correct(lesson10.windy_step, step_in_numpy)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (windy(push=lambda a, wind: 0.01 * (a - 1) + wind), "blows to the right"),
        (windy(push=lambda a, wind: 0.01 * (a - 1), carry=1), "it changes the *velocity*"),
        (windy(push=lambda a, wind: 0.01 * (a - 1)), "`wind` is never used"),
        (windy(old=True), "*old* velocity"),
        (windy(slow=False), "must be slow as well"),
        (windy(clip=False), "Nothing is clipped"),
        (windy(there=lambda x, v: x < 0.05 and abs(v) < 0.02), "left of the middle"),
        (windy(there=lambda x, v: abs(x) < 0.05 and v < 0.02), "whenever it moves to the left"),
        (windy(there=lambda x, v: abs(x) < 0.05 or abs(v) < 0.02), "it must be both"),
        (windy(push=lambda a, wind: 0.01 * a - wind), "whatever the action"),
    ],
)
def test_a_usual_mistake_with_a_step_is_told(answer, words):
    assert_told(lesson10.windy_step, answer, words)


def test_an_unknown_step_is_shown_where_it_fails():
    def answer(position, velocity, action, wind):
        return position, velocity, 0.0, False

    assert_counterexample(lesson10.windy_step, answer, "`position = 0.5`", "(0.61, 0.11, -1, False)")


def endings(env, policy, episodes):
    """Both flags of the last step of each episode, `(episodes, 2)`."""
    found = []
    for number in range(episodes):
        env.reset(seed=number)
        while True:
            step = env.step(policy())
            if step[2] or step[3]:
                found.append(step[2:4])
                break
    return np.array(found)


def test_a_share_may_be_counted_in_another_way():
    assert_correct(
        lesson10.share_cut_off, lambda env, policy, n: np.mean([not t for t, _ in endings(env, policy, n)])
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda env, policy, n: endings(env, policy, n)[:, 0].mean(), "that *arrived*"),
        (lambda env, policy, n: endings(env, policy, n).any(axis=1).mean(), "always 1"),
        (lambda env, policy, n: endings(env, policy, n)[:, 1].mean(), "has both flags"),
        (lambda env, policy, n: float((~endings(env, policy, n)[:, 0]).sum()), "how many"),
    ],
)
def test_a_usual_mistake_with_a_share_is_told(answer, words):
    def share(env, policy, episodes):
        return answer(env, policy, episodes)

    assert_told(lesson10.share_cut_off, share, words)


@pytest.mark.parametrize("which", [2, 3], ids=["terminated", "truncated"])
def test_an_ending_that_is_not_looked_for_is_run_into(which):
    def share(env, policy, episodes):
        for _ in range(episodes):
            env.reset()
            while not env.step(policy())[which]:
                pass
        return 0.0

    verdict = lesson10.share_cut_off.check(share)
    assert verdict.status == "not yet"
    assert "the episode is over: `reset` comes first" in verdict.message


def test_an_unknown_share_is_shown_where_it_fails():
    verdict = lesson10.share_cut_off.check(lambda env, policy, episodes: 0.25)
    assert verdict.status == "not yet" and "the share should be `0.5`, but is `0.25`" in verdict.message


def stretch_by_loop(state, low, high, r):
    out = []
    for s, lo, hi in zip(state, low, high, strict=True):
        out.append(s if np.isinf(lo) else -r + 2 * r * (s - lo) / (hi - lo))
    return out


def stretch_by_mask(state, low, high, r):
    out, bounded = state.copy(), ~np.isinf(low)
    out[bounded] = np.interp(0.0, [0], [0]) + r * (2 * (state - low)[bounded] / (high - low)[bounded] - 1)
    return out


def stretch_from_the_middle(state, low, high, r):
    middle, half = (low + high) / 2, (high - low) / 2
    return np.where(np.isfinite(high), (state - middle) / half * r, state)


@pytest.mark.parametrize(
    "answer",
    [
        stretch_by_loop,
        stretch_by_mask,
        stretch_from_the_middle,
        lambda s, low, high, r: [
            np.interp(x, [a, b], [-r, r]) if np.isfinite(a) else x
            for x, a, b in zip(s, low, high, strict=True)
        ],
    ],
)
def test_a_stretch_may_be_written_in_another_way(answer):
    assert_correct(lesson10.stretch, answer)


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
