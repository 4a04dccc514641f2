"""What others ask of the kept records."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Select, Table, and_, func, literal, select, union_all

from kommo_sync.model.entities import CONTACT_EVENTS, CONTACT_NOTES, WON, Part
from kommo_sync.store.records import scope
from kommo_sync.store.tables import (
    ENTITIES_OF,
    TABLE_OF,
    events,
    leads,
    merges,
    notes,
    tasks,
)


@dataclass(frozen=True, slots=True)
class Won:
    """Won leads: how many, and their sum in hundredths of the account's currency."""

    count: int
    total: int


def unseen(
    connection: Connection,
    account_id: int,
    part: Part,
    before: int,
    limit: int,
    after_id: int,
) -> tuple[int, ...]:
    """Return ids, ascending from `after_id`, last seen before a moment.

    Raises:
        ValueError: events, which are never seen again.
    """
    if part is Part.EVENTS:
        raise ValueError("events are not seen again")
    table = TABLE_OF[ENTITIES_OF[part][0]]
    found = connection.execute(
        select(table.c.id)
        .where(
            *scope(table, account_id, part),
            table.c.seen_at < before,
            table.c.id > after_id,
        )
        .order_by(table.c.id)
        .limit(limit)
    )
    return tuple(found.scalars())


def counts(connection: Connection, account_id: int) -> dict[Part, int]:
    """Return how many rows of each part are kept."""
    found = {}
    for part in Part:
        table = TABLE_OF[ENTITIES_OF[part][0]]
        counted = select(func.count()).select_from(table)
        here = scope(table, account_id, part)
        found[part] = connection.execute(counted.where(*here)).scalar_one()
    return found


def won(connection: Connection, account_id: int) -> Won:
    """Return count and sum of the won leads."""
    found = connection.execute(
        select(func.count(), func.coalesce(func.sum(leads.c.price), 0)).where(
            leads.c.account_id == account_id, leads.c.status_id == WON
        )
    ).one()
    return Won(int(found[0]), int(found[1]))


def last_contacts(
    connection: Connection, account_id: int
) -> Iterator[tuple[str, int, int]]:
    """Yield (entity type, id, when): the last contact with each card.

    A contact is a note or event that shows one, or a task that was finished. What
    points at the loser of a merge counts for the winner.
    """
    touched = union_all(
        _touches(notes, account_id, notes.c.created_at).where(
            notes.c.note_type.in_(CONTACT_NOTES)
        ),
        _touches(events, account_id, events.c.created_at).where(
            events.c.type.in_(CONTACT_EVENTS)
        ),
        _touches(tasks, account_id, tasks.c.updated_at).where(
            tasks.c.is_completed, tasks.c.entity_id.is_not(None)
        ),
    ).subquery()
    card = func.coalesce(merges.c.winner, touched.c.entity_id).label("card")
    followed = and_(
        merges.c.account_id == literal(account_id),
        merges.c.part == touched.c.entity_type,
        merges.c.loser == touched.c.entity_id,
    )
    newest = (
        select(touched.c.entity_type, card, func.max(touched.c.at).label("at"))
        .select_from(touched.outerjoin(merges, followed))
        .group_by(touched.c.entity_type, card)
    )
    for touch in connection.execute(newest):
        yield touch.entity_type, touch.card, touch.at


def _touches(table: Table, account_id: int, at: object) -> Select[tuple[str, int, int]]:
    newest = func.max(at).label("at")
    return (
        select(table.c.entity_type, table.c.entity_id, newest)
        .where(table.c.account_id == account_id)
        .group_by(table.c.entity_type, table.c.entity_id)
    )
