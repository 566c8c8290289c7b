"""The picture in the README: one real run, drawn with the library's own plots.

python docs/picture.py
"""

from pathlib import Path

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.plots.curves import learning_curve
from dqn_lib.plots.maps import value_map
from dqn_lib.plots.style import Picture, house_style
from dqn_lib.training import TrainingLog, train

env = mountain_car.make()
agent, log = DQNAgent(env, seed=2), TrainingLog()
for _ in log.record(train(env, agent, steps=20_000), agent, env):
    pass

with house_style():
    picture = Picture(figsize=(13, 4), layout="constrained")
    left, right = picture.subplots(1, 2, width_ratios=(1.25, 1))
    learning_curve(log, left)
    value_map(agent.q, right, title="What it knows, and the way it drives")
    drive = mountain_car.simulate(agent.q.greedy, [[-0.5, 0.0]])
    right.plot(*drive.trajectory(0).T, color="white", linewidth=2)
    picture.savefig(Path(__file__).with_name("one_run.png"), dpi=100)
