"""How the target network follows the online network: not at all apart, in jumps, or slowly.

Each rule answers one question: at gradient step `step` (counted from 1), what share of the way to the
online weights does the target move? `move` then makes the move. Because the share is a number handed to
the compiled learning step, rule, period and tau can all change while the agent learns.

Periodic copies: Mnih et al., Nature 518 (2015). Soft updates: Lillicrap et al., ICLR 2016.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.config import DQNConfig


def none(step: NDArray[np.integer], config: DQNConfig) -> NDArray[np.float32]:
    """No target network to speak of: a full copy at every step."""
    return np.ones(step.shape, np.float32)


def hard(step: NDArray[np.integer], config: DQNConfig) -> NDArray[np.float32]:
    """A full copy every `target_period` steps, nothing in between."""
    return (step % config.target_period == 0).astype(np.float32)


def soft(step: NDArray[np.integer], config: DQNConfig) -> NDArray[np.float32]:
    """A small share `tau` of the way at every step."""
    return np.full(step.shape, config.tau, np.float32)


RULES = {"none": none, "hard": hard, "soft": soft}


def shares(config: DQNConfig, done: int, updates: int) -> NDArray[np.float32]:
    """The shares `(updates,)` for the next gradient steps, after `done` of them."""
    return RULES[config.target_update](np.arange(done + 1, done + updates + 1), config)


def move(target: Any, online: Any, share: Any) -> Any:
    """`share` of the way from `target` to `online`; exact at 0 and at 1. Arrays or tensors."""
    return (1 - share) * target + share * online
