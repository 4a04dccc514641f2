"""Everything one account holds, its indexes, and the ids that are handed out."""

import threading
from collections import OrderedDict
from typing import Any

import msgspec

from kommo_sync.sandbox.account.choices import Choices
from kommo_sync.sandbox.account.clock import Clock
from kommo_sync.sandbox.account.grants import Code, Grant, Integration, Refresh
from kommo_sync.sandbox.account.history import Author, Change, Mark, Request
from kommo_sync.sandbox.account.records import (
    AccountSettings,
    Card,
    Company,
    Contact,
    Delivery,
    Event,
    Field,
    FieldGroup,
    Lead,
    LossReason,
    Note,
    Pipeline,
    Role,
    Tag,
    Talk,
    Task,
    TaskType,
    Unsorted,
    User,
    Webhook,
)

FIRST_IDS = {
    "leads": 1_000_001,
    "cards": 5_000_001,
    "tasks": 3_000_001,
    "notes": 7_000_001,
    "tags": 200_001,
    "fields": 900_001,
    "enums": 600_001,
    "groups": 91_001,
    "pipelines": 8_000_001,
    "statuses": 60_000_001,
    "loss_reasons": 400_001,
    "users": 11_000_001,
    "roles": 450_001,
    "webhooks": 480_001,
    "talks": 71_001,
}
"""Where each counter starts; contacts and companies share one, as in Kommo."""


class Data(msgspec.Struct, kw_only=True):
    """What a state file holds."""

    format: int = 1
    account: AccountSettings
    choices: Choices = msgspec.field(default_factory=Choices)
    counters: dict[str, int] = {}
    leads: dict[int, Lead] = {}
    contacts: dict[int, Contact] = {}
    companies: dict[int, Company] = {}
    trashed_leads: dict[int, Lead] = {}
    trashed_contacts: dict[int, Contact] = {}
    trashed_companies: dict[int, Company] = {}
    tasks: dict[int, Task] = {}
    notes: dict[int, Note] = {}
    tags: dict[int, Tag] = {}
    fields: dict[int, Field] = {}
    field_groups: dict[str, FieldGroup] = {}
    pipelines: dict[int, Pipeline] = {}
    loss_reasons: dict[int, LossReason] = {}
    users: dict[int, User] = {}
    user_groups: dict[int, str] = {}
    roles: dict[int, Role] = {}
    task_types: dict[int, TaskType] = {}
    events: list[Event] = []
    unsorted: dict[str, Unsorted] = {}
    talks: dict[int, Talk] = {}
    webhooks: dict[int, Webhook] = {}
    deliveries: dict[int, Delivery] = {}
    integrations: dict[str, Integration] = {}
    grants: dict[str, Grant] = {}
    refreshes: dict[str, Refresh] = {}
    codes: dict[str, Code] = {}
    signing_key: str = ""
    authors: list[Author] = []
    marks: dict[str, dict[int, dict[str, Mark]]] = {}
    changes: list[Change] = []
    requests: list[Request] = []
    truth: dict[str, Any] = {}


class State:
    """One account in memory: the data, the lock that guards it, and its indexes."""

    def __init__(self, data: Data, clock: Clock) -> None:
        self.data = data
        self.clock = clock
        self.lock = threading.RLock()
        self.lag_seconds = 0.0
        self.versions: dict[str, int] = {}
        self.listings: OrderedDict[Any, Any] = OrderedDict()
        self.rebuild()

    def rebuild(self) -> None:
        """Make the indexes anew from the data."""
        self.tasks_of: dict[tuple[str, int], set[int]] = {}
        self.notes_of: dict[tuple[str, int], list[int]] = {}
        self.tag_ids: dict[tuple[str, str], int] = {}
        self.author_ids: dict[Author, int] = {}
        for author in self.data.authors:
            self.author_ids.setdefault(author, len(self.author_ids))
        for task in self.data.tasks.values():
            self.index_task(task)
        for note in self.data.notes.values():
            self.index_note(note)
        for tag in self.data.tags.values():
            self.tag_ids[tag.entity_type, tag.name.casefold()] = tag.id

    @property
    def choices(self) -> Choices:
        """The switches for what no source confirms."""
        return self.data.choices

    def now(self) -> int:
        """Return whole Unix seconds."""
        return int(self.clock.now())

    def next_id(self, kind: str) -> int:
        """Return a fresh id of that kind."""
        counter = "cards" if kind in ("contacts", "companies") else kind
        value = self.data.counters.get(counter, FIRST_IDS.get(counter, 1))
        self.data.counters[counter] = value + 1
        return value

    def touch(self, kind: str) -> None:
        """Forget the listings of a kind: something in it changed."""
        self.versions[kind] = self.versions.get(kind, 0) + 1

    def cards(self, kind: str) -> dict[int, Any]:
        """Return the live leads, contacts or companies by id."""
        return getattr(self.data, kind)  # type: ignore[no-any-return]

    def trash(self, kind: str) -> dict[int, Any]:
        """Return the trashed leads, contacts or companies by id."""
        return getattr(self.data, f"trashed_{kind}")  # type: ignore[no-any-return]

    def card(self, kind: str, card_id: int) -> Card | None:
        """Return one live card."""
        return self.cards(kind).get(card_id)

    def any_card(self, kind: str, card_id: int) -> Card | None:
        """Return one card, live or trashed."""
        return self.card(kind, card_id) or self.trash(kind).get(card_id)

    def index_task(self, task: Task) -> None:
        """Remember under which entity a task stands."""
        if task.entity_type is not None and task.entity_id is not None:
            key = (task.entity_type, task.entity_id)
            self.tasks_of.setdefault(key, set()).add(task.id)

    def index_note(self, note: Note) -> None:
        """Remember under which entity a note stands."""
        key = (note.entity_type, note.entity_id)
        self.notes_of.setdefault(key, []).append(note.id)

    def author_index(self, author: Author) -> int:
        """Return the author's place in the list of authors, new ones appended."""
        index = self.author_ids.get(author)
        if index is None:
            index = len(self.data.authors)
            self.data.authors.append(author)
            self.author_ids[author] = index
        return index

    def tag_named(self, kind: str, name: str) -> Tag:
        """Return the tag of that name, made if need be; case does not matter."""
        key = (kind, name.casefold())
        tag_id = self.tag_ids.get(key)
        if tag_id is None:
            tag = Tag(id=self.next_id("tags"), entity_type=kind, name=name)
            self.data.tags[tag.id] = tag
            self.tag_ids[key] = tag.id
            self.touch("tags")
            return tag
        return self.data.tags[tag_id]

    def main_pipeline(self) -> Pipeline:
        """Return the pipeline that new leads enter."""
        return next(p for p in self.data.pipelines.values() if p.is_main)

    def field_by_code(self, kind: str, code: str) -> Field | None:
        """Return the custom field with that code."""
        return next(
            (
                field
                for field in self.data.fields.values()
                if field.entity_type == kind and field.code == code
            ),
            None,
        )
