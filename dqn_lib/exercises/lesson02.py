"""Lesson 2: cells, the Q-learning update, epsilon-greedy and the horizon of gamma."""

from collections.abc import Callable
from math import floor

import numpy as np
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.exercises.chance import DRAWS, shares_of_actions
from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

finer_cells = predict(
    "The table has 20 x 20 cells. With 40 x 40 it could tell more situations apart. "
    "After the same 4,000 episodes, which table drives better?",
    Choice("the finer one", "It could draw sharper borders, if it had seen enough to draw them."),
    Choice(
        "the coarser one",
        "Four times as many cells share the same experience, so each is visited a quarter as often.",
        right=True,
    ),
    Choice("no difference", "There is one, and it is not small. Run the cells below."),
)

sight = predict(
    "The car stands at the bottom of the valley, about a hundred steps from the flag. With gamma 0.85, "
    "how far apart are the Q-values of its best and its worst action?",
    Choice("about one step", "With gamma 1 it would be so. Run the next cell."),
    Choice("about a tenth of a step", "That is nearer to gamma 0.97. Run the next cell."),
    Choice(
        "less than a millionth of a step",
        "The step that a better action saves lies a hundred steps ahead, and weighs next to nothing.",
        right=True,
    ),
)


def _scaled(state: NDArray, cells: int) -> NDArray:
    return (np.asarray(state) - car.STATE_LOW) / (car.STATE_HIGH - car.STATE_LOW) * cells


def _floored(state: NDArray, cells: int) -> tuple[int, int]:
    i, j = _scaled(state, cells)
    return floor(i), floor(j)


def _by_hand(state: NDArray, cells: int) -> tuple[int, int]:
    """The same with the widths as a student would type them: 1.8 is not quite 0.6 + 1.2."""
    return floor((state[0] + 1.2) / 1.8 * cells), floor((state[1] + 0.07) / 0.14 * cells)


def _right_cell(state: NDArray, cells: int) -> tuple[int, int]:
    i, j = _floored(state, cells)
    return min(i, cells - 1), min(j, cells - 1)


@exercise(
    cases=[
        (np.array([-1.2, -0.07]), 10),
        (np.array([-0.33, -0.03]), 10),
        (np.array([-0.21, 0.048]), 10),
        (np.array([0.55, -0.069]), 20),
        (np.array([-0.5, 0.0101]), 4),
        (np.array([0.6, 0.01]), 10),
        (np.array([-0.5, 0.07]), 10),
        (np.array([0.6, 0.07]), 20),
    ],
    mistakes=[
        mistake(
            "At the upper edge this gives `cells`, and the last cell has the number `cells - 1`. "
            "A position of exactly 0.6 belongs to the last cell.",
            _floored,
            _by_hand,
        ),
        mistake(
            "The axes are transposed: the position gives the first number, the velocity the second.",
            lambda state, cells: _right_cell(state, cells)[::-1],
            lambda state, cells: _floored(state, cells)[::-1],
            lambda state, cells: _by_hand(state, cells)[::-1],
        ),
        mistake(
            "This rounds to the nearest number instead of cutting off: half of every cell ends up in its "
            "neighbour. Use `int(...)` or floor.",
            lambda state, cells: tuple(min(round(float(x)), cells - 1) for x in _scaled(state, cells)),
            lambda state, cells: tuple(round(float(x)) for x in _scaled(state, cells)),
        ),
        mistake(
            "This divides the range into `cells - 1` parts, so the last cell is as thin as a line.",
            lambda state, cells: tuple(int(x) for x in _scaled(state, cells - 1)),
        ),
    ],
    hints=[
        "First bring each number to [0, 1]: subtract its lowest value, divide by the width of its range.",
        "Times `cells`, cut off: `int(0.73 * 10)` is 7.",
        "1.0 times `cells` is one too many: `min(..., cells - 1)`.",
    ],
    insight="With 20 parts, two numbers with endless decimals become one of 400 cells. "
    "Everything inside a cell is the same to the agent.",
    result="cell",
)
def cell(state: NDArray, cells: int) -> tuple[int, int]:
    """The numbers of the position's and of the velocity's cell, each from 0 to `cells - 1`."""
    low, high = np.array([-1.2, -0.07]), np.array([0.6, 0.07])
    i, j = (state - low) / (high - low) * cells
    return min(int(i), cells - 1), min(int(j), cells - 1)


def _update(
    future: Callable = lambda q, s2, a: q[s2].max(),
    masked: bool = True,
    sign: float = 1.0,
    jump: bool = False,
) -> Callable:
    """The Q-learning update, with the ways to get it wrong as parameters."""

    def update(
        q: NDArray, s: int, a: int, r: float, s2: int, end: bool, alpha: float, gamma: float
    ) -> NDArray:
        target = r + gamma * (not (end and masked)) * future(q, s2, a)
        new = q.copy()
        new[s, a] += sign * (1.0 if jump else alpha) * (target - q[s, a])
        return new

    return update


Q = np.array([[-3.0, -1.0, -2.0], [-5.0, -8.0, -4.0], [0.0, -6.0, -7.0]])


@exercise(
    cases=[
        (Q, 0, 2, -1.0, 1, False, 0.5, 1.0),
        (Q, 0, 2, -1.0, 1, True, 0.5, 1.0),
        (Q, 1, 0, -1.0, 0, False, 0.1, 0.9),
        (Q, 2, 1, 5.0, 0, True, 0.2, 0.99),
        (Q, 1, 1, -1.0, 2, False, 1.0, 0.5),
        (Q, 0, 0, -2.0, 1, False, 0.25, 0.0),
    ],
    mistakes=[
        mistake(
            "This bootstraps through the flag: after a terminal step there is no next state to add. "
            "With `terminated`, the target is the reward alone.",
            _update(masked=False),
        ),
        mistake(
            "The sign of the TD error is turned round: this moves away from the target. "
            "The error is target minus estimate.",
            _update(sign=-1.0),
        ),
        mistake(
            "The maximum runs over the wrong axis: over situations instead of actions. "
            "You want the best action in the one next cell, the maximum of the row `q[next_cell]`.",
            _update(lambda q, s2, a: q.max(axis=0)[s2]),
            _update(lambda q, s2, a: q.max(axis=0)[a]),
            _update(lambda q, s2, a: q[:, s2].max()),
        ),
        mistake(
            "The maximum runs over the whole table. Only the next cell's row is worth anything here.",
            _update(lambda q, s2, a: q.max()),
        ),
        mistake(
            "This replaces the old value by the target. Move only the share `alpha` of the way.",
            _update(jump=True),
        ),
    ],
    hints=[
        "The target is `reward + gamma * q[next_cell].max()`, and after a terminal step only `reward`.",
        "The TD error is target minus `q[cell, action]`. Add `alpha` times that to the entry.",
        "Begin with `new = q.copy()`, change `new[cell, action]`, and return `new`.",
    ],
    insight="That one line is Q-learning; everything later in this course is a way to make it work "
    "when the table no longer fits.",
    result="updated table",
    impure="the table you were given has changed too: `new = q` is a second name for it, not a copy",
)
def q_update(
    q: NDArray,
    cell: int,
    action: int,
    reward: float,
    next_cell: int,
    terminated: bool,
    alpha: float,
    gamma: float,
) -> NDArray:
    """A copy of the table `q` (cells, actions) after one Q-learning update."""
    target = reward if terminated else reward + gamma * q[next_cell].max()
    new = q.copy()
    new[cell, action] += alpha * (target - q[cell, action])
    return new


def _inverted(q: NDArray, epsilon: float, rng: np.random.Generator) -> int:
    return int(q.argmax()) if rng.random() < epsilon else int(rng.integers(3))


def _two_actions(first: int) -> object:
    def choose(q: NDArray, epsilon: float, rng: np.random.Generator) -> int:
        return int(first + rng.integers(2)) if rng.random() < epsilon else int(q.argmax())

    return choose


def _others_only(q: NDArray, epsilon: float, rng: np.random.Generator) -> int:
    others = [action for action in range(3) if action != q.argmax()]
    return int(rng.choice(others)) if rng.random() < epsilon else int(q.argmax())


@exercise(
    cases=[
        (np.array([-3.0, -1.0, -2.0]), 0.0, np.random.default_rng(0)),
        (np.array([-3.0, -1.0, -2.0]), 1.0, np.random.default_rng(1)),
        (np.array([-3.0, -5.0, -2.0]), 0.3, np.random.default_rng(2)),
        (np.array([-1.0, -5.0, -2.0]), 0.75, np.random.default_rng(3)),
    ],
    probe=shares_of_actions,
    tolerance=0.04,
    mistakes=[
        mistake(
            "Epsilon is inverted: it is the share of steps that explore, and here it is the share that is greedy.",
            _inverted,
        ),
        mistake(
            "It explores among two actions only. The upper end of `rng.integers(low, high)` is left out: "
            "three actions are `rng.integers(3)`.",
            _two_actions(0),
            _two_actions(1),
            lambda q, epsilon, rng: int(2 * rng.integers(2)) if rng.random() < epsilon else int(q.argmax()),
        ),
        mistake(
            "It explores among two actions only: the greedy one is left out. "
            "A random action may well be the greedy one.",
            _others_only,
        ),
        mistake("It never explores: epsilon plays no part.", lambda q, epsilon, rng: int(q.argmax())),
        mistake(
            "The greedy action is the one with the smallest value. All values are costs below 0, "
            "so the best is the largest.",
            lambda q, epsilon, rng: int(rng.integers(3)) if rng.random() < epsilon else int(q.argmin()),
        ),
    ],
    hints=[
        "`rng.random()` is a number between 0 and 1: it lies below epsilon in a share epsilon of all calls.",
        "`rng.integers(3)` is 0, 1 or 2; `q.argmax()` is the number of the largest value.",
        "`if rng.random() < epsilon: return ...`, and otherwise the greedy action.",
    ],
    insight="Note that even with epsilon 1 a third of the steps are greedy, by accident.",
    result=f"share of each action in {DRAWS:,} calls",
)
def epsilon_greedy(q: NDArray, epsilon: float, rng: np.random.Generator) -> int:
    """A random action with probability `epsilon`, otherwise the best of the three values `q`."""
    if rng.random() < epsilon:
        return int(rng.integers(3))
    return int(q.argmax())


@exercise(
    cases=[(0.25,), (0.5,), (0.9,), (0.99,), (0.999,)],
    mistakes=[
        mistake(
            "This starts counting one step too late: the very first reward, weight 1, belongs to the sum.",
            lambda gamma: gamma / (1 - gamma),
        ),
        mistake(
            "This is 1 minus gamma, the share lost at each step. The horizon is how many such shares make a whole.",
            lambda gamma: 1 - gamma,
        ),
        mistake(
            "This divides by gamma. The weights add up to 1 divided by (1 - gamma).",
            lambda gamma: 1 / gamma,
        ),
    ],
    hints=[
        "Write the sum twice, once times gamma, and subtract: nearly everything cancels.",
        "With gamma 0.5 it is 2, with gamma 0.99 it is 100.",
        "S = 1 + gamma S. Solve for S.",
    ],
    insight="So gamma 0.99 looks about 100 steps ahead, which is what this hill needs; gamma 0.85 looks 7 ahead.",
    result="horizon",
)
def effective_horizon(gamma: float) -> float:
    """The sum of all weights 1 + gamma + gamma^2 + ... for ever: how many steps ahead gamma looks."""
    return 1 / (1 - gamma)
