"""The picture under the microscope: bars that add up, an error between two of them, marks on the map."""

from dataclasses import replace

import numpy as np
import pytest
from looking import assert_legible, drawn_texts, title

from dqn_lib.plots.microscope import CELLS, MicroscopePicture, Specimen, roomy

pytestmark = pytest.mark.slow

PATH = np.array([[-0.5, 0.0], [-0.49, 0.01], [-0.47, 0.02], [-0.44, 0.03]])
ONE = Specimen(
    age=3_412, states=PATH, action=2, rewards=-2.97, discount=0.97, stops="the agent's n = 3",
    terminated=False, chosen=0, bootstrap=-50.0, target=-51.47, estimate=-49.0,
)  # fmt: skip
FLAG = replace(ONE, stops="the flag", terminated=True, target=-2.97, estimate=-4.0)


def errors(count=1_000):
    return np.random.default_rng(0).normal(0, 1, count)


@pytest.fixture
def picture():
    picture = MicroscopePicture()
    states = np.random.default_rng(0).uniform([-1.2, -0.07], [0.6, 0.07], (5_000, 2))
    picture.show_memory(states, np.array([-60.0, 1.5]), errors())
    return picture


def bar(picture, row):
    """From where to where a bar goes."""
    left = picture.bars[row].get_x()
    return left, left + picture.bars[row].get_width()


def words(picture):
    return {row: text.get_text() for row, text in picture.sums.items()}


def test_the_bars_add_up_to_the_target(picture):
    picture.update(ONE)
    assert bar(picture, "rewards") == (0, -2.97)
    assert bar(picture, "guess") == pytest.approx((-2.97, -2.97 + 0.97 * -50))
    assert bar(picture, "target") == pytest.approx((0, bar(picture, "guess")[1]))
    assert bar(picture, "estimate") == (0, -49)


def test_the_sums_are_written_beside_the_bars(picture):
    picture.update(ONE)
    assert words(picture) == {
        "rewards": "3 steps: −2.97",
        "guess": "0.970 × −50.00\n= −48.50",
        "target": "−51.47",
        "error": "TD error −2.47",
        "estimate": "−49.00",
    }
    assert "target -51.47, estimate -49.00, TD error -2.47" in picture.figure.alt


def test_at_the_flag_there_is_no_guess(picture):
    picture.update(FLAG)
    assert bar(picture, "guess") == (-2.97, -2.97)
    assert words(picture)["guess"] == "none: the flag"
    assert "no guess" in picture.figure.alt
    assert len(picture.stop.get_xdata()) == 0
    np.testing.assert_array_equal(np.ravel(picture.flag.get_data()), PATH[-1])


def test_the_window_runs_from_its_state_to_where_the_guess_is_made(picture):
    picture.update(FLAG)
    picture.update(ONE)
    np.testing.assert_array_equal(np.transpose(picture.path.get_data()), PATH)
    np.testing.assert_array_equal(np.ravel(picture.start.get_data()), PATH[0])
    np.testing.assert_array_equal(np.ravel(picture.stop.get_data()), PATH[-1])
    assert len(picture.flag.get_xdata()) == 0


def test_the_error_is_drawn_between_target_and_estimate_and_once_more_enlarged(picture):
    picture.update(ONE)
    assert set(picture.gap.get_xdata()) == {ONE.target, ONE.estimate}
    assert list(picture.error.get_xdata()) == pytest.approx([0, -2.47])
    assert list(picture.tip.get_xdata()) == pytest.approx([-2.47])
    assert picture.errors_ax.get_xlim() == (-3, 3)


def test_an_unusual_error_ends_at_the_edge_and_a_tiny_one_has_no_head(picture):
    picture.update(replace(ONE, estimate=-30.0))
    assert list(picture.error.get_xdata()) == [0, -3]
    assert picture.rank.get_text() == "larger than\nnearly all"
    picture.update(replace(ONE, estimate=-51.48))
    assert len(picture.tip.get_xdata()) == 0


def test_the_error_is_ranked_by_size_among_those_of_the_memory(picture):
    picture.update(replace(ONE, estimate=ONE.target + 1.0))
    assert picture.rank.get_text() == f"larger than\n{np.mean(np.abs(errors()) < 1.0):.0%} of all"


def test_all_errors_are_counted_those_beyond_the_edges_at_the_edges():
    picture = MicroscopePicture()
    some = np.concatenate([np.zeros(990), np.full(10, 77.0)])
    picture.show_memory(np.zeros((1, 2)), np.array([-60.0, 0.0]), some)
    heights = picture.others.get_ydata()
    assert picture.errors_ax.get_xlim()[1] < 77
    assert heights.max() == 1 and heights[-1] == pytest.approx(10 / 990)


def test_the_map_counts_the_remembered_states(picture):
    picture.show_memory(np.array([[-0.5, 0.0]] * 100 + [[0.3, 0.05]]), np.array([-60.0, 0.0]), errors())
    drawn = np.ma.filled(picture.memory.get_array(), np.nan)
    assert drawn.shape == (CELLS, CELLS)
    assert np.isfinite(drawn).sum() == 2
    row, column = int((0.0 + 0.07) / 0.14 * CELLS), int((-0.5 + 1.2) / 1.8 * CELLS)
    assert drawn[row, column] == pytest.approx(2)  # a hundred, in powers of ten


def test_the_axes_stay_as_long_as_everything_fits(picture):
    assert picture.ax.get_xlim() == (-70, 2)
    picture.update(replace(ONE, target=-130.0))
    assert picture.ax.get_xlim() == (-200, 2)
    picture.update(ONE)
    picture.show_memory(PATH, np.array([-90.0, 0.0]), errors())
    assert picture.ax.get_xlim() == (-200, 2)
    picture.show_memory(PATH, np.array([-9.0, 0.0]), errors() / 100)
    assert picture.ax.get_xlim() == (-10, 0)
    assert picture.errors_ax.get_xlim() == (-1, 1)


def test_another_axis_is_drawn_anew(picture, monkeypatch):
    settled = []
    monkeypatch.setattr(picture, "settle", lambda: settled.append(1))
    picture.update(ONE)
    assert not settled
    picture.update(replace(ONE, target=-130.0))
    assert settled


@pytest.mark.parametrize(
    "name", ["memory", "path", "start", "stop", "flag", "gap", "others", "error", "tip", "rank"]
)
def test_all_that_moves_can_be_seen(picture, name):
    picture.update(FLAG if name == "flag" else ONE)
    whole = picture.frame().copy()
    getattr(picture, name).set_visible(False)
    assert (picture.frame() != whole).any()


def test_a_frame_does_not_depend_on_the_ones_before():
    def frame(*ones):
        picture = MicroscopePicture()
        picture.show_memory(PATH, np.array([-60.0, 1.5]), errors())
        for one in ones:
            picture.update(one)
            pixels = picture.frame()
        return pixels

    np.testing.assert_array_equal(frame(FLAG, ONE), frame(ONE))


@pytest.mark.parametrize(
    ("size", "room"), [(0.0, 1), (1.0, 1), (1.1, 2), (2.5, 3), (31, 50), (60, 70), (70.1, 100), (1e4, 1e4)]
)
def test_axes_end_at_round_numbers(size, room):
    assert roomy(size) == room


def test_nothing_is_cut_off_and_no_text_lies_on_another(picture):
    far = replace(ONE, bootstrap=-123.45, target=-122.7, estimate=-101.55, discount=0.951)
    one_step = replace(ONE, states=PATH[:2])
    for one in (ONE, FLAG, far, one_step):
        picture.update(one)
        picture.settle()
        with drawn_texts() as texts:
            pixels = picture.frame()
        assert_legible(texts, pixels.shape[1], pixels.shape[0])
        assert len(picture.png()) < 120_000
    assert words(picture)["rewards"].startswith("1 step:")


def test_the_picture_tells_what_is_what(picture):
    left, right, below = picture.figure.axes
    assert title(left) == "The window on the map of the memory (light: often)"
    assert title(right) == "How its target is made"
    assert [text.get_text() for text in left.get_legend().get_texts()] == [
        "first state",
        "last state: the guess",
        "the flag: no guess",
    ]
    assert (right.get_xlabel(), below.get_xlabel()) == ("value", "TD error = target − estimate")
