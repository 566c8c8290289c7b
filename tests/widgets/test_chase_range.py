"""The shooting range without a browser: press its buttons, turn its knobs, read agent, data and picture."""

import threading
import time

import numpy as np
import pytest

from dqn_lib import loop, mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.plots.style import ESTIMATE, TARGET
from dqn_lib.training import train
from dqn_lib.widgets.chase import ChaseRange

pytestmark = pytest.mark.slow

FLOOR, EXACT = np.array([-0.5, 0.0]), -63.25


@pytest.fixture(scope="module")
def filled():
    env = mountain_car.make()
    config = DQNConfig(learning_starts=1_000_000, hidden=(8,), batch_size=8, updates=4)
    agent = DQNAgent(env, config, seed=1)
    for _ in train(env, agent, steps=300):
        pass
    agent.compile()
    return agent, agent.get_state()


@pytest.fixture
def agent(filled):
    one, begin = filled
    one.set_state(begin)
    one.change(target_update="soft", tau=0.01, target_period=200)
    return one


@pytest.fixture
def make(agent):
    made = []

    def make(*, rounds=5, speed=4_000, **options):
        made.append(ChaseRange(agent, FLOOR, EXACT, rounds=rounds, speed=speed, **options))
        return made[-1]

    yield make
    for one in made:
        one.end()
    assert threads() == []


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "dqn_lib loop"]


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.001)


def steps(chase):
    return chase.said[-1][0]


def press(chase, text):
    row = chase.children[1]
    next(button for button in row.children if getattr(button, "description", "") == text).click()


def follow(agent, begin, rounds, **rule):
    """What lesson 5 does by hand, from before the first step on."""
    agent.set_state(begin)
    agent.change(**rule)
    said = []
    for visit in range(rounds + 1):
        if visit:
            agent.learn()
        said.append((4 * visit, agent.q(FLOOR).max(), agent.target_q(FLOOR).max()))
    return np.array(said)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"rule": "none"}, {"target_update": "none"}),
        ({"period": 5}, {"target_update": "hard", "target_period": 5}),
        ({"rule": "soft", "tau": 0.2}, {"target_update": "soft", "tau": 0.2}),
    ],
)
def test_the_first_picture_is_the_chase_of_its_settings(filled, make, options, rule):
    chase = make(rounds=6, **options)
    expected = follow(*filled, 6, **rule)
    np.testing.assert_allclose(chase.said, expected, rtol=1e-5)
    for line, column in zip(chase.picture.lines, (2, 1), strict=True):
        np.testing.assert_allclose(line.get_xydata(), expected[:, [0, column]], rtol=1e-5)
    assert [line.get_color() for line in chase.picture.lines] == [TARGET, ESTIMATE]
    assert "After 24 gradient steps" in chase.canvas.alt
    assert "Run shows how it came to this." in chase.message.value


def test_running_learns_the_same_from_the_beginning(filled, make):
    chase = make(limit=80)
    press(chase, "Run")
    until(lambda: not chase.loop.running)
    chase.pause()
    assert steps(chase) == 80
    np.testing.assert_allclose(
        chase.said, follow(*filled, 20, target_update="hard", target_period=200), rtol=1e-5
    )
    assert chase.picture.lines[0].get_xydata().shape == (21, 2)
    assert "The end, after 80 gradient steps." in chase.message.value
    ended = chase.said
    press(chase, "Run")
    until(lambda: not chase.loop.running)
    assert chase.said is not ended
    np.testing.assert_allclose(chase.said, ended, rtol=1e-5)


def test_run_goes_on_after_a_pause_and_a_second_press_changes_nothing(make):
    chase = make()
    press(chase, "Run")
    press(chase, "Run")
    assert len(threads()) == 1
    until(lambda: steps(chase) >= 40)
    press(chase, "Pause")
    paused = steps(chase)
    assert threads() == []
    assert f"Paused after {paused:,} gradient steps." in chase.message.value
    assert chase.picture.lines[0].get_xydata()[-1, 0] == paused
    press(chase, "Run")
    assert "Running." in chase.message.value
    until(lambda: steps(chase) > paused)
    press(chase, "Pause")
    assert [one[0] for one in chase.said] == list(range(0, steps(chase) + 1, 4))
    assert chase.rules == [(0, "period 200")]


def test_from_the_beginning_begins_anew_and_runs(make):
    chase = make()
    press(chase, "Run")
    until(lambda: steps(chase) >= 200)
    first = chase.said
    press(chase, "From the beginning")
    press(chase, "From the beginning")
    assert len(threads()) == 1
    assert chase.said is not first
    until(lambda: steps(chase) >= 40)
    press(chase, "Pause")
    np.testing.assert_allclose(chase.said[:10], first[:10], rtol=1e-5)


def test_a_knob_turned_while_it_runs_acts_from_the_next_step_and_leaves_a_mark(agent, make):
    chase = make()
    press(chase, "Run")
    until(lambda: steps(chase) >= 400)
    chase.rule.period.value = 20
    until(lambda: agent.config.target_period == 20)
    until(lambda: steps(chase) >= 600)
    chase.rule.kind.value = "soft"
    until(lambda: agent.config.target_update == "soft")
    chase.rule.tau.value = 0.5
    until(lambda: agent.config.tau == 0.5)
    press(chase, "Pause")
    assert steps(chase) >= 600
    (zero, first), (at, second), *_, (last, third) = chase.rules
    assert (zero, first, second, third) == (0, "period 200", "period 20", "tau 0.5")
    assert 400 <= at < last
    marks = {label.get_text(): label.get_position()[0] for label in chase.picture.labels}
    assert marks["period 20"] == at
    assert marks["tau 0.5"] == last


def test_a_change_of_the_rule_changes_nothing_before_it(filled, make):
    chase = make(rule="soft", tau=0.01)
    press(chase, "Run")
    until(lambda: steps(chase) >= 80)
    chase.rule.tau.value = 1.0
    until(lambda: len(chase.rules) == 2)
    until(lambda: steps(chase) > chase.rules[1][0] + 40)
    press(chase, "Pause")
    at = chase.rules[1][0] // 4
    expected = follow(*filled, at, target_update="soft", tau=0.01)
    np.testing.assert_allclose(chase.said[: at + 1], expected, rtol=1e-5)
    after = np.array(chase.said[at + 1 :])
    np.testing.assert_allclose(after[:, 1], after[:, 2], rtol=1e-4)  # now the two are one


@pytest.mark.parametrize(
    ("rule", "turn", "value", "words"),
    [
        ("hard", "period", 50, "period 50"),
        ("soft", "tau", 0.5, "tau 0.5"),
        ("hard", "kind", "none", "every step"),
    ],
)
def test_a_knob_turned_while_it_does_not_run_begins_anew_at_once(make, rule, turn, value, words):
    chase = make(rule=rule)
    press(chase, "Run")
    until(lambda: steps(chase) >= 200)
    press(chase, "Pause")
    getattr(chase.rule, turn).value = value
    assert chase.loop.running
    until(lambda: steps(chase) >= 8)
    press(chase, "Pause")
    assert chase.rules == [(0, words)]
    assert f"Rule: {words}." in chase.picture.title.get_text()


def test_only_the_knob_of_the_rule_is_shown(make):
    chase = make(rule="none")
    shown = {}
    for kind in ("none", "hard", "soft"):
        chase.rule.kind.value = kind
        shown[kind] = [knob.layout.display is None for knob in (chase.rule.period, chase.rule.tau)]
    assert shown == {"none": [False, False], "hard": [True, False], "soft": [False, True]}


def test_what_the_agent_raises_is_said_in_words_and_the_range_works_again(agent, make, monkeypatch):
    chase = make()
    learn = agent.learn

    def fail():
        if agent.updates == 40:
            raise RuntimeError("tensor <too> large")
        learn()

    monkeypatch.setattr(agent, "learn", fail)
    press(chase, "Run")
    until(lambda: "alert" in chase.message.value)
    assert "<b>RuntimeError:</b> tensor &lt;too&gt; large" in chase.message.value
    assert steps(chase) == 40
    assert not chase.loop.running
    monkeypatch.setattr(agent, "learn", learn)
    failed = chase.said
    press(chase, "Run")
    until(lambda: steps(chase) > 40)
    assert "Running." in chase.message.value
    assert chase.said is not failed  # who knows what the agent went through


def test_an_agent_that_fails_at_the_first_step_is_no_worse(agent, make, monkeypatch):
    chase = make()
    monkeypatch.setattr(agent, "learn", lambda: 1 / 0)
    chase.rule.period.value = 50
    until(lambda: "ZeroDivisionError" in chase.message.value)
    monkeypatch.undo()
    press(chase, "Run")
    until(lambda: steps(chase) > 8)


def test_what_goes_wrong_in_a_button_is_said_too(agent, make, monkeypatch):
    chase = make()
    monkeypatch.setattr(agent, "set_state", lambda state: 1 / 0)
    press(chase, "From the beginning")
    assert "ZeroDivisionError" in chase.message.value
    assert threads() == []
    monkeypatch.undo()
    press(chase, "Run")
    until(lambda: steps(chase) > 8)


def test_a_pause_answers_within_a_tenth_of_a_second(make):
    chase = make(speed=1)  # four seconds from one visit to the next
    waited = []
    for _ in range(5):
        chase.run()
        time.sleep(0.1)
        before = time.perf_counter()
        chase.pause()
        waited.append(time.perf_counter() - before)
    assert min(waited) < 0.1


def test_pause_and_run_in_a_hurry_leave_no_trace(make):
    chase = make()
    for _ in range(10):
        chase.restart()
        chase.pause()
        assert f"Paused after {steps(chase):,} gradient steps." in chase.message.value
        chase.run()
    chase.pause()
    assert [one[0] for one in chase.said] == list(range(0, steps(chase) + 1, 4))


def test_a_pause_before_the_first_step_shows_the_beginning(make, monkeypatch):
    chase = make()
    monkeypatch.setattr(chase.loop, "step", lambda: False)
    press(chase, "From the beginning")
    chase.pause()
    assert "Paused after 0 gradient steps." in chase.message.value
    assert [len(line.get_xydata()) for line in chase.picture.lines] == [1, 1]


def test_the_end_stops_the_thread_and_puts_the_agent_back(filled, make):
    agent, begin = filled
    chase = make(rule="none")
    press(chase, "Run")
    until(lambda: steps(chase) >= 40)
    ended = chase.said
    chase.end()
    assert threads() == []
    assert (agent.updates, agent.config.target_update) == (begin["updates"], "soft")
    np.testing.assert_array_equal(agent.parameters, begin["parameters"])
    press(chase, "Run")
    until(lambda: steps(chase) >= 8)
    assert chase.said is not ended


def test_another_range_takes_the_agent_over(filled, make):
    first = make()
    press(first, "Run")
    until(lambda: steps(first) >= 100)
    interrupted = first.said
    second = make()  # as when its cell is run again
    assert threads() == []
    assert second.begin["updates"] == filled[1]["updates"]
    press(second, "Run")
    until(lambda: steps(second) >= 40)
    first.end()  # comes too late to disturb the second
    until(lambda: steps(second) >= 80)
    press(first, "Run")
    assert len(threads()) == 1
    assert not second.loop.running
    assert [one[0] for one in second.said] == list(range(0, steps(second) + 1, 4))
    until(lambda: steps(first) >= 8)
    assert first.said is not interrupted


def test_an_agent_that_was_given_back_may_move_on(agent, make):
    make().end()
    agent.learn()
    moved = agent.updates
    assert make().begin["updates"] == moved


def test_a_slow_browser_gets_fewer_pictures_but_always_the_last(make):
    chase = make()
    chase.canvas.shown = -100
    chase.canvas._sent_at = time.monotonic() + 100
    before = chase.canvas.number
    press(chase, "Run")
    until(lambda: steps(chase) >= 400)
    assert chase.canvas.number == before
    press(chase, "Pause")
    assert chase.canvas.number == before + 1
    assert f"After {steps(chase):,} gradient steps" in chase.canvas.alt


def test_where_no_browser_asks_the_picture_stands_there(make):
    shown = make()._repr_mimebundle_()["text/html"]
    assert shown.startswith('<img src="data:image/png;base64,')
    assert "After 20 gradient steps" in shown
    assert "Buttons run and pause this chase" in shown


def test_the_beginning_may_be_given(filled, make):
    agent, begin = filled
    agent.learn()
    chase = make(begin=begin)
    np.testing.assert_allclose(chase.said, follow(agent, begin, 5, target_update="hard"), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"rounds": 0}, "rounds must be at least 1, got 0"),
        ({"limit": 0}, "limit must be at least 1, got 0"),
        ({"speed": 0}, r"speed must lie in \[1, 1e\+06\], got 0"),
        ({"rule": "fast"}, "rule must be one of none, hard, soft, got 'fast'"),
        ({"period": 3}, "value must be one of .*, got 3"),
    ],
)
def test_bad_settings_are_refused(make, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        make(**options)


def test_a_bad_state_and_an_empty_memory_are_refused(agent):
    with pytest.raises(ValueError, match=r"state must be a single one, got an array of the shape \(1, 2\)"):
        ChaseRange(agent, [FLOOR], EXACT)
    agent.memory.added = 0
    with pytest.raises(ValueError, match="agent must have memories to learn from, got one with none"):
        ChaseRange(agent, FLOOR, EXACT)


def test_an_agent_in_the_middle_of_a_step_is_put_nowhere(agent, make, monkeypatch):
    chase = make()
    monkeypatch.setattr(loop, "PATIENCE", 0.1)
    began, let_go, learn, moved = threading.Event(), threading.Event(), agent.learn, []

    def stuck():
        began.set()
        let_go.wait(20)
        return learn()

    with monkeypatch.context() as patch:
        patch.setattr(agent, "learn", stuck)
        press(chase, "Run")
        assert began.wait(20)
        patch.setattr(agent, "set_state", moved.append)
        with pytest.raises(TimeoutError):
            chase.end()
        press(chase, "From the beginning")
        said = chase.message.value
        with pytest.raises(TimeoutError):  # another range wants the agent
            make()
        let_go.set()
        until(lambda: not threads())
    assert moved == []
    assert "TimeoutError:" in said
