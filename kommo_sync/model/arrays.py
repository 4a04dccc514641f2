"""Columns of numbers: one row a client, or one entry a deal."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def spread(start: IntArray) -> IntArray:
    """Return the row of each entry, for rows whose entries begin at `start`.

    Args:
        start: shape (n + 1,), ascending; row i has the entries start[i]:start[i + 1].

    Returns:
        Shape (start[-1],).
    """
    return np.repeat(np.arange(len(start) - 1), np.diff(start))


def starts(counts: IntArray) -> IntArray:
    """Return where rows of so many entries begin, and the end: shape (n + 1,)."""
    found = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=found[1:])
    return found
