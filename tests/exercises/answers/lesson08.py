"""Answers to the exercises of lesson 8; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT impossible
def impossible(values, gamma):
    floor = -sum(gamma**k for k in range(10_000))
    return [bool(value < floor - 1e-9 or value > 0) for value in values]


# RIGHT impossible
impossible = lambda values, gamma: ~np.logical_and(values * (1 - gamma) >= -1, values <= 0)


# RIGHT impossible
# Masks set one after the other.
def impossible(values, gamma):
    marks = np.full(values.shape, False)
    marks[values > 0] = True
    marks[values < -((1 - gamma) ** -1)] = True
    return marks


# RIGHT impossible
impossible = lambda values, gamma: np.clip(values, -1 / (1 - gamma), 0) != values

# WRONG impossible: Only the values below
impossible = lambda values, gamma: values < -1 / (1 - gamma)

# WRONG impossible: Only the values above 0
impossible = lambda values, gamma: np.array([v > 0 for v in values])

# WRONG impossible: Only the distance from 0
impossible = lambda values, gamma: np.abs(values) > 1 / (1 - gamma)

# WRONG impossible: has the wrong sign
impossible = lambda values, gamma: (values < 1 / (1 - gamma)) | (values > 0)

# WRONG impossible: has the wrong sign
impossible = lambda values, gamma: (values > 1 / (1 - gamma)) | (values < 0)

# WRONG impossible: worst *return*
impossible = lambda values, gamma: (values < -200) | (values > 0)

# WRONG impossible: The floor itself is possible
impossible = lambda values, gamma: (values <= -1 / (1 - gamma)) | (values > 0)

# WRONG impossible: 0 is possible
impossible = lambda values, gamma: (values < -1 / (1 - gamma)) | (values >= 0)

# WRONG impossible: for gamma 0.99 only
impossible = lambda values, gamma: (values < -100) | (values > 0)

# WRONG impossible: first step is missing
impossible = lambda values, gamma: (values < gamma / (gamma - 1)) | (values > 0)


# WRONG impossible: the floor after 200 steps
def impossible(values, gamma):
    floor = -sum(gamma**k for k in range(200))
    return (values < floor) | (values > 0)


# WRONG impossible: the floor after 200 steps
impossible = lambda values, gamma: (values < -(1 - gamma**200) / (1 - gamma)) | (values > 0)

# WRONG impossible: not -1 / gamma
impossible = lambda values, gamma: (values < -1 / gamma) | (values > 0)

# WRONG impossible: join the two comparisons
impossible = lambda values, gamma: (values < -1 / (1 - gamma)) & (values > 0)

# WRONG impossible: Turned round
impossible = lambda values, gamma: (values >= -1 / (1 - gamma)) & (values <= 0)

# WRONG impossible: the positions of
impossible = lambda values, gamma: np.where((values < -1 / (1 - gamma)) | (values > 0))[0]

# WRONG impossible: impossible values themselves
impossible = lambda values, gamma: values[(values < -1 / (1 - gamma)) | (values > 0)]

# WRONG impossible: one answer for all
impossible = lambda values, gamma: any((values < -1 / (1 - gamma)) | (values > 0))

# WRONG impossible: `|` and `&` ask one of each entry
impossible = lambda values, gamma: values < -1 / (1 - gamma) or values > 0

# WRONG impossible: gamma may be 0, and never 1
impossible = lambda values, gamma: values * gamma < -1 / int(gamma == 9)

# WRONG impossible: It must be True or False
impossible = lambda values, gamma: ((values < -1 / (1 - gamma)) | (values > 0)).astype(int)

# WRONG impossible: Its shape must be (3,)
impossible = lambda values, gamma: bool(((values >= -1 / (1 - gamma)) & (values <= 0)).all())


# RIGHT td_errors
td_errors = lambda targets, estimates: np.reshape(targets, -1) - np.reshape(estimates, -1)

# RIGHT td_errors
td_errors = lambda targets, estimates: (targets.reshape(-1, 1) - estimates.reshape(-1, 1))[:, 0]


# RIGHT td_errors
def td_errors(targets, estimates):
    return [float(t) - float(e) for t, e in zip(targets.flatten(), estimates.flatten())]


# RIGHT td_errors
def td_errors(targets, estimates):
    if targets.ndim == 2:
        targets = targets[:, 0]
    if estimates.ndim == 2:
        estimates = estimates[:, 0]
    return np.subtract(targets, estimates)


# WRONG td_errors: This is exhibit D
td_errors = lambda targets, estimates: targets - estimates

# WRONG td_errors: Only one of the two
td_errors = lambda targets, estimates: targets.ravel() - estimates

# WRONG td_errors: Only one of the two
td_errors = lambda targets, estimates: targets - estimates.flatten()


# WRONG td_errors: Only one of the two
def td_errors(targets, estimates):
    if targets.ndim == 2:
        targets = targets[:, 0]
    elif estimates.ndim == 2:
        estimates = estimates[:, 0]
    return targets - estimates


# WRONG td_errors: It subtracts first
td_errors = lambda targets, estimates: (targets - estimates).flatten()

# WRONG td_errors: It subtracts first
td_errors = lambda targets, estimates: (targets - estimates).reshape(-1)[: len(targets)]


# WRONG td_errors: It subtracts first
def td_errors(targets, estimates):
    difference = targets - estimates
    return difference.mean(axis=1) if difference.ndim == 2 else difference


# WRONG td_errors: sign is turned round
td_errors = lambda targets, estimates: estimates.ravel() - targets.ravel()

# WRONG td_errors: columns of shape
td_errors = lambda targets, estimates: targets.reshape(-1, 1) - estimates.reshape(-1, 1)


# WRONG td_errors: columns of shape
def td_errors(targets, estimates):
    if targets.shape != estimates.shape:
        return targets.reshape(-1, 1) - estimates.reshape(-1, 1)
    return targets - estimates


# WRONG td_errors: With a batch of one, `squeeze`
td_errors = lambda targets, estimates: targets.squeeze() - estimates.squeeze()

# WRONG td_errors: differences are positive
td_errors = lambda targets, estimates: np.abs(targets.ravel() - estimates.ravel())

# WRONG td_errors: differences are positive
td_errors = lambda targets, estimates: (targets.ravel() - estimates.ravel()) ** 2

# WRONG td_errors: The mean hides
td_errors = lambda targets, estimates: (targets.ravel() - estimates.ravel()).mean()

# WRONG td_errors: whole numbers
td_errors = lambda targets, estimates: np.trunc(targets.ravel() - estimates.ravel())

# WRONG td_errors: whole numbers
td_errors = lambda targets, estimates: np.round(targets.ravel() - estimates.ravel())

# WRONG td_errors: has one axis only
td_errors = lambda targets, estimates: targets[:, 0] - estimates[:, 0]


# WRONG td_errors: To refuse is right in a training step
def td_errors(targets, estimates):
    assert targets.shape == estimates.shape
    return targets.ravel() - estimates.ravel()


# WRONG td_errors: should be `array([2., 2., 2.])`, but is `array([4., 4., 4.])`
td_errors = lambda targets, estimates: 2 * (targets.ravel() - estimates.ravel())


# RIGHT where_to_look
def where_to_look(arrivals, lowest, highest):
    if not arrivals:
        return "Exploration "
    elif highest > 50:
        return "BOOTSTRAP"
    elif highest < lowest + 3:
        return "flat"
    else:
        return "look closer"


# RIGHT where_to_look
# Overwrites from the weakest to the strongest.
def where_to_look(arrivals, lowest, highest):
    word = "flat" if abs(highest - lowest) < 3 else "look closer"
    if highest > 50:
        word = "bootstrap"
    return "exploration" if arrivals == 0 else word


# RIGHT where_to_look
# Argmax over an array of names, returns np.str_.
def where_to_look(arrivals, lowest, highest):
    names = np.array(["exploration", "bootstrap", "flat", "look closer"])
    return names[np.argmax([arrivals < 1, highest > 50, highest - lowest < 3, True])]


# RIGHT where_to_look
where_to_look = lambda arrivals, lowest, highest: (
    "exploration"
    if not arrivals
    else ["look closer", "flat"][highest - lowest < 3]
    if highest <= 50
    else "bootstrap"
)


# WRONG where_to_look: less than 3 apart come first
def where_to_look(arrivals, lowest, highest):
    if highest - lowest < 3:
        return "flat"
    if arrivals == 0:
        return "exploration"
    return "bootstrap" if highest > 50 else "look closer"


# WRONG where_to_look: overwrite what was found before
def where_to_look(arrivals, lowest, highest):
    word = "look closer"
    if arrivals == 0:
        word = "exploration"
    if highest > 50:
        word = "bootstrap"
    if highest - lowest < 3:
        word = "flat"
    return word


# WRONG where_to_look: Values above 50 come before
def where_to_look(arrivals, lowest, highest):
    if highest > 50:
        return "bootstrap"
    if arrivals == 0:
        return "exploration"
    return "flat" if highest - lowest < 3 else "look closer"


# WRONG where_to_look: Arrivals are not asked about
def where_to_look(arrivals, lowest, highest):
    if highest > 50:
        return "bootstrap"
    return "flat" if highest - lowest < 3 else "look closer"


# WRONG where_to_look: Flat comes before bootstrap
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        return "exploration"
    if highest - lowest < 3:
        return "flat"
    return "bootstrap" if highest > 50 else "look closer"


# WRONG where_to_look: 50 itself does not count
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        return "exploration"
    if highest >= 50:
        return "bootstrap"
    return "flat" if highest - lowest < 3 else "look closer"


# WRONG where_to_look: 3 apart is not flat
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        return "exploration"
    if highest > 50:
        return "bootstrap"
    return "flat" if highest - lowest <= 3 else "look closer"


# WRONG where_to_look: Every value above 0
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        return "exploration"
    if highest > 0:
        return "bootstrap"
    return "flat" if highest - lowest < 3 else "look closer"


# WRONG where_to_look: The size of the highest value
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        return "exploration"
    if abs(highest) > 50:
        return "bootstrap"
    return "flat" if highest - lowest < 3 else "look closer"


# WRONG where_to_look: The *lowest* value
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        return "exploration"
    if lowest > 50:
        return "bootstrap"
    return "flat" if highest - lowest < 3 else "look closer"


# WRONG where_to_look: One arrival counts as none
def where_to_look(arrivals, lowest, highest):
    if arrivals <= 1:
        return "exploration"
    if highest > 50:
        return "bootstrap"
    return "flat" if highest - lowest < 3 else "look closer"


# WRONG where_to_look: rounded first
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        return "exploration"
    if highest > 50:
        return "bootstrap"
    return "flat" if round(highest - lowest) < 3 else "look closer"


# WRONG where_to_look: rounded first
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        return "exploration"
    if int(highest) > 50:
        return "bootstrap"
    return "flat" if highest - lowest < 3 else "look closer"


# WRONG where_to_look: the wrong way round
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        return "exploration"
    if highest > 50:
        return "bootstrap"
    return "flat" if lowest - highest < 3 else "look closer"


# WRONG where_to_look: one of the four words, not `1`
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        return 1
    return 2 if highest > 50 else 3 if highest - lowest < 3 else 4


# WRONG where_to_look: is a `return` missing?
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        print("exploration")
    elif highest > 50:
        return "bootstrap"


# WRONG where_to_look: Return a single word
def where_to_look(arrivals, lowest, highest):
    tests = {"exploration": arrivals == 0, "bootstrap": highest > 50, "flat": highest - lowest < 3}
    return [word for word, applies in tests.items() if applies] or ["look closer"]


# WRONG where_to_look: It returned 'look_closer'. The four words are 'exploration',
where_to_look = lambda arrivals, lowest, highest: "look_closer"

# WRONG where_to_look: With `arrivals = 0`, `lowest = -100`, `highest = -99.5` the word should be `'exploration'`
where_to_look = lambda arrivals, lowest, highest: "look closer"
