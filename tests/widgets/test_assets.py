"""What the browser gets: arrays as bytes, values as shades, and the constants of Python."""

import json
import re

import numpy as np
import pytest

from dqn_lib.plots import style
from dqn_lib.plots.hill import BODY
from dqn_lib.widgets.assets import ABOVE, BLANK, COLOURS, SHADES, esm, read_static, to_message, to_shades


@pytest.mark.parametrize(
    ("dtype", "kind", "raw"),
    [
        (np.uint8, "u1", [1, 2, 200]),
        (np.float32, "f4", [0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 72, 67]),
        (">u2", "u2", [1, 0, 2, 0, 200, 0]),  # in the order that browsers expect
        (">f4", "f4", [0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 72, 67]),
    ],
)
def test_an_array_is_packed_byte_by_byte(dtype, kind, raw):
    assert to_message(np.array([1, 2, 200], dtype)) == {"kind": kind, "shape": [3], "bytes": bytes(raw)}


@pytest.mark.parametrize("shape", [(3,), (0, 2), (2, 1, 2)])
def test_the_shape_is_sent_and_the_last_axis_runs_fastest_however_it_is_stored(shape):
    array = np.arange(np.prod(shape, dtype=int), dtype=np.uint8).reshape(shape)
    one = {"kind": "u1", "shape": list(shape), "bytes": bytes(range(array.size))}
    assert to_message(array) == to_message(np.asfortranarray(array)) == one


@pytest.mark.parametrize("dtype", [float, np.float16, np.int8, np.int64, bool])
def test_numbers_that_the_browser_would_misread_are_refused_by_name(dtype):
    words = f"array must hold uint8, uint16 or float32, got {np.dtype(dtype)}"
    with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
        to_message(np.zeros(3, dtype))


def test_values_get_the_nearest_of_the_shades_from_low_to_high():
    step = 100 / 253  # between two shades
    places = [0, 0.4 * step, 0.6 * step, 49.9, 50.1, 100 - 0.6 * step, 100]
    assert to_shades(np.array(places) - 100, -100, 0).tolist() == [0, 0, 1, 126, 127, 252, 253]


def test_what_lies_below_is_as_dark_as_can_be_and_what_lies_above_has_a_byte_of_its_own():
    values = np.array([[-1e30, -100.1, 0.0], [1e-9, 5.0, 1e30]])
    assert to_shades(values, -100.0, 0.0).tolist() == [[0, 0, 253], [ABOVE, ABOVE, ABOVE]]
    assert to_shades(np.float32([2.9, 3, 3.1]), 0.0, 3.0).tolist() == [245, 253, ABOVE]


def test_what_is_no_number_has_no_shade_and_no_warning_is_given():
    values = np.array([np.nan, np.inf, -np.inf, -50.0])
    assert to_shades(values, -100, 0).tolist()[:3] == [BLANK] * 3
    assert to_shades(values, -100, 0)[3] < SHADES


def test_every_shade_has_a_colour_and_nothing_has_none():
    assert (ABOVE, BLANK) == (SHADES, 255)
    for name in ("values", "density"):
        colours = COLOURS[name]
        assert len(colours) == ABOVE + 1
        assert all(re.fullmatch("#[0-9a-f]{6}", colour.lower()) for colour in colours)
    assert COLOURS["values"][ABOVE] not in COLOURS["values"][:ABOVE]
    assert len(COLOURS["actions"]) == len(COLOURS["preferences"]) == 4


def test_a_module_begins_with_the_constants_of_python():
    constants = {}
    for line in esm("live.js", "panel.js").splitlines()[:3]:
        name, _, value = line.removeprefix("const ").removesuffix(";").partition(" = ")
        constants[name] = json.loads(value)
    assert constants["COLOURS"] == json.loads(json.dumps(COLOURS))
    assert np.array_equal(constants["CAR"]["body"], BODY)  # as in the films
    world = constants["WORLD"]
    assert (world["goalPosition"], world["maxSpeed"], world["maxSteps"]) == (0.5, 0.07, 200)


@pytest.mark.parametrize("name", ["learned", "optimal", "solved", "random", "trail", "target"])
def test_a_colour_means_the_same_in_a_widget_as_in_a_picture(name):
    assert f"--{name}: {getattr(style, name.upper()).lower()};" in read_static("widgets.css")
