"""Lesson 10's own environment: what is changed in its cell is what is trained and evaluated next."""

import ast
import warnings
from pathlib import Path

import nbformat
import pytest
from gymnasium.envs.registration import registry

pytestmark = pytest.mark.slow

LESSON = nbformat.read(Path(__file__).parents[2] / "notebooks" / "10_your_turn.ipynb", as_version=4)
CODE = [cell.source for cell in LESSON.cells if cell.cell_type == "code"]


def cell_with(text):
    (source,) = [source for source in CODE if text in source]
    return source


def defined_in(source):
    """The functions of a cell, without its other statements."""
    tree = ast.parse(source)
    tree.body = [statement for statement in tree.body if isinstance(statement, ast.FunctionDef)]
    return ast.unparse(tree)


def test_a_changed_environment_is_the_one_that_is_trained_and_evaluated():
    names = {}
    for source in (CODE[0], cell_with("def random_return("), defined_in(cell_with("def learn("))):
        exec(source, names)
    parking, checked = cell_with("class Parking("), cell_with("check_env(Parking(")
    training = cell_with("rails = plots.ReferenceReturns(").replace("12_000", "300")
    exec(parking, names)
    exec(checked, names)
    exec(cell_with("class ByHand"), names)
    before = set(registry)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as Gymnasium's "Overriding environment"
        exec(training, names)
        first, rails = names["log"], names["rails"]
        exec(parking.replace("return self.state, -1.0,", "return self.state, -2.0,"), names)
        exec(checked, names)
        exec(training, names)
    second = names["log"]
    assert {episode.total_reward / episode.length for episode in first.episodes} == {-1.0}
    assert {episode.total_reward / episode.length for episode in second.episodes} == {-2.0}
    assert min(value for check in first.checks for value in check.returns) == -100  # and not -200: the car's
    assert min(second.checks[0].returns) < -100
    assert names["rails"].best < rails.best  # the references are measured there too
    assert set(registry) == before  # nothing is left behind that could be trained instead
