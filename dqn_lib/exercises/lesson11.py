"""Lesson 11: six parts of an agent of one's own, on five probes and on the hill."""

from typing import Any

from dqn_lib.exercises import agent_memory, agent_parts, reference_agent
from dqn_lib.exercises.climb import climb, three_seeds  # noqa: F401 (for the lesson)
from dqn_lib.exercises.kept import kept  # noqa: F401 (for the lesson)
from dqn_lib.exercises.own_agent import CHECKS
from dqn_lib.exercises.prediction import Choice, predict
from dqn_lib.exercises.probing import probe  # noqa: F401 (for the lesson)
from dqn_lib.exercises.report import report  # noqa: F401 (for the lesson)
from dqn_lib.exercises.swap import swap  # noqa: F401 (for the lesson)

LibraryAgent = reference_agent.MyAgent

Memory = agent_memory.memory
Exploration = agent_parts.exploration
double_target = agent_parts.double_target
gradient_step = agent_parts.gradient_step
update_target = agent_parts.update_target
MyAgent = CHECKS["train"]

limit_probe = predict(
    "An agent takes the time limit for the flag: its memory marks both endings as terminated. Which of the five "
    "probes does it fail?",
    Choice("all five", "Four of them have no time limit, so there is nothing to confuse."),
    Choice("DelayedReward and TwoEndings", "In DelayedReward the episode really ends after four steps."),
    Choice("only TwoEndings", "It is the one with a time limit, and there the future is lost.", right=True),
    Choice("none", "Then there would be no need for a fifth probe."),
)


class LimitIsFlagMemory(reference_agent.Memory):
    """A memory that marks every ending as terminated."""

    def add(self, *item: Any) -> None:
        """Keep a transition, and confuse its endings."""
        *others, terminated, truncated = item
        super().add(*others, terminated or truncated, truncated)


class LimitIsFlag(reference_agent.MyAgent):
    """The library's agent, with that memory."""

    Memory = LimitIsFlagMemory
