"""A question to answer before the result is measured: radio buttons, in plain HTML and CSS.

It needs neither a kernel nor a script, so it also works on an exported page.
"""

import html
from dataclasses import dataclass

STYLE = """
.dqn-quiz { max-width: 46em; margin: 0.5em 0; line-height: 1.5; }
.dqn-quiz fieldset { padding: 0.6em 1em; border: 1px solid #767676; border-radius: 0.4em; }
.dqn-quiz legend { float: left; width: 100%; padding: 0 0 0.3em; font-weight: bold; } /* inside the frame */
.dqn-quiz [role=status] { clear: both; }
.dqn-quiz label { display: block; padding: 0.3em 0; cursor: pointer; }
.dqn-quiz input { width: 1.1em; height: 1.1em; margin-right: 0.5em; vertical-align: -0.1em; }
.dqn-quiz :focus-visible { outline: 0.2em solid #0072b2; outline-offset: 0.15em; }
.dqn-quiz .says { display: none; margin: 0 0 0.4em 1.7em; padding: 0.3em 0.6em; border-radius: 0.3em; }
.dqn-quiz .says { color: #222; }
.dqn-quiz .right { background: #d5efe4; }
.dqn-quiz .wrong { background: #fbe3d3; }
.dqn-quiz label:has(:checked) + .says { display: block; }
"""


@dataclass(frozen=True)
class Choice:
    """One answer to choose, and the feedback on it."""

    text: str
    says: str
    right: bool = False


@dataclass(frozen=True)
class Prediction:
    """A question with several answers, one of which the next cells will show to be right."""

    question: str
    choices: tuple[Choice, ...]

    def __repr__(self) -> str:
        return "\n".join([self.question, *(f"  - {choice.text}" for choice in self.choices)])

    def _repr_html_(self) -> str:
        # A form of its own, since buttons of one name exclude each other within a form, and JupyterLab may
        # hold two copies of an output.
        answers = "".join(
            f'<label><input type="radio" name="answer">{html.escape(choice.text)}</label>'
            f'<div class="says {"right" if choice.right else "wrong"}">'
            f"<b>{'Yes' if choice.right else 'No'}.</b> {html.escape(choice.says)}</div>"
            for choice in self.choices
        )
        return (
            f'<style>{STYLE}</style><form class="dqn-quiz" data-lm-suppress-shortcuts="true">'
            f"<fieldset><legend>{html.escape(self.question)}</legend>"
            f'<div role="status">{answers}</div></fieldset></form>'
        )


def predict(question: str, *choices: Choice) -> Prediction:
    """`Prediction` with its choices written one after the other."""
    return Prediction(question, choices)
