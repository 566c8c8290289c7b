"""One thread that takes a step again and again, until it is told to pause; others may look on."""

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Iterator

WATCHING = 0.2  # share of the time, at most, that whoever watches may take from the steps
LATELY = 8  # looks over which that share is reckoned: one that takes long is paid off by and by
OFTEN = 1 / 30  # seconds between two looks, at least
PATIENCE = 10.0  # seconds that `pause` waits for a step to end; one takes milliseconds
NAP = 0.01  # seconds that a slow loop gets ahead of its time before it sleeps
DOZE = 0.1  # seconds that it sleeps at most before it looks up its pace again
BEHIND = 0.2  # seconds that it makes up for, at most, when a step or a look took longer


class Loop:
    """`step()` again and again in at most one daemon thread, until it returns False or raises.

    A step begins `seconds` after the one before, if that is over. `watch()` is called in the thread
    between two steps, never more often than it can afford, and once more when the thread has paused.
    `finish()` is called, with `lock` held, just before `running` turns false. Every method may be called
    from any thread.
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
        self.step, self.watch, self.finish = step, watch, finish
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
                thread = threading.Thread(target=self._work, args=before, name=self.name, daemon=True)
                self._threads = *before, thread
                thread.start()

    def pause(self) -> None:
        """Stop after the step under way, and come back when the thread has ended.

        The thread has its last look first, so do not hold what `watch` needs. Called by `watch` itself,
        it comes back at once.
        """
        with self.lock:
            self._stop.set()
            threads = self._threads
        if threads and not self.here:
            threads[-1].join(PATIENCE)

    @property
    def here(self) -> bool:
        """Whether its own thread is asking."""
        return threading.current_thread() in self._threads

    def _work(self, before: threading.Thread | None = None) -> None:
        if before is not None:
            before.join(PATIENCE)  # it may still be having its last look
        self._due = self._look_at = time.perf_counter()
        with self._noting_problems():
            while not self._stop.is_set() and self.step():
                self._keep_pace()
        with self.lock:
            with self._noting_problems():
                self.finish()
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

    def _keep_pace(self) -> None:
        """Let who watches have a look when it is time, and sleep if it is to be slow."""
        now = time.perf_counter()
        if now >= self._look_at:
            self.watch()
            after = time.perf_counter()
            usual = after - now if self._cost is None else self._cost
            self._cost = usual + (after - now - usual) / LATELY
            self._look_at = after + max(OFTEN, self._cost * (1 - WATCHING) / WATCHING)
        before = self._due
        while True:
            self._due = max(before + self.seconds, now - BEHIND)
            ahead = self._due - time.perf_counter()
            if ahead <= NAP or self._stop.wait(min(ahead, DOZE)):
                break
