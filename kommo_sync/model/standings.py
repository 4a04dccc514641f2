"""Standings as they are kept in rows of the store, until a client's deals change."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from kommo_sync.model.arrays import IntArray
from kommo_sync.model.lifecycle import Standing

STANDING = np.dtype(
    [("last_day", "<i4"), ("limits", "<i4", 4), ("back", "?"), ("since", "<i4")]
)
"""The standing of a client as it is kept in a row of the store."""

UNKNOWN = np.array([(-(2**31), (0,) * 4, False, 0)], STANDING).tobytes()
"""The standing of nobody: its last day lies before all days."""


def pack_standing(standing: Standing) -> list[bytes]:
    """Return each client's standing as it is kept."""
    kept = np.empty(len(standing), STANDING)
    kept["last_day"], kept["limits"] = standing.last_day, standing.limits
    kept["back"], kept["since"] = standing.came_back, standing.active_since
    whole, size = kept.tobytes(), STANDING.itemsize
    return [whole[at : at + size] for at in range(0, len(whole), size)]


def unpack_standing(client: IntArray, packed: Sequence[bytes]) -> Standing:
    """Return what `pack_standing` made of ascending clients.

    Raises:
        ValueError: a row is no standing.
    """
    if any(len(row) != STANDING.itemsize for row in packed):
        raise ValueError(f"packed standings: each has {STANDING.itemsize} bytes")
    kept = np.frombuffer(b"".join(packed), STANDING)
    return Standing(
        client,
        kept["last_day"].astype(np.int64),
        kept["limits"].astype(np.int64),
        kept["back"].astype(np.bool_),
        kept["since"].astype(np.int64),
    )


def replaced(standing: Standing, rows: IntArray, found: Standing) -> Standing:
    """Return the standing with that of some rows, by position, in its place."""
    columns = []
    for field in fields(Standing):
        column = getattr(standing, field.name).copy()
        column[rows] = getattr(found, field.name)
        columns.append(column)
    return Standing(*columns)
