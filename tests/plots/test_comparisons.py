"""Comparisons: every seed, proportion, return and cost is drawn where it is, in the order asked for."""

from pathlib import Path

import numpy as np
import pytest
from looking import assert_whole, in_colour, labels, title, words
from matplotlib.colors import same_color

from dqn_lib import mountain_car, plots
from dqn_lib.experiments.results import read_runs
from dqn_lib.mountain_car import ENV_ID, OPTIMAL_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.plots.comparisons import BAND, OWN
from dqn_lib.plots.style import INK, LEARNED, OPTIMAL, RANDOM, SOLVED, Picture
from dqn_lib.statistics import bootstrap_interval, wilson_interval

RESULTS = Path(__file__).parents[2] / "notebooks" / "results"
FINALS = {"a": [-100.0, -120.0, -140.0], "b": [-200.0, -200.0], "c": [-98.0, -99.0, -100.5, -101.5]}
SOLVED_AT = {"a": [3_000, None, 9_000], "b": [None, None], "c": [1_001, 2_002, 3_004, 4_005]}
RUNS = [
    {"variant": variant, "seed": seed, "final_return": final, "solved_at_step": step, "environment": ENV_ID}
    for variant in FINALS
    for seed, (final, step) in enumerate(zip(FINALS[variant], SOLVED_AT[variant], strict=True))
]
NAMES = {"c": "the good one", "a": "the middling one", "b": "the bad one"}


def draw(names=NAMES, **options):
    return plots.compare_variants(RUNS, names, title="A finding", **options)


def test_a_row_has_a_dot_for_every_seed_a_bar_for_their_mean_and_its_finding():
    picture = draw()
    (ax,) = picture.axes
    dots = in_colour([line for line in ax.lines if line.get_marker() == "o"], LEARNED)
    bars = in_colour([line for line in ax.lines if line.get_linestyle() == "-"], INK)
    assert len(dots) == len(bars) == len(NAMES)
    for row, variant in enumerate(NAMES):
        np.testing.assert_array_equal(dots[row][:, 0], FINALS[variant])
        assert (np.abs(dots[row][:, 1] - row) < 0.3).all()
        np.testing.assert_allclose(bars[row][:, 0], np.mean(FINALS[variant]))
        assert bars[row][:, 1].mean() == row
    assert words(ax.get_yticklabels()) == list(NAMES.values())
    bottom, top = ax.get_ylim()
    assert top < 0 and bottom > len(NAMES) - 1  # the first row is the uppermost
    assert {text.xy[1]: text.get_text() for text in ax.texts if "solve it" in text.get_text()} == {
        0: "4 of 4 solve it, median 2,503 steps",
        1: "2 of 3 solve it, median 9,000 steps",
        2: "0 of 2 solve it",
    }
    assert title(ax) == "A finding"
    assert ax.get_xlabel().startswith("final mean return of the greedy policy")
    assert picture.alt == (
        f"A finding. Random policy -200, solved -110, best policy {OPTIMAL_RETURN:g}. "
        "the good one: 4 of 4 solve it, median 2,503 steps; final mean -99.8. "
        "the middling one: 2 of 3 solve it, median 9,000 steps; final mean -120.0. "
        "the bad one: 0 of 2 solve it; final mean -200.0."
    )
    assert not ax.patches
    assert picture._repr_html_() == draw()._repr_html_()  # the dots lie where they lay


def test_the_references_stand_behind_the_rows():
    (ax,) = draw().axes
    for value, colour in ((RANDOM_RETURN, RANDOM), (SOLVED_RETURN, SOLVED), (OPTIMAL_RETURN, OPTIMAL)):
        assert {x for line in in_colour(ax.lines, colour) for x in line[:, 0]} == {value}
        assert any(text.xy[0] == value and same_color(text.get_color(), colour) for text in ax.texts)
    low, high = ax.get_xlim()
    assert low < RANDOM_RETURN < OPTIMAL_RETURN < high


def test_other_references_may_be_given_and_a_run_worse_than_random_lies_within_the_axis():
    (ax,) = draw({"b": "bad"}, references=plots.ReferenceReturns(20, 475, 500, "limit")).axes
    assert {"20\nrandom policy", "475\nsolved", "500\nlimit"} <= set(words(ax.texts))
    low, high = ax.get_xlim()
    assert low < -200 and high > 500


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["networks", "tables"])
def test_the_committed_results_make_whole_pictures(kind):
    runs = read_runs(RESULTS / f"{kind}.jsonl")
    variants = list(dict.fromkeys(run["variant"] for run in runs))
    for first in range(0, len(variants), 7):
        names = {name: name for name in variants[first : first + 7]}
        title = "A target saves steps " * 3
        picture = plots.compare_variants(runs, names, title=title, intervals=True, own=runs[:1])
        assert_whole(picture)
        shown = [run["final_return"] for run in runs if run["variant"] in names]
        low, high = picture.axes[0].get_xlim()
        assert low < min(shown) <= max(shown) < high


def test_an_unknown_variant_is_named():
    with pytest.raises(ValueError, match="names must be of variants among the runs, got 'z'"):
        draw({"c": "the good one", "z": "a misspelt one"})


def test_intervals_are_a_band_behind_the_dots_and_a_range_in_words():
    picture = draw(intervals=True)
    for band, variant in zip(picture.axes[0].patches, NAMES, strict=True):
        low, high = bootstrap_interval(FINALS[variant])
        assert (band.get_x(), band.get_width()) == pytest.approx((low, high - low))
        assert same_color(band.get_facecolor(), BAND)
    assert "2 of 3 solve it (21 to 94 %), median 9,000 steps" in picture.alt
    assert "band: its 95 % interval" in picture.axes[0].get_xlabel()


def test_an_own_run_joins_its_row_and_changes_no_mean():
    own = [{"variant": "a", "seed": 77, "final_return": -180.0, "solved_at_step": None}]
    picture = draw(own=own)
    diamonds = in_colour([line for line in picture.axes[0].lines if line.get_marker() == "D"], OWN)
    assert [points.tolist() for points in diamonds] == [[], [[-180, 1]], []]
    assert "final mean -120.0. Your own run ends at -180.0." in picture.alt
    assert "diamond: your own run" in picture.axes[0].get_xlabel()


# --- histograms -----------------------------------------------------------------------------------------

SPREAD = np.random.default_rng(0).integers(9, 110, size=1_000)


def bars(ax):
    return np.array([[bar.get_x(), bar.get_width(), bar.get_height()] for bar in ax.patches]).T


def test_each_environment_has_a_histogram_of_its_returns_its_finding_and_its_colour():
    picture = plots.compare_returns({"MountainCar-v0": np.full(700, -200.0), "CartPole-v1": SPREAD.tolist()})
    always, spread = picture.axes
    ends = f"from {SPREAD.min()} to {SPREAD.max()}"
    assert [title(ax) for ax in picture.axes] == [
        "MountainCar-v0: every return is −200",
        f"CartPole-v1: {ends}",
    ]
    assert "MountainCar-v0, 700 random episodes: every return is −200." in picture.alt
    assert f"CartPole-v1, 1,000 random episodes: {ends}." in picture.alt
    for ax, colour in ((always, RANDOM), (spread, LEARNED)):
        assert labels(ax) == ("return of an episode", "episodes")
        assert all(same_color(bar.get_facecolor(), colour) for bar in ax.patches)

    left, width, heights = bars(always)
    (place,) = np.flatnonzero(heights)
    assert heights[place] == 700
    assert left[place] + width[place] / 2 == pytest.approx(-200)  # around its value

    left, width, heights = bars(spread)
    assert len(heights) >= 20 and heights.sum() == len(SPREAD)
    np.testing.assert_allclose([left[0], left[-1] + width[-1]], [SPREAD.min(), SPREAD.max()])
    counts = np.histogram(SPREAD, [*left, SPREAD.max()])[0]
    assert np.abs(heights - counts).sum() <= 2  # a count on an edge may round either way
    assert_whole(picture)


# --- proportions ----------------------------------------------------------------------------------------

HOLDS, ARRIVED = [1, 8, 32, 64], [0, 28, 748, 41]
WORDS = {"title": "Held long enough", "xlabel": "steps that each action is held", "ylabel": "episodes (%)"}


def test_a_dot_is_a_share_in_percent_with_its_number_and_its_bar_the_interval():
    panel = Picture(figsize=(9, 4), layout="constrained").subplots()
    picture = plots.proportions(HOLDS, ARRIVED, 4_000, panel, **WORDS)
    assert picture is panel.figure
    dots, _, (intervals,) = panel.containers[0]
    np.testing.assert_allclose(dots.get_xydata(), [[0, 0], [1, 0.7], [2, 18.7], [3, 1.025]])
    ends = [100 * np.array(wilson_interval(arrived, 4_000)) for arrived in ARRIVED]
    expected = [[[place, low], [place, high]] for place, (low, high) in enumerate(ends)]
    np.testing.assert_allclose(intervals.get_segments(), expected, atol=1e-12)
    assert same_color(dots.get_color(), LEARNED)
    assert words(panel.get_xticklabels()) == list(map(str, HOLDS))
    shares = ["0.0 %", "0.7 %", "18.7 %", "1.0 %"]
    assert [(text.get_text(), text.xy[0]) for text in panel.texts] == [(s, n) for n, s in enumerate(shares)]
    assert (title(panel), *labels(panel)) == tuple(WORDS.values())
    assert "of 4,000 each: 1: 0.0 %, 8: 0.7 %, 32: 18.7 %, 64: 1.0 %." in picture.alt
    assert_whole(picture)


@pytest.mark.parametrize("arrived", [[0, 0, 0, 0], [0, 0, 0, 4_000], [3_990, 3_985, 3_992, 3_988]])
def test_none_all_and_nearly_all_are_inside_the_axes(arrived):
    picture = plots.proportions(HOLDS, arrived, 4_000, **WORDS)
    (ax,) = picture.axes
    low, high = ax.get_ylim()
    assert low < 0 and high >= 100 * wilson_interval(max(arrived), 4_000)[1]
    assert ax.get_xlim()[0] < 0 and ax.get_xlim()[1] > 3
    assert_whole(picture)


def test_more_successes_than_tries_are_named():
    with pytest.raises(ValueError, match=r"successes must lie in \[0, 10\], got 11"):
        plots.proportions(["a"], [11], 10, **WORDS)


# --- costs, and steps by start --------------------------------------------------------------------------


def test_a_cost_is_a_dot_on_a_stalk_at_its_milliseconds_in_a_row_of_its_own():
    seconds = {"keras": 0.0213, "compiled": 0.0005, "NumPy": 4.2e-6, "a whole run": 1.5}
    picture = plots.compare_costs(seconds, title="At very different prices")
    (ax,) = picture.axes
    (dots,) = [line for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots.get_xydata(), [[21.3, 0], [0.5, 1], [0.0042, 2], [1500, 3]])
    (stalks,) = ax.collections
    np.testing.assert_allclose([segment[1] for segment in stalks.get_segments()], dots.get_xydata())
    assert same_color(dots.get_color(), LEARNED)
    assert words(ax.get_yticklabels()) == list(seconds)
    assert words(ax.texts) == ["21 ms", "0.5 ms", "0.0042 ms", "1,500 ms"]
    assert ax.get_xscale() == "log"
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first row is the uppermost
    assert ax.get_xlabel().startswith("milliseconds")
    assert title(ax) == "At very different prices"
    assert "compiled 0.5 ms, NumPy 0.0042 ms" in picture.alt
    assert_whole(picture)
    assert_whole(plots.compare_costs({"one way": 0.2}, title="At very different prices"))


def test_steps_by_start_draws_both_policies_and_names_the_gap():
    starts = mountain_car.start_states(50, seed=0)
    learned, exact = -120.0 - np.arange(50), np.full(50, -100.5)
    picture = plots.steps_by_start(learned, exact, starts)
    (ax,) = picture.axes
    order = starts[:, 0].argsort()
    for returns, colour in ((learned, LEARNED), (exact, OPTIMAL)):
        (line,) = in_colour(ax.lines, colour)
        np.testing.assert_array_equal(line, np.c_[starts[:, 0], -returns][order])
    assert title(ax) == "From these starts the learned policy takes 44.0 steps more on average"
    assert words(ax.get_legend().get_texts()) == ["learned, mean 144.5", "exact, mean 100.5"]
    assert_whole(picture)
