"""The picture of the forces shows what the dynamics do to a car at rest."""

import numpy as np
from looking import assert_whole, in_colour, labels, title, words
from matplotlib.colors import same_color

from dqn_lib import mountain_car as car
from dqn_lib.plots.hill import STEEP, forces
from dqn_lib.plots.style import ACTIONS, INK


def change_of_velocity(positions, action):
    """What one step does to a car at rest, in thousandths."""
    at_rest = np.stack([positions, np.zeros(len(positions))], axis=-1)
    return 1000 * car.step(at_rest, np.full(len(positions), action))[0][:, 1]


def test_gravity_and_the_engine_are_those_of_the_dynamics():
    lines = forces().axes[1].lines
    gravity = next(data for data in in_colour(lines, INK) if len(data) > 2)
    positions = gravity[:, 0]
    assert (positions[0], positions[-1]) == (car.MIN_POSITION, car.MAX_POSITION)
    inside = positions > car.MIN_POSITION + 0.01  # where no wall stops the car
    coasting = change_of_velocity(positions[inside], 1)
    np.testing.assert_allclose(gravity[inside, 1], coasting, atol=1e-12)
    for action in (0, 2):
        (engine,) = in_colour(lines, ACTIONS[action])
        push = change_of_velocity(positions[inside], action) - coasting
        np.testing.assert_allclose(push, engine[0, 1], atol=1e-12)
        assert (engine[:, 1] == engine[0, 1]).all()


def test_the_shade_lies_where_a_car_at_rest_rolls_back_under_full_power():
    positions = np.linspace(car.MIN_POSITION + 0.02, car.MAX_POSITION, 500)
    left, gravity, right = (change_of_velocity(positions, action) for action in range(3))
    steep = np.where(gravity < 0, right < 0, left > 0)
    clear = np.abs(np.abs(gravity) - 1) > 0.05  # the shade is drawn in 400 columns
    for ax in forces().axes:
        (shade,) = [one for one in ax.collections if same_color(one.get_facecolor(), STEEP)]
        points = np.c_[positions, np.full(500, 0.5)]
        shaded = np.any([path.contains_points(points) for path in shade.get_paths()], axis=0)
        np.testing.assert_array_equal(shaded[clear], steep[clear])
    assert 0.3 < steep.mean() < 0.8


def test_hill_flag_starts_and_words_are_where_they_belong():
    picture = forces()
    above, below = picture.axes
    hill = in_colour(above.lines, INK)[0]
    np.testing.assert_allclose(hill[:, 1], car.height(hill[:, 0]))
    (flag,) = in_colour(above.lines, ACTIONS[2])
    np.testing.assert_allclose(flag, [[car.GOAL_POSITION, car.height(car.GOAL_POSITION)]])
    (starts,) = above.patches
    np.testing.assert_allclose(starts.get_x() + np.array([0, starts.get_width()]), car.START_POSITIONS)
    assert title(above) == "On the shaded slopes gravity is stronger than the engine"
    assert labels(below) == ("position", "change of velocity\n(thousandths a step)")
    assert words(below.get_legend().get_texts()) == ["gravity", "engine to the right", "engine to the left"]
    assert "up to 2.5 thousandths a step, the engine pushes with 1." in picture.alt
    assert_whole(picture)
