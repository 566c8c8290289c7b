"""Answers to the exercises of lesson 1; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT push_with_the_motion
def push_with_the_motion(state):
    position, velocity = state
    if velocity < 0:
        return 0
    return 2


# RIGHT push_with_the_motion
def push_with_the_motion(state):
    return [0, 2][int(state[1] > 0)]


# RIGHT push_with_the_motion
# By energy: of the two pushes, the one along the velocity.
def push_with_the_motion(state):
    return max((0, 2), key=lambda action: (action - 1) * state[1])


# RIGHT push_with_the_motion
# List comprehension over the cases.
def push_with_the_motion(state):
    _, v = state
    cases = [(0, v < 0), (2, v >= 0)]
    return [action for action, holds in cases if holds][0]


# RIGHT push_with_the_motion
# Lambda, returns np.int8.
push_with_the_motion = lambda state: np.int8(2) if state[1] > 0.0 else np.int8(0)


# RIGHT push_with_the_motion
# math.copysign.
import math


def push_with_the_motion(state):
    return int(1 + math.copysign(1, state[1]))


# WRONG push_with_the_motion: The sign is turned
def push_with_the_motion(state):
    position, velocity = state
    if velocity > 0:
        return 0
    else:
        return 2


# WRONG push_with_the_motion: This looks at the
def push_with_the_motion(state):
    return 2 if state[0] > 0 else 0


# WRONG push_with_the_motion
# Right as long as the car moves; nothing at all at rest.
def push_with_the_motion(state):
    if state[1] > 0:
        return 2
    if state[1] < 0:
        return 0


# WRONG push_with_the_motion
# An action that is no action, at rest only.
def push_with_the_motion(state):
    v = state[1]
    return 2 if v > 0 else 0 if v < 0 else 7


# WRONG push_with_the_motion
def push_with_the_motion(state):
    if state[1] > 0:
        action = 2
    elif state[1] < 0:
        action = 0
    return action


# WRONG push_with_the_motion
# A float is no action for Gymnasium.
def push_with_the_motion(state):
    return 1 + np.sign(state[1])


# WRONG push_with_the_motion
def push_with_the_motion(state):
    return "right" if state[1] > 0 else "left"


# WRONG push_with_the_motion: This looks at the
# Which side of the valley, not which way.
def push_with_the_motion(state):
    position, velocity = state
    return 0 if position < -0.5 else 2


# WRONG push_with_the_motion
# Returns a truth value.
def push_with_the_motion(state):
    return bool(state[1] > 0)


# RIGHT discounted_return
def discounted_return(rewards, gamma):
    if len(rewards) == 0:
        return 0.0
    return rewards[0] + gamma * discounted_return(rewards[1:], gamma)


# RIGHT discounted_return
def discounted_return(rewards, gamma):
    rewards = np.array(rewards, dtype=float)
    return np.sum(rewards * gamma ** np.arange(len(rewards)))


# RIGHT discounted_return
def discounted_return(rewards, gamma):
    total, weight = 0, 1
    for r in rewards:
        total += weight * r
        weight *= gamma
    return total


# RIGHT discounted_return
# Loop with enumerate.
def discounted_return(rewards, gamma):
    total = 0.0
    for k, reward in enumerate(rewards):
        total += gamma**k * reward
    return total


# RIGHT discounted_return
# np.vander, first entry.
def discounted_return(rewards, gamma):
    powers = np.vander([float(gamma)], len(rewards), increasing=True)
    return (powers @ np.asarray(rewards, float))[0]


# RIGHT discounted_return
# functools.reduce.
from functools import reduce


def discounted_return(rewards, gamma):
    return reduce(lambda later, reward: reward + gamma * later, list(rewards)[::-1], 0.0)


# WRONG discounted_return: Every power of gamma
def discounted_return(rewards, gamma):
    total = 0
    for k, r in enumerate(rewards):
        total += gamma ** (k + 1) * r
    return total


# WRONG discounted_return: It returns in the
def discounted_return(rewards, gamma):
    total = 0
    for k, r in enumerate(rewards):
        total += gamma**k * r
        return total


# WRONG discounted_return: Every reward is multiplied
def discounted_return(rewards, gamma):
    return sum(rewards) * gamma


# WRONG discounted_return: The discount runs backwards
def discounted_return(rewards, gamma):
    total = 0.0
    for r in rewards:
        total = r + gamma * total
    return total


# WRONG discounted_return: These are the returns
# Returns the returns of all steps.
def discounted_return(rewards, gamma):
    returns, g = [], 0.0
    for r in reversed(rewards):
        g = r + gamma * g
        returns.insert(0, g)
    return np.array(returns)


# WRONG discounted_return: The first reward is
# Forgets the first reward.
def discounted_return(rewards, gamma):
    return sum(gamma**k * rewards[k] for k in range(1, len(rewards)))


# RIGHT share_reached
def share_reached(terminated, truncated):
    return sum(terminated) / len(terminated)


# RIGHT share_reached
def share_reached(terminated, truncated):
    return np.count_nonzero(terminated) / len(terminated)


# RIGHT share_reached
def share_reached(terminated, truncated):
    reached = 0
    for t in terminated:
        if t:
            reached += 1
    return reached / len(terminated)


# RIGHT share_reached
# np.mean.
def share_reached(terminated, truncated):
    return np.mean(terminated)


# RIGHT share_reached
# Recursion by halves.
def count_true(values):
    if len(values) == 0:
        return 0
    if len(values) == 1:
        return 1 if values[0] else 0
    middle = len(values) // 2
    return count_true(values[:middle]) + count_true(values[middle:])


def share_reached(terminated, truncated):
    return count_true(terminated) / len(terminated)


# RIGHT share_reached
# Both ways of arriving are added.
def share_reached(terminated, truncated):
    terminated, truncated = np.asarray(terminated, bool), np.asarray(truncated, bool)
    in_time = terminated & ~truncated
    at_the_last_moment = terminated & truncated
    return (in_time.sum() + at_the_last_moment.sum()) / terminated.size


# WRONG share_reached: This is the share
def share_reached(terminated, truncated):
    return np.mean(truncated)


# WRONG share_reached: An episode can reach
def share_reached(terminated, truncated):
    return np.mean(np.array(terminated) & ~np.array(truncated))


# WRONG share_reached: This is how many
def share_reached(terminated, truncated):
    return np.sum(terminated)


# WRONG share_reached
# Skips the first episode.
def share_reached(terminated, truncated):
    n = 0
    for i in range(1, len(terminated)):
        if terminated[i]:
            n += 1
    return n / len(terminated)


# WRONG share_reached
# Prints instead of returning.
def share_reached(terminated, truncated):
    print(np.mean(terminated))
