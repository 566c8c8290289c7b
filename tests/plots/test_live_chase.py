"""The live chase: two lines that grow, and a mark wherever the rule was changed."""

import io

import numpy as np
import pytest
from looking import assert_legible, drawn_texts, in_colour, labels, title
from PIL import Image

from dqn_lib.plots.chase import Chase
from dqn_lib.plots.live_chase import WIDE, LiveChase
from dqn_lib.plots.style import ESTIMATE, OPTIMAL, TARGET

EXACT = -63.25
RULES = [(0, "period 200"), (400, "tau 0.01")]


def a_chase(steps, depth=60.0):
    updates = np.arange(8, steps + 1, 8)
    estimate = -depth * (1 - np.exp(-updates / 300))
    return Chase(updates, estimate, estimate + 1.5)


@pytest.fixture
def picture():
    live = LiveChase(EXACT)
    live.update(a_chase(800), RULES)
    return live


def places(picture):
    return [(label.get_position()[0], label.get_text()) for label in picture.labels if label.get_text()]


def test_the_lines_are_the_data_and_the_dots_stand_at_their_ends(picture):
    one = a_chase(800)
    for values, colour in ((one.target, TARGET), (one.estimate, ESTIMATE)):
        line, dot = in_colour(picture.ax.lines, colour)
        np.testing.assert_array_equal(line, np.c_[one.updates, values])
        np.testing.assert_array_equal(dot, line[-1:])
    (exact,) = in_colour(picture.ax.lines, OPTIMAL)
    assert set(exact[:, 1]) == {EXACT}


def test_every_change_of_the_rule_has_its_mark_and_its_words(picture):
    assert places(picture) == [(400, "tau 0.01"), (0, "period 200")]
    across, up = picture.marks.get_data()
    np.testing.assert_array_equal(across[~np.isnan(up)], [400, 400, 0, 0])
    np.testing.assert_array_equal(up[~np.isnan(up)], [0, 1, 0, 1])


def test_a_mark_gives_way_to_a_later_one_that_is_too_close(picture):
    rules = [(0, "period 200"), (8, "period 100"), (16, "period 50"), (400, "tau 0.01"), (440, "tau 0.05")]
    picture.update(a_chase(800), rules)
    assert places(picture) == [(440, "tau 0.05"), (16, "period 50")]
    picture.update(a_chase(800), [*rules[:4], (448, "tau 0.05")])
    assert places(picture) == [(448, "tau 0.05"), (400, "tau 0.01"), (16, "period 50")]


def test_of_many_marks_the_latest_are_shown(picture):
    picture.update(a_chase(2_400), [(100 * n, f"tau {n}") for n in range(20)])
    assert [words for _, words in places(picture)] == [f"tau {n}" for n in range(19, 3, -1)]


def test_marks_go_when_a_chase_begins_anew(picture):
    picture.update(a_chase(8), RULES[:1])
    assert places(picture) == [(0, "period 200")]


def test_the_words_tell_rule_time_and_distance(picture):
    assert title(picture.ax) == "Rule: tau 0.01. The online network says −55.8"
    assert "from step 0 on period 200, from step 400 on tau 0.01. After 800 gradient" in picture.figure.alt
    assert "the online network says -55.8, the target network -54.3." in picture.figure.alt
    assert "exact is -63.2" in picture.figure.alt
    assert labels(picture.ax) == ("gradient steps", "value of the state")
    (legend,) = picture.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "exact: −63.2", "target network", "online network",
    ]  # fmt: skip


def test_the_axes_make_room_and_come_back(picture):
    assert picture.ax.get_xlim() == (0, WIDE)
    narrow = picture.ax.get_ylim()
    assert narrow[0] < EXACT < 0 < narrow[1]
    picture.png()
    picture.update(a_chase(WIDE + 8, depth=200.0), RULES)
    assert picture.ax.get_xlim() == (0, 2 * WIDE)
    assert picture.ax.get_ylim()[0] < -200
    with drawn_texts() as texts:
        picture.png()
    assert "4,000" in [text for text, _ in texts]  # a tick of the new axis, drawn
    picture.update(a_chase(8), RULES[:1])
    assert (picture.ax.get_xlim(), picture.ax.get_ylim()) == ((0, WIDE), narrow)
    picture.update(Chase(*(np.array([value]) for value in (8, 7.0, 1.0))), RULES[:1])
    assert picture.ax.get_ylim()[1] > 7


def test_without_new_limits_only_what_moves_is_drawn_again(picture):
    picture.png()
    with drawn_texts() as texts:
        picture.update(a_chase(1_600), RULES)
        picture.png()
    drawn = [text for text, _ in texts]
    assert title(picture.ax) in drawn
    assert "gradient steps" not in drawn


@pytest.mark.parametrize("end", [8, 2_400])
def test_every_text_is_legible_and_the_file_small(end):
    picture = LiveChase(EXACT)
    rules = [(step, "period 1,000") for step in range(0, end, 56)]
    with drawn_texts() as texts:
        picture.update(a_chase(end, depth=90.0), [*rules, (end, "every step")])
        png = picture.png()
    assert len(texts) >= 10
    assert_legible(texts, *picture.figure.bbox.size)
    assert len(png) < 120_000
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    assert (np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]) == 255).all()


def test_nothing_to_show_is_refused(picture):
    with pytest.raises(ValueError, match="must hold at least one entry, got 1 and 0"):
        picture.update(a_chase(8), [])
    with pytest.raises(ValueError, match="must hold at least one entry, got 0 and 2"):
        picture.update(a_chase(0), RULES)
    with pytest.raises(ValueError, match="exact must be finite, got nan"):
        LiveChase(float("nan"))
