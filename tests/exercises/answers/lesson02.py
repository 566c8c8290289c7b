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
    low, high = np.array([-1.2, -0.07]), np.array([0.6, 0.07])
    numbers = np.floor((state - low) / (high - low) * cells).astype(int)
    return np.clip(numbers, 0, cells - 1)


# RIGHT cell
# mountain_car's own limits, a list.
def cell(state, cells):
    low, high = np.asarray(mountain_car.STATE_LOW, float), np.asarray(mountain_car.STATE_HIGH, float)
    return [min(int(place), cells - 1) for place in (state - low) / (high - low) * cells]


# RIGHT cell
def cell(state, cells):
    i = np.digitize(state[0], np.linspace(-1.2, 0.6, cells + 1)[1:-1])
    j = np.digitize(state[1], np.linspace(-0.07, 0.07, cells + 1)[1:-1])
    return i, j


# RIGHT cell
# Counts the edges below.
def cell(state, cells):
    def number(x, low, high):
        i = 0
        while i < cells - 1 and x >= low + (i + 1) * (high - low) / cells:
            i += 1
        return i

    return number(state[0], -1.2, 0.6), number(state[1], -0.07, 0.07)


# WRONG cell: At the upper edge
# min(i, cells - 1), min(j, cells - 1) -> i, j

# WRONG cell: At the upper edge
# x, v = state -> x, v = state.tolist()
# 1.8 -> (0.6 + 1.2)
# min(i, cells - 1) -> i

# WRONG cell: At the upper edge
# min(j, cells - 1) -> j


# WRONG cell: At the upper edge
# Right for 0.6 as Python has it, and out of range for 0.6 as Gymnasium gives it.
def cell(state, cells):
    space = gym.make("MountainCar-v0").observation_space
    i, j = (np.asarray(state, float) - space.low) / (space.high.astype(float) - space.low) * cells
    return int(i), int(j)


# WRONG cell: At the upper edge
# All in float32: right for 0.6 as Gymnasium gives it, and out of range for 0.6 as Python has it.
def cell(state, cells):
    space = gym.make("MountainCar-v0").observation_space
    i, j = (state - space.low) / (space.high - space.low) * cells
    return int(i), int(j)


# WRONG cell: `%` wraps round
# min(i, cells - 1), min(j, cells - 1) -> i % cells, j % cells

# WRONG cell: At the wall this gives -1
# x, v = state -> x, v = state.tolist()
# (x + 1.2) / 1.8 * cells -> (x + 1.2) // (1.8 / cells)
# (v + 0.07) / 0.14 * cells -> (v + 0.07) // (0.14 / cells)

# WRONG cell: axes are transposed
# min(i, cells - 1), min(j, cells - 1) -> min(j, cells - 1), min(i, cells - 1)

# WRONG cell: axes are transposed
# min(i, cells - 1), min(j, cells - 1) -> j, i

# WRONG cell: rounds to the nearest
# int( -> round(

# WRONG cell: rounds to the nearest
# int( -> int(np.ceil(
# * cells) -> * cells))

# WRONG cell: begin at 1
# min(i, cells - 1), min(j, cells - 1) -> min(i, cells - 1) + 1, min(j, cells - 1) + 1


# WRONG cell: begin at 1
def cell(state, cells):
    i = np.digitize(state[0], np.linspace(-1.2, 0.6, cells + 1))
    j = np.digitize(state[1], np.linspace(-0.07, 0.07, cells + 1))
    return min(i, cells - 1), min(j, cells - 1)


# WRONG cell: always cuts into 20
# x, v = state -> (x, v), cells = state, 20

# WRONG cell: one number for both
# min(i, cells - 1), min( -> min(i, cells - 1) * cells + min(

# WRONG cell: as if it were a position
# (v + 0.07) / 0.14 -> (v + 1.2) / 1.8

# WRONG cell: before the multiplication
# * cells) -> ) * cells

# WRONG cell: with a fraction
# int( -> float(

# WRONG cell: keeps the *larger* number
# min( -> max(


# WRONG cell: into `cells - 1` parts
def cell(state, cells):
    i = np.digitize(state[0], np.linspace(-1.2, 0.6, cells)) - 1
    j = np.digitize(state[1], np.linspace(-0.07, 0.07, cells)) - 1
    return np.clip(i, 0, cells - 1), np.clip(j, 0, cells - 1)


# WRONG cell: cut in the wrong place
# (x + 1.2) -> x
# (v + 0.07) -> v

# WRONG cell: It must have 2 parts, not 3
# return -> return 0,

# WRONG cell: With `state = array([-1.2, -0.07])`, `cells = 10` the cell should be `(0, 0)`, but is `(1, 2)`.
# return min(i, cells - 1), min(j, cells - 1) -> return min(i, cells - 1) + 1, min(j, cells - 1) + 2

# WRONG cell: Unpack first: `i, j = ...`
# x, v = state -> return int(state * cells)

# WRONG cell: The results are right, but it modifies its arguments
# x, v = state -> state -= [-1.2, -0.07]; x, v = state
# (x + 1.2) -> x
# (v + 0.07) -> v


# RIGHT q_update
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    new = q.copy()
    future = 0 if terminated else q[next_cell].max()
    error = reward + gamma * future - q[cell, action]
    new[cell, action] += alpha * error
    return new


# RIGHT q_update
# A mean of old and new, and a list of lists.
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    table = q.tolist()
    target = reward + gamma * (1 - terminated) * max(table[next_cell])
    table[cell][action] = (1 - alpha) * table[cell][action] + alpha * target
    return table


# RIGHT q_update
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    target = np.where(terminated, reward, reward + gamma * q.max(axis=1)[next_cell])
    taken = np.zeros_like(q)
    taken[cell, action] = 1.0
    return q + alpha * taken * (target - q)


# RIGHT q_update
# A tensor.
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    from dqn_lib.agents.backend import tf

    target = reward if terminated else reward + gamma * tf.reduce_max(q[next_cell])
    return tf.tensor_scatter_nd_add(q, [[cell, action]], [alpha * (target - q[cell, action])])


# WRONG q_update: bootstraps through the flag
# 0 if terminated else ->

# WRONG q_update: sign of the TD error
# += -> -=

# WRONG q_update: over the wrong axis
# q[next_cell].max() -> q.max(axis=0)[action]

# WRONG q_update: over the wrong axis
# q[next_cell].max() -> q[:, next_cell].max()

# WRONG q_update: over the whole table
# q[next_cell].max() -> q.max()

# WRONG q_update: cell that the car has left
# q[next_cell] -> q[cell]

# WRONG q_update: replaces the old value
# alpha * error -> error

# WRONG q_update: The old value is not subtracted
# - q[cell, action] ->

# WRONG q_update: Gamma plays no part here
# gamma * future -> future

# WRONG q_update: number of the best action
# .max() -> .argmax()

# WRONG q_update: the same one again
# q[next_cell].max() -> q[next_cell, action]

# WRONG q_update: the minimum
# .max() -> .min()

# WRONG q_update: mean of the next values
# .max() -> .mean()

# WRONG q_update: The reward is discounted too
# reward + gamma * future -> gamma * (reward + future)

# WRONG q_update: the target is not 0
# reward + gamma * future -> (reward + gamma * future) * (not terminated)

# WRONG q_update: the step that reaches the flag
# alpha * error -> 0 if terminated else alpha * error

# WRONG q_update: a step that stays in its cell. It is
# alpha * error -> 0 if cell == next_cell else alpha * error

# WRONG q_update: The reward is taken to be -1
# reward + -> -1 +

# WRONG q_update: Alpha and 1 - alpha
# alpha * error -> (1 - alpha) * error

# WRONG q_update: replaced by the step
# += -> =

# WRONG q_update: the next cell that changes
# new[cell, action] -> new[next_cell, action]

# WRONG q_update: The indices have changed places
# [cell, action] -> [action, cell]

# WRONG q_update: Alpha and gamma
# alpha * error -> gamma * error
# gamma * future -> alpha * future

# WRONG q_update: whole row has changed
# [cell, action] -> [cell]

# WRONG q_update: the one new entry
# return new -> return new[cell, action]

# WRONG q_update: `~True` is -2
# 0 if terminated else -> ~int(terminated) *

# WRONG q_update: `terminated` is inverted
# 0 if terminated -> 0 if not terminated


# WRONG q_update: changed before the maximum is taken
# In two stages, the second one sees the first (matters when the car stays in its cell).
def q_update(q, cell, action, reward, next_cell, terminated, alpha, gamma):
    new = q.copy()
    new[cell, action] += alpha * (reward - new[cell, action])
    if not terminated:
        new[cell, action] += alpha * gamma * new[next_cell].max()
    return new


# WRONG q_update: the table you were given has changed too: `new = q` is a second name for it, not a copy
# q.copy() -> q

# WRONG q_update: the table you were given has changed too
# new[cell, action] += -> q[cell, action] +=
# return new -> return q.copy()

# WRONG q_update: but is `array([[-3., -1., -2.]
# alpha * error -> 0

# WRONG q_update: Its shape must be (3, 3), not (3,)
# return new -> return new[cell]

# WRONG q_update: `cell = 1`, `action = 0`, `reward = -1`
# gamma * future -> gamma**2 * future


# RIGHT epsilon_greedy
def epsilon_greedy(q, epsilon, rng):
    if rng.random() < epsilon:
        return rng.integers(3)
    return np.argmax(q)


# RIGHT epsilon_greedy
# A binomial coin, the upper end taken in, a loop for the best.
def epsilon_greedy(q, epsilon, rng):
    if rng.binomial(1, epsilon):
        return rng.integers(0, 2, endpoint=True)
    best = 0
    for action in (1, 2):
        if q[action] > q[best]:
            best = action
    return best


# RIGHT epsilon_greedy
def epsilon_greedy(q, epsilon, rng):
    chances = np.full(3, epsilon / 3)
    chances[np.argmax(q)] += 1 - epsilon
    return int(rng.choice(3, p=chances))


# RIGHT epsilon_greedy
# Both are drawn always.
epsilon_greedy = lambda q, epsilon, rng: [int(rng.random() * 3), q.argmax()][int(rng.uniform() >= epsilon)]

# WRONG epsilon_greedy: Epsilon is inverted
# < -> >

# WRONG epsilon_greedy: upper end of `rng.integers(low, high)`
# integers(3) -> integers(2)

# WRONG epsilon_greedy: upper end of `rng.integers(low, high)`
# integers(3) -> integers(1, 3)

# WRONG epsilon_greedy: upper end of `rng.integers(low, high)`
# integers(3) -> choice([0, 2])

# WRONG epsilon_greedy: the greedy one is left out
# rng.integers(3) -> (np.argmax(q) + rng.integers(1, 3)) % 3

# WRONG epsilon_greedy: It never explores
# rng.random() < epsilon -> False

# WRONG epsilon_greedy: It never explores
# < epsilon -> < 0.05 * epsilon

# WRONG epsilon_greedy: smallest value
# argmax -> argmin

# WRONG epsilon_greedy: depend on chance
# rng.random() < epsilon -> epsilon > 0.5

# WRONG epsilon_greedy: depend on chance
# rng.random() < epsilon -> epsilon > 0

# WRONG epsilon_greedy: Where it explores, it takes the same action
# Explores for an epsilon above 0.26.
# if rng.random() -> if (rng := np.random.default_rng(2)).random()

# WRONG epsilon_greedy: Where it explores, it takes the same action
# Explores for an epsilon above 0.64.
# if rng.random() -> if (rng := np.random.default_rng(0)).random()

# WRONG epsilon_greedy: Where it explores, it takes the same action
# Explores for an epsilon above 0.94.
# if rng.random() -> if (rng := np.random.default_rng(4)).random()

# WRONG epsilon_greedy: The random numbers are not those of `rng`. Draw all of them from it
# rng.random() -> np.random.rand()
# rng.integers -> np.random.randint

# WRONG epsilon_greedy: The random numbers are not those of `rng`. Draw all of them from it
# Inverted too, but that comes second.
# rng.random() < -> np.random.rand() >
# rng.integers -> np.random.randint

# WRONG epsilon_greedy: The results are right, but the random numbers are not those of `rng`.
# rng.integers -> np.random.randint

# WRONG epsilon_greedy: It returned `-1`, one of the values in `q`.
# np.argmax(q) -> max(q)

# WRONG epsilon_greedy: A NumPy generator has `rng.random()`
# rng.integers -> rng.randint

# WRONG epsilon_greedy: It returned `3`; an action is one of the integers 0, 1 and 2.
# np.argmax(q) -> 3

# WRONG epsilon_greedy: It returned `2.0`; an action is
# np.argmax(q) -> 2.0

# WRONG epsilon_greedy: It returned `True`; an action is
# np.argmax(q) -> True

# WRONG epsilon_greedy: should be `array([0., 1., 0.])`, but is `array([1., 0., 0.])`
# np.argmax(q) -> 0

# WRONG epsilon_greedy: `epsilon = 0.3`
# < epsilon -> < epsilon**2


# RIGHT effective_horizon
def effective_horizon(gamma):
    return 1 / (1 - gamma)


# RIGHT effective_horizon
# 1 / (1 - gamma) -> np.float32((1 - gamma) ** -1)

# RIGHT effective_horizon
# 1 / (1 - gamma) -> sum(gamma**k for k in range(10_000))


# RIGHT effective_horizon
# Adds until nothing is left.
def effective_horizon(gamma):
    total, weight = 0.0, 1.0
    while weight > 1e-12:
        total += weight
        weight *= gamma
    return total


# WRONG effective_horizon: one step too late
# 1 / -> gamma /

# WRONG effective_horizon: This is 1 minus gamma
# 1 / ->

# WRONG effective_horizon: value of never arriving
# 1 - gamma -> gamma - 1

# WRONG effective_horizon: whole number
# 1 / (1 - gamma) -> round(1 / (1 - gamma))

# WRONG effective_horizon: whole number
# 1 / -> 1 //

# WRONG effective_horizon: stops after a while
# 1 / (1 - gamma) -> sum(gamma**k for k in range(200))

# WRONG effective_horizon: sign of gamma
# 1 - gamma -> 1 + gamma

# WRONG effective_horizon: divides by gamma
# (1 - gamma) -> gamma

# WRONG effective_horizon: With `gamma = 0.25` the horizon should be `1.33333`, but is `1.77778`.
# (1 - gamma) -> (1 - gamma) ** 2

# WRONG effective_horizon: With `gamma = 0.9` the horizon should be `10`, but is `9.99782`.
# 1 / (1 - gamma) -> sum(gamma**k for k in range(80))
