"""Shares are drawn where they are, with the interval that belongs to them."""

import numpy as np
import pytest
from looking import assert_whole, labels, title
from matplotlib.colors import same_color

from dqn_lib.plots.comparisons import proportions
from dqn_lib.plots.style import LEARNED, Picture
from dqn_lib.statistics import wilson_interval

HOLDS, ARRIVED = [1, 8, 32, 64], [0, 28, 748, 41]
WORDS = {
    "title": "Held long enough, random pushes get somewhere",
    "xlabel": "steps that each action is held",
    "ylabel": "episodes that reach the flag (%)",
}


def draw(names=HOLDS, successes=ARRIVED, tries=4_000, ax=None):
    return proportions(names, successes, tries, ax, **WORDS)


def test_a_dot_is_a_share_in_percent_and_its_bar_the_interval():
    dots, _, (bars,) = draw().axes[0].containers[0]
    np.testing.assert_allclose(dots.get_xydata(), [[0, 0], [1, 0.7], [2, 18.7], [3, 1.025]])
    ends = [100 * np.array(wilson_interval(arrived, 4_000)) for arrived in ARRIVED]
    np.testing.assert_allclose([segment[:, 1] for segment in bars.get_segments()], ends, atol=1e-12)
    np.testing.assert_allclose([segment[:, 0] for segment in bars.get_segments()], [[n, n] for n in range(4)])
    assert same_color(dots.get_color(), LEARNED)


def test_every_dot_has_its_name_and_its_number():
    ax = draw(names=["a", "b", "c", "d"]).axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c", "d"]
    assert ax.get_xticks().tolist() == [0, 1, 2, 3]
    assert [(text.get_text(), text.xy[0]) for text in ax.texts] == [
        ("0 %", 0), ("0.7 %", 1), ("18.7 %", 2), ("1.02 %", 3),
    ]  # fmt: skip


def test_the_words_are_those_given_and_the_text_has_the_numbers():
    picture = draw()
    (ax,) = picture.axes
    assert title(ax) == WORDS["title"]
    assert labels(ax) == (WORDS["xlabel"], WORDS["ylabel"])
    assert "of 4,000 each: 1: 0 %, 8: 0.7 %, 32: 18.7 %, 64: 1.02 %." in picture.alt


def test_all_of_the_bars_is_inside_the_axes():
    ax = draw(successes=[0, 0, 0, 4], tries=4).axes[0]
    low, high = ax.get_ylim()
    assert low < 0
    assert high >= 100
    (low, high), (first, last) = ax.get_xlim(), (0, 3)
    assert low < first
    assert last < high


@pytest.mark.parametrize("successes", [ARRIVED, [0, 0, 0, 0]])
def test_the_picture_is_whole(successes):
    assert_whole(draw(successes=successes))


def test_it_can_be_one_panel_of_another_figure():
    picture = Picture(figsize=(9, 4))
    assert draw(ax=picture.subplots()) is picture


@pytest.mark.parametrize(("successes", "tries"), [(0, 11), (100, 100), (4_000, 4_000)])
def test_none_and_all_can_be_drawn(successes, tries):
    dots, *_ = draw(names=["one"], successes=[successes], tries=tries).axes[0].containers[0]
    np.testing.assert_allclose(dots.get_ydata(), [100 * successes / tries])


def test_large_shares_keep_clear_of_the_title():
    assert_whole(draw(successes=[3_990, 3_985, 3_992, 3_988]))


def test_more_successes_than_tries_are_named():
    with pytest.raises(ValueError, match=r"successes must lie in \[0, 10\], got 11"):
        draw(names=["a"], successes=[11], tries=10)
