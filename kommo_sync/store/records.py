"""What is kept of the CRM: rows come in, whole snapshots replace, the dead are buried.

The functions take an open transaction; account.py opens it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, select

from kommo_sync.model.entities import SNAPSHOTS, Event, Part, Row
from kommo_sync.store import merging, upserts
from kommo_sync.store.tables import ENTITIES_OF, TABLE_OF, tombstones

T = TypeVar("T")

_IDS_AT_ONCE = 500
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
    return sum(
        upserts.write(
            connection, TABLE_OF[kind], _tuples(account_id, rows, kind, seen_at)
        )
        for kind in ENTITIES_OF[part]
        if kind in kinds
    )


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
    for some in _portions(sorted(set(ids))):
        these = table.c.id.in_(some)
        alive = select(table.c.id).where(*here, these, table.c.seen_at > at)
        living = set(connection.execute(alive).scalars())
        dead = [one for one in some if one not in living]
        if not dead:
            continue
        gone = delete(table).where(*here, table.c.id.in_(dead))
        removed += connection.execute(gone).rowcount
        upserts.write(
            connection,
            tombstones,
            [(account_id, part.value, one, at) for one in dead],
        )
    return removed


def revive(
    connection: Connection, account_id: int, part: Part, ids: Collection[int]
) -> None:
    """Take away tombstones, and merges of those who died by one."""
    _lift(connection, account_id, part, ids)
    for some in _portions(sorted(set(ids))):
        merging.forget(connection, account_id, part, some)


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
    if kind is Event:
        return [(account_id, *row) for row in rows]
    return [(account_id, *row, seen_at) for row in rows if type(row) is kind]


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
    for some in _portions(sorted(set(ids))):
        connection.execute(
            delete(tombstones).where(
                tombstones.c.account_id == account_id,
                tombstones.c.part == part.value,
                tombstones.c.id.in_(some),
            )
        )


def _portions(values: Iterable[T]) -> Iterator[list[T]]:
    left = iter(values)
    while some := list(islice(left, _IDS_AT_ONCE)):
        yield some
