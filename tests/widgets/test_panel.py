"""The training panel without a browser: press buttons, change settings, read agent, log and snapshots."""

import copy
import json
import random
import re
import threading
import time
from functools import partial

import numpy as np
import pytest
import traitlets as t
from receiving import handed, in_page, unpacked
from traitlets import TraitError

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.plots.maps import grid
from dqn_lib.widgets import live, live_widget
from dqn_lib.widgets import panel as panel_module
from dqn_lib.widgets.assets import to_shades
from dqn_lib.widgets.live import LiveRun, rerun
from dqn_lib.widgets.live_widget import MAX_UNPAINTED
from dqn_lib.widgets.panel import SEEDS, SPEEDS, TrainingPanel
from dqn_lib.widgets.run_view import REFERENCES, VIEWS, visit_shades

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
DQN_KNOBS = ("epsilon", "gamma", "learning_rate", "tau", "target_period", "target_update", "hold")
BUTTONS = ("train", "pause", "one_episode", "reset")
TURNS = {
    "epsilon": 0.3, "gamma": 0.9, "learning_rate": 0.01, "tau": 0.2, "target_period": 5,
    "target_update": "hard", "hold": 8,
}  # fmt: skip


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.002)


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "dqn_lib live run"]


def world(length=50):
    return mountain_car.make(max_episode_steps=length)


def press(panel, *acts):
    """Press buttons, as a page does it."""
    for act in acts:
        panel._handle_custom_msg({"press": act}, [])


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


def status(panel):
    """The words of the status, which is no alarm."""
    assert not panel.status["alarm"], panel.status
    assert panel.status["running"] == panel.run.running
    return panel.status["words"]


def alarm(panel):
    """The words of the status, which is an alarm."""
    assert panel.status["alarm"], panel.status
    assert panel.status["running"] == panel.run.running
    return panel.status["words"]


def turned(panel):
    """The value of each setting."""
    return {name: panel.choices[name][place] for name, place in panel.indices.items()}


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
    panel = open_panel()
    assert status(panel) == "Ready." and panel.run.agent.steps == panel.snapshot["step"] == 0
    press(panel, "train")
    assert status(panel) == "Training ..." and panel.run.running
    until(lambda: len(panel.run.log.episodes) > 2)
    press(panel, "pause")
    steps = panel.run.agent.steps
    assert status(panel) == "Paused." and not panel.run.running and not threads()
    assert panel.snapshot["step"] == steps and panel.snapshot["episodes"] == steps // 50
    assert f"after {steps:,} steps" in panel.snapshot["alt"]
    lived(panel, steps + 60)
    assert panel.run.agent.steps >= steps + 60
    assert [e.number for e in panel.run.log.episodes] == [*range(1, panel.run.agent.episodes + 1)]


def test_what_the_page_can_press_can_be_called_too(open_panel):
    panel = open_panel()
    panel.one_episode()
    assert rested(panel).run.agent.steps == 50
    panel.train()
    until(lambda: panel.run.agent.steps > 60)
    panel.pause()
    assert status(panel) == "Paused." and not threads()
    panel.reset()
    assert status(panel) == "Back at the beginning, seed 3." and panel.run.agent.steps == 0


def test_one_episode_goes_to_the_end_of_an_episode(open_panel):
    panel = open_panel()
    for steps in (50, 100):
        press(panel, "one_episode")
        assert rested(panel).run.agent.steps == steps
        assert status(panel) == "Paused."
    assert [episode.length for episode in panel.run.log.episodes] == [50, 50]


def test_reset_forgets_everything_but_the_settings(open_panel):
    panel = open_panel()
    panel.set("gamma", 0.9)
    lived(panel, 120)
    assert panel.run.agent.table.values.any()
    press(panel, "reset")
    agent, log = panel.run.agent, panel.run.log
    assert (agent.steps, agent.episodes, agent.seed, agent.config.gamma) == (0, 0, 3, 0.9)
    assert turned(panel)["gamma"] == 0.9
    assert not agent.table.values.any()
    assert (log.episodes, [check.step for check in log.checks]) == ([], [0])
    assert panel.snapshot["changes"] == [[0, "gamma 0.9"]]
    assert status(panel) == "Back at the beginning, seed 3."
    assert (panel.snapshot["step"], panel.snapshot["episodes"]) == (0, 0)
    assert panel.snapshot["returns"]["shape"] == [0, 2]
    assert "after 0 steps" in panel.snapshot["alt"]


def test_reset_while_it_trains_stops_it_first(open_panel):
    panel = open_panel()
    press(panel, "train")
    until(lambda: panel.run.agent.steps > 100)
    press(panel, "reset")
    time.sleep(0.05)
    assert panel.run.agent.steps == panel.snapshot["step"] == 0 and not panel.run.running
    assert status(panel) == "Back at the beginning, seed 3."


def test_the_seed_slider_acts_from_the_next_reset_on(open_panel):
    panel = open_panel()
    assert (panel.seed, panel.seeds) == (3, [*SEEDS])
    panel.seed = 7
    assert panel.run.agent.seed == 3
    runs = {}
    for seed in (7, 3, 7):
        panel.seed = seed
        press(panel, "reset", "one_episode")
        runs.setdefault(seed, []).append(rested(panel).run.agent.table.values.copy())
        assert panel.run.agent.seed == seed
    np.testing.assert_array_equal(*runs[7])
    assert (runs[3][0] != runs[7][0]).any()


def test_an_unusual_seed_is_among_the_seeds(open_panel):
    panel = open_panel(QTableAgent(world(), TABLE, seed=1_234_567))
    assert panel.seed == 1_234_567
    assert panel.seeds == [*SEEDS, 1_234_567]
    press(panel, "reset")
    assert panel.run.agent.seed == 1_234_567


def test_the_speed_slider_sets_the_speed(open_panel):
    panel = open_panel()
    assert panel.speeds == ["5 steps/s", "30 steps/s", "200 steps/s", "2,000 steps/s", "full"]
    assert (SPEEDS[panel.speed], panel.run.speed) == (None, None)
    panel.speed = 1
    assert panel.run.speed == 30.0
    press(panel, "train")
    time.sleep(0.3)
    press(panel, "pause")
    assert panel.run.agent.steps < 60
    panel.speed = 4
    assert panel.run.speed is None


@pytest.mark.parametrize("place", [-1, len(SPEEDS), 30])
def test_a_speed_that_there_is_not_is_refused(open_panel, place):
    panel = open_panel()
    panel.speed = 0
    for act in (lambda: setattr(panel, "speed", place), lambda: panel.set_state({"speed": place})):
        with pytest.raises(TraitError, match="'speed' trait"):
            act()
        assert (panel.speed, panel.run.speed, status(panel)) == (0, 5.0, "Ready.")


def test_double_clicks_start_one_run_and_stop_it_once(open_panel):
    panel = open_panel()
    press(panel, "train", "train", "one_episode", "train")
    assert len(threads()) == 1
    press(panel, "pause", "pause")
    assert status(panel) == "Paused."
    steps = panel.run.agent.steps
    press(panel, "pause", "reset", "reset", "pause")
    assert (panel.run.agent.steps, steps > 0) == (0, True)
    press(panel, "one_episode", "one_episode")
    assert rested(panel).run.agent.steps in (50, 100)  # the second press may have come after the end


def test_buttons_pressed_from_many_threads_leave_a_panel_that_works(open_panel):
    panel = open_panel()

    def press_any(seed):
        choose = random.Random(seed)
        for _ in range(15):
            press(panel, choose.choice(BUTTONS))
            panel.set("epsilon", choose.choice(panel.choices["epsilon"]))

    fingers = [threading.Thread(target=press_any, args=(seed,)) for seed in range(4)]
    for finger in fingers:
        finger.start()
    for finger in fingers:
        finger.join(60)
    press(panel, "pause")
    assert status(panel) and panel.run.problem is None
    assert panel.run.agent.config.epsilon == turned(panel)["epsilon"]
    press(panel, "reset", "one_episode")
    assert rested(panel).run.agent.steps == 50


def test_a_setting_waits_for_the_button_that_is_being_pressed(open_panel, monkeypatch):
    panel = open_panel()
    began, let_go = threading.Event(), threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(panel.run, "pause", lambda: (began.set(), let_go.wait(20)))
        hands = [
            threading.Thread(target=press, args=(panel, "pause")),
            threading.Thread(target=panel.set, args=("gamma", 0.9)),
        ]
        hands[0].start()
        assert began.wait(20)
        hands[1].start()
        hands[1].join(0.2)
        assert hands[1].is_alive() and panel.run.log.changes == []
        let_go.set()
        for hand in hands:
            hand.join(20)
    assert [change.settings for change in panel.run.log.changes] == [{"gamma": 0.9}]


def test_an_unknown_message_changes_nothing(open_panel):
    panel = open_panel()
    for words in (
        None,
        "train",
        7,
        [],
        {},
        {"press": "explode"},
        {"press": None},
        {"painted": "1"},
        {"painted": None},
    ):
        panel._handle_custom_msg(words, [])
    assert (status(panel), panel.run.agent.steps, threads()) == ("Ready.", 0, [])


# --- the settings --------------------------------------------------------------------------------------


def by_hand(panel, name, value):
    panel.set(name, value)


def on_the_page(panel, name, value):
    panel.set_state({"indices": panel.indices | {name: panel.choices[name].index(value)}})


@pytest.mark.parametrize("turn", [by_hand, on_the_page])
@pytest.mark.parametrize("name", TABLE_KNOBS)
def test_a_setting_changed_in_a_pause_acts_at_once_and_is_marked(open_panel, name, turn):
    panel = open_panel()
    lived(panel, 60)
    before = turned(panel)
    turn(panel, name, TURNS[name])
    steps = panel.run.agent.steps
    assert turned(panel) == before | {name: TURNS[name]}
    assert getattr(panel.run.agent.config, name) == TURNS[name]
    (change,) = panel.run.log.changes
    assert (change.step, change.settings) == (steps, {name: TURNS[name]})
    assert panel.snapshot["changes"] == [[steps, f"{name.replace('_', ' ')} {TURNS[name]}"]]
    assert status(panel) == "Paused."


def test_setting_a_value_that_holds_already_changes_nothing(open_panel):
    panel = open_panel()
    number = panel.snapshot["number"]
    panel.set("gamma", panel.run.agent.config.gamma)
    panel.indices = dict(panel.indices)
    assert (panel.run.log.changes, panel.snapshot["number"]) == ([], number)


def test_the_counter_shows_a_new_epsilon_in_a_pause_at_once(open_panel):
    panel = open_panel()
    panel.set("epsilon", 0.7)
    assert panel.snapshot["epsilon"] == 0.7


@pytest.mark.parametrize("name", DQN_KNOBS)
def test_each_setting_of_a_dqn_acts_while_it_trains_and_is_noted_with_its_step(open_panel, dqn, name):
    panel = open_panel(dqn, knobs=(name,))
    seen, observe = [], dqn.observe
    dqn.observe = lambda *args, **options: (seen.append(getattr(dqn.config, name)), observe(*args, **options))
    try:
        press(panel, "train")
        until(lambda: dqn.steps > 60)
        panel.set(name, TURNS[name])
        until(lambda: panel.run.log.changes)
        lived(panel, dqn.steps + 20)
    finally:
        del dqn.observe
    (change,) = panel.run.log.changes
    assert change.settings == {name: TURNS[name]} and 60 < change.step < dqn.steps
    assert seen == [getattr(DQN, name)] * change.step + [TURNS[name]] * (dqn.steps - change.step)
    assert panel.run.problem is None and np.isfinite(dqn.q.to_flat()).all()
    assert panel.snapshot["changes"] == [[change.step, f"{name.replace('_', ' ')} {TURNS[name]}"]]


def test_the_target_settings_reach_the_target_network(open_panel, dqn):
    def distance():
        return np.abs(dqn.parameters[0] - dqn.parameters[1]).max()

    panel = open_panel(dqn, knobs=("target_update", "tau", "target_period"))
    panel.set("target_update", "every_step")
    assert lived(panel, 100).run.problem is None and distance() == 0
    panel.set("target_update", "hard")
    panel.set("target_period", 10_000)
    lived(panel, dqn.steps + 60)
    assert distance() > 0
    panel.set("target_update", "soft")
    panel.set("tau", 1.0)
    lived(panel, dqn.steps + 60)
    assert distance() == 0


def test_epsilon_of_a_dqn_goes_back_to_its_schedule(open_panel, dqn):
    panel = open_panel(dqn, knobs=("epsilon",))
    assert turned(panel) == {"epsilon": None}
    assert dqn.epsilon == 1.0
    panel.set("epsilon", 0.1)
    assert dqn.epsilon == 0.1
    panel.set("epsilon", None)
    assert dqn.epsilon == 1.0
    assert [change.settings["epsilon"] for change in panel.run.log.changes] == [0.1, None]
    assert panel.snapshot["changes"] == [[0, "epsilon by schedule"]]


def test_a_table_has_no_schedule_to_go_back_to(open_panel):
    assert None not in open_panel().choices["epsilon"]


@pytest.mark.parametrize("running", [False, True], ids=["in a pause", "while it trains"])
def test_all_settings_can_be_reset_to_their_first_values(open_panel, running):
    panel = open_panel()
    panel.set("hold", 8)
    if running:
        panel.speed = 2
        press(panel, "train")
        until(lambda: panel.run.agent.steps > 3)
    panel.set("gamma", 0.9)
    panel.set("gamma", 0.5)
    press(panel, "reset_settings")
    until(lambda: panel.run.agent.config == TABLE)
    assert panel.run.running == running
    press(panel, "pause")
    assert turned(panel) == {name: getattr(TABLE, name) for name in TABLE_KNOBS}
    now = {}
    for change in panel.run.log.changes:
        now |= change.settings
    assert now == {"hold": TABLE.hold, "gamma": TABLE.gamma}
    before = list(panel.run.log.changes)
    press(panel, "reset_settings")
    assert panel.run.log.changes == before


def test_only_the_settings_that_act_under_the_rule_for_the_target_are_active(open_panel, dqn):
    panel = open_panel(dqn, knobs=("gamma", "target_update", "target_period", "tau"))
    found = {DQN.target_update: panel.active}
    for rule in ("every_step", "hard", "soft"):
        panel.set("target_update", rule)
        found[rule] = panel.active
    always = ["gamma", "target_update"]
    assert found == {"every_step": always, "hard": [*always, "target_period"], "soft": [*always, "tau"]}
    press(panel, "train")
    panel.set("target_update", "hard")
    assert panel.active == found["hard"], "also while it trains"
    press(panel, "pause", "reset")
    assert panel.active == found["hard"]


@pytest.mark.parametrize(
    ("rule", "active"), [("every_step", []), ("hard", ["target_period"]), ("soft", ["tau"])]
)
def test_without_a_menu_for_it_the_rule_is_the_agents(open_panel, rule, active):
    agent = DQNAgent(world(), DQN.replace(target_update=rule), seed=3, xla=False)
    assert open_panel(agent, knobs=("tau", "target_period")).active == active


def test_all_settings_of_a_table_are_active(open_panel):
    assert open_panel().active == [*TABLE_KNOBS]


def test_a_setting_takes_only_its_choices(open_panel):
    panel = open_panel()
    with pytest.raises(ValueError, match=r"hold must be one of 1, 2, 4, 8, .*, 64, got 3"):
        panel.set("hold", 3)
    with pytest.raises(ValueError, match=r"name must be one of .*, got 'holding'"):
        panel.set("holding", 3)
    assert (panel.run.log.changes, panel.run.agent.config) == ([], TABLE)


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ({"gamma": 0}, "indices must be of gamma, hold, got gamma"),
        ({"gamma": 0, "hold": 0, "tau": 0}, "indices must be of gamma, hold, got gamma, hold, tau"),
        ({}, "indices must be of gamma, hold, got "),
        ({"gamma": -1, "hold": 0}, r"the index of gamma must lie in \[0, 14\], got -1"),
        ({"gamma": 0, "hold": 10}, r"the index of hold must lie in \[0, 9\], got 10"),
        ({"gamma": 0.0, "hold": 0}, "the index of gamma must be an integer, got 0.0"),
        ({"gamma": 0, "hold": None}, "the index of hold must be an integer, got None"),
    ],
)
def test_a_bad_index_is_refused(open_panel, places, words):
    panel = open_panel(knobs=("gamma", "hold"))
    before = panel.indices
    with pytest.raises(t.TraitError, match=f"^{words}$"):
        panel.indices = places
    with pytest.raises(t.TraitError, match=f"^{words}$"):
        panel.set_state({"indices": places})  # as a page does it
    assert (panel.indices, panel.run.log.changes, panel.run.agent.config) == (before, [], TABLE)


@pytest.mark.parametrize("running", [False, True], ids=["in a pause", "while it trains"])
def test_a_setting_that_the_agent_refuses_is_reported(open_panel, monkeypatch, running):
    panel = open_panel()
    panel.speed = 2
    if running:
        press(panel, "train")

    def refuse(**settings):
        raise ValueError("gamma must be < 1 today")

    monkeypatch.setattr(panel.run, "change", refuse)
    panel.set("gamma", 1.0)
    assert alarm(panel) == "ValueError: gamma must be < 1 today. Train continues, Reset starts again."
    assert panel.run.running == running


def test_a_run_with_every_setting_changed_is_reproduced_to_the_same_weights(open_panel, dqn):
    panel = open_panel(dqn, knobs=DQN_KNOBS)
    panel.set("hold", 2)
    press(panel, "train")
    for name, value in TURNS.items():
        steps = dqn.steps
        until(lambda steps=steps: dqn.steps > steps + 15)
        panel.set(name, value)
    press(panel, "pause")
    panel.set("epsilon", None)
    lived(panel, dqn.steps + 100)
    changes, steps = panel.run.log.changes, dqn.steps
    ends = copy.deepcopy(dqn.get_state())
    assert len(changes) == 9
    dqn.config = DQN
    dqn.restart(3)
    rerun(world(), dqn, changes, steps)
    np.testing.assert_equal(dqn.get_state()["parameters"], ends["parameters"])


def test_after_a_reset_a_panel_repeats_the_same_run(open_panel):
    panel = open_panel()
    tables = []
    for _ in range(2):
        panel.set("epsilon", 0.3)
        press(panel, "one_episode")
        tables.append(rested(panel).run.agent.table.values.copy())
        press(panel, "reset")
    np.testing.assert_array_equal(*tables)


# --- what there is to see -----------------------------------------------------------------------------


def test_what_is_shown_while_it_trains_is_the_agent_between_two_steps(open_panel):
    panel = open_panel(show=("curve", "values", "policy"))
    agent, seen = panel.run.agent, []

    def compare(change):
        snapshot = change.new
        values = agent.table.values.max(axis=-1).T  # a row is a velocity
        values = to_shades(values, snapshot["limits"][0], 0.0)
        right = snapshot["step"] == agent.steps and (unpacked(snapshot["values"]) == values).all()
        seen.append((right, panel.run.running, f"after {agent.steps:,} steps and" in snapshot["alt"]))

    panel.observe(compare, "snapshot")
    lived(panel, 1_000)
    press(panel, "train")
    until(lambda: len(seen) > 6)
    press(panel, "pause")
    assert {(right, alt) for right, _, alt in seen} == {(True, True)}
    assert [running for _, running, _ in seen].count(False) == 2 and not seen[-1][1]


def test_snapshots_wait_for_a_page_that_paints_them(open_panel, monkeypatch):
    monkeypatch.setattr(live_widget, "PAGE_TIMEOUT", np.inf)
    panel, chances = open_panel(), []
    callback, panel.speed = panel.run.callback, 2
    panel.run.callback = lambda: (chances.append(panel.snapshot["number"]), callback())
    press(panel, "train")
    until(lambda: chances.count(MAX_UNPAINTED) > 3)
    assert panel.snapshot["number"] == MAX_UNPAINTED, "no page has painted any of them"
    panel._handle_custom_msg({"painted": MAX_UNPAINTED}, [])
    until(lambda: chances.count(2 * MAX_UNPAINTED) > 3)
    assert panel.snapshot["number"] == 2 * MAX_UNPAINTED
    press(panel, "pause")
    assert panel.snapshot["number"] == 2 * MAX_UNPAINTED + 1
    assert panel.snapshot["step"] == panel.run.agent.steps


def test_the_whole_panel_shows_the_agent_as_it_is_when_it_pauses(open_panel, dqn):
    panel = open_panel(dqn, show=VIEWS, knobs=("epsilon", "gamma", "learning_rate", "tau", "hold"))
    lived(panel, 150)
    snapshot, values = panel.snapshot, dqn.q(grid(48, 38)).max(axis=-1)
    shades = to_shades(values, snapshot["limits"][0], 0.0)
    np.testing.assert_array_equal(unpacked(snapshot["values"]), shades)
    shades = visit_shades(dqn.memory.states[: snapshot["stored"]])
    np.testing.assert_array_equal(unpacked(snapshot["memory"]), shades)
    assert (snapshot["step"], snapshot["stored"]) == (dqn.steps, min(dqn.steps, DQN.memory_size))
    assert snapshot["drive"]["words"].startswith(f"Greedy policy at step {dqn.steps:,}")
    data, _ = panel._repr_mimebundle_()
    assert data["text/html"].count("<img ") == data["text/html"].count(' alt="') == 2
    assert f"After {dqn.steps:,} steps" in data["text/html"]
    assert "sliders for epsilon, gamma, learning rate, tau, hold, which act" in data["text/html"]


def test_a_panel_has_all_views_and_the_usual_settings_by_default(dqn):
    panel = TrainingPanel(world(), dqn)
    assert panel.show == [*VIEWS]
    assert [*panel.indices] == ["epsilon", "gamma", "learning_rate", "tau", "hold"]
    panel.stop()


def test_the_page_gets_labels_for_each_setting_and_a_menu_for_what_is_no_number(open_panel, dqn):
    panel = open_panel(dqn, knobs=DQN_KNOBS)
    for knob in panel.settings:
        assert knob.keys() == {"name", "label", "help", "labels", "kind"}
        assert knob["label"] == knob["name"].replace("_", " ") and knob["help"].endswith(".")
        assert len(knob["labels"]) == len(panel.choices[knob["name"]]) >= 3
    assert [knob["name"] for knob in panel.settings] == [*panel.indices] == [*DQN_KNOBS]
    assert turned(panel) == {name: getattr(DQN, name) for name in DQN_KNOBS}
    assert {knob["name"]: knob["labels"] for knob in panel.settings if knob["kind"] == "menu"} == {
        "target_update": ["every step", "hard", "soft"]
    }
    assert panel.settings[0]["labels"][:3] == ["schedule", "0", "0.01"]


def test_all_that_the_page_gets_is_there_and_can_be_sent(open_panel, dqn):
    for panel, smooth in ((open_panel(), False), (open_panel(dqn, show=VIEWS, knobs=DQN_KNOBS), True)):
        state = handed(panel)
        assert state["smooth"] == smooth and state["references"] == REFERENCES and state["recording"] == []
        assert state["snapshot"]["number"] == 1
        assert json.dumps(state, allow_nan=False, default=lambda array: len(bytes(array)))


def played(panel):
    """The snapshots that a page of the panel plays."""
    _, traits = in_page(panel.page("A panel"))
    assert panel.recording == []
    return traits["recording"]


def test_a_page_plays_the_run_as_it_was_at_its_checks(open_panel):
    panel = open_panel(show=("curve", "values"), every=100)
    assert [snapshot["step"] for snapshot in played(panel)] == [0]
    panel.observe(lambda change: panel.acknowledge(change.new["number"]), "snapshot")
    panel.speed = 3
    press(panel, "train")
    until(lambda: len(played(panel)) > 4)
    press(panel, "pause")
    steps = [snapshot["step"] for snapshot in played(panel)]
    assert (steps[0], steps[-1]) == (0, panel.run.agent.steps)
    assert np.diff(steps[:-1]).min() >= 100 and len(steps) > 4
    last = played(panel)[-1]
    assert last == panel.snapshot
    panel.set("gamma", 0.5)
    press(panel, "pause")
    assert [snapshot["step"] for snapshot in played(panel)] == steps, "the same moment is not played twice"
    press(panel, "reset")
    assert [snapshot["step"] for snapshot in played(panel)] == [0]


# --- which panel ------------------------------------------------------------------------------------


@pytest.mark.parametrize("show", [(), ("values",), ("car",), ("policy", "car"), ("curve",)])
@pytest.mark.parametrize("knobs", [(), ("gamma",), ("hold", "epsilon")])
def test_a_smaller_panel_works_the_same(open_panel, show, knobs):
    panel = open_panel(show=show, knobs=knobs)
    assert ([*panel.indices], panel.show) == (list(knobs), list(show))
    for name in knobs:
        panel.set(name, TURNS[name])
    press(panel, "one_episode")
    assert rested(panel).run.agent.steps == 50 and status(panel) == "Paused."
    assert [change.settings for change in panel.run.log.changes] == [{name: TURNS[name]} for name in knobs]
    shown = {"curve": "returns", "values": "values", "policy": "policy", "car": "drive"}
    assert {name for name, key in shown.items() if key in panel.snapshot} >= set(show)
    assert ("sliders" in panel.explanation) == bool(knobs)


@pytest.mark.parametrize(
    ("show", "words"),
    [
        ((), []),
        (("car",), []),
        (("curve", "car"), ["Learning curve"]),
        (("policy",), ["Map of state values"]),
        (("values", "policy", "curve"), ["Learning curve", "Map of state values"]),
    ],
)
def test_without_a_browser_there_are_pictures_of_the_curve_and_the_maps(open_panel, show, words):
    assert (
        re.findall(r'<img .*? alt="(Learning curve|Map of state values)', open_panel(show=show).still())
        == words
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"show": ("curve", "loss")}, "show must be of car, curve, values, policy, memory, got 'loss'"),
        ({"show": ("memory",)}, "show must do without 'memory': a QTableAgent has none"),
        ({"knobs": ("gamma", "temperature")}, "knobs must be among epsilon, .*got 'temperature'"),
        ({"knobs": ("cells",)}, "knobs must be among epsilon, .*got 'cells'"),
        ({"knobs": ("tau",)}, "knobs must be among epsilon, .*got 'tau'"),
        ({"every": 0}, "every must be at least 1, got 0"),
        ({"limit": 0}, "limit must be at least 1, got 0"),
    ],
)
def test_bad_options_are_refused(open_panel, options, words):
    with pytest.raises(ValueError, match=words):
        open_panel(**options)
    assert threads() == []


def test_an_agent_that_is_not_new_is_refused(open_panel):
    panel = open_panel()
    lived(panel, 20)
    with pytest.raises(ValueError, match="agent must be new, got one that has taken"):
        open_panel(panel.run.agent)


# --- the end, and what goes wrong -------------------------------------------------------------------


def test_at_the_limit_it_says_so_until_it_is_reset(open_panel):
    panel = open_panel(limit=120)
    enough = "The limit of 120 steps is reached. Reset starts another run."
    press(panel, "train")
    assert status(rested(panel)) == enough
    for button in ("train", "one_episode", "pause"):
        press(panel, button)
        assert status(panel) == enough
        assert (panel.run.agent.steps, threads()) == (120, [])
    press(panel, "reset", "one_episode")
    assert rested(panel).run.agent.steps == 50


def test_stop_pauses_and_says_why(open_panel):
    panel = open_panel()
    press(panel, "train")
    panel.stop()
    steps = panel.run.agent.steps
    assert status(panel) == "Stopped: the cell was run again." and not threads()
    time.sleep(0.05)
    assert panel.run.agent.steps == steps


def test_a_step_that_does_not_end_is_reported_and_nothing_is_reset(open_panel, monkeypatch):
    monkeypatch.setattr(live, "TIMEOUT", 0.1)
    panel = open_panel()
    began, let_go, act = threading.Event(), threading.Event(), panel.run.agent.act

    def stuck(state):
        began.set()
        let_go.wait(20)
        return act(state)

    lived(panel, 20)
    with monkeypatch.context() as patch:
        patch.setattr(panel.run.agent, "act", stuck)
        press(panel, "train")
        assert began.wait(20)
        steps, log = panel.run.agent.steps, panel.run.log
        press(panel, "reset")
        assert alarm(panel).startswith("TimeoutError: a step must end within") and panel.run.running
        assert (panel.run.agent.steps, panel.run.log) == (steps, log)
        let_go.set()
        rested(panel)
    press(panel, "reset")
    assert status(panel).startswith("Back at the beginning")
    assert panel.run.agent.steps == 0


class Broken(QTableAgent):
    """A student's agent: what `fails` names raises, from step 30 on."""

    fails = None

    def act(self, state):
        if self.fails == "act" and self.steps >= 30:
            raise RuntimeError("no <b>action</b> today")
        return super().act(state)

    def observe(self, *args, **options):
        if self.fails == "observe" and self.steps >= 30:
            raise RuntimeError("no <b>action</b> today")
        super().observe(*args, **options)


@pytest.mark.parametrize("method", ["act", "observe"])
def test_an_exception_of_the_agent_is_reported_and_the_panel_works_again(open_panel, method):
    panel = open_panel(Broken(world(), TABLE))
    agent = panel.run.agent
    agent.fails = method
    for _ in range(2):
        press(panel, "train")
        rested(panel)
        assert alarm(panel) == ("RuntimeError: no <b>action</b> today. Train continues, Reset starts again.")
        assert agent.steps == panel.snapshot["step"] == 30
    agent.fails = None
    lived(panel, 100)
    assert status(panel) == "Paused." and agent.steps >= 100
    agent.fails = method
    press(panel, "train")
    rested(panel)
    press(panel, "reset")
    assert status(panel).startswith("Back at the beginning") and panel.run.problem is None
    agent.fails = None
    press(panel, "one_episode")
    assert rested(panel).run.agent.steps == 50 and status(panel) == "Paused."


def test_an_exception_while_learning_is_reported_too(open_panel, dqn, monkeypatch):
    panel = open_panel(dqn, knobs=())
    with monkeypatch.context() as patch:
        patch.setattr(dqn, "learn", lambda: 1 / 0)
        press(panel, "train")
        rested(panel)
    assert alarm(panel).startswith("ZeroDivisionError: division by zero. Train continues")
    lived(panel, 90)
    assert status(panel) == "Paused." and dqn.updates > 0


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
        rested(panel)
        assert alarm(panel) == "ValueError: the paper is torn. Train continues, Reset starts again."
    lived(panel, panel.run.agent.steps + 50)
    assert status(panel) == "Paused."
    press(panel, "reset")
    assert status(panel).startswith("Back at the beginning")


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
    assert panel.run.running and status(panel) == "Training ..."
    press(panel, "pause")
    assert status(panel) == "Paused."


# --- several, and afterwards ------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 5])
def test_several_panels_train_side_by_side_as_each_would_alone(open_panel, count):
    env = world()
    panels = [open_panel(QTableAgent(env, TABLE, seed=seed), env=env) for seed in range(count)]
    for panel in panels:
        press(panel, "train")
    assert len(threads()) == count
    panels[0].set("gamma", 0.5)
    until(lambda: all(panel.run.agent.steps > 300 for panel in panels))
    for panel in panels:
        press(panel, "pause")
    assert threads() == []
    assert [panel.run.agent.config.gamma for panel in panels] == [0.5] + [0.99] * (count - 1)
    for seed, panel in enumerate(panels):
        again = QTableAgent(env, TABLE, seed=seed)
        rerun(world(), again, panel.run.log.changes, panel.run.agent.steps)
        np.testing.assert_array_equal(again.table.values, panel.run.agent.table.values)


def test_a_panel_has_its_own_environment(open_panel):
    env = world()
    panel = open_panel(env=env)
    press(panel, "one_episode")
    rested(panel)
    assert panel.run.env is not env
    with pytest.raises(Exception, match="reset"):
        env.step(0)  # this one was never reset
