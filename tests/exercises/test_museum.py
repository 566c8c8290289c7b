"""Every exhibit shows its symptom, on several seeds, and the healthy agent does not."""

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.diagnostics import Diagnosis
from dqn_lib.exercises.museum import EXHIBITS, STEPS, Exhibit, examine, labels, probe_exhibits
from dqn_lib.exercises.probing import probe_library
from dqn_lib.mountain_car import STATE_HIGH, STATE_LOW

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("museum")]  # its fixture is made once

SHOWN, MORE = (1,), (2, 3)  # the seed that the lesson shows, and others


def last(diagnosis, name):
    return getattr(diagnosis.history[-1], name)


def at(diagnosis, name, step):
    """A measurement at the first check after so many steps."""
    return diagnosis.series(name)[np.argmax(diagnosis.series("step") >= step)]


def since(diagnosis, name, step):
    """A measurement at all checks from the first after so many steps."""
    return diagnosis.series(name)[diagnosis.series("step") >= step]


def range_at_the_end(diagnosis):
    return last(diagnosis, "highest") - last(diagnosis, "lowest")


def edge(diagnosis):
    """The largest difference between neighbouring velocities of the map, as a share of its range."""
    inside = diagnosis.values[15:46, 10:50]
    return np.abs(np.diff(inside, axis=0)).max() / np.ptp(inside)


def jumps(diagnosis):
    """How many times larger the largest of the later TD errors is than the smallest."""
    errors = since(diagnosis, "td_error", 5_000)
    return errors.max() / errors.min()


def darkest(diagnosis):
    """How far the lowest value of the map is from the median of the remembered positions."""
    column = diagnosis.values.argmin() % diagnosis.values.shape[1]
    position = np.linspace(STATE_LOW[0], STATE_HIGH[0], diagnosis.values.shape[1])[column]
    return abs(position - np.median(diagnosis.remembered[:, 0]))


def towards_the_flag(diagnosis):
    """How much more it is worth to drive fast towards the flag, far left, than away from it, far right."""
    return diagnosis.values[-12:, :12].mean() - diagnosis.values[:12, -12:].mean()


# For each exhibit a number and a bound: the exhibit is below it on every seed, the healthy agent above.
SYMPTOMS = {
    "A": (lambda d: at(d, "arrivals", 5_000), 0.5),
    "B": (lambda d: -d.series("lowest").min(), 65.0),
    "C": (lambda d: -last(d, "lowest") + 100 * last(d, "td_error"), 20.0),
    "D": (range_at_the_end, 3.0),
    "E": (edge, 0.09),
    "F": (lambda d: last(d, "arrivals"), 15.0),
    "G": (lambda d: -last(d, "highest"), -150.0),
    "H": (lambda d: len(d.remembered), 65),
    "I": (lambda d: at(d, "td_error", 1_500), 1.0),
    "J": (towards_the_flag, 0.0),
}
# What tells an exhibit from the one that it is most easily taken for.
NOT_TO_BE_CONFUSED = {
    ("B", "C"): (lambda d: last(d, "td_error"), 1.0),  # B is above, C below
    ("D", "F"): (lambda d: np.median(since(d, "loss", 6_000)), 0.03),
    ("D", "A"): (lambda d: at(d, "arrivals", 5_000), 0.5),
    ("F", "A"): (lambda d: at(d, "arrivals", 5_000), 0.5),
    ("E", "D"): (lambda d: last(d, "arrivals"), 14.0),
    ("E", "I"): (lambda d: np.median(since(d, "td_error", 6_000)), 0.9),
}


def of_each_seed(measure, runs, letter):
    return [measure(diagnosis) for (name, _), diagnosis in runs.items() if name == letter]


WEEKLY = [pytest.param(seeds, marks=pytest.mark.weekly) for seeds in (SHOWN, MORE)]


@pytest.fixture(scope="module", params=WEEKLY, ids=str)
def runs(request):
    """Each exhibit and the healthy agent on each seed."""
    env, found = mountain_car.make(), {}
    for letter, exhibit in {"healthy": Exhibit("", ""), **EXHIBITS}.items():
        for seed in request.param:
            agent = exhibit.agent(env, DQNConfig(**dict(exhibit.settings)), seed=seed)
            found[letter, seed] = diagnosis = exhibit.diagnosis()
            for _ in diagnosis.record(env, agent, steps=STEPS):
                pass
    return found


@pytest.mark.parametrize("letter", EXHIBITS)
def test_an_exhibit_shows_its_symptom_and_the_healthy_agent_does_not(runs, letter):
    measure, bound = SYMPTOMS[letter]
    ill, well = (of_each_seed(measure, runs, name) for name in (letter, "healthy"))
    assert max(ill) < bound < min(well), f"exhibit {ill}, healthy {well}"


@pytest.mark.parametrize(("one", "other"), NOT_TO_BE_CONFUSED)
def test_two_that_look_alike_can_be_told_apart(runs, one, other):
    measure, bound = NOT_TO_BE_CONFUSED[one, other]
    above, below = (of_each_seed(measure, runs, letter) for letter in (one, other))
    assert max(below) < bound < min(above), f"{one} {above}, {other} {below}"


def test_the_healthy_agent_is_healthy(runs):
    assert min(of_each_seed(lambda d: max(d.series("mean_return")), runs, "healthy")) > -110


def test_what_an_exhibit_s_label_says_of_it_is_so(runs):
    for seed in {seed for _, seed in runs}:
        assert last(runs["C", seed], "lowest") == pytest.approx(-1 / (1 - 0.85), abs=0.3)
        assert min(since(runs["B", seed], "td_error", 1_500)) > 2
        assert last(runs["B", seed], "lowest") == pytest.approx(-4.9 - 0.95 * 50, abs=1.5)
        assert max(runs["G", seed].series("mean_return")) > -110
        assert np.mean(runs["G", seed].log.checks[-1].returns > -200) > 0.9  # it arrives
        assert 100_000 < last(runs["G", seed], "highest") < 1_000_000
        assert max(runs["J", seed].series("mean_return")) > -110
        assert last(runs["E", seed], "arrivals") > 24
        assert darkest(runs["J", seed]) > 0.1 > darkest(runs["healthy", seed])
        # Until then both drive at random, or nearly: the check may fall a little later.
        assert at(runs["D", seed], "arrivals", 3_000) >= at(runs["healthy", seed], "arrivals", 3_000) - 1 > 0
        late, healthy = runs["I", seed], runs["healthy", seed]
        assert at(late, "mean_return", 3_000) < -150 < at(healthy, "mean_return", 3_000)
        assert last(late, "mean_return") > -150
        assert last(late, "lowest") == pytest.approx(last(healthy, "lowest"), abs=5)


@pytest.mark.parametrize("runs", WEEKLY[:1], indirect=True, ids=str)
def test_what_is_said_of_the_run_that_the_lesson_shows_is_so(runs):
    """The lesson trains with seed 1 and points at single numbers."""
    healthy, a, c, d, e, f, g, h = (runs[name, 1] for name in ("healthy", *"ACDEFGH"))
    assert last(a, "arrivals") == 0 and max(a.series("mean_return")[:10]) > -150  # the hump
    assert last(a, "td_error") < last(healthy, "td_error") / 5
    assert range_at_the_end(d) < range_at_the_end(f) < 3
    assert max(last(ill, "loss") for ill in (a, c, f, h)) < 0.01 < last(healthy, "loss")
    alike = {letter for letter in EXHIBITS if range_at_the_end(runs[letter, 1]) < 3}
    assert alike == {*"ADFH"}
    assert 40 < max(healthy.series("highest")) < 50
    first = next(episode for episode in healthy.log.episodes if episode.terminated)
    assert first.step == pytest.approx(1_170, abs=100)
    assert at(healthy, "highest", 1_500) - at(healthy, "lowest", 1_500) < 5  # not yet apart
    assert at(healthy, "highest", 2_500) - at(healthy, "lowest", 2_500) > 80
    assert at(healthy, "mean_return", 1_500) == -200 and at(healthy, "mean_return", 2_500) > -110
    assert -75 < at(e, "highest", 6_000) < -55 < 0 < at(healthy, "highest", 6_000)
    assert at(e, "arrivals", 6_000) > 12 and last(healthy, "mean_return") > -120
    assert all(last(e, name) > 2 * last(healthy, name) for name in ("loss", "td_error"))
    assert at(g, "mean_return", 5_000) > at(healthy, "mean_return", 5_000)
    assert 500 < at(g, "highest", 5_000) < 1_500 and last(g, "lowest") > 10_000
    assert last(f, "arrivals") > 5 and last(h, "arrivals") > 0
    assert at(h, "mean_return", 0) == last(h, "mean_return") == -200
    assert jumps(h) > 20 > jumps(healthy) and np.ptp(h.remembered[:, 0]) < 0.5  # of 1.8: all in one place


def test_an_exhibit_is_examined_as_its_agent_would_be(monkeypatch):
    monkeypatch.setitem(EXHIBITS, "A", Exhibit("held for 3 steps", "why not", settings=(("hold", 3),)))
    env = mountain_car.make()
    ours, agent = Diagnosis(), DQNAgent(env, DQNConfig(hold=3), seed=3)
    for _ in ours.record(env, agent, steps=1_100):
        pass
    seen = []
    theirs = examine("A", env, seed=3, steps=1_100, progress=lambda run: (seen.append(e) or e for e in run))
    # As text, since a loss that is not there yet is NaN, which equals nothing.
    assert repr(theirs.history) == repr(ours.history) and len(seen) == len(ours.log.episodes)
    np.testing.assert_array_equal(theirs.values, ours.values)
    with pytest.raises(ValueError, match="letter must be one of A, B, C, D, E, F, G, H, I, J, got 'K'"):
        examine("K", env)


def test_every_label_has_its_letter_its_words_and_its_code():
    page = labels().data
    for letter, exhibit in EXHIBITS.items():
        assert f"<b>{letter}</b>" in page and f"<b>{exhibit.label}.</b>" in page
        assert len(exhibit.why) > 100 and len(exhibit.code.splitlines()) < 20
    assert (
        "super().map(q).T" in page
        and "DQNConfig(hold=1, epsilon_end=0.2)" in page
        and "keepdims=True" in page
    )


def test_the_probes_catch_five_exhibits_and_pass_the_others():
    found = probe_exhibits()
    assert "".join(letter for letter, table in found.tables.items() if not table.passed) == "BCDFG"
    failed = {
        letter: [result.probe.name for result in table.results if not result.passed]
        for letter, table in found.tables.items()
    }
    assert failed["B"] == failed["C"] == ["DelayedReward", "TwoEndings"]
    assert "ConstantReward" not in failed["D"] and len(failed["F"]) == len(failed["G"]) == 5
    assert repr(found).splitlines()[2].split() == ["B", "✓", "✓", "✗", "✓", "✗"]
    assert found._repr_html_().count("<tr>") == 11 and found._repr_html_().count("✗") == 18


def test_the_library_s_agent_passes_with_other_settings_too_and_bad_ones_are_named():
    assert probe_library().passed and probe_library(hold=32).passed
    table = probe_library(tau=0.001)
    assert [result.probe.name for result in table.results if not result.passed] == [
        "DelayedReward",
        "TwoEndings",
    ]
    with pytest.raises(ValueError, match="tau must lie in"):
        probe_library(tau=2.0)
    with pytest.raises(TypeError, match="taus"):
        probe_library(taus=0.1)
