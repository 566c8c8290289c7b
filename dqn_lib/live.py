"""A run that goes on in a thread of its own: start it, pause it, slow it down, turn its knobs meanwhile.

Between two steps the thread looks up what was asked for: changed settings act from the very next step
and are noted in the log with its number, so that `replay` can live through the same run again.
"""

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from typing import Any, Protocol

import gymnasium as gym
from numpy.typing import NDArray

from dqn_lib.checks import check_integer, check_number
from dqn_lib.config import Config
from dqn_lib.training import Agent, Change, Episode, TrainingLog, drive

WATCHING = 0.2  # share of the time, at most, that whoever watches may take from the run
OFTEN = 1 / 30  # seconds between two looks, at least
PATIENCE = 10.0  # seconds that `pause` waits for a step to end; one takes milliseconds
NAP = 0.01  # seconds that a slowed run gets ahead of its time before it sleeps
DOZE = 0.1  # seconds that it sleeps at most before it looks up its speed again


class LiveAgent(Agent, Protocol):
    """An agent whose settings change while it learns, and that can begin again."""

    config: Any

    def change(self, **settings: Any) -> None:
        """Change live settings; they act from the next step on."""

    def restart(self, seed: int | None = None) -> None:
        """Begin again with nothing learnt."""


class LiveRun:
    """One run of a new agent, in at most one thread; every method may be called from any thread.

    `log` is checked every `every` steps. After `limit` steps the run pauses for good, so that one which
    nobody watches any more comes to an end. `watch()` is called in the run's thread between two steps,
    never more often than it can afford, and once more when the run has paused.
    """

    def __init__(
        self,
        env: gym.Env,
        agent: LiveAgent,
        *,
        every: int = 500,
        limit: int = 100_000,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        check_integer("every", every, low=1)
        check_integer("limit", limit, low=1)
        if agent.steps:
            raise ValueError(f"agent must be new, got one that has lived for {agent.steps:,} steps")
        self.env, self.agent, self.every, self.limit, self.watch = env, agent, every, limit, watch
        self.config: Config = agent.config  # what the run began with; the log knows what changed
        self.problem: BaseException | None = None  # what ended the run, if something did
        self.speed: float | None = None
        self._lock = threading.Lock()  # who starts, who is asked for changes; never held during a step
        self._asked: dict[str, Any] = {}
        self._stop = threading.Event()
        self._going = False
        self._threads: tuple[threading.Thread, ...] = ()  # the latest, after the one that it follows
        self._episode: Generator[tuple[int, NDArray, Episode | None], None, None] | None = None
        weakref.finalize(self, self._stop.set)
        self._begin()

    def _begin(self) -> None:
        self.latest: tuple[int, NDArray] | None = None  # the last action, and the state that it led to
        self.log = TrainingLog()
        self.log.check(self.agent, self.every)
        began, now = asdict(self.config), asdict(self.agent.config)
        if changed := {name: value for name, value in now.items() if value != began[name]}:
            self.log.changes.append(Change(0, changed))

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self._going

    @property
    def at_limit(self) -> bool:
        """Whether it has lived as long as it may."""
        return self.agent.steps >= self.limit

    def set_speed(self, speed: float | None) -> None:
        """Environment steps a second; None: as fast as it can."""
        if speed is not None:
            check_number("speed", speed, 0.1, 1e6)
        self.speed = speed

    def train(self, *, one_episode: bool = False) -> None:
        """Go on until paused, or to the end of this episode. Does nothing if it is running already."""
        with self._lock:
            if not self._going and not self.at_limit:
                self._going, self.problem = True, None
                self._stop.clear()
                before = self._threads[-1:]
                thread = threading.Thread(
                    target=self._work, args=(one_episode, *before), name="dqn_lib live run", daemon=True
                )
                self._threads = *before, thread
                thread.start()

    def pause(self) -> None:
        """Stop after the step under way, and come back when its thread has ended.

        The thread has its last look first, so do not hold what `watch` needs. Called by `watch` itself,
        it comes back at once.
        """
        with self._lock:
            self._stop.set()
            threads = self._threads
        if threads and not self._watched_from_here:
            threads[-1].join(PATIENCE)

    @property
    def _watched_from_here(self) -> bool:
        return threading.current_thread() in self._threads

    def change(self, **settings: Any) -> None:
        """Change live settings of the agent, from its next step on. Bad ones are refused here, at once."""
        self.agent.config.change_live(**settings)
        with self._lock:
            self._asked |= settings
            if not self._going:
                self._apply()

    def reset(self, seed: int | None = None) -> None:
        """Pause, and begin again from step 0 with an empty log; settings stay as they are now."""
        if seed is not None:
            check_integer("seed", seed, low=0)
        end = time.perf_counter() + PATIENCE
        while not self._paused_and_reset(seed):  # somebody else has started it in between
            if time.perf_counter() > end:
                raise RuntimeError(f"the run cannot be reset: it has not paused within {PATIENCE:g} s")

    def _paused_and_reset(self, seed: int | None) -> bool:
        self.pause()
        with self._lock:
            if self._going and not self._watched_from_here:
                return False
            episode, self._episode = self._episode, None
            if episode is not None:
                episode.close()
            self.problem = None
            self.agent.restart(seed)
            self._begin()
        return True

    def _work(self, one_episode: bool, before: threading.Thread | None = None) -> None:
        if before is not None:
            before.join(PATIENCE)  # it may still be having its last look
        self._due = self._look_at = time.perf_counter()
        with self._noting_problems():
            while not self._stop.is_set() and not self.at_limit:
                ended = self._step()
                self._keep_pace()
                if ended and one_episode:
                    break
        with self._lock:
            with self._noting_problems():
                self._apply()
            self._going = False
        with self._noting_problems():
            self.watch()

    @contextlib.contextmanager
    def _noting_problems(self) -> Iterator[None]:
        """Whatever a student's agent raises, or a look at it, is kept to be shown; the run can go on."""
        try:
            yield
        except BaseException as problem:
            self.problem = self.problem or problem

    def _step(self) -> bool:
        """One step of the run; whether it ended an episode."""
        if self._asked:
            with self._lock:
                self._apply()
        episode, self._episode = self._episode or drive(self.env, self.agent), None
        action, state, ended = next(episode)
        self.latest = action, state
        if ended is None:
            self._episode = episode
            return False
        self.log.episodes.append(ended)
        self.log.check(self.agent, self.every)
        return True

    def _apply(self) -> None:
        asked, self._asked = self._asked, {}
        if asked:
            self.agent.change(**asked)
            self.log.changes.append(Change(self.agent.steps, asked))

    def _keep_pace(self) -> None:
        """Let who watches have a look when it is time, and sleep if the run is to be slow."""
        now = time.perf_counter()
        if now >= self._look_at:
            self.watch()
            after = time.perf_counter()
            self._look_at = after + max(OFTEN, (after - now) * (1 - WATCHING) / WATCHING)
        before = self._due
        while (speed := self.speed) is not None:
            self._due = max(before + 1 / speed, now - 1 / speed)
            ahead = self._due - time.perf_counter()
            if ahead <= NAP or self._stop.wait(min(ahead, DOZE)):
                break


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
    episode = drive(env, agent)
    while True:
        while change is not None and change.step <= agent.steps:
            agent.change(**change.settings)
            change = next(coming, None)
        if agent.steps >= steps:
            episode.close()
            return
        *_, ended = next(episode)
        if ended is not None:
            episode = drive(env, agent)
