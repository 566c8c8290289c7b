"""The training panel in JupyterLab: clicks and keys in the page, and their effect in the kernel."""

import pytest
from clicking import (
    PANEL,
    TABLE_PANEL,
    button,
    knob,
    nameless,
    picture,
    seen,
    status,
    train,
    turn,
    until_changed,
)
from jupyter_browser import new_page
from mounting import IN_CHROMIUM
from playwright.sync_api import expect
from reading import LABELS, OVERLAPS, TOO_WIDE

pytestmark = IN_CHROMIUM

CURVE = "Learning curve"
PICTURES = [CURVE, "Map of state values", "Map of the greedy action", "The replay memory over"]
SEED = "seed at Reset"
KNOBS = ["speed", "epsilon", "gamma", "learning rate", "tau", "hold", SEED]
AGAIN = "panel"


@pytest.fixture(scope="module")
def notebook(lab, window):
    notebook = lab.open(window, [PANEL, AGAIN], "panel.ipynb")
    yield notebook
    notebook.shut_down()


@pytest.fixture
def page(notebook):
    """A new panel; whatever is done with it, nothing turns red and no thread is left."""
    notebook.run(0)
    yield notebook.page
    button(notebook.page, "Pause").click()
    notebook.wait_for("threads() == 0")
    assert notebook.red_boxes() == []


def test_settings_changed_while_it_trains_act_and_are_noted(notebook, page):
    train(notebook)
    wait = until_changed(picture(page, CURVE))
    assert turn(page, "gamma", "ArrowLeft", "ArrowLeft") == "0.98"
    assert turn(page, "epsilon", "ArrowRight", "ArrowRight", "ArrowRight") == "0.02"
    notebook.wait_for(
        "(panel.run.agent.config.gamma, panel.run.agent.epsilon, panel.run.running) == (0.98, 0.02, True)"
    )
    changes = eval(notebook.ask("[(change.step, change.settings) for change in panel.run.log.changes]"))
    gammas = [settings["gamma"] for _, settings in changes if "gamma" in settings]
    epsilons = [settings["epsilon"] for _, settings in changes if "epsilon" in settings]
    assert (gammas[-1], epsilons[-1]) == (0.98, 0.02)
    assert 1_200 < changes[0][0] <= changes[-1][0] <= int(notebook.ask("panel.run.agent.steps"))
    wait()


def test_train_shows_all_pictures_moving_and_pause_stops_everything(notebook, page):
    waits = [until_changed(picture(page, words)) for words in PICTURES]
    train(notebook)
    for wait in waits:
        wait()
    button(page, "Pause").click()
    expect(status(page)).to_have_text("Paused.")
    steps = notebook.ask("panel.run.agent.steps, panel.run.running, threads()")
    assert steps.endswith(", False, 0)")
    expect(picture(page, f"{CURVE} after {int(steps[1:].split(',')[0]):,} steps")).to_be_visible()
    page.wait_for_timeout(500)
    assert notebook.ask("panel.run.agent.steps, panel.run.running, threads()") == steps


def test_one_episode_is_exactly_one_more(notebook, page):
    for episodes in (1, 2):
        button(page, "One episode").click()
        notebook.wait_for(f"not panel.run.running and panel.run.agent.episodes == {episodes}")
        expect(picture(page, f"{CURVE} after .* and {episodes} episodes")).to_be_visible()


def test_reset_goes_back_to_the_first_step_with_the_seed_of_its_slider(notebook, page):
    train(notebook)
    wait = until_changed(picture(page, CURVE))
    assert turn(page, SEED, "ArrowRight") == "2"
    button(page, "Reset").click()
    expect(status(page)).to_have_text("Back at the beginning, seed 2.")
    wait()
    expect(picture(page, f"{CURVE} after 0 steps")).to_be_visible()
    asked = "panel.run.agent.steps, panel.run.agent.seed, panel.run.log.episodes, threads()"
    assert notebook.ask(asked) == "(0, 2, [], 0)"


def test_at_low_speed_the_car_is_the_one_in_training(notebook, page):
    assert turn(page, "speed", "Home", "ArrowRight") == "30 steps/s"
    button(page, "Train").click()
    expect(page.locator(".dqn-driven .dqn-title")).to_have_text("The car in training, in slow motion")
    wait = until_changed(page.locator(".dqn-hill"))
    notebook.wait_for("panel.run.agent.steps > 20")
    wait()
    began = int(notebook.ask("panel.run.agent.steps"))
    page.wait_for_timeout(1_000)
    assert 5 < int(notebook.ask("panel.run.agent.steps")) - began < 90


def test_everything_has_a_name(notebook, page):
    for name in KNOBS:
        expect(page.get_by_role("slider", name=name, exact=True)).to_have_count(1)
    for name in ("Train", "Pause", "One episode", "Reset", "Full window", "Reset settings"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(1)
    for words in PICTURES:
        expect(picture(page, words)).to_be_visible()
    output = notebook.cell(0).locator(".jp-OutputArea")
    assert nameless(output) == []
    expect(output.get_by_role("slider")).to_have_count(len(KNOBS))
    expect(output.locator("[role=img]")).to_have_count(len(PICTURES) + 1)
    expect(picture(page, "The car on its hill. Greedy policy at step 0")).to_be_visible()


def test_keys_train_pause_reset_and_fill_the_window_and_none_reaches_the_notebook(notebook, page):
    cells, panel = page.locator(".jp-Cell"), page.locator(".dqn-panel")
    before = cells.count()
    panel.focus()
    page.keyboard.press(" ")
    notebook.wait_for("panel.run.agent.steps > 500")
    page.keyboard.press("f")
    dialog = page.locator("dialog.dqn-full")
    assert dialog.bounding_box() == {"x": 0, "y": 0, "width": 1300, "height": 1000}
    assert notebook.ask("panel.run.running") == "True"
    page.keyboard.press(" ")
    expect(status(page)).to_have_text("Paused.")
    page.keyboard.press("r")
    expect(status(page)).to_have_text("Back at the beginning, seed 1.")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button(page, "Train")).to_be_visible()
    panel.focus()
    for key in ("b", "a", "m", "x", "Enter"):  # which in a notebook insert and cut cells, and more
        page.keyboard.press(key)
    assert cells.count() == before


@pytest.mark.weekly
def test_an_instructor_sees_the_whole_panel_on_a_small_projector(lab, window):
    page = new_page(window.context.browser, width=1280, height=720)
    notebook = lab.open(page, [PANEL], "projector.ipynb", at="doc/tree")
    notebook.run(0)
    panel = page.locator(".dqn-panel")
    panel.evaluate("(e) => e.scrollIntoView({ block: 'center' })")
    box, room = panel.bounding_box(), page.locator(".jp-WindowedPanel-outer").first.bounding_box()
    assert box["height"] <= room["height"]
    assert room["y"] <= box["y"] and box["y"] + box["height"] <= room["y"] + room["height"] + 1
    assert panel.evaluate(TOO_WIDE) == []
    assert page.evaluate(OVERLAPS, LABELS) == []
    assert notebook.red_boxes() == []
    page.close()
    notebook.shut_down()


def test_a_panel_in_classic_notebook_works_too(lab, window):
    page = new_page(window.context.browser)
    notebook = lab.open(page, [TABLE_PANEL], "classic.ipynb", at="notebooks")
    expect(page.locator("#jp-NotebookLogo")).to_be_visible()
    page.complaints.clear()  # of settings that only JupyterLab has
    notebook.run(0)
    button(page, "Train").click()
    notebook.wait_for("panel.run.agent.steps > 100")
    turn(page, "gamma", "End")
    notebook.wait_for("panel.run.agent.config.gamma == 1.0")
    button(page, "Pause").click()
    expect(status(page)).to_have_text("Paused.")
    assert notebook.ask("panel.run.running, threads()") == "(False, 0)"
    assert notebook.red_boxes() == []
    page.close()
    notebook.shut_down()


def test_two_views_of_a_panel_show_the_same_and_what_is_done_in_one_is_done_in_both(notebook, page):
    notebook.run(1)
    one, other = (notebook.cell(number).locator(".dqn-panel") for number in (0, 1))
    other.scroll_into_view_if_needed()
    assert turn(other, "gamma", "ArrowLeft") == "0.985"
    expect(knob(one, "gamma")).to_have_attribute("aria-valuetext", "0.985")
    button(other, "Train").click()
    notebook.wait_for("panel.run.agent.steps > 1_200")
    button(one, "Pause").click()
    for view in (one, other):
        view.scroll_into_view_if_needed()
        expect(status(view)).to_have_text("Paused.")
        expect(view).to_have_attribute("data-snapshot", notebook.ask("panel.snapshot['number']"))
    assert seen(one.locator(".dqn-curve")) == seen(other.locator(".dqn-curve"))
