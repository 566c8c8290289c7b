"""The knobs of an agent's settings: which values they offer, and in which words."""

import re
from dataclasses import fields, replace

import pytest

from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.widgets.settings import setting_knob


def live(config):
    return [spec.name for spec in fields(config) if spec.metadata["live"]]


EVERY = [(config, name) for config in (DQNConfig(), TableConfig()) for name in live(config)]
each = pytest.mark.parametrize(("config", "name"), EVERY, ids=lambda one: str(one).partition("(")[0])
UNUSUAL = {
    "epsilon": 1 / 3,
    "gamma": 0.123456789,
    "learning_rate": 3e-6,
    "tau": 0,
    "target_period": 31,
    "hold": 7,
}


def knob(config, name, turned=lambda value: None):
    return setting_knob(config, name, turned)


@each
def test_every_live_setting_has_a_knob_that_stands_where_the_setting_is(config, name):
    one = knob(config, name)
    assert one.value == getattr(config, name)
    assert one.description == name.replace("_", " ")
    assert one.says == next(spec.metadata["says"] for spec in fields(config) if spec.name == name)


@each
def test_every_value_is_allowed_and_they_stand_in_order(config, name):
    values = knob(config, name).values
    for value in values:
        assert getattr(config.change_live(**{name: value}), name) == value
    numbers = [value for value in values if value is not None]
    if name == "target_update":
        assert numbers == ["none", "hard", "soft"]
    else:
        assert numbers == sorted(set(numbers)) and len(numbers) >= 10


@each
def test_a_value_that_is_not_among_the_usual_ones_gets_its_place_among_them(config, name):
    if name in UNUSUAL:
        usual = knob(config, name)
        unusual = knob(replace(config, **{name: UNUSUAL[name]}), name)
        assert unusual.value == UNUSUAL[name]
        assert len(unusual.values) == len(usual.values) + (UNUSUAL[name] not in usual.values)
        assert set(usual.values) <= set(unusual.values)


@each
@pytest.mark.parametrize("usual", [True, False])
def test_each_value_has_short_words_of_its_own_without_a_power_of_ten(config, name, usual):
    if not usual and name in UNUSUAL:
        config = replace(config, **{name: UNUSUAL[name]})
    labels = knob(config, name).labels
    assert len(set(labels)) == len(labels)
    for label in labels:
        assert 1 <= len(label) <= 10
        assert re.fullmatch(r"[a-z ]+|\d[\d,]*(\.\d+)?", label), label


def test_the_words_of_what_is_no_number():
    assert knob(DQNConfig(), "target_update").labels == ["every step", "hard", "soft"]
    assert knob(DQNConfig(), "epsilon").labels[:3] == ["schedule", "0", "0.01"]
    assert knob(DQNConfig(), "learning_rate").labels[:2] == ["0.00001", "0.00002"]


def test_only_an_agent_with_a_schedule_can_be_told_to_follow_it():
    assert None in knob(DQNConfig(epsilon=0.2), "epsilon").values
    assert None not in knob(TableConfig(), "epsilon").values


def test_the_learning_rate_of_a_table_may_go_all_the_way():
    assert knob(TableConfig(), "learning_rate").values[-1] == 1.0


def test_whoever_made_the_knob_hears_the_value_it_is_turned_to():
    heard = []
    one = knob(DQNConfig(), "epsilon", heard.append)
    one.value = 0.1
    one.value = None
    assert heard == [0.1, None]


@pytest.mark.parametrize("name", ["tau", "cells", "size", "Gamma"])
def test_what_cannot_be_turned_is_refused_by_name_with_what_can(name):
    with pytest.raises(ValueError, match=f"one of epsilon, gamma, hold, learning_rate, got '{name}'"):
        knob(TableConfig(), name)
