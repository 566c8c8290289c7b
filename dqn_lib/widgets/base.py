"""A widget that the browser draws: Python holds the data, hands it over once, and hears what is chosen."""

import base64
import gc
import html
import json
import sys
import weakref
from typing import Any

import anywidget
import traitlets as t
from IPython import get_ipython
from ipywidgets import DOMWidget

from dqn_lib.config import check_integer
from dqn_lib.widgets.assets import read_static
from dqn_lib.widgets.live import give_back_memory

_in_cells: "dict[str, weakref.WeakSet[CellWidget]]" = {}  # by cell: what its latest run made


class CellWidget(DOMWidget):
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
            self.layout.close()  # ipywidgets keeps each widget until it is closed, also this one
            super().close()
            _leave_outputs(self)


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


class LessonWidget(CellWidget, anywidget.AnyWidget):
    """A widget whose JavaScript module `_esm` paints what its synchronised traits hold.

    Where there is no browser to show it, in an executed lesson or on a page, `still` and `explanation`
    stand in its place. `page` makes a page of it that works without a kernel.
    """

    _css = read_static("look.css")
    explanation = ""

    def still(self) -> str:
        """HTML that shows the widget as it is now, without a browser that could run it."""
        raise NotImplementedError

    def page(self, title: str) -> str:
        """A self-contained HTML page with this widget, as it is now: it needs no kernel and no network."""
        ours = {
            name: value
            for name, value in self.get_state().items()
            if not name.startswith("_") and name not in ("layout", "tabbable", "tooltip")
        }
        traits = json.dumps(ours, default=_bytes_as_text).replace("<", "\\u003c")  # no tag, no comment
        module = base64.b64encode(self._esm.encode()).decode()
        return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{html.escape(title)}</title>
<style>:root {{ color-scheme: light dark; }}
{self._css}</style>
<main><h1>{html.escape(title)}</h1><div id="widget"></div></main>
<script type="module">
{read_static("model.js")}
const module = await import("data:text/javascript;base64,{module}");
module.default.render({{ model: makeModel({traits}), el: document.getElementById("widget") }});
</script>
</html>
"""

    def _repr_mimebundle_(self, **options: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**options)
        note = f"<p><i>{html.escape(self.explanation)} Run the cell in JupyterLab to use it.</i></p>"
        return data | {"text/html": self.still() + note}, metadata


def check_index(name: str, index: Any, low: int, high: int) -> None:
    """Check what a page or a cell sets a trait to; after traitlets' own error it keeps what it was.

    Raises:
        TraitError: unless `index` is a whole number from `low` to `high`.
    """
    try:
        check_integer(name, index, low, high)
    except (TypeError, ValueError) as problem:
        raise t.TraitError(str(problem)) from None


def _bytes_as_text(value: Any) -> dict[str, str]:
    """As `makeModel` in model.js takes it."""
    return {"$bytes": base64.b64encode(value).decode()}
