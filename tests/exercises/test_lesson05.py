"""Lesson 5: every right answer is accepted, every usual mistake is named."""

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


def soft_with_online_not_scaled(target, online, tau):
    return [o + t * (1 - tau) for t, o in zip(target, online, strict=True)]


def soft_without_brackets(target, online, tau):
    return [tau * o + 1 - tau * t for t, o in zip(target, online, strict=True)]


def soft_without_the_last(target, online, tau):
    return soft_by_loop(target, [*online[:-1], target[-1]], tau)


def soft_without_the_biases(target, online, tau):
    pairs = zip(target, online, strict=True)
    return [t + tau * (o - t) if t.shape == (2, 2) else 1.0 * t for t, o in pairs]


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
        (soft_with_online_not_scaled, "weights are not scaled"),
        (soft_without_brackets, "Brackets are missing"),
        (lambda target, online, tau: soft_by_loop(target, online, 0.03), "whatever `tau` is"),
        (lambda target, online, tau: soft_by_loop(target, online, 0.5), "whatever `tau` is"),
        (lambda target, online, tau: soft_by_loop(target, online, tau)[:1], "`return` inside the loop"),
        (soft_without_the_last, "The last array is not moved"),
        (soft_without_the_biases, "The last array is not moved"),
    ],
)
def test_a_usual_mistake_of_the_soft_update_is_named(answer, words):
    assert_told(lesson05.soft_update, answer, words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (
            lambda target, online, tau: [0.7 * t + 0.3 * o for t, o in zip(target, online, strict=True)],
            ["`tau = 0.1`", "should be `[array([[2.05, 4.], [6., 8.]])", "but is `[array([[4.15, 8."],
        ),
        (lambda target, online, tau: soft_by_loop(target, online, tau**2), ["`tau = 0.1`"]),
        (lambda target, online, tau: soft_by_loop(target, online, tau)[1:], ["2 parts, not 1"]),
        (lambda target, online, tau: soft_by_loop(target, online, tau)[0], ["should be `"]),
        (lambda target, online, tau: 0.5, ["It must have 2 parts, not be a float"]),
        (lambda target, online, tau: [t.ravel() for t in target], ["Its shape must be (2, 2), not (4,)"]),
        (lambda target, online, tau: "weights", ["should be `", "but is `'weights'`"]),
    ],
)
def test_an_unknown_soft_update_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson05.soft_update, answer, *words)


def soft_in_place(target, online, tau):
    for i, weights in enumerate(online):
        target[i] += tau * (weights - target[i])
    return target


def soft_into_the_list(target, online, tau):
    target[:] = soft_by_loop(target, online, tau)
    return list(target)


def soft_that_scales_the_online_network(target, online, tau):
    for weights in online:
        np.multiply(weights, tau, out=weights)
    return [(1 - tau) * t + o for t, o in zip(target, online, strict=True)]


@pytest.mark.parametrize("answer", [soft_in_place, soft_into_the_list, soft_that_scales_the_online_network])
def test_a_soft_update_leaves_both_lists_and_their_arrays_as_they_are(answer):
    verdict = lesson05.soft_update.check(answer)
    assert verdict.status == "not yet"
    assert verdict.message.startswith("The results are right, but it changes the arrays or the lists")


@pytest.mark.parametrize("name", ["soft_update", "hard_update"])
def test_a_generator_is_no_list_of_arrays(name):
    answers = {
        "soft_update": lambda target, online, tau: (t + tau * (o - t) for t, o in zip(target, online)),  # noqa: B905
        "hard_update": lambda target, online: (o.copy() for o in online),
    }
    verdict = getattr(lesson05, name).check(answers[name])
    assert verdict.status == "not yet"
    assert verdict.message.startswith("It returned a generator")


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda target, online, tau: (1 - tau) * target, "Lists cannot be scaled"),
        (lambda target, online, tau: np.array(target), "The arrays have different shapes"),
    ],
)
def test_arithmetic_on_the_lists_themselves_is_explained(answer, words):
    assert words in lesson05.soft_update.check(answer).message


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


def hard_that_hands_out_the_arrays(target, online):
    arrays = list(online)
    online[:] = [o.copy() for o in online]
    return arrays


def hard_that_hands_out_the_list(target, online):
    online[:] = [o.copy() for o in online]
    return online


def hard_without_a_move(target, online):
    return [t.copy() for t in target]


@pytest.mark.parametrize(
    "answer, words",
    [
        (hard_by_a_new_list, "copy the list, not its arrays"),
        (hard_by_views, "another view of the same array"),
        (hard_by_names, "those of the online network: when it goes on"),
        (hard_without_a_move, "has not moved"),
        (lambda target, online: online.copy(), "`online.copy()` and `list(online)` copy the list"),
        (lambda target, online: online[:], "copy the list, not its arrays"),
        (lambda target, online: copy.copy(online), "copy the list, not its arrays"),
        (hard_that_hands_out_the_arrays, "copy the list, not its arrays"),
        (hard_that_hands_out_the_list, "copy the list, not its arrays"),
        (lambda target, online: [*hard_by_loop(target, online[:1]), *online[1:]], "Some arrays are copied"),
        (lambda target, online: [+o if o.ndim == 2 else o for o in online], "Some arrays are copied"),
        (lambda target, online: [online[0].copy()], "Only the first array has come back"),
        (lambda target, online: hard_by_loop(target, online)[:-1], "The last array is missing"),
        (lambda target, online: [o.astype(np.int32) for o in online], "cut to whole numbers"),
        (lambda target, online: [o + t for t, o in zip(target, online, strict=True)], "added to those"),
        (lambda target, online: [np.zeros_like(o) for o in online], "nothing in them yet"),
    ],
)
def test_a_usual_mistake_of_the_hard_update_is_named(answer, words):
    assert_told(lesson05.hard_update, answer, words)


def hard_half_way(target, online):
    return [(t + o) / 2 for t, o in zip(target, online, strict=True)]


@pytest.mark.parametrize(
    "answer, words",
    [
        (hard_half_way, ["should be `[array([[11.5, 22.], [33., 44.]])", "but is `[array([[6.25, 12.]"]),
        (lambda target, online: [o.ravel().copy() for o in online], ["Its shape must be (2, 2), not (4,)"]),
        (lambda target, online: [o.copy() for o in online][::-1], ["`online = [array([[11.5, 22.]"]),
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


def target_of_columns(rewards, terminated, next_q_online, next_q_target, gamma):
    choice = next_q_online.argmax(axis=1, keepdims=True)
    return rewards + gamma * (1 - terminated) * np.take_along_axis(next_q_target, choice, axis=1)


def target_of_the_smaller_value(rewards, terminated, next_q_online, next_q_target, gamma):
    return double_by_take(rewards, terminated, next_q_online, np.minimum(next_q_online, next_q_target), gamma)


def target_of_the_smaller_maximum(rewards, terminated, next_q_online, next_q_target, gamma):
    value = np.minimum(next_q_online.max(axis=1), next_q_target.max(axis=1))
    return rewards + gamma * (1 - terminated) * value


def target_of_the_mean(rewards, terminated, next_q_online, next_q_target, gamma):
    value = np.mean([next_q_online.max(axis=1), next_q_target.max(axis=1)], axis=0)
    return rewards + gamma * (1 - terminated) * value


def target_with_one_choice(rewards, terminated, next_q_online, next_q_target, gamma):
    return rewards + gamma * (1 - terminated) * next_q_target[:, np.argmax(next_q_online[0])]


def target_with_a_flag_for_all(join, rewards, terminated, next_q_online, next_q_target, gamma):
    ended = np.full(len(rewards), bool(join(terminated)))
    return double_by_take(rewards, ended, next_q_online, next_q_target, gamma)


def target_of_numbers(rewards, terminated, next_q_online, next_q_target, gamma):
    return rewards + gamma * (1 - terminated) * np.argmax(next_q_online, axis=1)


@pytest.mark.parametrize("axis", [None, 0])
def test_a_maximum_over_the_wrong_axis_is_explained(axis):
    def answer(rewards, terminated, next_q_online, next_q_target, gamma):
        choice = next_q_online.argmax(axis=axis)
        return rewards + gamma * (1 - terminated) * next_q_target[np.arange(len(rewards)), choice]

    assert "`argmax` needs `axis=1`" in lesson05.double_target.check(answer).message


def test_a_mask_that_cannot_be_inverted_is_explained():
    def answer(rewards, terminated, next_q_online, next_q_target, gamma):
        return rewards + ~terminated

    message = lesson05.double_target.check(answer).message
    assert "it raised TypeError: ufunc 'invert' not supported" in message
    assert message.endswith("which `~` cannot invert: write `1 - terminated`.")


@pytest.mark.parametrize(
    "answer, words",
    [
        (plain_target, "action is chosen by the wrong network"),
        (target_valued_online, "value comes from the wrong network"),
        (target_with_networks_swapped, "have changed places"),
        (target_without_a_mask, "counts after the flag too"),
        (target_of_the_worst, "smallest value is chosen"),
        (target_with_an_inverted_mask, "mask is inverted"),
        (target_without_discount, "gamma plays no part"),
        (target_that_loses_the_reward, "the reward is lost as well"),
        (target_as_a_table, "a table of shape (B, B)"),
        (target_of_columns, "a table of shape (B, B)"),
        (lambda *given: double_by_take(*given)[:, None], "a column, of shape (B, 1)"),
        (lambda *given: double_by_take(*given).mean(), "one number for the whole batch"),
        (lambda *given: double_by_take(*given)[given[1] == 0], "Rows that end at the flag are left out"),
        (target_of_the_smaller_value, "a method of its own"),
        (target_of_the_smaller_maximum, "a method of its own"),
        (target_of_the_mean, "maxima are averaged"),
        (target_with_one_choice, "One action is chosen for the whole batch"),
        (lambda *given: target_with_a_flag_for_all(np.any, *given), "One flag decides"),
        (lambda *given: target_with_a_flag_for_all(np.all, *given), "One flag decides"),
        (lambda *given: target_with_a_flag_for_all(lambda end: end[0], *given), "One flag decides"),
        (lambda *given: double_by_take(*given[:-1], 0.99), "always 0.99"),
        (
            lambda r, end, online, target, gamma: gamma * double_by_take(r, end, online, target, 1.0),
            "discounted as well",
        ),
        (lambda r, *given: double_by_take(0 * r, *given), "The reward is missing"),
        (lambda r, *given: double_by_take(0 * r - 1, *given), "The reward is always -1"),
        (lambda *given: double_by_take(*given[:-1], -given[-1]), "The future is subtracted"),
        (target_of_numbers, "number of the chosen action"),
    ],
)
def test_a_usual_mistake_of_the_double_target_is_named(answer, words):
    def named(rewards, terminated, next_q_online, next_q_target, gamma):
        return answer(rewards, terminated, next_q_online, next_q_target, gamma)

    assert_told(lesson05.double_target, named, words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (target_with_gamma_twice, ["should be `array([-5., -3.5])`", "but is `array([-3., -2.75])`"]),
        (lambda r, end, online, target, gamma: -5.0, ["Its shape must be (2,), not ()"]),
        (lambda r, end, online, target, gamma: r[:, None], ["Its shape must be (2,), not (2, 1)"]),
    ],
)
def test_an_unknown_double_target_is_shown_where_it_fails(answer, words):
    def named(rewards, terminated, next_q_online, next_q_target, gamma):
        return answer(rewards, terminated, next_q_online, next_q_target, gamma)

    assert_counterexample(lesson05.double_target, named, *words)


def target_written_into_the_rewards(rewards, terminated, next_q_online, next_q_target, gamma):
    rewards += gamma * (1 - terminated) * next_q_target[np.arange(len(rewards)), next_q_online.argmax(axis=1)]
    return rewards


def target_that_clears_the_values_at_the_flag(rewards, terminated, next_q_online, next_q_target, gamma):
    next_q_target[terminated == 1] = 0.0
    return rewards + gamma * next_q_target[np.arange(len(rewards)), next_q_online.argmax(axis=1)]


@pytest.mark.parametrize(
    "answer", [target_written_into_the_rewards, target_that_clears_the_values_at_the_flag]
)
def test_a_double_target_leaves_its_arguments_as_they_are(answer):
    assert "it changes the arrays that it was given" in lesson05.double_target.check(answer).message


def test_the_first_case_of_the_double_target_shows_a_table_as_one():
    rewards, *_ = lesson05.double_target.cases[0]
    assert len(rewards) > 1


def test_no_two_actions_of_the_double_target_tie():
    for _, _, online, target, _ in lesson05.double_target.cases:
        for row in (*online, *target):
            assert len(set(row.tolist())) == 3
