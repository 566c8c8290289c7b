"""What a check, a hint and a solution look like, in a notebook and in plain text."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

CORRECT, NOT_YET, NOT_ATTEMPTED = "correct", "not yet", "not attempted yet"
MARKS = {CORRECT: "✓", NOT_YET: "✗", NOT_ATTEMPTED: "○"}
COLOURS = {CORRECT: "#009E73", NOT_YET: "#D55E00", NOT_ATTEMPTED: "#767676"}


@dataclass(frozen=True)
class Verdict:
    """The answer of a check: one of three states, and a message in words."""

    status: str
    message: str

    @property
    def correct(self) -> bool:
        """Whether the answer was right."""
        return self.status == CORRECT

    def __repr__(self) -> str:
        return f"{MARKS[self.status]} {self.status.capitalize()}. {self.message}"

    def _repr_html_(self) -> str:
        return panel(f"{MARKS[self.status]} {self.status.capitalize()}.", self.message, COLOURS[self.status])


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


def hint_number(number: int, hints: Sequence[str]) -> Hint:
    """Hint `number`, from 1; the last one says where the solution is."""
    last = " (This was the last one. `solution()` shows an answer.)" if number == len(hints) else ""
    return Hint(number, len(hints), hints[number - 1] + last)


@dataclass(frozen=True)
class Solution:
    """The source of a correct answer; JupyterLab highlights it."""

    source: str

    def __repr__(self) -> str:
        return self.source

    def _repr_markdown_(self) -> str:
        return f"One way to do it:\n\n```python\n{self.source}\n```"


def panel(heading: str, message: str, colour: str) -> str:
    """A message beside a coloured bar; `this` becomes code, *this* emphasis, a newline a new line."""
    emphasis = re.compile(r"(?<![\w*])\*(\w[^*]*)\*(?![\w*])")
    parts = re.split(r"`([^`]+)`", html.escape(message))  # every second one is code
    parts[::2] = [emphasis.sub(r"<em>\1</em>", part) for part in parts[::2]]
    parts[1::2] = [f"<code>{part}</code>" for part in parts[1::2]]
    text = "".join(parts).replace("\n", "<br>")
    return (
        f'<div role="status" style="border-left: 5px solid {colour}; padding: 0.4em 0.9em; margin: 0.3em 0; '
        f'max-width: 55em; line-height: 1.5"><b>{heading}</b> {text}</div>'
    )
