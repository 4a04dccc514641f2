"""Clients whose numbers are the same need one calculation: which rows those are."""

import numpy as np

from kommo_sync.model.arrays import FloatArray, IntArray

_LARGEST_KEY = 1 << 62
_LARGEST_WHOLE = 1 << 31


def distinct_rows(*columns: FloatArray) -> tuple[IntArray, IntArray]:
    """Return where each distinct row is first met, and each row's number among them.

    Args:
        columns: of equal length, finite, none negative.

    Returns:
        Shapes (u,) and (n,); the distinct rows ascend by the first column, then on.
    """
    key, size = _keys(columns)
    if size > 4 * len(key) + 1024:
        _, first, row = np.unique(key, return_index=True, return_inverse=True)
        return first, row
    seen = np.zeros(size, np.bool_)
    seen[key] = True
    row = (np.cumsum(seen) - 1)[key]
    first = np.zeros(np.count_nonzero(seen), np.int64)
    first[row[::-1]] = np.arange(len(key))[::-1]
    return first, row


def counted_rows(*columns: FloatArray) -> tuple[IntArray, IntArray]:
    """Return where each distinct row is first met, and how often: shape (u,) each."""
    _, first, count = np.unique(
        _keys(columns)[0], return_index=True, return_counts=True
    )
    return first, count


def _keys(columns: tuple[FloatArray, ...]) -> tuple[IntArray, int]:
    """Return one whole number a row that is as distinct as the row, and their bound."""
    key, size = np.zeros(len(columns[0]), np.int64), 1
    for column in columns:
        code = _codes(column)
        radix = int(code.max(initial=0)) + 1
        if size * radix > _LARGEST_KEY:
            values, key = np.unique(key, return_inverse=True)
            size = len(values)
        key, size = key * radix + code, size * radix
    return key, size


def _codes(column: FloatArray) -> IntArray:
    """Return whole numbers in the order of the values: days are their own."""
    if column.max(initial=0) < _LARGEST_WHOLE:
        whole = column.astype(np.int64)
        if (whole == column).all():
            return whole
    return np.unique(column, return_inverse=True)[1]
