"""Lesson 1: a policy, a return, and the two endings of an episode."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.comparison import Rejected, action, short_repr
from dqn_lib.exercises.exercise import call, exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

arrivals = predict(
    "The car pushes at random for 200 steps. Of 1,000 such episodes, how many reach the flag?",
    Choice("none", "Not one. Random pushes cancel, and the car never leaves the valley.", right=True),
    Choice("about 10", "Even that would be something to learn from. Run the next cell."),
    Choice("about 100", "On a gentler hill, perhaps. Run the next cell."),
    Choice("about 500", "That would make it a coin toss, and the hill has a say too. Run the next cell."),
)

holding = predict(
    "Now the car picks a random action as before, but keeps it for 32 steps before it picks again. "
    "Of 1,000 episodes, how many arrive?",
    Choice("still none", "The actions are as random as before, but they no longer undo each other at once."),
    Choice("a handful", "More than that: a push of 32 steps lasts about as long as half a swing."),
    Choice("between 100 and 300", "Long pushes sometimes fall into step with the swing.", right=True),
    Choice("nearly all", "It is still luck: most pushes come at the wrong moment."),
)


def _at_rest(policy: Callable) -> str:
    """At rest any action will do; something else than an action will not."""
    for position in (-0.5, -1.2, 0.3):
        state = np.array([position, 0.0])
        try:
            action(policy(state.copy()))
        except Exception as problem:
            told = (
                str(problem)
                if isinstance(problem, Rejected)
                else f"it raised {type(problem).__name__}: {problem}"
            )
            return f"not at rest, with `state = {short_repr(state)}`: {told}"
    return ""


# At -0.5, at both sides of the valley, at the ends of the world; slow and fast; as Gymnasium gives them.
STATES = [
    np.array(state, kind)
    for kind in (np.float64, np.float32)
    for position in (-0.5, 0.3, -1.0, 0.6, -1.2, -0.7, 0.1)
    for state in ((position, 0.01), (position, -0.01), (position, 0.07), (position, -0.07), (position, -1e-4))
]


@exercise(
    cases=[(state,) for state in STATES],
    demand=_at_rest,
    mistakes=[
        mistake(
            "The sign is turned round: this pushes against the motion, so it brakes. "
            "Action 2 pushes right, and a positive velocity means moving right.",
            lambda state: 0 if state[1] > 0 else 2,
        ),
        mistake(
            "This looks at the position, `state[0]`. Which way the car is moving is its velocity, `state[1]`.",
            lambda state: 2 if state[0] > 0 else 0,
            lambda state: 2 if state[0] < 0 else 0,
            lambda state: 2 if state[0] > -0.5 else 0,
            lambda state: 2 if state[0] >= -0.5 else 0,
            lambda state: 2 if state[0] > -np.pi / 6 else 0,
            lambda state: 2 if state[0] < -0.5 else 0,
            lambda state: 2 if state[0] <= -0.5 else 0,
        ),
        mistake(
            "It always pushes right, whatever the state. The engine alone is too weak for that; "
            "look at the velocity.",
            lambda state: 2,
        ),
    ],
    hints=[
        "A state is an array of two numbers: `state[0]` is the position, `state[1]` the velocity.",
        "Moving right means a velocity above 0. Then action 2, otherwise action 0.",
        "`return 2 if ... else 0`, with a condition on `state[1]`.",
    ],
    insight="You pump the swing: every push adds energy. The car now reaches the flag every time, "
    "and nothing was learnt.",
    result="action",
)
def push_with_the_motion(state: NDArray) -> int:
    """Push the way the car is moving."""
    return 2 if state[1] > 0 else 0


def _powers_from_one(rewards: Sequence[float], gamma: float) -> float:
    return sum(gamma ** (k + 1) * reward for k, reward in enumerate(rewards))


@exercise(
    cases=[
        ([-1.0], 0.9),
        ([-1.0, -1.0], 0.5),
        ([3.0, 0.0, -2.0], 0.5),
        ([-1.0, 2.0, 5.0], 1.0),
        ([1.0, -4.0, 2.0, 8.0], 0.9),
        ([2.0, 7.0], 0.0),
        ([-1.0] * 200, 0.99),
        ([], 0.9),
    ],
    mistakes=[
        mistake(
            "It returns in the middle of the loop, after the first reward. `return` ends the function at once: it "
            "belongs behind the loop, as far to the left as the `for`.",
            lambda rewards, gamma: rewards[0] if rewards else None,
            lambda rewards, gamma: rewards[0] if rewards else 0.0,
            lambda rewards, gamma: gamma * rewards[0] if rewards else None,
            lambda rewards, gamma: rewards[-1] if rewards else None,
        ),
        mistake(
            "The number of the step is multiplied by gamma here. It is the *power* of gamma: `gamma**k`, not `gamma * k`.",
            lambda rewards, gamma: sum(gamma * k * r for k, r in enumerate(rewards)),
            lambda rewards, gamma: sum(gamma * k * r for k, r in enumerate(rewards, start=1)),
            lambda rewards, gamma: (
                rewards[0] + sum(gamma * k * r for k, r in enumerate(rewards)) if rewards else 0.0
            ),
        ),
        mistake(
            "The last reward is left out: `range(n)` ends at n - 1 already.",
            lambda rewards, gamma: sum(gamma**k * r for k, r in enumerate(rewards[:-1])),
        ),
        mistake(
            "Every power of gamma is one too high: the first reward counts in full, "
            "since gamma to the power of 0 is 1.",
            _powers_from_one,
        ),
        mistake(
            "Off by one in the power: the first two rewards both count in full. "
            "The second one is already discounted once.",
            lambda rewards, gamma: sum(gamma ** max(k - 1, 0) * r for k, r in enumerate(rewards)),
        ),
        mistake(
            "Every reward is multiplied by the same gamma. A reward k steps away is discounted k times.",
            lambda rewards, gamma: sum(gamma * reward for reward in rewards),
            lambda rewards, gamma: gamma * sum(rewards),
        ),
        mistake(
            "Nothing is discounted here: gamma plays no part.",
            lambda rewards, gamma: sum(rewards),
        ),
        mistake(
            "The discount runs backwards: the last reward counts in full, the first one least. "
            "It is the far future that counts less.",
            lambda rewards, gamma: sum(gamma**k * r for k, r in enumerate(rewards[::-1])),
        ),
        mistake(
            "This divides by the number of rewards. A return is a plain weighted sum, not a mean.",
            lambda rewards, gamma: sum(gamma**k * r for k, r in enumerate(rewards)) / max(len(rewards), 1),
        ),
    ],
    hints=[
        "`enumerate(rewards)` gives each reward with its number, and the first number is 0.",
        "The reward with number k is multiplied by `gamma**k`.",
        "`sum(gamma**k * reward for ...)`; there is also a way from the back, without any power.",
    ],
    insight="With gamma 0.99, a hundred steps of -1 cost 63 and not 100: the far future is blurred, never gone.",
    result="return",
)
def discounted_return(rewards: Sequence[float], gamma: float) -> float:
    """The sum of the rewards, each discounted once for every step that it lies ahead."""
    total = 0.0
    for reward in reversed(rewards):
        total = reward + gamma * total
    return total


def _lists_or_arrays(function: Callable, terminated: list, truncated: list) -> object:
    """Called with lists or, if they will not do, with arrays: the question does not say which it is."""
    try:
        return call(function, terminated, truncated)
    except (AttributeError, TypeError):
        return call(function, np.array(terminated), np.array(truncated))


@exercise(
    probe=_lists_or_arrays,
    cases=[
        ([True], [False]),
        ([False], [True]),
        ([True, False], [False, True]),
        ([True, False, False, False], [False, True, True, True]),
        ([False, True, True], [True, False, True]),
        (
            [False, True, True, False, False, True, True, True],
            [True, False, False, True, True, False, False, False],
        ),
    ],
    mistakes=[
        mistake(
            "It returns 1, whatever happened. Either this counts the truncated episodes too, in which time ran out and "
            "nobody reached anything. Or it asks `if terminated:`, which only says whether the list holds anything at all.",
            lambda terminated, truncated: float(np.mean(np.logical_or(terminated, truncated))),
        ),
        mistake(
            "This counts the truncated episodes too. Time ran out in those; nobody reached anything.",
            lambda terminated, truncated: (sum(terminated) + sum(truncated)) / len(terminated),
        ),
        mistake(
            "This is the share of the episodes that ran out of time: the other ending.",
            lambda terminated, truncated: float(np.mean(truncated)),
        ),
        mistake(
            "This is how many episodes arrived. The share is that number divided by all episodes.",
            lambda terminated, truncated: sum(terminated),
            lambda terminated, truncated: float(sum(terminated)),
        ),
        mistake(
            "An episode can reach the flag on its very last step and be truncated too. It did arrive: "
            "`truncated` must not take it away again.",
            lambda terminated, truncated: float(
                np.mean(np.logical_and(terminated, np.logical_not(truncated)))
            ),
            lambda terminated, truncated: 1 - float(np.mean(truncated)),
        ),
    ],
    hints=[
        "Which of the two flags says that the goal was reached?",
        "The mean of a list of True and False is a share: True counts as 1.",
        "`np.mean(...)` of one of the two lists.",
    ],
    insight="`terminated` is an ending of the world, `truncated` one of our patience. Lesson 2 needs the difference.",
    result="share",
)
def share_reached(terminated: Sequence[bool], truncated: Sequence[bool]) -> float:
    """The share of the episodes that reached the flag, from the truth values of each one's last step."""
    return float(np.mean(terminated))
