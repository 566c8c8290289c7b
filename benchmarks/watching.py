"""What the training panel costs a run, and how quickly it reacts and pauses."""

import statistics
import time
from typing import Any

import numpy as np
import psutil
from jupyter_browser import Lab, Notebook
from latency import SETUP, SIZE, latencies

ROUNDS = 7
PAUSES = 10
FIRST, LAST = 2_000, 20_000  # steps between which the speed is taken: it learns, at one pace
PANEL = """
from dqn_lib.widgets.panel import TrainingPanel

panel = TrainingPanel(env, DQNAgent(env, seed=1))
stopped, passed, largest, callback = [], [], [0], panel.run.callback

def note_and_call():
    if not panel.run.running:
        stopped.append(time.time())
    if len(passed) < 2 and panel.run.agent.steps >= milestones[len(passed)]:
        passed.append((time.perf_counter(), panel.run.agent.steps))
    callback()

panel.run.callback = note_and_call
panel.observe(lambda change: largest.append(max(largest.pop(), size(change["new"]))), "snapshot")
panel
"""
SPEED = "(passed[1][1] - passed[0][1]) / (passed[1][0] - passed[0][0])"
ALONE = f"""
passed.clear()
agent, log = DQNAgent(env, seed=1), TrainingLog()
agent.compile()
for episode in log.record(train(env, agent, steps={LAST + 500}), agent, env, every=500):
    if len(passed) < 2 and episode.step >= milestones[len(passed)]:
        passed.append((time.perf_counter(), episode.step))
"""
# Every snapshot paints all of the panel's pictures.
COUNT = """
async (seconds) => {
  let count = 0;
  const observer = new MutationObserver(() => count++);
  observer.observe(document.querySelector(".dqn-panel"), { attributeFilter: ["data-snapshot"] });
  const start = performance.now();
  await new Promise((done) => setTimeout(done, 1000 * seconds));
  observer.disconnect();
  return (1000 * count) / (performance.now() - start);
}
"""


def press(notebook: Notebook, text: str) -> None:
    """Click a button of the panel."""
    notebook.page.get_by_role("button", name=text, exact=True).first.click()


def train_until(notebook: Notebook, steps: int) -> None:
    """Train from the first step to at least this one."""
    press(notebook, "Reset")
    press(notebook, "Train")
    notebook.wait_for(f"panel.run.agent.steps >= {steps}", 120)


def speeds(notebook: Notebook) -> dict[str, Any]:
    """Steps a second without the panel and with it, by turns, and how often a browser shows each picture."""
    alone, watched, pictures = [], [], []
    notebook.do(f"milestones, panel.run.limit = ({FIRST}, {LAST}), {LAST + 500}")
    for _ in range(ROUNDS):
        notebook.do(ALONE, 300)
        alone.append(float(notebook.ask(SPEED)))
        notebook.do("passed.clear()")
        train_until(notebook, FIRST)
        pictures.append(notebook.page.evaluate(COUNT, 1.0))
        # The page is asked, not the kernel, which has something else to do.
        notebook.page.get_by_text("Reset starts another run").wait_for(timeout=120_000)
        watched.append(float(notebook.ask(SPEED)))
    notebook.do("panel.run.limit = 100_000")
    slower = [1 - two / one for one, two in zip(alone, watched, strict=True)]
    return {
        "each_picture_per_second": round(statistics.median(pictures), 1),
        "steps_per_second_alone": round(statistics.median(alone)),
        "steps_per_second_watched": round(statistics.median(watched)),
        "slowdown": round(statistics.median(slower), 3),
        "largest_look_kilobytes": round(int(notebook.ask("largest[0]")) / 1000, 1),
        "rounds": {"alone": [round(one) for one in alone], "watched": [round(one) for one in watched]},
    }


def knob(notebook: Notebook) -> dict[str, float]:
    """Milliseconds from a key on gamma until its mark is on the curve, at full speed."""
    train_until(notebook, FIRST)
    found = latencies(notebook, 1, "gamma", ".dqn-changes")
    press(notebook, "Pause")
    return found


def pauses(notebook: Notebook) -> dict[str, float]:
    """Milliseconds from a click on Pause until the run no longer advances."""
    button = notebook.page.get_by_role("button", name="Pause", exact=True).first
    button.evaluate(
        "e => e.addEventListener('click', () => (window.clicked = Date.now()), { capture: true })"
    )
    times = []
    train_until(notebook, FIRST)
    for _ in range(PAUSES):
        button.click()
        notebook.wait_for("not panel.run.running")
        stopped = float(notebook.ask("stopped[-1]"))
        times.append(1000 * stopped - notebook.page.evaluate("window.clicked"))
        press(notebook, "Train")
        notebook.page.wait_for_timeout(400)
    button.click()
    return {"median": round(statistics.median(times)), "max": round(max(times))}


def memory(notebook: Notebook, minutes: float) -> dict[str, Any]:
    """Resident memory of the kernel while one run after the other is watched, in MB."""
    kernel = psutil.Process(int(notebook.ask("__import__('os').getpid()")))
    press(notebook, "Train")
    began, samples = time.monotonic(), []
    while (passed := time.monotonic() - began) < 60 * minutes:
        samples.append((passed / 60, kernel.memory_info().rss / 1e6))
        if notebook.ask("panel.run.at_limit") == "True":
            press(notebook, "Reset")
            press(notebook, "Train")
        notebook.page.wait_for_timeout(5_000)
    press(notebook, "Pause")
    settled = [(when, rss) for when, rss in samples if when >= 1.0] or samples
    slope = np.polyfit(*zip(*settled, strict=True), 1)[0] if len(settled) > 1 else 0.0
    return {
        "minutes": minutes,
        "first_mb": round(settled[0][1]),
        "last_mb": round(settled[-1][1]),
        "peak_mb": round(max(rss for _, rss in samples)),
        "slope_mb_per_minute": round(float(slope), 2),
    }


def watching(lab: Lab, page: Any, minutes: float) -> dict[str, Any]:
    """Everything about the training panel."""
    notebook = lab.open(page, [SETUP, PANEL], "panel.ipynb")
    notebook.run(0)
    notebook.do(SIZE)
    notebook.run(1)
    page.wait_for_timeout(2_000)
    found = speeds(notebook)
    found["knob_ms"] = knob(notebook)
    found["pause_ms"] = pauses(notebook)
    found["memory"] = memory(notebook, minutes)
    complaints = notebook.red_boxes()
    notebook.shut_down()
    assert not complaints, complaints
    return found
