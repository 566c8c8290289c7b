"""A drawing of a network: its layers, and how many numbers are between them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

from dqn_lib.plots.style import INK, LEARNED, Picture, add_texts, house_style, new_axes

LARGEST = 8  # units drawn of a layer; a larger one has a gap in the middle


@house_style()
def network_drawing(sizes: Sequence[int], ax: Axes | None = None) -> Picture:
    """Draw a fully connected network whose layers have `sizes` units, inputs first, and count its weights.

    Raises:
        ValueError: unless there are at least two layers of at least one unit each.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes must be of at least two layers of at least one unit each, got {list(sizes)}")
    ax = new_axes(ax, 9, 3.8)
    places = [_heights(size) for size in sizes]
    for column, (left, right) in enumerate(pairwise(places)):
        for y in left:
            for other in right:
                ax.plot([column, column + 1], [y, other], color=INK, linewidth=0.3, alpha=0.35, zorder=1)
    for column, (size, heights) in enumerate(zip(sizes, places, strict=True)):
        ax.plot(
            [column] * len(heights),
            heights,
            "o",
            color=LEARNED,
            markersize=11,
            markeredgecolor="white",
            zorder=2,
        )
        if size > LARGEST:
            ax.plot([column] * 3, [-0.02, 0.0, 0.02], "o", color=INK, markersize=2.5, zorder=3)
        role = "inputs" if column == 0 else "outputs" if column == len(sizes) - 1 else "ReLUs"
        ax.annotate(
            f"{size} {role}",
            (column, 0.62),
            ha="center",
            va="bottom",
            fontweight="bold",
            annotation_clip=False,
        )
    counts = [before * after + after for before, after in pairwise(sizes)]
    texts = [
        f"{before} × {after} weights\n+ {after} biases\n= {count:,}"
        for (before, after), count in zip(pairwise(sizes), counts, strict=True)
    ]
    for column, text in enumerate(texts):
        ax.annotate(text, (column + 0.5, -0.64), ha="center", va="top", annotation_clip=False)
    ax.set(xlim=(-0.35, len(sizes) - 0.65), ylim=(-1.0, 0.72))
    ax.set_axis_off()
    layers = " to ".join(f"{size:,}" for size in sizes)
    between = "; ".join(text.replace("\n", " ") for text in texts)
    title = f"{sum(counts):,} numbers: a weight for each line, a bias for each unit behind it"
    return add_texts(ax, f"A network of layers of {layers} units. {between}. {title}.", title)


def _heights(size: int) -> list[float]:
    """Where the units of a layer are drawn, from -0.5 to 0.5."""
    if size <= LARGEST:
        return list(0.125 * (np.arange(size) - (size - 1) / 2))
    return [y for y in np.linspace(-0.5, 0.5, LARGEST + 1) if abs(y) > 0.05]
