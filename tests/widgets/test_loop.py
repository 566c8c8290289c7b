"""The loop behind a live widget; what a live run shows of it too is in test_live."""

import gc
import threading
import time
import weakref

import numpy as np
import pytest

from dqn_lib.widgets import live as loop_module
from dqn_lib.widgets.live import CALLBACK_FRACTION, MIN_INTERVAL, SMOOTHING_WINDOW, Loop

pytestmark = pytest.mark.slow


def nothing():
    pass


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "dqn_lib loop"]


@pytest.fixture
def loop():
    made = []

    def make(step, callback=nothing, **options):
        made.append(Loop(step, callback, **options))
        return made[-1]

    yield make
    for one in made:
        one.pause()


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.001)


def test_it_steps_until_the_step_says_that_it_was_the_last(loop):
    steps = []

    def step():
        steps.append(threading.current_thread())
        return len(steps) < 5

    counting = loop(step)
    counting.start()
    until(lambda: not counting.running)
    assert len(steps) == 5
    assert len(set(steps)) == 1
    assert steps[0] is not threading.current_thread()
    assert steps[0].daemon


def test_after_a_pause_no_step_is_taken_and_a_last_callback_has_been_made(loop):
    steps, seen = [], []
    counting = loop(lambda: steps.append(1) or True, lambda: seen.append((counting.running, len(steps))))
    counting.start()
    until(lambda: len(steps) > 100)
    counting.pause()
    taken = len(steps)
    time.sleep(0.05)
    assert len(steps) == taken
    assert seen[0] == (True, 1)
    assert seen[-1] == (False, taken)


def test_one_slow_callback_does_not_delay_the_next_for_long(loop):
    looks = []

    def callback():
        looks.append(time.perf_counter())
        time.sleep(0.4 if len(looks) == 10 else 0.0)

    watched = loop(lambda: time.sleep(0.001) or True, callback)
    watched.start()
    until(lambda: len(looks) > 10)
    watched.pause()
    assert 0.4 / SMOOTHING_WINDOW / CALLBACK_FRACTION < looks[10] - looks[9] < 2.0  # 0.9 on a quiet machine


@pytest.mark.parametrize(("cost", "least", "most"), [(0.0, 0.5, 1.1), (0.03, 0.5, 1.1), (0.1, 0.0, 0.35)])
def test_a_callback_in_time_that_is_idle_anyway_is_free_whatever_it_costs(loop, cost, least, most):
    steps, looks = [], []
    idle = loop(lambda: steps.append(1) or True, lambda: looks.append(1) or time.sleep(cost), seconds=0.08)
    idle.start()
    until(lambda: len(steps) > 16, seconds=30)
    idle.pause()
    share = len(looks) / len(steps)  # one, on a quiet machine; by what they cost, a quarter and a twelfth
    assert least <= share <= most


def test_a_callback_that_is_asked_for_comes_after_the_current_step(loop, monkeypatch):
    monkeypatch.setattr(loop_module, "MIN_INTERVAL", 100.0)
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


def test_with_idle_time_there_are_no_more_callbacks_than_the_maximum(loop):
    looks = []
    idle = loop(lambda: True, lambda: looks.append(time.perf_counter()), seconds=0.004)
    idle.start()
    until(lambda: len(looks) > 12, seconds=30)
    idle.pause()
    assert np.diff(looks[:12]).min() >= MIN_INTERVAL


def test_it_keeps_its_speed_and_catches_up_after_a_callback(loop):
    steps = []
    paced = loop(lambda: steps.append(1) or True, lambda: time.sleep(0.05), seconds=0.005)
    paced.start()
    time.sleep(1.0)
    paced.pause()
    assert 50 <= len(steps) <= 206  # 186 at least, on a machine that is not busy


# --- a step that does not end -------------------------------------------------------------------------


def test_a_pause_that_cannot_wait_for_the_last_callback_to_end_says_so(loop, monkeypatch):
    monkeypatch.setattr(loop_module, "TIMEOUT", 0.1)
    let_go = threading.Event()
    one = loop(lambda: False, lambda: let_go.wait(20))
    one.start()
    until(lambda: not one.running)
    with pytest.raises(TimeoutError, match="must end within"):
        one.pause()
    let_go.set()
    until(lambda: not threads())
    one.pause()


def test_no_step_is_taken_during_the_last_callback_of_the_thread_before_however_long_it_takes(
    loop, monkeypatch
):
    monkeypatch.setattr(loop_module, "TIMEOUT", 0.05)
    let_go, steps = threading.Event(), []
    one = loop(lambda: steps.append(1) and False, lambda: one.running or let_go.wait(20))
    one.start()
    until(lambda: steps == [1] and not one.running)
    one.start()
    time.sleep(0.3)
    before = list(steps)
    let_go.set()
    until(lambda: len(steps) == 2)
    until(lambda: not threads())
    assert before == [1]


# --- a loop without references --------------------------------------------------------------


class Owner:
    """Steps that are its own; `seconds` lie between two of them."""

    def __init__(self, seconds):
        self.steps = 0
        self.loop = Loop(self.step, nothing, on_stop=self.on_stop, seconds=seconds)
        self.loop.start()

    def step(self):
        self.steps += 1
        return True

    def on_stop(self):
        self.stopped = True


def abandoned(seconds):
    """A weak reference to the owner of a running loop, to which there is no other reference."""
    owner = Owner(seconds)
    until(lambda: owner.steps)
    return weakref.ref(owner)


@pytest.mark.parametrize("seconds", [0.0, 30.0], ids=["busy", "asleep"])
def test_the_owner_of_a_running_loop_is_freed(seconds):
    gc.disable()  # at once, not some time later
    try:
        gone = abandoned(seconds)
        until(lambda: not threads())
        assert gone() is None
    finally:
        gc.enable()


def test_with_a_reference_left_the_owner_gets_its_last_call():
    owner = Owner(0.001)
    until(lambda: owner.steps > 3)
    gc.collect()
    assert owner.loop.running
    owner.loop.pause()
    assert owner.stopped
