"""The TD target, and the update of the target network.

    target = rewards + discount * (1 - terminated) * max_a Q(next state, a)

Q-learning: Watkins (PhD thesis, Cambridge 1989); in the form used here, Sutton and Barto, "Reinforcement
Learning" (2nd edition, 2018), equation 6.8. Double Q-learning with networks: van Hasselt, Guez and
Silver (AAAI 2016), equation 4.

The functions take NumPy arrays, or tensors with `xp=tf.experimental.numpy`. With one-step targets,
`reward_sums` is the reward and `discounts` is gamma; with n steps, see `replay.Batch`. `terminated` is 0 or
1. A truncated episode is not terminated: it bootstraps.
"""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.config import DQNConfig


def td_target(reward_sums: Any, terminated: Any, next_q: Any, discounts: Any, xp: ModuleType = np) -> Any:
    """Targets `(...)` from rewards, flags and discounts `(...)` and next Q-values `(..., actions)`."""
    return reward_sums + discounts * (1 - terminated) * xp.max(next_q, axis=-1)


def double_td_target(
    reward_sums: Any,
    terminated: Any,
    next_q: Any,
    next_q_online: Any,
    discounts: Any,
    xp: ModuleType = np,
) -> Any:
    """As `td_target`, but the online network chooses the next action and `next_q` evaluates it.

    The maximum of noisy values is too high on average. Choosing and evaluating with two different networks
    removes most of this overestimation.
    """
    actions = next_q.shape[-1]
    chosen = xp.argmax(next_q_online, axis=-1)[..., None] == xp.arange(actions)  # (..., actions), one True
    return reward_sums + discounts * (1 - terminated) * xp.sum(xp.where(chosen, next_q, 0.0), axis=-1)


def every_step(step: NDArray[np.integer], config: DQNConfig) -> NDArray[np.float32]:
    """A full copy at every step, which is the same as no target network."""
    return np.ones(step.shape, np.float32)


def hard(step: NDArray[np.integer], config: DQNConfig) -> NDArray[np.float32]:
    """A full copy every `target_period` steps."""
    return (step % config.target_period == 0).astype(np.float32)


def soft(step: NDArray[np.integer], config: DQNConfig) -> NDArray[np.float32]:
    """A Polyak (soft) update with weight `tau` at every step."""
    return np.full(step.shape, config.tau, np.float32)


RULES = {"every_step": every_step, "hard": hard, "soft": soft}


def target_taus(config: DQNConfig, done: int, updates: int) -> NDArray[np.float32]:
    """The tau of each of the next `updates` gradient steps `(updates,)`, after `done` gradient steps."""
    return RULES[config.target_update](np.arange(done + 1, done + updates + 1), config)


def polyak_update(target: Any, online: Any, tau: Any) -> Any:
    """The average of `target` and `online` with the weight `tau` on `online`; exact for tau 0 and 1."""
    return (1 - tau) * target + tau * online
