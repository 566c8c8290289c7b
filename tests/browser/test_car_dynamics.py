"""The car in the browser obeys Gymnasium, transition by transition, and arrives as often as in Python."""

import numpy as np
import pytest
from mounting import IN_CHROMIUM, empty_page, mount

from dqn_lib import mountain_car as car
from dqn_lib.statistics import wilson_interval
from dqn_lib.widgets.luck_explorer import LuckExplorer, random_pushes

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
DRIVES = """
(plans) => plans.map(([start, actions]) => module.runEpisode([start, 0], (step) => actions[step]))
"""
NUMBERS = """
([seeds, count]) => seeds.map((seed) => {
  const random = module.randomFrom(seed);
  return Array.from({ length: count }, random);
})
"""
STARTS = """
(seed) => {
  const random = module.randomFrom(seed);
  return Array.from({ length: 2000 }, () => module.startState(random));
}
"""


@pytest.fixture(scope="module")
def page(browser):
    with empty_page(browser) as page:
        mount(page, LuckExplorer(episodes=1))
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
    starts = car.start_states(count, seed=2)
    drives = car.simulate(lambda states: np.where(states[:, 1] < 0, 0, 2), starts).actions
    for number, (position, _) in enumerate(starts):
        actions = np.full(car.MAX_STEPS, 1)
        if number % 2:
            actions[: len(drives)] = np.maximum(drives[:, number], 0)
        else:
            holds = rng.integers(1, 40, size=car.MAX_STEPS)
            actions[:] = np.repeat(rng.integers(3, size=len(holds)), holds)[: car.MAX_STEPS]
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


def test_drives_take_as_long_and_end_as_in_python(page):
    episodes = list(plans(1_000, np.random.default_rng(4)))
    found = page.evaluate(DRIVES, episodes)
    starts = [[position, 0.0] for position, _ in episodes]
    expected = car.simulate(np.transpose([actions for _, actions in episodes]), starts)
    assert [one["length"] for one in found] == expected.lengths.tolist()
    assert [one["reached"] for one in found] == expected.reached.tolist()
    assert 250 < expected.reached.sum() < 750, "the drives should end both ways"


def test_a_seed_decides_random_numbers_which_are_spread_evenly(page):
    one, other, again = np.array(page.evaluate(NUMBERS, [[7, 8, 7], 20_000]))
    assert (one == again).all()
    assert (one != other).mean() > 0.99
    assert (one.min() >= 0, one.min() < 0.001, one.max() > 0.999, one.max() < 1) == (True,) * 4
    for numbers in (one, other):
        tenths = np.bincount((10 * numbers).astype(int), minlength=10)
        assert ((tenths - 2_000) ** 2 / 2_000).sum() < 30  # chi-square, 9 degrees of freedom: 1 in 2,000
        assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.03


def test_starts_are_at_rest_and_all_over_the_valleys_floor(page):
    positions, velocities = np.transpose(page.evaluate(STARTS, 3))
    low, high = car.START_POSITIONS
    assert (velocities == 0).all()
    assert np.histogram(positions, bins=4, range=(low, high))[0].min() > 400
    assert low <= positions.min() <= positions.max() <= high


def test_intervals_of_shares_are_those_of_python(page):
    cases = [(successes, tries) for tries in (1, 10, 1_000) for successes in {0, 1, tries // 3, tries}]
    found = page.evaluate("(cases) => cases.map((one) => module.wilsonInterval(...one))", cases)
    assert np.array(found) == pytest.approx(np.array([wilson_interval(*case) for case in cases]), abs=1e-12)


@pytest.mark.parametrize("hold", [8, 24, 64])
def test_held_random_actions_arrive_as_often_as_in_python(page, hold):
    batch = page.evaluate("(hold) => module.batchOf(hold, 4000, module.randomFrom(5))", hold)
    expected = random_pushes(hold, 4_000, np.random.default_rng(6))
    found = sum(one["reached"] for one in batch) / 4_000
    share = expected.reached.mean()
    assert abs(found - share) < 4.5 * np.sqrt(2 * share * (1 - share) / 4_000)
    lengths = [one["length"] for one in batch if one["reached"]]
    arrived = expected.lengths[expected.reached]
    assert abs(np.mean(lengths) - arrived.mean()) < 4.5 * arrived.std() * np.sqrt(2 / len(arrived))
