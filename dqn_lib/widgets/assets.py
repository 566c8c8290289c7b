"""What the browser gets: one JavaScript module, one style sheet, and the constants of the Python side.

A widget's module has to be self-contained, so the files it is made of are joined into one text. The
numbers and colours that they share with Python are put in front as `WORLD` and `COLOURS`, so that both
sides read the same declaration.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.plots.maps import PREFERENCES
from dqn_lib.plots.style import ACTIONS, DENSITY, TRAIL, VALUES

FOLDER = Path(__file__).parent / "static"
SHADES = 254  # of a map
ABOVE, NOTHING = SHADES, SHADES + 1  # the bytes for what lies above them, and for what has no colour
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


def shades(name: str) -> list[str]:
    """The colours of one of Matplotlib's maps, from the lowest value to the highest."""
    return [to_hex(colour) for colour in colormaps[name](np.linspace(0, 1, SHADES))]


COLOURS = {
    "actions": [*ACTIONS, "#ffffff"],
    "preferences": PREFERENCES,
    "values": [*shades(VALUES), TRAIL],
    "density": [*shades(DENSITY), shades(DENSITY)[-1]],
}
COMMON = ("plot.js", "arrays.js", "plane.js", "curve.js", "hill.js", "controls.js")


def read_static(*names: str) -> str:
    """The files `names` of this folder as one text.

    A widget class gets text, not a path: given a path, anywidget keeps every widget of the class for ever, so
    as to tell it when the file changes.
    """
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def esm(*names: str) -> str:
    """What all widgets share and the JavaScript files `names`, the last one with its default export."""
    constants = f"const WORLD = {json.dumps(WORLD)};\nconst COLOURS = {json.dumps(COLOURS)};\n"
    return constants + read_static(*COMMON, *names)


def to_message(array: NDArray) -> dict[str, Any]:
    """An array for the browser: bytes, 16-bit numbers or single floats, as its dtype says."""
    kind = array.dtype.str[1:]
    if kind not in ("u1", "u2", "f4"):
        raise TypeError(f"array must hold uint8, uint16 or float32, got {array.dtype}")
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return {"kind": kind, "shape": list(array.shape), "bytes": little.tobytes()}


def to_shades(values: NDArray, low: float, high: float) -> NDArray[np.uint8]:
    """The shade of each value on a map from `low` to `high`; what lies above it is told apart."""
    with np.errstate(invalid="ignore", over="ignore"):
        shades = np.rint((values - low) * ((SHADES - 1) / (high - low))).clip(0, SHADES - 1).astype(np.uint8)
    shades[values > high] = ABOVE
    shades[~np.isfinite(values)] = NOTHING
    return shades
