"""The drawing of a network: every layer is in it, and every number is counted."""

import pytest
from looking import assert_whole, title, words

from dqn_lib.agents.backend import keras
from dqn_lib.plots.networks import LARGEST, network_drawing
from dqn_lib.plots.style import LEARNED


@pytest.mark.parametrize("sizes", [(2, 64, 64, 3), (2, 3), (1, 8, 300, 1)])
def test_every_layer_is_drawn_and_its_numbers_are_counted_as_keras_counts_them(sizes):
    picture = network_drawing(sizes)
    layers = [keras.layers.Dense(size) for size in sizes[1:]]
    network = keras.Sequential([keras.Input((sizes[0],)), *layers])
    (ax,) = picture.axes
    units = [len(line.get_ydata()) for line in ax.lines if line.get_color() == LEARNED]
    assert units == [min(size, LARGEST) for size in sizes]
    assert title(ax).startswith(f"{network.count_params():,} numbers")
    for size, text in zip(sizes, words(ax.texts), strict=False):
        assert text.startswith(f"{size} ")
    for layer, text in zip(layers, words(ax.texts)[len(sizes) :], strict=True):
        assert text.endswith(f"= {layer.count_params():,}")
    assert_whole(picture)


def test_the_network_of_the_lessons_in_words():
    alt = network_drawing([2, 64, 64, 3]).alt
    assert "layers of 2 to 64 to 64 to 3 units. 2 × 64 weights + 64 biases = 192; " in alt
    assert "64 × 64 weights + 64 biases = 4,160; 64 × 3 weights + 3 biases = 195" in alt


@pytest.mark.parametrize("sizes", [[], [3], [2, 0]])
def test_what_is_no_network_is_refused(sizes):
    with pytest.raises(ValueError, match="sizes must be of at least two layers"):
        network_drawing(sizes)
