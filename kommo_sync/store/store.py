"""The store: one database for all accounts of an installation."""

from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from kommo_sync.errors import Busy, StoreUnusable
from kommo_sync.model.entities import AccountId
from kommo_sync.store import checking, revisions
from kommo_sync.store.account import AccountStore
from kommo_sync.store.connecting import Connection, all_connections
from kommo_sync.store.engines import Database, open_database
from kommo_sync.store.sealing import Sealer
from kommo_sync.store.slots import PACE, StoredSlots


@dataclass(frozen=True, slots=True)
class Store:
    """An open database; threads may share it."""

    database: Database
    sealer: Sealer

    @classmethod
    def open(cls, url: str, *, key: bytes | None = None) -> Self:
        """Open a database that is in the state this program needs.

        Args:
            url: sqlite:////absolute/path or postgresql://user@host/name.
            key: 32 bytes that seal the tokens; None: tokens cannot be read.

        Raises:
            ConfigError: the URL or the key cannot be used.
            StoreUnusable: the database cannot be opened.
            OlderSchema: it is new, or waits for `kommo-sync migrate`.
            NewerSchema: a later version of this program made it.
        """
        sealer = Sealer(key)
        database = open_database(url)
        try:
            revisions.require_head(database)
        except BaseException:
            database.close()
            raise
        return cls(database, sealer)

    def account(self, account_id: AccountId) -> AccountStore:
        """Return what is kept of one account."""
        return AccountStore(self.database, self.sealer, account_id)

    def connections(self) -> tuple[Connection, ...]:
        """Return the accounts that were connected, by id."""
        return all_connections(self.database)

    def slots(
        self, account_id: AccountId, *, egress: str, pace: float = PACE
    ) -> StoredSlots:
        """Return when requests of an account may leave, shared by all processes.

        Args:
            account_id: whose requests.
            egress: a name for the address they leave from; accounts on one share it.
            pace: requests a second, evenly spaced.
        """
        return StoredSlots(self.database, account_id, egress, pace)

    def checkpoint(self) -> None:
        """Move what SQLite has written ahead into its file; call it now and then."""
        checking.checkpoint(self.database)

    def health(self) -> dict[str, object]:
        """Return what a doctor looks at; see `checking.health`."""
        return checking.health(self.database)

    def close(self) -> None:
        """Write out and let go; the store cannot be used afterwards.

        On a full or failing disk what was written ahead stays there, whole: whoever
        opens the database next has it. Who wrote has been told.
        """
        try:
            with suppress(Busy, StoreUnusable):
                self.checkpoint()
        finally:
            self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
