"""The growing learning curve: what it shows of a log, and that every turn of a knob can be read."""

import numpy as np
import pytest
from looking import assert_legible, drawn_texts
from matplotlib.colors import to_rgb

from dqn_lib.plots.live_curve import DOTS, LENGTHS, LOW, MARKS, TALL, LiveCurve, named, worded
from dqn_lib.plots.style import LEARNED
from dqn_lib.training import Change, Check, Episode, TrainingLog

pytestmark = pytest.mark.slow

SETTINGS = [
    {"epsilon": 0.1},
    {"gamma": 0.985},
    {"learning_rate": 1e-5},
    {"tau": 1e-4},
    {"hold": 12},
    {"target_period": 10_000},
    {"target_update": "none"},
    {"epsilon": None},
]


def a_log(changes=(), *, episodes=0, means=(-200.0,)):
    """An episode every 100 steps, a check every 500."""
    ended = [Episode(n, 100 * n, 100, -100.0 - n % 100, True, 0.1, None) for n in range(1, episodes + 1)]
    checks = [Check(500 * n, np.array([mean]), None) for n, mean in enumerate(means)]
    return TrainingLog(ended, checks, [Change(step, settings) for step, settings in changes])


def names_of(curve):
    return [text.get_text() for text in curve.names if text.get_text()]


def places_of(curve):
    return [text.get_position()[0] for text in curve.names if text.get_text()]


# --- the names of the turns -------------------------------------------------------------------------


def test_a_knob_that_was_dragged_gets_one_name_where_it_came_to_rest():
    changes = [Change(step, {"epsilon": step / 1_000}) for step in (100, 150, 200, 400)]
    assert named(changes, near=60) == [(200, "epsilon 0.2"), (400, "epsilon 0.4")]
    assert named(changes, near=0) == [(step, f"epsilon {step / 1_000:g}") for step in (100, 150, 200, 400)]
    assert named([], near=60) == []


def test_different_knobs_get_a_name_each_also_when_they_are_turned_by_turns():
    together = [Change(7, {"learning_rate": 0.5, "hold": 4})]
    assert named(together, near=60) == [(7, "learning rate 0.5"), (7, "hold 4")]
    by_turns = [Change(7, setting) for setting in ({"tau": 0.1}, {"hold": 2}, {"tau": 0.2}, {"hold": 8})]
    assert named(by_turns, near=60) == [(7, "tau 0.2"), (7, "hold 8")]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "schedule"),
        ("none", "every step"),
        ("soft", "soft"),
        (1e-05, "0.00001"),
        (0.1 + 0.2, "0.3"),
        (0.9995, "0.9995"),
        (1.0, "1"),
        (np.float32(0.1), "0.1"),
        (1, "1"),
        (np.int64(10_000), "10,000"),
    ],
)
def test_a_value_is_written_for_people(value, words):
    assert worded(value) == words


def test_each_turn_is_a_line_across_the_picture_at_its_step_with_its_name():
    curve = LiveCurve()
    curve.update(a_log([(2_000, {"epsilon": 0.2}), (4_000, {"epsilon": None})]), 5_000)
    steps, heights = curve.turns.get_data()
    np.testing.assert_array_equal(steps, [2_000, 2_000, np.nan, 4_000, 4_000, np.nan])
    assert {*heights[[0, 3]], *heights[[1, 4]]} == set(curve.ax.get_ylim())
    assert names_of(curve) == ["epsilon 0.2", "epsilon by schedule"]
    assert places_of(curve) == pytest.approx([2_000, 4_000])


def test_of_many_turns_all_are_marked_and_the_latest_are_named():
    curve = LiveCurve()
    curve.update(a_log([(400 * n, {"hold": n}) for n in range(1, 11)]), 5_000)
    assert np.isfinite(curve.turns.get_xdata()).sum() == 20
    assert names_of(curve) == [f"hold {n}" for n in range(11 - MARKS, 11)]


def test_names_keep_their_order_and_room_and_stay_on_the_axis_wherever_knobs_are_turned():
    curve, rng = LiveCurve(), np.random.default_rng(3)
    for _ in range(200):
        middle, spread = rng.integers(0, 6_000), rng.choice([0, 20, 500, 6_000])
        steps = np.sort(np.clip(middle + rng.integers(-spread, spread + 1, rng.integers(1, 9)), 0, 6_000))
        log = a_log((int(step), {f"knob_{n}": n}) for n, step in enumerate(steps))
        curve.update(log, 6_000)
        shares = np.array(places_of(curve)) / 6_000
        assert names_of(curve) == [f"knob {n} {n}" for n in range(len(steps))]
        assert shares[0] > 0.025 and shares[-1] < 1 + 1e-9
        assert len(shares) == 1 or np.diff(shares).min() > 0.025
        if np.diff(steps).min(initial=6_000) > 0.03 * 6_000 and steps[0] > 0.03 * 6_000:
            np.testing.assert_allclose(shares, steps / 6_000)


# --- the run ----------------------------------------------------------------------------------------


def test_checks_are_joined_and_the_last_one_stands_out():
    curve, means = LiveCurve(), [-200.0, -150.0, -105.0]
    curve.update(a_log(means=means), 1_234)
    np.testing.assert_array_equal(curve.line.get_data(), [[0, 500, 1_000], means])
    np.testing.assert_array_equal(curve.last.get_data(), [[1_000], [-105.0]])
    assert "after 1,234 steps and 0 episodes" in curve.figure.alt
    assert "-105.0" in curve.figure.alt and "Solved at step 1,000" in curve.figure.alt
    curve.update(a_log(means=means[:2]), 1_234)
    assert "Not solved yet" in curve.figure.alt


@pytest.mark.parametrize("episodes", [0, 1, DOTS - 1, DOTS, 12_345])
def test_episodes_are_dots_and_of_very_many_only_some_are_drawn(episodes):
    curve, log = LiveCurve(), a_log(episodes=episodes)
    curve.update(log, 100 * episodes)
    drawn = list(zip(*curve.dots.get_data(), strict=True))
    lived = [(e.step, e.total_reward) for e in log.episodes]
    assert set(drawn) <= set(lived) and len(drawn) <= DOTS
    assert len(drawn) == episodes if episodes < DOTS else len(drawn) > DOTS // 3
    if episodes > DOTS:
        assert np.ptp([step for step, _ in drawn]) > 0.98 * 100 * episodes


def test_the_axis_grows_in_steps_so_that_the_still_part_is_seldom_drawn():
    curve, lengths = LiveCurve(), []
    for step in range(0, 300_001, 500):
        curve.update(a_log(), step)
        low, high = curve.ax.get_xlim()
        assert low == 0 and step <= high
        lengths.append(high)
    assert tuple(sorted(set(lengths))) == (*LENGTHS, 200_000, 300_000)
    curve.update(a_log(), 0)
    assert curve.ax.get_xlim() == (0, LENGTHS[0])


def test_after_a_reset_nothing_of_the_old_run_is_left():
    new, used = LiveCurve(), LiveCurve()
    used.update(a_log([(9_000, {"hold": 3})], episodes=200, means=[-200, -120, -100]), 20_000)
    for curve in (new, used):
        curve.update(a_log(), 0)
        for artist in (curve.turns, curve.dots):
            assert len(artist.get_xdata()) == 0
        assert names_of(curve) == []
    assert used.ax.get_xlim() == new.ax.get_xlim()
    np.testing.assert_array_equal(used.line.get_data(), new.line.get_data())
    assert used.figure.alt == new.figure.alt


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_a_check_without_a_number_leaves_a_gap(bad):
    curve = LiveCurve()
    curve.update(a_log(means=[-200.0, bad, -150.0]), 1_200)
    assert curve.png().startswith(b"\x89PNG")
    assert "-150.0" in curve.figure.alt


# --- the look ---------------------------------------------------------------------------------------

PAUSED = [(3_000, settings) for settings in SETTINGS[:7]]
CASES = {
    "nothing yet": (a_log(), 0),
    "a usual run": (
        a_log([(4_000, SETTINGS[0]), (15_000, SETTINGS[2]), (18_000, SETTINGS[7])], episodes=200), 20_000,
    ),
    "all knobs before the start": (a_log([(0, {k: v for s in SETTINGS[:7] for k, v in s.items()})]), 900),
    "all knobs in one pause": (a_log(PAUSED, episodes=30), 5_000),
    "at the left edge": (a_log([(n, settings) for n, settings in enumerate(SETTINGS)]), 100),
    "at the right edge": (a_log([(99_000 + n, settings) for n, settings in enumerate(SETTINGS)]), 100_000),
}  # fmt: skip


@pytest.mark.parametrize("height", [LOW, TALL])
@pytest.mark.parametrize("case", CASES)
def test_all_of_it_can_be_read(case, height):
    curve, (log, step) = LiveCurve(height), CASES[case]
    curve.update(log, step)
    with drawn_texts() as texts:
        curve.frame()
    assert_legible(texts, *curve.figure.bbox.size)
    top = curve.ax.get_window_extent().y1
    turned = [(text, box) for text, box in texts if text in names_of(curve)]
    assert len(turned) == len(names_of(curve))
    assert all(box.y1 < top for _, box in turned), "a name leaves the axes"


def test_no_name_hides_the_curve():
    def pixels_of_the_line(changes):
        curve = LiveCurve()
        curve.update(a_log(changes, means=np.linspace(-200, -140, 11)), 5_000)
        distance = np.abs(curve.frame()[..., :3] - 255 * np.array(to_rgb(LEARNED))).sum(axis=-1)
        return (distance < 30).sum()

    assert pixels_of_the_line(PAUSED) > 0.97 * pixels_of_the_line([]) > 0


@pytest.mark.parametrize("height", [LOW, TALL])
def test_the_wildest_run_is_no_large_file(height):
    rng, curve = np.random.default_rng(0), LiveCurve(height)
    changes = [(2_500 * n, {"learning_rate": 3e-4 * (n + 1)}) for n in range(40)]
    curve.update(a_log(changes, means=rng.uniform(-200, -90, 201), episodes=500), 100_000)
    assert len(curve.png()) <= 120_000
