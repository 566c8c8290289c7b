"""What a lesson builds by hand and what the library does instead are the same thing."""

import ast
import itertools
from pathlib import Path

import nbformat
import numpy as np
import pytest

from dqn_lib import mountain_car, targets
from dqn_lib.agents import learner, q_network
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.replay import ReplayMemory
from dqn_lib.statistics import bootstrap_interval
from dqn_lib.training import run_episode

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = {path.stem[:2]: path for path in sorted(NOTEBOOKS.glob("[!_]*.ipynb"))}
COMPARED_HERE = {
    "01": {"drive_once"},
    "02": {"cell_of", "learn_from_episode"},
    "03": {"scaled_network", "gradient_step"},
    "04": {"Ring", "n_step_target"},
    "05": {"polyak_update", "tau_at"},
    "07": {"bootstrap_interval"},
}


def cells_of(number):
    lesson = nbformat.read(LESSONS[number], as_version=4)
    return [cell for cell in lesson.cells if cell.cell_type == "code"]


def names_defined(source):
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {statement.name for statement in ast.parse(source).body if isinstance(statement, kinds)}


def is_piece(cell):
    return "piece" in cell.metadata.get("tags", [])


def run_imports(number):
    """The names of a lesson after its set-up cell."""
    names = {}
    exec(cells_of(number)[0].source, names)
    return names


def run_piece(number, name, names):
    """Run the one cell that builds this piece."""
    (source,) = (
        cell.source for cell in cells_of(number) if is_piece(cell) and name in names_defined(cell.source)
    )
    exec(source, names)
    return names[name]


def run_cell(number, text, names):
    """Run the first cell with this text in it."""
    exec(next(cell.source for cell in cells_of(number) if text in cell.source), names)


def push_with_the_motion(state):
    return np.where(np.asarray(state)[..., 1] < 0, 0, 2)


def random_states(count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(mountain_car.STATE_LOW, mountain_car.STATE_HIGH, size=(count, 2)).astype(np.float32)


def test_every_piece_of_a_lesson_is_compared_here():
    for number in LESSONS:
        pieces = set().union(*(names_defined(cell.source) for cell in cells_of(number) if is_piece(cell)))
        assert pieces == COMPARED_HERE.get(number, set())


@pytest.mark.parametrize("hold", [1, 32, None], ids=["trembling", "held", "with the motion"])
def test_one_episode_by_hand_is_what_the_simulation_drives(hold):
    names = run_imports("01")
    run_cell("01", 'env = gym.make("MountainCar-v0")', names)
    drive_once = run_piece("01", "drive_once", names)
    arrivals = 0
    for seed in range(10):
        names["env"].reset(seed=seed)
        start = names["env"].unwrapped.state[None].copy()
        rng = np.random.default_rng(seed)
        plan = np.repeat(rng.integers(3, size=200), hold or 1)[:200]
        remaining = iter(plan)
        policy = push_with_the_motion if hold is None else lambda state, actions=remaining: next(actions)
        states, actions, total, reached_flag = drive_once(policy, seed)

        drive = mountain_car.simulate(push_with_the_motion if hold is None else plan[:, None], start)
        assert drive.returns[0] == total
        assert drive.reached[0] == reached_flag
        assert actions.tolist() == drive.actions[: drive.lengths[0], 0].tolist()
        np.testing.assert_allclose(states, drive.trajectory(0), rtol=0, atol=1e-6)
        arrivals += reached_flag
    assert (arrivals == 0) == (hold == 1)


def states_at_every_edge():
    """On each side of the box and a hair beyond it, and its corners.

    The library's box is Gymnasium's, in float32, so between two cells inside it a rounding may decide.
    """
    box = np.array([mountain_car.STATE_LOW, mountain_car.STATE_HIGH])
    edges = [[position, velocity] for position in box[:, 0] for velocity in box[:, 1]]
    for axis, bound, beyond in itertools.product((0, 1), box, (-1e-9, 0.0, 1e-9)):
        side = random_states(100, seed=len(edges)).astype(float)
        side[:, axis] = bound[axis] + beyond
        edges += side.tolist()
    return np.array(edges)


def test_a_state_falls_into_the_same_cell_as_in_the_library():
    names = run_imports("02")
    cell_of = run_piece("02", "cell_of", names)
    table = QTableAgent(mountain_car.make(), TableConfig(cells=names["cells"])).table
    edges = states_at_every_edge()
    for states in (random_states(5_000), edges, edges.astype(np.float32)):
        by_hand = np.array([cell_of(state) for state in states])
        assert by_hand.min() == 0
        assert by_hand.max() == names["cells"] - 1
        np.testing.assert_array_equal(by_hand @ [names["cells"], 1], table.cell(states))


@pytest.mark.parametrize("experienced", [False, True], ids=["from zeros", "from a car that arrives"])
def test_episodes_written_into_a_table_by_hand_leave_what_the_agent_would_have_written(experienced):
    names = run_imports("02")
    run_piece("02", "cell_of", names)
    learn_from_episode = run_piece("02", "learn_from_episode", names)
    env = mountain_car.make()
    agent = QTableAgent(env, TableConfig(epsilon=0.0), seed=3)
    if experienced:
        agent.table.values[:, :10, 1:] -= 50
        agent.table.values[:, 10:, :2] -= 50
    table = agent.table.values.copy()
    arrivals = 0
    for episode in range(30):
        start_seed = np.random.SeedSequence([agent.seed, episode]).generate_state(1)[0]
        learn_from_episode(env, table, np.random.default_rng(0), seed=int(start_seed), epsilon=0.0)
        arrivals += run_episode(env, agent).terminated
        np.testing.assert_allclose(table, agent.table.values, rtol=0, atol=1e-12)
    assert (arrivals > 0) == experienced


@pytest.fixture(scope="module")
def lesson_3():
    """Its names, with `scaled_network`, and the scale and offset of its inputs, which are the library's."""
    names = run_imports("03")
    run_piece("03", "scaled_network", names)
    source = next(cell.source for cell in cells_of("03") if "stretch" in names_defined(cell.source))
    function = next(part for part in ast.parse(source).body if getattr(part, "name", "") == "stretch")
    exec(ast.unparse(function), names)
    names["scale"], names["offset"] = names["stretch"](8)
    scale, offset = q_network.input_scaling(mountain_car.make().observation_space, DQNConfig().input_range)
    np.testing.assert_allclose(names["scale"], scale, rtol=1e-6)
    np.testing.assert_allclose(names["offset"], offset, rtol=1e-6, atol=1e-6)
    return names


def anatomy(network):
    """Everything about a network but its numbers."""
    for layer in network.layers:
        parts = {"units": getattr(layer, "units", None)}
        if activation := getattr(layer, "activation", None):
            parts["activation"] = activation.__name__
        if biases := getattr(layer, "bias_initializer", None):
            ignored = ("seed", "value") if biases.get_config().get("value") == 0 else ("seed",)  # 0: Zeros
            parts["biases"] = {k: v for k, v in biases.get_config().items() if k not in ignored}
            parts["weights"] = type(layer.kernel_initializer).__name__
        yield type(layer).__name__, parts


def test_the_network_is_built_as_in_the_library(lesson_3):
    by_hand = lesson_3["scaled_network"](lesson_3["scale"], lesson_3["offset"])
    of_the_library = q_network.build(
        mountain_car.make(), DQNConfig(initial_value=0.0), np.random.default_rng(0)
    )
    assert list(anatomy(by_hand)) == list(anatomy(of_the_library))
    assert by_hand.count_params() == of_the_library.count_params()

    of_the_library.set_weights(by_hand.get_weights())
    states = random_states(500)
    np.testing.assert_allclose(by_hand(states), of_the_library(states), rtol=1e-5, atol=1e-5)


def test_the_gradient_step_leaves_the_weights_that_the_agent_would_have(lesson_3):
    """The agent halves its squared error. Adam divides a gradient by its own size plus a tiny epsilon, so
    with epsilon doubled as well both take the same steps; what remains is rounding.
    """
    gradient_step = run_piece("03", "gradient_step", lesson_3)
    network, optimizer = lesson_3["network"], lesson_3["optimizer"]
    optimizer.epsilon *= 2
    config = DQNConfig(n_step=1, double=False, target_update="every_step", loss="squared", updates=1)
    agent = DQNAgent(mountain_car.make(), config, seed=0)
    states, actions = random_states(2_000, seed=1), np.random.default_rng(2).integers(3, size=2_000)
    for state, action, after, end in zip(states, actions, *mountain_car.step(states, actions), strict=True):
        agent.memory.add(state, action, -1.0, after, terminated=end, truncated=False)
    agent.parameters = learner.initial_parameters(network.get_weights())

    arrivals = 0
    for _ in range(10):
        before = agent.memory.rng.bit_generator.state
        batch = agent.memory.sample((1, config.batch_size), config.n_step, config.gamma)
        agent.memory.rng.bit_generator.state = before
        agent.learn()
        loss = gradient_step(
            batch.states[0], batch.actions[0], batch.reward_sums[0], batch.next_states[0], batch.terminated[0]
        )
        assert float(loss) == pytest.approx(2 * agent.loss, rel=1e-4)
        weights = np.concatenate([np.ravel(array) for array in network.get_weights()])
        np.testing.assert_allclose(weights, agent.parameters[learner.ONLINE], rtol=0, atol=1e-5)
        arrivals += batch.terminated.sum()
    assert arrivals > 0


def test_the_ring_holds_and_draws_what_the_memory_does():
    names = run_imports("04")
    names["rng"] = np.random.default_rng(0)
    ring = run_piece("04", "Ring", names)(capacity=7)
    memory = ReplayMemory(7, state_size=1, rng=np.random.default_rng(5))
    for number in range(1, 31):
        ring.add(float(number))
        memory.add([number], 0, number, [number], terminated=False, truncated=False)
        filled = min(number, 7)
        assert ring.items[:filled] == memory.rewards[:filled].tolist()
        assert ring.items[filled:] == [None] * (7 - filled)
        memory.rng = np.random.default_rng(number)
        drawn = ring.sample(200, np.random.default_rng(number))
        assert drawn == memory.sample(200, n_step=1, gamma=1.0).reward_sums.tolist()
        assert set(drawn) == set(ring.items[:filled])


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_n_steps_of_truth_are_those_of_the_memory(n):
    names = run_imports("04")
    run_cell("04", "transitions.append(", names)
    n_step_target = run_piece("04", "n_step_target", names)
    transitions = names["transitions"]
    memory = ReplayMemory(len(transitions), state_size=2, rng=np.random.default_rng(0))
    for *step, terminated, ended in transitions:
        memory.add(*step, terminated=terminated, truncated=ended and not terminated)
    assert 0 < memory.terminated.sum() < memory.episode_end.sum()

    def value_of(states):
        return -50.0 + states @ np.array([20.0, 300.0], np.float32)

    windows = memory.windows(np.arange(len(transitions)), n, gamma=0.9)
    of_the_memory = windows.reward_sums + windows.discounts * (1 - windows.terminated) * value_of(
        windows.next_states
    )
    by_hand = [n_step_target(start, n, 0.9, value_of) for start in range(len(transitions))]
    np.testing.assert_allclose(by_hand, of_the_memory, rtol=1e-5)


def test_the_update_by_hand_and_its_taus_are_those_of_the_library():
    names = run_imports("05")
    by_hand = run_piece("05", "polyak_update", names)
    arrays = np.random.default_rng(0).normal(size=(2, 50, 3))
    for tau in (0.0, 0.01, 0.3, 1.0):
        np.testing.assert_allclose(by_hand(*arrays, tau), targets.polyak_update(*arrays, tau), rtol=1e-12)
    for rule in ("every step", "hard", "soft"):
        taus = [names["tau_at"](step, rule) for step in range(1, 1_001)]
        config = DQNConfig(target_update=rule.replace(" ", "_"))
        np.testing.assert_allclose(taus, targets.target_taus(config, done=0, updates=1_000), rtol=1e-6)


def test_the_interval_by_hand_is_that_of_the_library():
    names = run_imports("07") | {"not_held": [{"final_return": value} for value in (-98.0, -200.0, -110.5)]}
    by_hand = run_piece("07", "bootstrap_interval", names)
    values = np.random.default_rng(1).normal(-120, 20, size=10)
    for some in (values, values[:3], list(values)):
        np.testing.assert_array_equal(by_hand(some), bootstrap_interval(some))
