"""Events: which are told, what their values look like, and how they are found."""

from typing import Any

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from tests.sandbox.facts import deactivate, field, ids, shape, told, user_ids
from tests.sandbox.kit import ORIGIN, Api

T = 1_790_000_000
KEYS = """
id type entity_id entity_type created_by created_at value_after value_before account_id
_links _embedded
""".split()


def events(api: Api, **params: Any) -> list[tuple[str, int]]:
    """Return (type, entity id) of the events found, the newest first."""
    rows = api.rows("events", params=params)
    return [(row["type"], row["entity_id"]) for row in rows]


def test_an_item_holds_every_documented_key_and_no_other(api: Api):
    lead = api.lead()
    [event] = api.rows("events")
    assert sorted(event) == sorted(KEYS)
    assert (event["type"], event["entity_id"]) == ("lead_added", lead)
    assert (event["entity_type"], event["created_at"]) == ("lead", T)
    assert event["created_by"] == user_ids(api)[0]
    assert event["value_before"] == event["value_after"] == []
    link = {"self": {"href": f"{ORIGIN}/api/v4/leads/{lead}"}}
    assert event["_embedded"] == {"entity": {"id": lead, "_links": link}}


def test_an_event_is_found_by_its_id_which_is_a_string(api: Api):
    api.lead()
    [event] = api.rows("events")
    assert isinstance(event["id"], str)
    assert api.get(f"events/{event['id']}") == event
    assert api.get("events/01f0abcd") is None


def test_the_newest_comes_first(api: Api, clock: ManualClock):
    first = api.lead()
    clock.advance(5)
    second = api.contact()
    assert events(api) == [("contact_added", second), ("lead_added", first)]
    third = api.company()
    assert events(api)[0] == ("company_added", third)


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies"])
def test_a_card_is_added_deleted_and_restored(api: Api, kind: str):
    singular = {"leads": "lead", "contacts": "contact", "companies": "company"}[kind]
    [card] = api.make(kind, {"name": "A"})
    api.act("trash", entity=kind, id=card)
    api.act("restore", entity=kind, id=card)
    expected = [f"{singular}_{verb}" for verb in ("restored", "deleted", "added")]
    assert events(api) == [(name, card) for name in expected]
    assert {row["entity_type"] for row in api.rows("events")} == {singular}


def test_a_stage_is_told_with_its_pipeline(api: Api):
    lead, pipeline, stages = api.lead(), api.pipeline()["id"], api.stages()
    api.patch(f"leads/{lead}", {"status_id": stages[2]})
    before, after = shape(api, "lead_status_changed")
    assert before == [{"lead_status": {"id": stages[0], "pipeline_id": pipeline}}]
    assert after == [{"lead_status": {"id": stages[2], "pipeline_id": pipeline}}]


def test_a_responsible_user_is_told_by_id(api: Api):
    lead, (first, second, *_) = api.lead(), user_ids(api)
    api.patch(f"leads/{lead}", {"responsible_user_id": second})
    sides = shape(api, "entity_responsible_changed")
    assert sides == tuple([{"responsible_user": {"id": i}}] for i in (first, second))


def test_a_price_is_told_whole(api: Api):
    api.patch(f"leads/{api.lead(price=100.5)}", {"price": -7.6})
    sides = shape(api, "sale_field_changed")
    assert sides == (
        [{"sale_field_value": {"sale": 100}}],
        [{"sale_field_value": {"sale": -7}}],
    )


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies"])
def test_a_name_is_told(api: Api, kind: str):
    [card] = api.make(kind, {"name": "Ann"})
    api.patch(f"{kind}/{card}", {"name": "Eve"})
    sides = shape(api, "name_field_changed")
    assert sides == tuple([{"name_field_value": {"name": n}}] for n in ("Ann", "Eve"))


def test_a_field_is_told_with_its_type_choice_and_text(api: Api):
    number = field(api, "leads", "select", enums=[{"value": "a"}, {"value": "b"}])
    a, b = api.get(f"leads/custom_fields/{number}")["enums"]
    entry = {"field_id": number, "values": [{"enum_id": a["id"]}]}
    lead = api.lead(custom_fields_values=[entry])
    entry["values"] = [{"enum_id": b["id"]}]
    api.patch(f"leads/{lead}", {"custom_fields_values": [entry]})
    [before], [after] = shape(api, f"custom_field_{number}_value_changed")
    facts = {
        "field_id": number,
        "field_type": "select",
        "enum_id": b["id"],
        "text": "b",
    }
    assert after == {"custom_field_value": facts}
    assert before["custom_field_value"]["text"] == "a"


def test_a_cleared_field_has_nothing_after(api: Api):
    number = field(api, "leads", "text")
    entry: dict[str, Any] = {"field_id": number, "values": [{"value": "x"}]}
    lead = api.lead(custom_fields_values=[entry])
    sent = {"custom_fields_values": [{"field_id": number, "values": None}]}
    api.patch(f"leads/{lead}", sent)
    [before], after = shape(api, f"custom_field_{number}_value_changed")
    assert (before["custom_field_value"]["text"], after) == ("x", [])


def test_all_fields_are_found_by_their_common_type(api: Api):
    first, second = field(api, "leads", "text"), field(api, "leads", "url")
    lead = api.lead()
    entries = [{"field_id": i, "values": [{"value": "x"}]} for i in (first, second)]
    api.patch(f"leads/{lead}", {"custom_fields_values": entries})
    assert len(told(api, "custom_field_value_changed")) == 2
    assert len(told(api, f"custom_field_{first}_value_changed")) == 1


def test_tags_are_told_by_name(api: Api):
    lead = api.lead(tags_to_add=[{"name": "vip"}])
    assert shape(api, "entity_tag_added") == ([], [{"tag": {"name": "vip"}}])
    api.patch(f"leads/{lead}", {"_embedded": {"tags": []}})
    assert shape(api, "entity_tag_deleted") == ([{"tag": {"name": "vip"}}], [])


def test_a_link_is_told_at_both_ends(api: Api):
    lead, contact = api.lead(), api.contact()
    item = {"to_entity_id": contact, "to_entity_type": "contacts"}
    api.post(f"leads/{lead}/link", [item])
    api.post(f"leads/{lead}/unlink", [item], 204)
    first, second = told(api, "entity_linked")
    to_contact = [{"link": {"entity": {"type": "contact", "id": contact}}}]
    to_lead = [{"link": {"entity": {"type": "lead", "id": lead}}}]
    assert (first["entity_id"], first["value_after"]) == (lead, to_contact)
    assert (second["entity_id"], second["value_after"]) == (contact, to_lead)
    assert first["value_before"] == []
    assert told(api, "entity_unlinked")[0]["value_before"] == to_contact


def test_a_task_is_told_from_its_beginning_to_its_end(api: Api):
    [task] = api.make("tasks", {"text": "Call", "complete_till": T})
    change = {"text": "Write", "complete_till": T + 5, "task_type_id": 2}
    done = {"is_completed": True, "result": {"text": "ok"}}
    api.patch(f"tasks/{task}", {**change, **done})
    api.act("delete_task", id=task)
    assert {row["entity_type"] for row in api.rows("events")} == {"task"}
    assert shape(api, "task_added") == ([], [{"task": {"text": "Call"}}])
    sides = shape(api, "task_text_changed")
    assert sides == tuple([{"task": {"text": t}}] for t in ("Call", "Write"))
    sides = shape(api, "task_deadline_changed")
    assert sides == tuple([{"task_deadline": {"timestamp": t}}] for t in (T, T + 5))
    sides = shape(api, "task_type_changed")
    assert sides == tuple([{"task_type": {"id": i}}] for i in (1, 2))
    assert shape(api, "task_result_added") == ([], [{"task": {"text": "ok"}}])
    assert shape(api, "task_completed") == shape(api, "task_deleted") == ([], [])


@pytest.mark.parametrize(
    ("kind", "params", "event"),
    [
        ("common", {"text": "x"}, "common_note_added"),
        ("call_in", {"duration": 1, "source": "s", "phone": "1"}, "incoming_call"),
        ("call_out", {"duration": 1, "source": "s", "phone": "1"}, "outgoing_call"),
        ("sms_in", {"text": "x", "phone": "1"}, "incoming_sms"),
        ("sms_out", {"text": "x", "phone": "1"}, "outgoing_sms"),
        ("service_message", {"service": "s", "text": "x"}, "service_note_added"),
        ("site_visit", {"url": "https://x.example"}, "site_visit_note_added"),
    ],
)
def test_a_note_is_told_by_its_id(api: Api, kind: str, params, event: str):
    sent = {"entity_id": api.lead(), "note_type": kind, "params": params}
    [note] = api.make("leads/notes", sent)
    assert shape(api, event) == ([], [{"note": {"id": note}}])


def test_messages_tell_their_talk_and_where_they_come_from(api: Api):
    contact = api.contact()
    api.act("chat", contact_id=contact, incoming=True)
    api.act("chat", contact_id=contact, incoming=False)
    [talk] = shape(api, "talk_created")[1]
    [message] = shape(api, "incoming_chat_message")[1]
    assert set(message["message"]) == {"id", "talk_id", "origin"}
    assert message["message"]["talk_id"] == talk["talk"]["id"]
    assert len(told(api, "outgoing_chat_message")) == 1


def test_a_merge_is_told_on_the_winner(api: Api):
    winner, loser = api.contact(), api.contact()
    api.act("merge", entity="contacts", id=winner, loser_id=loser)
    [event] = told(api, "entity_merged")
    assert (event["entity_type"], event["entity_id"]) == ("contact", winner)


@pytest.mark.parametrize("name", ["lead", "contact", "company"])
def test_a_name_is_embedded_when_asked_for(api: Api, name: str):
    api.lead(name="A")
    api.contact(name="A")
    api.company(name="A")
    rows = api.rows("events", params={"with": f"{name}_name"})
    named = {row["entity_type"]: row["_embedded"]["entity"].get("name") for row in rows}
    expected = dict.fromkeys(("lead", "contact", "company"))
    assert named == {**expected, name: "A"}


def test_the_kinds_of_events_are_listed_with_words(api: Api):
    number = field(api, "leads", "text")
    body = api.get("events/types?language_code=en")
    rows = body["_embedded"]["events_types"]
    assert body["_total_items"] == len(rows)
    assert set(rows[0]) == {"key", "type", "lang"}
    keys = {row["key"] for row in rows}
    assert {"lead_added", "entity_merged", "incoming_call", "talk_closed"} <= keys
    assert f"custom_field_{number}_value_changed" in keys


@pytest.fixture
def past(api: Api, clock: ManualClock) -> list[int]:
    """A lead, a contact by another user and a second lead, ten seconds apart."""
    first = api.lead()
    clock.advance(10)
    api.headers["X-Context-User-ID"] = str(user_ids(api)[1])
    second = api.contact()
    del api.headers["X-Context-User-ID"]
    clock.advance(10)
    return [first, second, api.lead()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter[type]=lead_added", [2, 0]),
        ("filter[type]=lead_added,contact_added", [2, 1, 0]),
        ("filter[type][]=lead_added&filter[type][]=contact_added", [2, 1, 0]),
        ("filter[entity]=contact", [1]),
        ("filter[entity]=contact,lead", [2, 1, 0]),
        ("filter[entity][]=contact", [1]),
        (f"filter[created_at]={T},{T + 10}", [1, 0]),
        (f"filter[created_at][from]={T + 10}", [2, 1]),
        (f"filter[created_at][to]={T + 10}", [1, 0]),
        (f"filter[created_at]={T + 10}", [1]),
        ("filter[nme]=x", [2, 1, 0]),
        ("order[created_at]=asc", [2, 1, 0]),
    ],
)
def test_events_are_found_by_type_entity_and_time(
    api: Api, past: list[int], query: str, expected: list[int]
):
    shown = [past.index(row["entity_id"]) for row in api.rows(f"events?{query}")]
    assert shown == expected


def test_events_are_found_by_author_and_id(api: Api, past: list[int]):
    [event] = api.rows("events", params={"filter[created_by]": user_ids(api)[1]})
    assert event["entity_id"] == past[1]
    assert api.rows("events", params={"filter[id]": event["id"]}) == [event]


def test_ids_of_entities_need_one_entity_and_are_ten_at_most(api: Api, past: list[int]):
    ask = {"filter[entity]": "lead", "filter[entity_id]": f"{past[0]},{past[2]}"}
    assert ids(api.rows("events", params=ask)) == [
        row["id"] for row in api.rows("events") if row["entity_type"] == "lead"
    ]
    ten = ",".join(str(i) for i in range(10))
    bad: list[dict[str, Any]] = [
        {"filter[entity_id]": past[0]},
        {"filter[entity_id]": past[0], "filter[entity]": "lead,contact"},
        {"filter[entity_id]": f"{ten},10", "filter[entity]": "lead"},
        {"filter[created_by]": f"{ten},10"},
    ]
    for params in bad:
        assert api.call("GET", "events", params=params).status_code == 400
    assert api.rows("events", params={"filter[created_by]": ten}) == []


@pytest.mark.parametrize(("side", "place"), [("value_before", 0), ("value_after", 1)])
def test_moves_are_found_by_the_stage_before_or_after(api: Api, side: str, place: int):
    main, stages = api.pipeline()["id"], api.stages()
    first, second = api.make("leads", {}, {"status_id": stages[2]})
    api.patch(f"leads/{first}", {"status_id": stages[1]})
    api.patch(f"leads/{second}", {"status_id": stages[0]})
    name = f"filter[{side}][leads_statuses][0]"
    stage = stages[place]
    ask = {f"{name}[pipeline_id]": main, f"{name}[status_id]": stage}
    assert events(api, **ask) == [("lead_status_changed", first)]


def test_changes_are_found_by_the_new_responsible_user(api: Api):
    _, second, third, *_ = user_ids(api)
    for user in (second, third):
        api.patch(f"leads/{api.lead()}", {"responsible_user_id": user})
    ask = {"filter[value_after][responsible_user_id]": third}
    [event] = api.rows("events", params=ask)
    assert event["value_after"] == [{"responsible_user": {"id": third}}]


def test_a_deactivated_users_events_stay(api: Api):
    user = user_ids(api)[1]
    api.lead(created_by=user)
    before = events(api)
    deactivate(api, user)
    assert events(api) == before
