"""Pages of the widgets, each opened from its file without a network: what they paint is what Python knows."""

import importlib
import re
import time

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from clicking import button, knob, nameless
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from mounting import IN_CHROMIUM, listen
from playwright.sync_api import expect
from reading import (
    LABELS,
    OVERLAPS,
    SMALL_AND_BELOW,
    TOO_WIDE,
    axis,
    car,
    counter,
    number,
    pixels,
    plot,
    shares,
    tables,
    values,
)

from dqn_lib import mountain_car
from dqn_lib import value_iteration as optimum
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.exercises import lesson01
from dqn_lib.exercises.prediction import Prediction
from dqn_lib.plots.maps import EXTENT, grid, visit_density
from dqn_lib.plots.style import ACTIONS, TRAIL
from dqn_lib.statistics import wilson_interval
from dqn_lib.training import TrainingLog, train
from dqn_lib.widgets.drive_yourself import DriveYourself
from dqn_lib.widgets.gamma_glasses import GammaGlasses
from dqn_lib.widgets.luck_explorer import LuckExplorer, random_pushes
from dqn_lib.widgets.microscope import ReplayMicroscope, window_columns
from dqn_lib.widgets.panel import TrainingPanel
from dqn_lib.widgets.sliders import interact
from dqn_lib.widgets.target_explorer import TargetNetworkExplorer
from dqn_lib.widgets.time_machine import TimeMachine

pytestmark = IN_CHROMIUM

NAMES = ["time_machine", "microscope", "luck", "gamma", "explorer", "panel", "drive", "explore"]
WIDTHS = [390, 1280, 1920]
GAMMAS = [0.5, 0.85, 0.9, 0.99, 1.0]
START = [-0.5, 0.0]  # of the greedy car
ROUNDED = 1.01  # of 255
DRAWN = 2e-4  # shares of an axis: lines are written with four digits
FRAME = 17  # milliseconds
MOMENT = """
() => {
  const [map, policy] = [...document.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL());
  const path = (look) => document.querySelector(`path.${look}`).getAttribute("d");
  const words = [...document.querySelectorAll(".dqn-title, .dqn-note")].map((e) => e.textContent);
  const readout = document.querySelector("output").textContent;
  return [readout, map, policy, path("dqn-path"), path("dqn-checks"), path("dqn-latest"), ...words];
}
"""
FILM = f"""
() => {{
  window.film = [];
  const moment = {MOMENT};
  const look = () => {{
    const place = Number(document.querySelector("input").value);
    const car = document.querySelector(".dqn-car").getAttribute("transform");
    film.push([place, moment(), document.querySelector(".dqn-here").getAttribute("d"), car]);
    requestAnimationFrame(look);
  }};
  look();
}}
"""


@pytest.fixture(scope="module")
def run():
    """An agent that has learnt to drive, and the log of its run."""
    env = mountain_car.make()
    agent, log = DQNAgent(env, seed=1), TrainingLog()
    for _ in log.record(train(env, agent, steps=5_000), agent, env, every=1_000):
        pass
    return agent, log


@pytest.fixture(scope="module")
def panel():
    """A panel after some training, during which settings were changed."""
    env = mountain_car.make()
    panel = TrainingPanel(env, DQNAgent(env, seed=1), limit=3_000)
    for name, value in (("gamma", 0.98), ("epsilon", 0.2), ("tau", 0.1), ("gamma", 0.99), ("hold", 16)):
        panel.one_episode()
        wait_until(lambda: watched(panel) and not panel.run.running)
        panel.pause()  # so that its last callback is over
        panel.set(name, value)
    panel.train()
    wait_until(lambda: watched(panel) and not panel.run.running)
    panel.stop()
    return panel


@pytest.fixture(scope="module")
def widgets(run, panel):
    agent, log = run
    memory = agent.memory.states[:4_000]
    explorer = TargetNetworkExplorer(agent, START, -30.0, rounds=200)
    explorer.stop()  # the agent is as it was
    return {
        "time_machine": TimeMachine(log.checks),
        "microscope": ReplayMicroscope(agent),
        "luck": LuckExplorer(hold=24),
        "gamma": GammaGlasses(GAMMAS),
        "explorer": explorer,
        "panel": panel,
        "drive": DriveYourself(),
        "explore": interact(lambda first: visit_density(memory[:first]), first=range(500, 4_500, 500)),
    }


@pytest.fixture(scope="module")
def folder(widgets, tmp_path_factory):
    """A file for each page."""
    folder = tmp_path_factory.mktemp("pages")
    for name, widget in widgets.items():
        (folder / f"{name}.html").write_text(widget.page(f"The {name}"), encoding="utf-8")
    return folder


@pytest.fixture
def show(browser, folder):
    """A function that opens the page of a widget; in the end none may have complained or asked for more."""
    contexts, offenders = [], []

    def show(name, *, clock=False):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_offline(True)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        complaints, asked = listen(page), []
        contexts.append(context)
        offenders.append((name, complaints, asked))
        if clock:
            page.clock.install()
        page.goto((folder / f"{name}.html").as_uri())
        page.locator(".dqn").wait_for()
        if name in ("panel", "explorer"):  # painted in the next frame
            page.locator("[data-snapshot]").wait_for()
        if clock:  # from now on it stands still, until a test runs it
            page.clock.pause_at(page.evaluate("Date.now()") + 1_000)
        return page

    yield show
    for context in contexts:
        context.close()
    assert [(name, words) for name, words, _ in offenders if words] == []
    beside = [[url for url in asked if not url.startswith(("data:", "blob:"))] for _, _, asked in offenders]
    assert [urls for urls in beside if len(urls) != 1] == []


def watched(panel):
    """As if a page painted each snapshot; else there is one a second."""
    panel.acknowledge(panel.snapshot["number"])
    return True


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.01)


def shades(name, places):
    """The colours of places from 0 to 1 on Matplotlib's map, and the next ones `(3, ...)`, as 0 to 255.

    The page has 254 shades where Matplotlib has 256.
    """
    exact = np.floor(256 * places).astype(int)
    return 255 * np.array([colormaps[name](np.clip(exact + near, 0, 255)) for near in (-1, 0, 1)])


def of_values(values, low, high=0.0):
    """The colours of a value map: Matplotlib's, and another one for what lies above."""
    above = [*(255 * np.array(to_rgb(TRAIL))), 255]
    return np.where((values > high)[..., None], above, shades("viridis", (values - low) / (high - low)))


def of_actions(q):
    """The colours of a policy map, white where it makes no difference."""
    table = 255 * np.array([[*to_rgb(colour), 1] for colour in (*ACTIONS, "white")])
    return table[np.where(np.ptp(q, axis=-1) < 1e-6, 3, q.argmax(axis=-1))][None]


def of_counts(states):
    """The colours of a map of 40 x 40 cells; nothing where there are none."""
    inside = np.clip(states, EXTENT[::2], EXTENT[1::2])  # single numbers at the wall are not
    counts = np.histogram2d(*inside.T, bins=40, range=np.reshape(EXTENT, (2, 2)))[0].T
    found = shades("cividis", np.log10(np.clip(counts, 1, 1_000)) / 3)
    found[:, counts == 0] = 0
    return found


def assert_painted(plot, expected):
    """Each cell of the map has one of the `expected` colours `(n, rows, columns, 4)`."""
    found = pixels(plot)
    assert found.shape == expected.shape[1:]
    assert np.abs(found - expected).max(axis=-1).min(axis=0).max() <= ROUNDED


def assert_drawn(plot, look, expected, scale=float):
    """The path of this class goes through these points `(n, 2)` of the axes."""
    found = values(plot, look, scale)
    lengths = [np.ptp(axis(plot, name, one)(np.array([0, 1]))) for name, one in (("x", float), ("y", scale))]
    assert found.shape == np.shape(expected), look
    assert (np.abs(found - expected) <= DRAWN * np.array(lengths)).all(), look


def on_plane(states):
    """Where states lie on a map, as shares."""
    low, high = np.array(EXTENT[::2]), np.array(EXTENT[1::2])
    return (np.asarray(states) - low) / (high - low)


def barriers(page):
    """What axe-core finds in light and in dark, as rules and the elements that break them."""
    found = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        violations = Axe().run(page).response["violations"]
        found[scheme] = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in violations]
    return found


def move_to(page, name, place):
    knob(page, name).fill(str(place))


# --- the time machine -----------------------------------------------------------------------------


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_the_time_machine_paints_the_maps_the_way_and_the_curve_of_a_moment(show, widgets, run, part):
    checks = run[1].checks
    place = round(part * (len(checks) - 1))
    check = checks[place]
    page = show("time_machine")
    move_to(page, "training step", place)

    every_q = [np.asarray(one.q(grid(90, 71))) for one in checks]
    low = max(min(q.max(axis=-1).min() for q in every_q), -200)
    expected = of_values(every_q[place].max(axis=-1), low)
    assert_painted(plot(page, 0), expected)
    assert_painted(plot(page, 1), of_actions(every_q[place]))

    drive = mountain_car.simulate(check.q.greedy, [START])
    assert shares(plot(page, 0), "dqn-path") == pytest.approx(on_plane(drive.trajectory(0)), abs=DRAWN)
    end = "the flag" if drive.reached[0] else "the time limit"
    expect(plot(page, 2).locator(".dqn-title")).to_have_text(
        f"Step {check.step:,}: {end} after {drive.lengths[0]} steps"
    )
    curve = plot(page, 3)
    so_far = [(one.step, one.mean) for one in checks[: place + 1]]
    assert_drawn(curve, "dqn-checks", so_far)
    assert_drawn(curve, "dqn-latest", so_far[-1:])
    assert_drawn(curve, "dqn-all", [(one.step, one.mean) for one in checks])
    said = number(curve.locator(".dqn-title").inner_text().split(":")[1])
    assert said == pytest.approx(check.mean, abs=0.051)


def test_the_time_machines_slider_is_moved_by_a_key_and_by_the_mouse(show, run):
    checks = run[1].checks
    page = show("time_machine")
    slider, readout = knob(page, "training step"), page.locator("output")
    before = page.evaluate(MOMENT)
    slider.press("ArrowRight")  # it has not begun to learn
    expect(readout).to_have_text(f"{checks[1].step:,}")
    slider.press("ArrowRight")
    expect(readout).to_have_text(f"{checks[2].step:,}")
    after = page.evaluate(MOMENT)
    assert [one == other for one, other in zip(before, after, strict=True)][:6] == [False] * 6
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] / len(checks), box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 40, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    expect(readout).to_have_text(f"{checks[-1].step:,}")
    assert page.evaluate(MOMENT)[1] not in (before[1], after[1])


def test_the_time_machine_plays_to_its_end_and_everything_is_always_of_the_same_moment(show, run):
    checks = run[1].checks
    ways = [on_plane(mountain_car.simulate(one.q.greedy, [START]).trajectory(0)) for one in checks]
    page = show("time_machine", clock=True)
    moments = []
    for place in range(len(checks)):
        move_to(page, "training step", place)
        moments.append(page.evaluate(MOMENT))
    assert len({tuple(moment) for moment in moments}) == len(checks)
    page.evaluate(FILM)
    button(page, "Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.clock.run_for(1_000 * (len(checks) + 2))
    film = page.evaluate("film")
    film = film[[place for place, *_ in film].index(0) :]  # since Play went back to the beginning
    places = [place for place, *_ in film]
    assert sorted(set(places)) == list(range(len(checks)))
    assert places == sorted(places)
    assert [place for place, moment, *_ in film if moment != moments[place]] == []
    for place, _, here, transform in film:
        x, y = map(float, here.removeprefix("M").removesuffix("h0").split())
        assert np.abs(ways[place] - [x, 1 - y]).max(axis=-1).min() < DRAWN, "the dot leaves the way"
        assert number(transform) == pytest.approx(-1.2 + 1.8 * x, abs=2e-4)
    expect(page.get_by_role("button", name="Play")).to_be_visible()


# --- the exact solution and random actions ------------------------------------------------------------------


def test_gamma_glasses_paint_the_solution_of_each_gamma(show):
    page = show("gamma")
    starts = mountain_car.start_states(100, seed=0)
    for place, gamma in enumerate(GAMMAS):
        move_to(page, "gamma", place)
        expect(page.locator("output")).to_have_text(f"{gamma:g}")
        solution = optimum.solve(points=101, gamma=gamma, tolerance=1e-3)
        q = solution.q(grid(90, 71))
        low = q.max(axis=-1).min()
        assert_painted(plot(page, 0), of_values(q.max(axis=-1), low))
        assert_painted(plot(page, 1), of_actions(q))
        assert number(plot(page, 0).locator(".dqn-note").inner_text()) == pytest.approx(low, abs=0.051)
        steps = mountain_car.simulate(solution.greedy, starts).lengths.mean()
        words = "never arrives" if steps == 200 else f"arrives after {steps:.0f} steps on average"
        expect(plot(page, 1).locator(".dqn-note")).to_have_text(words)
        (_, first), (ahead, last) = values(plot(page, 2), "dqn-checks", np.log10)
        assert (first, last) == pytest.approx((0, ahead * np.log10(gamma)), abs=0.02)


def test_the_weight_of_a_reward_says_where_it_falls_below_the_tolerance(show):
    page = show("gamma")
    move_to(page, "gamma", GAMMAS.index(0.9))
    title = plot(page, 2).locator(".dqn-title").inner_text()
    assert title.startswith("Weight below the tolerance after")
    seen = number(title.partition("after")[2])
    assert 0.9**seen == pytest.approx(1e-3, rel=0.06)
    assert values(plot(page, 2), "dqn-latest", np.log10)[0] == pytest.approx([seen, -3], abs=0.5)
    move_to(page, "gamma", GAMMAS.index(1.0))
    expect(plot(page, 2).locator(".dqn-title")).to_have_text("Weight above the tolerance everywhere")
    assert len(values(plot(page, 2), "dqn-latest", np.log10)) == 0


def test_a_move_of_the_luck_explorer_simulates_new_episodes_that_arrive_as_often_as_pythons(show):
    page = show("luck")
    left, right = plot(page, 0), plot(page, 1)
    batches = []
    for moves in range(4):
        if moves:
            knob(page, "hold").press("ArrowRight") if moves < 3 else button(page, "1,000 more").click()
        hold = min(24 + moves, 26)
        expect(page.locator("output")).to_have_text(f"{hold} steps")
        ((at, share),) = values(right, "dqn-latest")
        arrived = round(10 * share)
        low, high = wilson_interval(arrived, 1_000)
        expect(right.locator(".dqn-title")).to_have_text(
            f"Held for {hold} steps: {arrived / 10:.1f} % arrive "
            f"(95 % interval {100 * low:.1f} to {100 * high:.1f} %)"
        )
        assert at == pytest.approx(hold, abs=0.05)
        assert values(right, "dqn-interval")[:, 1] == pytest.approx([100 * low, 100 * high], abs=0.05)
        assert len(shares(right, "dqn-episodes")) == moves
        corners = values(left, "dqn-bars:not(.dqn-random)", np.log10).reshape(-1, 4, 2)
        assert (10 ** corners[:, 1, 1]).sum() == pytest.approx(arrived, rel=0.01)
        assert 10 ** values(left, "dqn-random", np.log10)[1, 1] == pytest.approx(1_000 - arrived, rel=0.01)
        expect(left.locator(".dqn-word")).to_have_text(f"{1_000 - arrived} reach the time limit")
        expected = random_pushes(hold, 10_000, np.random.default_rng(moves)).reached.mean()
        assert abs(share / 100 - expected) < 4.5 * np.sqrt(expected * (1 - expected) / 1_000)
        batches.append(page.evaluate("[...document.querySelectorAll('.dqn-bars')].map((e) => e.outerHTML)"))
    assert len({tuple(batch) for batch in batches}) == len(batches)


# --- the microscope and the target explorer -----------------------------------------------------------------


def written(value, digits):
    """As the page writes it."""
    return f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def assert_shows(page, agent, place):
    """The microscope shows this window, in pictures and tables."""
    window = {name: array[place] for name, array in window_columns(agent).items() if name != "lasts"}
    length, flag = int(window["lengths"]), window["stops"] == 0
    error = window["targets"] - window["estimates"]
    found = tables(page)
    position, velocity = window["states"]
    age = int(len(agent.memory) - 1 - place)
    steps = f"{length} step{'s' * (length != 1)}"
    stops = ["the flag", "the time limit", f"the agent's n = {agent.config.n_step}", "the newest transition"]
    assert found["state"] == f"position {written(position, 3)}, velocity {written(velocity, 4)}"
    assert found["action"] == mountain_car.ACTION_NAMES[window["actions"]]
    assert found["age"] == f"stored {age:,} step{'s' * (age != 1)} ago"
    assert found["window"] == f"{steps}, stops at {stops[window['stops']]}"
    shown = [number(found[name]) for name in ("rewards, discounted", "target", "estimate", "TD error")]
    expected = [window["rewards"], window["targets"], window["estimates"], error]
    assert shown == pytest.approx(np.array(expected, float), abs=6e-4)
    chosen = mountain_car.ACTION_NAMES[window["chosen"]]
    assert found["best action in its last state"].startswith(
        "none" if flag else f"{chosen}, by the online network"
    )
    assert number(found["its value"]) == pytest.approx(0 if flag else window["bootstraps"], abs=6e-4)
    if not flag:
        assert number(found["its weight"].split("=")[1]) == pytest.approx(window["discounts"], abs=6e-4)
    states = window_columns(agent)["states"][place : place + length]
    path = [*states, window_columns(agent)["lasts"][place + length - 1]]
    assert shares(plot(page, 0), "dqn-path") == pytest.approx(on_plane(path), abs=DRAWN)
    across = axis(plot(page, 1), "x")
    bars = [
        shares(plot(page, 1), f"dqn-bars.dqn-{name}")[:2, 0] for name in ("rewards", "target", "estimate")
    ]
    ends = np.array([[0, value] for value in expected[:3]])
    assert across(np.array(bars)) == pytest.approx(ends, abs=DRAWN * (across(1) - across(0)))


def test_the_microscope_shows_what_is_learnt_from_each_window(show, run):
    agent = run[0]
    page = show("microscope")
    expected = of_counts(agent.memory.states[: len(agent.memory)])
    assert_painted(plot(page, 0), expected)
    last = len(agent.memory) - 1
    for place in (last, 0, *np.random.default_rng(0).integers(last, size=5)):
        move_to(page, "steps ago", place)
        assert_shows(page, agent, place)
    knob(page, "steps ago").press("End")
    knob(page, "steps ago").press("ArrowLeft")
    assert_shows(page, agent, last - 1)


def test_the_microscopes_buttons_go_to_the_largest_error_to_flags_and_anywhere(show, run):
    agent = run[0]
    windows = window_columns(agent)
    sizes = np.abs(windows["targets"] - windows["estimates"])
    page = show("microscope")
    place = lambda: int(knob(page, "steps ago").input_value())  # noqa: E731
    button(page, "Largest TD error").click()
    assert sizes[place()] == sizes.max()
    assert_shows(page, agent, place())
    seen = {"Reaches the flag": set(), "Random window": set()}
    for name, places in seen.items():
        for _ in range(6):
            button(page, name).click()
            places.add(place())
            assert_shows(page, agent, place())
    assert {int(windows["stops"][one]) for one in seen["Reaches the flag"]} == {0}
    assert min(map(len, seen.values())) > 3


def test_the_explorer_draws_the_values_of_both_networks(show, widgets):
    explorer = widgets["explorer"]
    page = show("explorer")
    said = np.array(explorer.history)
    assert_drawn(plot(page, 0), "dqn-checks", said[:, [0, 1]])
    assert_drawn(plot(page, 0), "dqn-target-line", said[:, [0, 2]])
    assert values(plot(page, 0), "dqn-best")[:, 1] == pytest.approx([-30, -30], abs=0.02)
    assert number(plot(page, 0).locator(".dqn-title").inner_text().split("network")[1]) == pytest.approx(
        said[-1, 1], abs=0.051
    )
    expect(page.locator(".dqn-change-name:visible")).to_have_text(["period 200"])


# --- the panel's recorded run ---------------------------------------------------------------------


def test_a_recorded_run_plays_and_reaches_its_last_snapshot(show, panel):
    page = show("panel", clock=True)
    assert counter(page) == 0
    button(page, "Play").click()
    steps = []
    for _ in range(2 + len(panel.recorded)):
        page.clock.run_for(120)
        steps.append(counter(page))
    assert steps == sorted(steps)
    assert len(set(steps)) > 3
    assert steps[-1] == panel.run.agent.steps
    expect(page.locator(".dqn-message")).to_contain_text("to train one yourself")

    agent, log = panel.run.agent, panel.run.log
    q = np.asarray(agent.q(grid(48, 38)))
    best = q.max(axis=-1)
    curve, values_map, policy_map, memory_map = (
        page.locator(".dqn-plot").filter(has=page.locator(".dqn-title", has_text=title))
        for title in ("Mean return", "Estimated state value", re.compile("^Greedy policy$"), "Replay memory")
    )
    depth = axis(values_map, "bar")(0.0)
    assert depth <= best.min()
    assert_painted(values_map, of_values(best, depth))
    assert_painted(policy_map, of_actions(q))
    states = agent.memory.states[: len(agent.memory)]
    assert_painted(memory_map, of_counts(states))
    checks = [(check.step, check.mean) for check in log.checks]
    episodes = [(episode.step, episode.total_reward) for episode in log.episodes]
    for look, points in (("dqn-checks", checks), ("dqn-episodes", episodes), ("dqn-latest", checks[-1:])):
        assert_drawn(curve, look, points)
    names = ["gamma 0.98", "epsilon 0.2", "tau 0.1", "gamma 0.99", "hold 16"]
    expect(curve.locator(".dqn-change-name:visible")).to_have_text(names)
    turned = [change.step for change in log.changes]
    assert values(curve, "dqn-changes")[::2, 0] == pytest.approx(np.array(turned), abs=1)


def test_a_recorded_run_is_paused_and_begun_again_by_buttons_and_keys(show, panel):
    recorded = [look["step"] for look in panel.recorded]
    page = show("panel", clock=True)
    page.locator(".dqn").focus()

    def after(act, milliseconds=FRAME):
        act()
        page.clock.run_for(milliseconds)
        return counter(page)

    moved = after(lambda: page.keyboard.press(" "), 300)
    assert moved >= recorded[2]
    paused = after(lambda: page.keyboard.press(" "))
    assert after(lambda: None, 1_000) == paused < recorded[-1]
    assert after(lambda: page.keyboard.press("r")) == 0
    assert after(button(page, "Play").click, 300) > 0
    paused = after(button(page, "Pause").click)
    assert after(lambda: None, 1_000) == paused
    assert after(button(page, "Reset").click) == 0
    assert after(button(page, "Play").click, 20_000) == recorded[-1]
    assert after(button(page, "Play").click, 20_000) == recorded[-1]
    button(page, "Play").click()  # at the end: from the beginning
    page.clock.run_for(160)  # one snapshot later, and not yet two
    assert counter(page) == recorded[1]


def test_f_fills_the_window_and_escape_brings_the_panel_back(show):
    page = show("panel")
    dialog = page.locator("dialog")
    before = dialog.bounding_box()
    page.locator(".dqn").focus()
    for back in ("Escape", "f", "Escape"):
        page.keyboard.press("f")
        assert dialog.bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 900}
        assert page.locator("main").evaluate(TOO_WIDE) == []
        assert page.evaluate(OVERLAPS, LABELS) == []
        expect(button(page, "Play")).to_be_visible()
        page.keyboard.press(back)
        expect(dialog).not_to_have_class("dqn-dialog dqn-full")
        assert dialog.bounding_box() == before
        expect(button(page, "Play")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
def test_in_the_full_window_nothing_is_cut_off_and_the_last_row_can_read_every_word(show, width, height):
    page = show("panel")
    page.set_viewport_size({"width": width, "height": height})
    button(page, "Play").click()
    expect(page.locator(".dqn-message")).to_contain_text("to train one yourself", timeout=30_000)
    page.locator(".dqn").focus()
    page.keyboard.press("f")
    small, below = page.locator("dialog").evaluate(SMALL_AND_BELOW, 0.015 * height)
    assert (small, below) == ([], [])
    assert page.evaluate(OVERLAPS, LABELS) == []
    assert page.locator("dialog").evaluate("(e) => e.scrollHeight <= e.clientHeight")


# --- driving by hand, and pictures that Python draws ----------------------------------------------


def test_one_can_drive_without_a_kernel(show):
    page = show("drive", clock=True)
    button(page, "Start").click()
    page.keyboard.down("ArrowRight")
    page.clock.run_for(1_000)
    page.keyboard.up("ArrowRight")
    assert car(page) > -0.5
    page.clock.run_for(7_000)
    expect(page.locator(".dqn-outcome")).to_contain_text("The time limit: return \N{MINUS SIGN}200.")


def test_a_picture_that_python_drew_is_there_with_its_words(show, widgets):
    page = show("explore")
    picture = page.locator("img")
    assert picture.evaluate("(e) => e.naturalWidth") > 500
    assert picture.get_attribute("alt") in widgets["explore"].shown


# --- quizzes, which need no script at all ---


def test_a_quiz_answers_to_keys_and_can_be_read_by_everybody(browser):
    page = browser.new_page(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    quiz = lesson01.arrivals
    page.set_content(f"<html lang=en><title>A quiz</title><main><h1>Quiz</h1>{quiz._repr_html_()}</main>")
    page.keyboard.press("Tab")
    for choice in quiz.choices:
        expect(page.get_by_role("radio", name=choice.text, exact=True)).to_be_focused()
        page.keyboard.press(" ")
        answer = "Yes." if choice.right else "No."
        expect(page.locator(".says:visible")).to_have_text(f"{answer} {choice.says}")
        page.keyboard.press("ArrowDown")
    page.close()


def test_every_quiz_is_accessible(browser):
    lessons = [importlib.import_module(f"dqn_lib.exercises.lesson{number:02}") for number in range(1, 11)]
    quizzes = [one for lesson in lessons for one in vars(lesson).values() if isinstance(one, Prediction)]
    page = browser.new_page(viewport={"width": 390, "height": 800})
    shown = "".join(quiz._repr_html_() for quiz in quizzes)
    page.set_content(f"<html lang=en><title>Quizzes</title><main><h1>Quizzes</h1>{shown}</main>")
    for place, quiz in enumerate(page.locator(".dqn-quiz").all()):
        quiz.get_by_role("radio").nth(place % 3).check()
    expect(page.locator(".says:visible")).to_have_count(len(quizzes))
    assert len(quizzes) >= 20
    assert page.locator("main").evaluate(TOO_WIDE) == []
    assert {scheme: found for scheme, found in barriers(page).items() if found} == {}
    page.close()


# --- how they look --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_page_can_be_read_at_any_width_in_light_and_in_dark_and_all_of_it_has_a_name(show, name):
    page = show(name)
    expect(page).to_have_title(f"The {name}")
    expect(page.get_by_role("heading")).to_have_text(f"The {name}")
    if name == "panel":  # at its end, with all marks on the curve
        button(page, "Play").click()
        expect(page.locator(".dqn-message")).to_contain_text("to train one yourself", timeout=30_000)
    offenders = {"nameless": nameless(page.locator("main"))}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        offenders[width] = page.locator("main").evaluate(TOO_WIDE) + page.evaluate(OVERLAPS, LABELS)
    offenders |= barriers(page)
    assert {what: found for what, found in offenders.items() if found} == {}
