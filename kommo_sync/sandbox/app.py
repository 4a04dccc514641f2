"""One sandbox account, whole: in process for tests, or to be put behind a socket."""

import random
from pathlib import Path

import httpx

from kommo_sync.sandbox.account.clock import Clock, ShiftedClock
from kommo_sync.sandbox.account.saving import load, save
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.engine import Engine
from kommo_sync.sandbox.front import Front, HangUp
from kommo_sync.sandbox.hooks.outbox import Hooks, Send
from kommo_sync.sandbox.oauth.tokens import long_lived_token, ours
from kommo_sync.sandbox.routing import create_app
from kommo_sync.sandbox.seeding import seed, transactions
from kommo_sync.sandbox.seeding.fresh import fresh_data
from kommo_sync.sandbox.traffic.limiter import Limiter


class Sandbox:
    """An account with its application, its webhooks, its pace and its faults.

    Args:
        state: the account's data and clock.
        rate: requests a sliding second; None admits everything.
        send: how a webhook body is sent; by default over HTTP.
    """

    def __init__(
        self, state: State, *, rate: int | None = None, send: Send | None = None
    ) -> None:
        self.state = state
        chance = random.Random(state.data.account.id)  # noqa: S311
        self.hooks = Hooks(state, send, chance=chance)
        self.engine = Engine(state, self.hooks)
        self.limiter = Limiter(state.choices, rate)
        app = create_app(self.engine)
        self.wsgi = Front(self.engine, app.wsgi_app, self.limiter)

    @classmethod
    def empty(
        cls,
        *,
        clock: Clock | None = None,
        rate: int | None = None,
        send: Send | None = None,
    ) -> "Sandbox":
        """Return an account without clients."""
        return cls.generated(clients=0, clock=clock, rate=rate, send=send)

    @classmethod
    def generated(
        cls,
        *,
        clients: int,
        seed: int = 1,
        clock: Clock | None = None,
        rate: int | None = None,
        send: Send | None = None,
    ) -> "Sandbox":
        """Return an account with that many seeded clients, whose truth is known."""
        state = _fresh_state(clock, seed)
        if clients:
            _generate(state, clients, seed)
        return cls(state, rate=rate, send=send)

    @classmethod
    def from_transactions(
        cls, path: Path, *, clock: Clock | None = None, rate: int | None = None
    ) -> "Sandbox":
        """Return an account made of a transaction log.

        Raises:
            BadTransactions: the file cannot be read; the sentence names row and column.
        """
        rows = transactions.read_transactions(path)
        state = _fresh_state(clock, 1)
        transactions.import_transactions(state, rows)
        return cls(state, rate=rate)

    @classmethod
    def loaded(
        cls, path: Path, *, clock: Clock | None = None, rate: int | None = None
    ) -> "Sandbox":
        """Return the account that a state file holds.

        Raises:
            BadStateFile: it cannot be read or was not written by this program.
        """
        return cls(State(load(path), clock or ShiftedClock()), rate=rate)

    def save(self, path: Path) -> None:
        """Write the account into a state file, whole or not at all."""
        with self.state.lock:
            save(self.state.data, path)

    @property
    def token(self) -> str:
        """The long-lived token of our integration."""
        return self.token_for("")

    def token_for(self, host: str) -> str:
        """Return the long-lived token, which names `host` if it is made now."""
        with self.state.lock:
            return long_lived_token(self.state, host)

    def environment(self, base_url: str) -> dict[str, str]:
        """Return what a client needs to know, by the names that clients read."""
        integration = ours(self.state)
        return {
            "KOMMO_BASE_URL": base_url,
            "KOMMO_TOKEN": self.token_for(base_url.partition("://")[2]),
            "KOMMO_SUBDOMAIN": self.state.data.account.subdomain,
            "KOMMO_CLIENT_ID": integration.client_id,
            "KOMMO_CLIENT_SECRET": integration.client_secret,
            "KOMMO_REDIRECT_URI": integration.redirect_uri,
        }

    def tick(self) -> None:
        """Let happen what is due: late requests, webhooks and their retries."""
        self.wsgi.raise_zombies()
        self.hooks.deliver_due()

    def transport(self) -> httpx.BaseTransport:
        """Return an httpx transport that talks to this account in process."""
        return InProcess(self)


class InProcess(httpx.BaseTransport):
    """Calls the sandbox without a socket; a cut connection is httpx's own error."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._inner = httpx.WSGITransport(app=sandbox.wsgi)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request.

        Raises:
            httpx.RemoteProtocolError: the sandbox cut the connection.
        """
        try:
            return self._inner.handle_request(request)
        except HangUp as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error


def _fresh_state(clock: Clock | None, seed: int) -> State:
    clock = clock or ShiftedClock()
    chance = random.Random(seed)  # noqa: S311
    return State(fresh_data(now=int(clock.now()), chance=chance), clock)


def _generate(state: State, clients: int, number: int) -> None:
    seed.generate(state, clients=clients, seed=number)
