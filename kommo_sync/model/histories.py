"""All deals of an account's clients, by client and day: what purchases are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kommo_sync.model.arrays import BoolArray, IntArray, spread, starts

ENTRY = np.dtype([("day", "<i4"), ("amount", "<i8")])
"""One deal of a client as it is kept in a row of the store."""


@dataclass(frozen=True, slots=True)
class Deals:
    """Won deals and refunds in any order; shape (m,) each.

    Args:
        client: keys of clients (`clients.py`).
        day: days since 1970-01-01, in the account's own time zone.
        amount: hundredths of the account's currency; negative is money given back.
    """

    client: IntArray
    day: IntArray
    amount: IntArray

    def __post_init__(self) -> None:
        for name in ("client", "day", "amount"):
            column = getattr(self, name)
            if column.dtype != np.int64 or column.shape != self.client.shape:
                raise ValueError(f"{name}: whole numbers, one a deal")


@dataclass(frozen=True, slots=True)
class History:
    """All deals of each client; row i has the entries start[i]:start[i + 1].

    Args:
        client: shape (n,), ascending keys.
        start: shape (n + 1,).
        day: shape (m,), ascending within a client.
        amount: shape (m,), hundredths; negative entries are refunds.
    """

    client: IntArray
    start: IntArray
    day: IntArray
    amount: IntArray

    @classmethod
    def of(cls, deals: Deals) -> "History":
        """Return the deals by client, day and amount: their order does not matter."""
        order = np.lexsort((-deals.amount, deals.day, deals.client))
        client, counts = np.unique(deals.client, return_counts=True)
        return cls(client, starts(counts), deals.day[order], deals.amount[order])

    def __len__(self) -> int:
        return len(self.client)

    def until(self, day: int) -> "History":
        """Return what was known at the end of a day; who had no deal yet is absent."""
        return self.where(self.day <= day)

    def take(self, rows: IntArray) -> "History":
        """Return some rows, by ascending position."""
        wanted = np.zeros(len(self), np.bool_)
        wanted[rows] = True
        return self.where(wanted[spread(self.start)])

    def where(self, entries: BoolArray) -> "History":
        """Return some entries, by mask: shape (m,); who has none is absent."""
        if entries.all():
            return self
        counts = np.bincount(spread(self.start)[entries], minlength=len(self))
        some = counts > 0
        kept = self.day[entries], self.amount[entries]
        return History(self.client[some], starts(counts[some]), *kept)


def joined(parts: Sequence[History]) -> History:
    """Return one history of several, whose clients ascend from part to part."""
    none = np.empty(0, np.int64)
    return History(
        np.concatenate([none, *(part.client for part in parts)]),
        starts(np.concatenate([none, *(np.diff(part.start) for part in parts)])),
        np.concatenate([none, *(part.day for part in parts)]),
        np.concatenate([none, *(part.amount for part in parts)]),
    )


def pack(history: History) -> list[bytes]:
    """Return each client's entries as they are kept: one `ENTRY` a deal."""
    entries = np.empty(len(history.day), ENTRY)
    entries["day"], entries["amount"] = history.day, history.amount
    whole, bounds = entries.tobytes(), (history.start * ENTRY.itemsize).tolist()
    return [whole[low:high] for low, high in pairwise(bounds)]


def unpack(client: IntArray, packed: Sequence[bytes]) -> History:
    """Return the history that `pack` made of ascending clients' entries.

    Raises:
        ValueError: a row is not a whole number of entries.
    """
    sizes = np.fromiter(map(len, packed), np.int64, len(packed))
    if np.any(sizes % ENTRY.itemsize):
        raise ValueError(f"packed deals: not a multiple of {ENTRY.itemsize} bytes")
    entries = np.frombuffer(b"".join(packed), ENTRY)
    day, amount = (entries[name].astype(np.int64) for name in ("day", "amount"))
    return History(client, starts(sizes // ENTRY.itemsize), day, amount)
