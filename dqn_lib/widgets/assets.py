"""What the browser gets: a JavaScript module, a style sheet, and constants that it shares with Python.

A widget's module has to be self-contained, so its files are joined into one text. In front stand, as
`WORLD`, `CAR` and `COLOURS`, the numbers and colours that both sides use.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.plots.hill import BODY, EXHAUST, FLAG, POLE, WHEELS
from dqn_lib.plots.maps import PREFERENCES
from dqn_lib.plots.style import ACTIONS, DENSITY, TRAIL, VALUES

FOLDER = Path(__file__).parent / "static"
SHADES = 254  # colours of a map
ABOVE, BLANK = SHADES, SHADES + 1  # bytes for values above the map's limit, and for no value at all
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
CAR = {"body": BODY, "wheels": WHEELS, "exhaust": EXHAUST, "pole": POLE, "flag": FLAG}


def colormap_colours(name: str) -> list[str]:
    """The colours of a Matplotlib colormap, from the lowest value to the highest."""
    return [to_hex(colour) for colour in colormaps[name](np.linspace(0, 1, SHADES))]


COLOURS = {
    "actions": [*ACTIONS, "#ffffff"],
    "preferences": PREFERENCES,
    "values": [*colormap_colours(VALUES), TRAIL],
    "density": [*colormap_colours(DENSITY), colormap_colours(DENSITY)[-1]],
}
COMMON = ("plot.js", "arrays.js", "plane.js", "curve.js", "hill.js", "controls.js")


def read_static(*names: str) -> str:
    """The files `names` of the folder `static` as one text.

    Widget classes get text, not a path: given a path, anywidget keeps every widget of the class alive, to
    notify it when the file changes.
    """
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def esm(*names: str) -> str:
    """A module from what all widgets share and the files `names`; the last one has the default export."""
    shared = {"WORLD": WORLD, "CAR": CAR, "COLOURS": COLOURS}
    constants = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in shared.items())
    return constants + read_static(*COMMON, *names)


def to_message(array: NDArray) -> dict[str, Any]:
    """An array packed for the browser.

    Raises:
        TypeError: unless its dtype is uint8, uint16 or float32.
    """
    kind = array.dtype.str[1:]
    if kind not in ("u1", "u2", "f4"):
        raise TypeError(f"array must hold uint8, uint16 or float32, got {array.dtype}")
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return {"kind": kind, "shape": list(array.shape), "bytes": little.tobytes()}


def to_shades(values: NDArray, low: float, high: float) -> NDArray[np.uint8]:
    """The shade of each value between `low` and `high`: a byte; values above `high` get one of their own."""
    with np.errstate(invalid="ignore", over="ignore"):
        shades = np.rint((values - low) * ((SHADES - 1) / (high - low))).clip(0, SHADES - 1).astype(np.uint8)
    shades[values > high] = ABOVE
    shades[~np.isfinite(values)] = BLANK
    return shades
