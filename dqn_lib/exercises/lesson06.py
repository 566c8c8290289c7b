"""Lesson 6: break the agent on purpose, then make it faster."""

from typing import Any

from tqdm.auto import tqdm

from dqn_lib import mountain_car
from dqn_lib.config import DQNConfig
from dqn_lib.exercises.comparison import kind_of
from dqn_lib.exercises.feedback import CORRECT, NOT_ATTEMPTED, NOT_YET, Hint, Hints, Solution, Verdict
from dqn_lib.exercises.leaderboard import Leaderboard, steps_to_solve
from dqn_lib.exercises.prediction import Choice, predict

DELAYS = {"learning_starts", "learn_every", "updates", "epsilon_wait", "epsilon_decay"}
PATIENCE = 12_000  # environment steps; of a hundred untouched agents 97 needed fewer
SLOWEST = 2e-4  # learning rate; with it the task is still solved in time, with half of it later

HINTS = (
    "Each piece of the agent answers a need: to try, to remember, to see far, to see sharply, to aim. "
    "Starve one of them.",
    "How far ahead does gamma look? How long is a random push held? How much is remembered?",
    "`DQNConfig(gamma=0.85)` is one. `memory_size` (with a memory no smaller than `batch_size`) and "
    "`learning_rate` give two more.",
)

SOLUTION = """my_three = [
    DQNConfig(gamma=0.85),  # a horizon of 7 steps; the flag is 100 away
    DQNConfig(memory_size=64),  # it forgets all but its last 64 steps
    DQNConfig(learning_rate=0.3),  # every correction overshoots
]"""


class BreakTheAgent:
    """Three configurations, each with one setting changed, none of which solves the task in time."""

    name = "my_three"
    source = SOLUTION

    def __init__(self) -> None:
        self.hints = Hints(HINTS)

    def check(self, configs: Any = ...) -> Verdict:
        """Train each of the three once, with seed 1, and say which of them learn all the same; never raises."""
        if configs is ... or configs is None:
            return Verdict(NOT_ATTEMPTED, "Fill `my_three` in the cell above, run it, then this one.")
        if problem := _problem(configs):
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
            "That was one seed each: an anecdote until it is repeated.",
        )

    def hint(self) -> Hint:
        """The next hint; after the last one, the last again."""
        return self.hints.next()

    def solution(self) -> Solution:
        """One answer."""
        return Solution(self.source)


def _problem(configs: Any) -> str:
    """Why the three cannot be an answer, in words; empty if they can."""
    if not isinstance(configs, list | tuple) or len(configs) != 3:
        return "It needs a list of three configurations."
    for config in configs:
        if problem := _problem_of_one(config):
            return problem
    if len({name for config in configs for name in config.changed()}) < 3:
        return "Two of them change the same setting. Find three different weak spots."
    return ""


def _problem_of_one(config: Any) -> str:
    """Why a configuration does not count, in words; empty if it does."""
    if type(config) is not DQNConfig:
        return f"Each must be a `DQNConfig(...)`, not {kind_of(config)}."
    changed = config.changed()
    if delays := DELAYS & changed.keys():
        return f"`{min(delays)}` only makes it learn later or less often. A delay does not break it."
    if len(changed) != 1:
        return (
            f"`{config}` changes {len(changed)} settings. Change exactly one at a time, "
            "or you will not know which of them did it."
        )
    if config.learning_rate < SLOWEST:
        return (
            f"A learning rate of {config.learning_rate:g} does not make it learn badly: it only learns more slowly, "
            "and in the end not at all. A delay does not break it. What does a learning rate do that is too *large*?"
        )
    needed = {"soft": "tau", "hard": "target_period"}.get(config.target_update)
    if unused := changed.keys() & {"tau", "target_period"} - {needed}:
        return (
            f"`{min(unused)}` has no effect while `target_update` is {config.target_update!r}: "
            "the agent would be the untouched one."
        )
    return ""


__all__ = ["Leaderboard", "arrivals_needed", "my_three"]

arrivals_needed = predict(
    "The greedy policy is checked every 500 steps. How many times will the car have reached the flag, by accident "
    "mostly, when a check is first at -110 or better?",
    Choice(
        "fewer than thirty times",
        "Often fewer than five. The memory shows each of them to the network again and again.",
        right=True,
    ),
    Choice("about a hundred times", "Far fewer: no accident is used only once."),
    Choice("several hundred times", "So many episodes it does not even have: each takes up to 200 steps."),
)

my_three = BreakTheAgent()
