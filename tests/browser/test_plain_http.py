"""Every widget on a class hub without a certificate: no secure context, and less is there in the browser."""

import pytest
from clicking import TABLE_PANEL, button, knob, nameless, picture, turn
from jupyter_browser import HUB
from mounting import IN_CHROMIUM, empty_page, mount
from playwright.sync_api import expect

from dqn_lib.widgets.car import HillCar
from dqn_lib.widgets.drive_yourself import DriveYourself
from dqn_lib.widgets.knob import Knob

pytestmark = IN_CHROMIUM

WIDGETS = {
    "Knob": (lambda: Knob("gamma", [0.5, 0.9]), "input"),
    "HillCar": (HillCar, "canvas"),
    "DriveYourself": (DriveYourself, "canvas"),
}
LUCK = "from dqn_lib.widgets.luck import LuckExplorer\nluck = LuckExplorer(episodes=10)\nluck"
DRIVE = "from dqn_lib.widgets.drive_yourself import DriveYourself\nDriveYourself()"


@pytest.mark.parametrize("name", WIDGETS)
def test_each_widgets_own_script_runs_without_a_secure_context(name):
    make, element = WIDGETS[name]
    with empty_page() as page:
        assert page.evaluate("[isSecureContext, typeof crypto.randomUUID]") == [False, "undefined"]
        mount(page, make())
        expect(page.locator(f"#widget {element}")).to_be_visible()


def test_two_sliders_in_one_page_each_have_their_own_label():
    with empty_page() as page:
        for place, name in enumerate(("gamma", "tau")):
            page.evaluate("() => document.querySelector('#widget')?.removeAttribute('id')")
            page.evaluate(
                "() => document.body.prepend(Object.assign(document.createElement('div'), {id: 'widget'}))"
            )
            mount(page, Knob(name, [0.5, 0.9], [0.5, 0.9][place]))
        for place, name in enumerate(("gamma", "tau")):
            slider = page.get_by_role("slider", name=name, exact=True)
            expect(slider).to_have_value(str(place))
            page.get_by_text(name, exact=True).click()
            expect(slider).to_be_focused()


@pytest.mark.parametrize("lab", [{"host": HUB}], ids=[f"http://{HUB}"], indirect=True)
def test_in_jupyterlab_sliders_buttons_and_pictures_are_there_and_act(lab, window):
    notebook = lab.open(window, [TABLE_PANEL, LUCK, DRIVE])
    for number in range(3):
        notebook.run(number)
    assert window.evaluate("[location.hostname, isSecureContext]") == [HUB, False]
    for name in ("speed", "epsilon", "gamma", "seed", "hold"):
        expect(knob(window, name)).to_be_visible()
    turn(window, "gamma", "End")
    notebook.wait_for("panel.run.agent.config.gamma == 1.0")
    button(window, "Train").click()
    notebook.wait_for("panel.run.agent.steps > 100")
    button(window, "Pause").click()
    expect(picture(window, "Learning curve")).to_be_visible()
    turn(window, "hold", "ArrowRight")
    notebook.wait_for("luck.hold.value == 2")
    expect(notebook.cell(2).locator("canvas.dqn-hill")).to_be_visible()
    assert [nameless(notebook.cell(number)) for number in range(3)] == [[], [], []]
    assert notebook.red_boxes() == []
