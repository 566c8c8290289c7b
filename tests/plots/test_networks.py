"""What lesson 3 shows of a network: its drawing, one of its units, its errors in comparable colours."""

import numpy as np
import pytest
from looking import assert_whole

from dqn_lib.agents.backend import keras
from dqn_lib.plots.maps import compare_values, value_map
from dqn_lib.plots.networks import LARGEST, network_drawing
from dqn_lib.plots.style import LEARNED


def drawn_units(picture):
    """How many units are drawn of each layer, from left to right."""
    return [len(line.get_ydata()) for line in picture.axes[0].lines if line.get_color() == LEARNED]


@pytest.mark.parametrize("sizes", [(2, 64, 64, 3), (2, 3), (4, 9, 2), (1, 8, 300, 1)])
def test_every_layer_is_drawn_and_its_numbers_are_counted_as_keras_counts_them(sizes):
    picture = network_drawing(sizes)
    layers = [keras.layers.Dense(size) for size in sizes[1:]]
    network = keras.Sequential([keras.Input((sizes[0],)), *layers])
    assert drawn_units(picture) == [min(size, LARGEST) for size in sizes]
    assert picture.axes[0].get_title(loc="left").startswith(f"{network.count_params():,} numbers")
    texts = [text.get_text() for text in picture.axes[0].texts]
    for layer in layers:
        assert any(text.endswith(f"= {layer.count_params():,}") for text in texts)
    for size in sizes:
        assert any(text.startswith(f"{size} ") for text in texts)


def test_the_network_of_the_lessons_in_words():
    picture = network_drawing([2, 64, 64, 3])
    assert "layers of 2 to 64 to 64 to 3 units. 2 × 64 weights + 64 biases = 192; " in picture.alt
    assert "64 × 64 weights + 64 biases = 4,160; 64 × 3 weights + 3 biases = 195" in picture.alt
    assert_whole(picture)


@pytest.mark.parametrize("sizes", [[], [3], [2, 0], [2, -1, 3]])
def test_what_is_no_network_is_refused(sizes):
    with pytest.raises(ValueError, match="sizes must be of at least two layers"):
        network_drawing(sizes)


def three_times(values):
    return np.stack([values] * 3, axis=-1)


def test_the_map_of_something_else_than_values_says_what_it_shows():
    ramp = value_map(
        lambda states: three_times(states[..., 0] + 1.2), limits=(0, 2), label="output of the unit"
    )
    assert ramp.axes[1].get_ylabel() == "output of the unit"
    assert ramp.alt.startswith("Map of output of the unit over position and velocity")
    assert_whole(ramp)


@pytest.mark.parametrize(("largest", "ends"), [(15.0, 15.0), (None, 2.0)])
def test_errors_of_several_networks_can_have_the_same_colours_and_their_means_are_shown(largest, ends):
    def exact(states):
        return three_times(states[..., 0])

    picture = compare_values(lambda states: exact(states) - 2.0, exact, largest_error=largest)
    (errors,) = (ax for ax in picture.axes if ax.get_title(loc="left") == "Learned minus exact")
    assert errors.images[0].get_clim() == pytest.approx((-ends, ends))
    assert picture.axes[-1].get_ylabel() == "error of the value (2.0 on average)"
    assert_whole(picture)
