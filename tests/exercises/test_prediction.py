"""Predictions: one right choice, something to say about each, and nothing fetched from outside."""

import json
import re

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from IPython.utils.capture import capture_output
from judging import LESSONS, PREDICTIONS
from jupyterquiz import display_quiz

from dqn_lib.exercises import prediction as module
from dqn_lib.exercises.prediction import Choice, predict

AN_EXAMPLE = next(iter(PREDICTIONS.values()))  # what jupyterquiz makes of one, it makes of all


@pytest.fixture(scope="module")
def shell():
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_every_lesson_has_a_prediction():
    with_one = {name.partition(".")[0] for name in PREDICTIONS}
    assert with_one == {lesson.__name__.rpartition(".")[2] for lesson in LESSONS}


def test_a_prediction_has_one_right_choice_at_least_two_others_and_says_something_of_each():
    odd = [
        name
        for name, prediction in PREDICTIONS.items()
        if sum(choice.right for choice in prediction.choices) != 1
        or len(prediction.choices) < 3
        or not prediction.question.rstrip().endswith("?")
        or len({choice.text for choice in prediction.choices}) < len(prediction.choices)
        or len({choice.says for choice in prediction.choices}) < len(prediction.choices)
        or not all(c.text.strip() and c.says.strip().endswith(".") for c in prediction.choices)
    ]
    assert odd == []


def test_jupyterquiz_gets_the_question_with_yes_or_no_before_each_feedback():
    which = predict("Which?", Choice("a", "Too few."), Choice("b", "It is.", right=True))
    assert which.questions() == [
        {
            "question": "Which?",
            "type": "multiple_choice",
            "answers": [
                {"answer": "a", "correct": False, "feedback": "No. Too few."},
                {"answer": "b", "correct": True, "feedback": "Yes. It is."},
            ],
        }
    ]


def test_the_choices_stay_in_their_order_which_means_something(shell, monkeypatch):
    shown = []

    def recorded(questions, **options):
        shown.append((questions, options))
        display_quiz(questions, **options)

    monkeypatch.setattr(module, "display_quiz", recorded)
    with capture_output():
        display(AN_EXAMPLE)
    ((questions, options),) = shown
    assert questions == AN_EXAMPLE.questions()
    assert options["shuffle_answers"] is False


def page_and_script(prediction):
    with capture_output() as captured:
        display(prediction)
    page, script = (output.data for output in captured.outputs)
    return page["text/html"], script["application/javascript"]


def loaded_from_outside(page):
    """Addresses that HTML or JavaScript would fetch by itself; a link that waits for a click is none."""
    patterns = (
        r"""\bsrc\s*=\s*["'`\\]*((?:https?:)?//[^"'`\s]+)""",
        r"""<link[^>]*href=["']?((?:https?:)?//[^"'>\s]+)""",
        r"""(?:@import|url\(|\bimport\(|\bimport |fetch\(|from )\s*["'(]*((?:https?:)?//[^"')\s]+)""",
    )
    return {address for pattern in patterns for address in re.findall(pattern, page)}


def test_addresses_that_would_be_fetched_are_found():
    page = """<script src="https://a.org/x.js"></script> <link rel="stylesheet" href='//b.org/c.css'>
    @import url("https://c.org/f.css"); s.src = 'https://d.org'; fetch("https://e.org/y") // a comment"""
    hosts = {address.partition("//")[2].partition("/")[0] for address in loaded_from_outside(page)}
    assert hosts == {"a.org", "b.org", "c.org", "d.org", "e.org"}


def test_a_prediction_shows_itself_without_loading_anything_from_outside(shell):
    html, script = page_and_script(AN_EXAMPLE)
    assert "<div" in html
    assert json.dumps(AN_EXAMPLE.question)[1:-1] in script
    assert loaded_from_outside(html) == set()
    # jupyterquiz would load this where it finds a MathJax that cannot be called; it is kept from finding one.
    assert loaded_from_outside(script) <= {"https://cdn.jsdelivr.net/npm/mathjax@3/es5/tex-svg.js"}
    assert script.startswith("(function () { let MathJax; ")
    assert "window.MathJax." not in script.replace("window.MathJax = {", "")


def test_the_script_finds_its_place_by_the_id_in_the_page(shell):
    html, script = page_and_script(AN_EXAMPLE)
    place = re.search(r'id="(\w+)"', html)[1]
    assert f"""querySelectorAll('[id="{place}"]')""" in script
    assert f", {place})" not in script


def test_a_prediction_in_plain_text_does_not_give_the_answer_away():
    prediction = predict("Which?", Choice("a", "Too few."), Choice("b", "It is.", right=True))
    assert repr(prediction) == "Which?\n  - a\n  - b"
