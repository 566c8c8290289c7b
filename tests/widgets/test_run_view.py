"""Snapshots of a run: every number is the agent's, and all of them are small."""

import json
import math
import warnings
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
from receiving import unpacked
from waiting import threads, until

from dqn_lib import mountain_car as car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.plots.maps import EXTENT, grid
from dqn_lib.training import Change, Check, Episode, TrainingLog
from dqn_lib.widgets import run_view
from dqn_lib.widgets.assets import ABOVE, BLANK, SHADES
from dqn_lib.widgets.live import LiveRun
from dqn_lib.widgets.run_view import (
    CELLS,
    FRAMES_PER_SECOND,
    MAX_CHECKS,
    MAX_DRIVE,
    MAX_EPISODES,
    MAX_FAILURE,
    SLOW_MOTION,
    START,
    VIEWS,
    RunView,
    change_marks,
    curve_snapshot,
    map_snapshot,
    visit_shades,
)

pytestmark = pytest.mark.slow

SMALL = DQNConfig(hidden=(8,), memory_size=300, learning_starts=32, batch_size=8, learn_every=4, updates=2)
FOR_A_TABLE = ("curve", "values", "policy", "car")
STATES = grid(24, 20)
RIGHT = STATES[..., 0] > 0
USUAL = np.stack([-60 - 500 * STATES[..., 1], -61 + 0 * RIGHT, -60 + 500 * STATES[..., 1]], axis=-1)
MINUS = "\N{MINUS SIGN}"


def everywhere(*values):
    """The same Q-values in every state."""
    return np.broadcast_to(np.array(values, float), (*STATES.shape[:2], 3))


def a_run(agent=None, length=40):
    env = car.make(max_episode_steps=length)
    return LiveRun(env, agent or QTableAgent(env, TableConfig(cells=9), seed=2), every=80)


def live(run, episodes=3):
    for _ in range(episodes):
        run.train(one_episode=True)
        until(lambda: not threads())
    assert run.problem is None
    return run


@pytest.fixture(scope="module")
def network():
    """A run of a small DQN that has learnt a little."""
    return live(a_run(DQNAgent(car.make(), SMALL, seed=1, xla=False)))


@pytest.fixture
def clock(monkeypatch):
    """The time, which passes only when a test says so."""
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(run_view, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def going_on(monkeypatch):
    """Runs say that they go on."""
    monkeypatch.setattr(LiveRun, "running", True)


# --- the maps ---------------------------------------------------------------------------------------


def shade(value, depth):
    """The shade of one value, in plain numbers."""
    if not math.isfinite(value):
        return BLANK
    return ABOVE if value > 0 else round((1 - max(value, depth) / depth) * (SHADES - 1))


def colour(q):
    """The byte of the policy for the Q-values of one state, in plain numbers."""
    if not all(map(math.isfinite, q)):
        return BLANK
    return 3 if max(q) - min(q) < 1e-6 else [*q].index(max(q))


def assert_shows(snapshot, q, columns, rows, place):
    """Cell by cell, both maps show what `q` has for the state at `place(row, column)`."""
    depth, values, policy = snapshot["limits"][0], unpacked(snapshot["values"]), unpacked(snapshot["policy"])
    assert values.shape == policy.shape == (rows, columns)
    answers = {(r, c): q(np.array(place(r, c))).tolist() for r in range(rows) for c in range(columns)}
    assert [one for one, answer in answers.items() if policy[one] != colour(answer)] == []
    assert [one for one, answer in answers.items() if values[one] != shade(max(answer), depth)] == []
    assert snapshot["span"] == pytest.approx([f(map(max, answers.values())) for f in (min, max)])


def test_each_cell_of_a_table_has_the_shade_of_its_value_and_the_byte_of_its_action():
    view = RunView(a_run(), FOR_A_TABLE)
    table, rng = view.run.agent.table.values, np.random.default_rng(1)
    table[:] = rng.uniform(-90, 1, table.shape)
    table[2, 5] = -3.0
    snapshot = view.snapshot()
    assert snapshot["limits"] == [-100, 0]
    assert unpacked(snapshot["policy"])[5, 2] == 3, "a row is a velocity, a column a position"
    assert ABOVE in unpacked(snapshot["values"])
    width, height = 1.8 / 9, 0.14 / 9

    def middle(row, column):
        return -1.2 + (column + 0.5) * width, -0.07 + (row + 0.5) * height

    assert_shows(snapshot, view.run.agent.q, 9, 9, middle)


def test_a_network_is_shown_at_the_points_of_a_grid_from_edge_to_edge(network, monkeypatch):
    agent = network.agent
    louder = type(agent.q).from_flat(agent.q.to_flat() * 12, agent.sizes)  # some above 0, some far below
    monkeypatch.setattr(agent, "q", louder)
    snapshot = RunView(network, VIEWS).snapshot()
    assert len({*unpacked(snapshot["values"]).ravel()}) > 20
    assert ABOVE in unpacked(snapshot["values"])

    def corner(row, column):
        return -1.2 + 1.8 * column / 47, -0.07 + 0.14 * row / 37

    assert_shows(snapshot, louder, 48, 38, corner)


def test_maps_in_numbers_and_words():
    snapshot = map_snapshot(USUAL)
    assert_shows(snapshot, lambda at: USUAL[*at], 24, 20, lambda r, c: (r, c))
    assert snapshot["span"] == [USUAL.max(axis=-1).min(), -25.0]
    assert snapshot["shares"] == "push left in 50%, push right in 50%"
    assert "diverged" not in snapshot
    snapshot = map_snapshot(np.where(RIGHT[..., np.newaxis], 0.0, USUAL))
    np.testing.assert_array_equal(unpacked(snapshot["policy"]) == 3, RIGHT)
    assert snapshot["shares"] == "push left in 33%, push right in 33%, all the same in 33%"


@pytest.mark.parametrize(
    ("value", "depth"),
    [
        (0, -100), (1e-9, -100), (-100, -100), (-100.5, -200), (-1_001, -10_000), (-9e9, -10_000),
    ],
)  # fmt: skip
def test_the_colours_reach_as_low_as_the_values_and_no_lower(value, depth):
    snapshot = map_snapshot(everywhere(value - 1, value, value - 1))
    assert snapshot["limits"] == [depth, 0]
    assert {*unpacked(snapshot["values"]).ravel().tolist()} == {shade(value, depth)}


DIVERGED = {
    "nowhere a number": everywhere(np.nan, np.nan, np.nan),
    "one action with endless debts": everywhere(-1, -np.inf, -2),
    "a part without numbers": np.where(RIGHT[..., np.newaxis], np.nan, USUAL),
    "infinite both ways": np.where(RIGHT[..., np.newaxis], np.inf, -np.inf) + 0 * USUAL,
}


@pytest.mark.parametrize("q", DIVERGED.values(), ids=DIVERGED)
def test_without_finite_numbers_both_maps_are_blank_and_say_so(q):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        snapshot = map_snapshot(q.astype(np.float32))
    gone, usual = ~np.isfinite(q).all(axis=-1), map_snapshot(USUAL)
    for name in ("values", "policy"):
        shown = unpacked(snapshot[name])
        np.testing.assert_array_equal(shown == BLANK, gone)
        np.testing.assert_array_equal(shown[~gone], unpacked(usual[name])[~gone])
    assert snapshot["diverged"] == "diverged: blank where a value is no longer a number"
    assert snapshot["shares"].endswith(f"diverged in {gone.mean():.0%}")
    highest = 0 if gone.all() else -25
    assert snapshot["span"][1] == pytest.approx(highest) and math.isfinite(snapshot["span"][0])


@pytest.mark.parametrize("sign", [-1, 1])
def test_values_beyond_a_million_are_called_diverged(sign):
    assert "diverged" not in map_snapshot(everywhere(sign * 1e6, -3e6, -2e6))
    assert "diverged" in map_snapshot(everywhere(sign * 1.1e6, -3e6, -2e6))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        snapshot = map_snapshot((sign * 1e36 * USUAL).astype(np.float32))
    assert snapshot["diverged"] == "diverged: values beyond ±1,000,000"
    assert {*unpacked(snapshot["values"]).ravel().tolist()} == ({0} if sign > 0 else {ABOVE})
    assert BLANK not in unpacked(snapshot["policy"])


# --- the memory -------------------------------------------------------------------------------------


def visits(number):
    """The shade of a cell that so many remembered states lie in."""
    if not number:
        return BLANK
    return round(min(math.log10(number) / 3, 1) * (SHADES - 1))


def test_the_memory_is_counted_cell_by_cell_with_all_its_edges():
    starts = car.start_states(500, seed=1)
    corners = [[p, v] for p in EXTENT[:2] for v in EXTENT[2:]]
    states = np.concatenate([starts, corners, [[-1.2, 0.07]] * 99])
    expected = np.zeros((CELLS, CELLS), int)
    for position, velocity in states.tolist():
        row, column = int((velocity + 0.07) / 0.14 * CELLS), int((position + 1.2) / 1.8 * CELLS)
        expected[min(row, CELLS - 1), min(column, CELLS - 1)] += 1
    shades = visit_shades(states.astype(np.float32))  # in singles, 0.07 is a little more
    assert expected.sum() == 603 and expected[-1, 0] == 100, "top left is fast, far left"
    np.testing.assert_array_equal(shades, np.vectorize(visits)(expected))


@pytest.mark.parametrize("number", [0, 1, 999, 50_000])
def test_the_more_visits_the_brighter_up_to_a_thousand(number):
    shades = visit_shades(np.broadcast_to(np.float32([-0.5, 0.01]), (number, 2)))
    assert sorted(shades.ravel().tolist()) == [visits(number)] + [BLANK] * (CELLS**2 - 1)


def test_the_memory_is_shown_as_far_as_it_is_filled(network, monkeypatch):
    memory = network.agent.memory
    assert len(memory) == 120 < memory.capacity
    monkeypatch.setattr(memory, "terminated", np.arange(memory.capacity) % 50 == 7)  # also beyond the 120
    snapshot = RunView(network, ("memory",)).snapshot()
    assert (snapshot["stored"], snapshot["flags"]) == (120, 3)
    np.testing.assert_array_equal(unpacked(snapshot["memory"]), visit_shades(memory.states[:120]))


def test_a_memory_that_grows_forgets_or_begins_again_is_counted_as_if_it_were_new(network):
    agent, view, rng = network.agent, RunView(network, ("memory",)), np.random.default_rng(0)
    capacity = agent.memory.capacity
    for number in (0, 30, capacity - 100, 77, capacity, 2 * capacity, 3, "restart", 40):
        if number == "restart":
            agent.restart()
        else:
            for state in rng.uniform(car.STATE_LOW, car.STATE_HIGH, size=(number, 2)):
                agent.memory.add(state, 0, -1.0, state, terminated=False, truncated=False)
        held = agent.memory.states[: len(agent.memory)]
        np.testing.assert_array_equal(unpacked(view.snapshot()["memory"]), visit_shades(held))


# --- the curve --------------------------------------------------------------------------------------


def a_log(changes=(), *, episodes=0, means=(-200.0,)):
    """An episode every 100 steps, a check every 500."""
    ended = [Episode(n, 100 * n, 100, -100.0 - n % 100, True, 0.1, None) for n in range(1, episodes + 1)]
    checks = [Check(500 * n, np.array([mean]), None) for n, mean in enumerate(means)]
    return TrainingLog(ended, checks, [Change(step, settings) for step, settings in changes])


def test_the_counter_the_points_of_the_curve_and_the_drive_are_those_of_the_run():
    run = live(a_run())
    run.change(gamma=0.5, epsilon=0.25)
    run.log.checks += [Check(100, np.array([-30.0, -31.0]), None), Check(110, np.array([-39.0]), None)]
    snapshot = RunView(run, ("curve", "car")).snapshot()
    counter = {name: snapshot[name] for name in ALWAYS}
    assert counter == {"step": 120, "episodes": 3, "epsilon": 0.25, "best": -30.5}
    assert unpacked(snapshot["returns"]).tolist() == [[40, -40], [80, -40], [120, -40]]
    assert unpacked(snapshot["checks"]).tolist() == [[0, -40], [80, -40], [100, -30.5], [110, -39]]
    assert snapshot["changes"] == [[120, "gamma 0.5"], [120, "epsilon 0.25"]]
    assert snapshot["drive"]["words"].endswith("the time limit after 40")


def test_the_curve_in_words():
    log = a_log([(700, {"hold": 3}), (1_200, {"tau": 1.0})], episodes=12, means=[-200.0, -150.0, -105.0])
    assert curve_snapshot(log, 1_234)["alt"] == (
        f"Learning curve after 1,234 steps and 12 episodes. The greedy policy's mean return is {MINUS}105.0. "
        f"Random policy -200, solved -110, best policy (same starts) {car.OPTIMAL_CHECK_RETURN:g}. "
        "Solved at step 1,000. 2 changes of settings."
    )
    snapshot = curve_snapshot(a_log(), 0)  # has not begun
    assert (snapshot["returns"]["shape"], snapshot["changes"]) == ([0, 2], [])
    assert unpacked(snapshot["checks"]).tolist() == [[0, -200]]
    assert "Not solved yet." in snapshot["alt"]


def lasting(most):
    return [1, most - 1, most, 2 * most - 1, 10 * most + 3]


@pytest.mark.parametrize("number", lasting(MAX_EPISODES))
def test_of_very_many_episodes_only_some_are_sent_from_all_of_the_run(number):
    log = a_log(episodes=number)
    sent = unpacked(curve_snapshot(log, 100 * number)["returns"])
    steps = sent[:, 0].astype(int)
    assert sent[:, 1].tolist() == [log.episodes[step // 100 - 1].total_reward for step in steps]
    assert len(sent) == number if number < MAX_EPISODES else MAX_EPISODES / 3 < len(sent) <= MAX_EPISODES
    assert len({*np.diff(steps)}) <= 1, "none is left out here and there"
    assert steps[0] == 100 and steps[-1] > 0.98 * 100 * number


@pytest.mark.parametrize("number", lasting(MAX_CHECKS))
def test_of_very_many_checks_only_some_are_sent_and_the_last_one_always(number):
    means = -200.0 + 80 * np.random.default_rng(0).random(number)
    sent = unpacked(curve_snapshot(a_log(means=means), 500 * number)["checks"])
    steps = sent[:, 0].astype(int)
    np.testing.assert_array_equal(sent[:, 1], means[steps // 500].astype(np.float32))
    assert len(sent) == number if number < MAX_CHECKS else MAX_CHECKS / 3 < len(sent) <= MAX_CHECKS + 1
    assert (steps[0], steps[-1]) == (0, 500 * (number - 1))
    assert (np.diff(steps) > 0).all() and len({*np.diff(steps[:-1])}) <= 1


def test_a_slider_that_was_dragged_gets_one_mark_for_its_last_position():
    changes = [Change(step, {"epsilon": step / 10_000}) for step in (1_000, 1_100, 1_400, 1_701, 2_001)]
    assert change_marks(changes) == [[1_400, "epsilon 0.14"], [2_001, "epsilon 0.2001"]]


def test_different_settings_get_a_mark_each_in_plain_words():
    by_turns = [Change(7, setting) for setting in ({"tau": 0.1}, {"hold": 2}, {"tau": 0.2}, {"hold": 8})]
    assert change_marks(by_turns) == [[7, "tau 0.2"], [7, "hold 8"]]
    turned = {"epsilon": None, "target_update": "every_step", "learning_rate": 1e-5, "target_period": 10_000}
    words = "epsilon by schedule, target update every step, learning rate 0.00001, target period 10,000"
    assert ", ".join(words for _, words in change_marks([Change(9, turned)])) == words


# --- the car ----------------------------------------------------------------------------------------


@pytest.fixture
def whole():
    """Looks at whole drives: with the time limit of 200 steps."""
    return RunView(a_run(length=200), FOR_A_TABLE)


def pushes_with_the_motion(agent):
    agent.table.values[..., :] = 0
    agent.table.values[:, :4, 0] = agent.table.values[:, 4:, 2] = 1  # left when it rolls left, else right


@pytest.mark.parametrize(("good", "ending"), [(True, "the flag"), (False, "the time limit")])
def test_the_greedy_car_drives_as_the_simulation_does(whole, good, ending):
    agent = whole.run.agent
    if good:
        pushes_with_the_motion(agent)
    drive = whole.snapshot()["drive"]
    simulated = car.simulate(agent.q.greedy, [START])
    length = int(simulated.lengths[0])
    assert (length < 200) == good
    np.testing.assert_allclose(unpacked(drive["positions"]), simulated.trajectory(0)[:, 0], rtol=1e-6)
    assert unpacked(drive["actions"]).tolist() == simulated.actions[:length, 0].tolist()
    assert len(unpacked(drive["positions"])) == length + 1
    assert drive["words"] == f"Greedy policy at step 0: {ending} after {length}"


def lived_a_step(view):
    view.run.agent.steps += 1
    return view.snapshot()["drive"]


def test_while_it_trains_a_drive_is_given_time_before_the_next_one_begins(whole, clock, going_on):
    first = whole.snapshot()["drive"]
    assert len(unpacked(first["actions"])) / FRAMES_PER_SECOND > MAX_DRIVE > MAX_FAILURE, "it is cut off"
    clock.now += MAX_FAILURE - 0.1  # it does not arrive: soon there is something better to see
    assert lived_a_step(whole) == first
    clock.now += 0.2
    pushes_with_the_motion(whole.run.agent)
    second = lived_a_step(whole)
    assert second["number"] > first["number"] and second["words"] != first["words"]
    clock.now += MAX_DRIVE - 0.2
    assert lived_a_step(whole) == second, "one that arrives is shown"


def test_a_drive_that_is_soon_over_rests_and_makes_room_for_the_next(whole, clock, going_on, monkeypatch):
    monkeypatch.setattr(run_view, "START", (0.3, 0.05))
    first = whole.snapshot()["drive"]
    lasts = len(unpacked(first["actions"])) / FRAMES_PER_SECOND
    assert "the flag" in first["words"] and lasts < 1
    clock.now += lasts + 0.4
    assert lived_a_step(whole) == first, "it rests at the end"
    clock.now += 0.2
    assert lived_a_step(whole)["number"] > first["number"]


def test_in_a_pause_the_drive_is_the_agents_own_and_begins_once(whole, clock):
    first = whole.snapshot()["drive"]
    whole.run.change(gamma=0.5)
    assert whole.snapshot()["drive"] == first, "a knob that is turned does not set the car back"
    pushes_with_the_motion(whole.run.agent)
    assert "the flag" in lived_a_step(whole)["words"]
    whole.run.reset()
    assert "Greedy policy at step 0: the time limit" in whole.snapshot()["drive"]["words"]


def test_in_slow_motion_the_car_is_the_one_that_learns_and_then_the_greedy_one_comes_at_once(
    whole, monkeypatch, clock
):
    run, before = whole.run, whole.snapshot()["drive"]["number"]
    monkeypatch.setattr(LiveRun, "running", True)
    for speed, state, action in ((5.0, [-0.7, 0.01], 2), (SLOW_MOTION, [-0.69, 0.01], 0)):
        run.set_speed(speed)
        run.latest = action, np.array(state, np.float32)
        snapshot = whole.snapshot()
        assert snapshot["training_car"] == pytest.approx([state[0], action])
        assert "drive" not in snapshot
    run.set_speed(SLOW_MOTION + 1)
    assert lived_a_step(whole)["number"] > before
    run.set_speed(5.0)
    monkeypatch.setattr(LiveRun, "running", False)
    snapshot = whole.snapshot()
    assert "Greedy" in snapshot["drive"]["words"] and "training_car" not in snapshot


# --- which ------------------------------------------------------------------------------------------

ALWAYS = {"step", "episodes", "epsilon", "best"}
PARTS = {
    "car": {"drive"},
    "curve": {"returns", "checks", "changes", "alt"},
    "values": {"values", "limits", "span", "policy", "shares"},
    "policy": {"values", "limits", "span", "policy", "shares"},
    "memory": {"memory", "stored", "flags"},
}


@pytest.mark.parametrize("show", [(), ("curve",), ("policy",), ["car", "memory"], VIEWS])
def test_a_snapshot_has_what_was_asked_for_and_nothing_else(network, show):
    assert RunView(network, show).snapshot().keys() == ALWAYS.union(*(PARTS[name] for name in show))


def test_what_is_not_shown_is_not_computed(network, monkeypatch):
    monkeypatch.setattr(car, "simulate", None)
    for name in ("q", "memory"):
        monkeypatch.setattr(network.agent, name, None)
    RunView(network, ("curve",)).snapshot()


def test_what_cannot_be_shown_is_refused():
    run = a_run()
    with pytest.raises(ValueError, match="show must be of car, curve, values, policy, memory, got 'loss'"):
        RunView(run, ("curve", "loss", "car"))
    with pytest.raises(ValueError, match="show must do without 'memory': a QTableAgent has none"):
        RunView(run, VIEWS)
    run.env = gym.make("CartPole-v1")
    with pytest.raises(ValueError, match=r"env must be MountainCar-v0.* a panel works for"):
        RunView(run, ("curve",))


# --- how much ---------------------------------------------------------------------------------------


def size(snapshot):
    """Bytes on the way to the page; fails if it is not what JSON can hold."""
    arrays = []
    words = json.dumps(snapshot, allow_nan=False, default=lambda array: arrays.append(array) or len(array))
    assert all(isinstance(array, bytes) for array in arrays)
    return len(words.encode()) + sum(map(len, arrays))


def test_a_snapshot_is_small_also_after_a_long_run():
    run = a_run(DQNAgent(car.make(), SMALL.replace(memory_size=50_000), seed=1, xla=False), length=200)
    agent, log, rng = run.agent, run.log, np.random.default_rng(0)
    agent.memory.states[:] = rng.uniform(EXTENT[::2], EXTENT[1::2], agent.memory.states.shape)
    agent.memory.added = agent.steps = 100_000
    worst = a_log(
        [(2_500 * n, {"learning_rate": 3e-4 * (n + 1), "target_period": 10_000}) for n in range(40)],
        episodes=999, means=rng.uniform(-200, -90, 499),
    )  # fmt: skip
    log.episodes, log.checks, log.changes = worst.episodes, worst.checks, worst.changes
    snapshot = RunView(run, VIEWS).snapshot()
    assert [snapshot[name]["shape"] for name in ("returns", "checks")] == [[500, 2], [250, 2]]
    assert len(snapshot["changes"]) == 80
    assert len(unpacked(snapshot["drive"]["positions"])) == 201
    assert (unpacked(snapshot["memory"]) != BLANK).all()
    assert 10_000 < size(snapshot) < 24_000


def test_a_diverged_network_is_shown_in_words_and_can_be_sent(network, monkeypatch):
    agent = network.agent
    monkeypatch.setattr(agent, "q", type(agent.q).from_flat(agent.q.to_flat() * np.nan, agent.sizes))
    snapshot = RunView(network, VIEWS).snapshot()
    assert "diverged" in snapshot["diverged"] and snapshot["shares"] == "diverged in 100%"
    assert "the time limit after 40" in snapshot["drive"]["words"]
    assert size(snapshot) < 24_000
