"""A small library for learning Deep Q-Networks, on Gymnasium's MountainCar-v0.

`import dqn_lib` loads no module; each is loaded when one of its names is first used, and TensorFlow only by
modules that need a network. `__init__.pyi` lists the names. Read in this order:

    mountain_car   the environment                 replay    the replay memory
    config         every setting, with its bounds  targets   the TD target and target updates
    exploration    epsilon-greedy

then `agents/`, `training` and `evaluation`. `plots/` draws figures, `widgets/` has the interactive parts of
the lessons, and `exercises/` checks the answers of students.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__version__ = "0.1.0"
