"""What the lessons' exercises do besides judging answers, which are in answers/lessonNN.py."""

import re
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from judging import EXERCISES, assert_correct, assert_counterexample

from dqn_lib import mountain_car
from dqn_lib.agents.backend import tf
from dqn_lib.agents.q_network import input_scaling
from dqn_lib.agents.tutorial import TutorialAgent
from dqn_lib.exercises import lesson03, lesson05, lesson08, lesson09, lesson10
from dqn_lib.exercises.feedback import panel
from dqn_lib.exercises.prediction import Prediction


@pytest.mark.parametrize("task", EXERCISES.values(), ids=EXERCISES)
def test_no_message_or_hint_shows_a_mark_of_its_emphasis_or_code(task):
    for text in [*(mistake.message for mistake in task.mistakes), *task.hints, task.takeaway]:
        shown = re.sub("<code>.*?</code>", "", panel("", text, ""))
        assert not {"*", "`"} & set(re.sub(r"\w\*\*\w", "", shown)), text  # a power may stand in the text


@pytest.mark.parametrize("lesson", ["lesson01", "lesson02"])
def test_the_lessons_without_a_network_do_not_load_tensorflow(lesson):
    code = f"import sys, dqn_lib.exercises.{lesson}; print({{'tensorflow', 'keras'}} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(("at_rest", "missed"), [(0, [-0.489]), (2, [])], ids=["left", "right"])
def test_lesson_1_says_rightly_from_how_many_starts_the_flag_is_missed_by_a_push_at_rest(at_rest, missed):
    starts = np.column_stack([np.linspace(-0.6, -0.4, 1_001), np.zeros(1_001)])
    push = lambda cars: np.select([cars[:, 1] > 0, cars[:, 1] < 0], [2, 0], at_rest)  # noqa: E731
    drives = mountain_car.simulate(push, starts)
    np.testing.assert_allclose(starts[~drives.reached, 0], missed)


def test_a_network_of_lesson_3_that_is_used_for_something_else_keeps_its_weights():
    network = lesson03.build_network.reference()
    before = network.get_weights()
    assert_correct(lesson03.build_network, lambda: network)
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_loss_of_lesson_3_that_trains_the_network_leaves_the_exercise_as_it_was():
    networks = [case[0] for case in lesson03.td_loss.cases]
    before = [network.weights.numpy() for network in networks]

    def answer(network, *batch):
        loss = lesson03.td_loss.reference(network, *batch)
        network.weights.assign_sub(0.1 * tf.ones((2, 3)))
        return loss

    try:
        assert lesson03.td_loss.check(answer).message.startswith("It changes the network's weights.")
        for network, weights in zip(networks, before, strict=True):
            np.testing.assert_array_equal(network.weights.numpy(), weights)
    finally:
        for network, weights in zip(networks, before, strict=True):
            network.weights.assign(weights)


def test_the_small_network_of_lesson_3_is_a_table_of_weights_that_tells_nothing_more():
    network = lesson03.SmallNetwork(np.arange(6, dtype=np.float32).reshape(2, 3))
    np.testing.assert_allclose(network(np.eye(2)).numpy(), network.weights.numpy())
    assert repr(network) == "a small network"


def test_two_lists_of_arrays_of_lesson_5_are_shown_where_they_differ():
    halfway = lambda target, online: [(t + o) / 2 for t, o in zip(target, online, strict=True)]  # noqa: E731
    words = ["should be `[array([[11.5, 22.], [33., 44.]])", "but is `[array([[6.25, 12.]"]
    assert_counterexample(lesson05.hard_update, halfway, *words)


def test_in_the_cases_of_the_double_target_of_lesson_5_a_table_is_one_and_no_two_actions_tie():
    assert len(lesson05.double_target.cases[0][0]) > 1
    for _, _, online, target, _ in lesson05.double_target.cases:
        for row in (*online, *target):
            assert len(set(row.tolist())) == 3


def test_every_exhibit_of_lesson_8_has_its_question_and_the_right_answers_are_not_all_in_one_place():
    asked = {name[-1].upper(): one for name, one in vars(lesson08).items() if isinstance(one, Prediction)}
    assert asked.keys() == lesson08.EXHIBITS.keys()
    places = [[choice.right for choice in question.choices].index(True) for question in asked.values()]
    assert len(set(places)) >= 3 and all(len(question.choices) == 4 for question in asked.values())


@pytest.mark.parametrize(("off", "right"), [(5e-4, True), (0.01, False)])
def test_where_the_gain_of_lesson_9_is_0_the_tolerance_is_absolute(off, right):
    def answer(gamma, ending, steps):
        return gamma ** (steps - 1) * (ending + 1 / (1 - gamma)) + off * (gamma == 0.95 and ending == -20)

    if right:
        assert_correct(lesson09.gain_of_arriving, answer)
    else:
        words = ["`gamma = 0.95`", "should be `0`", "is `0.01`"]
        assert_counterexample(lesson09.gain_of_arriving, answer, *words)


def test_the_epsilon_of_the_tutorial_agent_is_that_of_lesson_9():
    agent = TutorialAgent(mountain_car.make(), xla=False)
    for steps in (1, 100, 919, 5_000):
        agent.steps = steps - 1
        assert agent.epsilon == pytest.approx(lesson09.epsilon_after.reference(steps))


@pytest.mark.parametrize("name", ["MountainCar-v0", "CartPole-v1", "Acrobot-v1"])
def test_the_stretch_of_lesson_10_is_what_the_library_does(name):
    space = gym.make(name).observation_space
    scale, offset = input_scaling(space, 8.0)
    low, high = np.float64(space.low), np.float64(space.high)
    low[np.abs(low) > 1e6], high[np.abs(high) > 1e6] = -np.inf, np.inf
    state = np.linspace(-0.3, 0.4, len(low))
    np.testing.assert_allclose(
        lesson10.stretch.reference(state, low, high, 8.0), scale * state + offset, rtol=1e-6, atol=1e-6
    )
