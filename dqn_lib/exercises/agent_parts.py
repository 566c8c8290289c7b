"""The six parts of an agent of one's own, each checked by what it does."""

import ast
import inspect
import textwrap
from collections import namedtuple
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib.agents.backend import keras, tf
from dqn_lib.exercises import lesson05, reference_agent
from dqn_lib.exercises.comparison import Rejected
from dqn_lib.exercises.exercise import Exercise

FIELDS = ("states", "actions", "reward_sums", "next_states", "terminated", "discounts")
Batch = namedtuple("Batch", FIELDS)  # some loops ask for the parts by name
SIZE = 64  # of a batch
DRAWS = 16  # batches from each memory

# --- the memory -------------------------------------------------------------------------------------

FLAG, LIMIT, RUNNING = "reaches the flag", "is cut off", "is running"


def transitions(episodes: Sequence[tuple[int, str]]) -> list[tuple]:
    """The transitions of episodes, each of so many steps and with one of three ends.

    Step number k leads from the state (k, -k) to the state of step k + 1, or at an end to (k + 0.5, -k).
    """
    found = []
    for length, end in episodes:
        for left in reversed(range(length)):
            k = len(found)
            last = left == 0
            after = k + 0.5 if last and end != RUNNING else k + 1.0
            state, next_state = (np.array([x, -float(k)], np.float32) for x in (float(k), after))
            flags = last and end == FLAG, last and end == LIMIT
            found.append((state, k % 3, -1.0 - k % 4, next_state, *flags))
    return found


def window(given: list[tuple], start: int, n: int, gamma: float) -> tuple[tuple, bool]:
    """The window from a step on, as (action, reward sum, next state, terminated, discount); is it complete?"""
    total, discount = 0.0, 1.0
    for k in range(start, min(start + n, len(given))):
        _, _, reward, next_state, terminated, truncated = given[k]
        total, discount = total + discount * reward, discount * gamma
        if terminated or truncated:
            break
    complete = terminated or truncated or k == start + n - 1
    return (given[start][1], total, float(next_state[0]), float(terminated), discount), complete


def check_memory(
    answer: Any, capacity: int, n: int, gamma: float, episodes: Sequence[tuple[int, str]]
) -> bool:
    """Whether what it draws are windows of what it was given; raises `Rejected` with the fault."""
    given, memory = transitions(episodes), answer(capacity, n, gamma)
    for item in given:
        memory.add(*item)
    once, again = (drawn(memory, np.random.default_rng(7)) for _ in range(2))
    if any(not np.array_equal(one, other) for one, other in zip(once, again, strict=True)):
        raise Rejected("Two draws with the same `rng` differ: take every random number from it.")
    rng, counts = np.random.default_rng(0), np.zeros(len(given), int)
    for _ in range(DRAWS):
        for state, *found in zip(*drawn(memory, rng), strict=True):
            start = round(float(state[0]))
            if not 0 <= start < len(given) or state[0] != given[start][0][0]:
                raise Rejected(f"It draws a state that it was never given, {state.tolist()}: an empty place?")
            counts[start] += 1
            _check_window(found, given, start, n, gamma)
    oldest = len(given) - capacity
    if counts[: max(oldest - n + 1, 0)].any():
        raise Rejected(
            f"After {len(given)} transitions the one number {counts.nonzero()[0][0]} (from 0) is still drawn; "
            f"with a capacity of {capacity} the oldest must make room."
        )
    wanted = [k for k in range(max(oldest, 0), len(given)) if window(given, k, n, gamma)[1]]
    if missing := [k for k in wanted if not counts[k]]:
        raise Rejected(
            f"Of the transitions 0 to {len(given) - 1}, added to a memory of {capacity}, number {missing[0]} is "
            "never drawn. Is the newest lost, or never reached?"
        )
    mean = counts[wanted].mean()
    if counts[wanted].max() > 2 * mean or counts[wanted].min() < mean / 3:
        raise Rejected("Some transitions are drawn far more often than others: each has the same chance.")
    return True


def drawn(memory: Any, rng: np.random.Generator) -> list[NDArray]:
    """The six arrays of a batch; raises `Rejected` if they are not six, or of other shapes."""
    batch = memory.sample(SIZE, rng)
    if not isinstance(batch, tuple | list) or len(batch) != len(FIELDS):
        raise Rejected(f"`sample` must return six arrays, {', '.join(FIELDS)}; it returned {kind(batch)}.")
    arrays = [np.asarray(part) for part in batch]
    for name, array in zip(FIELDS, arrays, strict=True):
        shape = (SIZE, 2) if "states" in name else (SIZE,)
        if array.shape != shape:
            raise Rejected(f"`{name}` must have the shape {shape}, not {array.shape}, for size = {SIZE}.")
    return arrays


def kind(value: Any) -> str:
    """A value by its type and length."""
    if value is None:
        return "nothing: is the `return` missing?"
    return f"{len(value)} parts" if isinstance(value, tuple | list) else f"a {type(value).__name__}"


def _check_window(found: list, given: list[tuple], start: int, n: int, gamma: float) -> None:
    """Raise `Rejected` about a window that is not the right one, with the likeliest reason."""
    action, reward_sum, next_state, terminated, discount = found
    got = int(action), float(reward_sum), float(next_state[0]), float(terminated), float(discount)
    right, _ = window(given, start, n, gamma)
    if np.allclose(got, right, atol=1e-4):
        return
    place = f"The window of up to {n} steps from step {start}"
    flags = [item[4] or item[5] for item in given]
    last = next(
        (k for k in range(start, min(start + n, len(given))) if flags[k]), min(start + n, len(given)) - 1
    )
    length = last - start + 1
    if np.isclose(got[2], right[2]) and got[3] != right[3] and given[last][5]:
        raise Rejected(
            f"{place} ends at the time limit, and is marked as terminated. The limit ends the episode, not the "
            "future: only `terminated` counts."
        )
    if not np.isclose(got[2], right[2]):
        if flags[last] and got[2] > right[2]:
            what = "the flag" if given[last][4] else "the time limit"
            raise Rejected(
                f"{place} must stop with step {last}, which ends its episode at {what}; it goes on."
            )
        if got[2] < start:
            raise Rejected(f"{place} goes on from the newest transition to the oldest: stop at the newest.")
        raise Rejected(
            f"{place} ends in the state {got[2]:g}, but its last step, number {last}, leads to {right[2]:g}."
        )
    if not np.isclose(got[4], right[4], atol=1e-4):
        more = " It is shorter than n here." if length < n else ""
        raise Rejected(
            f"{place} has {length} steps, so the discount of what follows is gamma to the power of {length}, "
            f"{right[4]:.4g}; it is {got[4]:.4g}.{more}"
        )
    if got[0] != right[0]:
        raise Rejected(f"{place} begins with the action {right[0]}; it has {got[0]}.")
    raise Rejected(
        f"{place} has the discounted reward sum {right[1]:.4g}; it has {got[1]:.4g} (the rewards are "
        f"{[item[2] for item in given[start : last + 1]]}, gamma is {gamma:g})."
        if np.isclose(got[3], right[3])
        else f"{place} {'ends' if right[3] else 'does not end'} at the flag; `terminated` says otherwise."
    )


class Part(Exercise):
    """An exercise whose answer may be a class, and whose evaluation finds the faults by itself."""

    @property
    def source(self) -> str:
        """The solution without annotations, its decorator included."""
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(self.reference))))
        return ast.unparse(Plain().visit(tree))

    def _require_function(self, answer: Any) -> None:
        if inspect.isclass(self.reference) and not inspect.isclass(answer):
            raise Rejected(f"`check` needs the class itself: `{self.name}`, without brackets after it.")
        super()._require_function(answer)


class Plain(ast.NodeTransformer):
    """Takes the annotations out of a piece of code."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Neither of arguments nor of the result."""
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.Assign:
        """Nor of a name that gets a value."""
        return ast.copy_location(ast.Assign([node.target], node.value), node)


def part(reference: Any, **more: Any) -> Part:
    """An exercise whose cases are the settings of a check, not the arguments of the answer."""
    return Part(reference, mistakes=(), pure=False, named=False, **more)


memory = part(
    reference_agent.Memory,
    cases=[
        (12, 1, 0.9, ((4, FLAG), (3, LIMIT))),
        (20, 3, 0.5, ((4, FLAG), (5, LIMIT), (4, FLAG))),
        (6, 3, 0.9, ((4, LIMIT), (3, FLAG), (4, RUNNING))),
        (5, 2, 0.5, ((13, RUNNING),)),
    ],
    evaluate=check_memory,
    hints=[
        "Three things to keep in order: the places, how many were added, and where an episode ends.",
        "The newest takes the place `added % capacity`. A window walks on from its start: add the reward times "
        "the discount so far, then multiply the discount by gamma; stop at an end, or at the newest.",
        "Return six arrays: the first state and action of each window, its reward sum, the last next state and "
        "its `terminated`, and gamma to the power of the window's length.",
    ],
    takeaway="The whole ring, its windows and both endings: the part in which most home-made agents go wrong.",
)

# --- exploration ------------------------------------------------------------------------------------

CALLS = 20_000


def check_exploration(answer: Any, actions: int, hold: int) -> bool:
    """Whether it explores as often and as long as it should; raises `Rejected` with the fault."""
    make = lambda seed: answer(actions, hold, np.random.default_rng(seed))  # noqa: E731
    first = np.eye(actions)[0]  # action 0 is the best one
    explorer = make(0)
    for best in range(actions):
        action = explorer.action(np.eye(actions)[best] - 5.0, 0.0)
        if np.ndim(action) or action is None or int(action) != action:
            raise Rejected(f"`action` must return one integer; it returned {kind(action)}.")
        if action != best:
            raise Rejected(
                f"With epsilon 0 it must be greedy: for the Q-values {(np.eye(actions)[best] - 5).tolist()} "
                f"that is {best}, not {action}."
            )
    always = acted(make(1), [first] * 400 * hold, 1.0)
    if (always == 0).all():
        raise Rejected("With epsilon 1 it must always explore; it never does. Is epsilon inverted?")
    if unused := set(range(actions)) - set(always.tolist()):
        raise Rejected(f"Of {len(always)} random actions none is {min(unused)}: each has the same chance.")
    blocks = always.reshape(-1, hold)
    if (blocks != blocks[:, :1]).any():
        lasting = np.diff(np.flatnonzero(np.diff(always, prepend=-1)), append=len(always)).min()
        raise Rejected(f"A random action must be held for {hold} steps; here the shortest lasts {lasting}.")
    once, again = (acted(make(1), [first] * 400 * hold, 0.5) for _ in range(2))
    if not np.array_equal(once, again):
        raise Rejected("With the same `rng` the actions differ: take every random number from it.")
    for epsilon in (0.1, 0.4):
        away = (acted(make(2), [first] * CALLS, epsilon) != 0).mean() * actions / (actions - 1)
        if abs(away - epsilon) > 0.05:
            start = hold * epsilon / (hold * epsilon + 1 - epsilon)
            more = (
                " Epsilon is the chance to *begin* here, and every beginning lasts."
                if abs(away - start) < 0.05
                else " Is epsilon inverted?"
                if abs(away - (1 - epsilon)) < 0.05
                else ""
            )
            raise Rejected(
                f"With epsilon = {epsilon:g} and hold = {hold}, {away:.0%} of the steps explore; it should be "
                f"{epsilon:.0%}.{more}"
            )
    return True


def acted(explorer: Any, q: list[NDArray], epsilon: float) -> NDArray[np.int64]:
    """The actions for each of the Q-values."""
    return np.array([int(explorer.action(one, epsilon)) for one in q])


exploration = part(
    reference_agent.Exploration,
    cases=[(3, 1), (3, 8), (2, 4)],
    evaluate=check_exploration,
    hints=[
        "One number has to survive from step to step: for how many more the random action is held.",
        "While it is held, return it. Otherwise a new one begins with the probability "
        "`epsilon / (hold - epsilon * (hold - 1))`; if not, be greedy.",
        "`if self.left == 0:` draw, and either return `int(np.argmax(q))` or set a random action and `self.left = "
        "hold`; then `self.left -= 1` and return the random action.",
    ],
    takeaway="A fraction epsilon of all steps explores, in pushes that last.",
)

# --- the target -------------------------------------------------------------------------------------

double_target = replace(
    lesson05.double_target,
    cases=[
        (*case[:-1], np.full(len(case[0]), case[-1], np.float32) ** np.arange(1, len(case[0]) + 1))
        for case in lesson05.double_target.cases
    ],
    hints=tuple(lesson05.double_target.hints.texts),
    takeaway="Two networks, one mask, and for each window its own discount.",
)

# --- the gradient step ------------------------------------------------------------------------------

RATE = 0.01


def check_gradient_step(answer: Any, batch: int) -> bool:
    """Whether the network moves towards the targets; raises `Rejected` with the fault."""
    rng = np.random.default_rng(batch)
    weights = [rng.normal(size=shape).astype(np.float32) for shape in ((2, 5), (5,), (5, 3), (3,))]
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(5, "relu"), keras.layers.Dense(3)])
    network.set_weights(weights)
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build(network.trainable_variables)
    states = rng.normal(size=(batch, 2)).astype(np.float32)
    actions = rng.integers(3, size=batch).astype(np.int32)
    targets = (network(states).numpy()[np.arange(batch), actions] + 3 * rng.normal(size=batch)).astype(
        np.float32
    )
    answer(network, optimizer, states, actions, targets)
    moved = flat(network.get_weights()) - flat(weights)
    if not np.isfinite(moved).all():
        raise Rejected("The network's weights are no longer finite.")
    if not moved.any():
        raise Rejected(
            "The network has not changed: is `apply_gradients` missing, or has the loss no gradient?"
        )
    network.set_weights(weights)
    for loss in ("squared", "huber"):
        expected = -RATE * flat(gradient(network, states, actions, targets, loss))
        scale = moved @ expected / (expected @ expected)
        if np.linalg.norm(moved - scale * expected) < 0.02 * np.linalg.norm(moved):
            return _accepted_scale(scale, batch)
    for wrong, words in WRONG_STEPS.items():
        expected = -RATE * flat(gradient(network, states, actions, targets, wrong))
        scale = moved @ expected / (expected @ expected)
        if np.linalg.norm(moved - scale * expected) < 0.02 * np.linalg.norm(moved):
            raise Rejected(words)
    raise Rejected(
        "The network moves, but not along the gradient of the squared (or Huber) error between the targets and "
        "the Q-values of the actions taken."
    )


def _accepted_scale(scale: float, batch: int) -> bool:
    """A mean, over the batch or over the batch and all actions, perhaps halved; raises `Rejected` else."""
    if scale < 0:
        raise Rejected("The network moves away from the targets: the sign of the gradient is turned round.")
    if scale > 2.5:
        raise Rejected(
            f"The step is {scale:.0f} times as large as that of the mean loss: take the mean over the batch "
            f"({batch} here), not the sum."
        )
    if scale < 0.1:
        raise Rejected(f"The step is {1 / scale:.0f} times as small as that of the mean loss.")
    return True


def gradient(network: Any, states: Any, actions: Any, targets: Any, loss: str) -> list[NDArray]:
    """The gradient of a loss by its name, right or wrong."""
    with tf.GradientTape() as tape:
        q = network(states)
        taken = tf.reduce_sum(q * tf.one_hot(actions, 3), axis=1)
        error = {
            "all": targets[:, None] - q,
            "best": targets - tf.reduce_max(q, axis=1),
            "table": targets[:, None] - taken[None, :],
            "first": targets - q[:, 0],
        }.get(loss, targets - taken)
        size = tf.abs(error)
        value = tf.where(size < 1, 0.5 * error**2, size - 0.5) if loss == "huber" else error**2
        value = tf.reduce_mean(value)
    return tape.gradient(value, network.trainable_variables)


WRONG_STEPS = {
    "all": "All actions are moved towards the target. Only the one that was taken knows anything of it.",
    "best": "The best action is moved towards the target; it should be the one that was taken.",
    "table": "Every target meets every estimate: `(B,)` minus `(B, 1)` is a table `(B, B)`. Both must be `(B,)`.",
    "first": "It is always action 0 that is moved: choose by `actions`.",
}


def flat(arrays: Any) -> NDArray[np.float64]:
    """All numbers of a list of arrays in one vector."""
    return np.concatenate([np.asarray(array, dtype=np.float64).ravel() for array in arrays])


gradient_step = part(
    reference_agent.gradient_step,
    cases=[(8,), (16,)],
    evaluate=check_gradient_step,
    hints=[
        "The gradient step of lesson 3, with targets that are computed already.",
        "Inside the tape: the Q-values of the actions taken, `tf.gather(network(states), actions, batch_dims=1)`, "
        "and the mean of their squared differences from the targets.",
        "After the tape: `tape.gradient(loss, network.trainable_variables)`, and give `optimizer.apply_gradients` "
        "pairs of gradient and variable. Above the function `@tf.function(reduce_retracing=True)`.",
    ],
    takeaway="The one place in which anything is learnt.",
)

# --- the target network -----------------------------------------------------------------------------

UPDATES = 600


def check_update_target(answer: Any, first: float) -> bool:
    """Whether the target network follows slowly; raises `Rejected` with the fault."""
    target, online = (
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)]) for _ in range(2)
    )
    shapes = [array.shape for array in online.get_weights()]
    target.set_weights([np.full(shape, first, np.float32) for shape in shapes])
    online.set_weights([np.full(shape, first + 1, np.float32) for shape in shapes])
    way = []
    for step in range(1, UPDATES + 1):
        answer(target, online, np.array(step))
        parts = [float(array.mean()) - first for array in target.get_weights()]
        way.append(np.mean(parts))
        if step == 1 and not np.allclose(flat(online.get_weights()), first + 1):
            raise Rejected("It changes the online network: only the target network moves.")
        if way[-1] > 0.999 or step == UPDATES:
            break
    if way[0] > 0.5:
        raise Rejected(
            "After its first call the target network is all of the way, or nearly, at the online one. Then there is "
            "no target network to speak of: move a small part of the way, or copy now and then."
        )
    if way[-1] < 0.05:
        raise Rejected(
            f"After {UPDATES} calls the target network has not moved: the online one is never copied."
        )
    if max(parts) - min(parts) > 0.01:
        raise Rejected("Some arrays of weights follow and others do not: move all of them, biases too.")
    before = flat(target.get_weights())
    online.set_weights([np.full(shape, 9.0, np.float32) for shape in shapes])
    if not np.array_equal(before, flat(target.get_weights())):
        raise Rejected(
            "When the online network learns, the target network changes with it: copy the numbers."
        )
    return True


update_target = part(
    reference_agent.update_target,
    cases=[(0.0,), (2.0,)],
    evaluate=check_update_target,
    hints=[
        "Soft or hard, as in lesson 5: a small part of the way at every step, or a copy every so many.",
        "`network.get_weights()` is a list of arrays, and `set_weights` takes one.",
        "`target.set_weights([(1 - tau) * t + tau * o for t, o in zip(...)])` with a tau of 0.06.",
    ],
    takeaway="It follows, slowly enough to aim at.",
)

# --- the loop ---------------------------------------------------------------------------------------


class Script(gym.Env):
    """Episodes of 3, 2, 4, ... steps, by turns to the flag and cut off; every state has its own number."""

    observation_space = gym.spaces.Box(-1e9, 1e9, (1,), np.float32)
    action_space = gym.spaces.Discrete(3)
    lengths = (3, 2, 4, 2, 3, 2, 4)

    def __init__(self) -> None:
        self.episode, self.number, self.events = -1, 0, []

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple:
        """Begin the next episode."""
        self.episode, self.taken = self.episode + 1, 0
        self.events.append("reset")
        return self._state(), {}

    def _state(self) -> NDArray[np.float32]:
        self.number += 1
        return np.array([self.number], np.float32)

    def step(self, action: int) -> tuple:
        """One step; the reward is minus the number of the step within its episode."""
        if self.taken == self.lengths[self.episode % len(self.lengths)]:
            raise Rejected("An episode has ended, and it goes on without `env.reset()`.")
        self.taken += 1
        before, state = self.number, self._state()
        ended = self.taken == self.lengths[self.episode % len(self.lengths)]
        flags = (ended and self.episode % 2 == 0, ended and self.episode % 2 == 1)
        self.events.append((before, int(action), -float(self.taken), self.number, *flags))
        return state, -float(self.taken), *flags, {}


STARTS, EVERY, STEPS = 4, 2, 11


def spied(answer: type, calls: dict[str, list]) -> type:
    """The class with parts that note how they are called, and few steps."""

    class Memory:
        def __init__(self, capacity: int, n: int, gamma: float) -> None:
            pass

        def add(self, *item: Any) -> None:
            calls["add"].append(item)

        def sample(self, size: int, rng: np.random.Generator) -> tuple:
            numbers = np.arange(size, dtype=np.float32)
            batch = Batch(
                numbers[:, None], numbers.astype(np.int32) % 3, numbers + 0.25, numbers[:, None] + 100,
                numbers % 2, numbers + 0.75,
            )  # fmt: skip
            calls["sample"].append(batch)
            return batch

    class Exploration:
        def __init__(self, actions: int, hold: int, rng: np.random.Generator) -> None:
            pass

        def action(self, q: Any, epsilon: float) -> int:
            calls["action"].append((np.array(q), float(epsilon)))
            return len(calls["action"]) % 3

    def double_target(*arguments: Any) -> NDArray:
        calls["double_target"].append([np.asarray(one) for one in arguments])
        return np.asarray(arguments[0]) + 1000

    names = {"gradient_step": lambda *given: 0.0, "update_target": lambda *given: None}

    def spy(name: str) -> Any:
        def called(*arguments: Any) -> Any:
            calls[name].append(arguments)
            return names[name]()

        return staticmethod(called)

    settings = {
        "learning_starts": STARTS, "learn_every": EVERY, "batch_size": 8, "epsilon_wait": 2, "epsilon_decay": 10,
        "initial_value": 0.0,
    }  # fmt: skip
    parts = {
        "Memory": Memory,
        "Exploration": Exploration,
        "double_target": staticmethod(double_target),
        **{name: spy(name) for name in names},
    }
    return type("Spied", (answer,), parts | settings)


def check_train(answer: Any) -> bool:
    """Whether the loop puts the parts together; raises `Rejected` with the fault."""
    calls: dict[str, list] = {
        name: [] for name in ("add", "sample", "action", "double_target", "gradient_step", "update_target")
    }
    env = Script()
    agent = spied(answer, calls)(env, seed=0)
    rng = np.random.default_rng(0)
    for network in (agent.online, agent.target):
        network.set_weights([rng.normal(size=array.shape) for array in network.get_weights()])
    episodes = agent.train(STEPS)
    if not isinstance(episodes, Iterator):
        raise Rejected("`train` must `yield` the return of each episode when it ends: is there no `yield`?")
    returns = [float(total) for total in episodes]
    steps = [event for event in env.events if event != "reset"]
    if not steps:
        raise Rejected("The environment is never stepped.")
    if env.events[0] != "reset":
        raise Rejected("The first thing to do with an environment is `env.reset(seed=...)`.")
    _check_transitions(calls["add"], steps)
    if agent.steps != len(steps):
        raise Rejected(f"It took {len(steps)} steps, but `self.steps` is {agent.steps}: count every step.")
    if len(steps) != STEPS:
        raise Rejected(f"`train({STEPS})` must take {STEPS} steps of the environment; it took {len(steps)}.")
    _check_actions(calls["action"], steps, agent)
    expected = [-6.0, -3.0, -10.0]
    if not np.allclose(returns[: len(expected)], expected[: len(returns)]) or len(returns) < 3:
        raise Rejected(
            f"It must yield the return of each finished episode, here {expected}; it yields {returns}. Does the "
            "sum begin at 0 in every episode?"
        )
    _check_learning(calls, agent)
    return True


def _check_transitions(added: list[tuple], steps: list[tuple]) -> None:
    if len(added) != len(steps):
        raise Rejected(f"Of {len(steps)} steps, {len(added)} are added to the memory: add every one, once.")
    for got, right in zip(added, steps, strict=True):
        if len(got) != 6:
            raise Rejected(f"`memory.add` takes six things; it was given {len(got)}.")
        state, action, reward, next_state, terminated, truncated = got
        before, after = float(np.ravel(state)[0]), float(np.ravel(next_state)[0])
        if before != right[0]:
            more = (
                ": is `state = next_state` missing?"
                if before < right[0]
                else ": it is the state *after* the step."
            )
            raise Rejected(f"The step from state {right[0]} is kept as one from state {before:g}{more}")
        if int(action) != right[1]:
            raise Rejected(f"The action {right[1]} is kept as {action}.")
        if float(reward) != right[2]:
            raise Rejected(f"The reward {right[2]:g} is kept as {float(reward):g}.")
        if after != right[3]:
            more = (
                "the state in which the *next* episode begins: keep the transition before `env.reset()`"
                if after > right[3]
                else f"{after:g}"
            )
            raise Rejected(f"The step to state {right[3]} is kept with another next state, {more}.")
        if (bool(terminated), bool(truncated)) != right[4:]:
            if right[5] and terminated:
                raise Rejected("The time limit is kept as `terminated`: pass both flags on as they are.")
            raise Rejected(
                f"A step with terminated = {right[4]} and truncated = {right[5]} is kept with {bool(terminated)} and "
                f"{bool(truncated)}."
            )


def _check_actions(asked: list[tuple], steps: list[tuple], agent: Any) -> None:
    if len(asked) != len(steps):
        raise Rejected(f"The exploration is asked {len(asked)} times for {len(steps)} actions.")
    for number, ((q, epsilon), step) in enumerate(zip(asked, steps, strict=True)):
        right = np.asarray(agent.q(np.array([[step[0]]], np.float32)))[0]
        if q.shape != right.shape:
            raise Rejected(
                f"The exploration needs the Q-values of one state, of the shape {right.shape}; it gets {q.shape}."
            )
        if not np.allclose(q, right, rtol=1e-3, atol=1e-3):
            raise Rejected(
                "The exploration gets other Q-values than those of the online network for the present state."
            )
        near = [1 - 0.95 * np.clip((number + off - 2) / 10, 0, 1) for off in (-1, 0, 1)]
        if min(abs(epsilon - one) for one in near) > 1e-6:
            raise Rejected(
                f"At step {number} epsilon should be {near[1]:.3f}, by `self.epsilon()`; it is {epsilon:.3f}."
            )


def _check_learning(calls: dict[str, list], agent: Any) -> None:
    learnt, right = len(calls["gradient_step"]), len(range(STARTS, STEPS + 1, EVERY))
    if not learnt:
        raise Rejected("It never learns: no gradient step is taken.")
    if abs(learnt - right) > 1:
        raise Rejected(
            f"With learning_starts = {STARTS} and learn_every = {EVERY}, {STEPS} steps should bring {right} gradient "
            f"steps; there are {learnt}."
        )
    _check_targets(calls, agent)
    _check_gradient_step(calls, agent)
    if len(calls["update_target"]) != learnt:
        raise Rejected(
            f"For {learnt} gradient steps the target network is updated {len(calls['update_target'])} times: call "
            "`update_target` after each of them."
        )
    numbers = []
    for moved, followed, step in calls["update_target"]:
        if moved is not agent.target or followed is not agent.online:
            raise Rejected("`update_target` takes the target network first, then the online one.")
        numbers.append(int(step))
    if (np.diff(numbers) != 1).any():
        raise Rejected(
            f"`update_target` gets the number of the gradient step, 1, 2, 3, ...; it gets {numbers}."
        )


def _check_targets(calls: dict[str, list], agent: Any) -> None:
    if not calls["double_target"]:
        raise Rejected("`double_target` is never called.")
    batch, arguments = calls["sample"][-1], calls["double_target"][-1]
    _, _, reward_sums, next_states, terminated, discounts = batch
    if len(arguments) != 5:
        raise Rejected(f"`double_target` takes five arrays; it is given {len(arguments)}.")
    online, target = (np.asarray(network(next_states)) for network in (agent.online, agent.target))
    rights = {
        "rewards": reward_sums, "terminated": terminated, "next_q_online": online, "next_q_target": target,
        "gamma": discounts,
    }  # fmt: skip
    for (name, value), got in zip(rights.items(), arguments, strict=True):
        if got.shape != value.shape or not np.allclose(got, value, rtol=1e-3, atol=1e-3):
            swapped = name.startswith("next_q") and any(
                got.shape == other.shape and np.allclose(got, other, rtol=1e-3, atol=1e-3)
                for other in (online, target)
            )
            more = (
                ": the two networks have changed places"
                if swapped
                else " (it takes the Q-values of `next_states`, not of `states`)"
                if name.startswith("next_q")
                else ""
            )
            raise Rejected(f"`double_target` gets the wrong thing as `{name}`{more}.")


def _check_gradient_step(calls: dict[str, list], agent: Any) -> None:
    states, actions, reward_sums, *_ = calls["sample"][-1]
    network, _, given_states, given_actions, targets = calls["gradient_step"][-1]
    if network is not agent.online:
        more = ": it is the *target* network that is trained" if network is agent.target else ""
        raise Rejected(f"The gradient step is not taken with `self.online`{more}.")
    for name, got, value in (
        ("states", given_states, states),
        ("actions", given_actions, actions),
        ("targets", targets, reward_sums + 1000),
    ):
        if not np.array_equal(np.asarray(got), value):
            raise Rejected(f"The gradient step gets other {name} than those of the batch.")


train = part(
    reference_agent.MyAgent,
    cases=[()],
    evaluate=check_train,
    hints=[
        "The twelve lines of lesson 6, in their order.",
        "Keep the transition before you reset; `state = next_state` after you have kept it.",
        "When `self.steps` is at least `self.learning_starts` and a multiple of `self.learn_every`: sample, Q-values "
        "of `next_states` from both networks, `double_target`, `gradient_step`, count it, `update_target`.",
    ],
    takeaway="All six parts together are a DQN, and it is yours.",
)

PARTS: dict[str, Exercise] = {
    "Memory": memory,
    "Exploration": exploration,
    "double_target": double_target,
    "gradient_step": gradient_step,
    "update_target": update_target,
    "train": train,
}
