"""Answers to the exercises of lesson 9; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT gain_of_arriving
def gain_of_arriving(gamma, ending, steps):
    on_the_way = -(1 - gamma ** (steps - 1)) / (1 - gamma)
    return on_the_way + gamma ** (steps - 1) * ending + 1 / (1 - gamma)


# RIGHT gain_of_arriving
def gain_of_arriving(gamma, ending, steps):
    arriving = 0
    for k in range(steps - 1):
        arriving -= gamma**k
    arriving += gamma ** (steps - 1) * ending
    never = -1 / (1 - gamma)
    return arriving - never


# RIGHT gain_of_arriving
# Loop with a running discount.
def gain_of_arriving(gamma, ending, steps):
    total, discount = 0.0, 1.0
    for step in range(1, steps + 1):
        if step == steps:
            total += discount * ending
        else:
            total -= discount
        discount *= gamma
    return float(total + 1.0 / (1.0 - gamma))


# RIGHT gain_of_arriving
# List of rewards, np.sum, returns np.float64.
def gain_of_arriving(gamma, ending, steps):
    rewards = [-1] * (steps - 1) + [ending]
    worth = np.sum([r * gamma**k for k, r in enumerate(rewards)])
    return np.float64(worth) - np.float64(-1) / np.float64(1 - gamma)


# RIGHT gain_of_arriving
# Backwards from the flag.
def gain_of_arriving(gamma, ending, steps):
    value = ending
    for _ in range(steps - 1):
        value = -1 + gamma * value
    value_of_never = -1 / (1 - gamma)
    return value - value_of_never


# WRONG gain_of_arriving: This is what arriving
def gain_of_arriving(gamma, ending, steps):
    return -sum(gamma**k for k in range(steps - 1)) + gamma ** (steps - 1) * ending


# WRONG gain_of_arriving: Everything comes one step
def gain_of_arriving(gamma, ending, steps):
    return -sum(gamma**k for k in range(steps)) + gamma**steps * ending + 1 / (1 - gamma)


# WRONG gain_of_arriving: The ending's reward is not
def gain_of_arriving(gamma, ending, steps):
    return -sum(gamma**k for k in range(steps - 1)) + ending + 1 / (1 - gamma)


# WRONG gain_of_arriving
# Steps of 1 have no ending: loop that never reaches it.
def gain_of_arriving(gamma, ending, steps):
    if steps <= 1:
        return 1 / (1 - gamma)
    value = ending
    for _ in range(steps - 1):
        value = -1 + gamma * value
    return value + 1 / (1 - gamma)


# WRONG gain_of_arriving: Never arriving does not
# Never lasts 200 steps.
def gain_of_arriving(gamma, ending, steps):
    never = -sum(gamma**k for k in range(200))
    arriving = -sum(gamma**k for k in range(steps - 1)) + gamma ** (steps - 1) * ending
    return arriving - never


# RIGHT epsilon_after
def epsilon_after(steps):
    return max(0.995**steps, 0.01)


# RIGHT epsilon_after
def epsilon_after(steps):
    epsilon = 1.0
    for _ in range(steps):
        epsilon = max(epsilon * 0.995, 0.01)
    return epsilon


# RIGHT epsilon_after
# Loop with an early return at the floor.
def epsilon_after(steps):
    eps = 1
    for i in range(1, steps + 1):
        eps *= 0.995
        if eps < 0.01:
            return 0.01
    return eps


# RIGHT epsilon_after
# Exp and log, np.maximum.
def epsilon_after(steps):
    return np.maximum(np.exp(steps * np.log(0.995)), 0.01)


# RIGHT epsilon_after
# functools.reduce.
from functools import reduce


def epsilon_after(steps):
    return reduce(lambda e, _: max(0.01, 0.995 * e), range(steps), 1.0)


# WRONG epsilon_after: There is no floor
def epsilon_after(steps):
    return 0.995**steps


# WRONG epsilon_after: One multiplication is missing
def epsilon_after(steps):
    return max(0.995 ** (steps - 1), 0.01)


# WRONG epsilon_after: The floor is a
def epsilon_after(steps):
    return min(0.995**steps, 0.01)


# WRONG epsilon_after: It stops just above
# Stops just above the floor.
def epsilon_after(steps):
    epsilon = 1.0
    for _ in range(steps):
        if epsilon * 0.995 >= 0.01:
            epsilon *= 0.995
    return epsilon


# WRONG epsilon_after
# Approximated by exp(-0.005 steps).
def epsilon_after(steps):
    return max(0.01, np.exp(-0.005 * steps))


# RIGHT printed_target
def printed_target(q, action, next_q, ended):
    new = np.array(q)
    new[action] = -20 if ended else -1 + 0.95 * np.max(next_q)
    return new


# RIGHT printed_target
def printed_target(q, action, next_q, ended):
    value = -20.0 if ended else 0.95 * max(next_q) - 1
    return [value if a == action else q[a] for a in range(3)]


# RIGHT printed_target
# If and else, the built-in max.
def printed_target(q, action, next_q, ended):
    targets = q.copy()
    if ended:
        targets[action] = -20.0
    else:
        targets[action] = -1.0 + 0.95 * max(next_q)
    return targets


# RIGHT printed_target
# One-hot mask.
def printed_target(q, action, next_q, ended):
    taken = np.eye(3)[action]
    backup = int(bool(ended)) * -20.0 + (1 - int(bool(ended))) * (-1 + 0.95 * np.amax(next_q))
    return np.asarray(q) * (1 - taken) + backup * taken


# RIGHT printed_target
# Nested helper, maximum found by a loop, filled in.
def printed_target(q, action, next_q, ended):
    def value():
        if ended:
            return -20.0
        best = next_q[0]
        for v in next_q[1:]:
            if v > best:
                best = v
        return -1 + 0.95 * best

    result = np.zeros(3)
    for i in range(3):
        result[i] = value() if i == action else q[i]
    return result


# WRONG printed_target: `ended` is never used
def printed_target(q, action, next_q, ended):
    new = q.copy()
    new[action] = -1 + 0.95 * next_q.max()
    return new


# WRONG printed_target: After an ending nothing
def printed_target(q, action, next_q, ended):
    new = q.copy()
    new[action] = -20 + 0.95 * next_q.max() if ended else -1 + 0.95 * next_q.max()
    return new


# WRONG printed_target: This returns the one
def printed_target(q, action, next_q, ended):
    return -20 if ended else -1 + 0.95 * next_q.max()


# WRONG printed_target: All three entries are
# All three entries replaced.
def printed_target(q, action, next_q, ended):
    return np.full(3, -20.0 if ended else -1 + 0.95 * np.max(next_q))


# WRONG printed_target: This is a Double
# Double DQN: the action chosen by q.
def printed_target(q, action, next_q, ended):
    target = np.array(q, dtype=float)
    target[action] = -20 if ended else -1 + 0.95 * next_q[np.argmax(q)]
    return target
