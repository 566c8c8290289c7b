"""What all widgets of the course have in common: a box that says what it is, and that ends when it should."""

import html
from collections.abc import Sequence
from typing import Any

from IPython import get_ipython
from ipywidgets import VBox, Widget

_in_cells: dict[str, tuple[str, list["Stage"]]] = {}  # by cell: which run of it made which stages


class Stage(VBox):
    """A box of widgets; running its cell again ends the ones that the cell made before.

    Where there is no browser to show it, in an executed lesson or on a page, `still` and `explanation`
    stand in its place.
    """

    def __init__(self, children: Sequence[Widget], *, explanation: str, **options: Any) -> None:
        super().__init__(children, **options)
        self.explanation = explanation
        _end_older_ones(self)

    def still(self) -> str:
        """HTML that shows the widget as it is now, without a browser that could run it."""
        raise NotImplementedError

    def end(self) -> None:
        """Stop whatever is still going on; the widget stays on the screen as it is."""

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        note = f"<p><i>{html.escape(self.explanation)} Run the cell in JupyterLab to use it.</i></p>"
        return bundle | {"text/html": self.still() + note}


def _end_older_ones(stage: Stage) -> None:
    """Note in which cell `stage` was made, and end what an earlier run of the same cell made."""
    shell = get_ipython()
    if not hasattr(shell, "get_parent"):  # not in a notebook
        return
    parent = shell.get_parent()
    cell, run = parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id")
    if cell is None:
        return
    made_by, stages = _in_cells.get(cell, (run, []))
    older = stages if made_by != run else []
    _in_cells[cell] = run, [stage] if older else [*stages, stage]
    for one in older:
        one.end()
