"""Links between leads, contacts and companies, kept at both ends."""

from typing import Any

from kommo_sync.sandbox.account.records import (
    MAIN_KINDS,
    SINGULAR,
    Card,
    Company,
    Contact,
    Lead,
)
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Writer

Link = tuple[str, int, dict[str, Any] | None]


def _ends(card: Card, kind: str) -> list[int]:
    """Return the ids of that kind at the card's end, trashed cards among them."""
    if kind == "companies":
        company_id: int | None = getattr(card, "company_id", None)
        return [] if company_id is None else [company_id]
    ids: list[int] = getattr(card, f"{SINGULAR[kind]}_ids", [])
    return ids


def linked_ids(state: State, card: Card, kind: str) -> list[int]:
    """Return the ids of the live cards of a kind that are linked with the card.

    Of a lead's contacts the main one comes first. A link to a card in the trash is
    hidden until the card is restored.
    """
    cards = state.cards(kind)
    return [other_id for other_id in _ends(card, kind) if other_id in cards]


def links_of(state: State, card: Card) -> list[Link]:
    """Return (to kind, to id, metadata) of every live card linked with the card."""
    return [
        (kind, other_id, _metadata(state, card, kind, other_id))
        for kind in MAIN_KINDS
        for other_id in linked_ids(state, card, kind)
    ]


def _metadata(
    state: State, card: Card, kind: str, other_id: int
) -> dict[str, Any] | None:
    if isinstance(card, Lead) and kind == "contacts":
        return {"main_contact": _is_main(state, card, other_id)}
    if isinstance(card, Contact) and kind == "leads":
        return {"main_contact": _is_main(state, state.data.leads[other_id], card.id)}
    return None


def _is_main(state: State, lead: Lead, contact_id: int) -> bool:
    return linked_ids(state, lead, "contacts")[:1] == [contact_id]


def link(
    writer: Writer, card: Card, other: Card, *, is_main: bool = False, new: bool = False
) -> None:
    """Link two cards of different kinds; a lead or contact has one company, the latest.

    Args:
        is_main: the contact becomes the lead's main one.
        new: `card` is being created, so nothing is told about its own end.
    """
    first, second = sorted((card, other), key=lambda end: MAIN_KINDS.index(end.kind))
    if isinstance(first, Lead) and isinstance(second, Contact):
        linked = _join_contact(first, second)
        if is_main:
            _make_main(writer, first, second, new=new and first is card)
    elif isinstance(first, Lead | Contact) and isinstance(second, Company):
        linked = _join_company(writer, first, second)
    else:
        raise TypeError(f"{card.kind} and {other.kind} cannot be linked")
    if linked:
        _witness(writer, card, other, "entity_linked", new=new)


def _join_contact(lead: Lead, contact: Contact) -> bool:
    if contact.id in lead.contact_ids:
        return False
    lead.contact_ids = [*lead.contact_ids, contact.id]
    contact.lead_ids = [*contact.lead_ids, lead.id]
    return True


def _make_main(writer: Writer, lead: Lead, contact: Contact, *, new: bool) -> None:
    others = [i for i in lead.contact_ids if i != contact.id]
    before, lead.contact_ids = lead.contact_ids[0], [contact.id, *others]
    if before != contact.id and not new:
        writer.log(lead.kind, lead.id, "main_contact", before, contact.id)


def _join_company(writer: Writer, card: Lead | Contact, company: Company) -> bool:
    if card.company_id == company.id:
        return False
    former = writer.state.any_card("companies", card.company_id or 0)
    if former is not None:
        unlink(writer, card, former)
    card.company_id = company.id
    if isinstance(card, Lead):
        company.lead_ids = [*company.lead_ids, card.id]
    else:
        company.contact_ids = [*company.contact_ids, card.id]
    return True


def unlink(writer: Writer, card: Card, other: Card) -> bool:
    """Take a link away at both ends; tells whether there was one."""
    if not _part(card, other) and not _part(other, card):
        return False
    _part(other, card)
    _witness(writer, card, other, "entity_unlinked", new=False)
    return True


def _part(card: Card, other: Card) -> bool:
    """Forget `other` at the card's end."""
    if isinstance(other, Company) and isinstance(card, Lead | Contact):
        linked = card.company_id == other.id
        card.company_id = None if linked else card.company_id
        return linked
    name = f"{SINGULAR[other.kind]}_ids"
    ids = getattr(card, name, None)
    if ids is None or other.id not in ids:
        return False
    setattr(card, name, [i for i in ids if i != other.id])
    return True


def _witness(writer: Writer, card: Card, other: Card, event: str, *, new: bool) -> None:
    ends = ((card, other), (other, card))
    if any(writer.state.card(end.kind, end.id) is None for end, _ in ends):
        return
    linked = event == "entity_linked"
    for end, far in ends:
        side = ("link", SINGULAR[far.kind], far.id)
        slot = f"link:{far.kind}:{far.id}"
        if not (new and end is card):
            writer.log(end.kind, end.id, slot, not linked, linked)
            if writer.state.choices.link_touches_updated_at:
                writer.touch_card(end.kind, end)
        writer.event(
            event, end.kind, end.id, () if linked else side, side if linked else ()
        )


def drop_links(writer: Writer, card: Card) -> None:
    """Take the card out of everything it is linked with, in the trash too."""
    for other in _others(writer.state, card):
        unlink(writer, card, other)


def _others(state: State, card: Card) -> list[Card]:
    return [
        other
        for kind in MAIN_KINDS
        for other_id in _ends(card, kind)
        if (other := state.any_card(kind, other_id)) is not None
    ]


def inherit_links(writer: Writer, winner: Card, loser: Card) -> None:
    """Move the links of one card to another of its kind; the winner's company stays."""
    for other in _others(writer.state, loser):
        was_main = isinstance(other, Lead) and other.contact_ids[:1] == [loser.id]
        unlink(writer, loser, other)
        if other.kind != "companies" or not _ends(winner, "companies"):
            link(writer, winner, other, is_main=was_main)
