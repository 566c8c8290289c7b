"""The report of lesson 11: what was predicted, what three seeds measured, what is claimed, what surprised.

It is kept in the notebook, in the output of its cell; `python -m dqn_lib.exercises report FILE` prints it.
"""

import html
import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dqn_lib.exercises.comparison import kind_of
from dqn_lib.statistics import median

MIME = "application/vnd.dqn-lib.report+json"
QUESTIONS = {
    "prediction": "Predicted",
    "claim": "Claimed",
    "surprise": "What surprised",
}
LONGEST = 5_000  # characters of an answer that are printed


@dataclass(frozen=True)
class Run:
    """One run on the hill: steps until it was solved (None: never), its best check, the verdict."""

    seed: int
    solved_at: int | None
    best: float
    verdict: str
    problem: str = ""

    @property
    def row(self) -> tuple[str, str, str, str]:
        """What a table shows of it."""
        steps = "never" if self.solved_at is None else f"{self.solved_at:,}"
        return str(self.seed), steps, f"{self.best:.1f}", self.problem or self.verdict


HEAD = ("seed", "steps until solved", "best check", "verdict")


@dataclass(frozen=True)
class Runs:
    """Runs of one agent with several seeds, and which of its parts are the library's."""

    runs: tuple[Run, ...]
    note: str = ""

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def summary(self) -> str:
        """The median, and the smallest and the largest."""
        if not self.runs:
            return "Nothing was measured yet."
        steps = [run.solved_at for run in self.runs]
        solved = [step for step in steps if step is not None]
        if not solved:
            return f"None of {len(steps)} runs was solved."
        middle = median(steps)
        half = f"median {middle:,.0f} steps" if np.isfinite(middle) else "median: not solved"
        return (
            f"{len(solved)} of {len(steps)} solved, after {min(solved):,} to {max(solved):,} steps; {half}."
        )

    def __repr__(self) -> str:
        rows = [HEAD, *(run.row for run in self.runs)] if self.runs else []
        table = [
            "  ".join(f"{text:<{width}}" for text, width in zip(row, (4, 18, 10, 0), strict=True))
            for row in rows
        ]
        return "\n".join(filter(None, [self.note, *(line.rstrip() for line in table), self.summary]))

    def _repr_html_(self) -> str:
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return f'{note}{_table(self)}<p role="status">{html.escape(self.summary)}</p>'


def _table(runs: Runs) -> str:
    if not runs.runs:
        return ""
    cells = [[f"<th>{text}</th>" for text in HEAD]]
    cells += [[f"<td>{html.escape(text)}</td>" for text in run.row] for run in runs]
    return "<table>" + "".join(f"<tr>{''.join(row)}</tr>" for row in cells) + "</table>"


@dataclass(frozen=True)
class Report:
    """A page with four answers; `report` makes one, and `reports_in` reads those in a notebook."""

    prediction: str
    runs: Runs
    claim: str
    interval: tuple[float, float] | None
    surprise: str

    @property
    def missing(self) -> list[str]:
        """What is still to be filled in."""
        empty = [name for name in QUESTIONS if not getattr(self, name).strip()]
        return [
            *empty,
            *(["interval"] if self.interval is None else []),
            *([] if self.runs.runs else ["runs"]),
        ]

    @property
    def interval_in_words(self) -> str:
        """The interval of the claim, and how many of the runs it holds."""
        if self.interval is None:
            return ""
        low, high = self.interval
        inside = sum(run.solved_at is not None and low <= run.solved_at <= high for run in self.runs)
        held = f"; {inside} of {len(self.runs)} runs lie in it" if self.runs.runs else ""
        return f"Interval: {low:,.0f} to {high:,.0f} steps{held}."

    @property
    def data(self) -> dict[str, Any]:
        """Everything in it, as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Any) -> "Report":
        """The report that `data` holds.

        Raises:
            ValueError: if it holds none.
        """
        try:
            runs = Runs(tuple(Run(**one) for one in data["runs"]["runs"]), str(data["runs"]["note"]))
            repr(runs)
            return report(
                data["prediction"],
                runs=runs,
                claim=data["claim"],
                interval=data["interval"],
                surprise=data["surprise"],
            )
        except (TypeError, KeyError, ValueError, AttributeError, OverflowError) as problem:
            raise ValueError(f"data must be that of a report, got another: {problem}") from None

    def __repr__(self) -> str:
        lines = []
        for name, title in QUESTIONS.items():
            text = _plain(getattr(self, name)) or "(empty)"
            lines += ["", f"{title}:", textwrap.indent(textwrap.fill(text, 96), "  ")]
            if name == "prediction":
                lines += ["", "Measured:", textwrap.indent(_plain(repr(self.runs)), "  ")]
            if name == "claim" and self.interval:
                lines.append(f"  {self.interval_in_words}")
        if self.missing:
            lines += ["", f"Still to fill in: {', '.join(self.missing)}."]
        return "\n".join(["The report of lesson 11", *lines])

    def _repr_html_(self) -> str:
        def part(title: str, body: str) -> str:
            return f'<h3 style="margin: 0.8em 0 0.2em; font-size: 1em">{title}</h3>{body}'

        def words(text: str) -> str:
            return f"<p>{html.escape(text) or '<em>still empty</em>'}</p>"

        claim = words(self.claim) + (words(self.interval_in_words) if self.interval else "")
        pieces = [
            part("Predicted", words(self.prediction)),
            part("Measured", self.runs._repr_html_()),
            part("Claimed", claim),
            part("What surprised", words(self.surprise)),
        ]
        state = (
            f"Still to fill in: {', '.join(self.missing)}."
            if self.missing
            else "Complete. Save the notebook."
        )
        return (
            '<div style="border: 1px solid #767676; padding: 0.6em 1.2em; max-width: 50em">'
            f'<b>The report of lesson 11</b>{"".join(pieces)}<p role="status"><b>{state}</b></p></div>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self._repr_html_(), MIME: self.data}


def _plain(text: str) -> str:
    """A text without characters that a terminal would obey, and not too long of it."""
    return re.sub(r"[^\S\n]|[\x00-\x09\x0b-\x1f\x7f-\x9f]", " ", text[:LONGEST]).strip()


def report(
    prediction: str, *, runs: Runs, claim: str, interval: Sequence[float] | None, surprise: str
) -> Report:
    """The page of one agent.

    Args:
        prediction: before the runs: after how many steps, and with all seeds?
        runs: what `three_seeds` has measured.
        claim: what you would say about your agent to someone who has not seen it run.
        interval: where you expect the steps of other seeds, `(low, high)`; None as long as it is open.
        surprise: what you had not expected.

    Raises:
        TypeError: if a text is not one, or `runs` comes from something else.
        ValueError: if `interval` is not two numbers, the smaller one first.
    """
    for name, text in (("prediction", prediction), ("claim", claim), ("surprise", surprise)):
        if not isinstance(text, str):
            raise TypeError(f"{name} must be a text, got {text!r}")
    if not isinstance(runs, Runs):
        raise TypeError(f"runs must be what three_seeds returns, got {kind_of(runs)}")
    if interval is not None:
        try:
            low, high = (float(end) for end in interval)
        except (TypeError, ValueError):
            low, high = np.nan, np.nan
        if not 0 <= low <= high < np.inf:
            raise ValueError(
                f"interval must be two numbers of steps, the smaller one first, got {interval!r}"
            )
        interval = low, high
    return Report(prediction, runs, claim, interval, surprise)


def reports_in(path: Path) -> list[Report]:
    """The reports in the outputs of a notebook.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not a notebook, or holds a damaged report.
    """
    try:
        cells = json.loads(path.read_bytes())["cells"]
        bundles = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
        found = [bundle[MIME] for bundle in bundles if MIME in bundle]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise ValueError(
            f"path must be a notebook, got {path}: {type(problem).__name__}: {problem}"
        ) from None
    return [Report.from_data(data) for data in found]
