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
    numbers = []
    for s in steps:
        numbers.append(np.inf if s is None else s)
    numbers.sort()
    low, high = numbers[(len(numbers) - 1) // 2], numbers[len(numbers) // 2]
    return (low + high) / 2


# RIGHT median_steps
# Vectorised, None becomes nan becomes inf.
def median_steps(steps):
    values = np.array(steps, dtype=float)
    values = np.where(np.isnan(values), np.inf, values)
    return np.median(values)


# RIGHT median_steps
# Early return by counting, helper function, returns float.
def median_steps(steps):
    solved = sorted(s for s in steps if s is not None)
    n = len(steps)

    def place(i):
        return solved[i] if i < len(solved) else float("inf")

    if n % 2:
        return float(place(n // 2))
    return float((place(n // 2 - 1) + place(n // 2)) / 2)


# RIGHT median_steps
# statistics.median of the standard library.
import math
from statistics import median


def median_steps(steps):
    return median(math.inf if s is None else s for s in steps)


# WRONG median_steps: The runs that were
def median_steps(steps):
    return np.median([s for s in steps if s is not None])


# WRONG median_steps: `None` counts as 0
def median_steps(steps):
    return np.median([0 if s is None else s for s in steps])


# WRONG median_steps: This is the mean
def median_steps(steps):
    return np.mean([np.inf if s is None else s for s in steps])


# WRONG median_steps
def median_steps(steps):
    return np.median(steps)


# WRONG median_steps: The runs that were
# np.nanmedian, which leaves out the failed runs too.
def median_steps(steps):
    return np.nanmedian(np.array(steps, dtype=float))


# WRONG median_steps
# Mutates its input (result right).
def median_steps(steps):
    for i in range(len(steps)):
        if steps[i] is None:
            steps[i] = np.inf
    steps.sort()
    n = len(steps)
    return (steps[(n - 1) // 2] + steps[n // 2]) / 2


# RIGHT interval_of_mean
def interval_of_mean(values, draws):
    means = values[draws].mean(axis=1)
    return np.percentile(means, 2.5), np.percentile(means, 97.5)


# RIGHT interval_of_mean
def interval_of_mean(values, draws):
    means = [sum(values[i] for i in row) / len(row) for row in draws]
    return tuple(np.percentile(means, [2.5, 97.5]))


# RIGHT interval_of_mean
# Sorting and linear interpolation by hand.
def interval_of_mean(values, draws):
    x = np.asarray(values, dtype=np.float64)
    m = np.sort(x[np.asarray(draws)].sum(axis=1) / np.asarray(draws).shape[1])

    def at(q):
        place = q * (len(m) - 1)
        i = int(np.floor(place))
        j = min(i + 1, len(m) - 1)
        return m[i] + (place - i) * (m[j] - m[i])

    return at(0.025), at(0.975)


# RIGHT interval_of_mean
# Comprehension of np.mean, returns a list.
def interval_of_mean(values, draws):
    x = np.array(values, dtype=float)
    return [np.percentile([np.mean(x[d]) for d in draws], p) for p in (2.5, 97.5)]


# RIGHT interval_of_mean
# np.apply_along_axis, transposed first.
def interval_of_mean(values, draws):
    picked = np.asarray(values, dtype=float)[np.asarray(draws).T]
    avg = np.apply_along_axis(np.average, 0, picked)
    tail = (100 - 95) / 2
    return np.percentile(avg, tail), np.percentile(avg, 100 - tail)


# WRONG interval_of_mean: This cuts 5 %
def interval_of_mean(values, draws):
    return tuple(np.percentile(values[draws].mean(axis=1), [5, 95]))


# WRONG interval_of_mean: The mean is taken
def interval_of_mean(values, draws):
    return tuple(np.percentile(values[draws].mean(axis=0), [2.5, 97.5]))


# WRONG interval_of_mean: These are the smallest
def interval_of_mean(values, draws):
    means = values[draws].mean(axis=1)
    return means.min(), means.max()


# WRONG interval_of_mean: The idea is right
# Ends cut off as whole places of the sorted means, no interpolation.
def interval_of_mean(values, draws):
    means = np.sort(np.asarray(values)[draws].mean(axis=1))
    cut = int(0.025 * len(means))
    return means[cut], means[-cut - 1]


# WRONG interval_of_mean: Here the values themselves
# Percentiles of the values themselves.
def interval_of_mean(values, draws):
    return np.percentile(values, [2.5, 97.5])


# RIGHT chance_of_improvement
def chance_of_improvement(ours, theirs):
    a = np.array(ours)[:, None]
    b = np.array(theirs)[None, :]
    return np.mean(a > b) + 0.5 * np.mean(a == b)


# RIGHT chance_of_improvement
from itertools import product


def chance_of_improvement(ours, theirs):
    points = [1 if a > b else 0.5 if a == b else 0 for a, b in product(ours, theirs)]
    return sum(points) / len(points)


# RIGHT chance_of_improvement
# Sign of all differences.
def chance_of_improvement(ours, theirs):
    signs = np.sign(np.subtract.outer(ours, theirs))
    return float((signs.mean() + 1) / 2)


# RIGHT chance_of_improvement
# Double loop.
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
# Helper per run, average of averages.
def beats(value, others):
    others = np.asarray(others)
    return (np.count_nonzero(others < value) + np.count_nonzero(others == value) / 2) / len(others)


def chance_of_improvement(ours, theirs):
    return sum(beats(v, theirs) for v in ours) / len(ours)


# WRONG chance_of_improvement: A tie counts as
def chance_of_improvement(ours, theirs):
    return np.mean([a >= b for a in ours for b in theirs])


# WRONG chance_of_improvement: Turned round
def chance_of_improvement(ours, theirs):
    return np.mean([(a < b) + 0.5 * (a == b) for a in ours for b in theirs])


# WRONG chance_of_improvement
def chance_of_improvement(ours, theirs):
    return sum((a > b) + 0.5 * (a == b) for a, b in zip(ours, theirs)) / len(ours)


# WRONG chance_of_improvement: This only says which
def chance_of_improvement(ours, theirs):
    return float(np.mean(ours) > np.mean(theirs))


# WRONG chance_of_improvement: This is wins minus
# Wins minus losses, between -1 and 1.
def chance_of_improvement(ours, theirs):
    return np.sign(np.subtract.outer(ours, theirs)).mean()


# WRONG chance_of_improvement: `//` cuts the fraction
# Whole-number division.
def chance_of_improvement(ours, theirs):
    points = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in ours for b in theirs)
    return points // (len(ours) * len(theirs))
