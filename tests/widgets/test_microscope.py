"""The replay microscope without a browser: what the page gets is what the agent would learn."""

import numpy as np
import pytest
from receiving import handed, unpacked

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig
from dqn_lib.replay import ReplayMemory
from dqn_lib.training import train
from dqn_lib.widgets.assets import BLANK
from dqn_lib.widgets.microscope import ReplayMicroscope, window_lengths

pytestmark = pytest.mark.slow

env = mountain_car.make()
START, STEP = np.array([-0.5, 0.0]), np.array([0.02, 0.001])
FLAG, LIMIT, FULL, NEWEST = range(4)  # why a window stops


def fill(agent, lengths=(12, 8, 10), flags=(False, True, False), capacity=64, under_way=0):
    """Episodes of these lengths, some at the flag; transition k goes from state k to state k + 1."""
    agent.memory = ReplayMemory(capacity, 2, np.random.default_rng(0))
    ends = [step == length - 1 for length in lengths for step in range(length)] + [False] * under_way
    flagged = [flag for length, flag in zip(lengths, flags, strict=True) for _ in range(length)]
    for number, (end, flag) in enumerate(zip(ends, flagged + [False] * under_way, strict=True)):
        here = START + STEP * (number % 50)
        agent.memory.add(
            here, number % 3, -1.0 - number / 100, here + STEP,
            terminated=end and flag, truncated=end and not flag,
        )  # fmt: skip
    return agent


@pytest.fixture(scope="module")
def trained():
    config = DQNConfig(learning_starts=64, learn_every=64, tau=0.1, hidden=(16,), memory_size=256)
    agent = DQNAgent(env, config, seed=3, xla=False)
    for _ in train(env, agent, episodes=2):
        pass
    return agent


@pytest.fixture
def agent(trained):
    """As it was after its training, with 30 transitions in memory: a time limit, a flag, a time limit."""
    before, memory, config = trained.get_state(), trained.memory, trained.config
    yield fill(trained)
    trained.memory, trained.config = memory, config
    trained.set_state(before)


@pytest.fixture
def scope(agent):
    return ReplayMicroscope(agent)


def columns_of(scope):
    return {name: unpacked(column) for name, column in scope.columns.items()}


def slowly(agent, number):
    """All that there is to know about the window of one transition, the `number`th ever, step by step."""
    memory, config = agent.memory, agent.config
    rewards, stop = 0.0, None
    for length in range(1, config.n_step + 1):
        at = (number + length - 1) % memory.capacity
        rewards += config.gamma ** (length - 1) * memory.rewards[at]
        stop = FLAG if memory.terminated[at] else LIMIT if memory.episode_end[at] else None
        if stop is not None or number + length == memory.added:
            break
    stop = stop if stop is not None else FULL if length == config.n_step else NEWEST
    first, last = memory.states[number % memory.capacity], memory.next_states[at]
    action = memory.actions[number % memory.capacity]
    online, target = agent.q(last[None])[0], agent.target_q(last[None])[0]
    best = (online if config.double else target).argmax()
    guess = 0.0 if stop == FLAG else config.gamma**length * target[best]
    return {
        "states": first, "lasts": last, "lengths": length, "actions": action, "chosen": best, "stops": stop,
        "rewards": rewards, "discounts": config.gamma**length, "bootstraps": target[best],
        "targets": rewards + guess, "estimates": agent.q(first[None])[0, action],
    }  # fmt: skip


RING = {"lengths": (12, 8, 13), "capacity": 20}  # 33 were added, 20 are kept


@pytest.mark.parametrize(
    ("memory", "config"),
    [
        ({}, {"double": False}),
        ({"under_way": 3}, {"n_step": 100, "gamma": 1.0}),
        ({"lengths": (1,), "flags": (True,)}, {"n_step": 1, "gamma": 0.5}),
        (RING | {"lengths": (12, 29, 13)}, {"n_step": 7}),  # more than twice around
        (RING | {"under_way": 4}, {"double": False}),
        (RING | {"lengths": (12, 8, 20)}, {"n_step": 30}),  # full to the last one of an episode
        (RING | {"lengths": (), "flags": (), "under_way": 50}, {"n_step": 30}),
    ],
    ids=str,
)
def test_every_column_is_that_of_a_walk_from_step_to_step(agent, memory, config):
    fill(agent, **memory)
    agent.config = agent.config.replace(**config)
    columns = columns_of(ReplayMicroscope(agent))
    kept = range(agent.memory.added - len(agent.memory), agent.memory.added)
    expected = [slowly(agent, number) for number in kept]
    ends = columns.pop("ends").astype(int)
    columns["lasts"] = columns["lasts"][ends]
    assert columns.keys() == expected[0].keys()
    wrong = {
        name: (column, wanted)
        for name, column in columns.items()
        if not np.allclose(column, wanted := np.array([one[name] for one in expected]), atol=1e-4)
    }
    assert wrong == {}
    np.testing.assert_array_equal(window_lengths(agent), columns["lengths"])


def test_the_targets_are_those_of_the_agents_own_learning_step_and_add_up(agent):
    columns = columns_of(ReplayMicroscope(agent))
    batch = agent.memory.windows(np.arange(30), agent.config.n_step, agent.config.gamma)
    learnt = np.asarray(agent._objective().targets(batch, agent.q, agent.target_q))
    np.testing.assert_allclose(columns["targets"], learnt, atol=1e-4)
    guesses = np.where(columns["stops"] == FLAG, 0, columns["discounts"] * columns["bootstraps"])
    np.testing.assert_allclose(columns["rewards"] + guesses, columns["targets"], atol=1e-4)


def test_a_window_stops_where_the_agents_does_and_says_why(agent):
    scope = ReplayMicroscope(fill(agent, lengths=(12, 8), flags=(False, True), under_way=13))
    columns, limit, newest = columns_of(scope), "the time limit", "the newest transition"
    whole = "the agent's n = 5"
    expected = {
        3: (5, whole), 7: (5, limit), 11: (1, limit), 15: (5, "the flag"), 19: (1, "the flag"),
        28: (5, whole), 30: (3, newest), 32: (1, newest),
    }  # fmt: skip
    for place, (length, stop) in expected.items():
        assert columns["lengths"][place] == length
        assert scope.about["stops"][columns["stops"][place]] == stop
        last = columns["lasts"][columns["ends"].astype(int)[place]]
        np.testing.assert_allclose(last, START + STEP * (place + length), atol=1e-6)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, ("the online network", "the target network", "the online network")),
        ({"double": False}, ("the online network", "the target network", "the target network")),
        ({"target_update": "every_step"}, ("the network",) * 3),  # no need to tell two apart
    ],
)
def test_the_words_name_the_network_of_each_value(agent, config, words):
    agent.config = agent.config.replace(gamma=0.5, **config)
    about = ReplayMicroscope(agent).about
    assert tuple(about[name] for name in ("online", "target", "chooser")) == words
    assert about["gamma"] == 0.5


def test_the_map_counts_the_remembered_states(agent):
    agent.memory = ReplayMemory(128, 2, np.random.default_rng(0))
    for position, velocity in [(-0.49, 0.002)] * 100 + [(0.3, 0.05)]:
        agent.memory.add([position, velocity], 1, -1.0, START, terminated=False, truncated=False)
    shades = unpacked(ReplayMicroscope(agent).memory)
    assert shades.shape == (40, 40)
    assert (shades != BLANK).sum() == 2
    assert shades[int((0.002 + 0.07) / 0.14 * 40), int((-0.49 + 1.2) / 1.8 * 40)] == round(253 * 2 / 3)
    assert shades[int((0.05 + 0.07) / 0.14 * 40), int((0.3 + 1.2) / 1.8 * 40)] == 0  # once


def test_it_begins_with_the_newest_and_shows_the_agent_as_it_was_when_it_was_made(agent, scope):
    before, still, targets = handed(scope), scope.still(), columns_of(scope)["targets"]
    assert before["index"] == 29
    agent.learn()
    assert np.abs(columns_of(ReplayMicroscope(agent))["targets"] - targets).max() > 1e-3
    agent.memory.states[:] = 0
    assert (handed(scope), scope.still()) == (before, still)
    scope.set_state({"index": 4})  # as a page does it
    assert handed(scope) == before | {"index": 4}
    html = scope._repr_mimebundle_()[0]["text/html"]
    assert html.count("<img ") == 1 and "30 states" in html
    assert "A slider goes through the agent&#x27;s replay memory" in html


def test_the_agent_is_left_alone(agent):
    def everything():
        generators = agent.memory.rng.bit_generator.state, agent.exploration.get_state()
        return generators, agent.updates, agent.parameters.tolist(), agent.memory.get_state()

    before = everything()
    ReplayMicroscope(agent).still()
    np.testing.assert_equal(everything(), before)


def test_what_cannot_be_shown_is_refused(agent, monkeypatch):
    for seed in (-1, 2**32, 0.5):
        with pytest.raises((TypeError, ValueError), match=f"seed must .* got {seed}"):
            ReplayMicroscope(agent, seed=seed)
    with pytest.raises(TypeError, match="agent must be a DQNAgent, which has a memory, got a QTableAgent"):
        ReplayMicroscope(QTableAgent(env))
    with monkeypatch.context() as patch:
        patch.setattr(agent, "sizes", (4, 16, 2))
        with pytest.raises(ValueError, match=r"agent must drive in MountainCar-v0, .* got 4 and 2"):
            ReplayMicroscope(agent)
    agent.parameters = agent.parameters * np.float32([[1], [np.nan], [1], [1]])  # the target network
    with pytest.raises(ValueError, match=r"agent must answer with finite numbers, .* it has diverged"):
        ReplayMicroscope(agent)
    agent.memory = ReplayMemory(64, 2, np.random.default_rng(0))
    with pytest.raises(ValueError, match="memory of the agent must hold at least one transition, got 0"):
        ReplayMicroscope(agent)
