"""Visits are counted cell by cell, and the picture says how many cells were visited."""

from collections import Counter

import numpy as np
from looking import assert_whole, labels, title

from dqn_lib import mountain_car as car
from dqn_lib.plots.maps import visit_density
from dqn_lib.plots.style import DENSITY, Picture


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
    return picture.axes[0].collections[0]


def test_a_cell_shows_how_many_states_lie_in_it():
    for cells in (40, 7):
        drawn = mesh(visit_density(states(), cells=cells)).get_array()
        np.testing.assert_array_equal(drawn.filled(0), counted(states(), cells))
    assert drawn.max() >= 50


def test_the_cells_cover_the_phase_plane_with_positions_along_x():
    corners = mesh(visit_density(states(), cells=10)).get_coordinates()
    np.testing.assert_allclose(corners[0, :, 0], np.linspace(-1.2, 0.6, 11))
    np.testing.assert_allclose(corners[:, 0, 1], np.linspace(-0.07, 0.07, 11))


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


def test_colours_are_logarithmic_and_end_at_the_fullest_cell_or_where_told():
    image = mesh(visit_density(states()))
    assert image.get_cmap().name == DENSITY
    assert image.get_clim() == (1, counted(states(), 40).max())
    np.testing.assert_allclose(image.norm([1, np.sqrt(image.get_clim()[1])]), [0, 0.5])
    assert mesh(visit_density(states(), most=1e5)).get_clim() == (1, 1e5)
    assert mesh(visit_density([[-0.5, 0.0]])).get_clim() == (
        1,
        2,
    )  # one visit everywhere is a scale of its own


def test_the_picture_is_whole():
    drives = car.simulate(np.random.default_rng(0).integers(3, size=(200, 20)), car.start_states(20, seed=0))
    assert_whole(visit_density(drives.visited))
    assert_whole(visit_density([[-0.5, 0.0]]))


def test_it_can_be_one_panel_of_another_figure():
    picture = Picture(figsize=(8, 4))
    left, right = picture.subplots(1, 2)
    assert visit_density(states(), left) is picture
    assert right.get_title(loc="left") == ""
