"""What the browser's learning curve shows: the lines that a return is read against."""

from dqn_lib.plots.ruler import CHECKS

LOOKS = ("dqn-best", "dqn-solved", "dqn-luck")
RULER = [
    {"value": value, "name": name, "look": look}
    for (value, _, name), look in zip(CHECKS.marks, LOOKS, strict=True)
]
