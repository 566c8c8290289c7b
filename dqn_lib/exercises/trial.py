"""How many steps does a configuration need? One training run, cut short as soon as it is decided."""

import gymnasium as gym

from dqn_lib.config import DQNConfig
from dqn_lib.evaluation import Diverged
from dqn_lib.mountain_car import THRESHOLD
from dqn_lib.training import TrainingLog, train


def steps_to_solve(env: gym.Env, config: DQNConfig, *, seed: int, patience: int) -> int | None:
    """Environment steps until a check of the greedy policy in `env` reaches -110; None if it never does."""
    from dqn_lib.agents.dqn import DQNAgent

    agent, log = DQNAgent(env, config, seed=seed), TrainingLog()
    try:
        for _ in log.record(train(env, agent, steps=patience), agent, env):
            if (step := log.solved_at(THRESHOLD)) is not None:
                return step
    except Diverged:  # it will never get there
        pass
    return None
