"""The loop behind a widget: one thread, quick to pause, and no error ends it for good."""

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

    def make(step, watch=nothing, **options):
        made.append(Loop(step, watch, **options))
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


def test_however_often_it_is_started_there_is_one_thread(loop):
    slow = loop(lambda: True, seconds=0.01)
    starters = [threading.Thread(target=slow.start) for _ in range(8)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert len(threads()) == 1
    slow.pause()
    assert threads() == []
    assert not slow.running
    slow.start()
    assert len(threads()) == 1


def test_a_pause_does_not_wait_for_the_next_step(loop):
    slow = loop(lambda: True, seconds=30.0)
    slow.start()
    time.sleep(0.05)
    before = time.perf_counter()
    slow.pause()
    assert time.perf_counter() - before < 2  # hundredths, on a machine that is not busy
    assert not slow.running


def test_after_a_pause_no_step_is_taken_and_a_last_look_has_been_had(loop):
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


def test_what_a_step_raises_is_kept_and_it_can_be_started_again(loop):
    problems = [RuntimeError("no more memory")]

    def step():
        if problems:
            raise problems.pop()
        return True

    seen = []
    failing = loop(step, lambda: seen.append(failing.problem), seconds=0.001)
    failing.start()
    until(lambda: not failing.running)
    until(lambda: seen)
    assert str(failing.problem) == "no more memory"
    assert seen == [failing.problem]
    failing.start()
    until(lambda: len(seen) > 2)
    assert failing.running
    assert failing.problem is None


def test_looks_take_no_more_than_their_share(loop):
    looks = []

    def watch():
        looks.append(time.perf_counter())
        time.sleep(0.02)

    watched = loop(lambda: time.sleep(0.001) or True, watch)
    watched.start()
    until(lambda: len(looks) > 11, seconds=30)
    watched.pause()
    gaps = np.diff(looks[:11])[-8:]  # it has learnt by then what they cost; the last one comes with the pause
    assert np.mean(gaps) >= 0.9 * 0.02 / CALLBACK_FRACTION


def test_after_one_long_look_there_is_another_one_soon(loop):
    looks = []

    def watch():
        looks.append(time.perf_counter())
        time.sleep(0.4 if len(looks) == 10 else 0.0)

    watched = loop(lambda: time.sleep(0.001) or True, watch)
    watched.start()
    until(lambda: len(looks) > 10)
    watched.pause()
    assert 0.4 / SMOOTHING_WINDOW / CALLBACK_FRACTION < looks[10] - looks[9] < 2.0  # 0.9 on a quiet machine


@pytest.mark.parametrize(("cost", "least", "most"), [(0.0, 0.5, 1.1), (0.03, 0.5, 1.1), (0.1, 0.0, 0.35)])
def test_a_look_that_fits_into_the_time_to_spare_is_free_whatever_it_costs(loop, cost, least, most):
    steps, looks = [], []
    idle = loop(lambda: steps.append(1) or True, lambda: looks.append(1) or time.sleep(cost), seconds=0.08)
    idle.start()
    until(lambda: len(steps) > 16, seconds=30)
    idle.pause()
    share = len(looks) / len(steps)  # one, on a quiet machine; by what they cost, a quarter and a twelfth
    assert least <= share <= most


def test_a_look_that_is_asked_for_comes_after_the_step_under_way(loop, monkeypatch):
    monkeypatch.setattr(loop_module, "MIN_INTERVAL", 100.0)
    steps, looks = [], []

    def step():
        steps.append(len(steps))
        if len(steps) == 50:
            asking.look_soon()
        return len(steps) < 60

    asking = loop(step, lambda: looks.append(len(steps)))
    asking.start()
    until(lambda: len(looks) == 3)
    assert looks == [1, 50, 60]


def test_with_time_to_spare_there_are_no_more_looks_than_an_eye_needs(loop):
    looks = []
    idle = loop(lambda: True, lambda: looks.append(time.perf_counter()), seconds=0.004)
    idle.start()
    until(lambda: len(looks) > 12, seconds=30)
    idle.pause()
    assert np.diff(looks[:12]).min() >= MIN_INTERVAL


def test_it_keeps_its_pace_and_makes_up_for_what_a_look_takes(loop):
    steps = []
    paced = loop(lambda: steps.append(1) or True, lambda: time.sleep(0.05), seconds=0.005)
    paced.start()
    time.sleep(1.0)
    paced.pause()
    assert 50 <= len(steps) <= 206  # 186 at least, on a machine that is not busy


def test_a_pause_from_its_own_thread_is_no_deadlock(loop):
    seen = []
    own = loop(lambda: True, lambda: (own.pause(), seen.append(1)))
    own.start()
    until(lambda: seen)


# --- a step that does not end -------------------------------------------------------------------------


@pytest.fixture
def stuck(loop, monkeypatch):
    """A loop in the middle of a step that does not end, and a function that lets it end."""
    began, let_go, taken = threading.Event(), threading.Event(), []

    def step():
        began.set()
        let_go.wait(20)
        taken.append(1)
        return True

    monkeypatch.setattr(loop_module, "TIMEOUT", 0.1)
    one = loop(step)
    one.start()
    assert began.wait(20)
    yield one, let_go.set, taken
    let_go.set()
    until(lambda: not threads())


def test_a_pause_that_cannot_wait_for_the_step_to_end_says_so(stuck):
    one, let_go, taken = stuck
    with pytest.raises(TimeoutError, match=r"a step must end within 0\.1 s, the one under way has not"):
        one.pause()
    assert (one.running, taken) == (True, [])
    let_go()
    until(lambda: not one.running)
    one.pause()
    assert taken == [1]


def test_a_pause_that_cannot_wait_for_the_last_look_to_end_says_so(loop, monkeypatch):
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


def test_no_step_is_taken_during_the_last_look_of_the_thread_before_however_long_it_takes(loop, monkeypatch):
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


# --- a loop that nobody refers to any more --------------------------------------------------------------


class Owner:
    """Steps that are its own; `seconds` lie between two of them."""

    def __init__(self, seconds):
        self.steps = 0
        self.loop = Loop(self.step, nothing, finish=self.finish, seconds=seconds)
        self.loop.start()

    def step(self):
        self.steps += 1
        return True

    def finish(self):
        self.finished = True


@pytest.mark.parametrize("seconds", [0.0, 30.0], ids=["busy", "asleep"])
def test_a_loop_that_nobody_refers_to_any_more_ends(loop, seconds):
    one = Loop(lambda: True, nothing, seconds=seconds)
    one.start()
    gone = weakref.ref(one)
    assert len(threads()) == 1
    del one
    until(lambda: not threads())
    assert gone() is None


def abandoned(seconds):
    """A weak reference to an owner whose loop runs, and whom nobody refers to any more."""
    owner = Owner(seconds)
    until(lambda: owner.steps)
    return weakref.ref(owner)


@pytest.mark.parametrize("seconds", [0.0, 30.0], ids=["busy", "asleep"])
def test_the_owner_of_a_loop_that_runs_is_set_free(seconds):
    gc.disable()  # at once, not some time later
    try:
        gone = abandoned(seconds)
        until(lambda: not threads())
        assert gone() is None
    finally:
        gc.enable()


def test_as_long_as_somebody_refers_to_it_the_owner_finishes():
    owner = Owner(0.001)
    until(lambda: owner.steps > 3)
    gc.collect()
    assert owner.loop.running
    owner.loop.pause()
    assert owner.finished
