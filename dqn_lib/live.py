"""A run that goes on in a thread of its own: start it, pause it, slow it down, turn its knobs meanwhile.

Between two steps the thread looks up what was asked for: changed settings act from the very next step
and are noted in the log with its number, so that `replay` can live through the same run again.
"""

import contextlib
import ctypes
import time
from collections.abc import Callable, Generator
from dataclasses import asdict
from typing import Any, Protocol

import gymnasium as gym
from numpy.typing import NDArray

from dqn_lib.checks import check_integer, check_number
from dqn_lib.config import Config
from dqn_lib.loop import PATIENCE, Loop
from dqn_lib.training import Agent, Change, Episode, TrainingLog, drive


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
        end = time.perf_counter() + PATIENCE
        while not self._paused_and_reset(seed):  # somebody else has started it in between
            if time.perf_counter() > end:
                raise TimeoutError(f"the run must stay paused to be reset, and has not within {PATIENCE:g} s")

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
        episode, self._episode = self._episode or drive(self.env, self.agent), None
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
