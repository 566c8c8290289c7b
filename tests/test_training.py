"""A run is episodes pulled one by one: in the right order, repeatable, and safe to break off."""

import copy
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import TimeLimit

from dqn_lib import environments, mountain_car, training
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig
from dqn_lib.training import Check, TrainingLog, episode_steps, run_episode, train

SMALL = DQNConfig(hidden=(16, 16), memory_size=90, learning_starts=32, batch_size=8, learn_every=4, updates=4)


class Corridor(gym.Env):
    """Every episode has `length` steps; the state says where in it we are; all calls go on the tape."""

    def __init__(self, tape, length=3, terminates=True):
        self.tape, self.length, self.terminates = tape, length, terminates

    def reset(self, *, seed=None, options=None):
        self.tape.append("reset")
        self.seed, self.at = seed, 0
        return np.array([0.0]), {}

    def step(self, action):
        self.tape.append(f"step {action}")
        self.at += 1
        over = self.at == self.length
        return np.array([float(self.at)]), -2, over and self.terminates, over and not self.terminates, {}


class Recorder:
    """An agent that learns nothing and writes down what it is asked."""

    epsilon, q = 0.25, "q"

    def __init__(self, tape, seed=0):
        self.tape, self.seed, self.steps, self.episodes, self.loss = tape, seed, 0, 0, None

    def act(self, state):
        self.tape.append(f"act {state[0]:.0f}")
        return 7

    def observe(self, state, action, reward, next_state, *, terminated, truncated):
        self.tape.append(
            f"observe {state[0]:.0f} {action} {reward} {next_state[0]:.0f} {terminated} {truncated}"
        )
        self.steps += 1
        self.loss = self.steps / 2

    def end_episode(self):
        self.tape.append("end")


@pytest.fixture
def world():
    tape = []
    return SimpleNamespace(tape=tape, env=Corridor(tape), agent=Recorder(tape))


def test_an_episode_calls_agent_and_environment_in_turn(world):
    run_episode(world.env, world.agent)
    assert world.tape == [
        "reset",
        *("act 0", "step 7", "observe 0 7 -2.0 1 False False"),
        *("act 1", "step 7", "observe 1 7 -2.0 2 False False"),
        *("act 2", "step 7", "observe 2 7 -2.0 3 True False"),
        "end",
    ]


def test_episode_steps_yields_every_step_and_then_the_episode(world):
    driving, steps, tapes = episode_steps(world.env, world.agent), [], []
    assert world.tape == []  # nothing before the first pull
    for action, state, episode in driving:
        steps.append((action, state.tolist(), episode and episode.length, world.agent.steps))
        tapes.append(world.tape[-1][:7])
    assert steps == [(7, [1.0], None, 1), (7, [2.0], None, 2), (7, [3.0], 3, 3)]
    assert tapes == ["observe", "observe", "end"]
    assert world.agent.episodes == 1


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_closing_episode_steps_ends_the_agents_episode_once(world, steps):
    driving = episode_steps(world.env, world.agent)
    for _ in range(steps):
        next(driving)
    assert ("end" in world.tape) == (steps == 3)  # three are a whole episode
    driving.close()
    assert (world.tape.count("end"), world.tape[-1], world.agent.episodes) == (1, "end", steps // 3)
    run_episode(world.env, world.agent)
    assert (world.agent.steps, world.agent.episodes) == (steps + 3, steps // 3 + 1)


@pytest.mark.parametrize("terminates", [True, False])
def test_an_episode_has_its_length_and_total_reward(world, terminates):
    world.env.terminates = terminates
    _, second = train(world.env, world.agent, episodes=2)
    assert (second.number, second.step, second.length, second.total_reward) == (2, 6, 3, -6.0)
    assert (second.terminated, second.epsilon, second.loss) == (terminates, 0.25, 3.0)
    assert world.tape[-2:] == [f"observe 2 7 -2.0 3 {terminates} {not terminates}", "end"]


def test_start_states_follow_from_seed_and_number_alone(world):
    def seeds(agent_seed, already):
        world.agent.seed, world.agent.episodes = agent_seed, already
        return [world.env.seed for _ in train(world.env, world.agent, episodes=3)]

    assert seeds(0, 0) == seeds(0, 0)
    assert seeds(0, 1) == [*seeds(0, 0)[1:], seeds(0, 3)[0]]
    assert len({*seeds(0, 0), *seeds(1, 0)}) == 6


def test_a_budget_counts_from_now_and_lets_the_last_episode_finish(world):
    assert [episode.step for episode in train(world.env, world.agent, steps=4)] == [3, 6]
    assert [episode.step for episode in train(world.env, world.agent, steps=3)] == [9]
    assert [episode.number for episode in train(world.env, world.agent, episodes=np.int64(2))] == [4, 5]


@pytest.mark.parametrize("name", ["steps", "episodes"])
@pytest.mark.parametrize(
    ("value", "rule"), [(0, "at least 1"), (2.0, "an integer"), (True, "an integer"), ("3", "an integer")]
)
def test_an_invalid_budget_is_refused_at_once(world, name, value, rule):
    with pytest.raises((ValueError, TypeError), match=f"{name} must be {rule}, got {value!r}"):
        train(world.env, world.agent, **{name: value})


@pytest.mark.parametrize("budget", [{}, {"steps": 1, "episodes": 1}], ids=["neither", "both"])
def test_exactly_one_kind_of_budget_is_needed(world, budget):
    with pytest.raises(TypeError, match="either steps or episodes"):
        train(world.env, world.agent, **budget)


@pytest.fixture
def judged(monkeypatch):
    """Who was judged when, where and over how many episodes: the return is the number of steps so far."""
    seen = []

    def returns(q, env, *, episodes):
        seen.append((q, env, episodes))
        return np.array([len(seen), 1.0])

    monkeypatch.setattr(training, "greedy_returns", returns)
    return seen


def test_there_is_a_check_at_the_start_and_every_so_many_steps(world, judged):
    log, arena = TrainingLog(), Corridor([])
    world.env.length = 7
    run = log.record(train(world.env, world.agent, episodes=5), world.agent, arena, every=10, episodes=3)
    assert log == TrainingLog()  # nothing before the first pull
    assert [episode.step for episode in run] == [7, 14, 21, 28, 35]
    assert [check.step for check in log.checks] == [0, 14, 21, 35]
    assert judged == [("q", arena, 3)] * 4
    assert [check.mean for check in log.checks] == [1, 1.5, 2, 2.5]
    assert {check.environment for check in log.checks} == {"Corridor"}
    assert [episode.number for episode in log.episodes] == [1, 2, 3, 4, 5]


def test_a_log_continues_in_the_next_run_without_a_second_first_check(world, judged):
    log = TrainingLog()
    for _ in range(3):
        list(log.record(train(world.env, world.agent, episodes=1), world.agent, world.env, 4))
    assert [check.step for check in log.checks] == [0, 6, 9]
    assert [episode.step for episode in log.episodes] == [3, 6, 9]


def test_a_check_is_due_at_first_and_whenever_a_multiple_of_the_interval_has_passed(world, judged):
    log, due = TrainingLog(), []
    for world.agent.steps in (0, 0, 9, 10, 19, 31, 39, 40):
        if log.check(world.agent, world.env, 10):
            due.append(world.agent.steps)
    assert due == [check.step for check in log.checks] == [0, 10, 31, 40]


@pytest.mark.parametrize("name", ["every", "episodes"])
@pytest.mark.parametrize(("value", "error"), [(0, ValueError), (1.5, TypeError)])
def test_an_invalid_interval_is_refused_at_once(world, name, value, error):
    with pytest.raises(error, match=f"{name} must be .*got {value}"):
        TrainingLog().record([], world.agent, world.env, **{name: value})


def test_a_run_is_solved_at_its_first_good_check():
    checks = [Check(step, np.array([mean]), None) for step, mean in ((0, -200), (9, -110), (18, -99))]
    log = TrainingLog(checks=checks)
    assert (log.solved_at(-110), log.solved_at(-99.5), log.solved_at(-98)) == (9, 18, None)
    with pytest.raises(ValueError, match="threshold must be finite, got nan"):
        log.solved_at(np.nan)


def test_an_episode_that_never_ends_is_an_error_and_leaves_the_agent_usable(world, monkeypatch):
    monkeypatch.setattr(environments, "LONGEST_EPISODE", 50)
    world.env.length = 10**9
    with pytest.raises(ValueError, match=r"every episode.*Corridor.*50 steps.*max_episode_steps"):
        next(train(world.env, world.agent, steps=10**6))
    assert (world.agent.steps, world.tape[-1]) == (50, "end")
    limited = TimeLimit(world.env, max_episode_steps=80)
    assert next(train(limited, world.agent, episodes=1)).length == 80


# --- with the real agent ----------------------------------------------------------------------------


def fresh_env():
    return mountain_car.make(max_episode_steps=30)


def fresh(seed=5):
    return fresh_env(), DQNAgent(mountain_car.make(), SMALL, seed=seed, xla=False)


class Faulty(gym.Env):
    """Says NaN, or pays it, at its third step; or begins with it."""

    observation_space = gym.spaces.Box(-1, 1, (2,))
    action_space = gym.spaces.Discrete(2)

    def __init__(self, what):
        self.what = what

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = 0
        return np.float32([np.nan if self.what == "observation" else 0.0, 0.0]), {}

    def step(self, action):
        self.at += 1
        wrong = self.at == 3
        state = np.float32([0.0, np.nan if wrong and self.what == "next_state" else 0.0])
        return state, np.nan if wrong and self.what == "reward" else -1.0, False, False, {}


@pytest.mark.parametrize(
    "make", [lambda env: DQNAgent(env, SMALL, xla=False), QTableAgent], ids=["dqn", "table"]
)
@pytest.mark.parametrize(("what", "steps"), [("observation", 0), ("next_state", 2), ("reward", 2)])
def test_a_run_stops_at_the_first_invalid_number(make, what, steps):
    env = TimeLimit(Faulty(what), max_episode_steps=10)
    agent = make(env)
    with pytest.raises(ValueError, match=rf"^{what} must .*got .*nan"):
        next(train(env, agent, episodes=1))
    assert agent.steps == steps


@pytest.fixture(scope="module")
def begun():
    env, agent = fresh()
    list(train(env, agent, episodes=2))
    return agent, copy.deepcopy(agent.get_state())


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run_to_the_last_bit():
    def run(seed):
        (env, agent), log = fresh(seed), TrainingLog()
        list(log.record(train(env, agent, steps=120), agent, env, every=50))
        checks = [(check.step, check.returns, check.q.to_flat()) for check in log.checks]
        return log.episodes, checks, copy.deepcopy(agent.get_state())

    first = run(5)
    np.testing.assert_equal(run(5), first)
    assert run(6)[0] != first[0]


def breaks(function, call, after=False):
    """`function`, interrupted at its `call`-th call, before or after it has done its work."""
    calls = iter(range(1, 10**6))

    def interrupted(*args, **kwargs):
        now = next(calls) == call
        if now and not after:
            raise KeyboardInterrupt
        result = function(*args, **kwargs)
        if now:
            raise KeyboardInterrupt
        return result

    return interrupted


def assert_every_open_end_leads_on(memory):
    """What is not marked as an episode's end is followed by the transition that came next."""
    oldest = memory.added % memory.capacity if memory.added >= memory.capacity else 0
    order = (oldest + np.arange(len(memory))) % memory.capacity
    inner = ~memory.episode_end[order[:-1]]
    np.testing.assert_array_equal(memory.next_states[order[:-1]][inner], memory.states[order[1:]][inner])
    assert inner.sum() > 20
    assert memory.episode_end[order[-1]]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("owner", "name", "call"),
    [("env", "step", 14), ("agent", "act", 47), ("agent", "learn", 10), ("memory", "add", 14)],
)
def test_an_interrupted_run_can_be_used_and_continued(begun, monkeypatch, owner, name, call, after):
    agent, start = begun
    agent.set_state(start)
    env, arena, log = fresh_env(), fresh_env(), TrainingLog()
    place = {"env": env, "agent": agent, "memory": agent.memory}[owner]
    with monkeypatch.context() as patch:
        patch.setattr(place, name, breaks(getattr(place, name), call, after))
        with pytest.raises(KeyboardInterrupt):
            list(log.record(train(env, agent, episodes=5), agent, arena, every=40, episodes=3))
    whole = len(log.episodes)
    assert_every_open_end_leads_on(agent.memory)
    assert agent.episodes == 2 + whole
    list(log.record(train(env, agent, episodes=3), agent, env, every=40))
    assert_every_open_end_leads_on(agent.memory)
    assert [episode.length for episode in log.episodes] == [30] * (whole + 3)
    assert [episode.number for episode in log.episodes] == list(range(3, whole + 6))
    assert all(np.isfinite(check.q.to_flat()).all() for check in log.checks)
