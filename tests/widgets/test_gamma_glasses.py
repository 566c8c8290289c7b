"""Gamma glasses show, for each gamma, what a solver with that gamma finds out."""

import numpy as np
import pytest

from dqn_lib import mountain_car as car
from dqn_lib import optimum
from dqn_lib.plots.gamma import BLUR, STATES
from dqn_lib.plots.maps import TIE
from dqn_lib.widgets import gamma_glasses
from dqn_lib.widgets.gamma_glasses import GAMMAS, GammaGlasses

SOME = (0.5, 0.9, 0.96, 1.0)


@pytest.fixture(scope="module")
def glasses():
    return GammaGlasses(SOME, 0.9)


@pytest.mark.parametrize("gamma", SOME)
def test_the_pictures_of_every_gamma_are_those_of_its_own_solution(glasses, gamma):
    glasses.gamma.value = gamma
    exact = optimum.solve(points=101, gamma=gamma, tolerance=BLUR)
    q = exact.q(STATES)
    picture = glasses.picture
    worth = q.max(axis=-1)
    np.testing.assert_allclose(picture.values.get_array(), 1 - worth / worth.min())
    best = np.where(q.max(axis=-1) - q.min(axis=-1) < TIE, 3, q.argmax(axis=-1))
    np.testing.assert_array_equal(picture.actions.get_array(), best)
    far = np.inf if gamma == 1 else np.log(0.001) / np.log(gamma)
    dot = np.transpose(picture.dot.get_data())
    np.testing.assert_allclose(dot, [[far, 0.001]] if far <= 200 else np.empty((0, 2)))
    seen = f"sees {far:.0f} steps ahead" if far <= 200 else "sees to the end"
    assert picture.words.get_text() == f"Gamma {gamma:g} {seen}"
    lengths = car.simulate(exact.greedy, car.start_states(100, seed=0)).lengths
    steps = "the time limit" if (lengths == 200).all() else f"{lengths.mean():.0f} steps on average"
    assert picture.drive.get_text() == f"drives: {steps}"
    assert f"from {worth.min():.1f} to 0".replace("-", "−") == picture.range.get_text()


def test_short_sighted_glasses_find_no_way_and_far_sighted_ones_do(glasses):
    assert glasses.sights[0.5].steps > 150
    assert glasses.sights[1.0].steps < 110


def test_every_move_draws_one_picture_whose_words_name_the_gamma(glasses):
    glasses.gamma.value = 0.9
    for gamma in (0.5, 1.0, 0.9):
        number, png = glasses.canvas.number, glasses.canvas.png
        glasses.gamma.value = gamma
        assert glasses.canvas.number == number + 1
        assert glasses.canvas.png != png
        assert glasses.canvas.alt.startswith(f"With gamma {gamma:g} the solver sees")


def test_the_glasses_start_with_the_gamma_asked_for_and_show_it_without_a_browser(glasses):
    glasses.gamma.value = 0.9
    html = glasses._repr_mimebundle_()["text/html"]
    assert 'alt="With gamma 0.9 the solver sees 66 steps ahead.' in html
    assert "A slider changes gamma" in html
    assert glasses.children == (glasses.gamma, glasses.canvas)
    assert (glasses.gamma.description, glasses.gamma.labels) == ("gamma", ["0.5", "0.9", "0.96", "1"])


def test_the_gammas_of_the_lesson_rise_to_one():
    assert list(GAMMAS) == sorted(set(GAMMAS))
    assert GAMMAS[0] > 0
    assert GAMMAS[-1] == 1.0
    assert 0.85 in GAMMAS


def test_a_gamma_that_is_not_on_the_slider_is_refused_before_anything_is_solved(monkeypatch):
    monkeypatch.setattr(gamma_glasses, "look", lambda gamma: pytest.fail("solved for nothing"))
    with pytest.raises(ValueError, match=r"value must be one of 0\.5, 0\.9, got 0\.85"):
        GammaGlasses((0.5, 0.9))
