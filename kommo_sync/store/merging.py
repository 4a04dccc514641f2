"""Merged cards: what points at the loser points at the winner, whoever comes first.

Kommo says nothing on the loser itself: it is gone, and an event names both
(kommo-rest-api §4.4). Chains are kept short: each loser's row names the last winner.
"""

import json
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import (
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    select,
    union,
    update,
)

from kommo_sync.model.entities import Contact, Lead, Note, Part, Row, Task
from kommo_sync.store import linking
from kommo_sync.store.linking import Named
from kommo_sync.store.tables import (
    contacts,
    lead_contacts,
    leads,
    merges,
    notes,
    tasks,
)

Winners = Mapping[str, Mapping[int, int]]
"""By part: the last winner of each loser."""

_MERGES = select(merges.c.part, merges.c.loser, merges.c.winner).where(
    merges.c.account_id == bindparam("account")
)


def followed(
    connection: Connection, account_id: int, rows: Sequence[Row]
) -> Sequence[Row]:
    """Return the rows, pointing at winners where they pointed at losers."""
    winners = _winners(connection, account_id)
    if not winners:
        return rows
    return [_follow(row, winners) for row in rows]


def record(
    connection: Connection,
    account_id: int,
    part: Part,
    pair: tuple[int, int],
    at: int,
) -> None:
    """Remember that a loser was merged into a winner, and re-point what is kept.

    Args:
        connection: in a transaction of its own.
        account_id: whose.
        part: leads, contacts or companies.
        pair: loser and winner.
        at: when, by the CRM's clock.
    """
    loser, winner = pair
    kept = _winners(connection, account_id).get(part.value, {})
    last = kept.get(winner, winner)
    if last == loser:
        # One of two opposite merges: the loser has come back since, and it won.
        forget(connection, account_id, part, [winner])
        last = winner
    if kept.get(loser) == last:
        return
    forget(connection, account_id, part, [loser])
    connection.execute(
        merges.insert().values(
            account_id=account_id, part=part.value, loser=loser, winner=last, at=at
        )
    )
    connection.execute(
        update(merges)
        .where(
            merges.c.account_id == account_id,
            merges.c.part == part.value,
            merges.c.winner == loser,
        )
        .values(winner=last)
    )
    _point_elsewhere(connection, account_id, part, loser, last)


def forget(
    connection: Connection, account_id: int, part: Part, losers: Collection[int]
) -> None:
    """Strike out merges: these losers live."""
    connection.execute(
        delete(merges).where(
            merges.c.account_id == account_id,
            merges.c.part == part.value,
            merges.c.loser.in_(losers),
        )
    )


def _winners(connection: Connection, account_id: int) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for part, loser, winner in connection.execute(_MERGES, {"account": account_id}):
        found.setdefault(part, {})[loser] = winner
    return found


def _follow(row: Row, winners: Winners) -> Row:
    companies = winners.get("companies", {})
    if isinstance(row, Lead):
        people = winners.get("contacts", {})
        return row._replace(
            main_contact_id=people.get(row.main_contact_id or 0, row.main_contact_id),
            contact_ids=_follow_ids(row.contact_ids, people),
            company_id=companies.get(row.company_id or 0, row.company_id),
        )
    if isinstance(row, Contact):
        company = companies.get(row.company_id or 0, row.company_id)
        return row._replace(company_id=company)
    if isinstance(row, Task | Note) and row.entity_id is not None:
        cards = winners.get(row.entity_type or "", {})
        return row._replace(entity_id=cards.get(row.entity_id, row.entity_id))
    return row


def _follow_ids(text: str, winners: Mapping[int, int]) -> str:
    """Follow each id of a JSON list; where two become one, the first place counts."""
    if not winners:
        return text
    ids = dict.fromkeys(winners.get(one, one) for one in json.loads(text))
    return json.dumps(list(ids), separators=(",", ":"))


def _point_elsewhere(
    connection: Connection, account_id: int, part: Part, loser: int, winner: int
) -> None:
    for table in (tasks, notes):
        connection.execute(
            update(table)
            .where(
                table.c.account_id == account_id,
                table.c.entity_type == part.value,
                table.c.entity_id == loser,
            )
            .values(entity_id=winner)
        )
    if part is Part.COMPANIES:
        for table in (leads, contacts):
            _repoint(connection, account_id, table, "company_id", loser, winner)
    if part is Part.CONTACTS:
        _repoint_people(connection, account_id, loser, winner)


def _repoint(
    connection: Connection,
    account_id: int,
    table: Table,
    column: str,
    loser: int,
    winner: int,
) -> None:
    connection.execute(
        update(table)
        .where(table.c.account_id == account_id, table.c[column] == loser)
        .values({column: winner})
    )


def _repoint_people(
    connection: Connection, account_id: int, loser: int, winner: int
) -> None:
    columns = (leads.c.id, leads.c.main_contact_id, leads.c.contact_ids)
    beyond = and_(
        lead_contacts.c.account_id == leads.c.account_id,
        lead_contacts.c.lead_id == leads.c.id,
    )
    naming = union(
        select(*columns).where(
            leads.c.account_id == account_id, leads.c.main_contact_id == loser
        ),
        select(*columns)
        .select_from(lead_contacts.join(leads, beyond))
        .where(
            lead_contacts.c.account_id == account_id,
            lead_contacts.c.contact_id == loser,
        ),
    )
    moved = {loser: winner}
    named = [
        Named(lead_id, moved.get(main, main), _follow_ids(ids, moved))
        for lead_id, main, ids in connection.execute(naming).all()
    ]
    if not named:
        return
    connection.execute(
        update(leads)
        .where(leads.c.account_id == account_id, leads.c.id == bindparam("lead"))
        .values(main_contact_id=bindparam("main"), contact_ids=bindparam("all")),
        [dict(zip(("lead", "main", "all"), one, strict=True)) for one in named],
    )
    linking.note(connection, account_id, named)
