"""One run is measured as its variant says."""

import gymnasium as gym

from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.evaluation import greedy_returns
from dqn_lib.experiments.experiment import Variant, train_and_evaluate
from dqn_lib.training import TrainingLog, train


def test_checks_and_the_final_return_have_as_many_episodes_as_the_variant_says():
    config = DQNConfig(hidden=(8,), learning_starts=1_000_000)
    how_often = {"check_every": 60, "check_episodes": 3}
    variant = Variant(environment="CartPole-v1", config=config, steps=240, final_episodes=5, **how_often)
    here = train_and_evaluate(variant, 4)

    env, arena, log = gym.make("CartPole-v1"), gym.make("CartPole-v1"), TrainingLog()
    agent = DQNAgent(env, config, seed=4)
    for _ in log.record(train(env, agent, steps=240), agent, arena, 60, 3):
        pass
    final, of_checks = (greedy_returns(agent.q, arena, episodes=n, seed=0).mean() for n in (5, 3))
    assert here["curve"] == [round(check.mean, 2) for check in log.checks]
    assert here["final_return"] == round(float(final), 2) != round(float(of_checks), 2)
