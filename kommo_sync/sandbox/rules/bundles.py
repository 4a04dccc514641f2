"""A lead that is written together with its contact and its company."""

from typing import Any

from kommo_sync.sandbox.account.records import Lead
from kommo_sync.sandbox.rules.cards import Item, Shop, create_card, flaws_of
from kommo_sync.sandbox.rules.deals import LEADS
from kommo_sync.sandbox.rules.people import COMPANIES, CONTACTS
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.problems import Flaw, flaw, not_supported, wrong_type

PARTS: tuple[tuple[str, Shop], ...] = (
    ("contacts", CONTACTS),
    ("companies", COMPANIES),
)
# https://developers.kommo.com/reference/complex-leads
MAX_FIELDS = 40


def bundle_flaws(call: Call, item: Item) -> list[Flaw]:
    """Return the flaws of a lead item, and of the cards to be made with it."""
    embedded = item.get("_embedded")
    if not isinstance(embedded, dict):
        return flaws_of(call, LEADS, item, None) + crowded(item)
    parts = {kind for kind, _ in PARTS}
    rest = {key: value for key, value in embedded.items() if key not in parts}
    flaws = flaws_of(call, LEADS, {**item, "_embedded": rest}, None)
    return flaws + crowded(item) + part_flaws(call, embedded)


def part_flaws(call: Call, embedded: dict[str, Any]) -> list[Flaw]:
    """Return the flaws of `_embedded.contacts` and `_embedded.companies`."""
    flaws: list[Flaw] = []
    for kind, shop in PARTS:
        found = only_entry(embedded, kind)
        if isinstance(found, dict):
            flaws += under(f"_embedded.{kind}.0", _entry_flaws(call, shop, found))
        else:
            flaws += found
    return flaws


def only_entry(embedded: dict[str, Any], kind: str) -> dict[str, Any] | list[Flaw]:
    """Return the one entry that may stand there, or what is wrong with the list.

    No entry is an empty list: nothing is wrong.
    """
    entries, path = embedded.get(kind) or [], f"_embedded.{kind}"
    if not isinstance(entries, list):
        return [wrong_type(path, "array")]
    if len(entries) > 1:
        return [not_supported(path)]
    if not entries or isinstance(entries[0], dict):
        return entries[0] if entries else []
    return [wrong_type(f"{path}.0", "array")]


def _entry_flaws(call: Call, shop: Shop, entry: Item) -> list[Flaw]:
    card_id = entry.get("id")
    if card_id is None:
        return flaws_of(call, shop, entry, None) + crowded(entry)
    known = isinstance(card_id, int) and call.state.card(shop.kind, card_id)
    return [] if known else [not_supported("id")]


def crowded(item: Item) -> list[Flaw]:
    """Return the flaw of a card with more field values than one may have here."""
    sent = item.get("custom_fields_values")
    if not isinstance(sent, list) or len(sent) <= MAX_FIELDS:
        return []
    detail = f"This collection should contain {MAX_FIELDS} elements or less."
    return [flaw("TooMany", "custom_fields_values", detail)]


def under(path: str, flaws: list[Flaw]) -> list[Flaw]:
    """Return the flaws as those of what stands at `path`."""
    return [{**one, "path": f"{path}.{one['path']}"} for one in flaws]


def create_bundle(
    call: Call, item: Item, *, unsorted: bool = False
) -> tuple[Lead, dict[str, int | None]]:
    """Make a lead with its contact and company; found without flaws before.

    Args:
        unsorted: a contact that is made waits for its lead to be accepted.

    Returns:
        The lead, and the id of its contact and of its company by kind.
    """
    embedded = dict(item.get("_embedded") or {})
    ids: dict[str, int | None] = {}
    for kind, shop in PARTS:
        entry = next(iter(embedded.pop(kind, None) or []), None)
        ids[kind] = None if entry is None else entry.get("id")
        if entry is not None and ids[kind] is None:
            card = create_card(call, shop, entry)
            ids[kind] = card.id
            if unsorted and kind == "contacts":
                call.writer.assign(kind, card, "is_unsorted", True)
    links = {kind: [{"id": card_id}] for kind, card_id in ids.items() if card_id}
    lead: Lead = create_card(call, LEADS, {**item, "_embedded": {**embedded, **links}})
    return lead, ids
