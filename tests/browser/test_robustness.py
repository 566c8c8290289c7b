"""What impatient, absent-minded and unlucky people do to a training panel, which goes on working."""

import time

import pytest
from clicking import PANEL, TABLE_PANEL, button, knob, picture, status, train, turn
from jupyter_browser import new_page
from mounting import IN_CHROMIUM
from playwright.sync_api import expect

pytestmark = IN_CHROMIUM

DRAGS = [3.0, pytest.param(30.0, marks=pytest.mark.weekly)]  # seconds
FIVE = """
from IPython.display import display
from dqn_lib.config import DQNConfig
small = DQNConfig(hidden=(8,))
panels = [TrainingPanel(env, DQNAgent(env, small, seed=seed, xla=False), show=["curve"]) for seed in range(5)]
display(*panels)
"""
ASLEEP = """
import time
try:
    time.sleep(60)
except KeyboardInterrupt:
    woken = True
"""
SHORT = TABLE_PANEL.replace("seed=1)", "seed=1), limit=3_000")


@pytest.fixture(scope="module")
def notebook(lab, window):
    notebook = lab.open(window, [PANEL, FIVE, ASLEEP], "robust.ipynb")
    yield notebook
    notebook.shut_down()


@pytest.fixture
def page(notebook):
    """A new panel in the first cell; in the end it still works, and nothing is red."""
    notebook.run(0)
    page = notebook.page
    yield page
    button(page, "Reset").click()
    expect(status(page)).to_contain_text("Back at the beginning")
    train(notebook, 100)
    button(page, "Pause").click()
    notebook.wait_for("(panel.run.running, threads()) == (False, 0)")
    assert notebook.red_boxes() == []


def test_many_clicks_on_train_start_one_thread(notebook, page):
    button(page, "Train").dblclick()
    button(page, "Train").click(click_count=5)
    notebook.wait_for("panel.run.agent.steps > 500")
    assert notebook.ask("threads()") == "1"


def test_reset_while_it_trains_stops_it_at_the_beginning(notebook, page):
    train(notebook)
    button(page, "Reset").click()
    expect(status(page)).to_have_text("Back at the beginning, seed 1.")
    assert notebook.ask("panel.run.agent.steps, panel.run.running, threads()") == "(0, False, 0)"
    train(notebook)


def test_running_the_cell_again_ends_the_old_run(notebook, page):
    train(notebook)
    notebook.do("old = panel")
    notebook.run(0)
    assert notebook.ask("old is panel, old.run.running, threads()") == "(False, False, 0)"
    assert "Stopped" in notebook.ask("old.status")
    steps = notebook.ask("old.run.agent.steps")
    train(notebook)
    assert notebook.ask("old.run.running, old.run.agent.steps, threads()") == f"(False, {steps}, 1)"


def test_five_panels_train_at_once_and_all_pause(notebook, page):
    notebook.run(1)
    cell = notebook.cell(1)
    for number in range(5):
        cell.get_by_role("button", name="Train", exact=True).nth(number).click()
    notebook.wait_for("min(one.run.agent.steps for one in panels) > 1_100", 60)
    notebook.do("before = [one.run.agent.steps for one in panels]")
    assert notebook.ask("threads()") == "5"
    later = "all(one.run.agent.steps > step + 100 for one, step in zip(panels, before))"
    notebook.wait_for(later, 60)
    for number in range(5):
        cell.get_by_role("button", name="Pause", exact=True).nth(number).click()
    notebook.wait_for("threads() == 0 and not any(one.run.running for one in panels)")


@pytest.mark.parametrize("busy", [True, False], ids=["a cell runs", "no cell runs"])
def test_an_interrupt_does_not_hurt_the_panel(notebook, page, busy):
    train(notebook)
    if busy:
        notebook.do("woken = False")
        notebook.run(2, wait=False)
        expect(notebook.cell(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
        page.wait_for_timeout(300)
    notebook.interrupt()
    if busy:
        notebook.wait_for("woken")
    steps = int(notebook.ask("panel.run.agent.steps"))
    notebook.wait_for(f"panel.run.running and panel.run.agent.steps > {steps + 100}")
    assert turn(page, "gamma", "ArrowLeft") == "0.985"
    notebook.wait_for("panel.run.agent.config.gamma == 0.985")


def test_what_an_agent_raises_is_shown_in_words_and_can_be_got_over(notebook, page):
    notebook.do("def learn(): raise ValueError('no <b>more</b> memory')\npanel.run.agent.learn = learn")
    button(page, "Train").click()
    expect(page.get_by_role("alert")).to_contain_text("ValueError: no <b>more</b> memory")
    assert notebook.ask("panel.run.running, threads()") == "(False, 0)"
    notebook.do("del panel.run.agent.learn")


@pytest.mark.parametrize("seconds", DRAGS)
def test_a_slider_dragged_to_and_fro_while_it_trains_leaves_no_backlog(notebook, page, seconds):
    notebook.do("panel.run.limit = 10_000_000")
    train(notebook)
    gamma = knob(page, "gamma")
    box = gamma.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for share in (0.1, 0.4, 0.9, 0.6, 0.3):
            page.mouse.move(box["x"] + share * box["width"], middle, steps=5)
    page.mouse.up()
    last = gamma.get_attribute("aria-valuetext")
    assert last != "0.99"
    notebook.wait_for(f"panel.run.agent.config.gamma == {last}", 2)
    assert (
        notebook.ask("panel.run.running, panel.run.log.changes[-1].settings")
        == f"(True, {{'gamma': {last}}})"
    )
    page.wait_for_timeout(1_000)
    assert notebook.ask("panel.run.agent.config.gamma") == gamma.get_attribute("aria-valuetext") == last


@pytest.mark.weekly
def test_a_run_without_an_open_page_ends_at_its_limit_and_can_be_opened_again(lab, window):
    page = new_page(window.context.browser)
    notebook = lab.open(page, [SHORT], "closed.ipynb")
    notebook.run(0)
    page.keyboard.press("Control+s")
    expect(page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
    assert turn(page, "speed", "Home", "ArrowRight", "ArrowRight") == "200 steps/s"
    button(page, "Train").click()
    notebook.wait_for("panel.run.agent.steps > 100")
    page.close()
    steps = int(notebook.ask("panel.run.agent.steps"))
    notebook.wait_for(f"panel.run.running and panel.run.agent.steps > {steps + 200}")
    notebook.do("panel.speed = 4")
    notebook.wait_for("panel.run.agent.steps == 3_000 and threads() == 0")

    page = new_page(window.context.browser)
    notebook = lab.open_again(page, "closed.ipynb")
    expect(status(page)).to_have_text("The limit of 3,000 steps is reached. Reset starts another run.")
    expect(picture(page, "Learning curve after 3,000 steps")).to_be_visible()
    button(page, "Reset").click()
    expect(picture(page, "Learning curve after 0 steps")).to_be_visible()
    train(notebook, 100)
    assert notebook.red_boxes() == []
    page.close()
    notebook.shut_down()


@pytest.mark.weekly
def test_after_a_restart_of_the_kernel_the_panel_says_that_it_has_ended(lab, window):
    page = new_page(window.context.browser)
    notebook = lab.open(page, [TABLE_PANEL], "restart.ipynb")
    notebook.run(0)
    button(page, "Train").click()
    notebook.wait_for("panel.run.agent.steps > 100")
    notebook.restart()
    expect(page.get_by_role("alert")).to_contain_text("The kernel has ended", timeout=60_000)
    button(page, "Train").click()  # which does no harm
    notebook.run(0, wait=False)
    expect(page.get_by_role("alert")).to_have_count(0, timeout=60_000)
    button(page, "Train").click()
    notebook.wait_for("panel.run.agent.steps > 100")
    assert notebook.red_boxes() == []
    page.close()
    notebook.shut_down()
