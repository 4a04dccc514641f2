"""Links between leads, contacts and companies."""

from typing import Any

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from tests.sandbox.facts import choose, told
from tests.sandbox.kit import Api, flaws

PAIRS = [
    ("leads", "contacts"),
    ("leads", "companies"),
    ("contacts", "leads"),
    ("contacts", "companies"),
    ("companies", "leads"),
    ("companies", "contacts"),
]


def to(kind: str, number: int, **metadata: Any) -> list[dict[str, Any]]:
    item: dict[str, Any] = {"to_entity_id": number, "to_entity_type": kind}
    return [{**item, "metadata": metadata} if metadata else item]


def ends(api: Api, kind: str, number: int) -> list[tuple[str, int]]:
    rows = api.rows(f"{kind}/{number}/links")
    return [(row["to_entity_type"], row["to_entity_id"]) for row in rows]


def make(api: Api, kind: str) -> int:
    return api.make(kind, {"name": "A"})[0]


@pytest.mark.parametrize(("kind", "other"), PAIRS)
def test_a_link_is_seen_from_both_ends_and_goes_from_both(
    api: Api, kind: str, other: str
):
    one, two = make(api, kind), make(api, other)
    api.post(f"{kind}/{one}/link", to(other, two))
    assert ends(api, kind, one) == [(other, two)]
    assert ends(api, other, two) == [(kind, one)]
    api.post(f"{kind}/{one}/unlink", to(other, two), 204)
    assert ends(api, kind, one) == ends(api, other, two) == []


def test_linking_answers_both_ends(api: Api):
    lead, contact = api.lead(), api.contact()
    body = api.post(f"leads/{lead}/link", to("contacts", contact))
    assert body["_embedded"]["links"] == [
        {
            "entity_id": lead,
            "entity_type": "leads",
            "to_entity_id": contact,
            "to_entity_type": "contacts",
            "metadata": {"main_contact": True},
        }
    ]


def test_a_list_tells_its_total_and_three_keys_of_each_link(api: Api):
    company = api.company()
    lead = api.lead(_embedded={"companies": [{"id": company}]})
    body = api.get(f"leads/{lead}/links")
    assert body["_total_items"] == 1
    link = {"to_entity_id": company, "to_entity_type": "companies", "metadata": None}
    assert body["_embedded"]["links"] == [link]


def test_is_main_is_written_and_main_contact_is_read(api: Api):
    lead, first, second = api.lead(), api.contact(), api.contact()
    api.post(f"leads/{lead}/link", to("contacts", first))
    api.post(f"leads/{lead}/link", to("contacts", second, is_main=True))
    rows = api.rows(f"leads/{lead}/links")
    mains = {row["to_entity_id"]: row["metadata"]["main_contact"] for row in rows}
    assert mains == {first: False, second: True}


def test_linking_again_makes_a_known_contact_the_main_one(api: Api):
    lead, first, second = api.lead(), api.contact(), api.contact()
    for contact in (first, second):
        api.post(f"leads/{lead}/link", to("contacts", contact))
    api.post(f"leads/{lead}/link", to("contacts", second, is_main=True))
    assert ends(api, "leads", lead) == [("contacts", second), ("contacts", first)]


def test_when_the_main_contact_goes_the_next_one_is_main(api: Api):
    lead, first, second = api.lead(), api.contact(), api.contact()
    for contact in (first, second):
        api.post(f"leads/{lead}/link", to("contacts", contact))
    api.post(f"leads/{lead}/unlink", to("contacts", first), 204)
    [row] = api.rows(f"leads/{lead}/links")
    assert row["metadata"] == {"main_contact": True}


@pytest.mark.parametrize("kind", ["leads", "contacts"])
def test_a_lead_or_contact_has_one_company_the_latest(api: Api, kind: str):
    card, first, second = make(api, kind), api.company(), api.company()
    api.post(f"{kind}/{card}/link", to("companies", first))
    api.post(f"{kind}/{card}/link", to("companies", second))
    assert ends(api, kind, card) == [("companies", second)]
    assert ends(api, "companies", first) == []
    assert ends(api, "companies", second) == [(kind, card)]


def test_a_contact_may_have_many_leads(api: Api):
    contact, leads = api.contact(), api.make("leads", {}, {}, {})
    for lead in leads:
        api.post(f"contacts/{contact}/link", to("leads", lead))
    assert ends(api, "contacts", contact) == [("leads", lead) for lead in leads]


def test_links_are_filtered_by_kind_and_id_of_the_other_end(api: Api):
    contact, company = api.contact(), api.company()
    embedded = {"contacts": [{"id": contact}], "companies": [{"id": company}]}
    path = f"leads/{api.lead(_embedded=embedded)}/links"
    [row] = api.rows(f"{path}?filter[to_entity_type]=companies")
    assert row["to_entity_id"] == company
    [row] = api.rows(f"{path}?filter[to_entity_id]={contact}")
    assert row["to_entity_type"] == "contacts"
    assert api.get(f"{path}?filter[to_entity_id]=5") is None


def test_many_cards_are_linked_and_unlinked_in_one_call(api: Api):
    leads, contact = api.make("leads", {}, {}), api.contact()
    items = [{"entity_id": lead, **to("contacts", contact)[0]} for lead in leads]
    body = api.post("leads/link", items)
    assert [row["entity_id"] for row in body["_embedded"]["links"]] == leads
    query = "&".join(f"filter[entity_id][]={lead}" for lead in leads)
    rows = api.rows(f"leads/links?{query}")
    assert [(r["entity_id"], r["to_entity_id"]) for r in rows] == [
        (lead, contact) for lead in leads
    ]
    api.post("leads/unlink", items, 204)
    assert api.get(f"leads/links?{query}") is None


def test_linking_twice_and_unlinking_what_is_not_linked_are_no_errors(api: Api):
    lead, contact = api.lead(), api.contact()
    api.post(f"leads/{lead}/unlink", to("contacts", contact), 204)
    for _ in range(2):
        api.post(f"leads/{lead}/link", to("contacts", contact))
    assert ends(api, "leads", lead) == [("contacts", contact)]
    assert len(told(api, "entity_linked")) == 2


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"to_entity_id": 5, "to_entity_type": "contacts"}, "to_entity_id"),
        ({"to_entity_id": 5, "to_entity_type": "leads"}, "to_entity_type"),
        ({"to_entity_id": 5, "to_entity_type": "customers"}, "to_entity_type"),
        ({"to_entity_id": 5, "to_entity_type": "tasks"}, "to_entity_type"),
    ],
)
def test_an_end_that_cannot_be_linked_is_no_valid_choice(api: Api, sent, path: str):
    body = api.post(f"leads/{api.lead()}/link", [sent], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", path)]


def test_a_bad_item_keeps_the_good_ones_from_being_linked(api: Api):
    lead, contact = api.lead(), api.contact()
    items = [*to("contacts", contact), *to("contacts", 5)]
    api.post(f"leads/{lead}/link", items, 400)
    assert ends(api, "leads", lead) == []


@pytest.mark.parametrize("touches", [True, False])
def test_linking_touches_updated_at_of_both_ends_by_switch(
    api: Api, clock: ManualClock, touches: bool
):
    choose(api, link_touches_updated_at=touches)
    lead, contact = api.lead(), api.contact()
    before = int(clock.now())
    clock.advance(60)
    api.post(f"leads/{lead}/link", to("contacts", contact))
    cards = api.get(f"leads/{lead}"), api.get(f"contacts/{contact}")
    expected = before + 60 if touches else before
    assert [card["updated_at"] for card in cards] == [expected, expected]


def test_a_card_without_links_or_that_is_not_there_has_none(api: Api):
    assert api.get(f"leads/{api.lead()}/links") is None
    assert api.get("leads/5/links") is None


@pytest.mark.parametrize(("kind", "other"), PAIRS)
def test_a_trashed_card_is_hidden_from_the_other_end_until_it_is_restored(
    api: Api, kind: str, other: str
):
    one, two = make(api, kind), make(api, other)
    api.post(f"{kind}/{one}/link", to(other, two))
    api.act("trash", entity=kind, id=one)
    assert ends(api, other, two) == []
    shown = api.get(f"{other}/{two}?with=leads,contacts,companies")["_embedded"]
    assert not shown.get(kind)
    api.act("restore", entity=kind, id=one)
    assert ends(api, other, two) == [(kind, one)]


def test_a_link_replaced_while_one_end_was_in_the_trash_does_not_come_back(api: Api):
    lead, first, second = api.lead(), api.company(), api.company()
    api.post(f"leads/{lead}/link", to("companies", first))
    api.act("trash", entity="companies", id=first)
    api.post(f"leads/{lead}/link", to("companies", second))
    api.act("restore", entity="companies", id=first)
    assert ends(api, "companies", first) == []
    assert ends(api, "leads", lead) == [("companies", second)]
