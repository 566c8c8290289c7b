"""Answers to the exercises of lesson 5; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT soft_update
def soft_update(target, online, tau):
    new = []
    for i in range(len(target)):
        new.append(tau * online[i] + (1 - tau) * target[i])
    return new


# RIGHT soft_update
soft_update = lambda target, online, tau: tuple(map(lambda t, o: t + tau * (o - t), target, online))


# RIGHT soft_update
# Number by number, in copies.
def soft_update(target, online, tau):
    moved = [np.array(t) for t in target]
    for new, o in zip(moved, online):
        for place in np.ndindex(new.shape):
            new[place] += tau * (o[place] - new[place])
    return moved


# RIGHT soft_update
import tensorflow as tf


def soft_update(target, online, tau):
    pairs = zip(map(tf.constant, target), map(tf.constant, online))
    return [t + tau * (o - t) for t, o in pairs]


# WRONG soft_update: Tau is on the wrong side
soft_update = lambda target, online, tau: [tau * t + (1 - tau) * o for t, o in zip(target, online)]

# WRONG soft_update: own weights are not shrunk
soft_update = lambda target, online, tau: [t + tau * o for t, o in zip(target, online)]

# WRONG soft_update: weights are not scaled
soft_update = lambda target, online, tau: [o + t * (1 - tau) for t, o in zip(target, online)]

# WRONG soft_update: Brackets are missing
soft_update = lambda target, online, tau: [tau * o + 1 - tau * t for t, o in zip(target, online)]

# WRONG soft_update: moves away from the online network
soft_update = lambda target, online, tau: [(1 + tau) * t - tau * o for t, o in zip(target, online)]

# WRONG soft_update: the way that is made
soft_update = lambda target, online, tau: [tau * (o - t) for t, o in zip(target, online)]

# WRONG soft_update: that is the hard update
soft_update = lambda target, online, tau: [np.array(o) for o in online]

# WRONG soft_update: whatever `tau` is
soft_update = lambda target, online, tau: [t + 0.03 * (o - t) for t, o in zip(target, online)]

# WRONG soft_update: whatever `tau` is
soft_update = lambda target, online, tau: [(t + o) / 2 for t, o in zip(target, online)]


# WRONG soft_update: `return` inside the loop
def soft_update(target, online, tau):
    new = []
    for t, o in zip(target, online):
        new.append(t + tau * (o - t))
        return new


# WRONG soft_update: The last array is not moved
def soft_update(target, online, tau):
    new = [1 * t for t in target]
    for i in range(len(target) - 1):
        new[i] += tau * (online[i] - new[i])
    return new


# WRONG soft_update: Biases are weights too
def soft_update(target, online, tau):
    return [t + tau * (o - t) if t.ndim == 2 else 1 * t for t, o in zip(target, online)]


# WRONG soft_update: The results are right, but it changes the arrays or the lists
def soft_update(target, online, tau):
    for t, o in zip(target, online):
        t += tau * (o - t)
    return target


# WRONG soft_update: The results are right, but it changes the arrays or the lists
def soft_update(target, online, tau):
    target[:] = [t + tau * (o - t) for t, o in zip(target, online)]
    return target


# WRONG soft_update: The results are right, but it changes the arrays or the lists
def soft_update(target, online, tau):
    for o in online:
        o *= tau
    return [(1 - tau) * t + o for t, o in zip(target, online)]


# WRONG soft_update: It returned a generator
soft_update = lambda target, online, tau: (t + tau * (o - t) for t, o in zip(target, online))

# WRONG soft_update: Lists cannot be scaled
soft_update = lambda target, online, tau: (1 - tau) * target + tau * online

# WRONG soft_update: The arrays have different shapes
soft_update = lambda target, online, tau: (1 - tau) * np.array(target) + tau * np.array(online)

# WRONG soft_update: It must have 2 parts, not be a float
soft_update = lambda target, online, tau: tau

# WRONG soft_update: With `target =
# Random share: each weight jumps with chance tau.
soft_update = lambda target, online, tau: [
    np.where(np.random.random(t.shape) < tau, o, t) for t, o in zip(target, online)
]


# RIGHT hard_update
def hard_update(target, online):
    new = []
    for weights in online:
        new.append(1.0 * weights)
    return new


# RIGHT hard_update
def hard_update(target, online):
    for t, o in zip(target, online):
        t[...] = o
    return target


# RIGHT hard_update
import copy

hard_update = lambda target, online: copy.deepcopy(online)

# RIGHT hard_update
hard_update = lambda target, online: tuple(np.array(o.tolist(), np.float32) for o in online)

# WRONG hard_update: copy the list, not its arrays
hard_update = lambda target, online: online

# WRONG hard_update: copy the list, not its arrays
hard_update = lambda target, online: online.copy()

# WRONG hard_update: another view of the same array
hard_update = lambda target, online: [o[:] for o in online]


# WRONG hard_update: copy the list, not its arrays
# It puts the copies into the wrong network and hands the originals out.
def hard_update(target, online):
    arrays = list(online)
    online[:] = [o.copy() for o in online]
    return arrays


# WRONG hard_update: Some arrays are copied
hard_update = lambda target, online: [online[0].copy(), *online[1:]]

# WRONG hard_update: Some arrays are copied
hard_update = lambda target, online: [o.copy() if o.ndim == 2 else o for o in online]

# WRONG hard_update: has not moved
hard_update = lambda target, online: [t.copy() for t in target]


# WRONG hard_update: Only the first array has come back
def hard_update(target, online):
    for o in online:
        return [o.copy()]


# WRONG hard_update: The last array is missing
hard_update = lambda target, online: [online[i].copy() for i in range(len(online) - 1)]

# WRONG hard_update: cut to whole numbers
hard_update = lambda target, online: [o.astype(int) for o in online]

# WRONG hard_update: added to those of the target network
hard_update = lambda target, online: [t + o for t, o in zip(target, online)]

# WRONG hard_update: nothing in them yet
hard_update = lambda target, online: [np.zeros(o.shape) for o in online]

# WRONG hard_update: It returned a generator
hard_update = lambda target, online: (o.copy() for o in online)

# WRONG hard_update: copy them one by one
hard_update = lambda target, online: np.array(online)


# WRONG hard_update: It returned nothing
def hard_update(target, online):
    target = [o.copy() for o in online]


# RIGHT double_target
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = next_q_online.argmax(axis=1)[:, None]
    value = np.take_along_axis(next_q_target, best, axis=1)[:, 0]
    return np.where(terminated > 0, rewards, rewards + gamma * value).astype(np.float32)


# RIGHT double_target
# A loop with lists.
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    targets = []
    for i, reward in enumerate(rewards):
        row = list(next_q_online[i])
        future = 0 if terminated[i] else gamma * next_q_target[i][row.index(max(row))]
        targets.append(float(reward + future))
    return targets


# RIGHT double_target
# One-hot.
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    chosen = np.eye(3)[next_q_online.argmax(1)]
    return rewards + gamma * np.logical_not(terminated) * (next_q_target * chosen).sum(1)


# RIGHT double_target
import tensorflow as tf


def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    choice = tf.argmax(next_q_online, axis=1)
    return rewards + gamma * (1 - terminated) * tf.gather(next_q_target, choice, axis=1, batch_dims=1)


# WRONG double_target: action is chosen by the wrong network
double_target = lambda rewards, ended, online, target, gamma: (
    rewards + gamma * (1 - ended) * target.max(axis=1)
)

# WRONG double_target: value comes from the wrong network
double_target = lambda rewards, ended, online, target, gamma: (
    rewards + gamma * (1 - ended) * online.max(axis=1)
)


# WRONG double_target: have changed places
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = next_q_target.argmax(axis=1)
    return rewards + gamma * (1 - terminated) * next_q_online[np.arange(len(best)), best]


# WRONG double_target: a method of its own
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    rows, best = np.arange(len(rewards)), next_q_online.argmax(axis=1)
    return rewards + gamma * (1 - terminated) * np.minimum(next_q_online, next_q_target)[rows, best]


# WRONG double_target: a method of its own
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    value = np.minimum(next_q_online.max(axis=1), next_q_target.max(axis=1))
    return rewards + gamma * (1 - terminated) * value


# WRONG double_target: maxima are averaged
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    value = (next_q_online.max(axis=1) + next_q_target.max(axis=1)) / 2
    return rewards + gamma * (1 - terminated) * value


# WRONG double_target: counts after the flag too
double_target = lambda r, end, q, target, gamma: r + gamma * np.choose(q.argmax(1), target.T)

# WRONG double_target: mask is inverted
double_target = lambda r, end, q, target, gamma: r + gamma * end * np.choose(q.argmax(1), target.T)

# WRONG double_target: the reward is lost as well
double_target = lambda r, end, q, target, gamma: (r + gamma * np.choose(q.argmax(1), target.T)) * (1 - end)


# WRONG double_target: One flag decides for the whole batch
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    if terminated.any():
        return rewards
    best = next_q_online.argmax(axis=1)
    return rewards + gamma * next_q_target[np.arange(len(best)), best]


# WRONG double_target: One flag decides for the whole batch
double_target = lambda r, end, q, target, gamma: r + (not all(end)) * gamma * np.choose(q.argmax(1), target.T)

# WRONG double_target: One flag decides for the whole batch
double_target = lambda r, end, q, target, gamma: r + (1 - end[0]) * gamma * np.choose(q.argmax(1), target.T)


# WRONG double_target: Rows that end at the flag are left out
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    targets = []
    for r, end, online, target in zip(rewards, terminated, next_q_online, next_q_target):
        if not end:
            targets.append(r + gamma * target[np.argmax(online)])
    return np.array(targets)


# WRONG double_target: One action is chosen for the whole batch
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    return rewards + gamma * (1 - terminated) * next_q_target[:, np.argmax(next_q_online[0])]


# WRONG double_target: a table of shape (B, B)
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    return rewards + gamma * (1 - terminated) * next_q_target[:, next_q_online.argmax(axis=1)]


# WRONG double_target: a table of shape (B, B)
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = next_q_online.argmax(axis=1, keepdims=True)
    return rewards + gamma * (1 - terminated) * np.take_along_axis(next_q_target, best, axis=1)


# WRONG double_target: a column, of shape (B, 1)
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    value = np.take_along_axis(next_q_target, next_q_online.argmax(axis=1)[:, None], axis=1)
    return rewards[:, None] + gamma * (1 - terminated[:, None]) * value


# WRONG double_target: one number for the whole batch
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    value = np.take_along_axis(next_q_target, next_q_online.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.mean(rewards + gamma * (1 - terminated) * value)


# WRONG double_target: number of the chosen action
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    return rewards + gamma * (1 - terminated) * next_q_online.argmax(axis=1)


# WRONG double_target: gamma plays no part
double_target = lambda r, end, q, target, gamma: r + (1 - end) * np.choose(q.argmax(1), target.T)

# WRONG double_target: always 0.99
double_target = lambda r, end, q, target, gamma: r + 0.99 * (1 - end) * np.choose(q.argmax(1), target.T)

# WRONG double_target: reward is discounted as well
double_target = lambda r, end, q, target, gamma: gamma * (r + (1 - end) * np.choose(q.argmax(1), target.T))

# WRONG double_target: The reward is missing
double_target = lambda r, end, q, target, gamma: gamma * (1 - end) * np.choose(q.argmax(1), target.T)

# WRONG double_target: The reward is always -1
double_target = lambda r, end, q, target, gamma: -1 + gamma * (1 - end) * np.choose(q.argmax(1), target.T)

# WRONG double_target: The future is subtracted
double_target = lambda r, end, q, target, gamma: r - gamma * (1 - end) * np.choose(q.argmax(1), target.T)


# WRONG double_target: smallest value is chosen
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    worst = next_q_online.argmin(axis=1)
    return rewards + gamma * (1 - terminated) * next_q_target[np.arange(len(worst)), worst]


# WRONG double_target: The results are right, but it changes the arrays
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    next_q_target[terminated == 1] = 0.0
    rewards += gamma * next_q_target[np.arange(len(rewards)), next_q_online.argmax(axis=1)]
    return rewards


# WRONG double_target: `argmax` needs `axis=1`
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = next_q_online.argmax(axis=0)
    return rewards + gamma * (1 - terminated) * next_q_target[np.arange(len(rewards)), best]


# WRONG double_target: which `~` cannot invert
def double_target(rewards, terminated, next_q_online, next_q_target, gamma):
    best = next_q_online.argmax(axis=1)
    return rewards + gamma * ~terminated * next_q_target[np.arange(len(rewards)), best]


# WRONG double_target: Its shape must be (2,), not ()
double_target = lambda rewards, ended, online, target, gamma: rewards[0]

# WRONG double_target: should be `array([-5., -3.5])`, but is `array([-3., -2.75])`
double_target = lambda rewards, ended, online, target, gamma: (
    rewards + gamma**2 * (1 - ended) * target[np.arange(len(rewards)), online.argmax(axis=1)]
)
