"""Single episodes: where the agent explored, and drives by hand."""

import numpy as np
import pytest
from looking import assert_whole, in_colour, labels, title, words
from matplotlib.colors import same_color, to_rgba

from dqn_lib import mountain_car as car
from dqn_lib.plots.episodes import exploration_strip, own_episode
from dqn_lib.plots.style import ACTIONS, INK, LEARNED, TRAIL, Picture

EXPLORED = [-1, -1, 0, 0, 1, 2, -1, 2, -1, -1]
FLAG = car.simulate(lambda states: np.where(states[:, 1] < 0, 0, 2), [[-0.5, 0.0]]).trajectory(0)
NO_FLAG = car.simulate(np.full((200, 1), 2), [[-0.5, 0.0]]).trajectory(0)


def test_every_step_has_the_colour_of_its_action_and_the_legend_names_it():
    (ax,) = exploration_strip(EXPLORED).axes
    (image,) = ax.images
    assert image.get_extent() == [0, 10, 0, 1]
    for choice, rgba in zip(EXPLORED, image.to_rgba(image.get_array())[0], strict=True):
        expected = to_rgba("white" if choice == -1 else ACTIONS[choice])
        np.testing.assert_allclose(rgba, expected, atol=1 / 255)
    legend = ax.get_legend()
    assert words(legend.get_texts()) == ["greedy", "random: push left", "random: coast", "random: push right"]
    for patch, colour in zip(legend.get_patches(), ("white", *ACTIONS), strict=True):
        assert same_color(patch.get_facecolor(), colour)
    assert_whole(exploration_strip(np.repeat(EXPLORED, 20)))


@pytest.mark.parametrize(("explored", "share"), [(EXPLORED, 50), ([-1] * 20, 0), ([1, 0, 2], 100)])
def test_the_title_states_the_share_that_explored(explored, share):
    panel = Picture(figsize=(9, 3)).subplots()
    picture = exploration_strip(explored, panel)
    assert picture is panel.figure
    assert title(panel) == f"{share}% of these steps explored"
    assert panel.get_xlabel() == "step of the episode"
    assert f"A strip of {len(explored)} steps. {share}% of these steps explored." in picture.alt


@pytest.mark.parametrize(
    ("states", "returns", "options"),
    [
        (NO_FLAG, [-200], {"name": "always right", "note": "You have not driven yet"}),
        (FLAG, [-83], {}),
        (FLAG, [*[-200] * 39, -104], {}),
        (NO_FLAG, [-83, *[-110] * 7, -200], {}),
    ],
)
def test_everything_is_legible_and_inside(states, returns, options):
    picture = own_episode(states, returns, **options)
    assert_whole(picture, legend_on_the_axes=True)
    assert picture.axes[0].get_ylim()[1] > max(returns)


def test_the_latest_drive_is_highlighted_and_named_and_the_earlier_ones_are_small():
    picture = own_episode(FLAG, [-200, -150, -120])
    drives, plane = picture.axes
    assert labels(drives) == ("drive", "return (minus the steps taken)")
    (latest,), (earlier,) = in_colour(drives.lines, LEARNED), in_colour(drives.lines, INK)
    np.testing.assert_array_equal(latest, [[3, -120]])
    np.testing.assert_array_equal(earlier, [[1, -200], [2, -150]])
    assert "you: −120" in words(drives.texts)
    assert drives.get_xticks().tolist() == [1, 2, 3]
    (path,) = in_colour(plane.lines, TRAIL)
    np.testing.assert_array_equal(path, FLAG)


def test_the_titles_say_how_it_ended():
    steps = len(FLAG) - 1
    returns, plane = own_episode(FLAG, [-steps]).axes
    assert title(returns) == f"The flag after {steps} steps: return −{steps}"
    assert title(plane).endswith("out of the valley to the flag")
    returns, plane = own_episode(NO_FLAG, [-200]).axes
    assert title(returns) == "The time limit, no flag: return −200"
    assert title(plane).endswith("no further right than −0.27")
