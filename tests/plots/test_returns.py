"""The histograms count every episode and say in words what there is to see."""

import numpy as np
from looking import assert_whole, labels, title
from matplotlib.colors import same_color

from dqn_lib.plots.comparisons import compare_returns
from dqn_lib.plots.style import LEARNED, LUCKY

SPREAD = np.random.default_rng(0).integers(9, 110, size=1_000)


def bars(ax):
    return np.array([[bar.get_x(), bar.get_width(), bar.get_height()] for bar in ax.patches]).T


def test_the_bars_are_a_histogram_of_the_returns():
    ax = compare_returns({"CartPole-v1": SPREAD}).axes[0]
    left, width, heights = bars(ax)
    counts = [((a <= SPREAD) & (b > SPREAD)).sum() for a, b in zip(left, left + width, strict=True)]
    counts[-1] += (left[-1] + width[-1] == SPREAD).sum()  # the last bar holds its right edge
    assert heights.sum() == len(SPREAD)
    assert np.abs(heights - counts).sum() <= 2  # a count on an edge may round either way
    assert left[0] == SPREAD.min()
    assert np.isclose(left[-1] + width[-1], SPREAD.max())
    assert len(heights) >= 20


def test_returns_that_are_all_the_same_are_one_bar_around_their_value():
    ax = compare_returns({"MountainCar-v0": np.full(700, -200.0)}).axes[0]
    left, width, heights = bars(ax)
    (place,) = np.flatnonzero(heights)
    assert heights[place] == 700
    assert left[place] < -200 < left[place] + width[place]
    assert np.isclose(left[place] + width[place] / 2, -200)


def test_each_environment_has_its_panel_its_finding_and_its_colour():
    picture = compare_returns({"MountainCar-v0": np.full(700, -200.0), "CartPole-v1": SPREAD})
    assert [title(ax) for ax in picture.axes] == [
        "MountainCar-v0: every return is −200",
        f"CartPole-v1: from {SPREAD.min()} to {SPREAD.max()}",
    ]
    assert {labels(ax) for ax in picture.axes} == {("return of an episode", "episodes")}
    for ax, colour in zip(picture.axes, (LUCKY, LEARNED), strict=True):
        assert all(same_color(bar.get_facecolor(), colour) for bar in ax.patches)
    assert "MountainCar-v0, 700 random episodes: every return is −200." in picture.alt
    assert f"CartPole-v1, 1,000 random episodes: from {SPREAD.min()} to {SPREAD.max()}." in picture.alt


def test_a_plain_list_will_do():
    assert title(compare_returns({"a": [1, 2, 4]}).axes[0]) == "a: from 1 to 4"


def test_the_picture_is_whole():
    assert_whole(compare_returns({"MountainCar-v0": np.full(1_000, -200.0), "CartPole-v1": SPREAD}))
    assert_whole(compare_returns({"MountainCar-v0": np.full(1_000, -200.0)}))
