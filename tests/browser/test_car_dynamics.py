"""The car in the browser obeys Gymnasium: transition by transition, and through whole episodes."""

import numpy as np
import pytest
from mounting import IN_CHROMIUM, empty_page, mount

from dqn_lib import mountain_car as car
from dqn_lib.widgets.drive_yourself import DriveYourself

pytestmark = IN_CHROMIUM

# Gymnasium adds the push and gravity first, as the browser does, so that only the cosines may differ, by
# one last bit: 1e-16 of 0.0025, which can turn the rounding of a velocity (1e-17) or a position (2e-16).
ONE_STEP = 5e-16
# Along an episode such a bit grows fortyfold at most, the valley is no chaos; room for a hundred of them.
EPISODE = 1e-12

TRANSITIONS = """
(cases) => cases.map(([position, velocity, action]) => {
  const next = module.step([position, velocity], action);
  return [...next, module.terminated(next)];
})
"""
EPISODES = """
(plans) => plans.map(([start, actions]) => {
  const states = [[start, 0]];
  for (const action of actions) {
    states.push(module.step(states.at(-1), action));
    if (module.terminated(states.at(-1))) break;
  }
  return states;
})
"""


@pytest.fixture(scope="module")
def page():
    with empty_page() as page:
        mount(page, DriveYourself())
        yield page


@pytest.fixture(scope="module")
def env():
    with car.make().unwrapped as env:
        env.reset(seed=0)
        yield env


def test_transitions_are_gymnasiums(page, env):
    rng = np.random.default_rng(1)
    states = rng.uniform(car.STATE_LOW, car.STATE_HIGH, size=(5_000, 2))
    states[:500, 0] = rng.uniform(-1.2, -1.13, size=500)  # at the wall on the left ...
    states[500:1_000, 0] = rng.uniform(0.43, 0.6, size=500)  # ... at the flag and at the end on the right ...
    states[1_000:1_500, 1] = rng.choice([-0.07, 0.07], size=500)  # ... and at full speed
    states[:3] = [[-1.2, 0.0], [-1.2, -0.07], [0.6, 0.07]]
    actions = rng.integers(3, size=len(states))
    expected = []
    for state, action in zip(states.tolist(), actions, strict=True):
        env.state = tuple(state)
        _, _, terminated, _, _ = env.step(action)
        expected.append([*env.state, terminated])
    expected = np.array(expected, dtype=float)
    cases = [[*state, int(action)] for state, action in zip(states.tolist(), actions, strict=True)]
    found = np.array(page.evaluate(TRANSITIONS, cases), dtype=float)
    assert np.abs(found[:, :2] - expected[:, :2]).max() <= ONE_STEP
    assert (found[:, 2] == expected[:, 2]).all()
    stopped = (expected[:, 0] == car.MIN_POSITION) & (expected[:, 1] == 0)
    assert min(stopped.sum(), expected[:, 2].sum(), (expected[:, 0] == car.MAX_POSITION).sum()) > 50


def plans(count, rng):
    """Starts and actions of whole episodes: pushes held at random, and drivers who push as they move."""
    for number, (position, _) in enumerate(car.start_states(count, seed=2)):
        holds = rng.integers(1, 40, size=car.MAX_STEPS)
        actions = np.repeat(rng.integers(3, size=len(holds)), holds)[: car.MAX_STEPS]
        if number % 2:
            drive = car.simulate(lambda states: np.where(states[:, 1] < 0, 0, 2), [[position, 0.0]])
            actions = drive.actions[:, 0]
        yield float(position), actions.tolist()


def test_whole_episodes_are_gymnasiums(page, env):
    episodes = list(plans(200, np.random.default_rng(3)))
    found = page.evaluate(EPISODES, episodes)
    ends = []
    for (position, actions), states in zip(episodes, found, strict=True):
        env.state, expected = (position, 0.0), [(position, 0.0)]
        for action in actions:
            _, _, terminated, _, _ = env.step(action)
            expected.append(env.state)
            if terminated:
                break
        ends.append(terminated)
        assert len(states) == len(expected)
        assert np.abs(np.array(states) - np.array(expected, dtype=float)).max() <= EPISODE
    assert 50 < sum(ends) < 150, "the episodes should end both ways"
