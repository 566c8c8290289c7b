"""The tutorial's agent does what is printed: the same algorithm, written literally, agrees with it."""

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents.backend import keras
from dqn_lib.agents.learner import ONLINE, TARGET
from dqn_lib.agents.q_network import QFunction
from dqn_lib.agents.tutorial import TutorialAgent, TutorialConfig
from dqn_lib.config import DQNConfig
from dqn_lib.replay import Batch
from dqn_lib.targets import td_target
from dqn_lib.training import train

pytestmark = pytest.mark.slow

PRINTED = {  # as the article has them, where they are not ours or ours has none
    "gamma": 0.95,
    "learning_rate": 0.01,
    "batch_size": 1,
    "n_step": 1,
    "double": False,
    "loss": "squared",
    "memory_size": 2_000,
    "learning_starts": 32,
    "learn_every": 1,
    "updates": 32,
    "target_update": "hard",
    "target_period": 32,
    "epsilon_end": 0.01,
    "hold": 1,
    "hidden": (24, 48, 24),
    "input_range": None,
    "bias_range": 0.0,
    "initial_value": 0.0,
    "epsilon_factor": 0.995,
    "ending_reward": -20.0,
    "time_limit_is_terminal": True,
    "all_outputs": True,
}


@pytest.fixture(scope="module")
def env():
    return mountain_car.make()


@pytest.fixture
def agent(env):
    return TutorialAgent(env, seed=0)


def as_keras_has_them(agent):
    """The online network's weights: a kernel, a bias, a kernel, a bias ..."""
    layers = QFunction.from_flat(agent.parameters[ONLINE], agent.sizes).layers
    return [array for layer in layers for array in layer]


def literal_network(weights):
    """As the tutorial builds it: three layers of ReLUs, a linear output, Adam at 0.01, mean squared error."""
    sizes = [(24, "relu"), (48, "relu"), (24, "relu"), (3, "linear")]
    layers = [keras.layers.Dense(units, activation=activation) for units, activation in sizes]
    network = keras.Sequential([keras.Input((2,)), *layers])
    network.compile(loss="mean_squared_error", optimizer=keras.optimizers.Adam(learning_rate=0.01))
    network.set_weights(weights)
    return network


class Literally:
    """The replay as printed: for each transition two predictions and one fit, one after the other.

    `predict` and `fit` make a data set of each array first; on one batch the step is the same without.
    """

    def __init__(self, weights):
        self.model, self.target_model = literal_network(weights), literal_network(weights)

    def replay(self, transitions):
        for state, action, reward, next_state, ended in transitions:
            target = self.target_model.predict_on_batch(state[None])
            future = max(self.target_model.predict_on_batch(next_state[None])[0])
            target[0][action] = reward if ended else reward + 0.95 * future
            self.model.train_on_batch(state[None], target)
        self.target_model.set_weights(self.model.get_weights())  # whole, whatever `tau` says


def drive(agent, steps, seed, *, end_at=None):
    """Random steps far from each other, so that every transition is told apart; one may end the episode."""
    rng, low, high = np.random.default_rng(seed), mountain_car.STATE_LOW, mountain_car.STATE_HIGH
    for step in range(steps):
        state, next_state = rng.uniform(low, high, size=(2, 2)).astype(np.float32)
        action = int(rng.integers(3))
        agent.observe(state, action, -1.0, next_state, terminated=step == end_at, truncated=False)


def test_two_replays_move_the_weights_as_predict_and_fit_do(agent, monkeypatch):
    before = as_keras_has_them(agent)
    literal, drawn, windows = Literally(before), [], agent.memory.windows
    monkeypatch.setattr(
        agent.memory, "windows", lambda first, *rest: drawn.append(first.ravel()) or windows(first, *rest)
    )
    drive(agent, 31, seed=0, end_at=3)
    assert agent.updates == 0
    drive(agent, 2, seed=1)  # the thirty-second step and the next one replay
    m = agent.memory
    assert len(drawn) == 2 and agent.updates == 64
    for first in drawn:
        assert len(set(first)) == 32
        literal.replay(
            (m.states[i], m.actions[i], m.rewards[i], m.next_states[i], m.terminated[i]) for i in first
        )
    theirs = literal.model.get_weights()
    # a tenth of one step: where a gradient is nearly zero, Adam makes large numbers of its rounding
    for ours, other in zip(as_keras_has_them(agent), theirs, strict=True):
        np.testing.assert_allclose(ours, other, rtol=0, atol=1e-3)
    assert max(np.abs(new - old).max() for new, old in zip(theirs, before, strict=True)) > 0.1
    np.testing.assert_array_equal(agent.parameters[ONLINE], agent.parameters[TARGET])


def test_epsilon_is_multiplied_before_every_step_and_stops_at_a_hundredth(agent):
    by_hand, epsilon = [], 1.0
    for step in range(1_000):
        epsilon = max(epsilon * 0.995, 0.01)
        agent.steps = step
        by_hand.append((agent.epsilon, epsilon))
    np.testing.assert_allclose(*np.transpose(by_hand), rtol=1e-9)
    assert next(step for step, (_, value) in enumerate(by_hand, start=1) if value == 0.01) == 919
    agent.config = TutorialConfig(epsilon_factor=None)
    agent.steps = 3_500
    assert agent.epsilon == pytest.approx(0.505)
    agent.change(epsilon=0.7)
    assert agent.epsilon == 0.7


@pytest.mark.parametrize(
    ("config", "terminated", "truncated", "reward", "remembered"),
    [
        ({}, False, False, -1, False),
        ({}, True, False, -20, True),
        ({}, False, True, -20, True),
        ({"ending_reward": 0.0}, True, False, 0, True),
        ({"ending_reward": None}, False, True, -1, True),
        ({"time_limit_is_terminal": False}, False, True, -20, False),
        ({"time_limit_is_terminal": False, "ending_reward": None}, True, False, -1, True),
    ],
)
def test_an_ending_is_stored_as_configured(agent, config, terminated, truncated, reward, remembered):
    agent.config = TutorialConfig(**config)
    state = np.array([0.49, 0.03], np.float32)
    agent.observe(state, 2, -1.0, state, terminated=terminated, truncated=truncated)
    assert agent.memory.rewards[0] == reward
    assert agent.memory.terminated[0] == remembered
    assert agent.memory.episode_end[0] == (terminated or truncated)


@pytest.mark.parametrize("all_outputs", [True, False])
def test_the_loss_by_hand(env, all_outputs):
    agent = TutorialAgent(env, TutorialConfig(all_outputs=all_outputs), seed=1, xla=False)
    agent.parameters = agent.parameters * np.float32([[1], [1.5], [0], [0]])  # the target is another one
    state = np.array([[-0.5, 0.02]], np.float32)
    nothing = np.zeros(1, np.float32)
    one = Batch(state, np.array([2]), nothing, state, nothing, nothing)
    q, aim = agent.q(state)[0], agent.target_q(state)[0]
    loss = float(agent._objective().batch_loss(one, np.array([-7.0], np.float32), agent.q, agent.target_q))
    error = -7.0 - q[2]
    expected = ((aim[0] - q[0]) ** 2 + (aim[1] - q[1]) ** 2 + error**2) / 3 if all_outputs else error**2 / 2
    assert loss == pytest.approx(expected, rel=1e-5)


def test_more_than_the_memory_has_is_drawn_with_repeats(env):
    hungry = TutorialAgent(env, TutorialConfig(batch_size=64, learning_starts=1), seed=0)
    drive(hungry, 2, seed=0)
    assert hungry.updates == 64


def test_a_restored_and_a_restarted_tutorial_agent_continue_as_they_would(env, agent):
    def one_more(agent):
        assert [episode.length for episode in train(env, agent, episodes=1)] == [200]
        return agent.epsilon, agent.get_state()

    one_more(agent)
    taken = agent.get_state()
    once = one_more(agent)
    agent.set_state(taken)
    assert agent.epsilon == pytest.approx(0.995**201)
    np.testing.assert_equal(one_more(agent), once)
    agent.restart(5)
    np.testing.assert_equal(one_more(agent), one_more(TutorialAgent(env, seed=5)))


def test_live_settings_change_and_what_the_tutorial_builds_in_does_not(agent):
    agent.change(learning_rate=0.0)
    before = agent.parameters[ONLINE]
    drive(agent, 32, seed=4)
    assert agent.updates == 32
    np.testing.assert_equal(agent.parameters[ONLINE], before)
    with pytest.raises(ValueError, match="all_outputs cannot change during a run"):
        agent.change(all_outputs=False)


def test_the_printed_rewards_make_every_policy_worth_the_same():
    """-20 for an ending is what stepping for ever costs at gamma 0.95: nothing is left to choose."""
    printed = TutorialConfig()
    worth = np.full(3, printed.ending_reward)
    assert td_target(-1.0, 0.0, worth, printed.gamma) == pytest.approx(printed.ending_reward)
    assert td_target(-1.0, 0.0, worth, 0.99) < printed.ending_reward - 0.7


def test_every_setting_has_the_value_that_was_printed_or_ours():
    ours, printed = vars(DQNConfig()), TutorialConfig()
    assert {k: v for k, v in vars(printed).items() if k not in ours or v != ours[k]} == PRINTED
    assert repr(printed.replace(hold=32)) == "TutorialConfig(hold=32)"
    with pytest.raises(ValueError, match=r"ending_reward must lie in \[-1000, 1000\], got -2000"):
        TutorialConfig(ending_reward=-2_000)
