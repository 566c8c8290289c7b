"""A ruler names its marks so that each can be read, whatever the numbers."""

import numpy as np
import pytest
from looking import assert_whole
from matplotlib.axes import Axes

from dqn_lib.plots.curves import MOUNTAIN_CAR, ReferenceReturns, learning_curve
from dqn_lib.training import Check, TrainingLog

RULERS = {
    "car": MOUNTAIN_CAR,
    "pole": ReferenceReturns(24, 475, 500, "limit"),
    "acrobot": ReferenceReturns(-497, -100, -69, "best published"),
    "parking": ReferenceReturns(-79, -17, -14, "by hand"),
    "far": ReferenceReturns(0.0, 0.5, 1.0),
}


def drawn(ruler: ReferenceReturns) -> Axes:
    picture = learning_curve(TrainingLog(), ruler=ruler)
    assert_whole(picture)
    return picture.axes[0]


@pytest.mark.parametrize("name", RULERS)
def test_no_name_covers_another_and_all_are_on_the_picture(name):
    ax = drawn(RULERS[name])
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) == 3
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[number + 1 :])


@pytest.mark.parametrize("name", RULERS)
def test_the_axis_holds_all_marks_with_room_to_spare(name):
    ruler = RULERS[name]
    low, high = drawn(ruler).get_ylim()
    assert low < ruler.luck < ruler.threshold < ruler.best < high


def test_the_words_name_the_marks():
    assert RULERS["acrobot"].words == "Luck is -497, solved is -100, the best published is -69."
    assert [name for _, _, name in RULERS["pole"].marks] == ["500 limit", "475 solved", "24 luck"]


def test_what_is_worse_than_luck_is_on_the_picture_too():
    log = TrainingLog()
    log.checks.append(Check(0, np.array([-100.0]), None))
    low, _ = learning_curve(log, ruler=RULERS["parking"]).axes[0].get_ylim()
    assert low < -100
