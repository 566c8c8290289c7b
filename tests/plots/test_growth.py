"""The film of a run: at every check its own map and its own mean, in between a fade."""

import numpy as np
import pytest
from looking import assert_good_film, assert_laid_out, in_colour, labels, spy_on_film, title

from dqn_lib import mountain_car as car
from dqn_lib.agents.q_table import TableQ
from dqn_lib.mountain_car import OPTIMAL_CHECK_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.plots import films as growth
from dqn_lib.plots.maps import EXTENT, grid
from dqn_lib.plots.style import LEARNED, LUCKY, OPTIMAL, SOLVED, VALUES
from dqn_lib.training import Check

STEPS, MEANS = (0, 1_003, 2_100, 3_050, 4_000), (-200.0, -180.0, -140.0, -104.0, -118.5)


def growing(amount):
    """Values that fall with the distance from the flag, the more the further the run is."""

    def q(states):
        position = np.asarray(states)[..., 0]
        return np.stack([position - 9, (position - 0.6) * amount, position - 8], axis=-1)

    return q


def checks():
    return [
        Check(step, np.full(4, mean), growing(20 * n))
        for n, (step, mean) in enumerate(zip(STEPS, MEANS, strict=True))
    ]


def value(states, amount):
    position = states[..., 0]
    return np.maximum(position - 8, (position - 0.6) * amount)


def film_once(*args, **options):
    """Films only the first frame, which is all that the tests of `update` need."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = spy_on_film(monkeypatch, growth, encode=False)
        growth.film_training(*args, **options)
    return made[0]


@pytest.fixture(scope="module")
def filming():
    return film_once(checks())


def drawn(filming, moment):
    """Values in the map, the line's points, and the counter at this moment."""
    filming.update(moment)
    left, right = filming.figure.axes[:2]
    (line,) = [one for one in in_colour(right.lines, LEARNED) if len(one) > 1]
    (dot,) = [one for one in in_colour(right.lines, LEARNED) if len(one) == 1]
    np.testing.assert_array_equal(dot[0], line[-1])
    counter = next(text.get_text() for text in left.texts if "step" in text.get_text())
    return np.asarray(left.images[0].get_array()), line, counter


@pytest.mark.parametrize("number", range(5))
def test_at_a_check_the_film_shows_its_values_and_its_mean(filming, number):
    values, line, counter = drawn(filming, number)
    np.testing.assert_allclose(values, value(grid(90, 71), 20 * number))
    np.testing.assert_allclose(line[: number + 1], np.c_[STEPS, MEANS][: number + 1])
    np.testing.assert_allclose(line[-1], (STEPS[number], MEANS[number]))
    assert counter == f"step {STEPS[number]:,}"


def test_between_two_checks_it_fades(filming):
    values, line, counter = drawn(filming, 2.25)
    np.testing.assert_allclose(values, 0.75 * value(grid(90, 71), 40) + 0.25 * value(grid(90, 71), 60))
    np.testing.assert_allclose(line[-1], (0.75 * 2_100 + 0.25 * 3_050, 0.75 * -140 + 0.25 * -104))
    assert len(line) == 4
    assert counter == "step 2,338"


def test_the_frames_run_from_the_first_check_to_the_last_and_rest_there(filming):
    frames = filming.frames
    assert (frames[0], frames[-1]) == (0, 4)
    assert (np.diff(frames) >= 0).all()
    assert len(frames) == growth.FRAMES + growth.FEWER_REST
    assert frames[-growth.FEWER_REST :] == [4] * growth.REST


def test_a_table_is_drawn_cell_by_cell():
    values = np.random.default_rng(0).uniform(-90, -1, size=(6, 6, 3))
    made = film_once([Check(0, np.full(2, -200.0), TableQ(values, car.STATE_LOW, car.STATE_HIGH))], cells=6)
    shown, *_ = drawn(made, 0)
    np.testing.assert_array_equal(shown, values.max(axis=-1).T)  # a column is a position
    image = made.figure.axes[0].images[0]
    assert image.get_interpolation() == "nearest"
    assert (image.origin, tuple(image.get_extent())) == ("lower", EXTENT)


def test_colours_are_fixed_by_the_last_check_or_by_the_limits(filming):
    image = filming.figure.axes[0].images[0]
    assert image.get_cmap().name == VALUES
    np.testing.assert_allclose(image.get_clim(), (value(grid(90, 71), 80).min(), 0))
    assert film_once(checks(), limits=(-110, -5)).figure.axes[0].images[0].get_clim() == (-110, -5)


def test_the_words_and_the_ruler_are_there(filming):
    left, right, bar = filming.figure.axes
    assert title(left) == "What each state is thought to be worth"
    assert title(right) == "How well the car drives by it"
    assert labels(left) == ("position", "velocity (per step)")
    assert labels(right) == ("environment steps", "mean return of the greedy policy")
    assert bar.get_ylabel() == "value"
    assert right.get_xlim() == (0, STEPS[-1])
    for level, colour in ((RANDOM_RETURN, LUCKY), (SOLVED_RETURN, SOLVED), (OPTIMAL_CHECK_RETURN, OPTIMAL)):
        (line,) = in_colour(right.lines, colour)
        assert set(line[:, 1]) == {level}


@pytest.mark.slow
def test_the_film_is_whole_small_and_moves(monkeypatch, tmp_path):
    made = spy_on_film(monkeypatch, growth)
    growth.film_training(checks())
    made = made[0]
    assert_laid_out(made)
    assert_good_film(made.video, growth.FRAMES + growth.FEWER_REST, tmp_path)
    assert "4,000 steps" in made.video.alt
    assert "from -200 to -118, at best -104; the optimum is -96.5" in made.video.alt


def test_a_single_check_is_a_still():
    made = film_once(checks()[:1])
    assert set(made.frames) == {0}
    np.testing.assert_array_equal(drawn(made, 0)[0], value(grid(90, 71), 0))
    assert_laid_out(made)


def test_without_checks_there_is_one_clear_error():
    with pytest.raises(ValueError, match=r"^checks must hold at least one check, got none$"):
        growth.film_training([])
