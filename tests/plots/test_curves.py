"""Curves: the numbers given are the numbers drawn, with the reference returns that belong to them."""

import numpy as np
import pytest
from looking import (
    assert_beside_the_data,
    assert_whole,
    in_colour,
    labels,
    title,
)
from matplotlib.axes import Axes
from matplotlib.colors import same_color
from traces import EXACT, TRACES, UPDATES

from dqn_lib.mountain_car import ENV_ID, OPTIMAL_CHECK_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.plots.curves import (
    MOUNTAIN_CAR,
    ReferenceReturns,
    TargetTrace,
    compare_runs,
    learning_bands,
    learning_curve,
    line_plot,
    target_traces,
)
from dqn_lib.plots.style import (
    ESTIMATE,
    OPTIMAL,
    RANDOM,
    SERIES,
    SOLVED,
    TARGET,
)
from dqn_lib.statistics import bootstrap_interval
from dqn_lib.training import Check, Episode, TrainingLog

MEANS = {"remembers 64": [-200, -199], "remembers 500": [-200, -150, -104.5], "remembers 20,000": [-200, -98]}
WORDS = {"title": "Neighbours are alike", "xlabel": "steps between them", "ylabel": "autocorrelation"}


def logs():
    return {
        name: TrainingLog(
            [], [Check(1_000 * n, np.full(5, mean), None, ENV_ID) for n, mean in enumerate(means)]
        )
        for name, means in MEANS.items()
    }


def named(ax):
    """The lines with a name in the legend."""
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def assert_told_apart(ax, names):
    drawn = named(ax)
    assert list(drawn) == list(names)
    for name, colour in zip(names, SERIES, strict=False):
        assert same_color(drawn[name].get_color(), colour)
    assert len({str(line._unscaled_dash_pattern) for line in drawn.values()}) == len(names)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(names)


def test_every_run_is_drawn_through_the_means_of_its_checks():
    (ax,) = compare_runs(logs(), title="Same network, another memory").axes
    assert_told_apart(ax, MEANS)
    for name, means in MEANS.items():
        expected = [[1_000 * n, mean] for n, mean in enumerate(means)]
        np.testing.assert_array_equal(named(ax)[name].get_xydata(), expected)


def test_runs_are_compared_with_the_references():
    picture = compare_runs(logs(), title="Same network, another memory")
    (ax,) = picture.axes
    for value, colour in ((RANDOM_RETURN, RANDOM), (SOLVED_RETURN, SOLVED), (OPTIMAL_CHECK_RETURN, OPTIMAL)):
        assert any(
            set(line.get_ydata()) == {value} and same_color(line.get_color(), colour) for line in ax.lines
        )
    assert ax.get_ylim()[0] < RANDOM_RETURN < OPTIMAL_CHECK_RETURN < ax.get_ylim()[1]
    assert title(ax) == "Same network, another memory"
    assert labels(ax) == ("environment steps", "mean return of the greedy policy")
    assert "remembers 500 ends at -104.5, remembers 20,000 ends at -98.0" in picture.alt


@pytest.mark.parametrize("x", [None, [0.0, 10.0, 50.0]])
def test_a_series_is_drawn_against_its_x_or_else_its_index(x):
    series = {"one": np.array([1.0, 0.5, 0.25]), "other": [0.1, -0.2, 0.0]}
    picture = line_plot(series, x, **WORDS)
    (ax,) = picture.axes
    assert_told_apart(ax, series)
    for name, values in series.items():
        np.testing.assert_array_equal(named(ax)[name].get_ydata(), values)
        np.testing.assert_array_equal(named(ax)[name].get_xdata(), [0, 1, 2] if x is None else x)
    assert (title(ax), *labels(ax)) == tuple(WORDS.values())
    assert ax.get_yscale() == "linear"
    assert "one from 1 to 0.25, other from 0.1 to 0" in picture.alt


def test_a_logarithmic_axis_is_labelled_with_plain_numbers():
    picture = line_plot({"loss": np.geomspace(0.02, 700, 40)}, log=True, **WORDS)
    assert picture.axes[0].get_yscale() == "log"
    assert_whole(picture)
    texts = {label.get_text() for label in picture.axes[0].get_yticklabels()}
    assert {"0.1", "1", "10", "100"} <= texts


def test_a_fifth_line_does_not_disappear():
    series = {str(n): np.arange(3) + n for n in range(5)}
    with pytest.raises(ValueError, match="series must hold 1 to 4 lines, got 5"):
        line_plot(series, **WORDS)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: compare_runs(logs(), title="Same network, another memory"),
        lambda: line_plot({"as it happened": np.linspace(1, 0, 60), "shuffled": np.zeros(60)}, **WORDS),
        lambda: line_plot(
            {"loss": np.geomspace(0.02, 700, 40)}, np.arange(0, 40_000, 1_000), log=True, **WORDS
        ),
    ],
)
def test_lines_are_whole_with_the_legend_beside_them(draw):
    assert_whole(draw())
    assert_beside_the_data(draw())


def a_log():
    episodes = [Episode(n, 200 * n, 200, -200.0, False, 1.0, None) for n in range(1, 11)]
    checks = [
        Check(step, np.full(100, mean), None, "MountainCar-v0")
        for step, mean in ((0, -200.0), (1_000, -105.0))
    ]
    return TrainingLog(episodes, checks)


def test_the_learning_curve_draws_every_episode_every_check_and_the_references():
    ax = learning_curve(a_log()).axes[0]
    dots = ax.collections[0].get_offsets()
    np.testing.assert_array_equal(dots, [[200 * n, -200] for n in range(1, 11)])
    curve = next(line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_marker() == "o")
    np.testing.assert_array_equal(curve.get_ydata(), [-200, -105])
    levels = {line.get_ydata()[0] for line in ax.lines if line is not curve}
    assert levels == {RANDOM_RETURN, SOLVED_RETURN, OPTIMAL_CHECK_RETURN}


@pytest.mark.parametrize(
    ("checks", "finding"),
    [
        (2, "Solved after 1,000 steps; best check −105.0"),
        (1, "Not solved yet: best check −200.0"),
        (0, "Nothing"),
    ],
)
def test_the_learning_curve_states_its_finding(checks, finding):
    log = a_log()
    log.checks = log.checks[:checks]
    assert learning_curve(log).axes[0].get_title(loc="left").startswith(finding)


@pytest.mark.slow
def test_the_learning_curve_is_whole_with_its_legend_beside_the_data():
    assert_whole(learning_curve(a_log()))
    assert_beside_the_data(learning_curve(a_log()))


# --- reference returns ----------------------------------------------------------------------------------


REFERENCES = {
    "car": MOUNTAIN_CAR,
    "pole": ReferenceReturns(24, 475, 500, "limit"),
    "acrobot": ReferenceReturns(-497, -100, -69, "best published"),
    "parking": ReferenceReturns(-79, -17, -14, "by hand"),
    "far": ReferenceReturns(0.0, 0.5, 1.0),
}


def drawn(references: ReferenceReturns) -> Axes:
    picture = learning_curve(TrainingLog(), references=references)
    assert_whole(picture)
    return picture.axes[0]


@pytest.mark.parametrize("name", REFERENCES)
def test_no_name_covers_another_and_all_are_on_the_picture(name):
    ax = drawn(REFERENCES[name])
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) == 3
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[number + 1 :])


@pytest.mark.parametrize("name", REFERENCES)
def test_the_axis_holds_all_marks_with_room_to_spare(name):
    references = REFERENCES[name]
    low, high = drawn(references).get_ylim()
    assert low < references.random < references.solved < references.best < high


def test_the_marks_are_named():
    assert REFERENCES["acrobot"].alt == "Random policy -497, solved -100, best published -69."
    assert [name for _, _, name in REFERENCES["pole"].marks] == [
        "500 limit",
        "475 solved",
        "24 random policy",
    ]


def test_a_run_worse_than_the_random_policy_is_in_the_picture_too():
    log = TrainingLog()
    log.checks.append(Check(0, np.array([-100.0]), None))
    low, _ = learning_curve(log, references=REFERENCES["parking"]).axes[0].get_ylim()
    assert low < -100


# --- bands over seeds -----------------------------------------------------------------------------------


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


def draw_bands(**options):
    return learning_bands(RUNS, NAMES, title="A finding", **options)


def test_a_line_is_the_mean_of_the_seeds_as_long_as_all_have_a_check():
    lines = draw_bands(every=500).axes[0].lines
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


def test_bands_have_a_legend_and_the_picture_is_whole():
    picture = draw_bands()
    assert title(picture.axes[0]) == "A finding"
    assert [text.get_text() for text in picture.axes[0].get_legend().texts] == list(NAMES.values())
    assert "the good one, 3 seeds: ends at -106.0" in picture.alt
    assert_whole(picture)


def test_bands_with_other_references():
    picture = draw_bands(references=ReferenceReturns(20, 475, 500, "limit"))
    assert "Random policy 20, solved 475, limit 500." in picture.alt
    low, high = picture.axes[0].get_ylim()
    assert low < 20 and high > 500


def test_variants_that_cannot_be_shown_are_named():
    with pytest.raises(ValueError, match="names must be of variants among the runs, got 'z'"):
        learning_bands(RUNS, {"z": "a misspelt one"}, title="")
    with pytest.raises(ValueError, match="names must be of 1 to 4 variants, got 5"):
        learning_bands(RUNS, dict.fromkeys("abcde", ""), title="")


# --- online and target network --------------------------------------------------------------------------


def test_each_panel_draws_both_networks_and_the_exact_value():
    picture = target_traces(TRACES, EXACT)
    assert [title(ax) for ax in picture.axes] == list(TRACES)
    for ax, one in zip(picture.axes, TRACES.values(), strict=True):
        for values, colour in ((one.estimate, ESTIMATE), (one.target, TARGET)):
            (line,) = in_colour(ax.lines, colour)
            np.testing.assert_array_equal(line, np.c_[UPDATES, values])
        (exact,) = in_colour(ax.lines, OPTIMAL)
        assert set(exact[:, 1]) == {EXACT}


def test_all_panels_share_an_axis_that_holds_everything():
    spans = {ax.get_ylim() for ax in target_traces(TRACES, EXACT).axes}
    ((low, high),) = spans
    everything = [EXACT, *np.concatenate([[*one.estimate, *one.target] for one in TRACES.values()])]
    assert low < min(everything) <= max(everything) < high
    deep = target_traces(
        {"diverges": TargetTrace(UPDATES, -UPDATES.astype(float), -UPDATES / 2)}, EXACT
    ).axes[0]
    assert deep.get_ylim()[0] < -UPDATES[-1]
    assert deep.get_xlim() == (0, UPDATES[-1])


def test_the_traces_are_labelled():
    picture = target_traces(TRACES, EXACT)
    assert {ax.get_xlabel() for ax in picture.axes} == {"gradient steps"}
    assert picture.axes[0].get_ylabel() == "value of the valley's floor"
    (legend,) = picture.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["exact: −63.2", "target network", "online network"]
    for handle, colour in zip(legend.get_lines(), (OPTIMAL, TARGET, ESTIMATE), strict=True):
        assert handle.get_color() == colour


def test_the_alt_text_has_the_mean_distance():
    gaps = [np.mean(np.abs(one.target - one.estimate)) for one in TRACES.values()]
    alt = target_traces(TRACES, EXACT).alt
    assert (
        f"copied every step: 0.0, hard: every 200 steps: {gaps[1]:.1f}, soft: tau 0.01: {gaps[2]:.1f}" in alt
    )
    assert "exact is -63.2" in alt


@pytest.mark.parametrize("count", [1, 3])
def test_the_picture_is_whole_with_the_legend_below(count):
    picture = target_traces(dict([*TRACES.items()][:count]), EXACT)
    assert_whole(picture)
    assert_beside_the_data(picture)
