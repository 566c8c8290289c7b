"""Lines and costs: the numbers given are the numbers drawn, and each line can be told from the others."""

import numpy as np
import pytest
from looking import assert_beside_the_data, assert_whole, labels, title
from matplotlib.colors import same_color

from dqn_lib.mountain_car import ENV_ID, OPTIMAL_CHECK_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.plots.curves import compare_costs, compare_runs, line_plot
from dqn_lib.plots.style import LEARNED, LUCKY, OPTIMAL, SERIES, SOLVED
from dqn_lib.training import Check, TrainingLog

MEANS = {"remembers 64": [-200, -199], "remembers 500": [-200, -150, -104.5], "remembers 20,000": [-200, -98]}
WORDS = {"title": "Neighbours are alike", "xlabel": "steps between them", "ylabel": "autocorrelation"}
SECONDS = {"keras": 0.0213, "compiled": 0.0005, "NumPy": 4.2e-6, "a whole run": 1.5}


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


def test_runs_are_compared_on_the_ruler():
    picture = compare_runs(logs(), title="Same network, another memory")
    (ax,) = picture.axes
    for value, colour in ((RANDOM_RETURN, LUCKY), (SOLVED_RETURN, SOLVED), (OPTIMAL_CHECK_RETURN, OPTIMAL)):
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


def test_costs_are_whole():
    assert_whole(compare_costs(SECONDS, title="At very different prices"))
    assert_whole(compare_costs({"one way": 0.2}, title="At very different prices"))
