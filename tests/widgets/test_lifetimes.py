"""A widget leaves nothing behind when it is closed, or when its cell runs again or is deleted."""

import gc
import subprocess
import sys
import weakref

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from ipywidgets import Widget
from ipywidgets.widgets.widget import _instances
from making import MAKERS, TABLE, a_dqn, world
from traitlets.config import Config
from waiting import threads

from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.widgets.base import LessonWidget
from dqn_lib.widgets.gamma_glasses import GammaGlasses
from dqn_lib.widgets.luck_explorer import LuckExplorer
from dqn_lib.widgets.microscope import ReplayMicroscope
from dqn_lib.widgets.panel import TrainingPanel
from dqn_lib.widgets.target_explorer import TargetNetworkExplorer
from dqn_lib.widgets.time_machine import TimeMachine

pytestmark = pytest.mark.slow

PLAY = {"panel": "train", "panel of a network": "train", "explorer": "run"}


class Census:
    """Weak references to all widgets that are made, and to what else is noted, with their owners."""

    def __init__(self):
        self.owner, self.noted = "", []

    def note(self, *things):
        self.noted += [(self.owner, weakref.ref(one)) for one in things]

    def alive(self):
        """Who still owns something."""
        gc.collect()
        return {owner for owner, one in self.noted if one() is not None}


@pytest.fixture(autouse=True)
def quick_collections():
    """What is there before a test does not have to be looked through again and again."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def census():
    census = Census()
    Widget.on_widget_constructed(census.note)
    yield census
    Widget.on_widget_constructed(None)


def test_closed_widgets_stop_and_are_freed_with_all_their_parts_and_agents(census):
    before = set(_instances)  # what a browser can ask for
    widgets = {}
    for census.owner, make in MAKERS.items():
        widgets[census.owner] = make()
        if "panel" in census.owner:
            run = widgets[census.owner].run
            census.note(run, run.agent, run.log, run.env)
            del run
        if hasattr(widgets[census.owner], "agent"):
            census.note(widgets[census.owner].agent)
    for name, method in PLAY.items():
        getattr(widgets[name], method)()
    assert len(threads()) == len(PLAY)
    assert census.alive() == MAKERS.keys()
    for name in [*MAKERS][::2]:
        widgets.pop(name).close()
    assert census.alive() == widgets.keys()
    assert set(_instances) - before == {
        part.model_id for widget in widgets.values() for part in (widget, widget.layout)
    }
    Widget.close_all()
    widgets.clear()
    assert (threads(), census.alive()) == ([], set())


def test_a_closed_panel_can_still_be_read_and_closed_again():
    panel = MAKERS["panel"]()
    panel.train()
    for _ in range(2):
        panel.close()
        assert not panel.run.running
        assert panel.run.log.checks


class Stubborn(LessonWidget):
    """It cannot be stopped."""

    _esm = "export default { render() {} }"

    def stop(self):
        raise TimeoutError("not yet")


def test_a_widget_that_cannot_be_stopped_is_closed_all_the_same():
    widget = Stubborn()
    with pytest.raises(TimeoutError, match="not yet"):
        widget.close()
    assert (widget.comm, widget.layout.comm) == (None, None)


def test_a_microscope_does_not_keep_its_agent():
    agent = a_dqn()
    gone, scope = weakref.ref(agent), ReplayMicroscope(agent)
    del agent
    gc.collect()
    assert gone() is None
    scope.close()


def test_a_widget_whose_constructor_fails_leaves_nothing(census):
    before = set(_instances)
    for make in (
        lambda: TrainingPanel(world(), QTableAgent(world(), TABLE), knobs=["temperature"]),
        lambda: TimeMachine([]),
        lambda: ReplayMicroscope(QTableAgent(world(), TABLE)),
        lambda: TargetNetworkExplorer(a_dqn(), [0.0], -60.0),
        lambda: GammaGlasses([0.9], 0.8),
        lambda: LuckExplorer(0),
    ):
        with pytest.raises((TypeError, ValueError)):
            make()
    assert (census.alive(), set(_instances)) == (set(), before)


def test_a_process_ends_cleanly_and_quickly_while_a_panel_trains():
    script = (
        "from dqn_lib import mountain_car; from dqn_lib.agents.q_table import QTableAgent\n"
        "from dqn_lib.widgets.panel import TrainingPanel\n"
        "env = mountain_car.make(); agent = QTableAgent(env)\n"
        "panel = TrainingPanel(env, agent, show=['curve'], knobs=['gamma']); panel.train()\n"
        "while panel.run.agent.steps < 100: pass\n"
        "print(panel.run.running)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


# --- in cells; with JupyterLab and its kernel in tests/browser/test_leaving -------------------------------

PANEL = "panel = new()\npanel.train()\npanel"
RUNNING = "[one.run.running for one in [panel, *other]]"


class Cells:
    """Cells with names, which are run as a kernel does it, and how many panels and agents there are."""

    def __init__(self, shell):
        self.shell, self.agents, self.panels = shell, weakref.WeakSet(), weakref.WeakSet()
        shell.user_ns |= {"new": self.new, "made": weakref.WeakSet(), "MAKERS": MAKERS, "Widget": Widget}

    def new(self):
        agent = QTableAgent(world(), TABLE)
        panel = TrainingPanel(world(), agent, show=[], knobs=["gamma"])  # quick to draw
        self.agents.add(agent)
        self.panels.add(panel)
        return panel

    def run(self, code, cell, *, deleted=(), fails=False):
        """What the cell prints; a front end that does not name its cells has None."""
        names = {} if cell is None else {"cellId": cell, "deletedCells": [*deleted]}
        self.shell.get_parent = lambda: {"metadata": names}
        with capture_output() as captured:
            done = self.shell.run_cell(code, store_history=True, cell_id=cell)
        assert done.success != fails, captured.stdout
        return captured.stdout

    def ask(self, expression):
        return eval(expression, self.shell.user_ns)

    @property
    def left(self):
        """How many agents, panels and threads there are."""
        return len(self.agents), len(self.panels), len(threads())


@pytest.fixture
def shell():
    yield InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    Widget.close_all()
    InteractiveShell.clear_instance()
    assert threads() == []


@pytest.fixture
def cells(shell):
    return Cells(shell)


def test_in_a_terminal_a_widget_is_closed_like_any_other(shell):
    shell.user_ns["new"] = MAKERS["drive yourself"]
    shell.run_cell("drive = new(); drive", store_history=True)
    assert shell.user_ns["_"] is shell.user_ns["Out"][1] is shell.user_ns["drive"]
    shell.run_cell("drive.close()", store_history=True)
    assert (shell.user_ns["drive"].comm, shell.user_ns["Out"]) == (None, {})
    assert "_1" not in shell.user_ns and not shell.user_ns.get("_")


def test_a_cell_that_runs_again_and_again_keeps_one_agent_and_one_thread(cells):
    for _ in range(3):
        cells.run(PANEL, "a")
        assert cells.left == (1, 1, 1)
    assert cells.ask("panel.run.running, _ is Out[max(Out)] is panel") == (True, True)
    cells.run("old = panel", "b")
    cells.run(PANEL, "a")
    assert cells.ask("old is panel, old.run.running, len(old.run.log.checks) > 0") == (False, False, True)


def test_whatever_a_cell_makes_there_is_one_of_each_when_it_has_run_again(cells):
    before = set(_instances)
    cells.shell.user_ns["names"] = ["sliders", "luck", "drive yourself"]
    for _ in range(2):
        cells.run("for name in names: made.add(one := MAKERS[name]())\none", "a")
        assert len(cells.ask("made")) == 3 and len(set(_instances) - before) == 6  # each with its layout
    cells.run("x = 1", "b", deleted=["a"])
    cells.run("del one", "b")
    gc.collect()
    assert len(cells.ask("made")) == 0 and set(_instances) == before


@pytest.mark.parametrize(
    ("code", "fails"),
    [("MAKERS['drive yourself']()", False), ("1 +", True), ("1 / 0", True), ("%%bash\ntrue", False)],
)
def test_a_cell_that_shows_something_else_now_ends_what_it_showed_before(cells, code, fails):
    cells.run(PANEL, "a")
    cells.run(code, "a", fails=fails)
    assert not cells.ask("panel.run.running") and threads() == []
    cells.run("del panel", "b")
    gc.collect()
    assert cells.left == (0, 0, 0)


def test_widgets_of_other_cells_and_several_of_one_cell_live_side_by_side_until_theirs_is_deleted(cells):
    cells.run(PANEL, "a")
    cells.run("other = [new(), new()]\nfor one in other: one.train()", "b")
    cells.run("x = 1", "c")
    assert cells.ask(RUNNING) == [True, True, True]
    cells.run("x = 1", "b")
    assert cells.ask(RUNNING) == [True, False, False]
    cells.run("x = 1", "b", deleted=["a"])
    assert cells.ask(RUNNING) == [False, False, False]


@pytest.mark.parametrize("close", ["panel.close()", "Widget.close_all()"])
def test_a_panel_that_was_shown_and_closed_is_freed(cells, close):
    cells.run(PANEL, "a")
    cells.run("panel", "b")  # in `_`, `__`, `Out` and names with numbers
    cells.run("_", "c")
    cells.run(f"{close}\ndel panel", "d")
    gc.collect()
    assert cells.left == (0, 0, 0)
    cells.run("1 + 1", "f")
    assert cells.ask("_") == 2


def test_a_front_end_that_does_not_name_its_cells_stops_nothing(cells):
    cells.run(PANEL, None)
    cells.run("x = 1", None)
    assert cells.ask("panel.run.running")


def test_a_panel_that_cannot_be_stopped_says_so_and_the_cell_runs(cells, monkeypatch):
    cells.run(PANEL, "a")
    with monkeypatch.context() as patch:
        patch.setattr(TrainingPanel, "stop", Stubborn.stop)
        assert "could not be stopped: not yet." in cells.run("x = 'it runs'", "a")
    assert cells.run("x += ' again'", "a") == ""
    assert cells.ask("x") == "it runs again"
    cells.ask("panel").stop()
