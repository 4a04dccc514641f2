"""What only people can do, in Kommo's interface: trash, restore, talk, call."""

from typing import Any

from kommo_sync.sandbox.account.history import ROBOT
from kommo_sync.sandbox.account.records import (
    MAIN_KINDS,
    SINGULAR,
    Card,
    Lead,
    Note,
    Talk,
)
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.rules.deals import move
from kommo_sync.sandbox.rules.linking import drop_links, linked_ids

DAY_SECONDS = 86_400


class NoSuchCard(LookupError):
    """A card that the action needs is not there."""


def find_card(writer: Writer, kind: str, card_id: int) -> Any:
    """Return a live card.

    Raises:
        NoSuchCard: it is not in the account.
    """
    card = writer.state.card(kind, card_id)
    if card is None:
        raise NoSuchCard(f"There is no {SINGULAR[kind]} {card_id} in the account.")
    return card


def trash_card(writer: Writer, kind: str, card_id: int) -> None:
    """Move a card to the trash: out of lists and by-id answers, links kept inside.

    Raises:
        NoSuchCard: it is not in the account.
    """
    card = find_card(writer, kind, card_id)
    del writer.state.cards(kind)[card_id]
    writer.state.trash(kind)[card_id] = card
    card.updated_at, card.updated_by = writer.now, writer.user_id
    writer.log(kind, card_id, "trashed", False, True)
    writer.event(f"{SINGULAR[kind]}_deleted", kind, card_id)
    writer.signal(f"delete_{SINGULAR[kind]}", kind, card_id, **stage_of(card))


def stage_of(card: Card) -> dict[str, Any]:
    """Return a lead's stage and pipeline, which webhooks of deletions tell."""
    names = ("status_id", "pipeline_id")
    return {name: getattr(card, name) for name in names if hasattr(card, name)}


def restore_card(writer: Writer, kind: str, card_id: int) -> None:
    """Take a card out of the trash.

    Raises:
        NoSuchCard: it is not in the trash.
    """
    empty_trash(writer.state)
    card = writer.state.trash(kind).pop(card_id, None)
    if card is None:
        raise NoSuchCard(f"There is no {SINGULAR[kind]} {card_id} in the trash.")
    cards = writer.state.cards(kind)
    cards[card_id] = card
    ordered = sorted(cards.items())
    cards.clear()
    cards.update(ordered)
    if isinstance(card, Lead):
        _rehome(writer, card)
    card.updated_at, card.updated_by = writer.now, writer.user_id
    writer.log(kind, card_id, "restored", False, True)
    writer.event(f"{SINGULAR[kind]}_restored", kind, card_id)
    writer.signal(f"restore_{SINGULAR[kind]}", kind, card_id)


def _rehome(writer: Writer, lead: Lead) -> None:
    """Put a lead whose stage was deleted meanwhile into one that there is."""
    data = writer.state.data
    pipeline = data.pipelines.get(lead.pipeline_id) or writer.state.main_pipeline()
    if pipeline.id != lead.pipeline_id or pipeline.status(lead.status_id) is None:
        move(writer, lead, pipeline.id, pipeline.ordinary()[0].id)


def empty_trash(state: State) -> None:
    """Destroy what has been in the trash for as long as the switch allows."""
    days = state.choices.trash_days
    if days is None:
        return
    writer = Writer(state, ROBOT)
    for kind in MAIN_KINDS:
        trash = state.trash(kind)
        edge = writer.now - days * DAY_SECONDS
        for card in [card for card in trash.values() if card.updated_at <= edge]:
            drop_links(writer, card)
            del trash[card.id]
            writer.log(kind, card.id, "purged", False, True)


def delete_task(writer: Writer, task_id: int) -> None:
    """Delete a task for good, as the interface lets people do.

    Raises:
        NoSuchCard: there is no such task.
    """
    task = writer.state.data.tasks.pop(task_id, None)
    if task is None:
        raise NoSuchCard(f"There is no task {task_id} in the account.")
    if task.entity_type is not None and task.entity_id is not None:
        writer.state.tasks_of[task.entity_type, task.entity_id].discard(task_id)
    writer.refresh_closest_task(task)
    writer.log("tasks", task_id, "deleted", task.text, None)
    writer.event("task_deleted", "tasks", task_id)
    entity = {"element_id": task.entity_id, "element_type": task.entity_type}
    writer.signal("delete_task", "tasks", task_id, **entity)


def record_call(
    writer: Writer, contact_id: int, *, incoming: bool, seconds: int, phone: str
) -> Note:
    """Put a telephone call into a contact's feed.

    Raises:
        NoSuchCard: there is no such contact.
    """
    contact = find_card(writer, "contacts", contact_id)
    note = Note(
        id=writer.state.next_id("notes"),
        entity_type="contacts",
        entity_id=contact_id,
        note_type="call_in" if incoming else "call_out",
        params={
            "uniq": f"call-{contact_id}-{writer.now}",
            "duration": seconds,
            "source": "telephony",
            "link": "",
            "phone": phone,
            "call_responsible": writer.user_id,
        },
        responsible_user_id=contact.responsible_user_id,
        created_by=writer.user_id,
        updated_by=writer.user_id,
        created_at=writer.now,
        updated_at=writer.now,
    )
    writer.state.data.notes[note.id] = note
    writer.state.index_note(note)
    writer.created("notes", note)
    event = "incoming_call" if incoming else "outgoing_call"
    writer.event(event, "contacts", contact_id, (), ("note", note.id))
    writer.signal("note_contact", "contacts", note.id)
    return note


def chat(writer: Writer, contact_id: int, *, incoming: bool, text: str) -> Talk:
    """Exchange one message with a contact; a talk is opened if none is.

    Raises:
        NoSuchCard: there is no such contact.
    """
    find_card(writer, "contacts", contact_id)
    talk = _talk(writer, contact_id)
    talk.updated_at = writer.now
    count = len(writer.state.data.events) + 1
    message = f"00000000-0000-4000-8000-{count:012x}"
    event = "incoming_chat_message" if incoming else "outgoing_chat_message"
    side = ("message", message, talk.id, talk.origin)
    writer.event(event, "contacts", contact_id, (), side)
    writer.log("talks", talk.id, "message", None, "in" if incoming else "out")
    if incoming:
        writer.signal(
            "add_message",
            "messages",
            message,
            message=_form(talk, message, text, writer),
        )
    writer.signal("update_talk", "talks", talk.id)
    return talk


def _talk(writer: Writer, contact_id: int) -> Talk:
    talks = writer.state.data.talks
    for talk in talks.values():
        if talk.contact_id == contact_id and talk.is_in_work:
            return talk
    number = writer.state.next_id("talks")
    contact = writer.state.data.contacts[contact_id]
    leads = linked_ids(writer.state, contact, "leads")
    talk = Talk(
        id=number,
        contact_id=contact_id,
        chat_id=f"10000000-0000-4000-8000-{number:012x}",
        entity_id=leads[-1] if leads else None,
        entity_type="lead" if leads else None,
        origin="waba",
        created_at=writer.now,
        updated_at=writer.now,
    )
    talks[number] = talk
    writer.created("talks", talk)
    writer.event("talk_created", "contacts", contact_id, (), ("talk", number))
    writer.signal("add_talk", "talks", number)
    return talk


def _form(talk: Talk, message: str, text: str, writer: Writer) -> dict[str, Any]:
    contact = writer.state.data.contacts[talk.contact_id]
    return {
        "id": message,
        "chat_id": talk.chat_id,
        "talk_id": talk.id,
        "contact_id": talk.contact_id,
        "text": text,
        "created_at": writer.now,
        "element_type": 2 if talk.entity_type else None,
        "entity_type": talk.entity_type,
        "element_id": talk.entity_id,
        "entity_id": talk.entity_id,
        "type": "incoming",
        "author": {"id": talk.chat_id, "type": "external", "name": contact.name},
        "origin": talk.origin,
    }
