"""Comparisons: every seed, proportion, return and cost is drawn where it is, in the order asked for."""

from pathlib import Path

import numpy as np
import pytest
from looking import assert_beside_the_data, assert_whole, in_colour, labels, title
from matplotlib.colors import same_color

from dqn_lib import mountain_car
from dqn_lib.experiments.results import read_runs
from dqn_lib.mountain_car import ENV_ID, OPTIMAL_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.plots.comparisons import (
    BAND,
    OWN,
    compare_costs,
    compare_returns,
    compare_variants,
    proportions,
    steps_by_start,
)
from dqn_lib.plots.curves import ReferenceReturns
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
NAMES = {"c": "the good one", "a": "the middling one"}


def draw(names=NAMES):
    return compare_variants(RUNS, names, title="A finding")


def test_a_row_has_a_dot_for_every_seed_and_a_bar_for_their_mean():
    lines = draw().axes[0].lines
    dots = in_colour([line for line in lines if line.get_marker() == "o"], LEARNED)
    bars = in_colour([line for line in lines if line.get_linestyle() == "-"], INK)
    for row, variant in enumerate(NAMES):
        np.testing.assert_array_equal(dots[row][:, 0], FINALS[variant])
        assert (np.abs(dots[row][:, 1] - row) < 0.3).all()
        np.testing.assert_allclose(bars[row][:, 0], np.mean(FINALS[variant]))
        assert bars[row][:, 1].mean() == row
    assert len(dots) == len(bars) == len(NAMES)


def test_rows_come_in_the_order_of_the_names_from_the_top():
    ax = draw().axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(NAMES.values())
    bottom, top = ax.get_ylim()
    assert top < 0
    assert bottom > len(NAMES) - 1


def test_a_row_says_how_many_seeds_solve_it_and_when():
    picture = draw({"a": "first", "b": "second", "c": "third"})
    texts = {text.xy[1]: text.get_text() for text in picture.axes[0].texts if "solve it" in text.get_text()}
    assert texts == {
        0: "2 of 3 solve it, median 9,000 steps",
        1: "0 of 2 solve it",
        2: "4 of 4 solve it, median 2,503 steps",
    }
    assert "first: 2 of 3 solve it, median 9,000 steps; final mean -120.0." in picture.alt
    assert "second: 0 of 2 solve it; final mean -200.0." in picture.alt
    assert "third: 4 of 4 solve it, median 2,503 steps; final mean -99.8." in picture.alt


def test_the_references_stand_behind_the_rows():
    ax = draw().axes[0]
    for value, colour in ((RANDOM_RETURN, RANDOM), (SOLVED_RETURN, SOLVED), (OPTIMAL_RETURN, OPTIMAL)):
        (line,) = [line for line in ax.lines if set(line.get_xdata()) == {value}]
        assert same_color(line.get_color(), colour)
        assert any(text.xy[0] == value and same_color(text.get_color(), colour) for text in ax.texts)
    low, high = ax.get_xlim()
    assert low < RANDOM_RETURN < OPTIMAL_RETURN < high


def test_the_words_are_there():
    picture = draw()
    assert title(picture.axes[0]) == "A finding"
    assert picture.axes[0].get_xlabel().startswith("final mean return of the greedy policy")
    assert picture.alt.startswith("A finding. Random policy -200, solved -110")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["networks", "tables"])
def test_the_committed_results_make_whole_pictures(kind):
    runs = read_runs(RESULTS / f"{kind}.jsonl")
    variants = list(dict.fromkeys(run["variant"] for run in runs))
    for some in (variants[:1], variants[:7], variants[7:14], variants[14:21], variants[21:]):
        if some:
            names = dict(zip(some, some, strict=True))
            picture = compare_variants(runs, names, title="A target saves steps " * 3)
            assert_whole(picture)
            assert_whole(compare_variants(runs, names, title="A finding", intervals=True, own=runs[:1]))
            low, high = picture.axes[0].get_xlim()
            shown = [run["final_return"] for run in runs if run["variant"] in some]
            assert low < min(shown) <= max(shown) < high


def test_the_same_data_make_the_same_picture():
    assert draw()._repr_html_() == draw()._repr_html_()


def test_an_unknown_variant_is_named():
    with pytest.raises(ValueError, match="names must be of variants among the runs, got 'z'"):
        draw({"c": "the good one", "z": "a misspelt one"})


def test_intervals_are_a_band_behind_the_dots_and_a_range_in_words():
    picture = compare_variants(RUNS, NAMES, title="A finding", intervals=True)
    bands = [patch for patch in picture.axes[0].patches if same_color(patch.get_facecolor(), BAND)]
    for band, variant in zip(bands, NAMES, strict=True):
        low, high = bootstrap_interval(FINALS[variant])
        assert (band.get_x(), band.get_width()) == pytest.approx((low, high - low))
    assert "2 of 3 solve it (21 to 94 %), median 9,000 steps" in picture.alt
    assert "band: its 95 % interval" in picture.axes[0].get_xlabel()
    assert not draw().axes[0].patches


def test_an_own_run_joins_its_row_and_changes_no_mean():
    own = [{"variant": "a", "seed": 77, "final_return": -180.0, "solved_at_step": None}]
    picture = compare_variants(RUNS, NAMES, title="A finding", own=own)
    diamonds = in_colour([line for line in picture.axes[0].lines if line.get_marker() == "D"], OWN)
    assert [len(points) for points in diamonds] == [0, 1]
    np.testing.assert_array_equal(diamonds[1], [[-180, 1]])
    assert "final mean -120.0. Your own run ends at -180.0." in picture.alt
    assert "diamond: your own run" in picture.axes[0].get_xlabel()


def test_other_references():
    runs = [{"variant": "a", "seed": 0, "final_return": 400.0, "solved_at_step": 900}]
    picture = compare_variants(
        runs, {"a": "pole"}, title="A finding", references=ReferenceReturns(20, 475, 500, "limit")
    )
    assert {text.get_text() for text in picture.axes[0].texts} >= {
        "20\nrandom policy",
        "475\nsolved",
        "500\nlimit",
    }
    low, high = picture.axes[0].get_xlim()
    assert low < 20 and high > 500


def test_a_run_worse_than_the_random_policy_lies_within_the_axis():
    references = ReferenceReturns(-150, -110, -98)
    picture = compare_variants(RUNS, {"b": "bad"}, references=references, title="Worse than random")
    low, _ = picture.axes[0].get_xlim()
    assert low < -200


# --- histograms -----------------------------------------------------------------------------------------

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
    for ax, colour in zip(picture.axes, (RANDOM, LEARNED), strict=True):
        assert all(same_color(bar.get_facecolor(), colour) for bar in ax.patches)
    assert "MountainCar-v0, 700 random episodes: every return is −200." in picture.alt
    assert f"CartPole-v1, 1,000 random episodes: from {SPREAD.min()} to {SPREAD.max()}." in picture.alt


def test_a_plain_list_will_do():
    assert title(compare_returns({"a": [1, 2, 4]}).axes[0]) == "a: from 1 to 4"


def test_histograms_are_whole():
    assert_whole(compare_returns({"MountainCar-v0": np.full(1_000, -200.0), "CartPole-v1": SPREAD}))
    assert_whole(compare_returns({"MountainCar-v0": np.full(1_000, -200.0)}))


# --- proportions ----------------------------------------------------------------------------------------

HOLDS, ARRIVED = [1, 8, 32, 64], [0, 28, 748, 41]
WORDS = {
    "title": "Held long enough, random pushes get somewhere",
    "xlabel": "steps that each action is held",
    "ylabel": "episodes that reach the flag (%)",
}


def draw_proportions(names=HOLDS, successes=ARRIVED, tries=4_000, ax=None):
    return proportions(names, successes, tries, ax, **WORDS)


def test_a_dot_is_a_share_in_percent_and_its_bar_the_interval():
    dots, _, (bars,) = draw_proportions().axes[0].containers[0]
    np.testing.assert_allclose(dots.get_xydata(), [[0, 0], [1, 0.7], [2, 18.7], [3, 1.025]])
    ends = [100 * np.array(wilson_interval(arrived, 4_000)) for arrived in ARRIVED]
    np.testing.assert_allclose([segment[:, 1] for segment in bars.get_segments()], ends, atol=1e-12)
    np.testing.assert_allclose([segment[:, 0] for segment in bars.get_segments()], [[n, n] for n in range(4)])
    assert same_color(dots.get_color(), LEARNED)


def test_every_dot_has_its_name_and_its_number():
    ax = draw_proportions(names=["a", "b", "c", "d"]).axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c", "d"]
    assert ax.get_xticks().tolist() == [0, 1, 2, 3]
    assert [(text.get_text(), text.xy[0]) for text in ax.texts] == [
        ("0 %", 0), ("0.7 %", 1), ("18.7 %", 2), ("1.02 %", 3),
    ]  # fmt: skip


def test_the_words_are_those_given_and_the_text_has_the_numbers():
    picture = draw_proportions()
    (ax,) = picture.axes
    assert title(ax) == WORDS["title"]
    assert labels(ax) == (WORDS["xlabel"], WORDS["ylabel"])
    assert "of 4,000 each: 1: 0 %, 8: 0.7 %, 32: 18.7 %, 64: 1.02 %." in picture.alt


def test_all_of_the_bars_is_inside_the_axes():
    ax = draw_proportions(successes=[0, 0, 0, 4], tries=4).axes[0]
    low, high = ax.get_ylim()
    assert low < 0
    assert high >= 100
    (low, high), (first, last) = ax.get_xlim(), (0, 3)
    assert low < first
    assert last < high


@pytest.mark.parametrize("successes", [ARRIVED, [0, 0, 0, 0]])
def test_proportions_are_whole(successes):
    assert_whole(draw_proportions(successes=successes))


def test_proportions_can_be_a_panel():
    picture = Picture(figsize=(9, 4))
    assert draw_proportions(ax=picture.subplots()) is picture


@pytest.mark.parametrize(("successes", "tries"), [(0, 11), (100, 100), (4_000, 4_000)])
def test_none_and_all_can_be_drawn(successes, tries):
    dots, *_ = draw_proportions(names=["one"], successes=[successes], tries=tries).axes[0].containers[0]
    np.testing.assert_allclose(dots.get_ydata(), [100 * successes / tries])


def test_large_shares_keep_clear_of_the_title():
    assert_whole(draw_proportions(successes=[3_990, 3_985, 3_992, 3_988]))


def test_more_successes_than_tries_are_named():
    with pytest.raises(ValueError, match=r"successes must lie in \[0, 10\], got 11"):
        draw_proportions(names=["a"], successes=[11], tries=10)


# --- costs, and steps by start --------------------------------------------------------------------------

SECONDS = {"keras": 0.0213, "compiled": 0.0005, "NumPy": 4.2e-6, "a whole run": 1.5}


def test_a_cost_is_a_dot_at_its_milliseconds_in_a_row_of_its_own():
    picture = compare_costs(SECONDS, title="At very different prices")
    (ax,) = picture.axes
    (dots,) = [line for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots.get_xdata(), [21.3, 0.5, 0.0042, 1500])
    assert list(dots.get_ydata()) == [0, 1, 2, 3]
    assert same_color(dots.get_color(), LEARNED)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(SECONDS)
    assert [text.get_text() for text in ax.texts] == ["21 ms", "0.5 ms", "0.0042 ms", "1,500 ms"]
    assert ax.get_xscale() == "log"
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first row is the uppermost
    assert ax.get_xlabel().startswith("milliseconds")
    assert title(ax) == "At very different prices"
    assert "compiled 0.5 ms, NumPy 0.0042 ms" in picture.alt


def test_a_stalk_leads_to_every_dot():
    (stalks,) = compare_costs(SECONDS, title="At very different prices").axes[0].collections
    ends = [segment[1] for segment in stalks.get_segments()]
    np.testing.assert_allclose(ends, [[21.3, 0], [0.5, 1], [0.0042, 2], [1500, 3]])


def test_costs_are_whole():
    assert_whole(compare_costs(SECONDS, title="At very different prices"))
    assert_whole(compare_costs({"one way": 0.2}, title="At very different prices"))


def test_steps_by_start_names_the_gap():
    starts = mountain_car.start_states(50, seed=0)
    picture = steps_by_start(np.full(50, -120.0), np.full(50, -100.5), starts)
    assert (
        picture.axes[0].get_title(loc="left")
        == "On average the learned policy takes 19.5 steps more than the exact one"
    )


def test_steps_by_start_are_whole_with_their_legend_beside_the_data():
    picture = steps_by_start(np.full(5, -100.0), np.full(5, -98.0), mountain_car.start_states(5, seed=0))
    assert_whole(picture)
    assert_beside_the_data(picture)
