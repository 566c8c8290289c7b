"""Answers to the exercises of lesson 10; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT windy_step
def windy_step(position, velocity, action, wind):
    velocity = velocity + 0.01 * (action - 1) - wind
    velocity = min(max(velocity, -0.2), 0.2)
    position = min(max(position + velocity, -1.0), 1.0)
    return position, velocity, -1.0, abs(position) < 0.05 and abs(velocity) < 0.02


# RIGHT windy_step
def windy_step(position, velocity, action, wind):
    push = {0: -0.01, 1: 0.0, 2: 0.01}[action]
    new_velocity = np.clip(velocity + push - wind, -0.2, 0.2)
    new_position = np.clip(position + new_velocity, -1, 1)
    parked = bool(-0.05 < new_position < 0.05 and -0.02 < new_velocity < 0.02)
    return float(new_position), float(new_velocity), -1.0, parked


# RIGHT windy_step
# Helper for clipping, np.bool_ and np.float64.
def clip(x, limit):
    return np.sign(x) * np.minimum(np.abs(x), limit)


def windy_step(position, velocity, action, wind):
    v = clip(velocity + (action - 1) * 0.01 - wind, 0.2)
    p = clip(position + v, 1)
    return np.float64(p), np.float64(v), np.float64(-1), np.logical_and(np.abs(p) < 0.05, np.abs(v) < 0.02)


# RIGHT windy_step
# Augmented assignment, table of pushes.
def windy_step(position, velocity, action, wind):
    pushes = (-0.01, 0.0, 0.01)
    velocity += pushes[int(action)] - wind
    velocity = np.maximum(-0.2, np.minimum(0.2, velocity))
    position += velocity
    position = np.maximum(-1, np.minimum(1, position))
    parked = all([abs(position) < 0.05, abs(velocity) < 0.02])
    reward = -1.0
    return (position, velocity, reward, parked)


# RIGHT windy_step
# sorted picks the middle one.
def windy_step(position, velocity, action, wind):
    _, v, _ = sorted([-0.2, velocity + 0.01 * (action - 1) - wind, 0.2])
    _, x, _ = sorted([-1.0, position + v, 1.0])
    near, slow = abs(x) < 0.05, abs(v) < 0.02
    return x, v, -1.0, near and slow


# WRONG windy_step: The wind blows to
def windy_step(position, velocity, action, wind):
    velocity = np.clip(velocity + 0.01 * (action - 1) + wind, -0.2, 0.2)
    position = np.clip(position + velocity, -1, 1)
    return position, velocity, -1.0, bool(abs(position) < 0.05 and abs(velocity) < 0.02)


# WRONG windy_step: The wind moves the
def windy_step(position, velocity, action, wind):
    velocity = np.clip(velocity + 0.01 * (action - 1), -0.2, 0.2)
    position = np.clip(position + velocity - wind, -1, 1)
    return position, velocity, -1.0, bool(abs(position) < 0.05 and abs(velocity) < 0.02)


# WRONG windy_step: Near the middle *or*
def windy_step(position, velocity, action, wind):
    velocity = np.clip(velocity + 0.01 * (action - 1) - wind, -0.2, 0.2)
    position = np.clip(position + velocity, -1, 1)
    return position, velocity, -1.0, bool(abs(position) < 0.05 or abs(velocity) < 0.02)


# WRONG windy_step: The wind blows only
# Wind only when the engine is off.
def windy_step(position, velocity, action, wind):
    push = 0.01 * (action - 1) if action != 1 else -wind
    velocity = np.clip(velocity + push, -0.2, 0.2)
    position = np.clip(position + velocity, -1, 1)
    parked = abs(position) < 0.05 and abs(velocity) < 0.02
    return position, velocity, -1.0, bool(parked)


# WRONG windy_step: It counts as parked
# Parked when near, however fast.
def windy_step(position, velocity, action, wind):
    velocity = np.clip(velocity + 0.01 * (action - 1) - wind, -0.2, 0.2)
    position = np.clip(position + velocity, -1, 1)
    return position, velocity, -1.0, bool(abs(position) < 0.05)


# RIGHT share_cut_off
def share_cut_off(env, policy, episodes):
    count = 0
    for episode in range(episodes):
        env.reset()
        over = False
        while not over:
            state, reward, terminated, truncated, info = env.step(policy())
            over = terminated or truncated
        if not terminated:
            count += 1
    return count / episodes


# RIGHT share_cut_off
# Break out of an endless loop, list of flags, np.float64.
def share_cut_off(env, policy, episodes):
    flags = []
    while len(flags) < episodes:
        env.reset()
        while True:
            result = env.step(policy())
            arrived, timeout = bool(result[2]), bool(result[3])
            if arrived or timeout:
                break
        flags.append(timeout and not arrived)
    return np.float64(sum(flags)) / np.float64(episodes)


# RIGHT share_cut_off
# Counts arrivals and turns it round, seeds each reset.
def share_cut_off(env, policy, episodes):
    arrivals = 0
    for episode in range(episodes):
        state, info = env.reset(seed=episode)
        done = False
        while not done:
            state, reward, terminated, truncated, info = env.step(policy())
            done = terminated or truncated
        arrivals += bool(terminated)
    return (episodes - arrivals) / episodes


# RIGHT share_cut_off
# For over itertools.count, array filled in.
from itertools import count


def share_cut_off(env, policy, episodes):
    outcome = np.zeros(episodes)
    for k in range(episodes):
        env.reset()
        for _ in count():
            _, _, end, limit, *_ = env.step(policy())
            if end:
                break
            if limit:
                outcome[k] = 1.0
                break
    return float(outcome.mean())


# WRONG share_cut_off: An episode that arrives
def share_cut_off(env, policy, episodes):
    count = 0
    for episode in range(episodes):
        env.reset()
        over = False
        while not over:
            state, reward, terminated, truncated, info = env.step(policy())
            over = terminated or truncated
        count += truncated
    return count / episodes


# WRONG share_cut_off: This is how many
def share_cut_off(env, policy, episodes):
    count = 0
    for episode in range(episodes):
        env.reset()
        over = False
        while not over:
            state, reward, terminated, truncated, info = env.step(policy())
            over = terminated or truncated
        count += truncated and not terminated
    return count


# WRONG share_cut_off: Every episode ends in
# Counts every ending.
def share_cut_off(env, policy, episodes):
    cut = 0
    for _ in range(episodes):
        env.reset()
        done = False
        while not done:
            _, _, terminated, truncated, _ = env.step(policy())
            done = terminated or truncated
        if done:
            cut += 1
    return cut / episodes


# WRONG share_cut_off
# Ignores the policy, random actions.
def share_cut_off(env, policy, episodes):
    cut = 0
    for _ in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(np.random.randint(env.action_space.n))
        cut += bool(truncated and not terminated)
    return cut / episodes


# RIGHT stretch
def stretch(state, low, high, r):
    new = np.array(state, dtype=float)
    for i in range(len(new)):
        if np.isfinite(low[i]) and np.isfinite(high[i]):
            share = (state[i] - low[i]) / (high[i] - low[i])
            new[i] = (2 * share - 1) * r
    return new


# RIGHT stretch
def stretch(state, low, high, r):
    bounded = np.isfinite(low) & np.isfinite(high)
    middle = np.where(bounded, (np.where(bounded, low, 0) + np.where(bounded, high, 0)) / 2, 0)
    half = np.where(bounded, np.where(bounded, high, 0) - middle, r)
    return (state - middle) / half * r


# RIGHT stretch
# np.where with the warnings off.
def stretch(state, low, high, r):
    state, low, high = (np.asarray(a, dtype=np.float64) for a in (state, low, high))
    with np.errstate(invalid="ignore", over="ignore"):
        middle, half = (high + low) / 2, (high - low) / 2
        scaled = (state - middle) / half * r
    return np.where(np.isfinite(half), scaled, state)


# RIGHT stretch
# Scale and offset.
def stretch(state, low, high, r):
    n = len(state)
    scale, offset = np.ones(n), np.zeros(n)
    for i in range(n):
        if low[i] > -np.inf and high[i] < np.inf:
            scale[i] = 2 * r / (float(high[i]) - float(low[i]))
            offset[i] = -r - scale[i] * low[i]
    return scale * state + offset


# RIGHT stretch
# Loop over the components.
def stretch(state, low, high, r):
    out = []
    for x, a, b in zip(state, low, high):
        if np.isinf(a) or np.isinf(b):
            out.append(x)
        else:
            out.append(-r + 2 * r * (x - a) / (b - a))
    return np.array(out)


# WRONG stretch: A component without bounds
def stretch(state, low, high, r):
    return (2 * (state - low) / (high - low) - 1) * r


# WRONG stretch
def stretch(state, low, high, r):
    bounded = np.isfinite(low)
    return np.where(bounded, (state - low) / (high - low) * r, state)


# WRONG stretch
def stretch(state, low, high, r):
    bounded = np.isfinite(high)
    return np.where(bounded, state / high * r, state)


# WRONG stretch: It clips instead of
# Clips instead of stretching.
def stretch(state, low, high, r):
    bounded = np.isfinite(low) & np.isfinite(high)
    return np.where(bounded, np.clip(state, -r, r), state)


# WRONG stretch
# Shape (n, 1).
def stretch(state, low, high, r):
    out = np.array(
        [
            r * (2 * (x - a) / (b - a) - 1) if np.isfinite(a) and np.isfinite(b) else x
            for x, a, b in zip(state, low, high)
        ]
    )
    return out.reshape(-1, 1)
