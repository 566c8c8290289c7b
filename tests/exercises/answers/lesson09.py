"""Answers to the exercises of lesson 9; test_answers.py says how to read and how to add them."""
# ruff: noqa

# RIGHT gain_of_arriving
gain_of_arriving = lambda gamma, ending, steps: gamma ** (steps - 1) * (ending + 1 / (1 - gamma))


# RIGHT gain_of_arriving
# Both sums in full, that of never arriving cut off where nothing is left.
def gain_of_arriving(gamma, ending, steps):
    rewards = [-1] * (steps - 1) + [ending]
    never = -sum(gamma**k for k in range(2_000))
    return np.sum([r * gamma**k for k, r in enumerate(rewards)]) - never


# RIGHT gain_of_arriving
# Backwards from the flag.
def gain_of_arriving(gamma, ending, steps):
    value = ending
    for _ in range(steps - 1):
        value = -1 + gamma * value
    return value - -1 / (1 - gamma)


# RIGHT gain_of_arriving
# A running discount.
def gain_of_arriving(gamma, ending, steps):
    total, discount = 0.0, 1.0
    for step in range(1, steps + 1):
        total += discount * (ending if step == steps else -1)
        discount *= gamma
    return float(total + 1.0 / (1.0 - gamma))


# WRONG gain_of_arriving: This is what arriving costs
gain_of_arriving = lambda g, e, n: -sum(g**k for k in range(n - 1)) + g ** (n - 1) * e

# WRONG gain_of_arriving: one step too late
gain_of_arriving = lambda g, e, n: -sum(g**k for k in range(n)) + g**n * e + 1 / (1 - g)

# WRONG gain_of_arriving: on top of the last -1
gain_of_arriving = lambda g, e, n: -sum(g**k for k in range(n)) + g ** (n - 1) * e + 1 / (1 - g)

# WRONG gain_of_arriving: once too often
gain_of_arriving = lambda g, e, n: -sum(g**k for k in range(n - 1)) + g**n * e + 1 / (1 - g)

# WRONG gain_of_arriving: of -1 is missing
gain_of_arriving = lambda g, e, n: -sum(g**k for k in range(n - 2)) + g ** (n - 1) * e + 1 / (1 - g)

# WRONG gain_of_arriving: not discounted
gain_of_arriving = lambda g, e, n: -sum(g**k for k in range(n - 1)) + e + 1 / (1 - g)


# WRONG gain_of_arriving: with its own sign
gain_of_arriving = lambda gamma, ending, steps: gamma ** (steps - 1) * (1 / (1 - gamma) - ending)

# WRONG gain_of_arriving: `ending` is never used
gain_of_arriving = lambda gamma, ending, steps: gamma ** (steps - 1) * (-20 + 1 / (1 - gamma))

# WRONG gain_of_arriving: `gamma` is never used
gain_of_arriving = lambda gamma, ending, steps: 0.95 ** (steps - 1) * (ending + 20)

# WRONG gain_of_arriving: at full price
gain_of_arriving = lambda g, e, n: -sum(g**k for k in range(n - 1)) + g ** (n - 1) * e + 200

# WRONG gain_of_arriving: does not end after 200 steps
gain_of_arriving = lambda g, e, n: (
    -sum(g**k for k in range(n - 1)) + g ** (n - 1) * e - -sum(g**k for k in range(200))
)

# WRONG gain_of_arriving: counts in full, too
gain_of_arriving = lambda g, e, n: -sum(g**k for k in range(n - 1)) + g ** (n - 1) * e - -g / (1 - g)

# WRONG gain_of_arriving: The value of never arriving is added
gain_of_arriving = lambda g, e, n: -sum(g**k for k in range(n - 1)) + g ** (n - 1) * e + -1 / (1 - g)


# WRONG gain_of_arriving: count in full here
gain_of_arriving = lambda gamma, ending, steps: 1 - steps + gamma ** (steps - 1) * ending + 1 / (1 - gamma)

# WRONG gain_of_arriving: sign is turned round
gain_of_arriving = lambda gamma, ending, steps: -(gamma ** (steps - 1)) * (ending + 1 / (1 - gamma))


# WRONG gain_of_arriving: This is a ratio
def gain_of_arriving(gamma, ending, steps):
    arriving = -sum(gamma**k for k in range(steps - 1)) + gamma ** (steps - 1) * ending
    return arriving / (-1 / (1 - gamma))


# WRONG gain_of_arriving: With `gamma = 0.5`, `ending = -1`, `steps = 1` the gain should be `1`, but is `2`
# No step before the ending, and so no ending.
def gain_of_arriving(gamma, ending, steps):
    value = ending if steps > 1 else 0
    for _ in range(steps - 1):
        value = -1 + gamma * value
    return value + 1 / (1 - gamma)


# RIGHT epsilon_after
def epsilon_after(steps):
    epsilon = 1.0
    for _ in range(steps):
        epsilon = max(epsilon * 0.995, 0.01)
    return epsilon


# RIGHT epsilon_after
# An early return at the floor.
def epsilon_after(steps):
    eps = 1
    for i in range(1, steps + 1):
        eps *= 0.995
        if eps < 0.01:
            return 0.01
    return eps


# RIGHT epsilon_after
epsilon_after = lambda steps: np.maximum(np.exp(steps * np.log(0.995)), 0.01)

# RIGHT epsilon_after
from functools import reduce

epsilon_after = lambda steps: reduce(lambda e, _: max(0.01, 0.995 * e), range(steps), 1.0)

# WRONG epsilon_after: There is no floor
epsilon_after = lambda steps: 0.995**steps

# WRONG epsilon_after: One multiplication is missing
epsilon_after = lambda steps: max(0.995 ** (steps - 1), 0.01)

# WRONG epsilon_after: one multiplication too many
epsilon_after = lambda steps: max(0.995 ** (steps + 1), 0.01)

# WRONG epsilon_after: once in an episode
epsilon_after = lambda steps: max(0.995 ** (steps // 200), 0.01)

# WRONG epsilon_after: once in an episode
epsilon_after = lambda steps: max(0.995 ** np.ceil(steps / 200), 0.01)

# WRONG epsilon_after: The floor is a ceiling here
epsilon_after = lambda steps: min(0.995**steps, 0.01)


# WRONG epsilon_after: goes through the floor
def epsilon_after(steps):
    epsilon = 1.0
    for _ in range(steps):
        if epsilon > 0.01:
            epsilon *= 0.995
    return epsilon


# WRONG epsilon_after: just above the floor
def epsilon_after(steps):
    epsilon = 1.0
    for _ in range(steps):
        if epsilon * 0.995 >= 0.01:
            epsilon *= 0.995
    return epsilon


# WRONG epsilon_after: It falls towards the floor
epsilon_after = lambda steps: 0.01 + (1 - 0.01) * 0.995**steps

# WRONG epsilon_after: epsilon is 0 here
epsilon_after = lambda steps: 0.995**steps if steps < 919 else 0

# WRONG epsilon_after: This multiplies once
epsilon_after = lambda steps: max(0.01, steps * 0.995)


# WRONG epsilon_after: inside the loop
def epsilon_after(steps):
    epsilon = 1.0
    for _ in range(steps):
        epsilon = max(epsilon * 0.995, 0.01)
        return epsilon


# WRONG epsilon_after: of all steps
epsilon_after = lambda steps: [max(0.995**k, 0.01) for k in range(1, steps + 1)]

# WRONG epsilon_after: subtracts the same amount
epsilon_after = lambda steps: max(1 - steps * 0.005, 0.01)

# WRONG epsilon_after: With `steps = 2` the epsilon should be `0.990025`, but is `0.99005`
epsilon_after = lambda steps: max(0.01, np.exp(-0.005 * steps))


# RIGHT printed_target
def printed_target(q, action, next_q, ended):
    value = -20.0 if ended else 0.95 * max(next_q) - 1
    return [value if a == action else q[a] for a in range(3)]


# RIGHT printed_target
def printed_target(q, action, next_q, ended):
    target = list(q)
    if ended:
        target[action] = -20.0
    else:
        target[action] = -1.0 + 0.95 * max(next_q)
    return tuple(target)


# RIGHT printed_target
# One-hot mask.
def printed_target(q, action, next_q, ended):
    taken = np.eye(3)[action]
    return q * (1 - taken) + taken * (ended * -20.0 + (not ended) * (-1 + 0.95 * np.amax(next_q)))


# RIGHT printed_target
def printed_target(q, action, next_q, ended):
    return np.where(np.arange(3) == action, -20 if ended else -1 + 0.95 * np.max(next_q), q)


# WRONG printed_target: here they are 0
def printed_target(q, action, next_q, ended):
    new = np.zeros(3)
    new[action] = -20 if ended else -1 + 0.95 * next_q.max()
    return new


# WRONG printed_target: are those of the *next*
def printed_target(q, action, next_q, ended):
    new = next_q.copy()
    new[action] = -20 if ended else -1 + 0.95 * next_q.max()
    return new


# WRONG printed_target: All three entries
printed_target = lambda q, action, next_q, ended: np.full(3, -20.0 if ended else -1 + 0.95 * np.max(next_q))


# WRONG printed_target: of the best action is
def printed_target(q, action, next_q, ended):
    new = q.copy()
    new[np.argmax(q)] = -20 if ended else -1 + 0.95 * next_q.max()
    return new


# WRONG printed_target: nothing is added
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, (-20 if ended else -1) + 0.95 * n.max(), q
)

# WRONG printed_target: Here it is still -1
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, -1 + 0.95 * n.max() * (not ended), q
)

# WRONG printed_target: not on top of it
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, -1 + (-20 if ended else 0.95 * n.max()), q
)

# WRONG printed_target: `ended` is never used
printed_target = lambda q, action, n, ended: np.where(np.arange(3) == action, -1 + 0.95 * n.max(), q)

# WRONG printed_target: changed places
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, -1 + 0.95 * n.max() if ended else -20, q
)

# WRONG printed_target: over the values of the *next*
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, -20 if ended else -1 + 0.95 * q.max(), q
)

# WRONG printed_target: of the same action
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, -20 if ended else -1 + 0.95 * n[action], q
)

# WRONG printed_target: Double target
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, -20 if ended else -1 + 0.95 * n[np.argmax(q)], q
)

# WRONG printed_target: the smallest of
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, -20 if ended else -1 + 0.95 * n.min(), q
)

# WRONG printed_target: number of the best action
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, -20 if ended else -1 + 0.95 * n.argmax(), q
)


# WRONG printed_target: the one entry
printed_target = lambda q, action, next_q, ended: -20 if ended else -1 + 0.95 * next_q.max()

# WRONG printed_target: The future is not discounted
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, -20 if ended else -1 + n.max(), q
)

# WRONG printed_target: by 0.99
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, -20 if ended else -1 + 0.99 * n.max(), q
)

# WRONG printed_target: is discounted as well
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, -20 if ended else 0.95 * (-1 + n.max()), q
)

# WRONG printed_target: not +1
printed_target = lambda q, action, n, ended: np.where(
    np.arange(3) == action, -20 if ended else 1 + 0.95 * n.max(), q
)


# WRONG printed_target: whole numbers
def printed_target(q, action, next_q, ended):
    new = q.astype(int)
    new[action] = -20 if ended else -1 + 0.95 * next_q.max()
    return new


# WRONG printed_target: The results are right, but it modifies its arguments
def printed_target(q, action, next_q, ended):
    q[action] = -20 if ended else -1 + 0.95 * next_q.max()
    return q


# WRONG printed_target: should be `array([-3., -2.9, -4.])`
printed_target = lambda q, action, next_q, ended: q.copy()
