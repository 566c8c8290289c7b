"""Lesson 8: right answers are accepted, and usual mistakes are named."""

import numpy as np
import pytest
from judging import assert_correct, assert_counterexample, assert_told, from_source

from dqn_lib.exercises import lesson08
from dqn_lib.exercises.prediction import Prediction


@pytest.mark.parametrize("name", ["impossible", "td_errors", "where_to_look"])
def test_the_solution_as_it_is_shown_is_correct(name):
    exercise = getattr(lesson08, name)
    assert_correct(exercise, from_source(exercise.source, np=np))


def test_every_exhibit_has_its_question_and_the_right_answers_are_not_all_in_one_place():
    asked = {name[-1].upper(): one for name, one in vars(lesson08).items() if isinstance(one, Prediction)}
    assert asked.keys() == lesson08.EXHIBITS.keys()
    places = [[choice.right for choice in question.choices].index(True) for question in asked.values()]
    assert len(set(places)) >= 3 and all(len(question.choices) == 4 for question in asked.values())


def impossible_by_loop(values, gamma):
    floor = -sum(gamma**k for k in range(10_000))
    return [bool(value < floor - 1e-9 or value > 0) for value in values]


def impossible_by_logic(values, gamma):
    return ~np.logical_and(values * (1 - gamma) >= -1, values <= 0)


@pytest.mark.parametrize(
    "answer",
    [
        impossible_by_loop,
        impossible_by_logic,
        lambda values, gamma: np.logical_or(values < -1 / (1 - gamma), values > 0),
        lambda values, gamma: (values > 0) + (values < 1 / (gamma - 1)),
        lambda values, gamma: [not -1 / (1 - gamma) <= value <= 0 for value in values],
        lambda values, gamma: np.where(values > 0, True, values < -1 / (1 - gamma)),
        lambda values, gamma: np.clip(values, -1 / (1 - gamma), 0) != values,
        lambda values, gamma: ~((values <= 0) & (values >= -((1 - gamma) ** -1))),
    ],
)
def test_the_impossible_may_be_found_in_many_ways(answer):
    assert_correct(lesson08.impossible, answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda values, gamma: np.array([v * (1 - gamma) < -1 for v in values]), "Only the values below"),
        (lambda values, gamma: np.array([v > 0 for v in values]), "Only the values above 0"),
        (lambda values, gamma: (values < 1 / (1 - gamma)) | (values > 0), "has the wrong sign"),
        (lambda values, gamma: (values < -200) | (values > 0), "worst *return*"),
        (lambda values, gamma: ~impossible_by_logic(values, gamma), "Turned round"),
        (lambda values, gamma: (values <= -1 / (1 - gamma)) | (values > 0), "The floor itself is possible"),
        (lambda values, gamma: (values < -1 / (1 - gamma)) | (values >= 0), "0 is possible"),
        (lambda values, gamma: (values < -100) | (values > 0), "for gamma 0.99 only"),
        (lambda values, gamma: (values < -1 / (1 - gamma)) & (values > 0), "join the two comparisons"),
        (lambda values, gamma: abs(values) * (1 - gamma) > 1, "Only the distance from 0"),
        (lambda values, gamma: (values > 1 / (1 - gamma)) | (values < 0), "has the wrong sign"),
        (lambda values, gamma: (values < gamma / (gamma - 1)) | (values > 0), "first step is missing"),
        (
            lambda values, gamma: (values < -((1 - gamma**200) / (1 - gamma))) | (values > 0),
            "the floor after 200 steps",
        ),
        (lambda values, gamma: np.where(impossible_by_loop(values, gamma))[0], "the positions of"),
        (lambda values, gamma: values[impossible_by_loop(values, gamma)], "impossible values themselves"),
        (lambda values, gamma: any(impossible_by_loop(values, gamma)), "one answer for all"),
        (lambda values, gamma: (values < -1 / gamma) | (values > 0), "not -1 / gamma"),
    ],
)
def test_a_usual_mistake_with_the_impossible_is_named(answer, words):
    def marked(values, gamma):
        return answer(values, gamma)

    assert_told(lesson08.impossible, marked, words)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda values, gamma: values < -100, ["`gamma = 0.5`", "should be `"]),
        (lambda values, gamma: impossible_by_logic(values, gamma).astype(int), ["It must be True or False"]),
        (lambda values, gamma: bool(impossible_by_logic(values, gamma).all()), ["Its shape must be (3,)"]),
    ],
)
def test_an_unknown_alarm_is_shown_where_it_fails(answer, words):
    assert_counterexample(lesson08.impossible, answer, *words)


def errors_by_loop(targets, estimates):
    return [float(t) - float(e) for t, e in zip(targets.flatten(), estimates.flatten(), strict=True)]


def errors_by_reshape(targets, estimates):
    return targets.reshape(-1) - estimates.reshape(-1)


@pytest.mark.parametrize(
    "answer",
    [
        errors_by_loop,
        errors_by_reshape,
        lambda targets, estimates: np.ravel(targets) - np.ravel(estimates),
        lambda targets, estimates: targets.flatten() - estimates.flatten(),
        lambda targets, estimates: (targets.reshape(-1, 1) - estimates.reshape(-1, 1))[:, 0],
        lambda targets, estimates: targets.reshape(len(targets)) - estimates.reshape(len(estimates)),
        lambda targets, estimates: np.subtract(
            *(x if x.ndim == 1 else x[:, 0] for x in (targets, estimates))
        ),
        lambda targets, estimates: np.array(
            [np.sum(t) - np.sum(e) for t, e in zip(targets, estimates, strict=True)]
        ),
    ],
)
def test_errors_may_be_written_in_many_ways(answer):
    assert_correct(lesson08.td_errors, answer)


def only_the_first_column(targets, estimates):
    if targets.ndim == 2:
        targets = targets[:, 0]
    elif estimates.ndim == 2:
        estimates = estimates[:, 0]
    return targets - estimates


def column_if_they_differ(targets, estimates):
    if targets.ndim != estimates.ndim:
        return targets.reshape(-1, 1) - estimates.reshape(-1, 1)
    return targets - estimates


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.subtract, "This is exhibit D"),
        (lambda targets, estimates: errors_by_reshape(estimates, targets), "sign is turned round"),
        (lambda targets, estimates: errors_by_reshape(targets, estimates)[:, None], "columns of shape"),
        (lambda targets, estimates: errors_by_reshape(targets, estimates).mean(), "The mean hides"),
        (
            lambda targets, estimates: targets.squeeze() - estimates.squeeze(),
            "With a batch of one, `squeeze`",
        ),
        (
            lambda targets, estimates: np.abs(errors_by_reshape(targets, estimates)),
            "differences are positive",
        ),
        (lambda targets, estimates: np.ravel(targets) - estimates, "Only one of the two"),
        (lambda targets, estimates: targets - estimates.flatten(), "Only one of the two"),
        (only_the_first_column, "Only one of the two"),
        (lambda targets, estimates: (targets - estimates).flatten(), "It subtracts first"),
        (lambda targets, estimates: (targets - estimates).reshape(-1)[: len(targets)], "It subtracts first"),
        (column_if_they_differ, "columns of shape"),
        (lambda targets, estimates: np.trunc(errors_by_reshape(targets, estimates)), "whole numbers"),
    ],
)
def test_a_usual_mistake_with_the_errors_is_named(answer, words):
    assert_told(lesson08.td_errors, answer, words)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            lambda targets, estimates: 2 * errors_by_reshape(targets, estimates),
            ["should be `", "but is `"],
        ),
        (lambda targets, estimates: "small", ["should be `"]),
    ],
)
def test_unknown_errors_are_shown_where_they_fail(answer, words):
    assert_counterexample(lesson08.td_errors, answer, *words)


def checklist(*order):
    def where_to_look(arrivals, lowest, highest):
        for name in order:
            if name == "exploration" and not arrivals:
                return "Exploration "
            if name == "bootstrap" and highest > 50:
                return name
            if name == "flat" and highest < lowest + 3:
                return name
        return "look closer"

    return where_to_look


def test_the_words_of_the_checklist_may_be_in_capitals():
    assert_correct(lesson08.where_to_look, checklist("exploration", "bootstrap", "flat"))


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (("flat", "exploration", "bootstrap"), "less than 3 apart come first"),
        (("bootstrap", "exploration", "flat"), "Values above 50 come before"),
        (("exploration", "flat", "bootstrap"), "Flat comes before bootstrap"),
        (("bootstrap", "flat"), "Arrivals are not asked about"),
    ],
)
def test_a_checklist_in_another_order_is_named(order, words):
    assert_told(lesson08.where_to_look, checklist(*order), words)


@pytest.mark.parametrize(
    "answer",
    [
        lambda arrivals, lowest, highest: (
            "exploration"
            if not arrivals
            else ("bootstrap" if highest > 50 else "flat" if highest - lowest < 3 else "look closer")
        ),
        lambda arrivals, lowest, highest: ["look closer", "flat", "bootstrap", "exploration"][
            3 if arrivals < 1 else 2 if highest > 50 else int(abs(highest - lowest) < 3)
        ],
    ],
)
def test_a_checklist_may_be_written_in_many_ways(answer):
    assert_correct(lesson08.where_to_look, answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda high, apart: (high >= 50, apart < 3), "50 itself does not count"),
        (lambda high, apart: (high > 50, apart <= 3), "3 apart is not flat"),
        (lambda high, apart: (high > 50, -apart < 3), "the wrong way round"),
        (lambda high, apart: (high > 0, apart < 3), "Every value above 0"),
        (lambda high, apart: (abs(high) > 50, apart < 3), "The size of the highest value"),
        (lambda high, apart: (high - apart > 50, apart < 3), "The *lowest* value"),
        (lambda high, apart: (high > 50, round(apart) < 3), "rounded first"),
        (lambda high, apart: (high // 1 > 50, apart < 3), "rounded first"),
    ],
)
def test_a_border_of_the_checklist_is_named(answer, words):
    def where_to_look(arrivals, lowest, highest):
        impossible, flat = answer(highest, highest - lowest)
        if arrivals == 0:
            return "exploration"
        return "bootstrap" if impossible else "flat" if flat else "look closer"

    assert_told(lesson08.where_to_look, where_to_look, words)


def test_a_checklist_that_is_wrong_in_an_unknown_way_is_shown_where():
    always = lambda arrivals, lowest, highest: "look closer"  # noqa: E731
    assert_counterexample(lesson08.where_to_look, always, "`arrivals = 0`", "'exploration'")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (3, "one of the four words, not `3`"),
        (None, "is a `return` missing?"),
        (["flat"], "a single word"),
        ("look_closer", "It returned 'look_closer'. The four words are 'exploration', "),
    ],
)
def test_what_is_no_word_of_the_list_is_no_answer(result, words):
    assert words in lesson08.where_to_look.check(lambda arrivals, lowest, highest: result).message


def test_one_arrival_is_an_arrival():
    def where_to_look(arrivals, lowest, highest):
        return checklist("exploration", "bootstrap", "flat")(arrivals > 1, lowest, highest)

    assert_told(lesson08.where_to_look, where_to_look, "One arrival counts as none")


@pytest.mark.parametrize(
    ("exercise", "answer", "error", "words"),
    [
        ("impossible", lambda values, gamma: values < -1 or values > 0, "ValueError", "one of each entry"),
        (
            "impossible",
            lambda values, gamma: 1 / int(gamma == 9) < values,
            "ZeroDivisionError",
            "gamma may be 0",
        ),
        (
            "td_errors",
            lambda targets, estimates: targets[:, 0] - estimates,
            "IndexError",
            "has one axis only",
        ),
    ],
)
def test_an_error_is_explained(exercise, answer, error, words):
    verdict = getattr(lesson08, exercise).check(answer)
    assert f"it raised {error}" in verdict.message and words in verdict.message
