"""A sandbox with a large bare account, in a process of its own.

`python -m bench.crm LEADS CONTACTS LATENCY_SECONDS` prints its address and token, and
serves until its standard input ends. Every lead has fields, a tag and, if there are
any, a contact; of everything else there is one.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.figures import NotMeasured
from kommo_sync.sandbox.account.records import (
    Company,
    Contact,
    Event,
    Lead,
    Note,
    Task,
    Value,
)
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.app import Sandbox
from kommo_sync.sandbox.server import Server
from kommo_sync.sandbox.traffic.faults import FaultPlan

AGE_SECONDS = 30 * 86_400
"""How long ago the last record was changed: none of it is new to a sync."""


@dataclass(frozen=True, slots=True)
class Crm:
    """A serving sandbox."""

    base_url: str
    token: str

    @property
    def host(self) -> str:
        """Host and port."""
        return self.base_url.partition("://")[2]


@contextmanager
def spawned(leads: int, contacts: int, latency_seconds: float = 0.0) -> Iterator[Crm]:
    """Serve an account of that size while the block runs.

    Raises:
        NotMeasured: it does not start.
    """
    sizes = (str(leads), str(contacts), str(latency_seconds))
    with subprocess.Popen(  # noqa: S603  this module itself
        [sys.executable, "-m", "bench.crm", *sizes],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        told = process.stdout.readline().split() if process.stdout else []
        if len(told) != len(Crm.__slots__):
            raise NotMeasured("The sandbox of a benchmark did not start.")
        yield Crm(*told)
        process.communicate()


def fill(state: State, leads: int, contacts: int) -> None:
    """Put that many contacts and leads into an account, and one of everything else.

    The values of fields are shared by all, so that a million leads fit into memory.
    """
    at = state.now() - AGE_SECONDS
    for _ in range(contacts):
        _add_contact(state, at)
    people = list(state.data.contacts.values())
    # One for all: a lead is then little more than its own struct.
    fields, tags = _fields(state), [state.tag_named("leads", "rfm:champion").id]
    pipeline = state.main_pipeline()
    for number in range(leads):
        card_id = state.next_id("leads")
        linked = people[number % len(people)] if people else None
        state.data.leads[card_id] = Lead(
            id=card_id,
            name=f"Deal {number}",
            price=number,
            status_id=pipeline.ordinary()[0].id,
            pipeline_id=pipeline.id,
            created_at=at,
            updated_at=at,
            tags=tags,
            fields=fields,
            contact_ids=[linked.id] if linked else [],
        )
        if linked:
            linked.lead_ids.append(card_id)
    _add_one_of_each(state, at)
    for kind in ("leads", "contacts", "companies", "tasks", "notes", "events"):
        state.touch(kind)


def _fields(state: State) -> dict[int, list[Value]]:
    return {
        field.id: [Value(f"{field.name} of a lead that was won")]
        for field in state.data.fields.values()
        if field.entity_type == "leads" and field.enums is None
    }


def _add_contact(state: State, at: int) -> None:
    card_id = state.next_id("contacts")
    state.data.contacts[card_id] = Contact(
        id=card_id, name=f"Client {card_id}", created_at=at, updated_at=at
    )


def _add_one_of_each(state: State, at: int) -> None:
    company = Company(
        id=state.next_id("companies"), name="Acme", created_at=at, updated_at=at
    )
    task = Task(id=state.next_id("tasks"), created_at=at, updated_at=at)
    state.data.companies[company.id] = company
    state.data.tasks[task.id] = task
    for kind in ("leads", "contacts", "companies"):
        for card_id in list(state.cards(kind))[:1]:
            note = Note(
                id=state.next_id("notes"),
                entity_type=kind,
                entity_id=card_id,
                note_type="common",
                params={"text": "Called"},
                created_at=at,
                updated_at=at,
            )
            state.data.notes[note.id] = note
            state.index_note(note)
    call = Event(
        seq=1,
        type="incoming_call",
        entity_type="company",
        entity_id=company.id,
        created_by=0,
        created_at=at,
    )
    state.data.events.append(call)


def main(arguments: list[str]) -> None:
    """Serve until standard input ends."""
    leads, contacts, latency = arguments
    sandbox = Sandbox.empty()
    fill(sandbox.state, int(leads), int(contacts))
    sandbox.engine.break_with(FaultPlan(latency=float(latency)))
    server = Server(sandbox, "127.0.0.1", 0)
    server.start()
    print(server.base_url, sandbox.token, flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
