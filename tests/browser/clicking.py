"""How the tests use a widget in JupyterLab, and read what it shows."""

import re

COUNTING = """
import threading
from dqn_lib import mountain_car
from dqn_lib.widgets.panel import TrainingPanel

def threads():
    return [one.name for one in threading.enumerate()].count("dqn_lib live run")

env = mountain_car.make()
"""
PANEL = f"""{COUNTING}
from dqn_lib.agents.dqn import DQNAgent
panel = TrainingPanel(env, DQNAgent(env, seed=1))
panel
"""
TABLE_PANEL = f"""{COUNTING}
from dqn_lib.agents.q_table import QTableAgent
panel = TrainingPanel(env, QTableAgent(env, seed=1), show=["curve", "values"], knobs=["epsilon", "gamma"])
panel
"""


NAMELESS = """
(root) => [...root.querySelectorAll("button, input, select, img, canvas, .dqn-hill, .dqn-area")].filter((e) =>
  !(e.alt || e.ariaLabel || e.closest("[role=img]")?.ariaLabel ||
    [...(e.labels ?? [])].map((label) => label.textContent).join("") ||
    (e.localName === "button" ? e.textContent : "")).trim()
).map((e) => e.outerHTML)
"""
SEEN = "(e) => e.outerHTML + [...e.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL())"


def button(page, text):
    """The first button with exactly this text; the car's own say more."""
    return page.get_by_role("button", name=text, exact=True).first


def train(notebook, steps=1_200):
    """Press Train, and wait until it has come so far."""
    button(notebook.page, "Train").click()
    notebook.wait_for(f"panel.run.agent.steps > {steps}")


def status(page):
    """The status of the first panel, if it is no alarm."""
    return page.locator("span[role=status]").first


def knob(page, name):
    """The first slider with this name."""
    return page.get_by_role("slider", name=name, exact=True).first


def turn(page, name, *keys):
    """Press keys on a slider; return the text of its value afterwards."""
    slider = knob(page, name)
    for key in keys:
        slider.press(key)
    return slider.get_attribute("aria-valuetext")


def picture(page, words):
    """The picture whose text begins with these words."""
    return page.get_by_role("img", name=re.compile(f"^{words}"))


def seen(element):
    """All that there is to see of an element now, to be compared."""
    return element.evaluate(SEEN)


def until_changed(picture):
    """A function that waits until the picture is another than now."""
    before, element = seen(picture), picture.element_handle()

    def wait():
        picture.page.wait_for_function(
            f"([element, before]) => ({SEEN})(element) !== before", arg=[element, before], timeout=20_000
        )

    return wait


def nameless(root):
    """The controls and pictures in an element that have no accessible name."""
    return root.evaluate(NAMELESS)
