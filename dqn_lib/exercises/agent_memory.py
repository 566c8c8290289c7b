"""The memory of an agent of one's own, checked by the windows that it draws."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises import reference_agent
from dqn_lib.exercises.agent_parts import kind, part
from dqn_lib.exercises.comparison import Rejected

FIELDS = ("states", "actions", "reward_sums", "next_states", "terminated", "discounts")
SIZE = 64  # of a batch
DRAWS = 16  # batches from each memory
FLAG, LIMIT, RUNNING = "reaches the flag", "is cut off", "is running"


def transitions(episodes: Sequence[tuple[int, str]]) -> list[tuple]:
    """The transitions of episodes, each of so many steps and with one of three ends.

    Step number k leads from the state (k, -k) to the state of step k + 1, or at an end to (k + 0.5, -k).
    """
    found = []
    for length, end in episodes:
        for left in reversed(range(length)):
            k = len(found)
            last = left == 0
            after = k + 0.5 if last and end != RUNNING else k + 1.0
            state, next_state = (np.array([x, -float(k)], np.float32) for x in (float(k), after))
            flags = last and end == FLAG, last and end == LIMIT
            found.append((state, k % 3, -1.0 - k % 4, next_state, *flags))
    return found


def window(given: list[tuple], start: int, n: int, gamma: float) -> tuple[tuple, bool]:
    """The window from a step on, as (action, reward sum, next state, terminated, discount); is it complete?"""
    total, discount = 0.0, 1.0
    for k in range(start, min(start + n, len(given))):
        _, _, reward, next_state, terminated, truncated = given[k]
        total, discount = total + discount * reward, discount * gamma
        if terminated or truncated:
            break
    complete = terminated or truncated or k == start + n - 1
    return (given[start][1], total, float(next_state[0]), float(terminated), discount), complete


def check_memory(
    answer: Any, capacity: int, n: int, gamma: float, episodes: Sequence[tuple[int, str]]
) -> bool:
    """Whether what it draws are windows of what it was given; raises `Rejected` with the fault."""
    given, memory = transitions(episodes), answer(capacity, n, gamma)
    for item in given:
        memory.add(*item)
    once, again = (drawn(memory, np.random.default_rng(7)) for _ in range(2))
    if any(not np.array_equal(one, other) for one, other in zip(once, again, strict=True)):
        raise Rejected("Two draws with the same `rng` differ: take every random number from it.")
    rng, counts = np.random.default_rng(0), np.zeros(len(given), int)
    for _ in range(DRAWS):
        for state, *found in zip(*drawn(memory, rng), strict=True):
            start = round(float(state[0]))
            if not 0 <= start < len(given) or state[0] != given[start][0][0]:
                raise Rejected(f"It draws a state that it was never given, {state.tolist()}: an empty place?")
            counts[start] += 1
            _check_window(found, given, start, n, gamma)
    oldest = len(given) - capacity
    if counts[: max(oldest - n + 1, 0)].any():
        raise Rejected(
            f"After {len(given)} transitions the one number {counts.nonzero()[0][0]} (from 0) is still drawn; "
            f"with a capacity of {capacity} the oldest must make room."
        )
    wanted = [k for k in range(max(oldest, 0), len(given)) if window(given, k, n, gamma)[1]]
    if missing := [k for k in wanted if not counts[k]]:
        raise Rejected(
            f"Of the transitions 0 to {len(given) - 1}, added to a memory of {capacity}, number {missing[0]} is "
            "never drawn. Is the newest lost, or never reached?"
        )
    mean = counts[wanted].mean()
    if counts[wanted].max() > 2 * mean or counts[wanted].min() < mean / 3:
        raise Rejected("Some transitions are drawn far more often than others: each has the same chance.")
    return True


def drawn(memory: Any, rng: np.random.Generator) -> list[NDArray]:
    """The six arrays of a batch; raises `Rejected` if they are not six, or of other shapes."""
    batch = memory.sample(SIZE, rng)
    if not isinstance(batch, tuple | list) or len(batch) != len(FIELDS):
        raise Rejected(f"`sample` must return six arrays, {', '.join(FIELDS)}; it returned {kind(batch)}.")
    arrays = [np.asarray(part) for part in batch]
    for name, array in zip(FIELDS, arrays, strict=True):
        shape = (SIZE, 2) if "states" in name else (SIZE,)
        if array.shape != shape:
            raise Rejected(f"`{name}` must have the shape {shape}, not {array.shape}, for size = {SIZE}.")
    return arrays


def _check_window(found: list, given: list[tuple], start: int, n: int, gamma: float) -> None:
    """Raise `Rejected` about a window that is not the right one, with the likeliest reason."""
    action, reward_sum, next_state, terminated, discount = found
    got = int(action), float(reward_sum), float(next_state[0]), float(terminated), float(discount)
    right, _ = window(given, start, n, gamma)
    if np.allclose(got, right, atol=1e-4):
        return
    place = f"The window of up to {n} step{'s' * (n > 1)} from step {start}"
    flags = [item[4] or item[5] for item in given]
    last = next(
        (k for k in range(start, min(start + n, len(given))) if flags[k]), min(start + n, len(given)) - 1
    )
    length = last - start + 1
    if np.isclose(got[2], right[2]) and got[3] != right[3] and given[last][5]:
        raise Rejected(
            f"{place} ends at the time limit, and is marked as terminated. The limit ends the episode, not the "
            "future: only `terminated` counts."
        )
    if not np.isclose(got[2], right[2]):
        if flags[last] and got[2] > right[2]:
            what = "the flag" if given[last][4] else "the time limit"
            raise Rejected(
                f"{place} must stop with step {last}, which ends its episode at {what}; it goes on."
            )
        if got[2] < start:
            raise Rejected(f"{place} goes on from the newest transition to the oldest: stop at the newest.")
        if np.isclose(got[2], given[start][3][0]):
            raise Rejected(
                f"{place} has the next state of its first step, {got[2]:g}; that of its last one, step {last}, is "
                f"wanted: {right[2]:g}."
            )
        raise Rejected(
            f"{place} ends in the state {got[2]:g}, but its last step, number {last}, leads to {right[2]:g}."
        )
    if not np.isclose(got[4], right[4], atol=1e-4):
        more = " It is shorter than n here." if length < n else ""
        raise Rejected(
            f"{place} has {length} steps, so the discount of what follows is gamma to the power of {length}, "
            f"{right[4]:.4g}; it is {got[4]:.4g}.{more}"
        )
    if got[0] != right[0]:
        raise Rejected(f"{place} begins with the action {right[0]}; it has {got[0]}.")
    raise Rejected(
        f"{place} has the discounted reward sum {right[1]:.4g}; it has {got[1]:.4g} (the rewards are "
        f"{[item[2] for item in given[start : last + 1]]}, gamma is {gamma:g})."
        if np.isclose(got[3], right[3])
        else f"{place} {'ends' if right[3] else 'does not end'} at the flag; `terminated` says otherwise."
    )


memory = part(
    reference_agent.Memory,
    cases=[
        (12, 1, 0.9, ((4, FLAG), (3, LIMIT))),
        (20, 3, 0.5, ((4, FLAG), (5, LIMIT), (4, FLAG))),
        (6, 3, 0.9, ((4, LIMIT), (3, FLAG), (4, RUNNING))),
        (5, 2, 0.5, ((13, RUNNING),)),
    ],
    evaluate=check_memory,
    hints=[
        "Three things to keep in order: the places, how many were added, and where an episode ends.",
        "The newest takes the place `added % capacity`. A window walks on from its start: add the reward times "
        "the discount so far, then multiply the discount by gamma; stop at an end, or at the newest.",
        "A list of such windows, one for each start that `rng.integers(...)` has drawn; `zip(*windows)` turns it into "
        "six columns, and `np.array(column, np.float32)` each of them into an array (`np.int32` for the actions).",
    ],
    takeaway="The whole ring, its windows and both endings.",
)
