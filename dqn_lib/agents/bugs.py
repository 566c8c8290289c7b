"""Agents with one thing wrong with each: mistakes that real people make, for the museum of lesson 8.

Every one of them runs without an error. That is what makes them worth a museum.
"""

from typing import Any

from dqn_lib.agents.backend import tf
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.learner import Objective, tnp
from dqn_lib.replay import Batch
from dqn_lib.targets import td_target


class TimeLimitIsTerminal(DQNAgent):
    """Takes the time limit for an ending after which nothing more is to be paid."""

    def observe(self, *step: Any, terminated: bool, truncated: bool) -> None:
        """Take in what happened."""
        super().observe(*step, terminated=terminated or truncated, truncated=truncated)


class FlagIsNoEnd(DQNAgent):
    """Bootstraps through the flag, as if there were something to come behind it."""

    def observe(self, *step: Any, terminated: bool, truncated: bool) -> None:
        """Take in what happened."""
        super().observe(*step, terminated=False, truncated=terminated or truncated)


class FlagPunished(DQNAgent):
    """Brought along from balancing a pole, where an episode that ends has failed."""

    def observe(self, state: Any, action: int, reward: float, next_state: Any, **endings: bool) -> None:
        """Take in what happened."""
        reward = -100.0 if endings["terminated"] else reward
        super().observe(state, action, reward, next_state, **endings)


class NoStopGradient(DQNAgent):
    """Computes the target inside the tape, so that target and estimate are pulled towards each other."""

    class Objective(Objective):
        """What it minimises."""

        def batch_loss(self, batch: Batch, targets: Any, online: Any, target: Any) -> Any:
            """The mean loss of a batch, with a target that moves while it is aimed at."""
            next_q = online(batch.next_states)
            targets = td_target(batch.reward_sums, batch.terminated, next_q, batch.discounts, xp=tnp)
            return super().batch_loss(batch, targets, online, target)


class RowMinusColumn(DQNAgent):
    """Subtracts a column `(B, 1)` from a row `(B,)`, which compares every estimate with every target."""

    class Objective(Objective):
        """What it minimises."""

        def batch_loss(self, batch: Batch, targets: Any, online: Any, target: Any) -> Any:
            """The mean loss of a batch, of all its pairs."""
            q = online(batch.states)
            taken = tf.one_hot(batch.actions, q.shape[-1])
            estimates = tf.reduce_sum(q * taken, axis=-1, keepdims=True)  # (B, 1)
            return tf.reduce_mean(self.error_loss(targets - estimates))  # of (B, B)
