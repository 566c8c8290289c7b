"""Checks of environments: whether it is MountainCar-v0, and whether its episodes end.

What counts is what an environment does, not its name: with another gravity, or a wrapper that changes the
rewards, it is not MountainCar-v0, although Gymnasium gives it the same name.
"""

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.classic_control.mountain_car import MountainCarEnv
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker, RecordEpisodeStatistics, TimeLimit

from dqn_lib import mountain_car as car

LONGEST_EPISODE = 100_000  # steps of an episode without a time limit before it is an error

PHYSICS = {
    "min_position": car.MIN_POSITION,
    "max_position": car.MAX_POSITION,
    "max_speed": car.MAX_SPEED,
    "goal_position": car.GOAL_POSITION,
    "goal_velocity": car.GOAL_VELOCITY,
    "force": car.FORCE,
    "gravity": car.GRAVITY,
}
HARMLESS_WRAPPERS = (
    TimeLimit,
    OrderEnforcing,
    PassiveEnvChecker,
    RecordEpisodeStatistics,
)  # change no transition


def wrapper_chain(env: gym.Env) -> Iterator[gym.Env]:
    """`env`, and inside it one wrapper after the other, down to the environment without wrappers."""
    yield env
    while isinstance(env, gym.Wrapper):
        env = env.env
        yield env


def is_mountain_car(env: gym.Env) -> bool:
    """Whether states, rewards and the flag are those of MountainCar-v0; the time limit may differ."""
    *wrappers, core = wrapper_chain(env)
    return (
        type(core) is MountainCarEnv
        and all(getattr(core, name) == value for name, value in PHYSICS.items())
        and all(type(wrapper) in HARMLESS_WRAPPERS for wrapper in wrappers)
        # A method that was assigned to the object itself replaces that of its class.
        and not any({"reset", "step"} & vars(layer).keys() for layer in (*wrappers, core))
    )


def is_original(env: gym.Env) -> bool:
    """Whether it is exactly MountainCar-v0, with its time limit of 200 steps."""
    limits = sum(isinstance(layer, TimeLimit) for layer in wrapper_chain(env))
    return is_mountain_car(env) and limits == 1 and time_limit(env) == car.MAX_STEPS


def time_limit(env: gym.Env) -> int | None:
    """The time limit in steps that is registered for `env`, or None."""
    limit = None if env.spec is None else env.spec.max_episode_steps
    return limit if limit is not None and limit > 0 else None


def environment_name(env: gym.Env) -> str:
    """The environment's id or class; "MountainCar-v0" only if it is exactly that."""
    if is_original(env):
        return car.ENV_ID
    name = env.spec.id if env.spec is not None else type(env.unwrapped).__name__
    return f"{name}, changed" if name == car.ENV_ID else name


def check_mountain_car(env: gym.Env, what: str) -> None:
    """Check that `env` is MountainCar-v0, for the sake of `what`.

    Raises:
        ValueError: if it is another environment.
    """
    if not is_mountain_car(env):
        raise ValueError(
            f"env must be {car.ENV_ID}, with no change but another time limit, got {environment_name(env)}: "
            f"{what} works for the mountain car only"
        )


def check_drives_mountain_car(agent: Any, what: str) -> None:
    """Check that `agent` has the states and actions of MountainCar-v0, for the sake of `what`.

    Raises:
        ValueError: if its environment had others.
    """
    spaces, env = getattr(agent, "spaces", None), car.make()
    wanted = {"states": str(env.observation_space), "actions": str(env.action_space)}
    if spaces is not None and spaces != wanted:
        raise ValueError(
            f"agent must drive in {car.ENV_ID}, with {wanted['states']} and {wanted['actions']}, got one for "
            f"{spaces['states']} and {spaces['actions']}: {what} works for the mountain car only"
        )


def check_has_end(env: gym.Env, length: int) -> None:
    """Check an episode of `env` that has not ended after `length` steps.

    Raises:
        ValueError: if it has no time limit and is too long, or is longer than its time limit.
    """
    if length < LONGEST_EPISODE:
        return
    limited = any(isinstance(layer, TimeLimit) for layer in wrapper_chain(env))
    if not limited or length > (time_limit(env) or np.inf):
        raise ValueError(
            f"env must end every episode, got one of {environment_name(env)} that has not ended after "
            f"{length:,} steps: give it a time limit, gymnasium.make(..., max_episode_steps=200) or "
            "gymnasium.wrappers.TimeLimit(env, max_episode_steps=200)"
        )


def check_spaces(env: gym.Env) -> None:
    """Check that the states of `env` are vectors and its actions are 0, 1, ..., n - 1.

    Raises:
        TypeError: if one of its spaces is of another kind.
        ValueError: if its actions start at another number.
    """
    states, actions = env.observation_space, env.action_space
    if not isinstance(actions, gym.spaces.Discrete):
        raise TypeError(f"action_space must be Discrete, got {actions}")
    if actions.start != 0:
        raise ValueError(f"action_space must start at 0, got {actions}")
    if not isinstance(states, gym.spaces.Box) or len(states.shape) != 1:
        raise TypeError(f"observation_space must be a Box with one axis, got {states}")
