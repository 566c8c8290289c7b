"""A slider over any list of values: where it stands, who hears of it, and what it refuses."""

import pytest
from traitlets import TraitError

from dqn_lib.widgets.knob import Knob

GAMMAS = [0.5, 0.9, 0.99, 1.0]


def from_the_browser(knob, **state):
    """What the browser sends when somebody moves the slider."""
    data = {"method": "update", "state": state, "buffer_paths": []}
    knob.comm.handle_msg({"content": {"data": data}, "buffers": []})


def test_a_knob_stands_at_its_first_value_or_where_it_was_put():
    assert (Knob("gamma", GAMMAS).value, Knob("gamma", GAMMAS).place) == (0.5, 0)
    knob = Knob("gamma", GAMMAS, 0.99, says="What a reward is worth.")
    assert (knob.value, knob.place, knob.description) == (0.99, 2, "gamma")
    assert (knob.says, knob.disabled) == ("What a reward is worth.", False)


def test_none_is_a_value_like_any_other():
    words = {None: "full speed"}
    knob = Knob("speed", [5, None], None, show=lambda value: words.get(value, f"{value} a second"))
    assert (knob.value, knob.place) == (None, 1)
    assert knob.labels == ["5 a second", "full speed"]
    with pytest.raises(ValueError, match=r"value must be one of 0\.5, .*got None"):
        Knob("gamma", GAMMAS, None)


def test_every_value_has_its_words():
    assert Knob("gamma", GAMMAS).labels == ["0.5", "0.9", "0.99", "1"]
    assert Knob("step", range(0, 20_000, 10_000)).labels == ["0", "10,000"]
    assert Knob("rule", ["soft", "hard"], show=str.upper).labels == ["SOFT", "HARD"]


def test_whoever_listens_hears_the_new_value_once_per_move_wherever_it_was_moved():
    heard = []
    knob = Knob("gamma", GAMMAS, 0.9, turned=heard.append)
    assert heard == []
    knob.value = 1.0
    knob.value = 1.0
    from_the_browser(knob, place=0)
    knob.place = 2
    assert heard == [1.0, 0.5, 0.99]
    assert knob.value == 0.99


@pytest.mark.parametrize("value", [0.6, "0.5", None, 4])
def test_a_value_that_is_not_on_the_knob_is_refused_and_it_stays_where_it_is(value):
    knob = Knob("gamma", GAMMAS, 0.9)
    with pytest.raises(ValueError, match=rf"value must be one of 0\.5, 0\.9, 0\.99, 1\.0, got {value!r}"):
        knob.value = value
    with pytest.raises(ValueError, match="value must be one of"):
        Knob("gamma", GAMMAS, "0.7")
    assert knob.value == 0.9


@pytest.mark.parametrize(("place", "error"), [(-1, ValueError), (4, ValueError), (1.5, TraitError)])
def test_a_place_that_is_not_on_the_knob_is_refused_and_it_stays_where_it_is(place, error):
    knob = Knob("gamma", GAMMAS, 0.9)
    with pytest.raises(error, match="place"):
        knob.place = place
    assert knob.place == 1


def test_a_knob_needs_something_to_choose_from():
    with pytest.raises(ValueError, match="values of the knob 'gamma' must hold at least one value, got none"):
        Knob("gamma", [])


def test_a_knob_that_gets_more_values_stays_at_its_place_and_tells_nobody():
    heard = []
    knob = Knob("step", [0, 500], 500, turned=heard.append)
    knob.extend([0, 500, 1_000])
    assert (knob.value, knob.labels, heard) == (500, ["0", "500", "1,000"], [])
    knob.value = 1_000
    assert heard == [1_000]


def test_a_knob_that_loses_its_place_goes_to_the_last_one_and_says_so():
    heard = []
    knob = Knob("step", [0, 500, 1_000], 1_000, turned=heard.append)
    knob.extend([0, 250])
    assert (knob.value, knob.place, knob.labels, heard) == (250, 1, ["0", "250"], [250])


def test_a_knob_that_would_lose_all_values_is_left_as_it_was():
    knob = Knob("step", [0, 500], 500)
    with pytest.raises(ValueError, match="values must hold at least one value, got none"):
        knob.extend([])
    assert (knob.value, knob.labels) == (500, ["0", "500"])


def test_the_values_are_its_own():
    values = [1, 2]
    knob = Knob("hold", values)
    values.append(3)
    assert len(knob.values) == len(knob.labels) == 2
