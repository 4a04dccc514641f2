"""/leads/unsorted: incoming leads, read; accepted and declined by people or by call."""

from collections import Counter
from typing import Any

from kommo_sync.sandbox.api.answers import Item
from kommo_sync.sandbox.brackets import Node, scalars
from kommo_sync.sandbox.call import Call
from kommo_sync.sandbox.cards import short
from kommo_sync.sandbox.deals import move
from kommo_sync.sandbox.humans import trash_card
from kommo_sync.sandbox.listing import (
    Collection,
    FilterMaker,
    Predicate,
    answer_page,
    one_of,
    text_of,
)
from kommo_sync.sandbox.problems import EmptyAnswer, not_supported, validation_failed
from kommo_sync.sandbox.records import Unsorted
from kommo_sync.sandbox.state import State

CATEGORIES = ("sip", "mail", "forms", "chats")


def _by_uid(_state: State, node: Node) -> Predicate:
    wanted = set(scalars(node))
    return lambda entry: entry.uid in wanted


_UID: FilterMaker = _by_uid
# Measured: order is ignored here, the newest comes first.
COLLECTION = Collection(
    name="unsorted",
    rows=lambda state: [e for e in state.data.unsorted.values() if e.state == "open"],
    filters={
        "uid": _UID,
        "category": text_of("category"),
        "pipeline_id": one_of("pipeline_id"),
    },
    default=(lambda entry: (entry.created_at, entry.uid), True),
)


def _linked(call: Call, entry: Unsorted) -> Item:
    return {
        "leads": [short(call, "leads", entry.lead_id)],
        "contacts": [short(call, "contacts", i) for i in entry.contact_ids],
        "companies": [short(call, "companies", i) for i in entry.company_ids],
    }


def render_unsorted(call: Call, entry: Unsorted) -> Item:
    """Return an incoming lead as lists and by-uid answers show it."""
    return {
        "uid": entry.uid,
        "source_uid": entry.source_uid,
        "source_name": entry.source_name,
        "category": entry.category,
        "pipeline_id": entry.pipeline_id,
        "created_at": entry.created_at,
        "metadata": entry.metadata,
        "account_id": call.state.data.account.id,
        "_links": call.self_link(f"leads/unsorted/{entry.uid}"),
        "_embedded": _linked(call, entry),
    }


def list_unsorted(call: Call) -> Item:
    """GET /leads/unsorted."""
    return answer_page(call, COLLECTION, render_unsorted)


def _find(call: Call, uid: str) -> Unsorted:
    entry = call.state.data.unsorted.get(uid)
    if entry is None or entry.state != "open":
        raise EmptyAnswer
    return entry


def get_unsorted(call: Call, uid: str) -> Item:
    """GET /leads/unsorted/{uid}."""
    return render_unsorted(call, _find(call, uid))


def summarize(call: Call) -> Item:
    """GET /leads/unsorted/summary."""
    entries = list(call.state.data.unsorted.values())
    states = Counter(entry.state for entry in entries)
    categories = Counter(entry.category for entry in entries)
    waits = [e.closed_at - e.created_at for e in entries if e.closed_at is not None]
    return {
        "total": states["open"],
        "accepted": states["accepted"],
        "declined": states["declined"],
        "average_sort_time": sum(waits) // len(waits) if waits else 0,
        "categories": {name: {"total": categories[name]} for name in CATEGORIES},
        "_links": call.self_link(),
    }


def _sorted_away(call: Call, entry: Unsorted, state: str) -> Item:
    call.writer.log("unsorted", entry.uid, "state", entry.state, state)
    entry.state, entry.closed_at = state, call.writer.now
    verb = {"accepted": "accept", "declined": "decline"}[state]
    call.writer.signal("delete_unsorted", "unsorted", entry.uid, action=verb)
    return {
        "uid": entry.uid,
        "category": entry.category,
        "pipeline_id": entry.pipeline_id,
        "created_at": entry.created_at,
        "_links": call.self_link(f"leads/unsorted/{entry.uid}"),
        "_embedded": _linked(call, entry),
    }


def accept(call: Call, uid: str) -> Item:
    """POST /leads/unsorted/{uid}/accept: the lead enters the pipeline."""
    entry, item = _find(call, uid), _body(call)
    pipeline = call.state.data.pipelines[entry.pipeline_id]
    status_id = item.get("status_id") or pipeline.ordinary()[0].id
    if pipeline.status(status_id) is None:
        raise validation_failed([(None, [not_supported("status_id")])])
    lead = call.state.data.leads[entry.lead_id]
    move(call.writer, lead, pipeline.id, status_id)
    user_id = item.get("user_id")
    if user_id in call.state.data.users:
        call.writer.assign("leads", lead, "responsible_user_id", user_id)
    call.writer.touch_card("leads", lead)
    for contact_id in entry.contact_ids:
        contact = call.state.data.contacts.get(contact_id)
        if contact is not None:
            call.writer.assign("contacts", contact, "is_unsorted", False)
    return _sorted_away(call, entry, "accepted")


def decline(call: Call, uid: str) -> Item:
    """DELETE /leads/unsorted/{uid}/decline: the lead goes to the trash (measured)."""
    entry = _find(call, uid)
    trash_card(call.writer, "leads", entry.lead_id)
    return _sorted_away(call, entry, "declined")


def _body(call: Call) -> dict[str, Any]:
    return call.item() if call.raw_body else {}


ROUTES = [
    ("GET", "/leads/unsorted", list_unsorted),
    ("GET", "/leads/unsorted/summary", summarize),
    ("GET", "/leads/unsorted/<uid>", get_unsorted),
    ("POST", "/leads/unsorted/<uid>/accept", accept),
    ("DELETE", "/leads/unsorted/<uid>/decline", decline),
]
