"""Driving by hand, without a browser: what can be read of a drive, and which drives are refused."""

import numpy as np
import pytest

from dqn_lib import mountain_car as car
from dqn_lib.widgets.drive_yourself import DriveYourself


def along(states):
    return np.where(states[:, 1] < 0, 0, 2)


def message(policy=along, start=-0.5, drives=1):
    """What the browser sends after a drive."""
    drive = car.simulate(policy, [[start, 0.0]])
    positions, velocities = drive.trajectory(0).T.tolist()
    actions = drive.actions[:, 0].tolist()
    return {"positions": positions, "velocities": velocities, "actions": actions, "drives": drives}


@pytest.fixture
def driven():
    widget = DriveYourself()
    widget.set_state(message())
    return widget


def test_a_finished_drive_can_be_read(driven):
    expected = car.simulate(along, [[-0.5, 0.0]])
    assert driven.problem == ""
    np.testing.assert_array_equal(driven.states, expected.trajectory(0))
    assert driven.total_reward == expected.returns[0]
    assert driven.reached_flag is True
    assert driven.best_position == expected.trajectory(0)[-1, 0]


def test_a_drive_to_the_time_limit_has_not_reached_the_flag():
    widget = DriveYourself()
    widget.set_state(message(lambda states: np.full(len(states), 2)))
    assert (widget.problem, widget.reached_flag, widget.total_reward) == ("", False, car.RANDOM_RETURN)


def test_before_the_first_drive_there_is_one_clear_error_and_an_example():
    widget = DriveYourself()
    for name in ("states", "total_reward", "reached_flag", "best_position"):
        with pytest.raises(RuntimeError, match="drive first: press Start"):
            getattr(widget, name)
    html = widget._repr_mimebundle_()[0]["text/html"]
    assert html.startswith('<img src="data:image/png;base64,')
    assert "You have not driven yet; this car always pushes right" in html
    assert "In a running notebook you drive the car here yourself" in html
    assert "The random policy scores \N{MINUS SIGN}200" in widget.references
    assert "about \N{MINUS SIGN}98 on average" in widget.references


def test_the_picture_shows_the_drive_among_the_earlier_ones(driven):
    second = message(start=-0.45, drives=2)
    driven.set_state(second)
    alt = driven.picture().alt
    assert f"the return -{len(second['actions'])} of drive 2 (you)" in alt and "to the flag" in alt


def tamper(name, index, value):
    sent = message()
    sent[name][index] = value
    return sent


def cut(length):
    sent = message()
    kept = {"positions": length + 1, "velocities": length + 1, "actions": length}
    return sent | {name: sent[name][:count] for name, count in kept.items()}


def beyond_the_flag():
    sent = message()
    states = [[sent["positions"][-1], sent["velocities"][-1]]]
    after, _ = car.step(states, [2])
    (position, velocity) = after[0].tolist()
    return sent | {
        "positions": [*sent["positions"], position],
        "velocities": [*sent["velocities"], velocity],
        "actions": [*sent["actions"], 2],
    }


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (tamper("positions", 20, message()["positions"][20] + 1e-8), "its step 20 does not follow the rules"),
        (tamper("velocities", 5, float("nan")), "its step 5 does not follow the rules"),
        (tamper("actions", 7, 1), "its step 8 does not follow the rules"),
        (tamper("actions", 7, 5), "actions must be 0, 1 or 2"),
        (message(start=-0.7), "it starts at position -0.7 with velocity 0"),
        (tamper("velocities", 0, 0.07), "it starts at position -0.5 with velocity 0.07"),
        (cut(30), "it ends after 30 steps, neither at the flag nor at the time limit"),
        (beyond_the_flag(), "neither at the flag nor at the time limit"),
        (message() | {"positions": [], "velocities": [], "actions": []}, "0 positions and 0 velocities"),
    ],
)
def test_a_drive_that_contradicts_mountain_car_is_refused(sent, words):
    widget = DriveYourself()
    widget.set_state(sent)
    assert words in widget.problem
    with pytest.raises(RuntimeError, match="drive again: "):
        _ = widget.states
    assert words in widget.picture().alt
    widget.set_state(message(start=-0.55, drives=2))
    assert (widget.problem, widget._returns) == ("", [widget.total_reward])


def test_the_last_bit_of_a_cosine_may_differ():
    widget = DriveYourself()
    widget.set_state(tamper("positions", 20, message()["positions"][20] + 1e-12))
    assert widget.problem == ""
