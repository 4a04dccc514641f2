"""A card's history: changes, the account's own events and notes, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kommo_sync.sandbox.account.history import Change
from kommo_sync.sandbox.account.records import PLURAL, SINGULAR, Card, Event, Note
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.pages.authorship import Authorship, Badge
from kommo_sync.sandbox.pages.paging import Places, Slice, slice_of
from kommo_sync.sandbox.pages.presenting import Presenter
from kommo_sync.sandbox.pages.wording import Said, note_text, say_change, say_event

ENTRIES_A_PAGE = 40
# Which slot of the witness's rows tells the same as an event of that type.
SLOTS = {
    "lead_status_changed": "status_id",
    "entity_responsible_changed": "responsible_user_id",
    "sale_field_changed": "price",
    "name_field_changed": "name",
    "task_completed": "is_completed",
    "task_result_added": "result",
    "task_text_changed": "text",
    "task_deadline_changed": "complete_till",
    "task_type_changed": "task_type_id",
    "entity_merged": "merged",
}
ENDINGS = {"_added": "created", "_deleted": "trashed", "_restored": "restored"}
NOTE_NAMES = {
    "common": "Note",
    "call_in": "Incoming call",
    "call_out": "Outgoing call",
    "sms_in": "SMS received",
    "sms_out": "SMS sent",
}
CALL_PARTS = ("duration", "phone", "call_result")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a card's history."""

    kind: str
    when: str
    badge: Badge
    said: Said
    subject: str = ""


class _Row(NamedTuple):
    at: int
    rank: int
    place: int
    record: Change | Event | Note


class Feed:
    """Finds what happened to a card without going through the whole account."""

    def __init__(self) -> None:
        self._changes = Places[Change](lambda x: [(x.entity, x.id), x.entity])
        self._events = Places[Event](lambda x: [(x.entity_type, x.entity_id)])

    def changes(
        self, state: State, entity: str, record_id: int | str | None = None
    ) -> list[int]:
        """Return the places of the changes of a kind, or of one record of it."""
        key = entity if record_id is None else (entity, record_id)
        return self._changes.of(state.data.changes, key)

    def entities(self, state: State) -> tuple[str, ...]:
        """Return the kinds that have changes, by name."""
        keys = self._changes.keys(state.data.changes)
        return tuple(sorted(key for key in keys if isinstance(key, str)))

    def of_card(
        self, presenter: Presenter, card: Card, page: int | None
    ) -> Slice[Entry]:
        """Return a page of the card's history: its own, its tasks' and its notes'."""
        rows = sorted(self._rows(presenter.state, card), key=_order, reverse=True)
        path = f"/{card.kind}/{card.id}"
        found = slice_of(rows, page, ENTRIES_A_PAGE, path)
        entries = [_entry(presenter, card, row.record) for row in found.rows]
        return Slice(entries, found.pager)

    def _rows(self, state: State, card: Card) -> Iterator[_Row]:
        key = (card.kind, card.id)
        data = state.data
        notes = [data.notes[i] for i in state.notes_of.get(key, []) if i in data.notes]
        subjects = [
            key,
            *(("tasks", task_id) for task_id in state.tasks_of.get(key, ())),
            *(("notes", note.id) for note in notes),
        ]
        for note in notes:
            yield _Row(note.created_at, 2, note.id, note)
        known = {note.id for note in notes}
        for entity, record_id in subjects:
            yield from self._rows_of(state, entity, record_id, known)

    def _rows_of(
        self, state: State, entity: str, record_id: int, notes: set[int]
    ) -> Iterator[_Row]:
        told = set()
        for place in self.changes(state, entity, record_id):
            change = state.data.changes[place]
            if (entity, change.slot) == ("notes", "created"):
                continue
            told.add((change.slot, int(change.at)))
            rank = 0 if change.slot == "created" else 2
            yield _Row(int(change.at), rank, place, change)
        if entity not in SINGULAR:
            return
        for place in self._events.of(state.data.events, (SINGULAR[entity], record_id)):
            event = state.data.events[place]
            if (slot_of(event), event.created_at) not in told and not (
                event.after[:1] == ("note",) and event.after[1] in notes
            ):
                yield _Row(event.created_at, 1, place, event)


def _order(row: _Row) -> tuple[int, int, int]:
    """Sort key: the time; in one second the making of a record comes first."""
    return row.at, row.rank, row.place


def slot_of(event: Event) -> str:
    """Return the slot that an event speaks of; an empty text if it is none's."""
    side = event.after or event.before
    if event.type in SLOTS:
        return SLOTS[event.type]
    if event.type.startswith("entity_tag_") and len(side) > 1:
        return f"tag:{side[1]}"
    if event.type.startswith("custom_field_") and len(side) > 1:
        return f"field:{side[1]}"
    if event.type.startswith(("entity_linked", "entity_unlinked")) and len(side) > 2:
        return f"link:{PLURAL.get(side[1], side[1])}:{side[2]}"
    ending = event.type.removeprefix(event.entity_type)
    return ENDINGS.get(ending, "")


def _entry(presenter: Presenter, card: Card, record: Change | Event | Note) -> Entry:
    authors = Authorship(presenter)
    if isinstance(record, Note):
        name = NOTE_NAMES.get(record.note_type, record.note_type.replace("_", " "))
        said = Said(name.capitalize(), after=_note_text(record))
        when = presenter.moment(record.created_at)
        return Entry("note", when, authors.of_making("notes", record), said)
    if isinstance(record, Change):
        return Entry(
            "task" if record.entity == "tasks" else "change",
            presenter.moment(record.at),
            authors.of_author(record.author, record.at),
            say_change(presenter, record),
            _subject(presenter, card, record.entity, record.id),
        )
    entity = PLURAL.get(record.entity_type, record.entity_type)
    return Entry(
        "task" if entity == "tasks" else "event",
        presenter.moment(record.created_at),
        event_author(authors, record),
        say_event(presenter, record),
        _subject(presenter, card, entity, record.entity_id),
    )


def event_author(authors: Authorship, event: Event) -> Badge:
    """Return who caused an event: the mark left in that second, else its user."""
    kind = PLURAL.get(event.entity_type, event.entity_type)
    for slot in (slot_of(event), "created"):
        mark = authors.mark(kind, event.entity_id, slot)
        if mark is not None and mark.at == event.created_at:
            return authors.of_author(mark.author, mark.at)
    return authors.of_user(event.created_by, event.created_at)


def _subject(
    presenter: Presenter, card: Card, entity: str, record_id: int | str
) -> str:
    if entity == card.kind or not isinstance(record_id, int):
        return ""
    task = presenter.state.data.tasks.get(record_id) if entity == "tasks" else None
    return task.text if task else ""


def _note_text(note: Note) -> str:
    if not note.note_type.startswith("call_"):
        return note_text(note.params)
    said = [
        _call_part(key, note.params[key]) for key in CALL_PARTS if key in note.params
    ]
    return ", ".join(part for part in said if part)


def _call_part(key: str, value: object) -> str:
    if key == "duration" and isinstance(value, int | float):
        minutes, seconds = divmod(int(value), 60)
        return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    return "" if value is None else str(value)
