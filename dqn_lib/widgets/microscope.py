"""The replay microscope: pick a window of the replay memory, and see what the agent would learn from it."""

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
from dqn_lib.widgets.run_view import visit_shades

if TYPE_CHECKING:  # it loads TensorFlow
    from dqn_lib.agents.dqn import DQNAgent

STOPS = ("the flag", "the time limit", "the agent's n = {n}", "the newest transition")


class ReplayMicroscope(LessonWidget):
    """A slider over the replay memory of `agent`, from the oldest transition to the newest.

    It shows the memory and the agent's values as they are when it is made. `seed` is for "Random window";
    the agent's own generators are not used.

    Attributes:
        index: the window that is shown, counted from the oldest.

    Raises:
        TypeError: if the agent has no replay memory.
        ValueError: if that memory is empty, if the agent's environment is not MountainCar-v0, or if its
            values are not finite.
    """

    _esm = esm("dynamics.js", "microscope.js")
    explanation = (
        "A slider goes through the agent's replay memory; "
        "pictures and tables show how the TD target of a window is computed."
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
        columns = window_columns(agent)
        online, target = "the online network", "the target network"
        if config.target_update == "every_step":  # the two are equal
            online = target = "the network"
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
            memory=to_message(visit_shades(self.states)),
        )

    @t.validate("index")
    def _inside(self, proposal: t.Bunch) -> int:
        check_index("index", proposal["value"], 0, self.count - 1)
        return proposal["value"]

    def still(self) -> str:
        """The map of the memory."""
        return visit_density(self.states)._repr_html_()


def window_columns(agent: "DQNAgent") -> dict[str, NDArray[Any]]:
    """Every window of the memory, from the oldest to the newest, and what the agent learns from it now.

    There is an entry `(n,)` for each window, but for `lasts` `(m, 2)`, the states after each transition;
    `ends` says which of them is the last state of a window.

    Raises:
        ValueError: if the agent's values are not finite.
    """
    memory, order = agent.memory, _storage_order(agent)
    td = td_targets(agent, order)
    if not np.isfinite([td.targets, td.estimates]).all():
        raise ValueError("agent must answer with finite numbers, got some that are not: it has diverged")
    lengths = window_lengths(agent)
    last = order[np.arange(len(order)) + lengths - 1]
    full = np.where(lengths == agent.config.n_step, 2, 3)
    stops = np.where(memory.terminated[last], 0, np.where(memory.episode_end[last], 1, full))
    return {
        "states": memory.states[order],
        "lasts": memory.next_states[order],
        "ends": (np.arange(len(order)) + lengths - 1).astype(np.float32),
        "lengths": lengths.astype(np.uint8),
        "actions": td.batch.actions.astype(np.uint8),
        "chosen": td.chosen.astype(np.uint8),
        "stops": stops.astype(np.uint8),
        "rewards": td.batch.reward_sums,
        "discounts": td.batch.discounts,
        "bootstraps": td.bootstrap.astype(np.float32),
        "targets": td.targets.astype(np.float32),
        "estimates": td.estimates.astype(np.float32),
    }


def window_lengths(agent: "DQNAgent") -> NDArray[np.int64]:
    """How many transitions each window has `(n,)`, from the oldest to the newest."""
    order = _storage_order(agent)
    ends = np.flatnonzero(agent.memory.episode_end[order])
    following = np.searchsorted(ends, np.arange(len(order)))  # the end of the episode in which it begins
    to_end = np.append(ends, len(order) - 1)[following] - np.arange(len(order)) + 1
    return np.minimum(to_end, agent.config.n_step)


def _storage_order(agent: "DQNAgent") -> NDArray[np.int64]:
    """Where the transitions are stored, from the oldest to the newest `(n,)`."""
    memory = agent.memory
    return (memory.added - len(memory) + np.arange(len(memory))) % memory.capacity
