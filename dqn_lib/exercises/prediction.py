"""A question to commit to before the answer is measured; drawn by jupyterquiz, which needs no network."""

import re
from dataclasses import dataclass
from typing import Any

from IPython.display import HTML, Javascript, display
from IPython.utils.capture import capture_output
from jupyterquiz import display_quiz

COLOURS = {
    "--jq-multiple-choice-bg": "#EEF3F7",
    "--jq-text-color": "#222222",
    "--jq-mc-button-bg": "#FFFFFF",
    "--jq-mc-button-border": "#9AA5AE",
    "--jq-correct-color": "#00684C",
    "--jq-incorrect-color": "#A84300",
}


@dataclass(frozen=True)
class Choice:
    """One answer to choose, and what to say about it."""

    text: str
    says: str
    right: bool = False


@dataclass(frozen=True)
class Prediction:
    """A question with several answers, one of which the next cells will show to be right."""

    question: str
    choices: tuple[Choice, ...]

    def questions(self) -> list[dict[str, Any]]:
        """The question in the form that jupyterquiz reads."""
        answers = [
            {
                "answer": choice.text,
                "correct": choice.right,
                "feedback": f"{'Yes' if choice.right else 'No'}. {choice.says}",
            }
            for choice in self.choices
        ]
        return [{"question": self.question, "type": "multiple_choice", "answers": answers}]

    def __repr__(self) -> str:
        return "\n".join([self.question, *(f"  - {choice.text}" for choice in self.choices)])

    def _ipython_display_(self) -> None:
        with capture_output() as quiz:
            display_quiz(
                self.questions(), colors=COLOURS, border_radius=6, max_width=760, shuffle_answers=False
            )
        page, script = (output.data for output in quiz.outputs)
        display(HTML(page["text/html"]))
        # Two repairs. The script draws into the one element of a name, but JupyterLab may hold two copies of
        # an output; and if it found JupyterLab's MathJax it would load another one from the network.
        place = re.search(r'id="(\w+)"', page["text/html"])[1]
        code = script["application/javascript"].replace(
            f"show_questions(questions{place}, {place});",
            f"document.querySelectorAll('[id=\"{place}\"]').forEach((copy) => "
            f"copy.querySelector('.Quiz') || show_questions(questions{place}, copy));",
        )
        display(Javascript(f"(function () {{ let MathJax; {code} }})();"))


def predict(question: str, *choices: Choice) -> Prediction:
    """`Prediction` with its choices written one after the other."""
    return Prediction(question, choices)
