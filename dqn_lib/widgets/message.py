"""A line of words beside the buttons, which a screen reader says too."""

import html

from ipywidgets import HTML


class Message(HTML):
    """Says how things stand, or what went wrong."""

    def clear(self) -> None:
        """Nothing to say."""
        self.value = ""

    def say(self, words: str) -> None:
        """How things stand; read out when there is time."""
        self.value = f'<span role="status">{html.escape(words)}</span>'

    def complain(self, problem: BaseException, advice: str) -> None:
        """What went wrong, and what to do now; read out at once."""
        words = html.escape(str(problem).rstrip("."))
        self.value = f'<span role="alert"><b>{type(problem).__name__}:</b> {words}. {advice}</span>'
