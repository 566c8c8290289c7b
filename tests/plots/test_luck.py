"""The picture of luck: a batch's returns, its share with its interval, and the batches before."""

import io

import numpy as np
import pytest
from looking import assert_legible, drawn_texts, labels, title
from matplotlib.colors import same_color
from PIL import Image

from dqn_lib.plots.luck import LuckPicture
from dqn_lib.plots.style import LEARNED, LUCKY
from dqn_lib.statistics import wilson_interval

pytestmark = pytest.mark.slow

RETURNS = np.full(1_000, -200.0)
RETURNS[:5] = [-200, -195, -100, -98, -86]
REACHED = np.arange(1_000) < 5  # one of them in the very last step


@pytest.fixture
def picture():
    luck = LuckPicture(64, 1_000)
    luck.update(24, RETURNS, REACHED)
    return luck


def bar_at(bars, value):
    return next(bar for bar in bars if bar.get_x() <= value < bar.get_x() + bar.get_width())


def test_the_bars_count_who_reached_the_flag_and_apart_from_them_who_did_not(picture):
    assert [bar_at(picture.bars, value).get_height() for value in (-200, -195, -86)] == [1, 1, 1]
    assert bar_at(picture.bars, -100).get_height() == 2
    assert sum(bar.get_height() for bar in picture.bars) == 5
    assert picture.luckless.get_height() == 995
    assert picture.luckless.get_x() + picture.luckless.get_width() == -200
    assert picture.never.get_text() == "995 never get there"
    assert same_color(picture.luckless.get_facecolor(), LUCKY)
    left = picture.figure.axes[0]
    assert left.get_yscale() == "log"
    low, high = left.get_ylim()
    assert low < 1
    assert high > 1_000
    assert left.get_xlim()[0] < -205


def test_the_dot_is_the_share_and_the_bar_its_interval(picture):
    assert picture.dot.get_xydata().tolist() == [[24, 0.5]]
    assert same_color(picture.dot.get_color(), LEARNED)
    across, up = picture.bar.get_data()
    assert list(across) == [24, 24]
    np.testing.assert_allclose(up, 100 * np.array(wilson_interval(5, 1_000)))
    assert picture.dots.get_xydata().shape == (0, 2)


def test_the_batches_before_stay_as_faint_dots_and_the_latest_is_not_among_them(picture):
    picture.update(24, RETURNS, np.arange(1_000) < 20)
    picture.update(32, RETURNS, np.arange(1_000) < 180)
    assert picture.dots.get_xydata().tolist() == [[24, 0.5], [24, 2.0]]
    assert picture.dot.get_xydata().tolist() == [[32, 18.0]]
    assert picture.dots.get_alpha() < 0.5


def test_of_very_many_batches_the_oldest_are_forgotten(picture):
    picture.earlier = [(1, 0.0)] * 1_000
    picture.update(32, RETURNS, REACHED)
    assert len(picture.earlier) == 1_000
    assert picture.earlier[-1] == (32, 0.5)


def test_the_words_say_share_and_interval(picture):
    left, right = picture.figure.axes
    assert title(left) == "Lucky ones: 5, the best returns −86"
    assert title(right) == "Held for 24 steps: 0.5 % reach the flag"
    assert picture.words.get_text() == "95 % interval: 0.2 to 1.2 %"
    assert "5 of 1,000 episodes reach the flag, 0.5 %, 95 % interval 0.2 to 1.2 %" in picture.figure.alt
    assert labels(left) == (
        "return of an episode (minus the steps taken)",
        "episodes, of 1,000 (logarithmic)",
    )
    assert labels(right) == ("steps that each random action is held", "episodes that reach the flag (%)")


def test_without_any_luck_it_says_so(picture):
    picture.update(1, np.full(1_000, -200.0), np.zeros(1_000, dtype=bool))
    assert title(picture.figure.axes[0]) == "Not one is lucky, all return −200"
    assert title(picture.figure.axes[1]) == "Held for 1 step: 0.0 % reach the flag"
    assert not any(bar.get_height() for bar in picture.bars)


def test_the_axis_grows_with_a_share_beyond_it(picture):
    picture.png()
    before = picture.figure.axes[1].get_ylim()[1]
    picture.update(3, RETURNS, np.arange(1_000) < 900)
    assert picture.figure.axes[1].get_ylim()[1] > 100 * wilson_interval(900, 1_000)[1] > before
    with drawn_texts() as texts:
        picture.png()
    assert "100" in [text for text, _ in texts]  # a tick of the new axis, drawn


@pytest.mark.parametrize("arrived", [0, 5, 190, 1_000])
def test_every_text_is_legible_and_the_file_small(arrived):
    picture = LuckPicture(64, 1_000)
    returns = np.where(np.arange(1_000) < arrived, -123.0, -200.0)
    with drawn_texts() as texts:
        for hold in (1, 32, 64):
            texts.clear()
            picture.update(hold, returns, returns > -200)
            picture.settle()
            png = picture.png()
    assert {"Held for 64 steps: " + f"{arrived / 10:.1f} % reach the flag"} < {text for text, _ in texts}
    assert_legible(texts, *picture.figure.bbox.size)
    assert len(png) < 120_000
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    assert (np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]) == 255).all()


def test_a_batch_of_another_size_is_refused(picture):
    with pytest.raises(ValueError, match=r"returns and reached must have the shape \(1000,\), got \(3,\)"):
        picture.update(1, [-200.0] * 3, [False] * 3)
