"""Agents for which something goes wrong, and an environment of ten steps, for other processes to import."""

import os
import signal
import time
from pathlib import Path

import gymnasium as gym

from dqn_lib.agents.q_table import QTableAgent

REGISTER = (
    "DEADLY_REGISTER"  # environment variable with a folder: a file for each process, named by its number
)
MARK = "DEADLY_MARK"  # environment variable with a path: dies only while there is nothing


class Failing(QTableAgent):
    """Refuses the seed 1."""

    def end_episode(self):
        if self.seed == 1:
            raise ValueError("seed 1 is not to my liking")


class Deadly(QTableAgent):
    """Takes its process with it, at the seed 2; with a mark, only once."""

    def end_episode(self):
        mark = os.environ.get(MARK)
        if self.seed == 2 and not (mark and Path(mark).exists()):
            if mark:
                Path(mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Leaving(QTableAgent):
    """Asks for the end of the whole program, at the seed 1."""

    def end_episode(self):
        if self.seed == 1:
            raise SystemExit("I leave")


class TwiceDeadly(QTableAgent):
    """Takes its process with it at the seeds 0 and 3, each once; says which process it lives in."""

    def end_episode(self):
        register = Path(os.environ[REGISTER])
        (register / str(os.getpid())).touch()
        mark = register.parent / f"died{self.seed}"
        if self.seed in (0, 3) and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Bare:
    """All that a `QTableAgent` can do but beginning again."""

    def __init__(self, env, config, *, seed):
        self.__dict__["table"] = QTableAgent(env, config, seed=seed)

    def __getattr__(self, name):
        if name == "restart":
            raise AttributeError("Bare cannot begin again")
        return getattr(self.table, name)

    def __setattr__(self, name, value):
        setattr(self.table, name, value)


class Slow(QTableAgent):
    """Takes its time for an episode; says which process it lives in, if somebody wants to know."""

    def end_episode(self):
        if register := os.environ.get(REGISTER):
            Path(register, str(os.getpid())).touch()
        time.sleep(0.5)


def short_car():
    """MountainCar with a time limit of ten steps."""
    return gym.make("MountainCar-v0", max_episode_steps=10)
