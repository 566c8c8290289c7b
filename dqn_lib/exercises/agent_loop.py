"""The loop of an agent of one's own, checked by the calls of its parts, which are spies here."""

from collections import namedtuple
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises import reference_agent
from dqn_lib.exercises.agent_memory import FIELDS
from dqn_lib.exercises.agent_parts import part
from dqn_lib.exercises.comparison import Rejected

Batch = namedtuple("Batch", FIELDS)  # some loops ask for the parts by name


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
            how = ("at the time limit", "at the flag")[self.episode % 2 == 0]
            raise Rejected(f"An episode has ended {how}, and it goes on without `env.reset()`.")
        self.taken += 1
        before, state = self.number, self._state()
        ended = self.taken == self.lengths[self.episode % len(self.lengths)]
        flags = (ended and self.episode % 2 == 0, ended and self.episode % 2 == 1)
        self.events.append((before, int(action), -float(self.taken), self.number, *flags))
        return state, -float(self.taken), *flags, {}


STARTS, EVERY, STEPS = 4, 2, 11
PARAMETERS = {
    "add": ("state", "action", "reward", "next_state", "terminated", "truncated"),
    "double_target": ("rewards", "terminated", "next_q_online", "next_q_target", "gamma"),
    "gradient_step": ("network", "optimizer", "states", "actions", "targets"),
    "update_target": ("target", "online", "step"),
}


def in_order(function: str, arguments: tuple, named: dict[str, Any]) -> tuple:
    """The arguments of a call in the order of the parameters, however they were passed."""
    rest = PARAMETERS[function][len(arguments) :]
    if set(named) != set(rest):
        raise Rejected(
            f"`{function}` takes {', '.join(f'`{name}`' for name in PARAMETERS[function])}; it is called with "
            f"{len(arguments)} arguments in order{''.join(f', and `{name}`' for name in named)}."
        )
    return *arguments, *(named[name] for name in rest)


def spied(answer: type, calls: dict[str, list]) -> type:
    """The class with parts that note how they are called, and few steps."""

    class Memory:
        def __init__(self, capacity: int, n: int, gamma: float) -> None:
            pass

        def add(self, *item: Any, **named: Any) -> None:
            calls["add"].append(in_order("add", item, named))

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

    def double_target(*arguments: Any, **named: Any) -> NDArray:
        given = [np.asarray(one) for one in in_order("double_target", arguments, named)]
        calls["double_target"].append(given)
        return given[0] + 1000

    names = {"gradient_step": lambda *given: 0.0, "update_target": lambda *given: None}

    def spy(name: str) -> Any:
        def called(*arguments: Any, **named: Any) -> Any:
            calls[name].append(in_order(name, arguments, named))
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
    for _ in agent.train(2):
        pass
    if (more := sum(event != "reset" for event in env.events) - STEPS) != 2:
        raise Rejected(f"`train(2)`, called after `train({STEPS})`, must take 2 more steps; it takes {more}.")
    return True


def _check_transitions(added: list[tuple], steps: list[tuple]) -> None:
    if len(added) != len(steps):
        raise Rejected(f"Of {len(steps)} steps, {len(added)} are added to the memory: add every one, once.")
    for got, right in zip(added, steps, strict=True):
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
                ": it is that of the other network"
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
        "Reset with the seed; then for each of `steps`: choose, step, add, count, learn if it is time, and at an end "
        "yield and reset.",
        "Keep the transition before you reset; `state = next_state` after you have kept it.",
        "When `self.steps` is at least `self.learning_starts` and a multiple of `self.learn_every`: sample, Q-values "
        "of `next_states` by `self.q(...)` and `q_values(self.target, ...).numpy()`, `double_target`, `gradient_step`, "
        "count it, `update_target`.",
    ],
    takeaway="All six parts together are a DQN, and it is yours.",
)
