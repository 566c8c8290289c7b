"""Answers to the exercises of lesson 1; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT push_with_the_motion
def push_with_the_motion(state):
    position, velocity = state
    if velocity < 0:
        return 0
    return 2


# RIGHT push_with_the_motion
push_with_the_motion = lambda state: np.int8(2) if state[1] > 0.0 else np.int8(0)


# RIGHT push_with_the_motion
def push_with_the_motion(state):
    return np.where(state[-1] < 0, 0, 2)


# RIGHT push_with_the_motion
def push_with_the_motion(state):
    return np.argmax([state[1] < 0, False, state[1] >= 0])


# RIGHT push_with_the_motion
# At rest towards the nearer side.
def push_with_the_motion(state):
    position, velocity = state.tolist()
    if velocity == 0:
        return 2 if position < -0.5 else 0
    return [0, 2][int(velocity > 0)]


# WRONG push_with_the_motion: sign is turned round
# velocity < 0 -> velocity > 0

# WRONG push_with_the_motion: sign is turned round
# Coasts at rest.
push_with_the_motion = lambda state: 1 - int(np.sign(state[1]))

# WRONG push_with_the_motion: looks at the position
# velocity < 0 -> position <= 0

# WRONG push_with_the_motion: looks at the position
# velocity < 0 -> position > -0.5

# WRONG push_with_the_motion: looks at the position
# velocity < 0 -> position < -0.5

# WRONG push_with_the_motion: always pushes right
# return 0 -> return 2

# WRONG push_with_the_motion: always pushes left
# return 2 -> return 0

# WRONG push_with_the_motion: always pushes left
# velocity < 0 -> int(velocity) <= 0

# WRONG push_with_the_motion: Action 1 does nothing
# velocity < 0 -> velocity <= 0
# return 2 -> return 1

# WRONG push_with_the_motion: Action 1 does nothing
push_with_the_motion = lambda state: int(np.sign(state[1]))

# WRONG push_with_the_motion: compare the velocity, `state[1]`
# velocity < 0 -> state < 0

# WRONG push_with_the_motion: With `state = array([-0.5, 0.01])` the action should be `2`, but is `0`.
# velocity < 0 -> velocity < 0.02

# WRONG push_with_the_motion: With `state = array([-0.5, -0.0001])`
# velocity < 0 -> velocity < -0.001

# WRONG push_with_the_motion: With `state = array([-1., -0.01])`
# velocity < 0 -> velocity < 0 and position > -0.9

# WRONG push_with_the_motion: With `state = array([0.6, 0.01])`
# velocity < 0 -> velocity < 0 or position > 0.5

# WRONG push_with_the_motion: With `state = array([-0.5, 0.07])`
# velocity < 0 -> velocity < 0 or velocity > 0.05

# WRONG push_with_the_motion: With `state = array([-0.5, -0.01])`
# velocity < 0 -> velocity < 0 and state.dtype == float

# WRONG push_with_the_motion: It must be an integer, not a float
# return 2 -> return 2.0

# WRONG push_with_the_motion: It must be an integer, not a bool
push_with_the_motion = lambda state: bool(state[1] > 0)

# WRONG push_with_the_motion: With `state = array([-0.5, 0.])` the car stands still. It returned nothing
# return 2 -> return 2 if velocity else None

# WRONG push_with_the_motion: `state = array([-0.5, 0.])` the car stands still. It returned `7`
# return 2 -> return 2 if velocity else 7

# WRONG push_with_the_motion: a push is asked for: 0 or 2, either will do.
# return 2 -> return 2 if velocity else 1


# WRONG push_with_the_motion: With `state = array([-0.5, 0.])` it raised UnboundLocalError
def push_with_the_motion(state):
    if state[1] > 0:
        action = 2
    elif state[1] < 0:
        action = 0
    return action


# RIGHT discounted_return
def discounted_return(rewards, gamma):
    total = 0.0
    for k, reward in enumerate(rewards):
        total += gamma**k * reward
    return total


# RIGHT discounted_return
def discounted_return(rewards, gamma):
    return rewards[0] + gamma * discounted_return(rewards[1:], gamma) if rewards else 0


# RIGHT discounted_return
def discounted_return(rewards, gamma):
    return np.sum(np.asarray(rewards, float) * gamma ** np.arange(len(rewards)))


# RIGHT discounted_return
discounted_return = lambda rewards, gamma: np.float32(np.polyval(rewards[::-1], gamma))

# WRONG discounted_return: returns in the middle of the loop
# total += gamma**k * reward -> return gamma**k * reward

# WRONG discounted_return: `gamma**k`, not `gamma * k`
# gamma**k -> gamma * k

# WRONG discounted_return: changed places
# gamma**k -> k**gamma

# WRONG discounted_return: The last reward is left out
# enumerate(rewards) -> enumerate(rewards[:-1])

# WRONG discounted_return: The first reward is left out
# enumerate(rewards) -> enumerate(rewards[1:])

# WRONG discounted_return: The first reward is left out
# enumerate(rewards) -> enumerate(rewards[1:], 1)

# WRONG discounted_return: power of gamma is one too high
# enumerate(rewards) -> enumerate(rewards, 1)

# WRONG discounted_return: Off by one in the power
# gamma**k -> gamma ** max(k - 1, 0)

# WRONG discounted_return: multiplied by the same gamma
# gamma**k -> gamma

# WRONG discounted_return: discounted once only
# gamma**k -> (gamma if k else 1)

# WRONG discounted_return: gamma plays no part
# gamma**k * reward -> reward

# WRONG discounted_return: The discount is fixed
# gamma**k -> 0.99**k

# WRONG discounted_return: runs backwards
# enumerate(rewards) -> enumerate(reversed(rewards))

# WRONG discounted_return: divides by the number of rewards
# return total -> return total / len(rewards)

# WRONG discounted_return: one by one
# return total -> return gamma ** np.arange(len(rewards)) * rewards

# WRONG discounted_return: finds the first place
# gamma**k -> gamma ** rewards.index(reward)


# WRONG discounted_return: returns from every step on
def discounted_return(rewards, gamma):
    returns, later = [], 0.0
    for reward in reversed(rewards):
        later = reward + gamma * later
        returns.insert(0, later)
    return np.array(returns)


# WRONG discounted_return: made of floats
def discounted_return(rewards, gamma):
    weights = np.ones_like(rewards)
    for k in range(1, len(rewards)):
        weights[k] = weights[k - 1] * gamma
    return (weights * rewards).sum()


# WRONG discounted_return: The results are right, but it modifies its arguments
def discounted_return(rewards, gamma):
    total = 0.0
    while rewards:
        total = rewards.pop() + gamma * total
    return total


# WRONG discounted_return: `rewards = [-1, -1]`, `gamma = 0.5` the return should be `-1.5`, but is `-1.25`.
# gamma**k -> gamma ** (2 * k)

# WRONG discounted_return: With `rewards = [-1]`, `gamma = 0.9` the return should be `-1`, but is `-0.999`.
# return total -> return 0.999 * total

# WRONG discounted_return: Its shape must be (), not (1,)
# return total -> return [total]

# WRONG discounted_return: `^` is not a power in Python
# gamma**k -> gamma ^ k

# WRONG discounted_return: With `rewards = []`, `gamma = 0.9` it raised IndexError
# total = 0.0 -> total = 0 * rewards[0]

# WRONG discounted_return: `gamma = 0.9` the return should be `0`, but is `None`. It returned nothing
# return total -> return total if rewards else None


# RIGHT share_reached
def share_reached(terminated, truncated):
    return sum(terminated) / len(terminated)


# RIGHT share_reached
# Asking first whether there are any episodes is no mistake.
# sum(terminated) / len(terminated) -> np.mean(terminated) if terminated else 0.0

# RIGHT share_reached
# Made for lists.
# sum(terminated) -> terminated.count(True)

# RIGHT share_reached
# Made for arrays.
# sum(terminated) / len(terminated) -> (terminated & truncated).mean() + (terminated & ~truncated).mean()


# RIGHT share_reached
from fractions import Fraction


def share_reached(terminated, truncated):
    reached = 0
    for t in terminated:
        if t:
            reached += 1
    return Fraction(reached, len(terminated))


# WRONG share_reached: This counts the truncated episodes too
# sum(terminated) -> sum(np.logical_or(terminated, truncated))

# WRONG share_reached: This counts the truncated episodes too
# sum(terminated) -> (sum(terminated) + sum(truncated))

# WRONG share_reached: the other ending
# sum(terminated) -> sum(truncated)

# WRONG share_reached: how many episodes arrived
# / len(terminated) ->

# WRONG share_reached: on its very last step
# sum(terminated) -> sum(t and not u for t, u in zip(terminated, truncated))

# WRONG share_reached: on its very last step
# sum(terminated) / len(terminated) -> 1 - np.mean(truncated)

# WRONG share_reached: number of endings
# len(terminated) -> (sum(terminated) + sum(truncated))

# WRONG share_reached: episodes in which both are True
# sum(terminated) -> sum(t and u for t, u in zip(terminated, truncated))

# WRONG share_reached: whether any episode arrived
# sum(terminated) / len(terminated) -> float(any(terminated))

# WRONG share_reached: per cent
# sum(terminated) -> 100 * sum(terminated)

# WRONG share_reached: `//` cuts off
# / -> //

# WRONG share_reached: both lists
# len(terminated) -> (len(terminated) + len(truncated))

# WRONG share_reached: `if terminated:` only asks whether the list holds anything at all.
# sum(terminated) / len(terminated) -> 1.0 if terminated else 0.0

# WRONG share_reached: With `terminated = [True]`, `truncated = [False]` the share should be `1`, but is `0`.
# sum(terminated) -> sum(terminated[1:])

# WRONG share_reached: With `terminated = [True, False, False, False]`
# sum(terminated) / len(terminated) -> np.median(terminated)

# WRONG share_reached: It must be a number, not a bool
# sum(terminated) / len(terminated) -> any(terminated)

# WRONG share_reached: It returned nothing
# return sum(terminated) / len(terminated) -> print(np.mean(terminated))
