"""Gamma glasses hand over, for each gamma, what a solver with that gamma finds out."""

import numpy as np
import pytest
from receiving import handed, shade, size, unpacked

from dqn_lib import mountain_car as car
from dqn_lib import value_iteration as optimum
from dqn_lib.plots.maps import TIE
from dqn_lib.widgets.gamma_glasses import BLUR, GAMMAS, STATES, GammaGlasses

SOME = (0.5, 0.9, 0.96, 1.0)


@pytest.fixture(scope="module")
def glasses():
    return GammaGlasses(SOME, 0.9)


@pytest.fixture(scope="module")
def solutions():
    return [optimum.solve(points=101, gamma=gamma, tolerance=BLUR) for gamma in SOME]


@pytest.mark.parametrize("place", range(4))
def test_the_maps_of_every_gamma_are_those_of_its_own_solution(glasses, solutions, place):
    q = solutions[place].q(STATES)
    worth = q.max(axis=-1)
    np.testing.assert_allclose(unpacked(glasses.values)[place], shade(worth, worth.min()), atol=0.51)
    best = np.where(worth - q.min(axis=-1) < TIE, 3, q.argmax(axis=-1))
    np.testing.assert_array_equal(unpacked(glasses.policy)[place], best)


@pytest.mark.parametrize("place", range(4))
def test_what_a_gamma_sees_is_told_in_numbers(glasses, solutions, place):
    sights, one = glasses.sights, solutions[place]
    starts = car.start_states(100, seed=0)
    assert sights["gammas"][place] == SOME[place]
    assert sights["lowest"][place] == pytest.approx(one.q(STATES).max(axis=-1).min())
    assert sights["steps"][place] == pytest.approx(car.simulate(one.greedy, starts).lengths.mean())
    q = one.q(STATES)
    assert sights["blind"][place] == pytest.approx(np.mean(q.max(axis=-1) - q.min(axis=-1) < TIE))
    assert (sights["blur"], sights["furthest"], sights["optimum"]) == (1e-3, 200, 97.6)


def test_short_sighted_glasses_find_no_way_and_far_sighted_ones_do(glasses):
    steps, blind = glasses.sights["steps"], glasses.sights["blind"]
    assert steps[0] > 150 and steps[-1] < 110
    assert blind[0] > 0.5 and blind[-1] < 0.1


def test_every_map_is_light_at_the_flag_and_dark_at_its_lowest(glasses):
    for one in unpacked(glasses.values):
        assert (one.min(), one.max()) == (0, 253)
        assert one[-1, -1] == 253  # beyond the flag, and moving on


def test_a_move_changes_the_place_alone(glasses):
    glasses.index = 1
    before = handed(glasses)
    glasses.set_state({"index": 3})  # as a page does it
    assert handed(glasses) == before | {"index": 3}


@pytest.mark.parametrize("place", [0, 3])
def test_the_maps_stand_in_where_nobody_can_run_them(glasses, place):
    glasses.index = place
    data, _ = glasses._repr_mimebundle_()
    assert data["text/html"].startswith('<img src="data:image/png;base64,')
    assert f"With gamma {SOME[place]:g}" in data["text/html"]
    assert "A slider changes gamma" in data["text/html"]


@pytest.fixture
def solved(monkeypatch, solutions):
    """The gammas that were solved; of each there is the same solution, at once."""
    gammas = []
    monkeypatch.setattr(optimum, "solve", lambda gamma, **_: gammas.append(gamma) or solutions[0])
    return gammas


def test_the_gammas_of_the_lesson_rise_to_one_and_take_at_most_300_kilobytes(solved):
    assert list(GAMMAS) == sorted(set(GAMMAS))
    assert GAMMAS[0] > 0
    assert GAMMAS[-1] == 1.0
    glasses = GammaGlasses()
    assert solved == glasses.sights["gammas"] == list(GAMMAS)
    assert GAMMAS[glasses.index] == 0.85
    assert size(glasses) <= 300_000


def test_a_gamma_that_is_not_on_the_slider_is_refused_before_anything_is_solved(solved):
    with pytest.raises(ValueError, match=r"gamma must be one of 0\.5, 0\.9, got 0\.85"):
        GammaGlasses((0.5, 0.9))
    assert solved == []
