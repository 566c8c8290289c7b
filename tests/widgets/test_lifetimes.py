"""A widget leaves nothing behind when it is closed, or when its cell runs again or is deleted."""

import gc
import subprocess
import sys
import threading
import weakref

import pytest
from ipywidgets import Widget
from ipywidgets.widgets.widget import _instances
from jupyter_client.manager import start_new_kernel
from making import MAKERS, TABLE, a_dqn, world

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


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("dqn_lib")]


class Census:
    """Weak references to all widgets that are made, and to what else is noted, with their owners."""

    def __init__(self):
        self.owner, self.noted = "", []

    def note(self, *things):
        self.noted += [(self.owner, weakref.ref(one)) for one in things]

    def alive(self):
        """What is still there, by owner."""
        gc.collect()
        return {owner: one() for owner, one in self.noted if one() is not None}


@pytest.fixture
def census():
    census = Census()
    Widget.on_widget_constructed(census.note)
    yield census
    Widget.on_widget_constructed(None)


def one_of_each(census):
    """A widget of each kind, by name; those that can run do."""
    widgets = {}
    for census.owner, make in MAKERS.items():
        widget = widgets[census.owner] = make()
        if isinstance(widget, TrainingPanel):
            census.note(widget.run, widget.run.agent, widget.run.log, widget.run.env)
        if hasattr(widget, "agent"):
            census.note(widget.agent)
    for name, method in PLAY.items():
        getattr(widgets[name], method)()
    return widgets


def test_closed_widgets_stop_and_are_freed_with_all_their_parts_and_agents(census):
    before = set(_instances)  # what a browser can ask for
    widgets = one_of_each(census)
    assert len(threads()) == len(PLAY)
    assert census.alive().keys() == MAKERS.keys()
    for name in [*MAKERS][::2]:
        widgets.pop(name).close()
    assert census.alive().keys() == widgets.keys()
    assert set(_instances) - before == {
        part.model_id for widget in widgets.values() for part in (widget, widget.layout)
    }
    Widget.close_all()
    widgets.clear()
    assert threads() == []
    assert census.alive() == {}


def test_a_closed_widget_can_still_be_read_and_closed_again():
    panel = MAKERS["panel"]()
    panel.train()
    for _ in range(2):
        panel.close()
        assert not panel.run.running
        assert panel.run.log.checks


def test_a_closed_explorer_has_put_its_agent_back():
    chase = MAKERS["explorer"]()
    agent, begin = chase.agent, chase.begin["updates"]
    assert agent.updates > begin
    chase.run()
    chase.close()
    assert (threads(), agent.updates) == ([], begin)


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


def test_a_microscope_does_not_keep_its_agent(census):
    census.owner = "agent"
    agent = a_dqn()
    census.note(agent)
    census.owner = "microscope"
    scope = ReplayMicroscope(agent)
    del agent
    assert census.alive().keys() == {"microscope"}
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
    assert (census.alive(), set(_instances)) == ({}, before)


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


def test_in_a_terminal_a_widget_is_closed_like_any_other():
    script = (
        "from dqn_lib.widgets.drive_yourself import DriveYourself; drive = DriveYourself(); drive\n"
        "drive.close(); print(drive.comm, Out, [name for name in ('_', '_1') if name in globals()])"
    )
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--quick", "--no-banner", "--colors=nocolor"],
        input=script + "\n", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "None {} []" in done.stdout, done.stdout + done.stderr


# --- in a kernel, as JupyterLab runs cells --------------------------------------------------------------

BEGIN = """
import gc, threading, weakref
from dqn_lib import mountain_car
from dqn_lib.widgets import live
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.widgets.drive_yourself import DriveYourself
from dqn_lib.widgets.panel import TrainingPanel

env = mountain_car.make()
agents, panels = weakref.WeakSet(), weakref.WeakSet()

def threads():
    return [thread.name for thread in threading.enumerate()].count("dqn_lib live run")

def new():
    agent = QTableAgent(env)
    panel = TrainingPanel(env, agent, show=[], knobs=["gamma"])  # quick to draw
    agents.add(agent)
    panels.add(panel)
    return panel
"""
VIEWS = """
from ipywidgets.widgets.widget import _instances
import numpy as np
from dqn_lib.plots.maps import visit_density
from dqn_lib.training import Check
from dqn_lib.widgets.sliders import interact
from dqn_lib.widgets.gamma_glasses import GammaGlasses
from dqn_lib.widgets.luck_explorer import LuckExplorer
from dqn_lib.widgets.time_machine import TimeMachine

made = weakref.WeakSet()

def new_views():
    yield TimeMachine([Check(0, np.zeros(1), QTableAgent(env).q)])
    yield GammaGlasses([0.5], 0.5)
    yield interact(lambda n: visit_density([[0.0, 0.0]] * n), n=[1, 2])
    yield DriveYourself()
    yield LuckExplorer(episodes=20)
"""
PANEL = "panel = new()\npanel.train()\npanel"


class Cells:
    """A kernel, and cells with names, which are run as JupyterLab does it."""

    def __init__(self, client):
        self.client = client

    def run(self, code, cell, *, deleted=(), fails=False):
        message = self.client.session.msg(
            "execute_request",
            {"code": code, "silent": False, "store_history": True, "user_expressions": {}},
            metadata={} if cell is None else {"cellId": cell, "deletedCells": [*deleted]},
        )
        self.client.shell_channel.send(message)
        reply = self._reply(message["header"]["msg_id"])
        assert (reply["status"] == "error") == fails, reply
        return self._printed(message["header"]["msg_id"])

    def ask(self, expression):
        asked = self.client.execute("", silent=True, user_expressions={"answer": expression})
        answer = self._reply(asked)["user_expressions"]["answer"]
        assert answer["status"] == "ok", answer
        return answer["data"]["text/plain"]

    def _reply(self, asked):
        while True:
            reply = self.client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == asked:
                return reply["content"]

    def _printed(self, asked):
        text = ""
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") == asked:
                if message["msg_type"] == "stream":
                    text += message["content"]["text"]
                if message["content"].get("execution_state") == "idle":
                    return text


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel()
    yield Cells(client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def cells(kernel):
    """In the beginning no agent has been made, in the end no thread is left."""
    kernel.run(BEGIN, "begin")
    yield kernel
    kernel.run("from ipywidgets import Widget; Widget.close_all(); panel = old = other = one = None", "end")
    assert kernel.ask("threads()") == "0"


def test_a_cell_that_runs_again_and_again_keeps_one_agent_and_one_thread(cells):
    for _ in range(5):
        cells.run(PANEL, "a")
        assert cells.ask("len(agents), len(panels), threads()") == "(1, 1, 1)"
    assert cells.ask("panel.run.running, _ is Out[max(Out)] is panel") == "(True, True)"


def test_whatever_a_cell_makes_there_is_one_of_each_when_it_has_run_again(cells):
    cells.run(VIEWS, "b")
    for _ in range(3):
        cells.run("for one in new_views(): made.add(one)\none", "a")
        assert cells.ask("len(made), len(_instances), _ is one") == "(5, 10, True)"  # each with its layout
    cells.run("x = 1", "b", deleted=["a"])
    cells.run("del one; gc.collect(); None", "b")
    assert cells.ask("len(made), len(_instances)") == "(0, 0)"


@pytest.mark.parametrize(
    ("code", "fails"),
    [("x = 1", False), ("DriveYourself()", False), ("1 +", True), ("1 / 0", True), ("%%bash\ntrue", False)],
    ids=["nothing", "another kind", "a slip", "an error", "a magic"],
)
def test_a_cell_that_shows_something_else_now_ends_what_it_showed_before(cells, code, fails):
    cells.run(PANEL, "a")
    cells.run(code, "a", fails=fails)
    assert cells.ask("panel.run.running, threads()") == "(False, 0)"
    cells.run("del panel; gc.collect(); None", "b")
    assert cells.ask("len(agents), len(panels)") == "(0, 0)"


def test_a_deleted_cell_ends_what_it_showed_as_soon_as_another_one_runs(cells):
    cells.run(PANEL, "a")
    cells.run("x = 1", "b")
    assert cells.ask("threads()") == "1"
    cells.run("x = 1", "b", deleted=["a"])
    assert cells.ask("panel.run.running, threads()") == "(False, 0)"


def test_widgets_of_other_cells_and_several_of_one_cell_live_side_by_side(cells):
    cells.run(PANEL, "a")
    cells.run("other = [new(), new()]\nfor one in other: one.train()", "b")
    cells.run("x = 1", "c")
    assert cells.ask("threads()") == "3"
    cells.run("x = 1", "b")
    assert cells.ask("[one.run.running for one in [panel, *other]]") == "[True, False, False]"


@pytest.mark.parametrize("close", ["panel.close()", "Widget.close_all()"])
def test_a_panel_that_was_shown_and_closed_is_freed(cells, close):
    cells.run(PANEL, "a")
    cells.run("panel", "b")  # in `_`, `__`, `Out` and names with numbers
    cells.run("_", "c")
    cells.run(f"from ipywidgets import Widget\n{close}\ndel panel", "d")
    cells.run("gc.collect(); None", "e")
    assert cells.ask("len(agents), len(panels), threads()") == "(0, 0, 0)"
    cells.run("1 + 1", "f")
    cells.run("assert _ == 2", "g")


def test_the_log_of_a_stopped_panel_can_still_be_read(cells):
    cells.run(PANEL, "a")
    cells.run("old = panel", "b")
    cells.run(PANEL, "a")
    assert cells.ask("old is panel, old.run.running, len(old.run.log.checks) > 0") == "(False, False, True)"


def test_a_front_end_that_does_not_name_its_cells_stops_nothing(cells):
    cells.run("other = [new(), new()]\nfor one in other: one.train()", None)
    cells.run("x = 1", None)
    assert cells.ask("[one.run.running for one in other]") == "[True, True]"
    cells.run("for one in other: one.close()", None)


def test_a_panel_that_cannot_be_stopped_says_so_and_the_cell_runs(cells):
    cells.run("import time; live.TIMEOUT = 0.1; stuck = threading.Event()", "b")
    cells.run(PANEL + "\npanel.run.agent.act = lambda state: stuck.wait(30) and 1\ntime.sleep(0.3)", "a")
    said = cells.run("x = 'it runs'", "a")
    again = cells.run("x = 'it runs'", "a")
    cells.run("live.TIMEOUT = 10.0; stuck.set()", "b")
    assert again == ""
    assert "could not be stopped: a step must end within 0.1 s" in said
    assert cells.ask("x") == "'it runs'"
