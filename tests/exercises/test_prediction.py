"""Predictions: one right choice, something to say about each, in HTML that needs no script."""

from html.parser import HTMLParser

from judging import LESSONS, PREDICTIONS

from dqn_lib.exercises.prediction import Choice, predict

WHICH = predict("Is 1 < 2?", Choice("a & b", "Too <few>."), Choice("b", "It is.", right=True))


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


def test_a_prediction_has_one_right_choice_at_least_two_others_and_says_something_of_each():
    odd = [
        name
        for name, prediction in PREDICTIONS.items()
        if sum(choice.right for choice in prediction.choices) != 1
        or len(prediction.choices) < 3
        or not prediction.question.rstrip().endswith("?")
        or len({choice.text for choice in prediction.choices}) < len(prediction.choices)
        or not all(c.text.strip() and c.says.strip().endswith((".", ".)", "?")) for c in prediction.choices)
    ]
    assert odd == []


def test_question_choices_and_what_is_said_of_them_stand_in_the_page_in_their_order_as_they_are():
    words = Read(WHICH._repr_html_()).words
    assert words[1:] == ["Is 1 < 2?", "a & b", "No.", " Too <few>.", "b", "Yes.", " It is."]


def test_the_choices_are_the_browsers_own_buttons_in_a_form_of_their_own():
    tags = Read(WHICH._repr_html_()).tags
    buttons = [attributes for tag, attributes in tags if tag == "input"]
    assert buttons == [{"type": "radio", "name": "answer"}] * 2
    assert [tag for tag, _ in tags].count("form") == 1


def test_there_is_nothing_to_run_and_nothing_to_fetch():
    pages = {name: Read(prediction._repr_html_()).tags for name, prediction in PREDICTIONS.items()}
    odd = {
        (name, tag)
        for name, tags in pages.items()
        for tag, attributes in tags
        if tag in ("script", "link", "img", "iframe") or {"src", "href"} & set(attributes)
    }
    assert odd == set()
    assert not any("url(" in prediction._repr_html_() for prediction in PREDICTIONS.values())


def test_a_prediction_in_plain_text_does_not_give_the_answer_away():
    assert repr(WHICH) == "Is 1 < 2?\n  - a & b\n  - b"
