"""The diagnostics of a run, and those of a healthy one behind them."""

import numpy as np
import pytest
from looking import assert_whole, in_colour
from matplotlib.colors import to_rgb

from dqn_lib.diagnostics import POINTS, Diagnosis, Diagnostics
from dqn_lib.plots.diagnostics import BASELINE, POSSIBLE, symptoms
from dqn_lib.plots.style import LEARNED, SERIES
from dqn_lib.training import Episode

pytestmark = pytest.mark.slow


def a_run(low=-70.0, high=-1.0, arrivals=3, memories=4_000, loss=0.5):
    rng = np.random.default_rng(0)
    run = Diagnosis()
    for check in range(1, 25):
        learnt = np.nan if check < 3 else loss
        run.history.append(
            Diagnostics(500 * check, 0.05, learnt, 2.0, low, high, -200.0 + 4 * check, arrivals)
        )
    run.log.episodes += [Episode(n, 190 * n, 190, -190.0, n <= arrivals, 0.05, None) for n in range(1, 60)]
    run.remembered = rng.uniform([-1.2, -0.07], [0.6, 0.07], size=(memories, 2)).astype(np.float32)
    run.values = np.linspace(low, high, POINTS**2).reshape(POINTS, POINTS)
    return run


def axes(picture):
    return {ax.get_title(loc="left").partition(":")[0]: ax for ax in picture.axes}


def test_each_curve_is_there_and_the_healthy_one_behind_it():
    ill, well = a_run(low=-6.0, high=-4.0), a_run()
    shown = axes(symptoms(ill, well, title="Exhibit Z"))
    for title, name in (("Evaluation", "mean_return"), ("Loss of the updates", "loss")):
        np.testing.assert_array_equal(in_colour(shown[title].lines, LEARNED)[0][:, 1], ill.series(name))
        np.testing.assert_array_equal(in_colour(shown[title].lines, BASELINE)[0][:, 1], well.series(name))
    values = in_colour(shown["Values"].lines, LEARNED)
    assert {float(line[-1, 1]) for line in values} == {-6.0, -4.0}
    assert {float(line[-1, 1]) for line in in_colour(shown["Values"].lines, BASELINE)} == {-70.0, -1.0}


def test_without_a_healthy_one_nothing_is_grey():
    assert all(not in_colour(ax.lines, BASELINE) for ax in symptoms(a_run(), title="alone").axes)


def test_arrivals_are_ticked_and_counted():
    shown = axes(symptoms(a_run(arrivals=7), title="seven"))["Epsilon, and arrivals at the flag"]
    (ticks,) = in_colour([line for line in shown.lines if line.get_marker() == "|"], SERIES[1])
    np.testing.assert_allclose(ticks[:, 0], 0.19 * np.arange(1, 8))
    assert [text.get_text() for text in shown.texts] == ["7 arrivals"]
    alone = axes(symptoms(a_run(arrivals=1), title="one"))["Epsilon, and arrivals at the flag"]
    assert [text.get_text() for text in alone.texts] == ["1 arrival"]


def test_what_values_are_possible_depends_on_gamma():
    for gamma, floor in ((0.99, -100), (0.9, -10)):
        values = axes(symptoms(a_run(), title="green", gamma=gamma))["Values"]
        (green,) = [patch for patch in values.patches if patch.get_facecolor()[:3] == to_rgb(POSSIBLE)]
        assert (green.get_y(), green.get_y() + green.get_height()) == (pytest.approx(floor), 0)
        assert values.get_ylabel() == f"green: possible, −{-floor} to 0"


def test_the_map_is_upright_and_the_whole_memory_is_on_it():
    run = a_run()
    plane = axes(symptoms(run, title="map"))["Map of values; dots"]
    (image,) = plane.images
    np.testing.assert_array_equal(image.get_array(), run.values)
    assert image.origin == "lower" and image.get_extent() == [-1.2, 0.6, -0.07, 0.07]
    (dots,) = [line.get_xydata() for line in plane.lines if line.get_marker() == "o"]
    assert len(dots) == 500
    np.testing.assert_array_equal(dots[[0, -1]], run.remembered[[0, -1]])
    assert (plane.get_xlabel(), plane.get_ylabel()) == ("position", "velocity (per step)")
    assert "flag" in [text.get_text() for text in plane.texts]


@pytest.mark.parametrize(
    "run",
    [
        a_run(),
        a_run(low=-99.5, high=-99.5, arrivals=0, memories=64, loss=1e-9),
        a_run(low=1e3, high=48_000.0, loss=900.0),
    ],
    ids=["healthy", "flat", "exploded"],
)
def test_the_picture_is_whole_whatever_the_numbers(run):
    picture = symptoms(run, a_run(), title="Exhibit Z")
    assert_whole(picture)
    low, high = axes(picture)["Values"].get_ylim()
    assert low < run.history[-1].lowest and high > run.history[-1].highest


def test_the_words_are_there():
    alt = symptoms(a_run(), title="Exhibit Z").alt
    assert alt.startswith(
        "Exhibit Z. After 12,000 steps: mean return of the greedy policy -104.0, loss 0.5, TD error 2, "
    )
    assert "from -70.0 to -1.0, epsilon 0.05, 3 arrivals, 4,000 states remembered." in alt
