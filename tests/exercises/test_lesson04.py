"""Lesson 4: every right answer is accepted, every usual mistake is named."""

import random

import numpy as np
import pytest
from judging import assert_correct, assert_counterexample, assert_told, from_source

from dqn_lib.exercises import lesson04


@pytest.mark.parametrize("name", ["add", "sample", "n_step_target"])
def test_the_solution_as_it_is_shown_is_correct(name):
    exercise = getattr(lesson04, name)
    assert_correct(exercise, from_source(exercise.source, np=np))


def add_with_divmod(ring, count, item):
    _, place = divmod(count, len(ring))
    ring[place] = item
    count += 1
    return count


def add_by_subtracting(ring, count, item):
    place = count
    while place >= len(ring):
        place -= len(ring)
    ring[place : place + 1] = [item]
    return np.int64(count) + 1


def add_in_two_cases(ring, count, item):
    if count < len(ring):
        ring[count] = item
    else:
        ring[np.mod(count, len(ring))] = item
    return np.array(count + 1)


@pytest.mark.parametrize("answer", [add_with_divmod, add_by_subtracting, add_in_two_cases])
def test_adding_may_be_written_in_many_ways(answer):
    assert_correct(lesson04.add, answer)


def add_for_ever(ring, count, item):
    ring += [item]
    return count + 1


def add_over_the_newest(ring, count, item):
    newest = (count - 1) % len(ring)
    ring[newest] = item
    return count + 1


def add_at_the_end(ring, count, item):
    ring[len(ring) - 1] = item
    return count + 1


def add_until_full(ring, count, item):
    if count >= len(ring):
        return count
    ring[count] = item
    return count + 1


def add_by_moving(ring, count, item):
    for i in range(len(ring) - 1):
        ring[i] = ring[i + 1]
    ring[-1] = item
    return count + 1


def add_and_wrap_the_count(ring, count, item):
    place = count % len(ring)
    ring[place] = item
    return (place + 1) % len(ring)


def add_without_counting(ring, count, item):
    ring[count % len(ring)] = item
    return count


def add_at_the_front(ring, count, item):
    ring[0] = item
    return count + 1


def add_at_the_front_once_full(ring, count, item):
    ring[count if count < len(ring) else 0] = item
    return count + 1


def add_one_place_too_far(ring, count, item):
    count += 1
    ring[count % len(ring)] = item
    return count


def add_by_inserting(ring, count, item):
    ring.insert(count % len(ring), item)
    return count + 1


def add_and_return_the_item(ring, count, item):
    ring[count % len(ring)] = item
    return item


def add_and_return_the_ring(ring, count, item):
    ring[count % len(ring)] = item
    return ring


def add_and_return_both(ring, count, item):
    ring[count % len(ring)] = item
    return ring, count + 1


def add_and_return_nothing(ring, count, item):
    ring[count % len(ring)] = item


def add_nothing(ring, count, item):
    return count + 1


def add_to_a_copy(ring, count, item):
    ring = list(ring)
    ring[count % len(ring)] = item
    return count + 1


def add_the_count(ring, count, item):
    ring[count % len(ring)] = count
    return count + 1


@pytest.mark.parametrize(
    "answer, words",
    [
        (add_for_ever, "`append` makes the list longer"),
        (add_by_inserting, "`insert` makes room"),
        (add_one_place_too_far, "one place too far"),
        (add_at_the_front, "always overwrites place 0"),
        (add_at_the_front_once_full, "always overwrites place 0"),
        (add_and_return_the_item, "it returns the item"),
        (add_and_return_the_ring, "returns the ring, or more than one thing"),
        (add_and_return_both, "returns the ring, or more than one thing"),
        (add_and_return_nothing, "it returned nothing"),
        (add_nothing, "The ring is as before"),
        (add_to_a_copy, "The ring is as before"),
        (add_the_count, "writes the count into the ring"),
        (add_over_the_newest, "overwrites the newest"),
        (add_at_the_end, "overwrites the newest"),
        (add_until_full, "takes nothing new"),
        (add_by_moving, "moves every item"),
        (add_and_wrap_the_count, "must go on counting"),
        (add_without_counting, "must go on counting"),
    ],
)
def test_a_usual_mistake_of_adding_is_told(answer, words):
    assert_told(lesson04.add, answer, words)


def add_and_count_twice(ring, count, item):
    return add_with_divmod(ring, count, item) + 1


def add_and_spoil_the_first(ring, count, item):
    new = add_with_divmod(ring, count, item)
    ring[0] = ring[0] + 1 if count > 3 else ring[0]
    return new


@pytest.mark.parametrize(
    "answer, words",
    [
        (add_and_count_twice, ["the count that it returns should be `1`, but is `2`"]),
        (
            add_and_spoil_the_first,
            ["`count = 4`", "the ring should be `[13, 14, 12]`, but is `[14, 14, 12]`"],
        ),
    ],
)
def test_an_unknown_way_to_add_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson04.add, answer, *words)
    assert "{" not in lesson04.add.check(answer).message


@pytest.mark.parametrize(
    "answer, words",
    [
        (
            lambda ring, count, item: add_with_divmod(ring, count, item) + 0.0,
            "must be an integer, not a float",
        ),
        (lambda ring, count, item: ring.clear() or count + 1, "must keep its 3 places; now it has 0"),
    ],
)
def test_what_is_no_ring_or_no_count_is_refused_in_words(answer, words):
    verdict = lesson04.add.check(answer)
    assert verdict.status == "not yet"
    assert words in verdict.message


def test_adding_to_a_ring_without_turning_round_is_told():
    def answer(ring, count, item):
        ring[count] = item
        return count + 1

    verdict = lesson04.add.check(answer)
    assert verdict.status == "not yet"
    assert "`count = 3`, `item = 13` it raised IndexError" in verdict.message
    assert "`count % len(ring)`" in verdict.message


def draw_by_choice(ring, count, batch, rng):
    return rng.choice(ring[:count], size=batch)


def draw_from_an_array(ring, count, batch, rng):
    filled = np.minimum(count, len(ring))
    places = rng.integers(low=0, high=filled, size=(batch,))
    return np.asarray(ring)[places].tolist()


def draw_by_scaling(ring, count, batch, rng):
    filled = len(ring) if count > len(ring) else count
    return np.take(ring, (rng.random(batch) * filled).astype(int))


def draw_in_a_loop(ring, count, batch, rng):
    items = []
    for _ in range(batch):
        items.append(ring[rng.integers(min(count, len(ring)))])  # noqa: PERF401
    return items


def draw_in_a_list(ring, count, batch, rng):
    return [ring[i] for i in rng.integers(min(count, len(ring)), size=batch)]


def draw_in_a_while_loop(ring, count, batch, rng):
    items = []
    while len(items) < batch:
        items += [ring[int(rng.random() * min(count, len(ring)))]]
    return tuple(items)


def draw_in_a_function_inside(ring, count, batch, rng):
    def one():
        return ring[rng.integers(min(count, len(ring)))]

    return [one() for _ in range(batch)]


@pytest.mark.parametrize(
    "answer",
    [
        draw_by_choice,
        draw_from_an_array,
        draw_by_scaling,
        draw_in_a_loop,
        draw_in_a_list,
        draw_in_a_while_loop,
        draw_in_a_function_inside,
        lambda ring, count, batch, rng: rng.choice(ring[: min(count, len(ring))], size=batch, replace=True),
        lambda ring, count, batch, rng: list(
            map(ring.__getitem__, rng.integers(0, min(count, len(ring)), batch))
        ),
        lambda ring, count, batch, rng: [rng.choice(ring[:count]) for _ in range(batch)],
        lambda ring, count, batch, rng: np.array([item for item in ring if item != -1])[
            rng.integers(min(count, len(ring)), size=batch)
        ],
    ],
)
def test_drawing_may_be_written_in_many_ways(answer):
    assert_correct(lesson04.sample, answer)


MY_OWN = np.random.default_rng(0)


@pytest.mark.parametrize(
    "answer",
    [
        lambda ring, count, batch, rng: random.choices(ring[: min(count, len(ring))], k=batch),
        lambda ring, count, batch, rng: np.random.choice(ring[: min(count, len(ring))], size=batch),  # noqa: NPY002
        lambda ring, count, batch, rng: draw_by_choice(ring, count, batch, MY_OWN),
        lambda ring, count, batch, rng: draw_by_choice(ring, count, batch, np.random.default_rng()),
    ],
)
def test_other_random_numbers_than_those_of_the_generator_are_refused(answer):
    verdict = lesson04.sample.check(answer)
    assert verdict.status == "not yet"
    assert "The results are right, but the random numbers are not those of `rng`." in verdict.message


@pytest.mark.parametrize("seed", [0, 7, 42])
def test_a_new_generator_with_a_fixed_seed_is_refused(seed):
    def answer(ring, count, batch, rng):
        return draw_in_a_list(ring, count, batch, np.random.default_rng(seed))

    assert lesson04.sample.check(answer).message.startswith("Every call returns the same items.")


def draw_without_replacement(ring, count, batch, rng):
    return rng.choice(ring[:count], size=batch, replace=False)


def draw_neighbours(ring, count, batch, rng):
    filled = min(count, len(ring))
    return np.array(ring)[(rng.integers(filled) + np.arange(batch)) % filled]


def draw_the_last_ones(ring, count, batch, rng):
    return ring[: min(count, len(ring))][-batch:]


def draw_the_first(ring, count, batch, rng):
    items = []
    for i in range(batch):
        items.append(ring[i])  # noqa: PERF401
    return items


def draw_the_newest(ring, count, batch, rng):
    places = (count - 1 - np.arange(batch)) % len(ring)
    return np.array(ring)[places]


def draw_without_the_last(ring, count, batch, rng):
    last = min(count, len(ring)) - 1
    return np.array(ring)[rng.integers(0, last, size=batch)]


def draw_without_the_first(ring, count, batch, rng):
    return np.array(ring)[rng.integers(1, min(count, len(ring)), size=batch)]


def draw_with_the_count_folded(ring, count, batch, rng):
    return [ring[i] for i in rng.integers(count % len(ring) or len(ring), size=batch)]


def draw_by_rounding(ring, count, batch, rng):
    last = min(count, len(ring)) - 1
    return [ring[i] for i in np.round(last * rng.random(batch)).astype(int)]


def draw_late_ones_more_often(ring, count, batch, rng):
    filled = min(count, len(ring))
    return [ring[int(filled * fraction**0.5)] for fraction in rng.random(batch)]


def draw_from_empty_places(ring, count, batch, rng):
    return rng.choice(ring, size=batch)


@pytest.mark.parametrize(
    "answer, words",
    [
        (draw_the_first, "always returns the first items"),
        (draw_the_newest, "always returns the newest items"),
        (draw_without_the_last, "never returns the last item"),
        (draw_without_the_first, "never returns the first item"),
        (draw_from_empty_places, "nothing was written to yet"),
        (draw_the_last_ones, "always returns the newest items"),
        (lambda ring, count, batch, rng: ring[-batch:], "It takes the end of the list"),
        (draw_without_replacement, "draws without replacement"),
        (draw_neighbours, "draws one place and returns the items that follow"),
        (draw_with_the_count_folded, "not `count % len(ring)`"),
        (lambda ring, count, batch, rng: draw_in_a_list(ring, count, 1, rng), "It returns one item only"),
        (lambda ring, count, batch, rng: draw_in_a_list(ring, count, 1, rng)[0], "It returns one item only"),
        (draw_by_rounding, "come half as often"),
        (draw_late_ones_more_often, "newer items come more often"),
        (
            lambda ring, count, batch, rng: [ring[rng.integers(min(count, len(ring)))]] * batch,
            "draws one item and returns it `batch` times",
        ),
    ],
)
def test_a_usual_mistake_of_drawing_is_told(answer, words):
    assert_told(lesson04.sample, answer, words)


def draw_early_ones_more_often(ring, count, batch, rng):
    filled = min(count, len(ring))
    return np.array(ring)[(rng.random(batch) ** 2 * filled).astype(int)]


def draw_the_last_twice_as_often(ring, count, batch, rng):
    filled = min(count, len(ring))
    return np.array(ring)[np.minimum(rng.integers(filled + 1, size=batch), filled - 1)]


def draw_all_but_the_item_0(ring, count, batch, rng):
    return rng.choice([item for item in ring if item > 0], size=batch)


def draw_places(ring, count, batch, rng):
    return rng.integers(min(count, len(ring)), size=batch)


@pytest.mark.parametrize(
    "answer, words",
    [
        (draw_early_ones_more_often, ["`ring = [10, 11, 12, 13, 14, 0]`", "the share of 10 should be"]),
        (draw_the_last_twice_as_often, ["`ring = [10, 11, 12, 13, 14, 0]`", "the share of 0 should be"]),
        (draw_all_but_the_item_0, ["`ring = [10, 11, 12, 13, 14, 0]`", "the share of 0 should be"]),
    ],
)
def test_an_unknown_draw_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson04.sample, answer, *words)
    assert "{" not in lesson04.sample.check(answer).message


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda ring, count, batch, rng: ring * 2, "must return `batch = 4` items, and returned 12"),
        (
            lambda ring, count, batch, rng: np.array(ring)[
                rng.integers(min(count, len(ring)), size=(batch, 1))
            ],
            "an array of shape `(4,)`, not one of shape `(4, 1)`",
        ),
        (
            lambda ring, count, batch, rng: iter(draw_in_a_list(ring, count, batch, rng)),
            "a list or an array, not a list_iterator: `list(...)` makes a list of it",
        ),
        (lambda ring, count, batch, rng: {10: 1}, "It must return the items one after the other"),
    ],
)
def test_a_draw_of_the_wrong_size_is_told(answer, words):
    verdict = lesson04.sample.check(answer)
    assert verdict.status == "not yet"
    assert words in verdict.message


def test_a_draw_that_sorts_the_ring_is_told():
    def answer(ring, count, batch, rng):
        filled = min(count, len(ring))
        ring[:filled] = sorted(ring[:filled])
        return np.array(ring)[rng.integers(filled, size=batch)]

    verdict = lesson04.sample.check(answer)
    assert verdict.status == "not yet"
    assert "The results are right, but it modifies its arguments" in verdict.message


def test_a_draw_that_shortens_the_ring_is_told():
    def answer(ring, count, batch, rng):
        del ring[count:]
        return draw_in_a_list(ring, count, batch, rng)

    assert lesson04.sample.check(answer).message.startswith("It changes the length of the ring.")


def target_by_while(rewards, episode_end, terminated, next_values, start, n, gamma):
    total, weight, t = 0.0, 1.0, start
    while True:
        total += weight * rewards[t]
        weight *= gamma
        if episode_end[t] or t == start + n - 1:
            break
        t += 1
    return total if terminated[t] else total + weight * next_values[t]


def target_by_array(rewards, episode_end, terminated, next_values, start, n, gamma):
    ends = np.flatnonzero(episode_end[start : start + n])
    length = int(ends[0]) + 1 if len(ends) else n
    last = start + length - 1
    weights = gamma ** np.arange(length)
    future = gamma**length * next_values[last] * (not terminated[last])
    return np.dot(weights, rewards[start : last + 1]) + future


def target_by_recursion(rewards, episode_end, terminated, next_values, start, n, gamma):
    if episode_end[start] or n == 1:
        behind = 0 if terminated[start] else next_values[start]
    else:
        behind = target_by_recursion(rewards, episode_end, terminated, next_values, start + 1, n - 1, gamma)
    return np.float32(rewards[start] + gamma * behind)


@pytest.mark.parametrize("answer", [target_by_while, target_by_array, target_by_recursion])
def test_a_target_may_be_written_in_many_ways(answer):
    assert_correct(lesson04.n_step_target, answer)


def target_across_the_end(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = sum(gamma**k * rewards[start + k] for k in range(n))
    last = start + n - 1
    if not terminated[last]:
        total += gamma**n * next_values[last]
    return total


def target_across_the_end_in_any_case(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = 0.0
    for k in range(n):
        total += gamma**k * rewards[start + k]
    return total + gamma**n * next_values[start + n - 1]


def target_with_n_at_the_tail(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = 0.0
    for k in range(n):
        last = start + k
        total += gamma**k * rewards[last]
        if episode_end[last]:
            break
    if not terminated[last]:
        total += gamma**n * next_values[last]
    return total


def target_with_one_power_less(rewards, episode_end, terminated, next_values, start, n, gamma):
    total, weight = 0.0, 1.0
    for t in range(start, start + n):
        total += weight * rewards[t]
        if episode_end[t] or t == start + n - 1:
            break
        weight *= gamma
    return total if terminated[t] else total + weight * next_values[t]


def target_through_the_flag(rewards, episode_end, terminated, next_values, start, n, gamma):
    total, weight = 0.0, 1.0
    for t in range(start, start + n):
        total += weight * rewards[t]
        weight *= gamma
        if episode_end[t]:
            break
    return total + weight * next_values[t]


def target_across_the_time_limit(rewards, episode_end, terminated, next_values, start, n, gamma):
    total, weight = 0.0, 1.0
    for t in range(start, start + n):
        total += weight * rewards[t]
        weight *= gamma
        if terminated[t]:
            return total
    return total + weight * next_values[t]


def target_without_the_future_of_a_time_limit(rewards, episode_end, terminated, next_values, start, n, gamma):
    total, weight = 0.0, 1.0
    for t in range(start, start + n):
        total += weight * rewards[t]
        weight *= gamma
        if episode_end[t]:
            return total
    return total + weight * next_values[t]


@pytest.mark.parametrize(
    "answer, words",
    [
        (target_across_the_end, "across an episode's end"),
        (target_across_the_end_in_any_case, "across an episode's end"),
        (target_with_n_at_the_tail, "is discounted m times, not n times"),
        (target_with_one_power_less, "discounted m - 1 times"),
        (target_through_the_flag, "bootstraps through the flag"),
        (target_without_the_future_of_a_time_limit, "treats the time limit as if it were the flag"),
        (target_across_the_time_limit, "runs on across the time limit"),
    ],
)
def test_a_usual_mistake_of_the_target_is_told(answer, words):
    assert_told(lesson04.n_step_target, answer, words)


def target_with(*, change=lambda given: given, result=lambda target, given: target):
    """The right target of wrong arguments, or something else made of it."""

    def answer(rewards, episode_end, terminated, next_values, start, n, gamma):
        names = ("rewards", "episode_end", "terminated", "next_values", "start", "n", "gamma")
        values = (rewards, episode_end, terminated, next_values, start, n, gamma)
        given = dict(zip(names, values, strict=True))
        return result(target_by_while(**(given | change(given))), given)

    return answer


def target_of_an_early_flag_only(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = 0.0
    for k in range(n):
        t = start + k
        total += gamma**k * rewards[t]
        if episode_end[t] and k < n - 1:
            return total if terminated[t] else total + gamma ** (k + 1) * next_values[t]
    return total + gamma**n * next_values[start + n - 1]


def target_of_a_late_flag_only(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = 0.0
    for k in range(n):
        t = start + k
        total += gamma**k * rewards[t]
        if episode_end[t]:
            break
    over = k == n - 1 and terminated[t]
    return total if over else total + gamma ** (k + 1) * next_values[t]


def target_that_overlooks_the_first_step(rewards, episode_end, terminated, next_values, start, n, gamma):
    total, t, k = rewards[start], start, 0
    for k in range(1, n):
        t = start + k
        total += gamma**k * rewards[t]
        if episode_end[t]:
            break
    return total if terminated[t] else total + gamma ** (k + 1) * next_values[t]


def target_of_any_flag_in_n_steps(rewards, episode_end, terminated, next_values, start, n, gamma):
    ends = [t for t in range(start, start + n) if episode_end[t]]
    last = min([*ends, start + n - 1])
    total = sum(gamma ** (t - start) * rewards[t] for t in range(start, last + 1))
    over = any(terminated[start : start + n])
    return total if over else total + gamma ** (last - start + 1) * next_values[last]


def target_of_a_break_before_the_reward(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = 0.0
    for k in range(n):
        t = start + k
        if episode_end[t]:
            break
        total += gamma**k * rewards[t]
    return total if terminated[t] else total + gamma ** (k + 1) * next_values[t]


def target_up_to(stop):
    def answer(rewards, episode_end, terminated, next_values, start, n, gamma):
        total, t = 0.0, start
        for t in range(start, stop(start, n)):
            total += gamma ** (t - start) * rewards[t]
            if episode_end[t]:
                break
        return total if terminated[t] else total + gamma ** (t - start + 1) * next_values[t]

    return answer


def target_with_n_steps_on(rewards, episode_end, terminated, next_values, start, n, gamma):
    last = next((t for t in range(start, start + n) if episode_end[t]), start + n - 1)
    total = sum(gamma ** (t - start) * rewards[t] for t in range(start, last + 1))
    return total + (not terminated[last]) * gamma ** (last - start + 1) * next_values[start + n - 1]


def at_the_flag(target, given):
    window = range(given["start"], given["start"] + given["n"])
    last = next((t for t in window if given["episode_end"][t]), window[-1])
    return given["terminated"][last]


@pytest.mark.parametrize(
    "answer, words",
    [
        (
            target_with(change=lambda g: {"next_values": [0.0] * 99}),
            "value at the end of the window is missing",
        ),
        (
            target_with(change=lambda g: {"next_values": [-v for v in g["next_values"]]}),
            "value at the end of the window is subtracted",
        ),
        (
            target_with(change=lambda g: {"next_values": [g["next_values"][g["start"]]] * 99}),
            "is that of the first step of the window",
        ),
        (target_with(change=lambda g: {"next_values": [*g["next_values"][1:], 0.0]}), "one step too late"),
        (target_with_n_steps_on, "not that of step `start + n - 1`"),
        (target_with(change=lambda g: {"n": g["n"] + 1}), "one reward too many"),
        (target_with(change=lambda g: {"n": 1}), "only one step ahead"),
        (target_with(change=lambda g: {"start": 0}), "always begins at step 0"),
        (target_with(change=lambda g: {"gamma": 0.99}), "Gamma is always 0.99"),
        (
            target_with(change=lambda g: {"terminated": g["episode_end"], "episode_end": g["terminated"]}),
            "have changed places",
        ),
        (target_with(result=lambda target, g: target * (not at_the_flag(target, g))), "the rewards are lost"),
        (target_of_an_early_flag_only, "If the flag comes at the n-th step itself"),
        (target_of_a_late_flag_only, "If the flag comes before the n-th step"),
        (target_that_overlooks_the_first_step, "overlooks that the very first step"),
        (target_of_any_flag_in_n_steps, "looks for the flag in all n steps"),
        (target_of_a_break_before_the_reward, "stops before it has added the last reward"),
        (target_up_to(lambda start, n: start + n - 1), "one reward too few"),
        (target_up_to(lambda start, n: n), "`range(start, n)` ends at step n"),
    ],
)
def test_another_usual_mistake_of_the_target_is_named(answer, words):
    assert_told(lesson04.n_step_target, answer, words)


def target_that_is_not_returned(rewards, episode_end, terminated, next_values, start, n, gamma):
    target = target_by_while(rewards, episode_end, terminated, next_values, start, n, gamma)  # noqa: F841


@pytest.mark.parametrize(
    "answer, words",
    [
        (
            target_with(change=lambda g: {"gamma": 1.0}),
            ["`n = 1`, `gamma = 0.5`", "should be `-6`", "is `-11`"],
        ),
        (target_with(result=lambda target, g: target / g["n"]), ["`start = 3`, `n = 2`"]),
        (target_that_is_not_returned, ["but is `None`", "It returned nothing"]),
    ],
)
def test_an_unknown_target_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson04.n_step_target, answer, *words)


@pytest.mark.parametrize("name", ["add", "sample", "n_step_target"])
def test_no_message_has_literal_asterisks(name):
    exercise = getattr(lesson04, name)
    texts = [mistake.message for mistake in exercise.mistakes] + list(exercise.hints)
    outside_code = [part for text in texts for part in text.split("`")[::2]]
    assert not any("*" in part for part in outside_code)


def test_places_instead_of_items_are_told():
    assert "Places instead of items?" in lesson04.sample.check(draw_places).message
