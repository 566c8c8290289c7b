"""How soon a picture in the browser follows a key on a slider."""

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from jupyter_browser import Lab, Notebook

MOVES = 40
SETUP = """
import time
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.training import TrainingLog, train
env = mountain_car.make()
"""
TRAINED = """
agent, log = DQNAgent(env, seed=1), TrainingLog()
for _ in log.record(train(env, agent, steps=20_000), agent, env, every=500):
    pass
"""
STRIP = """
import numpy as np
from dqn_lib.exploration import EpsilonGreedy
from dqn_lib.plots.strip import exploration_strip
from dqn_lib.widgets.explore import explore

def show(epsilon, hold):
    explorer = EpsilonGreedy(actions=3, rng=np.random.default_rng(0))
    choices = [explorer.explore(epsilon, hold) for _ in range(200)]
    return exploration_strip([-1 if choice is None else choice for choice in choices])

explore(show, epsilon=np.linspace(0, 1, 21).round(2), hold=range(1, 33), start={"epsilon": 0.3})
"""
SLIDERS = {  # a widget's cell, and the slider that is moved
    "gamma glasses": ("from dqn_lib.widgets.gamma_glasses import GammaGlasses\nGammaGlasses()", "gamma"),
    "luck explorer": ("from dqn_lib.widgets.luck import LuckExplorer\nLuckExplorer(hold=24)", "hold"),
    "time machine": (
        "from dqn_lib.widgets.time_machine import TimeMachine\nTimeMachine(log.checks)",
        "training step",
    ),
    "microscope": (
        "from dqn_lib.widgets.microscope import ReplayMicroscope\nReplayMicroscope(agent)",
        "steps ago",
    ),
    "chase": (
        "from dqn_lib.widgets.chase import ChaseRange\nChaseRange(agent, [-0.5, 0.0], -40.0, limit=16)",
        "period",
    ),
    "explore": (STRIP, "hold"),
}
# From a key to the frame in which all of these pictures are new.
WATCH = """
([slider, pictures]) => {
  slider.addEventListener("keydown", () => (window.pressed = performance.now()), { once: true });
  const next = (picture) => new Promise((changed) => {
    const observer = new MutationObserver(() => { observer.disconnect(); changed(); });
    observer.observe(picture, { attributeFilter: ["data-number"] });
  });
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const all = Promise.all(pictures.map(next)).then(painted);
  window.latency = all.then(() => performance.now() - window.pressed);
}
"""


def latencies(
    notebook: Notebook, cell: int, name: str, pictures: Sequence[str] | None = None
) -> dict[str, float]:
    """Milliseconds from a key on an idle slider until all its pictures are new and painted."""
    output = notebook.cell(cell).locator(".jp-OutputArea").first
    slider = output.get_by_role("slider", name=name, exact=True).first
    shown = [one.element_handle() for one in output.locator("img").all()]
    shown = [one for one in shown if not pictures or one.get_attribute("alt").startswith(tuple(pictures))]
    slider.focus()
    last, key, times = int(slider.get_attribute("max")), "ArrowRight", []
    for _ in range(MOVES):
        place = int(slider.input_value())
        key = {0: "ArrowRight", last: "ArrowLeft"}.get(place, key)
        notebook.page.evaluate(WATCH, [slider.element_handle(), shown])
        notebook.page.keyboard.press(key)
        times.append(notebook.page.evaluate("window.latency"))
        notebook.page.wait_for_timeout(250)
    return {"median_ms": round(statistics.median(times)), "p95_ms": round(float(np.percentile(times, 95)))}


def idle(lab: Lab, page: Any) -> dict[str, dict[str, float]]:
    """The latencies of every slider that draws."""
    notebook = lab.open(page, [SETUP + TRAINED, *(code for code, _ in SLIDERS.values())], "sliders.ipynb")
    notebook.run(0, 120)
    found = {}
    for cell, (widget, (_, name)) in enumerate(SLIDERS.items(), start=1):
        notebook.run(cell)
        page.wait_for_timeout(2_000)
        found[widget] = latencies(notebook, cell, name)
    complaints = notebook.red_boxes()
    notebook.shut_down()
    assert not complaints, complaints
    return found
