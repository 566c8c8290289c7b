"""A live run: one thread at most, settings that change at once and are noted, and a log to rerun it."""

import random
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import asdict, dataclass
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import Config, DQNConfig, TableConfig, setting
from dqn_lib.training import Change, episode_steps
from dqn_lib.widgets import live
from dqn_lib.widgets.live import LiveRun, rerun

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning"),
]
NEVER = 10**9
TABLE = TableConfig(cells=6)
DQN = DQNConfig(
    hidden=(8,), memory_size=90, learning_starts=32, batch_size=8, learn_every=4, updates=2, epsilon_wait=50,
    epsilon_decay=100, hold=3,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings(Config):
    size: int = setting(3, low=1, high=9, help="Built in.")
    gamma: float = setting(0.9, low=0.0, high=1.0, live=True, help="Live.")
    epsilon: float = setting(0.5, low=0.0, high=1.0, live=True, help="Live.")
    tau: float = setting(0.1, low=0.0, high=1.0, live=True, help="Live.")


class Corridor(gym.Env):
    """Every episode has five steps."""

    def reset(self, *, seed=None, options=None):
        self.at = 0
        return np.zeros(1), {}

    def step(self, action):
        self.at += 1
        return np.full(1, float(self.at)), -1.0, self.at == 5, False, {}


class Tape:
    """An agent that learns nothing, quickly, and notes which settings and which thread each step had."""

    loss = None
    q = SimpleNamespace(greedy=lambda states: np.zeros(states.shape[:-1], np.int64))

    def __init__(self, config=None):
        self.config, self.clashes, self.busy = config or Settings(), 0, threading.Lock()
        self.at = {}  # step -> what happens in the middle of it, once
        self.restart(0)

    def restart(self, seed=None):
        self.clashes += self.busy.locked()  # another thread is in the middle of a step
        self.seed = self.seed if seed is None else seed
        self.steps = self.episodes = self.ends = 0
        self.seen, self.threads = [], set()

    @property
    def epsilon(self):
        return self.config.epsilon

    def act(self, state):
        self.clashes += not self.busy.acquire(blocking=False)
        self.threads.add(threading.current_thread())
        try:
            self.at.pop(self.steps, lambda: None)()
        except BaseException:
            self.busy.release()
            raise
        return 0

    def observe(self, state, action, reward, next_state, *, terminated, truncated):
        self.seen.append(asdict(self.config))
        self.steps += 1
        self.busy.release()

    def end_episode(self):
        self.ends += 1

    def change(self, **changed):
        self.clashes += self.busy.locked()
        self.config = self.config.change_live(**changed)


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "dqn_lib live run"]


def until(condition, seconds=8):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.001)


def rested(run):
    """The run, when it has ended by itself, its last callback included."""
    until(lambda: not run.running)
    run.pause()
    return run


@pytest.fixture
def start():
    """A run in the corridor, or in `env`; no thread of it outlives its test."""
    runs = []

    def new(agent=None, env=None, *, every=NEVER, limit=NEVER, **options):
        agent = agent or Tape()
        runs.append(LiveRun(env or Corridor(), agent, every=every, limit=limit, **options))
        return runs[-1]

    yield new
    for run in runs:
        run.callback = lambda: None
        run.pause()
    assert threads() == []


def settings_by_step(run):
    """The settings at each step so far and after them, by the log."""
    current, coming, found = asdict(run.config), list(run.log.changes), []
    for step in range(run.agent.steps + 1):
        while coming and coming[0].step <= step:
            current = current | coming.pop(0).settings
        found.append(current)
    assert coming == []
    return found


def assert_consistent(run):
    """No two threads clashed, and the log has the settings that the agent really had."""
    steps = [episode.step for episode in run.log.episodes]
    assert run.agent.clashes == 0
    assert steps == list(range(5, run.agent.steps + 1, 5))
    assert [episode.number for episode in run.log.episodes] == list(range(1, len(steps) + 1))
    assert run.agent.episodes == len(steps)
    changes = [change.step for change in run.log.changes]
    assert changes == sorted(changes)
    assert settings_by_step(run) == [*run.agent.seen, asdict(run.agent.config)]


# --- train, pause, one episode, reset ---------------------------------------------------------------


def test_a_run_goes_on_until_it_is_paused_and_then_from_where_it_was(start):
    run = start()
    assert not run.running
    run.train()
    assert run.running
    until(lambda: run.agent.steps > 100)
    run.pause()
    paused = run.agent.steps
    assert (run.running, threads()) == (False, [])
    time.sleep(0.05)
    assert run.agent.steps == paused
    run.train()
    until(lambda: run.agent.steps > paused + 100)
    run.pause()
    assert_consistent(run)


def test_a_run_begins_with_a_check_and_makes_one_every_so_many_steps(start):
    run = rested_after(start(every=10, limit=33), run_for=33)
    assert [check.step for check in run.log.checks] == [0, 10, 20, 30]


def rested_after(run, run_for):
    run.limit = run.agent.steps + run_for
    run.train()
    rested(run)
    run.limit = NEVER
    return run


def test_train_pressed_during_one_episode_goes_on_beyond_it(start):
    run = start()
    run.set_speed(20.0)  # an episode lasts a good part of a second
    run.train(one_episode=True)
    run.train()
    run.train(one_episode=True)  # changes nothing: it goes on anyway
    run.set_speed(None)
    until(lambda: len(run.log.episodes) > 3)
    assert run.running


def test_one_episode_ends_where_the_episode_in_progress_ends(start):
    run = rested_after(start(), run_for=2)
    run.train(one_episode=True)
    assert rested(run).agent.steps == 5
    run.train(one_episode=True)
    assert rested(run).agent.steps == 10
    assert_consistent(run)


@pytest.mark.parametrize("limit", [12, 15])
def test_a_run_ends_for_good_at_its_limit_with_every_whole_episode_in_its_log(start, limit):
    run = start(limit=limit)
    run.train()
    assert rested(run).agent.steps == limit
    assert run.at_limit
    run.train()
    assert (run.running, threads()) == (False, [])
    assert_consistent(run)
    run.reset()
    assert not run.at_limit


def test_two_threads_that_train_just_before_the_limit_do_not_go_beyond_it(start, monkeypatch):
    run = start(limit=3)
    begin = run._loop.start

    def overtaken(prepare):
        begin(prepare)  # another thread, before the limit was reached
        rested(run)
        begin(prepare)

    monkeypatch.setattr(run._loop, "start", overtaken)
    run.train()
    assert rested(run).agent.steps == 3


def test_the_latest_step_is_there_to_be_shown(start):
    run = rested_after(start(), run_for=5)
    action, state = run.latest
    assert (action, state.tolist()) == (0, [5.0])
    run.reset()
    assert run.latest is None


def test_twenty_threads_that_press_train_start_one_run(start):
    run = start()
    barrier = threading.Barrier(20)

    def press():
        barrier.wait()
        run.train()

    together([press] * 20)
    until(lambda: run.agent.steps > 50)
    assert len(threads()) == 1
    run.train()
    assert len(threads()) == 1
    run.pause()
    assert len(run.agent.threads) == 1
    assert_consistent(run)


def together(jobs):
    """Run all jobs in threads of their own; what one raises is raised here."""
    raised = []

    def guarded(job):
        try:
            job()
        except BaseException as problem:
            raised.append(problem)

    workers = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert not any(worker.is_alive() for worker in workers)
    if raised:
        raise raised[0]


def test_pausing_twice_before_the_start_and_from_many_threads_does_no_harm(start):
    run = start()
    run.pause()
    run.train()
    until(lambda: run.agent.steps > 10)
    together([run.pause] * 8)
    run.pause()
    assert (run.running, threads()) == (False, [])
    assert_consistent(run)


def test_a_double_click_on_pause_and_train_leaves_one_run_or_none(start):
    run = start()
    for _ in range(50):
        together([run.train, run.pause, run.train, run.pause])
        assert len(threads()) <= 1 + run.running
    run.pause()
    assert_consistent(run)


def test_a_reset_while_it_trains_begins_again_with_an_empty_log(start):
    run = start()
    run.change(gamma=0.3)
    run.train()
    until(lambda: run.agent.steps > 10)
    run.reset(7)
    assert (run.agent.steps, run.agent.seed, run.running, run.log.episodes) == (0, 7, False, [])
    assert [check.step for check in run.log.checks] == [0]
    assert run.log.changes == [Change(0, {"gamma": 0.3})]  # the setting stays
    rested_after(run, run_for=12)
    run.reset()
    assert run.agent.seed == 7
    assert_consistent(run)


def test_a_reset_closes_the_episode_in_progress(start):
    run = rested_after(start(), run_for=7)
    assert run.agent.ends == 1
    ends = []
    run.agent.end_episode = lambda: ends.append(run.agent.steps)
    run.reset()
    assert ends == [7]


def test_a_reset_that_is_refused_changes_nothing(start):
    run = rested_after(start(), run_for=7)
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        run.reset(-1)
    rested_after(run, run_for=8)
    assert run.agent.steps == 15
    assert_consistent(run)


def test_a_reset_wins_against_a_thread_that_starts_the_run_again_and_again(start):
    run, stop = start(), threading.Event()

    def insist():
        while not stop.is_set():
            run.train()

    pest = threading.Thread(target=insist)
    pest.start()
    try:
        for seed in range(50):
            run.reset(seed)
    finally:
        stop.set()
        pest.join()
    run.pause()
    assert run.agent.seed == 49
    assert_consistent(run)


@pytest.mark.parametrize("name", ["pause", "reset"])
def test_a_run_in_a_step_that_does_not_end_is_not_reset(start, monkeypatch, name):
    monkeypatch.setattr(live, "TIMEOUT", 0.1)
    run, began, let_go = start(), threading.Event(), threading.Event()
    run.agent.at[7] = lambda: (began.set(), let_go.wait(20))
    run.train()
    assert began.wait(20)
    log = run.log
    with pytest.raises(TimeoutError, match="nothing was changed"):
        getattr(run, name)()
    assert (run.agent.steps, run.log, run.running) == (7, log, True)
    let_go.set()
    rested(run)
    assert run.agent.steps == 8
    run.reset(3)
    assert (run.agent.steps, run.agent.seed, run.log is log) == (0, 3, False)
    assert run.agent.clashes == 0


def abandoned():
    """Weak references to a running run and its parts, to which there is no other reference."""
    run = LiveRun(Corridor(), Tape())
    run.train()
    until(lambda: run.agent.steps > 10)
    return weakref.ref(run), weakref.ref(run.agent), weakref.ref(run.log)


def test_a_run_without_references_ends_and_frees_its_agent():
    gone = abandoned()
    until(lambda: not threads())
    assert [one() for one in gone] == [None] * 3


@pytest.mark.parametrize("speed", [None, 5.0, 0.1])
def test_pause_answers_quickly_at_any_speed(start, speed):
    run = start(QTableAgent(mountain_car.make(), seed=0), mountain_car.make())
    run.set_speed(speed)
    run.train()
    until(lambda: run.agent.steps >= (100 if speed is None else 1))
    before = time.perf_counter()
    run.pause()
    assert time.perf_counter() - before < 1.0
    assert threads() == []


def test_a_slow_run_is_no_quicker_than_its_speed(start):
    run = start()
    run.set_speed(40.0)
    before = time.perf_counter()
    run.train()
    until(lambda: run.agent.steps >= 10)
    run.pause()
    assert run.agent.steps <= 40 * (time.perf_counter() - before) + 3


def test_a_new_speed_is_heard_by_a_run_that_sleeps(start):
    run = start()
    run.set_speed(0.1)
    run.train()
    until(lambda: run.agent.steps >= 1)
    time.sleep(0.05)
    run.set_speed(None)
    until(lambda: run.agent.steps > 500, seconds=2)


@pytest.mark.parametrize(
    ("speed", "error"), [(0.0, ValueError), (float("nan"), ValueError), ("5", TypeError), (True, TypeError)]
)
def test_a_speed_that_makes_no_sense_is_refused_by_name(start, speed, error):
    run = start()
    with pytest.raises(error, match=f"speed must .*got {speed!r}"):
        run.set_speed(speed)
    assert run.speed is None


@pytest.mark.parametrize("name", ["every", "limit"])
@pytest.mark.parametrize(("value", "error"), [(0, ValueError), (1.5, TypeError)])
def test_an_interval_or_limit_that_makes_no_sense_is_refused_by_name(start, name, value, error):
    with pytest.raises(error, match=f"{name} must be .*got {value}"):
        start(**{name: value})


def test_an_agent_that_has_been_trained_is_refused():
    agent = Tape()
    agent.steps = 1_200
    with pytest.raises(ValueError, match="agent must be new, got one that has taken 1,200 steps"):
        LiveRun(Corridor(), agent)
    with pytest.raises(ValueError, match="agent must be new, got one that has taken 1,200 steps"):
        rerun(Corridor(), agent, [], 5_000)


# --- settings ------------------------------------------------------------------------------------------


def test_a_setting_that_is_changed_during_a_step_acts_from_the_next_one_on(start):
    run = start()
    run.agent.at = {3: lambda: run.change(gamma=0.1), 4: lambda: run.change(gamma=0.2, tau=1.0)}
    rested_after(run, run_for=8)
    assert [seen["gamma"] for seen in run.agent.seen] == [0.9] * 4 + [0.1] + [0.2] * 3
    assert run.log.changes == [Change(4, {"gamma": 0.1}), Change(5, {"gamma": 0.2, "tau": 1.0})]
    assert_consistent(run)


def test_settings_that_are_changed_together_are_noted_together_and_the_last_value_counts(start):
    run = start()

    def turn():
        for gamma in (0.1, 0.2, 0.3):
            run.change(gamma=gamma)
        run.change(epsilon=1.0)

    run.agent.at = {1: turn}
    rested_after(run, run_for=5)
    assert run.log.changes == [Change(2, {"gamma": 0.3, "epsilon": 1.0})]
    assert_consistent(run)


def test_a_setting_that_is_changed_in_the_last_step_is_not_lost(start):
    run = start()
    run.agent.at = {4: lambda: run.change(gamma=0.1)}
    rested_after(run, run_for=5)
    assert run.agent.config.gamma == 0.1
    assert run.log.changes == [Change(5, {"gamma": 0.1})]


def test_a_setting_that_is_changed_in_a_pause_acts_at_once_and_is_noted_with_the_step(start):
    run = rested_after(start(), run_for=7)
    run.change(epsilon=0.25)
    run.change(epsilon=0.75)
    assert run.agent.epsilon == 0.75
    assert run.log.changes == [Change(7, {"epsilon": 0.25}), Change(7, {"epsilon": 0.75})]
    rested_after(run, run_for=2)
    assert_consistent(run)


@pytest.mark.parametrize("trains", [True, False])
@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        ({"gamma": 1.5}, ValueError, r"gamma must lie in \[0, 1\], got 1.5"),
        ({"epsilon": 0.1, "gamma": "low"}, TypeError, "gamma must be a number, got 'low'"),
        ({"size": 4}, ValueError, "size cannot change during a run"),
        ({"colour": 1}, ValueError, "colour cannot change during a run"),
    ],
)
def test_a_bad_setting_is_refused_at_once_and_nothing_of_it_is_noted(start, trains, bad, error, words):
    run = start()
    if trains:
        run.train()
        until(lambda: run.agent.steps > 10)
    with pytest.raises(error, match=words):
        run.change(**bad)
    run.pause()
    assert run.log.changes == []
    assert run.problem is None
    assert run.agent.config == Settings()


def test_settings_changed_by_several_threads_while_it_trains_are_all_noted_in_order(start):
    run = start()
    run.train()

    def turn(name):
        for value in range(200):
            run.change(**{name: value / 200})
            time.sleep(0.0005)

    together([lambda name=name: turn(name) for name in ("gamma", "epsilon", "tau")])
    run.pause()
    assert run.agent.config == Settings(gamma=0.995, epsilon=0.995, tau=0.995)
    assert len(run.log.changes) > 20
    assert_consistent(run)


def test_a_run_that_begins_with_an_agent_of_other_settings_notes_no_change(start):
    assert start(Tape(Settings(gamma=0.2))).log.changes == []


def storm(run, seconds, names):
    """Random commands from several threads; each ends with a value of its own for its own setting."""
    end = time.monotonic() + seconds

    def press(number, name):
        chance = random.Random(number)
        commands = [run.train, run.train, lambda: run.train(one_episode=True), run.pause]
        commands += [lambda: run.change(**{name: chance.random()})] * 3
        commands += [run.reset, lambda: run.reset(chance.randrange(9))]
        commands += [lambda: run.set_speed(chance.choice([None, None, 300.0]))]
        while time.monotonic() < end:
            chance.choice(commands)()
            time.sleep(chance.choice([0, 0, 0.003]))
        run.change(**{name: number / 10})

    together([lambda n=n, name=name: press(n, name) for n, name in enumerate(names, start=1)])
    run.pause()
    run.set_speed(None)
    run.train()
    until(lambda: run.agent.steps > 200)
    run.pause()


def test_after_many_random_commands_the_log_is_complete_and_the_settings_are_the_last_ones(start):
    run = start()
    run.callback = lambda: time.sleep(0.001)
    storm(run, 3.0, ["gamma", "epsilon", "tau"])
    assert run.problem is None
    assert threads() == []
    assert run.agent.config == Settings(gamma=0.1, epsilon=0.2, tau=0.3)
    assert_consistent(run)


# --- what goes wrong --------------------------------------------------------------------------------


def failing(problem):
    def fail():
        raise problem

    return fail


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (ValueError("a student's mistake"), ValueError),
        (SystemExit(3), SystemExit),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (StopIteration(), RuntimeError),  # inside a generator Python turns it into one
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_the_agent_raises_ends_the_run_in_words_and_it_can_be_trained_again(start, problem, kind):
    run = start()
    run.agent.at = {7: failing(problem)}
    run.train()
    rested(run)
    assert isinstance(run.problem, kind)
    assert (run.agent.steps, run.agent.ends, len(run.log.episodes)) == (7, 2, 1)
    run.train(one_episode=True)
    rested(run)
    assert run.problem is None
    assert (run.agent.steps, [episode.number for episode in run.log.episodes]) == (12, [1, 2])


def test_a_reset_clears_the_problem(start):
    run = start()
    run.agent.at = {7: failing(ValueError())}
    run.train()
    assert rested(run).problem is not None
    run.reset()
    assert run.problem is None
    rested_after(run, run_for=10)
    assert_consistent(run)


@pytest.mark.parametrize("owner", ["env", "agent"])
def test_what_the_environment_or_the_end_of_an_episode_raises_is_kept_too(start, monkeypatch, owner):
    run = start()
    name = {"env": "step", "agent": "end_episode"}[owner]
    with monkeypatch.context() as patch:
        patch.setattr(getattr(run, owner), name, lambda *_: failing(OSError("no"))())
        run.train()
        assert str(rested(run).problem) == "no"
    run.agent.busy = threading.Lock()
    rested_after(run, run_for=20)
    assert (run.problem, run.running) == (None, False)


@pytest.mark.parametrize("limit", [NEVER, 4], ids=["between two steps", "after the last"])
def test_an_agent_that_fails_to_change_its_settings_stops_the_run_and_not_for_ever(start, monkeypatch, limit):
    run = start(limit=limit)
    with monkeypatch.context() as patch:
        patch.setattr(run.agent, "change", lambda **_: failing(OSError("stuck"))())
        run.agent.at = {3: lambda: run.change(gamma=0.1)}
        run.train()
        assert str(rested(run).problem) == "stuck"
    assert run.log.changes == []
    rested_after(run, run_for=6)
    assert_consistent(run)


# --- callbacks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [0.0, 0.002, 0.05, 0.4], ids=lambda look: f"a look of {look} s")
def test_callbacks_take_no_more_than_their_fraction_of_the_time(start, monkeypatch, look):
    clock, looks = SimpleNamespace(now=0.0), []
    monkeypatch.setattr(live, "time", SimpleNamespace(perf_counter=lambda: clock.now))

    def callback():
        looks.append((clock.now, run.running))
        clock.now += look

    def act(state):
        clock.now += 0.001
        return 0

    run = start(callback=callback)
    run.agent.act, run.agent.busy = act, SimpleNamespace(release=lambda: None, locked=lambda: False)
    rested_after(run, run_for=10_000)
    times = [at for at, running in looks if running]
    assert [running for _, running in looks] == [True] * len(times) + [False]  # once more at the end
    assert np.diff(times).min() >= max(live.MIN_INTERVAL, look / live.CALLBACK_FRACTION) - 1e-9
    assert np.diff(times).max() <= max(live.MIN_INTERVAL + look, look / live.CALLBACK_FRACTION) + 0.002
    assert look * (len(times) - 1) <= live.CALLBACK_FRACTION * times[-1] + 1e-9


def test_a_callback_finds_the_run_between_two_steps(start):
    seen = []
    run = start(callback=lambda: seen.append((run.agent.busy.locked(), run.running)))
    run.train()
    until(lambda: len(seen) > 3)
    run.pause()
    assert {busy for busy, _ in seen} == {False}
    assert [running for _, running in seen] == [True] * (len(seen) - 1) + [False]


def test_a_look_that_fails_stops_the_run_without_harming_it(start):
    run = start(callback=failing(OSError("nobody there")))
    run.agent.at = {1: lambda: time.sleep(0.01)}
    run.train()
    assert str(rested(run).problem) == "nobody there"
    assert run.agent.steps == 1
    run.callback = lambda: None
    rested_after(run, run_for=13)
    assert run.problem is None
    assert_consistent(run)  # it is the same episode that went on


def test_a_last_callback_that_fails_is_kept_and_the_run_can_go_on(start):
    run = start(callback=lambda: None if run.running else failing(SystemExit("gone"))())
    rested_after(run, run_for=7)
    assert isinstance(run.problem, SystemExit)
    assert threads() == []
    rested_after(run, run_for=7)
    assert run.agent.steps == 14
    assert_consistent(run)


def test_a_last_callback_that_fails_does_not_hide_what_ended_the_run(start):
    run = start(callback=lambda: None if run.running else failing(OSError("the look"))())
    run.agent.at = {7: failing(ValueError("the agent"))}
    run.train()
    assert str(rested(run).problem) == "the agent"


def test_a_callback_may_pause_the_run(start):
    run = start()
    run.callback = run.pause
    run.train()
    assert rested(run).agent.steps == 1
    assert run.problem is None


def test_a_callback_may_change_settings_and_reset_the_run(start):
    def callback():
        if run.running and run.agent.steps > 1:
            run.change(gamma=0.25)
            run.reset(5)

    run = start(callback=callback)
    run.train()
    rested(run)
    assert run.problem is None
    assert (run.agent.seed, run.agent.steps, run.agent.config.gamma) == (5, 0, 0.25)
    assert_consistent(run)


def test_the_last_callback_may_start_the_run_again(start):
    looks = []

    def callback():
        if not run.running and len(looks) < 3:
            looks.append(run.agent.steps)
            run.train(one_episode=True)

    run = start(callback=callback)
    run.train(one_episode=True)
    until(lambda: run.agent.steps == 20 and not run.running)
    run.pause()
    assert looks == [5, 10, 15]
    assert_consistent(run)


def test_train_does_not_wait_for_a_last_callback_that_takes_its_time(start):
    let_go = threading.Event()
    run = start(callback=lambda: None if run.running else let_go.wait(8))
    run.train(one_episode=True)
    until(lambda: not run.running)
    before = time.perf_counter()
    run.train(one_episode=True)
    run.change(gamma=0.5)
    assert time.perf_counter() - before < 2.0
    assert run.agent.steps == 5  # but no step is taken during the callback
    let_go.set()
    assert rested(run).agent.steps == 10
    assert_consistent(run)


def test_a_process_ends_cleanly_while_a_run_goes_on():
    script = (
        "import time; from dqn_lib import mountain_car; from dqn_lib.agents.q_table import QTableAgent\n"
        "from dqn_lib.widgets.live import LiveRun\n"
        "env = mountain_car.make(); run = LiveRun(env, QTableAgent(env)); run.train(); time.sleep(0.2)\n"
        "print(run.running)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


# --- reproducing it ------------------------------------------------------------------------


def short(length=30):
    return mountain_car.make(max_episode_steps=length)


def assert_lives_again(run, agent, length=30):
    """`agent`, new, is after the recorded changes where the run's own agent is, to the last bit."""
    rerun(short(length), agent, run.log.changes, run.agent.steps)
    run.agent.end_episode()  # rerun breaks off the episode in progress
    assert agent.config == run.agent.config
    np.testing.assert_equal(agent.get_state(), run.agent.get_state())


def new_table(seed=3, config=TABLE):
    return QTableAgent(short(), config, seed=seed)


def test_a_run_with_settings_changed_at_any_moment_can_be_reproduced(start):
    run = start(new_table(), short())
    storm(run, 1.5, ["gamma", "epsilon", "learning_rate"])
    assert run.problem is None
    assert len(run.log.changes) >= 1
    assert np.abs(run.agent.table.values).sum() > 1
    assert_lives_again(run, new_table(run.agent.seed))


def test_without_its_changes_a_run_ends_elsewhere(start):
    run = start(new_table(), short())
    run.change(gamma=0.5, epsilon=0.9)
    rested_after(run, run_for=100)
    agent = new_table()
    rerun(short(), agent, [], 100)
    assert (agent.table.values != run.agent.table.values).any()


class Turning(gym.Wrapper):
    """In the middle of the steps with these numbers, counted from when they were set, something happens."""

    def __init__(self, env):
        super().__init__(env)
        self.count, self.at = 0, {}

    def step(self, action):
        for act in self.at.pop(self.count, []):
            act()
        self.count += 1
        return self.env.step(action)


VALUES = {
    "gamma": st.floats(0.0, 1.0),
    "epsilon": st.sampled_from([0.0, 0.3, 1.0]),
    "learning_rate": st.floats(0.0, 1.0),
    "hold": st.integers(1, 9),
}
TURN = st.sampled_from(sorted(VALUES)).flatmap(lambda name: st.tuples(st.just(name), VALUES[name]))
COMMAND = st.one_of(
    st.tuples(st.just("turn"), TURN),
    st.tuples(
        st.just("steps"), st.integers(1, 25), st.lists(st.tuples(st.integers(0, 25), TURN), max_size=4)
    ),
    st.tuples(st.just("episode")),
    st.tuples(st.just("reset"), st.integers(0, 3) | st.none()),
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(COMMAND, max_size=12))
def test_any_sequence_of_commands_can_be_reproduced(commands):
    env = Turning(short(7))
    run = LiveRun(env, new_table(), every=NEVER, limit=NEVER)

    def turn(name, value):
        run.change(**{name: value})

    def steps(number, turns):
        env.count, env.at = 0, {}
        for at, change in turns:
            env.at.setdefault(at, []).append(lambda change=change: turn(*change))
        rested_after(run, run_for=number)
        env.at = {}

    def episode():
        run.train(one_episode=True)
        rested(run)

    acts = {"turn": lambda change: turn(*change), "steps": steps, "episode": episode, "reset": run.reset}
    for name, *arguments in commands:
        acts[name](*arguments)
    assert run.problem is None
    assert_lives_again(run, new_table(run.agent.seed), length=7)


@pytest.fixture
def agents():
    """Two equal new agents, compiled now, so that no test waits for it."""
    two = [DQNAgent(short(), DQN, seed=5, xla=False) for _ in range(2)]
    two[0].compile()
    return two


def test_a_dqn_run_with_every_setting_changed_is_reproduced_to_the_last_bit(start, agents):
    recorded, again = agents
    env = Turning(short())
    run = start(recorded, env)
    rested_after(run, run_for=45)  # a life that the reset forgets
    run.change(epsilon=0.4)
    run.reset(8)
    env.count = 0
    env.at = {
        33: [lambda: run.change(gamma=0.9)],
        40: [lambda: run.change(learning_rate=0.02, tau=0.3), lambda: run.change(tau=0.4, epsilon=None)],
        59: [lambda: run.change(hold=7)],  # with the last step of an episode
        77: [lambda: run.change(target_update="hard", target_period=3)],
        101: [lambda: run.change(target_update="every_step")],
    }
    rested_after(run, run_for=52)
    run.change(gamma=0.95)
    run.change(epsilon=0.1)
    rested_after(run, run_for=83)
    assert recorded.steps == 135  # in mid-episode
    assert [change.step for change in run.log.changes] == [0, 34, 41, 52, 52, 60, 78, 102]
    assert recorded.updates == 2 * 26
    again.config = run.config
    again.restart(8)
    assert_lives_again(run, again)
    np.testing.assert_array_equal(recorded.parameters, again.parameters)


def test_a_dqn_run_that_paused_with_its_episode_can_be_reproduced(start, agents):
    recorded, again = agents
    run = start(recorded, short())
    for _ in range(2):
        run.train(one_episode=True)
        rested(run)
        run.change(gamma=0.8)
    assert recorded.updates > 0
    assert_lives_again(run, again)


def test_a_dqn_run_in_pieces_is_the_run_in_one(start, agents):
    recorded, whole = agents
    run = start(recorded, short())
    for piece in (1, 29, 1, 40, 19):
        rested_after(run, run_for=piece)
    env = short()
    for _ in range(3):
        list(episode_steps(env, whole))
    np.testing.assert_equal(recorded.get_state(), whole.get_state())


def test_a_rerun_of_no_steps_leaves_a_new_agent(agents):
    rerun(short(), agents[0], [], 0)
    np.testing.assert_equal(agents[0].get_state(), agents[1].get_state())
    with pytest.raises(ValueError, match="steps must be at least 0, got -1"):
        rerun(short(), agents[0], [], -1)


# --- memory -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", [OSError, TypeError, AttributeError], ids=["none", "Windows", "musl"])
def test_a_reset_works_with_any_c_library(start, monkeypatch, problem):
    def load(_):
        raise problem

    monkeypatch.setattr(live.ctypes, "CDLL", load)
    run = start()
    run.reset(5)
    assert run.agent.seed == 5


def test_a_reset_releases_the_memory_of_the_run_before(start, monkeypatch):
    run, logs = start(), []
    first = run.log
    monkeypatch.setattr(live, "release_memory", lambda: logs.append(run.log))
    run.reset()
    assert len(logs) == 1
    assert logs[0] is run.log is not first
