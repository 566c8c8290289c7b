"""Lesson 6: break it on purpose, then make it faster than we did."""

from dqn_lib.exercises.leaderboard import Leaderboard
from dqn_lib.exercises.prediction import Choice, predict
from dqn_lib.exercises.sabotage import Sabotage

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
