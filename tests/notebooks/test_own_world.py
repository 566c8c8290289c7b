"""Lesson 10's own environment: what is changed in its cell is what is trained and evaluated next."""

import ast
import warnings
from pathlib import Path

import nbformat
import pytest
from gymnasium.envs.registration import registry

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("own world")]  # its fixture is made once

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


@pytest.fixture
def lesson():
    """The names of a kernel in which the lesson has come to the training in its own environment."""
    names = {}
    for source in (CODE[0], cell_with("def random_return("), defined_in(cell_with("def learn("))):
        exec(source, names)
    exec(cell_with("class Parking("), names)
    exec(cell_with("check_env(Parking("), names)
    exec(cell_with("class ByHand"), names)
    return names


def test_a_changed_environment_is_the_one_that_is_trained_and_evaluated(lesson):
    training = cell_with("rails = plots.ReferenceReturns(").replace("12_000", "300")
    before = set(registry)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as Gymnasium's "Overriding environment"
        exec(training, lesson)
        first, rails = lesson["log"], lesson["rails"]
        exec(
            cell_with("class Parking(").replace("return self.state, -1.0,", "return self.state, -2.0,"),
            lesson,
        )
        exec(training, lesson)
    second = lesson["log"]
    assert {episode.total_reward / episode.length for episode in first.episodes} == {-1.0}
    assert {episode.total_reward / episode.length for episode in second.episodes} == {-2.0}
    assert min(first.checks[0].returns) >= -100 > min(second.checks[0].returns)
    assert lesson["rails"].best < rails.best  # the references are measured there too
    assert set(registry) == before  # nothing is left behind that could be trained instead


def test_the_worst_return_in_the_own_environment_is_minus_100(lesson):
    """Not -200: that is the car's."""
    _, log = lesson["learn"](lesson["parking"](), 300)
    assert min(returns for check in log.checks for returns in check.returns) == -100


def test_its_cells_can_be_run_again_without_a_warning(lesson, capfd):
    for text in ("class Parking(", "check_env(Parking("):
        exec(cell_with(text), lesson)
    printed = capfd.readouterr()
    assert "Overriding" not in printed.out + printed.err
