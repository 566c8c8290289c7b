"""Comparing: what counts as the same, and what is said about a type or a shape."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from dqn_lib.agents.backend import tf
from dqn_lib.exercises.comparison import difference, distinct_reprs, short_repr, to_plain


@pytest.mark.parametrize(
    "expected, got",
    [
        (2, np.uint8(2)),
        (2, np.array(2)),
        (2, tf.constant(2)),
        (2.0, 2),
        (0.5, np.float32(0.5)),
        (0.5, Decimal("0.5")),
        ([0.5], [Fraction(1, 2)]),
        (0.1 + 0.2, 0.3),
        (True, np.True_),
        ("relu", "relu"),
        ((1, 2), [1, np.int32(2)]),
        ((1, 2), np.array([1, 2])),
        (np.array([1.0, 2.0]), [1, 2.0]),
        (np.ones((2, 3)), tf.ones((2, 3))),
        (np.zeros((2, 0)), np.zeros((2, 0))),
        ([np.ones(2), np.zeros((1, 2))], (tf.Variable([1.0, 1.0]), [[0.0, 0.0]])),
        ({"a": 1, "b": [2.0]}, {"b": (2,), "a": np.int8(1)}),
        ([], []),
        (np.array([1.0, np.nan]), np.array([1.0, np.nan])),
        (None, None),
    ],
)
def test_the_same_in_another_dress_is_no_difference(expected, got):
    assert difference(expected, to_plain(got), 1e-5) is None


class HasNoNumbers:
    def __array__(self, *_, **__):
        raise RuntimeError("no array")


@pytest.mark.parametrize(
    "expected, got, sentence",
    [
        (1, None, "It returned nothing: is the `return` missing?"),
        ((1, 2), (1, ...), "It returned the `...` of the blank."),
        (1, 1.0, "It must be an integer, not a float."),
        (1, True, "It must be an integer, not a bool."),
        (1.0, np.True_, "It must be a number, not a bool."),
        (1.0, "1", "It must be a number, not a str."),
        (1.0, 1j, "It must be a number, not a complex."),
        (True, 1, "It must be True or False, not an int."),
        (1.0, [1.0], "Its shape must be (), not (1,)."),
        (np.ones(2), np.ones((2, 1)), "Its shape must be (2,), not (2, 1)."),
        ((1, 2), 3, "It must have 2 parts, not be an int."),
        ((1, 2), map(int, "12"), "It must have 2 parts, not be a map: `list(...)` makes a list of it."),
        ((1, 2), (1, 2, 3), "It must have 2 parts, not 3."),
        ({"a": 1}, {"b": 1}, "It must have the keys a."),
        ({"a": 1}, {"a": 1, "b": 1}, "It must have the keys a."),
        ({"a": 1}, 1, "It must have the keys a."),
        (1.0, [[1], [1, 2]], "It must be a number or an array of numbers, not a list."),
        (1.0, HasNoNumbers(), "It must be a number or an array of numbers, not a HasNoNumbers."),
        (1.0, 1.1, ""),
        (1.0, float("nan"), ""),
        ("relu", "tanh", ""),
        ("relu", 3, ""),
        ((1, 2), (1, 3), ""),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ""),
    ],
)
def test_a_difference_is_put_in_words_where_there_is_more_to_say_than_the_numbers(expected, got, sentence):
    assert difference(expected, got, 1e-5) == sentence


def test_the_tolerance_is_relative_and_absolute_and_a_float_may_stand_for_an_integer():
    assert difference(1000.0, 1000.9, 1e-3) is None
    assert difference(1000.0, 1001.1, 1e-3) == ""
    assert difference(0.0, 0.0009, 1e-3) is None
    assert difference(0.0, 0.0011, 1e-3) == ""
    assert difference([0.0], [1e-12], 0.0) == ""
    assert difference((1, 2), (1, 2.0), 1e-5, strict=False) is None


class Unshowable:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value, text",
    [
        (1 / 3, "0.333333"),
        (np.float64(-1.0), "-1"),
        (np.True_, "True"),
        ("text", "'text'"),
        ((np.int64(1), np.float32(0.5)), "(1, 0.5)"),
        (np.array([[1, 2], [3, 4]]), "array([[1, 2], [3, 4]])"),
        ([np.array([1.5, -1e-9]), np.array(2.0)], "[array([1.5, -1e-09]), 2]"),
        (np.array([np.nan, -np.inf, 1 / 3]), "array([nan, -inf, 0.333333])"),
        (np.array([True]), "array([True])"),
        ({"a": np.float64(1 / 3)}, "{'a': 0.333333}"),
        (to_plain(tf.constant([1.0, 2.5])), "array([1., 2.5])"),
        (np.array([Unshowable()]), "an array of object that cannot be shown"),
        pytest.param(10**5000, "an int that cannot be shown", id="huge"),
    ],
)
def test_a_value_is_shown_as_a_student_would_write_it(value, text):
    assert short_repr(value) == text


class Twin:
    def __repr__(self):
        return "True"


@pytest.mark.parametrize(
    ("expected", "got", "texts"),
    [
        (1, 2.5, ("1", "2.5")),
        (2, np.float64(2), ("2", "2.0")),
        ({"count": [1, 4]}, {"count": [1, 4.0]}, ("{'count': [1, 4]}", "{'count': [1, 4.0]}")),
        (1 / 3, 0.333333, ("0.3333333333333333", "0.333333")),
        (np.array([1 / 3]), np.array([0.3333333]), ("array([0.3333333333333333])", "array([0.3333333])")),
        (np.array([1]), np.array([1.0]), ("array([1])", "array([1.])")),
        (np.arange(30), np.arange(30) + (np.arange(30) == 7), ("7 at [7]", "8 at [7]")),
        (np.float32(2), "2", ("2", "'2'")),
        (True, Twin(), ("True (a bool)", "True (a Twin)")),
    ],
)
def test_two_different_values_look_different(expected, got, texts):
    assert distinct_reprs(expected, got) == texts


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, list(range(10_000)), np.arange(10_000.0), 10**4000, [[[[[[[[1]]]]]]]], [Unshowable()]],
    ids=["text", "list", "array", "number", "nested", "unshowable"],
)
def test_a_long_value_is_cut_and_one_that_cannot_be_shown_is_shown_somehow(value):
    assert 0 < len(short_repr(value)) < 120
    assert "\n" not in short_repr(value)
