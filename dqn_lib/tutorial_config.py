"""The settings of the 2017 tutorial's agent, as printed (`dqn_lib.agents.tutorial`).

Every difference from our own agent is a setting, so each repair is one line: `TutorialConfig(hold=32)`.
"""

from dataclasses import dataclass, field, fields
from typing import Any

from dqn_lib.config import DQNConfig, knob


def printed(name: str, value: Any) -> Any:
    """The setting of `DQNConfig` with the value that the tutorial gives it."""
    return field(default=value, metadata=next(f.metadata for f in fields(DQNConfig) if f.name == name))


@dataclass(frozen=True, kw_only=True, repr=False)
class TutorialConfig(DQNConfig):
    """Settings of the tutorial's agent; the defaults are the tutorial's."""

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

    # A whole copy after each replay: its `tau` of 0.05 and its period of 1,000 are declared and not used.
    target_update: str = printed("target_update", "hard")
    target_period: int = printed("target_period", 32)

    epsilon_end: float = printed("epsilon_end", 0.01)
    epsilon_factor: float | None = knob(
        0.995,
        low=0.0,
        high=1.0,
        says="Epsilon is multiplied by this at every step; None: it waits and falls as it does in DQNConfig.",
    )
    hold: int = printed("hold", 1)

    hidden: tuple[int, ...] = printed("hidden", (24, 48, 24))
    input_range: float | None = printed("input_range", None)
    bias_range: float = printed("bias_range", 0.0)
    initial_value: float = printed("initial_value", 0.0)

    ending_reward: float | None = knob(
        -20.0,
        low=-1_000.0,
        high=1_000.0,
        says="Written in place of the reward of a step that ends the episode; None: the reward stays.",
    )
    time_limit_is_terminal: bool = knob(True, says="An episode cut off by the time limit counts as ended.")
    all_outputs: bool = knob(
        True, says="The loss is over all actions; those not taken aim at the target network's own values."
    )
