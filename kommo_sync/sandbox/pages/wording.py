"""What a change or an event says in words: which thing, before, after."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kommo_sync.sandbox.account.history import Change
from kommo_sync.sandbox.account.records import PLURAL, SINGULAR, Event
from kommo_sync.sandbox.pages.presenting import Presenter, shortened
from kommo_sync.sandbox.pages.values import as_text, plain_value

NAMES = {
    "status_id": "Stage",
    "pipeline_id": "Pipeline",
    "responsible_user_id": "Responsible",
    "loss_reason_id": "Loss reason",
    "task_type_id": "Task type",
    "complete_till": "Deadline",
    "is_completed": "Finished",
    "closed_at": "Closed",
    "main_contact": "Main contact",
}
OTHER_KINDS = {"statuses": "stage", "unsorted": "incoming lead", "talks": "chat"}
TIMES = ("complete_till", "closed_at", "created_at", "updated_at")
# https://developers.kommo.com/reference/events-list, where the type says too little
EVENT_NAMES = {
    "lead_status_changed": "Stage",
    "entity_responsible_changed": "Responsible",
    "sale_field_changed": "Price",
    "name_field_changed": "Name",
    "task_deadline_changed": "Deadline",
    "entity_linked": "Linked",
    "entity_unlinked": "Unlinked",
    "entity_merged": "Merged",
    "entity_tag_added": "Tag added",
    "entity_tag_deleted": "Tag removed",
    "incoming_chat_message": "Chat message received",
    "outgoing_chat_message": "Chat message sent",
    "talk_created": "Chat opened",
    "talk_closed": "Chat closed",
}
BIRTHS_AND_DEATHS = {
    "_added": "created",
    "_deleted": "trashed",
    "_restored": "restored",
    "_completed": "finished",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A change in words; `what` alone if there is no before and after."""

    what: str
    before: str = ""
    after: str = ""
    is_move: bool = False


def say_change(presenter: Presenter, change: Change) -> Said:
    """Return what a change of the witness did."""
    slot = change.slot
    if slot in ("created", "deleted"):
        record = change.after if slot == "created" else change.before
        return Said(f"{singular(change.entity)} {slot}", after=_summary(record))
    if slot in ("trashed", "restored"):
        return Said(f"{singular(change.entity)} {slot}")
    if slot == "merged":
        into = presenter.link(change.entity, change.after)
        return Said("Merged into", after=into.text if into else "")
    kind, _, rest = slot.partition(":")
    if kind == "tag":
        return Said("Tag added" if change.after else "Tag removed", after=rest)
    if kind == "link":
        return _say_link(presenter, rest, linked=bool(change.after))
    if kind == "field":
        return _say_field(presenter, rest, change)
    name = NAMES.get(slot, slot.replace("_", " ").capitalize())
    return Said(
        name,
        _property(presenter, slot, change.before),
        _property(presenter, slot, change.after),
        is_move=True,
    )


def _summary(record: Any) -> str:
    if not isinstance(record, dict):
        return shortened(as_text(record))
    for key in ("name", "text", "destination"):
        if isinstance(record.get(key), str):
            return shortened(record[key])
    if isinstance(record.get("params"), dict):
        return note_text(record["params"])
    return ""


def singular(entity: str) -> str:
    """Return what one thing of that kind is called, with a capital."""
    name = SINGULAR.get(entity) or OTHER_KINDS.get(entity) or entity.rstrip("s")
    return name.replace("_", " ").capitalize()


def note_text(params: dict[str, Any]) -> str:
    """Return what a note says: its text, or its other particulars."""
    text = params.get("text")
    if isinstance(text, str) and text:
        return text
    return ", ".join(
        f"{key.replace('_', ' ')}: {as_text(value)}"
        for key, value in params.items()
        if value not in (None, "")
    )


def _say_link(presenter: Presenter, rest: str, *, linked: bool) -> Said:
    kind, _, record_id = rest.partition(":")
    link = presenter.link(kind, int(record_id)) if record_id.isdecimal() else None
    label = SINGULAR.get(kind, kind)
    text = link.text if link else f"#{record_id}"
    return Said("Linked" if linked else "Unlinked", after=f"{label} {text}")


def _say_field(presenter: Presenter, rest: str, change: Change) -> Said:
    field = presenter.state.data.fields.get(int(rest)) if rest.isdecimal() else None
    name = field.name if field else f"Field {rest}"

    def text(value: Any) -> str:
        values = value if isinstance(value, list) else [value]
        return shortened(", ".join(plain_value(presenter, field, v) for v in values))

    return Said(name, text(change.before), text(change.after), is_move=True)


def _property(presenter: Presenter, slot: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if slot in TIMES and isinstance(value, int | float):
        return presenter.moment(value)
    teller = _TELLERS.get(slot)
    if teller is not None and isinstance(value, int):
        return teller(presenter, value)
    return shortened(as_text(value))


def _pipeline(presenter: Presenter, pipeline_id: int) -> str:
    pipeline = presenter.state.data.pipelines.get(pipeline_id)
    return pipeline.name if pipeline else f"pipeline {pipeline_id}"


def _loss_reason(presenter: Presenter, reason_id: int) -> str:
    reason = presenter.state.data.loss_reasons.get(reason_id)
    return reason.name if reason else f"reason {reason_id}"


def _task_type(presenter: Presenter, type_id: int) -> str:
    kind = presenter.state.data.task_types.get(type_id)
    return kind.name if kind else f"type {type_id}"


def _contact(presenter: Presenter, contact_id: int) -> str:
    link = presenter.link("contacts", contact_id)
    return link.text if link else str(contact_id)


_TELLERS: dict[str, Callable[[Presenter, int], str]] = {
    "price": Presenter.money,
    "status_id": lambda presenter, status_id: presenter.stage_name(None, status_id),
    "pipeline_id": _pipeline,
    "responsible_user_id": Presenter.user_name,
    "created_by": Presenter.user_name,
    "updated_by": Presenter.user_name,
    "loss_reason_id": _loss_reason,
    "task_type_id": _task_type,
    "main_contact": _contact,
}


def say_event(presenter: Presenter, event: Event) -> Said:
    """Return what a row of the account's own feed says."""
    before = _side(presenter, event.before)
    after = _side(presenter, event.after)
    ending = BIRTHS_AND_DEATHS.get(event.type.removeprefix(event.entity_type))
    if ending is not None:
        return Said(f"{event.entity_type.capitalize()} {ending}", after=after)
    name = EVENT_NAMES.get(event.type)
    if name is None and event.type.startswith("custom_field_"):
        name = _field_name(presenter, event)
    if name is None:
        name = event.type.removesuffix("_changed").replace("_", " ").capitalize()
    if event.type.endswith("_changed"):
        return Said(name, before, after, is_move=True)
    return Said(name, after=after or before)


def _field_name(presenter: Presenter, event: Event) -> str:
    side = event.after or event.before
    field = presenter.state.data.fields.get(side[1]) if len(side) > 1 else None
    return field.name if field else event.type.removesuffix("_changed")


def _side(presenter: Presenter, side: tuple[Any, ...]) -> str:
    if len(side) < 2:
        return ""
    teller = _SIDES.get(side[0])
    try:
        if teller is not None:
            return teller(presenter, side)
    except (IndexError, TypeError, ValueError):
        pass  # a side of a shape that no writer of ours makes is shown as it is
    return shortened(", ".join(as_text(part) for part in side[1:] if part is not None))


def _field_side(presenter: Presenter, side: tuple[Any, ...]) -> str:
    field = presenter.state.data.fields.get(side[1])
    text = as_text(side[-1])
    is_whole = text.lstrip("-").isdecimal() and len(text) < 16
    is_date = field is not None and field.type in ("date", "date_time", "birthday")
    return plain_value(presenter, field, int(text) if is_date and is_whole else text)


def _link_side(presenter: Presenter, side: tuple[Any, ...]) -> str:
    link = presenter.link(PLURAL.get(side[1]), side[2])
    return f"{side[1]} {link.text if link else side[2]}"


def _note_side(presenter: Presenter, side: tuple[Any, ...]) -> str:
    note = presenter.state.data.notes.get(side[1])
    return shortened(note_text(note.params)) if note else f"note {side[1]}"


_SIDES: dict[Any, Callable[[Presenter, tuple[Any, ...]], str]] = {
    "lead_status": lambda presenter, side: presenter.stage_name(side[2], side[1]),
    "responsible_user": lambda presenter, side: presenter.user_name(side[1]),
    "sale_field_value": lambda presenter, side: presenter.money(int(side[1]) * 100),
    "task_deadline": lambda presenter, side: presenter.moment(side[1]),
    "task_type": lambda presenter, side: _task_type(presenter, side[1]),
    "custom_field_value": _field_side,
    "link": _link_side,
    "note": _note_side,
    "message": lambda _presenter, side: as_text(side[-1]),
}
