"""Receivers of webhooks: a send function that keeps what it is given, and a server."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.account.history import ROBOT
from kommo_sync.sandbox.account.records import Lead, Webhook
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.hooks.outbox import Hooks, Send
from kommo_sync.sandbox.wire.brackets import pairs_of
from tests.sandbox.chances import chance
from tests.sandbox.hooksamples import sample_account


class Receiver:
    """Answers with the statuses in turn, with the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses) or [200]
        self.urls: list[str] = []
        self.bodies: list[str] = []
        self.headers: list[dict[str, str]] = []

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        self.urls.append(url)
        self.bodies.append(body.decode())
        self.headers.append(headers)
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def told(self, key: str) -> list[str]:
        """Return the values of all keys that end so, in the order they came."""
        pairs = [pair for body in self.bodies for pair in pairs_of(body)]
        return [value for name, value in pairs if name.endswith(key)]


def subscribe(state: State, *codes: str, at: str = "https://app.example/hook") -> int:
    """Put a subscription into the account, past the API, and return its id."""
    number = state.next_id("webhooks")
    state.data.webhooks[number] = Webhook(
        id=number,
        destination=at,
        settings=list(codes),
        created_by=0,
        created_at=0,
        updated_at=0,
    )
    return number


class Outbox:
    """The account of the samples with its hooks and a clock that a test moves."""

    def __init__(self, receiver: Receiver, send: Send | None = None) -> None:
        self.state = sample_account()
        assert isinstance(self.state.clock, ManualClock)
        self.clock = self.state.clock
        self.start = self.clock.now()
        self.receiver = receiver
        self.hooks = Hooks(self.state, send or receiver, chance=chance(1))

    @property
    def order(self) -> list[int]:
        """The ids of the deliveries in the order in which they were sent."""
        return [attempt.delivery_id for attempt in self.hooks.attempts]

    @property
    def leads(self) -> list[int]:
        """The ids of the leads that were told of, in the order in which it was done."""
        told = self.receiver.told("leads[update][0][id]")
        return [int(lead_id) for lead_id in told]

    def signal(self, *codes: str, lead_id: int = 501) -> None:
        """Let one request change one lead."""
        writer = Writer(self.state, ROBOT)
        self.state.data.leads.setdefault(lead_id, Lead(id=lead_id, name="other"))
        for code in codes or ("update_lead",):
            writer.signal(code, "leads", lead_id)
        self.hooks.enqueue(writer)

    def signal_leads(self, count: int) -> None:
        """Let one request change so many leads."""
        writer = Writer(self.state, ROBOT)
        for lead_id in range(1, count + 1):
            self.state.data.leads[lead_id] = Lead(id=lead_id, name=f"no. {lead_id}")
            writer.signal("update_lead", "leads", lead_id)
        self.hooks.enqueue(writer)

    def run(self) -> list[int]:
        """Let time pass until nothing is due; returns seconds of all attempts."""
        while (due := self.hooks.next_due()) is not None:
            self.clock.advance(max(0, due - self.clock.now()))
            self.hooks.deliver_due()
        return [round(attempt.at - self.start) for attempt in self.hooks.attempts]

    def fail(self, count: int) -> None:
        """Let so many bodies be answered badly, once each."""
        for _ in range(count):
            self.signal()
            self.hooks.deliver_due()
            self.state.data.deliveries.clear()


def asked_for(*statuses: int) -> Outbox:
    """Return an outbox with one subscription to update_lead, answered so."""
    outbox = Outbox(Receiver(*statuses))
    subscribe(outbox.state, "update_lead")
    return outbox


@dataclass
class Loopback:
    """A server on this machine; `got` holds (path, headers, body) of each POST."""

    url: str
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def listening(
    status: int = 200, before_answer: Callable[[], object] = lambda: None
) -> Iterator[Loopback]:
    """Serve POSTs on a free port; a 3xx points at /elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            loopback.got.append((self.path, dict(self.headers), body))
            before_answer()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        loopback = Loopback(f"http://127.0.0.1:{server.server_address[1]}/hook")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield loopback
        finally:
            server.shutdown()
            thread.join()
