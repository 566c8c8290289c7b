"""Small videos for a notebook: artists updated in place, encoded with the ffmpeg of imageio-ffmpeg."""

import base64
import html
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from dqn_lib import mountain_car as car
from dqn_lib.mountain_car import OPTIMAL_CHECK_RETURN
from dqn_lib.plots.curves import CHECK_REFERENCES, TargetTrace, check_environments, draw_axes, draw_references
from dqn_lib.plots.maps import (
    EXTENT,
    QFunction,
    action_values,
    beyond,
    centres,
    check_states,
    draw_phase_plane,
    grid,
)
from dqn_lib.plots.style import ACTIONS, DRAWING, ESTIMATE, INK, LEARNED, TARGET, TRAIL, VALUES, house_style
from dqn_lib.training import Check

DOTS_PER_INCH = 96  # a third more than on the page: sharp, and quick to draw


@dataclass(frozen=True)
class Video:
    """An MP4 that plays itself in a notebook, with a text for who cannot see it."""

    mp4: bytes
    width: int
    alt: str

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.mp4).decode()
        label = html.escape(self.alt, quote=True)
        return (
            f'<video controls loop autoplay muted playsinline width="{self.width}" aria-label="{label}" '
            f'src="data:video/mp4;base64,{data}">{label}</video>'
        )


def film(
    figure: Figure,
    moving: Sequence[Artist],
    frames: Iterable[object],
    update: Callable[[object], None],
    *,
    alt: str,
    frames_per_second: float = 30,
) -> Video:
    """Call `update(frame)` for every frame and film what the `moving` artists do.

    Everything else in the figure is drawn once. `update` changes the artists in place.
    """
    canvas, draw = frames_of(figure, moving)
    size = canvas.get_width_height(physical=True)
    if size[0] % 2 or size[1] % 2:
        raise ValueError(f"figure must be an even number of pixels wide and high for H.264, got {size}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        writer = imageio_ffmpeg.write_frames(
            path, size, pix_fmt_in="rgba", fps=frames_per_second, macro_block_size=2, quality=None,
            output_params=["-crf", "29", "-preset", "veryfast", "-movflags", "+faststart"],
        )  # fmt: skip
        writer.send(None)
        try:
            for frame in frames:
                update(frame)
                writer.send(draw().tobytes())
        finally:
            writer.close()
        return Video(path.read_bytes(), round(size[0] * 72 / figure.dpi), alt)


def frames_of(
    figure: Figure, moving: Sequence[Artist]
) -> tuple[FigureCanvasAgg, Callable[[], NDArray[np.uint8]]]:
    """A canvas for the figure, and a function that draws the artists on all else `(height, width, 4)`."""
    for artist in moving:
        artist.set_animated(True)
        artist.set_in_layout(False)  # an empty line has no size that a layout could reckon with
    canvas = FigureCanvasAgg(figure)
    with DRAWING:
        canvas.draw()
        still = canvas.copy_from_bbox(figure.bbox)
    figure.set_layout_engine("none")  # from here on nothing shifts about

    def draw() -> NDArray[np.uint8]:
        with DRAWING:
            canvas.restore_region(still)
            for artist in moving:
                figure.draw_artist(artist)
            return np.asarray(canvas.buffer_rgba())

    return canvas, draw


BODY = np.array([[-0.075, 0.02], [0.075, 0.02], [0.055, 0.075], [-0.055, 0.075], [-0.075, 0.02]])
WHEELS = np.array([[-0.045, 0.018], [0.045, 0.018]])
REST = 20  # frames the last picture stays


class CarArtists:
    """The artists that make a car on `ax`: body, wheels and the push of its engine."""

    def __init__(self, ax: Axes) -> None:
        hill = np.linspace(car.MIN_POSITION, car.MAX_POSITION, 200)
        ax.fill_between(hill, car.height(hill), -0.1, color="#D9D4C7", linewidth=0)
        ax.plot(hill, car.height(hill), color=INK, linewidth=1.5)
        top = float(car.height(car.GOAL_POSITION))
        ax.plot([car.GOAL_POSITION] * 2, [top, top + 0.22], color=INK, linewidth=1.5)
        ax.fill([0.5, 0.5, 0.585], [top + 0.22, top + 0.12, top + 0.17], color=ACTIONS[2])
        ax.set(
            xlim=(car.MIN_POSITION, car.MAX_POSITION),
            ylim=(-0.1, 1.35),
            aspect="equal",
            yticks=[],
            xlabel="position",
        )
        ax.spines["left"].set_visible(False)
        self.body = ax.fill(*BODY.T, color=INK, zorder=3)[0]
        (self.wheels,) = ax.plot(
            [], [], "o", color="white", markeredgecolor=INK, markeredgewidth=2, markersize=6, zorder=4
        )
        (self.push,) = ax.plot([], [], linewidth=4, solid_capstyle="butt", zorder=2)
        self.counter = ax.text(0.02, 0.97, "", transform=ax.transAxes, va="top", fontsize=11)
        self.artists = [self.push, self.body, self.wheels, self.counter]

    def place(self, position: float, action: int, text: str) -> None:
        """Put the car at `position`, leaning with the hill, pushed by `action` (-1: none any more)."""
        slope = np.arctan(0.45 * 3 * np.cos(3 * position))
        turn = np.array([[np.cos(slope), np.sin(slope)], [-np.sin(slope), np.cos(slope)]])
        here = np.array([position, float(car.height(position))])
        self.body.set_xy(BODY @ turn + here)
        self.wheels.set_data(*(WHEELS @ turn + here).T)
        direction = {0: -1.0, 2: 1.0}.get(action, 0.0)
        flame = np.array([[-0.08 * direction, 0.045], [-0.16 * direction, 0.045]]) @ turn + here
        self.push.set_data(*(flame.T if direction else np.empty((2, 0))))
        self.push.set_color(ACTIONS[max(action, 0)])
        self.counter.set_text(text)


def film_greedy(q: QFunction, start: ArrayLike = (-0.5, 0.0), *, frames_per_second: float = 30) -> Video:
    """Film the greedy policy of `q` from `start` until its episode ends, over the map of its values."""
    action_values(q, np.array([start]))  # refuses what is not of this world
    rollout = car.simulate(lambda states: np.asarray(q(states)).argmax(axis=-1), np.array([start]))
    return film_episode(
        rollout.trajectory(0), rollout.actions[:, 0], q=q, frames_per_second=frames_per_second
    )


def film_episode(
    states: ArrayLike,
    actions: ArrayLike,
    *,
    q: QFunction | None = None,
    title: str = "Uphill in value, back and forth in space",
    frames_per_second: float = 30,
) -> Video:
    """Film one episode: states `(length + 1, 2)`, actions `(length,)`; with `q` over its map of values."""
    states, actions = np.asarray(states), [*np.asarray(actions), -1]
    check_states("states", states)
    reached = bool(states[-1, 0] >= car.GOAL_POSITION)
    outcome = f"{'The flag' if reached else 'The time limit'} after {len(states) - 1} steps"
    with house_style(DOTS_PER_INCH):
        figure = Figure(figsize=(11, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        vehicle = CarArtists(left)
        left.set_title(outcome)
        draw_phase_plane(right)
        right.set_title(title)
        if q is not None:
            _draw_values(q, right)
        trail = right.add_line(Line2D([], [], color=INK if q is None else "white", linewidth=1.8))
        (dot,) = right.plot([], [], "o", color=TRAIL, markeredgecolor="white", markersize=9)

        def update(frame: int) -> None:
            vehicle.place(states[frame, 0], actions[frame], f"step {frame}")
            trail.set_data(*states[: frame + 1].T)
            dot.set_data(*states[frame : frame + 1].T)

        frames = [*range(len(states)), *[len(states) - 1] * REST]
        moving = [*vehicle.artists, trail, dot]
        alt = f"The car on its hill, and its path over position and velocity. {outcome}."
        return film(figure, moving, frames, update, alt=alt, frames_per_second=frames_per_second)


def _draw_values(q: QFunction, ax: Axes) -> None:
    values = action_values(q, grid()).max(axis=-1)
    low, high = float(values.min()), min(float(values.max()), 0.0)
    image = ax.imshow(
        values, origin="lower", extent=EXTENT, aspect="auto", cmap=VALUES, vmin=low, vmax=high,
        interpolation="bilinear",
    )  # fmt: skip
    ends = beyond(values, low, high)
    ax.figure.colorbar(image, ax=ax, label="value (discounted return to come)", extend=ends)


FRAMES = 84  # whatever the number of checks: some seven seconds with the rest
FEWER_REST = 10  # frames the last picture stays


def film_training(
    checks: Sequence[Check], *, limits: tuple[float, float] | None = None, cells: int | None = None
) -> Video:
    """Film the checks of a run, in order; between two of them the picture fades from one to the next.

    `limits` fixes the colours' ends, otherwise they are the last check's. With `cells`, the map is
    drawn in as many cells along each axis, as a table sees it.
    """
    if not checks:
        raise ValueError("checks must hold at least one check, got none")
    check_environments(checks)
    steps, means = np.array([check.step for check in checks]), np.array([check.mean for check in checks])
    states = grid(90, 71) if cells is None else centres(cells)
    values = np.array([action_values(check.q, states).max(axis=-1) for check in checks])
    low, high = limits or (float(values[-1].min()), 0.0)
    with house_style(DOTS_PER_INCH):
        figure = Figure(figsize=(11, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        image = left.imshow(
            values[0], origin="lower", extent=EXTENT, aspect="auto", cmap=VALUES, vmin=low, vmax=high,
            interpolation="bilinear" if cells is None else "nearest",
        )  # fmt: skip
        draw_phase_plane(left)
        left.set_title("What each state is thought to be worth")
        figure.colorbar(image, ax=left, label="value", extend="both")
        counter = left.text(
            0.03, 0.96, "", transform=left.transAxes, va="top", fontsize=11, fontweight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 3},
        )  # fmt: skip
        draw_references(right, CHECK_REFERENCES)
        right.set(xlabel="environment steps", ylabel="mean return of the greedy policy")
        right.set_xlim(0, max(steps[-1], 1))
        right.xaxis.set_major_formatter("{x:,.0f}")
        right.xaxis.set_major_locator(MaxNLocator(4))
        right.set_title("How well the car drives by it")
        (line,) = right.plot([], [], color=LEARNED, linewidth=2)
        (dot,) = right.plot([], [], "o", color=LEARNED, markeredgecolor="white", markersize=8, clip_on=False)

        def update(moment: float) -> None:
            before = int(moment)
            after = min(before + 1, len(checks) - 1)
            share = moment - before
            image.set_data((1 - share) * values[before] + share * values[after])
            step, mean = ((1 - share) * one[before] + share * one[after] for one in (steps, means))
            line.set_data([*steps[: before + 1], step], [*means[: before + 1], mean])
            dot.set_data([step], [mean])
            counter.set_text(f"step {step:,.0f}")

        moments = [*np.linspace(0, len(checks) - 1, FRAMES), *[len(checks) - 1] * FEWER_REST]
        alt = (
            f"The map of values during {steps[-1]:,} steps of learning. The greedy policy's return goes from "
            f"{means[0]:.0f} to {means[-1]:.0f}, at best {means.max():.0f}; the optimum is "
            f"{OPTIMAL_CHECK_RETURN:g}."
        )
        moving = [image, *left.lines, *left.texts, line, dot]
        return film(figure, moving, moments, update, alt=alt, frames_per_second=12)


def film_target_traces(chases: Mapping[str, TargetTrace], exact: float) -> Video:
    """The same as a film: two dots run along their lines."""
    with house_style(DOTS_PER_INCH):
        figure = Figure(figsize=(11, 3.8), layout="constrained")
        panels = figure.subplots(1, len(chases), sharey=True, squeeze=False)[0]
        moving, runners = [], []
        for ax, (name, one) in zip(panels, chases.items(), strict=True):
            draw_axes(ax, name, chases, exact)
            for values, colour, width, label in (
                (one.target, TARGET, 2.6, "target network"),
                (one.estimate, ESTIMATE, 1.3, "online network"),
            ):
                (line,) = ax.plot([], [], color=colour, linewidth=width, label=label)
                (dot,) = ax.plot(
                    [], [], "o", color=colour, markeredgecolor="white", markersize=9, clip_on=False
                )
                moving += [line, dot]
                runners.append((one.updates, values, line, dot))
        panels[0].set_ylabel("value of the valley's floor")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)

        def update(share: float) -> None:
            for updates, values, line, dot in runners:
                here = max(1, round(share * len(updates)))
                line.set_data(updates[:here], values[:here])
                dot.set_data(updates[here - 1 : here], values[here - 1 : here])

        shares = [*np.linspace(0, 1, 180), *[1.0] * 20]
        alt = f"Online and target network chasing each other towards {exact:.1f}, for {', '.join(chases)}."
        return film(figure, moving, shares, update, alt=alt)
