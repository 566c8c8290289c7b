"""The parts of an agent that a student has written, and a run that ends whatever the agent does."""

import inspect
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import psutil

from dqn_lib.evaluation import Diverged
from dqn_lib.exercises import agent_loop, agent_memory, agent_parts, reference_agent
from dqn_lib.exercises.comparison import Rejected, kind_of
from dqn_lib.exercises.exercise import TIME_LIMIT
from dqn_lib.exercises.sandbox import error_in_words, is_blank, stop_thread
from dqn_lib.probes import ChosenReward

PARTS = {
    "Memory": "the memory",
    "Exploration": "the exploration",
    "double_target": "the target",
    "gradient_step": "the gradient step",
    "update_target": "the update of the target network",
    "train": "the loop",
}
STALL = 20.0  # seconds without a step, after which a run is stopped
TICK = 0.1  # seconds between two looks at it
MOST_MEMORY = 1_500_000_000  # bytes by which a run may make the kernel grow


# --- parts ------------------------------------------------------------------------------------------


def exchanged(agent: type, *names: str) -> type:
    """The class with the library's parts in place of those of these names.

    Raises:
        ValueError: if there is no such part.
    """
    for name in names:
        if name not in PARTS:
            raise ValueError(f"names must be among {', '.join(PARTS)}, got {name!r}")
    theirs = vars(reference_agent.MyAgent)
    new = {name: theirs[name] for name in names}
    if "train" in names:
        new["learn"] = theirs["learn"]
    return type(agent.__name__, (agent,), new)


def check_class(agent: Any) -> None:
    """Check that an agent is a class.

    Raises:
        TypeError: if it is not.
    """
    if not inspect.isclass(agent):
        raise TypeError(f"agent must be the class itself, such as MyAgent, got {agent!r}")


def blanks(agent: type) -> list[str]:
    """The parts that the class does not have yet."""
    found = {name: getattr(agent, name, None) for name in PARTS}
    return [name for name, part in found.items() if part is None or is_blank(part)]


def completed(agent: type) -> tuple[type, str]:
    """The class with the library's parts in place of the blank ones, and a sentence that says so."""
    missing = blanks(agent)
    if not missing:
        return agent, ""
    note = f"Still blank: {', '.join(missing)}; the library's stand in for them."
    if len(missing) == len(PARTS):
        note = "All six parts are still blank: this is the library's agent."
    return exchanged(agent, *missing), note


def part_of(code_names: Iterator[tuple[Any, str]], agent: type) -> str:
    """The part that one of the code objects, the innermost first, belongs to; empty if there is none."""
    owners = {}
    for name in PARTS:
        part = getattr(agent, name, None)
        functions = vars(part).values() if inspect.isclass(part) else [inspect.unwrap(part)] if part else []
        owners |= {one.__code__: name for one in functions if inspect.isfunction(one)}
    for code, called in code_names:
        if code in owners:
            return owners[code]
        if called.removeprefix("tf__") in PARTS:  # a copy that TensorFlow has made
            return called.removeprefix("tf__")
    return ""


def _frames(innermost: Any) -> Iterator[tuple[Any, str]]:
    while innermost is not None:
        yield innermost.f_code, innermost.f_code.co_name
        innermost = innermost.f_back


def _of_traceback(error: BaseException) -> Iterator[tuple[Any, str]]:
    frames, traceback = [], error.__traceback__
    while traceback is not None:
        frames.append((traceback.tb_frame.f_code, traceback.tb_frame.f_code.co_name))
        traceback = traceback.tb_next
    return reversed(frames)


# --- a run ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """Why a run ended before its time: in which part (empty if that is not known), and what happened."""

    part: str
    message: str

    def __str__(self) -> str:
        return f"In {PARTS[self.part]} (`{self.part}`): {self.message}" if self.part else self.message


def drive(
    agent: Any,
    steps: int,
    at_episode: Callable[[float], bool],
    watch: Callable[[], None] = lambda: None,
    seconds: float = np.inf,
) -> Problem | None:
    """Run `agent.train(steps)` in a thread until it ends, hangs or raises, or `at_episode` returns False.

    It is also stopped after `seconds`, and when it makes the kernel grow by more than 1.5 GB. `at_episode` is called
    in that thread with the return of each episode; `watch` here, ten times a second.
    """
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with np.errstate(all="ignore"):
                episodes = agent.train(steps)
                if not isinstance(episodes, Iterator):
                    raise Rejected("`train` must `yield` the return of each episode; it yields nothing.")
                for total in episodes:
                    if not at_episode(_number(total)):
                        break
        except BaseException as error:
            errors.append(error)

    worker = threading.Thread(target=work, daemon=True, name="dqn_lib own agent")
    worker.start()
    latest, since = -1, time.monotonic()
    end = since + seconds
    memory, before = psutil.Process().memory_info, psutil.Process().memory_info().rss
    try:
        while worker.is_alive():
            worker.join(TICK)
            watch()
            now = getattr(agent, "steps", 0)
            if now != latest:
                latest, since = now, time.monotonic()
            elif time.monotonic() - since > STALL and worker.is_alive():
                return _hanging(agent, worker)
            if time.monotonic() > end and worker.is_alive():
                return Problem("", f"in {seconds:.0f} seconds it took {now} steps. {slowness(agent)}")
            if memory().rss - before > MOST_MEMORY:
                return _growing(agent)
    finally:
        if worker.is_alive():  # it hangs, or the student has interrupted
            stop_thread(worker)
    return _explained(errors[0], agent) if errors else None


def _hanging(agent: Any, worker: threading.Thread) -> Problem:
    frame = sys._current_frames().get(worker.ident)
    part = part_of(_frames(frame), type(agent))
    return Problem(part, f"for {STALL:.0f} seconds no step was taken. Is there a loop that never ends?")


def _number(total: Any) -> float:
    """The return of an episode."""
    try:
        return float(total)
    except (TypeError, ValueError):
        raise Rejected(
            f"In the loop (`train`): it must yield the return of each episode, one number; it yields {kind_of(total)}."
        ) from None


def _growing(agent: Any) -> Problem:
    """What to say of an agent that takes all the memory: what its largest list holds is the likeliest reason."""
    owners = {"Memory": agent.memory, "Exploration": agent.exploration, "train": agent}
    sizes = {
        (_size(value), part, name, len(value))
        for part, owner in owners.items()
        for name, value in getattr(owner, "__dict__", {}).items()
        if isinstance(value, list | dict | set | deque)
    }
    _, part, name, entries = max(sizes, default=(0, "", "", 0))
    largest = f" The largest thing that it holds is `{name}`, with {entries:,} entries." if part else ""
    growth = f"the kernel holds {MOST_MEMORY / 1e9:g} GB more than before"
    return Problem(part, f"after {agent.steps:,} steps {growth}.{largest}")


def _size(value: Any, depth: int = 3) -> int:
    """About how many bytes a thing takes, with what it holds."""
    inner = value.values() if isinstance(value, dict) else value
    nested = isinstance(value, list | dict | set | deque | tuple) and depth
    held = sum(_size(one, depth - 1) for one in list(inner)[-1_000:]) if nested else 0
    times = max(len(value) / 1_000, 1) if nested else 1
    return sys.getsizeof(value) + int(times * held)


def slowness(agent: Any) -> str:
    """The likeliest reason why an agent is slow, and what helps."""
    function = agent.gradient_step
    if not hasattr(function, "get_concrete_function"):
        return "`gradient_step` is not compiled: put `@tf.function(reduce_retracing=True)` above it."
    if function.experimental_get_tracing_count() > 20:
        return (
            "TensorFlow compiles `gradient_step` again and again: give it arrays of one type and shape, no Python "
            "numbers."
        )
    return "Which part takes the time? Measure each, as in lesson 3."


def _explained(error: BaseException, agent: Any) -> Problem:
    if isinstance(error, Rejected | Diverged):
        return Problem("", str(error))
    part = part_of(_of_traceback(error), type(agent))
    return Problem(part, f"{error_in_words(error, type(agent).train, {})}")


# --- checks -----------------------------------------------------------------------------------------


def made_or_problem(agent: type, env: Any, seed: int) -> Any:
    """An agent of the class, or the `Problem` why there is none."""
    try:
        return agent(env, seed)
    except Exception as error:
        words = error_in_words(error, agent.train, {})
        return Problem(part_of(_of_traceback(error), agent), f"an agent cannot be made: {words}")


def runs_together(agent: type) -> str:
    """What is wrong when the parts of an agent run together for some steps; otherwise nothing.

    Each may be right by itself, and still return what the next one cannot take.
    """
    few = {"learning_starts": 32, "batch_size": 32, "learn_every": 4}
    cls = type(agent.__name__, (completed(agent)[0],), few)
    made = made_or_problem(cls, ChosenReward(), 0)
    failed = isinstance(made, Problem)
    problem = made if failed else drive(made, 48, lambda total: True, seconds=TIME_LIMIT)
    return f"the parts do not run together. {problem}" if problem else ""


CHECKS = {
    "Memory": agent_memory.memory,
    "Exploration": agent_parts.exploration,
    "double_target": agent_parts.double_target,
    "gradient_step": agent_parts.gradient_step,
    "update_target": agent_parts.update_target,
    "train": replace(agent_loop.train, extra_check=runs_together, hints=agent_loop.train.hints.texts),
}
