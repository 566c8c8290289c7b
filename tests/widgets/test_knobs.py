"""The choices for the settings of an agent, and how they are written."""

import re
from dataclasses import fields, replace

import numpy as np
import pytest

from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.widgets.knobs import ACTIVE_UNDER, format_setting, setting_choices


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


@each
def test_the_choices_of_every_live_setting_have_its_value_and_its_default(config, name):
    choices = setting_choices(config, name)
    assert choices.count(getattr(config, name)) == 1
    if name in UNUSUAL:
        assert getattr(config, name) in setting_choices(replace(config, **{name: UNUSUAL[name]}), name)


@each
def test_every_value_is_allowed_and_they_stand_in_order(config, name):
    values = setting_choices(config, name)
    for value in values:
        assert getattr(config.change_live(**{name: value}), name) == value
    numbers = [value for value in values if value is not None]
    if name == "target_update":
        assert numbers == ["every_step", "hard", "soft"]
    else:
        assert numbers == sorted(set(numbers)) and len(numbers) >= 10


@each
def test_an_unusual_value_is_added_in_order(config, name):
    if name in UNUSUAL:
        usual = setting_choices(config, name)
        unusual = setting_choices(replace(config, **{name: UNUSUAL[name]}), name)
        assert unusual.count(UNUSUAL[name]) == 1
        assert len(unusual) == len(usual) + (UNUSUAL[name] not in usual)
        assert set(usual) <= set(unusual)


@each
@pytest.mark.parametrize("usual", [True, False])
def test_each_value_has_short_words_of_its_own_without_a_power_of_ten(config, name, usual):
    if not usual and name in UNUSUAL:
        config = replace(config, **{name: UNUSUAL[name]})
    labels = [format_setting(value) for value in setting_choices(config, name)]
    assert len(set(labels)) == len(labels)
    for label in labels:
        assert 1 <= len(label) <= 10
        assert re.fullmatch(r"[a-z ]+|\d[\d,]*(\.\d+)?", label), label


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "schedule"),
        ("every_step", "every step"),
        ("soft", "soft"),
        (1e-05, "0.00001"),
        (0.1 + 0.2, "0.3"),
        (0.9995, "0.9995"),
        (1.0, "1"),
        (np.float32(0.1), "0.1"),
        (1, "1"),
        (np.int64(10_000), "10,000"),
    ],
)
def test_a_value_is_written_for_people(value, words):
    assert format_setting(value) == words


def test_only_an_agent_with_a_schedule_has_it_as_a_choice():
    assert setting_choices(DQNConfig(epsilon=0.2), "epsilon")[:3] == [None, 0.0, 0.01]
    assert None not in setting_choices(TableConfig(), "epsilon")


def test_the_learning_rate_of_a_table_goes_up_to_one():
    assert setting_choices(TableConfig(), "learning_rate")[-1] == 1.0
    assert setting_choices(DQNConfig(), "learning_rate")[-1] == 0.1


def test_choices_are_new_lists():
    setting_choices(DQNConfig(), "target_update").clear()
    setting_choices(TableConfig(), "learning_rate").clear()
    assert setting_choices(DQNConfig(), "target_update") == ["every_step", "hard", "soft"]
    assert len(setting_choices(TableConfig(), "learning_rate")) >= 10


def test_settings_that_are_active_under_one_rule_exist_and_so_do_the_rules():
    rules = setting_choices(DQNConfig(), "target_update")
    assert ACTIVE_UNDER == {"tau": "soft", "target_period": "hard"}
    assert set(ACTIVE_UNDER) <= set(live(DQNConfig())) and set(ACTIVE_UNDER.values()) <= set(rules)


@pytest.mark.parametrize("name", ["tau", "cells", "size", "Gamma"])
def test_an_unknown_setting_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match=f"among epsilon, gamma, hold, learning_rate, got '{name}'"):
        setting_choices(TableConfig(), name)
