"""Sliders above a picture, without a browser: move a control, read what is shown."""

import pytest
from ipywidgets import HTML, Button, FloatSlider, IntSlider

from dqn_lib.plots.style import Picture
from dqn_lib.widgets.explore import explore


def draw(hold, epsilon=0.0):
    picture = Picture(figsize=(1, 1))
    picture.alt = f"held for {hold}, epsilon {epsilon}"
    return picture


def shown(box):
    return next(child for child in box.children if isinstance(child, HTML)).value


def test_the_picture_is_there_at_once_with_its_words():
    box = explore(draw, hold=IntSlider(value=3))
    assert 'alt="held for 3, epsilon 0.0"' in shown(box)
    assert shown(box).startswith('<img src="data:image/png;base64,')


def test_every_move_draws_again_with_the_values_of_all_controls():
    hold, epsilon = IntSlider(value=3), FloatSlider(value=0.5)
    box = explore(draw, hold=hold, epsilon=epsilon)
    hold.value = 9
    assert "held for 9, epsilon 0.5" in shown(box)
    epsilon.value = 1.0
    assert "held for 9, epsilon 1.0" in shown(box)


def test_a_control_is_labelled_with_its_name_unless_it_has_one():
    hold, epsilon = IntSlider(), FloatSlider(description="share of random steps")
    explore(draw, hold=hold, epsilon=epsilon)
    assert (hold.description, epsilon.description) == ("hold", "share of random steps")


def test_with_a_button_only_a_press_draws():
    hold = IntSlider(value=3)
    box = explore(draw, button="Train", hold=hold)
    button = next(child for child in box.children if isinstance(child, Button))
    hold.value = 4
    assert shown(box) == ""
    button.click()
    assert "held for 4" in shown(box)
    assert (button.description, button.disabled) == ("Train", False)


def test_the_button_says_that_it_works_and_takes_no_second_press():
    seen = []

    def slow(hold):
        seen.append((button.description, button.disabled))
        return draw(hold)

    box = explore(slow, button="Train", hold=IntSlider())
    button = next(child for child in box.children if isinstance(child, Button))
    button.click()
    assert seen == [("working ...", True)]


def test_what_goes_wrong_is_said_in_words_and_the_controls_go_on():
    def picky(hold):
        if hold == 2:
            raise ValueError("hold must be < 2 or > 2")
        return draw(hold)

    hold = IntSlider(value=1)
    box = explore(picky, hold=hold)
    hold.value = 2
    assert "ValueError" in shown(box) and "hold must be &lt; 2 or &gt; 2" in shown(box)
    hold.value = 3
    assert "held for 3" in shown(box)


def test_no_control_is_refused():
    with pytest.raises(ValueError, match="explore needs at least one control"):
        explore(draw)
