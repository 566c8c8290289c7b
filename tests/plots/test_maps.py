"""Maps show the values, actions and visits of each state, with positions along x and velocities along y."""

import numpy as np
import pytest
from looking import assert_whole, labels, title

from dqn_lib import mountain_car as car
from dqn_lib import plots
from dqn_lib.plots.maps import EXTENT, grid
from dqn_lib.plots.style import DENSITY, Picture

VALUE = "value (discounted return to come)"


def with_the_motion(states):
    """Q-values that prefer pushing the way the car moves, and rise to the right."""
    position, velocity = np.moveaxis(np.asarray(states, dtype=float), -1, 0)
    push = np.stack([velocity < 0, np.full_like(velocity, -9), velocity >= 0], axis=-1)
    return push + 10 * position[..., None] - 20


def shown(ax):
    """What the map on the axes shows, from the slowest to the fastest velocity."""
    (image,) = ax.images
    assert (
        (image.origin, tuple(image.get_extent())) == ("lower", EXTENT) == ("lower", (-1.2, 0.6, -0.07, 0.07))
    )
    assert labels(ax) in (("position", "velocity (per step)"), ("position", ""))
    return image.get_array()


def test_values_and_actions_side_by_side():
    picture = plots.value_and_policy(with_the_motion, title="What each state is worth", limits=(-50, -10))
    left, right, bar = picture.axes
    np.testing.assert_allclose(shown(left), with_the_motion(grid()).max(axis=-1))
    assert shown(left)[0, -1] > shown(left)[0, 0]  # further right is better in this example
    np.testing.assert_array_equal(shown(right), with_the_motion(grid()).argmax(axis=-1))
    assert left.images[0].get_clim() == (-50, -10)
    assert [title(ax) for ax in (left, right)] == ["What each state is worth", "Greedy policy"]
    assert bar.get_ylabel() == VALUE
    assert "from -31 to -13. What each state is worth." in picture.alt
    assert "push left in 50%, coast in 0%, push right in 50% of the plane" in picture.alt
    assert_whole(picture)


def test_maps_can_be_panels_of_another_picture():
    picture = Picture(figsize=(13, 4), layout="constrained")
    left, middle, right = picture.subplots(1, 3)
    plots.value_map(with_the_motion, left)
    plots.policy_map(lambda states: np.zeros((*states.shape[:-1], 3)), middle)
    assert plots.visit_density([[-0.5, 0.0]], right) is picture
    assert "values" in picture.alt and "all the same in 100%" in picture.alt and "Visits" in picture.alt
    np.testing.assert_allclose(shown(left), with_the_motion(grid()).max(axis=-1))
    assert left.images[0].get_clim() == pytest.approx((-31, -13))
    assert (shown(middle) == 3).all()  # no action is better than another
    assert right.images[0].get_clim() == (1, 2)  # one visit at most is a scale too


def three_times(values):
    return np.stack([values] * 3, axis=-1)


def test_the_map_of_something_else_than_values_says_what_it_shows():
    unit = plots.value_map(
        lambda states: three_times(states[..., 0] + 1.2), limits=(0, 2), label="output of the unit"
    )
    assert unit.axes[1].get_ylabel() == "output of the unit"
    assert unit.alt.startswith("Map of output of the unit over position and velocity")
    assert_whole(unit)


@pytest.mark.parametrize(("largest", "ends"), [(15.0, 15.0), (None, 2.5)])
def test_the_comparison_shows_learned_minus_exact_and_the_colours_can_be_fixed(largest, ends):
    picture = plots.compare_values(lambda s: with_the_motion(s) + 2.5, with_the_motion, largest_error=largest)
    learned, exact, errors = (ax for ax in picture.axes if ax.images)
    assert [title(ax) for ax in (learned, exact, errors)] == ["Learned", "Exact", "Learned minus exact"]
    np.testing.assert_allclose(shown(errors), 2.5)
    np.testing.assert_allclose(shown(learned) - shown(exact), 2.5)
    assert learned.images[0].get_clim() == exact.images[0].get_clim()
    assert errors.images[0].get_clim() == pytest.approx((-ends, ends))
    assert picture.axes[-1].get_ylabel() == "error of the value (2.5 on average)"
    assert "on average off by 2.5" in picture.alt
    assert_whole(picture)


def test_two_policies_side_by_side():
    picture = plots.compare_policies(lambda states: -with_the_motion(states), with_the_motion)
    learned, exact = picture.axes
    assert [title(ax) for ax in picture.axes] == ["Learned", "Exact"]
    assert set(np.unique(shown(learned))) == {1}
    np.testing.assert_array_equal(shown(exact), with_the_motion(grid()).argmax(axis=-1))
    assert_whole(picture)


def test_the_phase_plane_draws_the_trajectories_it_was_given():
    trajectory = np.array([[-0.5, 0.0], [-0.49, 0.01], [-0.47, 0.02]])
    picture = plots.phase_plane([trajectory])
    assert any(np.array_equal(line.get_xydata(), trajectory) for line in picture.axes[0].lines)
    assert_whole(picture, legend_on_the_axes=True)


# --- visits ---------------------------------------------------------------------------------------------

SPREAD = np.random.default_rng(0).uniform([-1.2, -0.07], [0.0, 0.03], size=(3_000, 2))
STATES = np.concatenate([SPREAD, np.tile([0.31, 0.045], (50, 1))])  # and a pile in one place on the right


def counted(cells):
    """Counts `(velocity, position)`, one state at a time."""
    counts = np.zeros((cells, cells))
    for position, velocity in STATES:
        counts[int((velocity + 0.07) / 0.14 * cells), int((position + 1.2) / 1.8 * cells)] += 1
    return counts


@pytest.mark.parametrize("cells", [40, 7])
def test_a_cell_shows_how_many_states_lie_in_it_and_stays_white_if_none_does(cells):
    picture = plots.visit_density(STATES, cells=cells)
    plane, bar = picture.axes
    np.testing.assert_array_equal(shown(plane).filled(0), counted(cells))
    np.testing.assert_array_equal(np.ma.getmaskarray(shown(plane)), counted(cells) == 0)
    share = f"{100 * np.mean(counted(cells) > 0):.0f}% of"
    assert title(plane) == f"{share} the cells were ever visited"
    assert f"3,050 states, {share} {cells} x {cells} cells" in picture.alt
    assert bar.get_ylabel() == "visits to the cell"
    assert_whole(picture)


def test_the_sides_of_the_box_belong_to_it_as_gymnasium_rounds_them_too():
    corners = np.array([[position, velocity] for position in (-1.2, 0.6) for velocity in (-0.07, 0.07)])
    for states in (corners, corners.astype(np.float32)):
        drawn = shown(plots.visit_density(states, cells=5).axes[0]).filled(0)
        assert drawn.sum() == 4
        assert (drawn[[0, 0, -1, -1], [0, -1, 0, -1]] == 1).all()


def test_a_given_title_replaces_the_finding_but_not_the_text():
    picture = plots.visit_density(STATES, cells=10, title="The last 3,050 transitions")
    assert title(picture.axes[0]) == "The last 3,050 transitions"
    assert "of 10 x 10 cells. The last 3,050 transitions." in picture.alt


def test_colours_are_logarithmic_and_end_at_the_fullest_cell_or_at_vmax():
    (image,) = plots.visit_density(STATES).axes[0].images
    assert image.get_cmap().name == DENSITY
    assert image.get_clim() == (1, counted(40).max())
    np.testing.assert_allclose(image.norm([1, np.sqrt(counted(40).max())]), [0, 0.5])
    assert plots.visit_density(STATES, vmax=1e5).axes[0].images[0].get_clim() == (1, 1e5)


def test_the_visits_of_whole_drives_are_whole():
    drives = car.simulate(np.random.default_rng(0).integers(3, size=(200, 20)), car.start_states(20, seed=0))
    assert_whole(plots.visit_density(drives.visited))
