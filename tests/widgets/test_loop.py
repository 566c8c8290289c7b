"""The loop behind a live widget; what a live run shows of it too is in test_live."""

import gc
import threading
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
from waiting import threads, until

from dqn_lib.widgets import live
from dqn_lib.widgets.live import CALLBACK_FRACTION, MAX_LAG, MIN_INTERVAL, MIN_SLEEP, SMOOTHING_WINDOW, Loop


@pytest.fixture
def loop():
    made = []

    def make(step, callback=lambda: None, **options):
        made.append(Loop(step, callback, **options))
        return made[-1]

    yield make
    for one in made:
        one.pause()


@pytest.fixture
def lived(loop, monkeypatch):
    """When each step and callback began in a loop that lives for so long, in a time that passes as told."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(live, "time", SimpleNamespace(perf_counter=lambda: clock.now))

    def live_for(duration, *, step=0.0, callback=lambda number: 0.0, seconds=0.0):
        steps, looks = [], []

        def take_step():
            steps.append(clock.now)
            clock.now += step(len(steps)) if callable(step) else step
            return clock.now < duration

        def look():
            looks.append(clock.now)
            clock.now += callback(len(looks))

        def wait(left):
            clock.now += left
            return False

        one = loop(take_step, look, seconds=seconds)
        monkeypatch.setattr(one._stop, "wait", wait)
        one.start()
        until(lambda: not one.running)
        one.pause()
        return np.array(steps), np.array(looks[:-1])  # the last one comes after the last step

    return live_for


def test_it_steps_in_one_thread_until_the_last_step_or_a_pause_and_then_calls_back_once_more(loop):
    steps, looks = [], []

    def step():
        steps.append(threading.current_thread())
        return len(steps) != 5

    counting = loop(step, lambda: looks.append((counting.running, len(steps))))
    counting.start()
    until(lambda: not counting.running)
    assert len(steps) == 5 and {*steps} == {steps[0]} and steps[0].daemon
    counting.pause()
    assert (looks[0], looks[-1]) == ((True, 1), (False, 5))
    counting.start()
    until(lambda: len(steps) > 100)
    counting.pause()
    taken = len(steps)
    assert (threads(), looks[-1]) == ([], (False, taken))


@pytest.mark.parametrize("look", [0.0, 0.05, 0.4])
def test_callbacks_of_a_busy_loop_take_no_more_than_their_fraction_of_the_time(lived, look):
    _, looks = lived(30.0, step=0.001, callback=lambda _: look)
    between = max(MIN_INTERVAL, look / CALLBACK_FRACTION)
    assert np.diff(looks).min() >= between - 1e-9
    assert np.diff(looks).max() <= max(MIN_INTERVAL + look, between) + 0.002


def test_one_slow_callback_does_not_delay_the_next_for_long(lived):
    _, looks = lived(5.0, step=0.001, callback=lambda number: 0.4 * (number == 10))
    assert looks[10] - looks[9] == pytest.approx(
        0.4 + 0.4 / SMOOTHING_WINDOW * (1 / CALLBACK_FRACTION - 1), abs=0.01
    )


@pytest.mark.parametrize(("cost", "share"), [(0.0, 1.0), (0.03, 1.0), (0.1, 0.1)])
def test_a_callback_in_time_that_is_idle_anyway_is_free_whatever_it_costs(lived, cost, share):
    steps, looks = lived(10.0, callback=lambda _: cost, seconds=0.08)
    assert len(looks) / len(steps) == pytest.approx(share, abs=0.05)


def test_with_idle_time_there_are_no_more_callbacks_than_the_maximum(lived):
    _, looks = lived(2.0, seconds=0.004)
    assert MIN_INTERVAL <= np.diff(looks).min() <= MIN_INTERVAL + 2 * MIN_SLEEP


def test_it_keeps_its_speed_and_catches_up_after_a_callback_but_not_after_a_long_step(lived):
    steps, _ = lived(10.0, callback=lambda _: 0.05, seconds=0.005)
    assert len(steps) == pytest.approx(10.0 / 0.005, abs=5)
    stalled, _ = lived(20.0, step=lambda number: 5.0 * (number == 1), seconds=0.1)
    assert len(stalled) == pytest.approx(1 + (5.0 + MAX_LAG) / 0.1, abs=2)


def test_a_callback_that_is_asked_for_comes_after_the_current_step(loop, monkeypatch):
    monkeypatch.setattr(live, "MIN_INTERVAL", 100.0)
    steps, looks = [], []

    def step():
        steps.append(len(steps))
        if len(steps) == 50:
            asking.callback_soon()
        return len(steps) < 60

    asking = loop(step, lambda: looks.append(len(steps)))
    asking.start()
    until(lambda: len(looks) == 3)
    assert looks == [1, 50, 60]


def test_a_pause_that_cannot_wait_for_the_last_callback_to_end_says_so(loop, monkeypatch):
    monkeypatch.setattr(live, "TIMEOUT", 0.1)
    let_go = threading.Event()
    one = loop(lambda: False, lambda: let_go.wait(20))
    one.start()
    until(lambda: not one.running)
    with pytest.raises(TimeoutError, match="must end within"):
        one.pause()
    let_go.set()
    until(lambda: not threads())


class Owner:
    """Steps that are its own; `seconds` lie between two of them."""

    def __init__(self, seconds):
        self.steps, self.stopped = 0, False
        self.loop = Loop(self.step, lambda: None, on_stop=self.on_stop, seconds=seconds)
        self.loop.start()
        until(lambda: self.steps)

    def step(self):
        self.steps += 1
        return True

    def on_stop(self):
        self.stopped = True


@pytest.mark.parametrize("seconds", [0.0, 30.0], ids=["busy", "asleep"])
def test_the_owner_of_a_running_loop_is_freed_at_once_and_not_before(seconds):
    gc.disable()
    try:
        owner = Owner(seconds)
        gc.collect()
        assert owner.loop.running
        gone = weakref.ref(owner)
        del owner
        until(lambda: not threads())
        assert gone() is None
    finally:
        gc.enable()
    owner = Owner(seconds)
    owner.loop.pause()
    assert owner.stopped
