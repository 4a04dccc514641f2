"""Leads created together with their contact and company, incoming ones among them."""

from typing import Any

import pytest

from tests.sandbox.facts import field, ids, values
from tests.sandbox.kit import Api, flaws

FORM = {
    "category": "forms",
    "form_id": 7,
    "form_name": "Callback",
    "form_page": "https://shop.example.com",
    "form_sent_at": 1_790_000_000,
    "ip": "203.0.113.5",
    "referer": "",
}


def bundle(**embedded: Any) -> dict[str, Any]:
    return {"name": "Roof", "_embedded": embedded}


def test_the_answer_is_a_bare_array_with_lists_of_request_ids(api: Api):
    body = api.post("leads/complex", [{"request_id": "a"}, {}])
    assert isinstance(body, list)
    assert [row["request_id"] for row in body] == [["a"], ["1"]]
    assert set(body[0]) == {"id", "contact_id", "company_id", "request_id", "merged"}
    assert (body[0]["contact_id"], body[0]["company_id"]) == (None, None)
    assert body[0]["merged"] is False


def test_contact_and_company_are_made_and_linked(api: Api):
    phone = {"field_code": "PHONE", "values": [{"value": "+15550100"}]}
    contact = {"first_name": "Ann", "custom_fields_values": [phone]}
    sent = bundle(contacts=[contact], companies=[{"name": "Acme"}])
    [row] = api.post("leads/complex", [sent])
    lead = api.get(f"leads/{row['id']}?with=contacts")
    assert ids(lead["_embedded"]["contacts"]) == [row["contact_id"]]
    assert ids(lead["_embedded"]["companies"]) == [row["company_id"]]
    assert api.get(f"contacts/{row['contact_id']}")["first_name"] == "Ann"
    assert api.get(f"companies/{row['company_id']}")["name"] == "Acme"


def test_a_known_contact_is_linked_by_its_id(api: Api):
    contact = api.contact()
    [row] = api.post("leads/complex", [bundle(contacts=[{"id": contact}])])
    assert row["contact_id"] == contact
    assert ids(api.get(f"contacts/{contact}?with=leads")["_embedded"]["leads"]) == [
        row["id"]
    ]


def test_two_items_with_the_same_contact_make_two_contacts(api: Api):
    sent = bundle(contacts=[{"name": "Ann Lee"}])
    first, second = api.post("leads/complex", [sent, sent])
    assert first["contact_id"] != second["contact_id"]


@pytest.mark.parametrize("kind", ["contacts", "companies"])
def test_a_lead_has_one_contact_and_one_company_at_most(api: Api, kind: str):
    sent = bundle(**{kind: [{"name": "A"}, {"name": "B"}]})
    body = api.post("leads/complex", [sent], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", f"_embedded.{kind}")]


def test_more_than_fifty_leads_are_refused(api: Api):
    api.post("leads/complex", [{}] * 51, 400)
    assert len(api.post("leads/complex", [{}] * 50)) == 50


@pytest.mark.parametrize(("count", "status"), [(40, 200), (41, 400)])
def test_a_card_has_forty_field_values_at_most(api: Api, count: int, status: int):
    number = field(api, "leads", "text")
    entry = {"field_id": number, "values": [{"value": "x"}]}
    assert api.post(
        "leads/complex", [{"custom_fields_values": [entry] * count}], status
    )


def test_a_flaw_of_an_embedded_card_is_told_with_its_whole_path(api: Api):
    entry = {"field_id": 5, "values": [{"value": "x"}]}
    contact = {"name": "Ann", "custom_fields_values": [entry]}
    good = bundle(contacts=[{"name": "Bob"}])
    body = api.post("leads/complex", [good, bundle(contacts=[contact])], 400)
    path = "_embedded.contacts.0.custom_fields_values.0.field_id"
    assert flaws(body) == [("1", "NotSupportedChoice", path)]
    assert api.rows("leads") == api.rows("contacts") == []


@pytest.mark.parametrize("kind", ["contacts", "companies"])
def test_an_unknown_id_is_no_valid_choice(api: Api, kind: str):
    body = api.post("leads/complex", [bundle(**{kind: [{"id": 5}]})], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", f"_embedded.{kind}.0.id")]


@pytest.mark.parametrize("odd", ["Ann", [5], {"name": "Ann"}])
def test_embedded_cards_of_the_wrong_type_are_refused(api: Api, odd: Any):
    body = api.post("leads/complex", [bundle(contacts=odd)], 400)
    [(_, code, path)] = flaws(body)
    assert code == "InvalidType"
    assert path.startswith("_embedded.contacts")


def test_tags_and_fields_of_the_lead_are_written(api: Api):
    number = field(api, "leads", "text")
    sent = {
        "price": 12.5,
        "custom_fields_values": [{"field_id": number, "values": [{"value": "x"}]}],
        **bundle(tags=[{"name": "vip"}]),
    }
    [row] = api.post("leads/complex", [sent])
    lead = api.get(f"leads/{row['id']}")
    assert [tag["name"] for tag in lead["_embedded"]["tags"]] == ["vip"]
    assert values(lead, number) == [{"value": "x"}]
    assert lead["price_with_minor_units"] == 12.5


def test_metadata_makes_the_lead_an_incoming_one(api: Api):
    sent = bundle(contacts=[{"name": "Ann"}], metadata=FORM)
    [row] = api.post("leads/complex", [sent])
    [entry] = api.rows("leads/unsorted")
    assert ids(entry["_embedded"]["leads"]) == [row["id"]]
    assert ids(entry["_embedded"]["contacts"]) == [row["contact_id"]]
    assert (entry["category"], entry["metadata"]["form_id"]) == ("forms", 7)
    incoming = api.pipeline()["_embedded"]["statuses"][0]["id"]
    assert api.get(f"leads/{row['id']}")["status_id"] == incoming
    assert api.get(f"contacts/{row['contact_id']}")["is_unsorted"] is True


def test_an_incoming_lead_enters_the_pipeline_that_it_names(api: Api):
    other = next(p for p in api.rows("leads/pipelines") if not p["is_main"])
    sent = {"pipeline_id": other["id"], **bundle(metadata={**FORM, "category": "sip"})}
    [row] = api.post("leads/complex", [sent])
    [entry] = api.rows("leads/unsorted")
    assert (entry["category"], entry["pipeline_id"]) == ("sip", other["id"])
    assert api.get(f"leads/{row['id']}")["pipeline_id"] == other["id"]


@pytest.mark.parametrize("category", ["mail", "chats", None, 5])
def test_metadata_of_another_category_is_no_valid_choice(api: Api, category: Any):
    sent = bundle(metadata={**FORM, "category": category})
    body = api.post("leads/complex", [sent], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "_embedded.metadata.category")]
    assert api.rows("leads/unsorted") == []
