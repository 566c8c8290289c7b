"""Films: real H.264 with every frame in it, small, and each frame shows what it should."""

import functools
import sys
import threading

import imageio_ffmpeg
import matplotlib as mpl
import numpy as np
import pytest
from looking import assert_legible, filming, in_colour, labels, title
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from traces import EXACT, TRACES, UPDATES

from dqn_lib import mountain_car as car
from dqn_lib import plots
from dqn_lib.agents.q_table import TableQ
from dqn_lib.mountain_car import OPTIMAL_CHECK_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.plots import films, style
from dqn_lib.plots.maps import EXTENT, grid
from dqn_lib.training import Check

pytestmark = pytest.mark.slow


def assert_laid_out(made):
    """Wide axes inside the figure, and legible texts."""
    width, height = made.figure.bbox.size
    for ax in made.figure.axes:
        if ax.get_label() != "<colorbar>":
            assert ax.get_window_extent().width >= 300  # a layout that has collapsed leaves less
    assert_legible(made.texts, width, height)


def assert_good_film(made, tmp_path):
    """It is laid out well, and is H.264 with all frames, small, and its last picture is not the first."""
    assert_laid_out(made)
    path, frames = tmp_path / "video.mp4", len(made.frames)
    path.write_bytes(made.video.mp4)
    reader = imageio_ffmpeg.read_frames(str(path))
    facts = next(reader)
    width, height = facts["size"]
    pictures = [np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in reader]
    assert facts["codec"] == "h264"
    assert len(pictures) == frames
    assert len(made.video.mp4) <= 200_000 * max(1, frames / 200)
    changed = np.abs(pictures[-1].astype(int) - pictures[0]) > 60
    assert changed.any(axis=-1).sum() > 500


def test_an_odd_size_is_refused_in_words():
    figure = Figure(figsize=(1.01, 1), dpi=100)
    with pytest.raises(ValueError, match=r"figure must be an even number of pixels .* got \(101, 100\)"):
        films.film(figure, [], [], lambda frame: None, alt="")


# --- frames: what is drawn quickly is what would have been drawn slowly ---------------------------------

AHEAD = np.linspace(0.1, 0.9, 50)


def scene(phase=0.0, layout="constrained"):
    """A figure with a line and a text, inside its axes, and both of them."""
    with style.house_style(films.DOTS_PER_INCH):
        picture = style.Picture(figsize=(4, 3), layout=layout)
        ax = picture.subplots()
        ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="steps", ylabel="return", title="A wave")
        (line,) = ax.plot([], [], linewidth=3)
        words = ax.text(0.4, 0.1, "")
    place(phase, line, words)
    return picture, [line, words]


def place(phase, line, words):
    """Put the line and the text in place; without a phase they are empty."""
    line.set_data(*([AHEAD, 0.5 + 0.3 * np.sin(9 * AHEAD + phase)] if phase is not None else [[], []]))
    words.set_text(f"phase {phase:.2f}" if phase is not None else "")


def test_every_frame_is_the_figure_drawn_in_full_and_an_artist_that_leaves_leaves_no_trace():
    picture, artists = scene()
    _, draw = films.prepare_frames(picture, artists)
    for phase in (0.0, 1.0, 2.5, None, 0.0):
        place(phase, *artists)
        canvas = FigureCanvasAgg(scene(phase)[0])
        canvas.draw()
        difference = np.abs(draw().astype(int) - np.asarray(canvas.buffer_rgba()))
        assert difference.max() <= 1 and (difference > 0).mean() < 1e-3  # but for ties in the antialiasing


def test_the_still_parts_are_drawn_once_and_nothing_shifts_about_any_more(monkeypatch):
    picture, artists = scene()
    (_, draw), (ax,) = films.prepare_frames(picture, artists), picture.axes
    bounds, before = ax.get_position().bounds, draw().copy()
    ax.set_ylabel("a label\nof two lines")
    np.testing.assert_array_equal(draw(), before)
    picture._repr_html_()
    assert ax.get_position().bounds == bounds
    monkeypatch.setattr(ax, "draw", lambda *_: pytest.fail("drawn again"))
    place(1.0, *artists)
    assert (draw() != before).any()


@style.house_style()
def a_picture(number):
    ax = style.new_axes(None, 3, 2)
    ax.plot([0, 1], [0, number])
    ax.set_title(f"Picture {number}")
    ax.legend(["a line"])
    return ax.figure


def test_many_threads_draw_while_pictures_are_made_and_shown(request):
    """Each gets what it would have got alone, and Matplotlib's settings are afterwards as before."""
    request.addfinalizer(functools.partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-5)  # threads take turns much more often than they would
    before, rounds = dict(mpl.rcParams), 5

    def frames(number):
        picture, artists = scene(number, layout=None)
        _, draw = films.prepare_frames(picture, artists)
        for step in range(rounds):
            place(number + step / 3, *artists)
            yield draw().tobytes()

    alone = [list(frames(number)) for number in range(4)]
    html = [a_picture(number)._repr_html_() for number in range(rounds)]
    together = [[] for _ in alone]
    threads = [
        threading.Thread(target=lambda n=number: together[n].extend(frames(n)))
        for number in range(len(alone))
    ]
    for thread in threads:
        thread.start()
    meanwhile = [a_picture(number)._repr_html_() for number in range(rounds)]
    for thread in threads:
        thread.join(30)
    assert together == alone
    assert meanwhile == html
    assert dict(mpl.rcParams) == before


# --- an episode -----------------------------------------------------------------------------------------


def valuing_motion(states):
    """Q-values that prefer pushing the way the car moves, and fall to the left."""
    position, velocity = np.moveaxis(np.asarray(states, dtype=float), -1, 0)
    return np.stack([velocity < 0, 0 * velocity, velocity >= 0], axis=-1) + 10 * position[..., None] - 20


START = (-0.45, 0.0)
ROLLOUT = car.simulate(lambda states: valuing_motion(states).argmax(axis=-1), [START])
STATES, ACTED = ROLLOUT.trajectory(0), ROLLOUT.actions[:, 0]


def exhaust(made, frame):
    """Where the exhaust is, seen from the car: -1 behind, 1 ahead, None for no exhaust; and its colour."""
    made.update(frame)
    line = next(line for line in made.figure.axes[0].lines if line.get_linewidth() == 4)
    x = np.asarray(line.get_xdata())
    return (np.sign(x.mean() - STATES[frame, 0]) if len(x) else None), line.get_color()


@pytest.mark.parametrize("q", [None, valuing_motion], ids=["without q", "with q"])
def test_the_film_of_an_episode_shows_every_step_and_rests_at_its_end(q, tmp_path):
    made = filming(plots.film_episode, STATES, ACTED, q=q, title="A long push")
    left, right, *bars = made.figure.axes
    assert made.frames == [*range(len(STATES)), *[len(ACTED)] * films.FREEZE]
    assert_good_film(made, tmp_path)
    assert f"The flag after {len(ACTED)} steps." in made.video.alt
    assert [title(left), title(right)] == [f"The flag after {len(ACTED)} steps", "A long push"]
    assert (left.get_xlabel(), *labels(right)) == ("position", "position", "velocity (per step)")
    html = made.video._repr_html_()
    assert html.startswith("<video controls") and 'aria-label="The car on its hill' in html

    assert {0, 2} == {*ACTED[[0, 30, 80]]}
    for frame in (0, 1, 30, 80, len(ACTED)):
        side, colour = exhaust(made, frame)
        if frame == len(ACTED):
            assert side is None  # arrived: the engine is off
        else:
            assert side == {0: 1, 2: -1}[ACTED[frame]]
            assert same_color(colour, style.ACTIONS[ACTED[frame]])
        (dot,) = in_colour(right.lines, style.TRAIL)
        np.testing.assert_array_equal(dot, STATES[frame : frame + 1])
        solid = [line for line in right.lines if line.get_linestyle() == "-"]
        (trail,) = in_colour(solid, style.INK if q is None else "white")
        np.testing.assert_array_equal(trail, STATES[: frame + 1])
        body = left.patches[-1].get_xy().mean(axis=0)
        assert np.abs(body - [STATES[frame, 0], car.height(STATES[frame, 0])]).max() < 0.08
        assert left.texts[0].get_text() == f"step {frame}"

    if q is None:
        assert not right.images and not bars
    else:
        values = valuing_motion(grid()).max(axis=-1)
        np.testing.assert_allclose(right.images[0].get_array(), values)
        np.testing.assert_allclose(right.images[0].get_clim(), (values.min(), values.max()))
        assert [bar.get_ylabel() for bar in bars] == ["value (discounted return to come)"]


def test_the_greedy_film_shows_the_greedy_policy_over_its_values():
    made = filming(plots.film_greedy, valuing_motion, start=START, encode=False)
    made.update(len(ACTED))
    right = made.figure.axes[1]
    assert any(np.array_equal(line.get_xydata(), STATES) for line in right.lines)
    assert right.images


def test_an_episode_that_ran_out_of_time_says_so():
    rollout = car.simulate(np.full((200, 1), 1), [START])
    made = filming(plots.film_episode, rollout.trajectory(0), rollout.actions[:, 0], encode=False)
    left, right = made.figure.axes
    assert title(left) == "The time limit after 200 steps"
    assert title(right) == "Uphill in value, back and forth in space"
    assert exhaust(made, 0)[0] is None  # coasting


def coasting(states):
    return np.stack([np.zeros(len(states)), np.ones(len(states)), np.zeros(len(states))], axis=-1)


def test_two_cars_drive_at_the_same_time_and_each_stops_at_its_own_end(tmp_path):
    drivers = {"yours": valuing_motion, "the library's": coasting}
    made = filming(plots.film_side_by_side, drivers, start=START)
    assert_good_film(made, tmp_path)
    assert len(made.frames) == 201 + films.FREEZE
    left, right = made.figure.axes
    assert title(left) == f"yours: the flag after {len(ACTED)} steps"
    assert title(right) == "the library's: the time limit after 200 steps"
    assert title(left) in made.video.alt and title(right) in made.video.alt
    made.update(150)
    assert [ax.texts[-1].get_text() for ax in (left, right)] == [f"step {len(ACTED)}", "step 150"]
    made.update(60)
    assert exhaust(made, 0)[0] is not None
    with pytest.raises(ValueError, match="drivers must hold at least one"):
        plots.film_side_by_side({})


# --- a training run -------------------------------------------------------------------------------------

STEPS, MEANS = (0, 1_003, 2_100, 3_050, 4_000), (-200.0, -180.0, -140.0, -104.0, -118.5)


def value(amount, states=None):
    """Values that fall with the distance from the flag, the more the further the run is."""
    position = (grid(90, 71) if states is None else np.asarray(states))[..., 0]
    return np.maximum(position - 8, (position - 0.6) * amount)


CHECKS = [
    Check(step, np.full(4, mean), lambda states, n=n: np.stack([value(20 * n, states)] * 3, axis=-1))
    for n, (step, mean) in enumerate(zip(STEPS, MEANS, strict=True))
]


def drawn(made, moment):
    """Values in the map, the line's points, and the counter at this moment."""
    made.update(moment)
    left, right = made.figure.axes[:2]
    line, dot = in_colour(right.lines, style.LEARNED)
    np.testing.assert_array_equal(dot, line[-1:])
    counter = next(text.get_text() for text in left.texts if "step" in text.get_text())
    return np.asarray(left.images[0].get_array()), line, counter


def test_the_film_of_a_run_fades_from_check_to_check_and_rests_at_the_last(tmp_path):
    made = filming(plots.film_training, CHECKS)
    assert made.frames[-films.TRAINING_FREEZE :] == [4] * films.TRAINING_FREEZE
    assert (made.frames[0], len(made.frames)) == (0, films.TRAINING_FRAMES + films.TRAINING_FREEZE)
    assert (np.diff(made.frames) >= 0).all()
    assert_good_film(made, tmp_path)
    assert "4,000 steps" in made.video.alt
    assert "from -200 to -118, at best -104. Random policy -200" in made.video.alt

    for number in range(len(CHECKS)):
        values, line, counter = drawn(made, number)
        np.testing.assert_allclose(values, value(20 * number))
        np.testing.assert_allclose(line[: number + 1], np.c_[STEPS, MEANS][: number + 1])
        np.testing.assert_allclose(line[-1], (STEPS[number], MEANS[number]))
        assert counter == f"step {STEPS[number]:,}"
    values, line, counter = drawn(made, 2.25)
    np.testing.assert_allclose(values, 0.75 * value(40) + 0.25 * value(60))
    np.testing.assert_allclose(line[-1], (0.75 * 2_100 + 0.25 * 3_050, 0.75 * -140 + 0.25 * -104))
    assert (len(line), counter) == (4, "step 2,338")

    left, right, bar = made.figure.axes
    assert [title(left), title(right)] == ["Estimated state value", "Mean return of the greedy policy"]
    assert [labels(left), labels(right), bar.get_ylabel()] == [
        ("position", "velocity (per step)"), ("environment steps", "mean return"), "value",
    ]  # fmt: skip
    assert right.get_xlim() == (0, STEPS[-1])
    for level, colour in (
        (RANDOM_RETURN, style.RANDOM),
        (SOLVED_RETURN, style.SOLVED),
        (OPTIMAL_CHECK_RETURN, style.OPTIMAL),
    ):
        (line,) = in_colour(right.lines, colour)
        assert set(line[:, 1]) == {level}
    (image,) = left.images
    assert image.get_cmap().name == style.VALUES
    np.testing.assert_allclose(image.get_clim(), (value(80).min(), 0))  # those of the last check


def test_a_table_is_drawn_cell_by_cell_within_given_limits():
    values = np.random.default_rng(0).uniform(-90, -1, size=(6, 6, 3))
    check = Check(0, np.full(2, -200.0), TableQ(values, car.STATE_LOW, car.STATE_HIGH))
    made = filming(plots.film_training, [check], cells=6, limits=(-110, -5), encode=False)
    assert set(made.frames) == {0}  # a single check is a still
    assert_laid_out(made)
    np.testing.assert_array_equal(drawn(made, 0)[0], values.max(axis=-1).T)  # a column is a position
    (image,) = made.figure.axes[0].images
    assert (image.get_interpolation(), image.get_clim()) == ("nearest", (-110, -5))
    assert (image.origin, tuple(image.get_extent())) == ("lower", EXTENT)


def test_without_checks_there_is_one_clear_error():
    with pytest.raises(ValueError, match=r"^checks must hold at least one check, got none$"):
        plots.film_training([])


# --- online and target network --------------------------------------------------------------------------


def test_the_film_of_the_traces_runs_along_both_lines_to_their_ends_and_rests_there(tmp_path):
    made = filming(plots.film_target_traces, TRACES, EXACT)
    assert (made.frames[0], made.frames[-films.FREEZE :], len(made.frames)) == (0, [1.0] * films.FREEZE, 200)
    assert (np.diff(made.frames) >= 0).all()
    assert_good_film(made, tmp_path)
    assert f"for {', '.join(TRACES)}; exact is -63.2" in made.video.alt
    assert [title(ax) for ax in made.figure.axes] == list(TRACES)
    assert made.figure.axes[0].get_ylabel() == "value of the valley's floor"
    for share, points in ((0, 1), (0.5, 100), (1, 200)):
        made.update(share)
        for ax, one in zip(made.figure.axes, TRACES.values(), strict=True):
            for values, colour in ((one.estimate, style.ESTIMATE), (one.target, style.TARGET)):
                line, dot = in_colour(ax.lines, colour)
                np.testing.assert_array_equal(line, np.c_[UPDATES, values][:points])
                np.testing.assert_array_equal(dot, line[-1:])
            ((_, level), _) = in_colour(ax.lines, style.OPTIMAL)[0]
            assert level == EXACT
