"""One thread that takes a step again and again, until it is told to pause; others may look on."""

import contextlib
import inspect
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")
WATCHING = 0.1  # share of the time, at most, that whoever watches may take from the steps
LATELY = 8  # looks over which that share is reckoned: one that takes long is paid off by and by
OFTEN = 1 / 32  # seconds between two looks, at least
PATIENCE = 10.0  # seconds that `pause` waits for a step to end; one takes milliseconds
NAP = 0.01  # seconds that a slow loop gets ahead of its time before it sleeps
DOZE = 0.1  # seconds that it sleeps at most before it looks up its pace again
BRIEFLY = 0.004  # seconds in which a loop at full speed takes one step after the other without looking up
BEHIND = 0.2  # seconds that it makes up for, at most, when a step or a look took longer


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
            threads[-1].join(PATIENCE)
            if threads[-1].is_alive():
                raise TimeoutError(
                    f"a step must end within {PATIENCE:g} s, the one under way has not: nothing was changed"
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
            until, step = time.perf_counter() + BRIEFLY, self._step()
            while step is not None and step():
                self._before, self._now = self._due, time.perf_counter()
                self._look_in_time()
                if self.seconds or self._now > until or self._stop.is_set():
                    return True
        return False

    def _ahead(self) -> float:
        """Seconds until the next step is due; not positive if it is."""
        self._due = max(self._before + self.seconds, self._now - BEHIND)
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
            self._cost = usual + (after - now - usual) / LATELY
            idle = self._before + self.seconds > after  # it would sleep: then a look takes nothing away
            self._look_at = after + (OFTEN if idle else max(OFTEN, self._cost * (1 - WATCHING) / WATCHING))


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
