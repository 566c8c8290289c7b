"""Animations in a page that holds nothing but the widget, and the messages of a panel."""

import numpy as np
import pytest
from clicking import button, knob
from mounting import IN_CHROMIUM, empty_page, mount
from playwright.sync_api import expect
from reading import car, counter, pixels, plot

from dqn_lib import mountain_car
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import TableConfig
from dqn_lib.plots.style import ACTIONS
from dqn_lib.training import Check
from dqn_lib.widgets.panel import TrainingPanel
from dqn_lib.widgets.time_machine import TimeMachine

pytestmark = IN_CHROMIUM

FRAME = 17  # milliseconds
REST = 700
COUNT = """
() => {
  window.moves = 0;
  new MutationObserver((all) => (moves += all.length)).observe(
    document.querySelector(".dqn-car"), { attributes: true });
}
"""
FRAMES = """
() => {
  const ask = window.requestAnimationFrame;
  window.frames_ = 0;
  window.requestAnimationFrame = (frame) => ask((now) => { frames_++; frame(now); });
}
"""


class Push:
    """Q-values of a driver who always pushes right, or the way the car moves."""

    def __init__(self, clever):
        self.clever = clever

    def __call__(self, states):
        states = np.asarray(states, dtype=float)
        best = np.where(states[..., 1] < 0, 0, 2) if self.clever else np.full(states.shape[:-1], 2)
        return -10.0 - (np.arange(3) != best[..., None])

    def greedy(self, states):
        return self(states).argmax(axis=-1)


CLEVER = mountain_car.simulate(Push(clever=True).greedy, [[-0.5, 0.0]]).trajectory(0)[:, 0]


@pytest.fixture
def time_machine():
    """An episode that reaches the flag, and then one to the time limit."""
    drivers = ((-120.0, Push(clever=True)), (-200.0, Push(clever=False)))
    return TimeMachine([Check(500 * n, np.array([mean]), q) for n, (mean, q) in enumerate(drivers)])


@pytest.fixture
def panel():
    env = mountain_car.make()
    agent = QTableAgent(env, TableConfig(cells=8), seed=1)
    panel = TrainingPanel(env, agent, show=["car", "values", "policy"], knobs=["epsilon", "gamma"])
    yield panel
    panel.stop()


@pytest.fixture
def page(browser, request):
    """Its time stands still until `page.clock` runs."""
    with empty_page(browser, **getattr(request, "param", {})) as page:
        page.clock.install()
        page.clock.pause_at(page.evaluate("Date.now()") + 1000)
        yield page


def begin(page, widget):
    """Mount it and wait until it knows that it is visible."""
    mount(page, widget)
    page.wait_for_function("new Promise((seen) => new IntersectionObserver(seen).observe(document.body))")
    page.clock.run_for(FRAME)


def step_of(page):
    """How far the car has come on its path to the flag."""
    return int(np.abs(CLEVER - car(page)).argmin())


def test_the_car_drives_thirty_steps_a_second_and_begins_again_after_a_rest(page, time_machine):
    begin(page, time_machine)
    page.clock.run_for(1_000)
    assert 29 <= step_of(page) <= 32
    whole = 1_000 * (len(CLEVER) - 1) / 30
    page.clock.run_for(round(whole) - 1_000 + REST // 2)
    assert car(page) == pytest.approx(CLEVER[-1], abs=1e-6)
    expect(page.locator(".dqn-exhaust")).to_have_attribute("d", "")
    page.clock.run_for(REST // 2 + 500)
    assert 10 < step_of(page) < 20


def test_it_is_drawn_thirty_times_a_second_however_fast_the_screen_is(page, time_machine):
    begin(page, time_machine)
    page.evaluate(COUNT)
    page.clock.run_for(1_000)  # sixty frames
    assert 28 <= page.evaluate("moves") <= 32


def test_the_film_is_played_and_paused_with_the_keyboard_too(page, time_machine):
    begin(page, time_machine)
    page.locator("#before").focus()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(button(page, "Play")).to_be_focused()
    page.keyboard.press("Enter")
    page.clock.run_for(300)
    assert step_of(page) > 0
    page.keyboard.press(" ")
    expect(button(page, "Play")).to_be_focused()
    page.clock.run_for(3_000)
    expect(knob(page, "training step")).to_have_value("0")
    page.keyboard.press(" ")
    page.clock.run_for(3_000)
    expect(knob(page, "training step")).to_have_value("1")


def test_a_new_moment_starts_at_the_first_step_of_its_drive(page, time_machine):
    begin(page, time_machine)
    page.clock.run_for(1_500)
    knob(page, "training step").press("ArrowRight")
    assert car(page) == -0.5
    slow = mountain_car.simulate(Push(clever=False).greedy, [[-0.5, 0.0]]).trajectory(0)[:, 0]
    page.clock.run_for(1_000)
    assert np.abs(slow[28:34] - car(page)).min() < 1e-6
    assert page.evaluate("model.sent") == [{"index": 1}]


def test_what_python_moves_is_moved_on_the_page(page, time_machine):
    begin(page, time_machine)
    before = page.locator("[role=img]").evaluate_all("(all) => all.map((e) => e.ariaLabel)")
    page.evaluate("model.receive({ index: 1 })")
    expect(knob(page, "training step")).to_have_value("1")
    expect(page.locator("output")).to_have_text("500")
    after = page.locator("[role=img]").evaluate_all("(all) => all.map((e) => e.ariaLabel)")
    assert [one == other for one, other in zip(before, after, strict=True)] == [False] * 4
    assert page.evaluate("model.sent") == []


@pytest.mark.parametrize("page", [{"reduced_motion": "reduce"}], indirect=True)
def test_with_reduced_motion_it_starts_by_a_button_only(page, time_machine):
    begin(page, time_machine)
    page.clock.run_for(1_000)
    assert car(page) == -0.5
    button(page, "Play").click()
    page.clock.run_for(500)
    assert step_of(page) > 20


@pytest.mark.parametrize("name", ["time_machine", "panel"])
def test_nothing_runs_out_of_sight_or_after_the_view_is_gone(page, request, name):
    page.evaluate(FRAMES)
    begin(page, request.getfixturevalue(name))
    page.clock.run_for(300)
    assert page.evaluate("frames_") > 10
    page.evaluate("window.scrollTo(0, 2500)")
    page.wait_for_function("new Promise((seen) => new IntersectionObserver(seen).observe(document.body))")
    ran = page.evaluate("frames_")
    page.clock.run_for(300)
    assert page.evaluate("frames_") <= ran + 1
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_function("new Promise((seen) => new IntersectionObserver(seen).observe(document.body))")
    page.clock.run_for(300)
    assert page.evaluate("frames_") > ran + 10
    page.evaluate("unmount()")
    ran = page.evaluate("frames_")
    page.clock.run_for(300)
    assert page.evaluate("frames_") == ran


TICKS = """
(range) => {
  const y = { label: "", range: [0, 1], ticks: [] };
  const x = { label: "", range, ticks: module.ticksBetween(...range, 6) };
  const { figure } = module.axes(document.querySelector("#widget"), { x, y });
  return [...figure.querySelectorAll(".dqn-xticks span")].map((tick) => tick.textContent);
}
"""


@pytest.mark.parametrize(
    ("ends", "first"), [([-1, 1], "\u22121.0"), ([-0.07, 0.07], "\u22120.05"), ([-200, 0], "\u2212200")]
)
def test_ticks_have_as_many_digits_as_they_need(page, time_machine, ends, first):
    begin(page, time_machine)
    ticks = page.evaluate(TICKS, ends)
    assert ticks[0] == first and len(set(ticks)) == len(ticks)


# --- a panel and its kernel -----------------------------------------------------------------------


def test_the_training_car_stands_where_it_is_put(page, panel):
    begin(page, panel)
    expect(page.locator(".dqn-driven .dqn-title")).to_have_text(
        "Greedy policy at step 0: the time limit after 200"
    )
    page.evaluate(
        "model.receive({ snapshot: { ...model.get('snapshot'), number: 2, training_car: [0.1, 2] } })"
    )
    page.clock.run_for(500)
    expect(page.locator(".dqn-driven .dqn-title")).to_have_text("The car in training, in slow motion")
    assert car(page) == 0.1
    assert page.locator(".dqn-exhaust").evaluate("(e) => e.style.stroke") == rgb(ACTIONS[2])
    page.evaluate(
        "model.receive({ snapshot: { ...model.get('snapshot'), number: 3, training_car: [0.12, 0] } })"
    )
    page.clock.run_for(FRAME)
    assert car(page) == 0.12
    assert page.locator(".dqn-exhaust").evaluate("(e) => e.style.stroke") == rgb(ACTIONS[0])


def rgb(colour):
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


def test_a_cell_of_a_table_is_painted_where_it_lies_and_not_at_all_if_it_holds_no_number(page, panel):
    values = panel.run.agent.table.values
    values[:] = -100.0
    values[6, 1] = [-50.0, -60.0, -70.0]  # far to the right, and moving left
    values[0, 7] = np.nan
    panel.refresh()
    begin(page, panel)
    found, actions = pixels(plot(page, 1)), pixels(plot(page, 2))
    assert found.shape == (8, 8, 4)
    assert np.argwhere((found != found[0, 0]).any(axis=-1)).tolist() == [[1, 6], [7, 0]]
    assert (found[7, 0, 3], actions[7, 0, 3]) == (0, 0)
    assert actions[1, 6, :3].tolist() == [int(ACTIONS[0][at : at + 2], 16) for at in (1, 3, 5)]
    assert actions[0, 0, :3].tolist() == [255, 255, 255]
    expect(plot(page, 1).locator(".dqn-note")).to_contain_text("diverged")


def test_a_panel_reports_what_it_has_painted_and_what_is_pressed_and_changed(page, panel):
    begin(page, panel)
    assert page.evaluate("model.said") == [{"painted": 1}]
    for text in ("Train", "Pause", "One episode", "Reset", "Reset settings"):
        button(page, text).click()
    page.locator(".dqn").focus()
    page.keyboard.press(" ")
    page.evaluate("model.receive({ status: { words: 'Training ...', alarm: false, running: true } })")
    page.keyboard.press(" ")
    page.keyboard.press("r")
    pressed = ["train", "pause", "one_episode", "reset", "reset_settings", "train", "pause", "reset"]
    assert page.evaluate("model.said.slice(1)") == [{"press": act} for act in pressed]
    indices = panel.indices
    knob(page, "gamma").press("ArrowLeft")
    knob(page, "speed").press("Home")
    knob(page, "seed at Reset").press("ArrowRight")
    turned = [{"indices": indices | {"gamma": indices["gamma"] - 1}}, {"speed": 0}, {"seed": 2}]
    assert page.evaluate("model.sent") == turned


def test_of_many_snapshots_between_two_frames_the_latest_is_painted_and_acknowledged_now_and_then(
    page, panel
):
    begin(page, panel)
    page.evaluate("model.receive({ status: { words: 'Training ...', alarm: false, running: true } })")
    for number in range(2, 42):
        page.evaluate(
            "(number) => model.receive({ snapshot: { ...model.get('snapshot'), number, step: number } })",
            number,
        )
        page.clock.run_for(25)
    assert counter(page) == 41
    said = page.evaluate("model.said.map((one) => one.painted)")
    assert 4 <= len(said) <= 7  # in a second
    assert said == sorted(said)


def test_a_problem_is_an_alert_and_so_is_the_end_of_the_kernel(page, panel):
    begin(page, panel)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.evaluate(
        "model.receive({ status: { words: 'ValueError: <b>no</b>', alarm: true, running: false } })"
    )
    expect(page.get_by_role("alert")).to_have_text("ValueError: <b>no</b>")
    page.evaluate("model.tell('comm_live_update')")
    expect(page.get_by_role("alert")).to_contain_text("The kernel has ended")
    page.evaluate("model.receive({ status: { words: 'Ready.', alarm: false, running: false } })")
    page.evaluate("() => { model.send = () => { throw new Error('Cannot send'); }; }")
    button(page, "Train").click()
    expect(page.get_by_role("alert")).to_contain_text("The kernel has ended")


def test_a_panel_takes_no_focus_and_does_not_scroll_the_page_when_it_appears(page, panel):
    page.evaluate(
        "document.body.prepend(Object.assign(document.createElement('div'), {style: 'height: 1500px'}))"
    )
    page.locator("#before").focus()
    page.evaluate("window.scrollTo(0, 300)")
    mount(page, panel)
    assert page.evaluate("[document.activeElement.id, window.scrollY]") == ["before", 300]
    button(page, "Full window").click()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).not_to_have_class("dqn-dialog dqn-full")
    expect(page.locator(".dqn :focus, .dqn:focus")).to_have_count(1)
