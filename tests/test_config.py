"""Every setting is checked against its own declaration; the cases below are made from the declarations."""

import dataclasses
import json
import math
import re
from typing import get_args

import numpy as np
import pytest

from dqn_lib.config import DQNConfig, TableConfig

FIELDS = [(kind, spec) for kind in (TableConfig, DQNConfig) for spec in dataclasses.fields(kind)]
SMALLEST_BATCH = {TableConfig: {}, DQNConfig: {"batch_size": 1}}  # so that any memory_size goes with it


def family(spec):
    if spec.metadata.get("choices"):
        return "choice"
    if spec.type is bool:
        return "switch"
    if spec.type is int:
        return "integer"
    if spec.type == tuple[int, ...]:
        return "integers"
    assert float in (spec.type, *get_args(spec.type)), f"no cases are made for {spec.name}: {spec.type}"
    return "number"


def wrong_values(spec):
    """Values that must be refused, each with what the message has to say of the rule."""
    low, high = spec.metadata["low"], spec.metadata["high"]
    optional = type(None) in get_args(spec.type)
    match family(spec):
        case "choice":
            listed = ", ".join(spec.metadata["choices"])
            return [(value, f"must be one of {listed}") for value in ("another", "", None, 1, True, math.nan)]
        case "switch":
            return [(value, "must be True or False") for value in (0, 1, 1.0, "True", None, math.nan)]
        case "integer":
            types = [float(low), math.nan, math.inf, str(low), None, True, np.bool_(1), (low,), 1j]
            return [(low - 1, "must lie in"), (high + 1, "must lie in")] + [(v, "an integer") for v in types]
        case "integers":
            sizes = [(), (low,) * 9, [], {low}, "64", low, None, True]
            entries = [float(low), math.nan, math.inf, "1", None, True]
            return (
                [((low, value), "must lie in") for value in (low - 1, high + 1)]
                + [((low, value), "must be an integer") for value in entries]
                + [(value, "tuple of 1 to 8 integers") for value in sizes]
            )
        case "number":
            below, above = np.nextafter(low, -math.inf), np.nextafter(high, math.inf)
            outside = [float(below), float(above), low - 1, high + 1, math.nan, math.inf, -math.inf]
            types = [str(low), True, False, np.bool_(1), (low,), 1j] + [None] * (not optional)
            return [(v, "must lie in") for v in outside] + [(v, "must be a number") for v in types]


EVERY_FIELD = pytest.mark.parametrize(("kind", "spec"), FIELDS, ids=lambda item: getattr(item, "name", None))


@EVERY_FIELD
def test_a_wrong_value_is_refused_by_field_rule_and_value(kind, spec):
    for value, rule in wrong_values(spec):
        with pytest.raises((TypeError, ValueError)) as raised:
            kind(**{spec.name: value})
        message = str(raised.value)
        entry = family(spec) == "integers" and isinstance(value, tuple) and "tuple" not in rule
        assert re.match(rf"(every entry of )?{spec.name} must", message)
        assert rule in message
        assert message.endswith(f", got {value[-1] if entry else value!r}")
        if rule == "must lie in":
            assert isinstance(raised.value, ValueError)
            bounds = re.search(r"\[(\S+), (\S+)\]", message).groups()
            assert [float(bound) for bound in bounds] == [spec.metadata["low"], spec.metadata["high"]]


@EVERY_FIELD
def test_the_bounds_themselves_are_accepted(kind, spec):
    low, high = spec.metadata["low"], spec.metadata["high"]
    accepted = {
        "choice": spec.metadata.get("choices"),
        "switch": (True, False),
        "integers": ((low,), (high,), (low, high) * 4),
    }.get(family(spec), (low, high))
    if type(None) in get_args(spec.type):
        accepted = (*accepted, None)
    for value in accepted:
        config = kind(**SMALLEST_BATCH[kind] | {spec.name: value})
        assert getattr(config, spec.name) == value


@EVERY_FIELD
def test_every_field_has_one_sentence_and_a_row_in_the_table(kind, spec):
    help_text = spec.metadata["help"]
    assert re.fullmatch(r"[A-Z].*[^.]\.", help_text)
    rows = re.findall(r"<tr>.*?</tr>", kind()._repr_html_())
    assert len(rows) == 1 + len(dataclasses.fields(kind))
    (row,) = [row for row in rows if f"<code>{spec.name}</code>" in row]
    assert f"<td>{spec.default}</td>" in row and help_text in row


def plain_value(spec):
    """A value that is allowed and not the default."""
    allowed = {
        "choice": spec.metadata.get("choices"),
        "switch": (True, False),
        "integers": ((spec.metadata["low"], spec.metadata["high"]),),
    }.get(family(spec), (spec.metadata["high"], spec.metadata["low"]))
    return next(value for value in allowed if value != spec.default)


def in_numpy(spec, value):
    """The same value as NumPy, or a list, would hold it."""
    match family(spec):
        case "choice":
            return [np.str_(value), np.array(value)]
        case "switch":
            return [np.bool_(value), np.array(value)]
        case "integer":
            return [kind(value) for kind in (np.int32, np.int64, np.uint64, np.array)]
        case "integers":
            return [list(value), np.array(value), tuple(map(np.int64, value)), tuple(map(np.array, value))]
        case "number":
            return [np.float64(value), np.float32(value), np.array(float(value))]


@EVERY_FIELD
def test_numbers_of_numpy_become_python_numbers(kind, spec):
    some, plain = SMALLEST_BATCH[kind], plain_value(spec)
    expected = kind(**some | {spec.name: float(plain) if family(spec) == "number" else plain})
    for value in in_numpy(spec, plain):
        for config in (kind(**some | {spec.name: value}), kind(**some).replace(**{spec.name: value})):
            assert (config, hash(config), repr(config)) == (expected, hash(expected), repr(expected))
            assert json.dumps(dataclasses.asdict(config)) == json.dumps(dataclasses.asdict(expected))
            assert config.changed() == expected.changed()
            found = getattr(config, spec.name)
            assert type(found) in (bool, int, float, str, tuple)
            assert not isinstance(found, tuple) or {type(entry) for entry in found} == {int}


def test_numbers_of_numpy_are_refused_like_python_numbers():
    for name, value, rule in (
        ("gamma", np.float32("nan"), "must lie in"),
        ("gamma", np.array(1.5), "must lie in"),
        ("gamma", np.array([0.5]), "must be a number, got"),
        ("gamma", np.array(True), "must be a number, got"),
        ("gamma", np.str_("0.5"), "must be a number, got"),
        ("hold", np.float64(24.0), "must be an integer, got"),
        ("hold", np.array([24]), "must be an integer, got"),
        ("hidden", np.array([[64, 64]]), "must be an integer, got"),
        ("hidden", np.array([64.0, 64.0]), "must be an integer, got"),
        ("target_update", np.array(["soft", "hard"]), "must be one of"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"{name} {rule}"):
            DQNConfig(**{name: value})


def test_a_list_of_units_is_a_copy():
    units = [32, 32]
    config = DQNConfig(hidden=units)
    units.append(7)
    assert config.hidden == (32, 32)


def test_replace_gives_a_changed_and_checked_copy_and_leaves_the_original():
    config = DQNConfig(tau=0.1)
    copy = config.replace(gamma=0.5)
    assert (copy.gamma, copy.tau, config.gamma) == (0.5, 0.1, 0.99)
    assert type(copy) is DQNConfig
    with pytest.raises(ValueError, match=r"gamma must lie in \[0, 1\], got 1.5"):
        config.replace(gamma=1.5)


@pytest.mark.parametrize("kind", [TableConfig, DQNConfig])
def test_replace_refuses_an_unknown_name_and_lists_the_known_ones(kind):
    with pytest.raises(TypeError, match=f"gama is not a setting of {kind.__name__}; .*gamma"):
        kind().replace(gama=0.9)
    with pytest.raises(TypeError, match="gama"):
        kind(gama=0.9)


@EVERY_FIELD
def test_only_live_fields_change_during_a_run(kind, spec):
    live = [other.name for other in dataclasses.fields(kind) if other.metadata["live"]]
    if spec.name in live:
        value = (spec.metadata.get("choices") or (None, spec.metadata["high"]))[1]
        assert getattr(kind().change_live(**{spec.name: value}), spec.name) == value
    else:
        with pytest.raises(ValueError, match=f"{spec.name} cannot change .*{', '.join(sorted(live))}$"):
            kind().change_live(**{spec.name: spec.default})


def test_a_live_change_is_checked_and_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"epsilon must lie in \[0, 1\], got -0.1"):
        DQNConfig().change_live(epsilon=-0.1)
    with pytest.raises((TypeError, ValueError), match="gama"):
        DQNConfig().change_live(gama=0.9)


def test_a_memory_smaller_than_a_batch_is_refused():
    with pytest.raises(ValueError, match=r"memory_size must be at least batch_size \(64\), got 63"):
        DQNConfig(memory_size=63)
    with pytest.raises(ValueError, match=r"memory_size must be at least batch_size \(101\), got 100"):
        DQNConfig(memory_size=100).replace(batch_size=101)
    assert DQNConfig(memory_size=64).memory_size == 64
