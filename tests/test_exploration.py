"""Epsilon is the fraction of steps that explore, however long a random action is held."""

import json
from itertools import groupby

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import TableConfig
from dqn_lib.exploration import EpsilonGreedy, EpsilonSchedule, hold_probability
from dqn_lib.training import run_episode


def explorer(seed=0, actions=3):
    return EpsilonGreedy(actions, np.random.default_rng(seed))


def choices(steps, epsilon, hold, seed=0):
    who = explorer(seed)
    return [who.explore(epsilon, hold) for _ in range(steps)]


def holds(steps, epsilon, hold, seed=0):
    """The actions of each hold that ended, as lists; two holds in a row count as two."""
    who, ended, now = explorer(seed), [], []
    for _ in range(steps):
        if (action := who.explore(epsilon, hold)) is not None:
            now.append(action)
            if not who.steps_repeated:
                ended.append(now)
                now = []
    return ended


# Exploring steps come in holds, so a long hold needs a wide band: five standard errors or more each.
@pytest.mark.parametrize(("epsilon", "hold", "band"), [(0.05, 1, 0.005), (0.5, 4, 0.02), (0.05, 24, 0.02)])
def test_epsilon_is_the_fraction_of_steps_that_explore(epsilon, hold, band):
    explored = [action is not None for action in choices(100_000, epsilon, hold)]
    assert np.mean(explored) == pytest.approx(epsilon, abs=band)


@pytest.mark.parametrize("epsilon", [0.3, 1.0])
@pytest.mark.parametrize("hold", [1, 2, 24])
def test_an_action_is_repeated_for_hold_steps(epsilon, hold):
    ended = holds(10_000, epsilon, hold)
    assert len(ended) > 50
    assert {len(actions) for actions in ended} == {hold}
    assert {len(set(actions)) for actions in ended} == {1}
    assert {actions[0] for actions in ended} == {0, 1, 2}


def test_actions_are_equally_likely_and_independent_of_the_one_before():
    first = np.array([actions[0] for actions in holds(40_000, 0.8, 4)])
    # 8,000 holds: the same action again with probability 1/3, standard error 0.005
    assert (first[1:] == first[:-1]).mean() == pytest.approx(1 / 3, abs=0.03)
    assert np.bincount(first, minlength=3) / len(first) == pytest.approx([1 / 3] * 3, abs=0.03)


class Watched(QTableAgent):
    """Notes for every step the random action, or None."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.taken = []
        explore = self.exploration.explore
        self.exploration.explore = lambda *settings: self.taken.append(explore(*settings)) or self.taken[-1]


def test_a_repeated_action_continues_in_the_next_episode():
    env = mountain_car.make(max_episode_steps=10)  # shorter than an action is held
    agent = Watched(env, TableConfig(epsilon=0.5, hold=24), seed=0)
    lengths = [run_episode(env, agent).length for _ in range(4_000)]
    assert set(lengths) == {10}
    exploring = [action is not None for action in agent.taken]
    # 40,000 steps in cycles of 48: a standard error of 0.008; cut at every end, it would be 0.19
    assert np.mean(exploring) == pytest.approx(0.5, abs=0.04)
    stretches = [len(list(steps)) for explores, steps in groupby(exploring) if explores]
    assert {length % 24 for length in stretches[:-1]} == {0}


def test_the_hold_probability_by_hand():
    # epsilon 1/2, hold 4: p = 0.5 / (4 - 0.5 * 3) = 0.2
    # a cycle is (1 - 0.2) / 0.2 = 4 free steps and 4 held ones
    assert hold_probability(0.5, 4) == pytest.approx(0.2)
    assert hold_probability(0.3, 1) == 0.3
    assert hold_probability(0.0, 24) == 0
    assert hold_probability(1.0, 24) == 1


@pytest.mark.parametrize("hold", [1, 2, 24, 200])
def test_epsilon_zero_never_explores_and_epsilon_one_always_does(hold):
    assert set(choices(5_000, 0.0, hold)) == {None}
    assert set(choices(5_000, 1.0, hold)) == {0, 1, 2}


@pytest.mark.parametrize(("hold", "more"), [(4, {2}), (3, {1}), (1, {0})])
def test_a_changed_hold_applies_to_the_current_repetition(hold, more):
    who = explorer()
    held = {who.explore(1.0, 200), who.explore(1.0, 200)}
    after = [who.explore(1e-12, hold) for _ in range(100)]
    exploring = [action for action in after if action is not None]
    assert len(exploring) in more  # two of the new `hold` steps are over
    assert after[: len(exploring)] == exploring
    assert held | set(exploring) == held
    assert len(held) == 1


def test_epsilon_zero_ends_a_repetition_and_a_larger_one_starts_at_once():
    who = explorer()
    epsilons = (1.0, 1.0, 0.0, 1e-12, 1.0)
    assert [who.explore(epsilon, 200) is None for epsilon in epsilons] == [False, False, True, True, False]


def test_the_schedule_at_its_corners():
    schedule = EpsilonSchedule(start=1.0, end=0.1, wait=10, decay=9)
    # one ninth of the fall of 0.9 at each step after the tenth
    steps = [0, 9, 10, 11, 15, 18, 19, 20, 1_000_000]
    assert [schedule(step) for step in steps] == pytest.approx([1, 1, 1, 0.9, 0.5, 0.2, 0.1, 0.1, 0.1])
    assert [EpsilonSchedule(0.0, 1.0, 2, 2)(step) for step in (2, 3, 4, 5)] == [0, 0.5, 1, 1]


@pytest.mark.parametrize("inside", [True, False])
def test_a_state_restored_from_json_continues_identically(inside):
    one, other = explorer(seed=1), explorer(seed=2)
    one.explore(0.5, 10)
    while bool(one.steps_repeated) != inside:
        one.explore(0.5, 10)
    other.set_state(json.loads(json.dumps(one.get_state())))
    assert [one.explore(0.5, 10) for _ in range(1_000)] == [other.explore(0.5, 10) for _ in range(1_000)]


def test_the_same_seed_explores_the_same_way_and_another_differently():
    assert choices(200, 0.5, 4, seed=3) == choices(200, 0.5, 4, seed=3)
    assert choices(200, 0.5, 4, seed=3) != choices(200, 0.5, 4, seed=4)
