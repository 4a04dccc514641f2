"""Contacts of leads beyond the main one: few leads have any, so they are found fast.

A lead's list of contacts is kept as the CRM gives it, a text. `lead_contacts` says
which leads name a contact that is not their main one; it changes with the leads, in the
same transaction.
"""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, select

from kommo_sync.model.entities import Lead
from kommo_sync.store import upserts
from kommo_sync.store.portions import portions
from kommo_sync.store.tables import lead_contacts

Links = set[tuple[int, int]]
"""Pairs of a lead and a contact."""


class Named(NamedTuple):
    """A lead with its contacts, as in Lead."""

    id: int
    main_contact_id: int | None
    contact_ids: str


_AT_ONCE = 500
_COLUMNS = (lead_contacts.c.lead_id, lead_contacts.c.contact_id)
_OURS = lead_contacts.c.account_id == bindparam("account")
_BETWEEN = (
    select(*_COLUMNS)
    .where(_OURS, lead_contacts.c.lead_id.between(bindparam("low"), bindparam("high")))
    .limit(_AT_ONCE)
)


def note(
    connection: Connection, account_id: int, leads: Sequence[Lead | Named]
) -> None:
    """Remember the contacts of leads as these are kept now; the last word counts."""
    ids = sorted({lead.id for lead in leads})
    if len(ids) < len(leads):
        leads = list({lead.id: lead for lead in leads}.values())
    # Where there is one contact, it is the main one.
    several = [lead for lead in leads if "," in lead.contact_ids]
    wanted = {
        (lead.id, contact_id)
        for lead in several
        for contact_id in json.loads(lead.contact_ids)
        if contact_id != lead.main_contact_id
    }
    kept = _kept(connection, account_id, ids)
    if kept == wanted:
        return
    changed = {lead_id for lead_id, _ in kept - wanted}
    forget(connection, account_id, changed)
    new = {link for link in wanted if link not in kept or link[0] in changed}
    upserts.write(connection, lead_contacts, [(account_id, *link) for link in new])


def forget(connection: Connection, account_id: int, lead_ids: Iterable[int]) -> None:
    """Strike out the contacts of leads."""
    for some in portions(sorted(lead_ids)):
        connection.execute(
            delete(lead_contacts).where(
                lead_contacts.c.account_id == account_id,
                lead_contacts.c.lead_id.in_(some),
            )
        )


def _kept(connection: Connection, account_id: int, lead_ids: Sequence[int]) -> Links:
    """Return the kept links of leads, whose ids ascend."""
    if not lead_ids:
        return set()
    # Most pages are neighbours: what lies between their ends is little, and theirs.
    ours = {"account": account_id, "low": lead_ids[0], "high": lead_ids[-1]}
    found = connection.execute(_BETWEEN, ours).all()
    if len(found) < _AT_ONCE:
        asked = set(lead_ids) if found else ()
        return {(lead_id, other) for lead_id, other in found if lead_id in asked}
    links: Links = set()
    for some in portions(lead_ids):
        wanted = select(*_COLUMNS).where(_OURS, lead_contacts.c.lead_id.in_(some))
        found = connection.execute(wanted, {"account": account_id}).all()
        links |= {(lead_id, other) for lead_id, other in found}
    return links
