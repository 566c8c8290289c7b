"""A run is episodes pulled one by one: in the right order, repeatable, and safe to break off."""

import copy
import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import TimeLimit

from dqn_lib import environments as worlds
from dqn_lib import mountain_car, training
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.training import Change, Check, TrainingLog, episode_steps, run_episode, train

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
    assert world.tape == []
    for action, state, episode in driving:
        steps.append((action, state.tolist(), episode and episode.length, world.agent.steps))
        tapes.append(world.tape[:])
    assert steps == [(7, [1.0], None, 1), (7, [2.0], None, 2), (7, [3.0], 3, 3)]
    assert [tape[-1][:7] for tape in tapes] == ["observe", "observe", "end"]
    whole = SimpleNamespace(tape=[])
    whole.env, whole.agent = Corridor(whole.tape), Recorder(whole.tape)
    assert run_episode(whole.env, whole.agent) == episode
    assert whole.tape == world.tape
    assert whole.agent.episodes == world.agent.episodes == 1


@pytest.mark.parametrize("steps", [1, 2])
def test_closing_episode_steps_ends_the_agents_episode(world, steps):
    driving = episode_steps(world.env, world.agent)
    for _ in range(steps):
        next(driving)
    assert "end" not in world.tape
    driving.close()
    assert (world.tape.count("end"), world.tape[-1], world.agent.episodes) == (1, "end", 0)
    run_episode(world.env, world.agent)
    assert (world.agent.steps, world.agent.episodes) == (steps + 3, 1)


def test_closing_episode_steps_after_the_end_ends_the_episode_once(world):
    driving = episode_steps(world.env, world.agent)
    assert [next(driving)[2] is not None for _ in range(3)] == [False, False, True]
    driving.close()
    assert (world.tape.count("end"), world.agent.episodes) == (1, 1)


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


def test_a_budget_of_steps_lets_the_last_episode_finish(world):
    assert [episode.step for episode in train(world.env, world.agent, steps=4)] == [3, 6]
    assert [episode.step for episode in train(world.env, world.agent, steps=3)] == [9]


def test_a_budget_of_episodes_counts_from_now(world):
    assert [episode.number for episode in train(world.env, world.agent, episodes=2)] == [1, 2]
    assert [episode.number for episode in train(world.env, world.agent, episodes=np.int64(1))] == [3]


def test_each_next_trains_one_episode(world):
    run = train(world.env, world.agent, episodes=2)
    assert world.tape == []
    next(run)
    assert (world.tape.count("reset"), world.tape[-1]) == (1, "end")
    assert next(run).number == 2
    assert next(run, None) is None


@pytest.mark.parametrize("name", ["steps", "episodes"])
@pytest.mark.parametrize(
    ("value", "error", "rule"),
    [
        (0, ValueError, "at least 1"),
        (-1, ValueError, "at least 1"),
        (2.0, TypeError, "an integer"),
        (True, TypeError, "an integer"),
        ("3", TypeError, "an integer"),
    ],
)
def test_an_invalid_budget_is_refused_at_once(world, name, value, error, rule):
    with pytest.raises(error, match=f"{name} must be {rule}, got {value!r}"):
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


def test_a_log_starts_without_changes_and_has_its_own_list():
    log = TrainingLog()
    log.changes.append(Change(5, {"gamma": 0.5}))
    assert TrainingLog().changes == []
    assert log != TrainingLog()
    assert log == TrainingLog(changes=[Change(5, {"gamma": 0.5})])


@pytest.mark.parametrize("name", ["every", "episodes"])
@pytest.mark.parametrize(("value", "error"), [(0, ValueError), (1.5, TypeError)])
def test_an_invalid_interval_is_refused_at_once(world, name, value, error):
    with pytest.raises(error, match=f"{name} must be .*got {value}"):
        TrainingLog().record([], world.agent, world.env, **{name: value})


def test_a_run_is_solved_at_its_first_good_check():
    checks = [Check(step, np.array([mean]), None) for step, mean in ((0, -200), (9, -110), (18, -99))]
    log = TrainingLog(checks=checks)
    assert (log.solved_at(-110), log.solved_at(-99.5), log.solved_at(-98)) == (9, 18, None)
    assert TrainingLog().solved_at(-110) is None
    with pytest.raises(ValueError, match="threshold must be finite, got nan"):
        log.solved_at(np.nan)


def test_an_episode_that_never_ends_is_an_error_and_leaves_the_agent_usable(world, monkeypatch):
    monkeypatch.setattr(worlds, "LONGEST_EPISODE", 50)
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


@pytest.mark.parametrize("call", [14, 47])
@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [
        ("env", "step", False),
        ("env", "step", True),
        ("agent", "act", False),
        ("agent", "act", True),
        ("agent", "observe", False),
        ("agent", "observe", True),
        ("agent", "learn", False),
        ("agent", "learn", True),
        ("agent", "_batches", False),
        ("agent", "_batches", True),
        ("memory", "add", False),
        ("memory", "add", True),
    ],
)
def test_an_interrupted_run_can_be_used_and_continued(begun, monkeypatch, owner, name, after, call):
    agent, start = begun
    agent.set_state(start)
    env, arena, log = fresh_env(), fresh_env(), TrainingLog()
    place = {"env": env, "agent": agent, "memory": agent.memory}[owner]
    call = min(call, 10) if name in ("learn", "_batches") else call
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


LONG_RUN = """
import json
import signal
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.training import TrainingLog, train
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits deaf ears
env, log = mountain_car.make(max_episode_steps=50), TrainingLog()
agent = DQNAgent(env, DQNConfig(hidden=(16,), learning_starts=32, batch_size=8), xla=False)
try:
    for episode in log.record(train(env, agent, steps=10**9), agent, env):
        if episode.number == 3:
            print("under way", flush=True)
except KeyboardInterrupt:
    broken, whole = agent.steps, len(log.episodes)
for _ in log.record(train(env, agent, episodes=4), agent, env):
    pass
print(json.dumps({
    "more": len(log.episodes) - whole,
    "lengths": sorted({episode.length for episode in log.episodes}),
    "numbers": [episode.number for episode in log.episodes] == list(range(1, agent.episodes + 1)),
    "steps": agent.steps - broken,
    "closed": bool(agent.memory.episode_end[(broken - 1) % agent.memory.capacity]),
}))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl+C to a whole console, the tests included")
def test_a_process_that_gets_ctrl_c_can_continue_training():
    with subprocess.Popen(
        [sys.executable, "-c", LONG_RUN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "under way\n", process.stderr.read()
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert json.loads(out) == {"more": 4, "lengths": [50], "numbers": True, "steps": 200, "closed": True}
