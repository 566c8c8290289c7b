"""Lesson 9: the tutorial of 2017, its arithmetic and its repairs."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

arrives = predict(
    "The agent as it was published, ten runs of 100 episodes each. In how many of the ten does the car reach the "
    "flag at least once?",
    Choice("in all ten", "Then the tutorial would be right. Run the next cells."),
    Choice("in about half of them", "Fewer. Run the next cells."),
    Choice("in none", "Not one arrival in a thousand episodes.", right=True),
)

gamma_alone = predict(
    "So gamma becomes 0.99, and now the flag is worth going to. Nothing else is changed. In how many of ten runs, "
    "40,000 steps each, does it solve the hill?",
    Choice("in all ten", "None of them does. Look at the second row of the next picture."),
    Choice("in about half of them", "None of them does. Look at the second row of the next picture."),
    Choice(
        "in none",
        "One fault hides the next: now there is something to learn, and it does not learn it.",
        right=True,
    ),
)


def _gain(arriving: Callable[[float, float, int], float], never: Callable[[float], float]) -> Callable:
    return lambda gamma, ending, steps: arriving(gamma, ending, steps) - never(gamma)


def _paid(gamma: float, steps: int) -> float:
    return -sum(gamma**k for k in range(steps))


def _arriving(gamma: float, ending: float, steps: int) -> float:
    return _paid(gamma, steps - 1) + gamma ** (steps - 1) * ending


def _never(gamma: float) -> float:
    return -1 / (1 - gamma)


@exercise(
    cases=[
        (0.5, -1.0, 1),
        (0.5, -1.0, 3),
        (0.95, -20.0, 60),
        (0.95, -1.0, 60),
        (0.99, -20.0, 120),
        (0.9, 5.0, 2),
    ],
    mistakes=[
        mistake(
            "This is what arriving costs, not what it gains. Subtract what *never* arriving costs: -1 / (1 - gamma).",
            _gain(_arriving, lambda g: 0.0),
        ),
        mistake(
            "Everything comes one step too late. Either `steps` rewards of -1 come before the ending instead of "
            "`steps - 1`, or the first reward is already discounted.",
            _gain(lambda g, e, n: _paid(g, n) + g**n * e, _never),
        ),
        mistake(
            "The ending comes on top of the last -1. It is the last reward itself: only `steps - 1` rewards are -1.",
            _gain(lambda g, e, n: _paid(g, n) + g ** (n - 1) * e, _never),
        ),
        mistake(
            "The ending's reward is discounted once too often: `steps - 1` rewards come before it.",
            _gain(lambda g, e, n: _paid(g, n - 1) + g**n * e, _never),
        ),
        mistake(
            "A reward of -1 is missing: `steps - 1` of them come before the ending, and `range(n)` has n numbers.",
            _gain(lambda g, e, n: _paid(g, n - 2) + g ** (n - 1) * e, _never),
        ),
        mistake(
            "The ending's reward is not discounted, although it comes only after all the others.",
            _gain(lambda g, e, n: _paid(g, n - 1) + e, _never),
        ),
        mistake(
            "`ending` is a reward already, with its own sign: add it, discounted.",
            _gain(lambda g, e, n: _paid(g, n - 1) - g ** (n - 1) * e, _never),
        ),
        mistake(
            "`ending` is never used: the last reward is -20 here, whatever `ending` says.",
            lambda g, e, n: _arriving(g, -20.0, n) - _never(g),
        ),
        mistake(
            "`gamma` is never used: everything is discounted by 0.95 here, whatever `gamma` says.",
            lambda g, e, n: _arriving(0.95, e, n) - _never(0.95),
        ),
        mistake(
            "This counts never arriving as 200 steps at full price. Discounted, and for ever, it is -1 / (1 - gamma).",
            _gain(_arriving, lambda g: -200.0),
        ),
        mistake(
            "Never arriving does not end after 200 steps: it costs 1 at every step without end, -1 / (1 - gamma).",
            _gain(_arriving, lambda g: _paid(g, 200)),
        ),
        mistake(
            "The first step of never arriving counts in full, too: -1 / (1 - gamma), not -gamma / (1 - gamma).",
            _gain(_arriving, lambda g: -g / (1 - g)),
        ),
        mistake(
            "The value of never arriving is added. Subtract it: it is below 0, so the gain becomes larger by it.",
            _gain(_arriving, lambda g: 1 / (1 - g)),
        ),
        mistake(
            "The rewards on the way count in full here: the k-th one (from 0) is multiplied by gamma**k.",
            _gain(lambda g, e, n: -(n - 1) + g ** (n - 1) * e, _never),
        ),
        mistake(
            "The sign is turned round: a gain is arriving minus never arriving.",
            lambda g, e, n: _never(g) - _arriving(g, e, n),
        ),
        mistake(
            "This is a ratio. How much *more* is a difference: arriving minus never arriving.",
            lambda g, e, n: _arriving(g, e, n) / _never(g),
        ),
    ],
    hints=[
        "First the return of arriving: `steps - 1` rewards of -1, the k-th one (from 0) times gamma**k, and then the ending.",
        "The ending's reward is discounted by `gamma ** (steps - 1)`.",
        "Never arriving: -1 / (1 - gamma). Subtract it.",
    ],
    tolerance=1e-3,  # of the gain, and absolute where it is 0: a long sum in place of -1 / (1 - gamma) will do
    takeaway="At gamma 0.95 and -20 it is 0, however quickly one arrives: 1 / (1 - 0.95) is 20.",
    result="gain",
)
def gain_of_arriving(gamma: float, ending: float, steps: int) -> float:
    """How much more it is worth to arrive after `steps` steps than never; the last reward is `ending`."""
    arriving = -sum(gamma**k for k in range(steps - 1)) + gamma ** (steps - 1) * ending
    return arriving + 1 / (1 - gamma)


def _factor_above(floor: Callable[[float], bool]) -> Callable[[int], float]:
    """Multiply at each step as long as `floor` says so."""

    def epsilon_after(steps: int) -> float:
        epsilon = 1.0
        for _ in range(steps):
            epsilon *= 0.995 if floor(epsilon) else 1.0
        return epsilon

    return epsilon_after


@exercise(
    cases=[(1,), (2,), (100,), (918,), (919,), (20_000,)],
    mistakes=[
        mistake(
            "There is no floor: after a thousand steps it hardly explores at all. It never falls below 0.01.",
            lambda steps: 0.995**steps,
        ),
        mistake(
            "One multiplication is missing: epsilon is multiplied *before* each action, also the first.",
            lambda steps: max(0.995 ** (steps - 1), 0.01),
        ),
        mistake(
            "That is one multiplication too many: at step 1 epsilon is 0.995.",
            lambda steps: max(0.995 ** (steps + 1), 0.01),
        ),
        mistake(
            "This falls once in an episode of 200 steps. As published it falls at every *step*.",
            lambda steps: max(0.995 ** (steps // 200), 0.01),
            lambda steps: max(0.995 ** -(-steps // 200), 0.01),
            lambda steps: max(0.995 ** (steps // 200 + 1), 0.01),
        ),
        mistake(
            "The floor is a ceiling here: `max` takes the larger of the two numbers, `min` the smaller one.",
            lambda steps: min(0.995**steps, 0.01),
        ),
        mistake(
            "The last multiplication goes through the floor: after it, take the larger of epsilon and 0.01.",
            _factor_above(lambda epsilon: epsilon > 0.01),
        ),
        mistake(
            "It stops just above the floor. From step 919 on epsilon is 0.01 itself.",
            _factor_above(lambda epsilon: 0.995 * epsilon >= 0.01),
        ),
        mistake(
            "It falls towards the floor here, and never gets there. It falls towards 0, and stops at 0.01.",
            lambda steps: 0.01 + 0.99 * 0.995**steps,
        ),
        mistake(
            "Where the floor is reached epsilon is 0 here. It stays at 0.01.",
            lambda steps: 0.995**steps if 0.995**steps > 0.01 else 0.0,
        ),
        mistake(
            "This multiplies once. `steps` multiplications by 0.995 are a power, `0.995**steps`.",
            lambda steps: max(0.995 * steps, 0.01),
        ),
        mistake(
            "This is 0.995 for every step. Is the `return` inside the loop?",
            lambda steps: 0.995,
        ),
        mistake(
            "These are the epsilons of all steps up to this one. Return the last one only.",
            lambda steps: np.maximum(0.995 ** np.arange(1, steps + 1), 0.01),
        ),
        mistake(
            "This subtracts the same amount at every step. As published it is multiplied by 0.995.",
            lambda steps: max(1 - 0.005 * steps, 0.01),
        ),
    ],
    hints=[
        "After n multiplications it is 0.995**n.",
        "`max(..., 0.01)` puts a floor under it.",
        "`steps` multiplications for `steps` steps.",
    ],
    takeaway="The floor is reached at step 919, which is in the fifth of a hundred episodes.",
    result="epsilon",
)
def epsilon_after(steps: int) -> float:
    """The epsilon used to choose action number `steps` (1, 2, ...); at step 1 it is already 0.995."""
    return max(0.995**steps, 0.01)


Entry = Callable[[NDArray, int, NDArray, bool], float]


def _published(q: NDArray, action: int, next_q: NDArray, ended: bool) -> float:
    return -20.0 if ended else -1 + 0.95 * next_q.max()


def _unless_ended(value: Callable[[NDArray, int, NDArray], float]) -> Entry:
    return lambda q, action, next_q, ended: -20.0 if ended else value(q, action, next_q)


def _entry(entry: Entry, others: Callable[[NDArray, NDArray], NDArray] = lambda q, next_q: q) -> Callable:
    """A target with `entry` for the action taken, and the other two from `others`."""

    def target(q: NDArray, action: int, next_q: NDArray, ended: bool) -> NDArray:
        aim = np.array(others(q, next_q))
        aim[action] = entry(q, action, next_q, ended)
        return aim

    return target


def _at_the_best(q: NDArray, action: int, next_q: NDArray, ended: bool) -> NDArray:
    return _entry(_published)(q, int(q.argmax()), next_q, ended)


Q, NEXT = np.array([-3.0, -5.0, -4.0]), np.array([-8.0, -2.0, -6.0])


@exercise(
    cases=[
        (Q, 1, NEXT, False),
        (Q, 1, NEXT, True),
        (Q, 2, NEXT, False),
        (NEXT, 0, Q, True),
        (NEXT, 1, Q, False),
        (Q, 0, np.array([-6.0, -8.0, -2.0]), False),
    ],
    mistakes=[
        mistake(
            "The other two entries must stay as the target network has them; here they are 0.",
            _entry(_published, lambda q, next_q: np.zeros(3)),
        ),
        mistake(
            "The other two entries are those of the *next* state. Begin with `q`, the values of the state itself.",
            _entry(_published, lambda q, next_q: next_q),
        ),
        mistake(
            "All three entries are replaced. Only that of the action taken changes.",
            lambda *case: np.full(3, _published(*case)),
        ),
        mistake(
            "The entry of the best action is replaced. It must be that of the action *taken*, `action`.",
            _at_the_best,
        ),
        mistake(
            "After an ending nothing is added: the entry is -20 and no more. Here the future is added all the same.",
            _entry(lambda q, action, next_q, ended: (-20 if ended else -1) + 0.95 * next_q.max()),
        ),
        mistake(
            "At an ending the reward is replaced by -20. Here it is still -1.",
            _entry(lambda q, action, next_q, ended: -1.0 if ended else -1 + 0.95 * next_q.max()),
        ),
        mistake(
            "At an ending the -20 comes in place of the -1, not on top of it.",
            _entry(lambda q, action, next_q, ended: -21.0 if ended else -1 + 0.95 * next_q.max()),
        ),
        mistake(
            "`ended` is never used: at an ending the entry is -20, and nothing else.",
            _entry(lambda q, action, next_q, ended: -1 + 0.95 * next_q.max()),
        ),
        mistake(
            "The two cases have changed places: -20 is for a step that *ended* the episode.",
            _entry(lambda q, action, next_q, ended: -1 + 0.95 * next_q.max() if ended else -20.0),
        ),
        mistake(
            "The maximum is over the values of the *next* state.",
            _entry(_unless_ended(lambda q, action, next_q: -1 + 0.95 * q.max())),
        ),
        mistake(
            "This takes the value of the same action in the next state. Take the largest of its values.",
            _entry(_unless_ended(lambda q, action, next_q: -1 + 0.95 * next_q[action])),
        ),
        mistake(
            "This is a Double target: it takes the action that is best by `q`. As published it is the largest of `next_q`.",
            _entry(_unless_ended(lambda q, action, next_q: -1 + 0.95 * next_q[q.argmax()])),
        ),
        mistake(
            "This takes the smallest of the next values. Take the largest.",
            _entry(_unless_ended(lambda q, action, next_q: -1 + 0.95 * next_q.min())),
        ),
        mistake(
            "`argmax` is the number of the best action; its value is `max`.",
            _entry(_unless_ended(lambda q, action, next_q: -1 + 0.95 * next_q.argmax())),
        ),
        mistake(
            "This returns the one entry. Asked for is the whole target, with that entry replaced.",
            _published,
        ),
        mistake(
            "The future is not discounted: 0.95 times the largest next value.",
            _entry(_unless_ended(lambda q, action, next_q: -1 + next_q.max())),
        ),
        mistake(
            "The future is discounted by 0.99. As published it is 0.95.",
            _entry(_unless_ended(lambda q, action, next_q: -1 + 0.99 * next_q.max())),
        ),
        mistake(
            "The reward of -1 is discounted as well. Only the next value is.",
            _entry(_unless_ended(lambda q, action, next_q: 0.95 * (next_q.max() - 1))),
        ),
        mistake(
            "A step costs 1: its reward is -1, not +1.",
            _entry(_unless_ended(lambda q, action, next_q: 1 + 0.95 * next_q.max())),
        ),
        mistake(
            "The target is cut to whole numbers. Copy `q` as an array of floats.",
            lambda *case: _entry(_published)(*case).astype(int),
        ),
    ],
    hints=[
        "Begin with a copy: `aim = q.copy()`.",
        "Only one entry changes: `aim[action] = ...`.",
        "It becomes -20 if the episode has ended, otherwise -1 + 0.95 times the largest next value.",
    ],
    takeaway="Two of the three errors compare the network with its own copy from before this replay. At the first of the "
    "32 gradient steps they are 0, since the two are the same network; after it they are not.",
    result="target",
)
def printed_target(q: NDArray, action: int, next_q: NDArray, ended: bool) -> NDArray:
    """The three targets of one transition, as published; `q` and `next_q` are the target network's values."""
    aim = q.copy()
    aim[action] = -20 if ended else -1 + 0.95 * next_q.max()
    return aim
