"""The film of an episode: the car is where the states say, pushed as the actions say."""

import numpy as np
import pytest
from looking import assert_good_film, assert_laid_out, labels, spy_on_film, title
from matplotlib.colors import same_color

from dqn_lib import mountain_car as car
from dqn_lib.plots import films as module
from dqn_lib.plots.films import REST, film_episode, film_greedy
from dqn_lib.plots.maps import grid
from dqn_lib.plots.style import ACTIONS, INK, TRAIL

pytestmark = pytest.mark.slow


def with_the_motion(states):
    """Q-values that prefer pushing the way the car moves, and fall to the left."""
    position, velocity = np.moveaxis(np.asarray(states, dtype=float), -1, 0)
    return np.stack([velocity < 0, 0 * velocity, velocity >= 0], axis=-1) + 10 * position[..., None] - 20


ROLLOUT = car.simulate(lambda states: with_the_motion(states).argmax(axis=-1), [[-0.5, 0.0]])
STATES, ACTED = ROLLOUT.trajectory(0), ROLLOUT.actions[:, 0]


@pytest.fixture(scope="module", params=[None, with_the_motion], ids=["without q", "with q"])
def filming(request):
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = spy_on_film(monkeypatch, module)
        film_episode(STATES, ACTED, q=request.param, title="A long push")
    made[0].q = request.param
    return made[0]


def test_the_film_is_whole_small_and_moves(filming, tmp_path):
    assert_laid_out(filming)
    assert_good_film(filming.video, len(STATES) + REST, tmp_path)
    assert f"The flag after {len(ACTED)} steps." in filming.video.alt


@pytest.mark.parametrize("frame", [0, 1, 60, len(STATES) - 1])
def test_the_trail_is_the_path_so_far_and_the_car_is_at_its_end(filming, frame):
    filming.update(frame)
    left, right = filming.figure.axes[:2]
    (dot,) = [line for line in right.lines if same_color(line.get_color(), TRAIL)]
    np.testing.assert_array_equal(dot.get_xydata(), STATES[frame : frame + 1])
    colour = INK if filming.q is None else "white"
    trail = [
        line for line in right.lines if line.get_linestyle() == "-" and same_color(line.get_color(), colour)
    ]
    np.testing.assert_array_equal(trail[0].get_xydata(), STATES[: frame + 1])
    body = left.patches[-1].get_xy()
    assert np.abs(body.mean(axis=0) - [STATES[frame, 0], car.height(STATES[frame, 0])]).max() < 0.08
    assert left.texts[0].get_text() == f"step {frame}"


def flame(filming, frame):
    """Where the flame is, seen from the car: -1 behind, 1 ahead, None for no flame; and its colour."""
    filming.update(frame)
    line = next(line for line in filming.figure.axes[0].lines if line.get_linewidth() == 4)
    x = np.asarray(line.get_xdata())
    return (np.sign(x.mean() - STATES[frame, 0]) if len(x) else None), line.get_color()


def test_the_flame_is_behind_the_car_in_the_colour_of_its_push(filming):
    for frame in (0, 30, 80):
        side, colour = flame(filming, frame)
        assert side == {0: 1, 2: -1}[ACTED[frame]]
        assert same_color(colour, ACTIONS[ACTED[frame]])
    assert {0, 2} == {*ACTED[[0, 30, 80]]}
    assert flame(filming, len(ACTED))[0] is None  # arrived: nobody pushes any more


def test_the_map_of_values_is_there_when_asked_for(filming):
    _, right, *bars = filming.figure.axes
    if filming.q is None:
        assert not right.images
        assert not bars
    else:
        (image,) = right.images
        values = with_the_motion(grid()).max(axis=-1)
        np.testing.assert_allclose(np.asarray(image.get_array()), values)
        np.testing.assert_allclose(image.get_clim(), (values.min(), values.max()))
        assert [bar.get_ylabel() for bar in bars] == ["value (discounted return to come)"]


def test_the_words_are_there(filming):
    left, right = filming.figure.axes[:2]
    assert title(left) == f"The flag after {len(ACTED)} steps"
    assert title(right) == "A long push"
    assert left.get_xlabel() == "position"
    assert labels(right) == ("position", "velocity (per step)")


def test_the_film_rests_on_its_last_frame(filming):
    assert filming.frames == [*range(len(STATES)), *[len(ACTED)] * REST]


def test_to_drive_is_to_watch_the_greedy_policy(monkeypatch):
    made = spy_on_film(monkeypatch, module, encode=False)
    film_greedy(with_the_motion, start=(-0.45, 0.0))
    rollout = car.simulate(lambda states: with_the_motion(states).argmax(axis=-1), [[-0.45, 0.0]])
    made[0].update(rollout.lengths[0])
    paths = [line.get_xydata() for line in made[0].figure.axes[1].lines]
    assert any(np.array_equal(path, rollout.trajectory(0)) for path in paths)
    assert made[0].figure.axes[1].images


def test_an_episode_that_ran_out_of_time_says_so(monkeypatch):
    made = spy_on_film(monkeypatch, module, encode=False)
    rollout = car.simulate(np.full((200, 1), 1), [[-0.5, 0.0]])
    film_episode(rollout.trajectory(0), rollout.actions[:, 0])
    assert title(made[0].figure.axes[0]) == "The time limit after 200 steps"
    assert title(made[0].figure.axes[1]) == "Uphill in value, back and forth in space"
    assert flame(made[0], 0)[0] is None  # coasting
