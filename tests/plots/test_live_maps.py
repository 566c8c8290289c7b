"""The maps that follow an agent: what they show, and that one which has diverged is still shown, in words."""

import warnings

import numpy as np
import pytest
from looking import assert_legible, drawn_texts

from dqn_lib import mountain_car
from dqn_lib.plots.live_maps import CELLS, LiveMemory, LivePolicy, LiveValues
from dqn_lib.plots.maps import EXTENT, centres, grid

pytestmark = pytest.mark.slow

STATES = grid(24, 20)
SHAPE = STATES.shape[:2]
RIGHT = STATES[..., 0] > 0
USUAL = np.stack([-60 - 500 * STATES[..., 1], -61 + 0 * RIGHT, -60 + 500 * STATES[..., 1]], axis=-1)


def everywhere(*values):
    """The same Q-values in every state."""
    return np.broadcast_to(np.array(values, float), (*SHAPE, 3))


def shown(picture):
    return np.ma.filled(picture.image.get_array().astype(float), np.nan)


@pytest.mark.parametrize(("kind", "states"), [(LiveValues, centres(9)), (LivePolicy, STATES)])
def test_a_row_is_a_velocity_a_column_a_position_and_below_is_slow(kind, states):
    picture = kind(states.shape[:2])
    assert (picture.image.origin, tuple(picture.image.get_extent())) == ("lower", EXTENT)
    assert picture.ax.get_xlim() == EXTENT[:2] and picture.ax.get_ylim() == EXTENT[2:]


def test_the_map_of_values_shows_the_best_of_each_state():
    picture = LiveValues(SHAPE)
    picture.update(USUAL)
    np.testing.assert_array_equal(shown(picture), USUAL.max(axis=-1))
    assert picture.note.get_text() == "−58 to −25"
    assert "−58 to −25" in picture.figure.alt


@pytest.mark.parametrize(
    ("value", "depth"), [(0, -10), (5, -10), (-10, -10), (-10.5, -20), (-99, -100), (-1_001, -10_000)]
)
def test_the_colours_reach_as_deep_as_the_values_and_no_deeper(value, depth):
    picture = LiveValues(SHAPE)
    for now in (-150, value):
        picture.update(everywhere(now - 1, now, now - 1))
    assert picture.image.get_clim() == (depth, 0)


def test_values_near_nothing_have_no_sign():
    picture = LiveValues(SHAPE)
    picture.update(everywhere(-0.0001, -0.2, -0.3))
    assert picture.note.get_text() == "0 to 0"


def test_the_map_of_actions_shows_the_greedy_ones():
    picture = LivePolicy(SHAPE)
    picture.update(USUAL)
    np.testing.assert_array_equal(shown(picture), USUAL.argmax(axis=-1))
    assert picture.note.get_text() == ""
    assert picture.figure.alt.endswith("push left in 50%, push right in 50% of the plane.")


def test_white_is_explained_as_long_as_there_is_any():
    picture = LivePolicy(SHAPE)
    picture.update(np.where(RIGHT[..., np.newaxis], 0.0, USUAL))
    assert (shown(picture)[RIGHT] == 3).all() and (shown(picture)[~RIGHT] < 3).all()
    assert picture.note.get_text() == "white: all the same"
    picture.update(USUAL)
    assert picture.note.get_text() == ""


DIVERGED = {
    "nowhere a number": everywhere(np.nan, np.nan, np.nan),
    "one action without a number": everywhere(-1, np.nan, -2),
    "a part without numbers": np.where(RIGHT[..., np.newaxis], np.nan, USUAL),
    "infinite both ways": np.where(RIGHT[..., np.newaxis], np.inf, -np.inf) + 0 * USUAL,
    "endless debts": everywhere(-np.inf, -np.inf, -np.inf),
}


@pytest.mark.parametrize("kind", [LiveValues, LivePolicy])
@pytest.mark.parametrize("q", DIVERGED.values(), ids=DIVERGED)
def test_where_numbers_have_gone_the_map_is_white_and_says_so(kind, q):
    picture, new = kind(SHAPE), kind(SHAPE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture.update(q)
        assert picture.png().startswith(b"\x89PNG")
    gone = ~np.isfinite(q).all(axis=-1)
    white = shown(picture) == 3 if kind is LivePolicy else np.isnan(shown(picture))
    np.testing.assert_array_equal(white, gone)
    assert "diverged" in picture.note.get_text() and "diverged" in picture.figure.alt
    assert not {"nan", "inf"} & set(picture.figure.alt.replace("−", " ").split())
    for one in (picture, new):
        one.update(USUAL)
    np.testing.assert_array_equal(shown(picture), shown(new))
    assert picture.image.get_clim() == new.image.get_clim()
    differs = np.abs(picture.frame().astype(int) - new.frame()) > 60
    assert differs.mean() < 0.05  # laid out anew: a line may lie a pixel beside the other


@pytest.mark.parametrize("factor", [1e6, 1e36])
@pytest.mark.parametrize("sign", [-1, 1])
def test_values_beyond_all_reason_are_said_in_words_and_not_in_digits(factor, sign):
    picture = LiveValues(SHAPE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture.update((sign * factor * USUAL).astype(np.float32))
        picture.frame()
    assert picture.note.get_text() == "diverged: values\nbeyond ±1,000,000"
    assert np.isfinite(shown(picture)).all()


def test_the_memory_is_counted_cell_by_cell_with_all_its_edges():
    states = mountain_car.start_states(500, seed=1)
    corners = [[p, v] for p in EXTENT[:2] for v in EXTENT[2:]]
    picture = LiveMemory()
    picture.update(np.concatenate([states, corners, [[-1.2, 0.07]] * 99]), flags=1)
    counts = np.nan_to_num(10 ** shown(picture))
    assert counts.shape == (CELLS, CELLS) and counts.sum() == pytest.approx(603)
    assert counts[[0, 0, -1, -1], [0, -1, 0, -1]] == pytest.approx(
        [1, 1, 100, 1]
    )  # top left is fast, far left
    assert picture.note.get_text() == "603 transitions\n1 flag"
    assert "603 transitions, 1 flag, in" in picture.figure.alt


def test_an_empty_memory_is_white():
    picture = LiveMemory()
    picture.update(np.zeros((0, 2)), 0)
    assert np.isnan(shown(picture)).all()
    assert picture.note.get_text() == "0 transitions\n0 flags"


def a_million():
    picture = LiveMemory()
    picture.update(np.broadcast_to([-0.5, 0.0], (1_000_000, 2)), 123_456)
    return picture


def filled(kind, q):
    picture = kind(SHAPE)
    picture.update(q)
    return picture


LOOKS = {
    "usual values": lambda: filled(LiveValues, USUAL),
    "deep values": lambda: filled(LiveValues, 160 * USUAL),
    "values beyond reason": lambda: filled(LiveValues, 1e30 * USUAL),
    "values gone": lambda: filled(LiveValues, DIVERGED["nowhere a number"]),
    "a policy": lambda: filled(LivePolicy, USUAL),
    "no policy yet": lambda: filled(LivePolicy, everywhere(0, 0, 0)),
    "policy gone": lambda: filled(LivePolicy, DIVERGED["nowhere a number"]),
    "a million transitions": a_million,
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_all_of_it_can_be_read_and_the_note_lies_on_the_map(look):
    picture = look()
    with drawn_texts() as texts:
        picture.frame()
    assert_legible(texts, *picture.figure.bbox.size)
    if picture.note.get_text():
        note, axes = picture.note.get_window_extent(), picture.ax.get_window_extent()
        assert note.x0 > axes.x0 and note.x1 < axes.x1 and note.y1 < axes.y1


def test_the_word_flag_can_be_read_on_the_darkest_map():
    picture = filled(LiveValues, everywhere(-9_999, -9_999, -9_999))
    (flag,) = (text for text in picture.ax.texts if text.get_text() == "flag")
    pixels = picture.frame()
    box = flag.get_window_extent().extents.round().astype(int)
    inside = pixels[-box[3] : -box[1], box[0] : box[2], :3].max(axis=-1)
    assert np.ptp(inside.astype(int)) > 100
