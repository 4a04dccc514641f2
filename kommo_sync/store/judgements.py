"""What is thought of each client now, and each turn that it took."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, Table, func, select

from kommo_sync.model.arrays import IntArray
from kommo_sync.model.judged import GONE, JudgementRow, LoggedJudgement
from kommo_sync.store import columns, upserts
from kommo_sync.store.tables import (
    counted_deals,
    judgement_log,
    judgements,
    summaries,
    touched_clients,
)


@dataclass(frozen=True, slots=True)
class Standings:
    """Where clients stood on a day; one entry a client.

    Args:
        client: ascending keys.
        stage: of each.
        segment: of each.
    """

    client: IntArray
    stage: list[str]
    segment: list[str]

    def __len__(self) -> int:
        return len(self.client)


def digests(connection: Connection, account_id: int) -> tuple[IntArray, IntArray]:
    """Return the clients that are judged, ascending, and what stands for it: (n,)."""
    table = judgements.c
    wanted = select(table.client, table.digest).where(table.account_id == account_id)
    client, digest = columns.integers(connection, wanted.order_by(table.client))
    return client, digest


def of(
    connection: Connection, account_id: int, clients: IntArray
) -> tuple[JudgementRow, ...]:
    """Return the judgements of those of some clients that have one, ascending."""
    theirs = columns.among(connection, judgements.c.client, clients)
    wanted = _rows_of(judgements, account_id).where(theirs)
    found = connection.execute(wanted.order_by(judgements.c.client))
    return tuple(JudgementRow(*row) for row in found)


def write(
    connection: Connection,
    account_id: int,
    rows: Sequence[JudgementRow],
    log_rows: Sequence[LoggedJudgement],
) -> None:
    """Keep judgements in the place of earlier ones, and append to the log.

    Raises:
        ValueError: the values are not Python's own.
    """
    for row in (*rows[:1], *(one.row for one in log_rows[:1])):
        _require_plain(row)
    upserts.write(connection, judgements, [(account_id, *row) for row in rows])
    logged = [(account_id, *one.row, one.entries) for one in log_rows]
    upserts.write(connection, judgement_log, logged)


def settle(connection: Connection, account_id: int, clients: IntArray) -> None:
    """Note that clients need not be judged any more."""
    columns.strike(connection, account_id, touched_clients.c.client, clients)


def drop_gone(
    connection: Connection, account_id: int, clients: IntArray, as_of: int, scoring: int
) -> IntArray:
    """Forget those of some clients who have no deals left; the log tells it.

    Returns:
        Who is gone, ascending.
    """
    counted = columns.among(connection, counted_deals.c.client, clients)
    [living] = columns.integers(
        connection,
        select(counted_deals.c.client)
        .distinct()
        .where(counted_deals.c.account_id == account_id, counted),
    )
    gone = columns.without(clients, living)
    drop(connection, account_id, gone, (as_of, scoring))
    for table in (summaries, touched_clients):
        columns.strike(connection, account_id, table.c.client, gone)
    return gone


def drop(
    connection: Connection, account_id: int, clients: IntArray, by: tuple[int, int]
) -> None:
    """Forget the judgements of clients that have no purchase left; the log tells it.

    Args:
        connection: in a writing transaction.
        account_id: whose.
        clients: keys, ascending.
        by: the day and the scoring that found it.
    """
    as_of, scoring = by
    log_rows = [
        LoggedJudgement(
            row._replace(
                as_of=as_of, scoring_id=scoring, stage=GONE, stage_since=as_of
            ),
            b"",
        )
        for row in of(connection, account_id, clients)
    ]
    write(connection, account_id, (), log_rows)
    columns.strike(connection, account_id, judgements.c.client, clients)


def log_of(
    connection: Connection, account_id: int, client: int
) -> tuple[LoggedJudgement, ...]:
    """Return a client's turns in their order."""
    log = judgement_log.c
    wanted = _rows_of(judgement_log, account_id).add_columns(log.entries)
    found = connection.execute(
        wanted.where(log.client == client).order_by(log.as_of, log.scoring_id)
    )
    return tuple(
        LoggedJudgement(JudgementRow(*row), bytes(entries)) for *row, entries in found
    )


def standings(connection: Connection, account_id: int, day: int) -> Standings:
    """Return where all clients stood at the end of a day, but for those then gone."""
    log = judgement_log.c
    following = func.lead(log.as_of).over(
        partition_by=log.client, order_by=(log.as_of, log.scoring_id)
    )
    turns = (
        select(log.client, log.stage, log.segment, following.label("following"))
        .where(log.account_id == account_id, log.as_of <= day)
        .subquery()
    )
    last = select(turns.c.client, turns.c.stage, turns.c.segment).where(
        turns.c.following.is_(None), turns.c.stage != GONE
    )
    found = connection.execute(last.order_by(turns.c.client)).all()
    client, stage, segment = zip(*found, strict=True) if found else ((), (), ())
    return Standings(np.array(client, np.int64), list(stage), list(segment))


def _rows_of(table: Table, account_id: int) -> Select[Any]:
    named = (table.c[name] for name in JudgementRow._fields)
    return select(*named).where(table.c.account_id == account_id)


def _require_plain(row: JudgementRow) -> None:
    """Refuse numpy's numbers: SQLite would keep their bytes."""
    for name, value in row._asdict().items():
        if not isinstance(value, int | float | str | None) or hasattr(value, "dtype"):
            raise ValueError(
                f"{name} is a {type(value).__name__}: turn columns into lists first"
            )
