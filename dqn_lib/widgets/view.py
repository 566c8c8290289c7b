"""A widget that the browser draws: Python holds the data, hands it over once, and hears what is chosen."""

import base64
import html
import json
from typing import Any

import anywidget
import traitlets as t

from dqn_lib.checks import check_integer
from dqn_lib.widgets.ending import CellWidget
from dqn_lib.widgets.source import text_of


class View(CellWidget, anywidget.AnyWidget):
    """A widget whose JavaScript module `_esm` paints what its synchronised traits hold.

    Where there is no browser to show it, in an executed lesson or on a page, `still` and `explanation`
    stand in its place. `page` makes a page of it that works without a kernel.
    """

    _css = text_of("look.css")
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
{text_of("model.js")}
const module = await import("data:text/javascript;base64,{module}");
module.default.render({{ model: makeModel({traits}), el: document.getElementById("widget") }});
</script>
</html>
"""

    def _repr_mimebundle_(self, **options: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**options)
        note = f"<p><i>{html.escape(self.explanation)} Run the cell in JupyterLab to use it.</i></p>"
        return data | {"text/html": self.still() + note}, metadata


def check_place(name: str, place: Any, low: int, high: int) -> None:
    """Check what a page or a cell sets a trait to; after traitlets' own error it keeps what it was.

    Raises:
        TraitError: unless `place` is a whole number from `low` to `high`.
    """
    try:
        check_integer(name, place, low, high)
    except (TypeError, ValueError) as problem:
        raise t.TraitError(str(problem)) from None


def _bytes_as_text(value: Any) -> dict[str, str]:
    """As `makeModel` in model.js takes it."""
    return {"$bytes": base64.b64encode(value).decode()}
