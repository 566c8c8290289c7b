"""How soon what a page paints follows a key on a slider, also while the kernel runs a cell."""

import statistics
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
for _ in log.record(train(env, agent, episodes=150), agent, env, every=500):
    pass
"""
STRIP = """
import numpy as np
from dqn_lib.exploration import EpsilonGreedy
from dqn_lib.plots.episodes import exploration_strip
from dqn_lib.widgets.sliders import interact

def show(epsilon, hold):
    explorer = EpsilonGreedy(actions=3, rng=np.random.default_rng(0))
    choices = [explorer.explore(epsilon, hold) for _ in range(200)]
    return exploration_strip([-1 if choice is None else choice for choice in choices])

interact(show, epsilon=np.linspace(0, 1, 21).round(2), hold=range(1, 33), start={"epsilon": 0.3})
"""
SLIDERS = {  # a widget's cell, the slider that is moved, and what of its pictures changes at each move
    "gamma glasses": (
        "from dqn_lib.widgets.gamma_glasses import GammaGlasses\nGammaGlasses()",
        "gamma",
        ".dqn-checks",
    ),
    "luck explorer": (
        "from dqn_lib.widgets.luck_explorer import LuckExplorer\nLuckExplorer(hold=24)",
        "hold",
        ".dqn-interval",
    ),
    "time machine": (
        "from dqn_lib.widgets.time_machine import TimeMachine\nTimeMachine(log.checks)",
        "training step",
        ".dqn-checks",
    ),
    "microscope": (
        "from dqn_lib.widgets.microscope import ReplayMicroscope\nReplayMicroscope(agent)",
        "steps ago",
        ".dqn-first",
    ),
    "explore": (STRIP, "hold", ".dqn-drawn"),  # the only one whose picture the kernel draws
}
# From a key to the end of the frame in which what it changes is painted: what is changed while a frame is
# being made (`framing`) is in that frame, other changes are in the next one.
WATCH = """
([slider, changing]) => {
  if (window.framing === undefined) {
    const loop = () => {
      window.framing = true;
      setTimeout(() => (window.framing = false));
      requestAnimationFrame(loop);
    };
    loop();
  }
  const note = (event) => (window.pressed = event.timeStamp);
  slider.addEventListener("keydown", note, { once: true, capture: true });
  const changed = new Promise((done) => {
    const observer = new MutationObserver(() => { observer.disconnect(); done(); });
    observer.observe(changing, { attributes: true, childList: true });
  });
  const painted = () => new Promise((done) =>
    window.framing ? setTimeout(done) : requestAnimationFrame(() => setTimeout(done)));
  window.latency = changed.then(painted).then(() => performance.now() - window.pressed);
}
"""


def latencies(notebook: Notebook, cell: int, name: str, changing: str) -> dict[str, float]:
    """Milliseconds from a key on a slider until what it changes is painted."""
    output = notebook.cell(cell).locator(".jp-OutputArea").first
    slider = output.get_by_role("slider", name=name, exact=True).first
    picture = output.locator(changing).first.element_handle()
    slider.focus()
    last, key, times = int(slider.get_attribute("max")), "ArrowRight", []
    for _ in range(MOVES):
        key = {0: "ArrowRight", last: "ArrowLeft"}.get(int(slider.input_value()), key)
        notebook.page.evaluate(WATCH, [slider.element_handle(), picture])
        notebook.page.keyboard.press(key)
        times.append(notebook.page.evaluate("window.latency"))
        notebook.page.wait_for_timeout(100)
    return {
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(float(np.percentile(times, 95)), 1),
    }


def sliders(lab: Lab, page: Any) -> dict[str, dict[str, Any]]:
    """The latencies of every slider, idle and while a cell runs, and how much data each widget was sent."""
    codes = [code for code, *_ in SLIDERS.values()]
    notebook = lab.open(page, [SETUP + TRAINED, *codes, "time.sleep(3_600)"], "sliders.ipynb")
    notebook.run(0, 300)
    notebook.do(SIZE)
    found: dict[str, dict[str, Any]] = {}
    for cell, (widget, (_, name, changing)) in enumerate(SLIDERS.items(), start=1):
        notebook.run(cell)
        page.wait_for_timeout(2_000)
        found[widget] = {
            "kilobytes": round(float(notebook.ask("size(Out[max(Out)].get_state()) / 1000"))),
            "idle": latencies(notebook, cell, name, changing),
        }
    notebook.run(len(SLIDERS) + 1, wait=False)
    for cell, (widget, (_, name, changing)) in enumerate(SLIDERS.items(), start=1):
        found[widget]["while a cell runs"] = latencies(notebook, cell, name, changing)
    notebook.interrupt()
    notebook.shut_down()
    return found


SIZE = """
def size(value):
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, dict):
        return sum(size(key) + size(one) for key, one in value.items() if key != "_esm" and key != "_css")
    return sum(map(size, value)) if isinstance(value, (list, tuple)) else len(str(value))
"""
