"""/leads: list, get, create and change."""

from collections.abc import Callable
from typing import Any

from kommo_sync.sandbox.account.records import Lead
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.api.answers import written
from kommo_sync.sandbox.rules.cards import (
    Item,
    card_link,
    create_cards,
    find_card,
    patch_cards,
    render_common,
    search_cards,
    short,
)
from kommo_sync.sandbox.rules.deals import LEADS, hundredths, whole_price
from kommo_sync.sandbox.rules.humans import empty_trash
from kommo_sync.sandbox.rules.linking import linked_ids
from kommo_sync.sandbox.wire.brackets import Node, as_integer, integers, texts
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.listing import (
    Collection,
    Predicate,
    answer_page,
    by_creation,
    by_id,
    by_update,
    moment,
    one_of,
    text_of,
)


def _status_filter(_state: State, node: Node) -> Predicate | None:
    if not isinstance(node, dict):
        return None
    pairs = {
        (as_integer(str(entry["pipeline_id"])), as_integer(str(entry["status_id"])))
        for entry in node.values()
        if isinstance(entry, dict) and {"pipeline_id", "status_id"} <= set(entry)
    }
    return (lambda lead: (lead.pipeline_id, lead.status_id) in pairs) if pairs else None


def _price_filter(state: State, node: Node) -> Predicate:
    if isinstance(node, dict) and {"from", "to"} & set(node):
        low = _bound(node.get("from"), float("-inf"))
        high = _bound(node.get("to"), float("inf"))
        return lambda lead: low <= lead.price <= high
    wanted = integers(node)
    return lambda lead: whole_price(state, lead.price) in wanted


def _bound(node: Node | None, absent: float) -> float:
    """Return an end of a range in hundredths; what is no number counts as 0."""
    if not isinstance(node, str) or not node:
        return absent
    try:
        return hundredths(node)
    except (ValueError, OverflowError):
        return 0


def field_filter(_state: State, node: Node) -> Predicate | None:
    """Return a filter on custom fields: `[ID][]=v` or `[ID][from|to]`."""
    if not isinstance(node, dict):
        return None
    tests = [(as_integer(key), _value_test(child)) for key, child in node.items()]

    def matches(card: Any) -> bool:
        return all(
            any(test(value.value) for value in card.fields.get(field_id, ()))
            for field_id, test in tests
        )

    return matches


def _value_test(node: Node) -> Callable[[Any], bool]:
    if isinstance(node, dict) and {"from", "to"} & set(node):
        low, high = node.get("from"), node.get("to")
        return lambda value: _between(value, low, high)
    wanted = set(texts(node))
    return lambda value: str(value) in wanted


def _between(value: Any, low: Node | None, high: Node | None) -> bool:
    try:
        amount = float(value)
        return (not isinstance(low, str) or amount >= float(low)) and (
            not isinstance(high, str) or amount <= float(high)
        )
    except (TypeError, ValueError):
        return False


def _is_incoming(state: State) -> Predicate:
    incoming = {
        status.id
        for pipeline in state.data.pipelines.values()
        for status in pipeline.statuses
        if status.type == 1
    }
    return lambda lead: lead.status_id in incoming


def _listed(state: State) -> list[Lead]:
    if state.choices.incoming_leads_are_listed:
        return list(state.data.leads.values())
    is_incoming = _is_incoming(state)
    return [lead for lead in state.data.leads.values() if not is_incoming(lead)]


FILTERS = {
    "id": one_of("id"),
    "name": text_of("name"),
    "price": _price_filter,
    "created_by": one_of("created_by"),
    "updated_by": one_of("updated_by"),
    "responsible_user_id": one_of("responsible_user_id"),
    "created_at": moment("created_at"),
    "updated_at": moment("updated_at"),
    "closed_at": moment("closed_at"),
    "closest_task_at": moment("closest_task_at"),
    "statuses": _status_filter,
    "pipeline_id": one_of("pipeline_id"),
    "custom_fields_values": field_filter,
}
ORDERS = {"id": by_id, "updated_at": by_update, "created_at": by_creation}
LIVE = Collection(
    name="leads",
    rows=_listed,
    filters=FILTERS,
    orders=ORDERS,
    default=(by_update, False),
    search=search_cards,
    table=lambda state: state.data.leads,
)
OF_STAGES = Collection(
    name="leads",
    rows=lambda state: state.data.leads.values(),
    filters=FILTERS,
    orders=ORDERS,
    default=(by_update, False),
    search=search_cards,
)
TRASHED = Collection(
    name="leads",
    rows=lambda state: state.data.trashed_leads.values(),
    filters=FILTERS,
    orders=ORDERS,
    default=(by_update, False),
)


def list_leads(call: Call) -> Item:
    """GET /leads."""
    if "only_deleted" in call.withs:
        empty_trash(call.state)
        return answer_page(call, TRASHED, _render_trashed)
    by_stage = "statuses" in call.filters
    return answer_page(call, OF_STAGES if by_stage else LIVE, render_lead)


def get_lead(call: Call, lead_id: int) -> Item:
    """GET /leads/{id}."""
    return render_lead(call, find_card(call, "leads", lead_id))


def _render_trashed(call: Call, lead: Lead) -> Item:
    # Measured: a trashed lead keeps only these; everything else reads as null. What it
    # embeds is empty, since a client that reads the trash takes it for an object.
    blank = render_lead(call, Lead(id=lead.id))
    filled = {
        "id": lead.id,
        "is_deleted": True,
        "updated_at": lead.updated_at,
        "updated_by": lead.updated_by,
        "account_id": call.state.data.account.id,
        "_links": card_link(call, "leads", lead.id),
        "_embedded": blank["_embedded"],
    }
    return {**dict.fromkeys(blank), **filled}


def render_lead(call: Call, lead: Lead) -> Item:
    """Return a lead as lists and by-id answers show it."""
    own = {
        "price": whole_price(call.state, lead.price),
        "status_id": lead.status_id,
        "pipeline_id": lead.pipeline_id,
        "loss_reason_id": lead.loss_reason_id,
        "closed_at": lead.closed_at,
        "score": None,
        "labor_cost": None,
        "is_price_computed": False,
        "price_with_minor_units": lead.price / 100,
    }
    body = render_common(call, lead, own)
    companies = linked_ids(call.state, lead, "companies")
    embedded = body["_embedded"]
    embedded["companies"] = [short(call, "companies", i) for i in companies]
    if call.withs:
        _render_extras(call, lead, body, embedded)
    return body


def _render_extras(call: Call, lead: Lead, body: Item, embedded: Item) -> None:
    withs = call.withs
    if "contacts" in withs:
        contacts = linked_ids(call.state, lead, "contacts")
        embedded["contacts"] = [
            short(call, "contacts", contact_id, is_main=index == 0)
            for index, contact_id in enumerate(contacts)
        ]
    if "catalog_elements" in withs:
        embedded["catalog_elements"] = []
    if "loss_reason" in withs:
        embedded["loss_reason"] = _loss_reasons(call, lead)
    if "source_id" in withs:
        body["source_id"] = lead.source_id
    if "source" in withs and lead.source_id is not None:
        embedded["source"] = {"id": lead.source_id, "name": "Web form"}
    if "is_price_modified_by_robot" in withs:
        body["is_price_modified_by_robot"] = False


def _loss_reasons(call: Call, lead: Lead) -> list[Item]:
    reason = call.state.data.loss_reasons.get(lead.loss_reason_id or 0)
    if reason is None:
        return []
    return [
        {
            "id": reason.id,
            "name": reason.name,
            "sort": reason.sort,
            "created_at": reason.created_at,
            "updated_at": reason.updated_at,
            "_links": call.self_link(f"leads/loss_reasons/{reason.id}"),
        }
    ]


def create_leads(call: Call) -> Item:
    """POST /leads."""
    items = call.items()
    leads = create_cards(call, LEADS, items)
    made = [
        {"id": lead.id, "_links": card_link(call, "leads", lead.id)} for lead in leads
    ]
    return written(call, "leads", items, made)


def _changed(call: Call, lead: Lead) -> Item:
    return {
        "id": lead.id,
        "updated_at": lead.updated_at,
        "_links": card_link(call, "leads", lead.id),
    }


def patch_leads(call: Call) -> Item:
    """PATCH /leads."""
    items = call.items()
    made = [_changed(call, lead) for lead in patch_cards(call, LEADS, items)]
    return written(call, "leads", items, made)


def patch_lead(call: Call, lead_id: int) -> Item:
    """PATCH /leads/{id}: the answer stands at the root."""
    [lead] = patch_cards(call, LEADS, [{**call.item(), "id": lead_id}])
    return _changed(call, lead)


ROUTES = [
    ("GET", "/leads", list_leads),
    ("POST", "/leads", create_leads),
    ("PATCH", "/leads", patch_leads),
    ("GET", "/leads/<int:lead_id>", get_lead),
    ("PATCH", "/leads/<int:lead_id>", patch_lead),
]
