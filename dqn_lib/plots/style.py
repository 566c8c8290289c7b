"""One look for every picture: the same colour for the same thing, and words for who cannot see it."""

import base64
import contextlib
import functools
import html
import io
import threading
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart by colour-blind eyes too.
LEARNED = "#0072B2"
OPTIMAL = "#009E73"
LUCKY = "#767676"
SOLVED = "#B8860B"
TRAIL = "#CC79A7"
INK = "#222222"
ACTIONS = ("#56B4E9", "#E8E4DA", "#D55E00")  # push left, coast, push right
ESTIMATE, TARGET = LEARNED, "#E69F00"
SERIES = (LEARNED, "#D55E00", "#CC79A7", "#E69F00")  # runs side by side, told apart by dashes too
VALUES = "viridis"
DENSITY = "cividis"
ERRORS = "PuOr"  # two-sided

RC = {
    "font.family": [
        "DejaVu Sans"
    ],  # by name: moving texts are drawn outside, where "sans-serif" is the reader's
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
# Matplotlib's own defaults and ours over them: nothing is left to the reader's matplotlibrc or style sheet.
SETTINGS = {name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"} | RC
PIXELS_PER_INCH = 72  # on the page; drawn at twice that, for sharp screens
DRAWING = threading.RLock()  # Matplotlib's settings and fonts are one for all threads


P = ParamSpec("P")
T = TypeVar("T")


class Picture(Figure):
    """A Matplotlib figure that shows itself in a notebook, with a text for who cannot see it.

    It is never registered with pyplot, so it can neither leak nor appear in somebody else's cell.
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
        """Draw the picture; what Matplotlib makes only now, such as ticks, is in the house style too."""
        with house_style():
            super().draw(renderer)

    def savefig(self, fname: Any, **options: Any) -> None:
        """Save the picture; of Matplotlib's `savefig` settings, only the `options` given here count."""
        with house_style():
            super().savefig(fname, **options)


@contextlib.contextmanager
def house_style(dots_per_inch: int = RC["figure.dpi"]) -> Iterator[None]:
    """Whatever is made or drawn inside looks like the rest; one thread draws at a time."""
    with DRAWING, mpl.rc_context(SETTINGS | {"figure.dpi": dots_per_inch}):
        yield


def styled(function: Callable[P, T]) -> Callable[P, T]:
    """Draw what `function` draws in the house style."""

    @functools.wraps(function)
    def inner(*args: P.args, **kwargs: P.kwargs) -> T:
        with house_style():
            return function(*args, **kwargs)

    return inner


def new_axes(ax: Axes | None, width: float = 8.0, height: float = 4.0) -> Axes:
    """`ax`, or the only axes of a new picture of this size in inches."""
    return ax if ax is not None else Picture(figsize=(width, height), layout="constrained").subplots()


def number(value: float, digits: int | None = None) -> str:
    """A number for a title, with a real minus sign as on the axes."""
    text = f"{value:g}" if digits is None else f"{value:,.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def finish(ax: Axes, alt: str, title: str | None = None) -> Any:
    """Give the axes a title and its picture a text; returns the picture."""
    if title:
        ax.set_title(title)
    picture = ax.figure
    if isinstance(picture, Picture):
        picture.alt = f"{picture.alt} {alt}".strip()
    return picture
