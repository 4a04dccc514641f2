from typing import Any

import pytest

from kommo_sync.errors import BadAnswer
from kommo_sync.kommo.batches import Refusal, read_batch
from kommo_sync.kommo.protocol import Answer
from tests.kommo.kit import NOW, account, answer, sheet
from tests.sandbox.kit import Api

CHOICE = Refusal(
    "NotSupportedChoice",
    "custom_fields_values.0.field_id",
    "The value you selected is not a valid choice.",
)


@pytest.fixture
def api():
    return Api(account())


def write(api: Api, method: str, path: str, items: Any, status: int = 200) -> Answer:
    got = api.call(method, path, items)
    assert got.status_code == status
    return Answer(got.status_code, got.content, NOW)


def test_items_are_matched_by_their_request_id_not_by_their_place():
    rows = [{"id": 2, "request_id": "b"}, {"id": "1", "request_id": "a"}]
    batch = read_batch(answer(sheet("leads", rows)), ["a", "b"])
    assert batch.done == {"a": 1, "b": 2}


def test_request_ids_may_come_as_numbers():
    rows = [{"id": 2, "request_id": 1}, {"id": 1, "request_id": 0}]
    assert read_batch(answer(sheet("leads", rows)), ["0", "1"]).done == {"0": 1, "1": 2}


def test_created_leads_are_done(api):
    made = write(api, "POST", "leads", [{"request_id": "x"}, {"request_id": "y"}])
    batch = read_batch(made, ["x", "y"])
    assert set(batch.done) == {"x", "y"}
    assert not batch.refused
    assert not batch.unanswered


def test_complex_leads_are_matched_in_their_bare_array(api):
    made = write(api, "POST", "leads/complex", [{"request_id": "x"}])
    assert set(read_batch(made, ["x"]).done) == {"x"}


def test_a_flaw_refuses_its_item_and_leaves_the_others_undone(api):
    bad = {"request_id": "bad", "custom_fields_values": [{"field_id": 1, "values": []}]}
    got = write(api, "POST", "leads", [{"request_id": "good"}, bad], 400)
    batch = read_batch(got, ["good", "bad"])
    assert batch.refused == {"bad": (CHOICE,)}
    assert batch.unanswered == ("good",)
    assert not batch.done


def test_a_refusal_by_entity_id_finds_its_item(api):
    got = write(api, "PATCH", "leads", [{"id": 999, "request_id": "a"}], 400)
    batch = read_batch(got, ["a", "b"], {"999": "a"})
    assert batch.refused["a"][0].detail == "Lead not found"
    assert batch.unanswered == ("b",)


def test_a_refusal_that_names_nobody_is_told_apart():
    got = answer({"errors": [{"code": 226}]}, 400)
    batch = read_batch(got, ["a", "b"])
    assert batch.unanswered == ("a", "b")
    assert batch.unnamed == (Refusal("226", "", ""),)


def test_a_refusal_that_names_nobody_is_about_the_only_item():
    batch = read_batch(answer({"errors": [{"code": 226}]}, 400), ["a"])
    assert batch.refused == {"a": (Refusal("226", "", ""),)}


def test_calls_may_be_refused_one_by_one(api):
    api.contact(
        custom_fields_values=[
            {"field_code": "PHONE", "values": [{"value": "+15550100000"}]}
        ]
    )
    call = {"direction": "inbound", "duration": 5, "source": "pbx"}
    got = write(
        api,
        "POST",
        "calls",
        [
            {**call, "phone": "+15550100000", "request_id": "known"},
            {**call, "phone": "+15559999999", "request_id": "unknown"},
        ],
    )
    batch = read_batch(got, ["known", "unknown", "third"])
    assert set(batch.done) == {"known"}
    assert batch.refused["unknown"][0].detail == "Entity not found"
    assert batch.unanswered == ("third",)


def test_the_answer_about_a_single_card_is_about_the_only_item():
    assert read_batch(answer({"id": 5, "updated_at": 9}), ["a"]).done == {"a": 5}


def test_an_item_without_a_request_id_is_matched_by_its_own_id():
    batch = read_batch(answer(sheet("leads", [{"id": 5}])), ["a", "b"], {"5": "b"})
    assert batch.done == {"b": 5}
    assert batch.unanswered == ("a",)


def test_an_answer_without_a_body_answers_nothing():
    assert read_batch(answer(b"", 204), ["a"]).unanswered == ("a",)


def test_an_id_that_was_not_sent_is_nobodys():
    rows = [{"id": 2, "request_id": "z"}]
    batch = read_batch(answer(sheet("leads", rows)), ["a", "b"])
    assert batch.unanswered == ("a", "b")


def test_an_item_that_is_done_cannot_be_refused_as_well():
    errors = [{"request_id": "a", "detail": "no"}]
    body = sheet("calls", [{"id": 2, "request_id": "a"}], errors=errors)
    batch = read_batch(answer(body), ["a"])
    assert batch.done == {"a": 2}
    assert not batch.refused


def test_nothing_is_done_after_a_400_whatever_it_embeds():
    rows = [{"id": 2, "request_id": "a"}]
    assert not read_batch(answer(sheet("leads", rows), 400), ["a"]).done


@pytest.mark.parametrize("body", [b"<html>", b'{"_embedded":', b'"x"', b"\xff"])
def test_a_body_that_is_none_of_it_is_a_bad_answer(body):
    with pytest.raises(BadAnswer, match="may be executed"):
        read_batch(answer(body), ["a"])
