"""What leads, contacts and companies have in common when they are written and read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kommo_sync.sandbox.account.records import SINGULAR, Card
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.rules.checks import (
    Check,
    array_or_null,
    check_item,
    check_users,
    mapping,
    objects,
    string_or_null,
    whole,
    whole_or_null,
)
from kommo_sync.sandbox.rules.fieldvalues import (
    read_values,
    render_values,
    set_values,
)
from kommo_sync.sandbox.rules.linking import link
from kommo_sync.sandbox.rules.tagging import check_tags, render_tags, write_tags
from kommo_sync.sandbox.wire.call import Call, refuse_flaws
from kommo_sync.sandbox.wire.problems import (
    EmptyAnswer,
    Flaw,
    Problem,
    missing,
    not_supported,
    rule_broken,
)

Item = dict[str, Any]

COMMON_RULES: dict[str, Check] = {
    "id": whole,
    "name": string_or_null,
    "responsible_user_id": whole,
    "created_by": whole,
    "updated_by": whole,
    "created_at": whole,
    "updated_at": whole_or_null,
    "custom_fields_values": array_or_null,
    "tags_to_add": array_or_null,
    "tags_to_delete": array_or_null,
    "_embedded": mapping,
    "request_id": lambda _value, _path: [],
}


@dataclass(frozen=True)
class Shop:
    """How one kind of card is made.

    Attributes:
        rules: the table of checks of a write item.
        check: further flaws of an item; the card is None when it is being created.
        build: a blank card with that id, not yet kept.
        write: applies what only this kind has; tells whether anything changed.
        linkable: kinds that `_embedded` may link on creation.
    """

    kind: str
    rules: dict[str, Check]
    check: Callable[[Call, Item, Any], list[Flaw]]
    build: Callable[[Call, int], Any]
    write: Callable[[Writer, Any, Item, bool], bool]
    linkable: tuple[str, ...]

    @property
    def label(self) -> str:
        """The kind as error texts name it: "Lead"."""
        return SINGULAR[self.kind].capitalize()


def create_cards(call: Call, shop: Shop, items: list[Item]) -> list[Any]:
    """Make all cards of a batch, or none.

    Raises:
        Problem: 400 with one `validation-errors` element per bad item.
    """
    refuse_flaws(items, [flaws_of(call, shop, item, None) for item in items])
    return [create_card(call, shop, item) for item in items]


def create_card(call: Call, shop: Shop, item: Item) -> Any:
    """Make one card of an item that was found without flaws."""
    writer, state = call.writer, call.state
    card = shop.build(call, state.next_id(shop.kind))
    card.responsible_user_id = call.user.id
    card.created_at = item.get("created_at", writer.now)
    card.updated_at = item.get("updated_at") or max(writer.now, card.created_at)
    card.created_by = item.get("created_by", writer.user_id)
    card.updated_by = item.get("updated_by", writer.user_id)
    state.cards(shop.kind)[card.id] = card
    _write(writer, shop, card, item, new=True)
    writer.created(shop.kind, card)
    writer.event(f"{SINGULAR[shop.kind]}_added", shop.kind, card.id)
    writer.signal(f"add_{SINGULAR[shop.kind]}", shop.kind, card.id)
    _link_embedded(writer, shop, card, item)
    return card


def _link_embedded(writer: Writer, shop: Shop, card: Card, item: Item) -> None:
    for kind, entry in embedded_links(shop, item):
        other = writer.state.card(kind, entry["id"])
        if other is not None:
            main = bool(entry.get("is_main"))
            link(writer, card, other, is_main=main, new=True)


def embedded_links(shop: Shop, item: Item) -> list[tuple[str, Item]]:
    """Return (kind, entry) of every card that `_embedded` names by id."""
    embedded = item.get("_embedded")
    if not isinstance(embedded, dict):
        return []
    return [
        (kind, entry)
        for kind in shop.linkable
        for entry in embedded.get(kind) or []
        if isinstance(entry, dict) and entry.get("id") is not None
    ]


def patch_cards(call: Call, shop: Shop, items: list[Item]) -> list[Any]:
    """Change all cards of a batch, or none.

    Raises:
        Problem: 400, in the shape that the flaw calls for.
    """
    cards = [_card_of(call, shop, item) for item in items]
    unknown = {
        str(item.get("id")): f"{shop.label} not found"
        for item, card in zip(items, cards, strict=True)
        if card is None and item.get("id") is not None
    }
    if unknown:
        _refuse_deleted(call, shop, unknown)
        raise rule_broken(unknown)
    refuse_flaws(
        items,
        [
            [missing("id")] if card is None else flaws_of(call, shop, item, card)
            for item, card in zip(items, cards, strict=True)
        ],
    )
    for item, card in zip(items, cards, strict=True):
        patch_card(call.writer, shop, card, item)
    return cards


def _refuse_deleted(call: Call, shop: Shop, unknown: Item) -> None:
    """Answer for trashed cards with the old numeric code, where the switch says so.

    Raises:
        Problem: 400 whose `errors` is a list with code 226.
    """
    trash = call.state.trash(shop.kind)
    gone = [key for key in unknown if key.isdecimal() and int(key) in trash]
    if gone and call.state.choices.deleted_card_error == "code":
        detail = f"{shop.label} deleted"
        errors = [{"code": 226, "id": int(key), "detail": detail} for key in gone]
        raise Problem(400, "Invalid request body", errors=errors)


def _card_of(call: Call, shop: Shop, item: Item) -> Any:
    card_id = item.get("id")
    if isinstance(card_id, str) and card_id.isdecimal():
        card_id = int(card_id)
    return call.state.card(shop.kind, card_id) if isinstance(card_id, int) else None


def patch_card(writer: Writer, shop: Shop, card: Any, item: Item) -> None:
    """Apply one item that was found without flaws; untouched properties stay."""
    if _write(writer, shop, card, item, new=False):
        writer.touch_card(shop.kind, card, item.get("updated_at"))
        if "updated_by" in item:
            card.updated_by = item["updated_by"]


def _write(writer: Writer, shop: Shop, card: Any, item: Item, *, new: bool) -> bool:
    changed = _write_plain(writer, card, item, new=new)
    changed |= shop.write(writer, card, item, new)
    written, _ = read_values(writer.state, shop.kind, item.get("custom_fields_values"))
    changed |= set_values(writer, card, written, new=new)
    changed |= write_tags(writer, card, item, new=new)
    return changed


def _write_plain(writer: Writer, card: Card, item: Item, *, new: bool) -> bool:
    changed = False
    name = item.get("name")
    if name is not None:
        changed |= put(writer, card, "name", name, new=new, event="name_field_changed")
    user_id = item.get("responsible_user_id")
    if user_id is not None:
        changed |= _write_responsible(writer, card, user_id, new=new)
    return changed


def _write_responsible(writer: Writer, card: Card, user_id: int, *, new: bool) -> bool:
    before = card.responsible_user_id
    if not put(writer, card, "responsible_user_id", user_id, new=new):
        return False
    if not new:
        old, now = ("responsible_user", before), ("responsible_user", user_id)
        writer.event("entity_responsible_changed", card.kind, card.id, old, now)
        writer.signal(
            f"responsible_{SINGULAR[card.kind]}",
            card.kind,
            card.id,
            old_responsible_user_id=before,
        )
    return True


def put(
    writer: Writer, card: Card, name: str, value: Any, *, new: bool, event: str = ""
) -> bool:
    """Set a property: silently on a new card, witnessed on a known one."""
    if new:
        setattr(card, name, value)
        return False
    before = getattr(card, name)
    if not writer.assign(card.kind, card, name, value):
        return False
    if event:
        shape = event.removesuffix("_changed") + "_value"
        writer.event(event, card.kind, card.id, (shape, before), (shape, value))
    return True


def flaws_of(call: Call, shop: Shop, item: Item, card: Any) -> list[Flaw]:
    """Return everything that speaks against writing the item; writes nothing."""
    flaws = check_item(item, shop.rules, call.state)
    if flaws:
        return flaws
    flaws = check_users(call.state, item)
    _, of_fields = read_values(call.state, shop.kind, item.get("custom_fields_values"))
    flaws += of_fields + check_tags(call.state, shop.kind, item)
    flaws += _check_links(call, shop, item)
    return flaws + _check_age(call, item, card) + shop.check(call, item, card)


def _check_links(call: Call, shop: Shop, item: Item) -> list[Flaw]:
    embedded = item.get("_embedded")
    flaws: list[Flaw] = []
    for kind in shop.linkable if isinstance(embedded, dict) else ():
        entries = embedded.get(kind) if isinstance(embedded, dict) else None
        if entries is not None:
            path = f"_embedded.{kind}"
            flaws += objects(entries, path) or _check_ends(call, kind, entries, path)
    return flaws


def _check_ends(call: Call, kind: str, entries: list[Item], path: str) -> list[Flaw]:
    return [
        not_supported(f"{path}.{index}.id")
        for index, entry in enumerate(entries)
        if entry.get("id") is not None and not _is_card(call, kind, entry["id"])
    ]


def _is_card(call: Call, kind: str, card_id: Any) -> bool:
    return isinstance(card_id, int) and call.state.card(kind, card_id) is not None


def _check_age(call: Call, item: Item, card: Any) -> list[Flaw]:
    sent = item.get("updated_at")
    if card is None or sent is None or call.state.choices.stale_updated_at == "accept":
        return []
    return [not_supported("updated_at")] if sent < card.updated_at else []


def find_card(call: Call, kind: str, card_id: int) -> Any:
    """Return one live card.

    Raises:
        EmptyAnswer: 204, there is none (measured: not 404).
    """
    card = call.state.card(kind, card_id)
    if card is None:
        raise EmptyAnswer
    return card


def card_link(call: Call, kind: str, card_id: int) -> Item:
    """Return `{"self": …}` of a card."""
    return {"self": {"href": f"{call.base}/{kind}/{card_id}"}}


def short(call: Call, kind: str, card_id: int, **more: Any) -> Item:
    """Return a card as others embed it: id and link."""
    return {"id": card_id, **more, "_links": card_link(call, kind, card_id)}


def render_common(call: Call, card: Card, own: Item) -> Item:
    """Return the properties that all cards show, with the kind's own among them."""
    kind = card.kind
    return {
        "id": card.id,
        "name": card.name,
        **own,
        "responsible_user_id": card.responsible_user_id,
        "group_id": card.group_id,
        "created_by": card.created_by,
        "updated_by": card.updated_by,
        "created_at": card.created_at,
        "updated_at": card.updated_at,
        "closest_task_at": card.closest_task_at,
        "is_deleted": False,
        "custom_fields_values": render_values(call.state, card),
        "account_id": call.state.data.account.id,
        "_links": {"self": {"href": f"{call.base}/{kind}/{card.id}"}},
        "_embedded": {"tags": render_tags(call.state, card)},
    }


def search_cards(state: Any, text: str) -> Callable[[Any], bool]:
    """Return a predicate: the text is in the name or in any filled field.

    Telephone numbers are found by their digits, with or without `+` and spaces.
    """
    wanted = text.strip().casefold()
    digits = "".join(c for c in wanted if c.isdigit())
    is_phone = len(digits) >= 5 and not any(c.isalpha() or c == "@" for c in wanted)

    def found(card: Card) -> bool:
        if wanted in card.name.casefold():
            return True
        texts = [str(v.value) for values in card.fields.values() for v in values]
        if any(wanted in t.casefold() for t in texts):
            return True
        return is_phone and any(
            digits in "".join(c for c in t if c.isdigit()) for t in texts
        )

    return found
