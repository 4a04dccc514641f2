"""One of the processes that share a store's request slots: it asks until a moment.

`python -m tests.rate.worker`, an Order as JSON on standard input; what it did comes
back as JSON lines on standard output, one a request or refusal.

The network is played before a real socket: a request that may leave at its slot arrives
`jitter` seconds later at most. The delay is drawn for the slot, not for the moment at
which this machine happened to wake the thread: a late waker sleeps the shorter, so that
a busy machine does not add to what the test says the network does.
"""

import json
import random
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from kommo_sync.errors import RetryLater
from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.hosts import AllowedHosts
from kommo_sync.kommo.ports import Priority, RequestSlots
from kommo_sync.kommo.protocol import Request
from kommo_sync.model.entities import AccountId
from kommo_sync.runtime import SystemClock
from kommo_sync.store import pacing
from kommo_sync.store.pacing import SlotRow
from kommo_sync.store.store import Store

THREADS = 3
ASKED = Request("GET", "/api/v4/account")


@dataclass(frozen=True)
class Order:
    """What a worker is to do.

    Attributes:
        number: its own; told in each request, and the seed of its jitter.
        jitter: seconds that the network may add.
        until: when it stops asking, Unix seconds.
        mutant: "burst" or "deaf" breaks the slots; "" leaves them.
    """

    url: str
    base_url: str
    account_id: int
    token: str
    number: int
    jitter: float
    until: float
    mutant: str = ""


@dataclass(frozen=True)
class Sent:
    """One request on its way.

    Attributes:
        tag: what the CRM's witness saw in its query.
        slot: when it was allowed to leave.
        due: when the network was to deliver it.
        cleared: when it last asked whether everybody is blocked.
    """

    tag: str
    slot: float
    due: float
    cleared: float


@dataclass(frozen=True)
class Refused:
    """One 429 noted.

    Attributes:
        until: the end of the block.
        noted: when it was in the store for all to see.
    """

    until: float
    noted: float


@dataclass
class Watched:
    """The stored slots, and what each thread was told last."""

    inner: RequestSlots
    mine: threading.local = field(default_factory=threading.local)
    refusals: list[Refused] = field(default_factory=list)

    def reserve(self, priority: int, now: float) -> tuple[bool, float]:
        given, at = self.inner.reserve(priority, now)
        self.mine.slot = at
        return given, at

    def blocked_until(self, now: float) -> float:
        self.mine.cleared = time.time()
        return self.inner.blocked_until(now)

    def refused(self, seconds: float | None, now: float) -> float:
        until = self.inner.refused(seconds, now)
        self.refusals.append(Refused(until, time.time()))
        return until


@dataclass
class Network(httpx.BaseTransport):
    """Delivers a request late, then over a real socket."""

    order: Order
    slots: Watched
    sent: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inner = httpx.HTTPTransport()
        self.chance = random.Random(self.order.number)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        slot = self.slots.mine.slot
        due = slot + self.chance.random() * self.order.jitter
        tag = f"{self.order.number}-{len(self.sent)}-{threading.get_ident()}"
        self.sent.append(Sent(tag, slot, due, self.slots.mine.cleared))
        request.url = request.url.copy_add_param("tag", tag)
        time.sleep(max(0.0, due - time.time()))
        return self.inner.handle_request(request)


class DeafSlots:
    """The mutant that lets a refusal pass by."""

    def __init__(self, inner: RequestSlots) -> None:
        self.inner = inner

    def reserve(self, priority: int, now: float) -> tuple[bool, float]:
        return self.inner.reserve(priority, now)

    def blocked_until(self, now: float) -> float:
        return now

    def refused(self, seconds: float | None, now: float) -> float:
        return now + (seconds or 1.0)


def allow_bursts() -> None:
    """Break the slots into a bucket of seven tokens that fills at the pace."""
    burst = 6

    def free_at(row: SlotRow, now: float) -> float:
        saved = burst / pacing.current_pace(row, pacing.PACE, now)
        return max(row.next_at - saved, row.blocked_until, now)

    def taken(row: SlotRow, priority: int, pace: float, moments: Any) -> SlotRow:
        _at, now = moments
        filled = max(row.next_at, now) + 1 / pacing.current_pace(row, pace, now)
        return SlotRow(next_at=filled, turn=row.turn + 1)

    pacing.free_at, pacing.taken = free_at, taken
    pacing.AHEAD_INTERVALS = burst


@dataclass(frozen=True)
class Token:
    access: str

    def load(self) -> str:
        return self.access

    def save(self, access: str, refresh: str | None, expires_at: int | None) -> None:
        raise NotImplementedError


def work(order: Order) -> list[Sent | Refused]:
    """Ask with several threads until it is time to stop; return what was done."""
    if order.mutant == "burst":
        allow_bursts()
    with Store.open(order.url) as store:
        stored: RequestSlots = store.slots(AccountId(order.account_id), egress="here")
        slots = Watched(DeafSlots(stored) if order.mutant == "deaf" else stored)
        network = Network(order, slots)
        client = KommoClient(
            order.base_url,
            Token(order.token),
            slots,
            SystemClock(),
            random.Random(order.number),
            transport=network,
            allowed=AllowedHosts((order.base_url.partition("://")[2],)),
        )

        def ask() -> None:
            while time.time() < order.until:
                try:
                    client.get(ASKED, Priority.RECONCILIATION)
                except RetryLater:  # refused too often: a mutant's lot
                    continue

        threads = [threading.Thread(target=ask) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.close()
    return [*network.sent, *slots.refusals]


def main() -> None:
    order = Order(**json.loads(sys.stdin.read()))
    for done in work(order):
        sys.stdout.write(json.dumps({type(done).__name__: asdict(done)}) + "\n")


if __name__ == "__main__":
    main()
