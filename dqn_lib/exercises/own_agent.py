"""Run an agent that a student has written: on the probes, and with single parts exchanged.

Whatever it does, these functions return, and say which part it happened in.
"""

import html
import inspect
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from dqn_lib.evaluation import Diverged
from dqn_lib.exercises import agent_loop, agent_memory, agent_parts, reference_agent
from dqn_lib.exercises.comparison import Rejected
from dqn_lib.exercises.exercise import COLOURS, CORRECT, MARKS, NOT_YET, as_html, panel
from dqn_lib.exercises.sandbox import error_in_words, is_blank, stop_thread
from dqn_lib.probes import FURTHER_PROBES, GAMMA, PROBES, Probe

PARTS = {
    "Memory": "the memory",
    "Exploration": "the exploration",
    "double_target": "the target",
    "gradient_step": "the gradient step",
    "update_target": "the update of the target network",
    "train": "the loop",
}
CHECKS = {
    "Memory": agent_memory.memory,
    "Exploration": agent_parts.exploration,
    "double_target": agent_parts.double_target,
    "gradient_step": agent_parts.gradient_step,
    "update_target": agent_parts.update_target,
    "train": agent_loop.train,
}
STALL = 20.0  # seconds without a step, after which a run is stopped
TICK = 0.1  # seconds between two looks at it
PROBE_STEPS = 800  # at most; a right agent needs 100 to 300, or 700 if it copies its target network seldom
PROBE_SETTINGS = {
    "gamma": GAMMA, "batch_size": 64, "memory_size": 1_000, "learning_rate": 3e-3, "learning_starts": 64,
    "learn_every": 1, "initial_value": 0.0, "hold": 1, "n_step": 1,
    "epsilon_wait": 10**9,
}  # fmt: skip


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


def blanks(agent: type) -> list[str]:
    """The parts that the class does not have yet."""
    found = {name: getattr(agent, name, None) for name in PARTS}
    return [name for name, part in found.items() if part is None or is_blank(part)]


def completed(agent: type) -> tuple[type, str]:
    """The class with the library's parts in place of the blank ones, and a sentence that says so."""
    missing = blanks(agent)
    if not missing:
        return agent, ""
    all_of_them = len(missing) == len(PARTS)
    which = "All six parts are" if all_of_them else f"Still blank: {', '.join(missing)};"
    return exchanged(agent, *missing), (
        "All six parts are still blank: this is the library's agent."
        if all_of_them
        else f"{which} the library's stand in for them."
    )


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
) -> Problem | None:
    """Run `agent.train(steps)` in a thread until it ends, hangs or raises, or `at_episode` returns False.

    `at_episode` is called in that thread with the return of each episode; `watch` here, ten times a second.
    """
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with np.errstate(all="ignore"):
                episodes = agent.train(steps)
                if not isinstance(episodes, Iterator):
                    raise Rejected("`train` must `yield` the return of each episode; it yields nothing.")
                for total in episodes:
                    if not at_episode(total):
                        break
        except BaseException as error:
            errors.append(error)

    worker = threading.Thread(target=work, daemon=True, name="dqn_lib own agent")
    worker.start()
    latest, since = -1, time.monotonic()
    try:
        while worker.is_alive():
            worker.join(TICK)
            watch()
            now = getattr(agent, "steps", 0)
            if now != latest:
                latest, since = now, time.monotonic()
            elif time.monotonic() - since > STALL and worker.is_alive():
                return _hanging(agent, worker)
    finally:
        if worker.is_alive():  # it hangs, or the student has interrupted
            stop_thread(worker)
    return _explained(errors[0], agent) if errors else None


def _hanging(agent: Any, worker: threading.Thread) -> Problem:
    frame = sys._current_frames().get(worker.ident)
    part = part_of(_frames(frame), type(agent))
    return Problem(part, f"for {STALL:.0f} seconds no step was taken. Is there a loop that never ends?")


def _explained(error: BaseException, agent: Any) -> Problem:
    if isinstance(error, Rejected | Diverged):
        return Problem("", str(error))
    part = part_of(_of_traceback(error), type(agent))
    return Problem(part, f"{error_in_words(error, type(agent).train, {})}")


# --- the probes -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProbeResult:
    """How an agent did on one probe: the steps until it passed, or how far off its worst value is."""

    probe: Probe
    steps: int | None
    error: float
    problem: Problem | None = None

    @property
    def passed(self) -> bool:
        """Whether the agent has learnt the values."""
        return self.steps is not None

    @property
    def words(self) -> str:
        """What to tell the student."""
        if self.passed:
            return f"learnt in {self.steps} steps"
        if self.problem:
            return str(self.problem)
        off = "not a number" if not np.isfinite(self.error) else f"still {self.error:.2f} off"
        suspects = ", ".join(f"`{name}`" for name in self.probe.suspects)
        return f"the worst value is {off} after {PROBE_STEPS} steps. Look at {suspects}"


def run_probe(agent: type, probe: Probe, seed: int = 0) -> ProbeResult:
    """Train a new agent of the class on a probe until its values are those on paper; never raises."""
    cls = type(agent.__name__, (agent,), {**PROBE_SETTINGS, **probe.settings})
    errors, due = [np.inf], 100
    solved: list[int] = []
    returns: deque[float] = deque([-np.inf], maxlen=100)

    def at_episode(total: float) -> bool:
        nonlocal due
        returns.append(float(total))
        if made.steps >= due:
            due += 100
            errors.append(probe.error(made.q))
            if errors[-1] < probe.tolerance and (
                probe.mean_return is None or np.mean(returns) >= probe.mean_return
            ):
                solved.append(int(made.steps))
        return not solved

    try:
        made = cls(probe.environment(), seed)
    except Exception as error:
        return ProbeResult(probe, None, np.inf, Problem("", error_in_words(error, agent.train, {})))
    problem = drive(made, PROBE_STEPS, at_episode)
    return ProbeResult(probe, solved[0] if solved else None, errors[-1], None if solved else problem)


@dataclass(frozen=True)
class ProbeTable:
    """The probes an agent passes and fails."""

    results: tuple[ProbeResult, ...]
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether it passes all."""
        return all(result.passed for result in self.results)

    def __repr__(self) -> str:
        lines = [
            f"{MARKS[state]} {one.probe.name:<15} {one.probe.question} {one.words}"
            for one in self.results
            for state in [CORRECT if one.passed else NOT_YET]
        ]
        return "\n".join(filter(None, [self.note, *lines]))

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="color: {COLOURS[state]}">{MARKS[state]}</td>'
            f'<td style="text-align: left"><code>{one.probe.name}</code></td>'
            f'<td style="text-align: left">{one.probe.question}</td>'
            f'<td style="text-align: left">{as_html(one.words[:1].upper() + one.words[1:])}</td></tr>'
            for one in self.results
            for state in [CORRECT if one.passed else NOT_YET]
        )
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return f'{note}<table role="status">{rows}</table>'


def probe(agent: type) -> ProbeTable:
    """Try an agent's class on the five probes, some ten seconds; blank parts are the library's.

    Raises:
        TypeError: if `agent` is not a class.
    """
    check_class(agent)
    cls, note = completed(agent)
    return ProbeTable(tuple(run_probe(cls, one) for one in tqdm(PROBES, unit=" probes")), note)


def check_class(agent: Any) -> None:
    """Check that an agent is a class.

    Raises:
        TypeError: if it is not.
    """
    if not inspect.isclass(agent):
        raise TypeError(f"agent must be the class itself, such as MyAgent, got {agent!r}")


# --- the swap ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Swap:
    """Which parts heal an agent when the library's stand in their place, and what that means in words.

    Attributes:
        heals: the parts whose exchange makes the failing probes pass.
        named: the part at fault; empty if that is not one alone.
        message: what to tell the student.
    """

    heals: tuple[str, ...]
    named: str
    message: str

    def __repr__(self) -> str:
        return self.message

    def _repr_html_(self) -> str:
        return panel("The swap.", self.message, COLOURS[CORRECT if self.named else NOT_YET])


def swap(agent: type) -> Swap:
    """Exchange one part after the other for the library's, and see which exchange makes the probes pass.

    Takes up to a minute. An agent that passes the five probes has to pass four more: they take windows over both
    endings, a memory that is soon full, random actions that must be held, and an epsilon that falls. Blank parts are
    the library's.

    Raises:
        TypeError: if `agent` is not a class.
    """
    check_class(agent)
    cls, note = completed(agent)
    if len(blanks(agent)) == len(PARTS):
        return Swap((), "", "All six parts are still blank: there is nothing to exchange yet.")
    with tqdm(total=len(PROBES) + len(PARTS), unit=" runs") as bar:
        failing = _failing(cls, PROBES, 2, bar) or _failing(cls, FURTHER_PROBES, 1, bar)
        bar.total = bar.n + len(PARTS)
        heals = tuple(name for name in PARTS if failing and _heals(cls, name, failing, bar))
    checks = {name: CHECKS[name].judge(cls if name == "train" else getattr(cls, name)) for name in PARTS}
    wrong = {name: verdict.message for name, verdict in checks.items() if not verdict.correct}
    named, words = _in_words(failing, heals, tuple(wrong))
    said = "".join(f"\nIts own check says of `{name}`: {message}" for name, message in wrong.items())
    return Swap(heals, named, " ".join(filter(None, [note, words])) + said)


def _failing(agent: type, probes: tuple[Probe, ...], enough: int, bar: tqdm) -> list[Probe]:
    """The first `enough` probes that the agent fails."""
    failing: list[Probe] = []
    for probe in probes:
        if len(failing) < enough:
            if not run_probe(agent, probe).passed:
                failing.append(probe)
            bar.update()
    return failing


def _heals(agent: type, name: str, failing: list[Probe], bar: tqdm) -> bool:
    bar.set_postfix_str(f"{name} exchanged")
    healed = all(run_probe(exchanged(agent, name), probe).passed for probe in failing)
    bar.update()
    return healed


def _in_words(failing: list[Probe], heals: tuple[str, ...], wrong: tuple[str, ...]) -> tuple[str, str]:
    """The part at fault, if it is one alone, and what the swap and the checks say together."""
    probes = " and ".join(f"`{probe.name}`" for probe in failing)
    parts = ", ".join(f"`{name}`" for name in heals)
    one = wrong[0] if len(wrong) == 1 else ""
    if len(heals) == 1:
        return heals[0], f"With the library's {parts} it passes {probes}: the fault is in {PARTS[heals[0]]}."
    if not failing:
        all_pass = (
            f"All {len(PROBES) + len(FURTHER_PROBES)} probes pass, so no exchange can be seen to heal it"
        )
        if one:
            return one, f"{all_pass}. But {PARTS[one]} is not right:"
        return (
            "",
            f"{all_pass}{', and more than one check complains.' if wrong else ', and no check complains.'}",
        )
    if heals:
        said = f"Each of {parts} makes it pass {probes} when exchanged"
        if one in heals:
            return one, f"{said}, and of these {PARTS[one]} is the one that is not right by itself."
        return "", f"{said}: these parts do not fit each other. Look at both."
    return "", (
        f"No single exchange makes it pass {probes}: more than one part is wrong, or the way in which they are put "
        "together."
    )
