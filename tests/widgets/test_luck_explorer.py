"""The luck explorer without a browser: what a page gets, and the picture without one."""

import re

import numpy as np
import pytest
from receiving import handed

from dqn_lib import mountain_car as car
from dqn_lib.widgets.luck_explorer import LuckExplorer, random_pushes


@pytest.fixture
def explorer():
    return LuckExplorer(24, episodes=200, seed=3)


def told(explorer):
    """The proportion that arrives (%) by hold, from the alt text."""
    shares = re.search(r"of 200 each: (.*?)\.\"", explorer.still())[1]
    return {int(hold): float(share) for hold, share in re.findall(r"(\d+): ([\d.]+) %", shares)}


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


def test_a_page_gets_all_that_it_needs_to_simulate(explorer):
    told = {name: handed(explorer)[name] for name in ("hold", "episodes", "seed", "reached")}
    assert told == {"hold": 24, "episodes": 200, "seed": 3, "reached": -1}


def test_the_result_of_a_page_can_be_read(explorer):
    explorer.set_state({"hold": 32, "reached": 41})
    assert (explorer.hold, explorer.reached) == (32, 41)


@pytest.mark.parametrize("hold", [1, 64, np.int64(7)])
def test_actions_are_held_for_one_step_to_sixty_four(explorer, hold):
    assert handed(LuckExplorer(hold))["hold"] == hold
    explorer.hold = int(hold)
    assert explorer.hold == hold


def test_without_a_browser_there_are_proportions_of_new_episodes(explorer):
    shown = told(explorer)
    assert [*shown] == [1, 8, 16, 24, 32, 64]
    rng = np.random.default_rng(3)
    counts = [random_pushes(hold, 200, rng).reached.sum() for hold in shown]
    assert [*shown.values()] == [count / 2 for count in counts]
    assert 5 < shown[24] < 30 and shown[1] == 0
    explorer.hold = 7
    assert [*told(explorer)] == [1, 7, 8, 16, 24, 32, 64]
    html = explorer._repr_mimebundle_()[0]["text/html"]
    assert html.startswith('<img src="data:image/png;base64,')
    assert "episodes that reach the flag (%)" in html and "Each move of a slider" in html


def test_the_seed_decides_everything():
    shares = [told(LuckExplorer(32, episodes=200, seed=seed)) for seed in (3, 3, 4)]
    assert shares[0] == shares[1] != shares[2]


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"episodes": 0}, "episodes must be at least 1, got 0"),
        ({"seed": -1}, r"seed must lie in \[0, 4294967295\], got -1"),
        ({"seed": 2**32}, r"seed must lie in \[0, 4294967295\], got 4294967296"),
        ({"hold": 0}, r"hold must lie in \[1, 64\], got 0"),
        ({"hold": 65}, r"hold must lie in \[1, 64\], got 65"),
        ({"hold": 2.0}, "hold must be an integer, got 2.0"),
        ({"hold": True}, "hold must be an integer, got True"),
        ({"episodes": "many"}, "episodes must be an integer, got 'many'"),
    ],
)
def test_bad_settings_are_refused(settings, complaint):
    with pytest.raises((TypeError, ValueError), match=f"^{complaint}$"):
        LuckExplorer(**settings)
