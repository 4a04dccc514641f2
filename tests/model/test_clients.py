"""Clients: keys, cards that are joined, whose a deal is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kommo_sync.model.clients import (
    ClientUnit,
    ContactBook,
    Crowd,
    Joins,
    Link,
    Parties,
    Point,
    PointKind,
    assign,
    company_key,
    contact_key,
    join_contacts,
    name_of,
)

law = settings(deadline=None)
EMAIL, PHONE = PointKind.EMAIL, PointKind.PHONE
NOBODY = 0
POINTS = st.lists(
    st.builds(
        Point,
        st.integers(1, 9),
        st.sampled_from(PointKind),
        st.sampled_from("abcde"),
    ),
    max_size=30,
)


def column(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def book_of(cards: dict[int, int], joins: Joins | None = None) -> ContactBook:
    """Return the book of contacts and the companies that their cards name."""
    return ContactBook.of(column(*cards), column(*cards.values()), joins or Joins())


def client_of(
    company: int, contact: int, book: ContactBook, unit: ClientUnit = ClientUnit.AUTO
) -> int:
    (key,) = assign(Parties(column(company), column(contact)), book, unit)
    return int(key)


@law
@given(st.integers(1, 2**61))
def test_a_key_tells_whose_it_is(card):
    assert name_of(contact_key(card)) == ("contacts", card)
    assert name_of(company_key(card)) == ("companies", card)


@pytest.mark.parametrize("key", [NOBODY, 1, -2])
def test_a_key_that_no_card_has_is_refused(key):
    with pytest.raises(ValueError, match=rf"^{key} is nobody's key"):
        name_of(key)


def test_cards_that_share_a_phone_or_an_email_are_one_person():
    joins = join_contacts(
        [
            Point(9, PHONE, "+1"),
            Point(4, PHONE, "+1"),
            Point(4, EMAIL, "a@b.co"),
            Point(6, EMAIL, "a@b.co"),
            Point(5, EMAIL, "other@b.co"),
        ]
    )
    assert joins.links == (Link(6, 4, 4, EMAIL), Link(9, 4, 4, PHONE))
    assert joins.representative == {6: 4, 9: 4}


def test_cards_are_joined_through_others():
    joins = join_contacts(
        [
            Point(1, PHONE, "+1"),
            Point(3, PHONE, "+1"),
            Point(3, EMAIL, "a@b.co"),
            Point(2, EMAIL, "a@b.co"),
        ]
    )
    assert joins.links == (Link(2, 1, 3, EMAIL), Link(3, 1, 1, PHONE))


def test_a_card_is_joined_through_the_lowest_of_those_as_near():
    shared = {"+1": (1, 2, 3), "+2": (3, 4), "+3": (2, 4)}
    joins = join_contacts(
        [Point(card, PHONE, phone) for phone, cards in shared.items() for card in cards]
    )
    assert joins.links[-1] == Link(4, 1, 2, PHONE)


def test_an_email_is_named_before_a_phone_and_crowds_ascend():
    cards, one = (8, 3, 5), (PHONE, EMAIL)
    joins = join_contacts([Point(card, kind, "x") for card in cards for kind in one])
    assert joins.links == (Link(5, 3, 3, EMAIL), Link(8, 3, 3, EMAIL))
    crowds = [Point(card, PHONE, text) for text in "dbac" for card in range(6)]
    assert [crowd.value for crowd in join_contacts(crowds).crowds] == [*"abcd"]


def test_a_phone_and_an_email_that_look_alike_join_nobody():
    assert join_contacts([Point(1, PHONE, "x"), Point(2, EMAIL, "x")]) == Joins()


def test_a_point_on_too_many_cards_joins_nobody_and_is_told():
    desk = [Point(card, PHONE, "+1") for card in range(1, 7)]
    assert join_contacts(desk) == Joins((), (Crowd(PHONE, "+1", 6),))
    assert len(join_contacts(desk[:5]).links) == 4
    assert join_contacts(desk[:3], most=2).crowds == (Crowd(PHONE, "+1", 3),)


def test_a_card_that_has_a_point_twice_is_no_crowd():
    assert join_contacts([Point(1, PHONE, "+1")] * 9) == Joins()


def test_a_limit_that_would_join_nobody_is_refused():
    with pytest.raises(ValueError, match=r"^a point may be on 1 cards at most"):
        join_contacts([], most=1)


def test_points_as_the_store_gives_them_are_taken():
    (link,) = join_contacts([Point(1, "phone", "+1"), Point(2, "phone", "+1")]).links  # type: ignore[arg-type]
    assert link.kind is PHONE


@law
@given(POINTS, st.integers(2, 4), st.randoms(use_true_random=False))
def test_the_order_of_points_does_not_matter(found, most, chance):
    mixed = found + found[:5]
    chance.shuffle(mixed)
    assert join_contacts(mixed, most) == join_contacts(found, most)


@law
@given(POINTS, st.integers(2, 4))
def test_who_is_joined_is_who_can_be_reached_and_by_what_is_said(found, most):
    carriers: dict[tuple[str, str], set[int]] = {}
    for card, kind, value in found:
        carriers.setdefault((kind, value), set()).add(card)
    shared = [(k, cards) for (k, _), cards in carriers.items() if len(cards) <= most]
    person = {card: card for card, _, _ in found}
    for _ in person:
        for _, cards in shared:
            lowest = min(person[card] for card in cards)
            person |= dict.fromkeys(cards, lowest)
    joins = join_contacts(found, most)
    joined = {card: lowest for card, lowest in person.items() if card != lowest}
    assert joins.representative == joined
    assert [link.contact_id for link in joins.links] == sorted(joined)
    assert len(joins.crowds) == len(carriers) - len(shared)
    via = {link.contact_id: link for link in joins.links}
    for card, link in via.items():
        assert any(k == link.kind and {card, link.joined_with} <= c for k, c in shared)
        steps = 0
        while card in via:
            card, steps = via[card].joined_with, steps + 1
            assert steps <= len(via)
        assert card == link.representative


BOOK = book_of(
    {12: 0, 10: 41, 11: 0, 30: 41, 31: 42, 32: 0},
    join_contacts(
        [
            *[Point(card, PHONE, "+1") for card in (10, 11)],
            *[Point(card, PHONE, "+3") for card in (30, 31, 32)],
        ]
    ),
)


@pytest.mark.parametrize(
    ("company", "contact", "auto"),
    [
        (41, 12, company_key(41)),
        (41, 0, company_key(41)),
        (77, 10, company_key(77)),
        (0, 12, contact_key(12)),
        (0, 10, company_key(41)),
        (0, 11, company_key(41)),
        (0, 30, company_key(41)),
        (0, 31, company_key(42)),
        (0, 32, contact_key(30)),
        (0, 99, contact_key(99)),
        (0, 5, contact_key(5)),
        (0, 0, NOBODY),
    ],
)
def test_a_deal_is_its_companys_else_its_contacts(company, contact, auto):
    assert client_of(company, contact, BOOK) == auto
    firm = auto if auto % 2 else NOBODY
    assert client_of(company, contact, BOOK, ClientUnit.COMPANY) == firm


@pytest.mark.parametrize(
    ("company", "contact", "person"),
    [(41, 11, 10), (0, 11, 10), (0, 32, 30), (41, 12, 12), (0, 99, 99)],
)
def test_where_people_are_clients_a_deal_is_the_persons(company, contact, person):
    found = client_of(company, contact, BOOK, ClientUnit.CONTACT)
    assert found == contact_key(person)


@pytest.mark.parametrize("company", [0, 41])
def test_where_people_are_clients_a_deal_without_one_is_left_out(company):
    assert client_of(company, 0, BOOK, ClientUnit.CONTACT) == NOBODY


def test_a_firm_is_one_client_whether_or_not_a_deal_names_it():
    parties = Parties(column(41, 0, 0), column(10, 10, 11))
    assert set(assign(parties, BOOK, ClientUnit.AUTO).tolist()) == {company_key(41)}


@pytest.mark.parametrize("unit", ClientUnit)
def test_without_contacts_and_deals_nothing_is_asked_for(unit):
    empty = book_of({})
    assert assign(Parties(column(), column()), empty, unit).tolist() == []
    assert client_of(41, 12, empty, unit) in {contact_key(12), company_key(41)}


def test_a_card_that_is_there_twice_is_refused():
    with pytest.raises(ValueError, match=r"^contacts: an id is there twice"):
        ContactBook.of(column(3, 5, 3), column(0, 0, 0), Joins())


def test_joins_of_cards_that_are_not_in_the_book_are_passed_over():
    joins = Joins((Link(4, 2, 2, PHONE), Link(8, 2, 2, PHONE)))
    book = book_of({2: 0, 4: 0}, joins)
    assert book.representative.tolist() == [2, 2]


def test_assigning_leaves_its_columns_as_they_were():
    parties = Parties(column(0), column(11))
    assign(parties, BOOK, ClientUnit.AUTO)
    assert (parties.company.tolist(), parties.main_contact.tolist()) == ([0], [11])
