"""POST /calls: telephone calls, each put under whoever has that number."""

from kommo_sync.sandbox.account.records import SINGULAR, Card
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.api.answers import Item
from kommo_sync.sandbox.api.notes import create_note
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    check_item,
    check_users,
    required,
    string,
    string_or_null,
    whole,
)
from kommo_sync.sandbox.wire.call import Call, refuse_flaws, request_ids
from kommo_sync.sandbox.wire.problems import Flaw, not_supported

DIGITS = 10
NOTE_TYPES = {"inbound": "call_in", "outbound": "call_out"}
# 1 left message … 7 busy; 8 undefined stands in the official SDK only.
STATUSES = range(1, 9)
PARAMS = (
    "uniq",
    "duration",
    "source",
    "link",
    "phone",
    "call_responsible",
    "call_result",
    "call_status",
)
AUTHORSHIP = (
    "responsible_user_id",
    "created_by",
    "updated_by",
    "created_at",
    "updated_at",
)
RULES: dict[str, Check] = {
    "direction": string,
    "phone": string,
    "duration": whole,
    "source": string,
    "uniq": string_or_null,
    "link": string_or_null,
    "call_result": string_or_null,
    "call_status": whole,
    "call_responsible": anything,
    **dict.fromkeys(AUTHORSHIP, whole),
    "request_id": anything,
}


def create_calls(call: Call) -> Item:
    """POST /calls: the one batch of which a part may succeed.

    An item is refused alone when nobody has its number; malformed items refuse all.
    """
    items = call.items()
    refuse_flaws(items, [_flaws(call, item) for item in items])
    errors, made = [], []
    for item, request_id in zip(items, request_ids(items), strict=True):
        card = whose(call.state, item["phone"])
        if card is None:
            errors.append(_unmatched(request_id))
        else:
            made.append(_create(call, item, card, request_id))
    return {
        "_total_items": len(made),
        "errors": errors,
        "_links": call.self_link("calls"),
        "_embedded": {"calls": made},
    }


def _flaws(call: Call, item: Item) -> list[Flaw]:
    flaws = check_item(item, RULES, call.state)
    flaws += required(item, ("direction", "phone", "duration", "source"))
    if flaws:
        return flaws
    if item["direction"] not in NOTE_TYPES:
        flaws.append(not_supported("direction"))
    if "call_status" in item and item["call_status"] not in STATUSES:
        flaws.append(not_supported("call_status"))
    return flaws + check_users(call.state, item)


def whose(state: State, phone: str) -> Card | None:
    """Return the card with the same last ten digits among its telephone numbers.

    Measured: any entity will do. A person goes before a firm, a firm before a deal.
    """
    wanted = _last_digits(phone)
    if not wanted:
        return None
    for kind in ("contacts", "companies", "leads"):
        field = state.field_by_code(kind, "PHONE")
        for card in state.cards(kind).values() if field else ():
            values = card.fields.get(field.id, ()) if field else ()
            if any(_last_digits(str(value.value)) == wanted for value in values):
                found: Card = card
                return found
    return None


def _last_digits(phone: str) -> str:
    return "".join(c for c in phone if c.isdecimal())[-DIGITS:]


def _unmatched(request_id: str) -> Item:
    return {
        "request_id": request_id,
        "status": 404,
        "title": "Not Found",
        "detail": "Entity not found",
    }


def _create(call: Call, item: Item, card: Card, request_id: str) -> Item:
    authorship = {name: item[name] for name in AUTHORSHIP if name in item}
    params = {name: item[name] for name in PARAMS if item.get(name) is not None}
    sent = {
        **authorship,
        "entity_id": card.id,
        "note_type": NOTE_TYPES[item["direction"]],
        "params": params,
    }
    note = create_note(call, card.kind, sent)
    entity = {"id": card.id, "_links": call.self_link(f"{card.kind}/{card.id}")}
    return {
        "id": note.id,
        "entity_id": card.id,
        "entity_type": SINGULAR[card.kind],
        "account_id": call.state.data.account.id,
        "request_id": request_id,
        "_embedded": {"entity": entity},
    }


ROUTES = [("POST", "/calls", create_calls)]
