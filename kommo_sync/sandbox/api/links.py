"""/{entity}/{id}/links, /link, /unlink, and the same for many cards at once."""

from typing import Any

from kommo_sync.sandbox.account.records import MAIN_KINDS, Card
from kommo_sync.sandbox.api.answers import Item
from kommo_sync.sandbox.rules.cards import find_card
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    check_item,
    mapping,
    string,
    whole,
)
from kommo_sync.sandbox.rules.linking import link, links_of, unlink
from kommo_sync.sandbox.wire.brackets import integers, scalars
from kommo_sync.sandbox.wire.call import Call, refuse_flaws
from kommo_sync.sandbox.wire.listing import answer_all
from kommo_sync.sandbox.wire.problems import EmptyAnswer, Flaw, missing, not_supported

RULES: dict[str, Check] = {
    "entity_id": whole,
    "to_entity_id": whole,
    "to_entity_type": string,
    "metadata": lambda sent, path: [] if sent is None else mapping(sent, path),
    "request_id": anything,
}


def list_links(call: Call, kind: str, card_id: int) -> Item:
    """GET /{entity}/{id}/links."""
    card = find_card(call, kind, card_id)
    rows = [_render(entry) for entry in links_of(call.state, card)]
    return answer_all(call, "links", _chosen(call, rows))


def list_many(call: Call, kind: str) -> Item:
    """GET /{entity}/links?filter[entity_id][]=…."""
    wanted = sorted(integers(call.filters.get("entity_id")))
    cards = [card for i in wanted if (card := call.state.card(kind, i))]
    rows = [
        {"entity_id": card.id, "entity_type": kind, **_render(entry)}
        for card in cards
        for entry in links_of(call.state, card)
    ]
    return answer_all(call, "links", _chosen(call, rows))


def _render(entry: tuple[str, int, Any]) -> Item:
    kind, other_id, metadata = entry
    return {"to_entity_id": other_id, "to_entity_type": kind, "metadata": metadata}


def _chosen(call: Call, rows: list[Item]) -> list[Item]:
    kinds = set(scalars(call.filters.get("to_entity_type")))
    ids = integers(call.filters.get("to_entity_id"))
    return [
        row
        for row in rows
        if (not kinds or row["to_entity_type"] in kinds)
        and (not ids or row["to_entity_id"] in ids)
    ]


def _with_ends(call: Call, kind: str, card_id: int | None) -> list[Item]:
    items = call.items()
    full = [
        item if card_id is None else {**item, "entity_id": card_id} for item in items
    ]
    refuse_flaws(full, [_flaws(call, kind, item) for item in full])
    return full


def _flaws(call: Call, kind: str, item: Item) -> list[Flaw]:
    names = ("entity_id", "to_entity_id", "to_entity_type")
    flaws = [missing(name) for name in names if item.get(name) is None]
    flaws = flaws or check_item(item, RULES, call.state)
    if flaws:
        return flaws
    other = item["to_entity_type"]
    if other not in MAIN_KINDS or other == kind:
        return [not_supported("to_entity_type")]
    if call.state.card(kind, item["entity_id"]) is None:
        flaws.append(not_supported("entity_id"))
    if call.state.card(other, item["to_entity_id"]) is None:
        flaws.append(not_supported("to_entity_id"))
    return flaws


def _ends(call: Call, kind: str, item: Item) -> tuple[Card, Card]:
    card = call.state.cards(kind)[item["entity_id"]]
    return card, call.state.cards(item["to_entity_type"])[item["to_entity_id"]]


def add_links(call: Call, kind: str, card_id: int | None = None) -> Item:
    """POST …/link."""
    items = _with_ends(call, kind, card_id)
    rows = []
    for item in items:
        card, other = _ends(call, kind, item)
        metadata = item.get("metadata") or {}
        link(call.writer, card, other, is_main=bool(metadata.get("is_main")))
        linked = {(k, i): m for k, i, m in links_of(call.state, card)}
        rows.append(
            {
                "entity_id": card.id,
                "entity_type": kind,
                "to_entity_id": other.id,
                "to_entity_type": other.kind,
                "metadata": linked[other.kind, other.id],
            }
        )
    return answer_all(call, "links", rows)


def remove_links(call: Call, kind: str, card_id: int | None = None) -> None:
    """POST …/unlink: 204."""
    for item in _with_ends(call, kind, card_id):
        unlink(call.writer, *_ends(call, kind, item))
    raise EmptyAnswer


_KIND = "/<any(leads,contacts,companies):kind>"
ROUTES = [
    ("GET", f"{_KIND}/<int:card_id>/links", list_links),
    ("POST", f"{_KIND}/<int:card_id>/link", add_links),
    ("POST", f"{_KIND}/<int:card_id>/unlink", remove_links),
    ("GET", f"{_KIND}/links", list_many),
    ("POST", f"{_KIND}/link", add_links),
    ("POST", f"{_KIND}/unlink", remove_links),
]
