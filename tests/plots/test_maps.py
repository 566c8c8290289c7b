"""Maps show the values, actions and visits of each state, with positions along x and velocities along y."""

import base64
from collections import Counter

import numpy as np
import pytest
from looking import assert_beside_the_data, assert_whole, labels, title

from dqn_lib import mountain_car as car
from dqn_lib.plots.maps import (
    EXTENT,
    compare_policies,
    compare_values,
    grid,
    phase_plane,
    policy_map,
    value_and_policy,
    value_map,
    visit_density,
)
from dqn_lib.plots.style import DENSITY, Picture


def with_the_motion(states):
    """Q-values that prefer pushing the way the car moves, most of all when it is far to the right."""
    position, velocity = np.moveaxis(np.asarray(states, dtype=float), -1, 0)
    return np.stack([np.where(velocity < 0, 1, 0), np.full_like(velocity, -9), velocity >= 0], axis=-1) + (
        10 * position[..., None] - 20
    )


def test_a_map_has_positions_along_x_and_velocities_along_y():
    ax = value_map(with_the_motion).axes[0]
    image = ax.images[0]
    drawn = np.asarray(image.get_array())
    assert image.origin == "lower"
    assert image.get_extent() == [-1.2, 0.6, -0.07, 0.07]
    np.testing.assert_allclose(drawn, with_the_motion(grid()).max(axis=-1))
    assert drawn[0, -1] > drawn[0, 0]  # further right is better in this example
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("position", "velocity (per step)")


def test_the_policy_map_shows_the_greedy_action_and_where_all_are_equal():
    drawn = np.asarray(policy_map(with_the_motion).axes[0].images[0].get_array())
    assert set(np.unique(drawn[:60])) == {0}  # moving left: push left
    assert set(np.unique(drawn[80:])) == {2}
    nothing = np.asarray(policy_map(lambda s: np.zeros((*s.shape[:-1], 3))).axes[0].images[0].get_array())
    assert set(np.unique(nothing)) == {3}


def test_the_comparison_shows_learned_minus_exact():
    picture = compare_values(lambda s: with_the_motion(s) + 2.5, with_the_motion)
    difference = [ax.images[0] for ax in picture.axes if ax.get_title(loc="left") == "Learned minus exact"]
    np.testing.assert_allclose(np.asarray(difference[0].get_array()), 2.5)
    assert "2.5" in picture.alt


def test_the_map_and_the_actions_side_by_side_are_the_two_maps():
    picture = value_and_policy(with_the_motion, title="Exact: what each state is worth", limits=(-50, -10))
    left, right, bar = picture.axes
    np.testing.assert_allclose(np.asarray(left.images[0].get_array()), with_the_motion(grid()).max(axis=-1))
    actions = with_the_motion(grid()).argmax(axis=-1)
    np.testing.assert_array_equal(np.asarray(right.images[0].get_array()), actions)
    assert left.images[0].get_clim() == (-50, -10)
    assert [title(ax) for ax in (left, right)] == ["Exact: what each state is worth", "Greedy policy"]
    assert labels(left) == ("position", "velocity (per step)")
    assert right.get_xlabel() == "position"
    assert bar.get_ylabel() == "value (discounted return to come)"
    assert "from -31 to -13. Exact: what each state is worth." in picture.alt
    assert "push left in 50%, coast in 0%, push right in 50% of the plane" in picture.alt


def test_the_phase_plane_draws_the_trajectories_it_was_given():
    states = np.array([[-0.5, 0.0], [-0.49, 0.01], [-0.47, 0.02]])
    lines = phase_plane([states]).axes[0].lines
    assert any(np.array_equal(np.transpose(line.get_data()), states) for line in lines)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: value_map(with_the_motion),
        lambda: policy_map(with_the_motion),
        lambda: phase_plane([np.zeros((3, 2))]),
        lambda: compare_values(with_the_motion, with_the_motion),
        lambda: compare_policies(with_the_motion, with_the_motion),
        lambda: value_and_policy(with_the_motion, title="epsilon 0.30, gamma 0.90, alpha 0.20"),
    ],
)
def test_every_picture_shows_itself_with_a_text(draw):
    picture = draw()
    html = picture._repr_html_()
    assert isinstance(picture, Picture)
    assert len(picture.alt) > 30
    assert f'alt="{picture.alt[:20]}' in html
    png = base64.b64decode(html.partition("base64,")[2].partition('"')[0])
    assert png.startswith(b"\x89PNG")
    assert len(png) < 300_000
    assert_whole(picture)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: policy_map(with_the_motion),
        lambda: value_and_policy(with_the_motion, title="A title"),
    ],
)
def test_a_legend_lies_beside_the_data(draw):
    assert_beside_the_data(draw())


def test_a_plot_can_be_one_panel_of_another_figure():
    picture = Picture(figsize=(8, 4))
    left, right = picture.subplots(1, 2)
    assert value_map(with_the_motion, left) is picture
    assert policy_map(with_the_motion, right) is picture
    assert "values" in picture.alt
    assert "greedy" in picture.alt


# --- visits ---------------------------------------------------------------------------------------------


def states(count=3_000):
    """Anywhere in the lower left part of the plane, and a pile in one place on the right."""
    spread = np.random.default_rng(0).uniform([-1.2, -0.07], [0.0, 0.03], size=(count, 2))
    return np.concatenate([spread, np.tile([0.31, 0.045], (50, 1))])


def counted(states, cells):
    """Counts `(velocity, position)`, one state at a time."""
    counts = np.zeros((cells, cells))
    places = Counter(
        (int((v + 0.07) / 0.14 * cells), int((p + 1.2) / 1.8 * cells)) for p, v in np.asarray(states).tolist()
    )
    for place, count in places.items():
        counts[place] = count
    return counts


def mesh(picture):
    return picture.axes[0].images[0]


def test_a_cell_shows_how_many_states_lie_in_it():
    for cells in (40, 7):
        drawn = mesh(visit_density(states(), cells=cells)).get_array()
        np.testing.assert_array_equal(drawn.filled(0), counted(states(), cells))
    assert drawn.max() >= 50


def test_the_cells_cover_the_phase_plane_with_positions_along_x():
    image = mesh(visit_density(states(), cells=10))
    assert (image.origin, tuple(image.get_extent())) == ("lower", EXTENT)


def test_what_was_never_visited_stays_white():
    drawn = mesh(visit_density(states())).get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(drawn), counted(states(), 40) == 0)


def test_the_corners_of_the_box_are_counted_too():
    corners = [[p, v] for p in (-1.2, 0.6) for v in (-0.07, 0.07)]
    drawn = mesh(visit_density(corners, cells=5)).get_array().filled(0)
    assert drawn.sum() == 4
    assert (drawn[[0, 0, -1, -1], [0, -1, 0, -1]] == 1).all()


def test_a_car_at_the_wall_or_at_full_speed_is_counted_as_gymnasium_rounds_it():
    rounded = np.array([[-1.2, 0.0], [0.0, 0.07], [0.0, -0.07], [0.6, 0.0]], dtype=np.float32)
    assert mesh(visit_density(rounded, cells=5)).get_array().filled(0).sum() == 4


def test_the_title_states_the_share_of_cells_visited():
    picture = visit_density(states(), cells=10)
    share = np.mean(counted(states(), 10) > 0)
    assert title(picture.axes[0]) == f"{100 * share:.0f}% of the cells were ever visited"
    assert f"3,050 states, {100 * share:.0f}% of 10 x 10 cells" in picture.alt
    assert labels(picture.axes[0]) == ("position", "velocity (per step)")
    assert picture.axes[1].get_ylabel() == "visits to the cell"


def test_a_given_title_replaces_the_finding_but_not_the_text():
    picture = visit_density(states(), cells=10, title="The last 3,050 transitions")
    assert title(picture.axes[0]) == "The last 3,050 transitions"
    assert "of 10 x 10 cells" in picture.alt
    assert "The last 3,050 transitions" in picture.alt


def test_colours_are_logarithmic_and_end_at_the_fullest_cell_or_at_vmax():
    image = mesh(visit_density(states()))
    assert image.get_cmap().name == DENSITY
    assert image.get_clim() == (1, counted(states(), 40).max())
    np.testing.assert_allclose(image.norm([1, np.sqrt(image.get_clim()[1])]), [0, 0.5])
    assert mesh(visit_density(states(), vmax=1e5)).get_clim() == (1, 1e5)
    assert mesh(visit_density([[-0.5, 0.0]])).get_clim() == (
        1,
        2,
    )  # one visit everywhere is a scale of its own


def test_visits_are_whole():
    drives = car.simulate(np.random.default_rng(0).integers(3, size=(200, 20)), car.start_states(20, seed=0))
    assert_whole(visit_density(drives.visited))
    assert_whole(visit_density([[-0.5, 0.0]]))


def test_visits_can_be_a_panel():
    picture = Picture(figsize=(8, 4))
    left, right = picture.subplots(1, 2)
    assert visit_density(states(), left) is picture
    assert right.get_title(loc="left") == ""
