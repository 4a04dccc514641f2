"""Whose client somebody is, who recommends the firm, and who never bought."""

from typing import Any

import numpy as np
import pytest

from kommo_sync.model.entities import Part
from kommo_sync.scoring.people import advocates, managers, potential
from tests.scoring.firm import DAY, Firm, fields
from tests.store.rows import contact, lead

FRIEND = '[{"id": 1, "name": "Friend"}]'


def friends(firm: Firm, **wanted: Any) -> list[int]:
    firm = firm.under(advocate_tag="friend", **wanted)
    firm.score()
    found: list[int] = advocates(firm.account, firm.settings).tolist()
    return found


def test_a_tagged_contact_its_person_and_its_company_recommend_the_firm(firm):
    mail = fields(("EMAIL", "ann@lee.example"))
    firm.keep(
        Part.CONTACTS,
        contact(10, field_values=mail),
        contact(11, field_values=mail, tags=FRIEND, company_id=3),
        contact(12, company_id=4),
    )
    assert friends(firm) == [7, 20]
    assert friends(firm, join_duplicates=False) == [7, 22]


def test_a_tagged_company_recommends_the_firm_but_not_its_people(firm):
    company = firm.found(tags=FRIEND)
    firm.keep(Part.CONTACTS, contact(10, company_id=company))
    assert friends(firm) == [company * 2 + 1]


def test_without_tag_or_field_nobody_does(firm):
    firm.keep(Part.CONTACTS, contact(10, tags=FRIEND))
    assert advocates(firm.account, firm.settings).tolist() == []


def never_bought(firm: Firm) -> dict[int, tuple[int, bool]]:
    """Return since when each contact that never bought is known, and who is asking."""
    firm.score()
    found = potential(firm.account, firm.settings)
    columns = (found.client, found.since_day, found.open_deal)
    return {c: (d, o) for c, d, o in zip(*(x.tolist() for x in columns), strict=True)}


def test_contacts_are_potential_since_they_were_made(firm):
    made = (firm.today - 5) * DAY + 60
    firm.keep(Part.CONTACTS, contact(10, created_at=made), contact(11))
    firm.sell(11, firm.today)
    assert never_bought(firm)[20] == (firm.today - 5, False)


def test_a_contact_with_an_open_deal_is_known_to_have_one(firm):
    firm.keep(Part.CONTACTS, contact(10), contact(11), contact(12))
    for lead_id, person, status in ((1, 10, 7), (2, 11, 143), (3, 12, 142)):
        row = lead(lead_id, status_id=status, main_contact_id=person)
        firm.keep(Part.LEADS, row._replace(contact_ids=f"[{person}]"))
    found = never_bought(firm)
    assert [found[client][1] for client in (20, 22, 24)] == [True, False, False]


@pytest.mark.parametrize(("unit", "expected"), [("auto", set()), ("contact", {20})])
def test_who_works_for_a_client_is_not_potential_unless_people_are_clients(
    firm, unit, expected
):
    firm.keep(Part.CONTACTS, contact(10, company_id=3), contact(11, company_id=3))
    firm.sell(11, firm.today)
    found = never_bought(firm.under(client_unit=unit))
    assert found.keys() - {22} == expected


def test_one_persons_cards_are_one_and_its_other_cards_firm_is_its_own(firm):
    mail = fields(("EMAIL", "ann@lee.example"))
    firm.keep(
        Part.CONTACTS,
        contact(10, field_values=mail),
        contact(11, field_values=mail, company_id=3),
        contact(12),
    )
    assert never_bought(firm).keys() == {20, 24}
    firm.sell(10, firm.today)
    firm.pass_days(0.1)
    assert list(firm.judged()) == []
    assert never_bought(firm).keys() == {24}
    assert list(firm.judged()) == [7]


def test_a_client_belongs_to_who_is_responsible_for_its_card(firm):
    company = firm.found(responsible_user_id=8)
    firm.keep(Part.CONTACTS, contact(10, responsible_user_id=6), contact(9))
    of = managers(firm.account)
    asked = np.array([20, 18, company * 2 + 1, company * 2, 22, 2])
    assert of(asked).tolist() == [6, 5, 8, 0, 0, 0]


def test_without_any_card_nobody_is_responsible(firm):
    assert managers(firm.account)(np.array([20, 7])).tolist() == [0, 0]
