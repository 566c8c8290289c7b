"""Lesson 4: the ring, the draw, and the return over several steps."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dqn_lib.exercises.comparison import frequencies_of_items, repeatable
from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

forgetting = predict(
    "The agent below remembers only its last 64 steps, a third of an episode. Its batches are as large as ever, "
    "and it learns as often. How many of ten runs will solve the task within 40,000 steps?",
    Choice("all ten: it sees every step anyway", "Every step, and always its neighbours with it."),
    Choice("about half", "It does learn at times. It loses it again each time."),
    Choice("none", "What it learns in one place, the next place washes away.", right=True),
)

several_steps = predict(
    "A hundred steps lie between the start and the flag, which the car has just reached for the first time. Now every "
    "transition of the episode is learnt from once, in order. How many of its states get to know about the flag?",
    Choice(
        "only the last one",
        "The state before it has learnt from a guess that had not heard of the flag.",
        right=True,
    ),
    Choice("all of them", "They would, if the target were the whole return. It is one reward and a guess."),
    Choice("about half of them", "Not even two: each learnt from a guess that was made before the flag."),
)


def _added(function: Callable, ring: list, count: int, item: Any) -> dict[str, Any]:
    count = function(ring, count, item)
    return {"ring": list(ring), "count": count}


def _at(
    place: Callable[[list, int], int], counted: Callable[[list, int], int] = lambda r, c: c + 1
) -> Callable:
    def add(ring: list, count: int, item: Any) -> int:
        ring[place(ring, count)] = item
        return counted(ring, count)

    return add


def _append(ring: list, count: int, item: Any) -> int:
    ring.append(item)
    return count + 1


def _shift(ring: list, count: int, item: Any) -> int:
    ring.pop(0)
    ring.append(item)
    return count + 1


def _refuse(ring: list, count: int, item: Any) -> int:
    if count < len(ring):
        ring[count] = item
        count += 1
    return count


def _refuse_counting(ring: list, count: int, item: Any) -> int:
    if count < len(ring):
        ring[count] = item
    return count + 1


@exercise(
    cases=[
        ([-1, -1, -1], 0, 10),
        ([10, -1, -1], 1, 11),
        ([10, 11, 12], 3, 13),
        ([13, 11, 12], 4, 14),
        ([13, 14, 15], 6, 16),
        ([20, 21, 17, 18, 19], 11, 22),
        ([10], 1, 11),
    ],
    probe=_added,
    pure=False,
    mistakes=[
        mistake(
            "It grows for ever: `append` makes the list longer. The ring keeps its length; "
            "a new item takes somebody's place.",
            _append,
        ),
        mistake(
            "It overwrites the newest item. The one to go is the oldest, and the newest is the freshest news "
            "there is.",
            _at(lambda ring, count: (count - 1) % len(ring)),
            _at(lambda ring, count: min(count, len(ring) - 1)),
            _at(lambda ring, count: -1),
        ),
        mistake(
            "Once full it takes nothing new: the agent would learn from its childhood for ever.",
            _refuse,
            _refuse_counting,
        ),
        mistake(
            "This moves every item to make room for one. The order is right, but with 20,000 items that is 20,000 "
            "moves a step. In a ring nothing moves: only the place to write does.",
            _shift,
        ),
        mistake(
            "The place is right, but `count` must go on counting: it also tells how full the ring is.",
            _at(lambda ring, count: count % len(ring), lambda ring, count: (count + 1) % len(ring)),
            _at(lambda ring, count: count % len(ring), lambda ring, count: min(count + 1, len(ring))),
            _at(lambda ring, count: count % len(ring), lambda ring, count: count),
        ),
    ],
    hints=[
        "With 3 places, the items number 0, 1, 2, 3, 4 go to the places 0, 1, 2, 0, 1.",
        "That is the remainder of a division: `count % len(ring)`.",
        "Write to `ring[count % len(ring)]`, then `return count + 1`.",
    ],
    insight="No item ever moves and the list never grows: after 20 million steps it costs what it cost at the start.",
    result="ring and count",
)
def add(ring: list, count: int, item: Any) -> int:
    """Put the item number `count` in the place of the oldest one; return how many were ever added."""
    ring[count % len(ring)] = item
    return count + 1


def _and_neighbours(ring: list, count: int, batch: int, rng: np.random.Generator) -> list:
    filled = min(count, len(ring))
    first = int(rng.integers(filled))
    return [ring[(first + k) % filled] for k in range(batch)]


def _draw(high: Callable[[list, int], int], low: int = 0) -> Callable:
    def sample(ring: list, count: int, batch: int, rng: np.random.Generator) -> list:
        return [ring[i] for i in rng.integers(low, high(ring, count), size=batch)]

    return sample


@exercise(
    cases=[
        ([10, 11, 12, 13, 14], 5, 4, np.random.default_rng(0)),
        ([10, 11, 12, -1, -1, -1, -1, -1], 3, 2, np.random.default_rng(1)),
        ([15, 16, 17, 13, 14], 8, 3, np.random.default_rng(2)),
    ],
    probe=frequencies_of_items,
    tolerance=0.035,
    demand=repeatable([10, 11, 12, 13, 14], 5, 4),
    mistakes=[
        mistake(
            "It always returns the first items. A sample is drawn anew, from everywhere.",
            lambda ring, count, batch, rng: ring[:batch],
        ),
        mistake(
            "It always returns the newest items: these are neighbours in time, which is what the memory "
            "was meant to cure.",
            lambda ring, count, batch, rng: [ring[(count - 1 - k) % len(ring)] for k in range(batch)],
            lambda ring, count, batch, rng: ring[: min(count, len(ring))][-batch:],
            lambda ring, count, batch, rng: ring[: min(count, len(ring))][::-1][:batch],
        ),
        mistake(
            "It takes the end of the list. In a ring the newest items need not stand there, and while it is not full nothing "
            "stands there at all (it holds -1). And it is the same items every time: draw them.",
            lambda ring, count, batch, rng: ring[-batch:],
            lambda ring, count, batch, rng: ring[::-1][:batch],
        ),
        mistake(
            "It draws one item and returns it `batch` times. Draw anew for each.",
            lambda ring, count, batch, rng: [ring[rng.integers(min(count, len(ring)))]] * batch,
        ),
        mistake(
            "It never returns the last item. The upper end of `rng.integers(n)` is left out already; "
            "no `- 1` is needed.",
            _draw(lambda ring, count: min(count, len(ring)) - 1),
        ),
        mistake(
            "It never returns the first item: numbering begins at 0.",
            _draw(lambda ring, count: min(count, len(ring)), low=1),
        ),
        mistake(
            "It draws without replacement: no item comes twice in a batch. Asked for is *with*: draw each place "
            "afresh. (Then it also works while the memory is smaller than the batch.)",
            lambda ring, count, batch, rng: list(
                rng.choice(ring[: min(count, len(ring))], size=batch, replace=False)
            ),
        ),
        mistake(
            "It draws one place and returns the items that follow it: neighbours in time, which is what the memory "
            "was meant to keep apart.",
            _and_neighbours,
        ),
        mistake(
            "It draws from places that nothing was written to yet (they hold -1). "
            "Only the first `min(count, len(ring))` places are filled.",
            _draw(lambda ring, count: len(ring)),
        ),
    ],
    hints=[
        "How many places are filled? All of them, or `count` if there have been fewer.",
        "`rng.integers(filled, size=batch)` draws that many places, each from 0 to `filled - 1`.",
        "`return [ring[i] for i in ...]`, or `np.array(ring)[...]` to take all places at once.",
    ],
    insight="Every memory has the same chance, whether it is one step old or twenty thousand.",
    result="draw, counted many times,",
)
def sample(ring: list, count: int, batch: int, rng: np.random.Generator) -> Sequence:
    """Draw `batch` items uniformly, with replacement, from what the ring holds."""
    filled = min(count, len(ring))
    return np.array(ring)[rng.integers(filled, size=batch)]


def _window(
    stop: str = "end", power: Callable[[int, int], int] = lambda k, n: k + 1, mask: str = "terminated"
) -> Callable:
    """The n-step target, with the ways to get it wrong as parameters."""

    def target(
        rewards: Any, episode_end: Any, terminated: Any, next_values: Any, start: int, n: int, gamma: float
    ) -> float:
        total = 0.0
        for k in range(n):
            t = start + k
            total += gamma**k * rewards[t]
            flags = {"terminated": terminated[t], "end": episode_end[t], "nothing": False}
            if flags[stop] or k == n - 1:
                over = flags[mask]
                return total + (not over) * gamma ** power(k, n) * next_values[t]
        return total

    return target


REWARDS = [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0]
ENDS = [False, False, True, False, False, False, True, False]
TERMINATED = [False, False, True, False, False, False, False, False]  # flag after 2, time limit after 6
NEXT = [-10.0, -20.0, -30.0, -40.0, -50.0, -60.0, -70.0, -80.0]


@exercise(
    cases=[
        (REWARDS, ENDS, TERMINATED, NEXT, start, n, gamma)
        for start, n, gamma in [
            (0, 1, 0.5),
            (2, 1, 0.5),
            (3, 2, 0.5),
            (0, 3, 0.5),
            (1, 4, 0.9),
            (5, 3, 0.9),
            (4, 4, 0.9),
            (6, 1, 0.9),
            (5, 2, 1.0),
        ]
    ],
    mistakes=[
        mistake(
            "It runs across an episode's end, into rewards of another episode. The window stops there.",
            _window(stop="nothing"),
            _window(stop="nothing", mask="end"),
            _window(stop="nothing", mask="nothing"),
        ),
        mistake(
            "It stops at the flag, but runs on across the time limit, into rewards of the next episode. The window "
            "stops at *every* ending, `episode_end`; `terminated` only decides whether a value follows.",
            _window(stop="terminated"),
            _window(stop="terminated", mask="nothing"),
        ),
        mistake(
            "Wrong power at the tail: when the window is cut short after m rewards, the value that follows "
            "is discounted m times, not n times.",
            _window(power=lambda k, n: n),
        ),
        mistake(
            "Wrong power at the tail: the last reward is discounted m - 1 times, and the value after it once more.",
            _window(power=lambda k, n: k),
        ),
        mistake(
            "It bootstraps through the flag. After a terminal step there is nothing more to pay.",
            _window(mask="nothing"),
        ),
        mistake(
            "It treats the time limit as if it were the flag. A truncated episode could have gone on: "
            "add the value of where it stopped.",
            _window(mask="end"),
        ),
    ],
    hints=[
        "Go through `k = 0, 1, ...`: add `gamma**k * rewards[start + k]`.",
        "Stop after the n-th reward, or after the first one whose `episode_end` is True.",
        "If the last step t was not `terminated`, add `gamma**(k + 1) * next_values[t]`.",
    ],
    insight="With five steps the news travels back five times as fast, "
    "and each target holds up to five facts instead of one.",
    result="target",
)
def n_step_target(
    rewards: Sequence[float],
    episode_end: Sequence[bool],
    terminated: Sequence[bool],
    next_values: Sequence[float],
    start: int,
    n: int,
    gamma: float,
) -> float:
    """Up to `n` rewards from `start` on, within the episode, then the value of where the window stops."""
    target = 0.0
    for k in range(n):
        t = start + k
        target += gamma**k * rewards[t]
        if episode_end[t]:
            break
    if not terminated[t]:
        target += gamma ** (k + 1) * next_values[t]
    return target
