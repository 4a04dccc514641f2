"""Connected accounts and their tokens."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, update

from kommo_sync.errors import Unauthorized
from kommo_sync.model.entities import AccountId
from kommo_sync.store.engines import Database
from kommo_sync.store.sealing import Sealer
from kommo_sync.store.tables import connections

State = Literal["active", "reconnect", "disconnected"]


@dataclass(frozen=True, slots=True)
class Connection:
    """An account of the CRM that this program was let into."""

    account_id: AccountId
    base_url: str
    name: str
    subdomain: str
    state: State
    """`reconnect`: its token is refused; `disconnected`: a person ended it."""
    token_expires_at: int | None
    connected_at: int


def all_connections(database: Database) -> tuple[Connection, ...]:
    """Return every account, by id."""
    wanted = [connections.c[name] for name in Connection.__slots__]
    with database.reading() as reading:
        found = reading.execute(select(*wanted).order_by(connections.c.account_id))
        return tuple(Connection(*row) for row in found)


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """The tokens of one account, sealed; the client's TokenKeeper."""

    database: Database
    sealer: Sealer
    account_id: int

    def load(self) -> str:
        """Return the access token.

        Raises:
            Unauthorized: there is none, or it has been declared dead.
            ConfigError: no key, or the wrong one.
        """
        with self.database.reading() as reading:
            kept = reading.execute(
                select(connections.c.state, connections.c.access).where(
                    connections.c.account_id == self.account_id
                )
            ).first()
        if kept is None or kept.state != "active":
            raise Unauthorized(
                "Account {account_id} is not connected: run `kommo-sync connect`.",
                account_id=self.account_id,
            )
        return self.sealer.open(self.account_id, "access", kept.access)

    def save(self, access: str, refresh: str | None, expires_at: int | None) -> None:
        """Keep a new token, durably, before it is used.

        The refresh token that it replaces stays beside it: until the new pair has
        worked once, the CRM may want the old one again (reliability-security §1.6a).

        Raises:
            Unauthorized: the account was never connected.
            ConfigError: no key.
        """
        values = {
            "access": self.sealer.seal(self.account_id, "access", access),
            "token_expires_at": expires_at,
        }
        mine = connections.c.account_id == self.account_id
        with self.database.writing(self.account_id) as writing:
            kept = writing.execute(select(connections.c.refresh).where(mine)).first()
            if kept is None:
                raise Unauthorized(
                    "Account {account_id} is not connected: run `kommo-sync connect`.",
                    account_id=self.account_id,
                )
            values |= self._refresh_pair(kept.refresh, refresh)
            writing.execute(update(connections).where(mine).values(**values))

    def _refresh_pair(
        self, kept: str | None, refresh: str | None
    ) -> dict[str, str | None]:
        previous = None
        if kept is not None:
            old = self.sealer.open(self.account_id, "refresh", kept)
            previous = self.sealer.seal(self.account_id, "previous_refresh", old)
        new = refresh and self.sealer.seal(self.account_id, "refresh", refresh)
        return {"refresh": new, "previous_refresh": previous}
