"""Lesson 2: every right answer is right, every usual mistake is told by its name."""

import copy
import random

import gymnasium as gym
import numpy as np
import pytest
from judging import assert_correct, assert_counterexample, assert_told, from_source

from dqn_lib.agents.q_table import TableQ
from dqn_lib.exercises import lesson02
from dqn_lib.exercises.comparison import short_repr

LOW, HIGH = np.array([-1.2, -0.07]), np.array([0.6, 0.07])


@pytest.mark.parametrize("name", ["cell", "q_update", "epsilon_greedy", "effective_horizon"])
def test_the_solution_as_it_is_shown_is_correct(name):
    exercise = getattr(lesson02, name)
    assert_correct(exercise, from_source(exercise.source, np=np))


def cell_in_plain_python(state, cells):
    numbers = []
    for x, low, high in zip(state, (-1.2, -0.07), (0.6, 0.07), strict=True):
        number = int((x - low) / (high - low) * cells)
        if number == cells:
            number -= 1
        numbers.append(number)
    return numbers


def cell_by_clipping(state, cells):
    return np.clip(np.floor((state - LOW) / (HIGH - LOW) * cells), 0, cells - 1).astype(int)


def cell_by_digitize(state, cells):
    i = np.digitize(state[0], np.linspace(-1.2, 0.6, cells + 1)[1:-1])
    j = np.digitize(state[1], np.linspace(-0.07, 0.07, cells + 1)[1:-1])
    return i, j


def cell_by_width(state, cells):
    width = (HIGH - LOW) / cells
    position, velocity = np.clip((state - LOW) // width, 0, cells - 1)
    return int(position), int(velocity)


def cell_by_searching(state, cells):
    edges = [np.linspace(low, high, cells + 1)[1:-1] for low, high in zip(LOW, HIGH, strict=True)]
    return tuple(int(np.searchsorted(edge, x, side="right")) for edge, x in zip(edges, state, strict=True))


def cell_by_counting(state, cells):
    def number(x, low, high):
        i = 0
        while i < cells - 1 and x >= low + (i + 1) * (high - low) / cells:
            i += 1
        return i

    return number(state[0], -1.2, 0.6), number(state[1], -0.07, 0.07)


def cell_from_the_environment(state, cells):
    space = gym.make("MountainCar-v0").observation_space
    place = (state - space.low) / (space.high - space.low) * cells
    return tuple(np.clip(place.astype(int), 0, cells - 1))


def cell_with_trunc(state, cells):
    i, j = np.trunc((np.asarray(state, np.float64) - LOW) / (HIGH - LOW) * cells).astype(int)
    return (i if i < cells else cells - 1), (j if j < cells else cells - 1)


def cell_as_in_the_lesson(state, cells):
    place = (state - LOW) / (HIGH - LOW) * cells
    i, j = np.minimum(place, cells - 1)
    return int(i), int(j)


def cell_from_multiplying_first(state, cells):
    i = int((state[0] + 1.2) * cells / 1.8)
    j = int((state[1] + 0.07) * cells / 0.14)
    return np.array([min(i, cells - 1), min(j, cells - 1)])


@pytest.mark.parametrize(
    "answer",
    [
        cell_in_plain_python,
        cell_by_clipping,
        cell_by_digitize,
        cell_by_width,
        cell_by_searching,
        cell_by_counting,
        cell_from_the_environment,
        cell_with_trunc,
        cell_as_in_the_lesson,
        cell_from_multiplying_first,
        lambda state, cells: TableQ(np.zeros((cells, cells, 3)), LOW, HIGH).cell(state) // [cells, 1] % cells,
    ],
)
def test_a_cell_may_be_written_in_many_ways(answer):
    assert_correct(lesson02.cell, answer)


def cell_out_of_range(state, cells):
    i = int((state[0] + 1.2) / 1.8 * cells)
    j = int((state[1] + 0.07) / 0.14 * cells)
    return i, j


def cell_transposed(state, cells):
    velocity, position = (state - LOW) / (HIGH - LOW)
    return min(int(position * cells), cells - 1), min(int(velocity * cells), cells - 1)


def cell_transposed_and_out_of_range(state, cells):
    i, j = cell_out_of_range(state, cells)
    return j, i


def cell_rounded(state, cells):
    i = round((state[0] - -1.2) / (0.6 - -1.2) * cells)
    j = round((state[1] - -0.07) / (0.07 - -0.07) * cells)
    return min(i, cells - 1), min(j, cells - 1)


def cell_rounded_by_numpy(state, cells):
    return np.rint((state - LOW) / (HIGH - LOW) * cells).astype(int)


def cell_from_float32_bounds(state, cells):
    """Right for 0.6 as Python has it, and out of range for 0.6 as Gymnasium gives it."""
    space = gym.make("MountainCar-v0").observation_space
    i, j = (np.asarray(state, float) - space.low) / (space.high.astype(float) - space.low) * cells
    return int(i), int(j)


def cell_from_float32_arithmetic(state, cells):
    space = gym.make("MountainCar-v0").observation_space
    i, j = (state - space.low) / (space.high - space.low) * cells
    return int(i), int(j)


def cell_by_floor(state, cells):
    i, j = np.floor((state - LOW) / (HIGH - LOW) * cells).astype(int)
    return min(i, cells - 1), min(j, cells - 1)


def cell_by_floor_division(state, cells):
    i, j = (state - LOW) // ((HIGH - LOW) / cells)
    return min(int(i), cells - 1), min(int(j), cells - 1)


def cell_from_zero(state, cells):
    i, j = np.maximum(state / (HIGH - LOW) * cells, 0)
    return min(int(i), cells - 1), min(int(j), cells - 1)


def cell_minding_the_position_only(state, cells):
    i, j = cell_out_of_range(state, cells)
    return min(i, cells - 1), j


def cell_that_wraps_round(state, cells):
    i, j = cell_out_of_range(state, cells)
    return i % cells, j % cells


def cell_from_one(state, cells):
    i, j = cell_in_plain_python(state, cells)
    return i + 1, j + 1


def cell_by_digitize_from_one(state, cells):
    i = np.digitize(state[0], np.linspace(-1.2, 0.6, cells + 1))
    j = np.digitize(state[1], np.linspace(-0.07, 0.07, cells + 1))
    return min(i, cells - 1), min(j, cells - 1)


def cell_with_the_range_of_the_position(state, cells):
    return tuple(min(int((x + 1.2) / 1.8 * cells), cells - 1) for x in state)


def cell_cut_too_early(state, cells):
    i = int((state[0] + 1.2) / 1.8) * cells
    j = int((state[1] + 0.07) / 0.14) * cells
    return min(i, cells - 1), min(j, cells - 1)


def cell_with_max_for_min(state, cells):
    i, j = cell_out_of_range(state, cells)
    return max(i, cells - 1), max(j, cells - 1)


def cell_rounded_up(state, cells):
    i, j = np.ceil((np.asarray(state, float) - LOW) / (HIGH - LOW) * cells).astype(int)
    return min(i, cells - 1), min(j, cells - 1)


def cell_of_too_few(state, cells):
    scaled = (state - LOW) / (HIGH - LOW)
    return tuple((scaled * (cells - 1)).astype(int))


@pytest.mark.parametrize(
    "answer, words",
    [
        (cell_out_of_range, "At the upper edge"),
        (cell_from_float32_bounds, "At the upper edge"),
        (cell_by_floor, "At the wall this gives -1"),
        (cell_by_floor_division, "At the wall this gives -1"),
        (cell_from_zero, "cut in the wrong place"),
        (cell_transposed, "axes are transposed"),
        (cell_transposed_and_out_of_range, "axes are transposed"),
        (cell_rounded, "rounds to the nearest"),
        (cell_rounded_by_numpy, "rounds to the nearest"),
        (cell_of_too_few, "into `cells - 1` parts"),
        (cell_minding_the_position_only, "At the upper edge"),
        (cell_that_wraps_round, "`%` wraps round"),
        (cell_from_one, "begin at 1"),
        (cell_by_digitize_from_one, "begin at 1"),
        (lambda state, cells: cell_in_plain_python(state, 20), "always cuts into 20"),
        (lambda state, cells: np.dot(cell_in_plain_python(state, cells), [cells, 1]), "one number for both"),
        (cell_with_the_range_of_the_position, "as if it were a position"),
        (cell_cut_too_early, "before the multiplication"),
        (lambda state, cells: tuple((state - LOW) / (HIGH - LOW) * cells), "with a fraction"),
        (cell_with_max_for_min, "keeps the *larger* number"),
        (cell_rounded_up, "rounds to the nearest"),
    ],
)
def test_a_usual_mistake_of_the_cell_is_told(answer, words):
    assert_told(lesson02.cell, answer, words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (
            lambda state, cells: np.add(cell_in_plain_python(state, cells), 2),
            [f"`state = {short_repr(LOW)}`, `cells = 10`", "should be `(0, 0)`", "but is `array([2, 2])`"],
        ),
        (lambda state, cells: (0, 0), ["should be `(4, 2)`", "but is `(0, 0)`"]),
        (lambda state, cells: cell_in_plain_python(state, cells)[0], ["not be an int"]),
        (lambda state, cells: [*cell_in_plain_python(state, cells), 0], ["2 parts, not 3"]),
        (lambda state, cells: cell_in_plain_python(-state, cells), ["should be `(0, 0)`"]),
        (lambda state, cells: (state - LOW) / (HIGH - LOW), ["It must be an integer"]),
        (lambda state, cells: ("0", "0"), ["It must be an integer, not a str"]),
    ],
)
def test_an_unknown_cell_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson02.cell, answer, *words)


def test_bounds_in_float32_are_no_way_round_the_last_cell():
    verdict = lesson02.cell.check(cell_from_float32_arithmetic)
    assert verdict.status == "not yet"


def test_a_cell_that_shifts_the_state_in_place_is_told():
    def answer(state, cells):
        state -= LOW
        return tuple(min(int(x), cells - 1) for x in state / (HIGH - LOW) * cells)

    verdict = lesson02.cell.check(answer)
    assert verdict.status == "not yet"
    assert "it modifies its arguments" in verdict.message


def update_step_by_step(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    best = max(q[next_cell, a] for a in range(q.shape[1]))
    if terminated:
        best = 0
    error = reward + gamma * best - q[cell, action]
    result = np.array(q)
    result[cell][action] = q[cell][action] + alpha * error
    return result


def update_as_a_mean(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    target = reward + gamma * (1 - terminated) * np.max(q[next_cell])
    table = q + 0.0
    table[cell, action] = (1 - alpha) * q[cell, action] + alpha * target
    return table


def update_with_lists(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = q.tolist()
    future = 0 if terminated else max(table[next_cell])
    table[cell][action] += alpha * (reward + gamma * future - table[cell][action])
    return table


def update_by_deepcopy(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    new = copy.deepcopy(q)
    future = gamma * np.amax(new[next_cell, :])
    new[cell, action] += alpha * (reward + (0.0 if terminated else future) - new[cell, action])
    return new


def update_by_where(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    target = np.where(terminated, reward, reward + gamma * q.max(axis=1)[next_cell])
    taken = np.zeros_like(q)
    taken[cell, action] = 1.0
    return q + alpha * taken * (target - q)


def update_with_tensors(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    from dqn_lib.agents.backend import tf

    future = 0.0 if terminated else tf.reduce_max(q[next_cell])
    error = reward + gamma * future - q[cell, action]
    return tf.tensor_scatter_nd_add(q, [[cell, action]], [alpha * error])


@pytest.mark.parametrize(
    "answer",
    [
        update_step_by_step,
        update_as_a_mean,
        update_with_lists,
        update_by_deepcopy,
        update_by_where,
        update_with_tensors,
    ],
)
def test_an_update_may_be_written_in_many_ways(answer):
    assert_correct(lesson02.q_update, answer)


def update_through_the_flag(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = q.copy()
    table[cell, action] += alpha * (reward + gamma * np.max(q[next_cell]) - q[cell, action])
    return table


def update_away(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    target = reward
    if not terminated:
        target = target + gamma * max(q[next_cell])
    error = q[cell, action] - target
    table = q.copy()
    table[cell, action] = table[cell, action] + alpha * error
    return table


def update_over_cells(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    best = np.max(q, axis=0)
    table = q.copy()
    target = reward if terminated else reward + gamma * best[action]
    table[cell, action] += alpha * (target - table[cell, action])
    return table


def update_with_a_column(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    future = 0.0 if terminated else max(q[:, next_cell])
    table = np.copy(q)
    table[cell, action] += alpha * (reward + gamma * future - table[cell, action])
    return table


def update_over_the_table(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    future = 0.0 if terminated else np.max(q)
    table = np.copy(q)
    table[cell, action] += alpha * (reward + gamma * future - table[cell, action])
    return table


def update_with_argmax(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    future = 0 if terminated else np.argmax(q[next_cell])
    table[cell, action] += alpha * (reward + gamma * future - q[cell, action])
    return table


def update_of_the_row(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    target = reward + gamma * np.max(q[next_cell]) * (not terminated)
    table[cell] = (1 - alpha) * table[cell] + alpha * target
    return table


def update_without_the_old_value(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    table[cell, action] += alpha * (reward + gamma * np.max(q[next_cell]) * (not terminated))
    return table


def update_without_gamma(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    target = reward + np.max(q[next_cell]) * (1 - terminated)
    table[cell, action] += alpha * (target - q[cell, action])
    return table


def update_of_what_is_changed_already(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    table[cell, action] = (1 - alpha) * table[cell, action] + alpha * reward
    if not terminated:
        table[cell, action] += alpha * gamma * np.max(table[next_cell])
    return table


def update_with_a_tilde(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    target = reward + gamma * ~int(terminated) * np.max(q[next_cell])
    table[cell, action] += alpha * (target - q[cell, action])
    return table


def update_with_the_flag_turned_round(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    target = reward + gamma * terminated * np.max(q[next_cell])
    table[cell, action] += alpha * (target - q[cell, action])
    return table


def update_of_one_number(*arguments):
    return update_step_by_step(*arguments)[arguments[1], arguments[2]]


def update_by_the_same_action(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    target = reward if terminated else reward + gamma * q[next_cell, action]
    table[cell, action] += alpha * (target - q[cell, action])
    return table


def with_arguments(update):
    """The same function, to be called by the names of its arguments too."""

    def named(q, cell, action, reward, next_cell, terminated, alpha, gamma):
        return update(q, cell, action, reward, next_cell, terminated, alpha, gamma)

    return named


def update_by(best, q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    target = reward if terminated else reward + gamma * best(q[next_cell])
    table[cell, action] += alpha * (target - q[cell, action])
    return table


def update_by_the_smallest(*arguments):
    return update_by(np.min, *arguments)


def update_by_the_mean(*arguments):
    return update_by(np.mean, *arguments)


def update_by_the_cell_it_left(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    target = reward if terminated else reward + gamma * q[cell].max()
    table[cell, action] += alpha * (target - q[cell, action])
    return table


def update_that_discounts_the_reward(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    earlier = reward if terminated else gamma * reward
    return update_step_by_step(q, cell, action, earlier, next_cell, terminated, alpha, gamma)


def update_with_nothing_at_the_flag(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    target = (1 - terminated) * (reward + gamma * q[next_cell].max())
    table[cell, action] += alpha * (target - q[cell, action])
    return table


def update_unless_at_the_flag(*arguments):
    return arguments[0].copy() if arguments[5] else update_step_by_step(*arguments)


def update_unless_at_home(*arguments):
    return arguments[0].copy() if arguments[1] == arguments[4] else update_step_by_step(*arguments)


def update_with_a_fixed_reward(q, cell, action, reward, *rest):
    return update_step_by_step(q, cell, action, -1, *rest)


def update_with_the_other_share(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    return update_step_by_step(q, cell, action, reward, next_cell, terminated, 1 - alpha, gamma)


def update_with_the_step_alone(q, cell, action, *rest):
    table = update_step_by_step(q, cell, action, *rest)
    table[cell, action] -= q[cell, action]
    return table


def update_of_the_next_cell(q, cell, action, reward, next_cell, *rest):
    table = np.copy(q)
    step = update_step_by_step(q, cell, action, reward, next_cell, *rest)[cell, action] - q[cell, action]
    table[next_cell, action] += step
    return table


def update_transposed(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    target = reward + (0 if terminated else gamma * q[next_cell].max())
    table[action, cell] += alpha * (target - q[action, cell])
    return table


def update_with_alpha_for_gamma(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    return update_step_by_step(q, cell, action, reward, next_cell, terminated, gamma, alpha)


def update_at_once(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = np.copy(q)
    table[cell, action] = reward
    if not terminated:
        table[cell, action] += gamma * q[next_cell].max()
    return table


@pytest.mark.parametrize(
    "answer, words",
    [
        (update_through_the_flag, "bootstraps through the flag"),
        (update_away, "sign of the TD error"),
        (update_over_cells, "over the wrong axis"),
        (update_with_a_column, "over the wrong axis"),
        (update_over_the_table, "over the whole table"),
        (update_at_once, "replaces the old value"),
        (update_with_argmax, "number of the best action"),
        (update_of_the_row, "whole row has changed"),
        (update_without_the_old_value, "The old value is not subtracted"),
        (update_without_gamma, "Gamma plays no part here"),
        (update_of_what_is_changed_already, "changed before the maximum is taken"),
        (update_with_a_tilde, "`~True` is -2"),
        (update_with_the_flag_turned_round, "`terminated` is inverted"),
        (update_of_one_number, "the one new entry"),
        (update_by_the_same_action, "the same one again"),
        (with_arguments(update_by_the_smallest), "the minimum"),
        (with_arguments(update_by_the_mean), "mean of the next values"),
        (update_by_the_cell_it_left, "cell that the car has left"),
        (update_that_discounts_the_reward, "The reward is discounted too"),
        (update_with_nothing_at_the_flag, "the target is not 0"),
        (with_arguments(update_unless_at_the_flag), "the step that reaches the flag"),
        (with_arguments(update_unless_at_home), "a step that stays in its cell. It is"),
        (with_arguments(update_with_a_fixed_reward), "The reward is taken to be -1"),
        (update_with_the_other_share, "Alpha and 1 - alpha"),
        (with_arguments(update_with_the_step_alone), "replaced by the step"),
        (with_arguments(update_of_the_next_cell), "the next cell that changes"),
        (update_transposed, "The indices have changed places"),
        (update_with_alpha_for_gamma, "Alpha and gamma"),
    ],
)
def test_a_usual_mistake_of_the_update_is_told(answer, words):
    assert_told(lesson02.q_update, answer, words)


def test_an_update_of_an_alias_is_told():
    def answer(q, cell, action, reward, next_cell, terminated, alpha, gamma):
        new = q
        target = reward if terminated else reward + gamma * new[next_cell].max()
        new[cell, action] += alpha * (target - new[cell, action])
        return new

    verdict = lesson02.q_update.check(answer)
    assert verdict.status == "not yet"
    assert "`new = q` is a second name for it, not a copy" in verdict.message
    assert not any("second name" in mistake.message for mistake in lesson02.q_update.mistakes)


def test_an_update_of_a_copy_that_also_changes_the_table_is_told():
    def answer(q, cell, action, reward, next_cell, terminated, alpha, gamma):
        target = reward if terminated else reward + gamma * q[next_cell].max()
        q[cell, action] += alpha * (target - q[cell, action])
        return q.copy()

    assert "the table you were given has changed too" in lesson02.q_update.check(answer).message


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda q, c, a, r, s, end, alpha, gamma: q, ["-3.5]", "but is `array([[-3., -1., -2.]"]),
        (lambda q, c, a, r, s, end, alpha, gamma: q[c, a] + alpha * r, ["(3, 3), not ()"]),
        (lambda q, c, a, r, s, end, alpha, gamma: q[c], ["Its shape must be (3, 3), not (3,)"]),
        (
            lambda q, c, a, r, s, end, alpha, gamma: np.full_like(q, np.nan),
            ["but is `array([[nan, nan, nan]"],
        ),
        (lambda q, c, a, r, s, end, alpha, gamma: [[1], [1, 2]], ["but is `[[1], [1, 2]]`"]),
        (
            lambda q, c, a, r, s, end, alpha, gamma: update_step_by_step(q, c, a, r, s, end, alpha, gamma**2),
            ["`cell = 1`, `action = 0`, `reward = -1`", "`gamma = 0.9`"],
        ),
        (
            lambda q, c, a, r, s, end, alpha, gamma: update_step_by_step(q, s, a, r, c, end, alpha, gamma),
            ["`next_cell = 1`"],
        ),
    ],
)
def test_an_unknown_update_is_shown_where_it_fails(answer, words):
    def named(q, cell, action, reward, next_cell, terminated, alpha, gamma):
        return answer(q, cell, action, reward, next_cell, terminated, alpha, gamma)

    assert_counterexample(lesson02.q_update, named, *words)


def greedy_by_loop(q, epsilon, rng):
    if rng.random() >= epsilon:
        best = 0
        for action in range(3):
            if q[action] > q[best]:
                best = action
        return best
    return rng.integers(0, 3)


def greedy_by_choice(q, epsilon, rng):
    return rng.choice([0, 1, 2]) if rng.uniform() < epsilon else np.argmax(q)


def greedy_by_probabilities(q, epsilon, rng):
    chances = np.full(3, epsilon / 3)
    chances[np.argmax(q)] += 1 - epsilon
    return int(rng.choice(3, p=chances))


def greedy_by_bernoulli(q, epsilon, rng):
    actions = np.array([rng.integers(0, 2, endpoint=True), 2, 0, np.argmax(q)])
    return actions[-1] if rng.binomial(1, 1 - epsilon) else rng.permutation(3)[0]


def greedy_by_drawing_always(q, epsilon, rng):
    explore, action = rng.random() <= epsilon, rng.integers(len(q))
    return (action if explore else q.argmax()).item()


@pytest.mark.parametrize(
    "answer",
    [
        greedy_by_loop,
        greedy_by_choice,
        greedy_by_probabilities,
        greedy_by_bernoulli,
        greedy_by_drawing_always,
        lambda q, epsilon, rng: (
            rng.integers(3) if rng.random() < epsilon else max(range(3), key=q.__getitem__)
        ),
        lambda q, epsilon, rng: int(rng.random() * 3) if rng.uniform(0, 1) < epsilon else int(np.argmax(q)),
        lambda q, epsilon, rng: rng.choice(3) if epsilon > rng.random() else np.argsort(q)[-1],
        lambda q, epsilon, rng: [rng.choice(len(q)), np.argmax(q)][int(rng.random() >= epsilon)],
        lambda q, epsilon, rng: int(rng.choice([q.argmax(), rng.integers(3)], p=[1 - epsilon, epsilon])),
    ],
)
def test_an_exploring_choice_may_be_written_in_many_ways(answer):
    assert_correct(lesson02.epsilon_greedy, answer)


MY_OWN = np.random.default_rng(0)


@pytest.mark.parametrize(
    "answer",
    [
        lambda q, epsilon, rng: np.random.randint(3) if np.random.rand() < epsilon else np.argmax(q),  # noqa: NPY002
        lambda q, epsilon, rng: random.randrange(3) if random.random() < epsilon else np.argmax(q),
        lambda q, epsilon, rng: random.randrange(3) if rng.random() < epsilon else np.argmax(q),
        lambda q, epsilon, rng: rng.integers(3) if random.random() < epsilon else np.argmax(q),
        lambda q, epsilon, rng: greedy_by_loop(q, epsilon, np.random.default_rng()),
        lambda q, epsilon, rng: greedy_by_loop(q, epsilon, MY_OWN),
    ],
)
def test_random_numbers_of_one_s_own_are_told(answer):
    verdict = lesson02.epsilon_greedy.check(answer)
    assert verdict.status == "not yet"
    assert "he random numbers are not those of `rng`. Draw all of them from it" in verdict.message
    assert verdict.message.startswith(("The random numbers", "The results are right, but the random numbers"))


def test_a_wrong_answer_with_random_numbers_of_its_own_is_told_that_first():
    def answer(q, epsilon, rng):
        return random.randrange(3) if random.random() > epsilon else np.argmax(q)

    assert lesson02.epsilon_greedy.check(answer).message.startswith(
        "The random numbers are not those of `rng`."
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_generator_that_begins_again_at_every_call_is_told(seed):
    def answer(q, epsilon, rng):
        return greedy_by_loop(q, epsilon, np.random.default_rng(seed))

    verdict = lesson02.epsilon_greedy.check(answer)
    assert verdict.status == "not yet"
    assert verdict.message.startswith(
        ("Where it explores, it takes the same action", "It never explores, or hardly")
    )


def test_a_value_in_place_of_an_action_is_told():
    verdict = lesson02.epsilon_greedy.check(lambda q, epsilon, rng: max(q))
    assert (
        verdict.message
        == "It returned `-1`, one of the values in `q`. Return the number of the action: `q.argmax()`."
    )


def test_functions_that_a_generator_has_not_are_told():
    verdict = lesson02.epsilon_greedy.check(lambda q, epsilon, rng: rng.randint(3))
    assert "A NumPy generator has `rng.random()`" in verdict.message


def greedy_inverted(q, epsilon, rng):
    if rng.random() > epsilon:
        return rng.integers(3)
    return np.argmax(q)


def explores_the_first_two(q, epsilon, rng):
    if rng.random() < epsilon:
        return rng.integers(0, 2)
    return np.argmax(q)


def explores_the_last_two(q, epsilon, rng):
    return rng.choice([1, 2]) if rng.random() < epsilon else np.argmax(q)


def explores_left_and_right(q, epsilon, rng):
    return rng.choice([0, 2]) if rng.random() < epsilon else np.argmax(q)


def explores_the_other_two(q, epsilon, rng):
    best = np.argmax(q)
    if rng.random() < epsilon:
        return (best + rng.integers(1, 3)) % 3
    return best


def never_explores(q, epsilon, rng):
    best = 0
    for action in (1, 2):
        if q[action] > q[best]:
            best = action
    return best


def greedy_for_the_worst(q, epsilon, rng):
    return rng.integers(3) if rng.random() < epsilon else np.argmin(q)


@pytest.mark.parametrize(
    "answer, words",
    [
        (greedy_inverted, "Epsilon is inverted"),
        (explores_the_first_two, "upper end of `rng.integers(low, high)`"),
        (explores_the_last_two, "upper end of `rng.integers(low, high)`"),
        (explores_left_and_right, "upper end of `rng.integers(low, high)`"),
        (explores_the_other_two, "the greedy one is left out"),
        (never_explores, "It never explores"),
        (greedy_for_the_worst, "smallest value"),
        (lambda q, epsilon, rng: greedy_by_loop(q, epsilon / 100, rng), "It never explores"),
        (lambda q, epsilon, rng: greedy_by_loop(q, 0.05, rng), "It never explores"),
        (lambda q, epsilon, rng: rng.integers(3) if epsilon > 0.5 else np.argmax(q), "depend on chance"),
        (lambda q, epsilon, rng: rng.integers(3) if epsilon else np.argmax(q), "depend on chance"),
    ],
)
def test_a_usual_mistake_of_exploring_is_told(answer, words):
    assert_told(lesson02.epsilon_greedy, answer, words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda q, epsilon, rng: int(rng.integers(3)), ["`epsilon = 0`", "should be `array([0., 1., 0.])`"]),
        (lambda q, epsilon, rng: 0, ["but is `array([1., 0., 0.])`"]),
        (lambda q, epsilon, rng: greedy_by_loop(q, epsilon / 2, rng), ["`epsilon = 1`"]),
        (lambda q, epsilon, rng: greedy_by_loop(q, epsilon**2, rng), ["`epsilon = 0.3`"]),
        (lambda q, epsilon, rng: 2, ["but is `array([0., 0., 1.])`"]),
    ],
)
def test_an_unknown_choice_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson02.epsilon_greedy, answer, *words)


def test_a_choice_that_lowers_the_values_in_place_is_told():
    def answer(q, epsilon, rng):
        best = int(q.argmax())
        q -= 1.0
        return int(rng.integers(3)) if rng.random() < epsilon else best

    assert "it modifies its arguments" in lesson02.epsilon_greedy.check(answer).message


def horizon_by_sum(gamma):
    return sum(gamma**k for k in range(50_000))


def horizon_by_loop(gamma):
    total, weight = 0.0, 1.0
    while weight > 1e-12:
        total += weight
        weight *= gamma
    return total


def horizon_by_numpy(gamma):
    return np.power(gamma, np.arange(50_000)).sum()


def horizon_by_power(gamma):
    return np.float32((1 - gamma) ** -1)


@pytest.mark.parametrize(
    "answer",
    [
        horizon_by_sum,
        horizon_by_loop,
        horizon_by_numpy,
        horizon_by_power,
        lambda gamma: sum(gamma**k for k in range(10_000)),
        lambda gamma: 1.0 + gamma / (1 - gamma),
        lambda gamma: -1 / (gamma - 1),
    ],
)
def test_a_horizon_may_be_written_in_many_ways(answer):
    assert_correct(lesson02.effective_horizon, answer)


def horizon_from_the_second_step(gamma):
    total = 0.0
    for k in range(1, 50_000):
        total += gamma**k
    return total


def lost_share(gamma):
    lost = 1 - gamma
    return lost


def inverse_of_gamma(gamma):
    return 1 / gamma


@pytest.mark.parametrize(
    "answer, words",
    [
        (horizon_from_the_second_step, "one step too late"),
        (lost_share, "This is 1 minus gamma"),
        (inverse_of_gamma, "divides by gamma"),
        (lambda gamma: 1 / (gamma - 1), "value of never arriving"),
        (lambda gamma: 1 / (1 + gamma), "sign of gamma"),
        (lambda gamma: round(1 / (1 - gamma)), "whole number"),
        (lambda gamma: int(1 // (1 - gamma)), "whole number"),
        (lambda gamma: sum(gamma**k for k in range(200)), "stops after a while"),
    ],
)
def test_a_usual_mistake_of_the_horizon_is_told(answer, words):
    assert_told(lesson02.effective_horizon, answer, words)


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda gamma: 1 / (1 - gamma) ** 2, ["`gamma = 0."]),
        (lambda gamma: 1 + 2 * gamma, ["`gamma = 0."]),
        (lambda gamma: 100, ["`gamma = 0", "but is `100`"]),
        (lambda gamma: 1 / (1 - gamma) + 1, ["`gamma = 0"]),
        (lambda gamma: sum(gamma**k for k in range(80)), ["`gamma = 0.9`", "but is `9.99782`"]),
    ],
)
def test_an_unknown_horizon_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson02.effective_horizon, answer, *words)


@pytest.mark.parametrize("choice", [3, -1, 1.5, 2.0, "1", True, [1, 2]])
def test_a_choice_that_is_no_action_is_told(choice):
    verdict = lesson02.epsilon_greedy.check(lambda q, epsilon, rng: choice)
    assert f"It returned `{choice!r}`; an action is one of the integers" in verdict.message
