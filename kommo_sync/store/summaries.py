"""One row a client: its settled purchases, and all of its deals in one value."""

from dataclasses import dataclass
from hashlib import blake2b
from itertools import repeat
from typing import Any

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    func,
    select,
    update,
)

from kommo_sync.model.arrays import IntArray
from kommo_sync.model.histories import History, pack, unpack
from kommo_sync.model.purchases import PurchaseRules, settle, summarize
from kommo_sync.store import columns, counted, upserts
from kommo_sync.store.tables import summaries

_COLUMNS = tuple(
    summaries.c[name] for name in ("client", "data_hash", "entries", "standing")
)

# Texts, as in upserts.py, so that rows cost little more than the bare driver takes.
_STANDINGS_ON_SQLITE = (
    "UPDATE summaries SET standing = ? WHERE account_id = ? AND client = ?"
)
_STANDINGS_ON_POSTGRES = """
UPDATE summaries SET standing = new.standing
FROM unnest(%s::BIGINT[], %b::BYTEA[]) AS new (client, standing)
WHERE summaries.account_id = %s AND summaries.client = new.client
"""


@dataclass(frozen=True, slots=True)
class Known:
    """All counted deals of some clients.

    Args:
        history: n clients.
        data_hash: of each one's deals; shape (n,).
        standing: of each one; empty where it is not worked out for these deals.
    """

    history: History
    data_hash: IntArray
    standing: list[bytes]

    def __len__(self) -> int:
        return len(self.data_hash)


def data_hash(entries: bytes) -> int:
    """Return what stands for a client's packed deals: 64 bits of BLAKE2b, signed."""
    digest = blake2b(entries, digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def rebuild(
    connection: Connection, account_id: int, clients: IntArray, rules: PurchaseRules
) -> Known:
    """Write the summaries of clients anew from their counted deals; return these.

    Who has no deals left loses its row, and is not in the answer.

    Args:
        connection: in a writing transaction.
        account_id: whose.
        clients: keys in any order.
        rules: what counts as a purchase, for the plain numbers.
    """
    deals = counted.deals_by_client(connection, account_id, clients)
    history = History.of(deals)
    packed = pack(history)
    hashes = np.array([*map(data_hash, packed)], np.int64)
    known = Known(history, hashes, [b""] * len(history))
    numbers = (
        history.client,
        *_plain_numbers(history, rules),
        known.data_hash,
    )
    lists = (column.tolist() for column in numbers)
    ours, bytes_of = repeat(account_id, len(known)), (packed, known.standing)
    rows = list(zip(ours, *lists, *bytes_of, strict=True))
    upserts.write(connection, summaries, rows)
    left = columns.without(clients, history.client)
    columns.strike(connection, account_id, summaries.c.client, left)
    return known


def after(connection: Connection, account_id: int, client: int, limit: int) -> Known:
    """Return the next clients behind a key, ascending."""
    wanted = _wanted(account_id, summaries.c.client > client)
    return _known(connection, wanted.limit(limit))


def of(connection: Connection, account_id: int, clients: IntArray) -> Known:
    """Return those of some clients that have a summary, ascending."""
    theirs = columns.among(connection, summaries.c.client, clients)
    return _known(connection, _wanted(account_id, theirs))


def put_standings(
    connection: Connection, account_id: int, client: IntArray, standing: list[bytes]
) -> None:
    """Keep what the last purchases of clients settled, beside their deals."""
    if not len(client):
        return
    if connection.dialect.name == "sqlite":
        rows = zip(standing, repeat(account_id), client.tolist(), strict=False)
        connection.exec_driver_sql(_STANDINGS_ON_SQLITE, list(rows))
        return
    keys = "{" + str(client.tolist())[1:-1] + "}"
    connection.exec_driver_sql(_STANDINGS_ON_POSTGRES, (keys, standing, account_id))


def forget_standings(connection: Connection, account_id: int) -> None:
    """Forget what was settled of all clients: the rules are others now."""
    ours = update(summaries).where(
        summaries.c.account_id == account_id, func.length(summaries.c.standing) > 0
    )
    connection.execute(ours.values(standing=b""))


def _wanted(account_id: int, which: ColumnElement[bool]) -> Select[Any]:
    wanted = select(*_COLUMNS).where(summaries.c.account_id == account_id, which)
    return wanted.order_by(summaries.c.client)


def _known(connection: Connection, wanted: Select[Any]) -> Known:
    numbers, texts = columns.packed(connection, wanted, width=2)
    (client, hashes), (packed, standing) = numbers, texts
    return Known(unpack(client, packed), hashes, standing)


def _plain_numbers(history: History, rules: PurchaseRules) -> IntArray:
    """Return purchases, total, first, last day and last amount: shape (5, n)."""
    numbers = np.zeros((5, len(history)), np.int64)
    if len(history):
        last_day = int(history.day.max())
        summary = summarize(settle(history, rules), last_day, horizon=1)
        numbers[:, np.searchsorted(history.client, summary.client)] = (
            summary.count,
            summary.total,
            summary.first_day,
            summary.last_day,
            summary.last_amount,
        )
    return numbers
