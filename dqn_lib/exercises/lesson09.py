"""Lesson 9: the tutorial of 2017, its arithmetic and its repairs."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

arrives = predict(
    "The agent as it was printed, ten runs of 100 episodes each. In how many of the ten does the car reach the flag "
    "at least once?",
    Choice("in all ten", "Then the tutorial would be right. Run the next cells."),
    Choice("in about half of them", "Fewer. Run the next cells."),
    Choice("in none", "Not one arrival in a thousand episodes.", right=True),
)

gamma_alone = predict(
    "So gamma becomes 0.99, and now the flag is worth going to. Nothing else is changed. In how many of ten runs, "
    "40,000 steps each, does it solve the hill?",
    Choice("in all ten", "That would be too easy. Look at the second row of the next picture."),
    Choice("in about half of them", "Look at the second row of the next picture."),
    Choice(
        "in none",
        "One fault hides the next: now there is something to learn, and it cannot learn it.",
        right=True,
    ),
)


def _gain(arriving: Callable[[float, float, int], float], never: Callable[[float], float]) -> Callable:
    return lambda gamma, ending, steps: arriving(gamma, ending, steps) - never(gamma)


def _paid(gamma: float, steps: int) -> float:
    return -sum(gamma**k for k in range(steps))


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
            _gain(lambda g, e, n: _paid(g, n - 1) + g ** (n - 1) * e, lambda g: 0.0),
        ),
        mistake(
            "The ending comes one step too late: the last of `steps` steps brings the ending's reward *instead of* -1.",
            _gain(lambda g, e, n: _paid(g, n) + g**n * e, lambda g: -1 / (1 - g)),
            _gain(lambda g, e, n: _paid(g, n) + g ** (n - 1) * e, lambda g: -1 / (1 - g)),
        ),
        mistake(
            "The ending's reward is not discounted, although it comes only after all the others.",
            _gain(lambda g, e, n: _paid(g, n - 1) + e, lambda g: -1 / (1 - g)),
        ),
        mistake(
            "This counts never arriving as 200 steps at full price. Discounted, and for ever, it is -1 / (1 - gamma).",
            _gain(lambda g, e, n: _paid(g, n - 1) + g ** (n - 1) * e, lambda g: -200.0),
        ),
        mistake(
            "Never arriving does not end after 200 steps: it costs 1 at every step without end, -1 / (1 - gamma).",
            _gain(lambda g, e, n: _paid(g, n - 1) + g ** (n - 1) * e, lambda g: _paid(g, 200)),
        ),
        mistake(
            "The cost of never arriving is added. Subtract it: it is below 0, so the gain becomes larger by it.",
            _gain(lambda g, e, n: _paid(g, n - 1) + g ** (n - 1) * e, lambda g: 1 / (1 - g)),
        ),
        mistake(
            "The rewards on the way count in full here: the k-th one (from 0) is multiplied by gamma**k.",
            _gain(lambda g, e, n: -(n - 1) + g ** (n - 1) * e, lambda g: -1 / (1 - g)),
        ),
        mistake(
            "The sign is turned round: a gain is arriving minus never arriving.",
            lambda g, e, n: -1 / (1 - g) - _paid(g, n - 1) - g ** (n - 1) * e,
        ),
    ],
    hints=[
        "First the return of arriving: `steps - 1` rewards of -1, the k-th one (from 0) times gamma**k, and then the ending.",
        "The ending's reward is discounted by `gamma ** (steps - 1)`.",
        "Never arriving: -1 / (1 - gamma). Subtract it.",
    ],
    tolerance=1e-3,  # a long sum in place of -1 / (1 - gamma) will do
    insight="At gamma 0.95 and -20 it is 0, however quickly one arrives: 1 / (1 - 0.95) is 20.",
    result="gain",
)
def gain_of_arriving(gamma: float, ending: float, steps: int) -> float:
    """What arriving after `steps` steps is worth more than never arriving; the last reward is `ending`."""
    arriving = -sum(gamma**k for k in range(steps - 1)) + gamma ** (steps - 1) * ending
    return arriving + 1 / (1 - gamma)


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
            "This falls once in an episode of 200 steps. As printed it falls at every *step*.",
            lambda steps: max(0.995 ** (steps // 200), 0.01),
            lambda steps: max(0.995 ** -(-steps // 200), 0.01),
            lambda steps: max(0.995 ** (steps // 200 + 1), 0.01),
        ),
        mistake(
            "The floor is a ceiling here: `max` takes the larger of the two numbers, `min` the smaller one.",
            lambda steps: min(0.995**steps, 0.01),
        ),
        mistake(
            "This subtracts the same amount at every step. As printed it is multiplied by 0.995.",
            lambda steps: max(1 - 0.005 * steps, 0.01),
        ),
    ],
    hints=[
        "After n multiplications it is 0.995**n.",
        "`max(..., 0.01)` puts a floor under it.",
        "`steps` multiplications for `steps` steps.",
    ],
    insight="The floor is reached after 919 steps, which is in the fifth of a hundred episodes.",
    result="epsilon",
)
def epsilon_after(steps: int) -> float:
    """Epsilon when the action of step number `steps` is chosen, counted from 1."""
    return max(0.995**steps, 0.01)


def _printed(reward: float, future: bool, others: Callable[[NDArray], NDArray] = np.copy) -> Callable:
    def target(q: NDArray, action: int, next_q: NDArray, ended: bool) -> NDArray:
        aim = others(q)
        aim[action] = reward if ended else -1 + 0.95 * next_q.max()
        return aim

    return target


def _only_taken(q: NDArray, action: int, next_q: NDArray, ended: bool) -> NDArray:
    aim = np.zeros_like(q)
    aim[action] = -20 if ended else -1 + 0.95 * next_q.max()
    return aim


def _also_future(q: NDArray, action: int, next_q: NDArray, ended: bool) -> NDArray:
    aim = q.copy()
    aim[action] = (-20 if ended else -1) + 0.95 * next_q.max()
    return aim


def _number_of_best(q: NDArray, action: int, next_q: NDArray, ended: bool) -> NDArray:
    aim = q.copy()
    aim[action] = -20 if ended else -1 + 0.95 * next_q.argmax()
    return aim


def _entry_only(q: NDArray, action: int, next_q: NDArray, ended: bool) -> float:
    return -20.0 if ended else -1 + 0.95 * float(next_q.max())


def _undiscounted(q: NDArray, action: int, next_q: NDArray, ended: bool) -> NDArray:
    aim = q.copy()
    aim[action] = -20 if ended else -1 + next_q.max()
    return aim


def _own_maximum(q: NDArray, action: int, next_q: NDArray, ended: bool) -> NDArray:
    aim = q.copy()
    aim[action] = -20 if ended else -1 + 0.95 * q.max()
    return aim


Q, NEXT = np.array([-3.0, -5.0, -4.0]), np.array([-8.0, -2.0, -6.0])


@exercise(
    cases=[
        (Q, 1, NEXT, False),
        (Q, 1, NEXT, True),
        (Q, 2, NEXT, False),
        (NEXT, 0, Q, True),
        (NEXT, 1, Q, False),
    ],
    mistakes=[
        mistake(
            "The other two entries must stay as the target network has them; here they are 0.", _only_taken
        ),
        mistake(
            "After an ending nothing is added: the entry is -20 and no more. Here the future is added all the same.",
            _also_future,
        ),
        mistake("At an ending the reward is replaced by -20. Here it is still -1.", _printed(-1.0, True)),
        mistake("The maximum is over the values of the *next* state.", _own_maximum),
        mistake("`argmax` is the number of the best action; its value is `max`.", _number_of_best),
        mistake(
            "This returns the one entry. Asked for is the whole target, with that entry replaced.",
            _entry_only,
        ),
        mistake("The future is not discounted: 0.95 times the largest next value.", _undiscounted),
    ],
    hints=[
        "Begin with a copy: `aim = q.copy()`.",
        "Only one entry changes: `aim[action] = ...`.",
        "It becomes -20 if the episode has ended, otherwise -1 + 0.95 times the largest next value.",
    ],
    insight="Two of the three errors are between the network and its copy from before this replay: nothing at the "
    "first of its 32 gradient steps, something at each one after.",
    result="target",
)
def printed_target(q: NDArray, action: int, next_q: NDArray, ended: bool) -> NDArray:
    """The three targets of one transition, as printed; `q` and `next_q` are the target network's values."""
    aim = q.copy()
    aim[action] = -20 if ended else -1 + 0.95 * next_q.max()
    return aim
