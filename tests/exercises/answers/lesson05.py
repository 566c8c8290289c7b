"""Answers to the exercises of lesson 5; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT soft_update
def soft_update(target, online, tau):
    return [t + tau * (o - t) for t, o in zip(target, online)]


# RIGHT soft_update
def soft_update(target, online, tau):
    new = []
    for i in range(len(target)):
        new.append(tau * online[i] + (1 - tau) * target[i])
    return new


# RIGHT soft_update
# map and lambda, list.
soft_update = lambda target, online, tau: list(map(lambda t, o: tau * o + (1 - tau) * t, target, online))


# RIGHT soft_update
# NumPy functions.
def soft_update(target, online, tau):
    result = []
    for a, b in zip(target, online):
        result.append(np.add(np.multiply(a, 1.0 - tau), np.multiply(b, tau)))
    return result


# RIGHT soft_update
# enumerate into a prepared list.
def soft_update(target, online, tau):
    updated = [None] * len(target)
    for k, weights in enumerate(target):
        updated[k] = weights - tau * (weights - online[k])
    return updated


# WRONG soft_update: Tau is on the
def soft_update(target, online, tau):
    return [tau * t + (1 - tau) * o for t, o in zip(target, online)]


# WRONG soft_update
def soft_update(target, online, tau):
    for t, o in zip(target, online):
        t += tau * (o - t)
    return target


# WRONG soft_update
def soft_update(target, online, tau):
    return tau * np.array(online[0]) + (1 - tau) * np.array(target[0])


# WRONG soft_update
# Shallow copy of the list, arrays changed in place.
def soft_update(target, online, tau):
    new = target.copy()
    for i in range(len(new)):
        new[i] += tau * (online[i] - new[i])
    return new


# WRONG soft_update
# Random share: each weight jumps with chance tau.
def soft_update(target, online, tau):
    return [np.where(np.random.random(t.shape) < tau, o, t) for t, o in zip(target, online)]


# RIGHT hard_update
def hard_update(target, online):
    return [np.array(w) for w in online]


# RIGHT hard_update
def hard_update(target, online):
    new = []
    for weights in online:
        new.append(1.0 * weights)
    return new


# RIGHT hard_update
# np.copyto into zeros.
def hard_update(target, online):
    out = []
    for i in range(len(online)):
        w = np.zeros(online[i].shape, dtype=online[i].dtype)
        np.copyto(w, online[i])
        out.append(w)
    return out


# RIGHT hard_update
# Lambda, np.array with copy=True.
hard_update = lambda target, online: [np.array(o, copy=True) for o in online]


# RIGHT hard_update
# Soft update with share 1.
def move(target, online, share):
    return (1 - share) * target + share * online


def hard_update(target, online):
    return [move(t, o, 1.0) for t, o in zip(target, online)]


# WRONG hard_update: The arrays are those
def hard_update(target, online):
    return online


# WRONG hard_update: The arrays are those
def hard_update(target, online):
    return online.copy()


# WRONG hard_update: The arrays are those
def hard_update(target, online):
    return [w for w in online]


# WRONG hard_update
def hard_update(target, online):
    target = [w.copy() for w in online]


# WRONG hard_update: The arrays are those
# Fills the target list with online's own arrays.
def hard_update(target, online):
    for i in range(len(target)):
        target[i] = online[i]
    return target


# WRONG hard_update: The arrays are those
# Reshape is a view.
def hard_update(target, online):
    return [o.reshape(t.shape) for t, o in zip(target, online)]


# RIGHT double_target
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = np.argmax(next_q_online, axis=1)
    value = next_q_target[np.arange(len(best)), best]
    return rewards + gamma * (1 - terminated) * value


# RIGHT double_target
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = next_q_online.argmax(axis=1)[:, None]
    value = np.take_along_axis(next_q_target, best, axis=1)[:, 0]
    return np.where(terminated > 0, rewards, rewards + gamma * value)


# RIGHT double_target
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    targets = []
    for r, end, q_online, q_target in zip(rewards, terminated, next_q_online, next_q_target):
        value = q_target[np.argmax(q_online)]
        targets.append(r + gamma * value * (1 - end))
    return np.array(targets)


# RIGHT double_target
# Prepared array, loop with continue, gamma broadcast.
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    gammas = np.broadcast_to(gamma, len(rewards))
    out = np.zeros(len(rewards))
    for i, r in enumerate(rewards):
        out[i] = r
        if terminated[i]:
            continue
        row = list(next_q_online[i])
        out[i] += gammas[i] * next_q_target[i][row.index(max(row))]
    return out


# RIGHT double_target
# Three nested wheres.
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    a = next_q_online.argmax(axis=1)
    q = next_q_target
    v = np.where(a == 0, q[:, 0], np.where(a == 1, q[:, 1], q[:, 2]))
    return (rewards + gamma * v * (terminated == 0)).astype(np.float64)


# RIGHT double_target
# Comprehension over zip (gamma a number).
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    return np.array(
        [
            r + gamma * (0 if end else qt[qo.argmax()])
            for r, end, qo, qt in zip(rewards, terminated, next_q_online, next_q_target)
        ]
    )


# WRONG double_target: The action is chosen
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    return rewards + gamma * (1 - terminated) * next_q_target.max(axis=1)


# WRONG double_target: The two networks have
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = next_q_target.argmax(axis=1)
    return rewards + gamma * (1 - terminated) * next_q_online[np.arange(len(best)), best]


# WRONG double_target: The future counts after
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = next_q_online.argmax(axis=1)
    return rewards + gamma * next_q_target[np.arange(len(best)), best]


# WRONG double_target: The result is a table
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = next_q_online.argmax(axis=1)
    return rewards + gamma * (1 - terminated) * next_q_target[:, best]


# WRONG double_target: Rows that end at
# Loop skips the flag: fewer than B targets.
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    targets = []
    for r, end, qo, qt in zip(rewards, terminated, next_q_online, next_q_target):
        if end:
            continue
        targets.append(r + gamma * qt[np.argmax(qo)])
    return np.array(targets)


# WRONG double_target
# Compares values: where online equals its maximum, summed over the batch.
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    mask = next_q_online == next_q_online.max()
    values = (next_q_target * mask).sum(axis=1)
    return rewards + gamma * (1 - terminated) * values
