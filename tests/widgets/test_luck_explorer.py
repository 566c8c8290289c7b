"""The luck explorer without a browser: what a page gets, and the picture without one."""

import re

import numpy as np
import pytest
from receiving import handed

from dqn_lib import mountain_car as car
from dqn_lib.widgets.luck_explorer import LuckExplorer, random_pushes


@pytest.mark.parametrize("hold", [1, 7, 64])
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


def test_a_page_gets_what_it_needs_to_simulate_and_its_result_can_be_read():
    explorer = LuckExplorer(np.int64(24), episodes=200, seed=3)
    told = {name: handed(explorer)[name] for name in ("hold", "episodes", "seed", "reached")}
    assert told == {"hold": 24, "episodes": 200, "seed": 3, "reached": -1}
    explorer.set_state({"hold": 32, "reached": 41})
    assert (explorer.hold, explorer.reached) == (32, 41)


def test_without_a_browser_there_are_proportions_of_new_episodes():
    explorer = LuckExplorer(7, episodes=200, seed=3)
    html = explorer._repr_mimebundle_()[0]["text/html"]
    told = re.findall(r"(\d+): ([\d.]+) %", re.search(r"of 200 each: (.*?)\.\"", html)[1])
    holds, shares = [int(hold) for hold, _ in told], [float(share) for _, share in told]
    assert holds == [1, 7, 8, 16, 24, 32, 64]
    rng = np.random.default_rng(3)
    assert shares == [random_pushes(hold, 200, rng).reached.sum() / 2 for hold in holds]
    assert shares[0] == 0 and 5 < shares[4] < 30
    assert html.startswith('<img src="data:image/png;base64,')
    assert "episodes that reach the flag (%)" in html and "Each move of a slider" in html


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"episodes": 0}, "episodes must be at least 1, got 0"),
        ({"seed": -1}, r"seed must lie in \[0, 4294967295\], got -1"),
        ({"hold": 0}, r"hold must lie in \[1, 64\], got 0"),
        ({"hold": 65}, r"hold must lie in \[1, 64\], got 65"),
        ({"hold": 2.0}, "hold must be an integer, got 2.0"),
    ],
)
def test_bad_settings_are_refused(settings, complaint):
    with pytest.raises((TypeError, ValueError), match=f"^{complaint}$"):
        LuckExplorer(**settings)
