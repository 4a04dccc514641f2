"""Wires the parts from the configuration; the only reader of clock and chance."""

import os
import random
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kommo_sync.config import Config
from kommo_sync.errors import Unauthorized
from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.hosts import AllowedHosts
from kommo_sync.kommo.ports import Chance, Clock, TokenKeeper
from kommo_sync.model.entities import AccountId
from kommo_sync.store.store import Store

if TYPE_CHECKING:
    import httpx

NOBODY = AccountId(0)
"""Whose slots are taken while it is not known yet which account a token opens."""
KEY_BYTES = 32
DEAD_STATES = "ZXx"
"""States of a process in /proc that has ended, though nobody has looked yet."""


class SystemClock:
    """This machine's clock."""

    def now(self) -> float:
        """Return Unix seconds."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Come back after that long."""
        time.sleep(max(0.0, seconds))


@dataclass(frozen=True, slots=True)
class GivenToken:
    """A token that is tried before it is saved; it has no other home."""

    access: str

    def load(self) -> str:
        """Return the access token."""
        return self.access

    def save(self, access: str, refresh: str | None, expires_at: int | None) -> None:
        """Refuse: a token under trial is not renewed.

        Raises:
            Unauthorized: always.
        """
        raise Unauthorized(
            "A token that is not saved yet cannot be renewed: connect with it first."
        )

    def __repr__(self) -> str:
        return "GivenToken(…)"


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts, wired.

    Args:
        config: what the operator has set.
        store: the open database.
        clock: time and waiting.
        chance: where the scatter of waits comes from.
        transport: how requests travel; None is the network.
    """

    config: Config
    store: Store
    clock: Clock
    chance: Chance
    transport: "httpx.BaseTransport | None" = None

    @classmethod
    def open(
        cls,
        config: Config,
        *,
        transport: "httpx.BaseTransport | None" = None,
        clock: Clock | None = None,
    ) -> "Runtime":
        """Open the database that the configuration names.

        Raises:
            NeedsOperator: it cannot be opened, or waits for a migration.
        """
        store = Store.open(config.database_url(), key=config.key())
        chance = random.Random()  # noqa: S311  spreads waits, guards nothing
        return cls(config, store, clock or SystemClock(), chance, transport)

    def now(self) -> int:
        """Return whole Unix seconds."""
        return int(self.clock.now())

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def client(self, account_id: AccountId) -> KommoClient:
        """Return a client with the account's own token.

        Raises:
            ConfigError: the account is not connected.
        """
        account = self.store.account(account_id)
        return self._client(
            account.facts().connection().base_url, account.tokens(), account_id
        )

    def visitor(self, base_url: str, token: str) -> KommoClient:
        """Return a client with a token that is not saved.

        Raises:
            WrongAddress: the address is not one of Kommo's.
        """
        return self._client(base_url, GivenToken(token), NOBODY)

    def _client(
        self, base_url: str, tokens: TokenKeeper, account_id: AccountId
    ) -> KommoClient:
        kommo = self.config.kommo
        return KommoClient(
            base_url,
            tokens,
            self.store.slots(
                account_id, egress=kommo.egress, pace=kommo.requests_per_second
            ),
            self.clock,
            self.chance,
            transport=self.transport,
            allowed=AllowedHosts(tuple(kommo.sandbox_hosts)),
            timeout_seconds=kommo.timeout_seconds,
        )


def new_key() -> bytes:
    """Return 32 fresh random bytes, for a key that seals tokens."""
    return secrets.token_bytes(KEY_BYTES)


def own_name() -> str:
    """Return who this process is: machine, process id and when it began."""
    return f"{socket.gethostname()}:{os.getpid()}:{_began(os.getpid())}"


def is_dead(owner: str) -> bool:
    """Return whether a process of this machine, named by `own_name`, is no more.

    Of processes elsewhere nothing is known: they are taken to live.
    """
    machine, _, rest = owner.rpartition(":")[0].rpartition(":")
    began = owner.rpartition(":")[2]
    if machine != socket.gethostname() or not rest.isdecimal():
        return False
    return _began(int(rest)) != began


def _began(process: int) -> str:
    """Return when a process began, in the kernel's ticks; "" if it is no more."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(
            encoding="ascii", errors="replace"
        )
    except OSError:
        return "" if not _runs(process) else "unknown"
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in DEAD_STATES else fields[19]


def _runs(process: int) -> bool:
    """Tell whether a process runs, where there is no /proc to say more."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
