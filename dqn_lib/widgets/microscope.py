"""The replay microscope: pick one memory, and see what the agent would learn from it now."""

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.config import check_integer
from dqn_lib.diagnostics import td_targets
from dqn_lib.environments import check_drives_mountain_car
from dqn_lib.plots.maps import visit_density
from dqn_lib.widgets.assets import esm, to_message
from dqn_lib.widgets.base import LessonWidget, check_index
from dqn_lib.widgets.run_view import counted

if TYPE_CHECKING:  # it loads TensorFlow, which whoever has an agent has loaded already
    from dqn_lib.agents.dqn import DQNAgent

STOPS = ("the flag", "the time limit", "the agent's n = {n}", "the newest memory")


class ReplayMicroscope(LessonWidget):
    """A slider over the memory of `agent`, from the oldest transition to the newest, and three ways to jump.

    It shows the memory, and what the agent's networks say about it, as they are when it is made. `seed` is
    for "Draw one at random": the agent's own generators are left alone.

    Attributes:
        index: which window is shown, counted from the oldest.

    Raises:
        TypeError: if the agent has no replay memory.
        ValueError: if that memory is empty, if the agent does not drive in MountainCar-v0, or if its networks
            answer with numbers that are not finite.
    """

    _esm = esm("dynamics.js", "microscope.js")
    explanation = (
        "A slider goes through the agent's memory; "
        "pictures and tables show how the target of one window is made."
    )

    index = t.Int(0).tag(sync=True)
    seed = t.Int(0).tag(sync=True)
    about = t.Dict().tag(sync=True)
    columns = t.Dict().tag(sync=True)
    memory = t.Dict().tag(sync=True)

    def __init__(self, agent: "DQNAgent", *, seed: int = 0) -> None:
        if not hasattr(agent, "memory"):
            raise TypeError(f"agent must be a DQNAgent, which has a memory, got a {type(agent).__name__}")
        if (agent.sizes[0], agent.sizes[-1]) != (2, len(car.ACTION_NAMES)):
            raise ValueError(
                f"agent must drive in {car.ENV_ID}, with 2 numbers for a state and 3 actions, "
                f"got {agent.sizes[0]} and {agent.sizes[-1]}"
            )
        check_drives_mountain_car(agent, "a microscope")
        if not len(agent.memory):
            raise ValueError("memory of the agent must hold at least one transition, got 0: train it first")
        check_integer("seed", seed, 0, 2**32 - 1)
        config = agent.config
        columns = windows_of(agent)
        one = config.target_update == "every_step"  # then there is no need to tell two networks apart
        online, target = ("the network",) * 2 if one else ("the online network", "the target network")
        self.count, self.states = len(agent.memory), agent.memory.states[: len(agent.memory)].copy()
        super().__init__(
            index=self.count - 1,
            seed=int(seed),
            about={
                "stops": [words.format(n=config.n_step) for words in STOPS],
                "gamma": config.gamma,
                "online": online,
                "target": target,
                "chooser": online if config.double else target,
            },
            columns={name: to_message(array) for name, array in columns.items()},
            memory=to_message(counted(self.states)),
        )

    @t.validate("index")
    def _inside(self, proposal: t.Bunch) -> int:
        check_index("index", proposal["value"], 0, self.count - 1)
        return proposal["value"]

    def still(self) -> str:
        """The map of the memory."""
        return visit_density(self.states)._repr_html_()


def windows_of(agent: "DQNAgent") -> dict[str, NDArray[Any]]:
    """Every window of the memory, from the oldest to the newest, and what the agent learns from it now.

    States and what belongs to one window `(n,)`; `lasts` `(m, 2)` holds the states in which windows stop, and
    `ends` says which of them is a window's.
    """
    memory, n_step = agent.memory, agent.config.n_step
    order = (memory.added - len(memory) + np.arange(len(memory))) % memory.capacity
    found = td_targets(agent, order)
    if not np.isfinite([found.targets, found.estimates]).all():
        raise ValueError("agent must answer with finite numbers, got some that are not: it has diverged")
    lengths = window_lengths(agent)
    last = order[np.arange(len(order)) + lengths - 1]
    full = np.where(lengths == n_step, 2, 3)
    stops = np.where(memory.terminated[last], 0, np.where(memory.episode_end[last], 1, full))
    return {
        "states": memory.states[order],
        "lasts": memory.next_states[order],
        "ends": (np.arange(len(order)) + lengths - 1).astype(np.float32),
        "lengths": lengths.astype(np.uint8),
        "actions": found.batch.actions.astype(np.uint8),
        "chosen": found.chosen.astype(np.uint8),
        "stops": stops.astype(np.uint8),
        "rewards": found.batch.reward_sums,
        "discounts": found.batch.discounts,
        "bootstraps": found.bootstrap.astype(np.float32),
        "targets": found.targets.astype(np.float32),
        "estimates": found.estimates.astype(np.float32),
    }


def window_lengths(agent: "DQNAgent") -> NDArray[np.int64]:
    """How many transitions each window has `(n,)`, from the oldest to the newest."""
    memory, n_step = agent.memory, agent.config.n_step
    order = (memory.added - len(memory) + np.arange(len(memory))) % memory.capacity
    ends = np.flatnonzero(memory.episode_end[order])
    following = np.searchsorted(ends, np.arange(len(order)))  # the end of the episode that a window starts in
    to_end = np.append(ends, len(order) - 1)[following] - np.arange(len(order)) + 1
    return np.minimum(to_end, n_step)
