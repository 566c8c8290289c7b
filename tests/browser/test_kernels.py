"""The panel with every kind of kernel: with subshells for widgets or without, ipykernel 7 and ipykernel 6.

Where widgets have a subshell, a knob acts while another cell is running; elsewhere it waits for the cell.
"""

import subprocess
import sys

import pytest
from clicking import TABLE_PANEL, button, turn
from jupyter_browser import Lab
from mounting import IN_CHROMIUM
from playwright.sync_api import expect

pytestmark = IN_CHROMIUM

OLDER = ["ipykernel==6.31.0", "nest-asyncio==1.6.0"]  # what else it needs is here already
KINDS = [
    (7, "perCommTarget"),
    (6, "disabled"),
    pytest.param((7, "disabled"), marks=pytest.mark.weekly),
    pytest.param((6, "perCommTarget"), marks=pytest.mark.weekly),
]
CELL = "import time; time.sleep(3); gamma_at_the_end = panel.run.agent.config.gamma"
MISSING = ("Could not find a version", "No matching distribution", "ConnectionError", "Temporary failure")


@pytest.fixture(scope="session")
def older_kernel(tmp_path_factory):
    """A folder with ipykernel 6, which goes before the one that is installed."""
    folder = tmp_path_factory.mktemp("ipykernel6")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, *OLDER]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if any(words in done.stderr for words in MISSING):
        pytest.skip(f"pip reaches no index with {OLDER[0]} here")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module", params=KINDS, ids=str)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def notebook(request, kind):
    version, subshells = kind
    older = {"PYTHONPATH": str(request.getfixturevalue("older_kernel"))} if version == 6 else {}
    with Lab(subshells=subshells, environment=older) as lab, lab.browse() as page:
        notebook = lab.open(page, [TABLE_PANEL, CELL])
        notebook.run(0)
        yield notebook


def test_the_panel_works_as_everywhere(notebook, kind):
    page = notebook.page
    assert notebook.ask("__import__('ipykernel').__version__").startswith(f"'{kind[0]}.")
    button(page, "Train").click()
    notebook.wait_for("panel.run.agent.steps > 1_000")
    assert turn(page, "gamma", "ArrowLeft", "ArrowLeft") == "0.98"
    notebook.wait_for("[change.settings for change in panel.run.log.changes][-1:] == [{'gamma': 0.98}]")
    button(page, "Pause").click()
    expect(page.locator("span[role=status]")).to_have_text("Paused.")
    assert notebook.ask("panel.run.running, threads()") == "(False, 0)"
    assert notebook.red_boxes() == []


def test_a_knob_turned_while_a_cell_runs_acts_in_it_or_after_it_and_is_not_lost(notebook, kind):
    page = notebook.page
    button(page, "Train").click()
    turn(page, "gamma", "End")
    notebook.wait_for("panel.run.agent.config.gamma == 1.0")
    notebook.run(1, wait=False)
    expect(notebook.cell(1).locator(".jp-InputPrompt")).to_have_text("[*]:")
    assert turn(page, "gamma", "ArrowLeft") == "0.999"
    notebook.wait_for("panel.run.agent.config.gamma == 0.999")
    at_once = kind == (7, "perCommTarget")
    assert notebook.ask("gamma_at_the_end") == ("0.999" if at_once else "1.0")
    assert notebook.ask("panel.run.running, panel.run.log.changes[-1].settings") == "(True, {'gamma': 0.999})"
    button(page, "Pause").click()
    notebook.wait_for("threads() == 0")
    assert notebook.red_boxes() == []
