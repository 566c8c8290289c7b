"""Each defect is what it says, and nothing else: by hand, on single steps."""

from functools import partial

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents import bugs as defects
from dqn_lib.agents import learner
from dqn_lib.agents.backend import tf
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_network import split
from dqn_lib.config import DQNConfig

SMALL = DQNConfig(hidden=(8,), memory_size=64, batch_size=4, n_step=1, loss="squared")
STATE, NEXT = np.array([-0.5, 0.01], np.float32), np.array([-0.49, 0.02], np.float32)


def make(name, seed=0):
    kind = getattr(defects, name, DQNAgent)
    return kind(mountain_car.make(), SMALL, seed=seed, xla=False)


@pytest.mark.parametrize(
    ("name", "terminated", "truncated", "reward", "remembered"),
    [
        ("TimeLimitIsTerminal", False, True, -1, True),
        ("TimeLimitIsTerminal", True, False, -1, True),
        ("TimeLimitIsTerminal", False, False, -1, False),
        ("FlagIsNoEnd", True, False, -1, False),
        ("FlagIsNoEnd", False, True, -1, False),
        ("FlagPunished", True, False, -100, True),
        ("FlagPunished", False, True, -1, False),
        ("FlagPunished", False, False, -1, False),
    ],
)
def test_what_is_stored(name, terminated, truncated, reward, remembered):
    agent = make(name)
    agent.observe(STATE, 2, -1.0, NEXT, terminated=terminated, truncated=truncated)
    assert agent.memory.rewards[0] == reward
    assert agent.memory.terminated[0] == remembered
    assert agent.memory.episode_end[0] == (terminated or truncated)


@pytest.fixture
def batch():
    agent = make("DQNAgent")
    rng = np.random.default_rng(0)
    for number in range(20):
        state, following = rng.uniform(mountain_car.STATE_LOW, mountain_car.STATE_HIGH, size=(2, 2))
        agent.observe(state, number % 3, -1.0, following, terminated=number == 7, truncated=False)
    return agent.memory.sample(4, 1, 0.99)


def losses(name, batch):
    """The loss of the defect and of the healthy agent, the Q-values, and the healthy targets."""
    ill, well = make(name), make("DQNAgent")
    networks = well.q, well.target_q
    targets = well._objective().targets(batch, *networks)
    both = [float(one._objective().batch_loss(batch, targets, *networks)) for one in (ill, well)]
    return *both, well.q(batch.states), np.array(targets)


def test_a_row_minus_a_column_compares_everything_with_everything(batch):
    ill, well, q, targets = losses("RowMinusColumn", batch)
    taken = np.take_along_axis(q, batch.actions[:, None], axis=-1)
    assert ill == pytest.approx(0.5 * np.mean((targets - taken) ** 2), rel=1e-5)
    assert well == pytest.approx(0.5 * np.mean((targets - taken[:, 0]) ** 2), rel=1e-5)


def test_without_a_stop_gradient_the_target_has_a_gradient(batch):
    def gradient(name):
        agent = make(name)
        layers = split(tf.constant(agent.parameters[learner.ONLINE]), agent.sizes, xp=learner.tnp)
        online = partial(learner.q_values, layers)
        scaled = batch._replace(
            **{
                key: getattr(batch, key) * agent.scaling[0] + agent.scaling[1]
                for key in ("states", "next_states")
            }
        )
        targets = agent._objective().targets(scaled, online, online)  # both networks are still the same
        with tf.GradientTape() as tape:
            tape.watch(layers)
            loss = agent._objective().batch_loss(scaled, targets, online, online)
        return float(loss), tape.gradient(loss, layers)[-1][-1].numpy()

    (ill_loss, ill), (well_loss, well) = gradient("NoStopGradient"), gradient("DQNAgent")
    assert ill_loss == pytest.approx(well_loss, rel=1e-5)  # as long as both networks are the same
    # Output biases move every value alike: what raises the estimate raises the target by 0.99 of that.
    assert np.abs(ill.sum()) < 0.5 * np.abs(well.sum())
