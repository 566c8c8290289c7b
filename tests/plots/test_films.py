"""Films: real H.264 with every frame in it, small, and each frame shows what it should."""

import sys
import threading

import matplotlib as mpl
import numpy as np
import pytest
from looking import (
    assert_good_film,
    assert_laid_out,
    decode,
    in_colour,
    labels,
    spy_on_film,
    title,
)
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from traces import EXACT, TRACES, UPDATES

from dqn_lib import mountain_car
from dqn_lib import mountain_car as car
from dqn_lib.agents.q_table import TableQ
from dqn_lib.mountain_car import OPTIMAL_CHECK_RETURN, RANDOM_RETURN, SOLVED_RETURN
from dqn_lib.plots import films
from dqn_lib.plots.films import (
    DOTS_PER_INCH,
    FREEZE,
    film,
    film_episode,
    film_greedy,
    film_target_traces,
    prepare_frames,
)
from dqn_lib.plots.maps import EXTENT, grid
from dqn_lib.plots.style import (
    ACTIONS,
    ESTIMATE,
    INK,
    LEARNED,
    OPTIMAL,
    RANDOM,
    SOLVED,
    TARGET,
    TRAIL,
    VALUES,
    Picture,
    house_style,
    new_axes,
)
from dqn_lib.training import Check

pytestmark = pytest.mark.slow


RIGHT = np.array([0.0, 0.0, 1.0])


def always_right(states):
    return np.broadcast_to(RIGHT, (*np.shape(states)[:-1], 3))


def with_the_motion(states):
    velocity = np.asarray(states)[..., 1]
    return np.stack([velocity < 0, np.zeros(velocity.shape), velocity >= 0], axis=-1).astype(float)


def test_the_drive_has_a_frame_for_every_step_and_is_small(tmp_path):
    video = film_greedy(with_the_motion)
    steps = mountain_car.simulate(lambda s: with_the_motion(s).argmax(-1), [[-0.5, 0.0]]).lengths[0]
    facts, frames = decode(video, tmp_path)
    assert facts["codec"] == "h264"
    assert len(frames) == steps + 1 + FREEZE
    assert len(video.mp4) < 200_000
    assert f"The flag after {steps} steps" in video.alt


def test_the_car_moves_across_the_left_half(tmp_path):
    _, frames = decode(film_greedy(with_the_motion), tmp_path)
    half = frames[0].shape[1] // 2
    changed = [
        int((np.abs(frame[:, :half].astype(int) - frames[0][:, :half]) > 60).sum()) for frame in frames
    ]
    assert changed[0] == 0
    assert min(changed[20:]) > 500  # car and counter are elsewhere from then on


def test_a_car_that_never_arrives_is_filmed_until_the_time_limit():
    assert "The time limit after 200 steps" in film_greedy(always_right).alt


def test_a_video_shows_itself_with_a_text():
    html = film_greedy(with_the_motion)._repr_html_()
    assert html.startswith("<video controls")
    assert 'aria-label="The car on its hill' in html


def test_an_odd_size_is_refused_in_words():
    figure = Figure(figsize=(1.01, 1), dpi=100)
    with pytest.raises(ValueError, match=r"figure must be an even number of pixels .* got \(101, 100\)"):
        film(figure, [], [], lambda frame: None, alt="")


# --- frames: what is drawn quickly is what would have been drawn slowly ---------------------------------

AHEAD = np.linspace(0.1, 0.9, 50)


def scene(phase=0.0, layout="constrained"):
    """A figure with a line and a text, inside its axes, and both of them."""
    with house_style(DOTS_PER_INCH):
        picture = Picture(figsize=(4, 3), layout=layout)
        ax = picture.subplots()
        ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="steps", ylabel="return", title="A wave")
        (line,) = ax.plot([], [], linewidth=3)
        words = ax.text(0.4, 0.1, "")
    place(phase, line, words)
    return picture, [line, words]


def place(phase, line, words):
    line.set_data(AHEAD, 0.5 + 0.3 * np.sin(9 * AHEAD + phase))
    words.set_text(f"phase {phase:.2f}")


def assert_drawn_in_full(frame, picture):
    """The frame is the picture as Matplotlib draws it, but for ties in the antialiasing."""
    canvas = FigureCanvasAgg(picture)
    canvas.draw()
    difference = np.abs(frame.astype(int) - np.asarray(canvas.buffer_rgba()))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


def test_every_frame_is_the_figure_drawn_in_full():
    picture, artists = scene()
    (_, draw), frames = prepare_frames(picture, artists), []
    for phase in (0.0, 1.0, 2.5, 0.0):
        place(phase, *artists)
        frames.append(draw().copy())
        assert_drawn_in_full(frames[-1], scene(phase)[0])
    assert (frames[0] != frames[1]).any()
    np.testing.assert_array_equal(frames[0], frames[3])


def test_an_artist_that_leaves_its_place_leaves_no_trace():
    picture, artists = scene()
    empty, empty_artists = scene()
    _, draw = prepare_frames(picture, artists)
    draw()
    for line, words in (artists, empty_artists):
        line.set_data([], [])
        words.set_text("")
    assert_drawn_in_full(draw(), empty)


def test_the_still_parts_are_drawn_once(monkeypatch):
    picture, artists = scene()
    (_, draw), (ax,) = prepare_frames(picture, artists), picture.axes
    before = draw().copy()
    monkeypatch.setattr(ax, "draw", lambda *_: pytest.fail("drawn again"))
    place(1.0, *artists)
    assert (draw() != before).any()


def test_nothing_shifts_about_any_more():
    picture, artists = scene()
    _, draw = prepare_frames(picture, artists)
    bounds = picture.axes[0].get_position().bounds
    before = draw().copy()
    picture.axes[0].set_ylabel("a label\nof two lines")
    np.testing.assert_array_equal(draw(), before)
    picture._repr_html_()
    assert picture.axes[0].get_position().bounds == bounds


@house_style()
def a_picture(number):
    ax = new_axes(None, 3, 2)
    ax.plot([0, 1], [0, number])
    ax.set_title(f"Picture {number}")
    ax.legend(["a line"])
    return ax.figure


@pytest.fixture
def hectic():
    """Threads take turns much more often than they would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_many_threads_draw_while_pictures_are_made_and_shown(hectic):
    """Each gets what it would have got alone, and Matplotlib's settings are afterwards as before."""
    before, rounds = dict(mpl.rcParams), 8

    def frames(number):
        picture, artists = scene(number, layout=None)
        _, draw = prepare_frames(picture, artists)
        for step in range(rounds):
            place(number + step / 3, *artists)
            yield draw().tobytes()

    alone = [list(frames(number)) for number in range(4)]
    html = [a_picture(number)._repr_html_() for number in range(rounds)]
    together, raised = [[] for _ in range(4)], []

    def work(number):
        try:
            together[number] = list(frames(number))
        except BaseException as problem:
            raised.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    meanwhile = [a_picture(number)._repr_html_() for number in range(rounds)]
    for thread in threads:
        thread.join(30)
    assert raised == []
    assert together == alone
    assert meanwhile == html
    assert dict(mpl.rcParams) == before


# --- an episode -----------------------------------------------------------------------------------------


def valuing_motion(states):
    """Q-values that prefer pushing the way the car moves, and fall to the left."""
    position, velocity = np.moveaxis(np.asarray(states, dtype=float), -1, 0)
    return np.stack([velocity < 0, 0 * velocity, velocity >= 0], axis=-1) + 10 * position[..., None] - 20


ROLLOUT = car.simulate(lambda states: valuing_motion(states).argmax(axis=-1), [[-0.5, 0.0]])
STATES, ACTED = ROLLOUT.trajectory(0), ROLLOUT.actions[:, 0]


@pytest.fixture(scope="module", params=[None, valuing_motion], ids=["without q", "with q"])
def episode_film(request):
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = spy_on_film(monkeypatch, films)
        film_episode(STATES, ACTED, q=request.param, title="A long push")
    made[0].q = request.param
    return made[0]


def test_the_film_of_an_episode_is_whole_small_and_moves(episode_film, tmp_path):
    assert_laid_out(episode_film)
    assert_good_film(episode_film.video, len(STATES) + FREEZE, tmp_path)
    assert f"The flag after {len(ACTED)} steps." in episode_film.video.alt


@pytest.mark.parametrize("frame", [0, 1, 60, len(STATES) - 1])
def test_the_trail_is_the_path_so_far_and_the_car_is_at_its_end(episode_film, frame):
    episode_film.update(frame)
    left, right = episode_film.figure.axes[:2]
    (dot,) = [line for line in right.lines if same_color(line.get_color(), TRAIL)]
    np.testing.assert_array_equal(dot.get_xydata(), STATES[frame : frame + 1])
    colour = INK if episode_film.q is None else "white"
    trail = [
        line for line in right.lines if line.get_linestyle() == "-" and same_color(line.get_color(), colour)
    ]
    np.testing.assert_array_equal(trail[0].get_xydata(), STATES[: frame + 1])
    body = left.patches[-1].get_xy()
    assert np.abs(body.mean(axis=0) - [STATES[frame, 0], car.height(STATES[frame, 0])]).max() < 0.08
    assert left.texts[0].get_text() == f"step {frame}"


def exhaust(episode_film, frame):
    """Where the exhaust is, seen from the car: -1 behind, 1 ahead, None for no exhaust; and its colour."""
    episode_film.update(frame)
    line = next(line for line in episode_film.figure.axes[0].lines if line.get_linewidth() == 4)
    x = np.asarray(line.get_xdata())
    return (np.sign(x.mean() - STATES[frame, 0]) if len(x) else None), line.get_color()


def test_the_exhaust_is_behind_the_car_in_the_colour_of_its_push(episode_film):
    for frame in (0, 30, 80):
        side, colour = exhaust(episode_film, frame)
        assert side == {0: 1, 2: -1}[ACTED[frame]]
        assert same_color(colour, ACTIONS[ACTED[frame]])
    assert {0, 2} == {*ACTED[[0, 30, 80]]}
    assert exhaust(episode_film, len(ACTED))[0] is None  # arrived: the engine is off


def test_the_map_of_values_is_there_when_asked_for(episode_film):
    _, right, *bars = episode_film.figure.axes
    if episode_film.q is None:
        assert not right.images
        assert not bars
    else:
        (image,) = right.images
        values = valuing_motion(grid()).max(axis=-1)
        np.testing.assert_allclose(np.asarray(image.get_array()), values)
        np.testing.assert_allclose(image.get_clim(), (values.min(), values.max()))
        assert [bar.get_ylabel() for bar in bars] == ["value (discounted return to come)"]


def test_the_film_of_an_episode_is_labelled(episode_film):
    left, right = episode_film.figure.axes[:2]
    assert title(left) == f"The flag after {len(ACTED)} steps"
    assert title(right) == "A long push"
    assert left.get_xlabel() == "position"
    assert labels(right) == ("position", "velocity (per step)")


def test_the_film_of_an_episode_rests_on_its_last_frame(episode_film):
    assert episode_film.frames == [*range(len(STATES)), *[len(ACTED)] * FREEZE]


def test_the_greedy_film_shows_the_greedy_policy(monkeypatch):
    made = spy_on_film(monkeypatch, films, encode=False)
    film_greedy(valuing_motion, start=(-0.45, 0.0))
    rollout = car.simulate(lambda states: valuing_motion(states).argmax(axis=-1), [[-0.45, 0.0]])
    made[0].update(rollout.lengths[0])
    paths = [line.get_xydata() for line in made[0].figure.axes[1].lines]
    assert any(np.array_equal(path, rollout.trajectory(0)) for path in paths)
    assert made[0].figure.axes[1].images


def test_an_episode_that_ran_out_of_time_says_so(monkeypatch):
    made = spy_on_film(monkeypatch, films, encode=False)
    rollout = car.simulate(np.full((200, 1), 1), [[-0.5, 0.0]])
    film_episode(rollout.trajectory(0), rollout.actions[:, 0])
    assert title(made[0].figure.axes[0]) == "The time limit after 200 steps"
    assert title(made[0].figure.axes[1]) == "Uphill in value, back and forth in space"
    assert exhaust(made[0], 0)[0] is None  # coasting


# --- a training run -------------------------------------------------------------------------------------

STEPS, MEANS = (0, 1_003, 2_100, 3_050, 4_000), (-200.0, -180.0, -140.0, -104.0, -118.5)


def falling(amount):
    """Values that fall with the distance from the flag, the more the further the run is."""

    def q(states):
        position = np.asarray(states)[..., 0]
        return np.stack([position - 9, (position - 0.6) * amount, position - 8], axis=-1)

    return q


def checks():
    return [
        Check(step, np.full(4, mean), falling(20 * n))
        for n, (step, mean) in enumerate(zip(STEPS, MEANS, strict=True))
    ]


def value(states, amount):
    position = states[..., 0]
    return np.maximum(position - 8, (position - 0.6) * amount)


def film_once(*args, **options):
    """Films only the first frame, which is all that the tests of `update` need."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = spy_on_film(monkeypatch, films, encode=False)
        films.film_training(*args, **options)
    return made[0]


@pytest.fixture(scope="module")
def training_film():
    return film_once(checks())


def drawn(training_film, moment):
    """Values in the map, the line's points, and the counter at this moment."""
    training_film.update(moment)
    left, right = training_film.figure.axes[:2]
    (line,) = [one for one in in_colour(right.lines, LEARNED) if len(one) > 1]
    (dot,) = [one for one in in_colour(right.lines, LEARNED) if len(one) == 1]
    np.testing.assert_array_equal(dot[0], line[-1])
    counter = next(text.get_text() for text in left.texts if "step" in text.get_text())
    return np.asarray(left.images[0].get_array()), line, counter


@pytest.mark.parametrize("number", range(5))
def test_at_a_check_the_film_shows_its_values_and_its_mean(training_film, number):
    values, line, counter = drawn(training_film, number)
    np.testing.assert_allclose(values, value(grid(90, 71), 20 * number))
    np.testing.assert_allclose(line[: number + 1], np.c_[STEPS, MEANS][: number + 1])
    np.testing.assert_allclose(line[-1], (STEPS[number], MEANS[number]))
    assert counter == f"step {STEPS[number]:,}"


def test_between_two_checks_it_fades(training_film):
    values, line, counter = drawn(training_film, 2.25)
    np.testing.assert_allclose(values, 0.75 * value(grid(90, 71), 40) + 0.25 * value(grid(90, 71), 60))
    np.testing.assert_allclose(line[-1], (0.75 * 2_100 + 0.25 * 3_050, 0.75 * -140 + 0.25 * -104))
    assert len(line) == 4
    assert counter == "step 2,338"


def test_the_frames_run_from_the_first_check_to_the_last_and_rest_there(training_film):
    frames = training_film.frames
    assert (frames[0], frames[-1]) == (0, 4)
    assert (np.diff(frames) >= 0).all()
    assert len(frames) == films.TRAINING_FRAMES + films.TRAINING_FREEZE
    assert frames[-films.TRAINING_FREEZE :] == [4] * films.TRAINING_FREEZE


def test_a_table_is_drawn_cell_by_cell():
    values = np.random.default_rng(0).uniform(-90, -1, size=(6, 6, 3))
    made = film_once([Check(0, np.full(2, -200.0), TableQ(values, car.STATE_LOW, car.STATE_HIGH))], cells=6)
    shown, *_ = drawn(made, 0)
    np.testing.assert_array_equal(shown, values.max(axis=-1).T)  # a column is a position
    image = made.figure.axes[0].images[0]
    assert image.get_interpolation() == "nearest"
    assert (image.origin, tuple(image.get_extent())) == ("lower", EXTENT)


def test_colours_are_fixed_by_the_last_check_or_by_the_limits(training_film):
    image = training_film.figure.axes[0].images[0]
    assert image.get_cmap().name == VALUES
    np.testing.assert_allclose(image.get_clim(), (value(grid(90, 71), 80).min(), 0))
    assert film_once(checks(), limits=(-110, -5)).figure.axes[0].images[0].get_clim() == (-110, -5)


def test_the_words_and_the_ruler_are_there(training_film):
    left, right, bar = training_film.figure.axes
    assert title(left) == "Estimated state value"
    assert title(right) == "Mean return of the greedy policy"
    assert labels(left) == ("position", "velocity (per step)")
    assert labels(right) == ("environment steps", "mean return")
    assert bar.get_ylabel() == "value"
    assert right.get_xlim() == (0, STEPS[-1])
    for level, colour in ((RANDOM_RETURN, RANDOM), (SOLVED_RETURN, SOLVED), (OPTIMAL_CHECK_RETURN, OPTIMAL)):
        (line,) = in_colour(right.lines, colour)
        assert set(line[:, 1]) == {level}


@pytest.mark.slow
def test_the_film_of_a_run_is_whole_small_and_moves(monkeypatch, tmp_path):
    made = spy_on_film(monkeypatch, films)
    films.film_training(checks())
    made = made[0]
    assert_laid_out(made)
    assert_good_film(made.video, films.TRAINING_FRAMES + films.TRAINING_FREEZE, tmp_path)
    assert "4,000 steps" in made.video.alt
    assert "from -200 to -118, at best -104. Random policy -200" in made.video.alt


def test_a_single_check_is_a_still():
    made = film_once(checks()[:1])
    assert set(made.frames) == {0}
    np.testing.assert_array_equal(drawn(made, 0)[0], value(grid(90, 71), 0))
    assert_laid_out(made)


def test_without_checks_there_is_one_clear_error():
    with pytest.raises(ValueError, match=r"^checks must hold at least one check, got none$"):
        films.film_training([])


# --- online and target network --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trace_film():
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = spy_on_film(monkeypatch, films)
        film_target_traces(TRACES, EXACT)
    return made[0]


def test_the_film_of_the_traces_is_whole_small_and_moves(trace_film, tmp_path):
    assert_laid_out(trace_film)
    assert_good_film(trace_film.video, 200, tmp_path)
    assert (
        "for copied every step, hard: every 200 steps, soft: tau 0.01; exact is -63.2" in trace_film.video.alt
    )


@pytest.mark.parametrize(("share", "points"), [(0, 1), (0.5, 100), (1, 200)])
def test_the_runners_are_at_the_ends_of_their_lines(trace_film, share, points):
    trace_film.update(share)
    for ax, one in zip(trace_film.figure.axes, TRACES.values(), strict=True):
        for values, colour in ((one.estimate, ESTIMATE), (one.target, TARGET)):
            line, dot = in_colour(ax.lines, colour)
            np.testing.assert_array_equal(line, np.c_[UPDATES, values][:points])
            np.testing.assert_array_equal(dot, line[-1:])


def test_the_film_of_the_traces_runs_from_the_start_to_the_end_and_rests_there(trace_film):
    assert (trace_film.frames[0], trace_film.frames[-20:]) == (0, [1.0] * 20)
    assert (np.diff(trace_film.frames) >= 0).all()
    assert [title(ax) for ax in trace_film.figure.axes] == list(TRACES)
    assert trace_film.figure.axes[0].get_ylabel() == "value of the valley's floor"
