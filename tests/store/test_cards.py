"""What stands on cards: tags, fields, who is responsible, and whose deals are open."""

import json
from typing import Any

import pytest

from kommo_sync.model.entities import Company, Part
from kommo_sync.store.account import AccountStore
from kommo_sync.store.facts import Facts
from kommo_sync.store.tallies import Tally
from tests.store.judged import judgement
from tests.store.rows import OTHER, contact, lead


def keep(account: AccountStore, part: Part, *rows: Any) -> Facts:
    account.keep_rows(part, rows, seen_at=100)
    return account.facts()


def tags(*names: str) -> str:
    return json.dumps([{"id": n, "name": name} for n, name in enumerate(names)])


def field(field_id: int, *values: object, code: str | None = None) -> dict[str, Any]:
    listed = [{"value": value} for value in values]
    return {"field_id": field_id, "field_code": code, "values": listed}


def company(id: int, **changes: Any) -> Company:
    return Company(id, "Firm", 5, 50, 100, "[]", "[]")._replace(**changes)


def test_cards_carry_a_tag_whatever_its_case(new_account):
    facts = keep(
        new_account,
        Part.CONTACTS,
        contact(12, tags=tags("Friend")),
        contact(10, tags=tags("vip", "FRIEND")),
        contact(11, tags=tags("friends", "old friend")),
        contact(13, tags=tags()),
    )
    assert facts.tagged(Part.CONTACTS, "friend").tolist() == [10, 12]
    assert facts.tagged(Part.COMPANIES, "friend").tolist() == []


@pytest.mark.parametrize("tag", ["друг", "50 % off", "_", "a\\b", 'say "hi"'])
def test_any_tag_is_found_and_no_other(new_account, tag):
    facts = keep(
        new_account,
        Part.COMPANIES,
        company(3, tags=tags(tag)),
        company(4, tags=tags("x")),
    )
    assert facts.tagged(Part.COMPANIES, tag.upper()).tolist() == [3]


def test_no_tag_and_no_field_are_on_no_card(new_account):
    facts = keep(new_account, Part.CONTACTS, contact(10, tags=tags("")))
    assert facts.tagged(Part.CONTACTS, "").tolist() == []
    assert facts.filled_in(Part.CONTACTS, 0).tolist() == []


@pytest.mark.parametrize(
    ("values", "is_filled"),
    [
        ((True,), True),
        ((False,), False),
        (("yes",), True),
        (("",), False),
        ((None,), False),
        ((0,), False),
        ((), False),
        (("", "yes"), True),
    ],
)
def test_a_field_is_filled_in_by_anything_but_nothing(new_account, values, is_filled):
    texts = json.dumps([field(8, "other"), field(9, *values)])
    facts = keep(new_account, Part.CONTACTS, contact(10, field_values=texts))
    found = facts.filled_in(Part.CONTACTS, 9).tolist()
    assert found == ([10] if is_filled else [])


def test_a_number_in_another_field_is_no_field(new_account):
    texts = json.dumps([field(8, "9", 9, code="9"), field(99, True)])
    facts = keep(new_account, Part.CONTACTS, contact(10, field_values=texts))
    assert facts.filled_in(Part.CONTACTS, 9).tolist() == []


@pytest.mark.parametrize(
    "text", ['[1, "name", null]', '["field_id: 9"]', '[[{"9": 1}]]']
)
def test_what_makes_no_sense_is_passed_over(new_account, text):
    facts = keep(new_account, Part.CONTACTS, contact(10, tags=text, field_values=text))
    assert facts.tagged(Part.CONTACTS, "name").tolist() == []
    assert facts.filled_in(Part.CONTACTS, 9).tolist() == []


def test_who_is_responsible_and_since_when_a_card_is_there(new_account):
    facts = keep(
        new_account,
        Part.CONTACTS,
        contact(11, responsible_user_id=6, created_at=60),
        contact(10, responsible_user_id=8, created_at=70),
    )
    found = [column.tolist() for column in facts.responsible(Part.CONTACTS)]
    assert found == [[10, 11], [8, 6]]
    found = [column.tolist() for column in facts.created(Part.CONTACTS)]
    assert found == [[10, 11], [70, 60]]


def test_open_deals_are_of_their_main_and_their_other_contacts(new_account):
    facts = keep(
        new_account,
        Part.LEADS,
        lead(1, status_id=7, main_contact_id=10, contact_ids="[10]"),
        lead(2, status_id=7, main_contact_id=10, contact_ids="[10, 12]"),
        lead(3, status_id=142, main_contact_id=13, contact_ids="[13, 14]"),
        lead(4, status_id=143, main_contact_id=15, contact_ids="[15]"),
        lead(5, status_id=8, main_contact_id=None),
        lead(6, status_id=8, main_contact_id=9, contact_ids="[9]"),
    )
    assert facts.with_open_deal().tolist() == [9, 10, 12]


def test_cards_of_another_account_are_not_asked(lasting_store, new_account):
    theirs = lasting_store.account(OTHER)
    keep(theirs, Part.CONTACTS, contact(10, tags=tags("friend")))
    keep(theirs, Part.LEADS, lead(1, status_id=7, main_contact_id=10))
    facts = new_account.facts()
    assert facts.tagged(Part.CONTACTS, "friend").tolist() == []
    assert facts.responsible(Part.CONTACTS)[0].tolist() == []
    assert facts.with_open_deal().tolist() == []


def test_the_picture_counts_clients_and_money_by_stage_and_segment(new_account):
    judging = new_account.judging()
    judging.write_judgements(
        [
            judgement(20, stage="due", segment="loyal", flagged=1, expected_loss=500),
            judgement(22, stage="due", segment="new", flagged=0, expected_loss=70),
            judgement(24, stage="lost", segment="new", flagged=0, expected_loss=2**40),
        ]
    )
    found = judging.picture()
    assert found.stages == {
        "due": Tally(2, 570, 1, 500),
        "lost": Tally(1, 2**40, 0, 0),
    }
    assert found.segments == {
        "loyal": Tally(1, 500, 1, 500),
        "new": Tally(2, 2**40 + 70, 0, 0),
    }


def test_the_picture_of_nobody_is_empty(lasting_store, new_account):
    lasting_store.account(OTHER).judging().write_judgements([judgement(20)])
    found = new_account.judging().picture()
    assert (found.stages, found.segments) == ({}, {})
