"""Lesson 10: every right answer is accepted, every usual mistake is named."""

from operator import itemgetter as at

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


def free_parking(position, velocity, action, wind):
    position, velocity, reward, parked = windy()(position, velocity, action, wind)
    return position, velocity, 0.0 if parked else reward, parked


def clipped_in_parts(position, velocity, action, wind, early=False, late=False, ends=(-1, 1), stops=False):
    velocity += 0.01 * (action - 1)
    if early:
        velocity = np.clip(velocity, -0.2, 0.2)
    velocity -= wind
    if late:
        velocity = np.clip(velocity, -0.2, 0.2)
    inside = np.clip(position + velocity, *ends)
    if stops and inside != position + velocity:
        velocity = 0.0
    return inside, velocity, -1.0, bool(abs(inside) < 0.05 and abs(velocity) < 0.02)


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
        (windy(push=lambda a, wind: 0.01 * (a - 1 - wind)), "0.01 times something"),
        (windy(push=lambda a, wind: 0.01 * (a - 1) if a != 1 else -wind), "only while the engine is off"),
        (windy(there=lambda x, v: abs(x) <= 0.05 and abs(v) <= 0.02), "The limits themselves"),
        (windy(there=lambda x, v: abs(x) <= 0.05 and abs(v) < 0.02), "The limits themselves"),
        (windy(there=lambda x, v: abs(x) < 0.05 and abs(v) <= 0.02), "The limits themselves"),
        (windy(there=lambda x, v: x < 0.05 and v < 0.02), "Without absolute values"),
        (
            lambda x, v, a, wind: (*windy()(x, v, a, wind)[:3], abs(x) < 0.05 and abs(v) < 0.02),
            "before the step",
        ),
        (lambda x, v, a, wind: (*windy()(x, v, a, wind)[:2], 1.0, windy()(x, v, a, wind)[3]), "not +1"),
        (
            free_parking,
            "always -1",
        ),
        (lambda x, v, a, wind: [windy()(x, v, a, wind)[k] for k in (1, 0, 2, 3)], "the position comes first"),
        (lambda x, v, a, wind: clipped_in_parts(x, v, a, wind, early=True), "before the wind is taken off"),
        (lambda x, v, a, wind: clipped_in_parts(x, v, a, wind, early=True, late=True), "clipped twice"),
        (clipped_in_parts, "The velocity is not clipped"),
        (lambda x, v, a, wind: clipped_in_parts(x, v, a, wind, late=True, ends=(-9, 9)), "at both ends"),
        (lambda x, v, a, wind: clipped_in_parts(x, v, a, wind, late=True, ends=(-9, 1)), "at both ends"),
        (lambda x, v, a, wind: clipped_in_parts(x, v, a, wind, late=True, ends=(-1, 9)), "at both ends"),
        (lambda x, v, a, wind: clipped_in_parts(x, v, a, wind, late=True, stops=True), "velocity becomes 0"),
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


def share_with_the_next_action_at_hand(env, policy, episodes):
    cut = 0
    for _ in range(episodes):
        env.reset()
        over, action = False, policy()
        while not over:
            _, _, terminated, truncated, _ = env.step(action)
            over, action = terminated or truncated, policy()
        cut += not terminated
    return cut / episodes


@pytest.mark.parametrize(
    "answer",
    [
        lambda env, policy, n: np.mean([not t for t, _ in endings(env, policy, n)]),
        share_with_the_next_action_at_hand,
    ],
)
def test_a_share_may_be_counted_in_another_way(answer):
    def share(env, policy, episodes):  # as the exercise names its arguments
        return answer(env, policy, episodes)

    assert_correct(lesson10.share_cut_off, share)


def cut(env, policy, n):
    return endings(env, policy, n)[:, 1] & ~endings_after(env)


def endings_after(env):
    """Whether each episode that was driven has arrived."""
    return np.array([env.episodes[k % len(env.episodes)][1] != "cut off" for k in range(env.resets)])


def share_of_the_steps(env, policy, n):
    return cut(env, policy, n).sum() / env.steps


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda env, policy, n: endings(env, policy, n)[:, 0].mean(), "that *arrived*"),
        (lambda env, policy, n: endings(env, policy, n).any(axis=1).mean(), "always 1"),
        (lambda env, policy, n: endings(env, policy, n)[:, 1].mean(), "has both flags"),
        (lambda env, policy, n: endings(env, policy, n).all(axis=1).mean(), "with both flags"),
        (lambda env, policy, n: np.mean([t and not c for t, c in endings(env, policy, n)]), "swapped"),
        (lambda env, policy, n: float((~endings(env, policy, n)[:, 0]).sum()), "how many"),
        (lambda env, policy, n: 100 * cut(env, policy, n).mean(), "in percent"),
        (lambda env, policy, n: cut(env, policy, n).sum() // n, "whole number"),
        (share_of_the_steps, "share of the *steps*"),
        (lambda env, policy, n: cut(env, policy, n - 1).sum() / n if n > 1 else 0.0, "one episode too few"),
        (lambda env, policy, n: cut(env, policy, n)[-1] / n, "Only the last episode"),
        (
            lambda env, policy, n: [*(1 / (k + 1) for k in np.flatnonzero(cut(env, policy, n))), 0.0][0],
            "at the first",
        ),
        (lambda env, policy, n: cut(env, policy, 1).mean(), "set both flags back"),
        (lambda env, policy, n: 0.0 * cut(env, policy, n).mean(), "It never finds one"),
    ],
)
def test_a_usual_mistake_with_a_share_is_told(answer, words):
    def share(env, policy, episodes):
        return answer(env, policy, episodes)

    assert_told(lesson10.share_cut_off, share, words)


def drive(env, next_action, episodes, over=any, **reset):
    for _ in range(episodes):
        env.reset(**reset)
        while not over(env.step(next_action())[2:4]):
            pass
    return -1.0


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (lambda env, policy, episodes: drive(env, policy, episodes, over=at(0)), "the episode is over"),
        (lambda env, policy, episodes: drive(env, policy, episodes, over=at(1)), "the episode is over"),
        (lambda env, policy, episodes: drive(env, policy, episodes, seed=3), "The same seed"),
        (lambda env, policy, episodes: drive(env, lambda: 1, episodes), "calls `policy()` 0 times"),
        (lambda env, policy, episodes: drive(env, lambda: policy, episodes), "hands over `policy` itself"),
        (lambda env, policy, episodes: drive(env, lambda: policy(0), episodes), "takes no argument"),
    ],
)  # fmt: skip
def test_an_episode_that_is_not_driven_as_it_should_be_is_noticed(share, words):
    verdict = lesson10.share_cut_off.check(share)
    assert verdict.status == "not yet" and words in verdict.message, verdict
    assert "object at" not in verdict.message


def test_an_unknown_share_is_shown_where_it_fails():
    verdict = lesson10.share_cut_off.check(lambda env, policy, episodes: 0.25)
    assert verdict.status == "not yet" and "the share should be `0.5`, but is `0.25`" in verdict.message
    assert "object at" not in verdict.message


def stretch_by_loop(state, low, high, r):
    out = []
    for s, lo, hi in zip(state, low, high, strict=True):
        out.append(s if np.isinf(lo) or np.isinf(hi) else -r + 2 * r * (s - lo) / (hi - lo))
    return out


def stretch_by_mask(state, low, high, r):
    out, bounded = state.copy(), ~np.isinf(low - high)
    out[bounded] = r * (2 * (state - low)[bounded] / (high - low)[bounded] - 1)
    return out


def stretch_from_the_middle(state, low, high, r):
    middle, half = (low + high) / 2, (high - low) / 2
    return np.where(np.isfinite(half), (state - middle) / half * r, state)


@pytest.mark.parametrize(
    "answer",
    [
        stretch_by_loop,
        stretch_by_mask,
        stretch_from_the_middle,
        lambda s, low, high, r: [
            np.polyval(np.polyfit([a, b], [-r, r], 1), x) if np.isfinite([a, b]).all() else x
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


def free(lo, hi):
    """Whether each component lacks a bound."""
    return ~(np.isfinite(lo) & np.isfinite(hi))


def by_hand(s, lo, hi, r, skip=None):
    skip = free(lo, hi) if skip is None else skip
    return np.where(skip, s, -r + 2 * r * (s - lo) / (hi - lo))


def widest(lo, hi):
    """The lowest and the highest bound for every component that has two."""
    two = ~free(lo, hi)
    if not two.any():
        return lo, hi
    return np.where(two, lo[two].min(), lo), np.where(two, hi[two].max(), hi)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda s, lo, hi, r: -r + 2 * r * (s - lo) / (hi - lo), "nan or 0"),
        (lambda s, lo, hi, r: np.where(free(lo, hi), s, (s - lo) / (hi - lo) * r), "between 0 and r"),
        (lambda s, lo, hi, r: np.where(free(lo, hi), s, s / hi * r), "mirror image"),
        (lambda s, lo, hi, r: np.nan_to_num(-r + 2 * r * (s - lo) / (hi - lo)), "nan or 0"),
        (lambda s, lo, hi, r: by_hand(s, lo, hi, r, skip=np.isinf(lo)), "only *one* bound"),
        (lambda s, lo, hi, r: by_hand(s, lo, hi, r, skip=np.isinf(hi)), "only *one* bound"),
        (lambda s, lo, hi, r: by_hand(s, lo, hi, r, skip=np.isinf(hi) & np.isinf(lo)), "only *one* bound"),
        (
            lambda s, lo, hi, r: [
                np.interp(x, [a, b], [-r, r]) if np.isfinite([a, b]).all() else x
                for x, a, b in zip(s, lo, hi, strict=True)
            ],
            "Nothing is clipped",
        ),
        (lambda s, lo, hi, r: np.clip(by_hand(s, lo, hi, r), -r, r), "Nothing is clipped"),
        (lambda s, lo, hi, r: by_hand(s, lo, hi, 1), "`r` is never used"),
        (lambda s, lo, hi, r: by_hand(s, lo, hi, r / 2), "half as wide"),
        (lambda s, lo, hi, r: by_hand(s, hi, lo, r), "Up and down"),
        (lambda s, lo, hi, r: np.where(free(lo, hi), s, s * 2 * r / (hi - lo)), "does not become 0"),
        (lambda s, lo, hi, r: np.where(free(lo, hi), s, s - (lo + hi) / 2), "not scaled to r"),
        (
            lambda s, lo, hi, r: np.where(free(lo, hi), s, (s - lo) * 2 * r / (hi - lo) - 1),
            "in place of r",
        ),
        (lambda s, lo, hi, r: by_hand(s, lo, hi, r) * np.where(free(lo, hi), r, 1), "multiplied by r"),
        (lambda s, lo, hi, r: by_hand(np.where(free(lo, hi), np.tanh(s) * r, s), lo, hi, r), "squeezed"),
        (
            lambda s, lo, hi, r: by_hand(np.where(free(lo, hi), np.clip(s, -r, r), s), lo, hi, r),
            "squeezed",
        ),
        (lambda s, lo, hi, r: by_hand(s, lo, hi, r)[~free(lo, hi)], "are missing"),
        (
            lambda s, lo, hi, r: by_hand(s, lo, hi, r) if not free(lo, hi).any() else s.copy(),
            "none is stretched",
        ),
        (lambda s, lo, hi, r: np.clip(s, -r, r), "clips instead"),
        (lambda s, lo, hi, r: by_hand(s, lo, hi, r, skip=~free(lo, hi)), "wrong way round"),
        (lambda s, lo, hi, r: by_hand(s, *widest(lo, hi), r), "its own bounds"),
    ],
)
def test_a_usual_mistake_with_a_stretch_is_told(answer, words):
    assert_told(lesson10.stretch, answer, words)


def test_an_unknown_stretch_is_shown_where_it_fails():
    def answer(state, low, high, r):
        return state

    assert_counterexample(lesson10.stretch, answer, "`r = 8`")
