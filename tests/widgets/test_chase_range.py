"""The shooting range without a browser: press and turn as a page does, read agent, data and what is shown."""

import threading
import time

import numpy as np
import pytest
import traitlets as t
from receiving import unpacked

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.training import train
from dqn_lib.widgets import live as loop
from dqn_lib.widgets import target_explorer as chase_module
from dqn_lib.widgets.target_explorer import CHOICES, TargetNetworkExplorer

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
        made.append(TargetNetworkExplorer(agent, FLOOR, EXACT, rounds=rounds, speed=speed, **options))
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


def press(chase, button):
    send(chase, {"press": button})


def send(chase, content):
    """What a page sends when a button is pressed or a look was painted."""
    chase._handle_custom_msg(content, [])


def words(chase):
    """How things stand; nothing has gone wrong."""
    assert not chase.status["alarm"], chase.status
    return chase.status["words"]


def lines(chase):
    """What is shown: gradient steps, online and target network `(n, 3)`."""
    return unpacked(chase.look["lines"])


def alarm(chase):
    """What has gone wrong, in words."""
    assert chase.status["alarm"] and not chase.status["running"], chase.status
    return chase.status["words"]


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
        ({"rule": "every_step"}, {"target_update": "every_step"}),
        ({"period": 5}, {"target_update": "hard", "target_period": 5}),
        ({"rule": "soft", "tau": 0.2}, {"target_update": "soft", "tau": 0.2}),
    ],
)
def test_the_first_picture_is_the_chase_of_its_settings(filled, make, options, rule):
    chase = make(rounds=6, **options)
    expected = follow(*filled, 6, **rule)
    np.testing.assert_allclose(chase.said, expected, rtol=1e-5)
    np.testing.assert_allclose(lines(chase), expected, rtol=1e-5)
    assert lines(chase)[-1, 0] == 24
    assert words(chase) == "Run shows how it came to this."
    assert not chase.status["running"]
    assert chase.exact == EXACT


def test_running_learns_the_same_from_the_beginning(filled, make):
    chase = make(limit=80)
    press(chase, "run")
    until(lambda: not chase.loop.running)
    chase.pause()
    assert steps(chase) == 80
    np.testing.assert_allclose(
        chase.said, follow(*filled, 20, target_update="hard", target_period=200), rtol=1e-5
    )
    np.testing.assert_allclose(lines(chase), chase.said, rtol=1e-6)
    assert words(chase) == "The end, after 80 gradient steps."
    ended = chase.said
    press(chase, "run")
    until(lambda: not chase.loop.running)
    assert chase.said is not ended
    np.testing.assert_allclose(chase.said, ended, rtol=1e-5)


def test_run_goes_on_after_a_pause_and_a_second_press_changes_nothing(make):
    chase = make()
    press(chase, "run")
    press(chase, "run")
    assert len(threads()) == 1
    until(lambda: steps(chase) >= 40)
    press(chase, "pause")
    paused = steps(chase)
    assert threads() == []
    assert words(chase) == f"Paused after {paused:,} gradient steps."
    assert not chase.status["running"]
    assert lines(chase)[-1, 0] == paused
    press(chase, "run")
    assert chase.status == {"words": "Running.", "alarm": False, "running": True}
    until(lambda: steps(chase) > paused)
    press(chase, "pause")
    assert [one[0] for one in chase.said] == list(range(0, steps(chase) + 1, 4))
    assert chase.rules == [(0, "period 200")]


def test_from_the_beginning_begins_anew_and_runs(make):
    chase = make()
    press(chase, "run")
    until(lambda: steps(chase) >= 200)
    first = chase.said
    press(chase, "restart")
    press(chase, "restart")
    assert len(threads()) == 1
    assert chase.said is not first
    until(lambda: steps(chase) >= 40)
    press(chase, "pause")
    np.testing.assert_allclose(chase.said[:10], first[:10], rtol=1e-5)


def test_a_knob_turned_while_it_runs_acts_from_the_next_step_and_leaves_a_mark(agent, make):
    chase = make()
    press(chase, "run")
    until(lambda: steps(chase) >= 400)
    chase.turn("target_period", 20)
    until(lambda: agent.config.target_period == 20)
    until(lambda: steps(chase) >= 600)
    chase.turn("target_update", "soft")
    until(lambda: agent.config.target_update == "soft")
    chase.turn("tau", 0.5)
    until(lambda: agent.config.tau == 0.5)
    press(chase, "pause")
    assert steps(chase) >= 600
    (zero, first), (at, second), *_, (last, third) = chase.rules
    assert (zero, first, second, third) == (0, "period 200", "period 20", "tau 0.5")
    assert 400 <= at < last
    assert chase.look["rules"] == [list(rule) for rule in chase.rules]


def test_a_change_of_the_rule_changes_nothing_before_it(filled, make):
    chase = make(rule="soft", tau=0.01)
    press(chase, "run")
    until(lambda: steps(chase) >= 80)
    chase.turn("tau", 1.0)
    until(lambda: len(chase.rules) == 2)
    until(lambda: steps(chase) > chase.rules[1][0] + 40)
    press(chase, "pause")
    at = chase.rules[1][0] // 4
    expected = follow(*filled, at, target_update="soft", tau=0.01)
    np.testing.assert_allclose(chase.said[: at + 1], expected, rtol=1e-5)
    after = np.array(chase.said[at + 1 :])
    np.testing.assert_allclose(after[:, 1], after[:, 2], rtol=1e-4)  # now the two are one


@pytest.mark.parametrize(
    ("rule", "name", "value", "said"),
    [
        ("hard", "target_period", 50, "period 50"),
        ("soft", "tau", 0.5, "tau 0.5"),
        ("hard", "target_update", "every_step", "every step"),
    ],
)
def test_a_knob_turned_while_it_does_not_run_begins_anew_at_once(make, rule, name, value, said):
    chase = make(rule=rule)
    press(chase, "run")
    until(lambda: steps(chase) >= 200)
    press(chase, "pause")
    place = CHOICES[name].index(value)
    chase.set_state({"indices": chase.indices | {name: place}})  # as a page does it
    assert chase.loop.running
    until(lambda: steps(chase) >= 8)
    press(chase, "pause")
    assert chase.rules == [(0, said)]
    assert chase.look["rules"] == [[0, said]]


def test_only_the_knob_of_the_rule_is_active(make):
    chase = make(rule="every_step")
    active = {}
    for rule in ("every_step", "hard", "soft"):
        chase.turn("target_update", rule)
        active[rule] = chase.active
    assert active == {
        "every_step": ["target_update"],
        "hard": ["target_update", "target_period"],
        "soft": ["target_update", "tau"],
    }
    assert make(rule="hard").active == active["hard"]


def test_every_choice_is_named_and_the_knobs_stand_where_they_were_asked_to(make):
    chase = make(rule="soft", period=50, tau=0.2)
    assert [(one["name"], one["kind"], len(one["labels"])) for one in chase.settings] == [
        (name, "menu" if name == "target_update" else "slider", len(CHOICES[name])) for name in CHOICES
    ]
    stands = {one["name"]: one["labels"][chase.indices[one["name"]]] for one in chase.settings}
    assert stands == {"target_update": "soft: a little every step", "target_period": "50", "tau": "0.2"}


@pytest.mark.parametrize(
    ("places", "complaint"),
    [
        ({"tau": 8}, r"the index of tau must lie in \[0, 7\], got 8"),
        ({"target_period": -1}, r"the index of target_period must lie in \[0, 9\], got -1"),
        ({"target_update": "hard"}, "the index of target_update must be an integer, got 'hard'"),
        ({"gamma": 0}, "indices must be of target_update, target_period, tau, got .*gamma"),
        (None, "indices must be of target_update, target_period, tau, got tau$"),
    ],
)
def test_places_outside_are_refused_and_nothing_begins(make, places, complaint):
    chase = make()
    before = chase.indices
    wrong = {"tau": 0} if places is None else before | places
    with pytest.raises(t.TraitError, match=complaint):
        chase.indices = wrong
    with pytest.raises(t.TraitError, match=complaint):
        chase.set_state({"indices": wrong})  # as a page does it
    assert chase.indices == before and not chase.loop.running
    with pytest.raises(ValueError, match=r"tau must be one of 0\.001, .*, got 0\.02"):
        chase.turn("tau", 0.02)
    with pytest.raises(ValueError, match="knob must be one of target_update, target_period, tau, got 'taus'"):
        chase.turn("taus", 0.1)


def test_what_the_agent_raises_is_said_in_words_and_the_range_works_again(agent, make, monkeypatch):
    chase = make()
    learn = agent.learn

    def fail():
        if agent.updates == 40:
            raise RuntimeError("tensor <too> large")
        learn()

    monkeypatch.setattr(agent, "learn", fail)
    press(chase, "run")
    until(lambda: chase.status["alarm"])
    assert alarm(chase) == "RuntimeError: tensor <too> large. Run begins again."
    assert steps(chase) == 40
    assert not chase.loop.running
    monkeypatch.setattr(agent, "learn", learn)
    failed = chase.said
    press(chase, "run")
    until(lambda: steps(chase) > 40)
    assert words(chase) == "Running."
    assert chase.said is not failed  # who knows what the agent went through


def test_an_agent_that_fails_at_the_first_step_is_no_worse(agent, make, monkeypatch):
    chase = make()
    monkeypatch.setattr(agent, "learn", lambda: 1 / 0)
    chase.turn("target_period", 50)
    until(lambda: chase.status["alarm"])
    assert alarm(chase).startswith("ZeroDivisionError: ")
    monkeypatch.undo()
    press(chase, "run")
    until(lambda: steps(chase) > 8)


def test_what_goes_wrong_in_a_button_is_said_too(agent, make, monkeypatch):
    chase = make()
    monkeypatch.setattr(agent, "set_state", lambda state: 1 / 0)
    press(chase, "restart")
    assert alarm(chase).startswith("ZeroDivisionError: ")
    assert threads() == []
    monkeypatch.undo()
    press(chase, "run")
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
        assert words(chase) == f"Paused after {steps(chase):,} gradient steps."
        chase.run()
    chase.pause()
    assert [one[0] for one in chase.said] == list(range(0, steps(chase) + 1, 4))


def test_a_pause_before_the_first_step_shows_the_beginning(make, monkeypatch):
    chase = make()
    monkeypatch.setattr(chase.loop, "_step", lambda: lambda: False)
    press(chase, "restart")
    chase.pause()
    assert words(chase) == "Paused after 0 gradient steps."
    assert lines(chase).shape == (1, 3)


def test_the_end_stops_the_thread_and_puts_the_agent_back(filled, make):
    agent, begin = filled
    chase = make(rule="every_step")
    press(chase, "run")
    until(lambda: steps(chase) >= 40)
    ended = chase.said
    chase.end()
    assert threads() == []
    assert (agent.updates, agent.config.target_update) == (begin["updates"], "soft")
    np.testing.assert_array_equal(agent.parameters, begin["parameters"])
    press(chase, "run")
    until(lambda: steps(chase) >= 8)
    assert chase.said is not ended


def test_another_range_takes_the_agent_over(filled, make):
    first = make()
    press(first, "run")
    until(lambda: steps(first) >= 100)
    interrupted = first.said
    second = make()  # as when its cell is run again
    assert threads() == []
    assert second.begin["updates"] == filled[1]["updates"]
    press(second, "run")
    until(lambda: steps(second) >= 40)
    first.end()  # comes too late to disturb the second
    until(lambda: steps(second) >= 80)
    press(first, "run")
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


def test_a_page_that_does_not_keep_up_gets_fewer_looks_but_always_the_last(make, monkeypatch):
    monkeypatch.setattr(chase_module, "AHEAD", 3)
    monkeypatch.setattr(chase_module, "GONE", 1_000)
    chase = make()
    assert chase.look["number"] == 1
    press(chase, "run")
    until(lambda: steps(chase) >= 1_500)
    assert chase.look["number"] == 3
    press(chase, "pause")
    assert chase.look["number"] == 4
    assert lines(chase)[-1, 0] == steps(chase)
    send(chase, {"seen": 2})
    press(chase, "run")
    until(lambda: chase.look["number"] == 5)
    send(chase, {"seen": 10**9})  # none of those that are to come
    until(lambda: chase.look["number"] == 8)
    at = steps(chase)
    until(lambda: steps(chase) >= at + 1_000)
    assert chase.look["number"] == 8


def test_a_page_that_does_not_answer_gets_a_look_now_and_then(make, monkeypatch):
    monkeypatch.setattr(chase_module, "AHEAD", 0)
    monkeypatch.setattr(chase_module, "GONE", 0.2)
    chase = make()
    began = time.monotonic()
    press(chase, "run")
    until(lambda: chase.look["number"] >= 4)
    assert time.monotonic() - began > 0.4


def test_of_a_long_chase_not_every_point_is_sent_but_the_first_and_the_last_are(make, monkeypatch):
    monkeypatch.setattr(chase_module, "POINTS", 10)
    chase = make(rounds=57)
    np.testing.assert_allclose(lines(chase), [*chase.said[::6], chase.said[-1]], rtol=1e-6)
    assert lines(make(rounds=54))[:, 0].tolist() == list(range(0, 217, 24))  # the last is one of them


@pytest.mark.parametrize(
    "content", [{"press": "explode"}, {"seen": "all"}, {"seen": None}, {}, [], "run", None]
)
def test_what_is_no_message_changes_nothing(make, content):
    chase = make()
    before = chase.get_state()
    send(chase, content)
    assert chase.get_state() == before and not chase.loop.running


@pytest.mark.parametrize("network", [0, 1], ids=["online", "target"])
def test_networks_that_blow_up_are_told_in_words(agent, make, monkeypatch, network):
    chase = make()
    learn = agent.learn

    def blow_up():
        learn()
        if agent.updates == 40:
            factors = np.where(np.arange(len(agent.parameters)) == network, np.nan, 1)
            agent.parameters = agent.parameters * np.float32(factors[:, None])

    with monkeypatch.context() as patch:
        patch.setattr(agent, "learn", blow_up)
        press(chase, "run")
        until(lambda: chase.status["alarm"])
    assert alarm(chase).startswith("ValueError: agent must answer with finite numbers, ")
    assert lines(chase)[-1, 0] == 36
    assert np.isfinite(lines(chase)).all() and "<img" in chase.still()
    press(chase, "run")
    until(lambda: steps(chase) > 40)


def test_where_no_browser_asks_the_picture_stands_there(make):
    chase = make()
    shown = chase._repr_mimebundle_()[0]["text/html"]
    assert shown.startswith('<img src="data:image/png;base64,')
    gap = np.abs(np.subtract(*np.array(chase.said).T[1:])).mean()
    assert f"exact is -63.2. Mean distance between the two: period 200: {gap:.1f}." in shown
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
        ({"rule": "fast"}, "target_update must be one of none, hard, soft, got 'fast'"),
        ({"period": 3}, "target_period must be one of 1, 2, .*, got 3"),
    ],
)
def test_bad_settings_are_refused(make, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        make(**options)


def test_a_bad_state_and_an_empty_memory_are_refused(agent):
    with pytest.raises(ValueError, match=r"state must be a single one, got an array of the shape \(1, 2\)"):
        TargetNetworkExplorer(agent, [FLOOR], EXACT)
    agent.memory.added = 0
    with pytest.raises(ValueError, match="agent must have memories to learn from, got one with none"):
        TargetNetworkExplorer(agent, FLOOR, EXACT)


def test_an_agent_in_the_middle_of_a_step_is_put_nowhere(agent, make, monkeypatch):
    chase = make()
    monkeypatch.setattr(loop, "TIMEOUT", 0.1)
    began, let_go, learn, moved = threading.Event(), threading.Event(), agent.learn, []

    def stuck():
        began.set()
        let_go.wait(20)
        return learn()

    with monkeypatch.context() as patch:
        patch.setattr(agent, "learn", stuck)
        press(chase, "run")
        assert began.wait(20)
        patch.setattr(agent, "set_state", moved.append)
        with pytest.raises(TimeoutError):
            chase.end()
        press(chase, "restart")
        said = alarm(chase)
        with pytest.raises(TimeoutError):  # another range wants the agent
            make()
        let_go.set()
        until(lambda: not threads())
    assert moved == []
    assert said.startswith("TimeoutError: ")
