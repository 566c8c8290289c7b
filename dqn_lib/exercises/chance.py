"""Answers that roll dice: judged by how often each thing comes, and by whether it can be repeated."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.compare import settled, shown
from dqn_lib.exercises.exercise import Complaint, returned

DRAWS = 3_000


def shares_of_actions(function: Callable, q: NDArray, epsilon: float, rng: np.random.Generator) -> NDArray:
    """How often each action is chosen, of 3,000 times."""
    chosen = [action(function(q, epsilon, rng)) for _ in range(DRAWS)]
    return np.bincount(chosen, minlength=3) / DRAWS


def action(value: Any) -> int:
    """The action that an answer has chosen; complains about anything else."""
    found = np.asarray(returned(value))
    if found.dtype.kind not in "iu" or found.size != 1 or not 0 <= int(found.item()) <= 2:
        raise Complaint(
            f"It returned `{shown(value, exact=True)}`; an action is one of the integers 0, 1 and 2."
        )
    return int(found.item())


def frequencies_of_items(
    function: Callable, ring: list, count: int, batch: int, rng: np.random.Generator
) -> dict:
    """How often each item of the ring is drawn, and how the second item of a draw hangs on the first."""
    draws = [[_item(ring, one) for one in returned(function(ring, count, batch, rng))] for _ in range(DRAWS)]
    if any(len(draw) != batch for draw in draws):
        wrong = next(len(draw) for draw in draws if len(draw) != batch)
        raise Complaint(f"It must return `batch = {batch}` items, and returned {wrong}.")
    places = np.array([[ring.index(item) for item in draw] for draw in draws])
    apart = (places[:, 1] - places[:, 0]) % min(count, len(ring))
    return {
        **{f"share of {item}": round(float(np.mean(places == place)), 3) for place, item in enumerate(ring)},
        "same item twice in a row": round(float(np.mean(apart == 0)), 3),
        "its neighbour next": round(float(np.mean(apart == 1)), 3),
    }


def _item(ring: list, one: Any) -> Any:
    if one not in ring:
        raise Complaint(
            f"It returned `{shown(one)}`, which the ring `{shown(ring)}` does not hold. "
            "Places instead of items?"
        )
    return one


def repeatable(*case: Any) -> Callable[[Callable], str]:
    """The demand that the same seed gives the same draws; `case` holds the arguments before the generator."""

    def plain(draw: Any) -> Any:
        return np.asarray(settled(draw)).tolist()

    def demand(answer: Callable) -> str:
        draws = []
        for _ in range(2):
            rng = np.random.default_rng(5)
            draws.append([plain(answer(*copy.deepcopy(case), rng)) for _ in range(100)])
        if draws[0] == draws[1]:
            return ""
        return "the dice are not those of `rng`. Draw from `rng` only: the same seed then gives the same run."

    return demand
