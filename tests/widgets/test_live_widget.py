"""The base of the live widgets: snapshots are numbered, and no more are sent than a page paints."""

from types import SimpleNamespace

import numpy as np
import pytest

from dqn_lib.widgets import live_widget
from dqn_lib.widgets.live_widget import MAX_UNPAINTED, PAGE_TIMEOUT, LiveWidget


class Bare(LiveWidget):
    """The smallest one; nothing runs."""

    _esm = "export default { render() {} }"
    running, rule = False, None


@pytest.fixture
def clock(monkeypatch):
    """The time, which passes only when a test says so."""
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(live_widget, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def widget(clock):
    return Bare({}, {})


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
    for number in range(1, 200):
        assert widget.page_keeps_up
        widget.send_snapshot({})
        clock.now += 1 / 30
        if number % 8 == 0:  # about every 250 ms
            widget.acknowledge(number)


def test_a_late_or_foreign_answer_counts_for_no_more_than_it_says(widget):
    sent(widget, MAX_UNPAINTED)
    widget.acknowledge(10_000)  # from a page that was opened before the kernel started
    assert not widget.page_keeps_up
    widget.acknowledge(5)
    assert widget.page_keeps_up
    widget.acknowledge(3)
    sent(widget, 4)
    assert widget.page_keeps_up
    sent(widget, 1)
    assert not widget.page_keeps_up
    widget.acknowledge(MAX_UNPAINTED + 5)
    assert widget.page_keeps_up
