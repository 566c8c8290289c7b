"""What the tests of all lessons ask of a verdict, and where the exercises are."""

import importlib
import inspect
import pkgutil

import dqn_lib.exercises
from dqn_lib.exercises.exercise import Exercise
from dqn_lib.exercises.prediction import Prediction

LESSONS = [
    importlib.import_module(f"dqn_lib.exercises.{module.name}")
    for module in pkgutil.iter_modules(dqn_lib.exercises.__path__)
    if module.name.startswith("lesson")
]


def members(kind):
    """Every instance of a class in the modules of the lessons, by `lesson.name`"""
    return {
        f"{lesson.__name__.rpartition('.')[2]}.{name}": value
        for lesson in LESSONS
        for name, value in vars(lesson).items()
        if isinstance(value, kind)
    }


PARTS = "lesson11."  # of an agent: test_own_agent.py
EXERCISES = {name: one for name, one in members(Exercise).items() if not name.startswith(PARTS)}
PREDICTIONS = members(Prediction)


def from_source(source, **namespace):
    """The function that the text of a solution defines, as in a cell of a notebook."""
    exec(source, namespace)
    return next(value for name, value in reversed(namespace.items()) if inspect.isfunction(value))


def assert_correct(exercise, answer):
    verdict = exercise.check(answer)
    assert verdict.status == "correct", verdict
    assert verdict.message.startswith(exercise.takeaway)


def assert_told(exercise, answer, words):
    """`words` are part of one known mistake only, and the verdict is that message and nothing else."""
    messages = [mistake.message for mistake in exercise.mistakes if words in mistake.message]
    assert len(messages) == 1, f"{words!r} is in {len(messages)} messages"
    verdict = exercise.check(answer)
    assert (verdict.status, verdict.message) == ("not yet", messages[0]), verdict


def assert_counterexample(exercise, answer, *words):
    """None of the known mistakes; the message has the input, the expected result and the answer's."""
    verdict = exercise.check(answer)
    assert verdict.status == "not yet", verdict
    assert verdict.message not in [mistake.message for mistake in exercise.mistakes], verdict
    assert verdict.message.startswith("With "), verdict
    for name in inspect.signature(exercise.reference).parameters:
        assert f"`{name} = " in verdict.message, verdict
    for part in (" should be `", "`, but is `", *words):
        assert part in verdict.message, f"{part!r} is not in {verdict.message!r}"
