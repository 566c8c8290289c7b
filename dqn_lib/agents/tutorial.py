"""The agent of the tutorial that this course started from, as printed.

Yash Patel, "Reinforcement Learning w/ Keras + OpenAI: DQNs", Towards Data Science, 29 July 2017. It showed
many people that an agent with a replay memory and a target network fits on one page. Its code differs from
its text in details that are easy to overlook. They are settings of `TutorialConfig`, so that each can be
repaired alone:

- the reward of the last step of an episode, by flag or by time limit, is replaced by -20;
- truncation is treated as termination: no bootstrap;
- gamma is 0.95, with which -1 at every step for ever is worth -20 too, so that all policies are equal;
- the target network is a full copy after the replay of every step;
- a replay is 32 gradient steps on one transition each, with a mean squared error over all three outputs;
- states are not rescaled, random actions are not repeated, and epsilon is 0.01 after 919 steps, in the
  fifth of a hundred episodes.
"""

from dataclasses import dataclass, field, fields
from typing import Any

from numpy.typing import NDArray

from dqn_lib.agents.backend import tf
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.learner import Objective
from dqn_lib.config import DQNConfig, setting
from dqn_lib.replay import Batch


def printed(name: str, value: Any) -> Any:
    """The setting of `DQNConfig`, with the tutorial's default."""
    return field(default=value, metadata=next(f.metadata for f in fields(DQNConfig) if f.name == name))


@dataclass(frozen=True, kw_only=True, repr=False)
class TutorialConfig(DQNConfig):
    """Settings of the tutorial's agent, with its defaults."""

    gamma: float = printed("gamma", 0.95)
    learning_rate: float = printed("learning_rate", 0.01)
    batch_size: int = printed("batch_size", 1)
    n_step: int = printed("n_step", 1)
    double: bool = printed("double", False)
    loss: str = printed("loss", "squared")

    memory_size: int = printed("memory_size", 2_000)
    learning_starts: int = printed("learning_starts", 32)
    learn_every: int = printed("learn_every", 1)
    updates: int = printed("updates", 32)

    # A full copy after each replay: the tutorial's `tau` of 0.05 and its period of 1,000 are never used.
    target_update: str = printed("target_update", "hard")
    target_period: int = printed("target_period", 32)

    epsilon_end: float = printed("epsilon_end", 0.01)
    epsilon_factor: float | None = setting(
        0.995,
        low=0.0,
        high=1.0,
        help="Epsilon is multiplied by this at every step; None: the schedule of DQNConfig.",
    )
    hold: int = printed("hold", 1)

    hidden: tuple[int, ...] = printed("hidden", (24, 48, 24))
    input_range: float | None = printed("input_range", None)
    bias_range: float = printed("bias_range", 0.0)
    initial_value: float = printed("initial_value", 0.0)

    ending_reward: float | None = setting(
        -20.0,
        low=-1_000.0,
        high=1_000.0,
        help="Replaces the reward of the last step of an episode; None: the reward is kept.",
    )
    time_limit_is_terminal: bool = setting(True, help="Truncation is treated as termination: no bootstrap.")
    all_outputs: bool = setting(
        True,
        help="The loss is over all actions; the target network's value is the target of those not taken.",
    )


@dataclass(frozen=True)
class AllOutputs(Objective):
    """A mean squared error over all actions; the target network's value is the target of those not taken."""

    def batch_loss(self, batch: Batch, targets: Any, online: Any, target: Any) -> Any:
        """The mean loss of a batch."""
        q = online(batch.states)  # [B, A]
        taken = tf.one_hot(batch.actions, q.shape[-1])
        all_targets = tf.where(taken > 0, targets[:, None], target(batch.states))  # [B, A]
        return tf.reduce_mean((all_targets - q) ** 2)


class TutorialAgent(DQNAgent):
    """`DQNAgent` with the tutorial's settings, and the four differences that are not in `DQNConfig`."""

    Config = TutorialConfig
    config: TutorialConfig

    @property
    def epsilon(self) -> float:
        """The current fraction of steps that explore; it is multiplied before the action is chosen."""
        if self.config.epsilon_factor is None or self.config.epsilon is not None:
            return super().epsilon
        start, end = self.config.epsilon_start, self.config.epsilon_end
        return max(start * self.config.epsilon_factor ** (self.steps + 1), end)

    def observe(
        self,
        state: NDArray,
        action: int,
        reward: float,
        next_state: NDArray,
        *,
        terminated: bool,
        truncated: bool,
    ) -> None:
        """Store a transition as the tutorial does, and learn."""
        ended = terminated or truncated
        if ended and self.config.ending_reward is not None:
            reward = self.config.ending_reward
        terminated = ended if self.config.time_limit_is_terminal else terminated
        super().observe(state, action, reward, next_state, terminated=terminated, truncated=truncated)

    def _batches(self) -> Batch:
        """Windows sampled without replacement, if there are enough."""
        shape = (self.config.updates, self.config.batch_size)
        count = shape[0] * shape[1]
        if count > len(self.memory):
            return super()._batches()
        first = self.memory.rng.choice(len(self.memory), size=count, replace=False).reshape(shape)
        return self.memory.windows(first, self.config.n_step, self.config.gamma)

    def _objective(self) -> Objective:
        kind = AllOutputs if self.config.all_outputs else Objective
        return kind(self.config.double, self.config.loss)
