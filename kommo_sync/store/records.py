"""What is kept of the CRM: rows come in, whole snapshots replace, the dead are buried.

The functions take an open transaction; account.py opens it.
"""

from collections.abc import Collection, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, select

from kommo_sync.model.entities import SNAPSHOTS, Event, Lead, Part, Row
from kommo_sync.store import linking, merging, upserts
from kommo_sync.store.linking import Named
from kommo_sync.store.portions import portions
from kommo_sync.store.tables import ENTITIES_OF, TABLE_OF, leads, tombstones

_TOMBSTONES = select(tombstones.c.id, tombstones.c.at).where(
    tombstones.c.account_id == bindparam("account"),
    tombstones.c.part == bindparam("part"),
    tombstones.c.id.between(bindparam("low"), bindparam("high")),
)


def keep(
    connection: Connection,
    account_id: int,
    part: Part,
    rows: Sequence[Row],
    seen_at: int,
) -> int:
    """Keep the rows of an answer, but for what is older or buried; count the written.

    Raises:
        ValueError: rows of another part.
    """
    kinds = set(map(type, rows))
    if not kinds <= set(ENTITIES_OF[part]):
        raise ValueError(f"{part} has no rows like {kinds}")
    mortal = part not in SNAPSHOTS and part is not Part.EVENTS
    if mortal and rows:
        rows = _without_dead(connection, account_id, part, rows, seen_at)
        rows = merging.followed(connection, account_id, rows)
    written = sum(
        upserts.write(
            connection, TABLE_OF[kind], _tuples(account_id, rows, kind, seen_at)
        )
        for kind in ENTITIES_OF[part]
        if kind in kinds
    )
    if part is Part.LEADS:
        _note_contacts(connection, account_id, rows, written)
    return written


def replace(
    connection: Connection,
    account_id: int,
    part: Part,
    rows: Sequence[Row],
    seen_at: int,
) -> int:
    """Let a part be exactly these rows; count them.

    Raises:
        ValueError: not a part that is read whole, or rows of another one.
    """
    if part not in SNAPSHOTS:
        raise ValueError(f"{part} is not read whole")
    for kind in ENTITIES_OF[part]:
        table = TABLE_OF[kind]
        connection.execute(delete(table).where(*scope(table, account_id, part)))
    return keep(connection, account_id, part, rows, seen_at)


def bury(
    connection: Connection, account_id: int, part: Part, ids: Collection[int], at: int
) -> int:
    """Put up tombstones and remove the rows under them; count the removed.

    A row that was seen alive after `at` stays, and gets no tombstone: so it does not
    matter which arrives first, the death or the later sighting.

    Raises:
        ValueError: a part whose rows do not die one by one.
    """
    if part in SNAPSHOTS or part is Part.EVENTS:
        raise ValueError(f"rows of {part} are not buried")
    table = _table(part)
    here = scope(table, account_id, part)
    removed = 0
    for some in portions(sorted(set(ids))):
        these = table.c.id.in_(some)
        alive = select(table.c.id).where(*here, these, table.c.seen_at > at)
        living = set(connection.execute(alive).scalars())
        dead = [one for one in some if one not in living]
        if not dead:
            continue
        gone = delete(table).where(*here, table.c.id.in_(dead))
        removed += connection.execute(gone).rowcount
        if part is Part.LEADS:
            linking.forget(connection, account_id, dead)
        upserts.write(
            connection,
            tombstones,
            [(account_id, part.value, one, at) for one in dead],
        )
    return removed


def merge(
    connection: Connection,
    account_id: int,
    part: Part,
    pair: tuple[int, int],
    at: int,
) -> None:
    """Bury the loser of a merge (loser, winner) and re-point, unless it was seen later.

    So only the dead are losers, and who lives again is none.
    """
    bury(connection, account_id, part, pair[:1], at)
    died = select(tombstones.c.at).where(
        tombstones.c.account_id == account_id,
        tombstones.c.part == part.value,
        tombstones.c.id == pair[0],
    )
    if connection.execute(died).first() is not None:
        merging.record(connection, account_id, part, pair, at)


def revive(
    connection: Connection,
    account_id: int,
    part: Part,
    ids: Collection[int],
    seen_at: int,
) -> None:
    """Let those live who were asked for by id and seen, unless they died after that.

    An answer may arrive late, when a younger one has told of a death already.
    """
    for some in portions(sorted(set(ids))):
        younger = select(tombstones.c.id).where(
            tombstones.c.account_id == account_id,
            tombstones.c.part == part.value,
            tombstones.c.id.in_(some),
            tombstones.c.at > seen_at,
        )
        dead = set(connection.execute(younger).scalars())
        _lift(connection, account_id, part, [one for one in some if one not in dead])


def scope(table: Table, account_id: int, part: Part) -> list[ColumnElement[bool]]:
    """Return the conditions that single out a part's rows of an account."""
    conditions = [table.c.account_id == account_id]
    if "/" in part.value:
        conditions.append(table.c.entity_type == part.entity_type)
    return conditions


def _table(part: Part) -> Table:
    return TABLE_OF[ENTITIES_OF[part][0]]


def _tuples(
    account_id: int, rows: Sequence[Row], kind: type[Row], seen_at: int
) -> list[tuple[Any, ...]]:
    # Added tuples are made in half the time of unpacked ones.
    head, tail = (account_id,), (seen_at,)
    if kind is Event:
        return [head + row for row in rows]
    return [head + row + tail for row in rows if type(row) is kind]


def _note_contacts(
    connection: Connection, account_id: int, rows: Sequence[Row], written: int
) -> None:
    if written == len(rows):
        linking.note(connection, account_id, cast("Sequence[Lead]", rows))
        return
    # Some were passed over: what is kept of those is younger.
    for some in portions(int(row.id) for row in rows):
        found = connection.execute(
            select(leads.c.id, leads.c.main_contact_id, leads.c.contact_ids).where(
                leads.c.account_id == account_id, leads.c.id.in_(some)
            )
        )
        linking.note(connection, account_id, [Named(*one) for one in found])


def _without_dead(
    connection: Connection,
    account_id: int,
    part: Part,
    rows: Sequence[Row],
    seen_at: int,
) -> Sequence[Row]:
    ids = [int(row.id) for row in rows]
    # A page is ordered by id, so a range finds hardly more than a list of ids would.
    page = {"account": account_id, "part": part, "low": min(ids), "high": max(ids)}
    found = connection.execute(_TOMBSTONES, page).all()
    if not found:
        return rows
    dead = {one for one, at in found if at >= seen_at}
    risen = {one for one, _ in found}.intersection(ids) - dead
    _lift(connection, account_id, part, risen)
    return [row for row in rows if row.id not in dead]


def _lift(
    connection: Connection, account_id: int, part: Part, ids: Collection[int]
) -> None:
    """Take away tombstones, and the merges by which those died."""
    for some in portions(sorted(set(ids))):
        merging.forget(connection, account_id, part, some)
        connection.execute(
            delete(tombstones).where(
                tombstones.c.account_id == account_id,
                tombstones.c.part == part.value,
                tombstones.c.id.in_(some),
            )
        )
