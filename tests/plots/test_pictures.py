"""Pictures say what the data say, carry a text, and never touch pyplot."""

import base64
import pkgutil
import subprocess
import sys

import numpy as np
import pytest
from looking import assert_beside_the_data, assert_whole, labels, title

from dqn_lib import mountain_car, plots
from dqn_lib.mountain_car import OPTIMAL_CHECK_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.plots.comparisons import steps_by_start
from dqn_lib.plots.curves import learning_curve
from dqn_lib.plots.maps import (
    compare_policies,
    compare_values,
    grid,
    phase_plane,
    policy_map,
    value_and_policy,
    value_map,
)
from dqn_lib.plots.style import Picture, number
from dqn_lib.training import Check, Episode, TrainingLog

pytestmark = pytest.mark.slow


def with_the_motion(states):
    """Q-values that prefer pushing the way the car moves, most of all when it is far to the right."""
    position, velocity = np.moveaxis(np.asarray(states, dtype=float), -1, 0)
    return np.stack([np.where(velocity < 0, 1, 0), np.full_like(velocity, -9), velocity >= 0], axis=-1) + (
        10 * position[..., None] - 20
    )


def a_log():
    episodes = [Episode(n, 200 * n, 200, -200.0, False, 1.0, None) for n in range(1, 11)]
    checks = [
        Check(step, np.full(100, mean), None, "MountainCar-v0")
        for step, mean in ((0, -200.0), (1_000, -105.0))
    ]
    return TrainingLog(episodes, checks)


def test_the_learning_curve_draws_every_episode_every_check_and_the_ruler():
    ax = learning_curve(a_log()).axes[0]
    dots = ax.collections[0].get_offsets()
    np.testing.assert_array_equal(dots, [[200 * n, -200] for n in range(1, 11)])
    curve = next(line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_marker() == "o")
    np.testing.assert_array_equal(curve.get_ydata(), [-200, -105])
    levels = {line.get_ydata()[0] for line in ax.lines if line is not curve}
    assert levels == {RANDOM_RETURN, SOLVED_RETURN, OPTIMAL_CHECK_RETURN}


@pytest.mark.parametrize(
    ("checks", "finding"),
    [
        (2, "Solved after 1,000 steps; best check −105.0"),
        (1, "Not solved yet: best check −200.0"),
        (0, "Nothing"),
    ],
)
def test_the_learning_curve_states_its_finding(checks, finding):
    log = a_log()
    log.checks = log.checks[:checks]
    assert learning_curve(log).axes[0].get_title(loc="left").startswith(finding)


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
    assert [title(ax) for ax in (left, right)] == ["Exact: what each state is worth", "The greedy action"]
    assert labels(left) == ("position", "velocity (per step)")
    assert right.get_xlabel() == "position"
    assert bar.get_ylabel() == "value (discounted return to come)"
    assert "from -31 to -13. Exact: what each state is worth." in picture.alt
    assert "push left in 50%, coast in 0%, push right in 50% of the plane" in picture.alt


def test_the_phase_plane_draws_the_trajectories_it_was_given():
    states = np.array([[-0.5, 0.0], [-0.49, 0.01], [-0.47, 0.02]])
    lines = phase_plane([states]).axes[0].lines
    assert any(np.array_equal(np.transpose(line.get_data()), states) for line in lines)


def test_steps_by_start_names_the_gap():
    starts = mountain_car.start_states(50, seed=0)
    picture = steps_by_start(np.full(50, -120.0), np.full(50, -100.5), starts)
    assert (
        picture.axes[0].get_title(loc="left")
        == "On average the learned car takes 19.5 steps more than the best one"
    )


@pytest.mark.parametrize(
    "draw",
    [
        lambda: learning_curve(a_log()),
        lambda: value_map(with_the_motion),
        lambda: policy_map(with_the_motion),
        lambda: phase_plane([np.zeros((3, 2))]),
        lambda: compare_values(with_the_motion, with_the_motion),
        lambda: compare_policies(with_the_motion, with_the_motion),
        lambda: value_and_policy(with_the_motion, title="epsilon 0.30, gamma 0.90, alpha 0.20"),
        lambda: steps_by_start(np.full(5, -100.0), np.full(5, -98.0), mountain_car.start_states(5, seed=0)),
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
        lambda: learning_curve(a_log()),
        lambda: policy_map(with_the_motion),
        lambda: value_and_policy(with_the_motion, title="A title"),
        lambda: steps_by_start(np.full(5, -100.0), np.full(5, -98.0), mountain_car.start_states(5, seed=0)),
    ],
)
def test_a_legend_lies_beside_the_data(draw):
    assert_beside_the_data(draw())


def test_the_text_of_a_picture_cannot_break_the_page():
    picture = Picture(figsize=(1, 1))
    picture.alt = 'a "quote" <script>'
    assert "<script>" not in picture._repr_html_()


def test_a_plot_can_be_one_panel_of_another_figure():
    picture = Picture(figsize=(8, 4))
    left, right = picture.subplots(1, 2)
    assert value_map(with_the_motion, left) is picture
    assert policy_map(with_the_motion, right) is picture
    assert "values" in picture.alt
    assert "greedy" in picture.alt


def test_numbers_have_a_real_minus_sign():
    assert number(-97.6) == "−97.6"
    assert number(-1234.5, 1) == "−1,234.5"


def test_pyplot_is_never_loaded():
    modules = ", ".join(f"dqn_lib.plots.{module.name}" for module in pkgutil.iter_modules(plots.__path__))
    assert "dqn_lib.plots.curves" in modules
    code = f"import sys, {modules}; print('matplotlib.pyplot' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
