"""Answers to the exercises of lesson 4; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT add
def add(ring, count, item):
    place = count % len(ring)
    ring[place] = item
    return count + 1


# RIGHT add
# An array of one number.
# count + 1 -> np.array(count + 1)

# RIGHT add
add = lambda ring, count, item: (ring.__setitem__(count % len(ring), item), count + 1)[1]


# RIGHT add
def add(ring, count, item):
    place = count
    while place >= len(ring):
        place -= len(ring)
    ring[place : place + 1] = [item]
    return np.int64(count) + 1


# WRONG add: `append` makes the list longer
# ring[place] = item -> ring.append(item)

# WRONG add: `insert` makes room
# ring[place] = item -> ring.insert(place, item)

# WRONG add: overwrites the newest
# count % len(ring) -> (count - 1) % len(ring)

# WRONG add: overwrites the newest
# count % len(ring) -> len(ring) - 1

# WRONG add: one place too far
# count % len(ring) -> (count + 1) % len(ring)

# WRONG add: always overwrites place 0
# count % len(ring) -> 0

# WRONG add: always overwrites place 0
# count % len(ring) -> count if count < len(ring) else 0

# WRONG add: takes nothing new
# place = count % len(ring) -> place = count
# ring[place] = item -> ring[place : place + 1] = [item] * (count < len(ring))


# WRONG add: takes nothing new
def add(ring, count, item):
    if count < len(ring):
        ring[count] = item
        return count + 1
    return count


# WRONG add: moves every item
# ring[place] = item -> ring[:] = [*ring[1:], item]

# WRONG add: must go on counting
# return count + 1 -> return (count + 1) % len(ring)

# WRONG add: must go on counting
# return count + 1 -> return count

# WRONG add: it returns the item
# return count + 1 -> return item

# WRONG add: returns the ring, or more than one thing
# return count + 1 -> return ring

# WRONG add: returns the ring, or more than one thing
# return count + 1 -> return ring, count + 1

# WRONG add: it returned nothing
# return count + 1 -> count += 1

# WRONG add: The ring is as before
# ring[place] = item ->

# WRONG add: The ring is as before
# ring[place] = item -> ring = [*ring[:place], item, *ring[place + 1 :]]

# WRONG add: writes the count into the ring
# = item -> = count

# WRONG add: the count that it returns should be `1`, but is `2`
# count + 1 -> count + 2

# WRONG add: `count = 4`, `item = 14` the ring should be `[13, 14, 12]`, but is `[13, 15, 12]`
# = item -> = item + (count > 3)

# WRONG add: must be an integer, not a float
# count + 1 -> count + 1.0

# WRONG add: must keep its 3 places; now it has 0
# ring[place] = item -> ring.clear()

# WRONG add: There is no such place. The places are 0 to `len(ring) - 1`
# count % len(ring) -> count


# RIGHT sample
def sample(ring, count, batch, rng):
    filled = min(count, len(ring))
    places = rng.integers(filled, size=batch)
    return [ring[place] for place in places]


# RIGHT sample
def sample(ring, count, batch, rng):
    return rng.choice(ring[:count], size=batch)


# RIGHT sample
# Fractions, scaled.
# rng.integers(filled, size=batch) -> (rng.random(batch) * filled).astype(int)


# RIGHT sample
# random.Random seeded from rng.
import random


def sample(ring, count, batch, rng):
    helper = random.Random(int(rng.integers(2**32)))
    return tuple(helper.choices(ring[: min(count, len(ring))], k=batch))


# WRONG sample: always returns the first items
# in places -> in range(batch)

# WRONG sample: always returns the newest items
# [ring[place] for place in places] -> ring[:filled][-batch:]

# WRONG sample: always returns the newest items
# in places -> in (count - 1 - np.arange(batch)) % len(ring)

# WRONG sample: It takes the end of the list
# [ring[place] for place in places] -> ring[-batch:]

# WRONG sample: draws one item and returns it `batch` times
# [ring[place] for place in places] -> [ring[places[0]]] * batch

# WRONG sample: never returns the last item
# integers(filled -> integers(filled - 1

# WRONG sample: never returns the first item
# integers(filled -> integers(1, filled

# WRONG sample: It returns one item only
# size=batch -> size=1

# WRONG sample: It returns one item only
# [ring[place] for place in places] -> ring[places[0]]

# WRONG sample: draws without replacement
# rng.integers(filled, size=batch) -> rng.choice(filled, size=batch, replace=False)

# WRONG sample: draws one place and returns the items that follow
# rng.integers(filled, size=batch) -> (rng.integers(filled) + np.arange(batch)) % filled

# WRONG sample: nothing was written to yet
# min(count, len(ring)) -> len(ring)

# WRONG sample: not `count % len(ring)`
# min(count, len(ring)) -> count % len(ring) or len(ring)

# WRONG sample: come half as often
# rng.integers(filled, size=batch) -> np.round((filled - 1) * rng.random(batch)).astype(int)

# WRONG sample: newer items come more often
# rng.integers(filled, size=batch) -> (filled * rng.random(batch) ** 0.5).astype(int)

# WRONG sample: the share of 10 should be
# rng.integers(filled, size=batch) -> (filled * rng.random(batch) ** 2).astype(int)

# WRONG sample: the share of 0 should be
# rng.integers(filled, size=batch) -> rng.integers(filled + 1, size=batch).clip(max=filled - 1)

# WRONG sample: must return `batch = 4` items, and returned 12
# [ring[place] for place in places] -> ring * 2

# WRONG sample: an array of shape `(4,)`, not one of shape `(4, 1)`
# [ring[place] for place in places] -> np.array(ring)[places[:, None]]

# WRONG sample: a list or an array, not a map: `list(...)` makes a list of it
# [ring[place] for place in places] -> map(ring.__getitem__, places)

# WRONG sample: It must return the items one after the other, 4 of them
# [ring[place] for place in places] -> {10: 1}

# WRONG sample: Places instead of items?
# [ring[place] for place in places] -> places

# WRONG sample: `count` goes on counting when the ring is full. Filled are
# min(count, len(ring)) -> count

# WRONG sample: Every call returns the same items.
# rng.integers -> np.random.default_rng(7).integers

# WRONG sample: The results are right, but the random numbers are not those of `rng`.
# rng.integers(filled, size=batch) -> np.random.randint(filled, size=batch)

# WRONG sample: The results are right, but it modifies its arguments
# places = -> ring[:filled] = sorted(ring[:filled]); places =

# WRONG sample: It changes the length of the ring.
# places = -> del ring[filled:]; places =


# RIGHT n_step_target
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = 0.0
    for k in range(n):
        t = start + k
        total += gamma**k * rewards[t]
        if episode_end[t]:
            break
    return total if terminated[t] else total + gamma ** (k + 1) * next_values[t]


# RIGHT n_step_target
# Recursion: one step, and then n - 1.
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    if terminated[start]:
        return rewards[start]
    if n == 1 or episode_end[start]:
        return rewards[start] + gamma * next_values[start]
    rest = n_step_target(rewards, episode_end, terminated, next_values, start + 1, n - 1, gamma)
    return np.float32(rewards[start] + gamma * rest)


# RIGHT n_step_target
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    ends = np.flatnonzero(episode_end[start : start + n])
    length = int(ends[0]) + 1 if len(ends) else n
    last = start + length - 1
    future = gamma**length * next_values[last] * (not terminated[last])
    return np.dot(gamma ** np.arange(length), rewards[start : last + 1]) + future


# RIGHT n_step_target
# While loop (stops where the lists stop).
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    total, discount, i, running = 0.0, 1.0, start, True
    while running:
        total, discount = total + discount * rewards[i], discount * gamma
        running = not episode_end[i] and i - start + 1 < n and i + 1 < len(rewards)
        i += 1
    return total + discount * next_values[i - 1] * (1 - terminated[i - 1])


# WRONG n_step_target: across an episode's end
# episode_end[t] -> False

# WRONG n_step_target: across an episode's end
# episode_end[t] -> False
# total if terminated[t] else ->

# WRONG n_step_target: across an episode's end
# episode_end[t] -> False
# terminated[t] -> any(terminated[start : start + n])

# WRONG n_step_target: runs on across the time limit
# episode_end[t] -> terminated[t]

# WRONG n_step_target: runs on across the time limit
# episode_end[t] -> terminated[t]
# total if terminated[t] else ->

# WRONG n_step_target: is discounted m times, not n times
# (k + 1) -> n

# WRONG n_step_target: discounted m - 1 times
# (k + 1) -> k

# WRONG n_step_target: not m + 1 times
# (k + 1) -> (k + 2)

# WRONG n_step_target: The value at the end of the window is not discounted
# gamma ** (k + 1) * ->

# WRONG n_step_target: value at the end of the window is missing
# + gamma ** (k + 1) * next_values[t] ->

# WRONG n_step_target: value at the end of the window is subtracted
# total + gamma -> total - gamma

# WRONG n_step_target: bootstraps through the flag
# total if terminated[t] else ->

# WRONG n_step_target: If the flag comes before the n-th step
# if terminated[t] -> if terminated[t] and k == n - 1

# WRONG n_step_target: If the flag comes at the n-th step itself
# if terminated[t] -> if terminated[t] and k < n - 1

# WRONG n_step_target: looks for the flag at the first step
# terminated[t] -> terminated[start]

# WRONG n_step_target: looks for the flag in all n steps
# terminated[t] -> any(terminated[start : start + n])

# WRONG n_step_target: treats the time limit as if it were the flag
# terminated[t] -> episode_end[t]

# WRONG n_step_target: have changed places
# episode_end, terminated -> terminated, episode_end

# WRONG n_step_target: overlooks that the very first step
# episode_end[t] -> k and episode_end[t]

# WRONG n_step_target: stops before it has added the last reward
# total += gamma**k * rewards[t] -> total += 0 if episode_end[t] else gamma**k * rewards[t]

# WRONG n_step_target: The rewards are discounted once too often
# gamma**k -> gamma ** (1 + k)

# WRONG n_step_target: The rewards are not discounted
# gamma**k * ->

# WRONG n_step_target: discounts by the number of the step in the lists
# gamma**k -> gamma**t

# WRONG n_step_target: discounts by the number of the step in the lists
# gamma**k -> gamma**t
# (k + 1) -> (t + 1)

# WRONG n_step_target: one reward too many
# range(n) -> range(n + 1)

# WRONG n_step_target: only one step ahead
# range(n) -> range(1)

# WRONG n_step_target: one reward too few
# range(n) -> range(n - 1)

# WRONG n_step_target: `range(start, n)` ends at step n
# total = 0.0 -> total, t, k = 0.0, start, 0
# for k in range(n) -> for t in range(start, n)
# t = start + k -> k = t - start

# WRONG n_step_target: always begins at step 0
# t = start + k -> t = k

# WRONG n_step_target: is that of the first step of the window
# next_values[t] -> next_values[start]

# WRONG n_step_target: not that of step `start + n - 1`
# next_values[t] -> next_values[start + n - 1]

# WRONG n_step_target: the rewards are lost
# return total if -> return 0.0 if

# WRONG n_step_target: one step too late
# next_values[t] -> next_values[t + 1]

# WRONG n_step_target: It adds a value after every reward
# rewards[t] -> (rewards[t] + (not terminated[t]) * gamma * next_values[t])
# return total if terminated[t] else total + gamma ** (k + 1) * next_values[t] -> return total

# WRONG n_step_target: Gamma is always 0.99
# total = 0.0 -> total, gamma = 0.0, 0.99

# WRONG n_step_target: `n = 1`, `gamma = 0.5` the target should be `-6`, but is `-11`
# total = 0.0 -> total, gamma = 0.0, 1.0

# WRONG n_step_target: `start = 3`, `n = 2`
# (k + 1) * -> (k + 1) * n *
