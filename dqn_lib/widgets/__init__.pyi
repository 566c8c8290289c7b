# What the package offers; loaded when it is asked for.
from .drive_yourself import DriveYourself as DriveYourself
from .gamma_glasses import GammaGlasses as GammaGlasses
from .luck_explorer import LuckExplorer as LuckExplorer
from .microscope import ReplayMicroscope as ReplayMicroscope
from .panel import TrainingPanel as TrainingPanel
from .sliders import interact as interact
from .target_explorer import TargetNetworkExplorer as TargetNetworkExplorer
from .time_machine import TimeMachine as TimeMachine
