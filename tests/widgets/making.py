"""One small widget of each kind, for what is to be true of all of them."""

from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.config import DQNConfig, TableConfig
from dqn_lib.plots.maps import visit_density
from dqn_lib.training import TrainingLog, train
from dqn_lib.widgets.drive_yourself import DriveYourself
from dqn_lib.widgets.gamma_glasses import GammaGlasses
from dqn_lib.widgets.luck_explorer import LuckExplorer
from dqn_lib.widgets.microscope import ReplayMicroscope
from dqn_lib.widgets.panel import TrainingPanel
from dqn_lib.widgets.sliders import interact
from dqn_lib.widgets.target_explorer import TargetNetworkExplorer
from dqn_lib.widgets.time_machine import TimeMachine

SMALL = DQNConfig(hidden=(8,), memory_size=300, learning_starts=32, batch_size=8, learn_every=4, updates=2)
TABLE = TableConfig(cells=8)


def world():
    return mountain_car.make(max_episode_steps=50)


def a_dqn():
    agent = DQNAgent(world(), SMALL, seed=1, xla=False)
    for _ in train(world(), agent, steps=60):
        pass
    return agent


def checks():
    env, agent, log = world(), QTableAgent(world(), TABLE), TrainingLog()
    for _ in log.record(train(env, agent, steps=100), agent, mountain_car.make(), every=50):
        pass
    return log.checks


MAKERS = {
    "panel": lambda: TrainingPanel(
        world(), QTableAgent(world(), TABLE), show=["curve", "car"], knobs=["gamma"]
    ),
    "panel of a network": lambda: TrainingPanel(world(), DQNAgent(world(), SMALL, xla=False)),
    "time machine": lambda: TimeMachine(checks()),
    "microscope": lambda: ReplayMicroscope(a_dqn()),
    "explorer": lambda: TargetNetworkExplorer(a_dqn(), [-0.5, 0.0], -60.0, rounds=3),
    "sliders": lambda: interact(lambda n: visit_density([[0.0, 0.0]] * n), n=range(1, 9)),
    "gamma glasses": lambda: GammaGlasses([0.85, 0.9]),
    "luck": lambda: LuckExplorer(episodes=20),
    "drive yourself": DriveYourself,
}
