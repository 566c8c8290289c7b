"""Lesson 1: every right answer is right, every usual mistake is told by its name."""

import functools
import itertools
import math
import statistics
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from judging import assert_correct, assert_counterexample, assert_told, from_source

from dqn_lib.exercises import lesson01


@pytest.mark.parametrize("name", ["push_with_the_motion", "discounted_return", "share_reached"])
def test_the_solution_as_it_is_shown_is_correct(name):
    exercise = getattr(lesson01, name)
    assert_correct(exercise, from_source(exercise.source, np=np))


@pytest.mark.parametrize("lesson", ["lesson01", "lesson02"])
def test_the_lessons_without_a_network_do_not_load_tensorflow(lesson):
    code = (
        f"import sys, dqn_lib.exercises.{lesson}; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def push_by_unpacking(state):
    _, velocity = state
    if velocity > 0:
        return 2
    return 0


def push_by_sign(state):
    return np.sign(state[1]).astype(int) + 1


def push_by_where(state):
    return np.where(state[-1] < 0, 0, 2)


def push_by_arithmetic(state):
    return np.int32(2) * (state[1] > 0)


def push_by_comparing(state):
    return 2 * int(state[1] >= 0)


def push_by_a_list(state):
    return [0, 1, 2][int(np.sign(state[1])) + 1]


def push_with_a_coast_at_rest(state):
    _, velocity = state.tolist()
    if velocity == 0:
        return 1
    return 2 if velocity > 0 else 0


def push_by_choose(state):
    return np.choose(state[1] > 0, [0, 2])


@pytest.mark.parametrize(
    "answer",
    [
        push_by_unpacking,
        push_by_sign,
        push_by_where,
        push_by_arithmetic,
        push_by_comparing,
        push_by_a_list,
        push_with_a_coast_at_rest,
        push_by_choose,
        lambda state: (state[1] > 0) * 2,
        lambda state: {True: 2, False: 0}[bool(state[1] > 0)],
        lambda state: np.argmax([state[1] < 0, False, state[1] >= 0]),
    ],
)
def test_a_push_with_the_motion_may_be_written_in_many_ways(answer):
    assert_correct(lesson01.push_with_the_motion, answer)


def push_against(state):
    velocity = state[1]
    if velocity > 0:
        return 0
    return 2


def push_by_position(state):
    velocity = state[0]  # the mistake: this is the position
    if velocity > 0:
        return 2
    return 0


def push_to_the_valley(state):
    bottom = -0.5
    return 0 if state[0] > bottom else 2


def push_right(state):
    action = 2
    return action


@pytest.mark.parametrize(
    "answer, words",
    [
        (push_against, "sign is turned round"),
        (push_by_position, "looks at the position"),
        (push_to_the_valley, "looks at the position"),
        (push_right, "always pushes right"),
    ],
)
def test_a_usual_mistake_of_the_push_is_told(answer, words):
    assert_told(lesson01.push_with_the_motion, answer, words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda state: 0, ["`state = [-0.5 ,  0.01]`", "should be `2`", "but is `0`"]),
        (lambda state: 1 if state[1] > 0 else 0, ["should be `2`", "but is `1`"]),
        (lambda state: int(np.argmax(state)), ["should be `2`", "but is `1`"]),
        (lambda state: 2 if state[1] > 0.02 else 0, ["`state = [-0.5 ,  0.01]`", "but is `0`"]),
        (lambda state: 2 if state[1] > -0.04 else 0, ["`state = [-0.5 , -0.01]`", "should be `0`"]),
        (lambda state: state[1] > 0, ["It must be an integer"]),
        (lambda state: 2.0 * (state[1] > 0), ["but is `2.0`", "It must be an integer, not a float64"]),
        (lambda state: [2 if state[1] > 0 else 0], ["but is `[2]`", "Its shape must be ()"]),
        (lambda state: 2 if state[1] > 0 or state[0] < -0.9 else 0, ["`state = [-1.  , -0.01]`"]),
        (lambda state: 2 if state[1] > 0 and state[0] < 0.5 else 0, ["`state = [0.6 , 0.01]`"]),
        (lambda state: 2 if state[1] > -0.001 else 0, ["`state = [-5.e-01, -1.e-04]`"]),
        (lambda state: 2 if abs(state[1]) < 0.05 and state[1] > 0 else 0, ["`state = [-0.5 ,  0.07]`"]),
        (lambda state: 2 if state.dtype == np.float32 or state[1] > 0 else 0, ["`state = [-0.5 , -0.01]`"]),
    ],
)
def test_an_unknown_push_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson01.push_with_the_motion, answer, *words)


def push_unless_at_rest(state):
    if state[1] > 0:
        return 2
    if state[1] < 0:
        return 0


def push_with_a_name_unbound_at_rest(state):
    if state[1] > 0:
        push = 2
    elif state[1] < 0:
        push = 0
    return push


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (push_unless_at_rest, "It returned nothing"),
        (push_with_a_name_unbound_at_rest, "it raised UnboundLocalError"),
        (lambda state: 7 if state[1] == 0 else 2 * (state[1] > 0), "It returned `7`; an action is one of"),
        (lambda state: np.sign(state[1]) + 1 if state[1] == 0 else 2 * (state[1] > 0), "returned `1.0`"),
        (lambda state: "left" if state[1] == 0 else 2 * (state[1] > 0), "It returned `'left'`"),
        (lambda state: -1 if state[1] == 0 else 2 * (state[1] > 0), "It returned `-1`"),
    ],
)
def test_a_car_at_rest_needs_an_action_too(answer, words):
    verdict = lesson01.push_with_the_motion.check(answer)
    assert verdict.status == "not yet"
    assert verdict.message.startswith("The results are right, but not at rest, with `state = [-0.5,  0. ]`: ")
    assert words in verdict.message


def return_by_loop(rewards, gamma):
    total, weight = 0, 1
    for reward in rewards:
        total += weight * reward
        weight *= gamma
    return total


def return_by_array(rewards, gamma):
    return np.dot(np.asarray(rewards, float), gamma ** np.arange(len(rewards)))


def return_by_recursion(rewards, gamma):
    return rewards[0] + gamma * return_by_recursion(rewards[1:], gamma) if rewards else 0.0


def return_in_float32(rewards, gamma):
    return np.float32(return_by_loop(rewards, gamma))


def return_by_while(rewards, gamma):
    k, total = 0, 0.0
    while k < len(rewards):
        total += pow(gamma, k) * rewards[k]
        k += 1
    return total


def return_by_reduce(rewards, gamma):
    return functools.reduce(lambda total, reward: reward + gamma * total, rewards[::-1], 0.0)


def return_by_polynomial(rewards, gamma):
    return np.polyval(rewards[::-1], gamma)


@pytest.mark.parametrize(
    "answer",
    [
        return_by_loop,
        return_by_array,
        return_by_recursion,
        return_in_float32,
        return_by_while,
        return_by_reduce,
        return_by_polynomial,
        lambda rewards, gamma: sum(gamma**k * r for k, r in enumerate(rewards)),
        lambda rewards, gamma: sum(gamma**k * rewards[k] for k in range(len(rewards))),
        lambda rewards, gamma: math.fsum(r * gamma**k for k, r in zip(itertools.count(), rewards)),
        lambda rewards, gamma: np.sum(np.array(rewards) * np.power(gamma, range(len(rewards)))),
    ],
)
def test_a_return_may_be_written_in_many_ways(answer):
    assert_correct(lesson01.discounted_return, answer)


def return_from_power_one(rewards, gamma):
    total = 0.0
    for k in range(1, len(rewards) + 1):
        total += gamma**k * rewards[k - 1]
    return total


def return_with_gamma_on_everything_behind(rewards, gamma):
    total = 0.0
    for reward in reversed(rewards):
        total = gamma * (reward + total)
    return total


def return_late(rewards, gamma):
    total, weight = 0.0, 1.0
    for k, reward in enumerate(rewards):
        if k > 1:
            weight *= gamma
        total += weight * reward
    return total


def return_with_one_gamma(rewards, gamma):
    total = 0.0
    for reward in rewards:
        total += reward * gamma
    return total


def return_without_gamma(rewards, gamma):
    total = 0.0
    for reward in rewards:
        total += reward
    return total


def return_backwards(rewards, gamma):
    total = 0.0
    for reward in rewards:
        total = reward + gamma * total
    return total


def return_in_the_loop(rewards, gamma):
    total = 0.0
    for k, reward in enumerate(rewards):
        total += gamma**k * reward
        return total


def return_with_a_product(rewards, gamma):
    return sum(gamma * i * rewards[i] for i in range(len(rewards)))


def return_without_the_last(rewards, gamma):
    total = 0.0
    for k in range(len(rewards) - 1):
        total += gamma**k * rewards[k]
    return total


def return_as_a_mean(rewards, gamma):
    if not rewards:
        return 0.0
    return float(np.mean(gamma ** np.arange(len(rewards)) * rewards))


@pytest.mark.parametrize(
    "answer, words",
    [
        (return_from_power_one, "power of gamma is one too high"),
        (return_with_gamma_on_everything_behind, "power of gamma is one too high"),
        (return_late, "Off by one in the power"),
        (return_with_one_gamma, "multiplied by the same gamma"),
        (return_without_gamma, "gamma plays no part"),
        (return_backwards, "runs backwards"),
        (return_as_a_mean, "divides by the number of rewards"),
        (return_in_the_loop, "returns in the middle of the loop"),
        (return_with_a_product, "`gamma**k`, not `gamma * k`"),
        (return_without_the_last, "The last reward is left out"),
    ],
)
def test_a_usual_mistake_of_the_return_is_told(answer, words):
    assert_told(lesson01.discounted_return, answer, words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (
            lambda rewards, gamma: sum(gamma ** (2 * k) * r for k, r in enumerate(rewards)),
            ["`rewards = [-1, -1]`, `gamma = 0.5`", "should be `-1.5`", "but is `-1.25`"],
        ),
        (
            lambda rewards, gamma: -return_by_loop(rewards, gamma),
            ["`rewards = [-1]`, `gamma = 0.9`", "should be `-1`", "but is `1`"],
        ),
        (
            lambda rewards, gamma: return_by_loop(rewards, gamma) + 1,
            ["`rewards = [-1]`", "should be `-1`", "but is `0`"],
        ),
        (
            lambda rewards, gamma: [gamma**k * r for k, r in enumerate(rewards)],
            ["Its shape must be (), not (1,)"],
        ),
        (lambda rewards, gamma: float("nan"), ["but is `nan`"]),
        (lambda rewards, gamma: float("inf"), ["but is `inf`"]),
        (lambda rewards, gamma: "0", ["It must be a number, not a str"]),
        (lambda rewards, gamma: 0.999 * return_by_loop(rewards, gamma), ["`rewards = [-1]`", "`-0.999`"]),
    ],
)
def test_an_unknown_return_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson01.discounted_return, answer, *words)


def test_a_return_that_uses_up_the_rewards_is_told():
    def answer(rewards, gamma):
        total = 0.0
        while rewards:
            total = rewards.pop() + gamma * total
        return total

    verdict = lesson01.discounted_return.check(answer)
    assert verdict.status == "not yet"
    assert "The results are right, but it changes its arguments" in verdict.message


def share_by_count(terminated, truncated):
    return list(terminated).count(True) / len(terminated)


def share_by_loop(terminated, truncated):
    arrived = 0
    for flag in terminated:
        if flag:
            arrived += 1
    return np.float64(arrived / len(terminated))


def share_by_array(terminated, truncated):
    return np.asarray(terminated).mean(dtype=np.float32)


@pytest.mark.parametrize(
    "answer",
    [
        share_by_count,
        share_by_loop,
        share_by_array,
        lambda terminated, truncated: terminated.mean(),
        lambda terminated, truncated: terminated.sum() / terminated.size,
        lambda terminated, truncated: np.count_nonzero(terminated) / len(truncated),
        lambda terminated, truncated: sum(terminated) / len(terminated),
        lambda terminated, truncated: statistics.mean(terminated),
        lambda terminated, truncated: Fraction(sum(terminated), len(terminated)),
        lambda terminated, truncated: np.average(terminated),
        lambda terminated, truncated: len([flag for flag in terminated if flag]) / len(terminated),
        lambda terminated, truncated: (terminated & truncated).mean() + (terminated & ~truncated).mean(),
    ],
)
def test_a_share_may_be_written_in_many_ways(answer):
    assert_correct(lesson01.share_reached, answer)


def share_of_both(terminated, truncated):
    ended = [a or b for a, b in zip(terminated, truncated, strict=True)]
    return sum(ended) / len(ended)


def share_of_the_sum(terminated, truncated):
    return (terminated.count(True) + truncated.count(True)) / len(terminated)


def share_of_time_limits(terminated, truncated):
    return sum(1 for flag in truncated if flag) / len(truncated)


def number_of_arrivals(terminated, truncated):
    return np.sum(terminated)


def share_without_late_arrivals(terminated, truncated):
    arrived = [a and not b for a, b in zip(terminated, truncated, strict=True)]
    return sum(arrived) / len(arrived)


@pytest.mark.parametrize(
    "answer, words",
    [
        (share_of_both, "It returns 1, whatever happened"),
        (lambda terminated, truncated: 1 if terminated else 0, "It returns 1, whatever happened"),
        (share_of_the_sum, "This counts the truncated episodes too"),
        (share_of_time_limits, "the other ending"),
        (number_of_arrivals, "how many episodes arrived"),
        (share_without_late_arrivals, "on its very last step"),
    ],
)
def test_a_usual_mistake_of_the_share_is_told(answer, words):
    assert_told(lesson01.share_reached, answer, words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (
            lambda terminated, truncated: 1 - np.mean(terminated),
            ["`terminated = [True]`, `truncated = [False]`", "should be `1`", "but is `0`"],
        ),
        (lambda terminated, truncated: 100 * np.mean(terminated), ["should be `1`", "but is `100`"]),
        (lambda terminated, truncated: any(terminated), ["but is `True`", "It must be a number, not a bool"]),
        (
            lambda terminated, truncated: sum(terminated) / (sum(terminated) + sum(truncated)),
            ["`terminated = [False, True, True]`", "should be `0.666667`", "but is `0.5`"],
        ),
        (lambda terminated, truncated: terminated, ["but is `[True]`"]),
    ],
)
def test_an_unknown_share_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson01.share_reached, answer, *words)
