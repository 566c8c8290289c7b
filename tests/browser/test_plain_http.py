"""Every widget on a class hub without a certificate: no secure context, and less is there in the browser."""

import numpy as np
import pytest
from clicking import TABLE_PANEL, button, knob, nameless, picture, turn
from jupyter_browser import HUB
from mounting import IN_CHROMIUM, chromium, empty_page, mount
from playwright.sync_api import expect

from dqn_lib import mountain_car
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.plots.style import Picture
from dqn_lib.training import Check
from dqn_lib.widgets.drive_yourself import DriveYourself
from dqn_lib.widgets.gamma_glasses import GammaGlasses
from dqn_lib.widgets.luck_explorer import LuckExplorer
from dqn_lib.widgets.panel import TrainingPanel
from dqn_lib.widgets.sliders import interact
from dqn_lib.widgets.time_machine import TimeMachine

pytestmark = IN_CHROMIUM

ENV = mountain_car.make()
WIDGETS = {
    "DriveYourself": (DriveYourself, ".dqn-hill"),
    "explore": (lambda: interact(lambda **_: Picture(), hold=[1, 2]), "img"),
    "GammaGlasses": (lambda: GammaGlasses([0.5], 0.5), "canvas"),
    "LuckExplorer": (LuckExplorer, ".dqn-area"),
    "TimeMachine": (lambda: TimeMachine([Check(0, np.array([-200.0]), QTableAgent(ENV).q)]), "canvas"),
    "TrainingPanel": (
        lambda: TrainingPanel(ENV, QTableAgent(ENV), show=["car", "values"], knobs=[]),
        "canvas",
    ),
}
PANEL = TABLE_PANEL.replace('["curve", "values"]', '["curve", "values", "car"]')
LUCK = "from dqn_lib.widgets.luck_explorer import LuckExplorer\nluck = LuckExplorer(hold=24)\nluck"
DRIVE = "from dqn_lib.widgets.drive_yourself import DriveYourself\nDriveYourself()"


def test_each_widgets_own_script_runs_without_a_secure_context():
    with chromium() as browser:
        for make, part in WIDGETS.values():
            with empty_page(browser) as page:
                assert page.evaluate("[isSecureContext, typeof crypto.randomUUID]") == [False, "undefined"]
                mount(page, make())
                expect(page.locator(f"#widget {part}").first).to_be_visible()


def test_two_sliders_in_one_page_each_have_their_own_label():
    with chromium() as browser, empty_page(browser) as page:
        mount(page, interact(lambda **_: Picture(), gamma=[0.5, 0.9], tau=[0.5, 0.9], start={"tau": 0.9}))
        for place, name in enumerate(("gamma", "tau")):
            slider = page.get_by_role("slider", name=name, exact=True)
            expect(slider).to_have_value(str(place))
            page.get_by_text(name, exact=True).click()
            expect(slider).to_be_focused()


@pytest.mark.parametrize("lab", [{"host": HUB}], ids=[f"http://{HUB}"], indirect=True)
def test_in_jupyterlab_sliders_buttons_and_pictures_are_there_and_act(lab, window):
    notebook = lab.open(window, [PANEL, LUCK, DRIVE])
    for number in range(3):
        notebook.run(number)
    assert window.evaluate("[location.hostname, isSecureContext]") == [HUB, False]
    for name in ("speed", "epsilon", "gamma", "seed at Reset", "hold"):
        expect(knob(window, name)).to_be_visible()
    turn(window, "gamma", "End")
    notebook.wait_for("panel.run.agent.config.gamma == 1.0")
    button(window, "Train").click()
    notebook.wait_for("panel.run.agent.steps > 100")
    button(window, "Pause").click()
    expect(picture(window, "Learning curve")).to_be_visible()
    turn(window, "hold", "ArrowRight")
    notebook.wait_for("luck.hold == 25")
    expect(notebook.cell(2).locator(".dqn-hill")).to_be_visible()
    assert [nameless(notebook.cell(number).locator(".jp-OutputArea")) for number in range(3)] == [[], [], []]
    assert notebook.red_boxes() == []
