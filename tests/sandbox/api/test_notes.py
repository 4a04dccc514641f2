"""Notes in the feeds of leads, contacts and companies."""

from typing import Any

import pytest

from kommo_sync.sandbox.account.clock import ManualClock
from tests.sandbox.facts import choose, found, ids, user_ids
from tests.sandbox.kit import ORIGIN, Api, flaws

T = 1_790_000_000
KEYS = """
id entity_id created_by updated_by created_at updated_at responsible_user_id group_id
note_type params account_id _links
""".split()
PARAMS: dict[str, dict[str, Any]] = {
    "common": {"text": "hello"},
    "call_in": {"duration": 60, "source": "pbx", "phone": "+15550100"},
    "call_out": {"duration": 60, "source": "pbx", "phone": "+15550100"},
    "service_message": {"service": "Shop", "text": "Paid"},
    "extended_service_message": {"service": "Shop", "text": "Paid"},
    "geolocation": {"text": "x", "address": "x", "longitude": "1", "latitude": "2"},
    "sms_in": {"text": "Hi", "phone": "+15550100"},
    "sms_out": {"text": "Hi", "phone": "+15550100"},
    "attachment": {"version_uuid": "v", "file_uuid": "f", "file_name": "a.pdf"},
    "message_cashier": {"status": "created", "text": "x"},
    "invoice_paid": {"service": "Shop", "text": "x", "icon_url": "https://x.example"},
    "bill_paid": {"service": "Shop", "text": "x", "icon_url": "https://x.example"},
    "site_visit": {"url": "https://shop.example.com"},
    "targeting_in": {"service": "facebook"},
    "targeting_out": {"service": "facebook"},
}
OPTIONAL = {"icon_url"}


def note(api: Api, lead: int, **item: Any) -> int:
    sent = {"entity_id": lead, "note_type": "common", "params": {"text": "hello"}}
    return api.make("leads/notes", {**sent, **item})[0]


def test_an_item_holds_every_documented_key_and_no_other(api: Api):
    lead = api.lead()
    number = note(api, lead)
    shown = api.get(f"leads/notes/{number}")
    assert sorted(shown) == sorted(KEYS)
    assert (shown["note_type"], shown["params"]) == ("common", {"text": "hello"})
    href = f"{ORIGIN}/api/v4/leads/{lead}/notes/{number}"
    assert shown["_links"]["self"]["href"] == href


def test_a_note_has_four_addresses(api: Api):
    lead = api.lead()
    number = note(api, lead)
    one = api.get(f"leads/notes/{number}")
    assert api.get(f"leads/{lead}/notes/{number}") == one
    assert api.rows("leads/notes") == api.rows(f"leads/{lead}/notes") == [one]


def test_a_note_is_not_found_under_another_card_or_kind(api: Api):
    number = note(api, api.lead())
    assert api.get(f"leads/{api.lead()}/notes/{number}") is None
    assert api.get(f"contacts/notes/{number}") is None
    assert api.get("contacts/notes") is None


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies"])
def test_on_a_cards_own_address_no_entity_id_is_needed(api: Api, kind: str):
    [card] = api.make(kind, {"name": "A"})
    sent = [{"note_type": "common", "params": {"text": "x"}, "request_id": "r"}]
    [row] = api.post(f"{kind}/{card}/notes", sent)["_embedded"]["notes"]
    assert set(row) == {"id", "entity_id", "request_id", "_links"}
    assert (row["entity_id"], row["request_id"]) == (card, "r")


def test_on_the_common_address_the_entity_id_is_required(api: Api):
    sent = [{"note_type": "common", "params": {"text": "x"}}]
    body = api.post("leads/notes", sent, 400)
    assert [path for _, _, path in flaws(body)] == ["entity_id"]


def test_a_note_on_a_card_that_is_not_there_is_refused(api: Api):
    sent = [{"note_type": "common", "params": {"text": "x"}, "entity_id": 5}]
    body = api.post("leads/notes", sent, 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "entity_id")]


@pytest.mark.parametrize("kind", PARAMS)
def test_a_note_of_each_type_keeps_its_params(api: Api, kind: str):
    number = note(api, api.lead(), note_type=kind, params=PARAMS[kind])
    assert api.get(f"leads/notes/{number}")["params"] == PARAMS[kind]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (k, name)
        for k, params in PARAMS.items()
        for name in sorted(params.keys() - OPTIONAL)
    ],
)
def test_a_missing_param_is_refused_by_its_path(api: Api, kind: str, name: str):
    params = {key: value for key, value in PARAMS[kind].items() if key != name}
    sent = {"entity_id": api.lead(), "note_type": kind, "params": params}
    body = api.post("leads/notes", [sent], 400)
    assert flaws(body) == [("0", "FieldMissing", f"params.{name}")]


@pytest.mark.parametrize("kind", ["amomail_message", "zoom_meeting", "joke"])
def test_a_type_that_is_only_read_cannot_be_written(api: Api, kind: str):
    sent = {"entity_id": api.lead(), "note_type": kind, "params": {"text": "x"}}
    body = api.post("leads/notes", [sent], 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "note_type")]


def test_an_equal_uniq_does_not_make_two_calls_one(api: Api):
    lead, params = api.lead(), {**PARAMS["call_in"], "uniq": "same"}
    first = note(api, lead, note_type="call_in", params=params)
    second = note(api, lead, note_type="call_in", params=params)
    assert first != second
    assert len(api.rows("leads/notes")) == 2


def test_the_digital_pipeline_may_be_left_alone(api: Api):
    note(api, api.lead(), is_need_to_trigger_digital_pipeline=False)
    assert len(api.rows("leads/notes")) == 1


@pytest.mark.parametrize("author", ["robot", "user"])
def test_who_wrote_a_note_that_names_nobody_is_a_switch(api: Api, author: str):
    choose(api, note_author=author)
    shown = api.get(f"leads/notes/{note(api, api.lead())}")
    expected = 0 if author == "robot" else user_ids(api)[0]
    assert (shown["created_by"], shown["updated_by"]) == (expected, expected)


def test_a_note_is_written_in_the_name_that_it_gives(api: Api):
    user = user_ids(api)[1]
    number = note(api, api.lead(), created_by=user)
    assert api.get(f"leads/notes/{number}")["created_by"] == user


def test_changing_a_note_replaces_what_is_sent(api: Api, clock: ManualClock):
    number = note(api, api.lead(), note_type="call_in", params=PARAMS["call_in"])
    clock.advance(5)
    sent = [{"id": number, "params": {"duration": 61}, "request_id": "r"}]
    [row] = api.patch("leads/notes", sent)["_embedded"]["notes"]
    assert (row["updated_at"], row["request_id"]) == (T + 5, "r")
    shown = api.get(f"leads/notes/{number}")
    assert shown["params"] == {**PARAMS["call_in"], "duration": 61}


def test_changing_one_answers_at_the_root(api: Api):
    number = note(api, api.lead())
    body = api.patch(f"leads/notes/{number}", {"params": {"text": "bye"}})
    assert body["id"] == number
    assert api.get(f"leads/notes/{number}")["params"] == {"text": "bye"}


def test_a_note_that_is_not_there_spoils_a_batch(api: Api):
    number = note(api, api.lead())
    sent = [{"id": i, "params": {"text": "bye"}} for i in (number, 5)]
    body = api.patch("leads/notes", sent, 400)
    assert body["errors"] == {"5": "Note not found"}
    assert api.get(f"leads/notes/{number}")["params"] == {"text": "hello"}


def test_pinning_is_204_and_told_when_asked_for(api: Api):
    lead = api.lead()
    number = note(api, lead)
    path = f"leads/{lead}/notes/{number}"
    assert "is_pinned" not in api.get(path)
    for verb, pinned in (("pin", True), ("unpin", False)):
        api.post(f"{path}/{verb}", None, 204)
        assert api.get(f"{path}?with=is_pinned")["is_pinned"] is pinned


@pytest.mark.parametrize("path", ["leads/notes/{}", "leads/notes"])
def test_notes_cannot_be_deleted(api: Api, path: str):
    answer = api.call("DELETE", path.format(note(api, api.lead())))
    assert (answer.status_code, answer.content) == (405, b"")


@pytest.fixture
def three(api: Api, clock: ManualClock) -> list[int]:
    """Three notes of one lead, ten seconds apart; the second tells of a call."""
    lead, made = api.lead(), []
    for kind in ("common", "call_in", "common"):
        made.append(note(api, lead, note_type=kind, params=PARAMS[kind]))
        clock.advance(10)
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter[note_type]=call_in", [1]),
        ("filter[note_type][]=common&filter[note_type][]=call_in", [0, 1, 2]),
        (f"filter[updated_at][from]={T + 10}", [1, 2]),
        (f"filter[updated_at]={T + 10}", [1]),
        ("filter[nme]=x", [0, 1, 2]),
    ],
)
def test_notes_are_filtered_by_type_and_time(
    api: Api, three: list[int], query: str, expected: list[int]
):
    shown = api.rows(f"leads/notes?{query}")
    assert [three.index(row["id"]) for row in shown] == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("order[id]=desc", [2, 1, 0]),
        ("order[updated_at]=desc", [0, 2, 1]),
        ("order[created_at]=desc", [1, 2, 0]),
        ("", [1, 2, 0]),
    ],
)
def test_notes_are_ordered_by_id_and_updated_at_only(
    api: Api, three: list[int], order: str, expected: list[int]
):
    api.patch(f"leads/notes/{three[0]}", {"params": {"text": "changed"}})
    shown = api.rows(f"leads/notes?{order}")
    assert [three.index(row["id"]) for row in shown] == expected


def test_notes_are_found_by_id_and_by_their_cards(api: Api):
    first, second = api.make("leads", {}, {})
    one, two = note(api, first), note(api, second)
    assert found(api, "leads/notes", **{"filter[id]": two}) == [two]
    assert found(api, "leads/notes", **{"filter[entity_id]": first}) == [one]
    assert ids(api.rows(f"leads/{second}/notes")) == [two]
