"""/leads/unsorted: incoming leads, and what becomes of them."""

from collections import Counter

from kommo_sync.sandbox.account.records import Unsorted
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.api.answers import Item, written
from kommo_sync.sandbox.rules.arrivals import arrival_flaws, arrive, standing
from kommo_sync.sandbox.rules.cards import patch_card, short
from kommo_sync.sandbox.rules.checks import (
    Check,
    check_item,
    check_users,
    mapping,
    string,
    whole,
    whole_or_null,
)
from kommo_sync.sandbox.rules.deals import LEADS
from kommo_sync.sandbox.rules.humans import trash_card
from kommo_sync.sandbox.rules.merging import merge_cards
from kommo_sync.sandbox.wire.brackets import Node, scalars
from kommo_sync.sandbox.wire.call import Call, refuse_flaws
from kommo_sync.sandbox.wire.listing import (
    Collection,
    FilterMaker,
    Predicate,
    answer_page,
    one_of,
    word_of,
)
from kommo_sync.sandbox.wire.problems import (
    EmptyAnswer,
    Flaw,
    missing,
    not_supported,
    validation_failed,
)

BODY_RULES: dict[str, Check] = {
    "user_id": whole_or_null,
    "status_id": whole_or_null,
    "link": mapping,
}
TARGET_RULES: dict[str, Check] = {
    "entity_id": whole,
    "entity_type": string,
    "metadata": lambda value, path: [] if value is None else mapping(value, path),
}
CATEGORIES = ("sip", "mail", "forms", "chats")


def _by_uid(_state: State, node: Node) -> Predicate:
    wanted = set(scalars(node))
    return lambda entry: entry.uid in wanted


_UID: FilterMaker = _by_uid
# Measured: order is ignored here, the newest comes first.
COLLECTION = Collection(
    name="unsorted",
    rows=lambda state: [
        e for e in state.data.unsorted.values() if standing(state, e) == "open"
    ],
    filters={
        "uid": _UID,
        "category": word_of("category"),
        "pipeline_id": one_of("pipeline_id"),
    },
    default=(lambda entry: (entry.created_at, entry.uid), True),
    depends=("leads",),
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
    if entry is None or standing(call.state, entry) != "open":
        raise EmptyAnswer
    return entry


def get_unsorted(call: Call, uid: str) -> Item:
    """GET /leads/unsorted/{uid}."""
    return render_unsorted(call, _find(call, uid))


def summarize(call: Call) -> Item:
    """GET /leads/unsorted/summary."""
    entries = list(call.state.data.unsorted.values())
    states = Counter(standing(call.state, entry) for entry in entries)
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


def create_unsorted(call: Call, category: str) -> Item:
    """POST /leads/unsorted/forms and /sip: the leads enter the incoming stage."""
    items = call.items()
    refuse_flaws(items, [arrival_flaws(call, item) for item in items])
    made = [_made(call, arrive(call, category, item)) for item in items]
    return written(call, "unsorted", items, made, f"leads/unsorted/{category}")


def _made(call: Call, entry: Unsorted) -> Item:
    return {
        "uid": entry.uid,
        "account_id": call.state.data.account.id,
        "_links": call.self_link(f"leads/unsorted/{entry.uid}"),
        "_embedded": _linked(call, entry),
    }


def _sorted_away(call: Call, entry: Unsorted, state: str, verb: str) -> Item:
    call.writer.log("unsorted", entry.uid, "state", entry.state, state)
    entry.state, entry.closed_at = state, call.writer.now
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
    lead = call.state.data.leads[entry.lead_id]
    pipeline = call.state.data.pipelines[lead.pipeline_id]
    status_id = item.get("status_id") or pipeline.ordinary()[0].id
    status = pipeline.status(status_id)
    if status is None or status.type == 1:
        raise validation_failed([(None, [not_supported("status_id")])])
    user_id = item.get("user_id")
    stage = {"pipeline_id": pipeline.id, "status_id": status_id}
    patch_card(call.writer, LEADS, lead, {**stage, "responsible_user_id": user_id})
    _welcome(call, entry)
    return _sorted_away(call, entry, "accepted", "accept")


def decline(call: Call, uid: str) -> Item:
    """DELETE /leads/unsorted/{uid}/decline: the lead goes to the trash (measured)."""
    entry, _ = _find(call, uid), _body(call)
    trash_card(call.writer, "leads", entry.lead_id)
    return _sorted_away(call, entry, "declined", "decline")


def attach(call: Call, uid: str) -> Item:
    """POST /leads/unsorted/{uid}/link: what came in joins a lead that is there."""
    entry, item = _find(call, uid), _body(call)
    target = item.get("link")
    if not target:
        raise validation_failed([(None, [missing("link")])])
    flaws = _target_flaws(call, target)
    if target.get("entity_id") == entry.lead_id:
        flaws = [not_supported("link.entity_id")]
    if flaws:
        raise validation_failed([(None, flaws)])
    _join(call, entry, target["entity_id"], (target.get("metadata") or {}))
    return _sorted_away(call, entry, "accepted", "link")


def _target_flaws(call: Call, target: Item) -> list[Flaw]:
    state, kind = call.state, target.get("entity_type")
    flaws = check_item(target, TARGET_RULES, state, "link.")
    if flaws:
        return flaws
    if kind != "leads":
        return [not_supported("link.entity_type")]
    if state.card("leads", target.get("entity_id") or 0) is None:
        return [not_supported("link.entity_id")]
    contact_id = (target.get("metadata") or {}).get("contact_id")
    known = isinstance(contact_id, int) and state.card("contacts", contact_id)
    flaw = not_supported("link.metadata.contact_id")
    return [] if contact_id is None or known else [flaw]


def _join(call: Call, entry: Unsorted, lead_id: int, metadata: Item) -> None:
    """Join the incoming lead to a known one, and its contact to a known one."""
    writer, known_id = call.writer, metadata.get("contact_id")
    for contact_id in list(entry.contact_ids):
        contact = call.state.data.contacts.get(contact_id)
        if known_id not in (None, contact_id) and contact and contact.is_unsorted:
            merge_cards(writer, "contacts", int(known_id), contact_id)
    merge_cards(writer, "leads", lead_id, entry.lead_id)
    writer.log("unsorted", entry.uid, "lead_id", entry.lead_id, lead_id)
    entry.lead_id = lead_id
    _welcome(call, entry)


def _welcome(call: Call, entry: Unsorted) -> None:
    for contact_id in entry.contact_ids:
        contact = call.state.data.contacts.get(contact_id)
        if contact is not None:
            call.writer.assign("contacts", contact, "is_unsorted", False)


def _body(call: Call) -> Item:
    """Return what was sent, its user and stage checked.

    Raises:
        Problem: 400.
    """
    # The official SDK sends [] where it has nothing to say.
    item = call.item() if call.raw_body not in (b"", b"[]") else {}
    flaws = check_item(item, BODY_RULES, call.state)
    user_id = item.get("user_id")
    if not flaws and check_users(call.state, {"responsible_user_id": user_id}):
        flaws = [not_supported("user_id")]
    if flaws:
        raise validation_failed([(None, flaws)])
    return item


ROUTES = [
    ("GET", "/leads/unsorted", list_unsorted),
    ("GET", "/leads/unsorted/summary", summarize),
    ("GET", "/leads/unsorted/<uid>", get_unsorted),
    ("POST", "/leads/unsorted/<any(forms,sip):category>", create_unsorted),
    ("POST", "/leads/unsorted/<uid>/accept", accept),
    ("POST", "/leads/unsorted/<uid>/link", attach),
    ("DELETE", "/leads/unsorted/<uid>/decline", decline),
]
