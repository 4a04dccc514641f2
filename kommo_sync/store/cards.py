"""What stands on cards of contacts and companies, beside their names."""

import json

import numpy as np
from sqlalchemy import Column, Connection, Table, and_, func, select, union

from kommo_sync.model.arrays import IntArray
from kommo_sync.model.entities import LOST, WON, Part
from kommo_sync.store import columns
from kommo_sync.store.tables import companies, contacts, lead_contacts, leads

CARDS: dict[Part, Table] = {Part.CONTACTS: contacts, Part.COMPANIES: companies}


def tagged(connection: Connection, account_id: int, part: Part, tag: str) -> IntArray:
    """Return the cards that carry a tag, whatever its case; ascending ids."""
    table, wanted = CARDS[part], tag.casefold()
    found = [
        card
        for card, text in _holding(connection, account_id, table.c.tags, '"name"')
        if any(str(one.get("name", "")).casefold() == wanted for one in _list(text))
    ]
    return np.array(found, np.int64)


def filled_in(
    connection: Connection, account_id: int, part: Part, field_id: int
) -> IntArray:
    """Return the cards that have something in a custom field; ascending ids.

    An unticked checkbox is nothing.
    """
    table = CARDS[part]
    found = [
        card
        for card, text in _holding(
            connection, account_id, table.c.field_values, str(field_id)
        )
        if any(
            one.get("field_id") == field_id and _says_something(one)
            for one in _list(text)
        )
    ]
    return np.array(found, np.int64)


def numbers(
    connection: Connection, account_id: int, part: Part, name: str
) -> tuple[IntArray, IntArray]:
    """Return all cards, ascending, and a column of whole numbers."""
    table = CARDS[part]
    wanted = select(table.c.id, table.c[name]).where(table.c.account_id == account_id)
    card, found = columns.integers(connection, wanted.order_by(table.c.id))
    return card, found


def with_open_deal(connection: Connection, account_id: int) -> IntArray:
    """Return the contacts with a lead that is neither won nor lost; ascending."""
    is_open = leads.c.status_id.not_in((WON, LOST))
    main = select(leads.c.main_contact_id).where(
        leads.c.account_id == account_id, is_open, leads.c.main_contact_id.is_not(None)
    )
    others = (
        select(lead_contacts.c.contact_id)
        .join(
            leads,
            and_(
                leads.c.account_id == lead_contacts.c.account_id,
                leads.c.id == lead_contacts.c.lead_id,
            ),
        )
        .where(lead_contacts.c.account_id == account_id, is_open)
    )
    named = union(main, others).subquery()
    [found] = columns.integers(connection, select(*named.c).order_by(*named.c))
    return found


def _holding(
    connection: Connection, account_id: int, column: Column[str], text: str
) -> list[tuple[int, str]]:
    table = column.table
    wanted = select(table.c.id, column).where(
        table.c.account_id == account_id,
        func.length(column) > len("[]"),
        column.contains(text, autoescape=True),
    )
    return [tuple(row) for row in connection.execute(wanted.order_by(table.c.id))]


def _list(text: str) -> list[dict[str, object]]:
    return [one for one in json.loads(text) if isinstance(one, dict)]


def _says_something(field: dict[str, object]) -> bool:
    values = field.get("values")
    return isinstance(values, list) and any(
        isinstance(one, dict) and one.get("value") not in (None, "", False)
        for one in values
    )
