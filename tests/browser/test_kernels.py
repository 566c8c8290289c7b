"""Widgets with every kind of kernel: the installed one, the oldest that is allowed, and ipykernel 6.

Where widgets have a subshell, buttons and sliders act while a cell is running, from the first time on;
elsewhere they wait for the cell, and nothing is lost.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from clicking import TABLE_PANEL, button, turn
from jupyter_browser import Lab
from mounting import IN_CHROMIUM
from packaging.requirements import Requirement
from packaging.version import Version
from playwright.sync_api import expect

pytestmark = IN_CHROMIUM

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ALLOWED = next(
    requirement.specifier
    for requirement in map(Requirement, PROJECT["optional-dependencies"]["lab"])
    if requirement.name == "ipykernel"
)
OLDEST = next(one.version for one in ALLOWED if one.operator == ">=")
OTHERS = {"oldest": OLDEST, "6": "6.31.0"}  # the second one is what other front ends may still bring
RARE = [("installed", "disabled"), *((name, "perCommTarget") for name in OTHERS)]
KINDS = [("installed", "perCommTarget"), *(pytest.param(kind, marks=pytest.mark.weekly) for kind in RARE)]
MISSING = ("Could not find a version", "No matching distribution", "ConnectionError", "Temporary failure")
LUCK = "from dqn_lib.widgets.luck_explorer import LuckExplorer\nluck = LuckExplorer(hold=24)\nluck"
WAITS = """
import time
reached = luck.reached
acts = {
    "Train": lambda: panel.run.running,
    "gamma": lambda: panel.run.agent.config.gamma == 1.0,
    "Pause": lambda: not panel.run.running,
    "Reset": lambda: panel.run.agent.steps == 0,
    "1,000 more": lambda: luck.reached != reached,
    "hold": lambda: luck.hold == 25,
}
seen = []
end = time.monotonic() + 30
for name, happened in acts.items():
    while not happened() and time.monotonic() < end:
        time.sleep(0.02)
    seen += [name] * happened()
"""
SLEEPS = "import time; time.sleep(3); gamma_at_the_end = panel.run.agent.config.gamma"


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A function that gives a folder with another ipykernel, which goes before the one that is installed."""

    def get(version):
        folder = tmp_path_factory.mktemp("ipykernel")
        packages = [f"ipykernel=={version}", "nest-asyncio==1.6.0"]  # what else it needs is here already
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, *packages]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if any(words in done.stderr for words in MISSING):
            pytest.skip(f"pip reaches no index with {packages[0]} here")
        assert done.returncode == 0, done.stderr
        return str(folder)

    return get


@pytest.fixture(scope="module", params=KINDS, ids=str)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def notebook(kind, folder):
    name, subshells = kind
    first = [folder(OTHERS[name])] if name in OTHERS else []
    other = {"PYTHONPATH": os.pathsep.join([*first, *os.environ.get("PYTHONPATH", "").split(os.pathsep)])}
    with Lab(subshells=subshells, environment=other) as lab, lab.browse() as page:
        notebook = lab.open(page, [TABLE_PANEL, LUCK, WAITS, SLEEPS])
        notebook.run(0)
        notebook.run(1)
        version = Version(notebook.ask("__import__('ipykernel').__version__").strip("'"))
        assert version == Version(OTHERS[name]) if name in OTHERS else version in ALLOWED
        yield notebook


def test_a_first_press_or_change_while_a_cell_runs_acts_in_it(notebook, kind):
    if kind[0] == "6" or kind[1] == "disabled":
        pytest.skip("widgets share the kernel's only shell with the cells")
    page = notebook.page
    expect(button(page, "1,000 more")).to_be_visible()
    notebook.run(2, wait=False)
    expect(notebook.cell(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
    said = page.locator("span[role=status]").first
    button(page, "Train").click()
    expect(said).to_have_text("Training ...")
    assert turn(page, "gamma", "End") == "1"
    page.wait_for_timeout(300)
    button(page, "Pause").click()
    expect(said).to_have_text("Paused.")
    button(page, "Reset").click()
    expect(said).to_contain_text("Back at the beginning")
    button(page, "1,000 more").click()
    page.wait_for_timeout(300)
    turn(page, "hold", "ArrowRight")
    expect(notebook.cell(2).locator(".jp-InputPrompt")).not_to_have_text("[*]:", timeout=40_000)
    assert notebook.ask("seen == list(acts) or seen") == "True"
    assert notebook.red_boxes() == []


def test_the_panel_works_as_everywhere(notebook):
    page = notebook.page
    button(page, "Train").click()
    notebook.wait_for("panel.run.agent.steps > 1_000")
    turn(page, "gamma", "End")
    assert turn(page, "gamma", "ArrowLeft", "ArrowLeft") == "0.995"
    notebook.wait_for("[change.settings for change in panel.run.log.changes][-1:] == [{'gamma': 0.995}]")
    button(page, "Pause").click()
    expect(page.locator("span[role=status]").first).to_have_text("Paused.")
    assert notebook.ask("panel.run.running, threads()") == "(False, 0)"
    assert notebook.red_boxes() == []


def test_a_setting_changed_while_a_cell_runs_acts_in_it_or_after_it_and_is_not_lost(notebook, kind):
    page = notebook.page
    button(page, "Train").click()
    turn(page, "gamma", "End")
    notebook.wait_for("panel.run.agent.config.gamma == 1.0")
    notebook.run(3, wait=False)
    expect(notebook.cell(3).locator(".jp-InputPrompt")).to_have_text("[*]:")
    assert turn(page, "gamma", "ArrowLeft") == "0.999"
    notebook.wait_for("panel.run.agent.config.gamma == 0.999")
    at_once = kind[0] != "6" and kind[1] == "perCommTarget"
    assert notebook.ask("gamma_at_the_end") == ("0.999" if at_once else "1.0")
    assert notebook.ask("panel.run.running, panel.run.log.changes[-1].settings") == "(True, {'gamma': 0.999})"
    button(page, "Pause").click()
    notebook.wait_for("threads() == 0")
    assert notebook.red_boxes() == []
