"""Any picture comes out of the file as it went in."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dqn_lib.plots.png import png


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([3, 4]), st.integers(0, 255))
def test_another_program_reads_the_same_pixels(height, width, channels, seed):
    pixels = np.random.default_rng(seed).integers(256, size=(height, width, channels), dtype=np.uint8)
    image = Image.open(io.BytesIO(png(pixels)))
    image.load()
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), pixels[..., :3])


def test_its_checksums_are_right():
    data = bytearray(png(np.zeros((3, 5, 3), np.uint8)))
    Image.open(io.BytesIO(data)).verify()
    data[45] ^= 1
    with pytest.raises((SyntaxError, OSError)):
        Image.open(io.BytesIO(data)).verify()


def test_a_diagram_stays_small():
    pixels = np.full((300, 400, 3), 255, np.uint8)
    pixels[::10] = 0
    assert len(png(pixels)) < pixels.size / 50
