"""The style of all pictures: one colour for one meaning, and an alt text for each."""

import base64
import contextlib
import html
import io
import threading
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure

# The palette of Okabe and Ito: colour-blind readers can tell these colours apart.
LEARNED = "#0072B2"
OPTIMAL = "#009E73"
RANDOM = "#767676"
SOLVED = "#B8860B"
TRAIL = "#CC79A7"
INK = "#222222"
GROUND = "#D9D4C7"
ACTIONS = ("#56B4E9", "#E8E4DA", "#D55E00")  # push left, coast, push right
ESTIMATE, TARGET = LEARNED, "#E69F00"
SERIES = (LEARNED, "#D55E00", "#CC79A7", "#E69F00")  # runs side by side; each has its own dashes too
VALUES = "viridis"
DENSITY = "cividis"
ERRORS = "PuOr"  # diverging: one colour below 0, another above

RC = {
    "font.family": ["DejaVu Sans"],  # by name: what "sans-serif" means is in the reader's settings
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.dpi": 144,
}
# Matplotlib's defaults, then ours: the reader's matplotlibrc and style sheet change nothing.
SETTINGS = {name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"} | RC
PIXELS_PER_INCH = 72  # on the page; pictures are drawn with twice as many, for sharp screens
DRAW_LOCK = threading.RLock()  # all threads share Matplotlib's settings and fonts


class Picture(Figure):
    """A Matplotlib figure that shows itself in a notebook, with its alt text.

    It is not registered with pyplot, so it cannot leak, and no other cell shows it.
    """

    alt = ""

    def _repr_html_(self) -> str:
        data = io.BytesIO()
        self.savefig(data, format="png")
        width = round(self.get_figwidth() * PIXELS_PER_INCH)
        image = base64.b64encode(data.getvalue()).decode()
        alt = html.escape(self.alt, quote=True)
        return f'<img src="data:image/png;base64,{image}" width="{width}" alt="{alt}">'

    def draw(self, renderer: RendererBase) -> None:
        """Draw in the house style, including what Matplotlib creates only now, such as ticks."""
        with house_style():
            super().draw(renderer)

    def savefig(self, fname: Any, **options: Any) -> None:
        """Save in the house style; only these `options` change it, not the reader's settings."""
        with house_style():
            super().savefig(fname, **options)


@contextlib.contextmanager
def house_style(dots_per_inch: int = RC["figure.dpi"]) -> Iterator[None]:
    """Draw in the house style, one thread at a time; a context, or a decorator: `@house_style()`."""
    with DRAW_LOCK, mpl.rc_context(SETTINGS | {"figure.dpi": dots_per_inch}):
        yield


def new_axes(ax: Axes | None, width: float = 8.0, height: float = 4.0) -> Axes:
    """`ax`, or the only axes of a new picture of this size in inches."""
    return ax if ax is not None else Picture(figsize=(width, height), layout="constrained").subplots()


def format_number(value: float, digits: int | None = None) -> str:
    """A number for a title, with a real minus sign as on the axes."""
    text = f"{value:g}" if digits is None else f"{value:,.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def add_texts(ax: Axes, alt: str, title: str | None = None) -> Any:
    """Set the title of the axes, add `alt` to the alt text of their picture, and return the picture."""
    if title:
        ax.set_title(title)
    picture = ax.figure
    if isinstance(picture, Picture):
        picture.alt = f"{picture.alt} {alt}".strip()
    return picture
