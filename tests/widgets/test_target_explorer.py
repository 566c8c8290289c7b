"""The target network explorer without a browser: act as a page does, read agent, data and snapshots."""

import threading

import numpy as np
import pytest
from receiving import unpacked
from waiting import press, threads, until, words

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
    agent = DQNAgent(env, config, seed=1, xla=False)
    for _ in train(env, agent, steps=300):
        pass
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

    def make(state=FLOOR, exact=EXACT, *, rounds=5, speed=4_000, **options):
        made.append(TargetNetworkExplorer(agent, state, exact, rounds=rounds, speed=speed, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()
    assert threads() == []


def steps(explorer):
    return explorer.history[-1][0]


def lived(explorer, number):
    """Press Run, and Pause after so many gradient steps of this run."""
    press(explorer, "run")
    until(lambda: steps(explorer) >= number)
    press(explorer, "pause")
    return explorer


def lines(explorer):
    """What is shown: gradient steps, online and target network `(n, 3)`."""
    return unpacked(explorer.snapshot["lines"])


def assert_complete(explorer):
    """No step is left out or there twice."""
    assert [one[0] for one in explorer.history] == list(range(0, steps(explorer) + 1, 4))


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
def test_the_first_picture_is_the_run_of_its_settings_and_running_does_the_same(filled, make, options, rule):
    explorer = make(rounds=6, limit=40, **options)
    np.testing.assert_allclose(explorer.history, follow(*filled, 6, **rule), rtol=1e-5)
    np.testing.assert_allclose(lines(explorer), explorer.history, rtol=1e-6)
    assert (explorer.exact, words(explorer)) == (EXACT, "Run shows how it came to this.")
    expected = follow(*filled, 10, **rule)
    for _ in range(2):
        before = explorer.history
        press(explorer, "run")
        until(lambda: not threads())
        assert words(explorer) == "The end, after 40 gradient steps."
        assert explorer.history is not before
        np.testing.assert_allclose(explorer.history, expected, rtol=1e-5)
        np.testing.assert_allclose(lines(explorer), expected, rtol=1e-5)


def test_run_goes_on_after_a_pause_restart_begins_again_and_a_second_press_changes_nothing(make):
    explorer = make()
    press(explorer, "run", "run")
    assert len(threads()) == 1
    until(lambda: steps(explorer) >= 40)
    press(explorer, "pause")
    paused = steps(explorer)
    assert threads() == []
    assert words(explorer) == f"Paused after {paused:,} gradient steps."
    assert lines(explorer)[-1, 0] == paused
    first = explorer.history
    press(explorer, "run")
    assert words(explorer) == "Running." and explorer.history is first
    until(lambda: steps(explorer) > paused)
    press(explorer, "restart", "restart")
    assert len(threads()) == 1 and explorer.history is not first
    until(lambda: steps(explorer) >= 40)
    press(explorer, "pause")
    np.testing.assert_allclose(explorer.history[:10], first[:10], rtol=1e-5)
    for _ in range(10):
        press(explorer, "restart", "pause", "run")
    press(explorer, "pause")
    assert words(explorer) == f"Paused after {steps(explorer):,} gradient steps."
    assert_complete(explorer)
    assert explorer.rules == [(0, "period 200")]


def test_a_setting_changed_while_it_runs_acts_from_the_next_step_and_leaves_a_mark(filled, make):
    explorer = make(rule="soft", tau=0.01)
    press(explorer, "run")
    until(lambda: steps(explorer) >= 80)
    explorer.set("tau", 1.0)
    until(lambda: len(explorer.rules) == 2)
    until(lambda: steps(explorer) > explorer.rules[1][0] + 40)
    explorer.set("target_update", "hard")
    until(lambda: len(explorer.rules) == 3)
    explorer.set("target_period", 20)
    until(lambda: len(explorer.rules) == 4)
    press(explorer, "pause")
    starts, said = zip(*explorer.rules, strict=True)
    assert said == ("tau 0.01", "tau 1", "period 200", "period 20")
    assert explorer.snapshot["rules"] == [list(rule) for rule in explorer.rules]
    at = starts[1] // 4
    expected = follow(*filled, at, target_update="soft", tau=0.01)
    np.testing.assert_allclose(explorer.history[: at + 1], expected, rtol=1e-5)
    after = np.array(explorer.history[at + 1 : starts[2] // 4 + 1])
    np.testing.assert_allclose(after[:, 1], after[:, 2], rtol=1e-4)  # now the two are one


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("target_period", 50, "period 50"), ("target_update", "every_step", "every step")],
)
def test_a_setting_changed_in_a_pause_restarts_at_once(make, name, value, said):
    explorer = lived(make(), 200)
    place = CHOICES[name].index(value)
    explorer.set_state({"indices": explorer.indices | {name: place}})  # as a page does it
    assert explorer.loop.running
    until(lambda: steps(explorer) >= 8)
    press(explorer, "pause")
    assert explorer.rules == [(0, said)] and explorer.snapshot["rules"] == [[0, said]]


def test_every_choice_is_named_and_the_settings_have_their_first_values(make):
    explorer = make(rule="soft", period=50, tau=0.2, speed=1)
    assert [(one["name"], one["kind"], len(one["labels"])) for one in explorer.settings] == [
        (name, "menu" if name == "target_update" else "slider", len(CHOICES[name])) for name in CHOICES
    ]
    stands = {one["name"]: one["labels"][explorer.indices[one["name"]]] for one in explorer.settings}
    assert stands == {"target_update": "soft: a little every step", "target_period": "50", "tau": "0.2"}
    assert (explorer.active, explorer.loop.seconds) == (["target_update", "tau"], 4)  # one visit, four steps
    explorer.set("target_update", "hard")
    assert explorer.active == ["target_update", "target_period"]


def test_an_exception_of_the_agent_is_reported_and_run_starts_again(agent, make, monkeypatch):
    explorer, learn = make(), agent.learn

    def fail():
        if agent.updates == 40:
            raise RuntimeError("tensor <too> large")
        learn()

    with monkeypatch.context() as patch:
        patch.setattr(agent, "learn", fail)
        press(explorer, "run")
        until(lambda: explorer.status["alarm"])
    assert words(explorer, alarm=True) == "RuntimeError: tensor <too> large. Run starts again."
    assert steps(explorer) == 40
    failed = explorer.history
    press(explorer, "run")
    until(lambda: steps(explorer) > 40)
    assert words(explorer) == "Running."
    assert explorer.history is not failed  # the agent may be in any state


@pytest.mark.parametrize("network", [0, 1], ids=["online", "target"])
def test_diverged_networks_are_reported(agent, make, monkeypatch, network):
    explorer, learn = make(), agent.learn

    def blow_up():
        learn()
        if agent.updates == 40:
            factors = np.where(np.arange(len(agent.parameters)) == network, np.nan, 1)
            agent.parameters = agent.parameters * np.float32(factors[:, None])

    monkeypatch.setattr(agent, "learn", blow_up)
    press(explorer, "run")
    until(lambda: explorer.status["alarm"])
    said = words(explorer, alarm=True)
    assert said.startswith("ValueError: agent must answer with finite numbers, ")
    assert lines(explorer)[-1, 0] == 36 and np.isfinite(lines(explorer)).all()


def test_stop_ends_the_thread_and_puts_the_agent_back_which_may_move_on(filled, make):
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
    explorer.stop()
    agent.learn()
    assert make().begin["updates"] == begin["updates"] + 4
    np.testing.assert_allclose(
        make(begin=begin).history, follow(agent, begin, 5, target_update="hard"), rtol=1e-5
    )


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
    assert_complete(second)
    until(lambda: steps(first) >= 8)
    assert first.history is not interrupted


def test_a_page_that_does_not_keep_up_gets_no_more_snapshots_but_the_last(make, monkeypatch):
    monkeypatch.setattr(live_widget, "MAX_UNPAINTED", 3)
    monkeypatch.setattr(live_widget, "PAGE_TIMEOUT", 1_000)
    explorer = make()
    press(explorer, "run")
    until(lambda: steps(explorer) >= 800)
    assert explorer.snapshot["number"] == 3
    press(explorer, "pause")
    assert explorer.snapshot["number"] == 4
    assert lines(explorer)[-1, 0] == steps(explorer)


def test_of_a_long_run_not_every_point_is_sent_but_the_first_and_the_last_are(make, monkeypatch):
    monkeypatch.setattr(target_explorer, "MAX_POINTS", 10)
    explorer = make(rounds=57)
    np.testing.assert_allclose(lines(explorer), [*explorer.history[::6], explorer.history[-1]], rtol=1e-6)
    assert lines(make(rounds=54))[:, 0].tolist() == list(range(0, 217, 24))  # the last is one of them


def test_without_a_browser_there_is_a_picture(make):
    explorer = make()
    shown = explorer._repr_mimebundle_()[0]["text/html"]
    assert shown.startswith('<img src="data:image/png;base64,')
    gap = np.abs(np.subtract(*np.array(explorer.history).T[1:])).mean()
    assert f"exact is -63.2. Mean distance between the two: period 200: {gap:.1f}." in shown
    assert "Buttons run and pause the learning" in shown


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"rounds": 0}, "rounds must be at least 1, got 0"),
        ({"limit": 0}, "limit must be at least 1, got 0"),
        ({"speed": 0}, r"speed must lie in \[1, 1e\+06\], got 0"),
        ({"rule": "fast"}, "target_update must be one of every_step, hard, soft, got 'fast'"),
        ({"period": 3}, "target_period must be one of 1, 2, .*, got 3"),
        ({"state": [FLOOR]}, r"state must be a single one, got an array of the shape \(1, 2\)"),
        ({"state": [0.0]}, "state must have the 2 numbers of the agent's states, got 1"),
    ],
)
def test_bad_settings_are_refused(agent, make, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        make(**options)


def test_an_empty_memory_is_refused(agent, make):
    agent.memory.added = 0
    with pytest.raises(ValueError, match="agent must have a filled replay memory, got an empty one"):
        make()


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
        assert words(explorer, alarm=True).startswith("TimeoutError: ")
        with pytest.raises(TimeoutError):  # another explorer wants the agent
            make()
        let_go.set()
        until(lambda: not threads())
    assert moved == []


def test_what_a_page_plays_is_recorded_step_by_step_under_each_rule_and_nothing_runs_on(make):
    explorer = make(rounds=3)
    explorer.record(rounds=10, every=5)
    assert not explorer.running and threads() == []
    assert_complete(explorer)
    assert steps(explorer) == 4 * 10 * 3
    assert [words for _, words in explorer.rules] == ["every step", "period 200", "tau 0.03"]
    assert [at for at, _ in explorer.rules] == [0, 40, 80]
    assert [len(unpacked(one["lines"])) for one in explorer.recorded] == [1, 6, 11, 16, 21, 26, 31]
    explorer.set("tau", 0.1)  # afterwards a new rule runs again
    until(lambda: explorer.running)
