"""What has changed of leads and contacts since a moment of the CRM's clock.

An answer may be kept a while after its moment, so the questions look back a little
further: to be told of a record twice does no harm.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    exists,
    func,
    select,
    union,
)

from kommo_sync.model.arrays import IntArray
from kommo_sync.model.entities import Part
from kommo_sync.store import columns, upserts
from kommo_sync.store.tables import (
    contact_points,
    contacts,
    counted_deals,
    leads,
    merges,
    scorings_state,
    tombstones,
)

MARGIN_SECONDS = 3600
"""More than lies between an answer's moment and its commit."""


@dataclass(frozen=True, slots=True)
class LeadColumns:
    """What says whether a lead counts, for whom and when; shape (n,), ids ascend.

    What a lead has not is 0: a company, a main contact, a moment it was closed.
    """

    id: IntArray
    status_id: IntArray
    pipeline_id: IntArray
    price: IntArray
    company_id: IntArray
    main_contact_id: IntArray
    closed_at: IntArray
    created_at: IntArray
    responsible_user_id: IntArray

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True)
class ContactColumns:
    """Whose cards these are and what stands on them; one entry a contact.

    Args:
        id: ascending.
        company_id: 0 where there is none.
        field_values: JSON, as in Contact.
    """

    id: IntArray
    company_id: IntArray
    field_values: list[str]

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True)
class Seen:
    """Moments of the CRM's clock; None: there is nothing."""

    leads: int | None = None
    contacts: int | None = None


@dataclass(frozen=True, slots=True)
class Since:
    """From when on, behind which id, and how many at most are asked for."""

    moment: int | None
    """None: whatever is kept."""
    after_id: int = 0
    limit: int = columns.PORTION


def changed_leads(connection: Connection, account_id: int, since: Since) -> LeadColumns:
    """Return leads that were seen since, or that a merge since has re-pointed."""
    pointers = {
        Part.CONTACTS: leads.c.main_contact_id,
        Part.COMPANIES: leads.c.company_id,
    }
    changed = _changed(leads, pointers, account_id, since)
    return _leads(connection, account_id, changed, since.limit)


def leads_of_contacts(
    connection: Connection, account_id: int, contact_ids: IntArray
) -> LeadColumns:
    """Return the leads whose main contact is one of these."""
    theirs = columns.among(connection, leads.c.main_contact_id, contact_ids)
    return _leads(connection, account_id, theirs, None)


def gone_leads(connection: Connection, account_id: int, moment: int | None) -> IntArray:
    """Return counted leads that were found dead since; None: that are not kept."""
    pointer = counted_deals.c.lead_id
    return _gone(connection, account_id, pointer, Part.LEADS, moment)


def changed_contacts(
    connection: Connection, account_id: int, since: Since
) -> ContactColumns:
    """Return contacts that were seen since, or that a merge since has re-pointed."""
    pointers = {Part.COMPANIES: contacts.c.company_id}
    company_id = func.coalesce(contacts.c.company_id, 0)
    wanted = select(contacts.c.id, company_id, contacts.c.field_values).where(
        contacts.c.account_id == account_id,
        _changed(contacts, pointers, account_id, since),
    )
    rows = connection.execute(wanted.order_by(contacts.c.id).limit(since.limit)).all()
    ids, companies, texts = zip(*rows, strict=True) if rows else ((), (), ())
    return ContactColumns(
        np.array(ids, np.int64), np.array(companies, np.int64), list(texts)
    )


def gone_contacts(
    connection: Connection, account_id: int, moment: int | None
) -> IntArray:
    """Return contacts that have points but were found dead since; None: ever."""
    pointer = contact_points.c.contact_id
    return _gone(connection, account_id, pointer, Part.CONTACTS, moment)


def contact_companies(
    connection: Connection, account_id: int
) -> tuple[IntArray, IntArray]:
    """Return all contacts, ascending, and the company of each: 0 if it has none."""
    contact_id, company_id = columns.integers(
        connection,
        select(contacts.c.id, func.coalesce(contacts.c.company_id, 0))
        .where(contacts.c.account_id == account_id)
        .order_by(contacts.c.id),
    )
    return contact_id, company_id


def newest(connection: Connection, account_id: int) -> Seen:
    """Return the moments of the youngest answers."""
    found = [
        connection.execute(
            select(func.max(table.c.seen_at)).where(table.c.account_id == account_id)
        ).scalar()
        for table in (leads, contacts)
    ]
    return Seen(*found)


def seen(connection: Connection, account_id: int) -> Seen:
    """Return up to when the judgements know what is kept."""
    state = scorings_state.c
    wanted = select(state.leads, state.contacts).where(state.account_id == account_id)
    found = connection.execute(wanted).first()
    return Seen(*found) if found else Seen()


def save_seen(connection: Connection, account_id: int, upto: Seen) -> None:
    """Remember up to when the judgements know what is kept."""
    row = (account_id, upto.leads, upto.contacts)
    upserts.write(connection, scorings_state, [row])


def _leads(
    connection: Connection,
    account_id: int,
    which: ColumnElement[bool],
    limit: int | None,
) -> LeadColumns:
    wanted = select(
        *(func.coalesce(leads.c[field.name], 0) for field in fields(LeadColumns))
    ).where(leads.c.account_id == account_id, which)
    ordered = wanted.order_by(leads.c.id).limit(limit)
    return LeadColumns(*columns.integers(connection, ordered))


def _changed(
    table: Table,
    pointers: dict[Part, Column[int]],
    account_id: int,
    since: Since,
) -> ColumnElement[bool]:
    """Return the condition on a row; with the caller's limit, the lowest ids remain."""
    if since.moment is None:
        return table.c.id > since.after_id
    # Added to, the id is no way into the table: SQLite would rather walk all of it.
    table_id = table.c.id + 0
    seen_since = (
        select(table.c.id)
        .where(
            table.c.account_id == account_id,
            table.c.seen_at >= since.moment - MARGIN_SECONDS,
            table_id > since.after_id,
        )
        .order_by(table_id)
        .limit(since.limit)
        .subquery()
    )
    repointed = [
        select(table.c.id).where(
            table.c.account_id == account_id,
            pointer.in_(_winners(account_id, part, since.moment)),
            table_id > since.after_id,
        )
        for part, pointer in pointers.items()
    ]
    return table.c.id.in_(union(select(seen_since.c.id), *repointed))


def _winners(account_id: int, part: Part, moment: int) -> Select[tuple[int]]:
    # A merge is dated by its event, which may be known much later; its loser's death
    # is dated by the answer that told of it.
    died = and_(
        tombstones.c.account_id == merges.c.account_id,
        tombstones.c.part == merges.c.part,
        tombstones.c.id == merges.c.loser,
    )
    return (
        select(merges.c.winner)
        .join(tombstones, died)
        .where(
            merges.c.account_id == account_id,
            merges.c.part == part.value,
            tombstones.c.at >= moment - MARGIN_SECONDS,
        )
    )


def _gone(
    connection: Connection,
    account_id: int,
    pointer: Column[int],
    part: Part,
    moment: int | None,
) -> IntArray:
    ours = pointer.table.c.account_id == account_id
    table = {Part.LEADS: leads, Part.CONTACTS: contacts}[part]
    is_dead: ColumnElement[bool] = ~exists().where(
        table.c.account_id == account_id, table.c.id == pointer
    )
    if moment is not None:
        is_dead = pointer.in_(
            select(tombstones.c.id).where(
                tombstones.c.account_id == account_id,
                tombstones.c.part == part.value,
                tombstones.c.at >= moment - MARGIN_SECONDS,
            )
        )
    wanted: Select[Any] = select(pointer).distinct().where(ours, is_dead)
    [found] = columns.integers(connection, wanted.order_by(pointer))
    return found
