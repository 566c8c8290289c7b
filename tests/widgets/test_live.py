"""A live run: one thread at most, settings that change at once and are noted, and a log to rerun it."""

import random
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
from waiting import threads, together, until

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import Config, DQNConfig, TableConfig, setting
from dqn_lib.training import Change
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
        self.steps = self.episodes = 0
        self.ends, self.seen, self.threads = [], [], set()

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
        self.ends.append(self.steps)

    def change(self, **changed):
        self.clashes += self.busy.locked()
        self.config = self.config.change_live(**changed)


@pytest.fixture
def start():
    """A run in the corridor, or in `env`; no thread of it outlives its test."""
    runs = []

    def new(agent=None, env=None, *, every=NEVER, limit=NEVER, **options):
        runs.append(LiveRun(env or Corridor(), agent or Tape(), every=every, limit=limit, **options))
        return runs[-1]

    yield new
    for run in runs:
        run.callback = lambda: None
        run.pause()
    assert threads() == []


def rested(run):
    """The run, when it has ended by itself, its last callback included."""
    until(lambda: not run.running)
    run.pause()
    return run


def lived(run, steps):
    """The run, so many steps later."""
    run.limit = run.agent.steps + steps
    run.train()
    rested(run)
    run.limit = NEVER
    return run


def assert_consistent(run):
    """No two threads clashed, and the log has the settings that the agent really had."""
    steps = [episode.step for episode in run.log.episodes]
    assert run.agent.clashes == 0
    assert steps == list(range(5, run.agent.steps + 1, 5))
    assert [episode.number for episode in run.log.episodes] == list(range(1, len(steps) + 1))
    assert run.agent.episodes == len(steps)
    coming, now = list(run.log.changes), asdict(run.config)
    for step, had in enumerate([*run.agent.seen, asdict(run.agent.config)]):
        while coming and coming[0].step <= step:
            now |= coming.pop(0).settings
        assert now == had
    assert coming == []


def failing(problem):
    def fail(*_, **__):
        raise problem

    return fail


# --- train, pause, one episode, reset ---------------------------------------------------------------


def test_a_run_goes_on_until_it_is_paused_and_then_from_where_it_was(start):
    run = start()
    run.pause()
    assert not run.running
    together([run.train] * 20)
    until(lambda: run.agent.steps > 100)
    assert run.running and len(threads()) == 1
    run.train()
    together([run.pause] * 8)
    assert (run.running, threads(), len(run.agent.threads)) == (False, [], 1)
    paused = run.agent.steps
    run.train()
    until(lambda: run.agent.steps > paused + 100)
    run.pause()
    assert_consistent(run)


def test_one_episode_ends_where_the_episode_in_progress_ends_unless_train_is_pressed(start):
    run = lived(start(), steps=2)
    for steps in (5, 10):
        run.train(one_episode=True)
        assert rested(run).agent.steps == steps
    run.set_speed(20.0)  # an episode lasts a good part of a second
    run.train(one_episode=True)
    run.train()
    run.train(one_episode=True)  # changes nothing: it goes on anyway
    run.set_speed(None)
    until(lambda: len(run.log.episodes) > 5)
    assert run.running


@pytest.mark.parametrize("limit", [12, 15])
def test_a_run_ends_for_good_at_its_limit_with_every_whole_episode_in_its_log(start, monkeypatch, limit):
    run = start(limit=limit)
    begin = run._loop.start

    def overtaken(prepare):
        begin(prepare)  # another thread, before the limit was reached
        rested(run)
        begin(prepare)

    monkeypatch.setattr(run._loop, "start", overtaken)
    run.train()
    assert rested(run).agent.steps == limit
    run.train()
    assert (run.at_limit, run.running, threads()) == (True, False, [])
    assert_consistent(run)
    run.reset()
    assert not run.at_limit


def test_a_reset_begins_again_with_an_empty_log_and_the_settings_that_hold(start):
    run = start()
    run.change(gamma=0.3)
    run.train()
    until(lambda: run.agent.steps > 10)
    run.reset(7)
    assert (run.agent.steps, run.agent.seed, run.running, run.log.episodes) == (0, 7, False, [])
    assert [check.step for check in run.log.checks] == [0]
    assert run.log.changes == [Change(0, {"gamma": 0.3})]
    assert run.latest is None
    lived(run, steps=12)
    assert (run.latest[0], run.latest[1].tolist()) == (0, [2.0])  # to be shown
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        run.reset(-1)
    assert run.agent.steps == 12
    ends = []
    run.agent.end_episode = lambda: ends.append(run.agent.steps)
    run.reset()
    assert ends == [12]  # it closes the episode in progress
    assert run.agent.seed == 7
    assert start(Tape(Settings(gamma=0.2))).log.changes == []


def test_a_reset_wins_against_a_thread_that_starts_the_run_again(start, monkeypatch):
    run, overtaken = start(), []
    pause = run.pause

    def pause_and_be_overtaken():
        pause()
        if len(overtaken) < 3:
            overtaken.append(run.train())

    monkeypatch.setattr(run, "pause", pause_and_be_overtaken)
    run.reset(7)
    assert (len(overtaken), run.running, run.agent.steps, run.agent.seed) == (3, False, 0, 7)
    assert run.agent.clashes == 0


def test_a_run_in_a_step_that_does_not_end_is_not_reset(start, monkeypatch):
    monkeypatch.setattr(live, "TIMEOUT", 0.1)
    run, began, let_go = start(), threading.Event(), threading.Event()
    run.agent.at[7] = lambda: (began.set(), let_go.wait(20))
    run.train()
    assert began.wait(20)
    log = run.log
    with pytest.raises(TimeoutError, match="nothing was changed"):
        run.reset()
    assert (run.agent.steps, run.log, run.running) == (7, log, True)
    let_go.set()
    assert rested(run).agent.steps == 8
    run.reset(3)
    assert (run.agent.steps, run.agent.seed, run.log is log, run.agent.clashes) == (0, 3, False, 0)


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


def test_a_slow_run_keeps_to_its_speed_and_hears_a_new_one_and_a_pause_at_once(start):
    run = start()
    run.set_speed(40.0)
    before = time.perf_counter()
    run.train()
    until(lambda: run.agent.steps >= 10)
    assert run.agent.steps <= 40 * (time.perf_counter() - before) + 3
    run.set_speed(0.1)
    time.sleep(0.05)
    before = time.perf_counter()
    run.pause()
    assert time.perf_counter() - before < 1.0
    run.train()
    time.sleep(0.05)
    run.set_speed(None)
    until(lambda: run.agent.steps > 500, seconds=2)


def test_what_makes_no_sense_is_refused_by_name(start):
    run, trained = start(), lived(start(), steps=2).agent
    for speed, error in ((0.0, ValueError), (float("nan"), ValueError), ("5", TypeError)):
        with pytest.raises(error, match=f"speed must .*got {speed!r}"):
            run.set_speed(speed)
    assert run.speed is None
    for name in ("every", "limit", "episodes"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
            start(**{name: 0})
    for use in (start, lambda agent: rerun(Corridor(), agent, [], 5_000)):
        with pytest.raises(ValueError, match="agent must be new, got one that has taken 2 steps"):
            use(trained)
    with pytest.raises(ValueError, match="steps must be at least 0, got -1"):
        rerun(Corridor(), Tape(), [], -1)


def test_a_reset_releases_memory_with_any_c_library(start, monkeypatch):
    run, release, logs = start(), live.release_memory, []
    first = run.log
    monkeypatch.setattr(live, "release_memory", lambda: logs.append(run.log))
    run.reset()
    assert len(logs) == 1 and logs[0] is run.log is not first
    for problem in (OSError, TypeError, AttributeError):  # none, Windows, musl
        monkeypatch.setattr(live.ctypes, "CDLL", failing(problem))
        release()


# --- settings ------------------------------------------------------------------------------------------


def test_settings_act_from_the_next_step_on_and_are_noted_with_its_number(start):
    run = start()

    def turn():
        for gamma in (0.5, 0.6, 0.1):
            run.change(gamma=gamma)
        run.change(epsilon=1.0)

    run.agent.at = {1: turn, 3: lambda: run.change(gamma=0.2, tau=1.0), 7: lambda: run.change(tau=0.3)}
    lived(run, steps=8)
    assert [seen["gamma"] for seen in run.agent.seen] == [0.9] * 2 + [0.1] * 2 + [0.2] * 4
    assert run.agent.config.tau == 0.3
    run.change(epsilon=0.25)  # in a pause
    run.change(epsilon=0.75)
    assert run.agent.epsilon == 0.75
    assert run.log.changes == [
        Change(2, {"gamma": 0.1, "epsilon": 1.0}),
        Change(4, {"gamma": 0.2, "tau": 1.0}),
        Change(8, {"tau": 0.3}),
        Change(8, {"epsilon": 0.25}),
        Change(8, {"epsilon": 0.75}),
    ]
    assert_consistent(lived(run, steps=2))


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        ({"gamma": 1.5}, ValueError, r"gamma must lie in \[0, 1\], got 1.5"),
        ({"epsilon": 0.1, "gamma": "low"}, TypeError, "gamma must be a number, got 'low'"),
        ({"size": 4}, ValueError, "size cannot change during a run"),
    ],
)
def test_a_bad_setting_is_refused_at_once_and_nothing_of_it_is_noted(start, bad, error, words):
    run = start()
    run.train()
    with pytest.raises(error, match=words):
        run.change(**bad)
    run.pause()
    assert (run.log.changes, run.problem, run.agent.config) == ([], None, Settings())


def test_after_many_random_commands_the_log_is_complete_and_the_settings_are_the_last_ones(start):
    run, busy = start(episodes=1), set()
    run.callback = lambda: (busy.add(run.agent.busy.locked()), time.sleep(0.001))
    end = time.monotonic() + 1.0

    def act(number, name):
        chance = random.Random(number)
        commands = [run.train, run.train, lambda: run.train(one_episode=True), run.pause]
        commands += [lambda: run.change(**{name: chance.random()})] * 3
        commands += [run.reset, lambda: run.reset(chance.randrange(9))]
        commands += [lambda: run.set_speed(chance.choice([None, None, 300.0]))]
        while time.monotonic() < end:
            chance.choice(commands)()
            time.sleep(chance.choice([0, 0, 0.003]))
        run.change(**{name: number / 10})

    names = enumerate(("gamma", "epsilon", "tau"), start=1)
    together([lambda one=one: act(*one) for one in names])
    run.pause()
    run.set_speed(None)
    lived(run, steps=100)
    assert (run.problem, busy) == (None, {False})  # a callback comes between two steps
    assert run.agent.config == Settings(gamma=0.1, epsilon=0.2, tau=0.3)
    assert_consistent(run)


# --- what goes wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (ValueError("a student's mistake"), ValueError),
        (SystemExit(3), SystemExit),
        (StopIteration(), RuntimeError),  # inside a generator Python turns it into one
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_the_agent_raises_ends_the_run_and_it_can_be_trained_again_or_reset(start, problem, kind):
    run = start()
    run.agent.at = {7: failing(problem), 12: failing(problem)}
    run.train()
    assert isinstance(rested(run).problem, kind)
    assert (run.agent.steps, run.agent.ends) == (7, [5, 7])
    run.train(one_episode=True)
    assert rested(run).problem is None
    assert (run.agent.steps, [episode.number for episode in run.log.episodes]) == (12, [1, 2])
    run.train()
    assert isinstance(rested(run).problem, kind)
    run.reset()
    assert run.problem is None
    assert_consistent(lived(run, steps=10))


@pytest.mark.parametrize("limit", [NEVER, 4], ids=["between two steps", "after the last"])
def test_an_agent_that_fails_to_change_its_settings_stops_the_run_and_not_for_ever(start, monkeypatch, limit):
    run = start(limit=limit)
    with monkeypatch.context() as patch:
        patch.setattr(run.agent, "change", failing(OSError("stuck")))
        run.agent.at = {3: lambda: run.change(gamma=0.1)}
        run.train()
        assert str(rested(run).problem) == "stuck"
    assert run.log.changes == []
    assert_consistent(lived(run, steps=6))


# --- callbacks ---------------------------------------------------------------------------------------


def test_a_callback_that_fails_stops_the_run_without_harming_it(start):
    run = start(callback=failing(OSError("nobody there")))
    run.agent.at = {1: lambda: time.sleep(0.01)}
    run.train()
    assert str(rested(run).problem) == "nobody there"
    assert run.agent.steps == 1
    run.callback = lambda: None if run.running else failing(SystemExit("gone"))()
    assert isinstance(lived(run, steps=13).problem, SystemExit)
    assert_consistent(run)  # it is the same episode that went on
    run.agent.at = {20: failing(ValueError("the agent"))}
    run.train()
    assert str(rested(run).problem) == "the agent"


def test_a_changed_setting_calls_back_at_once(start, monkeypatch):
    monkeypatch.setattr(live, "MIN_INTERVAL", 100.0)
    looks = []
    run = start(callback=lambda: looks.append(run.agent.config.gamma))
    run.train()
    until(lambda: looks)
    run.change(gamma=0.1)
    until(lambda: looks[1:])
    assert looks == [0.9, 0.1]


def test_a_callback_may_change_settings_and_reset_the_run(start):
    def callback():
        if run.running and run.agent.steps > 1:
            run.change(gamma=0.25)
            run.reset(5)

    run = start(callback=callback)
    run.train()
    assert rested(run).problem is None
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


def test_train_does_not_wait_for_a_last_callback_but_no_step_is_taken_during_it(start, monkeypatch):
    monkeypatch.setattr(live, "TIMEOUT", 0.05)
    let_go = threading.Event()
    run = start(callback=lambda: None if run.running else let_go.wait(8))
    run.train(one_episode=True)
    until(lambda: not run.running)
    before = time.perf_counter()
    run.train(one_episode=True)
    run.change(gamma=0.5)
    assert time.perf_counter() - before < 2.0
    time.sleep(0.2)  # longer than a pause would wait
    assert run.agent.steps == 5
    let_go.set()
    until(lambda: not threads())
    assert run.agent.steps == 10
    assert_consistent(run)


# --- reproducing it ------------------------------------------------------------------------


def short(length=30):
    return mountain_car.make(max_episode_steps=length)


def assert_lives_again(run, agent, length=30):
    """`agent`, new, is after the recorded changes where the run's own agent is, to the last bit."""
    rerun(short(length), agent, run.log.changes, run.agent.steps)
    run.agent.end_episode()  # rerun breaks off the episode in progress
    assert agent.config == run.agent.config
    np.testing.assert_equal(agent.get_state(), run.agent.get_state())


def new_table(seed=3):
    return QTableAgent(short(), TABLE, seed=seed)


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


@settings(max_examples=40, deadline=None)
@given(st.lists(COMMAND, max_size=12))
def test_any_sequence_of_commands_can_be_reproduced(commands):
    env = Turning(short(7))
    run = LiveRun(env, new_table(), every=NEVER, episodes=1)

    def turn(change):
        run.change(**dict([change]))

    def steps(number, turns):
        env.count, env.at = 0, {}
        for at, change in turns:
            env.at.setdefault(at, []).append(lambda change=change: turn(change))
        lived(run, number)
        env.at = {}

    def episode():
        run.train(one_episode=True)
        rested(run)

    for name, *arguments in commands:
        {"turn": turn, "steps": steps, "episode": episode, "reset": run.reset}[name](*arguments)
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
    lived(run, steps=45)  # a life that the reset forgets
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
    lived(run, steps=52)
    run.change(gamma=0.95)
    run.change(epsilon=0.1)
    lived(run, steps=83)
    assert recorded.steps == 135  # in mid-episode
    assert [change.step for change in run.log.changes] == [0, 34, 41, 52, 52, 60, 78, 102]
    assert recorded.updates == 2 * 26
    again.config = run.config
    again.restart(8)
    assert_lives_again(run, again)


def test_a_dqn_run_that_paused_within_and_between_episodes_can_be_reproduced(start, agents):
    recorded, again = agents
    run = start(recorded, short())
    for piece in (1, 29, 1, 40, 19):
        lived(run, piece)
        if recorded.steps % 30 == 0:
            run.change(gamma=run.agent.config.gamma - 0.1)
    assert recorded.updates > 0 and len(run.log.changes) == 2
    assert_lives_again(run, again)
