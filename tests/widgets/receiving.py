"""How the tests read what a page gets: packed arrays, and all that is in a page without a kernel."""

import base64
import json
import re

import numpy as np


def unpacked(packed):
    """The array that was packed for the browser."""
    return np.frombuffer(packed["bytes"], "<" + packed["kind"]).reshape(packed["shape"])


def shade(values, low):
    """Where values from `low` to 0 lie among the 254 shades, as fractions of a shade."""
    return 253 * (1 - np.asarray(values, float) / low)


def handed(widget):
    """All that a page gets of a widget, but for its module and its style sheet."""
    of_any = {"layout", "tabbable", "tooltip"}
    return {name: of for name, of in widget.get_state().items() if name[0] != "_" and name not in of_any}


def size(widget):
    """Bytes of everything that a page gets of a widget."""
    packed = []
    text = json.dumps(widget.get_state(), default=packed.append)
    return len(text) + sum(map(len, packed))


def in_page(page):
    """The module in a page that needs no kernel, and the traits, whose bytes are bytes again."""
    module, traits = re.search(
        r'import\("data:text/javascript;base64,([\w+/=]+)"\);.*makeModel\((\{.*\})\), el: document',
        page,
        re.DOTALL,
    ).groups()
    return base64.b64decode(module).decode(), json.loads(traits, object_hook=_revived)


def _revived(value):
    return base64.b64decode(value["$bytes"]) if "$bytes" in value else value
