"""What a return is read against: luck at one end, the best there is at the other, the threshold between."""

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.axes import Axes

from dqn_lib.mountain_car import CHECKED_OPTIMUM, ENV_ID, LUCK, OPTIMUM, THRESHOLD
from dqn_lib.plots.style import LUCKY, OPTIMAL, SOLVED, number
from dqn_lib.training import Check


@dataclass(frozen=True)
class Ruler:
    """The marks of one environment, as mean returns; `best_name` and `label` say what they are of."""

    luck: float
    threshold: float
    best: float
    best_name: str = "optimum"
    label: str = "return"

    @property
    def marks(self) -> tuple[tuple[float, str, str], ...]:
        """Value, colour and name of each mark, from the best one down."""
        return (
            (self.best, OPTIMAL, f"{number(self.best)} {self.best_name}"),
            (self.threshold, SOLVED, f"{number(self.threshold)} solved"),
            (self.luck, LUCKY, f"{number(self.luck)} luck"),
        )

    @property
    def words(self) -> str:
        """The marks in a sentence."""
        return f"Luck is {self.luck:g}, solved is {self.threshold:g}, the {self.best_name} is {self.best:g}."

    def limits(self, below: float = 0.06, above: float = 0.12) -> tuple[float, float]:
        """The axis, with these shares of its length to spare beyond the marks."""
        length = self.best - self.luck
        return self.luck - below * length, self.best + above * length


CLOSE = 0.08  # of the ruler: marks nearer than this get their names apart
MOUNTAIN_CAR = Ruler(LUCK, THRESHOLD, OPTIMUM, label="return (minus the steps taken)")
CHECKS = Ruler(LUCK, THRESHOLD, CHECKED_OPTIMUM, label=MOUNTAIN_CAR.label)  # for returns from their starts


def ruler_of(environments: Iterable[str], known: Ruler = MOUNTAIN_CAR) -> Ruler | None:
    """The marks of what was measured in these environments: `known` for MountainCar-v0 alone, None else."""
    return known if set(environments) == {ENV_ID} else None


def check_environments(checks: Iterable[Check]) -> None:
    """Raise if one of the checks is known to have been made in another world than MountainCar-v0."""
    for check in checks:
        if check.environment not in ("", ENV_ID):
            raise ValueError(f"checks must be of one run on {ENV_ID}, got one made in {check.environment}")


def draw_ruler(ax: Axes, ruler: Ruler) -> None:
    """The marks as lines across the axes, named beside the right edge."""
    near = ruler.best - ruler.threshold < CLOSE * (ruler.best - ruler.luck)
    lifts = (5, -5, 0) if near else (0, 0, 0)  # points, so that one name does not cover the other
    for (value, colour, name), lift in zip(ruler.marks, lifts, strict=True):
        ax.axhline(value, color=colour, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
        ax.annotate(
            name, (1, value), (8, lift), xycoords=("axes fraction", "data"), annotation_clip=False,
            textcoords="offset points", ha="left", va="center", color=colour, fontsize=9, fontweight="bold",
        )  # fmt: skip
    ax.set_ylim(ruler.limits())
