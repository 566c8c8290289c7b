"""The box around every widget: what it leaves where there is no browser, and when it ends."""

from types import SimpleNamespace

import pytest
from ipywidgets import HTML

from dqn_lib.widgets import stage
from dqn_lib.widgets.stage import Stage


class Room(Stage):
    """A stage that notes when it ends."""

    def __init__(self, name="room"):
        self.name, self.ended = name, 0
        super().__init__([HTML("inside")], explanation="A slider <moves> it.")

    def still(self):
        return f'<img src="data:," alt="The {self.name} as it is now.">'

    def end(self):
        self.ended += 1


@pytest.fixture
def run_cell(monkeypatch):
    """Say which cell runs now; every call is another run of it, as in a notebook."""
    monkeypatch.setattr(stage, "_in_cells", {})
    runs = iter(range(1_000))

    def run(cell):
        metadata = {} if cell is None else {"cellId": cell}
        parent = {"metadata": metadata, "header": {"msg_id": f"message {next(runs)}"}}
        monkeypatch.setattr(stage, "get_ipython", lambda: SimpleNamespace(get_parent=lambda: parent))

    return run


def ended(*stages):
    return [one.ended for one in stages]


def test_a_stage_shows_itself_as_a_widget_as_a_picture_with_words_and_as_text():
    bundle = Room()._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert bundle["text/plain"].startswith("Room(")
    assert bundle["text/html"] == (
        '<img src="data:," alt="The room as it is now."><p><i>A slider &lt;moves&gt; it. '
        "Run the cell in JupyterLab to use it.</i></p>"
    )


def test_a_cell_that_runs_again_ends_what_it_made_before(run_cell):
    run_cell("a")
    first = Room()
    assert ended(first) == [0]
    run_cell("a")
    second = Room()
    assert ended(first, second) == [1, 0]
    run_cell("a")
    third = Room()
    assert ended(first, second, third) == [1, 1, 0]


def test_stages_of_other_cells_live_on(run_cell):
    run_cell("a")
    first = Room()
    run_cell("b")
    other = Room()
    run_cell("a")
    again = Room()
    assert ended(first, other, again) == [1, 0, 0]


def test_five_stages_of_one_run_live_together_and_end_together(run_cell):
    run_cell("a")
    five = [Room() for _ in range(5)]
    assert ended(*five) == [0] * 5
    run_cell("a")
    newer = [Room() for _ in range(2)]
    assert ended(*five, *newer) == [1] * 5 + [0, 0]
    run_cell("a")
    Room()
    assert ended(*five, *newer) == [1] * 7


def test_a_stage_that_fails_to_end_is_in_the_way_only_once(run_cell, monkeypatch):
    run_cell("a")
    stuck = Room()
    monkeypatch.setattr(stuck, "end", lambda: 1 / 0)
    run_cell("a")
    with pytest.raises(ZeroDivisionError):
        Room()
    run_cell("a")
    assert ended(Room()) == [0]


def test_a_front_end_that_does_not_name_its_cells_ends_nothing(run_cell):
    run_cell(None)
    first = Room()
    run_cell(None)
    assert ended(first, Room()) == [0, 0]


@pytest.mark.parametrize("shell", [None, object()], ids=["plain Python", "IPython in a terminal"])
def test_outside_of_a_notebook_nothing_ends(monkeypatch, shell):
    monkeypatch.setattr(stage, "_in_cells", {})
    monkeypatch.setattr(stage, "get_ipython", lambda: shell)
    assert ended(Room(), Room()) == [0, 0]
    assert stage._in_cells == {}
