"""Answers to the exercises of lesson 2; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT cell
def cell(state, cells):
    x, v = state
    i = int((x + 1.2) / 1.8 * cells)
    j = int((v + 0.07) / 0.14 * cells)
    return min(i, cells - 1), min(j, cells - 1)


# RIGHT cell
def cell(state, cells):
    low = np.array([-1.2, -0.07])
    high = np.array([0.6, 0.07])
    numbers = ((state - low) / (high - low) * cells).astype(int)
    return tuple(np.clip(numbers, 0, cells - 1))


# RIGHT cell
# mountain_car's own limits, tuple of np.int64.
def cell(state, cells):
    low, high = np.asarray(mountain_car.STATE_LOW, float), np.asarray(mountain_car.STATE_HIGH, float)
    numbers = ((np.asarray(state, float) - low) / (high - low) * cells).astype(np.int64)
    return tuple(np.minimum(numbers, cells - 1))


# RIGHT cell
# Special case for the upper edge.
def cell(state, cells):
    p, v = float(state[0]), float(state[1])
    if p >= 0.6:
        i = cells - 1
    else:
        i = int(cells * ((p + 1.2) / 1.8))
    if v >= 0.07:
        j = cells - 1
    else:
        j = int(cells * ((v + 0.07) / 0.14))
    return (i, j)


# RIGHT cell
# Comprehension over the axes with math.floor.
import math


def cell(state, cells):
    ranges = ((-1.2, 0.6), (-0.07, 0.07))
    return tuple(
        max(0, min(cells - 1, math.floor((float(x) - a) / (b - a) * cells)))
        for x, (a, b) in zip(state, ranges)
    )


# WRONG cell: At the upper edge
def cell(state, cells):
    x, v = state
    return int((x + 1.2) / 1.8 * cells), int((v + 0.07) / 0.14 * cells)


# WRONG cell: The axes are transposed
def cell(state, cells):
    x, v = state
    i = min(int((x + 1.2) / 1.8 * cells), cells - 1)
    j = min(int((v + 0.07) / 0.14 * cells), cells - 1)
    return j, i


# WRONG cell: This rounds to the
def cell(state, cells):
    low, high = np.array([-1.2, -0.07]), np.array([0.6, 0.07])
    numbers = np.round((state - low) / (high - low) * cells).astype(int)
    return tuple(np.minimum(numbers, cells - 1))


# WRONG cell: This divides the range
# Linspace with cells borders.
def cell(state, cells):
    i = np.digitize(state[0], np.linspace(-1.2, 0.6, cells)) - 1
    j = np.digitize(state[1], np.linspace(-0.07, 0.07, cells)) - 1
    return int(np.clip(i, 0, cells - 1)), int(np.clip(j, 0, cells - 1))


# WRONG cell: The velocity is cut
# The range of the position for both.
def cell(state, cells):
    i, j = [min(int((x + 1.2) / 1.8 * cells), cells - 1) for x in state]
    return i, j


# RIGHT q_update
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    new = np.array(q)
    best_next = 0 if terminated else np.max(q[next_cell])
    td_error = reward + gamma * best_next - q[cell, action]
    new[cell, action] = q[cell, action] + alpha * td_error
    return new


# RIGHT q_update
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = q.copy()
    target = reward + (not terminated) * gamma * max(q[next_cell])
    table[cell][action] = (1 - alpha) * q[cell][action] + alpha * target
    return table


# RIGHT q_update
# Mask and np.where.
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    rows = np.arange(q.shape[0])[:, None] == cell
    columns = np.arange(q.shape[1])[None, :] == action
    target = reward + gamma * np.where(terminated, 0.0, q.max(axis=1)[next_cell])
    return np.where(rows & columns, q + alpha * (target - q), q)


# RIGHT q_update
# np.add.at on astype.
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    q_new = q.astype(float)
    bootstrap = float(not terminated) * gamma * float(q[next_cell].max())
    np.add.at(q_new, (cell, action), alpha * (reward + bootstrap - q[cell, action]))
    return q_new


# RIGHT q_update
# Comprehension over all entries.
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    target = reward + (0 if terminated else gamma * np.amax(q[next_cell]))
    return np.array(
        [
            [old + alpha * (target - old) if (i, j) == (cell, action) else old for j, old in enumerate(row)]
            for i, row in enumerate(q)
        ]
    )


# WRONG q_update
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    q[cell, action] += alpha * (reward + gamma * (1 - terminated) * q[next_cell].max() - q[cell, action])
    return q


# WRONG q_update: This bootstraps through the
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    new = q.copy()
    new[cell, action] += alpha * (reward + gamma * q[next_cell].max() - q[cell, action])
    return new


# WRONG q_update: The old value is
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    new = q.copy()
    target = reward if terminated else reward + gamma * q[next_cell].max()
    new[cell, action] += alpha * target
    return new


# WRONG q_update: The table is changed
# In two stages, the second one sees the first (matters when the car stays in its cell).
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    new = q.copy()
    new[cell, action] += alpha * (reward - new[cell, action])
    if not terminated:
        new[cell, action] += alpha * gamma * new[next_cell].max()
    return new


# WRONG q_update: This returns the one
# Returns the new score only.
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    target = reward if terminated else reward + gamma * q[next_cell].max()
    return q[cell, action] + alpha * (target - q[cell, action])


# RIGHT epsilon_greedy
def epsilon_greedy(q, epsilon, rng):
    if rng.random() < epsilon:
        return int(rng.integers(3))
    return int(np.argmax(q))


# RIGHT epsilon_greedy
def epsilon_greedy(q, epsilon, rng):
    explore = rng.uniform() < epsilon
    return rng.choice([0, 1, 2]) if explore else q.argmax()


# RIGHT epsilon_greedy
# Binomial coin, loop for the best.
def best_of(values):
    best = 0
    for a in range(1, len(values)):
        if values[a] > values[best]:
            best = a
    return best


def epsilon_greedy(q, epsilon, rng):
    if rng.binomial(1, epsilon) == 1:
        return rng.integers(0, 2, endpoint=True)
    return best_of(q)


# RIGHT epsilon_greedy
# Weighted choice between two words.
def epsilon_greedy(q, epsilon, rng):
    mode = rng.choice(["random", "greedy"], p=[epsilon, 1 - epsilon])
    if mode == "greedy":
        return list(q).index(max(q))
    return rng.permutation(3)[0]


# RIGHT epsilon_greedy
# As in the lesson.
def epsilon_greedy(q, epsilon, rng):
    return rng.integers(3) if rng.random() < epsilon else np.argmax(q)


# WRONG epsilon_greedy: Epsilon is inverted
def epsilon_greedy(q, epsilon, rng):
    return rng.integers(3) if rng.random() > epsilon else np.argmax(q)


# WRONG epsilon_greedy: It explores among two actions only
def epsilon_greedy(q, epsilon, rng):
    return rng.integers(2) if rng.random() < epsilon else np.argmax(q)


# WRONG epsilon_greedy
def epsilon_greedy(q, epsilon, rng):
    return np.random.randint(3) if np.random.rand() < epsilon else np.argmax(q)


# WRONG epsilon_greedy: It never explores
# Always greedy.
def epsilon_greedy(q, epsilon, rng):
    return int(np.argmax(q))


# WRONG epsilon_greedy: Where it explores
# A generator of its own with a fixed seed.
def epsilon_greedy(q, epsilon, rng):
    rng = np.random.default_rng(0)
    return rng.integers(3) if rng.random() < epsilon else np.argmax(q)


# RIGHT effective_horizon
def effective_horizon(gamma):
    return (1 - gamma) ** -1


# RIGHT effective_horizon
def effective_horizon(gamma):
    # S = 1 + gamma S, so S (1 - gamma) = 1
    return np.linalg.solve([[1 - gamma]], [1.0])[0]


# RIGHT effective_horizon
# The formula.
def effective_horizon(gamma):
    return 1 / (1 - gamma)


# RIGHT effective_horizon
# Adds until nothing is left.
def effective_horizon(gamma):
    if gamma >= 1:
        return float("inf")
    total, weight = 0.0, 1.0
    while weight > 1e-18:
        total += weight
        weight *= gamma
    return total


# RIGHT effective_horizon
# Logarithm and exponential.
def effective_horizon(gamma):
    return float(np.exp(-np.log1p(-gamma)))


# WRONG effective_horizon: This starts counting one
def effective_horizon(gamma):
    return gamma / (1 - gamma)


# WRONG effective_horizon: The sign is wrong
def effective_horizon(gamma):
    return -1 / (1 - gamma)


# WRONG effective_horizon: This starts counting one
# Starts at k = 1.
def effective_horizon(gamma):
    total, weight = 0.0, gamma
    while weight > 1e-18:
        total += weight
        weight *= gamma
    return total


# WRONG effective_horizon: This stops after a
# The first 100 weights only.
def effective_horizon(gamma):
    return sum(gamma**k for k in range(100))
