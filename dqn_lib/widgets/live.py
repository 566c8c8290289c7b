"""Training runs in a thread of their own: start, pause, slow down, and change settings meanwhile.

Changed settings act from the next step on, and the log notes them with the number of that step, so that
`rerun` can reproduce the run.
"""

import contextlib
import ctypes
import inspect
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

import gymnasium as gym
from numpy.typing import NDArray

from dqn_lib.config import Config, check_integer, check_number
from dqn_lib.training import Agent, Change, Episode, TrainingLog, episode_steps

T = TypeVar("T")
CALLBACK_FRACTION = 0.1  # maximum fraction of time spent in callbacks
SMOOTHING_WINDOW = 8  # callbacks: smoothing window for the cost of a callback
MIN_INTERVAL = 1 / 32  # seconds between two callbacks, at least
TIMEOUT = 10.0  # seconds that `pause` waits for a step to end; a step takes milliseconds
MIN_SLEEP = 0.01  # seconds: for less than this a slow loop does not sleep
MAX_SLEEP = 0.1  # seconds after which a sleeping loop checks whether its speed has changed
BATCH_SECONDS = 0.004  # at full speed, steps are taken in batches of this duration
MAX_LAG = 0.2  # seconds that a loop catches up on, at most, after a slow step or callback


class Loop:
    """Calls `step()` repeatedly, in at most one daemon thread, until it returns False or raises.

    A step begins `seconds` after the one before, or when that one ends if it takes longer. The thread calls
    `callback()` between two steps, throttled to `CALLBACK_FRACTION` of the time, and once more after the
    last step. It calls `on_stop()`, holding `lock`, just before `running` becomes false. All methods are
    thread-safe.

    The thread keeps neither the loop nor, if `step` and `on_stop` are methods, their object alive: when no
    other reference is left, the object is freed and the thread ends.
    """

    def __init__(
        self,
        step: Callable[[], bool],
        callback: Callable[[], None],
        *,
        on_stop: Callable[[], None] = lambda: None,
        seconds: float = 0.0,
        name: str = "dqn_lib loop",
    ) -> None:
        self._step, self._on_stop = _weak(step), _weak(on_stop)
        self.callback = callback
        self.seconds, self.name = seconds, name
        self.running = False
        self.problem: BaseException | None = None  # the exception that ended it, if any
        self.lock = threading.Lock()  # for starting and stopping; never held during a step
        self._cost: float | None = None  # seconds that a callback takes, smoothed
        self._stop = threading.Event()
        self._threads: tuple[threading.Thread, ...] = ()  # the one before the latest, and the latest
        weakref.finalize(self, self._stop.set)

    def start(self, prepare: Callable[[], None] = lambda: None) -> None:
        """Call `prepare()`, then run until paused. Does nothing if it is running already."""
        with self.lock:
            if not self.running:
                prepare()
                self.running, self.problem = True, None
                self._stop.clear()
                before = self._threads[-1:]
                args = weakref.ref(self), self._stop, *before
                thread = threading.Thread(target=_run, args=args, name=self.name, daemon=True)
                self._threads = *before, thread
                thread.start()

    def pause(self) -> None:
        """Stop after the current step, and return when the thread has ended.

        The thread calls `callback` once more before that, so hold no lock that `callback` needs. Called
        from the thread itself, `pause` returns at once.

        Raises:
            TimeoutError: if the thread is still in a step or a callback after `TIMEOUT` seconds. It stops
                after that; until then, change nothing that it uses.
        """
        with self.lock:
            self._stop.set()
            threads = self._threads
        if threads and not self.in_own_thread:
            threads[-1].join(TIMEOUT)
            if threads[-1].is_alive():
                raise TimeoutError(
                    f"a step must end within {TIMEOUT:g} s, but the current one has not: nothing was changed"
                )

    def callback_soon(self) -> None:
        """Call back right after the current step."""
        self._next_callback = 0.0

    @property
    def in_own_thread(self) -> bool:
        """Whether this is called from the loop's own thread."""
        return threading.current_thread() in self._threads

    def _begin(self) -> None:
        self._due = self._next_callback = time.perf_counter()

    def _continue(self) -> bool:
        """Take a step, or a batch of them at full speed; return whether more are to follow."""
        with self._keeping_problem():
            until, step = time.perf_counter() + BATCH_SECONDS, self._step()
            while step is not None and step():
                self._before, self._now = self._due, time.perf_counter()
                if self._now >= self._next_callback:
                    self._call_back()
                if self.seconds or self._now > until or self._stop.is_set():
                    return True
        return False

    def _seconds_left(self) -> float:
        """Seconds until the next step is due; not positive if it is."""
        self._due = max(self._before + self.seconds, self._now - MAX_LAG)
        return self._due - time.perf_counter()

    def _end(self) -> None:
        with self.lock:
            with self._keeping_problem():
                if (on_stop := self._on_stop()) is not None:
                    on_stop()
            self.running = False
        with self._keeping_problem():
            self.callback()

    @contextlib.contextmanager
    def _keeping_problem(self) -> Iterator[None]:
        """Keep the first exception of a student's agent or a callback; the loop can be started again."""
        try:
            yield
        except BaseException as problem:
            self.problem = self.problem or problem

    def _call_back(self) -> None:
        self.callback()
        after = time.perf_counter()
        usual = after - self._now if self._cost is None else self._cost
        self._cost = usual + (after - self._now - usual) / SMOOTHING_WINDOW
        wait = MIN_INTERVAL
        if self._before + self.seconds <= after:  # else it would sleep anyway, and a callback costs nothing
            wait = max(wait, self._cost * (1 - CALLBACK_FRACTION) / CALLBACK_FRACTION)
        self._next_callback = after + wait


def _run(own: "weakref.ref[Loop]", stop: threading.Event, before: threading.Thread | None = None) -> None:
    """The thread's main function; it holds a reference to the loop during a step, not while it sleeps."""
    if before is not None:
        before.join()  # which may still be in its last callback
    if (loop := own()) is not None:
        loop._begin()
    while not stop.is_set():
        loop = own()
        if loop is None or not loop._continue():
            break
        left = loop._seconds_left()
        del loop
        while left > MIN_SLEEP and not stop.wait(min(left, MAX_SLEEP)):
            if (loop := own()) is None:
                return
            left = loop._seconds_left()
            del loop
    if (loop := own()) is not None:
        loop._end()


def _weak(call: Callable[[], T]) -> Callable[[], Callable[[], T] | None]:
    """A reference to `call`; if it is a method, a weak one, which returns None once its object is gone."""
    return weakref.WeakMethod(call) if inspect.ismethod(call) else lambda: call


class LiveAgent(Agent, Protocol):
    """An agent whose settings can change while it learns, and that can start again."""

    config: Any

    def change(self, **settings: Any) -> None:
        """Change live settings; they act from the next step on."""

    def restart(self, seed: int | None = None) -> None:
        """Forget everything learnt; with a `seed`, use that one from now on."""


def _check_new(agent: LiveAgent) -> None:
    if agent.steps:
        raise ValueError(f"agent must be new, got one that has taken {agent.steps:,} steps")


class LiveRun:
    """A training run of a new agent, in at most one thread; all methods are thread-safe.

    `log` gets a greedy check every `every` steps, over `episodes` episodes in `env` itself. The run ends
    after `limit` steps, so that it ends even if no page is open. `callback()` is called in the run's thread
    as `Loop` does it. When no reference to the run is left, it ends after the current step.

    Raises:
        TypeError, ValueError: if a number is out of bounds, or if the agent has been trained before.
    """

    def __init__(
        self,
        env: gym.Env,
        agent: LiveAgent,
        *,
        every: int = 500,
        episodes: int = 100,
        limit: int = 100_000,
        callback: Callable[[], None] = lambda: None,
    ) -> None:
        check_integer("every", every, low=1)
        check_integer("episodes", episodes, low=1)
        check_integer("limit", limit, low=1)
        _check_new(agent)
        self.env, self.agent, self.every, self.limit = env, agent, every, limit
        self.episodes = episodes
        self.config: Config = agent.config  # the initial settings; the log has the changes
        self.speed: float | None = None
        self._loop = Loop(self._step, callback, on_stop=self._apply, name="dqn_lib live run")
        self._pending: dict[str, Any] = {}  # settings to change at the next step; guarded by the loop's lock
        self._one_episode = False
        self._episode: Generator[tuple[int, NDArray, Episode | None], None, None] | None = None
        self._begin()

    def _begin(self) -> None:
        self.latest: tuple[int, NDArray] | None = None  # the last action, and the state that it led to
        self.log = TrainingLog()
        self.log.check(self.agent, self.env, self.every, self.episodes)
        first, now = asdict(self.config), asdict(self.agent.config)
        if changed := {name: value for name, value in now.items() if value != first[name]}:
            self.log.changes.append(Change(0, changed))

    @property
    def running(self) -> bool:
        """Whether it is running."""
        return self._loop.running

    @property
    def problem(self) -> BaseException | None:
        """The exception that ended the run, if any."""
        return self._loop.problem

    @property
    def callback(self) -> Callable[[], None]:
        """What is called between two steps now and then."""
        return self._loop.callback

    @callback.setter
    def callback(self, callback: Callable[[], None]) -> None:
        self._loop.callback = callback

    @property
    def at_limit(self) -> bool:
        """Whether the step limit is reached."""
        return self.agent.steps >= self.limit

    def set_speed(self, speed: float | None) -> None:
        """Set the speed in environment steps a second; None is as fast as possible.

        Raises:
            TypeError, ValueError: if it is not a number from 0.1 to a million.
        """
        if speed is not None:
            check_number("speed", speed, 0.1, 1e6)
        self.speed, self._loop.seconds = speed, 0.0 if speed is None else 1 / speed

    def train(self, *, one_episode: bool = False) -> None:
        """Run until paused, or until this episode ends; without `one_episode`, a running one runs on."""
        if not self.at_limit:
            with self._loop.lock:
                self._one_episode = self._one_episode and one_episode
            self._loop.start(lambda: setattr(self, "_one_episode", one_episode))

    def pause(self) -> None:
        """Stop after the current step, and return when the thread has ended.

        The thread calls `callback` once more before that, so hold no lock that `callback` needs. Called
        from the thread itself, `pause` returns at once.

        Raises:
            TimeoutError: if the current step does not end within ten seconds; the run stops after it.
        """
        self._loop.pause()

    def change(self, **settings: Any) -> None:
        """Change live settings of the agent, from its next step on.

        Raises:
            TypeError, ValueError: if a setting is unknown, cannot change during a run or is out of bounds.
        """
        self.agent.config.change_live(**settings)
        with self._loop.lock:
            self._pending |= settings
            if not self.running:
                self._apply()

    def reset(self, seed: int | None = None) -> None:
        """Pause, and start again at step 0 with an empty log; settings stay as they are.

        Raises:
            ValueError: if the seed is negative.
            TimeoutError: if the run cannot be paused within ten seconds; then nothing is reset.
        """
        if seed is not None:
            check_integer("seed", seed, low=0)
        end = time.perf_counter() + TIMEOUT
        while not self._reset_if_paused(seed):  # another thread has started it in between
            if time.perf_counter() > end:
                raise TimeoutError(f"the run must stay paused to be reset, and has not within {TIMEOUT:g} s")

    def _reset_if_paused(self, seed: int | None) -> bool:
        self.pause()
        with self._loop.lock:
            if self.running and not self._loop.in_own_thread:
                return False
            episode, self._episode = self._episode, None
            if episode is not None:
                episode.close()
            self._loop.problem = None
            self.agent.restart(seed)
            self._begin()
        release_memory()
        return True

    def _step(self) -> bool:
        """Take one step; return whether another one is to follow."""
        if self.at_limit:  # reached by one thread while another was about to start
            return False
        if self._pending:
            with self._loop.lock:
                self._apply()
        episode, self._episode = self._episode or episode_steps(self.env, self.agent), None
        action, state, ended = next(episode)
        self.latest = action, state
        if ended is None:
            self._episode = episode
        else:
            self.log.episodes.append(ended)
            self.log.check(self.agent, self.env, self.every, self.episodes)
        return not (self.at_limit or (ended is not None and self._one_episode))

    def _apply(self) -> None:
        pending, self._pending = self._pending, {}
        if pending:
            self.agent.change(**pending)
            self.log.changes.append(Change(self.agent.steps, pending))
            self._loop.callback_soon()


def release_memory() -> None:
    """Return freed memory to the system, which GNU's C library otherwise keeps for each thread."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library, another system
        ctypes.CDLL(None).malloc_trim(0)


def rerun(env: gym.Env, agent: LiveAgent, changes: list[Change], steps: int) -> None:
    """Reproduce `steps` environment steps of a recorded run, with a new agent of equal seed and settings.

    The agent ends up bit-identical to the recorded one at that step; an episode in progress is broken off.
    A run in which the agent raised an exception cannot be reproduced from its changes alone.

    Raises:
        TypeError, ValueError: if `steps` is negative, or if the agent has been trained before.
    """
    check_integer("steps", steps, low=0)
    _check_new(agent)
    coming = iter(sorted(changes, key=lambda change: change.step))
    change = next(coming, None)
    episode = episode_steps(env, agent)
    while True:
        while change is not None and change.step <= agent.steps:
            agent.change(**change.settings)
            change = next(coming, None)
        if agent.steps >= steps:
            episode.close()
            return
        *_, ended = next(episode)
        if ended is not None:
            episode = episode_steps(env, agent)
