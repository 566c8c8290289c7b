"""The time machine without a browser: what the page gets is what the checks of the run have."""

import numpy as np
import pytest
from receiving import handed, shade, size, unpacked

from dqn_lib import mountain_car as car
from dqn_lib.agents.q_table import TableQ
from dqn_lib.plots.curves import CHECK_REFERENCES
from dqn_lib.plots.maps import cell_centres, grid
from dqn_lib.training import Check
from dqn_lib.widgets.assets import ABOVE, BLANK
from dqn_lib.widgets.time_machine import TimeMachine

pytestmark = pytest.mark.slow

STEPS = (0, 600, 1_000, 5_500, 12_000)
MEANS = (-200.0, -200.0, -200.0, -118.5, -118.0)


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


class Always(Drives):
    """The same three Q-values everywhere."""

    def __init__(self, *values):
        self.values = values

    def __call__(self, states):
        return np.broadcast_to(np.float32(self.values), (*np.shape(states)[:-1], 3))


def a_run():
    """Checks that push left, coast, push right, and then know how to drive."""
    ways = [Drives(0, 1), Drives(1, 20), Drives(2, 40), Drives(depth=60), Drives(depth=50)]
    return [Check(step, np.full(100, mean), q) for step, mean, q in zip(STEPS, MEANS, ways, strict=True)]


def of(*ways):
    """A machine over one check for each of the Q-functions."""
    return TimeMachine([Check(step, np.array([-200.0]), q) for step, q in enumerate(ways)])


@pytest.fixture(scope="module")
def machine():
    return TimeMachine(a_run())


def driven(machine, place):
    """The way of the greedy car at one place `(length + 1, 2)`, and its pushes `(length,)`."""
    lengths = machine.run["lengths"]
    first, length = sum(lengths[:place]), lengths[place]
    path = unpacked(machine.path)[first + place :][: length + 1]
    return path, unpacked(machine.pushes)[first:][:length]


@pytest.mark.parametrize("place", range(5))
def test_a_moment_is_that_of_its_check(machine, place):
    check = a_run()[place]
    q, run = check.q(grid(90, 71)), machine.run
    low, high = run["limits"]
    values, shades = q.max(axis=-1), unpacked(machine.values)[place]
    inside = (values >= low) & (values <= high)
    np.testing.assert_allclose(shades[inside], shade(values, low)[inside], atol=0.51)
    np.testing.assert_array_equal(shades == ABOVE, values > high)
    np.testing.assert_array_equal(unpacked(machine.policy)[place], q.argmax(axis=-1))
    assert (run["steps"][place], run["means"][place]) == (check.step, check.mean)
    np.testing.assert_allclose(run["spans"][place], [values.min(), values.max()], rtol=1e-6)

    drive = car.simulate(check.q.greedy, [[-0.5, 0.0]])
    path, pushes = driven(machine, place)
    np.testing.assert_array_equal(path, drive.trajectory(0).astype(np.float32))
    np.testing.assert_array_equal(pushes, drive.actions[:, 0])
    ending = "the flag" if drive.reached[0] else "the time limit"
    assert run["outcomes"][place] == f"{ending} after {drive.lengths[0]} steps"


def test_all_moments_are_there_and_nothing_else_with_the_reference_returns(machine):
    lengths = machine.run["lengths"]
    assert lengths[:3] == [200] * 3 and max(lengths[3:]) < 200
    assert machine.values["shape"] == machine.policy["shape"] == [5, 71, 90]
    assert machine.path["shape"] == [sum(lengths) + 5, 2]
    assert machine.pushes["shape"] == [sum(lengths)]
    each = ("steps", "means", "spans", "lengths", "outcomes")
    assert [len(machine.run[name]) for name in each] == [5] * 5
    assert machine.run.keys() == {*each, "limits", "references"}
    assert machine.smooth
    marks = [(mark["value"], mark["name"].split()) for mark in machine.run["references"]]
    assert marks == [(value, name.split()) for value, _, name in CHECK_REFERENCES.marks]


def test_two_checks_of_the_same_step_are_two_places_and_one_check_is_a_run_too():
    machine = TimeMachine([*a_run()[2:], *a_run()[2:4]])
    assert machine.run["steps"] == [1_000, 5_500, 12_000, 1_000, 5_500]
    assert machine.run["outcomes"][4].startswith("the flag")
    np.testing.assert_array_equal(driven(machine, 4)[0], driven(machine, 1)[0])
    machine = TimeMachine(a_run()[:1])
    assert (machine.run["steps"], machine.values["shape"]) == ([0], [1, 71, 90])


@pytest.mark.parametrize(
    ("ways", "low", "first"),
    [
        ([Always(0, 0, 0)], -1, 253),  # nothing learnt is no reason to magnify nothing
        ([Always(-0.25, -3, -3)], -1, 190),
        ([Always(5, 1, 1)], -1, ABOVE),
        ([Always(-40, -81, -82), Always(-80, -90, -90)], -80, 126),  # one meaning for the whole run
        ([Always(-3, -4, -5), Always(-1e6, -1e6, -1e6)], -200, 249),  # what blew up does not hide the rest
        ([Always(-3, -4, -5), Always(*3 * [-np.inf])], -3, 0),
        ([Always(*3 * [np.nan])], -1, BLANK),
    ],
)
def test_the_colours_stay_sensible(ways, low, first):
    machine = of(*ways)
    assert machine.run["limits"] == [low, 0]
    assert set(unpacked(machine.values)[0].ravel()) == {first}


@pytest.mark.parametrize("values", [[np.nan] * 3, [np.inf, 0, 0], [0, 0, -np.inf]])
def test_where_a_run_diverged_it_is_blank_and_the_rest_is_shown(values):
    machine = of(Drives(), Always(*values))
    for maps in (machine.values, machine.policy):
        sound, blank = unpacked(maps)
        assert BLANK not in sound and set(blank.ravel()) == {BLANK}
    assert machine.run["spans"][1] == []
    assert "NaN" not in machine.page("Blown up") and "Infinity" not in machine.page("Blown up")


def test_a_tables_checks_are_handed_over_as_its_cells():
    tables = [TableQ(np.full((7, 7, 3), -1.0 * n), car.STATE_LOW, car.STATE_HIGH) for n in range(3)]
    tables[2].values[5, 1, 2] = 9.0  # pushing right at the sixth position, the second velocity
    machine = of(*tables)
    shown = unpacked(machine.values)
    assert shown.shape == (3, 7, 7) == (3, *cell_centres(7).shape[:2])
    assert shown[:, 0, 0].tolist() == [253, 126, 0]
    assert shown[2, 1, 5] == ABOVE and (shown == ABOVE).sum() == 1
    policy = unpacked(machine.policy)
    assert policy[2, 1, 5] == 2 and (policy == 3).sum() == 3 * 49 - 1
    assert not machine.smooth


def test_it_begins_at_the_beginning_and_a_place_is_all_that_moves(machine, monkeypatch):
    monkeypatch.setattr(car, "simulate", lambda *_: pytest.fail("driven once more"))
    before = handed(machine)
    assert before["index"] == 0  # no other test moves it
    machine.set_state({"index": 3})  # as a page does it
    assert handed(machine) == before | {"index": 3}
    html = machine._repr_mimebundle_()[0]["text/html"]
    assert html.startswith('<img src="data:image/png;base64,')
    assert "After 5,500 steps" in html and "Map of the greedy action" in html
    assert "A slider goes through the training" in html


def test_a_run_of_61_checks_takes_at_most_a_megabyte():
    """As in lesson 6: none of its 150 episodes is longer than 200 steps, and a check comes every 500."""
    one, six = (size(of(*[Always(-1, -2, -2)] * checks)) for checks in (1, 6))
    assert one + 60 * (six - one) / 5 <= 1_000_000


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
        ([Check(0, np.zeros(1), Drives(), "CartPole-v1")], "checks must be of one run .* CartPole-v1"),
    ],
)
def test_what_cannot_be_shown_is_refused(checks, problem):
    with pytest.raises(ValueError, match=problem):
        TimeMachine(checks)
