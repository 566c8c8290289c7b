"""How good is it? The greedy policy's return over fixed start states, without exploration."""

from typing import Protocol

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib import mountain_car
from dqn_lib.config import check_finite, check_integer, check_number
from dqn_lib.environments import check_has_end, environment_name, is_original

EVALUATION_SEED = 1_000_003  # seed of the start states used to evaluate; training runs use small seeds


class Diverged(ValueError):
    """A Q-function answers with values that are no numbers."""


class Greedy(Protocol):
    """Anything with Q-values: it can name the best action."""

    def greedy(self, states: NDArray) -> NDArray[np.integer]:
        """Best action `(...)` for states `(..., state_size)`."""


def greedy_returns(
    q: Greedy, env: gym.Env, *, episodes: int = 100, seed: int = EVALUATION_SEED
) -> NDArray[np.float64]:
    """Returns `(episodes,)` of the greedy policy in `env`, from the same start states at every call.

    In Gymnasium's own MountainCar-v0 all cars drive at once, a hundred episodes in about 15 ms; in any other
    environment they drive one after the other. `env` is reset and driven, so it must not be in the middle of
    an episode that is to go on.

    Raises:
        TypeError: if `episodes` or `seed` is no integer.
        Diverged: if `q` answers with values that are not finite.
        ValueError: if `episodes` or `seed` is too small, if `q` does not answer for states and actions like
            those of `env`, if what `env` returns is not finite, or if an episode does not end.
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
    """Raise unless `q`, if it can be asked for values, answers for such states and the actions of `env`.

    A network that has diverged still names a "best" action, the first one: its return would look like any
    other.
    """
    if not callable(q):
        return
    try:
        values = np.asarray(q(states), dtype=float)
    except (ValueError, TypeError, IndexError) as problem:
        raise ValueError(
            f"q must take states of {environment_name(env)}, {env.observation_space}, got one that does not: "
            f"{problem}"
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
