"""Predictions: one right choice, something to say about each, in HTML that needs no script."""

from html.parser import HTMLParser

import pytest
from judging import LESSONS, PREDICTIONS

from dqn_lib.exercises.prediction import Choice, predict


class Read(HTMLParser):
    """The tags of a page, and its words."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def test_every_lesson_has_a_prediction():
    with_one = {name.partition(".")[0] for name in PREDICTIONS}
    assert with_one == {lesson.__name__.rpartition(".")[2] for lesson in LESSONS}


@pytest.mark.parametrize("prediction", PREDICTIONS.values(), ids=PREDICTIONS)
def test_a_prediction_has_one_right_choice_says_something_of_each_and_fetches_nothing(prediction):
    choices, page = prediction.choices, prediction._repr_html_()
    assert [choice.right for choice in choices].count(True) == 1
    assert len({choice.text.strip() for choice in choices} - {""}) == len(choices) >= 3
    assert prediction.question.rstrip().endswith("?")
    assert all(choice.says.strip().endswith((".", ".)", "?")) for choice in choices)
    assert "url(" not in page
    for tag, attributes in Read(page).tags:
        assert tag not in ("script", "link", "img", "iframe") and not {"src", "href"} & set(attributes)


def test_a_prediction_is_text_beside_the_browsers_own_buttons_and_does_not_give_the_answer_away():
    which = predict("Is 1 < 2?", Choice("<b>a", "Too <few>."), Choice("b", "It is.", right=True))
    page = Read(which._repr_html_())
    assert page.words[1:] == ["Is 1 < 2?", "<b>a", "No.", " Too <few>.", "b", "Yes.", " It is."]
    buttons = [attributes for tag, attributes in page.tags if tag == "input"]
    assert buttons == [{"type": "radio", "name": "answer"}] * 2
    assert [tag for tag, _ in page.tags].count("form") == 1  # so that two copies do not disturb each other
    assert repr(which) == "Is 1 < 2?\n  - <b>a\n  - b"
