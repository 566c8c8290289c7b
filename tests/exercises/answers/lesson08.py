"""Answers to the exercises of lesson 8; test_answers.py says how to read and how to add them."""
# ruff: noqa


# RIGHT impossible
def impossible(values, gamma):
    too_low = values < -1 / (1 - gamma)
    too_high = values > 0
    return np.logical_or(too_low, too_high)


# RIGHT impossible
def impossible(values, gamma):
    return ~((values >= -1 / (1 - gamma)) & (values <= 0))


# RIGHT impossible
# Comprehension, chained comparison, np.array.
def impossible(values, gamma):
    worst = -1 / (1 - gamma)
    return np.array([not (worst <= v <= 0) for v in values], dtype=bool)


# RIGHT impossible
# Masks set one after the other.
def impossible(values, gamma):
    v = np.array(values, dtype=float)
    marks = np.full(v.shape, False)
    lowest = -((1 - gamma) ** -1)
    marks[v > 0] = True
    marks[v < lowest] = True
    return marks


# RIGHT impossible
# Vectorised, or of two comparisons.
def impossible(values, gamma):
    return (values < -1 / (1 - gamma)) | (values > 0)


# WRONG impossible: Only the values below
def impossible(values, gamma):
    return values < -1 / (1 - gamma)


# WRONG impossible: -200 is the worst
def impossible(values, gamma):
    return (values < -200) | (values > 0)


# WRONG impossible
def impossible(values, gamma):
    return values < -1 / (1 - gamma) or values > 0


# WRONG impossible: No value can be
def impossible(values, gamma):
    return (values < -1 / (1 - gamma)) & (values > 0)


# WRONG impossible: This is the floor
# Floor for 200 steps, not for ever.
def impossible(values, gamma):
    values = np.asarray(values)
    floor = -sum(gamma**k for k in range(200))
    return (values < floor) | (values > 0)


# WRONG impossible: Only the distance from
# Distance from 0 only, lets positive values through.
def impossible(values, gamma):
    return np.abs(values) > 1 / (1 - gamma)


# RIGHT td_errors
def td_errors(targets, estimates):
    return np.reshape(targets, -1) - np.reshape(estimates, -1)


# RIGHT td_errors
def td_errors(targets, estimates):
    n = targets.size
    return np.array([targets.item(i) - estimates.item(i) for i in range(n)])


# RIGHT td_errors
# Ravel as methods.
def td_errors(targets, estimates):
    return targets.ravel() - estimates.ravel()


# RIGHT td_errors
# Comprehension over .flat, converted to float64.
def td_errors(targets, estimates):
    pairs = zip(np.asarray(targets).flat, np.asarray(estimates).flat)
    return np.array([t - e for t, e in pairs], dtype=np.float64)


# RIGHT td_errors
# np.subtract on flattened copies.
def td_errors(targets, estimates):
    x, y = targets.flatten(), estimates.flatten()
    return np.subtract(x, y)


# WRONG td_errors: This is exhibit D
def td_errors(targets, estimates):
    return targets - estimates


# WRONG td_errors: The sign is turned
def td_errors(targets, estimates):
    return estimates.ravel() - targets.ravel()


# WRONG td_errors: All differences are positive
def td_errors(targets, estimates):
    return (targets.ravel() - estimates.ravel()) ** 2


# WRONG td_errors: The results are columns
def td_errors(targets, estimates):
    return targets.reshape(-1, 1) - estimates.reshape(-1, 1)


# WRONG td_errors: It subtracts first and
# Mean over the broadcast axis.
def td_errors(targets, estimates):
    difference = targets - estimates
    if difference.ndim == 2:
        difference = difference.mean(axis=1)
    return difference


# WRONG td_errors: The errors are cut
# Whole-number errors.
def td_errors(targets, estimates):
    return (np.ravel(targets) - np.ravel(estimates)).astype(int)


# RIGHT where_to_look
def where_to_look(arrivals, lowest, highest):
    if not arrivals:
        return "exploration"
    elif highest > 50:
        return "bootstrap"
    elif highest - lowest < 3:
        return "flat"
    else:
        return "look closer"


# RIGHT where_to_look
def where_to_look(arrivals, lowest, highest):
    late = "flat" if highest < lowest + 3 else "look closer"
    return "exploration" if arrivals == 0 else "bootstrap" if highest > 50 else late


# RIGHT where_to_look
# np.select, converted to str.
def where_to_look(arrivals, lowest, highest):
    conditions = [np.equal(arrivals, 0), np.greater(highest, 50), np.less(np.subtract(highest, lowest), 3)]
    return str(np.select(conditions, ["exploration", "bootstrap", "flat"], default="look closer"))


# RIGHT where_to_look
# Overwrites from the weakest to the strongest.
def where_to_look(arrivals, lowest, highest):
    verdict = "look closer"
    spread = highest - lowest
    if spread < 3:
        verdict = "flat"
    if highest > 50:
        verdict = "bootstrap"
    if arrivals == 0:
        verdict = "exploration"
    return verdict


# RIGHT where_to_look
# Argmax over an array of names, returns np.str_.
def where_to_look(arrivals, lowest, highest):
    names = np.array(["exploration", "bootstrap", "flat", "look closer"])
    yes = [int(arrivals) == 0, float(highest) > 50.0, float(highest) - float(lowest) < 3.0, True]
    return names[np.argmax(yes)]


# WRONG where_to_look: Values above 50 come
def where_to_look(arrivals, lowest, highest):
    if highest > 50:
        return "bootstrap"
    if arrivals == 0:
        return "exploration"
    if highest - lowest < 3:
        return "flat"
    return "look closer"


# WRONG where_to_look: Flat comes before bootstrap
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        return "exploration"
    if highest - lowest < 3:
        return "flat"
    if highest > 50:
        return "bootstrap"
    return "look closer"


# WRONG where_to_look
def where_to_look(arrivals, lowest, highest):
    if arrivals == 0:
        return 0
    if highest > 50:
        return 1
    return 2 if highest - lowest < 3 else 3


# WRONG where_to_look
# A list of all that applies.
def where_to_look(arrivals, lowest, highest):
    found = []
    if arrivals == 0:
        found.append("exploration")
    if highest > 50:
        found.append("bootstrap")
    if highest - lowest < 3:
        found.append("flat")
    return found or ["look closer"]


# WRONG where_to_look: One arrival counts as
# One arrival counts as none.
def where_to_look(arrivals, lowest, highest):
    if arrivals <= 1:
        return "exploration"
    if highest > 50:
        return "bootstrap"
    if highest - lowest < 3:
        return "flat"
    return "look closer"
