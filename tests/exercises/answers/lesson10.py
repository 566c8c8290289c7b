"""Answers to the exercises of lesson 10; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT windy_step
def windy_step(position, velocity, action, wind):
    velocity = velocity + 0.01 * (action - 1) - wind
    velocity = min(max(velocity, -0.2), 0.2)
    position = min(max(position + velocity, -1.0), 1.0)
    return position, velocity, -1.0, abs(position) < 0.05 and abs(velocity) < 0.02


# RIGHT windy_step
# Numbers and truth values of NumPy.
def windy_step(position, velocity, action, wind):
    velocity = np.clip(velocity + 0.01 * (action - 1) - wind, -0.2, 0.2)
    position = np.clip(position + velocity, -1, 1)
    return position, velocity, -1, np.all(np.abs([position, velocity]) < [0.05, 0.02])


# RIGHT windy_step
# sorted picks the middle one; a list.
def windy_step(position, velocity, action, wind):
    _, v, _ = sorted([-0.2, velocity + {0: -0.01, 1: 0.0, 2: 0.01}[action] - wind, 0.2])
    _, x, _ = sorted([-1.0, position + v, 1.0])
    return [x, v, -1.0, all([abs(x) < 0.05, abs(v) < 0.02])]


# RIGHT windy_step
# Augmented assignments and a helper.
def clip(number, limit):
    return np.sign(number) * np.minimum(abs(number), limit)


def windy_step(position, velocity, action, wind):
    velocity += (-0.01, 0.0, 0.01)[action] - wind
    velocity = clip(velocity, 0.2)
    position = clip(position + velocity, 1)
    return position, velocity, -1.0, np.logical_and(abs(position) < 0.05, abs(velocity) < 0.02)


# WRONG windy_step: blows to the right
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) + wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: it changes the *velocity*
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1), -0.2, 0.2)
    x = np.clip(x + v - wind, -1, 1)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: `wind` is never used
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1), -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: 0.01 times something
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1 - wind), -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: only while the engine is off
def windy_step(x, v, action, wind):
    v = np.clip(v + (0.01 * (action - 1) if action != 1 else -wind), -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: before the wind is taken off
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1), -0.2, 0.2) - wind
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: clipped twice
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1), -0.2, 0.2)
    v = np.clip(v - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: *old* velocity
def windy_step(x, v, action, wind):
    x = np.clip(x + v, -1, 1)
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: before the step
def windy_step(x, v, action, wind):
    parked = abs(x) < 0.05 and abs(v) < 0.02
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, parked


# WRONG windy_step: Nothing is clipped
def windy_step(x, v, action, wind):
    v = v + 0.01 * (action - 1) - wind
    x = x + v
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: The velocity is not clipped
def windy_step(x, v, action, wind):
    v = v + 0.01 * (action - 1) - wind
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: at both ends
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = x + v
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: at both ends
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = min(x + v, 1)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: at both ends
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = max(x + v, -1)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: velocity becomes 0
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x += v
    if abs(x) > 1:
        x, v = np.sign(x), 0.0
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: must be slow as well
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) < 0.05


# WRONG windy_step: The limits themselves
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) <= 0.05 and abs(v) <= 0.02


# WRONG windy_step: The limits themselves
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) <= 0.05 and abs(v) < 0.02


# WRONG windy_step: The limits themselves
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) <= 0.02


# WRONG windy_step: left of the middle
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, x < 0.05 and abs(v) < 0.02


# WRONG windy_step: whenever it moves to the left
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) < 0.05 and v < 0.02


# WRONG windy_step: Without absolute values
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, x < 0.05 and v < 0.02


# WRONG windy_step: it must be both
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) < 0.05 or abs(v) < 0.02


# WRONG windy_step: whatever the action
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * action - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: always -1
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    parked = abs(x) < 0.05 and abs(v) < 0.02
    return x, v, 0.0 if parked else -1.0, parked


# WRONG windy_step: not +1
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return x, v, 1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: the position comes first
def windy_step(x, v, action, wind):
    v = np.clip(v + 0.01 * (action - 1) - wind, -0.2, 0.2)
    x = np.clip(x + v, -1, 1)
    return v, x, -1.0, abs(x) < 0.05 and abs(v) < 0.02


# WRONG windy_step: `position = 0.5`, `velocity = 0.1`, `action = 2`, `wind = 0` the step should be `(0.61, 0.11, -1, False)`
windy_step = lambda x, v, action, wind: (x, v, 0.0, False)


# RIGHT share_cut_off
# Counts those that do not arrive, with a seed for each reset.
def share_cut_off(env, policy, episodes):
    count = 0
    for episode in range(episodes):
        state, info = env.reset(seed=episode)
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
            if result[2] or result[3]:
                break
        flags.append(result[3] and not result[2])
    return np.mean(flags)


# RIGHT share_cut_off
# The next action is always at hand, so that one is asked for too many.
def share_cut_off(env, policy, episodes):
    outcome = np.zeros(episodes)
    for k in range(episodes):
        env.reset()
        end, limit, action = False, False, policy()
        while not end and not limit:
            _, _, end, limit, *_ = env.step(action)
            action = policy()
        outcome[k] = not end
    return float(outcome.mean())


# RIGHT share_cut_off
# Arrivals, turned round.
def share_cut_off(env, policy, episodes):
    arrivals = 0
    for _ in range(episodes):
        env.reset()
        done = False
        while not done:
            _, _, terminated, truncated, _ = env.step(policy())
            done = terminated or truncated
        arrivals += bool(terminated)
    return 1 - arrivals / episodes


# WRONG share_cut_off: very last step both are True
def share_cut_off(env, policy, episodes):
    count = 0
    for _ in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        count += truncated
    return count / episodes


# WRONG share_cut_off: that *arrived*
def share_cut_off(env, policy, episodes):
    count = 0
    for _ in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        count += terminated
    return count / episodes


# WRONG share_cut_off: swapped
def share_cut_off(env, policy, episodes):
    count = 0
    for _ in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        count += terminated and not truncated
    return count / episodes


# WRONG share_cut_off: always 1
def share_cut_off(env, policy, episodes):
    count = 0
    for _ in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        count += terminated or truncated
    return count / episodes


# WRONG share_cut_off: In these episodes both are True
def share_cut_off(env, policy, episodes):
    count = 0
    for _ in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        count += terminated and truncated
    return count / episodes


# WRONG share_cut_off: how many
def share_cut_off(env, policy, episodes):
    count = 0
    for _ in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        count += truncated and not terminated
    return count


# WRONG share_cut_off: in percent
def share_cut_off(env, policy, episodes):
    count = 0
    for _ in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        count += truncated and not terminated
    return 100 * count / episodes


# WRONG share_cut_off: whole number
def share_cut_off(env, policy, episodes):
    count = 0
    for _ in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        count += truncated and not terminated
    return count // episodes


# WRONG share_cut_off: one episode too few
def share_cut_off(env, policy, episodes):
    count = 0
    for _ in range(1, episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        count += truncated and not terminated
    return count / episodes


# WRONG share_cut_off: share of the *steps*
def share_cut_off(env, policy, episodes):
    count = steps = 0
    for _ in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
            steps += 1
        count += truncated and not terminated
    return count / steps


# WRONG share_cut_off: Only the last episode
def share_cut_off(env, policy, episodes):
    for _ in range(episodes):
        count = 0
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        count += truncated and not terminated
    return count / episodes


# WRONG share_cut_off: at the first episode
def share_cut_off(env, policy, episodes):
    for episode in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        if truncated and not terminated:
            return 1 / (episode + 1)
    return 0.0


# WRONG share_cut_off: set both back
def share_cut_off(env, policy, episodes):
    count = 0
    terminated = truncated = False
    for _ in range(episodes):
        env.reset()
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        count += truncated and not terminated
    return count / episodes


# WRONG share_cut_off: It never finds one
def share_cut_off(env, policy, episodes):
    count = 0
    for _ in range(episodes):
        env.reset()
        over, steps = False, 0
        while not over:
            _, _, terminated, truncated, _ = env.step(policy())
            over, steps = terminated or truncated, steps + 1
        count += steps == 200
    return count / episodes


# WRONG share_cut_off: the episode is over
# Drives on after the time limit.
def share_cut_off(env, policy, episodes):
    for _ in range(episodes):
        env.reset()
        while not env.step(policy())[2]:
            pass
    return 0.0


# WRONG share_cut_off: The same seed
def share_cut_off(env, policy, episodes):
    count = 0
    for _ in range(episodes):
        env.reset(seed=3)
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        count += not terminated
    return count / episodes


# WRONG share_cut_off: It takes 8 steps and calls `policy()` 2 times
# One action for the whole episode.
def share_cut_off(env, policy, episodes):
    count = 0
    for _ in range(episodes):
        env.reset()
        over, action = False, policy()
        while not over:
            _, _, terminated, truncated, _ = env.step(action)
            over = terminated or truncated
        count += not terminated
    return count / episodes


# WRONG share_cut_off: hands over `policy` itself
def share_cut_off(env, policy, episodes):
    env.reset()
    return env.step(policy)[3] / episodes


# WRONG share_cut_off: takes no argument
def share_cut_off(env, policy, episodes):
    state, _ = env.reset()
    return env.step(policy(state))[3] / episodes


# WRONG share_cut_off: `env = episodes of 3 (arrived), 5 (cut off) steps`, `policy = policy`, `episodes = 2` the share should be `0.5`, but is `0.25`
share_cut_off = lambda env, policy, episodes: 0.25


# RIGHT stretch
def stretch(state, low, high, r):
    out = []
    for x, a, b in zip(state, low, high):
        if np.isinf(a) or np.isinf(b):
            out.append(x)
        else:
            out.append(-r + 2 * r * (x - a) / (b - a))
    return out


# RIGHT stretch
# A mask.
def stretch(state, low, high, r):
    out, both = state.copy(), ~np.isinf(low - high)
    out[both] = r * (2 * (state - low)[both] / (high - low)[both] - 1)
    return out


# RIGHT stretch
# np.where with the warnings off.
def stretch(state, low, high, r):
    with np.errstate(invalid="ignore", over="ignore"):
        middle, half = (high + low) / 2, (high - low) / 2
        return np.where(np.isfinite(half), (state - middle) / half * r, state)


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


# WRONG stretch: nan or 0
stretch = lambda s, low, high, r: -r + 2 * r * (s - low) / (high - low)

# WRONG stretch: nan or 0
stretch = lambda s, low, high, r: np.where(np.isfinite(high - low), -r + 2 * r * (s - low) / (high - low), 0)

# WRONG stretch: nan or 0
stretch = lambda s, low, high, r: np.nan_to_num(-r + 2 * r * (s - low) / (high - low))

# WRONG stretch: only *one* bound
stretch = lambda s, low, high, r: np.where(np.isinf(low), s, -r + 2 * r * (s - low) / (high - low))

# WRONG stretch: only *one* bound
stretch = lambda s, low, high, r: np.where(np.isinf(high), s, -r + 2 * r * (s - low) / (high - low))

# WRONG stretch: only *one* bound
stretch = lambda s, low, high, r: np.where(
    np.isinf(low) & np.isinf(high), s, -r + 2 * r * (s - low) / (high - low)
)

# WRONG stretch: Nothing is clipped
stretch = lambda s, low, high, r: np.where(
    np.isfinite(high - low), np.clip(-r + 2 * r * (s - low) / (high - low), -r, r), s
)

# WRONG stretch: Nothing is clipped
stretch = lambda s, low, high, r: np.where(
    np.isfinite(high - low), np.clip(-r + 2 * r * (s - low) / (high - low), -r, r), np.clip(s, -r, r)
)

# WRONG stretch: between 0 and r
stretch = lambda s, low, high, r: np.where(np.isfinite(high - low), (s - low) / (high - low) * r, s)

# WRONG stretch: `r` is never used
stretch = lambda s, low, high, r: np.where(np.isfinite(high - low), -1 + 2 * (s - low) / (high - low), s)

# WRONG stretch: half as wide
stretch = lambda s, low, high, r: np.where(np.isfinite(high - low), -r / 2 + r * (s - low) / (high - low), s)

# WRONG stretch: mirror image
stretch = lambda s, low, high, r: np.where(np.isfinite(high - low), s / high * r, s)

# WRONG stretch: does not become 0
stretch = lambda s, low, high, r: np.where(np.isfinite(high - low), s * 2 * r / (high - low), s)

# WRONG stretch: not scaled to r
stretch = lambda s, low, high, r: np.where(np.isfinite(high - low), s - (low + high) / 2, s)

# WRONG stretch: in place of r
stretch = lambda s, low, high, r: np.where(np.isfinite(high - low), 2 * r * (s - low) / (high - low) - 1, s)

# WRONG stretch: Up and down
stretch = lambda s, low, high, r: np.where(np.isfinite(high - low), r - 2 * r * (s - low) / (high - low), s)

# WRONG stretch: multiplied by r
stretch = lambda s, low, high, r: np.where(
    np.isfinite(high - low), -r + 2 * r * (s - low) / (high - low), s * r
)

# WRONG stretch: squeezed
stretch = lambda s, low, high, r: np.where(
    np.isfinite(high - low), -r + 2 * r * (s - low) / (high - low), np.tanh(s) * r
)

# WRONG stretch: squeezed
stretch = lambda s, low, high, r: np.where(
    np.isfinite(high - low), -r + 2 * r * (s - low) / (high - low), np.clip(s, -r, r)
)


# WRONG stretch: are missing
def stretch(state, low, high, r):
    both = np.isfinite(low) & np.isfinite(high)
    return (-r + 2 * r * (state - low) / (high - low))[both]


# WRONG stretch: none is stretched
def stretch(state, low, high, r):
    both = np.isfinite(low) & np.isfinite(high)
    return -r + 2 * r * (state - low) / (high - low) if both.all() else 1 * state


# WRONG stretch: clips instead
stretch = lambda s, low, high, r: np.clip(s, -r, r)

# WRONG stretch: clips instead
stretch = lambda s, low, high, r: np.where(np.isfinite(high - low), np.clip(s, -r, r), s)

# WRONG stretch: wrong way round
stretch = lambda s, low, high, r: np.where(np.isfinite(high - low), s, -r + 2 * r * (s - low) / (high - low))


# WRONG stretch: its own bounds
def stretch(state, low, high, r):
    both = np.isfinite(low) & np.isfinite(high)
    if both.any():
        low, high = low[both].min(), high[both].max()
    return np.where(both, -r + 2 * r * (state - low) / (high - low), state)


# WRONG stretch: the stretched state should be
# Shape (n, 1).
def stretch(state, low, high, r):
    both = np.isfinite(low) & np.isfinite(high)
    return np.where(both, (2 * (state - low) / (high - low) - 1) * r, state).reshape(-1, 1)


# WRONG stretch: `r = 8` the stretched state should be `array([2.66667, 8.])`, but is `array([0., 0.07])`
stretch = lambda state, low, high, r: state.copy()
