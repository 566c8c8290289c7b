"""The strip has a line for every step, in the colour of the action that was taken there."""

import numpy as np
import pytest
from looking import assert_beside_the_data, assert_whole, title
from matplotlib.colors import same_color, to_rgba

from dqn_lib.plots.episodes import exploration_strip
from dqn_lib.plots.style import ACTIONS, Picture

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


def test_the_picture_is_whole():
    picture = exploration_strip(np.repeat(EXPLORED, 20))
    assert_whole(picture)
    assert_beside_the_data(picture)


def test_it_can_be_one_panel_of_another_figure():
    picture = Picture(figsize=(9, 3))
    assert exploration_strip(EXPLORED, picture.subplots()) is picture
