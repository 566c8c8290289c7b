"""The experiments whose results the lessons show."""

from itertools import accumulate
from operator import or_

from dqn_lib.agents.tutorial import TutorialConfig
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.experiments.experiment import Q_TABLE, Experiment, Variant

# Neither a target network nor Double DQN, as in lessons 3 and 4.
NO_TARGET = {"target_update": "every_step", "double": False}
LAST_TRANSITION = {"memory_size": 1, "batch_size": 1, "learn_every": 1, "updates": 1, "learning_starts": 1}

NETWORKS = Experiment(
    "networks",
    Variant(),
    {
        "base": {},
        "online": {**NO_TARGET, **LAST_TRANSITION, "n_step": 1},
        "no target, memory 64": {**NO_TARGET, "memory_size": 64},
        "no target, memory 500": {**NO_TARGET, "memory_size": 500},
        "no target, memory 2,000": {**NO_TARGET, "memory_size": 2_000},
        "no target, memory 20,000": NO_TARGET,
        "no target, one step": {**NO_TARGET, "n_step": 1},
        "memory 64": {"memory_size": 64},
        "memory 500": {"memory_size": 500},
        "memory 2,000": {"memory_size": 2_000},
        "one step": {"n_step": 1},
        "copied every step": {"target_update": "every_step"},
        "hard, every 20": {"target_update": "hard", "target_period": 20},
        "hard, every 200": {"target_update": "hard"},
        "hard, every 2,000": {"target_update": "hard", "target_period": 2_000},
        "soft, tau 0.1": {"tau": 0.1},
        "soft, tau 0.01": {"tau": 0.01},
        "soft, tau 0.001": {"tau": 0.001},
        "not double": {"double": False},
        "time limit as terminal": {"agent": "dqn_lib.agents.bugs:TimeLimitIsTerminal"},
        "not held": {"hold": 1},
        "epsilon gone early": {"epsilon_wait": 0},
        "raw inputs": {"input_range": None},
        "inputs in [-1, 1]": {"input_range": 1.0},
        "zero biases": {"bias_range": 0.0},
        "values from 0": {"initial_value": 0.0},
        "layers of 24, 48, 24": {"hidden": (24, 48, 24)},
        "gamma 0.85": {"gamma": 0.85},
        "gamma 0.95": {"gamma": 0.95},
        "gamma 0.999": {"gamma": 0.999},
    },
)

TABLES = Experiment(
    "tables",
    Variant(agent=Q_TABLE, config=TableConfig(), steps=None, episodes=4_000, check_every=10_000),
    {
        "20 x 20 cells": {},
        "40 x 40 cells": {"cells": 40},
        "10 x 10 cells": {"cells": 10},
        "greedy": {"epsilon": 0.0},
        "pessimistic": {"initial_value": -100.0},
        "pessimistic, held 32": {"initial_value": -100.0, "hold": 32},
    },
)

# The agent of the 2017 tutorial, and its repairs: each variant includes the repairs before it.
REPAIRS = {
    "gamma 0.99": {"gamma": 0.99},
    "learning rate 0.001": {"learning_rate": 1e-3},
    "five-step returns": {"n_step": 5},
    "pushes held": {"hold": 32, "epsilon_factor": None},
    "states rescaled": {"input_range": 8.0, "bias_range": 1.0},
    "endings as they are": {"ending_reward": None, "time_limit_is_terminal": False},
    "only the action taken": {"all_outputs": False},
    "batches, and a slow target": {"batch_size": 64, "updates": 1, "target_update": "soft"},
}
TUTORIAL = Experiment(
    "tutorial",
    Variant(agent="dqn_lib.agents.tutorial:TutorialAgent", config=TutorialConfig()),
    {"as printed": {}, **dict(zip(REPAIRS, accumulate(REPAIRS.values(), or_), strict=True))},
)

POLE = {"environment": "CartPole-v1", "threshold": 475.0}
ACROBOT = {"environment": "Acrobot-v1", "threshold": -100.0}
OTHER_ENVIRONMENTS = Experiment(
    "other_environments",
    Variant(steps=30_000, check_episodes=10, final_episodes=100),
    {
        "pole, unchanged": POLE,
        "pole, not held": {**POLE, "hold": 1},
        "pole, not held, explores for 1,000": {**POLE, "hold": 1, "epsilon_wait": 1_000},
        "pole, not held, values from 50": {**POLE, "hold": 1, "initial_value": 50.0},
        "acrobot, unchanged": ACROBOT,
        "acrobot, held for 8": {**ACROBOT, "hold": 8},
        "acrobot, not held": {**ACROBOT, "hold": 1},
    },
)

# The settings of lesson 11, which leave time for an agent that is not compiled as a whole.
OWN_AGENT = Experiment(
    "own_agent",
    Variant(config=DQNConfig(updates=4, learning_rate=2e-3, tau=0.06), steps=20_000),
    {"the library's agent": {}},
    seeds=range(30),
)

EXPERIMENTS = {
    experiment.name: experiment for experiment in (NETWORKS, TABLES, TUTORIAL, OTHER_ENVIRONMENTS, OWN_AGENT)
}
