"""Agents for which something goes wrong, and an environment of ten steps, for other processes to import."""

import os
import signal
import time
from pathlib import Path

import gymnasium as gym
from gymnasium.envs.classic_control.mountain_car import MountainCarEnv

from dqn_lib.agents.q_table import QTableAgent

# Environment variables, each with a folder.
REGISTER = "DEADLY_REGISTER"  # a file for each process, named by its number
MARKS = "DEADLY_MARKS"  # a file for each seed that has died: with it a seed dies only once


def register() -> None:
    """Say which process this is, if somebody wants to know."""
    if folder := os.environ.get(REGISTER):
        Path(folder, str(os.getpid())).touch()


class Failing(QTableAgent):
    """Refuses the seed 1."""

    def end_episode(self):
        if self.seed == 1:
            raise ValueError("seed 1 is not to my liking")


class Deadly(QTableAgent):
    """Takes its process with it, at the seed 2."""

    deadly_seeds = (2,)

    def end_episode(self):
        register()
        if self.seed not in self.deadly_seeds:
            return
        if folder := os.environ.get(MARKS):
            mark = Path(folder, str(self.seed))
            if mark.exists():
                return
            mark.touch()
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))  # on Windows each ends it at once


class TwiceDeadly(Deadly):
    """Takes its process with it, at the seeds 0 and 3."""

    deadly_seeds = (0, 3)


class Leaving(QTableAgent):
    """Asks for the end of the whole program, at the seed 1."""

    def end_episode(self):
        if self.seed == 1:
            raise SystemExit("I leave")


class Diverging(QTableAgent):
    """Has nothing left in its table, from its third episode on."""

    def end_episode(self):
        if self.episodes == 2:
            self.table.values[:] = float("nan")


class Slow(QTableAgent):
    """Takes its time for an episode."""

    def end_episode(self):
        register()
        time.sleep(0.5)


def short_car():
    """MountainCar with a time limit of ten steps."""
    return gym.make("MountainCar-v0", max_episode_steps=10)


gym.register("Brief-v0", entry_point=MountainCarEnv, max_episode_steps=7, reward_threshold=-7.0)
gym.register("Briefer-v0", entry_point=MountainCarEnv, max_episode_steps=7)
