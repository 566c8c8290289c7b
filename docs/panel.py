"""The moving picture in the README: the training panel in use, in a real browser.

python docs/panel.py
"""

import io
import sys
import time
from itertools import pairwise
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))
from jupyter_browser import Lab

CELL = """
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.widgets.panel import TrainingPanel

env = mountain_car.make()
panel = TrainingPanel(env, DQNAgent(env, seed=2), show=["curve", "values", "policy", "memory", "car"])
panel.speed = 3  # 2,000 steps a second
panel
"""
WIDTH = 800  # pixels
COLOURS = 127  # and one for what stays as it is
EVERY = 0.15  # seconds
LENGTH = 10.4
GESTURES = [(0.6, "Train"), (5.0, "ArrowLeft"), (5.4, "ArrowLeft"), (5.8, "ArrowLeft"), (9.7, "Pause")]


def act(page: Page, gesture: str) -> None:
    """Press a button, or a key on the slider for gamma."""
    if gesture.startswith("Arrow"):
        page.get_by_role("slider", name="gamma").press(gesture)
    else:
        page.get_by_role("button", name=gesture, exact=True).first.click()


def record(page: Page) -> tuple[list[Image.Image], list[int]]:
    """Pictures of the panel, and for how many milliseconds each is to be seen."""
    clip = page.locator(".dqn-panel").bounding_box()
    frames, times, coming = [], [], list(GESTURES)
    began = time.monotonic()
    while (passed := time.monotonic() - began) < LENGTH:
        if coming and passed >= coming[0][0]:
            act(page, coming.pop(0)[1])
        times.append(time.monotonic())
        frames.append(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"))
        page.wait_for_timeout(max(0.0, 1000 * (times[-1] + EVERY - time.monotonic())))
    lasts = [round(1000 * (after - now)) for now, after in pairwise(times)]
    return frames, [*lasts, 1_300]


def palette(frames: list[Image.Image]) -> Image.Image:
    """The colours that all frames share."""
    some = frames[:: max(1, len(frames) // 8)]
    sheet = Image.new("RGB", (some[0].width, some[0].height * len(some)))
    for row, frame in enumerate(some):
        sheet.paste(frame, (0, row * frame.height))
    return sheet.quantize(COLOURS, Image.Quantize.MEDIANCUT, kmeans=3)


def main() -> None:
    """Write `docs/panel.gif`."""
    with Lab() as lab, lab.browse(width=1400, height=1300) as page:
        notebook = lab.open(page, [CELL])
        page.keyboard.press("Control+b")  # the side bar
        notebook.run(0)
        page.wait_for_timeout(2_000)
        frames, lasts = record(page)
        assert not notebook.red_boxes()
    size = WIDTH, round(frames[0].height * WIDTH / frames[0].width)
    frames = [frame.resize(size, Image.Resampling.LANCZOS) for frame in frames]
    shared = palette(frames)
    first, *rest = (frame.quantize(palette=shared, dither=Image.Dither.NONE) for frame in frames)
    file = Path(__file__).with_name("panel.gif")
    first.save(file, save_all=True, append_images=rest, duration=lasts, loop=0, disposal=1)
    print(f"{len(frames)} frames, {sum(lasts) / 1000:.1f} s, {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
