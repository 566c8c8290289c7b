"""Lesson 9: every right answer is accepted, every usual mistake is named."""

import math

import numpy as np
import pytest
from judging import assert_correct, assert_counterexample, assert_told, from_source

from dqn_lib import mountain_car
from dqn_lib.agents.tutorial import TutorialAgent
from dqn_lib.exercises import lesson09


@pytest.mark.parametrize("name", ["gain_of_arriving", "epsilon_after", "printed_target"])
def test_the_solution_as_it_is_shown_is_correct(name):
    exercise = getattr(lesson09, name)
    assert_correct(exercise, from_source(exercise.source, np=np))


def gain_in_one_line(gamma, ending, steps):
    return gamma ** (steps - 1) * (ending + 1 / (1 - gamma))


def gain_by_loop(gamma, ending, steps):
    rewards = [-1.0] * (steps - 1) + [ending]
    arriving = sum(reward * gamma**k for k, reward in enumerate(rewards))
    never = -sum(gamma**k for k in range(20_000))
    return arriving - never


def gain_with_a_long_sum(gamma, ending, steps):
    return arriving(gamma, ending, steps) - sum(-(gamma**k) for k in range(2_000))


def gain_by_going_back(gamma, ending, steps):
    value = ending
    for _ in range(steps - 1):
        value = -1 + gamma * value
    return value - -1 / (1 - gamma)


@pytest.mark.parametrize("answer", [gain_in_one_line, gain_by_loop, gain_with_a_long_sum, gain_by_going_back])
def test_a_gain_may_be_computed_in_many_ways(answer):
    assert_correct(lesson09.gain_of_arriving, answer)


def arriving(gamma, ending, steps):
    return gain_in_one_line(gamma, ending, steps) - 1 / (1 - gamma)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (arriving, "This is what arriving costs"),
        (lambda g, e, n: gain_in_one_line(g, e, n + 1), "one step too late"),
        (lambda g, e, n: gain_in_one_line(g, e, n) - g ** (n - 1), "on top of the last -1"),
        (lambda g, e, n: arriving(g, g * e, n) + 1 / (1 - g), "once too often"),
        (lambda g, e, n: gain_in_one_line(g, e, n) + (g ** (n - 2) if n > 1 else 0), "of -1 is missing"),
        (lambda g, e, n: gain_in_one_line(g, -e, n), "with its own sign"),
        (lambda g, e, n: gain_in_one_line(g, -20, n), "`ending` is never used"),
        (lambda g, e, n: gain_in_one_line(0.95, e, n), "`gamma` is never used"),
        (lambda g, e, n: gain_in_one_line(g, e, n) - 1, "counts in full, too"),
        (lambda g, e, n: arriving(g, e, n) * (g - 1), "This is a ratio"),
        (lambda g, e, n: arriving(g, 0, n) + e + 1 / (1 - g), "not discounted"),
        (lambda g, e, n: arriving(g, e, n) + 200, "at full price"),
        (lambda g, e, n: -gain_in_one_line(g, e, n), "sign is turned round"),
        (lambda g, e, n: arriving(g, e, n) + sum(g**k for k in range(200)), "does not end after 200 steps"),
        (lambda g, e, n: arriving(g, e, n) - 1 / (1 - g), "The value of never arriving is added"),
        (lambda g, e, n: 1 - n + g ** (n - 1) * e + 1 / (1 - g), "count in full here"),
    ],
)
def test_a_usual_mistake_with_the_gain_is_told(answer, words):
    assert_told(lesson09.gain_of_arriving, answer, words)


def test_an_unknown_gain_is_shown_where_it_fails():
    answer = lambda gamma, ending, steps: 0.0  # noqa: E731
    assert_counterexample(lesson09.gain_of_arriving, answer, "`gamma = 0.5`", "should be `1`")


@pytest.mark.parametrize(("off", "right"), [(1e-12, True), (5e-4, True), (0.01, False)])
def test_where_the_gain_is_0_the_tolerance_is_absolute(off, right):
    def answer(gamma, ending, steps):
        return gain_in_one_line(gamma, ending, steps) + off * (gamma == 0.95 and ending == -20)

    if right:
        assert_correct(lesson09.gain_of_arriving, answer)
    else:
        assert_counterexample(
            lesson09.gain_of_arriving, answer, "`gamma = 0.95`", "should be `0`", "is `0.01`"
        )


def epsilon_by_loop(steps):
    epsilon = 1.0
    for _ in range(steps):
        epsilon = max(0.995 * epsilon, 0.01)
    return epsilon


def epsilon_while(steps, may_fall):
    epsilon = 1.0
    for _ in range(steps):
        if may_fall(epsilon):
            epsilon *= 0.995
    return epsilon


@pytest.mark.parametrize("answer", [epsilon_by_loop, lambda n: max(math.exp(n * math.log(0.995)), 0.01)])
def test_epsilon_may_be_computed_in_many_ways(answer):
    assert_correct(lesson09.epsilon_after, answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda steps: math.pow(0.995, steps), "There is no floor"),
        (lambda steps: epsilon_by_loop(steps - 1), "One multiplication is missing"),
        (lambda steps: epsilon_by_loop(steps // 200), "once in an episode"),
        (lambda steps: epsilon_by_loop(math.ceil(steps / 200)), "once in an episode"),
        (lambda steps: max(1 - steps * 0.005, 0.01), "subtracts the same amount"),
        (lambda steps: min(0.995**steps, 0.01), "The floor is a ceiling here"),
        (lambda steps: epsilon_by_loop(steps + 1), "one multiplication too many"),
        (lambda steps: epsilon_while(steps, lambda epsilon: epsilon > 0.01), "goes through the floor"),
        (lambda steps: epsilon_while(steps, lambda epsilon: epsilon * 0.995 >= 0.01), "just above the floor"),
        (lambda steps: 0.99 * 0.995**steps + 0.01, "It falls towards the floor"),
        (lambda steps: 0.995**steps if steps < 919 else 0, "epsilon is 0 here"),
        (lambda steps: max(0.01, steps * 0.995), "This multiplies once"),
        (lambda steps: epsilon_by_loop(1), "inside the loop"),
        (
            lambda steps: [max(0.995**k, 0.01) for k in range(1, steps + 1)],
            "of all steps",
        ),
    ],
)
def test_a_usual_mistake_with_epsilon_is_told(answer, words):
    assert_told(lesson09.epsilon_after, answer, words)


def test_an_unknown_epsilon_is_shown_where_it_fails():
    assert_counterexample(lesson09.epsilon_after, lambda steps: 0.01, "`steps = 1`", "should be `0.995`")


def test_the_agent_s_own_epsilon_is_the_exercise_s():
    agent = TutorialAgent(mountain_car.make(), xla=False)
    for steps in (1, 100, 919, 5_000):
        agent.steps = steps - 1
        assert agent.epsilon == pytest.approx(lesson09.epsilon_after.reference(steps))


def target_by_list(q, action, next_q, ended):
    aim = list(q)
    aim[action] = -20.0 if ended else -1 + 0.95 * max(next_q)
    return aim


def target_by_where(q, action, next_q, ended):
    return np.where(np.arange(3) == action, -20 if ended else -1 + 0.95 * np.max(next_q), q)


@pytest.mark.parametrize(
    "answer",
    [
        target_by_list,
        target_by_where,
        lambda q, action, next_q, ended: [
            (-20 if ended else 0.95 * max(next_q) - 1) if i == action else q[i] for i in range(3)
        ],
        lambda q, action, next_q, ended: np.concatenate(
            [q[:action], [-20.0 if ended else -1 + 0.95 * np.max(next_q)], q[action + 1 :]]
        ),
        lambda q, action, next_q, ended: tuple(target_by_list(q, action, next_q, ended)),
    ],
)
def test_a_target_may_be_written_in_many_ways(answer):
    assert_correct(lesson09.printed_target, answer)


def aimed(aim, others=None):
    """An answer that puts `aim` into the taken entry and leaves the others, or makes them something else."""

    def target(q, action, next_q, ended):
        entry = aim(q, next_q, ended)
        return np.where(np.arange(3) == action, entry, q if others is None else others)

    return target


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (aimed(lambda q, n, end: -20 if end else -1 + 0.95 * n.max(), others=0), "here they are 0"),
        (aimed(lambda q, n, end: (-20 if end else -1) + 0.95 * n.max()), "nothing is added"),
        (aimed(lambda q, n, end: -1 if end else -1 + 0.95 * n.max()), "Here it is still -1"),
        (aimed(lambda q, n, end: -20 if end else -1 + 0.95 * q.max()), "over the values of the *next*"),
        (aimed(lambda q, n, end: -20 if end else -1 + 0.95 * n.argmax()), "number of the best action"),
        (aimed(lambda q, n, end: -20 if end else -1 + n.max()), "The future is not discounted"),
        (lambda q, action, next_q, ended: target_by_list(q, action, next_q, ended)[action], "the one entry"),
        (
            lambda q, action, next_q, ended: target_by_list(next_q, action, next_q, ended),
            "are those of the *next*",
        ),
        (lambda q, action, next_q, ended: [target_by_list(q, 0, next_q, ended)[0]] * 3, "All three entries"),
        (
            lambda q, action, next_q, ended: target_by_list(q, np.argmax(q), next_q, ended),
            "of the best action is",
        ),
        (
            lambda q, action, next_q, ended: np.trunc(target_by_list(q, action, next_q, ended)).astype(int),
            "whole numbers",
        ),
        (aimed(lambda q, n, end: -21 if end else -1 + 0.95 * n.max()), "not on top of it"),
        (aimed(lambda q, n, end: -1 + 0.95 * n.max()), "`ended` is never used"),
        (aimed(lambda q, n, end: -1 + 0.95 * n.max() if end else -20), "changed places"),
        (aimed(lambda q, n, end: -20 if end else -1 + 0.95 * n[q.argmax()]), "Double target"),
        (aimed(lambda q, n, end: -20 if end else -1 + 0.95 * n.min()), "the smallest of"),
        (aimed(lambda q, n, end: -20 if end else -1 + 0.99 * n.max()), "by 0.99"),
        (aimed(lambda q, n, end: -20 if end else 0.95 * (n.max() - 1)), "is discounted as well"),
        (aimed(lambda q, n, end: -20 if end else 1 + 0.95 * n.max()), "not +1"),
        (
            lambda q, action, next_q, ended: target_by_list(q, action, [next_q[action]], ended),
            "of the same action",
        ),
    ],
)
def test_a_usual_mistake_with_the_target_is_told(answer, words):
    assert_told(lesson09.printed_target, answer, words)


def test_a_target_leaves_its_arguments_as_they_are():
    def answer(q, action, next_q, ended):
        q[action] = -20 if ended else -1 + 0.95 * next_q.max()
        return q

    verdict = lesson09.printed_target.check(answer)
    assert verdict.status == "not yet" and "it modifies its arguments" in verdict.message


def test_an_unknown_target_is_shown_where_it_fails():
    def answer(q, action, next_q, ended):
        return q.copy()

    assert_counterexample(lesson09.printed_target, answer, "should be `array([-3., -2.9, -4.])`")
