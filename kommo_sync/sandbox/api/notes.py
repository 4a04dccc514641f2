"""/{entity}/notes and /{entity}/{id}/notes."""

from typing import Any

from kommo_sync.sandbox.account.records import SINGULAR, Note
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.api.answers import Item, written
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    boolean,
    check_item,
    check_users,
    required,
    string,
    whole,
    whole_or_null,
)
from kommo_sync.sandbox.wire.call import Call, refuse_flaws
from kommo_sync.sandbox.wire.listing import (
    Collection,
    answer_page,
    by_id,
    by_update,
    moment,
    one_of,
    word_of,
)
from kommo_sync.sandbox.wire.problems import (
    EmptyAnswer,
    Flaw,
    missing,
    not_supported,
    rule_broken,
)

RULES: dict[str, Check] = {
    "id": whole,
    "entity_id": whole,
    "note_type": string,
    "params": anything,
    "responsible_user_id": whole,
    "created_by": whole,
    "updated_by": whole,
    "created_at": whole,
    "updated_at": whole_or_null,
    "is_need_to_trigger_digital_pipeline": boolean,
    "request_id": anything,
}
# Each type with the params that it cannot do without.
NOTE_TYPES: dict[str, tuple[str, ...]] = {
    "common": ("text",),
    "call_in": ("duration", "source", "phone"),
    "call_out": ("duration", "source", "phone"),
    "service_message": ("service", "text"),
    "extended_service_message": ("service", "text"),
    "geolocation": ("text", "address", "longitude", "latitude"),
    "sms_in": ("text", "phone"),
    "sms_out": ("text", "phone"),
    "attachment": ("version_uuid", "file_uuid", "file_name"),
    "message_cashier": ("status", "text"),
    "invoice_paid": ("service", "text"),
    "bill_paid": ("service", "text"),
    "site_visit": ("url",),
    "targeting_in": ("service",),
    "targeting_out": ("service",),
}
# https://developers.kommo.com/reference/events-list
EVENTS = {
    "common": "common_note_added",
    "call_in": "incoming_call",
    "call_out": "outgoing_call",
    "sms_in": "incoming_sms",
    "sms_out": "outgoing_sms",
    "service_message": "service_note_added",
    "extended_service_message": "service_note_added",
    "geolocation": "geo_note_added",
    "attachment": "attachment_note_added",
    "message_cashier": "message_to_cashier_note_added",
    "site_visit": "site_visit_note_added",
    "targeting_in": "targeting_in_note_added",
    "targeting_out": "targeting_out_note_added",
}
FILTERS = {
    "id": one_of("id"),
    "note_type": word_of("note_type"),
    "updated_at": moment("updated_at"),
    "entity_id": one_of("entity_id"),
}


def _collection(kind: str, card_id: int | None) -> Collection:
    def rows(state: State) -> list[Note]:
        notes = state.data.notes
        if card_id is not None:
            return [notes[i] for i in state.notes_of.get((kind, card_id), [])]
        return [note for note in notes.values() if note.entity_type == kind]

    return Collection(
        name="notes",
        rows=rows,
        filters=FILTERS,
        # Measured: created_at does not sort notes.
        orders={"id": by_id, "updated_at": by_update},
        default=(by_update, False),
    )


def render_note(call: Call, note: Note) -> Item:
    """Return a note as lists and by-id answers show it."""
    pinned = {"is_pinned": note.is_pinned} if "is_pinned" in call.withs else {}
    return {
        "id": note.id,
        "entity_id": note.entity_id,
        "created_by": note.created_by,
        "updated_by": note.updated_by,
        "created_at": note.created_at,
        "updated_at": note.updated_at,
        "responsible_user_id": note.responsible_user_id,
        "group_id": note.group_id,
        "note_type": note.note_type,
        "params": note.params,
        **pinned,
        "account_id": call.state.data.account.id,
        "_links": _link(call, note),
    }


def _link(call: Call, note: Note) -> Item:
    return call.self_link(f"{note.entity_type}/{note.entity_id}/notes/{note.id}")


def list_notes(call: Call, kind: str, card_id: int | None = None) -> Item:
    """GET /{entity}/notes and /{entity}/{id}/notes."""
    return answer_page(call, _collection(kind, card_id), render_note)


def _find(call: Call, kind: str, note_id: int, card_id: int | None) -> Note:
    note = call.state.data.notes.get(note_id)
    if note is None or note.entity_type != kind:
        raise EmptyAnswer
    if card_id is not None and note.entity_id != card_id:
        raise EmptyAnswer
    return note


def get_note(call: Call, kind: str, note_id: int, card_id: int | None = None) -> Item:
    """GET a note by id, with or without its entity in the path."""
    return render_note(call, _find(call, kind, note_id, card_id))


def create_notes(call: Call, kind: str, card_id: int | None = None) -> Item:
    """POST notes: `entity_id` stands in each item unless it is in the path."""
    items = call.items()
    full = [
        item if card_id is None else {**item, "entity_id": card_id} for item in items
    ]
    refuse_flaws(items, [_flaws(call, kind, item) for item in full])
    made = [_made(call, create_note(call, kind, item)) for item in full]
    return written(call, "notes", items, made, f"{kind}/notes")


def _made(call: Call, note: Note) -> Item:
    return {"id": note.id, "entity_id": note.entity_id, "_links": _link(call, note)}


def _flaws(call: Call, kind: str, item: Item) -> list[Flaw]:
    flaws = required(item, ("note_type", "entity_id"))
    flaws = flaws or check_item(item, RULES, call.state)
    if flaws:
        return flaws
    note_type, params = item["note_type"], item.get("params")
    if note_type not in NOTE_TYPES:
        return [not_supported("note_type")]
    if not isinstance(params, dict):
        return [missing("params")]
    flaws = [
        missing(f"params.{name}")
        for name in NOTE_TYPES[note_type]
        if params.get(name) is None
    ]
    if call.state.card(kind, item["entity_id"]) is None:
        flaws.append(not_supported("entity_id"))
    return flaws + check_users(call.state, item)


def create_note(call: Call, kind: str, item: Item) -> Note:
    """Make a note of an item that was found without flaws; it names its entity."""
    writer, state = call.writer, call.state
    by_robot = state.choices.note_author == "robot"
    author = item.get("created_by", 0 if by_robot else writer.user_id)
    note = Note(
        id=state.next_id("notes"),
        entity_type=kind,
        entity_id=item["entity_id"],
        note_type=item["note_type"],
        params=item["params"],
        responsible_user_id=item.get("responsible_user_id", call.user.id),
        created_by=author,
        updated_by=author,
        created_at=item.get("created_at", writer.now),
        updated_at=item.get("updated_at") or writer.now,
    )
    state.data.notes[note.id] = note
    state.index_note(note)
    writer.created("notes", note)
    event = EVENTS.get(note.note_type)
    if event is not None:
        writer.event(event, kind, note.entity_id, (), ("note", note.id))
    writer.signal(f"note_{SINGULAR[kind]}", kind, note.id)
    return note


def patch_notes(call: Call, kind: str, card_id: int | None = None) -> Item:
    """PATCH notes in a batch."""
    items = call.items()
    refuse_flaws(items, [check_item(item, RULES, call.state) for item in items])
    notes = _known(call, kind, items, card_id)
    made = [_changed(call, note, item) for note, item in zip(notes, items, strict=True)]
    return written(call, "notes", items, made, f"{kind}/notes")


def _known(call: Call, kind: str, items: list[Item], card_id: int | None) -> list[Note]:
    notes: list[Note] = []
    unknown: dict[str, str] = {}
    for item in items:
        try:
            notes.append(_find(call, kind, item.get("id", 0), card_id))
        except EmptyAnswer:
            unknown[str(item.get("id"))] = "Note not found"
    if unknown:
        raise rule_broken(unknown)
    return notes


def _changed(call: Call, note: Note, item: Item) -> Item:
    if isinstance(item.get("params"), dict):
        params: dict[str, Any] = {**note.params, **item["params"]}
        if call.writer.assign("notes", note, "params", params):
            note.updated_at, note.updated_by = call.writer.now, call.writer.user_id
    return {
        "id": note.id,
        "entity_id": note.entity_id,
        "updated_at": note.updated_at,
        "_links": _link(call, note),
    }


def patch_note(call: Call, kind: str, note_id: int, card_id: int | None = None) -> Item:
    """PATCH one note; the answer stands at the root."""
    item = {**call.item(), "id": note_id}
    refuse_flaws([item], [check_item(item, RULES, call.state)])
    [note] = _known(call, kind, [item], card_id)
    return _changed(call, note, item)


def pin_note(
    call: Call, kind: str, note_id: int, verb: str, card_id: int | None = None
) -> None:
    """POST …/notes/{id}/pin or /unpin, with or without the note's entity."""
    note = _find(call, kind, note_id, card_id)
    call.writer.assign("notes", note, "is_pinned", verb == "pin")
    raise EmptyAnswer


_KIND = "/<any(leads,contacts,companies):kind>"
_PIN = "<int:note_id>/<any(pin,unpin):verb>"
ROUTES = [
    ("GET", f"{_KIND}/notes", list_notes),
    ("POST", f"{_KIND}/notes", create_notes),
    ("PATCH", f"{_KIND}/notes", patch_notes),
    ("GET", f"{_KIND}/notes/<int:note_id>", get_note),
    ("PATCH", f"{_KIND}/notes/<int:note_id>", patch_note),
    ("GET", f"{_KIND}/<int:card_id>/notes", list_notes),
    ("POST", f"{_KIND}/<int:card_id>/notes", create_notes),
    ("PATCH", f"{_KIND}/<int:card_id>/notes", patch_notes),
    ("GET", f"{_KIND}/<int:card_id>/notes/<int:note_id>", get_note),
    ("PATCH", f"{_KIND}/<int:card_id>/notes/<int:note_id>", patch_note),
    ("POST", f"{_KIND}/notes/{_PIN}", pin_note),
    ("POST", f"{_KIND}/<int:card_id>/notes/{_PIN}", pin_note),
]
