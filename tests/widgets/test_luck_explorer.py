"""The luck explorer without a browser: move the slider, press the button, read the picture."""

import numpy as np
import pytest

from dqn_lib import mountain_car as car
from dqn_lib.widgets.luck import LuckExplorer, random_pushes


@pytest.fixture
def explorer():
    return LuckExplorer(episodes=200, seed=3)


def share(explorer):
    return explorer.picture.dot.get_xydata().tolist()


@pytest.mark.parametrize("hold", [1, 7, 64, 200])
def test_each_random_action_is_held_that_long(hold):
    drives = random_pushes(hold, 50, np.random.default_rng(0))
    assert set(np.unique(drives.actions)) <= {-1, 0, 1, 2}
    still = ~drives.reached  # these drove to the end
    actions = drives.actions[:, still]
    changes = np.flatnonzero((np.diff(actions, axis=0) != 0).any(axis=1)) + 1
    assert (changes % hold == 0).all()
    assert len(changes) == (car.MAX_STEPS - 1) // hold


def test_every_batch_starts_from_places_of_its_own():
    rng = np.random.default_rng(0)
    starts = [random_pushes(24, 50, rng).states[0, :, 0] for _ in range(2)]
    assert len(np.unique(starts)) == 100


def test_a_move_drives_a_fresh_batch_and_leaves_the_one_before(explorer):
    ((hold, first),) = share(explorer)
    assert (hold, first) == (1, 0.0)
    explorer.hold.value = 24
    ((hold, second),) = share(explorer)
    assert hold == 24
    assert 5 < second < 30
    assert explorer.picture.dots.get_xydata().tolist() == [[1, 0.0]]
    assert explorer.canvas.number == 2
    assert "Actions held for 24 steps" in explorer.canvas.alt


def test_the_button_drives_again_at_the_same_hold(explorer):
    explorer.hold.value = 24
    before = explorer.canvas.png
    for _ in range(5):
        explorer.again.click()
    held = [value for hold, value in explorer.picture.earlier if hold == 24]
    assert len(held) == 6
    assert len(set(held)) > 1
    assert explorer.canvas.png != before
    assert explorer.again.description == "Another 200"


def test_the_seed_decides_everything():
    shares = []
    for seed in (3, 3, 4):
        explorer = LuckExplorer(32, episodes=200, seed=seed)
        explorer.again.click()
        shares.append(explorer.picture.earlier)
    assert shares[0] == shares[1] != shares[2]


def test_the_knob_goes_from_one_step_to_sixty_four(explorer):
    assert (explorer.hold.labels[0], explorer.hold.labels[-1]) == ("1 step", "64 steps")
    explorer.hold.place = 63
    assert share(explorer)[0][0] == 64


def test_where_no_browser_asks_the_picture_stands_there(explorer):
    shown = explorer._repr_mimebundle_()["text/html"]
    assert shown.startswith('<img src="data:image/png;base64,')
    assert "reach the flag" in shown
    assert "200 fresh episodes" in shown


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"episodes": 0}, "episodes must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"hold": 65}, "value must be one of .*, got 65"),
    ],
)
def test_bad_settings_are_refused(settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        LuckExplorer(**settings)
