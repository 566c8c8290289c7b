"""The time machine without a browser: turn the knob, press the buttons, read what is shown."""

import threading
import time

import numpy as np
import pytest

from dqn_lib import loop
from dqn_lib import mountain_car as car
from dqn_lib.agents.q_table import TableQ
from dqn_lib.plots.maps import centres, preferred
from dqn_lib.training import Check
from dqn_lib.widgets import canvas, time_machine
from dqn_lib.widgets.time_machine import TimeMachine, q_values

pytestmark = pytest.mark.slow

STEPS = (0, 600, 1_000, 5_500, 12_000)


class Drives:
    """Q-values that prefer one action, or to push the way the car moves, and that are `depth` deep."""

    def __init__(self, action=None, depth=10.0):
        self.action, self.depth = action, depth

    def __call__(self, states):
        states = np.asarray(states, dtype=float)
        best = np.where(states[..., 1] < 0, 0, 2) if self.action is None else self.action
        return -self.depth + states[..., :1] - (np.arange(3) != np.asarray(best)[..., None])

    def greedy(self, states):
        return self(states).argmax(axis=-1)


def a_run():
    """Checks that push left, coast, push right, and then know how to drive."""
    ways = [Drives(0, 1), Drives(1, 20), Drives(2, 40), Drives(depth=60), Drives(depth=50)]
    means = [-200.0, -200.0, -200.0, -118.5, -118.0]
    return [Check(step, np.full(100, mean), q) for step, mean, q in zip(STEPS, means, ways, strict=True)]


@pytest.fixture
def machine():
    machine = TimeMachine(a_run())
    yield machine
    machine.end()


def seen_at_once(machine):
    """As if a browser showed every picture the moment it is sent."""
    for one in machine.canvases:
        one.shown = 10**9
    return machine


def players():
    return [thread for thread in threading.enumerate() if thread.name == "dqn_lib time machine"]


def assert_shows(machine, place):
    """Knob, maps, way, curve and car all show this moment."""
    check = a_run()[place]
    drive = car.simulate(check.q.greedy, [[-0.5, 0.0]])
    assert machine.knob.place == place
    np.testing.assert_allclose(machine.maps.values.get_array(), q_values([check])[0].max(axis=-1), atol=1e-4)
    np.testing.assert_array_equal(machine.maps.actions.get_array(), preferred(q_values([check])[0]))
    np.testing.assert_array_equal(np.transpose(machine.maps.way.get_data()), drive.trajectory(0))
    assert np.ravel(machine.curve.dot.get_data()).tolist() == [check.step, check.mean]
    np.testing.assert_array_equal(machine.car.positions, drive.trajectory(0)[:, 0])
    ending = "the flag" if drive.reached[0] else "the time limit"
    assert machine.car.caption == f"Step {check.step:,}: {ending} after {drive.lengths[0]} steps"
    assert f"After {check.step:,} steps" in machine.canvases[0].alt
    assert f"step {check.step:,}" in machine.canvases[1].alt


def wait(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


# --- the knob ---------------------------------------------------------------------------------------------


def test_it_begins_at_the_beginning(machine):
    assert_shows(machine, 0)
    assert machine.knob.values == list(STEPS)
    assert machine.knob.labels == ["0", "600", "1,000", "5,500", "12,000"]


def test_everything_moves_with_the_knob(machine):
    before = [one.png for one in machine.canvases]
    machine.knob.value = 5_500
    assert_shows(machine, 3)
    assert machine.car.caption.startswith("Step 5,500: the flag after 1")
    assert all(one.png != png for one, png in zip(machine.canvases, before, strict=True))
    machine.knob.place = 1
    assert_shows(machine, 1)


def test_a_moment_looked_at_twice_is_driven_once(machine, monkeypatch):
    driven = []
    simulate = car.simulate
    monkeypatch.setattr(car, "simulate", lambda *args: driven.append(1) or simulate(*args))
    for value in (5_500, 600, 5_500):
        machine.knob.value = value
    assert len(driven) == 2


def test_two_checks_of_the_same_step_are_two_places():
    machine = TimeMachine([*a_run()[2:], *a_run()[2:4]])
    machine.knob.place = 4
    assert machine.maps.words.get_text().startswith("step 5,500: the flag")
    assert np.ravel(machine.curve.dot.get_data()).tolist() == [5_500, -118.5]


def test_a_tables_checks_are_drawn_as_its_cells():
    tables = [TableQ(np.full((7, 7, 3), -1.0 * n), car.STATE_LOW, car.STATE_HIGH) for n in range(3)]
    tables[2].values[5, 1, 2] = 9.0  # pushing right at the sixth position, the second velocity
    machine = TimeMachine([Check(n, np.array([-200.0]), q) for n, q in enumerate(tables)])
    machine.knob.place = 2
    shown = machine.maps.values.get_array()
    assert shown.shape == (7, 7) == centres(7).shape[:2]
    assert shown[1, 5] == 9
    assert machine.maps.actions.get_array()[1, 5] == 2
    assert machine.maps.values.get_interpolation() == "nearest"


@pytest.mark.parametrize(
    ("checks", "problem"),
    [
        ([], "checks must hold at least one check, got none"),
        ([Check(0, np.zeros(1), None)], "checks must be of one run on MountainCar-v0"),
        ([Check(0, np.zeros(1), lambda states: states @ np.ones((4, 2)))], "checks must be of one run"),
        (
            [Check(0, np.zeros(1), lambda states: states)],
            "checks must be of one run .* each of the 3 actions",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused(checks, problem):
    with pytest.raises(ValueError, match=problem):
        TimeMachine(checks)


# --- Play and Pause ---------------------------------------------------------------------------------------


def test_play_runs_through_all_checks_and_stops_at_the_last(machine, monkeypatch):
    monkeypatch.setattr(time_machine, "SECONDS", 1.0)
    seen_at_once(machine)
    turned = []
    machine.knob.observe(lambda change: turned.append(change["new"]), "place")
    began = time.monotonic()
    machine.buttons["Play"].click()
    assert machine.playing and players()[0].daemon
    wait(lambda: not players())
    assert 0.9 < time.monotonic() - began < 8
    assert turned == [1, 2, 3, 4]
    assert not machine.playing
    assert_shows(machine, 4)


def test_a_second_press_does_nothing(machine):
    seen_at_once(machine)
    for _ in range(3):
        machine.buttons["Play"].click()
    assert len(players()) == 1


def test_pause_answers_at_once_and_everything_shows_the_same_moment(machine, monkeypatch):
    monkeypatch.setattr(time_machine, "SECONDS", 2.0)
    seen_at_once(machine)
    machine.buttons["Play"].click()
    wait(lambda: machine.knob.place == 2)
    began = time.monotonic()
    machine.buttons["Pause"].click()
    assert time.monotonic() - began < 2  # a tenth, on a machine that is not busy
    assert not players() and not machine.playing
    assert_shows(machine, 2)


def test_it_goes_on_from_where_it_was_and_at_the_end_from_the_beginning(machine, monkeypatch):
    monkeypatch.setattr(time_machine, "SECONDS", 0.4)
    seen_at_once(machine)
    turned = []
    machine.knob.place = 3
    machine.knob.observe(lambda change: turned.append(change["new"]), "place")
    machine.play()
    wait(lambda: not players())
    assert turned == [4]
    machine.play()
    wait(lambda: not players())
    assert turned[1] == 0 and turned[-1] == 4


def test_whoever_moves_the_knob_takes_over(machine):
    seen_at_once(machine)
    machine.play()
    wait(lambda: machine.knob.place == 1)
    machine.knob.place = 4
    assert not machine.playing and not players()
    assert_shows(machine, 4)
    machine.knob.place = 0
    time.sleep(0.1)
    assert_shows(machine, 0)


def test_the_car_is_given_time_to_be_seen_while_it_plays(machine, monkeypatch):
    monkeypatch.setattr(time_machine, "SECONDS", 0.5)
    seen_at_once(machine)
    captions = []
    machine.car.observe(lambda change: captions.append(change["new"]), "caption")
    machine.knob.place = 1
    machine.play()
    wait(lambda: not players())
    assert [caption.split(":")[0] for caption in captions] == ["Step 600", "Step 12,000"]


def test_a_slow_browser_gets_fewer_pictures_but_the_last_one(machine, monkeypatch):
    monkeypatch.setattr(time_machine, "SECONDS", 0.5)
    monkeypatch.setattr(canvas, "GONE", 60.0)
    machine.play()  # nobody says that a picture was shown
    wait(lambda: not players())
    assert machine.canvases[0].number <= 4
    assert_shows(machine, 4)


def test_one_check_plays_too():
    machine = TimeMachine(a_run()[:1])
    machine.play()
    wait(lambda: not players())
    assert_shows(machine, 0)


def test_what_stops_it_is_said_and_it_can_be_played_again(machine, monkeypatch):
    monkeypatch.setattr(time_machine, "SECONDS", 0.2)
    for check in machine.checks[1:]:
        monkeypatch.setattr(check.q, "greedy", lambda _: 1 / 0)
    seen_at_once(machine).play()
    wait(lambda: not players())
    assert machine.message.value == (
        '<span role="alert"><b>ZeroDivisionError:</b> division by zero. Play begins again.</span>'
    )
    monkeypatch.undo()
    machine.play()
    assert machine.message.value == ""
    machine.pause()


def test_the_end_of_a_machine_ends_its_thread(machine):
    machine.play()
    machine.end()
    assert not players()
    machine.end()


@pytest.mark.parametrize("act", ["Pause", "the knob"])
def test_a_picture_that_is_never_done_is_said_and_nothing_else_moves(machine, monkeypatch, act):
    monkeypatch.setattr(loop, "PATIENCE", 0.1)
    began, let_go, drawn = threading.Event(), threading.Event(), []
    travel = machine._travel

    def stuck(place, **options):
        drawn.append(place)
        began.set()
        let_go.wait(20)
        travel(place, **options)

    monkeypatch.setattr(machine, "_travel", stuck)
    machine.play()
    assert began.wait(20)
    if act == "Pause":
        machine.buttons["Pause"].click()
    else:
        machine.knob.place = 3
    said = machine.message.value
    let_go.set()
    wait(lambda: not players())
    assert "TimeoutError:" in said and 'role="alert"' in said
    assert drawn == [0]


# --- without a browser ------------------------------------------------------------------------------------


def test_where_nobody_can_run_it_the_pictures_and_a_sentence_stand_in(machine):
    machine.knob.value = 5_500
    page = machine._repr_mimebundle_()["text/html"]
    assert page.count("<img ") == 2
    assert "After 5,500 steps of training" in page and "Learning curve" in page
    assert "A slider goes through the training" in page


def test_the_words_on_the_controls(machine):
    assert machine.knob.description == "training step"
    assert [button.description for button in machine.buttons.values()] == ["Play", "Pause"]
