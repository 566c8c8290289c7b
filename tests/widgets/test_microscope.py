"""The replay microscope without a browser: turn, jump, and compare with what the agent would learn."""

import html
import re
import threading

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig
from dqn_lib.replay import ReplayMemory
from dqn_lib.training import train
from dqn_lib.widgets.microscope import ReplayMicroscope
from dqn_lib.widgets.specimen import specimen

pytestmark = pytest.mark.slow

env = mountain_car.make()
START, STEP = np.array([-0.5, 0.0]), np.array([0.02, 0.001])


def fill(agent, lengths=(12, 8, 10), flags=(False, True, False), capacity=64):
    """Episodes of these lengths, some at the flag; transition k goes from state k to state k + 1."""
    agent.memory = ReplayMemory(capacity, 2, np.random.default_rng(0))
    number = 0
    for length, flag in zip(lengths, flags, strict=True):
        for step in range(length):
            here, last = START + STEP * (number % 50), step == length - 1
            agent.memory.add(
                here, number % 3, -1.0, here + STEP, terminated=flag and last, truncated=last and not flag
            )
            number += 1
    return agent


@pytest.fixture(scope="module")
def trained():
    config = DQNConfig(learning_starts=64, learn_every=64, tau=0.1, hidden=(16,), memory_size=256)
    agent = DQNAgent(env, config, seed=3, xla=False)
    for _ in train(env, agent, episodes=2):
        pass
    return agent


@pytest.fixture
def agent(trained):
    """As it was after its training, with 30 transitions in memory: a time limit, a flag, a time limit."""
    before, memory, config = trained.get_state(), trained.memory, trained.config
    yield fill(trained)
    trained.memory, trained.config = memory, config
    trained.set_state(before)


@pytest.fixture
def scope(agent):
    return ReplayMicroscope(agent)


def told(scope):
    """The tables as a dictionary of plain words."""
    rows = re.findall(r'<th scope="row"[^>]*>(.*?)</th><td[^>]*>(.*?)</td>', scope.table.value)
    return {name: html.unescape(re.sub("<[^>]*>", "", value)) for name, value in rows}


def said(words):
    """A number in a text, with a real minus sign."""
    return float(re.search(r"−?\d+\.\d+", words).group().replace("−", "-"))


def learnt_target(agent, batch):
    """The target of the first window, by the objective of the agent's own gradient step."""
    return float(agent._objective().targets(batch, agent.q, agent.target_q)[0])


# --- the numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("double", [True, False])
@pytest.mark.parametrize("age", range(0, 30, 4))
def test_every_number_is_that_of_the_agents_own_learning_step(agent, age, double):
    agent.config = agent.config.replace(double=double)
    scope = ReplayMicroscope(agent)
    scope.knob.value = age
    position = np.array([29 - age])
    batch = agent.memory.windows(position, agent.config.n_step, agent.config.gamma)
    target = learnt_target(agent, batch)
    estimate = float(agent.q(batch.states)[0, batch.actions[0]])
    next_q = agent.target_q(batch.next_states)[0]
    chosen = int((agent.q(batch.next_states)[0] if double else next_q).argmax())

    assert scope.shown.target == pytest.approx(target, abs=1e-4)
    assert scope.shown.estimate == pytest.approx(estimate, abs=1e-4)
    assert scope.shown.error == pytest.approx(target - estimate, abs=2e-4)
    assert scope.shown.chosen == chosen
    assert scope.shown.bootstrap == pytest.approx(next_q[chosen], abs=1e-4)
    assert scope.shown.rewards + scope.shown.guess == pytest.approx(target, abs=1e-4)

    words = told(scope)
    assert said(words["target"]) == pytest.approx(target, abs=6e-4)
    assert said(words["estimate"]) == pytest.approx(estimate, abs=6e-4)
    assert said(words["TD error"]) == pytest.approx(target - estimate, abs=6e-4)
    assert said(words["rewards, discounted"]) == pytest.approx(float(batch.returns[0]), abs=6e-4)
    if not batch.terminated[0]:
        assert said(words["its value"]) == pytest.approx(next_q[chosen], abs=6e-4)
        assert mountain_car.ACTION_NAMES[chosen] in words["best action at its end"]
        assert f"says the {'online' if double else 'target'} network" in words["best action at its end"]


@pytest.mark.parametrize(
    ("position", "length", "stops"),
    [
        (3, 5, "the agent's n = 5"),
        (9, 3, "the time limit"),
        (11, 1, "the time limit"),
        (15, 5, "the flag"),
        (18, 2, "the flag"),
        (19, 1, "the flag"),
        (27, 3, "the time limit"),
    ],
)
def test_a_window_stops_where_the_agents_does_and_says_why(agent, position, length, stops):
    one = specimen(agent, 29 - position)
    assert (one.length, one.stops, one.terminated) == (length, stops, stops == "the flag")
    np.testing.assert_allclose(one.states, START + STEP * np.arange(position, position + length + 1)[:, None])
    assert one.discount == pytest.approx(agent.config.gamma**length)
    scope = ReplayMicroscope(agent)
    scope.knob.value = 29 - position
    steps = "1 step" if length == 1 else f"{length} steps"
    assert told(scope)["window"] == f"{steps}, stops at {stops}"


def test_an_episode_under_way_stops_at_the_newest_memory(agent):
    for _ in range(3):
        agent.memory.add(START, 1, -1.0, START + STEP, terminated=False, truncated=False)
    assert [specimen(agent, age).stops for age in (4, 2, 1, 0)] == [
        "the agent's n = 5" if age > 4 else "the time limit" if age > 2 else "the newest memory"
        for age in (4, 2, 1, 0)
    ]
    assert specimen(agent, 2).length == 3


def test_the_table_says_what_was_remembered(scope):
    scope.knob.value = 17  # number 12: the first of the second episode
    words = told(scope)
    assert words["state"] == "position −0.260, velocity 0.0120"
    assert words["action"] == "push left"
    assert words["age"] == "stored 17 steps ago"
    assert words["which counts"] == "0.995 = 0.951 times"  # 0.99 to the power of 5
    assert '<th scope="row"' in scope.table.value


def test_at_the_flag_no_network_is_asked_about_the_rest(scope):
    scope.knob.value = 10  # number 19
    words = told(scope)
    assert (words["best action at its end"], words["target"]) == ("none", "−1.000")
    assert words["its value"] == "0: after the flag nothing is paid"
    assert "none: the flag" in scope.picture.sums["guess"].get_text()


# --- the slider -------------------------------------------------------------------------------------------


def test_the_slider_goes_from_the_oldest_to_the_newest_one_by_one(scope):
    assert scope.knob.values == list(range(29, -1, -1))
    assert scope.knob.place == 0 and scope.shown.age == 29
    np.testing.assert_allclose(scope.shown.states[0], START)
    scope.knob.place = 1
    np.testing.assert_allclose(scope.shown.states[0], START + STEP)
    scope.knob.place = 29
    np.testing.assert_allclose(scope.shown.states[0], START + 29 * STEP)
    assert scope.shown.age == 0


def test_picture_and_table_follow_the_slider(scope):
    png, number = scope.canvas.png, scope.canvas.number
    scope.knob.value = 10
    assert scope.canvas.number == number + 1 and scope.canvas.png != png
    np.testing.assert_allclose(np.ravel(scope.picture.start.get_data()), START + 19 * STEP)
    assert "stops at the flag" in scope.canvas.alt


def test_a_full_ring_begins_with_its_oldest(agent):
    fill(agent, lengths=(12, 8, 13), capacity=20)
    scope = ReplayMicroscope(agent)
    assert len(scope.knob.values) == 20
    np.testing.assert_allclose(scope.shown.states[0], START + 13 * STEP)  # 33 added, 20 kept
    scope.knob.place = 19
    np.testing.assert_allclose(scope.shown.states[0], START + 32 * STEP)


# --- the buttons ------------------------------------------------------------------------------------------


def test_the_largest_error_is_the_largest(agent, scope):
    scope.buttons["Largest TD error"].click()
    sizes = [abs(specimen(agent, age).error) for age in range(30)]
    assert abs(scope.shown.error) == pytest.approx(max(sizes))
    assert scope.knob.value == int(np.argmax(sizes))
    scope.buttons["Largest TD error"].click()
    assert scope.knob.value == int(np.argmax(sizes))


def test_a_full_ring_is_searched_at_the_right_places(agent):
    fill(agent, lengths=(12, 8, 13), capacity=20)
    scope = ReplayMicroscope(agent)
    scope.buttons["Largest TD error"].click()
    assert abs(scope.shown.error) == pytest.approx(max(abs(specimen(agent, age).error) for age in range(20)))


def test_every_press_on_a_flag_shows_a_window_that_ends_there(scope):
    lengths = set()
    for _ in range(40):
        scope.buttons["A flag"].click()
        assert scope.shown.terminated and scope.shown.stops == "the flag"
        lengths.add(scope.shown.length)
    assert lengths == {1, 2, 3, 4, 5}


def test_draws_are_uniform_over_the_memory_and_repeatable(agent):
    def draws(seed, count):
        scope = ReplayMicroscope(agent, seed=seed)
        scope.canvas.draw = scope.picture.update = lambda *_: None  # quicker
        ages = []
        for _ in range(count):
            scope.buttons["Draw one at random"].click()
            ages.append(scope.shown.age)
        return ages

    assert set(draws(seed=0, count=300)) == set(range(30))
    assert draws(1, 20) == draws(1, 20) != draws(2, 20)


def test_the_agents_own_generators_are_left_alone(agent, scope):
    before = agent.memory.rng.bit_generator.state, agent.exploration.get_state()
    for button in scope.buttons.values():
        button.click()
    assert (agent.memory.rng.bit_generator.state, agent.exploration.get_state()) == before


def test_without_a_flag_it_says_so_and_stays(agent):
    fill(agent, flags=(False, False, False))
    scope = ReplayMicroscope(agent)
    scope.buttons["A flag"].click()
    assert "There is no flag in this memory" in scope.table.value
    assert scope.knob.place == 0
    scope.knob.place = 1
    assert told(scope)["age"] == "stored 28 steps ago"


# --- an agent that goes on --------------------------------------------------------------------------------


def test_the_next_move_asks_the_present_networks(agent, scope):
    scope.knob.value = 20
    before = scope.shown
    agent.learn()
    agent.learn()
    scope.knob.value = 21
    scope.knob.value = 20
    batch = agent.memory.windows(np.array([9]), 5, agent.config.gamma)
    assert scope.shown.target == pytest.approx(learnt_target(agent, batch), abs=1e-4)
    assert abs(scope.shown.target - before.target) > 1e-3
    assert abs(scope.shown.estimate - before.estimate) > 1e-3


def test_another_gamma_acts_at_the_next_move(agent, scope):
    agent.change(gamma=0.5)
    scope.knob.value = 20
    assert scope.shown.discount == pytest.approx(0.5**3)
    assert scope.shown.rewards == pytest.approx(-1.75)


def test_the_slider_grows_with_the_memory(agent, scope):
    scope.knob.place = 4
    for _ in range(10):
        agent.memory.add(START, 1, -1.0, START + STEP, terminated=False, truncated=False)
    scope.knob.place = 5
    assert len(scope.knob.values) == len(scope.knob.labels) == 40
    assert scope.shown.age == 34
    np.testing.assert_allclose(scope.shown.states[0], START + 5 * STEP)


def test_a_memory_that_was_emptied_is_told_in_words(agent, scope):
    agent.memory = ReplayMemory(64, 2, np.random.default_rng(0))
    scope.knob.place = 3
    assert "The memory is empty now" in scope.table.value
    for button in scope.buttons.values():
        button.click()
    assert "The memory is empty now" in scope.table.value
    fill(agent, lengths=(4,), flags=(False,))
    scope.buttons["Draw one at random"].click()
    assert len(scope.knob.values) == 4 and scope.shown.age < 4


def test_networks_that_blew_up_are_told_in_words(agent, scope):
    agent.parameters = agent.parameters * np.float32([[1], [np.nan], [1], [1]])  # the target network
    scope.knob.place = 3
    assert "not finite" in scope.table.value


# --- what cannot be looked at -----------------------------------------------------------------------------


def test_an_empty_memory_is_refused(agent):
    agent.memory = ReplayMemory(64, 2, np.random.default_rng(0))
    with pytest.raises(ValueError, match="memory of the agent must hold at least one transition, got 0"):
        ReplayMicroscope(agent)


def test_an_agent_without_a_memory_is_refused():
    with pytest.raises(TypeError, match="agent must be a DQNAgent, which has a memory, got a QTableAgent"):
        ReplayMicroscope(QTableAgent(env))


def test_an_agent_of_another_world_is_refused(agent, monkeypatch):
    monkeypatch.setattr(agent, "sizes", (4, 16, 2))
    with pytest.raises(ValueError, match=r"agent must drive in MountainCar-v0, .* got 4 and 2"):
        ReplayMicroscope(agent)


# --- without a browser ------------------------------------------------------------------------------------


def test_where_nobody_can_run_it_picture_table_and_a_sentence_stand_in(scope):
    page = scope._repr_mimebundle_()["text/html"]
    assert page.count("<img ") == 1 and page.count("<table>") == 2
    assert "A slider goes through the agent's memory" in html.unescape(page)


def test_it_needs_no_thread(scope):
    before = threading.active_count()
    scope.knob.place = 7
    scope.end()
    assert threading.active_count() == before


def test_where_target_and_online_network_are_one_the_words_tell_no_two_apart(agent):
    agent.config = agent.config.replace(target_update="none")
    words = " ".join(told(ReplayMicroscope(agent)).values())
    assert "says the network" in words
    assert "target network" not in words
    assert "online network" not in words
