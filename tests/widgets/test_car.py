"""The car in the browser, without a browser: what it is told, and what it refuses."""

import numpy as np
import pytest

from dqn_lib import mountain_car as car
from dqn_lib.plots.style import ACTIONS, INK
from dqn_lib.widgets.car import HillCar
from dqn_lib.widgets.source import COLOURS, module


@pytest.fixture
def hill_car():
    return HillCar()


@pytest.fixture
def messages(monkeypatch, hill_car):
    """The traits of every message to the browser."""
    sent = []
    monkeypatch.setattr(hill_car, "send_state", lambda key=None: sent.append(set(key)))
    return sent


def test_it_waits_in_the_valley(hill_car):
    assert hill_car.positions == [pytest.approx(-np.pi / 6)]
    assert hill_car.actions == [-1]
    assert "valley" in hill_car.alt


def test_show_takes_the_arrays_of_a_simulated_drive(hill_car):
    drive = car.simulate(lambda states: np.where(states[:, 1] < 0, 0, 2), [[-0.5, 0.0]])
    hill_car.show(drive.trajectory(0), drive.actions[:, 0], "As it moves")
    assert hill_car.positions == drive.trajectory(0)[:, 0].tolist()
    assert hill_car.actions == drive.actions[:, 0].tolist()
    assert hill_car.caption == "As it moves"
    assert f"drives for {drive.lengths[0]} steps and reaches the flag. As it moves" in hill_car.alt


def test_the_words_say_when_there_is_no_flag(hill_car):
    hill_car.show([[-0.5, 0]] * 3, [1, 1])
    assert "2 steps and does not reach the flag" in hill_car.alt


def test_each_call_is_one_message(hill_car, messages):
    hill_car.show([[-0.5, 0], [-0.4, 0.1]], [2], "a film")
    hill_car.follow(-0.3, 0, "a live car")
    assert messages == [{"positions", "actions", "caption", "alt"}] * 2


def test_a_step_of_a_live_car_sends_only_what_has_changed(hill_car, messages):
    hill_car.follow(-0.3, 0, "episode 7")
    messages.clear()
    hill_car.follow(-0.29, 0, "episode 7")
    assert messages == [{"positions"}]
    assert (hill_car.positions, hill_car.actions) == ([-0.29], [0])


def test_observations_of_gymnasium_may_be_shown_although_they_are_rounded(hill_car):
    wall = np.array([[-1.2, 0], [-1.2, 0], [0.6, 0]], dtype=np.float32)
    assert float(wall[0, 0]) < car.MIN_POSITION
    hill_car.show(wall, np.array([0, 2]))
    hill_car.follow(wall[0, 0], np.int64(2))


@pytest.mark.parametrize(
    ("states", "actions", "words"),
    [
        ([-0.5, -0.4], [1], r"states must have the shape \(length \+ 1, 2\), got \(2,\)"),
        ([[-0.5, 0.0]], [], r"states must have the shape \(length \+ 1, 2\), got \(1, 2\)"),
        ([[-0.5, 0.0]] * 3, [1], r"actions must have the shape \(2,\), got \(1,\)"),
        ([[-0.5, 0.0]] * 3, [1, 3], "actions must be 0, 1 or 2, got 3"),
        ([[-0.5, 0.0], [0.7, 0.0]], [1], r"positions must lie in \[-1.2, 0.6\], got 0.7"),
        ([[-0.5, 0.0], [np.nan, 0.0]], [1], r"positions must lie in \[-1.2, 0.6\], got nan"),
    ],
)
def test_show_refuses_in_one_sentence_and_changes_nothing(hill_car, messages, states, actions, words):
    with pytest.raises(ValueError, match=words):
        hill_car.show(states, actions)
    assert messages == []


def test_follow_refuses_what_is_no_position_and_no_action(hill_car):
    with pytest.raises(ValueError, match=r"position must lie in \[-1.2, 0.6\], got 2"):
        hill_car.follow(2)
    with pytest.raises(ValueError, match=r"action must lie in \[-1, 2\], got 3"):
        hill_car.follow(-0.5, 3)


def test_the_browser_gets_the_colours_of_the_pictures_and_one_module():
    assert (COLOURS["ink"], COLOURS["actions"]) == (INK, ACTIONS)
    source = module("hill.js", "clock.js", "car.js")
    assert source.startswith('const WORLD = {"minPosition": -1.2,')
    assert source.count("export default") == 1
    assert "import " not in source  # it has to stand alone, without a network
