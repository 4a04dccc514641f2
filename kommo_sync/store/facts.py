"""What the sync and its watchers ask of one account's kept records."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from kommo_sync.errors import ConfigError
from kommo_sync.model.entities import Account, AccountId, Event, Part
from kommo_sync.store.connecting import Connection, all_connections
from kommo_sync.store.engines import Database
from kommo_sync.store.tables import (
    accounts,
    contacts,
    events,
    leads,
    leases,
    merges,
    pipelines,
)

_POINTERS = {
    Part.CONTACTS: ((leads, "main_contact_id"),),
    Part.COMPANIES: ((leads, "company_id"), (contacts, "company_id")),
}


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
        wanted = select(*columns).where(
            events.c.account_id == self.account_id,
            events.c.type.in_(types),
            events.c.created_at >= since,
        )
        ordered = wanted.order_by(events.c.created_at, events.c.id)
        with self.database.reading() as reading:
            return tuple(Event(*row) for row in reading.execute(ordered))

    def pointing_at(
        self, part: Part, ids: Collection[int]
    ) -> dict[Part, frozenset[int]]:
        """Return the ids of kept leads and contacts that name cards of a part."""
        with self.database.reading() as reading:
            return {
                Part(table.name): frozenset(
                    reading.execute(
                        select(table.c.id).where(
                            table.c.account_id == self.account_id,
                            table.c[column].in_(ids),
                        )
                    ).scalars()
                )
                for table, column in _POINTERS.get(part, ())
            }

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

    def lease_holder(self, job: str, now: float) -> str | None:
        """Return who does a job of the account at this moment, if anybody."""
        wanted = select(leases.c.owner).where(
            leases.c.account_id == self.account_id,
            leases.c.job == job,
            leases.c.until > now,
        )
        with self.database.reading() as reading:
            return reading.execute(wanted).scalar() or None
