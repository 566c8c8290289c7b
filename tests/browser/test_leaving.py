"""What happens to a panel in JupyterLab when its cell is run again, edited, deleted or moved."""

import pytest
from clicking import TABLE_PANEL, button
from mounting import IN_CHROMIUM
from playwright.sync_api import expect

pytestmark = IN_CHROMIUM

AGAIN = """
import weakref
old = weakref.ref(panel), weakref.ref(panel.run.agent)
panel.train()
"""
CELLS = [TABLE_PANEL, AGAIN, "x = 1"]
FREED = "[one() for one in old] == [None, None] and threads() == 0"


@pytest.fixture
def notebook(lab, window):
    """A panel in the first cell trains."""
    notebook = lab.open(window, CELLS, "leaving.ipynb")
    notebook.run(0)
    notebook.run(1)
    assert notebook.ask("threads()") == "1"
    yield notebook
    assert notebook.red_boxes() == []
    notebook.shut_down()


def write(notebook, number, code):
    """Write other code into a cell."""
    notebook.cell(number).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.insert_text(code)


def select(notebook, number, *keys):
    """Select a cell, and press keys as in command mode."""
    notebook.cell(number).locator(".jp-InputPrompt").click()
    for key in keys:
        notebook.page.keyboard.press(key)


def test_a_cell_that_is_run_again_sets_free_what_it_made(notebook):
    notebook.run(0)
    assert notebook.ask(FREED) == "True"
    button(notebook.page, "Train").click()
    notebook.wait_for("panel.run.agent.steps > 100")


@pytest.mark.weekly
def test_a_cell_that_shows_no_panel_any_more_sets_free_what_it_made(notebook):
    write(notebook, 0, "panel = None")
    notebook.run(0)
    assert notebook.ask(FREED) == "True"


def test_a_deleted_cell_stops_training_as_soon_as_another_one_is_run(notebook):
    select(notebook, 0, "d", "d")
    expect(notebook.page.locator(".jp-CodeCell")).to_have_count(2)
    notebook.run(1)
    assert notebook.ask("panel.run.running, threads()") == "(False, 0)"


@pytest.mark.weekly
def test_a_cell_that_is_cut_and_pasted_elsewhere_counts_as_deleted_and_works_when_it_is_run_again(notebook):
    select(notebook, 0, "x")  # JupyterLab does not say that it comes back
    expect(notebook.page.locator(".jp-CodeCell")).to_have_count(2)
    select(notebook, 0, "v")
    expect(notebook.page.locator(".jp-CodeCell")).to_have_count(3)
    notebook.run(2)
    assert notebook.ask("panel.run.running, threads()") == "(False, 0)"
    notebook.run(1)
    button(notebook.page, "Train").click()
    notebook.wait_for("panel.run.agent.steps > 100 and threads() == 1")
