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


@pytest.mark.parametrize(
    "answer",
    [
        soft_by_loop,
        soft_as_a_tuple,
        soft_number_by_number,
        soft_with_tensors,
        lambda target, online, tau: [
            np.average([t, o], axis=0, weights=[1 - tau, tau]) for t, o in zip(target, online, strict=True)
        ],
        lambda target, online, tau: list(map(lambda t, o: t + tau * (o - t), target, online)),
        lambda target, online, tau: [o - (1 - tau) * (o - t) for o, t in zip(online, target, strict=True)],
    ],
)
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
        (
            lambda target, online, tau: [tau * (o - t) for t, o in zip(target, online, strict=True)],
            "the way that is made",
        ),
        (lambda target, online, tau: [np.array(o) for o in online], "that is the hard update"),
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


@pytest.mark.parametrize(
    "answer",
    [
        hard_by_loop,
        hard_by_arithmetic,
        hard_into_the_target,
        hard_by_deepcopy,
        lambda target, online: list(map(np.copy, online)),
        lambda target, online: [np.copyto(t, o) or t for t, o in zip(target, online, strict=True)],
        lambda target, online: [o + 0 for o in online],
        lambda target, online: [np.array(o.tolist()) for o in online],
        lambda target, online: [o.astype(np.float32) for o in online],
    ],
)
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
        (lambda target, online: online.copy(), "copy each array, `[o.copy() for o in online]`"),
        (lambda target, online: online[:], "copy each array, `[o.copy() for o in online]`"),
        (lambda target, online: copy.copy(online), "aliases, not copies"),
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


@pytest.mark.parametrize(
    "answer",
    [
        double_by_loop,
        double_by_take,
        double_by_one_hot,
        double_with_tensors,
        lambda r, end, online, target, gamma: (
            r + gamma * (end == 0) * target[range(len(r)), np.argmax(online, 1)]
        ),
        lambda r, end, online, target, gamma: r + gamma * (1 - end) * np.choose(online.argmax(1), target.T),
        lambda r, end, online, target, gamma: (
            r + np.where(end, 0, gamma * np.diag(target[:, online.argmax(axis=1)]))
        ),
        lambda r, end, online, target, gamma: (
            r + gamma * (1.0 - end) * np.einsum("bi,bi->b", target, np.eye(3)[online.argmax(1)])
        ),
        lambda r, end, online, target, gamma: (
            r
            + gamma
            * np.logical_not(end)
            * np.array([t[o.argmax()] for t, o in zip(target, online, strict=True)])
        ),
    ],
)
def test_a_double_target_may_be_written_in_many_ways(answer):
    def named(rewards, terminated, next_q_online, next_q_target, gamma):
        return answer(rewards, terminated, next_q_online, next_q_target, gamma)

    assert_correct(lesson05.double_target, named)


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


def target_of_the_worst(rewards, terminated, next_q_online, next_q_target, gamma):
    return double_by_take(rewards, terminated, -next_q_online, next_q_target, gamma)


def target_with_an_inverted_mask(rewards, terminated, next_q_online, next_q_target, gamma):
    return double_by_take(rewards, 1 - terminated, next_q_online, next_q_target, gamma)


def target_without_discount(rewards, terminated, next_q_online, next_q_target, gamma):
    return double_by_take(rewards, terminated, next_q_online, next_q_target, 1.0)


def target_with_gamma_twice(rewards, terminated, next_q_online, next_q_target, gamma):
    return double_by_take(rewards, terminated, next_q_online, next_q_target, gamma**2)


def target_that_loses_the_reward(rewards, terminated, next_q_online, next_q_target, gamma):
    value = next_q_target[np.arange(len(rewards)), next_q_online.argmax(axis=1)]
    return (rewards + gamma * value) * (1 - terminated)


def target_as_a_table(rewards, terminated, next_q_online, next_q_target, gamma):
    return rewards + gamma * (1 - terminated) * next_q_target[:, next_q_online.argmax(axis=1)]


def target_of_numbers(rewards, terminated, next_q_online, next_q_target, gamma):
    return rewards + gamma * (1 - terminated) * np.argmax(next_q_online, axis=1)


@pytest.mark.parametrize("axis", [None, 0])
def test_a_maximum_over_the_wrong_axis_is_explained(axis):
    def answer(rewards, terminated, next_q_online, next_q_target, gamma):
        choice = next_q_online.argmax(axis=axis)
        return rewards + gamma * (1 - terminated) * next_q_target[np.arange(len(rewards)), choice]

    assert "`argmax` needs `axis=1`" in lesson05.double_target.check(answer).message


def test_a_mask_that_cannot_be_turned_round_is_explained():
    def answer(rewards, terminated, next_q_online, next_q_target, gamma):
        return rewards + ~terminated

    message = lesson05.double_target.check(answer).message
    assert "it raised TypeError: ufunc 'invert' not supported" in message
    assert message.endswith("which `~` cannot turn round: `1 - terminated` can.")


@pytest.mark.parametrize(
    "answer, words",
    [
        (plain_target, "action is chosen by the wrong network"),
        (target_valued_online, "value comes from the wrong network"),
        (target_with_networks_swapped, "have changed places"),
        (target_without_a_mask, "counts after the flag too"),
        (target_of_the_worst, "smallest value is chosen"),
        (target_with_an_inverted_mask, "mask is turned round"),
        (target_without_discount, "gamma plays no part"),
        (target_that_loses_the_reward, "the reward is lost as well"),
        (target_as_a_table, "a table of B x B"),
        (target_of_numbers, "number of the chosen action"),
    ],
)
def test_a_usual_mistake_of_the_double_target_is_told(answer, words):
    assert_told(lesson05.double_target, answer, words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (target_with_gamma_twice, ["should be `[-5.]`", "but is `[-3.]`"]),
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
