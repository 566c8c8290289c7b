"""The diagnostics of a run, and those of a healthy one behind them."""

import numpy as np
import pytest
from looking import assert_whole, in_colour, labels, title, words
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


def axes(*runs, **options):
    picture = symptoms(*runs, title="Exhibit Z", **options)
    return {title(ax).partition(":")[0]: ax for ax in picture.axes}


def test_each_curve_is_there_and_the_healthy_one_behind_it():
    ill, well = a_run(low=-6.0, high=-4.0), a_run()
    drawn = axes(ill, well)
    for panel, names in {
        "Evaluation": ["mean_return"],
        "Loss of the updates": ["loss"],
        "TD error on the memory": ["td_error"],
        "Values": ["lowest", "highest"],
    }.items():
        for run, colour in ((ill, LEARNED), (well, BASELINE)):
            lines = in_colour(drawn[panel].lines, colour)
            expected = [np.c_[run.series("step") / 1_000, run.series(name)] for name in names]
            np.testing.assert_array_equal(lines, expected)
    assert all(not in_colour(ax.lines, BASELINE) for ax in axes(ill).values())


@pytest.mark.parametrize(("arrivals", "text"), [(7, "7 arrivals"), (1, "1 arrival")])
def test_arrivals_are_ticked_and_counted(arrivals, text):
    ax = axes(a_run(arrivals=arrivals))["Epsilon, and arrivals at the flag"]
    (ticks,) = in_colour([line for line in ax.lines if line.get_marker() == "|"], SERIES[1])
    np.testing.assert_allclose(ticks[:, 0], 0.19 * np.arange(1, arrivals + 1))
    assert words(ax.texts) == [text]


@pytest.mark.parametrize(("gamma", "floor"), [(0.99, -100), (0.9, -10)])
def test_what_values_are_possible_depends_on_gamma(gamma, floor):
    ax = axes(a_run(), gamma=gamma)["Values"]
    (green,) = [patch for patch in ax.patches if patch.get_facecolor()[:3] == to_rgb(POSSIBLE)]
    assert (green.get_y(), green.get_y() + green.get_height()) == (pytest.approx(floor), 0)
    assert ax.get_ylabel() == f"green: possible, −{-floor} to 0"


def test_the_map_is_upright_and_the_whole_memory_is_on_it():
    run = a_run()
    plane = axes(run)["Map of values; dots"]
    (image,) = plane.images
    np.testing.assert_array_equal(image.get_array(), run.values)
    assert image.origin == "lower" and image.get_extent() == [-1.2, 0.6, -0.07, 0.07]
    (dots,) = [line.get_xydata() for line in plane.lines if line.get_marker() == "o"]
    assert len(dots) == 500
    np.testing.assert_array_equal(dots[[0, -1]], run.remembered[[0, -1]])
    assert labels(plane) == ("position", "velocity (per step)")
    assert "flag" in words(plane.texts)


FLAT = a_run(low=-99.5, high=-99.5, arrivals=0, memories=64, loss=1e-9)
EXPLODED = a_run(low=1e3, high=48_000.0, loss=900.0)


@pytest.mark.parametrize("run", [FLAT, EXPLODED], ids=["flat", "exploded"])
def test_the_picture_is_whole_whatever_the_numbers(run):
    picture = symptoms(run, a_run(), title="Exhibit Z")
    assert_whole(picture)
    assert picture.alt.startswith(
        "Exhibit Z. After 12,000 steps: mean return of the greedy policy -104.0, loss "
        f"{run.history[-1].loss:.3g}, TD error 2, values of the remembered states from "
    )
    low, high = picture.axes[3].get_ylim()
    assert low < run.history[-1].lowest and high > run.history[-1].highest
