"""Bands show the mean of all seeds and how sure it is."""

import numpy as np
import pytest
from looking import assert_whole, in_colour, title

from dqn_lib.plots.curves import ReferenceReturns, learning_bands
from dqn_lib.plots.style import SERIES
from dqn_lib.statistics import bootstrap_interval

CURVES = {
    "a": [[-200.0, -150.0, -100.0], [-200.0, -200.0, -120.0, -99.0], [-200.0, -160.0, -98.0]],
    "b": [[-200.0, -200.0, -200.0]] * 2,
}
RUNS = [
    {"variant": name, "curve": curve, "environment": "MountainCar-v0"}
    for name, curves in CURVES.items()
    for curve in curves
]
NAMES = {"b": "the bad one", "a": "the good one"}


def draw(**options):
    return learning_bands(RUNS, NAMES, title="A finding", **options)


def test_a_line_is_the_mean_of_the_seeds_as_long_as_all_have_a_check():
    lines = draw(every=500).axes[0].lines
    (good,) = in_colour(lines, SERIES[1])
    np.testing.assert_array_equal(good[:, 0], [0, 500, 1_000])
    np.testing.assert_allclose(good[:, 1], [-200, -170, -106])


def test_a_band_is_the_bootstrap_interval_and_not_the_range():
    curves = np.random.default_rng(0).normal(-150, 20, size=(12, 3))
    runs = [{"variant": "c", "curve": list(curve)} for curve in curves]
    picture = learning_bands(runs, {"c": "some runs"}, title="A finding")
    band = picture.axes[0].collections[0].get_paths()[0].vertices
    low, high = bootstrap_interval(curves)
    assert low[0] > curves[:, 0].min() and high[0] < curves[:, 0].max()
    assert {tuple(point) for point in np.stack([[0, 1_000, 2_000], low], axis=1)} <= set(map(tuple, band))
    assert {tuple(point) for point in np.stack([[0, 1_000, 2_000], high], axis=1)} <= set(map(tuple, band))


def test_the_words_are_there_and_the_picture_is_whole():
    picture = draw()
    assert title(picture.axes[0]) == "A finding"
    assert [text.get_text() for text in picture.axes[0].get_legend().texts] == list(NAMES.values())
    assert "the good one, 3 seeds: ends at -106.0" in picture.alt
    assert_whole(picture)


def test_another_ruler():
    picture = draw(ruler=ReferenceReturns(20, 475, 500, "limit"))
    assert "Luck is 20, solved is 475, the limit is 500." in picture.alt
    low, high = picture.axes[0].get_ylim()
    assert low < 20 and high > 500


def test_what_cannot_be_shown_is_named():
    with pytest.raises(ValueError, match="names must be of variants among the runs, got 'z'"):
        learning_bands(RUNS, {"z": "a misspelt one"}, title="")
    with pytest.raises(ValueError, match="names must be of 1 to 4 variants, got 5"):
        learning_bands(RUNS, dict.fromkeys("abcde", ""), title="")
