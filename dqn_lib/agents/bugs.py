"""Variants of the DQN agent with one bug each, for lesson 8. They train without raising an error."""

from typing import Any

from dqn_lib.agents.backend import tf
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.learner import Objective, tnp
from dqn_lib.replay import Batch
from dqn_lib.targets import td_target


class TimeLimitIsTerminal(DQNAgent):
    """Truncation is treated as termination: no bootstrap."""

    def observe(self, *step: Any, terminated: bool, truncated: bool) -> None:
        """Store the transition with this bug."""
        super().observe(*step, terminated=terminated or truncated, truncated=truncated)


class FlagIsNoEnd(DQNAgent):
    """Termination is treated as truncation: it bootstraps from the terminal state."""

    def observe(self, *step: Any, terminated: bool, truncated: bool) -> None:
        """Store the transition with this bug."""
        super().observe(*step, terminated=False, truncated=terminated or truncated)


class FlagPunished(DQNAgent):
    """Termination is penalised, as it may be for CartPole, where an episode that ends has failed."""

    def observe(self, state: Any, action: int, reward: float, next_state: Any, **endings: bool) -> None:
        """Store the transition with this bug."""
        reward = -100.0 if endings["terminated"] else reward
        super().observe(state, action, reward, next_state, **endings)


class NoStopGradient(DQNAgent):
    """The TD target has a gradient: it is computed by the online network inside the gradient tape."""

    class Objective(Objective):
        """The objective with this bug."""

        def batch_loss(self, batch: Batch, targets: Any, online: Any, target: Any) -> Any:
            """The mean loss of a batch, with targets that depend on the online network."""
            next_q = online(batch.next_states)
            targets = td_target(batch.reward_sums, batch.terminated, next_q, batch.discounts, xp=tnp)
            return super().batch_loss(batch, targets, online, target)


class RowMinusColumn(DQNAgent):
    """Estimates `(B, 1)` are subtracted from targets `(B,)`, which broadcasts to errors `(B, B)`."""

    class Objective(Objective):
        """The objective with this bug."""

        def batch_loss(self, batch: Batch, targets: Any, online: Any, target: Any) -> Any:
            """The mean loss over all pairs of a target and an estimate."""
            q = online(batch.states)
            taken = tf.one_hot(batch.actions, q.shape[-1])
            estimates = tf.reduce_sum(q * taken, axis=-1, keepdims=True)  # (B, 1)
            return tf.reduce_mean(self.error_loss(targets - estimates))  # of (B, B)
