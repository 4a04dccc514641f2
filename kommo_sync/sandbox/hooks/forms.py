"""What a webhook tells of a signal, snapshot of the moment when it was given."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from kommo_sync.sandbox.account.records import ELEMENT_TYPES, Note, Task, Unsorted
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Signal
from kommo_sync.sandbox.hooks.body import Item, split_code
from kommo_sync.sandbox.hooks.cards import CARD_FORMS, Describe, Fact

# The numbers of API v2; what it had no number for is a service note.
NOTE_TYPES = {
    "common": 4,
    "attachment": 5,
    "call_in": 10,
    "call_out": 11,
    "sms_in": 102,
    "sms_out": 103,
}
SERVICE_NOTE = 25
NO_TIME = "0000-00-00 00:00:00"


def describe(state: State, signal: Signal, user_id: int = 0) -> Item | None:
    """Return the item that tells the signal as things stand now.

    None where nothing is left to tell: the record was gone before the request ended.

    Args:
        user_id: who acted.
    """
    action, entity = split_code(signal.code)
    forms = FORMS.get(entity, {})
    form = forms.get(action, forms.get(""))
    return form(Fact(state, signal, user_id)) if form else None


def local_time(state: State, moment: int) -> str:
    """Return Unix seconds as `Y-m-d H:i:s` in the account's time zone."""
    try:
        local = datetime.fromtimestamp(moment, ZoneInfo(state.data.account.timezone))
    except (ValueError, OverflowError, OSError):
        # A task may be due in the year 30,000, which Python cannot spell.
        return NO_TIME
    return local.strftime("%Y-%m-%d %H:%M:%S")


def _note(fact: Fact) -> Item | None:
    note = fact.state.data.notes.get(int(fact.signal.id))
    if note is None:
        return None
    return {
        "note": {
            "id": note.id,
            "note_type": NOTE_TYPES.get(note.note_type, SERVICE_NOTE),
            "text": _note_text(note),
            "element_id": note.entity_id,
            "element_type": ELEMENT_TYPES.get(note.entity_type),
            "created_by": note.created_by,
            "main_user_id": note.responsible_user_id,
            "account_id": fact.account_id,
            **_note_details(fact.state, note),
            "attachement": note.params.get("file_name", ""),
            "metadata": _note_metadata(fact.state, note),
        }
    }


def _note_details(state: State, note: Note) -> Item:
    if not state.choices.hook_note_details:
        return {}
    changed = local_time(state, note.updated_at)
    return {
        "group_id": note.group_id,
        "modified_by": note.updated_by,
        "date_create": local_time(state, note.created_at),
        "date_modify": changed,
        "timestamp_x": changed,
    }


def _note_text(note: Note) -> str:
    params = note.params
    if note.note_type not in ("call_in", "call_out"):
        return str(params.get("text") or params.get("file_name") or "")
    return _json(
        {name.upper(): params.get(name) for name in ("link", "phone", "duration")}
    )


def _note_metadata(state: State, note: Note) -> str:
    user = state.data.users.get(note.created_by)
    author = user.name if user else "Robot"
    return _json({"event_source": {"type": 1, "author_name": author}})


def _json(value: Item) -> str:
    return msgspec.json.encode(value).decode()


def _task(fact: Fact) -> Item | None:
    task = fact.state.data.tasks.get(fact.number)
    if task is None:
        return None
    return {
        "id": task.id,
        "element_id": task.entity_id,
        "element_type": ELEMENT_TYPES.get(task.entity_type or ""),
        "task_type": task.task_type_id,
        "date_create": local_time(fact.state, task.created_at),
        "text": task.text,
        "old_text": fact.extra.get("old_text"),
        "status": task.is_completed,
        "action_close": fact.extra.get("action_close"),
        "result": _task_result(fact.state, task),
        "account_id": fact.account_id,
        "created_user_id": task.created_by,
        "last_modified": local_time(fact.state, task.updated_at),
        "responsible_user_id": task.responsible_user_id,
        "old_responsible_user_id": fact.extra.get("old_responsible_user_id"),
        "complete_till": local_time(fact.state, task.complete_till),
        "complete_before": task.complete_till,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
    }


def _task_result(state: State, task: Task) -> Item:
    told = state.choices.hook_task_result_id and task.result is not None
    return {"text": task.result, **({"id": task.id} if told else {})}


def _deleted_task(fact: Fact) -> Item:
    if not fact.state.choices.hook_task_delete_has_entity:
        return {"id": fact.signal.id}
    element = fact.extra.get("element_type")
    return {
        "id": fact.signal.id,
        "element_id": fact.extra.get("element_id"),
        "element_type": ELEMENT_TYPES.get(str(element), element),
    }


def _talk(fact: Fact) -> Item | None:
    talk = fact.state.data.talks.get(fact.number)
    if talk is None:
        return None
    return {
        "talk_id": talk.id,
        "created_at": talk.created_at,
        "updated_at": talk.updated_at,
        "rate": talk.rate,
        "contact_id": talk.contact_id,
        "chat_id": talk.chat_id,
        "entity_id": talk.entity_id,
        "entity_type": talk.entity_type,
        "is_in_work": talk.is_in_work,
        "is_read": talk.is_read,
        "origin": talk.origin,
    }


def _message(fact: Fact) -> Item | None:
    message: Item | None = fact.extra.get("message")
    return message


def _unsorted(fact: Fact) -> Item | None:
    entry = fact.state.data.unsorted.get(str(fact.signal.id))
    if entry is None:
        return None
    return {
        "uid": entry.uid,
        "source_uid": entry.source_uid,
        "lead_id": entry.lead_id,
        "pipeline_id": entry.pipeline_id,
        "source_name": entry.source_name,
        "category": entry.category,
        "created_at": entry.created_at,
        "source_data": {**_source(entry), "source_name": entry.source_name},
        "data": {
            "leads": [{"id": entry.lead_id}],
            "contacts": _named(fact.state, "contacts", entry.contact_ids),
            "companies": _named(fact.state, "companies", entry.company_ids),
        },
    }


def _source(entry: Unsorted) -> Item:
    metadata = entry.metadata
    if entry.category != "chats":
        return metadata
    client = metadata.get("client") or {}
    return {
        "data": [{"text": metadata.get("last_message_text", "")}],
        "origin": metadata.get("origin") or {},
        "client": {"id": metadata.get("from"), **client},
        "service": metadata.get("service"),
    }


def _named(state: State, kind: str, ids: list[int]) -> list[Item]:
    cards = (state.card(kind, card_id) for card_id in ids)
    return [{"id": card.id, "name": card.name} for card in cards if card]


def _sorted_away(fact: Fact) -> Item | None:
    entry = fact.state.data.unsorted.get(str(fact.signal.id))
    if entry is None:
        return None
    action = fact.extra.get("action")
    accepted = {"leads": [entry.lead_id]} if action == "accept" else {}
    return {
        "action": action,
        "uid": entry.uid,
        "accept_result": accepted,
        "category": entry.category,
        "created_at": entry.created_at,
        "modified_user_id": fact.user_id,
    }


FORMS: dict[str, dict[str, Describe]] = {
    "lead": {**CARD_FORMS["lead"], "note": _note},
    "contact": {**CARD_FORMS["contact"], "note": _note},
    "company": {**CARD_FORMS["company"], "note": _note},
    "task": {"": _task, "delete": _deleted_task},
    "talk": {"": _talk},
    "message": {"": _message},
    "unsorted": {"": _unsorted, "delete": _sorted_away},
}
"""By entity, then by action; "" is every action without a form of its own."""
