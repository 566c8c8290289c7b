"""What a student is shown below a cell: verdicts, hints and solutions, in HTML and as text."""

import html
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

CORRECT, NOT_YET, NOT_ATTEMPTED = "correct", "not yet", "not attempted yet"
MARKS = {CORRECT: "✓", NOT_YET: "✗", NOT_ATTEMPTED: "○"}
MIME = "application/vnd.dqn-lib.verdict+json"
COLOURS = {CORRECT: "#009E73", NOT_YET: "#D55E00", NOT_ATTEMPTED: "#767676"}


@dataclass(frozen=True)
class Verdict:
    """The result of a check: one of three states, and a message in words.

    `mistake` identifies what is wrong; `hints` were given before, and perhaps the `solution`.
    """

    status: str
    message: str
    exercise: str = ""
    mistake: str = ""
    hints: int = 0
    solution: bool = False

    @property
    def correct(self) -> bool:
        """Whether the answer is right."""
        return self.status == CORRECT

    def __repr__(self) -> str:
        return f"{MARKS[self.status]} {self.status.capitalize()}. {self.message}"

    def _repr_html_(self) -> str:
        return panel(f"{MARKS[self.status]} {self.status.capitalize()}.", self.message, COLOURS[self.status])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self._repr_html_(), MIME: asdict(self)}


@dataclass(frozen=True)
class Hint:
    """One of an exercise's hints."""

    number: int
    total: int
    message: str

    def __repr__(self) -> str:
        return f"Hint {self.number} of {self.total}. {self.message}"

    def _repr_html_(self) -> str:
        return panel(f"Hint {self.number} of {self.total}.", self.message, "#0072B2")


class Hints(Sequence):
    """The hints of an exercise, given one at a time."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self.given = 0

    def __getitem__(self, index: int) -> str:
        return self.texts[index]

    def __len__(self) -> int:
        return len(self.texts)

    def next(self) -> Hint:
        """The next hint; after the last one, the last again, which says where the solution is."""
        self.given = min(self.given + 1, len(self))
        last = " (This was the last one. `solution()` shows an answer.)" if self.given == len(self) else ""
        return Hint(self.given, len(self), self[self.given - 1] + last)


@dataclass(frozen=True)
class Solution:
    """The source of a correct answer; JupyterLab highlights it."""

    source: str

    def __repr__(self) -> str:
        return self.source

    def _repr_markdown_(self) -> str:
        return f"One way to do it:\n\n```python\n{self.source}\n```"


def as_html(message: str) -> str:
    """A message in HTML: `this` becomes code, *this* emphasis, a newline a new line."""
    emphasis = re.compile(r"(?<![\w*])\*(\w[^*]*)\*(?![\w*])")
    parts = re.split(r"`([^`]+)`", html.escape(message))  # every second one is code
    parts[::2] = [emphasis.sub(r"<em>\1</em>", part) for part in parts[::2]]
    parts[1::2] = [f"<code>{part}</code>" for part in parts[1::2]]
    return "".join(parts).replace("\n", "<br>")


def panel(heading: str, message: str, colour: str) -> str:
    """A message beside a coloured bar."""
    return (
        f'<div role="status" style="border-left: 5px solid {colour}; padding: 0.4em 0.9em; margin: 0.3em 0; '
        f'max-width: 55em; line-height: 1.5"><b>{heading}</b> {as_html(message)}</div>'
    )
