"""Contacts: items, names, what is embedded, searches and orders."""

from typing import Any

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from tests.sandbox.facts import found, ids, told, user_ids, values
from tests.sandbox.kit import ORIGIN, Api

KEYS = """
id name first_name last_name responsible_user_id group_id created_by updated_by
created_at updated_at closest_task_at is_deleted is_unsorted custom_fields_values
account_id _links _embedded
""".split()


def phones(*numbers: str, **more: Any) -> dict[str, Any]:
    entries = [{"value": number, **more} for number in numbers]
    return {"custom_fields_values": [{"field_code": "PHONE", "values": entries}]}


def test_an_item_holds_every_documented_key_and_no_other(api: Api):
    contact = api.get(f"contacts/{api.contact()}")
    assert sorted(contact) == sorted(KEYS)
    assert contact["_embedded"] == {"tags": [], "companies": []}
    assert (contact["is_deleted"], contact["is_unsorted"]) == (False, False)


def test_a_list_and_an_answer_by_id_show_the_same_object(api: Api):
    number = api.contact()
    assert api.rows("contacts") == [api.get(f"contacts/{number}")]


def test_creating_answers_the_short_form(api: Api):
    body = api.post("contacts", [{"name": "Ann Lee"}])
    [row] = body["_embedded"]["contacts"]
    assert set(row) == {"id", "is_deleted", "is_unsorted", "request_id", "_links"}
    assert (row["is_deleted"], row["is_unsorted"], row["request_id"]) == (
        False,
        False,
        "0",
    )


def test_changing_answers_name_and_updated_at_in_a_batch(api: Api, clock: ManualClock):
    number = api.contact()
    clock.advance(5)
    sent = [{"id": number, "name": "Ann Ray", "request_id": "r"}]
    [row] = api.patch("contacts", sent)["_embedded"]["contacts"]
    keys = {"id", "name", "updated_at", "is_deleted", "is_unsorted"}
    assert set(row) == keys | {"request_id", "_links"}
    assert (row["name"], row["updated_at"]) == ("Ann Ray", int(clock.now()))
    assert row["request_id"] == "r"


def test_changing_one_answers_at_the_root(api: Api):
    number = api.contact()
    body = api.patch(f"contacts/{number}", {"name": "Ann Ray"})
    assert (body["id"], body["name"]) == (number, "Ann Ray")
    assert body["_links"]["self"]["href"] == f"{ORIGIN}/api/v4/contacts/{number}"


def test_an_array_sent_to_one_contact_is_405_without_a_body(api: Api):
    answer = api.call("PATCH", f"contacts/{api.contact()}", [{"name": "Ann Ray"}])
    assert (answer.status_code, answer.content) == (405, b"")


def test_contacts_cannot_be_deleted(api: Api):
    answer = api.call("DELETE", f"contacts/{api.contact()}")
    assert (answer.status_code, answer.content) == (405, b"")


@pytest.mark.parametrize(
    ("sent", "name", "first", "last"),
    [
        ({"first_name": "Ann", "last_name": "Lee"}, "Ann Lee", "Ann", "Lee"),
        ({"first_name": "Ann"}, "Ann", "Ann", ""),
        ({"last_name": "Lee"}, "Lee", "", "Lee"),
        ({"name": "Ann Lee"}, "Ann Lee", "Ann", "Lee"),
        ({"name": "Ann"}, "Ann", "Ann", ""),
        (
            {"name": "X", "first_name": "Ann", "last_name": "Lee"},
            "Ann Lee",
            "Ann",
            "Lee",
        ),
    ],
)
def test_a_name_is_made_of_its_parts(api: Api, sent, name, first, last):
    [number] = api.make("contacts", sent)
    contact = api.get(f"contacts/{number}")
    assert contact["name"] == name
    assert (contact["first_name"], contact["last_name"]) == (first, last)


def test_the_account_may_show_the_last_name_first(api: Api):
    api.sandbox.state.data.account.contact_name_display_order = 2
    parts, whole = api.make(
        "contacts", {"first_name": "Ann", "last_name": "Lee"}, {"name": "Lee Ann"}
    )
    for number in (parts, whole):
        contact = api.get(f"contacts/{number}")
        assert (contact["name"], contact["last_name"]) == ("Lee Ann", "Lee")


def test_changing_one_part_of_a_name_changes_the_whole(api: Api):
    number = api.contact()
    api.patch(f"contacts/{number}", {"last_name": "Ray"})
    assert api.get(f"contacts/{number}")["name"] == "Ann Ray"
    [event] = told(api, "name_field_changed")
    assert event["value_after"] == [{"name_field_value": {"name": "Ann Ray"}}]


def test_leads_are_embedded_only_when_asked_for(api: Api):
    contact = api.contact()
    lead = api.lead(_embedded={"contacts": [{"id": contact}]})
    assert "leads" not in api.get(f"contacts/{contact}")["_embedded"]
    [linked] = api.get(f"contacts/{contact}?with=leads")["_embedded"]["leads"]
    link = {"self": {"href": f"{ORIGIN}/api/v4/leads/{lead}"}}
    assert linked == {"id": lead, "_links": link}


@pytest.mark.parametrize("part", ["customers", "catalog_elements"])
def test_what_the_account_has_not_is_embedded_empty(api: Api, part: str):
    embedded = api.get(f"contacts/{api.contact()}?with={part}")["_embedded"]
    assert embedded[part] == []


def test_the_company_is_always_embedded(api: Api):
    company = api.company()
    number = api.contact(_embedded={"companies": [{"id": company}]})
    assert ids(api.get(f"contacts/{number}")["_embedded"]["companies"]) == [company]


def test_a_trashed_contact_still_says_that_it_is_not_deleted(api: Api):
    kept, gone = api.contact(), api.contact()
    api.act("trash", entity="contacts", id=gone)
    [row] = api.rows("contacts", params={"with": "only_deleted"})
    assert (row["id"], row["is_deleted"], row["name"]) == (gone, False, "Ann Lee")
    assert found(api, "contacts") == [kept]


@pytest.mark.parametrize(
    "text", ["+1 (555) 01-0042", "15550100", "0100 42", "ann@example.com", "ANN LEE"]
)
def test_a_search_finds_phone_email_and_name(api: Api, text: str):
    mail = {"field_code": "EMAIL", "values": [{"value": "Ann@Example.com"}]}
    sent = phones("+1 555 0100-42")
    sent["custom_fields_values"].append(mail)
    number = api.contact(**sent)
    api.contact(name="Bob Ray", **phones("+49 30 1234567"))
    assert found(api, "contacts", query=text) == [number]


def test_a_phone_is_found_by_its_field_too(api: Api):
    number = api.contact(**phones("+15550100"))
    entries = api.get(f"contacts/{number}")["custom_fields_values"]
    name = f"filter[custom_fields_values][{entries[0]['field_id']}]"
    assert found(api, "contacts", **{name: "+15550100"}) == [number]
    assert found(api, "contacts", **{name: "+15550101"}) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter[name]=Bob", [1]),
        ("filter[name][]=Ann&filter[name][]=Bob", [0, 1]),
        ("filter[created_at][from]=1790000010", [1, 2]),
        ("filter[updated_at][to]=1790000010", [0, 1]),
        ("filter[updated_at]=1790000010", [1]),
        ("filter[nme]=Bob", [0, 1, 2]),
        ("order[id]=desc", [2, 1, 0]),
        ("order[name]=asc", [0, 1, 2]),
        ("order[name]=desc", [2, 1, 0]),
        ("order[updated_at]=desc", [2, 1, 0]),
        ("order[created_at]=desc", [0, 1, 2]),
        ("", [0, 1, 2]),
    ],
)
def test_filters_and_orders_work_as_measured(
    api: Api, clock: ManualClock, query: str, expected: list[int]
):
    numbers = []
    for name in ("Ann", "Bob", "Eve"):
        numbers.append(api.contact(name=name))
        clock.advance(10)
    shown = api.rows(f"contacts?{query}")
    assert [numbers.index(row["id"]) for row in shown] == expected


@pytest.mark.parametrize("name", ["responsible_user_id", "created_by", "updated_by"])
def test_users_are_filters(api: Api, name: str):
    user = user_ids(api)[1]
    number = api.contact(**{name: user})
    api.contact()
    assert found(api, "contacts", **{f"filter[{name}]": user}) == [number]


def test_one_more_phone_replaces_those_that_are_not_sent_again(api: Api):
    number = api.contact(**phones("+15550100"))
    api.patch(f"contacts/{number}", phones("+15550101", enum_code="MOB"))
    contact = api.get(f"contacts/{number}")
    [entry] = contact["custom_fields_values"]
    [value] = values(contact, entry["field_id"])
    assert (value["value"], value["enum_code"]) == ("+15550101", "MOB")


def test_chats_are_found_by_contact_and_by_chat(api: Api):
    number = api.contact()
    api.act("chat", contact_id=number)
    [chat] = api.rows(f"contacts/chats?contact_id[]={number}")
    assert set(chat) == {"id", "contact_id", "chat_id", "_links"}
    assert chat["contact_id"] == number
    assert api.rows(f"contacts/chats?chat_id[]={chat['chat_id']}") == [chat]
    assert api.get("contacts/chats?contact_id[]=5") is None
