"""Curves: the numbers given are the numbers drawn, with the reference returns that belong to them."""

import numpy as np
import pytest
from looking import assert_whole, in_colour, labels, title, words
from matplotlib.colors import same_color
from traces import EXACT, TRACES, UPDATES

from dqn_lib import plots
from dqn_lib.experiments import load_results
from dqn_lib.mountain_car import ENV_ID, OPTIMAL_CHECK_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.plots.curves import MOUNTAIN_CAR
from dqn_lib.plots.style import ESTIMATE, OPTIMAL, RANDOM, SERIES, SOLVED, TARGET
from dqn_lib.statistics import bootstrap_interval
from dqn_lib.training import Check, Episode, TrainingLog

REFERENCES = {
    "car": MOUNTAIN_CAR,
    "pole": plots.ReferenceReturns(24, 475, 500, "limit"),
    "acrobot": plots.ReferenceReturns(-497, -100, -69, "best published"),
    "parking": plots.ReferenceReturns(-79, -17, -14, "by hand"),
    "far": plots.ReferenceReturns(0.0, 0.5, 1.0),
}
WORDS = {"title": "Neighbours are alike", "xlabel": "steps between them", "ylabel": "autocorrelation"}


def a_log(means=(-200, -105), environment=ENV_ID):
    episodes = [Episode(n, 200 * n, 200, -200.0, False, 1.0, None) for n in range(1, 11)]
    checks = [Check(1_000 * n, np.full(5, mean), None, environment) for n, mean in enumerate(means)]
    return TrainingLog(episodes, checks)


def levels(ax):
    """The horizontal lines of the references: where, and in what colour."""
    colours = {"random": RANDOM, "solved": SOLVED, "best": OPTIMAL}
    return {
        name: {y for line in in_colour(ax.lines, colour) for y in line[:, 1]}
        for name, colour in colours.items()
    }


CHECK_LEVELS = {"random": {RANDOM_RETURN}, "solved": {SOLVED_RETURN}, "best": {OPTIMAL_CHECK_RETURN}}


def assert_told_apart(ax, lines):
    """Every line has its points, its own colour and dashes, and its name in the legend."""
    drawn = [line for line in ax.lines if not line.get_label().startswith("_")]
    assert [line.get_label() for line in drawn] == words(ax.get_legend().get_texts()) == list(lines)
    for line, points, colour in zip(drawn, lines.values(), SERIES, strict=False):
        np.testing.assert_array_equal(line.get_xydata(), points)
        assert same_color(line.get_color(), colour)
    assert len({str(line._unscaled_dash_pattern) for line in drawn}) == len(lines)


def test_every_run_is_drawn_through_the_means_of_its_checks_and_against_the_references():
    means = {"remembers 64": [-200, -199], "remembers 500": [-200, -150, -104.5], "all": [-200, -98]}
    picture = plots.compare_runs({name: a_log(some) for name, some in means.items()}, title="Another memory")
    (ax,) = picture.axes
    lines = {name: [[1_000 * n, mean] for n, mean in enumerate(some)] for name, some in means.items()}
    assert_told_apart(ax, lines)
    assert levels(ax) == CHECK_LEVELS
    assert (title(ax), *labels(ax)) == (
        "Another memory",
        "environment steps",
        "mean return of the greedy policy",
    )
    assert "remembers 500 ends at -104.5, all ends at -98.0" in picture.alt
    assert_whole(picture)


@pytest.mark.parametrize("x", [None, [0.0, 10.0, 50.0]])
def test_a_series_is_drawn_against_its_x_or_else_its_index(x):
    series = {"one": np.array([1.0, 0.5, 0.25]), "other": [0.1, -0.2, 0.0]}
    picture = plots.line_plot(series, x, **WORDS)
    (ax,) = picture.axes
    assert_told_apart(
        ax, {name: np.c_[[0, 1, 2] if x is None else x, values] for name, values in series.items()}
    )
    assert (title(ax), *labels(ax)) == tuple(WORDS.values())
    assert ax.get_yscale() == "linear"
    assert "one from 1 to 0.25, other from 0.1 to 0" in picture.alt
    assert_whole(picture)


def test_a_logarithmic_axis_is_labelled_with_plain_numbers():
    picture = plots.line_plot(
        {"loss": np.geomspace(0.02, 700, 40)}, np.arange(0, 40_000, 1_000), log=True, **WORDS
    )
    assert picture.axes[0].get_yscale() == "log"
    assert_whole(picture)
    assert {"0.1", "1", "10", "100"} <= set(words(picture.axes[0].get_yticklabels()))


def test_what_cannot_be_shown_is_named():
    series = {str(n): np.arange(3) + n for n in range(5)}
    with pytest.raises(ValueError, match="series must hold 1 to 4 lines, got 5"):
        plots.line_plot(series, **WORDS)
    with pytest.raises(ValueError, match="names must be of variants among the runs, got 'z'"):
        plots.learning_bands(RUNS, {"z": "a misspelt one"}, title="")
    with pytest.raises(ValueError, match="names must be of 1 to 4 variants, got 5"):
        plots.learning_bands(RUNS, dict.fromkeys("abcde", ""), title="")


def test_the_learning_curve_draws_every_episode_every_check_and_the_references():
    picture = plots.learning_curve(a_log())
    (ax,) = picture.axes
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), [[200 * n, -200] for n in range(1, 11)])
    (curve,) = [line for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(curve.get_xydata(), [[0, -200], [1_000, -105]])
    assert levels(ax) == CHECK_LEVELS
    assert_whole(picture)


@pytest.mark.parametrize(
    ("means", "finding"),
    [
        ((-200, -105), "Solved after 1,000 steps; best check −105.0"),
        ((-200,), "Not solved yet: best check −200.0"),
        ((), "Nothing"),
    ],
)
def test_the_learning_curve_states_its_finding(means, finding):
    assert title(plots.learning_curve(a_log(means)).axes[0]).startswith(finding)


@pytest.mark.parametrize("references", REFERENCES.values(), ids=REFERENCES)
def test_the_references_are_on_the_picture_and_no_name_covers_another(references):
    picture = plots.learning_curve(TrainingLog(), references=references)
    assert_whole(picture)
    (ax,) = picture.axes
    assert words(ax.texts) == [name for _, _, name in references.marks]
    low, high = ax.get_ylim()
    assert low < references.random < references.solved < references.best < high


def test_the_references_in_words():
    assert REFERENCES["acrobot"].alt == "Random policy -497, solved -100, best published -69."
    assert [name for *_, name in REFERENCES["pole"].marks] == ["500 limit", "475 solved", "24 random policy"]


def test_a_run_worse_than_the_random_policy_is_in_the_picture_too():
    for mean, worst in ((-100, -200), (-300, -300)):  # an episode of -200 is worse than a check of -100
        picture = plots.learning_curve(a_log([mean]), references=REFERENCES["parking"])
        assert picture.axes[0].get_ylim()[0] < worst


def test_what_was_learned_elsewhere_is_not_measured_against_mountain_car():
    assert levels(plots.learning_curve(a_log(environment="CartPole-v1")).axes[0])["random"] == set()


# --- bands over seeds -----------------------------------------------------------------------------------

CURVES = {
    "a": [[-200.0, -150.0, -100.0], [-200.0, -200.0, -120.0, -99.0], [-200.0, -160.0, -98.0]],
    "b": [[-200.0, -200.0, -200.0]] * 2,
}
RUNS = [{"variant": name, "curve": curve, "environment": ENV_ID} for name in CURVES for curve in CURVES[name]]


def test_a_line_is_the_mean_of_the_seeds_as_long_as_all_have_a_check():
    picture = plots.learning_bands(
        RUNS, {"b": "the bad one", "a": "the good one"}, title="A finding", every=500
    )
    (ax,) = picture.axes
    steps = [0, 500, 1_000]
    assert_told_apart(
        ax, {"the bad one": np.c_[steps, [-200] * 3], "the good one": np.c_[steps, [-200, -170, -106]]}
    )
    assert levels(ax) == CHECK_LEVELS
    assert title(ax) == "A finding"
    assert "the good one, 3 seeds: ends at -106.0" in picture.alt
    assert_whole(picture)


def test_a_band_is_the_bootstrap_interval_against_any_references():
    curves = np.random.default_rng(0).normal(-150, 20, size=(12, 3))
    runs = [{"variant": "c", "curve": list(curve)} for curve in curves]
    picture = plots.learning_bands(runs, {"c": "some runs"}, title="A finding", references=REFERENCES["pole"])
    band = picture.axes[0].collections[0].get_paths()[0].vertices
    for end in bootstrap_interval(curves):
        assert set(zip([0, 1_000, 2_000], end, strict=True)) <= set(map(tuple, band))
    assert "Random policy 24, solved 475, limit 500." in picture.alt
    assert levels(picture.axes[0])["best"] == {500}


# --- online and target network --------------------------------------------------------------------------


def test_each_panel_draws_both_networks_and_the_exact_value_on_the_same_axis():
    picture = plots.target_traces(TRACES, EXACT)
    assert [title(ax) for ax in picture.axes] == list(TRACES)
    for ax, one in zip(picture.axes, TRACES.values(), strict=True):
        for values, colour in ((one.estimate, ESTIMATE), (one.target, TARGET)):
            (line,) = in_colour(ax.lines, colour)
            np.testing.assert_array_equal(line, np.c_[UPDATES, values])
        (exact,) = in_colour(ax.lines, OPTIMAL)
        assert set(exact[:, 1]) == {EXACT}
    ((low, high),) = {ax.get_ylim() for ax in picture.axes}
    everything = [EXACT, *(value for one in TRACES.values() for value in (*one.estimate, *one.target))]
    assert low < min(everything) <= max(everything) < high
    assert labels(picture.axes[0]) == ("gradient steps", "value of the valley's floor")
    (legend,) = picture.legends
    assert words(legend.get_texts()) == ["exact: −63.2", "target network", "online network"]
    assert [line.get_color() for line in legend.get_lines()] == [OPTIMAL, TARGET, ESTIMATE]
    gaps = [np.mean(np.abs(one.target - one.estimate)) for one in TRACES.values()]
    assert f"copied every step: 0.0, hard: {gaps[1]:.1f}, soft: tau 0.01: {gaps[2]:.1f}" in picture.alt
    assert "exact is -63.2" in picture.alt
    assert_whole(picture)


def test_one_panel_is_whole_and_its_axis_holds_what_diverges():
    picture = plots.target_traces(
        {"diverges": plots.TargetTrace(UPDATES, -10.0 * UPDATES, -5.0 * UPDATES)}, EXACT
    )
    assert picture.axes[0].get_ylim()[0] < -10 * UPDATES[-1]
    assert_whole(picture)


def test_a_run_is_drawn_among_thirty_others_under_its_verdict():
    checks = [Check(1_000 * n, np.full(2, -200.0 if n < 6 else -100.0), None, ENV_ID) for n in range(21)]
    picture = plots.in_the_band(TrainingLog(checks=checks))
    (ax,) = picture.axes
    assert title(ax) == "Within the band"
    assert "Your agent among thirty seeds. Within the band. It was solved after 6,000 steps" in picture.alt
    own = ax.lines[-1]
    np.testing.assert_allclose(own.get_ydata(), [check.mean for check in checks])
    curves = np.array([run["curve"] for run in load_results("own_agent")])
    for band, part in zip(ax.collections, [(0, 100), (10, 90)], strict=True):
        corners = band.get_paths()[0].vertices
        for edge in np.percentile(curves, part, axis=0):
            assert all(
                np.abs(corners - corner).max(axis=1).min() < 1e-6
                for corner in zip(1_000 * np.arange(21), edge, strict=True)
            )
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "thirty seeds", "80 % of them", "their median", "your agent",
    ]  # fmt: skip
    assert_whole(picture)
    other = [Check(0, np.zeros(2), None, "CartPole-v1")]
    with pytest.raises(ValueError, match="got one made in CartPole-v1"):
        plots.in_the_band(TrainingLog(checks=other))
