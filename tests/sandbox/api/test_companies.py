"""Companies: as contacts, minus the parts of a person's name."""

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from tests.sandbox.facts import found, ids, values
from tests.sandbox.kit import Api, flaws

KEYS = """
id name responsible_user_id group_id created_by updated_by created_at updated_at
closest_task_at is_deleted custom_fields_values account_id _links _embedded
""".split()


def test_an_item_holds_every_documented_key_and_no_other(api: Api):
    company = api.get(f"companies/{api.company()}")
    assert sorted(company) == sorted(KEYS)
    assert company["_embedded"] == {"tags": []}
    assert api.rows("companies") == [company]


def test_creating_and_changing_answer_without_is_unsorted(api: Api):
    [row] = api.post("companies", [{"name": "Acme"}])["_embedded"]["companies"]
    assert set(row) == {"id", "is_deleted", "request_id", "_links"}
    sent = [{"id": row["id"], "name": "Acme Ltd"}]
    [row] = api.patch("companies", sent)["_embedded"]["companies"]
    keys = {"id", "name", "updated_at", "is_deleted", "request_id", "_links"}
    assert (set(row), row["name"]) == (keys, "Acme Ltd")


def test_changing_one_answers_at_the_root(api: Api):
    number = api.company()
    body = api.patch(f"companies/{number}", {"name": "Acme Ltd"})
    assert (body["id"], body["name"]) == (number, "Acme Ltd")


def test_leads_and_contacts_are_embedded_only_when_asked_for(api: Api):
    company = api.company()
    lead = api.lead(_embedded={"companies": [{"id": company}]})
    contact = api.contact(_embedded={"companies": [{"id": company}]})
    assert set(api.get(f"companies/{company}")["_embedded"]) == {"tags"}
    parts = "leads,contacts,customers,catalog_elements"
    embedded = api.get(f"companies/{company}?with={parts}")["_embedded"]
    assert ids(embedded["leads"]) == [lead]
    assert ids(embedded["contacts"]) == [contact]
    assert embedded["customers"] == embedded["catalog_elements"] == []


def test_a_trashed_company_still_says_that_it_is_not_deleted(api: Api):
    number = api.company()
    api.act("trash", entity="companies", id=number)
    [row] = api.rows("companies", params={"with": "only_deleted"})
    assert (row["id"], row["is_deleted"], row["name"]) == (number, False, "Acme")
    assert found(api, "companies") == []


def test_a_company_that_is_not_there_spoils_a_batch(api: Api):
    body = api.patch("companies", [{"id": 5, "name": "X"}], 400)
    assert body["errors"] == {"5": "Company not found"}


@pytest.mark.parametrize("code", ["PHONE", "EMAIL", "WEB", "ADDRESS"])
def test_predefined_fields_are_written_by_code(api: Api, code: str):
    entry = {"field_code": code, "values": [{"value": "here"}]}
    company = api.get(f"companies/{api.company(custom_fields_values=[entry])}")
    [filled] = company["custom_fields_values"]
    assert filled["field_code"] == code
    assert values(company, filled["field_id"])[0]["value"] == "here"


def test_a_contacts_field_is_no_field_of_a_company(api: Api):
    fields = api.rows("contacts/custom_fields", params={"limit": 1})
    entry = {"field_id": fields[0]["id"], "values": [{"value": "x"}]}
    body = api.post("companies", [{"custom_fields_values": [entry]}], 400)
    path = "custom_fields_values.0.field_id"
    assert flaws(body) == [("0", "NotSupportedChoice", path)]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("order[name]=desc", [1, 2, 0]),
        ("order[id]=desc", [2, 1, 0]),
        ("order[updated_at]=desc", [2, 1, 0]),
        ("order[created_at]=desc", [0, 1, 2]),
        ("", [0, 1, 2]),
    ],
)
def test_orders_work_as_measured(
    api: Api, clock: ManualClock, order: str, expected: list[int]
):
    numbers = []
    for name in ("Acme", "Zinc", "Mint"):
        numbers.append(api.company(name=name))
        clock.advance(10)
    shown = api.rows(f"companies?{order}")
    assert [numbers.index(row["id"]) for row in shown] == expected
