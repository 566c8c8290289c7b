"""The other live widgets in JupyterLab, as a student finds them: each in a cell of one notebook."""

from functools import partial

import pytest
from clicking import button, knob, nameless, status, turn, until_changed
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
    IMPORT.format("time_machine", "TimeMachine") + "TimeMachine(log.checks)",
    IMPORT.format("microscope", "ReplayMicroscope") + "ReplayMicroscope(agent)",
    IMPORT.format("drive_yourself", "DriveYourself") + "drive = DriveYourself()\ndrive",
    IMPORT.format("gamma_glasses", "GammaGlasses") + "GammaGlasses([0.85, 0.9, 0.99])",
    IMPORT.format("luck", "LuckExplorer") + "LuckExplorer(hold=24)",
    IMPORT.format("chase", "ChaseRange") + "ChaseRange(agent, [-0.5, 0.0], -30.0)",
    "from dqn_lib.plots.density import density\n"
    + IMPORT.format("explore", "explore")
    + "explore(lambda first: density(agent.memory.states[:first]), first=range(500, 6_000, 500))",
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
    yield cell.locator(".jp-Cell-outputArea")
    assert nameless(cell) == []
    assert notebook.red_boxes() == []


shows = partial(pytest.mark.parametrize, "widget", indirect=True)


@shows(["TimeMachine"])
def test_the_time_machine_goes_to_another_moment(widget):
    maps, curve = widget.locator("img").all()
    caption = widget.locator(".dqn-caption")
    waits = [until_changed(maps), until_changed(curve), until_changed(curve, "alt")]
    expect(caption).to_contain_text("Step 0:")
    step = turn(widget, "training step", "ArrowRight")
    expect(caption).to_contain_text(f"Step {step}:")
    for wait in waits:
        wait()
    step = turn(widget, "training step", "End")
    expect(caption).to_contain_text(f"Step {step}:")
    assert int(step.replace(",", "")) >= 6_000


@shows(["TimeMachine"])
def test_the_time_machine_plays_until_it_is_paused(widget):
    wait = until_changed(widget.locator("img").first)
    button(widget, "Play").click()
    slider = knob(widget, "training step")
    expect(slider).not_to_have_value("0", timeout=20_000)
    wait()
    button(widget, "Pause").click()
    widget.page.wait_for_timeout(300)
    step, picture = slider.input_value(), widget.locator("img").first.get_attribute("src")
    assert int(step) < 6
    widget.page.wait_for_timeout(2_500)  # a check lasts 1.3 seconds
    assert (slider.input_value(), widget.locator("img").first.get_attribute("src")) == (step, picture)


@shows(["ReplayMicroscope"])
def test_the_microscope_shows_another_memory(widget):
    seen = set()
    waits = [until_changed(widget.locator("img"))]
    seen.add(widget.locator("table").first.inner_text())
    turn(widget, "steps ago", "End", "ArrowLeft", "ArrowLeft")
    expect(widget.locator("table").first).to_contain_text("stored 2 steps ago")
    for text in ("Draw one at random", "Largest TD error", "A flag"):
        waits.append(until_changed(widget.locator("img")))
        before = widget.locator("table").first.inner_text()
        button(widget, text).click()
        expect(widget.locator("table").first).not_to_have_text(before)
        waits[-1]()
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
    notebook.wait_for("drive.drives == 1 and not drive.complaint")
    assert notebook.ask("drive.states.shape == (len(drive.actions) + 1, 2)") == "True"
    assert notebook.ask("{0, 2} <= set(drive.actions)") == "True"
    assert (
        cells.count(),
        active.evaluate("cell => [...cell.parentElement.children].indexOf(cell)"),
    ) == before


@pytest.mark.parametrize(
    ("widget", "name"),
    [("GammaGlasses", "gamma"), ("LuckExplorer", "hold"), ("ChaseRange", "period"), ("explore", "first")],
    indirect=["widget"],
)
def test_one_key_on_a_slider_gives_another_picture(widget, name):
    picture = widget.locator("img")
    waits = [until_changed(picture), until_changed(picture, "alt")]
    before = knob(widget, name).get_attribute("aria-valuetext")
    assert turn(widget, name, "ArrowRight") != before
    for wait in waits:
        wait()


@shows(["LuckExplorer"])
def test_luck_is_tried_again(widget):
    wait = until_changed(widget.locator("img"))
    button(widget, "Another 1,000").click()
    wait()


@shows(["ChaseRange"])
def test_a_chase_runs_changes_its_rule_and_pauses(widget):
    wait = until_changed(widget.locator("img"))
    button(widget, "Run").click()
    wait()
    widget.get_by_role("combobox").select_option("soft: a little every step")
    expect(knob(widget, "tau")).to_be_visible()
    expect(knob(widget, "period")).to_be_hidden()
    button(widget, "Pause").click()
    expect(status(widget)).to_contain_text("Paused after")
    picture = widget.locator("img").get_attribute("src")
    widget.page.wait_for_timeout(700)
    assert widget.locator("img").get_attribute("src") == picture
