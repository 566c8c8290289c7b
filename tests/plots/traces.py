"""Traces of the online and the target network, for the tests of curves and films."""

import numpy as np

from dqn_lib.plots.curves import TargetTrace

EXACT = -63.25
UPDATES = np.arange(16, 3_216, 16)


def a_trace(speed, lag):
    """The target has the value that the estimate had `lag` records ago."""
    estimate = -60 * (1 - np.exp(-UPDATES / speed)) + np.sin(UPDATES / 40)
    return TargetTrace(UPDATES, estimate, estimate[np.maximum(np.arange(len(UPDATES)) - lag, 0)])


TRACES = {"copied every step": a_trace(300, 0), "hard": a_trace(700, 12), "soft: tau 0.01": a_trace(900, 6)}
