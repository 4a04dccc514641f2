"""A client with everything in memory, on a sandbox or on canned answers."""

import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import httpx
import msgspec

from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.hosts import AllowedHosts
from kommo_sync.kommo.ports import Priority
from kommo_sync.kommo.protocol import Answer, Request
from kommo_sync.sandbox.account.clock import ManualClock
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.traffic.faults import parse_faults

NOW = 1_790_000_000
ORIGIN = "https://acme.kommo.com"
HTML = b"<html><body><h1>Bad Gateway</h1></body></html>"
ACCOUNT = Request("GET", "/api/v4/account")
LEADS = Request("GET", "/api/v4/leads")
URGENT = Priority.CLICKS
TOKEN = "canary-token"


@dataclass
class Slots:
    """Request slots in memory: evenly spaced, blocked by a refusal."""

    spacing: float = 0.0
    pause: float = 10.0
    free_at: float = 0.0
    blocked: float = 0.0
    told: list[float | None] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)

    def reserve(self, priority: int, now: float) -> tuple[bool, float]:
        with self.lock:
            at = max(now, self.free_at)
            self.free_at = at + self.spacing
            return True, at

    def blocked_until(self, now: float) -> float:
        return self.blocked

    def refused(self, seconds: float | None, now: float) -> float:
        with self.lock:
            self.told.append(seconds)
            pause = self.pause if seconds is None else seconds
            self.blocked = max(self.blocked, now + pause)
            return self.blocked


@dataclass
class Keeper:
    """A token in memory."""

    token: str = TOKEN

    def load(self) -> str:
        return self.token

    def save(self, access: str, refresh: str | None, expires_at: int | None) -> None:
        self.token = access


Reply = httpx.Response | Exception
Scripted = Callable[[httpx.Request], Reply]


def reply(status: int, body: object = b"", **headers: str) -> httpx.Response:
    """Return an answer with Kommo's Date; a body that is no bytes becomes JSON."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    kept = {"Date": formatdate(NOW, usegmt=True)} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return httpx.Response(status, content=raw, headers=kept)


@dataclass
class Desk:
    """A client, and what its surroundings saw."""

    client: KommoClient
    clock: ManualClock
    slots: Slots
    seen: list[httpx.Request] = field(default_factory=list)


def make_desk(
    transport: httpx.BaseTransport,
    token: str = TOKEN,
    *,
    clock: ManualClock | None = None,
    slots: Slots | None = None,
    **more: Any,
) -> Desk:
    clock, slots = clock or ManualClock(NOW), slots or Slots()
    client = KommoClient(
        ORIGIN,
        Keeper(token),
        slots,
        clock,
        random.Random(1),
        transport=transport,
        allowed=AllowedHosts(),
        **more,
    )
    return Desk(client, clock, slots)


def canned(*replies: Reply, **more: Any) -> Desk:
    """Return a client that gets these answers one after another."""
    left = list(replies)
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    desk = make_desk(httpx.MockTransport(answer), **more)
    desk.seen = seen
    return desk


def on(sandbox: Sandbox, faults: str = "", **more: Any) -> Desk:
    """Return a client of a sandbox whose clock is manual."""
    sandbox.engine.break_with(parse_faults(faults))
    clock = sandbox.state.clock
    assert isinstance(clock, ManualClock)
    return make_desk(sandbox.transport(), sandbox.token, clock=clock, **more)


def account(clients: int = 0, **more: Any) -> Sandbox:
    return Sandbox.generated(clients=clients, clock=ManualClock(NOW), **more)


def answer(body: object, status: int = 200) -> Answer:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Answer(status, raw, NOW)


def sheet(name: str, rows: Iterable[object], **more: object) -> dict[str, object]:
    """Return a page as Kommo nests it."""
    return {"_embedded": {name: list(rows)}, **more}
