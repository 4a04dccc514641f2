"""/contacts and /companies."""

from typing import Any

from kommo_sync.sandbox.account.records import MAIN_KINDS, Card, Contact
from kommo_sync.sandbox.api.answers import written
from kommo_sync.sandbox.api.leads import field_filter
from kommo_sync.sandbox.rules.cards import (
    Item,
    Shop,
    card_link,
    create_cards,
    find_card,
    patch_cards,
    render_common,
    search_cards,
    short,
)
from kommo_sync.sandbox.rules.humans import empty_trash
from kommo_sync.sandbox.rules.linking import linked_ids
from kommo_sync.sandbox.rules.people import COMPANIES, CONTACTS
from kommo_sync.sandbox.wire.brackets import integers, scalars
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.listing import (
    Collection,
    answer_page,
    by_id,
    by_update,
    moment,
    one_of,
    text_of,
)
from kommo_sync.sandbox.wire.problems import EmptyAnswer

FILTERS = {
    "id": one_of("id"),
    "name": text_of("name"),
    "created_by": one_of("created_by"),
    "updated_by": one_of("updated_by"),
    "responsible_user_id": one_of("responsible_user_id"),
    "created_at": moment("created_at"),
    "updated_at": moment("updated_at"),
    "closest_task_at": moment("closest_task_at"),
    "custom_fields_values": field_filter,
}


def _collection(kind: str, *, trashed: bool = False) -> Collection:
    return Collection(
        name=kind,
        rows=lambda state: (state.trash if trashed else state.cards)(kind).values(),
        filters=FILTERS,
        # Measured: created_at does not sort contacts and companies, name does.
        orders={"id": by_id, "updated_at": by_update, "name": lambda c: (c.name, c.id)},
        default=(by_update, False),
        search=search_cards,
        table=lambda state: (state.trash if trashed else state.cards)(kind),
    )


LIVE = {kind: _collection(kind) for kind in ("contacts", "companies")}
TRASHED = {kind: _collection(kind, trashed=True) for kind in ("contacts", "companies")}


def _list(call: Call, kind: str) -> Item:
    source = LIVE
    if "only_deleted" in call.withs:
        empty_trash(call.state)
        source = TRASHED
    return answer_page(call, source[kind], render_person)


def render_person(call: Call, card: Any) -> Item:
    """Return a contact or company as lists and by-id answers show it."""
    own: Item = {}
    if isinstance(card, Contact):
        own = {"first_name": card.first_name, "last_name": card.last_name}
    body = render_common(call, card, own)
    if isinstance(card, Contact):
        body["is_unsorted"] = card.is_unsorted
        body["_embedded"]["companies"] = _linked(call, card, "companies")
    for kind in ("leads", "customers", "contacts", "catalog_elements"):
        if kind in call.withs and not (
            kind == "contacts" and isinstance(card, Contact)
        ):
            body["_embedded"][kind] = _linked(call, card, kind)
    return body


def _linked(call: Call, card: Card, kind: str) -> list[Item]:
    if kind not in MAIN_KINDS:
        return []
    return [short(call, kind, i) for i in linked_ids(call.state, card, kind)]


def _brief(call: Call, card: Card) -> Item:
    unsorted = {"is_unsorted": card.is_unsorted} if isinstance(card, Contact) else {}
    return {
        "id": card.id,
        "is_deleted": False,
        **unsorted,
        "_links": card_link(call, card.kind, card.id),
    }


def _create(call: Call, shop: Shop) -> Item:
    items = call.items()
    made = [_brief(call, card) for card in create_cards(call, shop, items)]
    return written(call, shop.kind, items, made)


def _changed(call: Call, card: Card) -> Item:
    return {
        "id": card.id,
        "name": card.name,
        "updated_at": card.updated_at,
        **{k: v for k, v in _brief(call, card).items() if k != "id"},
    }


def _patch(call: Call, shop: Shop) -> Item:
    items = call.items()
    made = [_changed(call, card) for card in patch_cards(call, shop, items)]
    return written(call, shop.kind, items, made)


def _patch_one(call: Call, shop: Shop, card_id: int) -> Item:
    if isinstance(call.json(), list):
        raise EmptyAnswer(405)
    [card] = patch_cards(call, shop, [{**call.item(), "id": card_id}])
    return _changed(call, card)


def list_contacts(call: Call) -> Item:
    """GET /contacts."""
    return _list(call, "contacts")


def get_contact(call: Call, card_id: int) -> Item:
    """GET /contacts/{id}."""
    return render_person(call, find_card(call, "contacts", card_id))


def create_contacts(call: Call) -> Item:
    """POST /contacts."""
    return _create(call, CONTACTS)


def patch_contacts(call: Call) -> Item:
    """PATCH /contacts."""
    return _patch(call, CONTACTS)


def patch_contact(call: Call, card_id: int) -> Item:
    """PATCH /contacts/{id}; an array there is 405 with an empty body."""
    return _patch_one(call, CONTACTS, card_id)


def list_companies(call: Call) -> Item:
    """GET /companies."""
    return _list(call, "companies")


def get_company(call: Call, card_id: int) -> Item:
    """GET /companies/{id}."""
    return render_person(call, find_card(call, "companies", card_id))


def create_companies(call: Call) -> Item:
    """POST /companies."""
    return _create(call, COMPANIES)


def patch_companies(call: Call) -> Item:
    """PATCH /companies."""
    return _patch(call, COMPANIES)


def patch_company(call: Call, card_id: int) -> Item:
    """PATCH /companies/{id}; an array there is 405 with an empty body."""
    return _patch_one(call, COMPANIES, card_id)


def list_chats(call: Call) -> Item:
    """GET /contacts/chats: which chats belong to which contacts."""
    contacts = integers(call.query.get("contact_id"))
    chats = set(scalars(call.query.get("chat_id")))
    rows = [
        {
            "id": talk.id,
            "contact_id": talk.contact_id,
            "chat_id": talk.chat_id,
            "_links": call.self_link("contacts/chats"),
        }
        for talk in call.state.data.talks.values()
        if talk.contact_id in contacts or talk.chat_id in chats
    ]
    if not rows:
        raise EmptyAnswer
    return {"_links": call.self_link(), "_embedded": {"chats": rows}}


ROUTES = [
    ("GET", "/contacts", list_contacts),
    ("POST", "/contacts", create_contacts),
    ("PATCH", "/contacts", patch_contacts),
    ("GET", "/contacts/chats", list_chats),
    ("GET", "/contacts/<int:card_id>", get_contact),
    ("PATCH", "/contacts/<int:card_id>", patch_contact),
    ("GET", "/companies", list_companies),
    ("POST", "/companies", create_companies),
    ("PATCH", "/companies", patch_companies),
    ("GET", "/companies/<int:card_id>", get_company),
    ("PATCH", "/companies/<int:card_id>", patch_company),
]
