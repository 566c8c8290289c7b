"""Lesson 2: cells, the Q-learning update, epsilon-greedy and the horizon of gamma."""

from collections.abc import Callable
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.exercises.comparison import DRAWS, Rejected, action, repeatable, short_repr
from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

finer_cells = predict(
    "The table has 20 x 20 cells. With 40 x 40 it could tell more situations apart. "
    "After 4,000 episodes of each, which one drives better?",
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


LOW, HIGH = car.STATE_LOW.astype(float), car.STATE_HIGH.astype(float)


def _cell(
    cut: Callable[[float], int] = int,
    last: Callable[[int], int] = lambda cells: cells - 1,
    parts: Callable[[int], int] = lambda cells: cells,
    first: int | None = None,
    low: NDArray = LOW,
    width: NDArray = HIGH - LOW,
    swapped: bool = False,
) -> Callable:
    """The numbers of the cells, with the ways to get them wrong as parameters."""

    def cell(state: NDArray, cells: int) -> tuple[int, ...]:
        place = (state - low) / width * parts(cells)
        numbers = [min(cut(float(x)), last(cells)) for x in place]
        numbers = [number if first is None else max(number, first) for number in numbers]
        return tuple(numbers[::-1] if swapped else numbers)

    return cell


def _after(numbers: Callable, change: Callable[[int, int, int], object]) -> Callable:
    """`change(i, j, cells)` of the numbers of the cells."""
    return lambda state, cells: change(*numbers(state, cells), cells)


def _digitized_from_one(state: NDArray, cells: int) -> tuple[int, ...]:
    edges = (np.linspace(low, high, cells + 1) for low, high in zip(LOW, HIGH, strict=True))
    return tuple(
        min(int(np.digitize(x, edge)), cells - 1) for x, edge in zip(state.tolist(), edges, strict=True)
    )


def _minding(axis: int) -> Callable:
    """The upper edge of one axis only."""
    right, beyond = _cell(), _cell(last=_beyond)

    def cell(state: NDArray, cells: int) -> tuple[int, ...]:
        minded, other = right(state, cells), beyond(state, cells)
        return tuple((minded if number == axis else other)[number] for number in (0, 1))

    return cell


def _beyond(cells: int) -> int:
    return cells + 1


# As a student would type them: 1.8 is not quite 0.6 + 1.2. And as the environment gives them, in float32.
WIDTH = np.array([1.8, 0.14])
SPACE = {"low": np.float64(np.float32(LOW)), "width": np.float64(np.float32(HIGH)) - np.float32(LOW)}
CUTS = (int, floor)
WIDTHS = (HIGH - LOW, WIDTH)
RIGHT = _cell(first=0)


@exercise(
    cases=[
        (np.array([-1.2, -0.07]), 10),
        (np.array([-0.33, -0.03]), 10),
        (np.array([-0.23, 0.048]), 10),
        (np.array([0.55, -0.069]), 20),
        (np.array([-0.5, 0.0101]), 4),
        (np.array([0.6, 0.01]), 10),
        (np.array([-0.5, 0.07]), 10),
        (np.array([0.6, 0.07]), 20),
        (np.array([0.6, 0.07]), 1),
        # What Gymnasium gives at full speed and at the wall: beyond the bounds by the rounding of float32.
        (np.array([0.6, 0.07], np.float32), 20),
        (np.array([-1.2, -0.07], np.float32), 20),
        (np.array([-1.2, 0.07], np.float32), 7),
        (np.array([0.5, -0.07], np.float32), 40),
        (np.array([-0.52, 0.0041], np.float32), 20),
    ],
    advice={
        "only 0-dimensional": "`int()` takes one number. Unpack first: `i, j = ...`, then `int(i), int(j)`."
    },
    mistakes=[
        mistake(
            "At the upper edge this gives `cells`, and the last cell has the number `cells - 1`. "
            "A position of exactly 0.6 belongs to the last cell.",
            *(_cell(cut, _beyond, first=first) for cut in CUTS for first in (None, 0)),
            *(_cell(cut, _beyond, width=WIDTH, first=first) for cut in CUTS for first in (None, 0)),
            *(_cell(cut, _beyond, **SPACE, first=first) for cut in CUTS for first in (None, 0)),
            _minding(0),
            _minding(1),
        ),
        mistake(
            "`%` wraps round: the upper edge falls into cell 0 again. Use `min(..., cells - 1)`.",
            *(
                _after(_cell(last=_beyond, width=width), lambda i, j, cells: (i % cells, j % cells))
                for width in WIDTHS
            ),
        ),
        mistake(
            "At the wall this gives -1. Gymnasium's states are float32, and float32's -1.2 lies a little below -1.2: "
            "rounded down it is cell -1, which Python takes for the last one. Cut off with `int`, or use `max(..., 0)` too.",
            _cell(floor),
            _cell(floor, width=WIDTH),
        ),
        mistake(
            "The axes are transposed: the position gives the first number, the velocity the second.",
            *(_cell(cut, swapped=True, first=first) for cut in CUTS for first in (None, 0)),
            *(_cell(cut, _beyond, swapped=True, first=first) for cut in CUTS for first in (None, 0)),
            *(_cell(cut, _beyond, width=WIDTH, swapped=True) for cut in CUTS),
        ),
        mistake(
            "This rounds to the nearest number, or up, instead of cutting off: a part of every cell ends up in its "
            "neighbour. Use `int(...)` or floor.",
            *(_cell(cut, last) for cut in (round, ceil) for last in (lambda cells: cells - 1, _beyond)),
        ),
        mistake(
            "The numbers begin at 1 here. The first cell has the number 0 (`np.digitize` counts from 1: subtract 1).",
            _after(RIGHT, lambda i, j, cells: (i + 1, j + 1)),
            _after(RIGHT, lambda i, j, cells: (min(i + 1, cells - 1), min(j + 1, cells - 1))),
            _digitized_from_one,
        ),
        mistake(
            "This always cuts into 20 parts. `cells` says into how many.",
            lambda state, cells: RIGHT(state, 20),
        ),
        mistake(
            "This is one number for both. Asked for are two: the position's cell and the velocity's.",
            _after(RIGHT, lambda i, j, cells: i * cells + j),
            _after(RIGHT, lambda i, j, cells: i + j * cells),
        ),
        mistake(
            "The velocity is cut as if it were a position. Its range is another one: -0.07 to 0.07.",
            _cell(low=LOW[[0, 0]], width=(HIGH - LOW)[[0, 0]]),
        ),
        mistake(
            "`int` is taken before the multiplication, so nearly everything becomes 0. Multiply by `cells` first.",
            *(
                _after(
                    _cell(last=_beyond, width=width, parts=lambda cells: 1),
                    lambda i, j, cells: (min(i * cells, cells - 1), min(j * cells, cells - 1)),
                )
                for width in WIDTHS
            ),
        ),
        mistake(
            "This is where in its row of cells the state lies, with a fraction. Cut that off: `int(...)`.",
            lambda state, cells: np.minimum((state - LOW) / (HIGH - LOW) * cells, cells - 1),
            lambda state, cells: (state - LOW) / (HIGH - LOW) * cells,
        ),
        mistake(
            "`max(..., cells - 1)` keeps the *larger* number, so everything ends in the last cell. Use `min`.",
            *(
                _after(
                    _cell(last=_beyond, width=width),
                    lambda i, j, cells: (max(i, cells - 1), max(j, cells - 1)),
                )
                for width in WIDTHS
            ),
        ),
        mistake(
            "This divides the range into `cells - 1` parts, so the last cell is as thin as a line.",
            *(_cell(cut, parts=lambda cells: cells - 1) for cut in CUTS),
            *(_cell(cut, parts=lambda cells: cells - 1, first=0) for cut in CUTS),
        ),
        mistake(
            "The range is cut in the wrong place: the position begins at -1.2, the velocity at -0.07. Subtract the "
            "lowest value before you divide.",
            *(_cell(cut, low=np.zeros(2)) for cut in CUTS),
            *(_cell(cut, low=np.zeros(2), first=0) for cut in CUTS),
        ),
    ],
    hints=[
        "First bring each number to [0, 1]: subtract its lowest value, divide by the width of its range.",
        "Times `cells`, cut off: `int(0.73 * 10)` is 7.",
        "1.0 times `cells` is one too many: `min(..., cells - 1)`.",
    ],
    takeaway="With 20 parts, two numbers with endless decimals become one of 400 cells. "
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
    old: float = 1.0,
    discounted: bool = True,
    mask: Callable[[bool], float] = lambda end: not end,
    reward: Callable[[float, bool, float], float] = lambda r, end, gamma: r,
) -> Callable:
    """The Q-learning update, with the ways to get it wrong as parameters."""

    def update(
        q: NDArray, s: int, a: int, r: float, s2: int, end: bool, alpha: float, gamma: float
    ) -> NDArray:
        later = (gamma if discounted else 1.0) * mask(end and masked) * future(q, s2, a)
        target = reward(r, end, gamma) + later
        new = q.copy()
        new[s, a] += sign * (1.0 if jump else alpha) * (target - old * q[s, a])
        return new

    return update


def _written(new: Callable[..., None]) -> Callable:
    """The right target, written into a copy in a wrong way: `new(table, q, s, a, target, s2, alpha)`."""

    def update(
        q: NDArray, s: int, a: int, r: float, s2: int, end: bool, alpha: float, gamma: float
    ) -> NDArray:
        table = q.copy()
        new(table, q, s, a, r if end else r + gamma * q[s2].max(), s2, alpha)
        return table

    return update


def _in_the_next_cell(
    table: NDArray, q: NDArray, s: int, a: int, target: float, s2: int, alpha: float
) -> None:
    table[s2, a] += alpha * (target - q[s, a])


def _transposed(table: NDArray, q: NDArray, s: int, a: int, target: float, s2: int, alpha: float) -> None:
    table[a, s] += alpha * (target - q[a, s])


def _step_alone(table: NDArray, q: NDArray, s: int, a: int, target: float, s2: int, alpha: float) -> None:
    table[s, a] = alpha * (target - q[s, a])


def _other_share(table: NDArray, q: NDArray, s: int, a: int, target: float, s2: int, alpha: float) -> None:
    table[s, a] = alpha * q[s, a] + (1 - alpha) * target


def _not_at_the_flag(
    q: NDArray, s: int, a: int, r: float, s2: int, end: bool, alpha: float, gamma: float
) -> NDArray:
    return q.copy() if end else _update()(q, s, a, r, s2, end, alpha, gamma)


def _not_at_home(
    q: NDArray, s: int, a: int, r: float, s2: int, end: bool, alpha: float, gamma: float
) -> NDArray:
    return q.copy() if s2 == s else _update()(q, s, a, r, s2, end, alpha, gamma)


def _row(q: NDArray, s: int, a: int, r: float, s2: int, end: bool, alpha: float, gamma: float) -> NDArray:
    new = q.copy()
    new[s] += alpha * ((r if end else r + gamma * q[s2].max()) - q[s])
    return new


def _entry(q: NDArray, s: int, a: int, r: float, s2: int, end: bool, alpha: float, gamma: float) -> float:
    return q[s, a] + alpha * ((r if end else r + gamma * q[s2].max()) - q[s, a])


def _written_first(
    q: NDArray, s: int, a: int, r: float, s2: int, end: bool, alpha: float, gamma: float
) -> NDArray:
    """Move towards the reward first, then look for the maximum in the changed table."""
    new = q.copy()
    new[s, a] += alpha * (r - new[s, a])
    if not end:
        new[s, a] += alpha * gamma * new[s2].max()
    return new


Q = np.array([[-3.0, -1.0, -2.0], [-5.0, -8.0, -4.0], [0.0, -6.0, -7.0]])


@exercise(
    cases=[
        (Q, 0, 2, -1.0, 1, False, 0.5, 1.0),
        (Q, 0, 2, -1.0, 1, True, 0.5, 1.0),
        (Q, 1, 0, -1.0, 0, False, 0.1, 0.9),
        (Q, 2, 1, 5.0, 0, True, 0.2, 0.99),
        (Q, 1, 1, -1.0, 2, False, 1.0, 0.5),
        (Q, 0, 0, -2.0, 1, False, 0.25, 0.0),
        (Q, 0, 1, -1.0, 0, False, 0.5, 0.9),  # a step that stays in its cell
        (Q, 1, 2, 3.0, 1, False, 0.5, 1.0),
        (Q, 2, 0, -1.0, 2, True, 0.5, 0.9),
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
            "The maximum runs over the wrong axis: over cells instead of actions. "
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
            "This is the maximum of the cell that the car has left. Bootstrap from the one it came to, `q[next_cell]`.",
            lambda q, s, a, r, s2, end, alpha, gamma: _update(lambda q, _, a: q[s].max())(
                q, s, a, r, s2, end, alpha, gamma
            ),
        ),
        mistake(
            "This replaces the old value by the target. Move only the share `alpha` of the way.",
            _update(jump=True),
        ),
        mistake(
            "The old value is not subtracted: alpha times the *target* is added, not alpha times the error. "
            "The error is target minus estimate, `target - q[cell, action]`.",
            _update(old=0.0),
        ),
        mistake(
            "Gamma plays no part here. What comes after the next step is discounted: `gamma * q[next_cell].max()`.",
            _update(discounted=False),
        ),
        mistake(
            "`argmax` is the number of the best action. The target needs its value: `max`.",
            _update(lambda q, s2, a: q[s2].argmax()),
            _update(lambda q, s2, a: np.argmax(q)),
        ),
        mistake(
            "The next action is taken to be the same one again. The target wants the best one in the next cell: `max`.",
            _update(lambda q, s2, a: q[s2, a]),
        ),
        mistake(
            "This is the value of the worst next action, the minimum. The target wants the best one: `max`.",
            _update(lambda q, s2, a: q[s2].min()),
        ),
        mistake(
            "This is the mean of the next values. The target wants the best next action: `max`.",
            _update(lambda q, s2, a: q[s2].mean()),
        ),
        mistake(
            "The reward is discounted too. It counts in full: `reward + gamma * q[next_cell].max()`.",
            _update(reward=lambda r, end, gamma: r if end else gamma * r),
            _update(reward=lambda r, end, gamma: gamma * r),
        ),
        mistake(
            "With `terminated` the target is not 0: the last step has its reward too. Only what would follow is dropped.",
            _update(reward=lambda r, end, gamma: 0.0 if end else r),
        ),
        mistake(
            "Nothing is learnt from the step that reaches the flag. With `terminated` the target is the reward alone, "
            "and the entry moves towards it.",
            _not_at_the_flag,
        ),
        mistake(
            "Nothing is learnt from a step that stays in its cell. It is a step like any other.",
            _not_at_home,
        ),
        mistake(
            "The reward is taken to be -1. It is an argument.",
            _update(reward=lambda r, end, gamma: -1.0),
        ),
        mistake(
            "Alpha and 1 - alpha have changed places: alpha is the share that the *target* has in the new value.",
            _written(_other_share),
        ),
        mistake(
            "The entry is replaced by the step. The step is added to it: `+=`.",
            _written(_step_alone),
        ),
        mistake(
            "It is the next cell that changes here. What was done in `cell` is learnt there: `new[cell, action]`.",
            _written(_in_the_next_cell),
        ),
        mistake(
            "The indices have changed places: the table is `q[cell, action]`.",
            _written(_transposed),
        ),
        mistake(
            "Alpha and gamma have changed places.",
            lambda q, s, a, r, s2, end, alpha, gamma: _update()(q, s, a, r, s2, end, gamma, alpha),
        ),
        mistake(
            "The whole row has changed. Only for the action that was taken is there a target: `new[cell, action]`.",
            _row,
        ),
        mistake(
            "This returns the one new entry. Asked for is the whole table, with that entry changed.",
            _entry,
        ),
        mistake(
            "The table is changed before the maximum is taken, so a step that stays in its cell sees its own change. "
            "Compute the target first, from `q`.",
            _written_first,
        ),
        mistake(
            "`~` does not invert Python's True: `~True` is -2. Write `not terminated` or `1 - terminated`.",
            _update(mask=lambda end: ~int(end)),
        ),
        mistake(
            "`terminated` is inverted: this drops the future everywhere but at the flag.",
            _update(mask=lambda end: end),
        ),
    ],
    hints=[
        "The target is `reward + gamma * q[next_cell].max()`, and after a terminal step only `reward`.",
        "The TD error is target minus `q[cell, action]`. Add `alpha` times that to the entry.",
        "Begin with `new = q.copy()`, change `new[cell, action]`, and return `new`.",
    ],
    takeaway="That one line is Q-learning; everything later in this course is a way to make it work "
    "when the table no longer fits.",
    result="updated table",
    impure="the table you were given has changed too: `new = q` is a second name for it, not a copy (nor are `q[:]` "
    "and `np.asarray(q)`; `q.copy()` is one)",
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


OWN_NUMBERS = (
    "the random numbers are not those of `rng`. Draw all of them from it, with `rng.random()` and `rng.integers(3)`: "
    "`np.random`, `random` and generators of your own give other numbers at every run, and here the same seed "
    "must give the same run."
)


def _shares(function: Callable, q: NDArray, epsilon: float, rng: np.random.Generator) -> NDArray:
    """The share of each action in many calls.

    Raises:
        Rejected: it returned no action, or it draws random numbers, but none of them from `rng`.
    """
    before, chosen = rng.bit_generator.state, []
    for _ in range(DRAWS):
        found = function(q, epsilon, rng)
        if isinstance(found, float) and found in q:
            raise Rejected(
                f"It returned `{short_repr(found)}`, one of the values in `q`. Return the number of the action: `q.argmax()`."
            )
        chosen.append(action(found))
    if len(set(chosen)) > 1 and rng.bit_generator.state == before:
        raise Rejected(OWN_NUMBERS[0].upper() + OWN_NUMBERS[1:])
    return np.bincount(chosen, minlength=3) / DRAWS


def _constant(action: int, least: float) -> Callable:
    """One action for every large epsilon, as of a generator that begins again at each call."""
    return lambda q, epsilon, rng: action if epsilon > least else int(q.argmax())


def _same_seed_same_actions(answer: Callable) -> str:
    return OWN_NUMBERS if repeatable(np.array([-3.0, -5.0, -2.0]), 0.5)(answer) else ""


@exercise(
    cases=[
        (np.array([-3.0, -1.0, -2.0]), 0.0, np.random.default_rng(0)),
        (np.array([-3.0, -1.0, -2.0]), 1.0, np.random.default_rng(1)),
        (np.array([-3.0, -5.0, -2.0]), 0.3, np.random.default_rng(2)),
        (np.array([-1.0, -5.0, -2.0]), 0.75, np.random.default_rng(3)),
    ],
    evaluate=_shares,
    extra_check=_same_seed_same_actions,
    tolerance=0.04,
    advice={
        "Generator' object has no attribute": "A NumPy generator has `rng.random()`, `rng.integers(3)` and "
        "`rng.choice(...)`."
    },
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
        mistake(
            "It never explores, or hardly ever, whatever epsilon is.", lambda q, epsilon, rng: int(q.argmax())
        ),
        mistake(
            "The greedy action is the one with the smallest value. All values are costs below 0, "
            "so the best is the largest.",
            lambda q, epsilon, rng: int(rng.integers(3)) if rng.random() < epsilon else int(q.argmin()),
        ),
        mistake(
            "Whether it explores does not depend on chance: epsilon is a probability. Compare it with a random number, "
            "`rng.random() < epsilon`.",
            lambda q, epsilon, rng: int(rng.integers(3)) if epsilon > 0.5 else int(q.argmax()),
            lambda q, epsilon, rng: int(rng.integers(3)) if epsilon > 0 else int(q.argmax()),
        ),
        mistake(
            "Where it explores, it takes the same action at every call. Does it make a generator of its own, which "
            "then begins again each time? Draw from `rng`: it goes on where it stopped.",
            *(_constant(action, least) for action in range(3) for least in (0.0, 0.5)),
            *(_constant(action, 0.9) for action in (0, 2)),  # 1 is the greedy one there
        ),
    ],
    hints=[
        "`rng.random()` is a number between 0 and 1: it lies below epsilon in a share epsilon of all calls.",
        "`rng.integers(3)` is 0, 1 or 2; `q.argmax()` is the number of the largest value.",
        "`if rng.random() < epsilon: return ...`, and otherwise the greedy action.",
    ],
    takeaway="Note that even with epsilon 1 a third of the steps are greedy, by accident.",
    result=f"share of each action in {DRAWS:,} calls",
)
def epsilon_greedy(q: NDArray, epsilon: float, rng: np.random.Generator) -> int:
    """With probability `epsilon` a random one of three actions, otherwise the one with the largest `q`."""
    if rng.random() < epsilon:
        return int(rng.integers(3))
    return int(q.argmax())


def _horizon(gamma: float) -> float:
    return 1 / (1 - gamma)


def _first_weights(count: int) -> Callable[[float], float]:
    return lambda gamma: (1 - gamma**count) / (1 - gamma)


@exercise(
    cases=[(0.25,), (0.5,), (0.9,), (0.99,), (0.999,)],
    tolerance=1e-4,  # a sum of many terms will do
    advice={
        "maximum recursion": "The sum has no last term, so it cannot be written down. Solve S = 1 + gamma S for S."
    },
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
            "The sign is wrong. Minus the horizon is the value of never arriving; the horizon itself is positive.",
            lambda gamma: -_horizon(gamma),
        ),
        mistake(
            "A horizon need not be a whole number: do not round it, and divide with `/`.",
            lambda gamma: round(_horizon(gamma)),
            lambda gamma: floor(_horizon(gamma)),
            lambda gamma: floor(_horizon(gamma) + 1e-9),
            lambda gamma: ceil(_horizon(gamma)),
            lambda gamma: ceil(_horizon(gamma) - 1e-9),
        ),
        mistake(
            "This stops after a while, and the sum goes on for ever. With gamma near 1 the far weights still count.",
            *(_first_weights(count) for count in (2, 3, 10, 11, 50, 100, 101, 200, 201, 500, 1_000, 1_001)),
        ),
        mistake(
            "The sign of gamma is turned round: it is 1 divided by (1 *minus* gamma).",
            lambda gamma: 1 / (1 + gamma),
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
    takeaway="So with gamma 0.99 all the future together weighs as much as 100 steps, which is what this hill needs; with "
    "gamma 0.85 as much as 7. (The gamma glasses ask for something else: where one single weight falls below 0.001.)",
    result="horizon",
)
def effective_horizon(gamma: float) -> float:
    """The sum of all weights 1 + gamma + gamma^2 + ... for ever."""
    return 1 / (1 - gamma)
