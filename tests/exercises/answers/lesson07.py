"""Answers to the exercises of lesson 7; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT median_steps
def median_steps(steps):
    numbers = sorted(float("inf") if s is None else s for s in steps)
    n = len(numbers)
    if n % 2 == 1:
        return numbers[n // 2]
    return (numbers[n // 2 - 1] + numbers[n // 2]) / 2


# RIGHT median_steps
def median_steps(steps):
    values = np.array(steps, dtype=float)
    return np.median(np.where(np.isnan(values), np.inf, values), axis=0)


# RIGHT median_steps
# Early return by counting.
def median_steps(steps):
    if steps.count(None) * 2 >= len(steps):
        return float("inf")
    return np.median([*filter(None, steps), *[np.inf] * steps.count(None)])


# RIGHT median_steps
import math
from statistics import median

median_steps = lambda steps: median(math.inf if s is None else s for s in steps)

# WRONG median_steps: are left out
median_steps = lambda steps: np.median([s for s in steps if s] or [np.inf])


# WRONG median_steps: are left out
def median_steps(steps):
    return np.nanmedian(np.array(steps, dtype=float))


# WRONG median_steps: are left out
def median_steps(steps):
    solved = [s for s in steps if s is not None]
    return np.median(solved) if 2 * len(solved) >= len(steps) else np.inf


# WRONG median_steps: are left out
def median_steps(steps):
    solved = [s for s in steps if s is not None]
    return np.median(solved) if 2 * len(solved) > len(steps) else np.inf


# WRONG median_steps: counts as 0 steps
median_steps = lambda steps: np.median([s or 0 for s in steps])

# WRONG median_steps: counts as minus infinity
median_steps = lambda steps: np.median([-np.inf if s is None else s for s in steps])

# WRONG median_steps: length of the run
median_steps = lambda steps: np.median([40_000 if s is None else s for s in steps])


# WRONG median_steps: counts as the longest
def median_steps(steps):
    longest = max([s for s in steps if s is not None], default=np.inf)
    return np.median([longest if s is None else s for s in steps])


# WRONG median_steps: *sorted* list
median_steps = lambda steps: [np.inf if s is None else s for s in steps][len(steps) // 2]


# WRONG median_steps: *sorted* list
def median_steps(steps):
    row, n = [np.inf if s is None else s for s in steps], len(steps)
    return row[n // 2] if n % 2 else (row[n // 2 - 1] + row[n // 2]) / 2


# WRONG median_steps: two in the middle
median_steps = lambda steps: sorted(np.inf if s is None else s for s in steps)[len(steps) // 2]

# WRONG median_steps: two in the middle
median_steps = lambda steps: sorted(np.inf if s is None else s for s in steps)[(len(steps) - 1) // 2]

# WRONG median_steps: This is the mean
median_steps = lambda steps: np.mean([np.inf if s is None else s for s in steps])

# WRONG median_steps: infinite already
median_steps = lambda steps: np.inf if None in steps else np.median(steps)


# WRONG median_steps: interpolate between two runs
def median_steps(steps):
    with np.errstate(invalid="ignore"):
        return np.percentile([np.inf if s is None else s for s in steps], 50)


# WRONG median_steps: returns `None`
def median_steps(steps):
    middle = np.median([np.inf if s is None else s for s in steps])
    return None if middle == np.inf else middle


# WRONG median_steps: A fraction is cut off
def median_steps(steps):
    middle = np.median([np.inf if s is None else s for s in steps])
    return middle if middle == np.inf else int(middle)


# WRONG median_steps: put `np.inf` in its place
median_steps = lambda steps: sorted(steps)[len(steps) // 2]

# WRONG median_steps: Infinity is a float and no integer
median_steps = lambda steps: int(np.mean([np.inf if s is None else s for s in steps]))

# WRONG median_steps: should be `6000`, but is `[6000]`
median_steps = lambda steps: [6_000]


# WRONG median_steps: The results are right, but it modifies its arguments
def median_steps(steps):
    for i in range(len(steps)):
        if steps[i] is None:
            steps[i] = np.inf
    return np.median(steps)


# RIGHT interval_of_mean
def interval_of_mean(values, draws):
    means = [sum(values[i] for i in row) / len(row) for row in draws]
    return tuple(np.percentile(means, [2.5, 97.5]))


# RIGHT interval_of_mean
# Sorting and linear interpolation by hand.
def interval_of_mean(values, draws):
    m = np.sort(values[draws].sum(axis=1) / draws.shape[1])

    def at(q):
        place = q * (len(m) - 1)
        i = int(np.floor(place))
        return m[i] + (place - i) * (m[min(i + 1, len(m) - 1)] - m[i])

    return at(0.025), at(0.975)


# RIGHT interval_of_mean
interval_of_mean = lambda values, draws: np.quantile(np.mean(np.take(values, draws), -1), (0.025, 0.975))

# RIGHT interval_of_mean
interval_of_mean = lambda values, draws: [
    np.percentile([np.mean(values[d]) for d in draws], p) for p in (2.5, 97.5)
]

# WRONG interval_of_mean: leaves 90 %
interval_of_mean = lambda values, draws: tuple(np.percentile(values[draws].mean(axis=1), [5, 95]))


# WRONG interval_of_mean: The idea is right
# Ends cut off as whole places of the sorted means, no interpolation.
def interval_of_mean(values, draws):
    means = np.sort(values[draws].mean(axis=1))
    cut = int(0.025 * len(means))
    return means[cut], means[-cut - 1]


# WRONG interval_of_mean: Leave `method` out
interval_of_mean = lambda values, draws: np.quantile(values[draws].mean(1), [0.025, 0.975], method="nearest")

# WRONG interval_of_mean: nothing is cut
interval_of_mean = lambda values, draws: (min(values[draws].mean(axis=1)), max(values[draws].mean(axis=1)))

# WRONG interval_of_mean: over the wrong axis
interval_of_mean = lambda values, draws: np.percentile(values[draws].mean(axis=0), [2.5, 97.5])

# WRONG interval_of_mean: interval of the median
interval_of_mean = lambda values, draws: np.percentile(np.median(values[draws], axis=1), [2.5, 97.5])


# WRONG interval_of_mean: two standard errors
def interval_of_mean(values, draws):
    half = 1.96 * np.std(values, ddof=1) / len(values) ** 0.5
    return values.mean() - half, values.mean() + half


# WRONG interval_of_mean: two standard errors
def interval_of_mean(values, draws):
    half = 2 * np.std(values) / len(values) ** 0.5
    return values.mean() - half, values.mean() + half


# WRONG interval_of_mean: two standard errors
def interval_of_mean(values, draws):
    means = values[draws].mean(axis=1)
    return means.mean() - 2 * means.std(), means.mean() + 2 * means.std()


# WRONG interval_of_mean: two standard errors
interval_of_mean = lambda values, draws: values.mean() + np.array([-1.96, 1.96]) * values[draws].mean(1).std()

# WRONG interval_of_mean: counts in percent
interval_of_mean = lambda values, draws: np.percentile(values[draws].mean(axis=1), [0.025, 0.975])

# WRONG interval_of_mean: The draws themselves are averaged
interval_of_mean = lambda values, draws: np.percentile(draws.mean(axis=1), [2.5, 97.5])

# WRONG interval_of_mean: the values themselves are cut
interval_of_mean = lambda values, draws: np.percentile(values, [2.5, 97.5])

# WRONG interval_of_mean: all the values that were drawn
interval_of_mean = lambda values, draws: np.percentile(values[draws].ravel(), [2.5, 97.5])


# WRONG interval_of_mean: samples are drawn once more
def interval_of_mean(values, draws):
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=draws.shape)].mean(axis=1)
    return np.percentile(means, [2.5, 97.5])


# WRONG interval_of_mean: samples are drawn once more
def interval_of_mean(values, draws):
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(len(values), 10_000))].mean(axis=0)
    return np.quantile(means, [0.025, 0.975])


# WRONG interval_of_mean: *with* replacement
interval_of_mean = lambda values, draws: np.percentile(
    [values[list({*row})].mean() for row in draws], [2.5, 97.5]
)

# WRONG interval_of_mean: sorted before they are drawn
interval_of_mean = lambda values, draws: np.percentile(np.sort(values)[draws].mean(axis=1), [2.5, 97.5])

# WRONG interval_of_mean: in the wrong order
interval_of_mean = lambda values, draws: np.percentile(values[draws].mean(axis=1), [97.5, 2.5])

# WRONG interval_of_mean: how wide the interval is
interval_of_mean = lambda values, draws: np.diff(
    np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
).item()

# WRONG interval_of_mean: `np.quantile` takes fractions
interval_of_mean = lambda values, draws: np.quantile(values[draws].mean(axis=1), [2.5, 97.5])

# WRONG interval_of_mean: 2 parts, not 3
interval_of_mean = lambda values, draws: np.percentile(values[draws].mean(axis=1), [2.5, 50, 97.5])


# RIGHT chance_of_improvement
def chance_of_improvement(ours, theirs):
    wins = 0
    for a in ours:
        for b in theirs:
            if a > b:
                wins += 1
            elif a == b:
                wins += 0.5
    return wins / (len(ours) * len(theirs))


# RIGHT chance_of_improvement
from fractions import Fraction
from itertools import product


def chance_of_improvement(ours, theirs):
    return Fraction(sum((a > b) + (a >= b) for a, b in product(ours, theirs)), 2 * len(ours) * len(theirs))


# RIGHT chance_of_improvement
chance_of_improvement = lambda ours, theirs: (np.sign(np.subtract.outer(ours, theirs)).mean() + 1) / 2


# RIGHT chance_of_improvement
# Average of averages.
def chance_of_improvement(ours, theirs):
    return sum(np.mean([np.heaviside(a - b, 0.5) for b in theirs]) for a in ours) / len(ours)


# WRONG chance_of_improvement: A tie counts nothing
chance_of_improvement = lambda ours, theirs: np.mean([a > b for a in ours for b in theirs])

# WRONG chance_of_improvement: A tie counts as a win
chance_of_improvement = lambda ours, theirs: np.mean([a >= b for a in ours for b in theirs])

# WRONG chance_of_improvement: Turned round
chance_of_improvement = lambda ours, theirs: np.mean([(a < b) + 0.5 * (a == b) for a in ours for b in theirs])

# WRONG chance_of_improvement: compares the first run with
chance_of_improvement = lambda ours, theirs: np.mean([a > b for a, b in zip(ours, theirs)])


# WRONG chance_of_improvement: compares the first run with
def chance_of_improvement(ours, theirs):
    wins = sum((a > b) + 0.5 * (a == b) for a, b in zip(ours, theirs))
    return wins / max(len(ours), len(theirs))


# WRONG chance_of_improvement: cut to the length
def chance_of_improvement(ours, theirs):
    n = min(len(ours), len(theirs))
    return np.mean([np.heaviside(a - b, 0.5) for a in ours[:n] for b in theirs[:n]])


# WRONG chance_of_improvement: which mean is larger
chance_of_improvement = lambda ours, theirs: float(np.mean(ours) > np.mean(theirs))

# WRONG chance_of_improvement: which mean is larger
chance_of_improvement = lambda ours, theirs: np.heaviside(np.mean(ours) - np.mean(theirs), 0.5)

# WRONG chance_of_improvement: one number of theirs
chance_of_improvement = lambda ours, theirs: np.mean([np.heaviside(a - np.median(theirs), 0.5) for a in ours])

# WRONG chance_of_improvement: how many pairs ours wins
chance_of_improvement = lambda ours, theirs: sum((a > b) + 0.5 * (a == b) for a in ours for b in theirs)


# WRONG chance_of_improvement: divided by a wrong number
def chance_of_improvement(ours, theirs):
    return sum((a > b) + 0.5 * (a == b) for a in ours for b in theirs) / len(ours)


# WRONG chance_of_improvement: divided by a wrong number
def chance_of_improvement(ours, theirs):
    return sum((a > b) + 0.5 * (a == b) for a in ours for b in theirs) / len(ours) ** 2


# WRONG chance_of_improvement: Tied pairs are left out
def chance_of_improvement(ours, theirs):
    decided = [a > b for a in ours for b in theirs if a != b]
    return np.mean(decided or [0.5])


# WRONG chance_of_improvement: wins minus losses
chance_of_improvement = lambda ours, theirs: np.sign(np.subtract.outer(ours, theirs)).mean()

# WRONG chance_of_improvement: in percent
chance_of_improvement = lambda ours, theirs: np.mean(
    [50 * ((a > b) + (a >= b)) for a in ours for b in theirs]
)


# WRONG chance_of_improvement: cuts the fraction off
def chance_of_improvement(ours, theirs):
    points = sum((a > b) + 0.5 * (a == b) for a in ours for b in theirs)
    return points // (len(ours) * len(theirs))


# WRONG chance_of_improvement: Only our first run
def chance_of_improvement(ours, theirs):
    for a in ours:
        return np.mean([np.heaviside(a - b, 0.5) for b in theirs])


# WRONG chance_of_improvement: counted once only
chance_of_improvement = lambda ours, theirs: np.mean(
    [np.heaviside(a - b, 0.5) for a in {*ours} for b in {*theirs}]
)

# WRONG chance_of_improvement: are rounded first
chance_of_improvement = lambda ours, theirs: np.mean(
    [np.heaviside(round(a) - round(b), 0.5) for a in ours for b in theirs]
)

# WRONG chance_of_improvement: make arrays of them first, `np.asarray(ours)`
# As the last hint says.
chance_of_improvement = lambda ours, theirs: (ours[:, None] > theirs[None, :]).mean()

# WRONG chance_of_improvement: Lists know no arithmetic
chance_of_improvement = lambda ours, theirs: np.mean(ours - theirs)

# WRONG chance_of_improvement: The lists have different lengths
chance_of_improvement = lambda ours, theirs: np.heaviside(np.array(ours) - np.array(theirs), 0.5).mean()

# WRONG chance_of_improvement: With `ours = [-98]`, `theirs = [-100]` the fraction should be `1`, but is `0.5`
chance_of_improvement = lambda ours, theirs: 0.5
