"""A logistic regression that begins from what is believed already."""

import numpy as np
from scipy.special import expit

from kommo_sync.model.arrays import BoolArray, FloatArray

_STEPS = 50
_LONGEST = 2.0
_SHORTEST = 1e-9


def most_likely(
    columns: FloatArray,
    happened: BoolArray,
    weight: FloatArray,
    believed: FloatArray,
    precision: FloatArray,
) -> FloatArray:
    """Return the weights of the columns that are most likely after all (MAP).

    Each has a Gaussian prior, so there is one answer for any rows, also for none.

    Args:
        columns: shape (m, c), finite.
        happened: shape (m,).
        weight: shape (m,), how much a row counts.
        believed: shape (c,), the middle of the prior.
        precision: shape (c,), positive: 1 / variance of the prior.

    Returns:
        Shape (c,), found by Newton's method.
    """
    found = believed.astype(np.float64)
    for _ in range(_STEPS):
        chance = expit(columns @ found)
        slope = columns.T @ (weight * (chance - happened))
        slope += precision * (found - believed)
        bend = (columns.T * (weight * chance * (1 - chance))) @ columns
        step = np.linalg.solve(bend + np.diag(precision), slope)
        longest = float(np.abs(step).max(initial=0))
        found = found - step * min(1, _LONGEST / max(longest, _SHORTEST))
        if longest < _SHORTEST:
            break
    return found
