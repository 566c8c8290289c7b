"""Lesson 6: break it on purpose, then make it faster than we did."""

from typing import Any

from tqdm.auto import tqdm

from dqn_lib import mountain_car
from dqn_lib.config import DQNConfig
from dqn_lib.exercises.exercise import CORRECT, NOT_ATTEMPTED, NOT_YET, Hint, Solution, Verdict, hint_number
from dqn_lib.exercises.leaderboard import Leaderboard, steps_to_solve
from dqn_lib.exercises.prediction import Choice, predict

DELAYS = {"learning_starts", "learn_every", "updates", "epsilon_wait", "epsilon_decay"}
PATIENCE = 12_000  # environment steps; of a hundred untouched agents 97 needed fewer
SLOWEST = 1e-5  # learning rate; Adam moves a weight by at most that much in a gradient step, or little more

HINTS = (
    "Each piece of the agent answers a need: to try, to remember, to see far, to see sharply, to aim. "
    "Starve one of them.",
    "How far ahead does gamma look? How long is a random push held? How much is remembered?",
    "`DQNConfig(gamma=0.85)` is one. `memory_size` (with a memory no smaller than `batch_size`) and "
    "`learning_rate` give two more.",
)

SOLUTION = """my_three = [
    DQNConfig(gamma=0.85),  # sees 7 steps ahead; the flag is 100 away
    DQNConfig(memory_size=64),  # it forgets all but its last 64 steps
    DQNConfig(learning_rate=0.3),  # every correction overshoots
]"""


class Sabotage:
    """Three configurations, each with one setting changed, none of which solves the task in time."""

    name = "my_three"
    source = SOLUTION

    def __init__(self) -> None:
        self._hinted = 0

    def check(self, configs: Any = ...) -> Verdict:
        """Train each of the three once, seed 1, and say which of them failed to learn; never raises."""
        if configs is ... or configs is None:
            return Verdict(NOT_ATTEMPTED, "Fill `my_three` in the cell above, run it, then this one.")
        if problem := self._problem(configs):
            return Verdict(NOT_YET, problem)
        env = mountain_car.make()
        survivors = []
        for config in tqdm(configs, unit=" trials"):
            try:
                step = steps_to_solve(env, config, seed=1, patience=PATIENCE)
            except Exception as problem:
                return Verdict(NOT_YET, f"`{config}` raised {type(problem).__name__}: {problem}")
            if step is not None:
                survivors.append(f"`{config}` solved it after {step:,} steps all the same.")
        if survivors:
            return Verdict(NOT_YET, " ".join(survivors) + " Did you predict that? Try another setting.")
        return Verdict(
            CORRECT,
            f"None of the three got to {mountain_car.SOLVED_RETURN:g} within {PATIENCE:,} steps. "
            "One seed each: an anecdote, until somebody repeats it.",
        )

    @staticmethod
    def _problem(configs: Any) -> str:
        if not isinstance(configs, list | tuple) or len(configs) != 3:
            return "It needs a list of three configurations."
        for config in configs:
            if problem := _no_sabotage(config):
                return problem
        if len({name for config in configs for name in config.changed()}) < 3:
            return "Two of them change the same setting. Find three different weak spots."
        return ""

    def hint(self) -> Hint:
        """The next hint; after the last one, the last again."""
        self._hinted = min(self._hinted + 1, len(HINTS))
        return hint_number(self._hinted, HINTS)

    def solution(self) -> Solution:
        """One answer."""
        return Solution(self.source)


def _no_sabotage(config: Any) -> str:
    """Why a configuration does not count, in words."""
    if type(config) is not DQNConfig:
        return f"Each must be a `DQNConfig(...)`, not a {type(config).__name__}."
    changed = config.changed()
    if delays := DELAYS & changed.keys():
        return f"`{min(delays)}` only makes it learn later or less often. Delay is no sabotage."
    if len(changed) != 1:
        return (
            f"`{config}` changes {len(changed)} settings. Change exactly one at a time, "
            "or you will not know what did it."
        )
    if config.learning_rate < SLOWEST:
        return (
            f"With a learning rate of {config.learning_rate:g} no weight moves by as much as "
            f"{SLOWEST * PATIENCE:g} in the whole trial: it does not learn badly, but not at all."
        )
    needed = {"soft": "tau", "hard": "target_period"}.get(config.target_update)
    if idle := changed.keys() & {"tau", "target_period"} - {needed}:
        return f"`{min(idle)}` has no effect while `target_update` is {config.target_update!r}."
    return ""


__all__ = ["Leaderboard", "my_three", "solved_when"]

solved_when = predict(
    "The agent explores at random for its first 3,000 steps, 15 episodes or so. After how many steps will "
    "its greedy policy count as solved?",
    Choice("within 12,000", "Soon after the random phase: the few arrivals were enough.", right=True),
    Choice("about 40,000", "Sooner. Run the next cells."),
    Choice("more than 100,000", "Much sooner. Run the next cells."),
    Choice("not at all in this notebook", "It will, while you watch."),
)

my_three = Sabotage()
