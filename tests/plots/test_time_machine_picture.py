"""The pictures of the time machine show one moment of a run, with the same colours for all moments."""

import numpy as np
import pytest
from looking import assert_legible, drawn_texts, title

from dqn_lib import mountain_car as car
from dqn_lib.mountain_car import LUCK, OPTIMUM, THRESHOLD
from dqn_lib.plots.maps import grid, preferred
from dqn_lib.plots.time_machine import Drive, RunCurve, RunMaps

pytestmark = pytest.mark.slow

STATES = grid(20, 15)


def q_values(lowest=-80.0):
    """Three moments: nothing known, something, and values down to `lowest`; another policy each time."""
    slope = np.clip(STATES[..., 0], -1, 0)
    q = np.stack([np.zeros((15, 20)), 30 * slope, -lowest * slope])[..., None] - np.arange(3) * 0.1
    q[1] = q[1][..., ::-1]
    return q


def a_drive(action=2):
    rollout = car.simulate(np.full((200, 1), action), [[-0.5, 0.0]])
    return Drive(rollout.trajectory(0), rollout.actions[:, 0], bool(rollout.reached[0]))


def to_the_flag():
    return Drive(np.array([[-0.5, 0.0], [0.2, 0.05], [0.51, 0.06]]), np.array([2, 2]), reached=True)


def test_each_moment_shows_its_own_values_policy_and_way():
    q, drive = q_values(), a_drive()
    picture = RunMaps(q)
    for place, step in ((2, 5_500), (0, 0), (1, 1_000)):
        picture.update(place, step, drive)
        np.testing.assert_allclose(picture.values.get_array(), q[place].max(axis=-1))
        np.testing.assert_array_equal(picture.actions.get_array(), preferred(q[place]))
        np.testing.assert_array_equal(np.transpose(picture.way.get_data()), drive.states)
        np.testing.assert_array_equal(np.ravel(picture.start.get_data()), drive.states[0])
        np.testing.assert_array_equal(np.ravel(picture.end.get_data()), drive.states[-1])
        assert picture.words.get_text() == f"step {step:,}: the time limit after 200 steps"
        assert f"After {step:,} steps" in picture.figure.alt


def test_the_colours_mean_the_same_in_the_whole_run_and_the_bar_says_what():
    picture = RunMaps(q_values(lowest=-80.0))
    lowest = float(q_values(lowest=-80.0).max(axis=-1).min())
    for place in range(3):
        picture.update(place, 0, a_drive())
        assert picture.values.get_clim() == (pytest.approx(lowest), 0)
    assert f"−{-lowest:.1f} to 0 in the whole run" in picture.figure.axes[2].get_ylabel()


@pytest.mark.parametrize(
    ("q", "limits"),
    [
        (np.zeros((1, 15, 20, 3)), (-1, 0)),  # nothing learnt is no reason to magnify nothing
        (np.full((1, 15, 20, 3), -1e6), (LUCK, 0)),  # nor is a run that blew up one to hide the rest
        (np.full((1, 15, 20, 3), np.nan), (-1, 0)),
    ],
)
def test_the_colours_stay_sensible(q, limits):
    picture = RunMaps(q)
    assert picture.limits == limits
    picture.update(0, 0, a_drive())
    assert len(picture.png()) > 1_000


def test_values_beyond_the_colours_have_an_arrow_on_the_bar():
    q = q_values()
    q[1] += 50
    assert RunMaps(q).figure.axes[2]._colorbar.extend == "max"
    assert RunMaps(10 * q_values(-100)).figure.axes[2]._colorbar.extend == "min"


def test_a_table_is_drawn_cell_by_cell():
    assert RunMaps(q_values(), smooth=False).values.get_interpolation() == "nearest"
    assert RunMaps(q_values()).values.get_interpolation() == "bilinear"


def test_the_curve_is_in_colour_as_far_as_the_run_had_come():
    steps, means = [0, 600, 1_000, 1_570], [-200.0, -200.0, -133.2, -99.0]
    picture = RunCurve(steps, means)
    for place in (3, 0, 2):
        picture.update(place)
        np.testing.assert_array_equal(picture.line.get_data(), [steps[: place + 1], means[: place + 1]])
        assert np.ravel(picture.dot.get_data()).tolist() == [steps[place], means[place]]
    assert picture.words.get_text() == "At step 1,000 the car returns −133.2 on average"
    assert "mean return -133.2" in picture.figure.alt
    (ax,) = picture.figure.axes
    whole = [line for line in ax.lines if list(line.get_xdata()) == steps and line is not picture.line]
    assert len(whole) == 1
    levels = {line.get_ydata()[0] for line in ax.lines if len(line.get_xdata()) == 2}
    assert {LUCK, THRESHOLD, OPTIMUM} <= levels


def moments():
    maps, curve = RunMaps(q_values()), RunCurve([0, 600, 123_456], [-200.0, -150.0, -98.7])
    for place, step, drive in ((0, 0, a_drive()), (2, 123_456, to_the_flag())):
        maps.update(place, step, drive)
        curve.update(place)
        yield maps
        yield curve


def test_nothing_is_cut_off_and_no_text_lies_on_another():
    for picture in moments():
        picture.settle()
        with drawn_texts() as texts:
            pixels = picture.frame()
        assert_legible(texts, pixels.shape[1], pixels.shape[0])
        assert len(picture.figure.alt) > 100
        assert len(picture.png()) < 120_000


def test_a_drive_tells_its_outcome():
    assert to_the_flag().outcome == "the flag after 2 steps"
    assert a_drive().outcome == "the time limit after 200 steps"
    maps = RunMaps(q_values())
    assert title(maps.figure.axes[0]) == "The value of each state, and the greedy car's way"
    assert title(maps.figure.axes[1]) == "What the greedy car would do"


def test_a_frame_does_not_depend_on_the_ones_before():
    def frames(*moments):
        maps, curve = RunMaps(q_values()), RunCurve([0, 600, 1_000], [-200.0, -150.0, -98.7])
        for place, drive in moments:
            maps.update(place, 600 * place, drive)
            curve.update(place)
            pixels = maps.frame(), curve.frame()
        return pixels

    last = (2, to_the_flag())
    for one, other in zip(frames((0, a_drive()), last), frames(last), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["values", "actions", "way", "start", "end", "words"])
def test_all_that_moves_can_be_seen(name):
    maps = RunMaps(q_values())
    maps.update(2, 5_500, to_the_flag())
    whole = maps.frame().copy()
    getattr(maps, name).set_visible(False)
    assert (maps.frame() != whole).any()


def test_even_a_bumpy_map_is_a_small_file():
    waves = np.sin(grid(90, 71) @ [[2.0, 3.0, 4.0], [50.0, 30.0, 70.0]])  # (71, 90, 3)
    maps = RunMaps(-40 + 30 * waves[None])
    maps.update(0, 0, to_the_flag())
    assert len(maps.png()) < 120_000
