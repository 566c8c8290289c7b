"""The base of the live widgets: messages, settings, problems, and no more snapshots than a page paints."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import traitlets as t
from waiting import press, together, words

from dqn_lib.widgets import live_widget
from dqn_lib.widgets.live_widget import MAX_UNPAINTED, PAGE_TIMEOUT, LiveWidget

CHOICES = {"gamma": [0.5, 0.9, 1.0], "tau": [0.1, 0.2], "target_period": [1, 2]}


class Bare(LiveWidget):
    """The smallest one; nothing runs."""

    _esm = "export default { render() {} }"
    BUTTONS, ADVICE = ("act",), "Try again."
    running, rule = False, "soft"

    def act(self):
        """What a button does; tests put something else here."""

    def _change_settings(self, change):
        self.changes = [*getattr(self, "changes", []), change["new"]]
        self.act()


@pytest.fixture
def clock(monkeypatch):
    """The time, which passes only when a test says so."""
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(live_widget, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def widget(clock):
    return Bare(CHOICES, {"gamma": 0.9, "tau": 0.1, "target_period": 2})


def test_a_page_and_a_cell_turn_settings_and_only_those_of_the_rule_are_active(widget):
    assert (widget.indices, widget.active) == ({"gamma": 1, "tau": 0, "target_period": 1}, ["gamma", "tau"])
    widget.set("tau", 0.2)
    widget.set_state({"indices": widget.indices | {"gamma": 0}})  # as a page does it
    assert widget.values == {"gamma": 0.5, "tau": 0.2, "target_period": 2}
    assert widget.changes[-1] == widget.indices
    widget.indices = dict(widget.indices)
    widget.set("tau", 0.2)
    assert len(widget.changes) == 2  # what holds already changes nothing


@pytest.mark.parametrize(
    ("places", "complaint"),
    [
        ({"gamma": 3}, r"the index of gamma must lie in \[0, 2\], got 3"),
        ({"tau": -1}, r"the index of tau must lie in \[0, 1\], got -1"),
        ({"tau": 1.0}, "the index of tau must be an integer, got 1.0"),
        ({"hold": 0}, "indices must be of gamma, tau, target_period, got gamma, tau, target_period, hold"),
        (None, "indices must be of gamma, tau, target_period, got tau"),
    ],
)
def test_a_bad_index_is_refused_and_nothing_changes(widget, places, complaint):
    before = widget.get_state()
    wrong = {"tau": 0} if places is None else widget.indices | places
    for act in (lambda: setattr(widget, "indices", wrong), lambda: widget.set_state({"indices": wrong})):
        with pytest.raises(t.TraitError, match=f"^{complaint}$"):
            act()
    for name, complaint_of_set in (("tau", "tau must be one of 0.1, 0.2, got 9"), ("t", "name must .* 't'")):
        with pytest.raises(ValueError, match=complaint_of_set):
            widget.set(name, 9)
    assert widget.get_state() == before


@pytest.mark.parametrize(
    "content", [{"press": "stop"}, {"press": None}, {"painted": "all"}, {"painted": None}, {}, [], None]
)
def test_an_unknown_message_changes_nothing(widget, monkeypatch, content):
    monkeypatch.setattr(widget, "act", lambda: pytest.fail("pressed"))
    before = widget.get_state()
    widget._handle_message(content)  # whose exceptions ipywidgets would only log
    assert widget.get_state() == before


@pytest.mark.parametrize("running", [False, True])
def test_what_goes_wrong_with_a_button_or_a_setting_is_an_alarm(widget, monkeypatch, running):
    monkeypatch.setattr(Bare, "running", running)
    monkeypatch.setattr(widget, "act", lambda: 1 / 0)
    for act in (lambda: press(widget, "act"), lambda: widget.set("gamma", 1.0)):
        widget.report("Well.")
        act()
        assert words(widget, alarm=True) == "ZeroDivisionError: division by zero. Try again."


def test_buttons_and_settings_take_turns_whatever_thread_they_come_from(widget, monkeypatch):
    began, let_go, busy = threading.Event(), threading.Event(), []

    def act():
        busy.append(len(busy))
        began.set()
        let_go.wait(20)

    def turn():
        assert began.wait(20)
        widget.set("gamma", 0.5)

    def look():
        assert began.wait(20)
        time.sleep(0.1)
        seen.extend(busy)
        let_go.set()

    monkeypatch.setattr(widget, "act", act)
    seen = []
    together([lambda: press(widget, "act"), turn, look])
    assert (seen, busy) == ([0], [0, 1])


def sent(widget, count):
    """The numbers of the next snapshots."""
    numbers = []
    for _ in range(count):
        widget.send_snapshot({})
        numbers.append(widget.snapshot["number"])
    return numbers


def test_without_an_answer_a_few_snapshots_are_sent_and_then_one_a_second(widget, clock):
    for number in range(1, 1 + MAX_UNPAINTED):
        assert widget.page_keeps_up
        assert sent(widget, 1) == [number]
        clock.now += 1 / 30
    waited = []
    for _ in range(300):
        if widget.page_keeps_up:
            waited.append(clock.now)
            widget.send_snapshot({})
        clock.now += 1 / 30
    assert 8 <= len(waited) <= 10
    assert np.diff(waited).min() > PAGE_TIMEOUT


def test_a_page_that_answers_now_and_then_gets_every_snapshot(widget, clock):
    for number in range(1, 100):
        assert widget.page_keeps_up
        widget.send_snapshot({})
        clock.now += 1 / 30
        if number % 8 == 0:  # about every 250 ms
            widget._handle_custom_msg({"painted": number}, [])


def test_a_late_or_foreign_answer_counts_for_no_more_than_it_says(widget):
    sent(widget, MAX_UNPAINTED)
    widget.acknowledge(10_000)  # from a page that was opened before the kernel started
    assert not widget.page_keeps_up
    widget.acknowledge(5)
    widget.acknowledge(3)
    sent(widget, 4)
    assert widget.page_keeps_up
    sent(widget, 1)
    assert not widget.page_keeps_up
    widget.acknowledge(MAX_UNPAINTED + 5)
    assert widget.page_keeps_up
