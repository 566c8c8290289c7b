"""The training panel without a browser: press buttons, turn knobs, look at agent, log and pictures."""

import copy
import random
import threading
import time

import numpy as np
import pytest

from dqn_lib import loop, mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.live import replay
from dqn_lib.plots.maps import grid
from dqn_lib.widgets.panel import SEEDS, TrainingPanel

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


def press(panel, *texts):
    for text in texts:
        panel.buttons[text].click()


def lived(panel, steps):
    """Press Train, and Pause when it has lived so many steps."""
    press(panel, "Train")
    until(lambda: panel.run.agent.steps >= steps or not panel.run.running)
    press(panel, "Pause")
    return panel


def rested(panel):
    """The panel, when its run has come to its end by itself and every word about it is said."""
    until(lambda: not panel.run.running)
    until(lambda: not threads())
    return panel


def status(panel):
    assert panel.message.value.startswith('<span role="status">'), panel.message.value
    return panel.message.value.removeprefix('<span role="status">').removesuffix("</span>")


def marks(panel):
    """The steps marked on the curve, and the names that can be read."""
    curve = panel.screen.canvases["curve"].moving
    names = [text.get_text() for text in curve.names if text.get_text()]
    return np.asarray(curve.turns.get_xdata(), float)[::3].tolist(), names


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
        panel.end()
    assert threads() == []


@pytest.fixture
def dqn():
    return DQNAgent(world(), DQN, seed=3, xla=False)


# --- the buttons ------------------------------------------------------------------------------------


def test_train_goes_on_until_pause_and_the_picture_is_right_then(open_panel):
    panel = open_panel()
    assert status(panel) == "Ready." and panel.run.agent.steps == 0
    press(panel, "Train")
    assert status(panel) == "Training ..." and panel.run.running
    until(lambda: len(panel.run.log.episodes) > 2)
    press(panel, "Pause")
    steps = panel.run.agent.steps
    assert status(panel) == "Paused." and not panel.run.running and not threads()
    assert f"step <b>{steps:,}</b>" in panel.screen.counter.value
    assert f"after {steps:,} steps" in panel.screen.canvases["curve"].alt
    lived(panel, steps + 60)
    assert panel.run.agent.steps >= steps + 60
    assert [e.number for e in panel.run.log.episodes] == [*range(1, panel.run.agent.episodes + 1)]


def test_one_episode_goes_to_the_end_of_an_episode(open_panel):
    panel = open_panel()
    for steps in (50, 100):
        press(panel, "One episode")
        assert rested(panel).run.agent.steps == steps
        assert status(panel) == "Paused."
    assert [episode.length for episode in panel.run.log.episodes] == [50, 50]


def test_reset_forgets_everything_but_the_knobs(open_panel):
    panel = open_panel()
    panel.knobs["gamma"].value = 0.9
    lived(panel, 120)
    assert panel.run.agent.table.values.any()
    press(panel, "Reset")
    agent, log = panel.run.agent, panel.run.log
    assert (agent.steps, agent.episodes, agent.seed, agent.config.gamma) == (0, 0, 3, 0.9)
    assert not agent.table.values.any()
    assert (log.episodes, [check.step for check in log.checks]) == ([], [0])
    assert marks(panel) == ([0.0], ["gamma 0.9"])
    assert status(panel) == "Back at the beginning, seed 3."
    assert "step <b>0</b>" in panel.screen.counter.value
    assert "after 0 steps" in panel.screen.canvases["curve"].alt


def test_reset_while_it_trains_stops_it_first(open_panel):
    panel = open_panel()
    press(panel, "Train")
    until(lambda: panel.run.agent.steps > 100)
    press(panel, "Reset")
    time.sleep(0.05)
    assert panel.run.agent.steps == 0 and not panel.run.running
    assert status(panel) == "Back at the beginning, seed 3."


def test_the_seed_knob_counts_from_the_next_reset_on(open_panel):
    panel = open_panel()
    assert (panel.seed.value, panel.seed.values) == (3, [*SEEDS])
    panel.seed.value = 7
    assert panel.run.agent.seed == 3
    runs = {}
    for seed in (7, 3, 7):
        panel.seed.value = seed
        press(panel, "Reset", "One episode")
        runs.setdefault(seed, []).append(rested(panel).run.agent.table.values.copy())
        assert panel.run.agent.seed == seed
    np.testing.assert_array_equal(*runs[7])
    assert (runs[3][0] != runs[7][0]).any()


def test_an_unusual_seed_has_its_place_and_all_its_digits(open_panel):
    panel = open_panel(QTableAgent(world(), TABLE, seed=1_234_567))
    assert panel.seed.value == 1_234_567
    assert panel.seed.labels[-1] == "1234567"
    press(panel, "Reset")
    assert panel.run.agent.seed == 1_234_567


def test_the_speed_knob_sets_the_speed(open_panel):
    panel = open_panel()
    assert (panel.speed.value, panel.speed.labels[-1], panel.run.speed) == (None, "full", None)
    panel.speed.value = 30.0
    assert panel.run.speed == 30.0
    press(panel, "Train")
    time.sleep(0.3)
    press(panel, "Pause")
    assert panel.run.agent.steps < 60
    panel.speed.value = None
    assert panel.run.speed is None


def test_double_clicks_start_one_run_and_stop_it_once(open_panel):
    panel = open_panel()
    press(panel, "Train", "Train", "One episode", "Train")
    assert len(threads()) == 1
    press(panel, "Pause", "Pause")
    assert status(panel) == "Paused."
    steps = panel.run.agent.steps
    press(panel, "Pause", "Reset", "Reset", "Pause")
    assert (panel.run.agent.steps, steps > 0) == (0, True)
    press(panel, "One episode", "One episode")
    assert rested(panel).run.agent.steps in (50, 100)  # the second press may have come after the end


def test_buttons_pressed_from_many_threads_leave_a_panel_that_works(open_panel):
    panel = open_panel()

    def press_any(seed):
        choose = random.Random(seed)
        for _ in range(5):
            press(panel, choose.choice([*panel.buttons]))
            panel.knobs["epsilon"].value = choose.choice(panel.knobs["epsilon"].values)

    fingers = [threading.Thread(target=press_any, args=(seed,)) for seed in range(4)]
    for finger in fingers:
        finger.start()
    for finger in fingers:
        finger.join(60)
    press(panel, "Pause")
    assert status(panel) and panel.run.problem is None
    assert panel.run.agent.config.epsilon == panel.knobs["epsilon"].value
    press(panel, "Reset", "One episode")
    assert rested(panel).run.agent.steps == 50


# --- the knobs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLE_KNOBS)
def test_a_knob_turned_in_a_pause_acts_at_once_and_is_marked(open_panel, name):
    panel = open_panel()
    lived(panel, 60)
    panel.knobs[name].value = TURNS[name]
    steps = panel.run.agent.steps
    assert getattr(panel.run.agent.config, name) == TURNS[name]
    (change,) = panel.run.log.changes
    assert (change.step, change.settings) == (steps, {name: TURNS[name]})
    assert marks(panel) == ([steps], [f"{name.replace('_', ' ')} {TURNS[name]}"])


def test_the_counter_tells_a_new_epsilon_in_a_pause_at_once(open_panel):
    panel = open_panel()
    panel.knobs["epsilon"].value = 0.7
    assert "epsilon <b>0.70</b>" in panel.screen.counter.value


@pytest.mark.parametrize("name", DQN_KNOBS)
def test_each_knob_of_a_dqn_acts_while_it_trains_and_is_noted_with_its_step(open_panel, dqn, name):
    panel = open_panel(dqn, knobs=(name,))
    seen, observe = [], dqn.observe
    dqn.observe = lambda *args, **options: (seen.append(getattr(dqn.config, name)), observe(*args, **options))
    try:
        press(panel, "Train")
        until(lambda: dqn.steps > 60)
        panel.knobs[name].value = TURNS[name]
        until(lambda: panel.run.log.changes)
        lived(panel, dqn.steps + 20)
    finally:
        del dqn.observe
    (change,) = panel.run.log.changes
    assert change.settings == {name: TURNS[name]} and 60 < change.step < dqn.steps
    assert seen == [getattr(DQN, name)] * change.step + [TURNS[name]] * (dqn.steps - change.step)
    assert panel.run.problem is None and np.isfinite(dqn.q.to_flat()).all()
    assert marks(panel) == ([change.step], [f"{name.replace('_', ' ')} {TURNS[name]}"])


def test_the_target_knobs_reach_the_target_network(open_panel, dqn):
    def distance():
        return np.abs(dqn.parameters[0] - dqn.parameters[1]).max()

    panel = open_panel(dqn, knobs=("target_update", "tau", "target_period"))
    panel.knobs["target_update"].value = "none"
    assert lived(panel, 100).run.problem is None and distance() == 0
    panel.knobs["target_update"].value = "hard"
    panel.knobs["target_period"].value = 10_000
    lived(panel, dqn.steps + 60)
    assert distance() > 0
    panel.knobs["target_update"].value = "soft"
    panel.knobs["tau"].value = 1.0
    lived(panel, dqn.steps + 60)
    assert distance() == 0


def test_epsilon_of_a_dqn_goes_back_to_its_schedule(open_panel, dqn):
    panel = open_panel(dqn, knobs=("epsilon",))
    assert panel.knobs["epsilon"].value is None
    assert dqn.epsilon == 1.0
    panel.knobs["epsilon"].value = 0.1
    assert dqn.epsilon == 0.1
    panel.knobs["epsilon"].value = None
    assert dqn.epsilon == 1.0
    assert [change.settings["epsilon"] for change in panel.run.log.changes] == [0.1, None]
    assert marks(panel)[1] == ["epsilon by schedule"]


def test_a_table_has_no_schedule_to_go_back_to(open_panel):
    assert None not in open_panel().knobs["epsilon"].values


def test_a_knob_that_the_agent_refuses_is_told_in_words(open_panel, monkeypatch):
    panel = open_panel()

    def refuse(**settings):
        raise ValueError("gamma must be < 1 today")

    monkeypatch.setattr(panel.run, "change", refuse)
    panel.knobs["gamma"].value = 1.0
    assert '<span role="alert"><b>ValueError:</b> gamma must be &lt; 1 today' in panel.message.value


def test_a_run_with_every_knob_turned_can_be_lived_again_to_the_same_weights(open_panel, dqn):
    panel = open_panel(dqn, knobs=DQN_KNOBS)
    panel.knobs["hold"].value = 2
    press(panel, "Train")
    for name, value in TURNS.items():
        steps = dqn.steps
        until(lambda steps=steps: dqn.steps > steps + 15)
        panel.knobs[name].value = value
    press(panel, "Pause")
    panel.knobs["epsilon"].value = None
    lived(panel, dqn.steps + 100)
    changes, steps = panel.run.log.changes, dqn.steps
    ends = copy.deepcopy(dqn.get_state())
    assert len(changes) == 9
    dqn.config = DQN
    dqn.restart(3)
    replay(world(), dqn, changes, steps)
    np.testing.assert_equal(dqn.get_state()["parameters"], ends["parameters"])


def test_after_a_reset_a_panel_lives_the_same_run_again(open_panel):
    panel = open_panel()
    tables = []
    for _ in range(2):
        panel.knobs["epsilon"].value = 0.3
        press(panel, "One episode")
        tables.append(rested(panel).run.agent.table.values.copy())
        press(panel, "Reset")
    np.testing.assert_array_equal(*tables)


# --- which panel ------------------------------------------------------------------------------------


def test_the_whole_panel_shows_the_agent_as_it_is_when_it_pauses(open_panel, dqn):
    env = world()
    panel = TrainingPanel(env, dqn)
    assert set(panel.screen.canvases) == {"curve", "values", "policy", "memory"}
    assert [*panel.knobs] == ["epsilon", "gamma", "learning_rate", "tau", "hold"]
    lived(panel, 150)
    values = panel.screen.canvases["values"].moving.image.get_array()
    np.testing.assert_allclose(values, dqn.q(grid(72, 57)).max(axis=-1))
    assert f"{dqn.steps:,} transitions" in panel.screen.canvases["memory"].alt
    assert f"Greedy at step {dqn.steps:,}" in panel.screen.car.caption
    html = panel._repr_mimebundle_()["text/html"]
    assert html.count("<img ") == html.count(' alt="') == 4
    assert "sliders for epsilon, gamma, learning rate, tau, hold, which act" in html
    panel.end()


@pytest.mark.parametrize("show", [(), ("values",), ("car",), ("policy", "car"), ("curve",)])
@pytest.mark.parametrize("knobs", [(), ("gamma",), ("hold", "epsilon")])
def test_a_smaller_panel_works_the_same(open_panel, show, knobs):
    panel = open_panel(show=show, knobs=knobs)
    assert [*panel.knobs] == list(knobs)
    for name in knobs:
        panel.knobs[name].value = TURNS[name]
    press(panel, "One episode")
    assert rested(panel).run.agent.steps == 50 and status(panel) == "Paused."
    assert [*panel.run.log.changes[-1:][0].settings] == [knobs[-1]] if knobs else not panel.run.log.changes
    assert panel.still().count("<img ") == len(set(show) - {"car"})
    assert ("sliders" in panel.explanation) == bool(knobs)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"show": ("curve", "loss")}, "show must be of curve, values, policy, memory, car, got 'loss'"),
        ({"show": ("memory",)}, "show must do without 'memory': a QTableAgent has none"),
        ({"knobs": ("gamma", "temperature")}, "a knob must be one of epsilon, .*got 'temperature'"),
        ({"knobs": ("cells",)}, "a knob must be one of epsilon, .*got 'cells'"),
        ({"knobs": ("tau",)}, "a knob must be one of epsilon, .*got 'tau'"),
        ({"every": 0}, "every must be at least 1, got 0"),
        ({"limit": 0}, "limit must be at least 1, got 0"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(open_panel, options, words):
    with pytest.raises(ValueError, match=words):
        open_panel(**options)
    assert threads() == []


def test_an_agent_that_is_not_new_is_refused(open_panel):
    panel = open_panel()
    lived(panel, 20)
    with pytest.raises(ValueError, match="agent must be new, got one that has lived for"):
        open_panel(panel.run.agent)


# --- the end, and what goes wrong -------------------------------------------------------------------


def test_at_the_limit_it_says_so_until_it_is_reset(open_panel):
    panel = open_panel(limit=120)
    enough = "120 steps are enough for one run. Reset begins another."
    press(panel, "Train")
    assert status(rested(panel)) == enough
    for button in ("Train", "One episode", "Pause"):
        press(panel, button)
        assert status(panel) == enough
        assert (panel.run.agent.steps, threads()) == (120, [])
    press(panel, "Reset", "One episode")
    assert rested(panel).run.agent.steps == 50


def test_end_stops_and_says_why(open_panel):
    panel = open_panel()
    press(panel, "Train")
    panel.end()
    steps = panel.run.agent.steps
    assert status(panel) == "Ended: the cell was run again." and not threads()
    time.sleep(0.05)
    assert panel.run.agent.steps == steps


def test_a_step_that_does_not_end_is_said_and_nothing_is_reset(open_panel, monkeypatch):
    monkeypatch.setattr(loop, "PATIENCE", 0.1)
    panel = open_panel()
    began, let_go, act = threading.Event(), threading.Event(), panel.run.agent.act

    def stuck(state):
        began.set()
        let_go.wait(20)
        return act(state)

    lived(panel, 20)
    with monkeypatch.context() as patch:
        patch.setattr(panel.run.agent, "act", stuck)
        press(panel, "Train")
        assert began.wait(20)
        steps, log = panel.run.agent.steps, panel.run.log
        press(panel, "Reset")
        assert '<span role="alert"><b>TimeoutError:</b> a step must end within' in panel.message.value
        assert (panel.run.agent.steps, panel.run.log) == (steps, log)
        let_go.set()
        rested(panel)
    press(panel, "Reset")
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
def test_what_the_agent_raises_is_told_in_words_and_the_panel_can_be_used_again(open_panel, method):
    panel = open_panel(Broken(world(), TABLE))
    agent = panel.run.agent
    agent.fails = method
    for _ in range(2):
        press(panel, "Train")
        rested(panel)
        assert panel.message.value == (
            '<span role="alert"><b>RuntimeError:</b> no &lt;b&gt;action&lt;/b&gt; today. '
            "Train goes on, Reset begins again.</span>"
        )
        assert agent.steps == 30 and "after 30 steps" in panel.screen.canvases["curve"].alt
    agent.fails = None
    lived(panel, 100)
    assert status(panel) == "Paused." and agent.steps >= 100
    agent.fails = method
    press(panel, "Train")
    rested(panel)
    press(panel, "Reset")
    assert status(panel).startswith("Back at the beginning") and panel.run.problem is None
    agent.fails = None
    press(panel, "One episode")
    assert rested(panel).run.agent.steps == 50 and status(panel) == "Paused."


def test_what_learning_raises_is_told_too(open_panel, dqn, monkeypatch):
    panel = open_panel(dqn, knobs=())
    with monkeypatch.context() as patch:
        patch.setattr(dqn, "learn", lambda: 1 / 0)
        press(panel, "Train")
        rested(panel)
    assert "<b>ZeroDivisionError:</b> division by zero" in panel.message.value
    assert 'role="alert"' in panel.message.value
    lived(panel, 90)
    assert status(panel) == "Paused." and dqn.updates > 0


@pytest.mark.parametrize("when", ["while it trains", "when it has paused"])
def test_a_picture_that_cannot_be_drawn_is_told_and_the_panel_can_be_used_again(
    open_panel, monkeypatch, when
):
    panel = open_panel()

    def torn(picture):
        if panel.run.running == (when == "while it trains"):
            raise ValueError("the paper is torn")

    with monkeypatch.context() as patch:
        patch.setitem(panel.screen._ways, "curve", torn)
        press(panel, "Train")
        if when != "while it trains":
            until(lambda: panel.run.agent.steps > 20)
            press(panel, "Pause")
        rested(panel)
        assert '<span role="alert"><b>ValueError:</b> the paper is torn' in panel.message.value
    lived(panel, panel.run.agent.steps + 50)
    assert status(panel) == "Paused."
    press(panel, "Reset")
    assert status(panel).startswith("Back at the beginning")


def test_train_pressed_while_the_last_pictures_are_drawn_is_not_called_paused(open_panel, monkeypatch):
    panel = open_panel()
    drawing, go_on, draw_all = threading.Event(), threading.Event(), panel.screen.draw_all

    def slowly():
        drawing.set()
        go_on.wait(20)
        draw_all()

    panel.speed.value = 2_000.0
    monkeypatch.setattr(panel.screen, "draw_all", slowly)
    press(panel, "One episode")
    assert drawing.wait(20)
    (first,) = threads()
    press(panel, "Train")
    go_on.set()
    first.join(20)
    assert panel.run.running and status(panel) == "Training ..."
    press(panel, "Pause")
    assert status(panel) == "Paused."


# --- several, and afterwards ------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 5])
def test_several_panels_train_side_by_side_as_each_would_alone(open_panel, count):
    env = world()
    panels = [open_panel(QTableAgent(env, TABLE, seed=seed), env=env) for seed in range(count)]
    for panel in panels:
        press(panel, "Train")
    assert len(threads()) == count
    panels[0].knobs["gamma"].value = 0.5
    until(lambda: all(panel.run.agent.steps > 300 for panel in panels))
    for panel in panels:
        press(panel, "Pause")
    assert threads() == []
    assert [panel.run.agent.config.gamma for panel in panels] == [0.5] + [0.99] * (count - 1)
    for seed, panel in enumerate(panels):
        again = QTableAgent(env, TABLE, seed=seed)
        replay(world(), again, panel.run.log.changes, panel.run.agent.steps)
        np.testing.assert_array_equal(again.table.values, panel.run.agent.table.values)


def test_a_panel_drives_in_a_world_of_its_own(open_panel):
    env = world()
    panel = open_panel(env=env)
    press(panel, "One episode")
    rested(panel)
    assert panel.run.env is not env
    with pytest.raises(Exception, match="reset"):
        env.step(0)  # nobody has touched this one
