"""Rules of contacts and companies: names, and which company a person belongs to."""

from kommo_sync.sandbox.account.records import Company, Contact
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.rules.cards import COMMON_RULES, Item, Shop, put
from kommo_sync.sandbox.rules.checks import Check, string_or_null
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.problems import Flaw

FIRST_NAME_FIRST = 1
"""The account's `contact_name_display_order`; the other one is 2."""
CONTACT_RULES: dict[str, Check] = {
    **COMMON_RULES,
    "first_name": string_or_null,
    "last_name": string_or_null,
}


def full_name(state: State, first: str, last: str) -> str:
    """Return the name made of its parts in the order that the account shows."""
    order = state.data.account.contact_name_display_order
    straight = order == FIRST_NAME_FIRST
    return " ".join(
        part for part in ((first, last) if straight else (last, first)) if part
    )


def _build_contact(_call: Call, contact_id: int) -> Contact:
    return Contact(id=contact_id)


def _build_company(_call: Call, company_id: int) -> Company:
    return Company(id=company_id)


def _no_more_flaws(_call: Call, _item: Item, _card: object) -> list[Flaw]:
    return []


def _write_contact(writer: Writer, contact: Contact, item: Item, new: bool) -> bool:
    """Keep the name and its two parts in step; the parts lead where they change.

    Clients that send a whole contact back change one of the three, not the others.
    """
    changed = False
    parts = ("first_name", "last_name")
    sent = [k for k in parts if item.get(k) not in (None, getattr(contact, k))]
    for key in sent:
        changed |= put(writer, contact, key, item[key], new=new)
    name = full_name(writer.state, contact.first_name, contact.last_name)
    if sent:
        changed |= put(
            writer, contact, "name", name, new=new, event="name_field_changed"
        )
    elif item.get("name") not in (None, "", name):
        changed |= _split_name(writer, contact, item["name"], new=new)
    return changed


def _split_name(writer: Writer, contact: Contact, name: str, *, new: bool) -> bool:
    first, _, last = name.partition(" ")
    if writer.state.data.account.contact_name_display_order != FIRST_NAME_FIRST:
        first, last = last, first
    changed = put(writer, contact, "first_name", first, new=new)
    return put(writer, contact, "last_name", last, new=new) or changed


def _write_company(_writer: Writer, _company: Company, _item: Item, _new: bool) -> bool:
    return False


CONTACTS = Shop(
    kind="contacts",
    rules=CONTACT_RULES,
    check=_no_more_flaws,
    build=_build_contact,
    write=_write_contact,
    linkable=("companies", "leads"),
)
COMPANIES = Shop(
    kind="companies",
    rules=COMMON_RULES,
    check=_no_more_flaws,
    build=_build_company,
    write=_write_company,
    linkable=("contacts", "leads"),
)
