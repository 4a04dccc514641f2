"""What the sync and its watchers ask of one account's kept records."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Column, select, union_all

from kommo_sync.errors import ConfigError
from kommo_sync.model.arrays import IntArray
from kommo_sync.model.entities import Account, AccountId, Event, Part
from kommo_sync.store import cards
from kommo_sync.store.connecting import Connection, all_connections
from kommo_sync.store.engines import Database
from kommo_sync.store.portions import portions
from kommo_sync.store.tables import (
    accounts,
    contacts,
    events,
    lead_contacts,
    leads,
    leases,
    merges,
    pipelines,
)

_POINTERS: dict[Part, tuple[tuple[Part, Column[int], Column[int]], ...]] = {
    Part.CONTACTS: (
        (Part.LEADS, leads.c.id, leads.c.main_contact_id),
        (Part.LEADS, lead_contacts.c.lead_id, lead_contacts.c.contact_id),
    ),
    Part.COMPANIES: (
        (Part.LEADS, leads.c.id, leads.c.company_id),
        (Part.CONTACTS, contacts.c.id, contacts.c.company_id),
    ),
}
"""By part: who points at it, from which column, by which one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Questions to what is kept of one account; each is one moment's view."""

    database: Database
    account_id: AccountId

    def connection(self) -> Connection:
        """Return the account as it was connected.

        Raises:
            ConfigError: it never was.
        """
        for connection in all_connections(self.database):
            if connection.account_id == self.account_id:
                return connection
        raise ConfigError(
            "Account {account_id} is not connected: run `kommo-sync connect`.",
            account_id=self.account_id,
        )

    def account(self) -> Account | None:
        """Return the account's own record; None before the first sync."""
        columns = [accounts.c[name] for name in Account._fields]
        wanted = select(*columns).where(accounts.c.account_id == self.account_id)
        with self.database.reading() as reading:
            found = reading.execute(wanted).first()
        return Account(*found) if found else None

    def pipeline_ids(self) -> tuple[int, ...]:
        """Return the ids of the account's pipelines."""
        wanted = select(pipelines.c.id).where(pipelines.c.account_id == self.account_id)
        with self.database.reading() as reading:
            return tuple(reading.execute(wanted.order_by(pipelines.c.id)).scalars())

    def events(self, types: Sequence[str], since: int) -> tuple[Event, ...]:
        """Return kept events of some types from `since` on, in order of time."""
        columns = [events.c[name] for name in Event._fields]
        # Asked for several types at once, SQLite would rather read all events.
        of_each = [
            select(*columns).where(
                events.c.account_id == self.account_id,
                events.c.type == one,
                events.c.created_at >= since,
            )
            for one in dict.fromkeys(types)
        ]
        if not of_each:
            return ()
        ordered = union_all(*of_each).order_by("created_at", "id")
        with self.database.reading() as reading:
            return tuple(Event(*row) for row in reading.execute(ordered))

    def pointing_at(
        self, part: Part, ids: Collection[int]
    ) -> dict[Part, frozenset[int]]:
        """Return the ids of kept leads and contacts that name cards of a part."""
        pointers = _POINTERS.get(part, ())
        found: dict[Part, set[int]] = {other: set() for other, *_ in pointers}
        with self.database.reading() as reading:
            for some in portions(sorted(set(ids))):
                for other, pointer, pointed in pointers:
                    wanted = select(pointer).where(
                        pointer.table.c.account_id == self.account_id, pointed.in_(some)
                    )
                    found[other].update(reading.execute(wanted).scalars())
        return {other: frozenset(pointing) for other, pointing in found.items()}

    def knows_merge(self, part: Part, winner: int, at: int) -> bool:
        """Return whether a loser is known of a merge into `winner` at that moment."""
        wanted = select(merges.c.loser).where(
            merges.c.account_id == self.account_id,
            merges.c.part == part.value,
            merges.c.winner == winner,
            merges.c.at == at,
        )
        with self.database.reading() as reading:
            return reading.execute(wanted.limit(1)).first() is not None

    def tagged(self, part: Part, tag: str) -> IntArray:
        """Return the contacts or companies that carry a tag: ids; none for ""."""
        if not tag:
            return np.empty(0, np.int64)
        with self.database.reading() as reading:
            return cards.tagged(reading, self.account_id, part, tag)

    def filled_in(self, part: Part, field_id: int) -> IntArray:
        """Return the contacts or companies with something in a field; none for 0."""
        if not field_id:
            return np.empty(0, np.int64)
        with self.database.reading() as reading:
            return cards.filled_in(reading, self.account_id, part, field_id)

    def responsible(self, part: Part) -> tuple[IntArray, IntArray]:
        """Return all contacts or companies, ascending, and whose each is."""
        with self.database.reading() as reading:
            name = "responsible_user_id"
            return cards.numbers(reading, self.account_id, part, name)

    def created(self, part: Part) -> tuple[IntArray, IntArray]:
        """Return all contacts or companies, ascending, and when each was made."""
        with self.database.reading() as reading:
            return cards.numbers(reading, self.account_id, part, "created_at")

    def with_open_deal(self) -> IntArray:
        """Return the contacts with a lead that is neither won nor lost; ascending."""
        with self.database.reading() as reading:
            return cards.with_open_deal(reading, self.account_id)

    def lease_holder(self, job: str, now: float) -> str | None:
        """Return who does a job of the account at this moment, if anybody."""
        wanted = select(leases.c.owner).where(
            leases.c.account_id == self.account_id,
            leases.c.job == job,
            leases.c.until > now,
        )
        with self.database.reading() as reading:
            return reading.execute(wanted).scalar() or None
