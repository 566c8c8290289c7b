"""Exchange the parts of an agent for the library's, one at a time, to find the one that is wrong."""

from dataclasses import dataclass

from tqdm.auto import tqdm

from dqn_lib.exercises.feedback import COLOURS, CORRECT, NOT_YET, panel
from dqn_lib.exercises.own_agent import CHECKS, PARTS, blanks, check_class, completed, exchanged
from dqn_lib.exercises.probing import ProbeResult, run_probe
from dqn_lib.probes import FURTHER_PROBES, PROBES, Probe


@dataclass(frozen=True)
class Swap:
    """Which parts heal an agent when the library's stand in their place, and what that means in words.

    Attributes:
        heals: the parts whose exchange makes the failing probes pass.
        named: the part at fault; empty if that is not one alone.
        message: what to tell the student.
        fine: whether every probe and every check passes.
    """

    heals: tuple[str, ...]
    named: str
    message: str
    fine: bool = False

    def __repr__(self) -> str:
        return self.message

    def _repr_html_(self) -> str:
        return panel("The swap.", self.message, COLOURS[CORRECT if self.named or self.fine else NOT_YET])


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
        bar.total = bar.n + (len(PARTS) if failing else 0)
        heals = tuple(name for name in PARTS if failing and _heals(cls, name, failing, bar))
    checks = {name: CHECKS[name].judge(cls if name == "train" else getattr(cls, name)) for name in PARTS}
    wrong = {name: verdict.message for name, verdict in checks.items() if not verdict.correct}
    named, words = _in_words(failing, heals, tuple(wrong))
    said = f"\nWhat happened: {failing[0].problem}" if failing and failing[0].problem else ""
    said += "".join(f"\nIts own check says of `{name}`: {message}" for name, message in wrong.items())
    return Swap(heals, named, " ".join(filter(None, [note, words])) + said, not failing and not wrong)


def _failing(agent: type, probes: tuple[Probe, ...], enough: int, bar: tqdm) -> list[ProbeResult]:
    """The first `enough` probes that the agent fails."""
    failing: list[ProbeResult] = []
    for probe in probes:
        if len(failing) < enough:
            result = run_probe(agent, probe)
            failing += [] if result.passed else [result]
            bar.update()
    return failing


def _heals(agent: type, name: str, failing: list[ProbeResult], bar: tqdm) -> bool:
    bar.set_postfix_str(f"{name} exchanged")
    healed = all(run_probe(exchanged(agent, name), result.probe).passed for result in failing)
    bar.update()
    return healed


def _in_words(failing: list[ProbeResult], heals: tuple[str, ...], wrong: tuple[str, ...]) -> tuple[str, str]:
    """The part at fault, if it is one alone, and what the swap and the checks say together."""
    probes = " and ".join(f"`{one.probe.name}` ({one.probe.question})" for one in failing)
    parts = ", ".join(f"`{name}`" for name in heals)
    one = wrong[0] if len(wrong) == 1 else ""
    all_pass = f"All {len(PROBES) + len(FURTHER_PROBES)} probes pass"
    if not failing and not wrong:
        words = f"{all_pass}, and no check complains: there is nothing to heal."
    elif not failing:
        which = f"{PARTS[one]} is not right:" if one else "more than one check complains:"
        words = f"{all_pass}, so no exchange can be seen to heal it. But {which}"
    elif len(heals) == 1:
        one = heals[0]
        words = f"With the library's {parts} it passes {probes}: the fault is in {PARTS[one]}."
    elif heals:
        one = one if one in heals else ""
        meaning = (
            f"and of these {PARTS[one]} is the one that is not right by itself."
            if one
            else "so these parts do not fit each other. Look at each."
        )
        words = f"Each of {parts} makes it pass {probes} when exchanged, {meaning}"
    else:
        one = ""
        words = (
            f"No single exchange makes it pass {probes}: more than one part is wrong, or the way in which they are "
            "put together."
        )
    return one, words
