"""Videos: real H.264 with every frame in it, small, and showing what moved."""

import numpy as np
import pytest
from looking import decode
from matplotlib.figure import Figure

from dqn_lib import mountain_car
from dqn_lib.plots.drive import REST, drive
from dqn_lib.plots.video import film

pytestmark = pytest.mark.slow

RIGHT = np.array([0.0, 0.0, 1.0])


def always_right(states):
    return np.broadcast_to(RIGHT, (*np.shape(states)[:-1], 3))


def with_the_motion(states):
    velocity = np.asarray(states)[..., 1]
    return np.stack([velocity < 0, np.zeros(velocity.shape), velocity >= 0], axis=-1).astype(float)


def test_the_drive_has_a_frame_for_every_step_and_is_small(tmp_path):
    video = drive(with_the_motion)
    steps = mountain_car.simulate(lambda s: with_the_motion(s).argmax(-1), [[-0.5, 0.0]]).lengths[0]
    facts, frames = decode(video, tmp_path)
    assert facts["codec"] == "h264"
    assert len(frames) == steps + 1 + REST
    assert len(video.mp4) < 200_000
    assert f"The flag after {steps} steps" in video.alt


def test_the_car_moves_across_the_left_half(tmp_path):
    _, frames = decode(drive(with_the_motion), tmp_path)
    half = frames[0].shape[1] // 2
    changed = [
        int((np.abs(frame[:, :half].astype(int) - frames[0][:, :half]) > 60).sum()) for frame in frames
    ]
    assert changed[0] == 0
    assert min(changed[20:]) > 500  # car and counter are elsewhere from then on


def test_a_car_that_never_arrives_is_filmed_until_the_time_limit():
    assert "The time limit after 200 steps" in drive(always_right).alt


def test_a_video_shows_itself_with_a_text():
    html = drive(with_the_motion)._repr_html_()
    assert html.startswith("<video controls")
    assert 'aria-label="The car on its hill' in html


def test_an_odd_size_is_refused_in_words():
    figure = Figure(figsize=(1.01, 1), dpi=100)
    with pytest.raises(ValueError, match=r"figure must be an even number of pixels .* got \(101, 100\)"):
        film(figure, [], [], lambda frame: None, alt="")
