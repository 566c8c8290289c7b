"""The gradient step is the one that Keras takes, and every agent that needs the same one shares it."""

import itertools
import subprocess
import sys
import threading
import warnings
from dataclasses import asdict, dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from dqn_lib import mountain_car
from dqn_lib.agents import bugs, learner
from dqn_lib.agents.backend import keras, tf
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.learner import ONLINE, TARGET, Objective, compiled_steps
from dqn_lib.agents.q_network import QFunction
from dqn_lib.agents.tutorial import TutorialAgent, TutorialConfig
from dqn_lib.config import DQNConfig
from dqn_lib.replay import Batch

pytestmark = pytest.mark.slow

SIZES = (2, 6, 5, 3)
UPDATES, BATCH = 4, 8
SMALL = DQNConfig(
    hidden=(6, 5), memory_size=256, learning_starts=32, batch_size=BATCH, learn_every=4, updates=UPDATES
)
RATE = np.float32(1e-3)
SCALING = np.array([[3.0, 40.0], [1.0, -0.5]], np.float32)
SOFT, HARD = np.full(UPDATES, 0.2, np.float32), np.array([0, 0, 1, 0], np.float32)


def random_parameters():
    """Two networks that differ, and an Adam that has seen nothing."""
    rng = np.random.default_rng(0)
    weights = sum((i + 1) * o for i, o in itertools.pairwise(SIZES))
    parameters = np.zeros((4, weights), np.float32)
    parameters[[ONLINE, TARGET]] = rng.normal(0, 0.5, (2, weights))
    return parameters


def random_batches(updates=UPDATES):
    """Windows of random states, a fifth of them terminated, with rewards on both sides of Huber's bend."""
    rng, shape = np.random.default_rng(1), (updates, BATCH)
    states, following = rng.uniform([-1.2, -0.07], [0.6, 0.07], (2, *shape, 2)).astype(np.float32)
    return Batch(
        states,
        rng.integers(3, size=shape).astype(np.int32),
        rng.normal(0, 2, shape).astype(np.float32),
        following,
        (rng.random(shape) < 0.2).astype(np.float32),
        rng.uniform(0.5, 1, shape).astype(np.float32),
    )


def arguments(parameters, batches, taus=SOFT, before=0):
    return parameters, *batches, taus, RATE, np.float32(before), SCALING


def keras_network(flat):
    hidden = [keras.layers.Dense(units, "relu") for units in SIZES[1:-1]]
    layers = [keras.Input((2,)), keras.layers.Rescaling(*SCALING), *hidden, keras.layers.Dense(SIZES[-1])]
    network = keras.Sequential(layers)
    network.set_weights([a for layer in QFunction.from_flat(flat, SIZES).layers for a in layer])
    return network


def by_keras(objective, parameters, batches, taus):
    """The same steps as one would write them with Keras: online weights, target weights, losses."""
    online, target = keras_network(parameters[ONLINE]), keras_network(parameters[TARGET])
    adam, losses = keras.optimizers.Adam(float(RATE)), []
    loss_of = (
        keras.losses.Huber() if objective.loss == "huber" else lambda a, b: tf.reduce_mean((a - b) ** 2) / 2
    )
    for number, tau in enumerate(taus):
        batch, rows = Batch(*(array[number] for array in batches)), np.arange(BATCH)
        next_q = target(batch.next_states).numpy()
        chosen = (online(batch.next_states).numpy() if objective.double else next_q).argmax(axis=-1)
        aims = batch.reward_sums + (1 - batch.terminated) * batch.discounts * next_q[rows, chosen]
        with tf.GradientTape() as tape:
            estimates = tf.gather(online(batch.states), batch.actions, axis=1, batch_dims=1)
            loss = loss_of(tf.constant(aims), estimates)
        adam.apply_gradients(
            zip(tape.gradient(loss, online.trainable_variables), online.trainable_variables, strict=True)
        )
        pairs = zip(online.get_weights(), target.get_weights(), strict=True)
        target.set_weights([tau * new + (1 - tau) * old for new, old in pairs])
        losses.append(float(loss))
    flat = [np.concatenate([w.ravel() for w in network.get_weights()]) for network in (online, target)]
    return *flat, losses


@pytest.mark.parametrize(
    ("objective", "taus"),
    [
        (Objective(double=True, loss="huber"), SOFT),
        (Objective(double=False, loss="huber"), HARD),
        (Objective(double=True, loss="squared"), HARD),
    ],
    ids=str,
)
def test_two_chunks_of_steps_are_those_of_keras(objective, taus):
    now, batches, losses = random_parameters(), random_batches(updates=2 * UPDATES), []
    online, target, expected = by_keras(objective, now, batches, [*taus, *taus])
    steps = compiled_steps(objective, SIZES, UPDATES, BATCH)
    for start in (0, UPDATES):
        chunk = Batch(*(array[start : start + UPDATES] for array in batches))
        before = now.copy()
        found, more = steps(*arguments(now, chunk, taus, before=start))
        np.testing.assert_array_equal(now, before)  # the arguments are not modified
        now, losses = found, [*losses, *more]
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert np.abs(now[ONLINE] - random_parameters()[ONLINE]).max() > 3 * RATE
    np.testing.assert_allclose(now[ONLINE], online, rtol=0, atol=RATE / 50)
    np.testing.assert_allclose(now[TARGET], target, rtol=0, atol=RATE / 50)


# --- shared -------------------------------------------------------------------------------------------


def agent_of(kind=DQNAgent, env=None, seed=0, **settings):
    return kind(env or mountain_car.make(), SMALL.replace(**settings), seed=seed, xla=False)


def env_with(low, high, actions=3):
    return SimpleNamespace(observation_space=Box(low, high, (2,), np.float32), action_space=Discrete(actions))


def test_arguments_of_the_step_do_not_compile_it_again():
    live = {"gamma": 0.5, "learning_rate": 0.1, "tau": 0.5, "target_update": "hard", "hold": 3}
    plain_tutorial = TutorialConfig(**asdict(SMALL), all_outputs=False)
    for other in (
        agent_of(seed=5, memory_size=999, learning_starts=7, learn_every=3, n_step=5, **live),
        agent_of(env=env_with(-10, 10), input_range=2.0),
        agent_of(input_range=None),
        agent_of(bugs.TimeLimitIsTerminal),
        TutorialAgent(mountain_car.make(), plain_tutorial, xla=False),
    ):
        assert other._compiled() is agent_of()._compiled(), other.config


def test_another_shape_or_objective_is_compiled_separately():
    others = [{"hidden": (6,)}, {"hidden": (5, 6)}, {"updates": 5}, {"batch_size": 9}, {"double": False}]
    others += [{"loss": "squared"}, {"kind": bugs.NoStopGradient}, {"env": env_with(-1, 1, actions=2)}]
    for other in others:
        assert agent_of(**other)._compiled() is not agent_of()._compiled(), other


def test_a_class_defined_again_with_other_contents_is_compiled_again():
    def define(factor):
        class Mine(DQNAgent):
            class Objective(learner.Objective):
                def targets(self, *arguments):
                    return factor * super().targets(*arguments)

        return Mine

    learnt = []
    for kind in (define(1.0), define(0.0), DQNAgent):
        agent = agent_of(kind, seed=1)
        for number in range(40):
            state = [-0.5, 0.01 * (number % 5)]
            agent.memory.add(state, number % 3, -1.0, [-0.4, 0], terminated=False, truncated=False)
        agent.learn()
        learnt.append(agent.parameters)
    np.testing.assert_array_equal(learnt[0], learnt[2])
    assert (learnt[0] != learnt[1]).any()


def test_two_threads_that_ask_for_the_same_step_compile_it_once(monkeypatch):
    real, compilations, found = learner.compiled, [], []
    start = threading.Barrier(2)

    def compiled(*arguments):
        compilations.append(threading.get_ident())
        return real(*arguments)

    def ask():
        start.wait()
        found.append(compiled_steps(Objective(), (2, 9, 3), 3, 4, xla=False))

    monkeypatch.setattr(learner, "compiled", compiled)
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(compilations) == 1
    assert len(found) == 2 and found[0] is found[1]


MANY = """
import resource, sys
import numpy as np
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig

env = mountain_car.make()
config = DQNConfig(hidden=(16, 16), memory_size=5_000, learning_starts=32, batch_size=8, updates=4)

def live(seed):
    agent = DQNAgent(env, config, seed=seed)
    agent.memory.states[:] = agent.memory.next_states[:] = -0.5  # so that all of it is in memory
    for _ in range(40):
        action = agent.act(np.zeros(2))
        agent.observe(np.zeros(2), action, -1.0, np.zeros(2), terminated=False, truncated=False)
    assert agent.updates

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

for seed in range(20):
    live(seed)
before = peak()
for seed in range(20, 220):
    live(seed)
print((peak() - before) / 200)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="how much memory a process holds is asked of Unix")
def test_two_hundred_agents_one_after_the_other_leave_less_than_20_kilobytes_each():
    done = subprocess.run(
        [sys.executable, "-c", MANY], capture_output=True, text=True, timeout=500, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert float(done.stdout) < 20_000  # an agent is 0.2 MB, what is compiled for it 5 MB


# --- with and without XLA -----------------------------------------------------------------------------


@dataclass(frozen=True)
class ByNumPy(Objective):
    """The same targets, but on a way that XLA cannot compile."""

    def targets(self, *arguments):
        targets = tf.numpy_function(np.array, [super().targets(*arguments)], tf.float32)
        return tf.ensure_shape(targets, (BATCH,))


def test_without_xla_there_is_one_warning_and_the_same_result():
    inputs = arguments(random_parameters(), random_batches())
    message = r"XLA cannot compile the gradient step here \(Detected .*PyFunc"
    with pytest.warns(UserWarning, match=message) as said:
        steps = compiled_steps(ByNumPy(), SIZES, UPDATES, BATCH)
        assert compiled_steps(ByNumPy(), SIZES, UPDATES, BATCH) is steps
    assert len(said) == 1
    for xla, tolerance in ((False, 0), (True, RATE / 50)):
        healthy = compiled_steps(Objective(), SIZES, UPDATES, BATCH, xla=xla)
        for one, other in zip(steps(*inputs), healthy(*inputs), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)
    with pytest.raises(tf.errors.OpError, match="PyFunc"):
        compiled_steps(ByNumPy(), SIZES, UPDATES, BATCH, xla=True)


@pytest.mark.parametrize("error", [ValueError, RuntimeError])
def test_a_mistake_in_an_objective_is_raised_as_it_is(error):
    class Mistaken(Objective):
        def error_loss(self, _):
            raise error("my own mistake")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error, match="my own mistake"):
            compiled_steps(Mistaken(), SIZES, UPDATES, BATCH)


@tf.function(autograph=False)
def squeezed(values):
    """Traced twice, for a row and for a column: two functions that differ in their number only."""
    return tf.tanh(values) if len(values.shape) == 1 else 0.5 * values


@dataclass(frozen=True)
class Branching(Objective):
    """Made of functions of one name inside of another: TensorFlow tells them apart by a number."""

    def targets(self, batch, online, target):
        targets = super().targets(batch, online, target)
        for _ in range(2):
            targets = tf.map_fn(self.bent, targets)
        return squeezed(targets) + squeezed(targets[:, None])[:, 0]

    @staticmethod
    def bent(value):
        value = tf.cond(value > 0, lambda: 0.5 * value, lambda: 2.0 * value)
        value = tf.cond(value > 1, lambda: value - 1.0, lambda: value + 1.0)
        where = tf.cast(value > 0.5, tf.int32)
        return tf.switch_case(where, [lambda: 3.0 * value, lambda: value**2])


@pytest.mark.parametrize("xla", [True, False])
def test_an_objective_may_branch_and_loop(xla):
    inputs = parameters, *batches, taus, rate, before, scaling = arguments(
        random_parameters(), random_batches()
    )
    steps = compiled_steps(Branching(), SIZES, UPDATES, BATCH, xla=xla)
    slowly = learner.gradient_steps(
        Branching(), SIZES, parameters, Batch(*batches), taus, rate, before, scaling
    )
    plain = compiled_steps(Objective(), SIZES, UPDATES, BATCH, xla=xla)(*inputs)
    for found, expected, other in zip(steps(*inputs), slowly, plain, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=RATE / 50)
        assert np.abs(found - other).max() > RATE
