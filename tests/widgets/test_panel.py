"""The training panel without a browser: press buttons, change settings, read agent, log and snapshots."""

import json
import re
import threading
from functools import partial

import numpy as np
import pytest
from receiving import handed, in_page
from traitlets import TraitError
from waiting import press, threads, until, words

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.widgets import live_widget
from dqn_lib.widgets import panel as panel_module
from dqn_lib.widgets.live import LiveRun
from dqn_lib.widgets.panel import SEEDS, SPEEDS, TrainingPanel
from dqn_lib.widgets.run_view import REFERENCES, VIEWS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning"),
]
TABLE = TableConfig(cells=8)
TABLE_KNOBS = ("epsilon", "gamma", "learning_rate", "hold")
DQN = DQNConfig(
    hidden=(8,), memory_size=500, learning_starts=32, batch_size=8, learn_every=4, updates=2, epsilon_wait=60,
    epsilon_decay=100, hold=3,
)  # fmt: skip
TURNS = {
    "epsilon": 0.3, "gamma": 0.9, "learning_rate": 0.01, "tau": 0.2, "target_period": 5,
    "target_update": "hard", "hold": 8,
}  # fmt: skip


def world():
    return mountain_car.make(max_episode_steps=50)


def lived(panel, steps):
    """Press Train, and Pause after so many steps."""
    press(panel, "train")
    until(lambda: panel.run.agent.steps >= steps or not panel.run.running)
    press(panel, "pause")
    return panel


def rested(panel):
    """The panel, when its run has ended by itself and everything is reported."""
    until(lambda: not panel.run.running)
    until(lambda: not threads())
    return panel


@pytest.fixture(autouse=True)
def haste(monkeypatch):
    """Checks drive for few episodes: they are most of what a small panel costs."""
    monkeypatch.setattr(panel_module, "LiveRun", partial(LiveRun, episodes=5))


@pytest.fixture
def open_panel():
    """A panel around a new table, or `agent`; no thread of it outlives its test."""
    panels = []

    def new(agent=None, *, env=None, show=("curve",), knobs=TABLE_KNOBS, **options):
        env = env or world()
        agent = agent or QTableAgent(env, TABLE, seed=3)
        panels.append(TrainingPanel(env, agent, show=show, knobs=knobs, **options))
        return panels[-1]

    yield new
    for panel in panels:
        panel.stop()
    assert threads() == []


@pytest.fixture
def dqn():
    return DQNAgent(world(), DQN, seed=3, xla=False)


# --- the buttons ------------------------------------------------------------------------------------


def test_train_goes_on_until_pause_and_what_is_shown_is_right_then(open_panel):
    env = world()
    panel = open_panel(env=env)
    assert words(panel) == "Ready." and panel.run.agent.steps == panel.snapshot["step"] == 0
    press(panel, "train", "train", "one_episode", "train")
    assert words(panel) == "Training ..." and len(threads()) == 1
    until(lambda: len(panel.run.log.episodes) > 2)
    press(panel, "pause", "pause")
    steps = panel.run.agent.steps
    assert words(panel) == "Paused." and not panel.run.running and not threads()
    assert panel.snapshot["step"] == steps and panel.snapshot["episodes"] == steps // 50
    assert f"after {steps:,} steps" in panel.snapshot["alt"]
    lived(panel, steps + 60)
    assert panel.run.agent.steps >= steps + 60
    assert [e.number for e in panel.run.log.episodes] == [*range(1, panel.run.agent.episodes + 1)]
    with pytest.raises(Exception, match="reset"):
        env.step(0)  # this one was never reset: the panel has its own


def test_reset_forgets_everything_but_the_settings(open_panel):
    panel = open_panel()
    panel.set("gamma", 0.9)
    press(panel, "train")
    until(lambda: panel.run.agent.steps > 100)
    press(panel, "reset")
    agent, log = panel.run.agent, panel.run.log
    assert (words(panel), threads()) == ("Back at the beginning, seed 3.", [])
    assert (agent.steps, agent.episodes, agent.seed, agent.config.gamma) == (0, 0, 3, 0.9)
    assert panel.values["gamma"] == 0.9
    assert not agent.table.values.any()
    assert (log.episodes, [check.step for check in log.checks]) == ([], [0])
    assert panel.snapshot["changes"] == [[0, "gamma 0.9"]]
    assert (panel.snapshot["step"], panel.snapshot["episodes"]) == (0, 0)
    assert panel.snapshot["returns"]["shape"] == [0, 2]


def test_the_seed_slider_acts_from_the_next_reset_on(open_panel):
    panel = open_panel(QTableAgent(world(), TABLE, seed=1_234_567))
    assert (panel.seed, panel.seeds) == (1_234_567, [*SEEDS, 1_234_567])
    panel.seed = 7
    assert panel.run.agent.seed == 1_234_567
    runs = {}
    for seed in (7, 3, 7):
        panel.seed = seed
        press(panel, "reset", "one_episode")
        runs.setdefault(seed, []).append(rested(panel).run.agent.table.values.copy())
        assert (panel.run.agent.seed, panel.run.agent.steps, words(panel)) == (seed, 50, "Paused.")
    np.testing.assert_array_equal(*runs[7])
    assert (runs[3][0] != runs[7][0]).any()
    press(panel, "one_episode")
    assert rested(panel).run.agent.steps == 100


def test_the_speed_slider_sets_the_speed_and_takes_no_other(open_panel):
    panel = open_panel()
    assert panel.speeds == ["5 steps/s", "30 steps/s", "200 steps/s", "2,000 steps/s", "full"]
    assert (SPEEDS[panel.speed], panel.run.speed) == (None, None)
    panel.speed = 1
    assert panel.run.speed == 30.0
    for place in (-1, len(SPEEDS)):
        with pytest.raises(TraitError, match="'speed' trait"):
            panel.set_state({"speed": place})
    assert (panel.speed, panel.run.speed) == (1, 30.0)
    panel.speed = 4
    assert panel.run.speed is None


# --- the settings --------------------------------------------------------------------------------------


def test_a_setting_changed_in_a_pause_acts_at_once_and_is_marked(open_panel):
    panel = lived(open_panel(), 60)
    before, steps, marks = panel.values, panel.run.agent.steps, []
    for number, name in enumerate(TABLE_KNOBS, start=1):
        panel.set(name, TURNS[name])
        before[name] = TURNS[name]
        marks.append([steps, f"{name.replace('_', ' ')} {TURNS[name]}"])
        assert panel.values == before
        assert getattr(panel.run.agent.config, name) == TURNS[name]
        assert len(panel.run.log.changes) == number
        assert panel.run.log.changes[-1].settings == {name: TURNS[name]}
        assert sorted(panel.snapshot["changes"]) == sorted(marks)
    assert (panel.snapshot["epsilon"], words(panel)) == (TURNS["epsilon"], "Paused.")


def test_epsilon_of_a_dqn_goes_back_to_its_schedule(open_panel, dqn):
    panel = open_panel(dqn, knobs=("epsilon",))
    assert (panel.values, dqn.epsilon) == ({"epsilon": None}, 1.0)
    for value, epsilon in ((0.1, 0.1), (None, 1.0)):
        panel.set("epsilon", value)
        assert dqn.epsilon == epsilon
    assert panel.snapshot["changes"] == [[0, "epsilon by schedule"]]


def test_all_settings_can_be_reset_to_their_first_values(open_panel):
    panel = open_panel()
    panel.set("hold", 8)
    panel.speed = 2
    press(panel, "train")
    until(lambda: panel.run.agent.steps > 3)
    panel.set("gamma", 0.9)
    panel.set("gamma", 0.5)
    press(panel, "reset_settings")
    until(lambda: panel.run.agent.config == TABLE)
    assert panel.run.running
    press(panel, "pause")
    assert panel.values == {name: getattr(TABLE, name) for name in TABLE_KNOBS}
    changes = list(panel.run.log.changes)
    assert {name for change in changes for name in change.settings} == {"hold", "gamma"}
    press(panel, "reset_settings")
    assert panel.run.log.changes == changes


def test_the_settings_that_act_under_the_rule_are_active_with_and_without_a_menu_for_it(open_panel, dqn):
    panel = open_panel(dqn, knobs=("gamma", "target_update", "target_period", "tau"))
    always = ["gamma", "target_update"]
    active = {"every_step": [], "hard": ["target_period"], "soft": ["tau"]}
    assert panel.active == always + active[DQN.target_update]
    press(panel, "train")
    for rule, names in active.items():
        panel.set("target_update", rule)
        assert panel.active == always + names
    press(panel, "pause")
    agent = DQNAgent(world(), DQN.replace(target_update="hard"), seed=3, xla=False)
    assert open_panel(agent, knobs=("tau", "target_period")).active == active["hard"]
    assert open_panel().active == [*TABLE_KNOBS]


# --- what there is to see -----------------------------------------------------------------------------


def test_snapshots_wait_for_a_page_that_paints_them(open_panel, monkeypatch):
    monkeypatch.setattr(live_widget, "PAGE_TIMEOUT", np.inf)
    monkeypatch.setattr(live_widget, "MAX_UNPAINTED", 3)
    panel, chances = open_panel(), []
    callback, panel.speed = panel.run.callback, 2
    panel.run.callback = lambda: (chances.append(panel.snapshot["number"]), callback())
    press(panel, "train")
    for painted in (3, 6):
        until(lambda painted=painted: chances.count(painted) > 2)
        assert panel.snapshot["number"] == painted, "no page has painted any of them"
        panel._handle_custom_msg({"painted": painted}, [])
    until(lambda: panel.snapshot["number"] == 9)
    press(panel, "pause")
    assert panel.snapshot["number"] == 10
    assert panel.snapshot["step"] == panel.run.agent.steps


def test_the_whole_panel_has_all_views_and_shows_the_agent_as_it_is_when_it_pauses(dqn):
    panel = TrainingPanel(world(), dqn)
    assert (panel.show, [*panel.indices]) == ([*VIEWS], ["epsilon", "gamma", "learning_rate", "tau", "hold"])
    lived(panel, 60)
    assert (panel.snapshot["step"], panel.snapshot["stored"]) == (dqn.steps, min(dqn.steps, 500))
    assert panel.snapshot["drive"]["words"].startswith(f"Greedy policy at step {dqn.steps:,}")
    html = panel._repr_mimebundle_()[0]["text/html"]
    assert re.findall(r'<img .*? alt="(Learning curve|Map of state values)', html) == [
        "Learning curve",
        "Map of state values",
    ]
    assert f"After {dqn.steps:,} steps" in html
    assert "sliders for epsilon, gamma, learning rate, tau, hold, which act" in html


def test_the_page_gets_labels_for_each_setting_and_all_that_it_gets_can_be_sent(open_panel, dqn):
    panel = open_panel(dqn, show=VIEWS, knobs=[*TURNS])
    for knob in panel.settings:
        assert knob.keys() == {"name", "label", "help", "labels", "kind"}
        assert knob["label"] == knob["name"].replace("_", " ") and knob["help"].endswith(".")
        assert len(knob["labels"]) == len(panel.choices[knob["name"]]) >= 3
    assert [knob["name"] for knob in panel.settings] == [*panel.indices] == [*TURNS]
    assert panel.values == {name: getattr(DQN, name) for name in TURNS}
    assert {knob["name"]: knob["labels"] for knob in panel.settings if knob["kind"] == "menu"} == {
        "target_update": ["every step", "hard", "soft"]
    }
    assert panel.settings[0]["labels"][:3] == ["schedule", "0", "0.01"]
    state = handed(panel)
    assert (state["smooth"], state["references"]) == (True, REFERENCES)
    assert json.dumps(state, allow_nan=False, default=lambda array: len(bytes(array)))


def test_a_page_plays_the_run_as_it_was_at_its_checks(open_panel):
    panel = open_panel(show=("curve", "values"), every=100)

    def played():
        return in_page(panel.page("A panel"))[1]["recording"]

    assert [snapshot["step"] for snapshot in played()] == [0]
    panel.observe(lambda change: panel.acknowledge(change.new["number"]), "snapshot")
    panel.speed = 3
    press(panel, "train")
    until(lambda: len(played()) > 4)
    press(panel, "pause")
    steps = [snapshot["step"] for snapshot in played()]
    assert (steps[0], steps[-1]) == (0, panel.run.agent.steps)
    assert np.diff(steps[:-1]).min() >= 100 and len(steps) > 4
    assert {"number": panel.snapshot["number"]} | played()[-1] == panel.snapshot
    panel.set("gamma", 0.5)
    assert [snapshot["step"] for snapshot in played()] == steps, "the same moment is not played twice"
    press(panel, "reset")
    assert [snapshot["step"] for snapshot in played()] == [0]


@pytest.mark.parametrize(
    ("show", "knobs", "pictures"),
    [((), (), 0), (("car", "curve"), ("gamma",), 1), (("policy",), ("hold", "epsilon"), 1)],
)
def test_a_smaller_panel_works_the_same(open_panel, show, knobs, pictures):
    panel = open_panel(show=show, knobs=knobs)
    assert ([*panel.indices], panel.show, panel.smooth) == (list(knobs), list(show), False)
    for name in knobs:
        panel.set(name, TURNS[name])
    press(panel, "one_episode")
    assert rested(panel).run.agent.steps == 50 and words(panel) == "Paused."
    assert [change.settings for change in panel.run.log.changes] == [{name: TURNS[name]} for name in knobs]
    assert ("sliders" in panel.explanation) == bool(knobs)
    assert panel.still().count("<img ") == pictures


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"show": ("memory",)}, "show must do without 'memory': a QTableAgent has none"),
        ({"knobs": ("gamma", "tau")}, "knobs must be among epsilon, .*got 'tau'"),
        ({"limit": 0}, "limit must be at least 1, got 0"),
    ],
)
def test_bad_options_are_refused(open_panel, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        open_panel(**options)


# --- the end, and what goes wrong -------------------------------------------------------------------


def test_at_the_limit_it_says_so_until_it_is_reset(open_panel):
    panel = open_panel(limit=120)
    enough = "The limit of 120 steps is reached. Reset starts another run."
    press(panel, "train")
    assert words(rested(panel)) == enough
    for button in ("train", "one_episode", "pause"):
        press(panel, button)
        assert words(panel) == enough
        assert (panel.run.agent.steps, threads()) == (120, [])
    press(panel, "reset", "one_episode")
    assert rested(panel).run.agent.steps == 50
    press(panel, "train")
    panel.stop()
    assert words(panel) == "Stopped: the cell was run again." and not threads()


def test_a_run_that_cannot_be_paused_is_reported_and_nothing_is_reset(open_panel, monkeypatch):
    panel = open_panel()
    press(panel, "train")
    until(lambda: panel.run.agent.steps > 20)
    log = panel.run.log

    def wait_in_vain():
        raise TimeoutError("a step must end.")

    with monkeypatch.context() as patch:
        patch.setattr(panel.run, "pause", wait_in_vain)
        press(panel, "reset")
    said = words(panel, alarm=True)
    assert said == "TimeoutError: a step must end. Train continues, Reset starts again."
    assert panel.run.log is log and panel.run.agent.steps > 20


def test_an_exception_of_the_agent_is_reported_and_the_panel_works_again(open_panel, monkeypatch):
    panel = open_panel()
    agent, observe = panel.run.agent, panel.run.agent.observe

    def fail(*args, **options):
        if agent.steps >= 30:
            raise RuntimeError("no <b>action</b> today")
        observe(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(agent, "observe", fail)
        for _ in range(2):
            press(panel, "train")
            said = words(rested(panel), alarm=True)
            assert said == "RuntimeError: no <b>action</b> today. Train continues, Reset starts again."
            assert agent.steps == panel.snapshot["step"] == 30
        press(panel, "reset")
        assert words(panel).startswith("Back at the beginning") and panel.run.problem is None
        press(panel, "train")
        assert words(rested(panel), alarm=True)
    lived(panel, 100)
    assert words(panel) == "Paused." and agent.steps >= 100


@pytest.mark.parametrize("when", ["while it trains", "when it has paused"])
def test_an_exception_in_a_snapshot_is_reported_and_the_panel_works_again(open_panel, monkeypatch, when):
    panel = open_panel()
    take = panel.view.snapshot

    def torn():
        if panel.run.running == (when == "while it trains"):
            raise ValueError("the paper is torn")
        return take()

    with monkeypatch.context() as patch:
        patch.setattr(panel.view, "snapshot", torn)
        press(panel, "train")
        if when != "while it trains":
            until(lambda: panel.run.agent.steps > 20)
            press(panel, "pause")
        assert words(rested(panel), alarm=True).startswith("ValueError: the paper is torn. Train continues")
    lived(panel, panel.run.agent.steps + 50)
    assert words(panel) == "Paused."


def test_train_pressed_during_the_last_callback_is_not_reported_as_paused(open_panel, monkeypatch):
    panel = open_panel()
    drawing, go_on, refresh = threading.Event(), threading.Event(), panel.refresh

    def slowly():
        drawing.set()
        go_on.wait(20)
        refresh()

    panel.speed = 3
    monkeypatch.setattr(panel, "refresh", slowly)
    press(panel, "one_episode")
    assert drawing.wait(20)
    (first,) = threads()
    press(panel, "train")
    go_on.set()
    first.join(20)
    assert panel.run.running and words(panel) == "Training ..."
    press(panel, "pause")
    assert words(panel) == "Paused."
