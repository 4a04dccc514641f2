"""Which leads count, for whom, when and how much; and whose have changed.

Clients whose deals change are noted in the same transaction, until they are judged:
a crash in between forgets nobody.
"""

from itertools import repeat

import numpy as np
from sqlalchemy import Connection, exists, insert, literal, select

from kommo_sync.model.arrays import IntArray
from kommo_sync.model.histories import Deals
from kommo_sync.model.judged import CountedDeal
from kommo_sync.store import columns, upserts
from kommo_sync.store.tables import counted_deals, touched_clients

Rows = set[tuple[int, ...]]

_COLUMNS = tuple(counted_deals.c[name] for name in CountedDeal._fields)
_CLIENT = CountedDeal._fields.index("client")


def put(
    connection: Connection,
    account_id: int,
    lead_id: IntArray,
    deals: Deals,
    gone: IntArray,
) -> IntArray:
    """Let leads count as these deals, and others not at all; write what differs.

    Args:
        connection: in a writing transaction.
        account_id: whose.
        lead_id: of each deal, shape (m,), in any order.
        deals: what they are now.
        gone: leads that do not count, or no longer; shape (k,).

    Returns:
        Keys of the clients, ascending, who had or have the deals that changed.

    Raises:
        ValueError: a lead is there twice, or not every deal has one.
    """
    named = np.concatenate((lead_id, gone))
    is_twice = np.any(np.diff(np.sort(named)) == 0)
    if is_twice or lead_id.shape != deals.client.shape:
        raise ValueError("counted leads: name each once, and one a deal")
    kept = _kept(connection, account_id, named)
    now = _rows(lead_id, deals.client, deals.day, deals.amount)
    new, old = now - kept, kept - now
    upserts.write(connection, counted_deals, [(account_id, *row) for row in new])
    dropped = {row[0] for row in old} - {row[0] for row in new}
    columns.strike(
        connection, account_id, counted_deals.c.lead_id, columns.ascending(dropped)
    )
    clients = columns.ascending({row[_CLIENT] for row in new | old})
    touch(connection, account_id, clients)
    return clients


def deals_of(
    connection: Connection, account_id: int, client: int
) -> tuple[CountedDeal, ...]:
    """Return a client's counted deals, by day, then by lead."""
    wanted = select(*_COLUMNS).where(
        counted_deals.c.account_id == account_id, counted_deals.c.client == client
    )
    ordered = wanted.order_by(counted_deals.c.day, counted_deals.c.lead_id)
    return tuple(CountedDeal(*row) for row in connection.execute(ordered))


def client_of(connection: Connection, account_id: int, lead_id: int) -> int | None:
    """Return the client for whom a lead counts; None if it does not."""
    wanted = select(counted_deals.c.client).where(
        counted_deals.c.account_id == account_id, counted_deals.c.lead_id == lead_id
    )
    return connection.execute(wanted).scalar()


def deals_by_client(
    connection: Connection, account_id: int, clients: IntArray
) -> Deals:
    """Return the counted deals of some clients."""
    table = counted_deals.c
    wanted = select(table.client, table.day, table.amount).where(
        table.account_id == account_id, columns.among(connection, table.client, clients)
    )
    return Deals(*columns.integers(connection, wanted))


def touch(connection: Connection, account_id: int, clients: IntArray) -> None:
    """Note that these clients are to be judged."""
    rows = list(zip(repeat(account_id), clients.tolist(), strict=False))
    upserts.write(connection, touched_clients, rows)


def touch_all(connection: Connection, account_id: int) -> None:
    """Note that all clients are to be judged."""
    noted = exists().where(
        touched_clients.c.account_id == account_id,
        touched_clients.c.client == counted_deals.c.client,
    )
    others = select(literal(account_id), counted_deals.c.client).where(
        counted_deals.c.account_id == account_id, ~noted
    )
    names = [column.name for column in touched_clients.columns]
    connection.execute(insert(touched_clients).from_select(names, others.distinct()))


def touched(
    connection: Connection, account_id: int, after: int, limit: int
) -> IntArray:
    """Return clients that are to be judged, ascending."""
    client = touched_clients.c.client
    wanted = select(client).where(
        touched_clients.c.account_id == account_id, client > after
    )
    ordered = wanted.order_by(client).limit(limit)
    [found] = columns.integers(connection, ordered)
    return found


def _kept(connection: Connection, account_id: int, lead_ids: IntArray) -> Rows:
    wanted = select(*_COLUMNS).where(
        counted_deals.c.account_id == account_id,
        columns.among(connection, counted_deals.c.lead_id, lead_ids),
    )
    return _rows(*columns.integers(connection, wanted))


def _rows(*found: IntArray) -> Rows:
    return set(zip(*(column.tolist() for column in found), strict=True))
