"""What the browser gets: one JavaScript module, one style sheet, and the constants of the Python side.

A widget's module has to be self-contained, so the files it is made of are joined into one text. The
numbers and colours that they share with Python are put in front as `WORLD` and `COLOURS`, so that both
sides read the same declaration.
"""

import json
from pathlib import Path

from dqn_lib import mountain_car as car
from dqn_lib.plots.style import ACTIONS, INK

FOLDER = Path(__file__).parent
WORLD = {
    "minPosition": car.MIN_POSITION,
    "maxPosition": car.MAX_POSITION,
    "maxSpeed": car.MAX_SPEED,
    "goalPosition": car.GOAL_POSITION,
    "goalVelocity": car.GOAL_VELOCITY,
    "startPositions": car.START_POSITIONS,
    "force": car.FORCE,
    "gravity": car.GRAVITY,
    "maxSteps": car.MAX_STEPS,
}
COLOURS = {"ink": INK, "ground": "#D9D4C7", "actions": ACTIONS}  # the ground as in the films


def text_of(*names: str) -> str:
    """The files `names` of this folder as one text.

    A widget class gets text, not a path: given a path, anywidget keeps every widget of the class for ever, so
    as to tell it when the file changes.
    """
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def module(*names: str) -> str:
    """The JavaScript files `names` of this folder as one module, the last one with its default export."""
    return f"const WORLD = {json.dumps(WORLD)};\nconst COLOURS = {json.dumps(COLOURS)};\n{text_of(*names)}"
