"""Definitions of custom fields and their groups."""

from typing import Any

import pytest

from tests.sandbox.facts import choose, field, found, ids, values
from tests.sandbox.kit import ORIGIN, Api, flaws

KEYS = """
id name type account_id code sort is_api_only is_predefined is_deletable is_visible
is_required is_computed enums group_id required_statuses hidden_statuses chained_lists
settings remind triggers currency tracking_callback search_in nested entity_type _links
""".split()
TYPES = """
text numeric textarea checkbox select multiselect radiobutton multitext date date_time
birthday url streetaddress smart_address legal_entity org_legal_name items category
price tracking_data linked_entity monetary chained_list file payer supplier
""".split()
KINDS = ["leads", "contacts", "companies"]


def definition(api: Api, kind: str, number: int) -> Any:
    return api.get(f"{kind}/custom_fields/{number}")


def test_an_item_holds_every_documented_key_and_no_other(api: Api):
    number = field(api, "leads", "select", enums=[{"value": "Ads", "sort": 5}])
    shown = definition(api, "leads", number)
    assert sorted(shown) == sorted(KEYS)
    [enum] = shown["enums"]
    assert set(enum) == {"id", "value", "sort", "code"}
    assert (enum["value"], enum["sort"], enum["code"]) == ("Ads", 5, None)
    assert shown["required_statuses"] == shown["hidden_statuses"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_official_sdk_reads_unguarded_is_always_there(api: Api, kind: str):
    for shown in api.rows(f"{kind}/custom_fields"):
        assert shown["account_id"] == api.get("account")["id"]
        assert shown["entity_type"] == kind
        assert isinstance(shown["sort"], int)
        href = f"{ORIGIN}/api/v4/{kind}/custom_fields/{shown['id']}"
        assert shown["_links"]["self"]["href"] == href


@pytest.mark.parametrize("type_", TYPES)
def test_a_field_of_each_type_can_be_made(api: Api, type_: str):
    assert definition(api, "leads", field(api, "leads", type_))["type"] == type_


def test_an_unknown_type_is_no_valid_choice(api: Api):
    sent = [{"name": "A", "type": "colour"}]
    body = api.post("leads/custom_fields", sent, 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "type")]


@pytest.mark.parametrize("status", [200, 201])
def test_making_answers_whole_fields_with_a_status_by_switch(api: Api, status: int):
    choose(api, created_status_fields=status)
    sent = [{"name": "A", "type": "text", "request_id": "r"}]
    body = api.post("leads/custom_fields", sent, status)
    [made] = body["_embedded"]["custom_fields"]
    assert made == {**definition(api, "leads", made["id"]), "request_id": "r"}
    assert body["_total_items"] == 1


def test_a_code_is_unique_within_its_kind(api: Api):
    field(api, "leads", "text", code="MINE")
    sent = [{"name": "A", "type": "text", "code": "MINE"}]
    body = api.post("leads/custom_fields", sent, 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "code")]
    api.post("contacts/custom_fields", sent)


def test_two_items_of_a_batch_cannot_have_one_code(api: Api):
    sent = [{"name": "A", "type": "text", "code": "MINE"}] * 2
    body = api.post("leads/custom_fields", sent, 400)
    assert flaws(body) == [("1", "NotSupportedChoice", "code")]


def test_changing_one_answers_the_whole_field_at_the_root(api: Api):
    number = field(api, "leads", "text")
    body = api.patch(f"leads/custom_fields/{number}", {"name": "New", "sort": 7})
    assert (body["name"], body["sort"]) == ("New", 7)
    assert body == definition(api, "leads", number)


def test_changing_several_answers_them_embedded(api: Api):
    first, second = field(api, "leads", "text"), field(api, "leads", "date")
    sent = [{"id": second, "name": "B"}, {"id": first, "name": "A"}]
    body = api.patch("leads/custom_fields", sent)
    assert [f["name"] for f in body["_embedded"]["custom_fields"]] == ["B", "A"]


def test_choices_keep_their_ids_when_others_join(api: Api):
    number = field(api, "leads", "select", enums=[{"value": "Ads"}])
    [old] = definition(api, "leads", number)["enums"]
    sent = {"enums": [{"id": old["id"], "value": "Adverts"}, {"value": "Word"}]}
    first, second = api.patch(f"leads/custom_fields/{number}", sent)["enums"]
    assert (first["id"], first["value"]) == (old["id"], "Adverts")
    assert second["id"] != old["id"]


def test_a_multitext_field_keeps_its_kinds_of_numbers(api: Api):
    phone = next(f for f in api.rows("contacts/custom_fields") if f["code"] == "PHONE")
    codes = [enum["code"] for enum in phone["enums"]]
    assert codes == ["WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER"]
    api.patch(f"contacts/custom_fields/{phone['id']}", {"enums": []})
    assert definition(api, "contacts", phone["id"])["enums"] == phone["enums"]


def test_emails_are_of_three_kinds(api: Api):
    email = next(f for f in api.rows("contacts/custom_fields") if f["code"] == "EMAIL")
    assert [enum["code"] for enum in email["enums"]] == ["WORK", "PRIV", "OTHER"]


def test_a_deleted_field_takes_its_values_along(api: Api):
    number = field(api, "leads", "text")
    entry = {"field_id": number, "values": [{"value": "turquoise"}]}
    lead = api.lead(custom_fields_values=[entry])
    api.delete(f"leads/custom_fields/{number}")
    assert definition(api, "leads", number) is None
    assert values(api.get(f"leads/{lead}"), number) is None
    assert found(api, "leads", query="turquoise") == []
    body = api.patch("leads", [{"id": lead, "custom_fields_values": [entry]}], 400)
    path = "custom_fields_values.0.field_id"
    assert flaws(body) == [("0", "NotSupportedChoice", path)]


def test_a_predefined_field_cannot_be_deleted(api: Api):
    phone = next(f for f in api.rows("contacts/custom_fields") if f["code"] == "PHONE")
    assert (phone["is_predefined"], phone["is_deletable"]) == (True, False)
    api.delete(f"contacts/custom_fields/{phone['id']}", None, 400)
    assert definition(api, "contacts", phone["id"]) == phone


def test_deleting_a_field_that_is_not_there_is_404(api: Api):
    assert api.delete("leads/custom_fields/5", None, 404)


def test_fields_are_filtered_by_type_and_id_and_ordered_by_sort_and_id(api: Api):
    first = field(api, "leads", "date", sort=900)
    second = field(api, "leads", "birthday", sort=800)
    types = {"filter[type][]": ["date", "birthday"]}
    assert found(api, "leads/custom_fields", **types) == [second, first]
    assert found(api, "leads/custom_fields", **{"filter[id]": first}) == [first]
    by_id = {**types, "order[id]": "asc"}
    assert found(api, "leads/custom_fields", **by_id) == [first, second]
    by_sort = {**types, "order[sort]": "desc"}
    assert found(api, "leads/custom_fields", **by_sort) == [first, second]


def test_tracking_fields_of_leads_are_predefined(api: Api):
    shown = api.rows("leads/custom_fields?filter[type]=tracking_data")
    assert {f["code"] for f in shown} >= {"UTM_SOURCE", "UTM_MEDIUM", "UTM_CAMPAIGN"}
    assert {f["group_id"] for f in shown} == {"statistic"}
    assert all(f["is_predefined"] for f in shown)


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_only_administrators_write_fields(api: Api, method: str):
    number = field(api, "leads", "text")
    user = api.rows("users")[1]["id"]
    api.headers["X-Context-User-ID"] = str(user)
    path = (
        "leads/custom_fields" if method == "POST" else f"leads/custom_fields/{number}"
    )
    sent: Any = [{"name": "A", "type": "text"}] if method == "POST" else {"name": "A"}
    assert api.call(method, path, sent).status_code == 403
    assert definition(api, "leads", number)["name"] == "My text"


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_always_a_default_group(api: Api, kind: str):
    first = api.rows(f"{kind}/custom_fields/groups")[0]
    keys = {"id", "name", "sort", "is_predefined", "entity_type", "fields", "type"}
    assert set(first) == keys | {"_links"}
    assert (first["id"], first["is_predefined"]) == ("default", True)


def test_a_group_takes_the_fields_that_it_names(api: Api):
    number = field(api, "leads", "text")
    sent = [{"name": "Extra", "sort": 5, "fields": [number], "request_id": "r"}]
    body = api.post("leads/custom_fields/groups", sent)
    [group] = body["_embedded"]["custom_field_groups"]
    assert group["id"].startswith("leads_")
    assert (group["fields"], group["request_id"]) == ([number], "r")
    assert definition(api, "leads", number)["group_id"] == group["id"]


def test_a_group_is_changed_and_deleted_by_its_id(api: Api):
    number = field(api, "leads", "text")
    sent = [{"name": "Extra", "fields": [number]}]
    body = api.post("leads/custom_fields/groups", sent)
    group = body["_embedded"]["custom_field_groups"][0]["id"]
    path = f"leads/custom_fields/groups/{group}"
    assert api.patch(path, {"name": "More"})["name"] == "More"
    api.delete(path)
    assert definition(api, "leads", number)["group_id"] is None
    assert "More" not in [g["name"] for g in api.rows("leads/custom_fields/groups")]


def test_a_field_is_made_in_the_group_that_it_names(api: Api):
    body = api.post("leads/custom_fields/groups", [{"name": "Extra"}])
    group = body["_embedded"]["custom_field_groups"][0]["id"]
    number = field(api, "leads", "text", group_id=group)
    assert definition(api, "leads", number)["group_id"] == group
    assert ids(api.rows("leads/custom_fields"))[-1] == number
    sent = [{"name": "A", "type": "text", "group_id": "leads_5"}]
    body = api.post("leads/custom_fields", sent, 400)
    assert flaws(body) == [("0", "NotSupportedChoice", "group_id")]
