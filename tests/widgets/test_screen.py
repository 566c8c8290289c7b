"""What is seen of a run: only what is new, in turn, as quickly as it can be shown, and true to the agent."""

import html
import threading
import time

import numpy as np
import pytest

from dqn_lib import mountain_car as car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.live import LiveRun
from dqn_lib.plots.live_curve import LOW, TALL
from dqn_lib.plots.maps import centres, grid, preferred
from dqn_lib.plots.style import DRAWING
from dqn_lib.training import Change
from dqn_lib.widgets import canvas as canvas_module
from dqn_lib.widgets import screen as screen_module
from dqn_lib.widgets.screen import FOLLOWED, SIGHTS, START, Screen

pytestmark = pytest.mark.slow

SMALL = DQNConfig(hidden=(8,), memory_size=300, learning_starts=32, batch_size=8, learn_every=4, updates=2)
FOR_A_TABLE = ("curve", "values", "policy", "car")


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A browser that does not answer counts as slow, not as gone, however slow this machine is."""
    monkeypatch.setattr(canvas_module, "GONE", np.inf)


@pytest.fixture(autouse=True)
def haste(monkeypatch):
    """Every look may draw, however soon it follows the one before."""
    monkeypatch.setattr(screen_module, "PICTURES", np.inf)


def a_run(agent=None, length=40):
    env = car.make(max_episode_steps=length)
    return LiveRun(env, agent or QTableAgent(env, TableConfig(cells=9), seed=2), every=80)


@pytest.fixture
def screen():
    return Screen(a_run(), FOR_A_TABLE)


@pytest.fixture
def whole():
    """A screen of whole drives: with the time limit of 200 steps."""
    return Screen(a_run(length=200), FOR_A_TABLE)


def live(run, episodes=3):
    for _ in range(episodes):
        run.train(one_episode=True)
        for thread in threading.enumerate():
            if thread.name == "dqn_lib live run":
                thread.join(30)
    assert run.problem is None


def go_on(screen):
    """As if the agent had lived a step more."""
    screen.run.agent.steps += 1


def numbers(screen):
    return {name: canvas.number for name, canvas in screen.canvases.items()}


def answer(canvas):
    """The browser has shown all that it got."""
    canvas._handle_custom_msg({"shown": canvas.number}, [])


def image(screen, name):
    return np.ma.filled(screen.canvases[name].moving.image.get_array().astype(float), np.nan)


# --- when -------------------------------------------------------------------------------------------


def test_everything_is_there_at_once(screen):
    assert numbers(screen) == {"curve": 1, "values": 1, "policy": 1}
    assert screen.counter.value and screen.car.caption


def test_a_picture_is_not_drawn_again_when_nothing_has_changed(screen):
    screen.draw_all()
    assert not screen.draw("values")
    assert numbers(screen) == {"curve": 1, "values": 1, "policy": 1}
    go_on(screen)
    assert screen.draw("values")
    assert numbers(screen) == {"curve": 1, "values": 2, "policy": 1}


def test_a_knob_turned_in_a_pause_is_a_change_for_the_curve_and_the_counter_alone(screen):
    screen.run.change(epsilon=0.5)
    screen.note_turn()
    assert numbers(screen) == {"curve": 2, "values": 1, "policy": 1}
    assert "epsilon <b>0.50</b>" in screen.counter.value
    screen.draw_all()
    assert numbers(screen) == {"curve": 2, "values": 1, "policy": 1}


def test_each_look_draws_one_picture_the_next_in_turn(screen):
    drawn = []
    for _ in range(6):
        before = numbers(screen)
        go_on(screen)
        screen.look()
        after = numbers(screen)
        drawn += [name for name in after if after[name] > before[name]]
        for canvas in screen.canvases.values():
            answer(canvas)
    assert drawn == ["values", "policy", "curve"] * 2


def test_looks_that_follow_closely_draw_no_more_pictures_than_an_eye_needs(screen, monkeypatch):
    monkeypatch.setattr(screen_module, "PICTURES", 0.1)
    for _ in range(5):
        go_on(screen)
        screen.look()
    assert numbers(screen) == {"curve": 1, "values": 2, "policy": 2}, (
        "it makes up for one picture, not for more"
    )


def test_a_look_at_a_run_that_stands_still_draws_nothing(screen):
    for _ in range(3):
        screen.look()
    assert numbers(screen) == {"curve": 1, "values": 1, "policy": 1}


def test_only_pictures_that_a_browser_is_ready_for_are_drawn(screen):
    for name in ("values", "policy"):  # two pictures are on their way
        go_on(screen)
        screen.draw(name)
    for _ in range(4):
        go_on(screen)
        screen.look()
        answer(screen.canvases["curve"])
    assert numbers(screen) == {"curve": 5, "values": 2, "policy": 2}
    answer(screen.canvases["policy"])
    go_on(screen)
    screen.look()
    assert numbers(screen)["policy"] == 3


def test_when_everything_has_to_be_right_no_browser_is_waited_for(screen):
    for _ in range(5):
        go_on(screen)
        screen.draw_all()
    assert numbers(screen) == {"curve": 6, "values": 6, "policy": 6}


def test_a_look_never_waits_for_somebody_who_draws(screen, monkeypatch):
    held, enough = threading.Event(), threading.Event()

    def film():
        with DRAWING:
            held.set()
            enough.wait(20)

    filming = threading.Thread(target=film, daemon=True)
    filming.start()
    assert held.wait(20)
    go_on(screen)
    monkeypatch.setattr(screen, "_counted_at", 0.0)
    looking = threading.Thread(target=screen.look, daemon=True)
    looking.start()
    looking.join(10)
    waited = looking.is_alive()
    enough.set()
    looking.join(20)
    filming.join(20)
    assert not waited
    assert numbers(screen) == {"curve": 1, "values": 1, "policy": 1}
    assert "step <b>1</b>" in screen.counter.value
    screen.look()
    assert sum(numbers(screen).values()) == 4


# --- what -------------------------------------------------------------------------------------------


def test_in_the_end_the_pictures_show_the_agent_and_its_log(screen):
    run = screen.run
    live(run)
    run.change(gamma=0.5)
    screen.draw_all()
    q = run.agent.q(centres(9))
    assert np.ptp(q) > 0.1
    np.testing.assert_array_equal(image(screen, "values"), q.max(axis=-1))
    np.testing.assert_array_equal(image(screen, "policy"), preferred(q))
    curve = screen.canvases["curve"].moving
    assert [*curve.dots.get_xdata()] == [40, 80, 120]
    assert [*curve.line.get_xdata()] == [0, 80]
    assert [*curve.turns.get_xdata()[:2]] == [120, 120]
    assert run.log.changes == [Change(120, {"gamma": 0.5})]
    assert f"after {run.agent.steps:,} steps" in screen.canvases["curve"].alt


def test_a_table_is_shown_cell_by_cell_and_a_network_smoothly(screen, network):
    assert screen.canvases["values"].moving.image.get_interpolation() == "nearest"
    assert image(screen, "values").shape == (9, 9)
    smooth = Screen(network, ("values",))
    assert smooth.canvases["values"].moving.image.get_interpolation() == "bilinear"
    assert image(smooth, "values").shape == grid(72, 57).shape[:2]


@pytest.fixture(scope="module")
def network():
    """A run of a small DQN that has learnt a little."""
    run = a_run(DQNAgent(car.make(), SMALL, seed=1, xla=False))
    live(run)
    return run


def test_a_network_is_asked_once_for_both_its_maps(network, monkeypatch):
    agent, asked = network.agent, []

    class Asked:
        greedy = agent.q.greedy

        def __call__(self, states):
            asked.append(states)
            return np.zeros((*states.shape[:-1], 3))

    monkeypatch.setattr(agent, "q", Asked())
    Screen(network, ("values", "policy"))
    assert len(asked) == 1


def test_the_memory_is_shown_as_far_as_it_is_filled(network):
    screen, memory = Screen(network, ("memory", "values")), network.agent.memory
    assert len(memory) == 120
    assert np.nansum(10 ** image(screen, "memory")) == pytest.approx(120)
    assert screen.canvases["memory"].alt.startswith(
        "The memory over position and velocity: 120 transitions, 0 flags"
    )
    np.testing.assert_allclose(image(screen, "values"), network.agent.q(grid(72, 57)).max(axis=-1))


def test_a_diverged_network_is_shown_in_words(network, monkeypatch):
    agent = network.agent
    monkeypatch.setattr(agent, "q", type(agent.q).from_flat(agent.q.to_flat() * np.nan, agent.sizes))
    screen = Screen(network, SIGHTS)
    for name in ("values", "policy"):
        assert "diverged" in screen.canvases[name].alt
    assert "the time limit after 40" in screen.car.caption


def test_the_counter_says_how_far_it_is_and_how_well_it_drives(screen):
    live(screen.run, 1)
    screen.count()
    assert screen.counter.value == (
        "step <b>40</b> · episode <b>1</b> · epsilon <b>0.05</b> · best check <b>−40.0</b>"
    )


def test_the_counter_is_not_written_at_every_step(screen, monkeypatch):
    before = screen.counter.value
    monkeypatch.setattr(screen_module, "BETWEEN", 1e6)
    go_on(screen)
    screen.look()
    assert screen.counter.value == before
    monkeypatch.setattr(screen_module, "BETWEEN", -1.0)
    screen.look()
    assert "step <b>1</b>" in screen.counter.value


# --- the car ----------------------------------------------------------------------------------------


def pushes_with_the_motion(agent):
    agent.table.values[..., :] = 0
    agent.table.values[:, :4, 0] = agent.table.values[:, 4:, 2] = 1  # left when it rolls left, else right


@pytest.mark.parametrize(("good", "ending"), [(True, "the flag"), (False, "the time limit")])
def test_the_greedy_car_drives_as_the_simulation_does(whole, good, ending):
    screen, agent = whole, whole.run.agent
    if good:
        pushes_with_the_motion(agent)
    screen.show_car()
    drive = car.simulate(agent.q.greedy, [START])
    length = int(drive.lengths[0])
    assert (length < 200) == good
    np.testing.assert_allclose(screen.car.positions, drive.trajectory(0)[:, 0])
    assert screen.car.actions == drive.actions[:length, 0].tolist()
    assert screen.car.caption == f"Greedy at step 0: {ending} after {length}"


def test_a_drive_is_given_time_before_the_next_one_begins(whole, monkeypatch):
    screen, good = whole, -car.OPTIMUM / screen_module.FRAMES
    assert len(screen.car.actions) >= car.MAX_STEPS, "it fails"
    assert good < screen._car_free_at - time.monotonic() < car.MAX_STEPS / screen_module.FRAMES
    before = screen.car.positions
    pushes_with_the_motion(screen.run.agent)
    screen.look()
    assert screen.car.positions == before
    monkeypatch.setattr(screen, "_car_free_at", 0.0)
    screen.look()
    assert screen.car.positions != before


def test_in_slow_motion_the_car_is_the_one_that_learns(screen, monkeypatch):
    run = screen.run
    monkeypatch.setattr(LiveRun, "running", property(lambda self: True))
    for speed, state, action in ((5.0, [-0.7, 0.01], 2), (FOLLOWED, [-0.69, 0.01], 0)):
        run.set_speed(speed)
        run.latest = action, np.array(state, np.float32)
        screen.look()
        assert screen.car.positions == pytest.approx(state[:1])
        assert screen.car.actions == [action]
        assert "The car that learns" in screen.car.caption
    for speed in (FOLLOWED + 1, None):
        run.set_speed(speed)
        monkeypatch.setattr(screen, "_car_free_at", 0.0)
        screen.look()
        assert len(screen.car.positions) > 1 and "Greedy" in screen.car.caption


def test_a_slow_run_that_pauses_shows_its_greedy_drive(screen):
    screen.run.set_speed(5.0)
    live(screen.run, 0)
    screen.run.latest = 1, np.array([-0.5, 0.0])
    screen.draw_all()
    assert "Greedy" in screen.car.caption


def test_without_a_car_nothing_is_driven(monkeypatch):
    screen = Screen(a_run(), ("curve",))
    monkeypatch.setattr(car, "simulate", None)
    screen.look()
    screen.draw_all()
    assert screen.car is None


# --- which ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("show", [(), ("curve",), ("policy", "values"), ("car",), ["car", "curve"]])
def test_what_was_asked_for_is_shown_and_nothing_else(show):
    screen = Screen(a_run(), show)
    assert set(screen.canvases) == set(show) - {"car"}
    assert (screen.car is not None) == ("car" in show)
    go_on(screen)
    screen.look()
    screen.draw_all()
    if "curve" in show:
        assert screen.canvases["curve"].moving.figure.get_figheight() == (TALL if "car" in show else LOW)


def test_what_is_unknown_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match="show must be of curve, values, policy, memory, car, got 'loss'"):
        Screen(a_run(), ("curve", "loss", "car"))


def test_the_memory_of_an_agent_without_one_is_refused_in_words():
    with pytest.raises(ValueError, match="show must do without 'memory': a QTableAgent has none"):
        Screen(a_run(), SIGHTS)


def test_the_still_has_every_picture_with_its_words(screen):
    still = screen.still()
    assert still.count("<img ") == still.count('src="data:image/png;base64,') == 3
    for canvas in screen.canvases.values():
        assert len(canvas.alt) > 30 and f'alt="{html.escape(canvas.alt)}"' in still
