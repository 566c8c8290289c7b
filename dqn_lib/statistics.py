"""How sure can one be of a share? The interval every share in this course is shown with."""

from math import sqrt

from dqn_lib.checks import check_integer

Z = 1.96  # 95 % of a normal distribution lies within this many standard deviations


def wilson_interval(successes: int, tries: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, as two numbers in [0, 1] (Wilson, JASA 22, 1927).

    Unlike the textbook's mean plus or minus two standard errors it stays honest at 0 of n and n of n.
    """
    check_integer("tries", tries, low=1)
    check_integer("successes", successes, low=0, high=tries)
    share = successes / tries
    middle = (share + Z**2 / (2 * tries)) / (1 + Z**2 / tries)
    half = Z / (1 + Z**2 / tries) * sqrt(share * (1 - share) / tries + Z**2 / (4 * tries**2))
    # At the ends the interval reaches 0 or 1 exactly, which rounding would miss by a hair.
    return (middle - half if successes else 0.0), (middle + half if successes < tries else 1.0)
