"""Lesson 1: a policy, a return, and the two endings of an episode."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.comparison import Rejected, action, short_repr
from dqn_lib.exercises.exercise import call, exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

arrivals = predict(
    "The car chooses one of its three actions at random, a new one at each step, for 200 steps. "
    "Of 1,000 such drives, how many reach the flag?",
    Choice("none", "Not one. Random pushes cancel, and the car never leaves the valley.", right=True),
    Choice("about 10", "Fewer, and even 10 would be something to learn from. You will measure it below."),
    Choice("about 100", "Fewer. On a gentler hill, perhaps. You will measure it below."),
    Choice("about 500", "Far fewer: the hill is no coin. You will measure it below."),
)

holding = predict(
    "Now the car picks a random action as before, but keeps it for 32 steps before it picks again. "
    "Of 1,000 episodes, how many arrive?",
    Choice("still none", "The actions are as random as before, but they no longer undo each other at once."),
    Choice("a handful", "More than that: a push of 32 steps lasts about as long as half a swing."),
    Choice("between 100 and 300", "Long pushes sometimes fall into step with the swing.", right=True),
    Choice("nearly all", "The actions are still random: most pushes come at the wrong moment."),
)


def _push(policy: Callable, state: NDArray) -> object:
    """The action. At rest, where both pushes are right, 2 for either.

    Raises:
        Rejected: at rest, what the policy returns is no push.
    """
    if state[1]:
        return policy(state)
    here = f"With `state = {short_repr(state)}` the car stands still. "
    try:
        push = action(policy(state))
    except Rejected as problem:
        raise Rejected(here + str(problem)) from None
    if push == 1:
        raise Rejected(f"{here}There you coast (action 1), but a push is asked for: 0 or 2, either will do.")
    return 2


# At -0.5, at both sides of the valley, at the ends of the track; slow and fast; as Gymnasium gives them.
# The cars at rest come last, so that they hide no other mistake.
STATES = [
    np.array(state, kind)
    for kind in (np.float64, np.float32)
    for position in (-0.5, 0.3, -1.0, 0.6, -1.2, -0.7, 0.1)
    for state in ((position, 0.01), (position, -0.01), (position, 0.07), (position, -0.07), (position, -1e-4))
]
AT_REST = [
    np.array((position, 0.0), kind)
    for kind in (np.float64, np.float32)
    for position in (-0.5, -0.6, -0.4, -1.2, 0.3)
]


@exercise(
    cases=[(state,) for state in STATES + AT_REST],
    evaluate=_push,
    advice={"truth value of an array": "A state holds two numbers: compare the velocity, `state[1]`."},
    mistakes=[
        mistake(
            "The sign is turned round: this pushes against the motion, so it brakes. "
            "Action 2 pushes right, and a positive velocity means moving right.",
            lambda state: 0 if state[1] > 0 else 2,
            lambda state: 1 - int(np.sign(state[1])),  # coasts at rest
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
        mistake(
            "It always pushes left, whatever the state. Is the velocity rounded, or compared with 1? "
            "It is a small number, never above 0.07.",
            lambda state: 0,
        ),
        mistake(
            "Action 1 does nothing. The actions are 0 (push left), 1 (do nothing) and 2 (push right).",
            lambda state: 1 if state[1] > 0 else 0,
            lambda state: 1 if state[1] > 0 else -1,
            lambda state: int(np.sign(state[1])),
        ),
    ],
    hints=[
        "A state is an array of two numbers: `state[0]` is the position, `state[1]` the velocity.",
        "Moving right means a velocity above 0. Then action 2, otherwise action 0.",
        "`return 2 if ... else 0`, with a condition on `state[1]`.",
    ],
    takeaway="You pump the swing: every push adds energy. The car did not learn that, you did.",
    result="action",
)
def push_with_the_motion(state: NDArray) -> int:
    """Push the way the car is moving."""
    return 2 if state[1] > 0 else 0


def _weighted(rewards: Sequence[float], weight: Callable[[int], float]) -> float:
    """The sum of the rewards, each multiplied by the weight of its number."""
    return sum(weight(k) * reward for k, reward in enumerate(rewards))


def _discounted(rewards: Sequence[float], gamma: float) -> list[float]:
    return [gamma**k * reward for k, reward in enumerate(rewards)]


def _from_each_step(rewards: Sequence[float], gamma: float) -> list[float]:
    return [_weighted(rewards[k:], lambda n: gamma**n) for k in range(len(rewards))]


@exercise(
    cases=[
        ([-1.0], 0.9),
        ([-1.0, -1.0], 0.5),
        ([3.0, 0.0, -2.0], 0.5),
        ([-1.0, 2.0, 5.0], 1.0),
        ([1.0, -4.0, 2.0, 8.0], 0.9),
        ([2.0, 7.0], 0.0),
        ([-1, -1, -1], 0.5),  # integers
        ([-1.0] * 200, 0.99),
        ([], 0.9),
    ],
    advice={
        "division by zero": "Nothing has to be divided here: a reward k steps ahead is multiplied by `gamma**k`.",
        "for ^": "`^` is not a power in Python. Write `gamma**k`.",
    },
    mistakes=[
        mistake(
            "It returns in the middle of the loop, after the first reward. `return` ends the function at once: it "
            "belongs behind the loop, as far to the left as the `for`.",
            lambda rewards, gamma: rewards[0] if rewards else 0.0,
            lambda rewards, gamma: gamma * rewards[0] if rewards else 0.0,
            lambda rewards, gamma: rewards[-1] if rewards else 0.0,
        ),
        mistake(
            "The number of the step is multiplied by gamma here. It is the *power* of gamma: `gamma**k`, not `gamma * k`.",
            lambda rewards, gamma: _weighted(rewards, lambda k: gamma * k),
            lambda rewards, gamma: _weighted(rewards, lambda k: gamma * (k + 1)),
            lambda rewards, gamma: _weighted(rewards, lambda k: gamma * k if k else 1.0),
        ),
        mistake(
            "Base and exponent have changed places: the weight is `gamma**k`, not `k**gamma`.",
            lambda rewards, gamma: _weighted(rewards, lambda k: k**gamma),
            lambda rewards, gamma: _weighted(rewards, lambda k: (k + 1) ** gamma),
        ),
        mistake(
            "The last reward is left out: `range(n)` ends at n - 1 already.",
            lambda rewards, gamma: _weighted(rewards[:-1], lambda k: gamma**k),
        ),
        mistake(
            "The first reward is left out. It counts in full: the first number of `range` and `enumerate` is 0.",
            lambda rewards, gamma: _weighted(rewards[1:], lambda k: gamma**k),
            lambda rewards, gamma: _weighted(rewards[1:], lambda k: gamma ** (k + 1)),
        ),
        mistake(
            "Every power of gamma is one too high: the first reward counts in full, "
            "since gamma to the power of 0 is 1.",
            lambda rewards, gamma: _weighted(rewards, lambda k: gamma ** (k + 1)),
        ),
        mistake(
            "Off by one in the power: the first two rewards both count in full. "
            "The second one is already discounted once.",
            lambda rewards, gamma: _weighted(rewards, lambda k: gamma ** max(k - 1, 0)),
        ),
        mistake(
            "Every reward is multiplied by the same gamma. A reward k steps away is discounted k times.",
            lambda rewards, gamma: gamma * sum(rewards),
        ),
        mistake(
            "All rewards after the first are discounted once only. A reward k steps away is discounted k times.",
            lambda rewards, gamma: _weighted(rewards, lambda k: gamma if k else 1.0),
        ),
        mistake(
            "Nothing is discounted here: gamma plays no part.",
            lambda rewards, gamma: sum(rewards),
        ),
        mistake(
            "The discount is fixed, whatever `gamma` is given: use the argument.",
            lambda rewards, gamma: _weighted(rewards, lambda k: 0.99**k),
            lambda rewards, gamma: _weighted(rewards, lambda k: 0.9**k),
        ),
        mistake(
            "The discount runs backwards: the last reward counts in full, the first one least. "
            "It is the far future that counts less.",
            lambda rewards, gamma: _weighted(rewards[::-1], lambda k: gamma**k),
        ),
        mistake(
            "This divides by the number of rewards. A return is a plain weighted sum, not a mean.",
            lambda rewards, gamma: np.mean(_discounted(rewards, gamma)),
            lambda rewards, gamma: _weighted(rewards, lambda k: gamma**k) / max(len(rewards), 1),
        ),
        mistake(
            "These are the discounted rewards one by one. The return is their sum, one number.",
            _discounted,
        ),
        mistake(
            "These are the returns from every step on. Asked for is one number, the return from the first step.",
            _from_each_step,
        ),
        mistake(
            "`rewards.index(reward)` finds the first place that holds this reward, and many are equal. "
            "`enumerate(rewards)` counts.",
            lambda rewards, gamma: sum(gamma ** rewards.index(reward) * reward for reward in rewards),
        ),
        mistake(
            "With rewards that are integers the weights have become integers too, and gamma to the power of k is cut "
            "off to 0. An array of weights must be made of floats: `np.ones(len(rewards))`.",
            lambda rewards, gamma: _weighted(
                rewards, lambda k: int(gamma**k) if isinstance(rewards[k], int) else gamma**k
            ),
        ),
    ],
    hints=[
        "`enumerate(rewards)` gives each reward with its number, and the first number is 0.",
        "The reward with number k is multiplied by `gamma**k`.",
        "`sum(gamma**k * reward for ...)`; there is also a way from the back, without any power.",
    ],
    takeaway="With gamma 0.99, a hundred steps of -1 cost 63 and not 100: the far future counts less, but it counts.",
    result="return",
)
def discounted_return(rewards: Sequence[float], gamma: float) -> float:
    """The sum of the rewards, each discounted once for every step that it lies ahead."""
    total = 0.0
    for reward in reversed(rewards):
        total = reward + gamma * total
    return total


def _lists_or_arrays(function: Callable, terminated: list, truncated: list) -> object:
    """Called with lists or, if they will not do, with arrays: an answer may be made for either.

    Raises:
        Rejected: the answer asks `if terminated:`, which a list answers with True and an array refuses.
    """
    try:
        share = call(function, terminated, truncated)
    except (AttributeError, TypeError):
        return call(function, np.array(terminated), np.array(truncated))
    if isinstance(share, int | float) and share == 1 and not all(terminated):
        try:
            call(function, np.array(terminated), np.array(truncated))
        except ValueError:
            raise Rejected(
                "`if terminated:` only asks whether the list holds anything at all. "
                "Go through the episodes one by one, or take the mean."
            ) from None
        except Exception:  # made for lists
            return share
    return share


def _mean(flags: object) -> float:
    return float(np.mean(flags))


@exercise(
    evaluate=_lists_or_arrays,
    cases=[
        ([True], [False]),
        ([False, False], [True, True]),
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
            "This counts the truncated episodes too. Those ran out of time and did not reach the flag.",
            lambda terminated, truncated: _mean(np.logical_or(terminated, truncated)),
            lambda terminated, truncated: _mean(terminated) + _mean(truncated),
        ),
        mistake(
            "This is the share of the episodes that ran out of time: the other ending.",
            lambda terminated, truncated: _mean(truncated),
        ),
        mistake(
            "This is how many episodes arrived. The share is that number divided by all episodes.",
            lambda terminated, truncated: sum(terminated),
            lambda terminated, truncated: float(sum(terminated)),
        ),
        mistake(
            "An episode can reach the flag on its very last step and be truncated too. It did arrive: "
            "`truncated` must not take it away again.",
            lambda terminated, truncated: _mean(np.logical_and(terminated, np.logical_not(truncated))),
            lambda terminated, truncated: 1 - _mean(truncated),
        ),
        mistake(
            "This divides by the number of endings, and an episode in which both are True counts twice there. "
            "Divide by the number of episodes, `len(terminated)`.",
            lambda terminated, truncated: sum(terminated) / (sum(terminated) + sum(truncated)),
        ),
        mistake(
            "This counts the episodes in which both are True. One that arrives in good time is not truncated.",
            lambda terminated, truncated: _mean(np.logical_and(terminated, truncated)),
        ),
        mistake(
            "This says whether any episode arrived. Asked for is how large a part of them did.",
            lambda terminated, truncated: float(any(terminated)),
        ),
        mistake(
            "This is a number of per cent. A share lies between 0 and 1.",
            lambda terminated, truncated: 100 * _mean(terminated),
        ),
        mistake(
            "`//` cuts off everything behind the point. Divide with `/`.",
            lambda terminated, truncated: sum(terminated) // len(terminated),
        ),
        mistake(
            "This divides by the length of both lists together. Each episode has an entry in both.",
            lambda terminated, truncated: _mean(terminated) / 2,
        ),
    ],
    hints=[
        "Which of the two says that the car has reached the flag?",
        "The mean of a list of True and False is a share: True counts as 1.",
        "`np.mean(...)` of one of the two lists.",
    ],
    takeaway="`terminated` means that the task is done, `truncated` only that the time is up. Lesson 2 needs the difference.",
    result="share",
)
def share_reached(terminated: Sequence[bool], truncated: Sequence[bool]) -> float:
    """The share of the episodes that reached the flag, from the truth values of each one's last step."""
    return float(np.mean(terminated))
