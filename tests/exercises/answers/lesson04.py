"""Answers to the exercises of lesson 4; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT add
def add(ring, count, item):
    oldest = count % len(ring)
    ring[oldest] = item
    count += 1
    return count


# RIGHT add
def add(ring, count, item):
    _, place = divmod(count, len(ring))
    ring[place : place + 1] = [item]
    return count + 1


# RIGHT add
# Lambda.
add = lambda ring, count, item: (ring.__setitem__(count % len(ring), item), count + 1)[1]


# RIGHT add
# Modulo, plain.
def add(ring, count, item):
    ring[count % len(ring)] = item
    return count + 1


# RIGHT add
# Loop over the places.
def add(ring, count, item):
    for i in range(len(ring)):
        if (count - i) % len(ring) == 0:
            ring[i] = item
            break
    return int(count) + 1


# WRONG add: It grows for ever
def add(ring, count, item):
    ring.append(item)
    return count + 1


# WRONG add: The place is right
def add(ring, count, item):
    ring[count % len(ring)] = item
    return (count + 1) % len(ring)


# WRONG add: Once full it takes
def add(ring, count, item):
    if count < len(ring):
        ring[count] = item
        return count + 1
    return count


# WRONG add
def add(ring, count, item):
    ring[count] = item
    return count + 1


# WRONG add: This moves every item
# Shifts everything: pop(0) and append.
def add(ring, count, item):
    ring.pop(0)
    ring.append(item)
    return count + 1


# WRONG add
# Random place.
def add(ring, count, item):
    if count < len(ring):
        ring[count] = item
    else:
        ring[np.random.randint(len(ring))] = item
    return count + 1


# RIGHT sample
def sample(ring, count, batch, rng):
    return list(rng.choice(ring[: min(count, len(ring))], size=batch))


# RIGHT sample
# random.Random seeded from rng.
import random


def sample(ring, count, batch, rng):
    helper = random.Random(int(rng.integers(2**32)))
    return helper.choices(ring[: min(count, len(ring))], k=batch)


# RIGHT sample
# Helper functions.
def filled_part(ring, count):
    return ring[:count] if count < len(ring) else ring[:]


def one(items, rng):
    return items[rng.integers(len(items))]


def sample(ring, count, batch, rng):
    items = filled_part(ring, count)
    return [one(items, rng) for _ in range(batch)]


# WRONG sample: It draws from places
def sample(ring, count, batch, rng):
    return [ring[i] for i in rng.integers(len(ring), size=batch)]


# WRONG sample: It never returns the last
def sample(ring, count, batch, rng):
    filled = min(count, len(ring))
    return [ring[i] for i in rng.integers(filled - 1, size=batch)]


# WRONG sample: It takes the end
def sample(ring, count, batch, rng):
    return ring[-batch:]


# WRONG sample: It draws without replacement
# Shuffles the ring in place and takes the front.
def sample(ring, count, batch, rng):
    if count < len(ring):
        ring = ring[:count]
    rng.shuffle(ring)
    return ring[:batch]


# RIGHT n_step_target
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    target, discount = 0.0, 1.0
    for t in range(start, start + n):
        target += discount * rewards[t]
        discount *= gamma
        if episode_end[t]:
            break
    return target + discount * next_values[t] * (1 - terminated[t])


# RIGHT n_step_target
# Recursion: one step, and then n - 1.
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    if terminated[start]:
        return rewards[start]
    if n == 1 or episode_end[start]:
        return rewards[start] + gamma * next_values[start]
    rest = n_step_target(rewards, episode_end, terminated, next_values, start + 1, n - 1, gamma)
    return rewards[start] + gamma * rest


# RIGHT n_step_target
# Vectorised: mask by cumulative sum (stops where the lists stop).
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    window = slice(start, start + n)
    r = np.asarray(rewards[window], dtype=float)
    e = np.asarray(episode_end[window]).astype(int)
    inside = np.cumsum(e) - e == 0
    m = inside.sum()
    G = np.sum(r * inside * np.power(float(gamma), np.arange(len(r))))
    bootstrap = (1 - int(terminated[start + m - 1])) * next_values[start + m - 1]
    return np.float64(G + gamma**m * bootstrap)


# RIGHT n_step_target
# Loop with break, as in the lesson.
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = 0.0
    for k in range(n):
        t = start + k
        total += gamma**k * rewards[t]
        if episode_end[t]:
            break
    return total if terminated[t] else total + gamma ** (k + 1) * next_values[t]


# RIGHT n_step_target
# While loop (stops where the lists stop).
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    total, discount, i = 0.0, 1.0, start
    running = True
    while running:
        total = total + discount * rewards[i]
        discount = discount * gamma
        running = not episode_end[i] and i - start + 1 < n and i + 1 < len(rewards)
        i += 1
    if terminated[i - 1] is True or terminated[i - 1] == 1:
        return total
    return total + discount * next_values[i - 1]


# WRONG n_step_target: It runs across an
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = sum(gamma**k * rewards[start + k] for k in range(n))
    last = start + n - 1
    return total + gamma**n * next_values[last] * (not terminated[last])


# WRONG n_step_target: It bootstraps through the
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = 0
    for k in range(n):
        total += gamma**k * rewards[start + k]
        if episode_end[start + k]:
            break
    return total + gamma ** (k + 1) * next_values[start + k]


# WRONG n_step_target: It treats the time
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = 0
    for k in range(n):
        total += gamma**k * rewards[start + k]
        if episode_end[start + k]:
            return total
    return total + gamma**n * next_values[start + n - 1]


# WRONG n_step_target: It stops at the
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = 0
    for k in range(n):
        total += gamma**k * rewards[start + k]
        if terminated[start + k]:
            return total
    return total + gamma**n * next_values[start + n - 1]


# WRONG n_step_target: It looks only one
# One step only, ignores n.
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    return rewards[start] + gamma * next_values[start] * (not terminated[start])


# WRONG n_step_target: If the flag comes before
# Flag only looked for at the last step of a full window: guess at an early flag.
def n_step_target(rewards, episode_end, terminated, next_values, start, n, gamma):
    total = 0.0
    for k in range(n):
        t = start + k
        total += gamma**k * rewards[t]
        if episode_end[t] and k < n - 1:
            return total + gamma ** (k + 1) * next_values[t]
    return total if terminated[t] else total + gamma**n * next_values[t]
