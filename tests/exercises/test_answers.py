"""Answers as students write them, in many styles: the right ones are accepted, the wrong ones are not.

They are in answers/lessonNN.py, one below the other. Each begins with a line `# RIGHT name_of_exercise` or
`# WRONG name_of_exercise: words of the message` (the words may be left out) and ends before the next such
line. Instead of code it may have lines `# this -> that`: it is then the first right answer to the exercise,
with `that` wherever it says `this`. Each is run on its own, after the set-up cell of its lesson. To add one,
write it there.
"""

import ast
import json
import linecache
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
CHANGE = re.compile(r"^# *(.+?) ->(?: (.+))?$", re.MULTILINE)


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
        file = f"answers/{lesson}.py, line {self.line}"
        linecache.cache[file] = len(self.source), None, self.source.splitlines(keepends=True), file
        exec(compile(self.source, file, "exec"), namespace)
        return namespace[name]

    @property
    def met(self):
        """The messages of the usual mistakes that its words are in."""
        known = [mistake.message for mistake in EXERCISES[self.exercise].mistakes]
        return [message for message in known if self.words and self.words in message]


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
    text, first = path.read_text(encoding="utf-8"), {}
    headers = list(HEADER.finditer(text))
    ends = [header.start() for header in headers[1:]] + [len(text)]
    for header, end in zip(headers, ends, strict=True):
        verdict, name, words = header.groups(default="")
        source = text[header.end() : end]
        if name in first and not ast.parse(source).body:
            source = changed(first[name], CHANGE.findall(source))
        first.setdefault(name, source)
        line = text.count("\n", 0, header.start()) + 1
        yield Answer(f"{path.stem}.{name}", verdict == "RIGHT", words, source, line)


def changed(source, changes):
    assert changes
    for this, that in changes:
        assert this in source, f"{this!r} is not in {source}"
        source = source.replace(this, that)
    return source


ANSWERS = [answer for path in sorted(Path(__file__).parent.glob("answers/*.py")) for answer in answers(path)]


@pytest.mark.slow  # several hundred of them
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: f"{answer.exercise}-{answer.line}")
def test_an_answer_gets_its_verdict(answer):
    verdict = EXERCISES[answer.exercise].check(answer.function)
    assert verdict.status == ("correct" if answer.right else "not yet"), verdict
    assert answer.words in verdict.message
    assert len(answer.met) != 1 or verdict.message == answer.met[0]


@pytest.mark.parametrize("name", EXERCISES)
def test_every_named_mistake_is_met_by_an_answer(name):
    """The test above has the whole message of an answer whose words are in that of one mistake only."""
    met = {a.met[0] for a in ANSWERS if a.exercise == name and not a.right and len(a.met) == 1}
    assert {mistake.message for mistake in EXERCISES[name].mistakes} - met == set()


def test_every_exercise_has_right_and_wrong_answers():
    counts = {
        (name, right): sum((a.exercise, a.right) == (name, right) for a in ANSWERS)
        for name in EXERCISES
        for right in (True, False)
    }
    assert {name: count for name, count in counts.items() if count < 3} == {}


def drive(policy):
    """What lesson 1 does with a correct policy."""
    env = mountain_car.make()
    for seed in range(3):
        state, _ = env.reset(seed=seed)
        ended = False
        while not ended:
            state, _, terminated, truncated, _ = env.step(policy(state))
            ended = terminated or truncated
        assert terminated
    drives = mountain_car.simulate(lambda cars: [policy(car) for car in cars], [[-0.6, 0.0], [-0.4, 0.0]])
    assert drives.reached.all()


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
def test_a_right_answer_never_fails_in_a_later_cell(name):
    for answer in ANSWERS:
        if answer.exercise == name and answer.right:
            LATER_USES[name](answer.function)
