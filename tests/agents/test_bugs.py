"""Each bug is what it says, and nothing else: by hand, on single steps."""

from functools import partial

import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents import bugs, learner
from dqn_lib.agents.backend import tf
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_network import split
from dqn_lib.config import DQNConfig

SMALL = DQNConfig(hidden=(8,), memory_size=64, batch_size=4, n_step=1, loss="squared")


def make(kind):
    return kind(mountain_car.make(), SMALL, xla=False)


@pytest.mark.parametrize(
    ("kind", "terminated", "truncated", "reward", "remembered"),
    [
        (bugs.TimeLimitIsTerminal, False, True, -1, True),
        (bugs.TimeLimitIsTerminal, True, False, -1, True),
        (bugs.TimeLimitIsTerminal, False, False, -1, False),
        (bugs.FlagIsNoEnd, True, False, -1, False),
        (bugs.FlagIsNoEnd, False, True, -1, False),
        (bugs.FlagPunished, True, False, -100, True),
        (bugs.FlagPunished, False, True, -1, False),
        (bugs.FlagPunished, False, False, -1, False),
    ],
)
def test_what_is_stored(kind, terminated, truncated, reward, remembered):
    agent = make(kind)
    agent.observe([-0.5, 0.01], 2, -1.0, [-0.49, 0.02], terminated=terminated, truncated=truncated)
    assert agent.memory.rewards[0] == reward
    assert agent.memory.terminated[0] == remembered
    assert agent.memory.episode_end[0] == (terminated or truncated)


@pytest.fixture
def batch():
    agent = make(DQNAgent)
    rng = np.random.default_rng(0)
    for number in range(20):
        state, following = rng.uniform(mountain_car.STATE_LOW, mountain_car.STATE_HIGH, size=(2, 2))
        agent.observe(state, number % 3, -1.0, following, terminated=number == 7, truncated=False)
    return agent.memory.sample(4, 1, 0.99)


def test_a_row_minus_a_column_compares_everything_with_everything(batch):
    well, networks = make(DQNAgent), (make(DQNAgent).q, make(DQNAgent).target_q)
    targets = np.array(well._objective().targets(batch, *networks))
    taken = np.take_along_axis(well.q(batch.states), batch.actions[:, None], axis=-1)
    for kind, errors in ((bugs.RowMinusColumn, targets - taken), (DQNAgent, targets - taken[:, 0])):
        loss = make(kind)._objective().batch_loss(batch, targets, *networks)
        assert float(loss) == pytest.approx(0.5 * np.mean(errors**2), rel=1e-5)


def test_without_a_stop_gradient_the_target_has_a_gradient(batch):
    def gradient(kind):
        agent = make(kind)
        layers, frozen = (
            split(tf.constant(agent.parameters[row]), agent.sizes, xp=learner.tnp)
            for row in (learner.ONLINE, learner.TARGET)
        )
        online, target = partial(learner.q_values, layers), partial(learner.q_values, frozen)
        scale, offset = agent.scaling
        scaled = batch._replace(
            states=batch.states * scale + offset, next_states=batch.next_states * scale + offset
        )
        targets = agent._objective().targets(scaled, online, target)
        with tf.GradientTape() as tape:
            tape.watch(layers)
            loss = agent._objective().batch_loss(scaled, targets, online, target)
        return float(loss), tape.gradient(loss, layers)[-1][-1].numpy()

    (ill_loss, ill), (well_loss, well) = gradient(bugs.NoStopGradient), gradient(DQNAgent)
    assert ill_loss == pytest.approx(well_loss, rel=1e-5)  # as long as both networks are the same
    # Output biases move every value alike: what raises the estimate raises the target by 0.99 of that.
    assert np.abs(ill.sum()) < 0.5 * np.abs(well.sum())
