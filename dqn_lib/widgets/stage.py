"""What all widgets of the course have in common: they say what they are, and they end when they should."""

import gc
import html
import sys
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

from IPython import get_ipython
from ipywidgets import VBox, Widget

from dqn_lib.live import give_back_memory

_in_cells: "dict[str, weakref.WeakSet[CellWidget]]" = {}  # by cell: what its latest run made


class CellWidget(Widget):
    """A widget that ends, and is set free, when it is closed, or when its cell runs again or was deleted.

    Its cell is the one that runs while the widget is made; a front end that does not name its cells ends
    nothing. Whoever still has a variable for the widget can go on reading what it holds.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _note_cell(self)

    def end(self) -> None:
        """Stop whatever is still going on."""

    def close(self) -> None:
        """End, and leave nothing that keeps it: no part of it in the browser, no entry in IPython's `Out`.

        Raises:
            TimeoutError: if what goes on could not be stopped; it is closed all the same.
        """
        if self.comm is None or sys.is_finalizing():  # at the end of the process no thread can be waited for
            return
        try:
            self.end()
        finally:
            for part in [*_parts(self)]:
                part.close()
            super().close()
            _leave_outputs(self)


class Stage(CellWidget, VBox):
    """A box of widgets; running its cell again ends the ones that the cell made before.

    Where there is no browser to show it, in an executed lesson or on a page, `still` and `explanation`
    stand in its place.
    """

    def __init__(self, children: Sequence[Widget], *, explanation: str, **options: Any) -> None:
        self.explanation = explanation
        super().__init__(children, **options)

    def still(self) -> str:
        """HTML that shows the widget as it is now, without a browser that could run it."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        note = f"<p><i>{html.escape(self.explanation)} Run the cell in JupyterLab to use it.</i></p>"
        return bundle | {"text/html": self.still() + note}


def _parts(widget: Widget) -> Iterator[Widget]:
    """The widgets that it is made of: ipywidgets keeps each one, and what it calls, until that is closed."""
    looks = getattr(widget, "layout", None), getattr(widget, "style", None)
    for part in (*getattr(widget, "children", ()), *looks):
        if isinstance(part, Widget):
            yield from _parts(part)
            yield part


def _note_cell(widget: CellWidget) -> None:
    """Note which cell makes `widget`, and see to it that the next run of that cell ends it."""
    shell = get_ipython()
    if not hasattr(shell, "get_parent"):  # not in a notebook
        return
    cell = shell.get_parent().get("metadata", {}).get("cellId")
    if cell is not None:
        _in_cells.setdefault(cell, weakref.WeakSet()).add(widget)
        shell.events.register("pre_run_cell", _end_older_ones)


def _end_older_ones(info: Any) -> None:
    """Before a cell runs: close what its run before made, and what cells that are deleted by now made."""
    shell = get_ipython()
    deleted = shell.get_parent().get("metadata", {}).get("deletedCells") or ()  # as JupyterLab says
    older = [widget for cell in {info.cell_id, *deleted} for widget in _in_cells.pop(cell, ())]
    for widget in older:
        try:
            widget.close()
        except Exception as problem:
            print(f"What this cell showed before could not be ended: {problem}.")
    if older:
        shell.events.register("post_run_cell", _set_free)


def _set_free(_: Any) -> None:
    """After the cell, when its names stand for what is new: give back what was closed, at once."""
    get_ipython().events.unregister("post_run_cell", _set_free)
    gc.collect()
    give_back_memory()


def _leave_outputs(widget: CellWidget) -> None:
    """Take `widget` out of `_`, `__`, `___`, `_1`, `Out[1]`, where IPython keeps what cells have shown."""
    shell = get_ipython()
    if shell is None:
        return
    outputs = shell.user_ns.get("Out", {})
    for number in [number for number, shown in list(outputs.items()) if shown is widget]:
        del outputs[number]
        shell.del_var(f"_{number}", by_name=True)
    for name in ("_", "__", "___"):
        if shell.user_ns.get(name) is widget:
            shell.del_var(name, by_name=True)
        if getattr(shell.displayhook, name, None) is widget:  # where it comes from at the next output
            setattr(shell.displayhook, name, None)
