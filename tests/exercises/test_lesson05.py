"""Lesson 5: every right answer is right, every usual mistake is told by its name."""

import copy

import numpy as np
import pytest
from judging import assert_correct, assert_counterexample, assert_told, from_source

from dqn_lib.exercises import lesson05


@pytest.mark.parametrize("name", ["soft_update", "hard_update", "double_target"])
def test_the_solution_as_it_is_shown_is_correct(name):
    exercise = getattr(lesson05, name)
    assert_correct(exercise, from_source(exercise.source, np=np))


def soft_by_loop(target, online, tau):
    moved = []
    for i in range(len(target)):
        moved.append(target[i] + tau * (online[i] - target[i]))  # noqa: PERF401
    return moved


def soft_as_a_tuple(target, online, tau):
    return tuple(tau * o + (1 - tau) * t for t, o in zip(target, online, strict=True))


def soft_number_by_number(target, online, tau):
    moved = copy.deepcopy(target)
    for new, o in zip(moved, online, strict=True):
        for place in np.ndindex(new.shape):
            new[place] += tau * (o[place] - new[place])
    return moved


def soft_with_tensors(target, online, tau):
    from dqn_lib.agents.backend import tf

    pairs = zip(map(tf.constant, target), map(tf.constant, online), strict=True)
    return [t + tau * (o - t) for t, o in pairs]


@pytest.mark.parametrize("answer", [soft_by_loop, soft_as_a_tuple, soft_number_by_number, soft_with_tensors])
def test_a_soft_update_may_be_written_in_many_ways(answer):
    assert_correct(lesson05.soft_update, answer)


def soft_with_tau_on_the_target(target, online, tau):
    moved = []
    for t, o in zip(target, online, strict=True):
        moved.append(o + tau * (t - o))
    return moved


def soft_that_grows(target, online, tau):
    moved = copy.deepcopy(target)
    for i, weights in enumerate(online):
        moved[i] += tau * weights
    return moved


def soft_away(target, online, tau):
    return [(1 + tau) * t - tau * o for t, o in zip(target, online, strict=True)]


@pytest.mark.parametrize(
    "answer, words",
    [
        (soft_with_tau_on_the_target, "Tau is on the wrong side"),
        (soft_that_grows, "own weights are not shrunk"),
        (soft_away, "moves away from the online network"),
    ],
)
def test_a_usual_mistake_of_the_soft_update_is_told(answer, words):
    assert_told(lesson05.soft_update, answer, words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (
            lambda target, online, tau: [(t + o) / 2 for t, o in zip(target, online, strict=True)],
            ["`tau = 0`", "should be `[[[1., 2.], [3., 4.]], [5., 6.]]`", "but is `[[[ 6., 12.]"],
        ),
        (lambda target, online, tau: soft_by_loop(target, online, tau**2), ["`tau = 0.1`"]),
        (lambda target, online, tau: soft_by_loop(target, online, tau)[:1], ["2 parts, not 1"]),
        (lambda target, online, tau: soft_by_loop(target, online, tau)[0], ["should be `"]),
        (lambda target, online, tau: 0.5, ["It must have 2 parts, not be a float"]),
        (lambda target, online, tau: [t.ravel() for t in target], ["Its shape must be (2, 2), not (4,)"]),
        (lambda target, online, tau: "weights", ["should be `", "but is `'weights'`"]),
    ],
)
def test_an_unknown_soft_update_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson05.soft_update, answer, *words)


def test_a_soft_update_in_place_is_told():
    def answer(target, online, tau):
        for i, weights in enumerate(online):
            target[i] += tau * (weights - target[i])
        return target

    verdict = lesson05.soft_update.check(answer)
    assert verdict.status == "not yet"
    assert "The results are right, but it changes its arguments" in verdict.message


def hard_by_loop(target, online):
    copied = []
    for weights in online:
        copied.append(np.array(weights))  # noqa: PERF401
    return copied


def hard_by_arithmetic(target, online):
    return tuple(1.0 * weights for weights in online)


def hard_into_the_target(target, online):
    for t, o in zip(target, online, strict=True):
        t[...] = o
    return target


def hard_by_deepcopy(target, online):
    return copy.deepcopy(online)


@pytest.mark.parametrize("answer", [hard_by_loop, hard_by_arithmetic, hard_into_the_target, hard_by_deepcopy])
def test_a_hard_update_may_be_written_in_many_ways(answer):
    assert_correct(lesson05.hard_update, answer)


def hard_by_a_new_list(target, online):
    return list(online)


def hard_by_views(target, online):
    return [np.asarray(weights)[:] for weights in online]


def hard_by_names(target, online):
    for i in range(len(target)):
        target[i] = online[i]
    return target


def hard_without_a_move(target, online):
    return [t.copy() for t in target]


@pytest.mark.parametrize(
    "answer, words",
    [
        (hard_by_a_new_list, "aliases, not copies"),
        (hard_by_views, "aliases, not copies"),
        (hard_by_names, "aliases, not copies"),
        (hard_without_a_move, "has not moved"),
    ],
)
def test_a_usual_mistake_of_the_hard_update_is_told(answer, words):
    assert_told(lesson05.hard_update, answer, words)


def hard_half_way(target, online):
    return [(t + o) / 2 for t, o in zip(target, online, strict=True)]


@pytest.mark.parametrize(
    "answer, words",
    [
        (hard_half_way, ["`target = [[5., 6.]]`", "should be `[[55., 66.]]`", "but is `[[30., 36.]]`"]),
        (lambda target, online: [0 * o for o in online], ["should be `[[55., 66.]]`", "but is `[[0., 0.]]`"]),
        (lambda target, online: [online[0].copy()], ["It must have 2 parts, not 1"]),
        (lambda target, online: [*hard_by_loop(target, online[:-1]), online[-1]], ["[155., 166.]"]),
        (lambda target, online: [o.copy() for o in online][::-1], ["`online = [[[11., 22.], [33., 44.]]"]),
    ],
)
def test_an_unknown_hard_update_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson05.hard_update, answer, *words)


def double_by_loop(rewards, terminated, next_q_online, next_q_target, gamma):
    targets = []
    for i, reward in enumerate(rewards):
        best = list(next_q_online[i]).index(max(next_q_online[i]))
        targets.append(float(reward) if terminated[i] else reward + gamma * next_q_target[i][best])
    return targets


def double_by_take(rewards, terminated, next_q_online, next_q_target, gamma):
    choice = np.argmax(next_q_online, axis=-1)[:, None]
    value = np.take_along_axis(next_q_target, choice, axis=-1)[:, 0]
    return np.where(terminated, rewards, rewards + gamma * value)


def double_by_one_hot(rewards, terminated, next_q_online, next_q_target, gamma):
    chosen = np.eye(3)[next_q_online.argmax(1)]
    return (rewards + gamma * (1 - terminated) * (next_q_target * chosen).sum(1)).astype(np.float32)


def double_with_tensors(rewards, terminated, next_q_online, next_q_target, gamma):
    from dqn_lib.agents.backend import tf

    choice = tf.argmax(next_q_online, axis=1)
    return rewards + gamma * (1 - terminated) * tf.gather(next_q_target, choice, axis=1, batch_dims=1)


@pytest.mark.parametrize("answer", [double_by_loop, double_by_take, double_by_one_hot, double_with_tensors])
def test_a_double_target_may_be_written_in_many_ways(answer):
    assert_correct(lesson05.double_target, answer)


def plain_target(rewards, terminated, next_q_online, next_q_target, gamma):
    return rewards + gamma * (1 - terminated) * next_q_target.max(axis=1)


def target_valued_online(rewards, terminated, next_q_online, next_q_target, gamma):
    best = np.array([max(row) for row in next_q_online])
    return rewards + gamma * (1 - terminated) * best


def target_with_networks_swapped(rewards, terminated, next_q_online, next_q_target, gamma):
    choice = np.argmax(next_q_target, axis=1)
    value = np.array([row[action] for row, action in zip(next_q_online, choice, strict=True)])
    return rewards + gamma * (1 - terminated) * value


def target_without_a_mask(rewards, terminated, next_q_online, next_q_target, gamma):
    return double_by_take(rewards, np.zeros_like(terminated), next_q_online, next_q_target, gamma)


@pytest.mark.parametrize(
    "answer, words",
    [
        (plain_target, "action is chosen by the wrong network"),
        (target_valued_online, "value comes from the wrong network"),
        (target_with_networks_swapped, "have changed places"),
        (target_without_a_mask, "counts after the flag too"),
    ],
)
def test_a_usual_mistake_of_the_double_target_is_told(answer, words):
    assert_told(lesson05.double_target, answer, words)


def target_of_the_worst(rewards, terminated, next_q_online, next_q_target, gamma):
    return double_by_take(rewards, terminated, -next_q_online, next_q_target, gamma)


def target_with_an_inverted_mask(rewards, terminated, next_q_online, next_q_target, gamma):
    return double_by_take(rewards, 1 - terminated, next_q_online, next_q_target, gamma)


def target_without_discount(rewards, terminated, next_q_online, next_q_target, gamma):
    return double_by_take(rewards, terminated, next_q_online, next_q_target, 1.0)


@pytest.mark.parametrize(
    "answer, words",
    [
        (target_of_the_worst, ["`rewards = [-1.]`", "should be `[-5.]`", "but is `[-3.]`"]),
        (target_with_an_inverted_mask, ["should be `[-5.]`", "but is `[-1.]`"]),
        (target_without_discount, ["should be `[-5.]`", "but is `[-9.]`"]),
        (lambda r, end, online, target, gamma: -5.0, ["Its shape must be (1,), not ()"]),
        (lambda r, end, online, target, gamma: r[:, None], ["Its shape must be (1,), not (1, 1)"]),
    ],
)
def test_an_unknown_double_target_is_shown_where_it_fails(answer, words):
    def named(rewards, terminated, next_q_online, next_q_target, gamma):
        return answer(rewards, terminated, next_q_online, next_q_target, gamma)

    assert_counterexample(lesson05.double_target, named, *words)


def test_a_double_target_written_into_the_rewards_is_told():
    def answer(rewards, terminated, next_q_online, next_q_target, gamma):
        value = next_q_target[np.arange(len(rewards)), next_q_online.argmax(axis=1)]
        rewards += gamma * (1 - terminated) * value
        return rewards

    assert "it changes its arguments" in lesson05.double_target.check(answer).message
