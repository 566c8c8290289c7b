"""Drive the car by hand, with arrow keys or buttons, and read the finished drive in Python."""

from typing import Any

import numpy as np
import traitlets as t
from numpy.typing import NDArray

from dqn_lib import mountain_car as car
from dqn_lib.plots.episodes import own_episode
from dqn_lib.plots.style import Picture, format_number
from dqn_lib.widgets.assets import esm
from dqn_lib.widgets.base import LessonWidget

TOLERANCE = 1e-9  # the last bit of a cosine may differ between the browser and NumPy
ALWAYS_RIGHT = car.simulate(np.full((car.MAX_STEPS, 1), 2), [[-0.5, 0.0]]).trajectory(0)
REFERENCES = (
    f"The random policy scores {format_number(car.RANDOM_RETURN)}, "
    f"the best possible policy about {format_number(car.OPTIMAL_RETURN, 0)} on average."
)
STAND_IN = "this car always pushes right"


class DriveYourself(LessonWidget):
    """MountainCar-v0 to drive by hand, thirty steps a second, even while the kernel is busy.

    Attributes:
        positions: the positions of the last finished drive, start included; empty before the first.
        velocities: the velocities that go with them.
        actions: the actions of that drive.
        drives: how many drives were finished.
        problem: what is wrong with the last drive that the browser sent; empty if nothing is.
    """

    _esm = esm("clock.js", "dynamics.js", "drive_yourself.js")
    explanation = "In a running notebook you drive the car here yourself, with the arrow keys."

    positions = t.List(t.Float()).tag(sync=True)
    velocities = t.List(t.Float()).tag(sync=True)
    actions = t.List(t.Int()).tag(sync=True)
    drives = t.Int(0).tag(sync=True)
    references = t.Unicode(REFERENCES, read_only=True).tag(sync=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.problem = ""
        self._returns: list[float] = []
        self.observe(self._receive, "drives")

    def _receive(self, _: Any) -> None:
        self.problem = find_problem(self.positions, self.velocities, self.actions)
        if not self.problem:
            self._returns.append(-float(len(self.actions)))

    @property
    def states(self) -> NDArray[np.float64]:
        """The last drive, start included, `(length + 1, 2)`.

        Raises:
            RuntimeError: if there is none yet, or if what the browser sent is not a valid drive.
        """
        if not self.drives:
            raise RuntimeError("drive first: press Start above and use the arrow keys")
        if self.problem:
            raise RuntimeError(f"drive again: {self.problem}")
        return np.stack([self.positions, self.velocities], axis=-1)

    @property
    def total_reward(self) -> float:
        """The return of the last drive: -1 for every step."""
        return 1.0 - len(self.states)

    @property
    def reached_flag(self) -> bool:
        """Whether the last drive ended at the flag."""
        return bool(car.at_goal(self.states)[-1])

    @property
    def best_position(self) -> float:
        """The rightmost position of the last drive."""
        return float(self.states[:, 0].max())

    def picture(self) -> Picture:
        """The last drive, its return and its path; before the first drive, an example."""
        if self.drives and not self.problem:
            return own_episode(self.states, self._returns)
        note = f"The last drive is not shown: {self.problem}" if self.drives else "You have not driven yet"
        return own_episode(ALWAYS_RIGHT, [car.RANDOM_RETURN], name="always right", note=f"{note}; {STAND_IN}")

    def still(self) -> str:
        """The picture of the last drive."""
        return self.picture()._repr_html_()


def find_problem(positions: list[float], velocities: list[float], actions: list[int]) -> str:
    """What in a drive contradicts MountainCar-v0, in words; empty if nothing does."""
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
    wrong = ~(np.abs(states[1:] - expected) <= TOLERANCE).all(axis=-1)
    if wrong.any():
        return f"its step {wrong.argmax() + 1} does not follow the rules of MountainCar-v0"
    flags = car.at_goal(states)
    if flags[:-1].any() or not (flags[-1] or length == car.MAX_STEPS):
        return f"it ends after {length} steps, neither at the flag nor at the time limit"
    return ""
