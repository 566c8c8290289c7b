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

from dqn_lib import mountain_car
from dqn_lib.exercises import lesson01
from dqn_lib.exercises.comparison import short_repr


def shown(state):
    """A state as a message has it."""
    return f"`state = {short_repr(np.array(state))}`"


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
    return np.sign(state[1] or -1).astype(int) + 1


def push_by_where(state):
    return np.where(state[-1] < 0, 0, 2)


def push_by_arithmetic(state):
    return np.int32(2) * (state[1] > 0)


def push_by_comparing(state):
    return 2 * int(state[1] >= 0)


def push_by_a_list(state):
    return [0, 2][int(state[1] >= 0)]


def push_either_way_at_rest(state):
    _, velocity = state.tolist()
    if velocity == 0:
        return 2 if state[0] < -0.5 else 0
    return 2 if velocity > 0 else 0


def push_by_choose(state):
    return np.choose(state[1] > 0, [0, 2])


RIGHT_PUSHES = [
    push_by_unpacking,
    push_by_sign,
    push_by_where,
    push_by_arithmetic,
    push_by_comparing,
    push_by_a_list,
    push_either_way_at_rest,
    push_by_choose,
    lambda state: (state[1] > 0) * 2,
    lambda state: {True: 2, False: 0}[bool(state[1] > 0)],
    lambda state: np.argmax([state[1] < 0, False, state[1] >= 0]),
]


@pytest.mark.parametrize("answer", RIGHT_PUSHES)
def test_a_push_with_the_motion_may_be_written_in_many_ways(answer):
    assert_correct(lesson01.push_with_the_motion, answer)


@pytest.mark.parametrize("answer", RIGHT_PUSHES)
def test_what_is_found_correct_drives_in_the_cells_that_follow(answer):
    env = mountain_car.make()
    state, _ = env.reset(seed=1)
    ended = False
    while not ended:
        state, _, terminated, truncated, _ = env.step(answer(state))
        ended = terminated or truncated
    assert terminated
    drives = mountain_car.simulate(lambda cars: [answer(car) for car in cars], [[-0.6, 0.0], [-0.4, 0.0]])
    assert drives.reached.all()


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
        (lambda state: 0, "always pushes left"),
        (lambda state: 2 if int(state[1]) > 0 else 0, "always pushes left"),
        (lambda state: 1 if state[1] > 0 else 0, "Action 1 does nothing"),
        (lambda state: 1 if state[1] > 0 else -1, "Action 1 does nothing"),
        (lambda state: int(np.sign(state[1])), "Action 1 does nothing"),
    ],
)
def test_a_usual_mistake_of_the_push_is_told(answer, words):
    assert_told(lesson01.push_with_the_motion, answer, words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda state: int(np.argmax(state)), ["should be `2`", "but is `1`"]),
        (lambda state: 2 if state[1] > 0.02 else 0, [shown([-0.5, 0.01]), "but is `0`"]),
        (lambda state: 2 if state[1] > -0.04 else 0, [shown([-0.5, -0.01]), "should be `0`"]),
        (lambda state: state[1] > 0, ["It must be an integer"]),
        (lambda state: 2.0 * (state[1] > 0), ["but is `2.0`", "It must be an integer, not a float64"]),
        (lambda state: [2 if state[1] > 0 else 0], ["but is `[2]`", "Its shape must be ()"]),
        (lambda state: 2 if state[1] > 0 or state[0] < -0.9 else 0, [shown([-1, -0.01])]),
        (lambda state: 2 if state[1] > 0 and state[0] < 0.5 else 0, [shown([0.6, 0.01])]),
        (lambda state: 2 if state[1] > -0.001 else 0, [shown([-0.5, -0.0001])]),
        (lambda state: 2 if abs(state[1]) < 0.05 and state[1] > 0 else 0, [shown([-0.5, 0.07])]),
        (
            lambda state: 2 if state.dtype == np.float32 or state[1] > 0 else 0,
            [shown([-0.5, -0.01])],
        ),
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


NO_PUSH = "a push is asked for: 0 or 2, either will do."


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (push_unless_at_rest, "the car stands still. It returned nothing"),
        (push_with_a_name_unbound_at_rest, "it raised UnboundLocalError"),
        (lambda state: 7 if state[1] == 0 else 2 * (state[1] > 0), "It returned `7`; an action is one of"),
        (lambda state: np.sign(state[1]) + 1 if state[1] == 0 else 2 * (state[1] > 0), "returned `1.0`"),
        (
            lambda state: 2.0 if state[1] == 0 else 2 * (state[1] > 0),
            "It returned `2.0`; an action is one of",
        ),
        (lambda state: "left" if state[1] == 0 else 2 * (state[1] > 0), "It returned `'left'`"),
        (lambda state: -1 if state[1] == 0 else 2 * (state[1] > 0), "It returned `-1`"),
        (lambda state: state[1] == 0 or 2 * (state[1] > 0), "It returned `True`"),
        (lambda state: 1 if state[1] == 0 else 2 * (state[1] > 0), NO_PUSH),
        (lambda state: int(np.sign(state[1])) + 1, NO_PUSH),
    ],
)
def test_a_car_at_rest_is_pushed_too(answer, words):
    verdict = lesson01.push_with_the_motion.check(answer)
    assert verdict.status == "not yet"
    assert verdict.message.startswith(f"With {shown([-0.5, 0.0])} ")
    assert words in verdict.message


def test_a_car_at_rest_hides_no_other_mistake():
    assert_told(
        lesson01.push_with_the_motion, lambda state: 1 - int(np.sign(state[1])), "sign is turned round"
    )


def test_comparing_the_whole_state_is_explained():
    verdict = lesson01.push_with_the_motion.check(lambda state: 2 if state > 0 else 0)
    assert "compare the velocity, `state[1]`" in verdict.message


@pytest.mark.parametrize(("at_rest", "missed"), [(0, [-0.489]), (2, [])], ids=["left", "right"])
def test_where_the_car_stands_still_one_push_misses_the_flag_from_one_start_as_the_lesson_says(
    at_rest, missed
):
    """The lesson drives the student's policy from the same 1,001 starts."""
    starts = np.column_stack([np.linspace(-0.6, -0.4, 1_001), np.zeros(1_001)])
    rest = lambda cars: np.select([cars[:, 1] > 0, cars[:, 1] < 0], [2, 0], at_rest)  # noqa: E731
    drives = mountain_car.simulate(rest, starts)
    np.testing.assert_allclose(starts[~drives.reached, 0], missed)


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


def returns_of_all_steps(rewards, gamma):
    returns = np.zeros(len(rewards))
    later = 0.0
    for k in reversed(range(len(rewards))):
        returns[k] = later = rewards[k] + gamma * later
    return returns


def return_with_weights_like_the_rewards(rewards, gamma):
    weights = np.ones_like(rewards)
    for k in range(1, len(rewards)):
        weights[k] = weights[k - 1] * gamma
    return (weights * rewards).sum()


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
        (lambda rewards, gamma: return_by_loop(rewards[1:], gamma), "The first reward is left out"),
        (lambda rewards, gamma: return_from_power_one(rewards[1:], gamma), "The first reward is left out"),
        (lambda rewards, gamma: rewards[0] + gamma * sum(rewards[1:]), "discounted once only"),
        (lambda rewards, gamma: sum(k**gamma * r for k, r in enumerate(rewards)), "changed places"),
        (lambda rewards, gamma: return_by_loop(rewards, 0.99), "The discount is fixed"),
        (lambda rewards, gamma: np.mean(gamma ** np.arange(len(rewards)) * rewards), "divides by the number"),
        (lambda rewards, gamma: gamma ** np.arange(len(rewards)) * rewards, "one by one"),
        (returns_of_all_steps, "returns from every step on"),
        (lambda rewards, gamma: sum(gamma ** rewards.index(r) * r for r in rewards), "finds the first place"),
        (return_with_weights_like_the_rewards, "made of floats"),
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
        (lambda rewards, gamma: [return_by_loop(rewards, gamma)], ["Its shape must be (), not (1,)"]),
        (lambda rewards, gamma: float("nan"), ["but is `nan`"]),
        (lambda rewards, gamma: float("inf"), ["but is `inf`"]),
        (lambda rewards, gamma: "0", ["It must be a number, not a str"]),
        (lambda rewards, gamma: 0.999 * return_by_loop(rewards, gamma), ["`rewards = [-1]`", "`-0.999`"]),
    ],
)
def test_an_unknown_return_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson01.discounted_return, answer, *words)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda rewards, gamma: rewards[0] + gamma * return_by_loop(rewards[1:], gamma), "raised IndexError"),
        (lambda rewards, gamma: return_by_loop(rewards, gamma) if rewards else None, "returned nothing"),
    ],
)
def test_the_return_of_no_rewards_is_asked_last(answer, words):
    verdict = lesson01.discounted_return.check(answer)
    assert verdict.status == "not yet"
    assert verdict.message.startswith("With `rewards = []`, `gamma = 0.9` ")
    assert words in verdict.message


def test_a_return_that_uses_up_the_rewards_is_told():
    def answer(rewards, gamma):
        total = 0.0
        while rewards:
            total = rewards.pop() + gamma * total
        return total

    verdict = lesson01.discounted_return.check(answer)
    assert verdict.status == "not yet"
    assert "The results are right, but it modifies its arguments" in verdict.message


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
        (share_of_both, "This counts the truncated episodes too"),
        (share_of_the_sum, "This counts the truncated episodes too"),
        (share_of_time_limits, "the other ending"),
        (number_of_arrivals, "how many episodes arrived"),
        (share_without_late_arrivals, "on its very last step"),
        (lambda terminated, truncated: 1 - np.mean(truncated), "on its very last step"),
        (lambda terminated, truncated: sum(terminated) / sum([*terminated, *truncated]), "number of endings"),
        (lambda terminated, truncated: np.mean(np.array(terminated) & truncated), "episodes with both flags"),
        (lambda terminated, truncated: 1.0 if any(terminated) else 0.0, "whether any episode arrived"),
        (lambda terminated, truncated: 100 * np.mean(terminated), "per cent"),
        (lambda terminated, truncated: sum(terminated) // len(terminated), "`//` cuts off"),
        (lambda terminated, truncated: sum(terminated) / (len(terminated) + len(truncated)), "both lists"),
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
        (lambda terminated, truncated: any(terminated), ["but is `True`", "It must be a number, not a bool"]),
        (
            lambda terminated, truncated: np.median(terminated),
            ["`terminated = [True, False, False, False]`", "should be `0.25`", "but is `0`"],
        ),
        (lambda terminated, truncated: terminated, ["but is `[True]`"]),
    ],
)
def test_an_unknown_share_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson01.share_reached, answer, *words)


def share_by_asking_the_list(terminated, truncated):
    if terminated:
        return 1
    return 0


@pytest.mark.parametrize(
    "answer", [share_by_asking_the_list, lambda terminated, truncated: 1.0 if terminated else 0.0]
)
def test_asking_whether_the_list_is_true_is_told(answer):
    verdict = lesson01.share_reached.check(answer)
    assert verdict.status == "not yet"
    assert verdict.message.startswith("`if terminated:` only asks whether the list holds anything at all.")


def test_asking_first_whether_there_are_any_episodes_is_no_mistake():
    assert_correct(
        lesson01.share_reached, lambda terminated, truncated: np.mean(terminated) if terminated else 0.0
    )
