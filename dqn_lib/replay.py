"""What the agent remembers: a ring of raw transitions, sampled as windows of n steps.

Experience replay is Lin's idea (Machine Learning 8, 1992). The ring keeps the transitions as they
happened; the discounted sum over a window is taken when it is sampled, so a changed gamma or n acts at
once and on old memories too.
"""

from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dqn_lib.config import check_finite, check_integer, check_number

LARGEST_REWARD = 1e30  # so that the sum over a window is still a float32
SINGLE = np.dtype(np.float32)
ARRAYS = ("states", "actions", "rewards", "next_states", "terminated", "episode_end")


class Batch(NamedTuple):
    """Sampled windows; every array starts with the shape that was asked for, here `(...)`.

    `reward_sums` is the discounted sum of the window's rewards, `next_states` and `terminated` belong to its
    last transition, and `discounts` is gamma to the power of its length: what a bootstrap from
    `next_states` is worth.
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
        """How many transitions fit."""
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
        """Remember one transition; once the ring is full it takes the place of the oldest.

        Raises:
            TypeError: if the action is no integer.
            ValueError: if a state has another shape, if a number is not finite, also as a float32, or if the
                action is negative. The memory is then as it was before.
        """
        here = self.added % self.capacity
        # What could be refused comes first, so that a refusal leaves the ring as it was.
        before, after = self._vector("state", state), self._vector("next_state", next_state)
        if not isfinite(sum(before.tolist()) + sum(after.tolist())):  # in double: no sum overflows
            first = not np.isfinite(before).all()
            name, value = ("state", state) if first else ("next_state", next_state)
            raise ValueError(f"{name} must be finite as a float32, got {value!r}")
        if type(action) is not int or action < 0:  # the usual case, quickly
            check_integer("action", action, low=0)
        if not -LARGEST_REWARD <= (reward := float(reward)) <= LARGEST_REWARD:
            check_number("reward", reward, -LARGEST_REWARD, LARGEST_REWARD)
        self.actions[here] = action
        self.rewards[here] = reward
        self.states[here] = before
        self.next_states[here] = after
        self.terminated[here] = terminated
        self.episode_end[here] = terminated or truncated
        self.added += 1  # last: the next `add` writes over one that was interrupted

    def _vector(self, name: str, state: ArrayLike) -> NDArray[np.float32]:
        vector = np.asarray(state)
        if vector.dtype != SINGLE:
            with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused for that
                vector = vector.astype(SINGLE)
        if vector.shape != self._shape:
            raise ValueError(f"{name} must have the shape {self._shape}, got {vector.shape}")
        return vector

    def end_episode(self) -> None:
        """Close an episode that was broken off: no window may run from it into the next one."""
        if self.added:
            self.episode_end[(self.added - 1) % self.capacity] = True

    def sample(self, shape: int | tuple[int, ...], n_step: int, gamma: float) -> Batch:
        """Draw windows uniformly, with replacement; `shape` is usually `(updates, batch)`.

        A window starts anywhere and runs for `n_step` transitions, or fewer if its episode ends before
        that or the memory does. It bootstraps from where it stops, unless that is a terminal state: a
        truncated episode could have gone on.
        """
        check_integer("n_step", n_step, low=1)
        check_number("gamma", gamma, 0.0, 1.0)
        if not self.added:
            raise ValueError("sample needs at least one transition in the memory, got 0")
        first = self.rng.integers(len(self), size=shape)
        return self.windows(first, n_step, gamma)

    def windows(self, first: NDArray[np.integer], n_step: int, gamma: float) -> Batch:
        """The windows that start at the ring positions `first` `(...)`."""
        steps = np.arange(n_step)
        ring = (first[..., None] + steps) % self.capacity  # (..., n)
        newest = (self.added - 1) % self.capacity
        stops = self.episode_end[ring] | (ring == newest)
        stops[..., -1] = True
        final = stops.argmax(axis=-1)  # offset of the window's last transition
        weights = np.where(steps <= final[..., None], gamma**steps, 0.0)
        last = (first + final) % self.capacity
        return Batch(
            states=self.states[first],
            actions=self.actions[first],
            reward_sums=(weights * self.rewards[ring]).sum(axis=-1).astype(np.float32),
            next_states=self.next_states[last],
            terminated=self.terminated[last].astype(np.float32),
            discounts=(gamma ** (final + 1.0)).astype(np.float32),
        )

    def get_state(self) -> dict[str, Any]:
        """A copy of everything in the memory, and the state of the generator."""
        arrays = {name: getattr(self, name).copy() for name in ARRAYS}
        return {**arrays, "added": self.added, "rng": self.rng.bit_generator.state}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from where `get_state` was called."""
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
