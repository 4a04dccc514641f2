"""What each kind of record becomes, and what PHP may do to it on the way."""

import json
from typing import Any

import pytest

from kommo_sync.errors import BadAnswer
from kommo_sync.kommo.cards import hundredths
from kommo_sync.kommo.protocol import Request, read_page
from kommo_sync.model.entities import Part
from tests.kommo.kit import ORIGIN, answer, sheet

NAMES = {
    Part.LEADS: "leads",
    Part.CONTACTS: "contacts",
    Part.COMPANIES: "companies",
    Part.TASKS: "tasks",
    Part.LEAD_NOTES: "notes",
    Part.EVENTS: "events",
    Part.USERS: "users",
    Part.PIPELINES: "pipelines",
    Part.LEAD_FIELDS: "custom_fields",
    Part.LOSS_REASONS: "loss_reasons",
}


def read(part: Part, body: Any) -> Any:
    return read_page(part, answer(body), Request("GET", "/x"), ORIGIN).rows


def rows(part: Part, *items: Any) -> Any:
    return read(part, sheet(NAMES[part], items))


def lead(**item: Any) -> Any:
    [row] = rows(Part.LEADS, {"id": 1, **item})
    return row


@pytest.mark.parametrize("part", NAMES)
def test_a_record_that_has_only_an_id_is_read(part):
    extra = {"entity_type": "lead"} if part is Part.EVENTS else {}
    assert rows(part, {"id": 7, **extra})[0].id in (7, "7")


@pytest.mark.parametrize("part", NAMES)
def test_a_record_without_an_id_makes_a_bad_answer_that_names_the_place(part):
    with pytest.raises(BadAnswer, match=rf"{part}.*\[1\]"):
        rows(part, {"id": 7}, {"name": "canary"})


@pytest.mark.parametrize("part", NAMES)
def test_an_empty_list_for_what_is_embedded_has_no_rows(part):
    assert read(part, {"_embedded": [], "_links": []}) == ()


def test_an_id_that_comes_as_a_string_is_a_number():
    assert rows(Part.CONTACTS, {"id": "77"})[0].id == 77


@pytest.mark.parametrize(
    ("price", "precise", "cents"),
    [
        (5000, None, 500000),
        (5000.5, None, 500050),
        ("5000.50", None, 500050),
        (193, 193.55, 19355),
        (193, 0, 0),
        (None, None, 0),
        (0, 1.15, 115),
        (0, 9_999_999_999_999.99, 999_999_999_999_999),
        (0, 45_000_000_000_000.07, 4_500_000_000_000_007),
        (92_233_720_368_547_758, None, 9_223_372_036_854_775_800),
        (-3, -2.5, -250),
    ],
)
def test_an_amount_is_right_to_the_cent(price, precise, cents):
    found = lead(price=price, price_with_minor_units=precise)
    assert found.price == cents


def test_every_cent_of_a_small_amount_survives():
    for cents in range(200_000):
        assert hundredths(cents / 100) == cents


@pytest.mark.parametrize("price", [10**17, "nan", "inf", -(10**40), 1e300])
def test_an_amount_that_no_database_holds_makes_a_bad_answer(price):
    with pytest.raises(BadAnswer):
        lead(price=price)


@pytest.mark.parametrize(
    ("sent", "kept"), [(None, None), (0, None), (-1, None), (4, 4)]
)
def test_a_loss_reason_of_zero_or_less_is_none(sent, kept):
    assert lead(loss_reason_id=sent).loss_reason_id == kept


def test_the_main_contact_stands_first():
    found = lead(
        _embedded={"contacts": [{"id": 5}, {"id": 6, "is_main": True}, {"id": 4}]}
    )
    assert found.main_contact_id == 6
    assert json.loads(found.contact_ids) == [6, 5, 4]


@pytest.mark.parametrize("embedded", [None, [], {}, {"contacts": []}])
def test_a_lead_without_contacts_has_none(embedded):
    found = lead(_embedded=embedded)
    assert (found.main_contact_id, found.contact_ids) == (None, "[]")


def test_a_lead_names_its_company():
    assert lead(_embedded={"companies": [{"id": 41}]}).company_id == 41


@pytest.mark.parametrize("sent", [None, [], {}])
def test_no_tags_and_no_fields_are_an_empty_list(sent):
    found = lead(custom_fields_values=sent, _embedded={"tags": sent})
    assert (found.tags, found.field_values) == ("[]", "[]")


def test_fields_are_kept_as_they_were_sent():
    sent = b'{"_embedded":{"leads":[{"id":1,"custom_fields_values":[{"v":1.10}]}]}}'
    assert read(Part.LEADS, sent)[0].field_values == '[{"v":1.10}]'


def test_a_list_that_php_sent_with_a_gap_is_a_list_again():
    found = lead(custom_fields_values={"0": {"field_id": 1}, "2": {"field_id": 3}})
    assert json.loads(found.field_values) == [{"field_id": 1}, {"field_id": 3}]


def test_a_lead_in_the_trash_is_left_out():
    assert rows(Part.LEADS, {"id": 1, "is_deleted": True, "name": None}) == ()


def test_a_text_loses_its_nul_and_nothing_else():
    sent = rb'{"_embedded":{"leads":[{"id":1,"name":"a\u0000b\\u0000c"}]}}'
    assert read(Part.LEADS, sent)[0].name == r"ab\u0000c"


@pytest.mark.parametrize(
    ("sent", "kept"), [([], None), (None, None), ({"text": "done"}, "done")]
)
def test_a_task_has_the_result_that_was_written(sent, kept):
    [task] = rows(Part.TASKS, {"id": 1, "result": sent})
    assert task.result == kept


def test_a_task_of_no_entity_has_neither_type_nor_id():
    [task] = rows(Part.TASKS, {"id": 1, "entity_id": 0, "entity_type": "leads"})
    assert (task.entity_type, task.entity_id) == (None, None)


def test_a_note_keeps_nothing_of_its_words():
    [note] = rows(Part.LEAD_NOTES, {"id": 1, "params": {"text": "canary"}})
    assert note.entity_type == "leads"
    assert "canary" not in repr(note)


@pytest.mark.parametrize("side", ["value_after", "value_before"])
def test_an_event_names_the_card_at_the_other_end(side):
    value = [{"link": {"entity": {"type": "contact", "id": "9"}}}]
    event = {"id": "01a", "entity_type": "lead", "entity_id": 5, side: value}
    [row] = rows(Part.EVENTS, event)
    assert (row.entity_type, row.entity_id, row.other_id) == ("leads", 5, 9)


@pytest.mark.parametrize(
    "value",
    [[], {}, None, "x", [{"link": []}], [{"link": {"entity": []}}], [{"link": 3}]],
)
def test_an_event_of_another_shape_names_nobody(value):
    event = {"id": "01a", "entity_type": "task", "value_after": value}
    [row] = rows(Part.EVENTS, event)
    assert row.other_id is None


@pytest.mark.parametrize("kind", ["customer", "catalog_9", None])
def test_events_of_what_is_not_kept_are_left_out(kind):
    assert rows(Part.EVENTS, {"id": "01a", "entity_type": kind}) == ()


def test_a_pipeline_is_followed_by_its_stages():
    statuses = [{"id": 142, "name": "Won", "sort": 10000}]
    found = rows(Part.PIPELINES, {"id": 7, "_embedded": {"statuses": statuses}})
    assert [type(row).__name__ for row in found] == ["Pipeline", "Stage"]
    assert found[1][:3] == (7, 142, "Won")


def test_a_user_is_active_unless_said_otherwise():
    found = rows(
        Part.USERS,
        {"id": 1, "rights": []},
        {"id": 2, "rights": {"is_active": False, "is_admin": 1}},
    )
    assert [(row.is_active, row.is_admin) for row in found] == [
        (True, False),
        (False, True),
    ]


def test_the_account_tells_its_time_zone():
    body = {"id": 1, "_embedded": {"datetime_settings": {"timezone": "Europe/Riga"}}}
    assert read(Part.ACCOUNT, body)[0].time_zone == "Europe/Riga"


def test_a_field_belongs_to_the_kind_it_was_asked_of():
    [field] = rows(Part.LEAD_FIELDS, {"id": 1, "enums": None, "code": ""})
    assert (field.entity_type, field.enums, field.code) == ("leads", "[]", None)
