"""The student drives: arrow keys or buttons in the browser, and the finished drive for Python to look at."""

from typing import Any

import numpy as np
import traitlets as t
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.plots.episodes import own_episode
from dqn_lib.plots.style import Picture, number
from dqn_lib.widgets.assets import esm
from dqn_lib.widgets.base import LessonWidget

CLOSE = 1e-9  # the browser's cosine may differ from NumPy's in its last bit, and by no more
ALWAYS_RIGHT = car.simulate(np.full((car.MAX_STEPS, 1), 2), [[-0.5, 0.0]]).trajectory(0)
RULER = (
    f"Luck scores {number(car.RANDOM_RETURN)}, "
    f"the best possible driver about {number(car.OPTIMAL_RETURN, 0)} on average."
)
STAND_IN = "this is a driver who always pushes right"


class DriveYourself(LessonWidget):
    """MountainCar-v0 under the student's own hands, thirty steps a second, whatever the kernel does.

    Attributes:
        positions: the positions of the last finished drive, start included; empty before the first.
        velocities: the velocities that go with them.
        actions: the actions of that drive.
        drives: how many drives were finished.
        complaint: what is wrong with the last drive that the browser sent; empty if nothing is.
    """

    _esm = esm("clock.js", "dynamics.js", "drive_yourself.js")
    explanation = "In a running notebook you drive the car here yourself, with the arrow keys."

    positions = t.List(t.Float()).tag(sync=True)
    velocities = t.List(t.Float()).tag(sync=True)
    actions = t.List(t.Int()).tag(sync=True)
    drives = t.Int(0).tag(sync=True)
    ruler = t.Unicode(RULER, read_only=True).tag(sync=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.complaint = ""
        self._returns: list[float] = []
        self.observe(self._receive, "drives")

    def _receive(self, _: Any) -> None:
        self.complaint = complaint_about(self.positions, self.velocities, self.actions)
        if not self.complaint:
            self._returns.append(-float(len(self.actions)))

    @property
    def states(self) -> NDArray[np.float64]:
        """The last drive, start included, `(length + 1, 2)`."""
        if not self.drives:
            raise RuntimeError("drive first: press Start above and use the arrow keys")
        if self.complaint:
            raise RuntimeError(f"drive again: {self.complaint}")
        return np.stack([self.positions, self.velocities], axis=-1)

    @property
    def total_reward(self) -> float:
        """The return of the last drive: -1 for every step."""
        return 1.0 - len(self.states)

    @property
    def reached_flag(self) -> bool:
        """Whether the last drive ended at the flag."""
        return bool(arrived(self.states)[-1])

    @property
    def best_position(self) -> float:
        """How far to the right the last drive came."""
        return float(self.states[:, 0].max())

    def picture(self) -> Picture:
        """The last drive on the ruler and over position and velocity; before the first one, a stand-in's."""
        if self.drives and not self.complaint:
            return own_episode(self.states, self._returns)
        note = f"The last drive is not shown: {self.complaint}" if self.drives else "Nobody has driven yet"
        return own_episode(ALWAYS_RIGHT, [car.RANDOM_RETURN], name="always right", note=f"{note}; {STAND_IN}")

    def still(self) -> str:
        """The picture of the last drive."""
        return self.picture()._repr_html_()


def arrived(states: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of the states `(n, 2)` are at the flag."""
    return (states[:, 0] >= car.GOAL_POSITION) & (states[:, 1] >= car.GOAL_VELOCITY)


def complaint_about(positions: list[float], velocities: list[float], actions: list[int]) -> str:
    """What in a whole drive is not as in MountainCar-v0, in words; empty if it is one."""
    length = len(actions)
    if not len(positions) == len(velocities) == length + 1 or not 1 <= length <= car.MAX_STEPS:
        return f"{len(positions)} positions and {len(velocities)} velocities do not make {length} steps"
    if not set(actions) <= set(range(len(car.ACTION_NAMES))):
        return f"actions must be 0, 1 or 2, got {sorted(set(actions))}"
    states = np.stack([positions, velocities], axis=-1)
    low, high = car.START_POSITIONS
    if not low <= positions[0] <= high or velocities[0] != 0:
        return f"it starts at position {positions[0]:g} with velocity {velocities[0]:g}"
    expected, _ = car.step(states[:-1], actions)
    wrong = ~(np.abs(states[1:] - expected) <= CLOSE).all(axis=-1)
    if wrong.any():
        return f"its step {wrong.argmax() + 1} does not follow the rules of MountainCar-v0"
    flags = arrived(states)
    if flags[:-1].any() or not (flags[-1] or length == car.MAX_STEPS):
        return f"it ends after {length} steps, neither at the flag nor at the time limit"
    return ""
