"""A small library for learning Deep Q-Networks by hand, on Gymnasium's MountainCar-v0.

Importing the package loads nothing: every module is asked for by name, and only the ones that need a
network (`dqn_lib.agents.q_network`, `dqn_lib.agents.dqn`) load TensorFlow. Read in this order:

    mountain_car   the world                       replay          what the agent remembers
    config         every knob, with its bounds     td              the equation it learns from
    exploration    how it tries things             target_update   how its target follows

then `agents/`, then `training` and `evaluation`. `plots/` turns data into pictures, `exercises/` tells a
student what an answer got wrong.
"""

__version__ = "0.1.0"
