"""What a DQN agent would aim at: the targets of its learning step for windows of one's own choice.

Computed in NumPy from its networks as they are now; nothing about the agent changes.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dqn_lib.replay import Batch
from dqn_lib.td import double_td_target, td_target

if TYPE_CHECKING:  # they load TensorFlow, which whoever has an agent has loaded already
    from dqn_lib.agents.dqn import DQNAgent


class Aim(NamedTuple):
    """What the agent aims at for some windows `(...)`, and what it thinks now."""

    batch: Batch
    chosen: NDArray[np.int64]  # (...), the action thought best where the window stops
    bootstrap: NDArray[np.float32]  # (...), what the target network thinks of that one
    targets: NDArray[np.float32]  # (...)
    estimates: NDArray[np.float32]  # (...), by the online network, for the action that was taken


def aim(agent: "DQNAgent", first: NDArray[np.integer]) -> Aim:
    """Target and estimate of the windows that start at the ring positions `first` `(...)`.

    They are those of the agent's own learning step, by its networks as they are now.
    """
    config = agent.config
    batch = agent.memory.windows(first, config.n_step, config.gamma)
    next_q, online = agent.target_q(batch.next_states), agent.q(batch.next_states)
    if config.double:
        targets = double_td_target(batch.returns, batch.terminated, next_q, online, batch.discounts)
    else:
        targets = td_target(batch.returns, batch.terminated, next_q, batch.discounts)
    chosen = (online if config.double else next_q).argmax(axis=-1)
    bootstrap = np.take_along_axis(next_q, chosen[..., None], axis=-1)[..., 0]
    estimates = np.take_along_axis(agent.q(batch.states), batch.actions[..., None], axis=-1)[..., 0]
    return Aim(batch, chosen, bootstrap, targets, estimates)
