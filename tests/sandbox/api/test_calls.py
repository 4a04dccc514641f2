"""Calls by POST /calls, talks, and customers, which are disabled."""

from typing import Any

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from tests.sandbox.facts import ids, told, user_ids
from tests.sandbox.kit import Api, flaws

CALL = {
    "direction": "inbound",
    "phone": "+1 555 010-0042",
    "duration": 60,
    "source": "pbx",
}


def person(api: Api, *numbers: str, kind: str = "contacts") -> int:
    entries = [{"value": number} for number in numbers]
    entry = {"field_code": "PHONE", "values": entries}
    return api.make(kind, {"name": "Ann", "custom_fields_values": [entry]})[0]


def test_a_call_is_put_under_whoever_has_the_number(api: Api):
    contact = person(api, "15550100042")
    body = api.post("calls", [{**CALL, "request_id": "r"}])
    assert (body["_total_items"], body["errors"]) == (1, [])
    [call] = body["_embedded"]["calls"]
    assert call["_embedded"]["entity"]["id"] == contact
    expected = (contact, "contact", "r", api.get("account")["id"])
    names = ("entity_id", "entity_type", "request_id", "account_id")
    assert tuple(call[name] for name in names) == expected


@pytest.mark.parametrize("number", ["+1 (555) 010-00-42", "85550100042", "5550100042"])
def test_the_last_ten_digits_decide(api: Api, number: str):
    contact = person(api, "+49 30 1", number)
    [call] = api.post("calls", [CALL])["_embedded"]["calls"]
    assert call["entity_id"] == contact


def test_a_company_is_called_where_no_person_has_the_number(api: Api):
    company = person(api, "15550100042", kind="companies")
    [call] = api.post("calls", [CALL])["_embedded"]["calls"]
    assert (call["entity_id"], call["entity_type"]) == (company, "company")


def test_a_call_of_nobody_is_an_error_beside_those_that_went_through(api: Api):
    person(api, "15550100042")
    stranger = {**CALL, "phone": "5550100043", "request_id": "x"}
    body = api.post("calls", [stranger, CALL])
    [error] = body["errors"]
    assert set(error) == {"status", "title", "detail", "request_id"}
    assert error["request_id"] == "x"
    assert [call["request_id"] for call in body["_embedded"]["calls"]] == ["1"]
    assert body["_total_items"] == 1


@pytest.mark.parametrize("phone", ["", "anonymous", "42"])
def test_what_is_no_whole_number_matches_nobody(api: Api, phone: str):
    person(api, "unknown", "15550100042")
    body = api.post("calls", [{**CALL, "phone": phone}])
    assert (len(body["errors"]), body["_embedded"]["calls"]) == (1, [])


def test_a_person_in_the_trash_is_not_called(api: Api):
    api.act("trash", entity="contacts", id=person(api, "15550100042"))
    assert len(api.post("calls", [CALL])["errors"]) == 1


@pytest.mark.parametrize(
    ("direction", "kind", "event"),
    [
        ("inbound", "call_in", "incoming_call"),
        ("outbound", "call_out", "outgoing_call"),
    ],
)
def test_a_call_becomes_a_note_and_an_event(api: Api, direction, kind: str, event: str):
    contact = person(api, "15550100042")
    more = {"uniq": "u", "link": "https://x.example/1.mp3", "call_responsible": "Ann"}
    sent = {**CALL, **more, "direction": direction, "call_status": 4}
    [call] = api.post("calls", [sent])["_embedded"]["calls"]
    [note] = api.rows(f"contacts/{contact}/notes")
    assert (note["id"], note["note_type"]) == (call["id"], kind)
    expected = {key: value for key, value in sent.items() if key != "direction"}
    assert note["params"] == expected
    assert note["created_by"] == 0
    assert told(api, event)[0]["entity_id"] == contact


def test_a_call_is_written_in_the_name_that_it_gives(api: Api):
    contact, user = person(api, "15550100042"), user_ids(api)[1]
    api.post("calls", [{**CALL, "created_by": user}])
    assert api.rows(f"contacts/{contact}/notes")[0]["created_by"] == user


def test_an_equal_uniq_does_not_make_two_calls_one(api: Api):
    contact = person(api, "15550100042")
    api.post("calls", [{**CALL, "uniq": "u"}] * 2)
    assert len(api.rows(f"contacts/{contact}/notes")) == 2


@pytest.mark.parametrize(
    ("item", "code", "path"),
    [
        ({"direction": "sideways"}, "NotSupportedChoice", "direction"),
        ({"call_status": 9}, "NotSupportedChoice", "call_status"),
        ({"duration": "long"}, "InvalidType", "duration"),
    ],
)
def test_a_malformed_call_refuses_the_whole_batch(api: Api, item, code, path: str):
    contact = person(api, "15550100042")
    body = api.post("calls", [CALL, {**CALL, **item}], 400)
    assert flaws(body) == [("1", code, path)]
    assert api.rows(f"contacts/{contact}/notes") == []


@pytest.mark.parametrize("key", ["direction", "phone", "duration", "source"])
def test_four_things_are_required(api: Api, key: str):
    sent = {name: value for name, value in CALL.items() if name != key}
    assert flaws(api.post("calls", [sent], 400)) == [("0", "FieldMissing", key)]


def test_calls_can_be_neither_listed_nor_deleted(api: Api):
    listed = api.call("GET", "calls")
    assert (listed.status_code, listed.content) == (405, b"")
    deleted = api.call("DELETE", "calls/1")
    assert deleted.status_code == 404
    assert deleted.json()["detail"] == "Cannot DELETE https://acme.kommo.com/calls/1!"


def talk(api: Api, **more: Any) -> Any:
    contact = api.contact()
    lead = api.lead(_embedded={"contacts": [{"id": contact}]})
    api.act("chat", contact_id=contact, **more)
    [chat] = api.rows(f"contacts/chats?contact_id[]={contact}")
    return chat["id"], contact, lead


def test_a_talk_holds_every_documented_key(api: Api):
    number, contact, lead = talk(api)
    shown = api.get(f"talks/{number}")
    keys = """
    talk_id created_at updated_at rate contact_id chat_id entity_id entity_type status
    is_in_work is_read origin source_id missed_at account_id _links _embedded
    """.split()
    assert sorted(shown) == sorted(keys)
    assert (shown["contact_id"], shown["entity_id"]) == (contact, lead)
    assert (shown["entity_type"], shown["status"]) == ("lead", "in_work")
    assert ids(shown["_embedded"]["contacts"]) == [contact]
    assert ids(shown["_embedded"]["leads"]) == [lead]
    assert shown["_embedded"]["customers"] == []


def test_closing_a_talk_is_202_without_a_body(api: Api):
    number, contact, _ = talk(api)
    answer = api.call("POST", f"talks/{number}/close", {"force_close": True})
    assert (answer.status_code, answer.content) == (202, b"")
    shown = api.get(f"talks/{number}")
    assert (shown["status"], shown["is_in_work"]) == ("closed", False)
    assert told(api, "talk_closed")[0]["entity_id"] == contact


def test_a_talk_that_is_not_there_is_204(api: Api):
    assert api.get("talks/5") is None


def test_the_next_message_after_closing_opens_another_talk(
    api: Api, clock: ManualClock
):
    number, contact, _ = talk(api)
    api.call("POST", f"talks/{number}/close")
    clock.advance(5)
    api.act("chat", contact_id=contact)
    assert len(api.rows(f"contacts/chats?contact_id[]={contact}")) == 2
    assert len(told(api, "talk_created")) == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "customers"),
        ("POST", "customers"),
        ("PATCH", "customers/5"),
        ("GET", "customers/statuses"),
        ("GET", "customers/custom_fields"),
        ("GET", "customers/5/notes"),
        ("DELETE", "customers/transactions/5"),
    ],
)
def test_customers_are_disabled_and_every_call_says_so(
    api: Api, method: str, path: str
):
    answer = api.call(method, path, [{}])
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["detail"], body["errors"][0]["code"]) == ("Customers disabled", 426)


def test_customers_are_not_in_the_plan(api: Api):
    sent = {"mode": "segments", "is_enabled": True}
    assert api.call("PATCH", "customers/mode", sent).status_code == 402
    assert api.get("account")["customers_mode"] == "disabled"
