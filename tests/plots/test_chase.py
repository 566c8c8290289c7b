"""The chase shows what both networks said, against the exact value."""

import numpy as np
import pytest
from looking import (
    assert_beside_the_data,
    assert_good_film,
    assert_laid_out,
    assert_whole,
    in_colour,
    spy_on_film,
    title,
)

from dqn_lib.plots import curves as module
from dqn_lib.plots.curves import TargetTrace, target_traces
from dqn_lib.plots.films import film_target_traces
from dqn_lib.plots.style import ESTIMATE, OPTIMAL, TARGET

pytestmark = pytest.mark.slow

EXACT = -63.25
UPDATES = np.arange(16, 3_216, 16)


def a_chase(speed, lag):
    """The target says what the estimate said `lag` records ago."""
    estimate = -60 * (1 - np.exp(-UPDATES / speed)) + np.sin(UPDATES / 40)
    return TargetTrace(UPDATES, estimate, estimate[np.maximum(np.arange(len(UPDATES)) - lag, 0)])


CHASES = {
    "copied every step": a_chase(300, 0),
    "hard: every 200 steps": a_chase(700, 12),
    "soft: tau 0.01": a_chase(900, 6),
}


def test_each_panel_draws_both_networks_and_the_exact_value():
    picture = target_traces(CHASES, EXACT)
    assert [title(ax) for ax in picture.axes] == list(CHASES)
    for ax, one in zip(picture.axes, CHASES.values(), strict=True):
        for values, colour in ((one.estimate, ESTIMATE), (one.target, TARGET)):
            (line,) = in_colour(ax.lines, colour)
            np.testing.assert_array_equal(line, np.c_[UPDATES, values])
        (exact,) = in_colour(ax.lines, OPTIMAL)
        assert set(exact[:, 1]) == {EXACT}


def test_all_panels_share_an_axis_that_holds_everything():
    spans = {ax.get_ylim() for ax in target_traces(CHASES, EXACT).axes}
    ((low, high),) = spans
    everything = [EXACT, *np.concatenate([[*one.estimate, *one.target] for one in CHASES.values()])]
    assert low < min(everything) <= max(everything) < high
    deep = target_traces(
        {"diverges": TargetTrace(UPDATES, -UPDATES.astype(float), -UPDATES / 2)}, EXACT
    ).axes[0]
    assert deep.get_ylim()[0] < -UPDATES[-1]
    assert deep.get_xlim() == (0, UPDATES[-1])


def test_the_words_are_there():
    picture = target_traces(CHASES, EXACT)
    assert {ax.get_xlabel() for ax in picture.axes} == {"gradient steps"}
    assert picture.axes[0].get_ylabel() == "value of the valley's floor"
    (legend,) = picture.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["exact: −63.2", "target network", "online network"]
    for handle, colour in zip(legend.get_lines(), (OPTIMAL, TARGET, ESTIMATE), strict=True):
        assert handle.get_color() == colour


def test_the_text_tells_the_mean_distance():
    gaps = [np.mean(np.abs(one.target - one.estimate)) for one in CHASES.values()]
    alt = target_traces(CHASES, EXACT).alt
    assert (
        f"copied every step: 0.0, hard: every 200 steps: {gaps[1]:.1f}, soft: tau 0.01: {gaps[2]:.1f}" in alt
    )
    assert "exact is -63.2" in alt


@pytest.mark.parametrize("count", [1, 3])
def test_the_picture_is_whole_with_the_legend_below(count):
    picture = target_traces(dict([*CHASES.items()][:count]), EXACT)
    assert_whole(picture)
    assert_beside_the_data(picture)


@pytest.fixture(scope="module")
def filming():
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = spy_on_film(monkeypatch, module)
        film_target_traces(CHASES, EXACT)
    return made[0]


def test_the_film_is_whole_small_and_moves(filming, tmp_path):
    assert_laid_out(filming)
    assert_good_film(filming.video, 200, tmp_path)
    assert "towards -63.2, for copied every step, hard: every 200 steps, soft: tau 0.01" in filming.video.alt


@pytest.mark.parametrize(("share", "points"), [(0, 1), (0.5, 100), (1, 200)])
def test_the_runners_are_at_the_ends_of_their_lines(filming, share, points):
    filming.update(share)
    for ax, one in zip(filming.figure.axes, CHASES.values(), strict=True):
        for values, colour in ((one.estimate, ESTIMATE), (one.target, TARGET)):
            line, dot = in_colour(ax.lines, colour)
            np.testing.assert_array_equal(line, np.c_[UPDATES, values][:points])
            np.testing.assert_array_equal(dot, line[-1:])


def test_the_film_runs_from_the_start_to_the_end_and_rests_there(filming):
    assert (filming.frames[0], filming.frames[-20:]) == (0, [1.0] * 20)
    assert (np.diff(filming.frames) >= 0).all()
    assert [title(ax) for ax in filming.figure.axes] == list(CHASES)
    assert filming.figure.axes[0].get_ylabel() == "value of the valley's floor"
