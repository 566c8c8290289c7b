"""Functions for the mountain car only refuse other environments; everything else works in them."""

import re
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.classic_control.mountain_car import MountainCarEnv
from gymnasium.wrappers import TimeLimit, TransformReward

from dqn_lib import mountain_car as car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.diagnostics import Diagnosis
from dqn_lib.plots.comparisons import compare_variants
from dqn_lib.plots.curves import ReferenceReturns, compare_runs, learning_bands, learning_curve
from dqn_lib.plots.films import film_episode, film_greedy, film_training
from dqn_lib.plots.maps import (
    compare_policies,
    compare_values,
    phase_plane,
    policy_map,
    value_and_policy,
    value_map,
    visit_density,
)
from dqn_lib.training import Check, TrainingLog, train
from dqn_lib.widgets.live import LiveRun
from dqn_lib.widgets.microscope import ReplayMicroscope
from dqn_lib.widgets.panel import TrainingPanel
from dqn_lib.widgets.run_view import RunView
from dqn_lib.widgets.target_explorer import TargetNetworkExplorer
from dqn_lib.widgets.time_machine import TimeMachine

pytestmark = pytest.mark.slow

SMALL = DQNConfig(hidden=(8,), memory_size=500, learning_starts=32, batch_size=8, learn_every=4, updates=2)
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


class Parking(gym.Env):
    """Lesson 10's: two numbers and three actions, as the car on its hill has them."""

    observation_space = gym.spaces.Box(np.float32([-1, -0.2]), np.float32([1, 0.2]))
    action_space = gym.spaces.Discrete(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state = np.float32([self.np_random.uniform(-1, 1), 0])
        return self.state, {}

    def step(self, action):
        position, velocity = self.state
        velocity = np.clip(velocity + 0.01 * (action - 1), -0.2, 0.2)
        position = np.clip(position + velocity, -1, 1)
        self.state = np.float32([position, velocity])
        return self.state, -1.0, bool(abs(position) < 0.05 and abs(velocity) < 0.02), False, {}


class Windy(MountainCarEnv):
    """A student's own, with the spaces of the original."""


WORLDS = {
    "pole": lambda: gym.make("CartPole-v1"),
    "acrobot": lambda: gym.make("Acrobot-v1", max_episode_steps=50),
    "parking": lambda: TimeLimit(Parking(), max_episode_steps=50),
    "a child of the mountain car": lambda: TimeLimit(Windy(), max_episode_steps=50),
    "the mountain car, otherwise paid": lambda: TransformReward(car.make(), lambda reward: reward + 1),
}
ALIKE = ("a child of the mountain car", "the mountain car, otherwise paid")  # the same spaces


@pytest.fixture(scope="module")
def trained():
    """In each world an agent and its log, after a few episodes."""
    found = {}
    for name, make in WORLDS.items():
        env = make()
        agent, log = DQNAgent(env, SMALL, seed=1, xla=False), TrainingLog()
        list(log.record(train(env, agent, steps=120), agent, env, every=100, episodes=2))
        found[name] = env, agent, log
    return found


@pytest.mark.parametrize("name", WORLDS)
def test_what_shows_a_whole_run_needs_the_mountain_car(trained, name):
    env, _, log = trained[name]
    agent = DQNAgent(env, SMALL, xla=False)
    told = r"^env must be MountainCar-v0, with no change but another time limit, got "
    for call in (
        lambda: TrainingPanel(env, agent),
        lambda: RunView(LiveRun(env, agent, episodes=1), ["curve"]),
        lambda: Diagnosis().record(env, agent, steps=100),  # at once, not at the first episode
    ):
        with pytest.raises(ValueError, match=told):
            call()
    for call in (TimeMachine, film_training):
        with pytest.raises(ValueError, match=r"^checks must be of one run on MountainCar-v0"):
            call(log.checks)


@pytest.mark.parametrize("name", [name for name in WORLDS if name not in ALIKE])
def test_what_shows_an_agent_needs_one_for_the_mountain_car(trained, name):
    _, agent, _ = trained[name]
    with pytest.raises(ValueError, match=r"^agent must drive in MountainCar-v0"):
        ReplayMicroscope(agent)
    with pytest.raises(ValueError, match=r"^agent must drive in MountainCar-v0"):
        TrainingPanel(car.make(), DQNAgent(WORLDS[name](), SMALL, xla=False))


def table_of_parking():
    return QTableAgent(WORLDS["parking"](), TableConfig(cells=5)).q


@pytest.mark.parametrize("which", ["pole", "acrobot", "table of parking"])
@pytest.mark.parametrize(
    "show",
    [
        value_map,
        policy_map,
        film_greedy,
        lambda q: compare_policies(q, q),
        lambda q: compare_values(q, q),
        lambda q: value_and_policy(q, title="A finding"),
        lambda q: film_episode(np.zeros((3, 2)), np.zeros(2, int), q=q),
        lambda q: film_training([Check(0, np.array([-200.0]), q)]),
        lambda q: TimeMachine([Check(0, np.array([-200.0]), q)]),
    ],
    ids=[
        "values",
        "policy",
        "film",
        "policies",
        "differences",
        "both",
        "episode",
        "learning",
        "time machine",
    ],
)
def test_a_map_needs_values_of_the_mountain_car(trained, which, show):
    q = table_of_parking() if "table" in which else trained[which][1].q
    with pytest.raises(ValueError, match=r"^(q|checks) must .*MountainCar-v0"):
        show(q)


@pytest.mark.parametrize(
    "show",
    [
        visit_density,
        lambda states: phase_plane([states]),
        lambda states: film_episode(states, np.zeros(8, int)),
    ],
)
def test_a_picture_of_states_needs_two_numbers_each(show):
    with pytest.raises(ValueError, match=r"must hold states of MountainCar-v0, two numbers each.*\(9, 4\)"):
        show(np.zeros((9, 4)))


def test_a_target_explorer_works_in_any_environment_but_needs_its_state(trained):
    _, agent, _ = trained["pole"]
    with pytest.raises(ValueError, match="state must have the 4 numbers of the agent's states, got 2"):
        TargetNetworkExplorer(agent, [-0.5, 0.0], exact=-60.0, rounds=1)
    with pytest.raises(ValueError, match="state must be finite, got"):
        TargetNetworkExplorer(agent, [np.nan, 0.0, 0.0, 0.0], exact=50.0, rounds=1)
    explorer = TargetNetworkExplorer(agent, [0.0, 0.0, 0.0, 0.0], exact=50.0, rounds=2)
    assert np.isfinite(explorer.history).all()
    explorer.stop()


def test_a_live_run_is_evaluated_in_its_own_environment():
    env = WORLDS["parking"]()
    run = LiveRun(env, QTableAgent(env, TableConfig(cells=5)), episodes=3)
    (check,) = run.log.checks
    assert (check.environment, check.returns.tolist()) == ("Parking", [-50.0] * 3)


# --- what works anywhere ------------------------------------------------------------------------------


def marks(picture):
    """The names beside the lines across a picture, if there are any."""
    texts = [text.get_text() for ax in picture.axes for text in ax.texts]
    return [
        text for text in texts if any(mark in text for mark in ("random policy", "best policy", "solved"))
    ]


@pytest.mark.parametrize("name", WORLDS)
def test_a_curve_of_another_environment_has_no_marks_of_the_mountain_car(trained, name):
    _, _, log = trained[name]
    for picture in (learning_curve(log), compare_runs({"one": log}, title="A finding")):
        assert marks(picture) == []
        assert "andom policy" not in picture.alt and "olved" not in picture.alt
    own = learning_curve(log, references=ReferenceReturns(20, 475, 500, "limit"))
    assert len(marks(own)) == 2  # random policy and solved; the limit is the third


def test_a_curve_of_the_mountain_car_has_its_marks():
    env = car.make()
    agent, log = QTableAgent(env, TableConfig(cells=5)), TrainingLog()
    list(log.record(train(env, agent, episodes=1), agent, env, episodes=2))
    for picture in (learning_curve(log), compare_runs({"one": log}, title="A finding")):
        assert len(marks(picture)) == 3


def test_rows_have_the_marks_of_their_environment():
    row = {"variant": "a", "seed": 0, "final_return": 480.0, "solved_at_step": None, "curve": [20.0, 480.0]}
    for show in (compare_variants, learning_bands):
        assert marks(show([row | {"environment": "CartPole-v1"}], {"a": "a"}, title="A finding")) == []
        assert marks(show([row], {"a": "a"}, title="A finding")) == []
        found = show([row | {"environment": "MountainCar-v0"}], {"a": "a"}, title="A finding")
        three = zip(("best policy", "solved", "random policy"), marks(found), strict=True)
        assert all(name in mark for name, mark in three)


@pytest.mark.parametrize("make", ['gym.make("CartPole-v1")', "TimeLimit(Parking(), max_episode_steps=50)"])
def test_the_snippet_of_the_readme_works_in_another_environment(make, tmp_path, monkeypatch, capsys):
    (snippet,) = re.findall(r"```python\n(.*?mountain_car\.make\(\).*?)```", README, re.DOTALL)
    assert "mountain_car.make()" in snippet
    snippet = snippet.replace("mountain_car.make()", make).replace("20_000", "1_500")
    monkeypatch.chdir(tmp_path)
    names = {"gym": gym, "TimeLimit": TimeLimit, "Parking": Parking}
    exec(snippet, names)
    low, high = (8, 500) if "Cart" in make else (-50, -1)
    assert all(low <= value <= high for check in names["log"].checks for value in check.returns)
    assert (tmp_path / "curve.png").stat().st_size > 1_000
    assert capsys.readouterr().out.startswith("1 ")
