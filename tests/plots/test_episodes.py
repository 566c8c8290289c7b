"""Single episodes: where the agent explored, and drives by hand."""

import numpy as np
import pytest
from looking import assert_beside_the_data, assert_whole, in_colour, labels, title
from matplotlib.colors import same_color, to_rgba

from dqn_lib import mountain_car as car
from dqn_lib.plots.episodes import exploration_strip, own_episode
from dqn_lib.plots.style import ACTIONS, INK, LEARNED, TRAIL, Picture

EXPLORED = [-1, -1, 0, 0, 1, 2, -1, 2, -1, -1]


def test_every_step_has_the_colour_of_its_action():
    (image,) = exploration_strip(EXPLORED).axes[0].images
    np.testing.assert_array_equal(image.get_array(), [EXPLORED])
    assert image.get_extent() == [0, 10, 0, 1]
    for choice, rgba in zip(EXPLORED, image.to_rgba(image.get_array())[0], strict=True):
        expected = to_rgba("white" if choice == -1 else ACTIONS[choice])
        np.testing.assert_allclose(rgba, expected, atol=1 / 255)


def test_the_legend_names_the_colours():
    legend = exploration_strip(EXPLORED).axes[0].get_legend()
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["greedy", "random: push left", "random: coast", "random: push right"]
    for patch, colour in zip(legend.get_patches(), ("white", *ACTIONS), strict=True):
        assert same_color(patch.get_facecolor(), colour)


@pytest.mark.parametrize(("explored", "share"), [(EXPLORED, 50), ([-1] * 20, 0), ([1, 0, 2], 100)])
def test_the_title_states_the_share_that_explored(explored, share):
    picture = exploration_strip(explored)
    assert title(picture.axes[0]) == f"{share}% of these steps explored"
    assert picture.axes[0].get_xlabel() == "step of the episode"
    assert f"A strip of {len(explored)} steps. {share}% of these steps explored." in picture.alt


def test_the_strip_is_whole():
    picture = exploration_strip(np.repeat(EXPLORED, 20))
    assert_whole(picture)
    assert_beside_the_data(picture)


def test_the_strip_can_be_a_panel():
    picture = Picture(figsize=(9, 3))
    assert exploration_strip(EXPLORED, picture.subplots()) is picture


def along(states):
    return np.where(states[:, 1] < 0, 0, 2)


FLAG = car.simulate(along, [[-0.5, 0.0]]).trajectory(0)
NO_FLAG = car.simulate(np.full((200, 1), 2), [[-0.5, 0.0]]).trajectory(0)


@pytest.mark.parametrize(
    ("states", "returns", "options"),
    [
        (FLAG, [-120], {}),
        (NO_FLAG, [-200], {"name": "always right", "note": "You have not driven yet"}),
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
    returns_, plane = picture.axes
    assert labels(returns_) == ("drive", "return (minus the steps taken)")
    assert labels(plane) == ("position", "velocity (per step)")
    (latest,) = in_colour(returns_.lines, LEARNED)
    np.testing.assert_array_equal(latest, [[3, -120]])
    (earlier,) = in_colour(returns_.lines, INK)
    np.testing.assert_array_equal(earlier, [[1, -200], [2, -150]])
    assert "you: \N{MINUS SIGN}120" in [text.get_text() for text in returns_.texts]
    assert returns_.get_xticks().tolist() == [1, 2, 3]
    (path,) = in_colour(plane.lines, TRAIL)
    np.testing.assert_array_equal(path, FLAG)


def test_the_titles_say_how_it_ended():
    reached, not_reached = own_episode(FLAG, [1 - len(FLAG)]), own_episode(NO_FLAG, [-200])
    steps = len(FLAG) - 1
    assert title(reached.axes[0]) == f"The flag after {steps} steps: return \N{MINUS SIGN}{steps}"
    assert title(reached.axes[1]).endswith("out of the valley to the flag")
    assert title(not_reached.axes[0]) == "The time limit, no flag: return \N{MINUS SIGN}200"
    assert title(not_reached.axes[1]).endswith("no further right than \N{MINUS SIGN}0.27")


def test_a_return_above_the_optimum_of_the_average_start_is_inside():
    returns_ = own_episode(FLAG, [-80]).axes[0]
    assert returns_.get_ylim()[1] > -80
