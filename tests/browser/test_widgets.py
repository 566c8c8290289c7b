"""The other live widgets in JupyterLab, as a student finds them: each in a cell of one notebook."""

from functools import partial

import pytest
from clicking import button, knob, nameless, picture, seen, status, turn, until_changed
from mounting import IN_CHROMIUM
from playwright.sync_api import expect

pytestmark = IN_CHROMIUM

TRAIN = """
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.training import TrainingLog, train

env = mountain_car.make()
agent, log = DQNAgent(env, seed=1), TrainingLog()
for _ in log.record(train(env, agent, steps=6_000), agent, env, every=1_000):
    pass
"""
IMPORT = "from dqn_lib.widgets.{} import {}\n"
CELLS = [
    TRAIN,
    IMPORT.format("time_machine", "TimeMachine") + "machine = TimeMachine(log.checks)\nmachine",
    IMPORT.format("microscope", "ReplayMicroscope") + "scope = ReplayMicroscope(agent)\nscope",
    IMPORT.format("drive_yourself", "DriveYourself") + "drive = DriveYourself()\ndrive",
    IMPORT.format("gamma_glasses", "GammaGlasses") + "GammaGlasses([0.85, 0.9, 0.99])",
    IMPORT.format("luck_explorer", "LuckExplorer") + "luck = LuckExplorer(hold=24)\nluck",
    IMPORT.format("target_explorer", "TargetNetworkExplorer")
    + "explorer = TargetNetworkExplorer(agent, [-0.5, 0.0], -30.0)\nexplorer",
    "from dqn_lib.plots.maps import visit_density\n"
    + IMPORT.format("sliders", "interact")
    + "interact(lambda first: visit_density(agent.memory.states[:first]), first=range(500, 6_000, 500))",
]


@pytest.fixture(scope="module")
def notebook(lab, window):
    notebook = lab.open(window, CELLS, "widgets.ipynb")
    notebook.run(0)
    yield notebook
    notebook.shut_down()


@pytest.fixture
def widget(request, notebook):
    """The output of the cell that makes a widget of this class; all in it has a name, and nothing is red."""
    number = next(n for n, source in enumerate(CELLS) if f"import {request.param}\n" in source)
    notebook.run(number)
    cell = notebook.cell(number)
    output = cell.locator(".jp-Cell-outputArea")
    output.locator(".dqn").wait_for()
    yield output
    assert nameless(output) == []
    assert notebook.red_boxes() == []


shows = partial(pytest.mark.parametrize, "widget", indirect=True)


@shows(["TimeMachine"])
def test_the_time_machine_goes_to_another_moment_here_and_in_python(notebook, widget):
    pictures = widget.locator(".dqn-plot").all()
    caption = pictures[2].locator(".dqn-title")
    expect(caption).to_contain_text("Step 0:")
    waits = [until_changed(one) for one in pictures]
    step = turn(widget, "training step", "End")
    expect(caption).to_contain_text(f"Step {step}:")
    for wait in waits:
        wait()
    assert int(step.replace(",", "")) >= 6_000
    notebook.wait_for("machine.index == len(machine.checks) - 1")
    notebook.do("machine.index = 1")
    expect(knob(widget, "training step")).to_have_value("1")


@shows(["TimeMachine"])
def test_the_time_machine_plays_until_it_is_paused(notebook, widget):
    wait = until_changed(widget.locator(".dqn-plot").first)
    button(widget, "Play").click()
    slider, curve = knob(widget, "training step"), widget.locator(".dqn-curve")
    expect(slider).not_to_have_value("0", timeout=20_000)
    wait()
    button(widget, "Pause").click()
    step, drawn = slider.input_value(), seen(curve)
    assert int(step) < 6
    widget.page.wait_for_timeout(2_500)  # a check lasts a second
    assert (slider.input_value(), seen(curve)) == (step, drawn)
    assert notebook.ask("machine.index") == step


@shows(["ReplayMicroscope"])
def test_the_microscope_shows_another_memory(notebook, widget):
    pictures = widget.locator(".dqn-plot").all()
    waits = [until_changed(one) for one in pictures]
    turn(widget, "steps ago", "End", "ArrowLeft", "ArrowLeft")
    expect(widget.locator("table").first).to_contain_text("stored 2 steps ago")
    notebook.wait_for("scope.index == scope.count - 3")
    for text in ("Random window", "Largest TD error", "Reaches the flag"):
        waits.append(until_changed(pictures[0]))
        before = widget.locator("table").first.inner_text()
        button(widget, text).click()
        expect(widget.locator("table").first).not_to_have_text(before)
    for wait in waits:
        wait()
    expect(widget.locator("table").first).to_contain_text("stops at the flag")


@shows(["DriveYourself"])
def test_the_car_obeys_the_keys_and_python_gets_the_drive(notebook, widget):
    page = notebook.page
    cells, active = page.locator(".jp-Cell"), page.locator(".jp-Cell.jp-mod-active")
    before = cells.count(), active.evaluate("cell => [...cell.parentElement.children].indexOf(cell)")
    best = widget.locator(".dqn-best").inner_text()
    button(widget, "Start").click()
    for key, words in (("a", "\u2190 push left"), ("ArrowRight", "push right \u2192")):
        page.keyboard.down(key)
        expect(widget.locator(".dqn-engine")).to_have_text(words)
        page.wait_for_timeout(600)
        page.keyboard.up(key)
    page.keyboard.press("b")  # a slip, which elsewhere in a notebook inserts a cell
    page.keyboard.down("ArrowRight")
    expect(widget.locator(".dqn-best")).not_to_have_text(best)
    assert int(widget.locator(".dqn-step").inner_text().split()[0]) > 20
    expect(widget.locator(".dqn-outcome")).to_contain_text("return", timeout=30_000)
    page.keyboard.up("ArrowRight")
    notebook.wait_for("drive.drives == 1 and not drive.problem")
    assert notebook.ask("drive.states.shape == (len(drive.actions) + 1, 2)") == "True"
    assert notebook.ask("{0, 2} <= set(drive.actions)") == "True"
    assert (
        cells.count(),
        active.evaluate("cell => [...cell.parentElement.children].indexOf(cell)"),
    ) == before


@shows(["GammaGlasses"])
def test_one_key_on_gamma_gives_other_pictures(widget):
    waits = [until_changed(one) for one in widget.locator(".dqn-plot").all()]
    before = knob(widget, "gamma").get_attribute("aria-valuetext")
    assert turn(widget, "gamma", "ArrowRight") != before
    for wait in waits:
        wait()


@shows(["interact"])
def test_one_key_on_a_slider_has_python_draw_another_picture(widget):
    words = widget.locator("img").get_attribute("alt")
    wait = until_changed(widget.locator(".dqn-drawn"))
    assert turn(widget, "first", "ArrowRight") == "1,000"
    wait()
    assert widget.locator("img").get_attribute("alt") != words


@shows(["LuckExplorer"])
def test_the_luck_explorer_simulates_again_and_with_another_hold_and_python_knows(notebook, widget):
    pictures = widget.locator(".dqn-plot").all()
    for act in (button(widget, "1,000 more").click, lambda: turn(widget, "hold", "ArrowRight")):
        waits = [until_changed(one) for one in pictures]
        act()
        for wait in waits:
            wait()
    notebook.wait_for("luck.hold == 25")
    arrived = int(notebook.ask("luck.reached"))
    expect(pictures[1].locator(".dqn-title")).to_contain_text(f"25 steps: {arrived / 10:.1f} % arrive")


@shows(["TargetNetworkExplorer"])
def test_the_explorer_runs_changes_its_rule_and_pauses(notebook, widget):
    explorer = picture(widget, "Rule:")
    wait = until_changed(explorer)
    button(widget, "Run").click()
    wait()
    widget.get_by_role("combobox", name="target update").select_option("soft: a little every step")
    expect(knob(widget, "tau")).to_be_enabled()
    expect(knob(widget, "target period")).to_be_disabled()
    assert turn(widget, "tau", "End") == "1"
    expect(explorer.locator(".dqn-title")).to_contain_text("Rule: tau 1.")
    button(widget, "Pause").click()
    expect(status(widget)).to_contain_text("Paused after")
    drawn = seen(explorer)
    widget.page.wait_for_timeout(700)
    assert seen(explorer) == drawn
    assert notebook.ask("explorer.rules[-1][1], explorer.loop.running") == "('tau 1', False)"


@shows(["TargetNetworkExplorer"])
def test_a_rule_that_is_changed_in_a_pause_restarts_the_explorer(notebook, widget):
    turn(widget, "target period", "Home")
    expect(picture(widget, "Rule: period 1\\.")).to_be_visible()
    button(widget, "Pause").click()
    notebook.wait_for("not explorer.loop.running and explorer.rules == [(0, 'period 1')]")
