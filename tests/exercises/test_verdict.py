"""Verdicts, hints and solutions: words and a mark, and nothing that a browser would run."""

import re

import pytest

from dqn_lib.exercises.exercise import CORRECT, NOT_ATTEMPTED, NOT_YET, Hint, Solution, Verdict, panel

STATES = {CORRECT: "✓ Correct.", NOT_YET: "✗ Not yet.", NOT_ATTEMPTED: "○ Not attempted yet."}


def text_of(html):
    return re.sub(r"<[^>]*>", "", html)


@pytest.mark.parametrize("status", STATES)
def test_the_status_is_a_mark_and_words_in_text_and_in_html(status):
    verdict = Verdict(status, "A message.")
    assert repr(verdict) == f"{STATES[status]} A message."
    assert text_of(verdict._repr_html_()) == f"{STATES[status]} A message."


def test_only_a_right_answer_is_correct():
    assert [Verdict(status, "").correct for status in STATES] == [True, False, False]


def test_no_two_states_share_a_mark_or_a_colour():
    panels = [Verdict(status, "")._repr_html_() for status in STATES]
    assert len({text_of(html)[0] for html in panels}) == 3
    assert len({re.search("#[0-9A-F]{6}", html).group() for html in panels}) == 3


def test_a_screen_reader_is_told_that_it_is_a_status():
    assert 'role="status"' in Verdict(CORRECT, "")._repr_html_()


@pytest.mark.parametrize("kind", [lambda text: Verdict(NOT_YET, text), lambda text: Hint(1, 2, text)])
def test_a_message_is_text_and_never_markup(kind):
    html = kind("""<script>alert("x")</script> <b onclick='y'> & `<img src=x>`""")._repr_html_()
    assert set(re.findall(r"</?([a-z]+)", html)) == {"div", "b", "code"}
    assert "onclick=&#x27;y&#x27;" in html
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;" in html
    assert "<code>&lt;img src=x&gt;</code>" in html
    assert " &amp; " in html


def test_backticks_are_code_and_lines_stay_lines():
    html = panel("Heading.", "Use `a < b`, then `c`.\nSecond line, one ` alone.", "#000000")
    assert "<code>a &lt; b</code>, then <code>c</code>.<br>Second line, one ` alone." in html


def test_stars_are_emphasis_but_not_in_code_nor_in_a_product():
    html = panel(
        "Heading.", "Draw *with* it: `a*b*c`, 2 * 3 * 4, gamma**k or gamma**2. *Every run* counts.", "#0"
    )
    assert (
        "Draw <em>with</em> it: <code>a*b*c</code>, 2 * 3 * 4, gamma**k or gamma**2. <em>Every run</em>"
        in html
    )


def test_a_hint_says_which_of_how_many_it_is():
    hint = Hint(2, 3, "Look at `x`.")
    assert repr(hint) == "Hint 2 of 3. Look at `x`."
    assert text_of(hint._repr_html_()) == "Hint 2 of 3. Look at x."


def test_a_solution_is_code_in_text_and_in_markdown():
    solution = Solution("def f(x):\n    return x")
    assert repr(solution) == "def f(x):\n    return x"
    assert solution._repr_markdown_() == "One way to do it:\n\n```python\ndef f(x):\n    return x\n```"
