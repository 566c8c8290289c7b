"""Answers as students write them, in many styles: the right ones are accepted, the wrong ones are not.

They are in answers/lessonNN.py, one below the other. Each begins with a line `# RIGHT name_of_exercise` or
`# WRONG name_of_exercise: words of the message` (the words may be left out) and ends before the next such
line. Each is run on its own, after the set-up cell of its lesson. To add one, write it there.
"""

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from judging import EXERCISES

from dqn_lib import mountain_car

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
HEADER = re.compile(r"^# (RIGHT|WRONG) (\w+)(?:: (.+))?$", re.MULTILINE)


class Answer(NamedTuple):
    """One answer of a student, and what the check should make of it."""

    exercise: str  # lessonNN.name
    right: bool
    words: str  # part of the message
    source: str
    line: int

    @property
    def function(self):
        """The function that the answer defines."""
        lesson, name = self.exercise.split(".")
        namespace = dict(names_of_the_set_up(lesson))
        path = Path(__file__).parent / "answers" / f"{lesson}.py"
        exec(compile("\n" * (self.line - 1) + self.source, path, "exec"), namespace)
        return namespace[name]


def cells_of(lesson):
    (path,) = NOTEBOOKS.glob(f"{lesson.removeprefix('lesson')}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [("".join(c["source"]), c["metadata"].get("tags", [])) for c in cells if c["cell_type"] == "code"]


@cache
def names_of_the_set_up(lesson):
    namespace = {"np": np}
    exec(cells_of(lesson)[0][0], namespace)
    return namespace


def answers(path):
    """The answers in a file."""
    text = path.read_text(encoding="utf-8")
    headers = list(HEADER.finditer(text))
    ends = [header.start() for header in headers[1:]] + [len(text)]
    for header, end in zip(headers, ends, strict=True):
        verdict, name, words = header.groups(default="")
        line = text.count("\n", 0, header.start()) + 1
        yield Answer(f"{path.stem}.{name}", verdict == "RIGHT", words, text[header.start() : end], line)


ANSWERS = [answer for path in sorted(Path(__file__).parent.glob("answers/*.py")) for answer in answers(path)]


@pytest.mark.slow  # nearly three hundred of them
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: f"{answer.exercise}-{answer.line}")
def test_an_answer_gets_its_verdict(answer):
    verdict = EXERCISES[answer.exercise].check(answer.function)
    assert verdict.status == ("correct" if answer.right else "not yet"), verdict
    assert answer.words in verdict.message


def test_every_exercise_has_right_and_wrong_answers():
    counts = {
        (name, right): sum((a.exercise, a.right) == (name, right) for a in ANSWERS)
        for name in EXERCISES
        for right in (True, False)
    }
    assert {name: count for name, count in counts.items() if count < 3} == {}
    assert sum(answer.right for answer in ANSWERS) >= 120
    assert sum(not answer.right for answer in ANSWERS) >= 120


def drive(policy):
    """What lesson 1 does with a correct policy."""
    env = mountain_car.make()
    for seed in range(3):
        state, _ = env.reset(seed=seed)
        ended = False
        while not ended:
            state, _, terminated, truncated, _ = env.step(policy(state))
            ended = terminated or truncated


LATER_USES = {"lesson01.push_with_the_motion": drive}


def used_later():
    """The exercises whose answers a later cell of the lesson uses, besides the check."""
    for lesson in sorted({name.partition(".")[0] for name in EXERCISES}):
        answered = set()
        for source, tags in cells_of(lesson):
            tree = ast.parse(source)
            if "exercise" in tags:
                answered |= {
                    statement.name for statement in tree.body if isinstance(statement, ast.FunctionDef)
                }
            else:
                used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
                checked = re.match(r"lesson\.(\w+)\.check\(\1\)$", source)
                yield from (f"{lesson}.{name}" for name in used & answered if not checked)


def test_no_answer_is_used_in_a_later_cell_without_a_test_of_that():
    assert set(used_later()) == set(LATER_USES)


@pytest.mark.parametrize("name", LATER_USES)
def test_an_answer_that_is_called_correct_never_fails_in_a_later_cell(name):
    correct = [a for a in ANSWERS if a.exercise == name and EXERCISES[name].check(a.function).correct]
    assert len(correct) >= 3
    for answer in correct:
        LATER_USES[name](answer.function)
