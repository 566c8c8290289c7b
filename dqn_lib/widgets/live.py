"""A run that goes on in a thread of its own: start it, pause it, slow it down, turn its knobs meanwhile.

Between two steps the thread looks up what was asked for: changed settings act from the very next step
and are noted in the log with its number, so that `replay` can live through the same run again.
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
CALLBACK_FRACTION = 0.1  # share of the time, at most, that whoever watches may take from the steps
SMOOTHING_WINDOW = 8  # looks over which that share is reckoned: one that takes long is paid off by and by
MIN_INTERVAL = 1 / 32  # seconds between two looks, at least
TIMEOUT = 10.0  # seconds that `pause` waits for a step to end; one takes milliseconds
NAP = 0.01  # seconds that a slow loop gets ahead of its time before it sleeps
DOZE = 0.1  # seconds that it sleeps at most before it looks up its pace again
BATCH_SECONDS = (
    0.004  # seconds in which a loop at full speed takes one step after the other without looking up
)
MAX_LAG = 0.2  # seconds that it makes up for, at most, when a step or a look took longer


class Loop:
    """`step()` again and again in at most one daemon thread, until it returns False or raises.

    A step begins `seconds` after the one before, if that is over. `watch()` is called in the thread
    between two steps, never more often than it can afford, and once more when the thread has paused.
    `finish()` is called, with `lock` held, just before `running` turns false. Every method may be called
    from any thread.

    The thread holds neither the loop nor, if `step` and `finish` are methods, the object they belong to:
    when nothing else refers to that object, it is set free and the thread ends.
    """

    def __init__(
        self,
        step: Callable[[], bool],
        watch: Callable[[], None],
        *,
        finish: Callable[[], None] = lambda: None,
        seconds: float = 0.0,
        name: str = "dqn_lib loop",
    ) -> None:
        self._step, self._finish = _weakly(step), _weakly(finish)
        self.watch = watch
        self.seconds, self.name = seconds, name
        self.running = False
        self.problem: BaseException | None = None  # what ended it, if something did
        self.lock = threading.Lock()  # who starts it, and what `finish` needs; never held during a step
        self._cost: float | None = None  # seconds that a look takes lately
        self._stop = threading.Event()
        self._threads: tuple[threading.Thread, ...] = ()  # the latest, after the one that it follows
        weakref.finalize(self, self._stop.set)

    def start(self, prepare: Callable[[], None] = lambda: None) -> None:
        """Go on until paused, after `prepare()`. Does nothing at all if it is running already."""
        with self.lock:
            if not self.running:
                prepare()
                self.running, self.problem = True, None
                self._stop.clear()
                before = self._threads[-1:]
                args = weakref.ref(self), self._stop, *before
                thread = threading.Thread(target=_work, args=args, name=self.name, daemon=True)
                self._threads = *before, thread
                thread.start()

    def pause(self) -> None:
        """Stop after the step under way, and come back when the thread has ended.

        The thread has its last look first, so do not hold what `watch` needs. Called by `watch` itself,
        it comes back at once.

        Raises:
            TimeoutError: if the thread is still in a step, or in a look, after `PATIENCE` seconds. It will
                stop after that, but until then nothing may be changed that it uses.
        """
        with self.lock:
            self._stop.set()
            threads = self._threads
        if threads and not self.here:
            threads[-1].join(TIMEOUT)
            if threads[-1].is_alive():
                raise TimeoutError(
                    f"a step must end within {TIMEOUT:g} s, the one under way has not: nothing was changed"
                )

    def look_soon(self) -> None:
        """Have who watches look after the step under way: there is something to be seen."""
        self._look_at = 0.0

    @property
    def here(self) -> bool:
        """Whether its own thread is asking."""
        return threading.current_thread() in self._threads

    def _begin(self) -> None:
        self._due = self._look_at = time.perf_counter()

    def _go_on(self) -> bool:
        """A step, or at full speed a few, and perhaps a look; whether there is to be another step."""
        with self._noting_problems():
            until, step = time.perf_counter() + BATCH_SECONDS, self._step()
            while step is not None and step():
                self._before, self._now = self._due, time.perf_counter()
                self._look_in_time()
                if self.seconds or self._now > until or self._stop.is_set():
                    return True
        return False

    def _ahead(self) -> float:
        """Seconds until the next step is due; not positive if it is."""
        self._due = max(self._before + self.seconds, self._now - MAX_LAG)
        return self._due - time.perf_counter()

    def _end(self) -> None:
        with self.lock:
            with self._noting_problems():
                if (finish := self._finish()) is not None:
                    finish()
            self.running = False
        with self._noting_problems():
            self.watch()

    @contextlib.contextmanager
    def _noting_problems(self) -> Iterator[None]:
        """Whatever a student's agent raises, or a look at it, is kept to be shown; the loop can go on."""
        try:
            yield
        except BaseException as problem:
            self.problem = self.problem or problem

    def _look_in_time(self) -> None:
        """Let who watches have a look when it is time."""
        now = self._now
        if now >= self._look_at:
            self.watch()
            after = time.perf_counter()
            usual = after - now if self._cost is None else self._cost
            self._cost = usual + (after - now - usual) / SMOOTHING_WINDOW
            idle = self._before + self.seconds > after  # it would sleep: then a look takes nothing away
            self._look_at = after + (
                MIN_INTERVAL
                if idle
                else max(MIN_INTERVAL, self._cost * (1 - CALLBACK_FRACTION) / CALLBACK_FRACTION)
            )


def _work(own: "weakref.ref[Loop]", stop: threading.Event, before: threading.Thread | None = None) -> None:
    """What the thread does; it refers to the loop only while it takes a step, not while it sleeps."""
    if before is not None:
        before.join()  # it may still be having its last look
    if (loop := own()) is not None:
        loop._begin()
    while not stop.is_set():
        loop = own()
        if loop is None or not loop._go_on():
            break
        ahead = loop._ahead()
        del loop
        while ahead > NAP and not stop.wait(min(ahead, DOZE)):
            if (loop := own()) is None:
                return
            ahead = loop._ahead()
            del loop
    if (loop := own()) is not None:
        loop._end()


def _weakly(call: Callable[[], T]) -> Callable[[], Callable[[], T] | None]:
    """A reference to `call`, or None once the object is gone whose method it is: it is not kept alive."""
    return weakref.WeakMethod(call) if inspect.ismethod(call) else lambda: call


class LiveAgent(Agent, Protocol):
    """An agent whose settings change while it learns, and that can begin again."""

    config: Any

    def change(self, **settings: Any) -> None:
        """Change live settings; they act from the next step on."""

    def restart(self, seed: int | None = None) -> None:
        """Begin again with nothing learnt."""


class LiveRun:
    """One run of a new agent, in at most one thread; every method may be called from any thread.

    `log` is checked every `every` steps, over `episodes` episodes in `env` itself. After `limit` steps the
    run pauses for good, so that one which nobody watches any more comes to an end. `watch()` is called in
    the run's thread between two steps, never more often than it can afford, and once more when the run has
    paused. A run that nobody refers to any more ends after the step under way.
    """

    def __init__(
        self,
        env: gym.Env,
        agent: LiveAgent,
        *,
        every: int = 500,
        episodes: int = 100,
        limit: int = 100_000,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        check_integer("every", every, low=1)
        check_integer("episodes", episodes, low=1)
        check_integer("limit", limit, low=1)
        if agent.steps:
            raise ValueError(f"agent must be new, got one that has lived for {agent.steps:,} steps")
        self.env, self.agent, self.every, self.limit = env, agent, every, limit
        self.episodes = episodes
        self.config: Config = agent.config  # what the run began with; the log knows what changed
        self.speed: float | None = None
        self._loop = Loop(self._step, watch, finish=self._apply, name="dqn_lib live run")
        self._asked: dict[str, Any] = {}  # settings that shall change at the next step; the loop's lock
        self._one_episode = False
        self._episode: Generator[tuple[int, NDArray, Episode | None], None, None] | None = None
        self._begin()

    def _begin(self) -> None:
        self.latest: tuple[int, NDArray] | None = None  # the last action, and the state that it led to
        self.log = TrainingLog()
        self.log.check(self.agent, self.env, self.every, self.episodes)
        began, now = asdict(self.config), asdict(self.agent.config)
        if changed := {name: value for name, value in now.items() if value != began[name]}:
            self.log.changes.append(Change(0, changed))

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self._loop.running

    @property
    def problem(self) -> BaseException | None:
        """What ended the run, if something did."""
        return self._loop.problem

    @property
    def watch(self) -> Callable[[], None]:
        """Who looks on."""
        return self._loop.watch

    @watch.setter
    def watch(self, watch: Callable[[], None]) -> None:
        self._loop.watch = watch

    @property
    def at_limit(self) -> bool:
        """Whether it has lived as long as it may."""
        return self.agent.steps >= self.limit

    def set_speed(self, speed: float | None) -> None:
        """Environment steps a second; None: as fast as it can."""
        if speed is not None:
            check_number("speed", speed, 0.1, 1e6)
        self.speed, self._loop.seconds = speed, 0.0 if speed is None else 1 / speed

    def train(self, *, one_episode: bool = False) -> None:
        """Go on until paused, or to the end of this episode; if it runs already, that end is taken back."""
        if not self.at_limit:
            with self._loop.lock:
                self._one_episode = self._one_episode and one_episode
            self._loop.start(lambda: setattr(self, "_one_episode", one_episode))

    def pause(self) -> None:
        """Stop after the step under way, and come back when its thread has ended.

        The thread has its last look first, so do not hold what `watch` needs. Called by `watch` itself,
        it comes back at once.

        Raises:
            TimeoutError: if the step under way has not ended within ten seconds; it will stop after that.
        """
        self._loop.pause()

    def change(self, **settings: Any) -> None:
        """Change live settings of the agent, from its next step on. Bad ones are refused here, at once."""
        self.agent.config.change_live(**settings)
        with self._loop.lock:
            self._asked |= settings
            if not self.running:
                self._apply()

    def reset(self, seed: int | None = None) -> None:
        """Pause, and begin again from step 0 with an empty log; settings stay as they are now.

        Raises:
            ValueError: if the seed is negative.
            TimeoutError: if the run cannot be paused within ten seconds; then nothing is reset.
        """
        if seed is not None:
            check_integer("seed", seed, low=0)
        end = time.perf_counter() + TIMEOUT
        while not self._paused_and_reset(seed):  # somebody else has started it in between
            if time.perf_counter() > end:
                raise TimeoutError(f"the run must stay paused to be reset, and has not within {TIMEOUT:g} s")

    def _paused_and_reset(self, seed: int | None) -> bool:
        self.pause()
        with self._loop.lock:
            if self.running and not self._loop.here:
                return False
            episode, self._episode = self._episode, None
            if episode is not None:
                episode.close()
            self._loop.problem = None
            self.agent.restart(seed)
            self._begin()
        give_back_memory()
        return True

    def _step(self) -> bool:
        """One step of the run; whether another one is to follow."""
        if self.at_limit:  # reached by one thread while another was about to start
            return False
        if self._asked:
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
        asked, self._asked = self._asked, {}
        if asked:
            self.agent.change(**asked)
            self.log.changes.append(Change(self.agent.steps, asked))
            self._loop.look_soon()


def give_back_memory() -> None:
    """Return free memory to the system, where the C library can: GNU's keeps some for each thread of late."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library, another system
        ctypes.CDLL(None).malloc_trim(0)


def replay(env: gym.Env, agent: LiveAgent, changes: list[Change], steps: int) -> None:
    """Live through a recorded run again, with a new agent of the same seed and first settings.

    After `steps` environment steps the agent is where the recorded one was then, to the last bit; an
    episode under way is broken off. A run that had a problem cannot be told from its changes alone.
    """
    check_integer("steps", steps, low=0)
    if agent.steps:
        raise ValueError(f"agent must be new, got one that has lived for {agent.steps:,} steps")
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
