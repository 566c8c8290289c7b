"""Short films for a notebook: artists moved frame by frame, encoded with the ffmpeg of imageio-ffmpeg."""

import base64
import html
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from dqn_lib import mountain_car as car
from dqn_lib.plots.curves import (
    CHECK_REFERENCES,
    TargetTrace,
    check_environments,
    draw_references,
    draw_trace_axes,
)
from dqn_lib.plots.hill import CarArtists
from dqn_lib.plots.maps import (
    QFunction,
    action_values,
    cell_centres,
    check_states,
    draw_map,
    draw_phase_plane,
    draw_values,
    grid,
)
from dqn_lib.plots.style import DRAW_LOCK, ESTIMATE, INK, LEARNED, TARGET, TRAIL, VALUES, house_style
from dqn_lib.training import Check

DOTS_PER_INCH = 96  # a third more than on the page: sharp, and fast to draw
FREEZE = 20  # frames for which the last picture stays
TRAINING_FRAMES, TRAINING_FREEZE = 84, 10  # some eight seconds, whatever the number of checks


@dataclass(frozen=True)
class Video:
    """An MP4 that plays in a notebook, with its alt text."""

    mp4: bytes
    width: int
    alt: str

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.mp4).decode()
        label = html.escape(self.alt, quote=True)
        return (
            f'<video controls loop autoplay muted playsinline width="{self.width}" '
            f'style="max-width: 100%; height: auto" aria-label="{label}" '
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
    """Film the figure: `update(frame)` moves the artists `moving` in place, for each frame in turn.

    Everything else in the figure is drawn once.

    Raises:
        ValueError: if the figure's width or height is an odd number of pixels.
    """
    canvas, draw = prepare_frames(figure, moving)
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


def prepare_frames(
    figure: Figure, moving: Sequence[Artist]
) -> tuple[FigureCanvasAgg, Callable[[], NDArray[np.uint8]]]:
    """The figure's canvas, and a function that redraws `moving` and returns a frame `(height, width, 4)`."""
    for artist in moving:
        artist.set_animated(True)
        artist.set_in_layout(False)  # empty artists break the constrained layout
    canvas = FigureCanvasAgg(figure)
    with DRAW_LOCK:
        canvas.draw()
        background = canvas.copy_from_bbox(figure.bbox)
    figure.set_layout_engine("none")  # the layout stays as it is now

    def draw() -> NDArray[np.uint8]:
        with DRAW_LOCK:
            canvas.restore_region(background)
            for artist in moving:
                figure.draw_artist(artist)
            return np.asarray(canvas.buffer_rgba())

    return canvas, draw


def film_greedy(q: QFunction, start: ArrayLike = (-0.5, 0.0), *, frames_per_second: float = 30) -> Video:
    """Film an episode of the greedy policy from `start`, beside its path over the map of values.

    Raises:
        ValueError: if `q` belongs to another environment than MountainCar-v0.
    """
    action_values(q, np.array([start]))
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
    """Film one episode: states `(length + 1, 2)`, actions `(length,)`; with `q`, over the map of its values.

    Raises:
        ValueError: if `states` or `q` belong to another environment than MountainCar-v0.
    """
    states, actions = np.asarray(states), [*np.asarray(actions), -1]
    check_states("states", states)
    reached = bool(states[-1, 0] >= car.GOAL_POSITION)
    outcome = f"{'The flag' if reached else 'The time limit'} after {len(states) - 1} steps"
    with house_style(DOTS_PER_INCH):
        figure = Figure(figsize=(11, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        vehicle = CarArtists(left)
        left.set_title(outcome)
        if q is None:
            draw_phase_plane(right)
        else:
            draw_values(right, q)
        right.set_title(title)
        trail = right.add_line(Line2D([], [], color=INK if q is None else "white", linewidth=1.8))
        (dot,) = right.plot([], [], "o", color=TRAIL, markeredgecolor="white", markersize=9)

        def update(frame: int) -> None:
            vehicle.place(states[frame, 0], actions[frame], f"step {frame}")
            trail.set_data(*states[: frame + 1].T)
            dot.set_data(*states[frame : frame + 1].T)

        frames = [*range(len(states)), *[len(states) - 1] * FREEZE]
        moving = [*vehicle.artists, trail, dot]
        alt = f"The car on its hill, and its path over position and velocity. {outcome}."
        return film(figure, moving, frames, update, alt=alt, frames_per_second=frames_per_second)


def film_side_by_side(
    drivers: Mapping[str, QFunction], start: ArrayLike = (-0.5, 0.0), *, frames_per_second: float = 30
) -> Video:
    """Film one greedy episode of each driver from the same start, on a hill of its own, at the same time.

    Raises:
        ValueError: if there are no drivers, or one belongs to another environment than MountainCar-v0.
    """
    if not drivers:
        raise ValueError("drivers must hold at least one Q-function, got none")
    rollouts = []
    for q in drivers.values():
        action_values(q, np.array([start]))
        rollouts.append(car.simulate(lambda states, q=q: q(states).argmax(axis=-1), np.array([start])))
    paths = [rollout.trajectory(0) for rollout in rollouts]
    ends = [
        f"{'the flag' if path[-1, 0] >= car.GOAL_POSITION else 'the time limit'} after {len(path) - 1} steps"
        for path in paths
    ]
    with house_style(DOTS_PER_INCH):
        figure = Figure(figsize=(5.5 * len(drivers), 3.5), layout="constrained")
        axes = figure.subplots(1, len(drivers), squeeze=False)[0]
        cars = [CarArtists(ax) for ax in axes]
        for ax, name, end in zip(axes, drivers, ends, strict=True):
            ax.set_title(f"{name}: {end}")
            ax.set_xticks([-1.0, -0.5, 0.0, 0.5])

        def update(frame: int) -> None:
            for vehicle, path, rollout in zip(cars, paths, rollouts, strict=True):
                last = len(path) - 1
                now = min(frame, last)
                vehicle.place(path[now, 0], rollout.actions[now, 0] if now < last else -1, f"step {now}")

        longest = max(map(len, paths))
        frames = [*range(longest), *[longest - 1] * FREEZE]
        moving = [artist for vehicle in cars for artist in vehicle.artists]
        words = "; ".join(f"{name}: {end}" for name, end in zip(drivers, ends, strict=True))
        alt = f"Cars on their hills, one beside the other. {words}."
        return film(figure, moving, frames, update, alt=alt, frames_per_second=frames_per_second)


def film_training(
    checks: Sequence[Check], *, limits: tuple[float, float] | None = None, cells: int | None = None
) -> Video:
    """Film the checks of a run, in order; between two of them the picture fades from one to the next.

    `limits` are the ends of the colours; by default, those of the last check. With `cells`, the map has as
    many cells along each axis, as a table has.

    Raises:
        ValueError: if there are no checks, or if they were made in another environment than MountainCar-v0.
    """
    if not checks:
        raise ValueError("checks must hold at least one check, got none")
    check_environments(checks)
    steps, means = np.array([check.step for check in checks]), np.array([check.mean for check in checks])
    states = grid(90, 71) if cells is None else cell_centres(cells)
    values = np.array([action_values(check.q, states).max(axis=-1) for check in checks])
    low, high = limits or (float(values[-1].min()), 0.0)
    with house_style(DOTS_PER_INCH):
        figure = Figure(figsize=(11, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        image = draw_map(left, values[0], smooth=cells is None, cmap=VALUES, vmin=low, vmax=high)
        left.set_title("Estimated state value")
        figure.colorbar(image, ax=left, label="value", extend="both")
        counter = left.text(
            0.03, 0.96, "", transform=left.transAxes, va="top", fontsize=11, fontweight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 3},
        )  # fmt: skip
        draw_references(right, CHECK_REFERENCES)
        right.set(xlabel="environment steps", ylabel="mean return")
        right.set_xlim(0, max(steps[-1], 1))
        right.xaxis.set_major_formatter("{x:,.0f}")
        right.xaxis.set_major_locator(MaxNLocator(4))
        right.set_title("Mean return of the greedy policy")
        (line,) = right.plot([], [], color=LEARNED, linewidth=2)
        (dot,) = right.plot([], [], "o", color=LEARNED, markeredgecolor="white", markersize=8, clip_on=False)

        def update(moment: float) -> None:
            before = int(moment)
            after = min(before + 1, len(checks) - 1)
            weight = moment - before
            image.set_data((1 - weight) * values[before] + weight * values[after])
            step, mean = ((1 - weight) * one[before] + weight * one[after] for one in (steps, means))
            line.set_data([*steps[: before + 1], step], [*means[: before + 1], mean])
            dot.set_data([step], [mean])
            counter.set_text(f"step {step:,.0f}")

        moments = [*np.linspace(0, len(checks) - 1, TRAINING_FRAMES), *[len(checks) - 1] * TRAINING_FREEZE]
        alt = (
            f"The map of values during {steps[-1]:,} steps of training. The greedy policy's return goes from "
            f"{means[0]:.0f} to {means[-1]:.0f}, at best {means.max():.0f}. {CHECK_REFERENCES.alt}"
        )
        moving = [image, *left.lines, *left.texts, line, dot]
        return film(figure, moving, moments, update, alt=alt, frames_per_second=12)


def film_target_traces(traces: Mapping[str, TargetTrace], exact: float) -> Video:
    """The film of `target_traces`: a dot runs along each line.

    Raises:
        ValueError: if there are no traces.
    """
    if not traces:
        raise ValueError("traces must hold at least one trace, got none")
    with house_style(DOTS_PER_INCH):
        figure = Figure(figsize=(11, 3.8), layout="constrained")
        panels = figure.subplots(1, len(traces), sharey=True, squeeze=False)[0]
        moving, runners = [], []
        for ax, (name, trace) in zip(panels, traces.items(), strict=True):
            draw_trace_axes(ax, name, traces, exact)
            for values, colour, width, label in (
                (trace.target, TARGET, 2.6, "target network"),
                (trace.estimate, ESTIMATE, 1.3, "online network"),
            ):
                (line,) = ax.plot([], [], color=colour, linewidth=width, label=label)
                (dot,) = ax.plot(
                    [], [], "o", color=colour, markeredgecolor="white", markersize=9, clip_on=False
                )
                moving += [line, dot]
                runners.append((trace.updates, values, line, dot))
        panels[0].set_ylabel("value of the valley's floor")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)

        def update(fraction: float) -> None:
            for updates, values, line, dot in runners:
                end = max(1, round(fraction * len(updates)))
                line.set_data(updates[:end], values[:end])
                dot.set_data(updates[end - 1 : end], values[end - 1 : end])

        fractions = [*np.linspace(0, 1, 180), *[1.0] * FREEZE]
        alt = (
            "The value of the valley's floor by the online and the target network, gradient step by gradient "
            f"step, for {', '.join(traces)}; exact is {exact:.1f}."
        )
        return film(figure, moving, fractions, update, alt=alt)
