"""The target network explorer without a browser: act as a page does, read agent, data and snapshots."""

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
from dqn_lib.widgets import live, live_widget, target_explorer
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
        one.stop()
    assert threads() == []


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "dqn_lib loop"]


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.001)


def steps(explorer):
    return explorer.history[-1][0]


def press(explorer, button):
    send(explorer, {"press": button})


def send(explorer, content):
    """What a page sends when a button is pressed or a snapshot was painted."""
    explorer._handle_custom_msg(content, [])


def words(explorer):
    """How things stand; nothing has gone wrong."""
    assert not explorer.status["alarm"], explorer.status
    return explorer.status["words"]


def lines(explorer):
    """What is shown: gradient steps, online and target network `(n, 3)`."""
    return unpacked(explorer.snapshot["lines"])


def alarm(explorer):
    """What has gone wrong, in words."""
    assert explorer.status["alarm"] and explorer.status["running"] == explorer.loop.running, explorer.status
    return explorer.status["words"]


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
def test_the_first_picture_is_the_run_of_its_settings(filled, make, options, rule):
    explorer = make(rounds=6, **options)
    expected = follow(*filled, 6, **rule)
    np.testing.assert_allclose(explorer.history, expected, rtol=1e-5)
    np.testing.assert_allclose(lines(explorer), expected, rtol=1e-5)
    assert lines(explorer)[-1, 0] == 24
    assert words(explorer) == "Run shows how it came to this."
    assert not explorer.status["running"]
    assert explorer.exact == EXACT


def test_running_learns_the_same_from_the_beginning(filled, make):
    explorer = make(limit=80)
    press(explorer, "run")
    until(lambda: not explorer.loop.running)
    explorer.pause()
    assert steps(explorer) == 80
    np.testing.assert_allclose(
        explorer.history, follow(*filled, 20, target_update="hard", target_period=200), rtol=1e-5
    )
    np.testing.assert_allclose(lines(explorer), explorer.history, rtol=1e-6)
    assert words(explorer) == "The end, after 80 gradient steps."
    ended = explorer.history
    press(explorer, "run")
    until(lambda: not explorer.loop.running)
    assert explorer.history is not ended
    np.testing.assert_allclose(explorer.history, ended, rtol=1e-5)


def test_run_goes_on_after_a_pause_and_a_second_press_changes_nothing(make):
    explorer = make()
    press(explorer, "run")
    press(explorer, "run")
    assert len(threads()) == 1
    until(lambda: steps(explorer) >= 40)
    press(explorer, "pause")
    paused = steps(explorer)
    assert threads() == []
    assert words(explorer) == f"Paused after {paused:,} gradient steps."
    assert not explorer.status["running"]
    assert lines(explorer)[-1, 0] == paused
    press(explorer, "run")
    assert explorer.status == {"words": "Running.", "alarm": False, "running": True}
    until(lambda: steps(explorer) > paused)
    press(explorer, "pause")
    assert [one[0] for one in explorer.history] == list(range(0, steps(explorer) + 1, 4))
    assert explorer.rules == [(0, "period 200")]


def test_restart_begins_again_and_runs(make):
    explorer = make()
    press(explorer, "run")
    until(lambda: steps(explorer) >= 200)
    first = explorer.history
    press(explorer, "restart")
    press(explorer, "restart")
    assert len(threads()) == 1
    assert explorer.history is not first
    until(lambda: steps(explorer) >= 40)
    press(explorer, "pause")
    np.testing.assert_allclose(explorer.history[:10], first[:10], rtol=1e-5)


def test_a_setting_changed_while_it_runs_acts_from_the_next_step_and_leaves_a_mark(agent, make):
    explorer = make()
    press(explorer, "run")
    until(lambda: steps(explorer) >= 400)
    explorer.set("target_period", 20)
    until(lambda: agent.config.target_period == 20)
    until(lambda: steps(explorer) >= 600)
    explorer.set("target_update", "soft")
    until(lambda: agent.config.target_update == "soft")
    explorer.set("tau", 0.5)
    until(lambda: agent.config.tau == 0.5)
    press(explorer, "pause")
    assert steps(explorer) >= 600
    (zero, first), (at, second), *_, (last, third) = explorer.rules
    assert (zero, first, second, third) == (0, "period 200", "period 20", "tau 0.5")
    assert 400 <= at < last
    assert explorer.snapshot["rules"] == [list(rule) for rule in explorer.rules]


def test_a_change_of_the_rule_changes_nothing_before_it(filled, make):
    explorer = make(rule="soft", tau=0.01)
    press(explorer, "run")
    until(lambda: steps(explorer) >= 80)
    explorer.set("tau", 1.0)
    until(lambda: len(explorer.rules) == 2)
    until(lambda: steps(explorer) > explorer.rules[1][0] + 40)
    press(explorer, "pause")
    at = explorer.rules[1][0] // 4
    expected = follow(*filled, at, target_update="soft", tau=0.01)
    np.testing.assert_allclose(explorer.history[: at + 1], expected, rtol=1e-5)
    after = np.array(explorer.history[at + 1 :])
    np.testing.assert_allclose(after[:, 1], after[:, 2], rtol=1e-4)  # now the two are one


@pytest.mark.parametrize(
    ("rule", "name", "value", "said"),
    [
        ("hard", "target_period", 50, "period 50"),
        ("soft", "tau", 0.5, "tau 0.5"),
        ("hard", "target_update", "every_step", "every step"),
    ],
)
def test_a_setting_changed_in_a_pause_restarts_at_once(make, rule, name, value, said):
    explorer = make(rule=rule)
    press(explorer, "run")
    until(lambda: steps(explorer) >= 200)
    press(explorer, "pause")
    place = CHOICES[name].index(value)
    explorer.set_state({"indices": explorer.indices | {name: place}})  # as a page does it
    assert explorer.loop.running
    until(lambda: steps(explorer) >= 8)
    press(explorer, "pause")
    assert explorer.rules == [(0, said)]
    assert explorer.snapshot["rules"] == [[0, said]]


def test_only_the_setting_of_the_rule_is_active(make):
    explorer = make(rule="every_step")
    active = {}
    for rule in ("every_step", "hard", "soft"):
        explorer.set("target_update", rule)
        active[rule] = explorer.active
    assert active == {
        "every_step": ["target_update"],
        "hard": ["target_update", "target_period"],
        "soft": ["target_update", "tau"],
    }
    assert make(rule="hard").active == active["hard"]


def test_every_choice_is_named_and_the_settings_have_their_first_values(make):
    explorer = make(rule="soft", period=50, tau=0.2)
    assert [(one["name"], one["kind"], len(one["labels"])) for one in explorer.settings] == [
        (name, "menu" if name == "target_update" else "slider", len(CHOICES[name])) for name in CHOICES
    ]
    stands = {one["name"]: one["labels"][explorer.indices[one["name"]]] for one in explorer.settings}
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
def test_bad_indices_are_refused_and_nothing_begins(make, places, complaint):
    explorer = make()
    before = explorer.indices
    wrong = {"tau": 0} if places is None else before | places
    with pytest.raises(t.TraitError, match=complaint):
        explorer.indices = wrong
    with pytest.raises(t.TraitError, match=complaint):
        explorer.set_state({"indices": wrong})  # as a page does it
    assert explorer.indices == before and not explorer.loop.running
    with pytest.raises(ValueError, match=r"tau must be one of 0\.001, .*, got 0\.02"):
        explorer.set("tau", 0.02)
    with pytest.raises(ValueError, match="name must be one of target_update, target_period, tau, got 'taus'"):
        explorer.set("taus", 0.1)


def test_an_exception_of_the_agent_is_reported_and_the_explorer_works_again(agent, make, monkeypatch):
    explorer = make()
    learn = agent.learn

    def fail():
        if agent.updates == 40:
            raise RuntimeError("tensor <too> large")
        learn()

    monkeypatch.setattr(agent, "learn", fail)
    press(explorer, "run")
    until(lambda: explorer.status["alarm"])
    assert alarm(explorer) == "RuntimeError: tensor <too> large. Run starts again."
    assert steps(explorer) == 40
    assert not explorer.loop.running
    monkeypatch.setattr(agent, "learn", learn)
    failed = explorer.history
    press(explorer, "run")
    until(lambda: steps(explorer) > 40)
    assert words(explorer) == "Running."
    assert explorer.history is not failed  # the agent may be in any state


def test_an_agent_that_fails_at_the_first_step_is_no_worse(agent, make, monkeypatch):
    explorer = make()
    monkeypatch.setattr(agent, "learn", lambda: 1 / 0)
    explorer.set("target_period", 50)
    until(lambda: explorer.status["alarm"])
    assert alarm(explorer).startswith("ZeroDivisionError: ")
    monkeypatch.undo()
    press(explorer, "run")
    until(lambda: steps(explorer) > 8)


def test_an_exception_in_a_button_is_reported_too(agent, make, monkeypatch):
    explorer = make()
    monkeypatch.setattr(agent, "set_state", lambda state: 1 / 0)
    press(explorer, "restart")
    assert alarm(explorer).startswith("ZeroDivisionError: ")
    assert threads() == []
    monkeypatch.undo()
    press(explorer, "run")
    until(lambda: steps(explorer) > 8)


def test_a_pause_answers_within_a_tenth_of_a_second(make):
    explorer = make(speed=1)  # four seconds from one visit to the next
    waited = []
    for _ in range(5):
        explorer.run()
        time.sleep(0.1)
        before = time.perf_counter()
        explorer.pause()
        waited.append(time.perf_counter() - before)
    assert min(waited) < 0.1


def test_pause_and_run_in_a_hurry_leave_no_trace(make):
    explorer = make()
    for _ in range(10):
        explorer.restart()
        explorer.pause()
        assert words(explorer) == f"Paused after {steps(explorer):,} gradient steps."
        explorer.run()
    explorer.pause()
    assert [one[0] for one in explorer.history] == list(range(0, steps(explorer) + 1, 4))


def test_a_pause_before_the_first_step_shows_the_beginning(make, monkeypatch):
    explorer = make()
    monkeypatch.setattr(explorer.loop, "_step", lambda: lambda: False)
    press(explorer, "restart")
    explorer.pause()
    assert words(explorer) == "Paused after 0 gradient steps."
    assert lines(explorer).shape == (1, 3)


def test_stop_ends_the_thread_and_puts_the_agent_back(filled, make):
    agent, begin = filled
    explorer = make(rule="every_step")
    press(explorer, "run")
    until(lambda: steps(explorer) >= 40)
    ended = explorer.history
    explorer.stop()
    assert threads() == []
    assert (agent.updates, agent.config.target_update) == (begin["updates"], "soft")
    np.testing.assert_array_equal(agent.parameters, begin["parameters"])
    press(explorer, "run")
    until(lambda: steps(explorer) >= 8)
    assert explorer.history is not ended


def test_another_explorer_takes_the_agent_over(filled, make):
    first = make()
    press(first, "run")
    until(lambda: steps(first) >= 100)
    interrupted = first.history
    second = make()  # as when its cell is run again
    assert threads() == []
    assert second.begin["updates"] == filled[1]["updates"]
    press(second, "run")
    until(lambda: steps(second) >= 40)
    first.stop()  # comes too late to disturb the second
    until(lambda: steps(second) >= 80)
    press(first, "run")
    assert len(threads()) == 1
    assert not second.loop.running
    assert [one[0] for one in second.history] == list(range(0, steps(second) + 1, 4))
    until(lambda: steps(first) >= 8)
    assert first.history is not interrupted


def test_an_agent_that_was_given_back_may_move_on(agent, make):
    make().stop()
    agent.learn()
    moved = agent.updates
    assert make().begin["updates"] == moved


def test_a_page_that_does_not_keep_up_gets_fewer_snapshots_but_always_the_last(make, monkeypatch):
    monkeypatch.setattr(live_widget, "MAX_UNPAINTED", 3)
    monkeypatch.setattr(live_widget, "PAGE_TIMEOUT", 1_000)
    explorer = make()
    assert explorer.snapshot["number"] == 1
    press(explorer, "run")
    until(lambda: steps(explorer) >= 1_500)
    assert explorer.snapshot["number"] == 3
    press(explorer, "pause")
    assert explorer.snapshot["number"] == 4
    assert lines(explorer)[-1, 0] == steps(explorer)
    send(explorer, {"painted": 2})
    press(explorer, "run")
    until(lambda: explorer.snapshot["number"] == 5)
    send(explorer, {"painted": 10**9})  # from a page that was opened before the kernel started
    send(explorer, {"painted": 5})
    until(lambda: explorer.snapshot["number"] == 8)
    at = steps(explorer)
    until(lambda: steps(explorer) >= at + 1_000)
    assert explorer.snapshot["number"] == 8


def test_a_page_that_does_not_answer_gets_a_snapshot_now_and_then(make, monkeypatch):
    monkeypatch.setattr(live_widget, "MAX_UNPAINTED", 0)
    monkeypatch.setattr(live_widget, "PAGE_TIMEOUT", 0.2)
    explorer = make()
    began = time.monotonic()
    press(explorer, "run")
    until(lambda: explorer.snapshot["number"] >= 4)
    assert time.monotonic() - began > 0.4


def test_of_a_long_run_not_every_point_is_sent_but_the_first_and_the_last_are(make, monkeypatch):
    monkeypatch.setattr(target_explorer, "MAX_POINTS", 10)
    explorer = make(rounds=57)
    np.testing.assert_allclose(lines(explorer), [*explorer.history[::6], explorer.history[-1]], rtol=1e-6)
    assert lines(make(rounds=54))[:, 0].tolist() == list(range(0, 217, 24))  # the last is one of them


@pytest.mark.parametrize(
    "content", [{"press": "explode"}, {"painted": "all"}, {"painted": None}, {}, [], "run", None]
)
def test_an_unknown_message_changes_nothing(make, content):
    explorer = make()
    before = explorer.get_state()
    send(explorer, content)
    assert explorer.get_state() == before and not explorer.loop.running


@pytest.mark.parametrize("network", [0, 1], ids=["online", "target"])
def test_diverged_networks_are_reported(agent, make, monkeypatch, network):
    explorer = make()
    learn = agent.learn

    def blow_up():
        learn()
        if agent.updates == 40:
            factors = np.where(np.arange(len(agent.parameters)) == network, np.nan, 1)
            agent.parameters = agent.parameters * np.float32(factors[:, None])

    with monkeypatch.context() as patch:
        patch.setattr(agent, "learn", blow_up)
        press(explorer, "run")
        until(lambda: explorer.status["alarm"])
    assert alarm(explorer).startswith("ValueError: agent must answer with finite numbers, ")
    assert lines(explorer)[-1, 0] == 36
    assert np.isfinite(lines(explorer)).all() and "<img" in explorer.still()
    press(explorer, "run")
    until(lambda: steps(explorer) > 40)


def test_without_a_browser_there_is_a_picture(make):
    explorer = make()
    shown = explorer._repr_mimebundle_()[0]["text/html"]
    assert shown.startswith('<img src="data:image/png;base64,')
    gap = np.abs(np.subtract(*np.array(explorer.history).T[1:])).mean()
    assert f"exact is -63.2. Mean distance between the two: period 200: {gap:.1f}." in shown
    assert "Buttons run and pause the learning" in shown


def test_the_beginning_may_be_given(filled, make):
    agent, begin = filled
    agent.learn()
    explorer = make(begin=begin)
    np.testing.assert_allclose(explorer.history, follow(agent, begin, 5, target_update="hard"), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"rounds": 0}, "rounds must be at least 1, got 0"),
        ({"limit": 0}, "limit must be at least 1, got 0"),
        ({"speed": 0}, r"speed must lie in \[1, 1e\+06\], got 0"),
        ({"rule": "fast"}, "target_update must be one of every_step, hard, soft, got 'fast'"),
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
    with pytest.raises(ValueError, match="agent must have a filled replay memory, got an empty one"):
        TargetNetworkExplorer(agent, FLOOR, EXACT)


def test_an_agent_in_the_middle_of_a_step_is_left_alone(agent, make, monkeypatch):
    explorer = make()
    monkeypatch.setattr(live, "TIMEOUT", 0.1)
    began, let_go, learn, moved = threading.Event(), threading.Event(), agent.learn, []

    def stuck():
        began.set()
        let_go.wait(20)
        return learn()

    with monkeypatch.context() as patch:
        patch.setattr(agent, "learn", stuck)
        press(explorer, "run")
        assert began.wait(20)
        patch.setattr(agent, "set_state", moved.append)
        with pytest.raises(TimeoutError):
            explorer.stop()
        press(explorer, "restart")
        said = alarm(explorer)
        with pytest.raises(TimeoutError):  # another explorer wants the agent
            make()
        let_go.set()
        until(lambda: not threads())
    assert moved == []
    assert said.startswith("TimeoutError: ")
