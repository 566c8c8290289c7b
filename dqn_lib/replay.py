"""The replay memory (Lin, Machine Learning 8, 1992): a ring buffer, sampled as windows of n transitions.

The discounted sum over a window is computed when it is sampled. So a change of gamma or n has an effect at
once, on old transitions too.
"""

from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dqn_lib.config import check_finite, check_integer, check_number

LARGEST_REWARD = 1e30  # so that the sum over a window is finite as a float32
SINGLE = np.dtype(np.float32)
ARRAYS = ("states", "actions", "rewards", "next_states", "terminated", "episode_end")


class Batch(NamedTuple):
    """Sampled windows; `(...)` is the shape that was passed to `sample`.

    `reward_sums` is the discounted sum of the window's rewards, `next_states` and `terminated` belong to its
    last transition, and `discounts` is gamma to the power of its length: the factor of the value of
    `next_states` in the TD target.
    """

    states: NDArray[np.float32]  # (..., state_size)
    actions: NDArray[np.int32]  # (...)
    reward_sums: NDArray[np.float32]  # (...)
    next_states: NDArray[np.float32]  # (..., state_size)
    terminated: NDArray[np.float32]  # (...), 1 where the window ends at a terminal state
    discounts: NDArray[np.float32]  # (...)


class ReplayMemory:
    """The last `capacity` transitions, in preallocated arrays."""

    def __init__(self, capacity: int, state_size: int, rng: np.random.Generator) -> None:
        check_integer("capacity", capacity, low=1)
        self.rng, self._shape = rng, (state_size,)
        self.states = np.zeros((capacity, state_size), np.float32)
        self.actions = np.zeros(capacity, np.int32)
        self.rewards = np.zeros(capacity, np.float32)
        self.next_states = np.zeros((capacity, state_size), np.float32)
        self.terminated = np.zeros(capacity, np.bool_)
        self.episode_end = np.zeros(capacity, np.bool_)
        self.added = 0

    @property
    def capacity(self) -> int:
        """The largest number of transitions."""
        return len(self.actions)

    def __len__(self) -> int:
        return min(self.added, self.capacity)

    def add(
        self,
        state: ArrayLike,
        action: int,
        reward: float,
        next_state: ArrayLike,
        *,
        terminated: bool,
        truncated: bool,
    ) -> None:
        """Store one transition; when the memory is full, it replaces the oldest.

        Raises:
            TypeError: if the action is not an integer.
            ValueError: if a state has another shape, if a number is not finite as a float32, or if the
                action is negative. The memory is then unchanged.
        """
        # Validate before writing. Sums of Python's numbers are faster here than NumPy's functions.
        before, after = self._vector("state", state), self._vector("next_state", next_state)
        if not isfinite(sum(before.tolist()) + sum(after.tolist())):  # float64: the sum cannot overflow
            name, value = ("next_state", next_state) if np.isfinite(before).all() else ("state", state)
            raise ValueError(f"{name} must be finite as a float32, got {value!r}")
        if type(action) is not int or action < 0:
            check_integer("action", action, low=0)
        if not -LARGEST_REWARD <= (reward := float(reward)) <= LARGEST_REWARD:
            check_number("reward", reward, -LARGEST_REWARD, LARGEST_REWARD)
        index = self.added % self.capacity
        self.actions[index] = action
        self.rewards[index] = reward
        self.states[index] = before
        self.next_states[index] = after
        self.terminated[index] = terminated
        self.episode_end[index] = terminated or truncated
        self.added += 1  # last, so that an interrupted `add` has stored nothing

    def _vector(self, name: str, state: ArrayLike) -> NDArray[np.float32]:
        vector = np.asarray(state)
        if vector.dtype != SINGLE:
            with np.errstate(over="ignore"):  # a number that is too large becomes infinite, and is refused
                vector = vector.astype(SINGLE)
        if vector.shape != self._shape:
            raise ValueError(f"{name} must have the shape {self._shape}, got {vector.shape}")
        return vector

    def end_episode(self) -> None:
        """Mark the last transition as the end of its episode, so that no window continues beyond it."""
        if self.added:
            self.episode_end[(self.added - 1) % self.capacity] = True

    def sample(self, shape: int | tuple[int, ...], n_step: int, gamma: float) -> Batch:
        """Sample windows uniformly, with replacement; `shape` is usually `(updates, batch)`.

        A window has `n_step` transitions, or fewer if its episode or the memory ends before. The TD target
        bootstraps from its last state unless that is terminal; a truncated episode does bootstrap.

        Raises:
            TypeError: if `n_step` is not an integer, or `gamma` is not a number.
            ValueError: if `n_step` is less than 1, `gamma` is not in [0, 1], or the memory is empty.
        """
        check_integer("n_step", n_step, low=1)
        check_number("gamma", gamma, 0.0, 1.0)
        if not self.added:
            raise ValueError("sample needs at least one transition in the memory, got 0")
        first = self.rng.integers(len(self), size=shape)
        return self.windows(first, n_step, gamma)

    def windows(self, first: NDArray[np.integer], n_step: int, gamma: float) -> Batch:
        """The windows that start at the indices `first` `(...)` of the memory's arrays."""
        steps = np.arange(n_step)
        indices = (first[..., None] + steps) % self.capacity  # (..., n)
        newest = (self.added - 1) % self.capacity
        stops = self.episode_end[indices] | (indices == newest)
        stops[..., -1] = True
        offset = stops.argmax(axis=-1)  # of the window's last transition
        weights = np.where(steps <= offset[..., None], gamma**steps, 0.0)
        last = (first + offset) % self.capacity
        return Batch(
            states=self.states[first],
            actions=self.actions[first],
            reward_sums=(weights * self.rewards[indices]).sum(axis=-1).astype(np.float32),
            next_states=self.next_states[last],
            terminated=self.terminated[last].astype(np.float32),
            discounts=(gamma ** (offset + 1.0)).astype(np.float32),
        )

    def get_state(self) -> dict[str, Any]:
        """Copies of the arrays, the number of added transitions and the state of the generator."""
        arrays = {name: getattr(self, name).copy() for name in ARRAYS}
        return {**arrays, "added": self.added, "rng": self.rng.bit_generator.state}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore what `get_state` returned.

        Raises:
            TypeError: if the number of added transitions is not an integer.
            ValueError: if it is out of range, or an array has another shape or is not finite.
        """
        check_integer("added", state["added"], low=0, high=2**53)
        for name in ARRAYS:
            if state[name].shape != getattr(self, name).shape:
                raise ValueError(
                    f"{name} must have the shape {getattr(self, name).shape}, got {state[name].shape}"
                )
            check_finite(name, state[name])
        for name in ARRAYS:
            getattr(self, name)[:] = state[name]
        self.added = state["added"]
        self.rng.bit_generator.state = state["rng"]
