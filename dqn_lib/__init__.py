"""A small library for learning Deep Q-Networks by hand, on Gymnasium's MountainCar-v0.

Importing the package loads nothing: a module is loaded when one of its names is used for the first time,
and only what needs a network loads TensorFlow. `__init__.pyi` lists the names. Read in this order:

    mountain_car   the environment                 replay    the replay memory
    config         every setting, with its bounds  targets   the TD target, and how its network is updated
    exploration    epsilon-greedy

then `agents/`, then `training` and `evaluation`. `plots/` turns data into pictures, `widgets/` are what a
student moves, `exercises/` tells a student what an answer got wrong.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__version__ = "0.1.0"
