"""Which world is it: functions for the mountain car refuse all others, and everything else works in them."""

import re
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.classic_control.mountain_car import MountainCarEnv
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Box, Discrete, MultiDiscrete
from gymnasium.wrappers import (
    FlattenObservation,
    RecordEpisodeStatistics,
    TimeLimit,
    TransformAction,
    TransformObservation,
    TransformReward,
)

from dqn_lib import environments
from dqn_lib import mountain_car as car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.diagnostics import Diagnosis
from dqn_lib.environments import check_spaces, environment_name, is_original
from dqn_lib.evaluation import greedy_returns
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

SMALL = DQNConfig(hidden=(8,), memory_size=500, learning_starts=32, batch_size=8, learn_every=4, updates=2)
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


class Unknown(gym.Wrapper):
    """Changes nothing, but the library cannot know that."""


class Unlimited(gym.Wrapper):
    """Overlooks the time limit."""

    def step(self, action):
        *rest, _, info = self.env.step(action)
        return *rest, False, info


class Steeper(MountainCarEnv):
    """Looks like the mountain car, and is none."""

    gravity = 0.004


def with_more_gravity():
    env = car.make()
    env.unwrapped.gravity = 0.004
    return env


def with_other_steps():
    env = car.make()
    step = env.step
    env.step = lambda action: step(2 - action)
    return env


def doubled(state):
    return 2 * state


CHANGED = {
    "rewards": lambda: TransformReward(car.make(), lambda reward: reward / 2),
    "states": lambda: TransformObservation(car.make(), doubled, car.make().observation_space),
    "actions": lambda: TransformAction(car.make(), lambda action: 2 - action, Discrete(3)),
    "a wrapper that nobody knows": lambda: Unknown(car.make()),
    "a shorter time limit": lambda: car.make(max_episode_steps=150),
    "a longer time limit": lambda: car.make(max_episode_steps=500),
    "a second time limit": lambda: TimeLimit(car.make(max_episode_steps=150), max_episode_steps=200),
    "no time limit": lambda: car.make(max_episode_steps=-1),
    "more gravity": with_more_gravity,
    "a goal velocity": lambda: car.make(goal_velocity=0.05),
    "a subclass": lambda: TimeLimit(Steeper(), max_episode_steps=200),
    "other steps": with_other_steps,
}


class Pump:
    """Pushes the way the car rolls."""

    def greedy(self, states):
        return np.where(states[..., 1] >= 0, 2, 0)


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_mountain_car_is_another_environment_and_is_evaluated_as_it_is(name):
    env, expected = CHANGED[name](), []
    assert not is_original(env)
    assert environment_name(env) != car.ENV_ID
    for seed in range(5, 9) if name != "no time limit" else ():
        state, _ = env.reset(seed=seed)
        total, ended = 0.0, False
        while not ended:
            state, reward, terminated, truncated, _ = env.step(2 if state[1] >= 0 else 0)
            total, ended = total + reward, terminated or truncated
        expected.append(total)
    if expected:
        assert greedy_returns(Pump(), env, episodes=4, seed=5).tolist() == expected


@pytest.mark.parametrize(
    "make",
    [
        car.make,
        lambda: car.make(render_mode="rgb_array"),
        lambda: car.make(disable_env_checker=True),
        lambda: RecordEpisodeStatistics(car.make()),
        lambda: gym.make(EnvSpec("ByAnotherName-v0", entry_point=MountainCarEnv, max_episode_steps=200)),
    ],
    ids=["plain", "rendered", "unchecked", "counted", "by another name"],
)
def test_what_behaves_like_the_mountain_car_counts_as_one(make):
    assert is_original(make())
    assert environment_name(make()) == car.ENV_ID


class Endless(gym.Env):
    """Says 0 and pays -1 for ever."""

    observation_space = Box(-1, 1, (2,))
    action_space = Discrete(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        return np.zeros(2, np.float32), -1.0, False, False, {}


class Idle:
    def greedy(self, state):
        return np.array(1)


@pytest.mark.parametrize(
    "make",
    [
        Endless,
        lambda: FlattenObservation(gym.make("CliffWalking-v1")),
        lambda: car.make(max_episode_steps=-1),
        lambda: Unlimited(car.make()),
    ],
    ids=["bare", "cliff walking", "switched off", "overlooked"],
)
def test_an_episode_without_end_raises_with_advice(make, monkeypatch):
    monkeypatch.setattr(environments, "LONGEST_EPISODE", 1_000)
    with pytest.raises(ValueError, match=r"env must end every episode.*max_episode_steps"):
        greedy_returns(Idle(), make())
    for limited in (
        TimeLimit(Endless(), max_episode_steps=1_200),
        gym.make(EnvSpec("Long-v0", entry_point=Endless, max_episode_steps=1_200)),
    ):
        assert greedy_returns(Idle(), limited, episodes=1) == [-1_200]


class World:
    """As much of an environment as `check_spaces` looks at."""

    def __init__(self, observation_space=None, action_space=None):
        self.observation_space = observation_space or Box(-1, 1, (2,))
        self.action_space = action_space or Discrete(3)


@pytest.mark.parametrize(
    ("world", "error", "sentence"),
    [
        (gym.make("Pendulum-v1"), TypeError, r"action_space must be Discrete, got Box\(-2\.0, 2\.0, \(1,\)"),
        (World(action_space=MultiDiscrete([2, 2])), TypeError, r"action_space must be Discrete, got Multi"),
        (World(action_space=Discrete(3, start=1)), ValueError, r"action_space must start at 0, got .*=1"),
        (World(Box(0, 1, (9, 9, 3))), TypeError, r"observation_space must be a Box with one axis, got Box"),
        (World(Box(-1, 1, ())), TypeError, r"observation_space must be a Box with one axis, got Box"),
        (World(Discrete(16)), TypeError, r"observation_space must be a Box .* got Discrete\(16\)"),
    ],
    ids=["continuous", "several", "from one", "image", "scalar", "cells"],
)
def test_an_environment_that_does_not_fit_is_refused_with_name_rule_and_value(world, error, sentence):
    with pytest.raises(error, match=sentence):
        check_spaces(world)
    with pytest.raises(error, match=sentence):
        DQNAgent(world)


# --- with agents and pictures -------------------------------------------------------------------------


class Parking(Endless):
    """Lesson 10's: two numbers and three actions, as the car on its hill has them."""

    observation_space = Box(np.float32([-1, -0.2]), np.float32([1, 0.2]))

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


WORLDS = {
    "pole": lambda: gym.make("CartPole-v1"),
    "acrobot": lambda: gym.make("Acrobot-v1", max_episode_steps=50),
    "parking": lambda: TimeLimit(Parking(), max_episode_steps=50),
    "a child of the mountain car": lambda: TimeLimit(Steeper(), max_episode_steps=50),
    "the mountain car, otherwise paid": lambda: TransformReward(car.make(), lambda reward: reward + 1),
}
OTHER_SPACES = ["pole", "acrobot", "parking"]


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


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_what_shows_a_run_or_its_agent_needs_the_mountain_car(trained, name):
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
    if name in OTHER_SPACES:
        for call in (lambda: ReplayMicroscope(agent), lambda: TrainingPanel(car.make(), agent)):
            with pytest.raises(ValueError, match=r"^agent must drive in MountainCar-v0"):
                call()


@pytest.mark.slow
@pytest.mark.parametrize("which", ["pole", "acrobot", "a table of parking"])
def test_a_map_needs_values_of_the_mountain_car(trained, which):
    table = QTableAgent(WORLDS["parking"](), TableConfig(cells=5)).q
    q = table if "table" in which else trained[which][1].q
    checks = [Check(0, np.array([-200.0]), q)]
    for show in (
        lambda: value_map(q),
        lambda: policy_map(q),
        lambda: film_greedy(q),
        lambda: compare_policies(q, q),
        lambda: compare_values(q, q),
        lambda: value_and_policy(q, title="A finding"),
        lambda: film_episode(np.zeros((3, 2)), np.zeros(2, int), q=q),
        lambda: film_training(checks),
        lambda: TimeMachine(checks),
    ):
        with pytest.raises(ValueError, match=r"^(q|checks) must .*MountainCar-v0"):
            show()


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


@pytest.mark.slow
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


def marks(picture):
    """The names beside the lines across a picture, if there are any."""
    texts = [text.get_text() for ax in picture.axes for text in ax.texts]
    return [text for text in texts if re.search("best policy|solved|random policy", text)]


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_a_curve_of_another_environment_has_no_marks_of_the_mountain_car(trained, name):
    _, _, log = trained[name]
    for picture in (learning_curve(log), compare_runs({"one": log}, title="A finding")):
        assert marks(picture) == []
        assert "andom policy" not in picture.alt and "olved" not in picture.alt
    own = learning_curve(log, references=ReferenceReturns(20, 475, 500, "limit"))
    assert len(marks(own)) == 2  # random policy and solved; the limit is the third


def test_curves_and_rows_of_the_mountain_car_have_its_marks():
    env = car.make()
    agent, log = QTableAgent(env, TableConfig(cells=5)), TrainingLog()
    list(log.record(train(env, agent, episodes=1), agent, env, episodes=2))
    row = {"variant": "a", "seed": 0, "final_return": 480.0, "solved_at_step": None, "curve": [20.0, 480.0]}
    for picture in (learning_curve(log), compare_runs({"one": log}, title="A finding")):
        assert len(marks(picture)) == 3
    for show in (compare_variants, learning_bands):
        assert marks(show([row | {"environment": "CartPole-v1"}], {"a": "a"}, title="A finding")) == []
        assert marks(show([row], {"a": "a"}, title="A finding")) == []
        found = show([row | {"environment": "MountainCar-v0"}], {"a": "a"}, title="A finding")
        three = zip(("best policy", "solved", "random policy"), marks(found), strict=True)
        assert all(name in mark for name, mark in three)


@pytest.mark.slow
@pytest.mark.parametrize("make", ['gym.make("CartPole-v1")', "TimeLimit(Parking(), max_episode_steps=50)"])
def test_the_snippet_of_the_readme_works_in_another_environment(make, tmp_path, monkeypatch, capsys):
    (snippet,) = re.findall(r"```python\n(.*?mountain_car\.make\(\).*?)```", README, re.DOTALL)
    snippet = snippet.replace("mountain_car.make()", make).replace("20_000", "1_500")
    monkeypatch.chdir(tmp_path)
    names = {"gym": gym, "TimeLimit": TimeLimit, "Parking": Parking}
    exec(snippet, names)
    low, high = (8, 500) if "Cart" in make else (-50, -1)
    assert all(low <= value <= high for check in names["log"].checks for value in check.returns)
    assert (tmp_path / "curve.png").stat().st_size > 1_000
    assert capsys.readouterr().out.startswith("1 ")
