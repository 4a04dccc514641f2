"""Who a client is: a deal's company or a person; and which cards are one person's.

Cards of contacts that share a phone or an e-mail are joined for scoring only: nothing
is merged in the CRM, and every join keeps the evidence it rests on.
"""

import json
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, NewType

import numpy as np
import phonenumbers

from kommo_sync.model.arrays import BoolArray, IntArray
from kommo_sync.model.entities import Part

ClientKey = NewType("ClientKey", int)
"""A contact's id doubled, or a company's id doubled and one; 0 is nobody."""

MOST_CARRIERS = 5
"""A phone or e-mail on more cards than this is a switchboard's or a placeholder."""

LONGEST_EMAIL = 254
PLAUSIBLE_EMAIL = re.compile(
    r"""[^\s@<>()\[\],;:\\"\x00-\x1f\ud800-\udfff]+"""
    r"""@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_](?:[\w-]*[^\W_])"""
)
NOBODYS = frozenset("noreply donotreply none no na nomail noemail unknown test".split())
"""What stands before the @ of nobody's addresses, with dots and dashes left out."""

FEWEST_DIFFERENT_DIGITS = 3
DIGITS_IN_A_ROW = ("01234567890123456789", "98765432109876543210")


class ClientUnit(StrEnum):
    """What an account takes for a client."""

    AUTO = "auto"
    """The company, if there is one; else the main contact."""
    CONTACT = "contact"
    """The main contact, always; deals without one are left out."""
    COMPANY = "company"
    """The company, always; deals without one are left out."""


def contact_key(contact_id: int) -> ClientKey:
    """Return the key of a contact as a client."""
    return ClientKey(contact_id * 2)


def company_key(company_id: int) -> ClientKey:
    """Return the key of a company as a client."""
    return ClientKey(company_id * 2 + 1)


def name_of(key: int) -> tuple[Part, int]:
    """Return whose key it is: `("contacts", 12)` or `("companies", 12)`.

    Raises:
        ValueError: no card has such a key.
    """
    if key < contact_key(1):
        raise ValueError(
            f"{key} is nobody's key: contacts have 2, 4, …; companies 3, 5"
        )
    return (Part.COMPANIES if key % 2 else Part.CONTACTS), key // 2


class PointKind(StrEnum):
    """By what two cards can be known for one person's."""

    EMAIL = "email"
    PHONE = "phone"


class Point(NamedTuple):
    """A phone or an e-mail on a contact's card, spelled one way only."""

    contact_id: int
    kind: PointKind
    value: str


def points(contact_id: int, field_values: str, country: str) -> list[Point]:
    """Return what a contact can be known by, ascending, each once.

    Args:
        contact_id: of the card.
        field_values: JSON, Kommo's custom_fields_values; what makes no sense is passed
            over, for people type anything.
        country: ISO 3166 alpha-2, as the account has it; if empty or unknown, only
            phones that begin with + are understood.
    """
    found = set()
    for code, text in _typed_in(field_values):
        if code == "PHONE" and (phone := normal_phone(text, country)):
            found.add(Point(contact_id, PointKind.PHONE, phone))
        if code == "EMAIL" and (email := normal_email(text)):
            found.add(Point(contact_id, PointKind.EMAIL, email))
    return sorted(found)


def _typed_in(field_values: str) -> Iterator[tuple[str, str]]:
    try:
        fields = json.loads(field_values)
    except (ValueError, RecursionError):
        return
    for field in _objects(fields):
        for one in _objects(field.get("values")):
            value = one.get("value")
            if isinstance(value, str | int):
                yield str(field.get("field_code")), str(value)


def _objects(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def normal_phone(text: str, country: str) -> str | None:
    """Return a phone as E.164, with ";ext=…" if it has an extension.

    None if it has not the length of a whole number of its country, or is filler:
    000-0000, 900 000 00 00, 123456789. Whether it is in use is not asked: ranges are
    opened faster than lists of them are updated.
    """
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    digits = phonenumbers.national_significant_number(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE or _is_filler(digits):
        return None
    extension = f";ext={number.extension}" if number.extension else ""
    return f"+{number.country_code}{digits}{extension}"


def _is_filler(digits: str) -> bool:
    is_dull = len(set(digits)) < FEWEST_DIFFERENT_DIGITS
    return is_dull or any(digits in row for row in DIGITS_IN_A_ROW)


def normal_email(text: str) -> str | None:
    """Return an address trimmed and case-folded, or None if nobody can have it."""
    address = text.strip().casefold()
    if len(address) > LONGEST_EMAIL or not PLAUSIBLE_EMAIL.fullmatch(address):
        return None
    name = re.sub(r"[-._]", "", address.partition("@")[0])
    return None if name in NOBODYS else address


class Link(NamedTuple):
    """Why a card is another's; `joined_with`, followed on, ends at `representative`."""

    contact_id: int
    representative: int
    joined_with: int
    kind: PointKind


class Crowd(NamedTuple):
    """A phone or an e-mail on too many cards to join any."""

    kind: PointKind
    value: str
    contacts: int


@dataclass(frozen=True, slots=True)
class Joins:
    """Which cards are one person's.

    Args:
        links: one a card that is joined to one with a lower id, ascending.
        crowds: what joined nobody, ascending.
    """

    links: tuple[Link, ...] = ()
    crowds: tuple[Crowd, ...] = ()

    @property
    def representative(self) -> dict[int, int]:
        """The lowest id of the same person, for each card that is not it itself."""
        return {link.contact_id: link.representative for link in self.links}


def join_contacts(found: Iterable[Point], most: int = MOST_CARRIERS) -> Joins:
    """Return which cards share a phone or an e-mail, directly or through others.

    Args:
        found: the points of all live cards, in any order, doubled or not.
        most: a point on more cards than this joins nobody.

    Raises:
        ValueError: fewer than two cards could share a point.
    """
    if most < 2:
        raise ValueError(f"a point may be on {most} cards at most: 2 or more join any")
    carriers: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for contact_id, kind, value in found:
        carriers[kind, value].add(contact_id)
    crowds, near = [], defaultdict(list)
    for (name, value), cards in sorted(carriers.items()):
        kind = PointKind(name)
        if len(cards) > most:
            crowds.append(Crowd(kind, value, len(cards)))
        elif len(cards) > 1:
            shared = (kind, sorted(cards))
            for contact_id in cards:
                near[contact_id].append(shared)
    return Joins(tuple(sorted(_links(near))), tuple(crowds))


def _links(near: dict[int, list[tuple[PointKind, list[int]]]]) -> Iterator[Link]:
    """Walk from the lowest card of each person to the others, by the shortest way."""
    seen = set()
    for lowest in sorted(near):
        if lowest in seen:
            continue
        seen.add(lowest)
        queue = deque([lowest])
        while queue:
            here = queue.popleft()
            for kind, cards in near[here]:
                new = [card for card in cards if card not in seen]
                seen.update(new)
                queue.extend(new)
                yield from (Link(card, lowest, here, kind) for card in new)


@dataclass(frozen=True, slots=True)
class ContactBook:
    """What `assign` must know of the contacts; shape (k,) each.

    Args:
        contact: ascending ids.
        representative: the lowest id of the same person; its own if not joined.
        company: of the card, else the only one that the person's other cards name;
            0 if there is none.
    """

    contact: IntArray
    representative: IntArray
    company: IntArray

    @classmethod
    def of(cls, contact: IntArray, company: IntArray, joins: Joins) -> "ContactBook":
        """Return the book of some cards.

        Args:
            contact: shape (k,), ids in any order, each once.
            company: shape (k,), of the card; 0 if it names none.
            joins: of these cards.

        Raises:
            ValueError: a contact is there twice.
        """
        order = np.argsort(contact)
        contact, company = contact[order], company[order]
        if np.any(np.diff(contact) == 0):
            raise ValueError("contacts: an id is there twice, give each card once")
        representative = contact.copy()
        if joins.links:
            joined, lowest = np.array([link[:2] for link in joins.links], np.int64).T
            at, known = _find(contact, joined)
            representative[at[known]] = lowest[known]
        shared = _only_company(representative, company)
        return cls(contact, representative, np.where(company > 0, company, shared))


def _only_company(person: IntArray, company: IntArray) -> IntArray:
    """Return the company that a person's cards agree on, card by card; else 0."""
    people, row = np.unique(person, return_inverse=True)
    named = company > 0
    highest = np.zeros(len(people), np.int64)
    lowest = np.full(len(people), np.iinfo(np.int64).max)
    np.maximum.at(highest, row[named], company[named])
    np.minimum.at(lowest, row[named], company[named])
    return np.where(highest == lowest, highest, 0)[row]


@dataclass(frozen=True, slots=True)
class Parties:
    """Whom deals are with; shape (m,) each.

    Args:
        company: ids; 0 if the deal has none.
        main_contact: ids; 0 if the deal has none.
    """

    company: IntArray
    main_contact: IntArray


def assign(parties: Parties, book: ContactBook, unit: ClientUnit) -> IntArray:
    """Return each deal's client: shape (m,), keys; 0 for deals that are left out.

    A deal without a company counts for the company of its main contact, if that has
    one, so that a firm is one client whether or not its name was put on each deal.
    """
    at, known = _find(book.contact, parties.main_contact)
    person = parties.main_contact.copy()
    person[known] = book.representative[at[known]]
    if unit is ClientUnit.CONTACT:
        return person * 2
    company = parties.company.copy()
    theirs = known & (company == 0)
    company[theirs] = book.company[at[theirs]]
    without = person * 2 if unit is ClientUnit.AUTO else np.zeros_like(person)
    return np.where(company > 0, company * 2 + 1, without)


def _find(ascending: IntArray, wanted: IntArray) -> tuple[IntArray, BoolArray]:
    """Return where each wanted value stands, and whether it stands there at all."""
    at = np.searchsorted(ascending, wanted).astype(np.int64, copy=False)
    known = at < len(ascending)
    known[known] = ascending[at[known]] == wanted[known]
    return at, known
