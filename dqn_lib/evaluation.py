"""Evaluation: the returns of the greedy policy, without exploration, from fixed start states."""

from typing import Protocol

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib import mountain_car
from dqn_lib.config import check_finite, check_integer, check_number
from dqn_lib.environments import check_has_end, environment_name, is_original

EVALUATION_SEED = 1_000_003  # seed of the start states used to evaluate; training runs use small seeds


class Diverged(ValueError):
    """The values of a Q-function are NaN or infinite."""


class Greedy(Protocol):
    """A Q-function, or anything else with a greedy policy."""

    def greedy(self, states: NDArray) -> NDArray[np.integer]:
        """The greedy action `(...)` in states `(..., state_size)`."""


def greedy_returns(
    q: Greedy, env: gym.Env, *, episodes: int = 100, seed: int = EVALUATION_SEED
) -> NDArray[np.float64]:
    """Returns `(episodes,)` of the greedy policy in `env`, from the same start states at every call.

    In Gymnasium's MountainCar-v0 all episodes are simulated at once, a hundred of them in about 15 ms; in
    any other environment one after the other. `env` is reset, so call this between two episodes.

    Raises:
        TypeError: if `episodes` or `seed` is not an integer.
        Diverged: if the values of `q` are not finite.
        ValueError: if `episodes` or `seed` is too small, if `q` is not for the states and actions of `env`,
            if an observation or a return is not finite, or if an episode does not end.
    """
    check_integer("episodes", episodes, low=1)
    check_integer("seed", seed, low=0)
    if is_original(env):
        starts = mountain_car.start_states(episodes, seed)
        _check_values(q, starts.astype(np.float32), env)
        return mountain_car.simulate(q.greedy, starts).returns
    return np.array([_episode_return(q, env, int(seed) + number) for number in range(episodes)])


def _episode_return(q: Greedy, env: gym.Env, seed: int) -> float:
    state, _ = env.reset(seed=seed)
    check_finite("observation", state)
    _check_values(q, state, env)
    total, length, ended = 0.0, 0, False
    while not ended:
        check_has_end(env, length)
        state, reward, terminated, truncated, _ = env.step(int(np.asarray(q.greedy(state)).item()))
        check_finite("observation", state)
        total, length = total + float(reward), length + 1
        ended = terminated or truncated
    check_number("the return of an episode", total)
    return total


def _check_values(q: Greedy, states: NDArray, env: gym.Env) -> None:
    """Check the values of `q` for such states and the actions of `env`.

    The greedy action of a network that has diverged is the first one, and its return would look like any
    other.

    Raises:
        Diverged: if the values are not finite.
        ValueError: if `q` does not accept the states, or has values for another number of actions.
    """
    if not callable(q):  # a policy without values
        return
    try:
        values = np.asarray(q(states), dtype=float)
    except (ValueError, TypeError, IndexError) as problem:
        raise ValueError(
            f"q must accept states of {environment_name(env)}, {env.observation_space}, got one that does "
            f"not: {problem}"
        ) from problem
    actions = getattr(env.action_space, "n", None)
    if actions is not None and values.shape[-1:] != (actions,):
        raise ValueError(
            f"q must have a value for each of the {actions} actions of {environment_name(env)}, "
            f"got the shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise Diverged(
            f"q must have finite values, got {values[~np.isfinite(values)][0]}: the network has diverged"
        )
