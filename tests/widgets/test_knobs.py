"""The choices for the settings of an agent, and how they are written."""

import re
from dataclasses import fields, replace

import numpy as np
import pytest

from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.targets import RULES
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
def test_every_choice_is_allowed_and_they_stand_in_order_with_the_value_and_the_default(config, name):
    unusual = replace(config, **{name: UNUSUAL[name]}) if name in UNUSUAL else config
    values = setting_choices(unusual, name)
    assert {getattr(config, name), getattr(unusual, name)} <= {*values}
    for value in values:
        assert getattr(config.change_live(**{name: value}), name) == value
    numbers = [value for value in values if value is not None]
    assert numbers == sorted({*numbers}) and len(numbers) >= (3 if name == "target_update" else 10)
    labels = [format_setting(value) for value in values]
    assert len({*labels}) == len(labels)
    assert all(re.fullmatch(r"[a-z ]{1,10}|\d[\d,]*(\.\d+)?", label) for label in labels)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "schedule"),
        ("every_step", "every step"),
        (1e-05, "0.00001"),
        (0.1 + 0.2, "0.3"),
        (1.0, "1"),
        (np.float32(0.1), "0.1"),
        (np.int64(10_000), "10,000"),
    ],
)
def test_a_value_is_written_for_people(value, words):
    assert format_setting(value) == words


def test_a_table_has_no_schedule_and_learns_at_rates_up_to_one():
    assert setting_choices(DQNConfig(epsilon=0.2), "epsilon")[:3] == [None, 0.0, 0.01]
    assert None not in setting_choices(TableConfig(), "epsilon")
    assert setting_choices(DQNConfig(), "learning_rate")[-1] == 0.1
    setting_choices(TableConfig(), "learning_rate").clear()  # a new list each time
    setting_choices(DQNConfig(), "target_update").clear()
    assert setting_choices(TableConfig(), "learning_rate")[-1] == 1.0
    assert {*ACTIVE_UNDER.values()} <= {*setting_choices(DQNConfig(), "target_update")}


def test_the_rules_for_the_target_network_are_those_that_exist():
    (setting,) = (spec for spec in fields(DQNConfig) if spec.name == "target_update")
    assert setting_choices(DQNConfig(), "target_update") == [*setting.metadata["choices"]] == [*RULES]


@pytest.mark.parametrize("name", ["tau", "cells", "Gamma"])
def test_an_unknown_setting_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match=f"among epsilon, gamma, hold, learning_rate, got '{name}'"):
        setting_choices(TableConfig(), name)
