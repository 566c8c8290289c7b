"""Lesson 4: the ring, the draw, and the return over several steps."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from dqn_lib.exercises.comparison import Rejected, frequencies_of_items, kind_of, repeatable, returned
from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

forgetting = predict(
    "The agent below remembers only its last 64 steps, a third of an episode. Its batches are as large as ever, "
    "and it learns as often. How many of ten runs will solve the task within 40,000 steps?",
    Choice("all ten: it sees every step anyway", "Every step, and always its neighbours with it."),
    Choice("about half", "It does learn at times, and loses it again each time."),
    Choice("none", "What it learns in one place, the next place washes away.", right=True),
)

several_steps = predict(
    "A hundred steps lie between the start and the flag, which the car has just reached for the first time. Now the "
    "agent learns from every transition of the episode once, from the first to the last, with one reward and a guess. "
    "How many of the hundred targets contain anything of the flag?",
    Choice(
        "only the last one",
        "The state before it has learnt from a guess that was made before the flag was known.",
        right=True,
    ),
    Choice("all of them", "They would, if the target were the whole return. It is one reward and a guess."),
    Choice("about half of them", "Not even two: each guess but the last was made before the flag was known."),
)


def _added(function: Callable, ring: list, count: int, item: Any) -> dict[str, Any]:
    length = len(ring)
    given = function(ring, count, item)
    if len(ring) not in (length, length + 1):
        raise Rejected(f"The ring must keep its {length} places; now it has {len(ring)}.")
    if isinstance(given, list | tuple | np.ndarray) and np.ndim(np.asarray(given, object)):
        raise Rejected(f"It must return only the new count, one integer, not {kind_of(given)}.")
    return {"ring": list(ring), "count that it returns": given}


def _at(
    place: Callable[[list, int], int],
    returns: Callable[[list, int, Any], Any] = lambda ring, count, item: count + 1,
    written: Callable[[int, Any], Any] = lambda count, item: item,
) -> Callable:
    def add(ring: list, count: int, item: Any) -> Any:
        ring[place(ring, count)] = written(count, item)
        return returns(ring, count, item)

    return add


def _oldest(ring: list, count: int) -> int:
    return count % len(ring)


def _append(ring: list, count: int, item: Any) -> int:
    ring.append(item)
    return count + 1


def _insert(ring: list, count: int, item: Any) -> int:
    ring.insert(count % len(ring), item)
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
        ([13, 14, 15], 6, 0),
        ([20, 21, 17, 18, 19], 11, 22),
        ([10], 1, 11),
    ],
    evaluate=_added,
    pure=False,
    mistakes=[
        mistake(
            "It grows for ever: `append` makes the list longer. The ring keeps its length; "
            "a new item replaces an old one.",
            _append,
        ),
        mistake(
            "The list gets longer: `insert` makes room for the new item. The ring keeps its length: write over the oldest item, "
            "`ring[...] = item`.",
            _insert,
            lambda ring, count, item: ring.insert(count, item) or count + 1,
            lambda ring, count, item: ring.insert(0, item) or count + 1,
        ),
        mistake(
            "It overwrites the newest item. The one to go is the oldest, and the newest is the freshest news "
            "there is.",
            _at(lambda ring, count: (count - 1) % len(ring)),
            _at(lambda ring, count: min(count, len(ring) - 1)),
            _at(lambda ring, count: -1),
        ),
        mistake(
            "It is one place too far. The first item, with `count = 0`, belongs in place 0.",
            _at(lambda ring, count: (count + 1) % len(ring)),
        ),
        mistake(
            "Once full it always overwrites place 0. After that comes place 1, then 2, and so on round the ring: "
            "`count % len(ring)`.",
            _at(lambda ring, count: count if count < len(ring) else 0),
            _at(lambda ring, count: 0),
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
            _at(_oldest, lambda ring, count, item: (count + 1) % len(ring)),
            _at(_oldest, lambda ring, count, item: min(count + 1, len(ring))),
            _at(_oldest, lambda ring, count, item: count),
        ),
        mistake(
            "The ring is right, but it returns the item. Return the new count, `count + 1`.",
            _at(_oldest, lambda ring, count, item: item),
        ),
        mistake(
            "It returns the ring, or more than one thing. The ring is changed in place; return only the new count.",
            _at(_oldest, lambda ring, count, item: ring),
            _at(_oldest, lambda ring, count, item: (ring, count + 1)),
        ),
        mistake(
            "The ring is right, but it returned nothing: is the `return` missing?",
            _at(_oldest, lambda ring, count, item: None),
        ),
        mistake(
            "The ring is as before. Write into the list that you were given, `ring[...] = item`: a copy, or a new list with "
            "the same name, is lost when the function ends.",
            lambda ring, count, item: count + 1,
        ),
        mistake(
            "It writes the count into the ring instead of the item.",
            _at(_oldest, written=lambda count, item: count),
        ),
    ],
    advice={
        "assignment index out of range": "There is no such place. The places are 0 to `len(ring) - 1`, round and round: "
        "`count % len(ring)`.",
        "is not in list": "A full ring has no empty place any more. `count` alone says where to write.",
    },
    hints=[
        "With 3 places, the items number 0, 1, 2, 3, 4 go to the places 0, 1, 2, 0, 1.",
        "That is the remainder of a division: `count % len(ring)`.",
        "Write to `ring[count % len(ring)]`, then `return count + 1`.",
    ],
    takeaway="No item ever moves and the list never grows: after 20 million steps it costs what it cost at the start.",
    result="ring",
)
def add(ring: list, count: int, item: Any) -> int:
    """Put item number `count` in the place of the oldest one; return the new count."""
    ring[count % len(ring)] = item
    return count + 1


def _drawn(
    function: Callable, ring: list, count: int, batch: int, rng: np.random.Generator
) -> dict[str, float]:
    """How often each item is drawn.

    Raises:
        Rejected: what it returns is no sequence of items, or is always the same.
    """
    seen, places = set(), len(ring)

    def draw(*arguments: Any) -> list:
        given = returned(function(*arguments))
        if len(ring) != places:
            raise Rejected(
                "It changes the length of the ring. Leave it as it is, and draw from `ring[:filled]`."
            )
        if isinstance(given, Iterator):
            raise Rejected(
                f"It must return a list or an array, not {kind_of(given)}: `list(...)` makes a list of it."
            )
        if np.ndim(given) != 1:
            raise Rejected(
                f"It must return the items one after the other, {batch} of them: a list, or an array of shape `({batch},)`, "
                f"not {f'one of shape `{np.shape(given)}`' if np.ndim(given) else f'one item, {kind_of(given)}'}."
            )
        seen.add(tuple(given))
        return list(given)

    found = frequencies_of_items(draw, ring, count, batch, rng)
    (always, *others) = seen
    drawn = [ring.index(item) for item in always]
    in_order = {(later - earlier) % len(ring) for earlier, later in pairwise(drawn)}
    if not others and -1 not in always and in_order not in ({1}, {len(ring) - 1}):
        raise Rejected(
            "Every call returns the same items. Draw from the `rng` that you are given: a new generator with a fixed seed "
            "starts from the same place each time."
        )
    return found


def _and_neighbours(ring: list, count: int, batch: int, rng: np.random.Generator) -> list:
    filled = min(count, len(ring))
    first = int(rng.integers(filled))
    return [ring[(first + k) % filled] for k in range(batch)]


def _draw(high: Callable[[list, int], int], low: int = 0) -> Callable:
    def sample(ring: list, count: int, batch: int, rng: np.random.Generator) -> list:
        return [ring[i] for i in rng.integers(low, high(ring, count), size=batch)]

    return sample


def _filled(ring: list, count: int) -> int:
    return min(count, len(ring))


def _by_fraction(place: Callable[[float, int], int]) -> Callable:
    """A draw by fractions from 0 to 1, one for each item."""

    def sample(ring: list, count: int, batch: int, rng: np.random.Generator) -> list:
        return [ring[place(fraction, _filled(ring, count))] for fraction in rng.random(batch)]

    return sample


@exercise(
    cases=[
        ([10, 11, 12, 13, 14, 0], 6, 4, np.random.default_rng(0)),
        ([10, 11, 12, -1, -1, -1, -1, -1], 3, 2, np.random.default_rng(1)),
        ([17, 18, 12, 13, 14, 15, 16], 9, 3, np.random.default_rng(2)),
    ],
    evaluate=_drawn,
    tolerance=0.035,
    extra_check=repeatable([10, 11, 12, 13, 14, 0], 6, 4),
    mistakes=[
        mistake(
            "It always returns the first items. A sample is drawn at each call, from everywhere.",
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
            "It draws one item and returns it `batch` times. Draw a place for each.",
            lambda ring, count, batch, rng: [ring[rng.integers(min(count, len(ring)))]] * batch,
        ),
        mistake(
            "It never returns the last item. The upper end of `rng.integers(n)` is left out already; "
            "no `- 1` is needed.",
            _draw(lambda ring, count: min(count, len(ring)) - 1),
        ),
        mistake(
            "It never returns the first item: numbering begins at 0.",
            _draw(_filled, low=1),
        ),
        mistake(
            "It returns one item only. Asked for are `batch` of them: `size=batch`.",
            lambda ring, count, batch, rng: ring[rng.integers(_filled(ring, count))],
            lambda ring, count, batch, rng: [ring[rng.integers(_filled(ring, count))]],
        ),
        mistake(
            "It draws without replacement: no item comes twice in a batch. Asked for is with replacement: draw each place "
            "from all of them. (Then it also works while the memory is smaller than the batch.)",
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
        mistake(
            "`count` goes on counting when the ring is full: 9 items were added to 7 places. Filled are "
            "`min(count, len(ring))` places, not `count % len(ring)`.",
            _draw(lambda ring, count: count % len(ring)),
            _draw(lambda ring, count: count % len(ring) or len(ring)),
        ),
        mistake(
            "The first and the last item come half as often as the others: a rounded fraction favours the middle. "
            "`rng.integers(n)` treats all places alike.",
            _by_fraction(lambda fraction, filled: round(fraction * (filled - 1))),
        ),
        mistake(
            "The newer items come more often than the older ones. Asked for is the same chance for all.",
            _by_fraction(lambda fraction, filled: int(np.sqrt(fraction) * filled)),
            lambda ring, count, batch, rng: rng.choice(
                ring[: _filled(ring, count)],
                size=batch,
                p=(weights := np.arange(1, _filled(ring, count) + 1)) / weights.sum(),
            ),
        ),
    ],
    advice={
        "list index out of range": "`count` goes on counting when the ring is full. Filled are `min(count, len(ring))` places.",
        "high <= 0": "No place is left to draw from. Filled are `min(count, len(ring))` places.",
        "low >= high": "No place is left to draw from. Filled are `min(count, len(ring))` places.",
    },
    hints=[
        "How many places are filled? All of them, or `count` if there have been fewer.",
        "`rng.integers(filled, size=batch)` draws that many places, each from 0 to `filled - 1`.",
        "`return [ring[i] for i in ...]`, or `np.array(ring)[...]` to take all places at once.",
    ],
    takeaway="Every memory has the same chance, whether it is one step old or twenty thousand.",
    result="draw, counted many times,",
)
def sample(ring: list, count: int, batch: int, rng: np.random.Generator) -> Sequence:
    """Draw `batch` items uniformly, with replacement, from what the ring holds."""
    filled = min(count, len(ring))
    return np.array(ring)[rng.integers(filled, size=batch)]


def _window(
    *,
    ends: str = "episode_end",
    flag: str = "terminated",
    nothing_at_flag: bool = False,
    power: Callable[[int, int, int], int] = lambda k, n, start: k + 1,
    reward_power: Callable[[int, int], int] = lambda k, start: k,
    length: Callable[[int], int] = lambda n: n,
    value_at: Callable[[int, int, int], int] = lambda t, start, n: t,
    first_may_end: bool = True,
    last_reward: bool = True,
    sign: float = 1.0,
    gamma_of: Callable[[float], float] = lambda gamma: gamma,
    begin: Callable[[int], int] = lambda start: start,
) -> Callable:
    """The n-step target, with the ways to get it wrong as parameters."""

    def target(
        rewards: Any, episode_end: Any, terminated: Any, next_values: Any, start: int, n: int, gamma: float
    ) -> float:
        start, n, gamma, total = begin(start), length(n), gamma_of(gamma), 0.0
        for k in range(n):
            t = start + k
            flags = {"terminated": terminated[t], "episode_end": episode_end[t], "never": False}
            flags |= {"at start": terminated[start], "whole window": any(terminated[start : start + n])}
            flags |= {
                "only at the end": terminated[t] and k == n - 1,
                "before the end": terminated[t] and k < n - 1,
            }
            over = flags[ends] and (k or first_may_end)
            if last_reward or not over:
                total += gamma ** reward_power(k, start) * rewards[t]
            if over or k == n - 1:
                value = (
                    0.0 if flags[flag] else gamma ** power(k, n, start) * next_values[value_at(t, start, n)]
                )
                return 0.0 if nothing_at_flag and terminated[t] else total + sign * value
        return total

    return target


def _until(
    rewards: Any, episode_end: Any, terminated: Any, next_values: Any, start: int, n: int, gamma: float,
    *, stop: Callable[[int, int], int],
) -> float:  # fmt: skip
    """The rewards up to, and without, step `stop(start, n)`."""
    total, t = 0.0, start
    for t in range(start, stop(start, n)):
        total += gamma ** (t - start) * rewards[t]
        if episode_end[t]:
            break
    return total if terminated[t] else total + gamma ** (t - start + 1) * next_values[t]


def _guess_at_every_step(
    rewards: Any, episode_end: Any, terminated: Any, next_values: Any, start: int, n: int, gamma: float
) -> float:
    total = 0.0
    for k in range(n):
        t = start + k
        total += gamma**k * rewards[t] + (not terminated[t]) * gamma ** (k + 1) * next_values[t]
        if episode_end[t]:
            break
    return total


# The flag after steps 2 and 9, the time limit after step 6.
REWARDS = [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0, -10.0, -11.0]
ENDS = [False, False, True, False, False, False, True, False, False, True, False]
TERMINATED = [False, False, True, False, False, False, False, False, False, True, False]
NEXT = [-10.0, -20.0, -30.0, -40.0, -50.0, -60.0, -70.0, -80.0, -90.0, -100.0, -110.0]


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
            (2, 3, 0.9),
            (6, 4, 0.9),
            (5, 5, 0.9),
        ]
    ],
    mistakes=[
        mistake(
            "It runs across an episode's end, into rewards of another episode. The window stops there.",
            _window(ends="never"),
            _window(ends="never", flag="episode_end"),
            _window(ends="never", flag="never"),
            _window(ends="never", flag="whole window"),
        ),
        mistake(
            "It stops at the flag, but runs on across the time limit, into rewards of the next episode. The window "
            "stops at every ending, `episode_end`; `terminated` only decides whether a value follows.",
            _window(ends="terminated"),
            _window(ends="terminated", flag="never"),
        ),
        mistake(
            "Wrong power at the tail: when the window is cut short after m rewards, the value that follows "
            "is discounted m times, not n times.",
            _window(power=lambda k, n, start: n),
        ),
        mistake(
            "Wrong power at the tail: the last reward is discounted m - 1 times, and the value after it once more.",
            _window(power=lambda k, n, start: k),
        ),
        mistake(
            "Wrong power at the tail: after m rewards the value is discounted m times, not m + 1 times.",
            _window(power=lambda k, n, start: k + 2),
        ),
        mistake(
            "The value at the end of the window is not discounted. After m rewards it is multiplied by `gamma**m`.",
            _window(power=lambda k, n, start: 0),
        ),
        mistake(
            "The value at the end of the window is missing: without it, the target ends after n steps as if nothing followed.",
            _window(sign=0.0),
        ),
        mistake(
            "The value at the end of the window is subtracted. It belongs to what is still to come: add it.",
            _window(sign=-1.0),
        ),
        mistake(
            "It bootstraps through the flag. After a terminal step there is nothing more to pay.",
            _window(flag="never"),
        ),
        mistake(
            "If the flag comes before the n-th step, it still adds a value. Look at `terminated` where the window stops.",
            _window(flag="only at the end"),
        ),
        mistake(
            "If the flag comes at the n-th step itself, it still adds a value. Look at `terminated` where the window stops.",
            _window(flag="before the end"),
        ),
        mistake(
            "It looks for the flag at the first step of the window. What counts is the step where the window stops.",
            _window(flag="at start"),
        ),
        mistake(
            "It looks for the flag in all n steps, also beyond the end of the episode. What counts is the step where the "
            "window stops.",
            _window(flag="whole window"),
        ),
        mistake(
            "It treats the time limit as if it were the flag. A truncated episode could have gone on: "
            "add the value of where it stopped.",
            _window(flag="episode_end"),
        ),
        mistake(
            "`episode_end` and `terminated` have changed places. Any ending stops the window; only the flag leaves out the value.",
            _window(ends="terminated", flag="episode_end"),
        ),
        mistake(
            "It overlooks that the very first step of the window may end the episode.",
            _window(first_may_end=False),
        ),
        mistake(
            "It stops before it has added the last reward of the episode.",
            _window(last_reward=False),
        ),
        mistake(
            "The rewards are discounted once too often: the first one counts in full.",
            _window(reward_power=lambda k, start: k + 1),
        ),
        mistake(
            "The rewards are not discounted: the one k steps after `start` is multiplied by `gamma**k`.",
            _window(reward_power=lambda k, start: 0),
        ),
        mistake(
            "It discounts by the number of the step in the lists. What counts is how many steps after `start` it comes.",
            _window(reward_power=lambda k, start: start + k),
            _window(reward_power=lambda k, start: start + k, power=lambda k, n, start: start + k + 1),
        ),
        mistake(
            "It adds one reward too many: n rewards, then the value.",
            _window(length=lambda n: n + 1),
        ),
        mistake(
            "It looks only one step ahead, whatever n is. Is the `return` inside the loop?",
            _window(length=lambda n: 1),
        ),
        mistake(
            "It adds one reward too few: n rewards, then the value.",
            lambda *given: _until(*given, stop=lambda start, n: start + n - 1),
        ),
        mistake(
            "`range(start, n)` ends at step n of the lists. The window has n steps: `range(start, start + n)`.",
            lambda *given: _until(*given, stop=lambda start, n: n),
        ),
        mistake(
            "It always begins at step 0. Begin at `start`.",
            _window(begin=lambda start: 0),
        ),
        mistake(
            "The value is that of the first step of the window. It must be that of the last one: `next_values[t]` with the t where "
            "the window stops.",
            _window(value_at=lambda t, start, n: start),
        ),
        mistake(
            "If the episode ends early, the value must be that of the step where the window stops, not that of step "
            "`start + n - 1`.",
            _window(value_at=lambda t, start, n: start + n - 1),
        ),
        mistake(
            "At the flag the rewards are lost as well. Only the value is left out.",
            _window(nothing_at_flag=True),
        ),
        mistake(
            "The value is one step too late: `next_values[t]` belongs to the state after step t already.",
            _window(value_at=lambda t, start, n: t + 1),
        ),
        mistake(
            "It adds a value after every reward. Only one is added, where the window stops.",
            _guess_at_every_step,
        ),
        mistake(
            "Gamma is always 0.99 here. Use the argument `gamma`.",
            _window(gamma_of=lambda gamma: 0.99),
        ),
    ],
    hints=[
        "Go through `k = 0, 1, ...`: add `gamma**k * rewards[start + k]`.",
        "Stop after the n-th reward, or after the first one whose `episode_end` is True.",
        "If the last step t was not `terminated`, add `gamma**(k + 1) * next_values[t]`.",
    ],
    takeaway="With five steps the news travels back five times as fast, "
    "and each target holds up to five true rewards instead of one.",
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
