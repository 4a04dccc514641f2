"""/events and /events/types: the audit feed, newest first."""

from typing import Any

from kommo_sync.sandbox.account.records import PLURAL, Event
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.api.answers import Item
from kommo_sync.sandbox.wire.brackets import Node, as_integer, integers, scalars
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.listing import (
    Collection,
    Predicate,
    answer_page,
    moment,
    one_of,
)
from kommo_sync.sandbox.wire.problems import EmptyAnswer, Problem

MAX_IDS = 10
TYPES = """
lead_added lead_deleted lead_restored lead_status_changed lead_linked lead_unlinked
contact_added contact_deleted contact_restored contact_linked contact_unlinked
company_added company_deleted company_restored company_linked company_unlinked
customer_added customer_deleted customer_status_changed customer_linked
customer_unlinked task_added task_deleted task_completed task_type_changed
task_text_changed task_deadline_changed task_result_added incoming_call
outgoing_call incoming_chat_message outgoing_chat_message entity_direct_message
incoming_mail outgoing_mail incoming_sms outgoing_sms entity_tag_added
entity_tag_deleted entity_linked entity_unlinked sale_field_changed
name_field_changed ltv_field_changed custom_field_value_changed
entity_responsible_changed robot_replied intent_identified nps_rate_added
link_followed transaction_added common_note_added common_note_deleted
attachment_note_added targeting_in_note_added targeting_out_note_added
geo_note_added service_note_added site_visit_note_added
message_to_cashier_note_added key_action_completed entity_merged talk_created
talk_closed conversation_answered talk_missed_event ai_result
""".split()
# What each shape of a value is made of, in the order it is stored.
SHAPES: dict[str, tuple[str, ...]] = {
    "lead_status": ("id", "pipeline_id"),
    "responsible_user": ("id",),
    "custom_field_value": ("field_id", "field_type", "enum_id", "text"),
    "sale_field_value": ("sale",),
    "name_field_value": ("name",),
    "tag": ("name",),
    "note": ("id",),
    "task": ("text",),
    "task_deadline": ("timestamp",),
    "task_type": ("id",),
    "message": ("id", "talk_id", "origin"),
    "talk": ("id",),
}


def event_id(event: Event) -> str:
    """Return the event's id: a string that sorts like time."""
    return f"01{event.created_at:010x}{event.seq:014x}"


def _types(_state: State, node: Node) -> Predicate:
    wanted = set(scalars(node))
    any_field = "custom_field_value_changed" in wanted

    def matches(event: Event) -> bool:
        if event.type in wanted:
            return True
        return any_field and event.type.startswith("custom_field_")

    return matches


def _entities(_state: State, node: Node) -> Predicate:
    wanted = set(scalars(node))
    return lambda event: event.entity_type in wanted


def _value_filter(side: str) -> Any:
    def make(_state: State, node: Node) -> Predicate | None:
        if not isinstance(node, dict):
            return None
        tests = [_value_test(name, child) for name, child in node.items()]
        known = [test for test in tests if test is not None]
        return lambda event: all(test(getattr(event, side)) for test in known)

    return make


def _value_test(name: str, node: Node) -> Predicate | None:
    if name == "leads_statuses" and isinstance(node, dict):
        wanted = {
            ("lead_status", _whole(e, "status_id"), _whole(e, "pipeline_id"))
            for e in node.values()
            if isinstance(e, dict)
        }
        return lambda value: tuple(value) in wanted
    if name == "responsible_user_id":
        users = integers(node)
        return lambda value: value[:1] == ("responsible_user",) and value[1] in users
    if name in ("custom_field_values", "value"):
        texts = set(scalars(node))
        return lambda value: bool(value) and str(value[-1]) in texts
    return None


def _whole(node: dict[str, Node], key: str) -> int:
    return as_integer(str(node.get(key)))


COLLECTION = Collection(
    name="events",
    rows=lambda state: reversed(state.data.events),
    filters={
        "id": lambda _state, node: _ids(set(scalars(node))),
        "created_at": moment("created_at", comma_is_range=True),
        "created_by": one_of("created_by"),
        "entity": _entities,
        "entity_id": one_of("entity_id"),
        "type": _types,
        "value_before": _value_filter("before"),
        "value_after": _value_filter("after"),
    },
)


def _ids(wanted: set[str]) -> Predicate:
    return lambda event: event_id(event) in wanted


def render_event(call: Call, event: Event) -> Item:
    """Return an event; names of the entity by `with=`."""
    kind = PLURAL[event.entity_type]
    entity: Item = {
        "id": event.entity_id,
        "_links": call.self_link(f"{kind}/{event.entity_id}"),
    }
    if f"{event.entity_type}_name" in call.withs and kind != "tasks":
        card = call.state.card(kind, event.entity_id)
        entity["name"] = card.name if card is not None else ""
    return {
        "id": event_id(event),
        "type": event.type,
        "entity_id": event.entity_id,
        "entity_type": event.entity_type,
        "created_by": event.created_by,
        "created_at": event.created_at,
        "value_after": _side(event.after),
        "value_before": _side(event.before),
        "account_id": call.state.data.account.id,
        "_links": call.self_link(f"events/{event_id(event)}"),
        "_embedded": {"entity": entity},
    }


def _side(value: tuple[Any, ...]) -> list[Item]:
    if not value:
        return []
    shape, *facts = value
    if shape == "link":
        kind, linked_id = facts
        return [{"link": {"entity": {"type": kind, "id": linked_id}}}]
    return [{shape: dict(zip(SHAPES[shape], facts, strict=True))}]


def list_events(call: Call) -> Item:
    """GET /events: at most ten ids, and these of exactly one entity."""
    ids = scalars(call.filters.get("entity_id"))
    kinds = set(scalars(call.filters.get("entity")))
    if ids and (len(ids) > MAX_IDS or len(kinds) != 1):
        raise Problem(
            400, f"filter[entity_id] takes {MAX_IDS} ids at most, of exactly one entity"
        )
    if len(scalars(call.filters.get("created_by"))) > MAX_IDS:
        raise Problem(400, f"filter[created_by] takes {MAX_IDS} users at most")
    return answer_page(call, COLLECTION, render_event)


def get_event(call: Call, key: str) -> Item:
    """GET /events/{id}."""
    events = call.state.data.events
    try:
        event = events[int(key[12:], 16) - 1]
    except (ValueError, IndexError):
        raise EmptyAnswer from None
    if event_id(event) != key:
        raise EmptyAnswer
    return render_event(call, event)


def list_types(call: Call) -> Item:
    """GET /events/types: every kind of event, those of single fields included."""
    language = scalars(call.query.get("language_code")) or ["en"]
    fields = call.state.data.fields
    keys = [*TYPES, *(f"custom_field_{field_id}_value_changed" for field_id in fields)]
    rows = [
        {"key": key, "type": _type_of(key), "lang": _words(key, language[0])}
        for key in keys
    ]
    return {
        "_total_items": len(rows),
        "_links": call.self_link(),
        "_embedded": {"events_types": rows},
    }


def _type_of(key: str) -> int:
    return TYPES.index(key) + 1 if key in TYPES else len(TYPES) + 1


def _words(key: str, _language: str) -> str:
    return key.replace("_", " ").capitalize()


ROUTES = [
    ("GET", "/events", list_events),
    ("GET", "/events/types", list_types),
    ("GET", "/events/<key>", get_event),
]
