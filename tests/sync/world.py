"""A CRM in motion: people edit, delete, merge and restore while pages are read."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event

from kommo_sync.kommo.client import KommoClient
from kommo_sync.kommo.hosts import AllowedHosts
from kommo_sync.model.entities import AccountId, Part
from kommo_sync.sandbox.account.records import Contact, Lead
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.rules.humans import restore_card, trash_card
from kommo_sync.sandbox.rules.linking import linked_ids
from kommo_sync.sandbox.rules.merging import merge_cards
from kommo_sync.store import schema
from kommo_sync.store.store import Store
from kommo_sync.sync.asking import Reading
from kommo_sync.sync.cycle import CycleReport, pull
from kommo_sync.sync.walk import Desk

READING = Reading(page_size=25, in_flight=3, history_days=10_000)
ORIGIN = "https://acme.kommo.com"


class Silent:
    """Nobody wants to know how far it is."""

    def started(self, part: Part, pages: int | None) -> None: ...
    def advanced(self, *_told: Any) -> None: ...
    def finished(self, part: Part, rows: int) -> None: ...


class FreeSlots:
    """No pace at all."""

    def reserve(self, priority: int, now: float) -> tuple[bool, float]:
        return True, now

    def blocked_until(self, now: float) -> float:
        return now

    def refused(self, seconds: float | None, now: float) -> float:
        return now + 1.0


@dataclass(frozen=True)
class FixedToken:
    access: str

    def load(self) -> str:
        return self.access

    def save(self, access: str, refresh: str | None, expires_at: int | None) -> None:
        raise NotImplementedError


@dataclass
class Meddling(httpx.BaseTransport):
    """Lets something happen before each request is answered."""

    inner: httpx.BaseTransport
    before: Callable[[httpx.Request], None]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.before(request)
        return self.inner.handle_request(request)


@dataclass
class People:
    """Who works in the CRM; `deeds` a request, on average."""

    sandbox: Sandbox
    chance: random.Random
    deeds: float
    done: list[str] = field(default_factory=list)

    def work(self) -> None:
        while self.chance.random() < self.deeds / (1 + self.deeds):
            self.one_deed()

    def one_deed(self) -> None:
        """Let somebody do something."""
        deed = self.chance.choices(
            (self._edit, self._trash, self._restore, self._merge, self._create),
            (8, 3, 2, 1, 1),
        )[0]
        state = self.sandbox.state
        with state.lock:
            writer = self.sandbox.engine.writer(
                self.sandbox.engine.human(next(iter(state.data.users)))
            )
            deed(writer)

    def _pick(self, kind: str) -> int | None:
        ids = list(self.sandbox.state.cards(kind))
        return self.chance.choice(ids) if ids else None

    def _kind(self) -> str:
        return self.chance.choice(("leads", "leads", "leads", "contacts"))

    def _edit(self, writer: Any) -> None:
        kind = self._kind()
        if (card_id := self._pick(kind)) is None:
            return
        card = self.sandbox.state.card(kind, card_id)
        slot = "price" if kind == "leads" else "responsible_user_id"
        writer.assign(kind, card, slot, self.chance.randrange(10_000))
        writer.touch_card(kind, card)

    def _trash(self, writer: Any) -> None:
        kind = self._kind()
        if (card_id := self._pick(kind)) is not None:
            trash_card(writer, kind, card_id)
            self.done.append("trash")

    def _restore(self, writer: Any) -> None:
        kind = self._kind()
        if trash := list(self.sandbox.state.trash(kind)):
            restore_card(writer, kind, self.chance.choice(trash))
            self.done.append("restore")

    def _merge(self, writer: Any) -> None:
        kind = self._kind()
        winner, loser = self._pick(kind), self._pick(kind)
        if winner is not None and loser is not None and winner != loser:
            merge_cards(writer, kind, winner, loser)
            self.done.append("merge")

    def _create(self, writer: Any) -> None:
        add_lead(self.sandbox, writer, self.chance)


def add_lead(sandbox: Sandbox, writer: Any, chance: random.Random) -> None:
    """Put one more deal into the CRM, with contacts of it or none."""
    state = sandbox.state
    lead = Lead(
        id=state.next_id("leads"),
        name="Deal",
        price=chance.randrange(10_000),
        status_id=142,
        pipeline_id=state.main_pipeline().id,
        created_at=state.now(),
        updated_at=state.now(),
    )
    state.cards("leads")[lead.id] = lead
    contacts = list(state.cards("contacts"))
    if contacts and chance.random() < 0.7:
        how_many = min(len(contacts), chance.choice((1, 1, 2)))
        lead.contact_ids = chance.sample(contacts, how_many)
        for contact_id in lead.contact_ids:
            state.card("contacts", contact_id).lead_ids.append(lead.id)  # type: ignore[union-attr]
    state.touch("leads")


def refill(sandbox: Sandbox, records: int, chance: random.Random) -> None:
    """Let an account hold so many records and no past; a fifth are contacts."""
    state = sandbox.state
    for kind in ("leads", "contacts"):
        state.cards(kind).clear()
        state.trash(kind).clear()
        state.touch(kind)
    state.data.events.clear()
    state.touch("events")
    sandbox.state.clock.sleep(100_000)
    writer = sandbox.engine.writer(sandbox.engine.human(next(iter(state.data.users))))
    for _ in range(records // 5):
        person = Contact(
            id=state.next_id("contacts"),
            name="Ann Lee",
            created_at=state.now(),
            updated_at=state.now(),
        )
        state.cards("contacts")[person.id] = person
    for _ in range(records - records // 5):
        add_lead(sandbox, writer, chance)
        sandbox.state.clock.sleep(chance.random() * 60)


def new_store(folder: Path, name: str = "kept.sqlite3") -> Store:
    """Return an empty, migrated database with a key for tokens."""
    url = f"sqlite:///{folder / name}"
    schema.migrate(url)
    return Store.open(url, key=bytes(32))


def careless(store: Store) -> Store:
    """Let a database not wait for the disk: nobody kills these tests."""

    @event.listens_for(store.database.writer, "engine_connect")
    def _hurry(connection: Any) -> None:
        connection.connection.driver_connection.execute("PRAGMA synchronous=OFF")

    return store


def desk_of(
    sandbox: Sandbox,
    store: Store,
    clock: Any,
    *,
    reading: Reading,
    transport: httpx.BaseTransport | None = None,
) -> Desk:
    """Return a desk over a sandbox in process."""
    account_id = AccountId(sandbox.state.data.account.id)
    client = KommoClient(
        ORIGIN,
        FixedToken(sandbox.token),
        FreeSlots(),
        clock,
        random.Random(1),
        transport=transport or sandbox.transport(),
        allowed=AllowedHosts(),
    )
    account = store.account(account_id)
    lease = account.take_lease(
        "sync", "test:1:1", clock.now(), seconds=1e9, is_dead=lambda _owner: True
    )
    return Desk(client, account, lease, reading, Silent(), lambda: None)


def cycle(desk: Desk, **how: Any) -> CycleReport:
    """Run one cycle."""
    return pull(desk, **how)


def differences(sandbox: Sandbox, store: Store) -> list[str]:
    """Return what the store holds otherwise than the CRM, read past all our code."""
    found = []
    for kind, columns in COMPARED.items():
        names = ("id", *columns)
        with store.database.reader.connect() as connection:
            kept = {
                row[0]: unpacked(row[1:], tuple(columns))
                for row in connection.exec_driver_sql(
                    f"SELECT {', '.join(names)} FROM {kind}"  # noqa: S608
                )
            }
        true = {
            card.id: tuple(read(sandbox, card) for read in columns.values())
            for card in sandbox.state.cards(kind).values()
        }
        found += [f"{kind} {i}: missing" for i in true.keys() - kept.keys()]
        found += [f"{kind} {i}: should be gone" for i in kept.keys() - true.keys()]
        found += [
            f"{kind} {i}: {kept[i]} is not {true[i]}"
            for i in true.keys() & kept.keys()
            if true[i] != kept[i]
        ]
    return sorted(found)


def unpacked(values: Sequence[Any], columns: Sequence[str]) -> tuple[Any, ...]:
    """Return what is kept; what is kept as JSON, as that is compared."""
    return tuple(
        UNPACKED[name](json.loads(value)) if name in UNPACKED else value
        for name, value in zip(columns, values, strict=True)
    )


UNPACKED: dict[str, Callable[[list[Any]], Any]] = {
    "contact_ids": list,
    "tags": lambda tags: [tag["name"] for tag in tags],
    "field_values": len,
}


def plain(name: str) -> Callable[[Sandbox, Any], Any]:
    return lambda _sandbox, card: getattr(card, name)


def first(kind: str) -> Callable[[Sandbox, Any], Any]:
    """The first card of a kind that a card names, of those not in the trash."""
    return lambda sandbox, card: next(iter(linked_ids(sandbox.state, card, kind)), None)


def all_contacts(sandbox: Sandbox, card: Any) -> list[int]:
    """Who is linked with a lead and not in the trash, the main contact first."""
    return linked_ids(sandbox.state, card, "contacts")


def tag_names(sandbox: Sandbox, card: Any) -> list[str]:
    tags = sandbox.state.data.tags
    return [tags[tag_id].name for tag_id in card.tags if tag_id in tags]


def filled_fields(sandbox: Sandbox, card: Any) -> int:
    return len(card.fields.keys() & sandbox.state.data.fields.keys())


MARKED = {"tags": tag_names, "field_values": filled_fields}
COMPARED: dict[str, dict[str, Callable[[Sandbox, Any], Any]]] = {
    "leads": {
        **{
            name: plain(name)
            for name in (
                "name",
                "price",
                "status_id",
                "pipeline_id",
                "responsible_user_id",
                "loss_reason_id",
                "created_by",
                "created_at",
                "updated_at",
                "closed_at",
            )
        },
        "main_contact_id": first("contacts"),
        "contact_ids": all_contacts,
        "company_id": first("companies"),
        **MARKED,
    },
    "contacts": {
        **{
            name: plain(name)
            for name in ("name", "responsible_user_id", "created_at", "updated_at")
        },
        "company_id": first("companies"),
        **MARKED,
    },
    "companies": {
        **{
            name: plain(name)
            for name in ("name", "responsible_user_id", "created_at", "updated_at")
        },
        **MARKED,
    },
    "tasks": {
        name: plain(name)
        for name in (
            "entity_type",
            "entity_id",
            "text",
            "result",
            "is_completed",
            "complete_till",
            "updated_at",
        )
    },
}
