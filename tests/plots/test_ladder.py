"""The ladder shows every seed of the variants asked for, in the order asked for."""

from pathlib import Path

import numpy as np
import pytest
from looking import assert_whole, in_colour, title
from matplotlib.colors import same_color

from dqn_lib.experiments.results import read_runs
from dqn_lib.mountain_car import ENV_ID, OPTIMAL_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.plots.comparisons import BAND, OWN, compare_variants
from dqn_lib.plots.curves import ReferenceReturns
from dqn_lib.plots.style import INK, LEARNED, LUCKY, OPTIMAL, SOLVED
from dqn_lib.statistics import bootstrap_interval

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
        0: "2 of 3 solve it, after 9,000 steps",
        1: "0 of 2 solve it",
        2: "4 of 4 solve it, after 2,503 steps",
    }
    assert "first: 2 of 3 solve it, after 9,000 steps, final mean -120.0." in picture.alt
    assert "second: 0 of 2 solve it, final mean -200.0." in picture.alt
    assert "third: 4 of 4 solve it, after 2,503 steps, final mean -99.8." in picture.alt


def test_the_ruler_stands_behind_the_rows():
    ax = draw().axes[0]
    for value, colour in ((RANDOM_RETURN, LUCKY), (SOLVED_RETURN, SOLVED), (OPTIMAL_RETURN, OPTIMAL)):
        (line,) = [line for line in ax.lines if set(line.get_xdata()) == {value}]
        assert same_color(line.get_color(), colour)
        assert any(text.xy[0] == value and same_color(text.get_color(), colour) for text in ax.texts)
    low, high = ax.get_xlim()
    assert low < RANDOM_RETURN < OPTIMAL_RETURN < high


def test_the_words_are_there():
    picture = draw()
    assert title(picture.axes[0]) == "A finding"
    assert picture.axes[0].get_xlabel().startswith("final mean return of the greedy policy")
    assert picture.alt.startswith("A finding. −200 is luck.")


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
    assert "2 of 3 solve it (21 to 94 %), after 9,000 steps" in picture.alt
    assert "a band for its 95 % interval" in picture.axes[0].get_xlabel()
    assert not draw().axes[0].patches


def test_an_own_run_joins_its_row_and_changes_no_mean():
    own = [{"variant": "a", "seed": 77, "final_return": -180.0, "solved_at_step": None}]
    picture = compare_variants(RUNS, NAMES, title="A finding", own=own)
    diamonds = in_colour([line for line in picture.axes[0].lines if line.get_marker() == "D"], OWN)
    assert [len(points) for points in diamonds] == [0, 1]
    np.testing.assert_array_equal(diamonds[1], [[-180, 1]])
    assert "final mean -120.0. Your own run ends at -180.0." in picture.alt
    assert "a diamond for your own run" in picture.axes[0].get_xlabel()


def test_another_ruler():
    runs = [{"variant": "a", "seed": 0, "final_return": 400.0, "solved_at_step": 900}]
    picture = compare_variants(
        runs, {"a": "pole"}, title="A finding", ruler=ReferenceReturns(20, 475, 500, "limit")
    )
    assert {text.get_text() for text in picture.axes[0].texts} >= {"20\nluck", "475\nsolved", "500\nlimit"}
    low, high = picture.axes[0].get_xlim()
    assert low < 20 and high > 500


def test_a_run_worse_than_luck_lies_within_the_axis():
    lucky = ReferenceReturns(-150, -110, -98, "the best", "return")
    low, _ = compare_variants(RUNS, {"b": "bad"}, ruler=lucky, title="Worse than luck").axes[0].get_xlim()
    assert low < -200
