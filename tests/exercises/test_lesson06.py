"""Lesson 6: what cannot be an answer is refused without training, and the trial finds what still learns."""

import pytest

from dqn_lib import mountain_car
from dqn_lib.agents.tutorial import TutorialConfig
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.exercises import lesson06
from dqn_lib.exercises.leaderboard import steps_to_solve
from dqn_lib.exercises.lesson06 import HINTS, PATIENCE, SLOWEST, BreakTheAgent

THREE = [DQNConfig(gamma=0.85), DQNConfig(memory_size=64), DQNConfig(learning_rate=0.3)]


@pytest.fixture
def trials(monkeypatch):
    """Every trial that was made; none of them solves the task unless its config is in `solved`."""

    class Trials(list):
        solved = ()

        def __call__(self, env, config, *, seed, patience):
            self.append((config, seed, patience))
            return 9_047 if config in self.solved else None

    trials = Trials()
    monkeypatch.setattr(lesson06, "steps_to_solve", trials)
    return trials


def test_nothing_done_yet_is_no_mistake(trials):
    for nothing in ((), (...,), (None,)):
        assert lesson06.my_three.check(*nothing).status == "not attempted yet"
    assert trials == []


@pytest.mark.parametrize(
    "answer, words",
    [
        (3, "a list of three"),
        ("abc", "a list of three"),
        (DQNConfig(gamma=0.85), "a list of three"),
        ([], "a list of three"),
        ([*THREE, DQNConfig(tau=0.5)], "a list of three"),
        ([0.85, 1, 0.3], "not a float"),
        ([*THREE[:2], ...], "not an ellipsis"),
        ([*THREE[:2], DQNConfig], "not a type"),
        ([*THREE[:2], TableConfig(cells=4)], "not a TableConfig"),
        ([*THREE[:2], TutorialConfig(hold=2)], "not a TutorialConfig"),
        ([*THREE[:2], DQNConfig(gamma=0.99)], "changes 0 settings"),
        ([*THREE[:2], DQNConfig(tau=0.5, n_step=1)], "`DQNConfig(n_step=1, tau=0.5)` changes 2 settings"),
        ([*THREE[:2], DQNConfig(learning_starts=12_000)], "`learning_starts` only makes it learn later"),
        ([*THREE[:2], DQNConfig(gamma=0.5)], "Two of them change the same setting"),
        ([*THREE[:2], DQNConfig(learning_rate=0.0)], "A learning rate of 0 does not make it learn badly"),
        ([*THREE[:2], DQNConfig(learning_rate=1e-4)], "A delay does not break it"),
        (
            [*THREE[:2], DQNConfig(target_period=5)],
            "`target_period` has no effect while `target_update` is 'soft'",
        ),
    ],
)
def test_a_bad_answer_is_refused_in_words_and_without_training(answer, words, trials):
    verdict = BreakTheAgent().check(answer)
    assert verdict.status == "not yet" and words in verdict.message
    assert trials == []


def test_the_solution_is_correct_and_every_one_of_it_is_tried_once(trials):
    namespace = {"DQNConfig": DQNConfig}
    exec(repr(BreakTheAgent().solution()), namespace)
    verdict = BreakTheAgent().check(namespace["my_three"])
    assert verdict.status == "correct"
    assert "None of the three got to -110 within 12,000 steps" in verdict.message
    assert trials == [(config, 1, PATIENCE) for config in namespace["my_three"]]


def test_every_survivor_is_named_with_its_steps_and_no_other(trials):
    trials.solved = THREE[1:]
    verdict = BreakTheAgent().check(tuple(THREE))
    assert verdict.status == "not yet"
    assert "`DQNConfig(memory_size=64)` solved it after 9,047 steps all the same." in verdict.message
    assert verdict.message.count("all the same") == 2 and "gamma" not in verdict.message
    assert len(trials) == 3


@pytest.mark.parametrize("config", [DQNConfig(learning_rate=SLOWEST), DQNConfig(tau=1.0), DQNConfig(tau=0.0)])
def test_what_can_learn_and_has_an_effect_is_tried(config, trials):
    BreakTheAgent().check([*THREE[:2], config])
    assert trials[-1][0] == config


def test_an_error_while_training_is_shown_with_its_config(monkeypatch):
    def broken(env, config, **options):
        raise FloatingPointError("overflow")

    monkeypatch.setattr(lesson06, "steps_to_solve", broken)
    verdict = BreakTheAgent().check(THREE)
    assert verdict.status == "not yet"
    assert "`DQNConfig(gamma=0.85)` raised FloatingPointError: overflow" in verdict.message


def test_hints_advance_and_the_last_one_stays_and_names_the_solution():
    task = BreakTheAgent()
    given = [task.hint() for _ in range(5)]
    assert [hint.number for hint in given] == [1, 2, 3, 3, 3]
    assert all(hint.message.startswith(text) for hint, text in zip(given, HINTS, strict=False))
    assert "solution()" in given[-1].message


@pytest.mark.slow
def test_a_trial_ends_when_the_steps_are_over_and_the_slowest_rate_that_counts_solves_the_task_before():
    env = mountain_car.make()
    step = steps_to_solve(env, DQNConfig(learning_rate=SLOWEST), seed=1, patience=PATIENCE)
    assert isinstance(step, int) and 1_000 <= step <= PATIENCE
    assert steps_to_solve(env, DQNConfig(gamma=0.85), seed=1, patience=2_000) is None
