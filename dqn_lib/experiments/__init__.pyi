# What the package offers; loaded when it is asked for.
from .catalogue import NETWORKS as NETWORKS
from .catalogue import OTHER_ENVIRONMENTS as OTHER_ENVIRONMENTS
from .catalogue import REPAIRS as REPAIRS
from .catalogue import TABLES as TABLES
from .catalogue import TUTORIAL as TUTORIAL
from .experiment import Experiment as Experiment
from .experiment import Variant as Variant
from .experiment import train_and_evaluate as train_and_evaluate
from .results import load_results as load_results
from .results import read_runs as read_runs
from .results import summarise as summarise
from .runner import run as run
