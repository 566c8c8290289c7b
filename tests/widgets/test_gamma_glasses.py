"""Gamma glasses: for each gamma, the page gets the exact solution with that gamma."""

import numpy as np
import pytest
from receiving import handed, shade, size, unpacked

from dqn_lib import mountain_car as car
from dqn_lib import value_iteration
from dqn_lib.plots.maps import TIE
from dqn_lib.widgets.gamma_glasses import GAMMAS, STATES, TOLERANCE, GammaGlasses

SOME = (0.5, 0.9, 0.96, 1.0)


@pytest.fixture(scope="module")
def glasses():
    return GammaGlasses(SOME, 0.9)


@pytest.fixture(scope="module")
def solutions():
    return [value_iteration.solve(points=101, gamma=gamma, tolerance=TOLERANCE) for gamma in SOME]


@pytest.mark.parametrize("place", range(4))
def test_maps_and_numbers_of_every_gamma_are_those_of_its_own_solution(glasses, solutions, place):
    solved, one = glasses.solved, solutions[place]
    q = one.q(STATES)
    worth = q.max(axis=-1)
    tied = worth - q.min(axis=-1) < TIE
    shown = unpacked(glasses.values)[place]
    np.testing.assert_allclose(shown, shade(worth, worth.min()), atol=0.51)
    assert (shown.min(), shown.max(), shown[-1, -1]) == (0, 253, 253)  # beyond the flag, and moving on
    np.testing.assert_array_equal(unpacked(glasses.policy)[place], np.where(tied, 3, q.argmax(axis=-1)))
    lengths = car.simulate(one.greedy, car.start_states(100, seed=0)).lengths
    assert solved["gammas"][place] == SOME[place]
    assert solved["lowest"][place] == pytest.approx(worth.min())
    assert solved["steps"][place] == pytest.approx(lengths.mean())
    assert solved["tied"][place] == pytest.approx(tied.mean())
    assert (solved["tolerance"], solved["stepsAhead"], solved["optimalSteps"]) == (1e-3, 200, 97.6)


def test_a_small_gamma_finds_no_way_and_a_large_one_does(glasses):
    steps, tied = glasses.solved["steps"], glasses.solved["tied"]
    assert steps[0] > 150 and steps[-1] < 110
    assert tied[0] > 0.5 and tied[-1] < 0.1


def test_a_move_changes_the_place_alone_and_without_a_browser_there_are_its_maps(glasses):
    before = handed(glasses)
    assert before["index"] == 1
    glasses.set_state({"index": 3})  # as a page does it
    assert handed(glasses) == before | {"index": 3}
    html = glasses._repr_mimebundle_()[0]["text/html"]
    assert html.startswith('<img src="data:image/png;base64,')
    assert "With gamma 1" in html and "A slider changes gamma" in html


@pytest.fixture
def solved(monkeypatch, solutions):
    """The gammas that were solved; of each there is the same solution, at once."""
    gammas = []
    monkeypatch.setattr(value_iteration, "solve", lambda gamma, **_: gammas.append(gamma) or solutions[0])
    return gammas


def test_the_gammas_of_the_lesson_rise_to_one_and_take_at_most_300_kilobytes(solved):
    assert list(GAMMAS) == sorted(set(GAMMAS))
    assert GAMMAS[0] > 0
    assert GAMMAS[-1] == 1.0
    glasses = GammaGlasses()
    assert solved == glasses.solved["gammas"] == list(GAMMAS)
    assert GAMMAS[glasses.index] == 0.85
    assert size(glasses) <= 300_000


def test_a_gamma_that_is_not_on_the_slider_is_refused_before_anything_is_solved(solved):
    with pytest.raises(ValueError, match=r"gamma must be one of 0\.5, 0\.9, got 0\.85"):
        GammaGlasses((0.5, 0.9))
    assert solved == []
