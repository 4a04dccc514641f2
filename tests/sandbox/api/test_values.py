"""Values of custom fields: what each type takes, and how it reads back."""

from typing import Any

import pytest

from tests.sandbox.facts import choose, field, values
from tests.sandbox.kit import Api, flaws

ADDRESS = ["address_line_1", "address_line_2", "city", "state", "zip", "country"]
ENTITY = {"name": "Acme Ltd", "entity_type": 2, "vat_id": "123", "address": "Main St 1"}
LINKED = {"name": "Ann", "entity_id": 7, "entity_type": "contacts", "catalog_id": None}
FILE = {"file_uuid": "f", "version_uuid": "v", "file_name": "a.pdf", "file_size": 10}
ITEM = {
    "sku": "A1",
    "description": "Tile",
    "unit_price": 2.5,
    "quantity": 4,
    "unit_type": "pcs",
    "discount": {"type": "percentage", "value": 10},
}
PARTY = {"name": "Acme", "entity_id": 41, "entity_type": "companies"}


def written(api: Api, number: int, *sent: Any) -> Any:
    """Write values into a lead's field and return what reads back."""
    entry = {"field_id": number, "values": list(sent)}
    return values(api.get(f"leads/{api.lead(custom_fields_values=[entry])}"), number)


def refused(api: Api, number: int, *sent: Any) -> list[tuple[str, str]]:
    entry = {"field_id": number, "values": list(sent)}
    body = api.post("leads", [{"custom_fields_values": [entry]}], 400)
    return [(code, path) for _, code, path in flaws(body)]


@pytest.mark.parametrize(
    ("type_", "sent", "read"),
    [
        ("text", "tile", "tile"),
        ("textarea", "one\ntwo", "one\ntwo"),
        ("url", "https://shop.example.com", "https://shop.example.com"),
        ("streetaddress", "Main St 1", "Main St 1"),
        ("tracking_data", "google", "google"),
        ("numeric", 12, "12"),
        ("numeric", "12.5", "12.5"),
        ("monetary", 99.9, "99.9"),
        ("price", 7, "7"),
        ("checkbox", True, True),
        ("checkbox", False, False),
        ("date", 1_790_000_000, 1_790_000_000),
        ("date", "2026-09-21T14:13:20+00:00", 1_790_000_000),
        ("date_time", "2026-09-21T17:13:20+03:00", 1_790_000_000),
        ("birthday", "1990-05-01T00:00:00Z", 641_520_000),
        ("birthday", -86_400, -86_400),
        ("date", "1790000000", 1_790_000_000),
        ("legal_entity", ENTITY, ENTITY),
        ("linked_entity", LINKED, LINKED),
        ("file", FILE, FILE),
        ("items", ITEM, ITEM),
        ("payer", PARTY, PARTY),
        ("supplier", PARTY, PARTY),
    ],
)
def test_a_value_of_each_type_reads_back(api: Api, type_: str, sent: Any, read: Any):
    assert written(api, field(api, "leads", type_), {"value": sent}) == [
        {"value": read}
    ]


def test_a_chained_list_holds_elements_without_a_value_key(api: Api):
    link = {"catalog_id": 9, "catalog_element_id": 77}
    assert written(api, field(api, "leads", "chained_list"), link) == [link]


@pytest.mark.parametrize("type_", ["select", "radiobutton", "multiselect"])
@pytest.mark.parametrize("key", ["value", "enum_id", "enum_code"])
def test_a_choice_is_written_in_three_ways_and_read_in_all(
    api: Api, type_: str, key: str
):
    enums = [{"value": "Ads", "code": "ads"}, {"value": "Word of mouth"}]
    number = field(api, "leads", type_, enums=enums)
    ads = api.get(f"leads/custom_fields/{number}")["enums"][0]
    read = {"value": "Ads", "enum_id": ads["id"], "enum_code": "ads"}
    assert written(api, number, {key: read[key]}) == [read]


def test_a_choice_takes_nulls_beside_what_is_meant(api: Api):
    number = field(api, "leads", "select", enums=[{"value": "Ads"}])
    sent = {"value": "Ads", "enum_id": None, "enum_code": None}
    [read] = written(api, number, sent)
    assert (read["value"], read["enum_code"]) == ("Ads", None)


def test_a_multiselect_takes_several_choices(api: Api):
    number = field(api, "leads", "multiselect", enums=[{"value": "a"}, {"value": "b"}])
    read = written(api, number, {"value": "b"}, {"value": "a"})
    assert [value["value"] for value in read] == ["b", "a"]


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ({"value": "No"}, "value"),
        ({"enum_id": 5}, "enum_id"),
        ({"enum_code": "x"}, "enum_code"),
    ],
)
def test_an_unknown_choice_is_told_by_its_whole_path(api: Api, sent, key: str):
    number = field(api, "leads", "select", enums=[{"value": "Ads"}])
    path = f"custom_fields_values.0.values.0.{key}"
    assert refused(api, number, sent) == [("NotSupportedChoice", path)]


def test_a_path_counts_positions_as_sent(api: Api):
    text = field(api, "leads", "text")
    number = field(api, "leads", "multiselect", enums=[{"value": "a"}])
    entries = [
        {"field_id": text, "values": [{"value": "x"}]},
        {"field_id": number, "values": [{"value": "a"}, {"value": "b"}]},
    ]
    sent = [{}, {"custom_fields_values": entries, "request_id": "mine"}]
    body = api.post("leads", sent, 400)
    path = "custom_fields_values.1.values.1.value"
    assert flaws(body) == [("mine", "NotSupportedChoice", path)]


@pytest.mark.parametrize(
    ("type_", "sent", "code"),
    [
        ("numeric", "many", "InvalidType"),
        ("monetary", {"a": 1}, "InvalidType"),
        ("date", "tomorrow", "InvalidType"),
        ("date_time", "2026-09-21 14:13:20", "InvalidType"),
        ("birthday", [], "InvalidType"),
        ("text", ["a"], "InvalidType"),
        ("text", None, "FieldMissing"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(api: Api, type_: str, sent, code: str):
    path = "custom_fields_values.0.values.0.value"
    number = field(api, "leads", type_)
    assert refused(api, number, {"value": sent}) == [(code, path)]


@pytest.mark.parametrize("by", ["enum_id", "enum_code"])
def test_a_part_of_an_address_is_named_by_number_or_code(api: Api, by: str):
    number = field(api, "leads", "smart_address")
    sent = [
        {"value": f"x{i}", by: i + 1 if by == "enum_id" else code}
        for i, code in enumerate(ADDRESS)
    ]
    assert written(api, number, *sent) == [
        {"value": f"x{i}", "enum_id": i + 1, "enum_code": code}
        for i, code in enumerate(ADDRESS)
    ]


def test_an_unknown_part_of_an_address_is_no_valid_choice(api: Api):
    number = field(api, "leads", "smart_address")
    path = "custom_fields_values.0.values.0.enum_id"
    sent = {"value": "x", "enum_id": 7}
    assert refused(api, number, sent) == [("NotSupportedChoice", path)]


def phone(api: Api, *sent: Any, **more: Any) -> Any:
    entry = {"field_code": "PHONE", "values": list(sent), **more}
    contact = api.get(f"contacts/{api.contact(custom_fields_values=[entry])}")
    [read] = contact["custom_fields_values"]
    assert (read["field_code"], read["field_type"]) == ("PHONE", "multitext")
    return read["values"]


@pytest.mark.parametrize("code", ["WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER"])
def test_a_phone_is_of_a_kind(api: Api, code: str):
    [read] = phone(api, {"value": "+15550100", "enum_code": code})
    assert set(read) == {"value", "enum_id", "enum_code"}
    assert (read["value"], read["enum_code"]) == ("+15550100", code)
    [same] = phone(api, {"value": "+15550100", "enum_id": read["enum_id"]})
    assert same == read


@pytest.mark.parametrize("more", [{}, {"enum_id": None, "enum_code": None}])
def test_a_phone_of_which_no_kind_is_told_is_for_work(api: Api, more):
    [read] = phone(api, {"value": "+15550100", **more})
    assert read["enum_code"] == "WORK"


def test_several_phones_may_be_given(api: Api):
    read = phone(api, {"value": "1"}, {"value": "2", "enum_code": "MOB"})
    assert [(v["value"], v["enum_code"]) for v in read] == [("1", "WORK"), ("2", "MOB")]


def test_an_unknown_kind_of_phone_is_no_valid_choice(api: Api):
    entry = {"field_code": "PHONE", "values": [{"value": "1", "enum_code": "CAR"}]}
    sent = [{"name": "A", "custom_fields_values": [entry]}]
    body = api.post("contacts", sent, 400)
    path = "custom_fields_values.0.values.0.enum_code"
    assert flaws(body) == [("0", "NotSupportedChoice", path)]


def test_a_code_helps_where_another_accounts_id_fails(api: Api):
    assert len(phone(api, {"value": "1"}, field_id=5)) == 1
    assert len(phone(api, {"value": "1"}, field_id=None)) == 1


def test_a_code_may_be_null_beside_an_id(api: Api):
    number = field(api, "leads", "text")
    entry = {"field_id": number, "field_code": None, "values": [{"value": "x"}]}
    lead = api.get(f"leads/{api.lead(custom_fields_values=[entry])}")
    assert values(lead, number) == [{"value": "x"}]


@pytest.mark.parametrize(
    ("entry", "code", "key"),
    [
        ({"field_id": 5}, "NotSupportedChoice", "field_id"),
        ({"field_code": "NOPE"}, "NotSupportedChoice", "field_code"),
        ({}, "FieldMissing", "field_id"),
    ],
)
def test_a_field_that_is_not_there_is_refused(api: Api, entry, code: str, key: str):
    sent = [{"custom_fields_values": [{**entry, "values": [{"value": "x"}]}]}]
    body = api.post("leads", sent, 400)
    assert flaws(body) == [("0", code, f"custom_fields_values.0.{key}")]


def test_one_stale_field_refuses_the_whole_change(api: Api):
    number, lead = field(api, "leads", "text"), api.lead(name="Old")
    entries = [{"field_id": i, "values": [{"value": "x"}]} for i in (number, 5)]
    sent = [{"id": lead, "name": "New", "custom_fields_values": entries}]
    api.patch("leads", sent, 400)
    shown = api.get(f"leads/{lead}")
    assert (shown["name"], values(shown, number)) == ("Old", None)


def test_what_is_sent_replaces_all_values_of_its_field_and_of_no_other(api: Api):
    first, second = field(api, "leads", "text"), field(api, "leads", "numeric")
    entries = [{"field_id": i, "values": [{"value": "1"}]} for i in (first, second)]
    lead = api.lead(custom_fields_values=entries)
    entry = {"field_id": first, "values": [{"value": "2"}, {"value": "3"}]}
    api.patch(f"leads/{lead}", {"custom_fields_values": [entry]})
    shown = api.get(f"leads/{lead}")
    assert values(shown, first) == [{"value": "2"}, {"value": "3"}]
    assert values(shown, second) == [{"value": "1"}]


@pytest.mark.parametrize("nothing", [None, []])
def test_null_or_an_empty_list_clears_a_field(api: Api, nothing):
    number = field(api, "leads", "text")
    entry = {"field_id": number, "values": [{"value": "x"}]}
    lead = api.lead(custom_fields_values=[entry])
    sent = {"custom_fields_values": [{"field_id": number, "values": nothing}]}
    api.patch(f"leads/{lead}", sent)
    assert api.get(f"leads/{lead}")["custom_fields_values"] is None


@pytest.mark.parametrize(("choice", "empty"), [("null", None), ("list", [])])
def test_what_an_entity_without_values_shows_is_a_switch(api: Api, choice: str, empty):
    choose(api, empty_fields=choice)
    assert api.get(f"leads/{api.lead()}")["custom_fields_values"] == empty


def test_an_entry_tells_of_its_field_and_on_leads_whether_it_is_computed(api: Api):
    number = field(api, "leads", "text", name="Colour", code="COLOUR")
    entry = {"field_id": number, "values": [{"value": "red"}]}
    lead = api.get(f"leads/{api.lead(custom_fields_values=[entry])}")
    assert lead["custom_fields_values"] == [
        {
            "field_id": number,
            "field_name": "Colour",
            "field_code": "COLOUR",
            "field_type": "text",
            "values": [{"value": "red"}],
            "is_computed": False,
        }
    ]
