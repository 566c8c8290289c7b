"""A drive by hand on the ruler: everything is named, whatever the drive and however many there were."""

import numpy as np
import pytest
from looking import assert_whole, in_colour, labels, title

from dqn_lib import mountain_car as car
from dqn_lib.plots.episodes import own_episode
from dqn_lib.plots.style import INK, LEARNED, TRAIL


def along(states):
    return np.where(states[:, 1] < 0, 0, 2)


FLAG = car.simulate(along, [[-0.5, 0.0]]).trajectory(0)
NO_FLAG = car.simulate(np.full((200, 1), 2), [[-0.5, 0.0]]).trajectory(0)


@pytest.mark.parametrize(
    ("states", "returns", "options"),
    [
        (FLAG, [-120], {}),
        (NO_FLAG, [-200], {"name": "always right", "note": "Nobody has driven yet"}),
        (FLAG, [-200, -150, -98], {}),
        (FLAG, [-83], {}),
        (FLAG, [*[-200] * 39, -104], {}),
        (NO_FLAG, [-83, *[-110] * 7, -200], {}),
    ],
)
def test_everything_is_legible(states, returns, options):
    assert_whole(own_episode(states, returns, **options))


def test_the_latest_drive_is_highlighted_and_named_and_the_earlier_ones_are_small():
    picture = own_episode(FLAG, [-200, -150, -120])
    ruler, plane = picture.axes
    assert labels(ruler) == ("drive", "return (minus the steps taken)")
    assert labels(plane) == ("position", "velocity (per step)")
    (latest,) = in_colour(ruler.lines, LEARNED)
    np.testing.assert_array_equal(latest, [[3, -120]])
    (earlier,) = in_colour(ruler.lines, INK)
    np.testing.assert_array_equal(earlier, [[1, -200], [2, -150]])
    assert "you: \N{MINUS SIGN}120" in [text.get_text() for text in ruler.texts]
    assert ruler.get_xticks().tolist() == [1, 2, 3]
    (way,) = in_colour(plane.lines, TRAIL)
    np.testing.assert_array_equal(way, FLAG)


def test_the_titles_say_how_it_ended():
    reached, not_reached = own_episode(FLAG, [1 - len(FLAG)]), own_episode(NO_FLAG, [-200])
    steps = len(FLAG) - 1
    assert title(reached.axes[0]) == f"The flag after {steps} steps: return \N{MINUS SIGN}{steps}"
    assert title(reached.axes[1]).endswith("out of the valley to the flag")
    assert title(not_reached.axes[0]) == "The time limit, no flag: return \N{MINUS SIGN}200"
    assert title(not_reached.axes[1]).endswith("no further right than \N{MINUS SIGN}0.27")


def test_a_return_above_the_optimum_of_the_average_start_is_inside():
    ruler = own_episode(FLAG, [-80]).axes[0]
    assert ruler.get_ylim()[1] > -80
