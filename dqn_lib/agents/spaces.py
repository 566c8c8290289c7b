"""Which environments the agents can live in: flat states, a handful of actions."""

import gymnasium as gym


def check_spaces(env: gym.Env) -> None:
    """Raise unless the environment's states are flat vectors and its actions are 0, 1, ..., n - 1."""
    states, actions = env.observation_space, env.action_space
    if not isinstance(actions, gym.spaces.Discrete):
        raise TypeError(f"action_space must be Discrete, got {actions}")
    if actions.start != 0:
        raise ValueError(f"action_space must start at 0, got {actions}")
    if not isinstance(states, gym.spaces.Box) or len(states.shape) != 1:
        raise TypeError(f"observation_space must be a Box with one axis, got {states}")
