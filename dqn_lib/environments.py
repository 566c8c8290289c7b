"""Which world is this? What is only true of MountainCar-v0 asks here first, and so does what needs an end.

An environment is judged by what it does, not by its name: one whose gravity was changed, or whose rewards go
through a wrapper, is another world although Gymnasium calls it by the same name.
"""

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.classic_control.mountain_car import MountainCarEnv
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker, RecordEpisodeStatistics, TimeLimit

from dqn_lib import mountain_car as car

LONGEST_EPISODE = 100_000  # steps; without a time limit, an episode that goes on for longer has no end

PHYSICS = {
    "min_position": car.MIN_POSITION,
    "max_position": car.MAX_POSITION,
    "max_speed": car.MAX_SPEED,
    "goal_position": car.GOAL_POSITION,
    "goal_velocity": car.GOAL_VELOCITY,
    "force": car.FORCE,
    "gravity": car.GRAVITY,
}
HARMLESS_WRAPPERS = (TimeLimit, OrderEnforcing, PassiveEnvChecker, RecordEpisodeStatistics)  # change no step


def wrapper_chain(env: gym.Env) -> Iterator[gym.Env]:
    """The environment as it was handed over, and what each of its wrappers is around, down to the last."""
    yield env
    while isinstance(env, gym.Wrapper):
        env = env.env
        yield env


def is_mountain_car(env: gym.Env) -> bool:
    """Whether states, rewards and the flag are those of MountainCar-v0; the time limit may be another."""
    *wrappers, world = wrapper_chain(env)
    return (
        type(world) is MountainCarEnv
        and all(getattr(world, name) == value for name, value in PHYSICS.items())
        and all(type(wrapper) in HARMLESS_WRAPPERS for wrapper in wrappers)
        and not any({"reset", "step"} & vars(layer).keys() for layer in (*wrappers, world))
    )


def is_original(env: gym.Env) -> bool:
    """Whether it is MountainCar-v0 in all that it does, the time limit of 200 steps included."""
    limits = sum(isinstance(layer, TimeLimit) for layer in wrapper_chain(env))
    return is_mountain_car(env) and limits == 1 and time_limit(env) == car.MAX_STEPS


def time_limit(env: gym.Env) -> int | None:
    """The steps that Gymnasium knows an episode of `env` to have at most; None if it knows of no limit."""
    limit = None if env.spec is None else env.spec.max_episode_steps
    return limit if limit is not None and limit > 0 else None


def environment_name(env: gym.Env) -> str:
    """What to call the world of `env`; "MountainCar-v0" is only what is exactly that."""
    if is_original(env):
        return car.ENV_ID
    name = env.spec.id if env.spec is not None else type(env.unwrapped).__name__
    return f"{name}, changed" if name == car.ENV_ID else name


def check_mountain_car(env: gym.Env, what: str) -> None:
    """Raise unless `what`, which shows the car's position, velocity and flag, is true of `env`."""
    if not is_mountain_car(env):
        raise ValueError(
            f"env must be {car.ENV_ID}, with no change but another time limit, got {environment_name(env)}: "
            f"{what} is made for the car on its hill"
        )


def check_drives_mountain_car(agent: Any, what: str) -> None:
    """Raise unless `agent` was made for the states and actions of MountainCar-v0, which `what` shows."""
    made_for, here = getattr(agent, "spaces", None), car.make()
    wanted = {"states": str(here.observation_space), "actions": str(here.action_space)}
    if made_for is not None and made_for != wanted:
        raise ValueError(
            f"agent must drive in {car.ENV_ID}, with {wanted['states']} and {wanted['actions']}, got one for "
            f"{made_for['states']} and {made_for['actions']}: {what} is made for the car on its hill"
        )


def check_has_end(env: gym.Env, length: int) -> None:
    """Raise if an episode of `env` has come to `length` steps, none of them the last, and none will be.

    A time limit that is part of the environment is trusted, however long it is.
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
    """Raise unless the environment's states are flat vectors and its actions are 0, 1, ..., n - 1."""
    states, actions = env.observation_space, env.action_space
    if not isinstance(actions, gym.spaces.Discrete):
        raise TypeError(f"action_space must be Discrete, got {actions}")
    if actions.start != 0:
        raise ValueError(f"action_space must start at 0, got {actions}")
    if not isinstance(states, gym.spaces.Box) or len(states.shape) != 1:
        raise TypeError(f"observation_space must be a Box with one axis, got {states}")
