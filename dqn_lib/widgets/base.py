"""The base widget: Python holds the data, the browser draws it, and the widget ends with its cell."""

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
from dqn_lib.widgets.live import release_memory

_made_by_cell: "dict[str, weakref.WeakSet[CellWidget]]" = {}  # by cell: widgets of its latest run


class CellWidget(DOMWidget):
    """A widget that stops and is freed when it is closed, or when its cell runs again or is deleted.

    Its cell is the one that creates it. A front end that does not name its cells stops nothing. As long as
    a variable refers to a closed widget, its data can still be read.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _note_cell(self)

    def stop(self) -> None:
        """Stop what the widget runs."""

    def close(self) -> None:
        """Stop, and remove what keeps the widget alive: its model in the browser, its entry in `Out`.

        Raises:
            TimeoutError: if what it runs could not be stopped; the widget is closed all the same.
        """
        if self.comm is None or sys.is_finalizing():  # when Python exits, threads cannot be joined
            return
        try:
            self.stop()
        finally:
            self.layout.close()  # ipywidgets keeps every widget until it is closed, the layout too
            super().close()
            _remove_from_outputs(self)


def _note_cell(widget: CellWidget) -> None:
    """Note which cell creates `widget`, so that the next run of that cell closes it."""
    shell = get_ipython()
    if not hasattr(shell, "get_parent"):  # not in a notebook
        return
    cell = shell.get_parent().get("metadata", {}).get("cellId")
    if cell is not None:
        _made_by_cell.setdefault(cell, weakref.WeakSet()).add(widget)
        shell.events.register("pre_run_cell", _close_older_ones)


def _close_older_ones(info: Any) -> None:
    """Before a cell runs, close the widgets of its last run, and those of cells deleted meanwhile."""
    shell = get_ipython()
    deleted = shell.get_parent().get("metadata", {}).get("deletedCells") or ()  # from JupyterLab
    older = [widget for cell in {info.cell_id, *deleted} for widget in _made_by_cell.pop(cell, ())]
    for widget in older:
        try:
            widget.close()
        except Exception as problem:
            print(f"The widget that this cell made before could not be stopped: {problem}.")
    if older:
        shell.events.register("post_run_cell", _collect)


def _collect(_: Any) -> None:
    """After the cell, when its variables have new values, free the closed widgets at once."""
    get_ipython().events.unregister("post_run_cell", _collect)
    gc.collect()
    release_memory()


def _remove_from_outputs(widget: CellWidget) -> None:
    """Remove `widget` from `_`, `__`, `___`, `_1` and `Out[1]`, where IPython keeps the outputs of cells."""
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
        if getattr(shell.displayhook, name, None) is widget:  # copied from here at the next output
            setattr(shell.displayhook, name, None)


class LessonWidget(CellWidget, anywidget.AnyWidget):
    """A widget whose JavaScript module `_esm` paints its synchronised traits.

    Where no widget can be shown, as in an exported notebook, `still` and `explanation` take its place.
    `page` makes a web page of it that works without a kernel, and `fragment` a part of one.
    """

    _css = read_static("widgets.css")
    explanation = ""

    def still(self) -> str:
        """A static picture of the widget as it is now, in HTML."""
        raise NotImplementedError

    def still_and_note(self) -> str:
        """`still`, and below it what the widget does."""
        note = f"<p><i>{html.escape(self.explanation)} Run the cell in JupyterLab to use it.</i></p>"
        return self.still() + note

    def page_state(self) -> dict[str, Any]:
        """What the widget's module reads from its model, as it is now."""
        return {
            name: value
            for name, value in self.get_state().items()
            if not name.startswith("_") and name not in ("layout", "tabbable", "tooltip")
        }

    def fragment(self) -> str:
        """A part of a web page with this widget as it is now; it needs no kernel and no network."""
        traits = json.dumps(self.page_state(), default=_encode_bytes).replace("<", "\\u003c")  # no tag
        module = base64.b64encode(self._esm.encode()).decode()
        return f"""<style>{self._css}</style>
<div id="dqn-{self.model_id}"><noscript>{html.escape(self.explanation)} It needs JavaScript.</noscript></div>
<script type="module">
{read_static("model.js")}
const module = await import("data:text/javascript;base64,{module}");
module.default.render({{ model: makeModel({traits}), el: document.getElementById("dqn-{self.model_id}") }});
</script>
"""

    def page(self, title: str) -> str:
        """A self-contained HTML page of `fragment`."""
        return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{html.escape(title)}</title>
<style>:root {{ color-scheme: light dark; }}</style>
<main id="widget"><h1>{html.escape(title)}</h1>{self.fragment()}</main>
</html>
"""

    def _repr_mimebundle_(self, **options: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**options)
        return data | {"text/html": self.still_and_note()}, metadata


def check_index(name: str, index: Any, low: int, high: int) -> None:
    """Check an index that a page or a cell assigns to a trait.

    Raises:
        TraitError: unless `index` is an integer from `low` to `high`; the trait keeps its value then.
    """
    try:
        check_integer(name, index, low, high)
    except (TypeError, ValueError) as problem:
        raise t.TraitError(str(problem)) from None


def _encode_bytes(value: Any) -> dict[str, str]:
    """Bytes in the form that `makeModel` in model.js reads."""
    return {"$bytes": base64.b64encode(value).decode()}
