"""Bulk building of a past: cards, tasks, notes, talks, and the audit feed they left.

The Writer is not used: what happened before the account is handed over needs no
witness, only its traces. Give everything in order of time; `finish` sorts the feed.
"""

from operator import attrgetter
from typing import Any, NamedTuple

from kommo_sync.sandbox.account.history import Author, Mark
from kommo_sync.sandbox.account.records import (
    LOST,
    SINGULAR,
    WON,
    Card,
    Company,
    Contact,
    Event,
    Field,
    Lead,
    Note,
    Talk,
    Task,
    Value,
)
from kommo_sync.sandbox.account.state import State

NOTE_EVENTS = {
    "common": "common_note_added",
    "call_in": "incoming_call",
    "call_out": "outgoing_call",
}
KINDS = ("leads", "contacts", "companies", "tasks", "notes", "talks", "tags", "events")


class Stamp(NamedTuple):
    """Who did something and when; the mark says the same for the pages."""

    at: int
    user_id: int
    mark: Mark


class Planter:
    """Fills one account; nothing is complete before `finish`."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.data = state.data
        self._events: list[Event] = []
        self._tasks: list[tuple[Task, list[Event], Mark]] = []
        self._notes: list[tuple[Note, Event, Mark]] = []
        self._messages = 0
        self._slots: dict[str, str] = {}
        self._marks = {
            kind: self.data.marks.setdefault(kind, {})
            for kind in ("leads", "contacts", "companies", "tasks", "notes")
        }
        self._fields = {
            (field.entity_type, key): field
            for field in self.data.fields.values()
            for key in (field.name, field.code)
        }

    def stamp(self, author: Author, at: int) -> Stamp:
        """Return the author's hand at that moment."""
        return Stamp(at, author.user_id, Mark(self.state.author_index(author), at))

    def field(self, kind: str, key: str) -> Field:
        """Return the field with that code or name.

        Raises:
            KeyError: that kind of card has no such field.
        """
        return self._fields[kind, key]

    def event(
        self,
        kind: str,
        card: Card,
        stamp: Stamp,
        before: tuple[Any, ...] = (),
        after: tuple[Any, ...] = (),
    ) -> Event:
        """Return a new row of the audit feed about that card."""
        return self._log(kind, (SINGULAR[card.kind], card.id), stamp, before, after)

    def _log(
        self,
        kind: str,
        entity: tuple[str, int],
        stamp: Stamp,
        before: tuple[Any, ...] = (),
        after: tuple[Any, ...] = (),
    ) -> Event:
        event = Event(
            seq=0,
            type=kind,
            entity_type=entity[0],
            entity_id=entity[1],
            created_by=stamp.user_id,
            created_at=stamp.at,
            before=before,
            after=after,
        )
        self._events.append(event)
        return event

    def touch(self, card: Card, stamp: Stamp) -> None:
        """Tell the card that it was changed, unless it was changed later still."""
        if stamp.at >= card.updated_at:
            card.updated_at, card.updated_by = stamp.at, stamp.user_id

    def _mark(self, card: Card, slot: str, stamp: Stamp) -> None:
        slot = self._slots.setdefault(slot, slot)
        self._marks[card.kind].setdefault(card.id, {})[slot] = stamp.mark

    def _keep(self, card: Card, stamp: Stamp) -> None:
        card.id = self.state.next_id(card.kind)
        card.created_at = card.updated_at = stamp.at
        card.created_by = card.updated_by = stamp.user_id
        user = self.data.users.get(card.responsible_user_id)
        card.group_id = (user.group_id or 0) if user else 0
        self.state.cards(card.kind)[card.id] = card
        self._mark(card, "created", stamp)
        self.event(f"{SINGULAR[card.kind]}_added", card, stamp)

    def contact(self, contact: Contact, stamp: Stamp) -> Contact:
        """Keep a new contact under a fresh id, linked with the company it names."""
        self._keep(contact, stamp)
        if contact.company_id is not None:
            company = self.data.companies[contact.company_id]
            company.contact_ids.append(contact.id)
            self.touch(company, stamp)
        return contact

    def company(self, company: Company, stamp: Stamp) -> Company:
        """Keep a new company under a fresh id."""
        self._keep(company, stamp)
        return company

    def lead(self, lead: Lead, stamp: Stamp) -> Lead:
        """Keep a new lead under a fresh id, linked with its contacts and company."""
        self._keep(lead, stamp)
        ends: list[Contact | Company] = [
            self.data.contacts[contact_id] for contact_id in lead.contact_ids
        ]
        if lead.company_id is not None:
            ends.append(self.data.companies[lead.company_id])
        for end in ends:
            end.lead_ids.append(lead.id)
            self.touch(end, stamp)
        return lead

    def move(self, lead: Lead, pipeline_id: int, status_id: int, stamp: Stamp) -> None:
        """Put the lead into a stage; 142 and 143 close it."""
        before = ("lead_status", lead.status_id, lead.pipeline_id)
        after = ("lead_status", status_id, pipeline_id)
        lead.pipeline_id, lead.status_id = pipeline_id, status_id
        lead.closed_at = stamp.at if status_id in (WON, LOST) else None
        self.touch(lead, stamp)
        self.event("lead_status_changed", lead, stamp, before, after)

    def tag(self, card: Card, name: str, stamp: Stamp) -> None:
        """Put a tag on the card, made if need be; a tag it has stays as it is."""
        tag = self.state.tag_named(card.kind, name)
        if tag.id in card.tags:
            return
        card.tags.append(tag.id)
        self._mark(card, f"tag:{tag.name}", stamp)
        self.touch(card, stamp)
        self.event("entity_tag_added", card, stamp, (), ("tag", tag.name))

    def fill(self, card: Card, key: str, value: Any, stamp: Stamp) -> None:
        """Fill a field when the card is made: no event; choices by their text."""
        field = self.field(card.kind, key)
        card.fields[field.id] = [_value(field, value)]
        self._mark(card, f"field:{field.id}", stamp)

    def refill(self, card: Card, key: str, value: Any, stamp: Stamp) -> None:
        """Change a field later on, with its event."""
        field = self.field(card.kind, key)
        before = _event_side(field, card.fields.get(field.id, []))
        self.fill(card, key, value, stamp)
        after = _event_side(field, card.fields[field.id])
        self.touch(card, stamp)
        kind = f"custom_field_{field.id}_value_changed"
        self.event(kind, card, stamp, before, after)

    def task(self, task: Task, card: Card, stamp: Stamp) -> None:
        """Put a task on the card."""
        task.entity_type, task.entity_id = card.kind, card.id
        task.created_at = task.updated_at = stamp.at
        task.created_by = task.updated_by = stamp.user_id
        task.group_id = card.group_id
        added = self._log("task_added", ("task", 0), stamp, (), ("task", task.text))
        self._tasks.append((task, [added], stamp.mark))

    def complete_last_task(self, result: str, stamp: Stamp) -> None:
        """Finish the task given last, with the text of its result."""
        task, events, _ = self._tasks[-1]
        task.is_completed, task.result = True, result
        task.updated_at, task.updated_by = stamp.at, stamp.user_id
        note = ("task", result)
        events.append(self._log("task_result_added", ("task", 0), stamp, (), note))
        events.append(self._log("task_completed", ("task", 0), stamp))

    def note(
        self, card: Card, note_type: str, params: dict[str, Any], stamp: Stamp
    ) -> None:
        """Put a note or a telephone call into the card's feed."""
        note = Note(
            id=0,
            entity_type=card.kind,
            entity_id=card.id,
            note_type=note_type,
            params=params,
            responsible_user_id=card.responsible_user_id,
            group_id=card.group_id,
            created_by=stamp.user_id,
            updated_by=stamp.user_id,
            created_at=stamp.at,
            updated_at=stamp.at,
        )
        event = self.event(NOTE_EVENTS[note_type], card, stamp)
        self._notes.append((note, event, stamp.mark))

    def talk(self, contact: Contact, origin: str, stamp: Stamp) -> Talk:
        """Open a conversation with a contact, about its latest lead."""
        number = self.state.next_id("talks")
        lead_id = contact.lead_ids[-1] if contact.lead_ids else None
        talk = Talk(
            id=number,
            contact_id=contact.id,
            chat_id=f"10000000-0000-4000-8000-{number:012x}",
            entity_id=lead_id,
            entity_type=None if lead_id is None else "lead",
            origin=origin,
            created_at=stamp.at,
            updated_at=stamp.at,
        )
        self.data.talks[number] = talk
        self.event("talk_created", contact, stamp, (), ("talk", number))
        return talk

    def message(self, talk: Talk, stamp: Stamp, *, incoming: bool) -> None:
        """Add one message to a conversation; an answer marks it as read."""
        self._messages += 1
        message_id = f"20000000-0000-4000-8000-{self._messages:012x}"
        side = ("message", message_id, talk.id, talk.origin)
        kind = "incoming_chat_message" if incoming else "outgoing_chat_message"
        self.event(kind, self.data.contacts[talk.contact_id], stamp, (), side)
        talk.updated_at, talk.is_read = stamp.at, not incoming

    def finish(self) -> None:
        """Hand out the ids of tasks and notes, number the feed, set closest tasks."""
        self._finish_tasks()
        self._finish_notes()
        events = self.data.events
        events += self._events
        events.sort(key=attrgetter("created_at"))
        for index, event in enumerate(events):
            event.seq = index + 1
        self._events = []
        for kind in KINDS:
            self.state.touch(kind)

    def _finish_tasks(self) -> None:
        planted = sorted(self._tasks, key=lambda entry: entry[0].created_at)
        for task, events, mark in planted:
            task.id = self.state.next_id("tasks")
            self._marks["tasks"][task.id] = {"created": mark}
            self.data.tasks[task.id] = task
            self.state.index_task(task)
            for event in events:
                event.entity_id = task.id
            if task.entity_type is None or task.entity_id is None or task.is_completed:
                continue
            card = self.state.cards(task.entity_type)[task.entity_id]
            closest = card.closest_task_at
            if closest is None or task.complete_till < closest:
                card.closest_task_at = task.complete_till
        self._tasks = []

    def _finish_notes(self) -> None:
        planted = sorted(self._notes, key=lambda entry: entry[0].created_at)
        for note, event, mark in planted:
            note.id = self.state.next_id("notes")
            self._marks["notes"][note.id] = {"created": mark}
            self.data.notes[note.id] = note
            self.state.index_note(note)
            event.after = ("note", note.id)
        self._notes = []


def _value(field: Field, value: Any) -> Value:
    if field.enums is None:
        return Value(value)
    if field.type == "multitext":
        first = field.enums[0]
        return Value(value, first.id, first.code)
    chosen = next(enum for enum in field.enums if enum.value == value)
    return Value(value, chosen.id, chosen.code)


def _event_side(field: Field, values: list[Value]) -> tuple[Any, ...]:
    if not values:
        return ()
    first = values[0]
    return "custom_field_value", field.id, field.type, first.enum_id, str(first.value)
