"""The DQN agent: its compiled step is the obvious one, its settings act at once, and it learns."""

import copy
from dataclasses import fields

import gymnasium as gym
import numpy as np
import pytest

from dqn_lib import mountain_car
from dqn_lib.agents import learner
from dqn_lib.agents.backend import tf
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.learner import MEAN, ONLINE, SQUARE, TARGET
from dqn_lib.agents.q_network import QFunction
from dqn_lib.config import DQNConfig
from dqn_lib.evaluation import greedy_returns
from dqn_lib.training import TrainingLog, train

SMALL = DQNConfig(
    hidden=(16, 16), memory_size=256, learning_starts=32, batch_size=8, learn_every=4, updates=4, n_step=3
)


def with_memories(config: DQNConfig, xla: bool | None = None) -> DQNAgent:
    """An agent with random memories, all kinds of episode ends among them, and two different networks."""
    agent = DQNAgent(mountain_car.make(), config, seed=3, xla=xla)
    rng = np.random.default_rng(4)
    draw = mountain_car.STATE_LOW, mountain_car.STATE_HIGH
    for number in range(100):
        terminated, truncated = number % 7 == 3, number % 11 == 5
        state, following = rng.uniform(*draw), rng.uniform(*draw)
        reward = float(rng.normal(0, 3))  # errors on both sides of the bend in Huber's loss
        agent.memory.add(
            state, rng.integers(3), reward, following, terminated=terminated, truncated=truncated
        )
    parameters = agent.parameters.copy()
    parameters[TARGET] += rng.normal(0, 0.3, parameters[TARGET].shape)
    parameters[SQUARE] = 1e-4  # so that Adam does not blow rounding up to whole steps
    agent.parameters = parameters
    return agent


def arrays(agent: DQNAgent, row: int) -> list:
    """One row of the parameters as Keras lists weights: a kernel, a bias, a kernel, a bias ..."""
    layers = QFunction.from_flat(agent.parameters[row], agent.sizes).layers
    return [array.copy() for layer in layers for array in layer]


@pytest.fixture
def agent():
    return with_memories(SMALL)


@pytest.fixture
def no_compiler(monkeypatch):
    """From the call on, whatever has to be compiled fails."""

    def begin():
        def refuse(*arguments):
            raise AssertionError("compiled again")

        monkeypatch.setattr(learner, "compiled", refuse)

    return begin


def forward(weights, states):
    low, high = mountain_car.STATE_LOW, mountain_car.STATE_HIGH
    values = tf.constant(8 * (2 * (states - low) / (high - low) - 1), tf.float32)
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        values = tf.nn.relu(values @ kernel + bias)
    return values @ weights[-2] + weights[-1]


def loss_of(errors, kind):
    if kind == "squared":
        return tf.reduce_mean(errors**2 / 2)
    inside = tf.clip_by_value(errors, -1.0, 1.0)
    return tf.reduce_mean(inside**2 / 2 + tf.abs(errors - inside))


def slowly(online, target, first, second, batches, config):
    """The textbook: one batch after the other, one sample after the other, Adam and the target by hand."""
    for number, batch in enumerate(batches, start=1):
        next_q, chooser = forward(target, batch.next_states).numpy(), forward(online, batch.next_states)
        targets = []
        for i in range(len(batch.actions)):
            action = np.argmax(chooser[i] if config.double else next_q[i])
            future = 0.0 if batch.terminated[i] else batch.discounts[i] * next_q[i, action]
            targets.append(batch.reward_sums[i] + future)
        weights = [tf.constant(w) for w in online]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            q = forward(weights, batch.states)
            errors = tf.stack(
                [t - q[i, a] for i, (t, a) in enumerate(zip(targets, batch.actions, strict=True))]
            )
            loss = loss_of(errors, config.loss)
        for k, gradient in enumerate(tape.gradient(loss, weights)):
            first[k] = 0.9 * first[k] + 0.1 * gradient.numpy()
            second[k] = 0.999 * second[k] + 0.001 * gradient.numpy() ** 2
            mean, square = first[k] / (1 - 0.9**number), second[k] / (1 - 0.999**number)
            online[k] = online[k] - np.float32(config.learning_rate) * mean / (np.sqrt(square) + 1e-7)
        if config.target_update == "soft":
            target = [t + config.tau * (w - t) for t, w in zip(target, online, strict=True)]
        elif config.target_update == "every_step" or number % config.target_period == 0:
            target = [w.copy() for w in online]
    return online, target


def assert_learns_like_the_slow_version(agent):
    config = agent.config
    twin = copy.deepcopy(agent.memory)
    chunks = [twin.sample((config.updates, config.batch_size), config.n_step, config.gamma) for _ in "12"]
    batches = [type(c)(*(array[i] for array in c)) for c in chunks for i in range(config.updates)]
    rows = [arrays(agent, row) for row in (ONLINE, TARGET, MEAN, SQUARE)]
    online, target = slowly(*rows, batches, config)
    agent.learn()
    agent.learn()
    for name, row, slow in (("online", ONLINE, online), ("target", TARGET, target)):
        for fast, obvious in zip(arrays(agent, row), slow, strict=True):
            np.testing.assert_allclose(fast, obvious, rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    "settings",
    [
        {"target_update": "soft", "tau": 0.2},
        {"target_update": "hard", "target_period": 3},
        {"target_update": "hard", "target_period": 100},
        {"target_update": "every_step"},
    ],
    ids=str,
)
def test_a_compiled_chunk_of_updates_equals_the_slow_obvious_version(agent, settings):
    agent.change(**settings)
    assert_learns_like_the_slow_version(agent)


@pytest.mark.parametrize("variant", [{"double": False}, {"loss": "squared"}], ids=str)
def test_single_targets_and_squared_loss_equal_the_slow_version_too(variant):
    assert_learns_like_the_slow_version(with_memories(SMALL.replace(tau=0.2, **variant)))


def test_the_plain_graph_equals_the_slow_version_too():
    assert_learns_like_the_slow_version(with_memories(SMALL.replace(tau=0.2), xla=False))


def test_changing_any_live_setting_compiles_nothing_again(agent, no_compiler):
    changes = {
        "gamma": 0.9,
        "learning_rate": 0.01,
        "tau": 0.5,
        "target_update": "hard",
        "target_period": 2,
        "epsilon": 0.5,
        "hold": 3,
    }
    assert changes.keys() == {spec.name for spec in fields(DQNConfig) if spec.metadata["live"]}
    agent.compile()
    no_compiler()
    for name, value in changes.items():
        agent.change(**{name: value})
        before = agent.parameters
        agent.learn()
        assert getattr(agent.config, name) == value
        assert (agent.parameters[ONLINE] != before[ONLINE]).any()


def test_a_learning_rate_of_zero_leaves_the_online_network_alone(agent):
    before = agent.parameters
    agent.change(learning_rate=0.0)
    agent.learn()
    np.testing.assert_equal(agent.parameters[ONLINE], before[ONLINE])
    assert np.abs(agent.parameters[TARGET] - before[TARGET]).max() > 1e-4


def test_a_tau_of_zero_leaves_the_target_network_alone(agent):
    before = agent.parameters
    agent.change(target_update="soft", tau=0.0)
    agent.learn()
    np.testing.assert_equal(agent.parameters[TARGET], before[TARGET])
    assert np.abs(agent.parameters[ONLINE] - before[ONLINE]).max() > 1e-4


def test_without_a_gamma_the_target_network_does_not_matter(agent):
    start = copy.deepcopy(agent.get_state())
    learnt = {}
    for gamma in (0.0, 0.9):
        for shift in (0.0, 5.0):
            agent.set_state(start)
            agent.parameters = agent.parameters + shift * (np.arange(4) == TARGET)[:, None]
            agent.change(gamma=gamma)
            agent.learn()
            learnt[gamma, shift] = agent.parameters[ONLINE]
    np.testing.assert_equal(learnt[0.0, 0.0], learnt[0.0, 5.0])
    assert np.abs(learnt[0.9, 0.0] - learnt[0.9, 5.0]).max() > 1e-5


def test_the_target_of_the_hard_rule_jumps_only_when_its_period_is_full(agent):
    agent.change(target_update="hard", target_period=8)
    before = agent.parameters
    agent.learn()
    np.testing.assert_equal(agent.parameters[TARGET], before[TARGET])
    agent.learn()
    np.testing.assert_equal(agent.parameters[TARGET], agent.parameters[ONLINE])


def test_a_changed_epsilon_acts_from_the_next_step(agent):
    states = [np.array([x, 0.0], np.float32) for x in np.linspace(-1.2, 0.6, 300)]
    greedy = np.argmax(forward(arrays(agent, ONLINE), np.array(states)), axis=-1)
    agent.change(epsilon=0.0)
    assert agent.epsilon == 0.0
    np.testing.assert_equal([agent.act(state) for state in states], greedy)
    agent.change(epsilon=1.0, hold=1)
    assert len({agent.act(states[0]) for _ in range(50)}) == 3
    agent.change(epsilon=None)
    assert agent.epsilon == SMALL.epsilon_start


def test_a_changed_hold_acts_from_the_next_step(agent):
    def switches(hold):
        agent.change(epsilon=1.0, hold=hold)
        return np.count_nonzero(np.diff([agent.act(np.zeros(2, np.float32)) for _ in range(600)]))

    assert switches(1) > 300
    assert switches(50) < 60


def test_a_setting_that_is_built_in_cannot_be_changed_in_a_running_agent(agent):
    with pytest.raises(ValueError, match="batch_size cannot change during a run"):
        agent.change(batch_size=16)
    assert agent.config == SMALL


def test_learning_waits_for_its_start_and_then_comes_every_few_steps(agent):
    updates = []
    for _ in range(48):
        agent.observe(np.zeros(2), 0, -1.0, np.zeros(2), terminated=False, truncated=False)
        updates.append(agent.updates)
    assert updates[:31] == [0] * 31
    assert updates[31:] == [4] * 4 + [8] * 4 + [12] * 4 + [16] * 4 + [20]


def test_the_agent_acts_with_its_latest_weights_and_old_q_functions_are_unchanged(agent):
    states = np.random.default_rng(0).uniform(mountain_car.STATE_LOW, mountain_car.STATE_HIGH, (50, 2))
    kept, before = agent.q, agent.q(states)
    agent.learn()
    np.testing.assert_allclose(agent.q(states), forward(arrays(agent, ONLINE), states), rtol=1e-4, atol=1e-4)
    assert np.abs(agent.q(states) - before).max() > 1e-3
    np.testing.assert_equal(kept(states), before)


def test_a_q_function_holds_only_its_own_weights_in_memory():
    q = DQNAgent(gym.make("MountainCar-v0")).q
    array = q.layers[-1][0]
    while array.base is not None:
        array = array.base
    assert array.nbytes == q.to_flat().nbytes  # not both networks and the optimiser's averages


def test_the_target_network_is_always_the_current_one(agent):
    states = np.random.default_rng(0).uniform(mountain_car.STATE_LOW, mountain_car.STATE_HIGH, (50, 2))
    for _ in range(2):
        agent.learn()
        expected = forward(arrays(agent, TARGET), states)
        np.testing.assert_allclose(agent.target_q(states), expected, rtol=1e-4, atol=1e-4)
        assert np.abs(agent.target_q(states) - agent.q(states)).max() > 1e-3


def test_the_networks_of_inputs_that_are_not_rescaled_are_fine():
    raw = DQNAgent(mountain_car.make(), SMALL.replace(input_range=None))
    states = np.float32([[-0.5, 0.02], [0.3, -0.01]])
    values = states
    for kernel, bias in raw.target_q.layers[:-1]:
        values = np.maximum(values @ kernel + bias, 0)
    kernel, bias = raw.target_q.layers[-1]
    assert not raw.scaling[1].any() and (raw.scaling[0] == 1).all()
    np.testing.assert_array_equal(np.ravel(raw.target_q.layers[0][0]), raw.parameters[TARGET][:32])
    np.testing.assert_allclose(raw.q(states), values @ kernel + bias, rtol=1e-5)


def test_parameters_set_by_hand_act_at_once(agent):
    agent.parameters = np.zeros_like(agent.parameters)
    assert not agent.q([-0.5, 0.0]).any()
    assert not agent.target_q([-0.5, 0.0]).any()


def test_compiling_ahead_changes_nothing_and_saves_the_first_update_its_wait(no_compiler):
    agent = with_memories(SMALL.replace(hidden=(7,)))
    before = copy.deepcopy(agent.get_state())
    agent.compile()
    np.testing.assert_equal(agent.get_state(), before)
    no_compiler()
    agent.learn()


def test_a_restored_agent_continues_identically(agent):
    agent.learn()
    taken = copy.deepcopy(agent.get_state())
    agent.learn()
    once = copy.deepcopy(agent.get_state())
    agent.set_state(taken)
    agent.learn()
    np.testing.assert_equal(agent.get_state(), once)


@pytest.mark.parametrize("seed", [None, 3, 9])
def test_a_restarted_agent_is_a_new_one_with_its_seed_and_settings(agent, seed, no_compiler):
    live = {"learning_rate": 0.02, "gamma": 0.5, "tau": 0.3, "epsilon": 0.7, "hold": 2}
    list(train(mountain_car.make(max_episode_steps=40), agent, episodes=1))
    agent.change(**live)
    agent.learn()
    no_compiler()
    agent.restart(seed)
    new = DQNAgent(mountain_car.make(), SMALL.replace(**live), seed=seed or 3)
    assert (agent.seed, agent.config) == (new.seed, new.config)
    np.testing.assert_equal(agent.get_state(), new.get_state())
    states = mountain_car.start_states(20, seed=0)
    np.testing.assert_array_equal(agent.q(states), new.q(states))
    for one in (agent, new):
        list(train(mountain_car.make(max_episode_steps=60), one, episodes=1))
    assert agent.updates > 0
    np.testing.assert_equal(agent.get_state(), new.get_state())


def test_a_restart_with_a_bad_seed_is_refused_and_changes_nothing(agent):
    before = copy.deepcopy(agent.get_state())
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        agent.restart(-1)
    assert agent.seed == 3
    np.testing.assert_equal(agent.get_state(), before)


def test_q_functions_from_before_a_restart_are_unchanged(agent):
    kept, states = agent.q, mountain_car.start_states(20, seed=0)
    before = kept(states)
    agent.restart(9)
    np.testing.assert_array_equal(kept(states), before)
    assert (agent.q(states) != before).any()


def test_the_seed_decides_the_starting_weights_and_both_networks_start_equal():
    env = mountain_car.make()
    same, again, other = (DQNAgent(env, SMALL, seed=seed, xla=False) for seed in (1, 1, 2))
    np.testing.assert_equal(same.get_state(), again.get_state())
    assert (same.q.to_flat() != other.q.to_flat()).any()
    np.testing.assert_equal(same.parameters[ONLINE], same.parameters[TARGET])
    assert not same.parameters[[MEAN, SQUARE]].any()


@pytest.mark.parametrize(("seed", "error"), [(-1, ValueError), (0.5, TypeError), (True, TypeError)])
def test_a_seed_that_is_no_natural_number_is_refused_by_name(seed, error):
    with pytest.raises(error, match=f"seed must be .*got {seed}"):
        DQNAgent(mountain_car.make(), seed=seed)


def test_an_environment_with_continuous_actions_is_refused():
    with pytest.raises(TypeError, match="action_space must be Discrete, got Box"):
        DQNAgent(gym.make("Pendulum-v1"))


@pytest.mark.slow
def test_the_agent_works_in_acrobot_too():
    env = gym.make("Acrobot-v1", max_episode_steps=60)
    agent = DQNAgent(env, SMALL, xla=False)
    assert [episode.length for episode in train(env, agent, episodes=2)] == [60, 60]
    assert agent.updates == 4 * 23  # at steps 32, 36, ..., 120
    assert greedy_returns(agent.q, env, episodes=2).shape == (2,)


@pytest.mark.slow
def test_on_cartpole_a_few_thousand_steps_beat_the_untrained_policy_by_far():
    env, ruler = gym.make("CartPole-v1"), gym.make("CartPole-v1")
    config = DQNConfig(
        n_step=3,
        tau=0.02,
        hold=1,
        input_range=1.0,
        bias_range=0.1,
        learning_starts=200,
        epsilon_wait=0,
        epsilon_decay=2_000,
    )
    agent = DQNAgent(env, config, seed=0)
    before = greedy_returns(agent.q, ruler, episodes=10).mean()
    for _ in train(env, agent, steps=3_000):
        pass
    assert before < 30
    assert greedy_returns(agent.q, ruler, episodes=10).mean() > 100


@pytest.mark.slow
def test_the_default_configuration_solves_mountaincar():
    env = mountain_car.make()
    agent, log = DQNAgent(env, seed=0), TrainingLog()
    for _ in log.record(train(env, agent, steps=20_000), agent, env):
        if log.solved_at(mountain_car.SOLVED_RETURN) is not None:
            break
    assert log.checks[0].mean < -150
    assert log.solved_at(mountain_car.SOLVED_RETURN) is not None, [check.mean for check in log.checks]
