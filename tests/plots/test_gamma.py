"""What gamma lets a solver see: the picture shows the numbers it was given, in words too."""

import numpy as np
import pytest
from looking import assert_whole, drawn_texts, title

from dqn_lib import mountain_car as car
from dqn_lib.plots.gamma import BLUR, FURTHEST, STATES, GammaPicture, Sight

pytestmark = pytest.mark.slow


def sight(gamma, lowest=-20.0, steps=120.0, blind=0.25):
    """Q-values that fall from 0 to `lowest`; in a share `blind` of the plane all actions are the same."""
    values = np.linspace(0.0, lowest, STATES[..., 0].size).reshape(STATES.shape[:2])
    better = np.zeros((*values.shape, 3))
    seeing = np.arange(values.size).reshape(values.shape) >= blind * values.size
    better[seeing & (STATES[..., 1] < 0), 1:] = -1.0
    better[seeing & (STATES[..., 1] >= 0), :2] = -1.0
    return Sight(gamma, values[..., None] + better, steps)


@pytest.fixture(scope="module")
def one_picture():
    return GammaPicture()


@pytest.mark.parametrize(
    ("gamma", "far"), [(0.5, 9.97), (0.9, 65.56), (0.96, 169.2), (0.99, 687.3), (1.0, np.inf)]
)
def test_a_reward_is_seen_as_far_ahead_as_its_weight_is_no_less_than_the_blur(gamma, far):
    distance = sight(gamma).distance
    assert distance == pytest.approx(far, rel=1e-3)
    if gamma < 1:
        assert gamma**distance == pytest.approx(BLUR)


@pytest.mark.parametrize("gamma", [0.5, 0.9, 0.99, 1.0])
def test_the_maps_and_weights_are_those_of_the_sight(one_picture, gamma):
    seen = sight(gamma)
    one_picture.update(seen)
    values = seen.q.max(axis=-1)
    np.testing.assert_allclose(one_picture.values.get_array(), 1 - values / -20.0)
    assert one_picture.values.get_clim() == (0, 1)
    actions = np.where(np.ptp(seen.q, axis=-1) == 0, 3, seen.q.argmax(axis=-1))
    np.testing.assert_array_equal(one_picture.actions.get_array(), actions)
    assert set(np.unique(actions)) == {0, 2, 3}
    ahead, weights = one_picture.line.get_data()
    np.testing.assert_array_equal(ahead, np.arange(FURTHEST + 1))
    low = one_picture.figure.axes[2].get_ylim()[0]
    np.testing.assert_allclose(np.maximum(weights, low), np.maximum(np.power(gamma, ahead), low))


@pytest.mark.parametrize(
    ("gamma", "words", "dot"),
    [
        (0.5, "Gamma 0.5 sees 10 steps ahead", [9.97, BLUR]),
        (0.9, "Gamma 0.9 sees 66 steps ahead", [65.56, BLUR]),
        (0.985, "Gamma 0.985 sees to the end", None),
        (1.0, "Gamma 1 sees to the end", None),
    ],
)
def test_the_title_and_the_dot_say_how_far_it_sees(one_picture, gamma, words, dot):
    one_picture.update(sight(gamma))
    assert one_picture.words.get_text() == words
    data = np.transpose(one_picture.dot.get_data())
    assert data.shape == (dot is not None, 2)
    if dot:
        np.testing.assert_allclose(data[0], dot, rtol=1e-3)


def test_what_changes_from_one_gamma_to_the_next_is_said_in_words(one_picture):
    one_picture.update(sight(0.9, lowest=-12.34, steps=111.2))
    assert one_picture.range.get_text() == "from −12.3 to 0"
    assert one_picture.drive.get_text() == "drives: 111 steps on average"
    assert one_picture.figure.alt == (
        "With gamma 0.9 the solver sees 66 steps ahead. Values from -12.3 to 0 over position and velocity; "
        "in 25% of the plane all actions look the same; it drives: 111 steps on average."
    )
    one_picture.update(sight(0.5, steps=car.MAX_STEPS, blind=0.5))
    assert one_picture.drive.get_text() == "drives: the time limit"
    assert one_picture.figure.alt.startswith("With gamma 0.5 the solver sees 10 steps ahead.")
    assert "in 50% of the plane" in one_picture.figure.alt


def test_a_plane_without_differences_is_all_flag_and_divides_by_nothing(one_picture):
    one_picture.update(Sight(0.5, np.zeros((*STATES.shape[:2], 3)), 200.0))
    assert (one_picture.values.get_array() == 1).all()
    assert (one_picture.actions.get_array() == 3).all()


@pytest.mark.parametrize("gamma", [0.5, 0.96, 0.985, 1.0])
def test_the_picture_is_whole_and_legible(gamma):
    picture = GammaPicture()
    picture.update(sight(gamma, lowest=-199.9))
    with drawn_texts() as texts:
        picture.png()
    assert any(text.startswith("Gamma") for text, _ in texts)
    assert_whole(picture.figure)
    assert [title(ax) for ax in picture.figure.axes[:2]] == [
        "What each state is worth",
        "The action it prefers",
    ]


def test_a_second_gamma_is_drawn_over_no_trace_of_the_first():
    moved, fresh = GammaPicture(), GammaPicture()
    for gamma, lowest, steps in ((0.5, -2.0, 200.0), (0.985, -50.0, 110.0)):
        moved.update(sight(gamma, lowest, steps))
        moved.frame()
    fresh.update(sight(0.985, -50.0, 110.0))
    np.testing.assert_array_equal(moved.frame(), fresh.frame())


@pytest.mark.parametrize("name", ["range", "drive", "words", "line", "dot", "values", "actions"])
def test_whatever_an_update_changes_is_to_be_seen_in_the_frame(name):
    picture = GammaPicture()
    picture.update(sight(0.9))
    before = picture.frame().copy()
    getattr(picture, name).set_visible(False)
    assert (picture.frame() != before).any()
