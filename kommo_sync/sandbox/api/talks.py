"""/talks/{id}: conversations, read and closed."""

from kommo_sync.sandbox.account.records import Talk
from kommo_sync.sandbox.api.answers import Item
from kommo_sync.sandbox.rules.cards import short
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.problems import EmptyAnswer


def _find(call: Call, talk_id: int) -> Talk:
    talk = call.state.data.talks.get(talk_id)
    if talk is None:
        raise EmptyAnswer
    return talk


def get_talk(call: Call, talk_id: int) -> Item:
    """GET /talks/{id}."""
    talk = _find(call, talk_id)
    leads = [talk.entity_id] if talk.entity_id is not None else []
    return {
        "talk_id": talk.id,
        "created_at": talk.created_at,
        "updated_at": talk.updated_at,
        "rate": talk.rate,
        "contact_id": talk.contact_id,
        "chat_id": talk.chat_id,
        "entity_id": talk.entity_id,
        "entity_type": talk.entity_type,
        "status": "in_work" if talk.is_in_work else "closed",
        "is_in_work": talk.is_in_work,
        "is_read": talk.is_read,
        "origin": talk.origin,
        "source_id": None,
        "missed_at": None,
        "account_id": call.state.data.account.id,
        "_links": call.self_link(f"talks/{talk.id}"),
        "_embedded": {
            "contacts": [short(call, "contacts", talk.contact_id)],
            "leads": [short(call, "leads", lead_id) for lead_id in leads],
            "customers": [],
        },
    }


def close_talk(call: Call, talk_id: int) -> None:
    """POST /talks/{id}/close: 202 with an empty body."""
    talk = _find(call, talk_id)
    call.writer.assign("talks", talk, "is_in_work", False)
    talk.updated_at = call.writer.now
    call.writer.event("talk_closed", "contacts", talk.contact_id, (), ("talk", talk.id))
    call.writer.signal("update_talk", "talks", talk.id)
    raise EmptyAnswer(202)


ROUTES = [
    ("GET", "/talks/<int:talk_id>", get_talk),
    ("POST", "/talks/<int:talk_id>/close", close_talk),
]
